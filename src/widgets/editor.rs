//! A text of many lines that is being typed: the text area of `tui-textarea`, made exact and harmless.
//!
//! Owns what that crate leaves open: line ends come back as they were, what is drawn is [`safe`](super::safe), and a text that
//! would hold up the screen is not taken ([`TextEditor::fits`]): the crate looks at the whole text with every key.

mod paint;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;
use tui_textarea::{CursorMove, TextArea, WrapMode};

/// The longest text, in bytes: measured, a key in a text of this length costs less than a frame.
pub const MOST_BYTES: usize = 1 << 20;
/// The most lines: the text area counts the rows of the screen in 16 bits.
const MOST_LINES: usize = 20_000;
/// How many edits can be taken back; the crate's 50 are a sentence.
const UNDOS: usize = 10_000;

/// What ends a line of this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    Lf,
    /// All of them.
    CrLf,
}

/// A text that is being typed.
#[derive(Clone, Debug)]
pub struct TextEditor {
    area: TextArea<'static>,
    end: LineEnd,
}

/// Whether a key changed the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Yes,
    /// It moved, or did nothing.
    No,
}

impl From<bool> for Changed {
    fn from(changed: bool) -> Self {
        if changed { Self::Yes } else { Self::No }
    }
}

/// What became of a paste.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// It is in, without so many control characters.
    In(usize),
    /// It is not: the text would be too long.
    TooLong,
}

impl TextEditor {
    /// Whether a text can be edited here.
    pub fn fits(text: &str) -> bool {
        text.len() <= MOST_BYTES && text.bytes().filter(|byte| *byte == b'\n').count() < MOST_LINES
    }

    /// With this text, the cursor at its beginning.
    pub fn new(text: &str) -> Self {
        let breaks = text.matches('\n').count();
        let end = if breaks > 0 && text.matches("\r\n").count() == breaks { LineEnd::CrLf } else { LineEnd::Lf };
        let lines = match end {
            LineEnd::Lf => text.split('\n').map(str::to_owned).collect(),
            LineEnd::CrLf => text.split("\r\n").map(str::to_owned).collect(),
        };
        let mut area = TextArea::new(lines);
        area.set_max_histories(UNDOS);
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_tab_length(4);
        paint::mark(&mut area);
        Self { area, end }
    }

