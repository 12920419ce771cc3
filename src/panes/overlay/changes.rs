//! The staged edits: a list, and of the one under the cursor the exact SQL and what differs.
//!
//! Shows what [`Settings::staged`](crate::panes::Settings) holds; everything that changes it is a [`Wish`].

mod detail;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use crate::{
    domain::{
        change::{Change, EntryId},
        change_words,
        staged::{EditState, Staged, StagedEdit},
    },
    keymap::Context,
    message::action::Action,
    panes::{
        Cx, Intent, ViewCx, Wish,
        overlay::{Overlay, Step, centred, draw_hint, keep_visible, moved, window},
    },
    theme::Role,
    widgets::{
        rich::{RichView, Wrap},
        safe::{fit, safe},
        scrollbar,
    },
};

/// From this width on the list stands beside the details.
const BESIDE: u16 = 90;
/// The width of the list there.
const LIST: u16 = 36;

/// What the list was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aim {
    /// To look.
    Look,
    /// To commit.
    Commit,
}

/// The list.
#[derive(Debug)]
pub struct Changes {
    aim: Aim,
    cursor: usize,
    top: usize,
    places: Places,
    /// Whose details these are.
    shown: Option<StagedEdit>,
    detail: RichView,
}

#[derive(Clone, Copy, Debug, Default)]
struct Places {
    list: Rect,
    detail: Rect,
    separator: Rect,
}

fn area(screen: Rect) -> Rect {
    // Where there is little room, what shows around a window is only noise.
    let margin = if screen.width < 100 { 0 } else { 2 };
    centred(
        screen,
        screen.width.saturating_sub(margin).min(180),
        screen.height.saturating_sub(2).min(60).max(screen.height.min(10)),
    )
}

impl Places {
    fn of(screen: Rect, edits: usize) -> Self {
        let inside = crate::panes::frame::inner(area(screen));
        if inside.width >= BESIDE {
            let list = Rect { width: LIST, ..inside };
            let separator = Rect { x: list.right(), width: 1, ..inside };
            let detail = Rect { x: separator.right() + 1, width: inside.width - LIST - 2, ..inside };
            return Self { list, detail, separator };
        }
        let rows = u16::try_from(edits).unwrap_or(u16::MAX).clamp(1, (inside.height / 3).max(1));
        let list = Rect { height: rows, ..inside };
        let separator = Rect { y: list.bottom(), height: u16::from(inside.height > rows), ..inside };
        let below = inside.height.saturating_sub(rows + separator.height);
        let detail =
            Rect { x: inside.x + 1, y: separator.bottom(), width: inside.width.saturating_sub(2), height: below };
        Self { list, detail, separator }
    }
}

impl Changes {
    /// The list, the cursor on its first edit.
    pub fn new(aim: Aim) -> Self {
        let mut detail = RichView::new();
        detail.set_wrap(Wrap::Wrap);
        Self { aim, cursor: 0, top: 0, places: Places::default(), shown: None, detail }
    }

    fn chosen<'a>(&self, staged: &'a Staged) -> Option<&'a StagedEdit> {
        staged.edits().get(self.cursor)
    }

    fn follow(&mut self, staged: &Staged) {
        keep_visible(&mut self.cursor, &mut self.top, staged.len(), usize::from(self.places.list.height));
        let chosen = self.chosen(staged);
        if self.shown.as_ref() != chosen {
            let same = self.shown.as_ref().map(|edit| edit.id) == chosen.map(|edit| edit.id);
            let lines = chosen.map(|edit| detail::lines(edit, self.places.detail.width)).unwrap_or_default();
            if same {
                self.detail.replace_lines(lines);
            } else {
                self.detail.set_lines(lines);
            }
            self.shown = chosen.cloned();
        }
    }

    fn wish(&self, wish: impl Fn(EntryId) -> Wish, cx: &mut Cx<'_>) {
        if let Some(edit) = self.chosen(&cx.settings.staged) {
            cx.out.intents.push(Intent::Writing(wish(edit.id)));
        }
    }

    fn draw_list(&self, staged: &Staged, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let place = self.places.list;
        let room = usize::from(place.width.saturating_sub(1));
        for ((at, edit), y) in staged.edits().iter().enumerate().skip(self.top).zip(place.y..place.bottom()) {
            let (mark, role) = mark(edit);
            buf.set_stringn(place.x + 1, y, mark, 1, cx.theme.style(role));
            let words = words(edit);
            let words = safe(&words);
            buf.set_stringn(place.x + 3, y, fit(&words, room.saturating_sub(2)), room, cx.theme.style(Role::Text));
            if at == self.cursor {
                buf.set_style(Rect { y, height: 1, ..place }, cx.theme.style(Role::Selected));
            }
        }
    }
}

fn mark(edit: &StagedEdit) -> (&'static str, Role) {
    match (&edit.change, edit.state) {
        (_, EditState::Unknown) => ("?", Role::Bad),
        (Change::Update { .. }, _) => ("~", Role::Warning),
        (Change::Insert { .. }, _) => ("+", Role::New),
        (Change::Delete { .. }, _) => ("-", Role::Bad),
    }
}

