//! The log: everything this session wrote, statement by statement, with what became of it. Of a statement its head is shown,
//! until it is unfolded.

use std::ops::Range;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::{
        change::Known,
        journal::{Fate, Journal},
    },
    keymap::Context,
    message::{action::Action, command::Command},
    panes::{
        Cx, ViewCx,
        overlay::{Overlay, Step, centred, draw_hint, window},
    },
    theme::Role,
    widgets::{
        prompt::LineInput,
        rich::{RichLine, RichSpan, RichView, Wrap, plain},
        safe::{fit, safe},
        scrollbar,
    },
};

/// Letters of a statement that are shown; all of it is copied and saved.
const MOST: usize = 32 * 1024;

/// The log.
#[derive(Debug)]
pub struct Log {
    sql: String,
    items: Vec<Item>,
    cursor: usize,
    view: RichView,
    /// The path that is being typed, to save it there.
    saving: Option<LineInput>,
    path: String,
}

/// What the cursor stands on.
#[derive(Debug)]
struct Item {
    kind: Kind,
    /// Where it is in the view's lines.
    line: usize,
}

#[derive(Debug)]
enum Kind {
    /// What was done, and what became of it.
    Write(RichLine),
    /// A statement of the write above.
    Statement(String, Fold),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fold {
    /// Its head, in one line.
    Folded,
    /// All of it.
    Unfolded,
}

fn area(screen: Rect) -> Rect {
    // Where there is little room, what shows around a window is only noise.
    let margin = if screen.width < 100 { 0 } else { 2 };
    centred(
        screen,
        screen.width.saturating_sub(margin).min(160),
        screen.height.saturating_sub(2).max(screen.height.min(10)),
    )
}

fn inside(screen: Rect) -> Rect {
    let inner = crate::panes::frame::inner(area(screen));
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

impl Log {
    /// Of what was written so far, the newest at the end, where it begins; `at` names the file it is saved to.
    pub fn new(journal: &Journal, at: Timestamp) -> Self {
        let mut view = RichView::new();
        view.set_wrap(Wrap::Wrap);
        let items = items(journal);
        let cursor = items.iter().rposition(|item| matches!(item.kind, Kind::Write(_))).unwrap_or(0);
        let path = format!("./reelscope-{}.sql", at.strftime("%Y%m%d-%H%M%S"));
        Self { sql: journal.to_sql(), items, cursor, view, saving: None, path }
    }

    const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Lays the items out for this many columns.
    fn lay_out(&mut self, width: u16) {
        let mut lines = Vec::new();
        for (at, item) in self.items.iter_mut().enumerate() {
            if at > 0 && matches!(item.kind, Kind::Write(_)) {
                lines.push(RichLine::default());
            }
            item.line = lines.len();
            match &item.kind {
                Kind::Write(line) => lines.push(line.clone()),
                Kind::Statement(text, Fold::Folded) => {
                    let head: String = text.chars().take(usize::from(width)).collect();
                    let head = safe(&head).into_owned();
                    let cut = if head.len() < text.len() { format!("{head}…") } else { head };
                    let room = usize::from(width).saturating_sub(INDENT.len());
                    lines.push(indented(vec![RichSpan::new(fit(&cut, room).into_owned(), Role::Text)]));
                }
                Kind::Statement(text, Fold::Unfolded) => {
                    lines.extend(plain(text, Role::Text).into_iter().map(|line| indented(line.spans)));
                }
            }
        }
        self.view.replace_lines(lines);
    }

    /// The rows of what the cursor stands on.
    fn rows(&self, at: usize) -> Range<usize> {
        let start = |at: usize| self.items.get(at).map(|item| self.view.row_of_line(item.line));
        start(at).unwrap_or(0)..start(at + 1).unwrap_or_else(|| self.view.row_count())
    }

    /// Scrolls as little as shows the item under the cursor: its beginning at least.
    fn reveal(&mut self) {
        let (rows, top, height) = (self.rows(self.cursor), self.view.offset().1, self.height());
        if rows.start < top {
            self.view.go_to(rows.start);
        } else if rows.end > top + height {
            self.view.go_to(rows.start.min(rows.end.saturating_sub(height)));
        }
    }

    fn height(&self) -> usize {
        usize::try_from(self.view.position().shown).unwrap_or(1)
    }

    /// To the next item; through one that is longer than the screen line by line.
    fn down(&mut self) {
        let (rows, bottom) = (self.rows(self.cursor), self.view.offset().1 + self.height());
        if rows.end > bottom {
            self.view.scroll(0, 1);
        } else if self.cursor + 1 < self.items.len() {
            self.cursor += 1;
            let (start, height) = (self.rows(self.cursor).start, self.height());
            if start >= bottom {
                self.view.go_to((start + 1).saturating_sub(height));
            }
        }
    }

    fn up(&mut self) {
        let top = self.view.offset().1;
        if self.rows(self.cursor).start < top {
            self.view.scroll(0, -1);
        } else if self.cursor > 0 {
            self.cursor -= 1;
            let rows = self.rows(self.cursor);
            if rows.start < top {
                self.view.go_to(rows.start.max(rows.end.saturating_sub(self.height())));
            }
        }
    }

    /// Scrolls; the cursor stays on the screen.
    fn scroll(&mut self, rows: i64) {
        let before = self.view.offset().1;
        self.view.scroll(0, rows);
        let (top, bottom) = (self.view.offset().1, self.view.offset().1 + self.height());
        if top == before {
            self.cursor = if rows < 0 { 0 } else { self.items.len().saturating_sub(1) };
            return;
        }
        while self.rows(self.cursor).end <= top && self.cursor + 1 < self.items.len() {
            self.cursor += 1;
        }
        while self.rows(self.cursor).start >= bottom && self.cursor > 0 {
            self.cursor -= 1;
        }
    }

    /// Folds or unfolds the statement under the cursor, or all of the write under it.
    fn toggle(&mut self) {
        let from = match self.items.get(self.cursor).map(|item| &item.kind) {
            Some(Kind::Write(_)) => self.cursor + 1,
            _ => self.cursor,
        };
        let write = from > self.cursor;
        let mut to = None;
        for item in self.items.iter_mut().skip(from) {
            let Kind::Statement(_, fold) = &mut item.kind else { break };
            let other = if *fold == Fold::Folded { Fold::Unfolded } else { Fold::Folded };
            *fold = *to.get_or_insert(other);
            if !write {
                break;
            }
        }
        self.lay_out(self.width());
        self.reveal();
    }

    const fn width(&self) -> u16 {
        self.view.width()
    }
}

const INDENT: &str = "    ";

fn indented(spans: Vec<RichSpan>) -> RichLine {
    let spans = std::iter::once(RichSpan::new(INDENT, Role::Text)).chain(spans).collect();
    RichLine { spans, ground: None }
}

fn items(journal: &Journal) -> Vec<Item> {
    let mut items = Vec::new();
    for entry in journal.entries() {
        let (mark, role, fate) = match &entry.fate {
            Fate::Committed(Known::Answered) => ("✓", Role::Good, "committed".to_owned()),
            Fate::Committed(Known::Looked) => {
                ("✓", Role::Good, "committed (the answer was lost; the rows were looked at)".to_owned())
            }
            Fate::TakenBack => ("↶", Role::Muted, "taken back later".to_owned()),
            Fate::NotWritten(why) => ("✗", Role::Warning, format!("not written: {why}")),
            Fate::Unknown(why) => ("?", Role::Bad, format!("unknown: {why}")),
        };
        let time = entry.at.strftime("%H:%M:%S");
        let spans = vec![
            RichSpan::new(format!("{mark} "), role),
            RichSpan::new(format!("{time}Z  "), Role::Muted),
            RichSpan::new(safe(&entry.what).into_owned(), Role::Strong),
            RichSpan::new(format!("  {}", safe(&fate)), role),
        ];
        items.push(Item { kind: Kind::Write(RichLine { spans, ground: None }), line: 0 });
        for statement in &entry.statements {
            let text = match statement.char_indices().nth(MOST) {
                Some((end, _)) => format!("{} …", &statement[..end]),
                None => format!("{};", statement.trim_end().trim_end_matches(';')),
            };
            items.push(Item { kind: Kind::Statement(text, Fold::Folded), line: 0 });
        }
    }
    items
}

impl Overlay for Log {
    fn context(&self) -> Context {
        if self.saving.is_some() { Context::Prompt } else { Context::Changes }
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        if let Some(input) = &self.saving {
            match action {
                Action::Open => {
                    let path = input.text().trim().to_owned();
                    if !path.is_empty() {
                        let (text, what) = (self.sql.clone(), "the log as SQL".to_owned());
                        cx.out.commands.push(Command::SaveFile { path, text, what });
                        self.saving = None;
                    }
                }
                Action::Cancel => self.saving = None,
                _ => {}
            }
            return Step::Stay;
        }
        let page = i64::try_from(self.height()).unwrap_or(1).max(1);
        match action {
            Action::Cancel | Action::Log => return Step::Close,
            Action::Save if !self.is_empty() => self.saving = Some(LineInput::new(&self.path)),
            Action::Copy if !self.is_empty() => {
                cx.out.commands.push(Command::Copy { text: self.sql.clone(), what: "the log as SQL".to_owned() });
            }
            Action::Open if !self.is_empty() => self.toggle(),
            Action::Down => self.down(),
            Action::Up => self.up(),
            Action::PageDown => self.scroll(page),
            Action::PageUp => self.scroll(-page),
            Action::HalfPageDown => self.scroll((page / 2).max(1)),
            Action::HalfPageUp => self.scroll(-(page / 2).max(1)),
            Action::First => {
                self.cursor = 0;
                self.view.top();
            }
            Action::Last => {
                self.cursor = self.items.len().saturating_sub(1);
                self.view.bottom();
            }
            _ => {}
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, _cx: &mut Cx<'_>) -> Step {
        if let Some(input) = &mut self.saving {
            input.key(key);
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_>) {
        if let Some(input) = &mut self.saving {
            input.paste(text);
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, screen: Rect, _cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.scroll(3),
            MouseEventKind::ScrollUp => self.scroll(-3),
            MouseEventKind::Down(MouseButton::Left) if inside(screen).contains((mouse.column, mouse.row).into()) => {
                let row = self.view.offset().1 + usize::from(mouse.row - inside(screen).y);
                if let Some(at) = (0..self.items.len()).find(|at| self.rows(*at).contains(&row)) {
                    if at == self.cursor {
                        self.toggle();
                    }
                    self.cursor = at;
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        let fresh = self.view.position().shown == 0;
        let place = inside(screen);
        self.view.resize(place.width, place.height);
        self.lay_out(place.width);
        if fresh {
            self.view.bottom();
        }
        self.reveal();
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let hint = match (self.is_empty(), screen.width) {
            (true, _) => "esc back",
            (_, ..60) => "enter all · w saves · y copies",
            _ => "enter unfolds · w saves it as SQL · y copies it as SQL · esc back",
        };
        let area = area(screen);
        window("What this session wrote", "", area, buf, cx);
        draw_hint(hint, area, buf, cx);
        let place = inside(screen);
        if self.is_empty() {
            let words = "Nothing was written yet.";
            buf.set_stringn(place.x, place.y, words, usize::from(place.width), cx.theme.style(Role::Muted));
            return;
        }
        self.view.draw(place, buf, cx.theme);
        let (rows, top) = (self.rows(self.cursor), self.view.offset().1);
        if let Some(y) = rows.start.checked_sub(top).and_then(|row| u16::try_from(row).ok())
            && y < place.height
        {
            let line = Rect { y: place.y + y, height: 1, ..place };
            buf.set_style(line, cx.theme.style(Role::Selected));
        }
        let border = Rect { x: area.right().saturating_sub(1), width: 1, ..place };
        scrollbar::draw(self.view.position(), border, buf, cx.theme);
        if let Some(input) = &self.saving {
            let width = screen.width.min(64);
            // In the middle: what is said stands at the bottom.
            let prompt = centred(screen, width, 3);
            let inside = window("Save the log as SQL to", "enter · esc", prompt, buf, cx);
            if inside.width > 2 {
                input.draw(Rect { x: inside.x + 1, width: inside.width - 2, ..inside }, buf);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{change::BatchId, journal::JournalEntry};

    fn journal() -> Journal {
        let mut journal = Journal::default();
        for number in 1..=3 {
            journal.push(JournalEntry {
                batch: BatchId(number),
                at: Timestamp::UNIX_EPOCH,
                what: format!("approve q-{number}"),
                fate: Fate::Committed(Known::Answered),
                statements: vec!["UPDATE questions\nSET status = 'active'".into(), "INSERT ".repeat(40)],
            });
        }
        journal
    }

    fn text(log: &Log) -> String {
        log.view.text()
    }

    #[test]
    fn heads_come_first_and_enter_unfolds_a_statement_or_all_of_a_write() {
        let mut log = Log::new(&journal(), Timestamp::UNIX_EPOCH);
        log.view.resize(60, 8);
        log.lay_out(60);
        assert_eq!(log.view.lines().len(), 3 * 3 + 2, "a line each, one between two writes: {}", text(&log));
        assert!(!text(&log).contains("INSERT INSERT INSERT INSERT INSERT INSERT INSERT INSERT INSERT INSERT"));
        assert_eq!(log.cursor, 6, "on the newest write");
        log.toggle();
        assert_eq!(text(&log).matches("\n    SET status").count(), 1, "{}", text(&log));
        log.toggle();
        log.down();
        log.toggle();
        assert!(text(&log).contains("    SET status = 'active';"), "{}", text(&log));
        assert_eq!(log.view.lines().len(), 3 * 3 + 2 + 1);
    }

    #[test]
    fn the_cursor_goes_through_everything_and_stays_on_the_screen() {
        let mut log = Log::new(&journal(), Timestamp::UNIX_EPOCH);
        log.view.resize(30, 4);
        log.lay_out(30);
        log.view.bottom();
        log.reveal();
        log.toggle();
        for _ in 0..80 {
            log.down();
        }
        assert_eq!(log.cursor, 8);
        assert_eq!(log.view.offset().1 + 4, log.view.row_count(), "the end of the last is seen");
        let mut before = (log.cursor, log.view.offset().1);
        for _ in 0..80 {
            log.up();
            let now = (log.cursor, log.view.offset().1);
            assert!(now <= (before.0, before.1) || now.0 < before.0);
            before = now;
        }
        assert_eq!(before, (0, 0));
    }
}