    /// The whole text, every byte.
    pub fn text(&self) -> String {
        match self.end {
            LineEnd::Lf => self.area.lines().join("\n"),
            LineEnd::CrLf => self.area.lines().join("\r\n"),
        }
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        let ends = (self.area.lines().len() - 1) * if self.end == LineEnd::Lf { 1 } else { 2 };
        self.area.lines().iter().map(String::len).sum::<usize>() + ends
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Whether the first character that is no blank is one of these.
    pub fn begins_with(&self, letters: [char; 2]) -> bool {
        let first = self.area.lines().iter().find_map(|line| line.chars().find(|letter| !letter.is_whitespace()));
        first.is_some_and(|letter| letters.contains(&letter))
    }

    /// Whether its lines end in CR and LF.
    pub fn ends_in_crlf(&self) -> bool {
        self.end == LineEnd::CrLf
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.area.lines().len()
    }

    /// The cursor's line and character, from 1.
    pub fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0 + 1, cursor.1 + 1)
    }

    /// The character under the cursor, where it has no look of its own.
    pub fn hidden_under_cursor(&self) -> Option<char> {
        let cursor = self.area.cursor();
        let letter = self.area.lines().get(cursor.0)?.chars().nth(cursor.1)?;
        let mut bytes = [0; 4];
        let alone: &str = letter.encode_utf8(&mut bytes);
        (letter != '\t' && super::safe::pieces(alone).any(|piece| piece.kind != super::safe::Kind::Text))
            .then_some(letter)
    }

    /// A key that is typed.
    pub fn key(&mut self, key: KeyEvent) -> Changed {
        // Every letter costs room for its way back; a text that is full takes none.
        if self.len() >= MOST_BYTES && matches!(key.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab) {
            return Changed::No;
        }
        self.area.input(key).into()
    }

    /// A line break, wherever Enter means something else.
    pub fn break_line(&mut self) {
        self.area.insert_newline();
    }

    /// A paste, in one go and one step back. Its line ends become the text's; control characters but tabs are left out.
    pub fn paste(&mut self, text: &str) -> Pasted {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let kept: String =
            text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect();
        let breaks = kept.bytes().filter(|byte| *byte == b'\n').count();
        if self.len() + kept.len() + breaks > MOST_BYTES || self.lines() + breaks > MOST_LINES {
            return Pasted::TooLong;
        }
        self.area.insert_str(&kept);
        Pasted::In(text.chars().count() - kept.chars().count())
    }

    /// Puts another text in its place: one step back leads to the old one.
    pub fn replace(&mut self, text: &str) {
        let new = Self::new(text);
        self.area.select_all();
        if text.is_empty() {
            self.area.cut();
        } else {
            // The crate would strip what is left of CR.
            let joined = new.area.lines().join("\n");
            if joined.contains('\r') {
                *self = new;
                return;
            }
            self.area.insert_str(joined);
        }
        self.end = new.end;
        self.area.move_cursor(CursorMove::Top);
        self.area.move_cursor(CursorMove::Head);
    }

    /// Takes back the last edit.
    pub fn undo(&mut self) -> Changed {
        self.area.undo().into()
    }

    /// Does it again.
    pub fn redo(&mut self) -> Changed {
        self.area.redo().into()
    }

    /// Selects everything.
    pub fn select_all(&mut self) {
        self.area.select_all();
    }

    /// The selected text, kept for [`Self::paste_kept`]; `None` where nothing is selected.
    pub fn copy(&mut self) -> Option<String> {
        self.area.selection_range()?;
        self.area.copy();
        Some(self.area.yank_text())
    }

    /// As [`Self::copy`], and takes it out.
    pub fn cut(&mut self) -> Option<String> {
        self.area.selection_range()?;
        self.area.cut().then(|| self.area.yank_text())
    }

    /// Puts in what was copied or cut here.
    pub fn paste_kept(&mut self) -> Changed {
        if self.len() + self.area.yank_text().len() > MOST_BYTES {
            return Changed::No;
        }
        self.area.paste().into()
    }

    /// Marks every place of this text, without regard to case where it has no capital, and goes to the next one; whether there is one.
    pub fn search(&mut self, text: &str) -> bool {
        let case = if text.chars().any(char::is_uppercase) { "" } else { "(?i)" };
        let pattern = if text.is_empty() { String::new() } else { format!("{case}{}", escaped(text)) };
        self.area.set_search_pattern(pattern).is_ok() && !text.is_empty() && self.area.search_forward(true)
    }

    /// Goes to the next place of what is searched; whether there is one.
    pub fn next_match(&mut self) -> bool {
        self.area.search_pattern().is_some() && self.area.search_forward(false)
    }

    /// Goes to the one before.
    pub fn previous_match(&mut self) -> bool {
        self.area.search_pattern().is_some() && self.area.search_back(false)
    }

    /// Goes to this line and character, from 1.
    pub fn go_to(&mut self, line: usize, column: usize) {
        let small = |number: usize| u16::try_from(number.saturating_sub(1)).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(small(line), small(column)));
    }

    /// Behind the last character.
    pub fn go_to_end(&mut self) {
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// Long lines broken, or running out of sight.
    pub fn toggle_wrap(&mut self) {
        let next = if self.area.wrap_mode() == WrapMode::None { WrapMode::WordOrGlyph } else { WrapMode::None };
        self.area.set_wrap_mode(next);
    }

    /// Scrolls by so many rows.
    pub fn scroll(&mut self, rows: i16) {
        self.area.scroll((rows, 0));
    }

    /// A click at this cell of the area that it is drawn into.
    pub fn click(&mut self, column: u16, row: u16, area: Rect) {
        let (top, left) = self.area.scroll_offset();
        let numbers = self.area.line_number_width();
        let at = self.area.screen_to_data(
            usize::from(top) + usize::from(row.saturating_sub(area.y)),
            usize::from(left) + usize::from(column.saturating_sub(area.x).saturating_sub(numbers)),
        );
        self.area.cancel_selection();
        self.go_to(at.0 + 1, at.1 + 1);
    }

    /// Numbers the lines, or does not.
    pub fn number_lines(&mut self, numbers: LineNumbers) {
        match numbers {
            LineNumbers::Shown => paint::number(&mut self.area),
            LineNumbers::Hidden => self.area.remove_line_number(),
        }
    }
}

/// Whether lines are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineNumbers {
    /// They are.
    Shown,
    /// They are not.
    Hidden,
}

/// The text as a pattern that matches it and nothing else.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
