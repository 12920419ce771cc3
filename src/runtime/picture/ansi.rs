//! A screen as text with ANSI colours, for `cat`.

use crossterm::{
    Command as _,
    style::{Attribute, SetAttribute, SetBackgroundColor, SetForegroundColor},
};
use ratatui::{
    backend::IntoCrossterm as _,
    buffer::Buffer,
    style::{Color, Modifier},
};

use super::runs;

const ATTRIBUTES: [(Modifier, Attribute); 6] = [
    (Modifier::BOLD, Attribute::Bold),
    (Modifier::DIM, Attribute::Dim),
    (Modifier::ITALIC, Attribute::Italic),
    (Modifier::UNDERLINED, Attribute::Underlined),
    (Modifier::REVERSED, Attribute::Reverse),
    (Modifier::CROSSED_OUT, Attribute::CrossedOut),
];

/// The cells as text; each line ends with all attributes reset.
pub fn ansi(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        for run in runs::of_row(buffer, y) {
            // Writing to a String cannot fail.
            let _ = SetAttribute(Attribute::Reset).write_ansi(&mut out);
            if run.look.fg != Color::Reset {
                let _ = SetForegroundColor(run.look.fg.into_crossterm()).write_ansi(&mut out);
            }
            if run.look.bg != Color::Reset {
                let _ = SetBackgroundColor(run.look.bg.into_crossterm()).write_ansi(&mut out);
            }
            for (_, attribute) in ATTRIBUTES.iter().filter(|(modifier, _)| run.look.modifier.contains(*modifier)) {
                let _ = SetAttribute(*attribute).write_ansi(&mut out);
            }
            out.push_str(&run.text);
        }
        let _ = SetAttribute(Attribute::Reset).write_ansi(&mut out);
        out.push('\n');
    }
    out
}
