//! A line of input: the text area of `tui-textarea`, kept to one line.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{buffer::Buffer, layout::Rect, style::Style, widgets::Widget};
use tui_textarea::{CursorMove, TextArea};

/// One line that is being typed. Undo, word movement and deletion are the text area's.
#[derive(Clone, Debug)]
pub struct LineInput {
    area: TextArea<'static>,
}

impl Default for LineInput {
    fn default() -> Self {
        Self::new("")
    }
}

impl LineInput {
    /// A line that holds this text, the cursor behind it.
    pub fn new(text: &str) -> Self {
        let mut area = TextArea::new(vec![one_line(text)]);
        area.set_cursor_line_style(Style::new());
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    /// What is typed.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// A key; whether it changed the text. Ctrl-u clears up to the cursor, as in every shell.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        if key.code == KeyCode::Char('u') && key.modifiers == KeyModifiers::CONTROL {
            return self.area.delete_line_by_head();
        }
        self.area.input(key)
    }

    /// A paste, its line breaks as blanks.
    pub fn paste(&mut self, text: &str) -> bool {
        self.area.insert_str(one_line(text))
    }

    /// Draws it into one row.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) {
        self.area.render(area, buf);
    }
}

fn one_line(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).replace("\r\n", " ").replace(|letter: char| letter.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        let mut line = LineInput::new("a\nb");
        assert!(line.paste("c\r\nd\u{1b}\n"));
        assert_eq!(line.text(), "a bc d ");
        assert!(line.key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE)));
        assert_eq!(line.text(), "a bc d");
        assert!(line.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
        assert_eq!(line.text(), "");
        assert!(!line.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)), "nothing is left to clear");
    }
}
