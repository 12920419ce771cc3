//! A text of many lines that is being typed: the text area of `tui-textarea`, made exact and harmless.
//!
//! Owns what that crate leaves open: line ends come back as they were, what is drawn is [`safe`](super::safe), and a text that
//! would hold up the screen is not taken ([`TextEditor::fits`]): the crate looks at the whole text with every key.

mod paint;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use tui_textarea::{CursorMove, TextArea, WrapMode};

/// The longest text, in bytes. The text area breaks all lines anew with every letter: measured, that takes about 50 ms in a
/// megabyte, and so less than a frame of 16 ms in this much.
pub const MOST_BYTES: usize = 256 << 10;
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
    /// How many steps of the text area each edit took: what replaces a selection takes two, and goes back in one.
    done: Vec<u8>,
    undone: Vec<u8>,
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
        Self { area, end, done: Vec::new(), undone: Vec::new() }
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
        // These are actions of their own here, under whatever key.
        if key.modifiers.contains(KeyModifiers::CONTROL)
            && matches!(key.code, KeyCode::Char('c' | 'r' | 'u' | 'x' | 'y'))
        {
            return Changed::No;
        }
        let types = matches!(key.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab)
            && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let steps = if types && self.has_selection() { 2 } else { 1 };
        let changed = Changed::from(self.area.input(key));
        self.did(changed, steps)
    }

    fn has_selection(&self) -> bool {
        self.area.selection_range().is_some_and(|(start, end)| start != end)
    }

    /// Remembers an edit for its way back.
    fn did(&mut self, changed: Changed, steps: u8) -> Changed {
        if changed == Changed::Yes {
            self.undone.clear();
            self.done.push(steps);
        }
        changed
    }

    /// Remembers that something was put in, over a selection or not.
    fn put_in(&mut self, over: bool, something: bool) {
        if over || something {
            self.did(Changed::Yes, u8::from(over) + u8::from(something));
        }
    }

    /// A line break, wherever Enter means something else.
    pub fn break_line(&mut self) {
        let over = self.has_selection();
        self.area.insert_newline();
        self.put_in(over, true);
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
        let over = self.has_selection();
        self.area.insert_str(&kept);
        self.put_in(over, !kept.is_empty());
        Pasted::In(text.chars().count() - kept.chars().count())
    }

    /// Puts another text in its place: one step back leads to the old one.
    pub fn replace(&mut self, text: &str) {
        let new = Self::new(text);
        self.area.select_all();
        let over = self.has_selection();
        if text.is_empty() {
            let kept = self.area.yank_text();
            self.area.cut();
            self.area.set_yank_text(kept);
            self.put_in(over, false);
        } else {
            // The crate would strip what is left of CR.
            let joined = new.area.lines().join("\n");
            if joined.contains('\r') {
                *self = new;
                return;
            }
            self.area.insert_str(joined);
            self.put_in(over, true);
        }
        self.end = new.end;
        self.area.move_cursor(CursorMove::Top);
        self.area.move_cursor(CursorMove::Head);
    }

    /// Takes back the last edit.
    pub fn undo(&mut self) -> Changed {
        let steps = self.done.pop().unwrap_or(1);
        let changed = (0..steps).fold(false, |changed, _| self.area.undo() || changed);
        if changed {
            self.undone.push(steps);
        }
        changed.into()
    }

    /// Does it again.
    pub fn redo(&mut self) -> Changed {
        let steps = self.undone.pop().unwrap_or(1);
        let changed = (0..steps).fold(false, |changed, _| self.area.redo() || changed);
        if changed {
            self.done.push(steps);
        }
        changed.into()
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
        let cut = self.area.cut();
        self.did(cut.into(), 1);
        cut.then(|| self.area.yank_text())
    }

    /// Puts in what was copied or cut here.
    pub fn paste_kept(&mut self) -> Changed {
        if self.len() + self.area.yank_text().len() > MOST_BYTES {
            return Changed::No;
        }
        let over = self.has_selection();
        let pasted = self.area.paste();
        self.put_in(over, pasted && !self.area.yank_text().is_empty());
        pasted.into()
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn press(editor: &mut TextEditor, code: KeyCode, modifiers: KeyModifiers) {
        editor.key(KeyEvent::new(code, modifiers));
    }

    #[test]
    fn what_replaces_a_selection_goes_back_in_one_step() {
        let mut editor = TextEditor::new("one\ntwo");
        editor.select_all();
        press(&mut editor, KeyCode::Char('x'), KeyModifiers::NONE);
        assert_eq!(editor.text(), "x");
        editor.undo();
        assert_eq!(editor.text(), "one\ntwo");
        editor.redo();
        assert_eq!(editor.text(), "x");
        editor.replace("a\nb");
        editor.undo();
        assert_eq!(editor.text(), "x");
        editor.select_all();
        editor.paste("pasted");
        editor.undo();
        editor.undo();
        assert_eq!(editor.text(), "one\ntwo");
        assert_eq!(editor.undo(), Changed::No);
    }

    #[test]
    fn a_search_takes_the_text_as_it_is_written() {
        let mut editor = TextEditor::new("a.b\nA*B axb\na*b");
        assert!(editor.search("a*b"));
        assert_eq!(editor.cursor(), (2, 1));
        assert!(editor.next_match());
        assert_eq!(editor.cursor(), (3, 1));
        assert!(editor.search("A*"));
        assert_eq!(editor.cursor(), (2, 1));
        assert!(!editor.search("nothing") && !editor.search(""));
    }

    #[test]
    fn a_text_that_is_too_long_does_not_fit() {
        assert!(TextEditor::fits(&"x".repeat(MOST_BYTES)));
        assert!(!TextEditor::fits(&"x".repeat(MOST_BYTES + 1)));
        assert!(!TextEditor::fits(&"\n".repeat(MOST_LINES)));
    }

    proptest! {
        #[test]
        fn a_text_comes_back_as_it_was(text in "(\\PC|\n|\r\n|\r|\t|\0){0,60}") {
            let editor = TextEditor::new(&text);
            prop_assert_eq!(editor.len(), text.len());
            prop_assert_eq!(editor.text(), text);
        }

        #[test]
        fn every_edit_can_be_taken_back(
            text in "[a-z\n]{0,20}",
            edits in proptest::collection::vec((0_u8..9, "[a-z\n]{0,4}"), 0..20),
        ) {
            let mut editor = TextEditor::new(&text);
            let mut states = vec![text];
            for (edit, typed) in edits {
                match edit {
                    0 => editor.select_all(),
                    1 => press(&mut editor, KeyCode::Left, KeyModifiers::SHIFT),
                    2 => press(&mut editor, KeyCode::Down, KeyModifiers::SHIFT),
                    3 => { editor.paste(&typed); }
                    4 => editor.replace(&typed),
                    5 => press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE),
                    6 => press(&mut editor, KeyCode::Enter, KeyModifiers::NONE),
                    7 => { editor.cut(); }
                    _ => press(&mut editor, KeyCode::Char('z'), KeyModifiers::NONE),
                }
                if states.last() != Some(&editor.text()) {
                    states.push(editor.text());
                }
            }
            while let Some(state) = states.pop() {
                while editor.text() != state {
                    prop_assert_eq!(editor.undo(), Changed::Yes);
                }
            }
        }
    }
}
