//! The tables pane: every relation at a glance, the catalogue's tables first, with row counts that come in by themselves.
//!
//! Owns the list, its cursor and the counts. It asks for counts in the background and never waits for them; counts stay until
//! the database changes. It does not read rows: opening a relation is an intent.

mod view;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::{buffer::Buffer, layout::Rect};
pub(super) use view::wrap;

use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, Slot},
    },
    domain::schema::{Relation, RelationKind, Schema},
    message::{action::Action, command::Command, event::Timer},
    panes::{Cx, Handled, Intent, Pane, Settings, ViewCx, frame},
};

/// Counts are not taken again more often than this.
const RECOUNT: Duration = Duration::from_secs(2);
/// Two clicks within this time on the same line open it.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// What is known of a relation's number of rows.
#[derive(Clone, Debug, PartialEq)]
enum Count {
    /// Known as of the last count.
    Rows(u64),
    /// It could not be counted, in words.
    Failed(String),
}

/// A line of the list.
#[derive(Clone, Debug)]
enum Line {
    /// A heading over a group.
    Caption(&'static str),
    /// A relation: position in the entries.
    Entry(usize),
}

/// Whether internal tables are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Internals {
    Hidden,
    Shown,
}

/// The list of tables.
#[derive(Debug)]
pub struct TablesPane {
    schema: Option<Arc<Schema>>,
    entries: Vec<Arc<Relation>>,
    lines: Vec<Line>,
    internals: Internals,
    cursor: usize,
    top: usize,
    area: Rect,
    counts: HashMap<String, Count>,
    /// Still to come, in the order asked.
    counting: VecDeque<Arc<Relation>>,
    counting_since: Duration,
    /// Why counting was given up until the database can be reached again.
    cut_off: Option<Error>,
    /// Whether the counts are older than the last change, and when they may be taken again.
    recount_at: Option<Duration>,
    clicked: Option<(Duration, usize)>,
}

impl Default for TablesPane {
    fn default() -> Self {
        Self::new()
    }
}

/// What is counted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    /// Everything.
    All,
    /// What could be counted the last time: a view that took too long would take too long again, after every change.
    Countable,
}

impl TablesPane {
    /// An empty list; it fills with [`Self::set_schema`].
    pub fn new() -> Self {
        Self {
            schema: None,
            entries: Vec::new(),
            lines: Vec::new(),
            internals: Internals::Hidden,
            cursor: 0,
            top: 0,
            area: Rect::default(),
            counts: HashMap::new(),
            counting: VecDeque::new(),
            counting_since: Duration::ZERO,
            cut_off: None,
            recount_at: None,
            clicked: None,
        }
    }

    /// Lists this schema's relations, keeping the cursor on the relation it is on, and counts their rows.
    pub fn set_schema(&mut self, schema: &Arc<Schema>, cx: &mut Cx<'_>) {
        self.schema = Some(Arc::clone(schema));
        self.counts.retain(|name, _| schema.relations.iter().any(|relation| relation.name == *name));
        self.list();
        self.count(Again::All, cx);
    }

    /// Puts the cursor on the relation of this name, where it is listed.
    pub fn select(&mut self, name: &str) {
        if let Some(at) = self.entries.iter().position(|relation| relation.name == name) {
            self.cursor = at;
            self.reveal();
        }
    }

    /// The relation under the cursor.
    pub fn selected(&self) -> Option<&Arc<Relation>> {
        self.entries.get(self.cursor)
    }

    /// The rows of the relation of this name as last counted.
    pub fn rows(&self, name: &str) -> Option<u64> {
        match self.counts.get(name) {
            Some(Count::Rows(rows)) => Some(*rows),
            Some(Count::Failed(_)) | None => None,
        }
    }

    /// The database has changed: the counts are taken again, but not at once and not all the time.
    pub fn changed(&mut self, cx: &mut Cx<'_>) {
        if self.recount_at.is_some() {
            return;
        }
        // A count that takes long is not taken more than a fifth of the time.
        let took = cx.now.elapsed.saturating_sub(self.counting_since);
        let wait = if self.counting.is_empty() { RECOUNT } else { RECOUNT.max(took * 4) };
        self.recount_at = Some(cx.now.elapsed + wait);
        cx.out.commands.push(Command::After(wait, Timer::Recount));
    }

    fn list(&mut self) {
        let selected = self.selected().map(|relation| relation.name.clone());
        self.entries = self
            .schema
            .iter()
            .flat_map(|schema| &schema.relations)
            .filter(|relation| self.internals == Internals::Shown || relation.kind != RelationKind::Internal)
            .cloned()
            .collect();
        self.cursor = selected
            .and_then(|name| self.entries.iter().position(|relation| relation.name == name))
            .unwrap_or_else(|| self.cursor.min(self.entries.len().saturating_sub(1)));
        self.arrange();
    }

