//! A screen as SVG: a grid of a monospace font. Each run of text says its length, so that columns stay in line whatever
//! font the reader has.

use std::fmt::Write as _;

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};

use super::runs::{self, Look};
use crate::theme::ThemeName;

/// Columns are this many hundredths of a pixel wide: 0.6 of the font's size, as in most monospace fonts.
const COLUMN: u32 = 840;
const ROW: u32 = 1_700;
const FONT: u32 = 14;
/// Where letters stand in their row.
const BASELINE: u32 = 1_290;
const PADDING: u32 = 1_000;

/// Ground and text where a cell names no colour.
const fn defaults(theme: ThemeName) -> (Rgb, Rgb) {
    match theme {
        ThemeName::Dark => (Rgb(0x11, 0x13, 0x1a), Rgb(0xd7, 0xda, 0xe6)),
        ThemeName::Light => (Rgb(0xfb, 0xfb, 0xfd), Rgb(0x23, 0x28, 0x3a)),
        ThemeName::Mono => (Rgb(0, 0, 0), Rgb(0xe5, 0xe5, 0xe5)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb(u8, u8, u8);

impl Rgb {
    fn css(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// The picture.
pub fn svg(buffer: &Buffer, theme: ThemeName) -> String {
    let (ground, ink) = defaults(theme);
    let width = u32::from(buffer.area.width) * COLUMN + 2 * PADDING;
    let height = u32::from(buffer.area.height) * ROW + 2 * PADDING;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
         font-family=\"ui-monospace, 'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"{FONT}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>\n\
         <g style=\"white-space: pre\" xml:space=\"preserve\">",
        w = px(width),
        h = px(height),
        ground = ground.css(),
    );
    for y in 0..buffer.area.height {
        let top = PADDING + u32::from(y) * ROW;
        let runs = runs::of_row(buffer, buffer.area.top() + y);
        for run in &runs {
            let (_, back) = colours(&run.look, ink, ground);
            if back != ground {
                let _ = writeln!(
                    out,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                    px(PADDING + u32::from(run.x) * COLUMN),
                    px(top),
                    px(u32::from(run.width) * COLUMN),
                    px(ROW),
                    back.css(),
                );
            }
        }
        for run in &runs {
            let lead = run.text.len() - run.text.trim_start_matches(' ').len();
            let text = run.text.trim_matches(' ');
            let decorated = run.look.modifier.intersects(Modifier::UNDERLINED | Modifier::CROSSED_OUT);
            let (text, x, columns) = if decorated {
                (run.text.as_str(), u32::from(run.x), u32::from(run.width))
            } else {
                let trail = run.text.len() - lead.min(run.text.len()) - text.len();
                let blanks = u32::try_from(lead + trail).unwrap_or(0);
                let x = u32::from(run.x) + u32::try_from(lead).unwrap_or(0);
                (text, x, u32::from(run.width).saturating_sub(blanks))
            };
            if text.is_empty() || columns == 0 {
                continue;
            }
            let (fore, _) = colours(&run.look, ink, ground);
            let _ = write!(
                out,
                "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{}>",
                px(PADDING + x * COLUMN),
                px(top + BASELINE),
                px(columns * COLUMN),
                fore.css(),
                attributes(run.look.modifier),
            );
            escape(text, &mut out);
            out.push_str("</text>\n");
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Hundredths of a pixel as a decimal number.
fn px(hundredths: u32) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        0 => whole.to_string(),
        _ if rest.is_multiple_of(10) => format!("{whole}.{}", rest / 10),
        _ => format!("{whole}.{rest:02}"),
    }
}

fn attributes(modifier: Modifier) -> String {
    let mut out = String::new();
    for (wanted, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::DIM, " opacity=\"0.65\""),
    ] {
        if modifier.contains(wanted) {
            out.push_str(attribute);
        }
    }
    match (modifier.contains(Modifier::UNDERLINED), modifier.contains(Modifier::CROSSED_OUT)) {
        (true, true) => out.push_str(" text-decoration=\"underline line-through\""),
        (true, false) => out.push_str(" text-decoration=\"underline\""),
        (false, true) => out.push_str(" text-decoration=\"line-through\""),
        (false, false) => {}
    }
    out
}

/// (text, ground) of a look.
fn colours(look: &Look, ink: Rgb, ground: Rgb) -> (Rgb, Rgb) {
    let fore = rgb(look.fg).unwrap_or(ink);
    let back = rgb(look.bg).unwrap_or(ground);
    if look.modifier.contains(Modifier::REVERSED) { (back, fore) } else { (fore, back) }
}

/// XML text. Control characters cannot be written in XML at all; none should be on a screen.
fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter if letter.is_control() => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
}

/// xterm's sixteen colours.
const SIXTEEN: [Rgb; 16] = [
    Rgb(0, 0, 0),
    Rgb(205, 0, 0),
    Rgb(0, 205, 0),
    Rgb(205, 205, 0),
    Rgb(0, 0, 238),
    Rgb(205, 0, 205),
    Rgb(0, 205, 205),
    Rgb(229, 229, 229),
    Rgb(127, 127, 127),
    Rgb(255, 0, 0),
    Rgb(0, 255, 0),
    Rgb(255, 255, 0),
    Rgb(92, 92, 255),
    Rgb(255, 0, 255),
    Rgb(0, 255, 255),
    Rgb(255, 255, 255),
];

fn rgb(colour: Color) -> Option<Rgb> {
    let number = match colour {
        Color::Reset => return None,
        Color::Rgb(red, green, blue) => return Some(Rgb(red, green, blue)),
        Color::Indexed(number) => number,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    Some(match number {
        0..=15 => SIXTEEN[usize::from(number)],
        // A cube of six steps a side, then 24 greys.
        16..=231 => {
            let step = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
            let cube = number - 16;
            Rgb(step(cube / 36), step(cube / 6 % 6), step(cube % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (number - 232);
            Rgb(grey, grey, grey)
        }
    })
}

#[cfg(test)]
mod tests {
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    fn sample() -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "a <b> & c", Style::new().bold());
        buffer.set_string(0, 1, "質 q", Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(196)));
        buffer.set_string(6, 1, "rev", Style::new().reversed().underlined());
        buffer
    }

    #[test]
    fn runs_become_text_with_a_length() {
        let picture = svg(&sample(), ThemeName::Dark);
        let body: Vec<&str> = picture.lines().skip(3).collect();
        assert_eq!(
            body,
            [
                "<text x=\"10\" y=\"22.9\" textLength=\"75.6\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#d7dae6\" \
                 font-weight=\"bold\">a &lt;b&gt; &amp; c</text>",
                "<rect x=\"10\" y=\"27\" width=\"33.6\" height=\"17\" fill=\"#ff0000\"/>",
                "<rect x=\"60.4\" y=\"27\" width=\"25.2\" height=\"17\" fill=\"#d7dae6\"/>",
                "<text x=\"10\" y=\"39.9\" textLength=\"33.6\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#010203\">質 q</text>",
                "<text x=\"60.4\" y=\"39.9\" textLength=\"25.2\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#11131a\" \
                 text-decoration=\"underline\">rev</text>",
                "</g>",
                "</svg>",
            ]
        );
    }

    #[test]
    fn every_element_is_closed_and_every_attribute_quoted() {
        let picture = svg(&sample(), ThemeName::Light);
        let mut open: Vec<String> = Vec::new();
        let mut rest = picture.as_str();
        while let Some(start) = rest.find('<') {
            let end = rest[start..].find('>').map_or(rest.len(), |end| start + end);
            let tag = &rest[start + 1..end];
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().unwrap_or_default().to_owned());
            }
            rest = &rest[end.min(rest.len() - 1) + 1..];
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn ansi_and_text_show_the_same_letters() {
        let buffer = sample();
        assert_eq!(super::super::text(&buffer), "a <b> & c\n質 q  rev\n");
        let ansi = super::super::ansi(&buffer);
        assert!(ansi.contains("a <b> & c") && ansi.ends_with("\u{1b}[0m\n"), "{ansi:?}");
    }
}