fn words(edit: &StagedEdit) -> String {
    let subject = change_words::subject(&edit.change);
    let unknown = if edit.state == EditState::Unknown { "unknown: look · " } else { "" };
    match &edit.change {
        Change::Update { .. } => format!("{unknown}{subject}: {}", change_words::columns(&edit.change).join(", ")),
        _ => format!("{unknown}{subject}"),
    }
}

/// `3 staged edits`.
pub(crate) fn count(edits: usize) -> String {
    if edits == 1 { "1 staged edit".to_owned() } else { format!("{edits} staged edits") }
}

impl Overlay for Changes {
    fn context(&self) -> Context {
        Context::Changes
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        let staged = &cx.settings.staged;
        match action {
            Action::Cancel | Action::Changes => return Step::Close,
            Action::Commit => {
                cx.out.intents.push(Intent::Writing(Wish::Commit));
                return Step::Close;
            }
            Action::Drop => self.wish(Wish::Drop, cx),
            Action::DropAll => cx.out.intents.push(Intent::Writing(Wish::AskDropAll)),
            Action::Edit => self.wish(Wish::EditAgain, cx),
            Action::Open if self.chosen(staged).is_some_and(|edit| edit.state == EditState::Unknown) => {
                self.wish(Wish::Known, cx);
            }
            Action::HalfPageDown | Action::PageDown => {
                self.detail.scroll(0, i64::from(self.places.detail.height / 2).max(1));
            }
            Action::HalfPageUp | Action::PageUp => {
                self.detail.scroll(0, -i64::from(self.places.detail.height / 2).max(1));
            }
            Action::Copy => {
                if let Some(edit) = self.chosen(staged) {
                    let text = format!("{};\n", detail::whole_sql(&edit.change));
                    let what = "the statement".to_owned();
                    cx.out.commands.push(crate::message::command::Command::Copy { text, what });
                }
            }
            _ => {
                if let Some(to) = moved(action, self.cursor, staged.len(), usize::from(self.places.list.height)) {
                    self.cursor = to;
                    self.follow(staged);
                }
            }
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, cx: &mut Cx<'_>) -> Step {
        let at = Position { x: mouse.column, y: mouse.row };
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) if self.places.list.contains(at) => {
                self.cursor = self.top + usize::from(at.y - self.places.list.y);
                self.follow(&cx.settings.staged);
            }
            MouseEventKind::ScrollDown if self.places.detail.contains(at) => self.detail.scroll(0, 3),
            MouseEventKind::ScrollUp if self.places.detail.contains(at) => self.detail.scroll(0, -3),
            MouseEventKind::ScrollDown => return self.act(Action::Down, cx),
            MouseEventKind::ScrollUp => return self.act(Action::Up, cx),
            _ => {}
        }
        Step::Stay
    }

    fn staged_changed(&mut self, cx: &mut Cx<'_>) {
        self.follow(&cx.settings.staged);
    }

    fn resize(&mut self, screen: Rect, cx: &mut Cx<'_>) {
        self.places = Places::of(screen, cx.settings.staged.len());
        self.detail.resize(self.places.detail.width, self.places.detail.height);
        // What differs is laid out for the width.
        self.shown = None;
        self.follow(&cx.settings.staged);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let staged = &cx.settings.staged;
        let title = match (self.aim, staged.len()) {
            (_, 0) => "No staged edits".to_owned(),
            (Aim::Commit, edits) => format!("Commit {}?", count(edits)),
            (Aim::Look, edits) => count(edits),
        };
        let hint = match screen.width {
            _ if staged.is_empty() => "esc back",
            ..60 => "^s commits · d drops · esc",
            60..100 => "ctrl-s commits all · d drops · D drops all · e edits · esc back",
            _ => "ctrl-s commits all · d drops · D drops all · e edits · y copies the SQL · esc back",
        };
        let area = area(screen);
        window(&title, "", area, buf, cx);
        draw_hint(hint, area, buf, cx);
        if staged.is_empty() {
            let place = self.places.list;
            let words = "Nothing is staged: e edits a cell, A makes a row, X deletes one.";
            buf.set_stringn(
                place.x + 1,
                place.y,
                words,
                usize::from(area.width.saturating_sub(4)),
                cx.theme.style(Role::Muted),
            );
            return;
        }
        self.draw_list(staged, buf, cx);
        let line = self.places.separator;
        let symbol = if line.width == 1 && line.height != 1 { "│" } else { "─" };
        for y in line.y..line.bottom() {
            for x in line.x..line.right() {
                buf.set_string(x, y, symbol, cx.theme.style(Role::Faint));
            }
        }
        self.detail.draw(self.places.detail, buf, cx.theme);
        let border = Rect { x: area.right().saturating_sub(1), width: 1, ..self.places.detail };
        scrollbar::draw(self.detail.position(), border, buf, cx.theme);
    }
}