    /// Lines, with captions over the groups where everything is on the screen at once: nobody scrolls for a caption.
    fn arrange(&mut self) {
        self.lines.clear();
        let mut group = "";
        for (at, relation) in self.entries.iter().enumerate() {
            let this = group_of(relation);
            if this != group && !(group.is_empty() && relation.facts.is_some()) {
                self.lines.push(Line::Caption(this));
            }
            group = this;
            self.lines.push(Line::Entry(at));
        }
        if self.lines.len() > usize::from(self.list_height()) {
            self.lines.retain(|line| matches!(line, Line::Entry(_)));
        }
        self.reveal();
    }

    fn count(&mut self, again: Again, cx: &mut Cx<'_>) {
        self.recount_at = None;
        let failed = |name: &str| matches!(self.counts.get(name), Some(Count::Failed(_)));
        let countable =
            |relation: &&Arc<Relation>| relation.broken.is_none() && (again == Again::All || !failed(&relation.name));
        // Views last: what they take, nobody knows.
        let (views, tables): (Vec<_>, Vec<_>) =
            self.entries.iter().filter(countable).cloned().partition(|relation| relation.kind == RelationKind::View);
        self.counting = tables.into_iter().chain(views).collect();
        self.ask(cx);
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        if self.counting.is_empty() {
            return;
        }
        self.counting_since = cx.now.elapsed;
        let query = Query::Counts(self.counting.iter().cloned().collect());
        if self.counts.is_empty() {
            cx.out.ask(Slot::Count, query)
        } else {
            cx.out.ask_again(Slot::Count, query)
        };
    }

    /// A count from memory: the true one follows.
    pub fn kept(&mut self, answer: &Answer) -> Handled {
        match answer {
            Answer::Count { relation, rows } if !matches!(self.counts.get(relation), Some(Count::Rows(_))) => {
                self.counts.insert(relation.clone(), Count::Rows(*rows));
                Handled::Yes
            }
            _ => Handled::No,
        }
    }

    /// The database can be read again: counts what could not be.
    pub fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        let cut_off = self.cut_off.as_ref().is_some_and(|error| error.kind != ErrorKind::TimedOut);
        if self.cut_off.is_none() || self.counting.is_empty() {
            self.cut_off = None;
            return Handled::No;
        }
        if cut_off {
            self.cut_off = None;
        }
        self.ask(cx);
        Handled::Yes
    }

    fn list_height(&self) -> u16 {
        view::areas(frame::inner(self.area)).0.height
    }

    fn cursor_line(&self) -> usize {
        self.lines.iter().position(|line| matches!(line, Line::Entry(at) if *at == self.cursor)).unwrap_or(0)
    }

    /// Scrolls as little as possible for the cursor to be visible.
    fn reveal(&mut self) {
        let height = usize::from(self.list_height()).max(1);
        let line = self.cursor_line();
        if line < self.top {
            self.top = line;
        } else if line >= self.top + height {
            self.top = line + 1 - height;
        }
        // A caption over the first visible entry is shown with it.
        if self.top == 1 && matches!(self.lines.first(), Some(Line::Caption(_))) && line + 1 < self.top + height {
            self.top = 0;
        }
        self.top = self.top.min(self.lines.len().saturating_sub(height));
    }

    fn move_to(&mut self, at: usize) -> Handled {
        self.cursor = at.min(self.entries.len().saturating_sub(1));
        self.reveal();
        Handled::Yes
    }

    fn open(&self, cx: &mut Cx<'_>) -> Handled {
        if let Some(relation) = self.selected() {
            cx.out.intents.push(Intent::ShowRelation(Arc::clone(relation)));
        }
        Handled::Yes
    }
}

/// Whether counting anything else would fail, too.
fn cuts_off(error: &Error, settings: &Settings) -> bool {
    use ErrorKind as K;
    match error.kind {
        K::Unreachable | K::Credentials | K::Unauthorized | K::Insecure | K::NoSuchDatabase | K::Throttled => true,
        // The way may be fine: whoever knows it has said so before.
        K::TimedOut | K::Forbidden => settings.waits_for_server(),
        _ => false,
    }
}

/// The heading a relation belongs under.
fn group_of(relation: &Relation) -> &'static str {
    match relation.kind {
        _ if relation.facts.is_some() => "code-reels",
        RelationKind::Table => "tables",
        RelationKind::View => "views",
        RelationKind::Virtual => "virtual tables",
        RelationKind::Internal => "internal",
    }
}

impl Pane for TablesPane {
    fn resize(&mut self, area: Rect, _cx: &mut Cx<'_>) {
        self.area = area;
        self.arrange();
    }

