//! A list over the editor: known values, what else a value can be, whether a text is stored although something speaks against it.

use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::value::Value,
    keymap::Chord,
    message::action::Action,
    panes::{
        ViewCx,
        notice::wrapped,
        overlay::{centred, keep_visible, moved, window},
    },
    theme::Role,
    widgets::safe::{fit, safe},
};

/// What is chosen.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panes::overlay) enum Pick {
    /// This value, at once.
    Value(Value),
    /// NULL, at once.
    TakeNull,
    /// The default, at once.
    TakeDefault,
    /// This field of a row.
    Field(usize),
    /// A text that is typed.
    Other,
    /// NULL; shown before it is staged, as all that follows.
    Null,
    /// The empty text.
    Empty,
    /// What the column's default says.
    Default,
    /// The time.
    Now,
    /// The list of known values.
    Known,
    /// One value of the JSON a line.
    Pretty,
    /// The JSON without blanks.
    Compact,
    /// Long lines broken or not.
    Wrap,
    /// `$EDITOR`.
    External,
    /// Stage it.
    Stage,
    /// Stage it although something speaks against it.
    Anyway,
    /// Show the secret.
    Reveal,
    /// Back to the text.
    Back,
    /// Close the editor; what was typed is thrown away.
    Leave,
}

/// A line of a list.
#[derive(Clone, Debug)]
pub(in crate::panes::overlay) struct Item {
    /// The key that chooses it.
    pub key: char,
    /// What it is.
    pub label: String,
    /// What is said beside it.
    pub note: String,
    /// How it looks.
    pub role: Role,
    /// What it does.
    pub pick: Pick,
}

impl Item {
    pub(in crate::panes::overlay) fn new(
        key: char,
        label: impl Into<String>,
        note: impl Into<String>,
        pick: Pick,
    ) -> Self {
        Self { key, label: label.into(), note: note.into(), role: Role::Text, pick }
    }
}

/// A list.
#[derive(Clone, Debug)]
pub(in crate::panes::overlay) struct List {
    title: String,
    words: Vec<(String, Role)>,
    items: Vec<Item>,
    cursor: usize,
    top: usize,
    /// What Esc chooses.
    esc: Pick,
    screen: Rect,
}

/// The widest list.
const WIDEST: u16 = 76;

impl List {
    pub(in crate::panes::overlay) fn new(title: impl Into<String>, items: Vec<Item>, esc: Pick) -> Self {
        let title = title.into();
        Self { title, words: Vec::new(), items, cursor: 0, top: 0, esc, screen: Rect::default() }
    }

    /// With these words over the items.
    pub(in crate::panes::overlay) fn saying(mut self, words: impl IntoIterator<Item = (String, Role)>) -> Self {
        self.words = words.into_iter().collect();
        self
    }

    /// With the cursor on this item.
    pub(in crate::panes::overlay) fn at(mut self, item: usize) -> Self {
        self.cursor = item.min(self.items.len().saturating_sub(1));
        self
    }

    pub(in crate::panes::overlay) fn act(&mut self, action: Action) -> Option<Pick> {
        match action {
            Action::Cancel => return Some(self.esc.clone()),
            Action::Open => return self.items.get(self.cursor).map(|item| item.pick.clone()),
            _ => {}
        }
        self.move_by(action);
        None
    }

    pub(in crate::panes::overlay) fn key(&mut self, key: KeyEvent) -> Option<Pick> {
        let letter = Chord::from(key).typed()?;
        if let Some(item) = self.items.iter().find(|item| item.key == letter) {
            return Some(item.pick.clone());
        }
        match letter {
            'j' => self.move_by(Action::Down),
            'k' => self.move_by(Action::Up),
            'q' => return Some(self.esc.clone()),
            _ => {}
        }
        None
    }

    fn move_by(&mut self, action: Action) {
        if let Some(to) = moved(action, self.cursor, self.items.len(), self.items.len()) {
            self.cursor = to;
        }
        self.resize(self.screen);
    }

    /// The item in this row of the screen.
    pub(in crate::panes::overlay) fn click(&mut self, column: u16, row: u16) -> Option<Pick> {
        let (inside, words) = self.place(self.screen);
        if !inside.contains((column, row).into()) {
            return None;
        }
        let at = usize::from(row - inside.y).checked_sub(words.len())? + self.top;
        let item = self.items.get(at)?;
        self.cursor = at;
        Some(item.pick.clone())
    }

    pub(in crate::panes::overlay) fn resize(&mut self, screen: Rect) {
        self.screen = screen;
        let (inside, words) = self.place(screen);
        let room = usize::from(inside.height).saturating_sub(words.len());
        keep_visible(&mut self.cursor, &mut self.top, self.items.len(), room);
    }

    fn place(&self, screen: Rect) -> (Rect, Vec<(String, Role)>) {
        let widest = self.items.iter().map(|item| columns(&item.label) + columns(&item.note) + 10).max().unwrap_or(20);
        let said = self.words.iter().map(|(words, _)| columns(words) + 4).max().unwrap_or(0);
        let width = widest.max(said).max(columns(&self.title) + 6).min(usize::from(WIDEST));
        let width = u16::try_from(width).unwrap_or(WIDEST).min(screen.width);
        let room = usize::from(width.saturating_sub(4)).max(1);
        let mut words: Vec<(String, Role)> = Vec::new();
        for (text, role) in &self.words {
            words.extend(wrapped(text, room).into_iter().map(|line| (line, *role)));
        }
        // Words never push the last choices off the screen.
        let most = usize::from(screen.height).saturating_sub(2 + self.items.len().min(4));
        words.truncate(most);
        if !words.is_empty() && words.len() < most {
            words.push((String::new(), Role::Text));
        }
        let height = u16::try_from(words.len() + self.items.len() + 2).unwrap_or(u16::MAX);
        (crate::panes::frame::inner(centred(screen, width, height)), words)
    }

    pub(in crate::panes::overlay) fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let (inside, words) = self.place(screen);
        let around = Rect {
            x: inside.x.saturating_sub(1),
            y: inside.y.saturating_sub(1),
            width: inside.width + 2,
            height: inside.height + 2,
        };
        window(&self.title, "", around.intersection(screen), buf, cx);
        let room = usize::from(inside.width.saturating_sub(2));
        let mut y = inside.y;
        for (line, role) in &words {
            if y >= inside.bottom() {
                return;
            }
            buf.set_stringn(inside.x + 1, y, safe(line), room, cx.theme.style(*role));
            y += 1;
        }
        for (at, item) in self.items.iter().enumerate().skip(self.top) {
            if y >= inside.bottom() {
                return;
            }
            let mut letters = [0; 4];
            buf.set_stringn(inside.x + 1, y, item.key.encode_utf8(&mut letters), 1, cx.theme.style(Role::Key));
            let label = safe(&item.label).into_owned();
            let label = fit(&label, room.saturating_sub(3)).into_owned();
            let (end, _) = buf.set_stringn(inside.x + 4, y, &label, room.saturating_sub(3), cx.theme.style(item.role));
            let left = usize::from(inside.right().saturating_sub(end + 3));
            if left > 3 && !item.note.is_empty() {
                let note = safe(&item.note).into_owned();
                buf.set_stringn(end + 2, y, fit(&note, left), left, cx.theme.style(Role::Muted));
            }
            if at == self.cursor {
                buf.set_style(Rect { y, height: 1, ..inside }, cx.theme.style(Role::SelectedCell));
            }
            y += 1;
        }
    }
}

fn columns(text: &str) -> usize {
    crate::widgets::safe::width(text)
}