    fn act(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let steps = usize::try_from(count.unwrap_or(1)).unwrap_or(usize::MAX);
        let page = usize::from(self.list_height()).max(1);
        let down = |by: usize| self.cursor.saturating_add(by);
        let up = |by: usize| self.cursor.saturating_sub(by);
        match action {
            Action::Down => self.move_to(down(steps)),
            Action::Up => self.move_to(up(steps)),
            Action::HalfPageDown => self.move_to(down(page.div_ceil(2).saturating_mul(steps))),
            Action::HalfPageUp => self.move_to(up(page.div_ceil(2).saturating_mul(steps))),
            Action::PageDown => self.move_to(down(page.saturating_mul(steps))),
            Action::PageUp => self.move_to(up(page.saturating_mul(steps))),
            Action::First => self.move_to(0),
            Action::Last => self.move_to(count.map_or(usize::MAX, |_| steps.saturating_sub(1))),
            Action::Open => self.open(cx),
            Action::Internal => {
                self.internals = match self.internals {
                    Internals::Hidden => Internals::Shown,
                    Internals::Shown => Internals::Hidden,
                };
                self.list();
                if self.internals == Internals::Shown {
                    self.count(Again::All, cx);
                }
                Handled::Yes
            }
            Action::Refresh => {
                self.count(Again::All, cx);
                Handled::Yes
            }
            _ => Handled::No,
        }
    }

    fn reply(&mut self, slot: Slot, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        if slot != Slot::Count {
            return Handled::No;
        }
        match outcome {
            Ok(Answer::Count { relation, rows }) => {
                self.counts.insert(relation.clone(), Count::Rows(*rows));
                self.cut_off = None;
                if let Some(at) = self.counting.iter().position(|waiting| waiting.name == *relation) {
                    self.counting.drain(..=at);
                }
                Handled::Yes
            }
            Err(error) if error.kind == ErrorKind::Cancelled => {
                self.counting.clear();
                Handled::Yes
            }
            // The others would fail, too: they are counted when the server is back. Where a count takes too long once more, or the
            // server is there all the same, it is that one's own fault.
            Err(error)
                if cuts_off(error, cx.settings)
                    && self.cut_off.as_ref().is_none_or(|before| before.kind != error.kind) =>
            {
                self.cut_off = Some(error.clone());
                Handled::No
            }
            Err(error) => {
                // The one that was being counted failed: the others are asked for again.
                if let Some(failed) = self.counting.pop_front() {
                    self.counts.insert(failed.name.clone(), Count::Failed(error.what.clone()));
                }
                self.ask(cx);
                Handled::Yes
            }
            Ok(_) => Handled::No,
        }
    }

    fn timer(&mut self, timer: Timer, cx: &mut Cx<'_>) -> Handled {
        let (Timer::Recount, Some(due)) = (timer, self.recount_at) else { return Handled::No };
        if cx.now.elapsed < due {
            cx.out.commands.push(Command::After(due - cx.now.elapsed, Timer::Recount));
        } else if self.counting.is_empty() {
            self.count(Again::Countable, cx);
        } else {
            // Counting anew would end the count that runs, and so none would ever end.
            self.recount_at = None;
            self.changed(cx);
        }
        Handled::No
    }

    fn mouse(&mut self, mouse: MouseEvent, cx: &mut Cx<'_>) -> Handled {
        let (list, _) = view::areas(frame::inner(self.area));
        match mouse.kind {
            MouseEventKind::ScrollDown => {
                let height = usize::from(list.height);
                self.top = (self.top + 3).min(self.lines.len().saturating_sub(height));
                self.follow_scroll(height);
                Handled::Yes
            }
            MouseEventKind::ScrollUp => {
                self.top = self.top.saturating_sub(3);
                self.follow_scroll(usize::from(list.height));
                Handled::Yes
            }
            MouseEventKind::Down(MouseButton::Left) if list.contains((mouse.column, mouse.row).into()) => {
                let line = self.top + usize::from(mouse.row - list.y);
                let Some(Line::Entry(at)) = self.lines.get(line) else { return Handled::Yes };
                let at = *at;
                let double =
                    self.clicked.is_some_and(|(when, what)| what == at && cx.now.elapsed < when + DOUBLE_CLICK);
                self.clicked = (!double).then_some((cx.now.elapsed, at));
                self.move_to(at);
                if double { self.open(cx) } else { Handled::Yes }
            }
            _ => Handled::No,
        }
    }

    fn view(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        view::draw(self, area, buf, cx);
    }
}

impl TablesPane {
    /// Scrolled by the wheel: the cursor stays on the screen.
    fn follow_scroll(&mut self, height: usize) {
        let line = self.cursor_line().clamp(self.top, (self.top + height).saturating_sub(1).max(self.top));
        let entry = |line: &Line| match line {
            Line::Entry(at) => Some(*at),
            Line::Caption(_) => None,
        };
        let near =
            self.lines.get(line..).into_iter().flatten().chain(self.lines.get(..line).into_iter().flatten().rev());
        if let Some(at) = near.filter_map(entry).next() {
            self.cursor = at;
        }
    }
}

#[cfg(test)]
mod tests;
