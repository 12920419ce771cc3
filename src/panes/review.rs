//! The review queue: the questions to decide on, with why each is flagged.
//!
//! Owns the list with its cursor, marks and what became of each question, and reading it anew. It does not write, and shows no
//! question: the app asks it what is under the cursor, and tells it what was decided and what came of it.

mod list;
mod search;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use self::{
    list::{Decided, Entry, List, Standing, State},
    search::Found,
};
use super::{Cx, Handled, Intent, Pane, PaneId, PromptKind, PromptState, ViewCx, frame, link};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, Slot},
    },
    domain::{
        change::{BatchId, Change, Entry as Writing},
        page::RowKey,
        review::{Decision, QueueAction, ReviewItem, ReviewList, ReviewOrder},
        time,
    },
    message::{action::Action, command::Command, event::Timer},
    panes::overlay::{keep_visible, moved},
};

/// Questions that are read at once; more come when these are decided.
const MOST: usize = 500;
/// So long nothing must have changed before the list is read anew: who decides one question after another changes it with each.
const CALM: Duration = Duration::from_millis(300);
/// Where there is no such calm, it is read all the same after this time.
const LONGEST: Duration = Duration::from_secs(3);
/// Reading a long queue takes time: the pause before the next reading is so many times as long.
const REST: u32 = 10;
/// The shortest wait.
const TICK: Duration = Duration::from_millis(1);
/// Two clicks within this time on the same line open it.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// Lines a turn of the wheel goes.
const WHEEL: usize = 3;

/// What an answer does to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// It takes the list's place.
    Anew,
    /// It comes into the list.
    Quietly,
}

/// When the list is read anew, as something has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refresh {
    /// When it became necessary.
    since: Duration,
    due: Duration,
}

/// Whether the desk is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Desk {
    #[default]
    Closed,
    Open,
}

/// The review queue.
#[derive(Debug, Default)]
pub struct ReviewPane {
    desk: Desk,
    area: Rect,
    order: ReviewOrder,
    list: List,
    cursor: usize,
    top: usize,
    /// Whether the list was ever read, and when, where that is from memory.
    read: Option<Option<Timestamp>>,
    asked: Option<(Reading, Duration)>,
    error: Option<Error>,
    /// Whether the database has no table of questions.
    lacks_questions: bool,
    refresh: Option<Refresh>,
    /// How long the last reading took.
    took: Duration,
    found: Found,
    clicked: Option<(Duration, usize)>,
    /// What was decided in this session.
    decided: BTreeSet<String>,
}

/// How far the review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Decided in this session.
    pub decided: usize,
    /// Not decided yet.
    pub left: u64,
    /// Left as they are.
    pub skipped: usize,
    /// Decisions on their way.
    pub sent: usize,
}

impl ReviewPane {
    /// An empty one: nothing is asked before it is shown.
    pub fn new() -> Self {
        Self::default()
    }

    /// The desk is open from now on: reads the queue, or what is new in it.
    pub fn open(&mut self, cx: &mut Cx<'_>) {
        self.desk = Desk::Open;
        let reading = if self.read.is_some() { Reading::Quietly } else { Reading::Anew };
        self.ask(reading, cx);
    }

    /// The desk is closed: nothing is read any more; everything stays as it is.
    pub fn close(&mut self) {
        self.desk = Desk::Closed;
    }

    /// The question under the cursor.
    pub fn current(&self) -> Option<&Arc<ReviewItem>> {
        self.list.entries.get(self.cursor).map(|entry| &entry.item)
    }

    /// The questions that will be next, where the one under the cursor is decided, and those after it.
    pub fn coming(&self) -> impl Iterator<Item = &Arc<ReviewItem>> {
        self.list.coming(self.cursor).map(|entry| &entry.item)
    }

    /// What a decision is about: the marked ones that can be decided, or the one under the cursor.
    pub fn subjects(&self) -> Vec<Arc<ReviewItem>> {
        if self.list.marked.is_empty() {
            return self.current().cloned().into_iter().collect();
        }
        self.list.marked().filter(|entry| !entry.is_settled()).map(|entry| Arc::clone(&entry.item)).collect()
    }

    /// Whether decisions are about what is marked.
    pub fn has_marks(&self) -> bool {
        !self.list.marked.is_empty()
    }

    /// Whether this question's status was decided here already.
    pub fn is_settled(&self, id: &str) -> bool {
        self.list.entries.iter().any(|entry| entry.item.id == id && entry.is_settled())
    }

    /// Whether nobody knows what became of a decision on this question.
    pub fn is_unknown(&self, id: &str) -> bool {
        let unknown =
            |entry: &Entry| matches!(&entry.state, State::Decided(decided) if decided.standing == Standing::Unknown);
        self.list.entries.iter().any(|entry| entry.item.id == id && unknown(entry))
    }

    /// How long until an age on the screen changes; `None` where none is shown. Never less than to the next full minute.
    pub fn next_age(&self, now: super::Now) -> Option<Duration> {
        let entry = self.list.entries.get(self.cursor).filter(|_| self.desk == Desk::Open)?;
        let known = entry.item.flags.iter().any(|flag| time::parse(&flag.at).is_some());
        let second = now.wall.as_millisecond().rem_euclid(60_000).unsigned_abs();
        known.then(|| Duration::from_millis(60_000 - second))
    }

    /// How far the review is, in at most so many columns.
    pub fn progress(&self, room: usize) -> String {
        view::progress(self, room)
    }

    /// How far the review is.
    pub fn tally(&self) -> Tally {
        let sent =
            |entry: &&Entry| matches!(&entry.state, State::Decided(decided) if decided.standing == Standing::Sent);
        Tally {
            decided: self.decided.len(),
            left: self.list.left(),
            skipped: self.list.skipped(),
            sent: self.list.entries.iter().filter(sent).count(),
        }
    }

    /// Leaves the question under the cursor as it is, and goes to the next; says whether there is one.
    pub fn skip(&mut self) -> Handled {
        if let Some(entry) = self.list.entries.get_mut(self.cursor)
            && entry.is_open()
        {
            entry.state = State::Skipped;
        }
        self.advance()
    }

    /// These were decided, and are being written: checks them off and goes to the next; says whether there is one.
    pub fn sent(&mut self, ids: &[String], decision: Decision, batch: BatchId) -> Handled {
        let state = Decided { decision, batch: Some(batch), made: None, standing: Standing::Sent };
        for id in ids {
            self.decided.insert(id.clone());
            self.list.marked.remove(id);
            if let Some(entry) = self.list.find(id) {
                entry.state = State::Decided(state.clone());
            }
        }
        if self.list.entries.get(self.cursor).is_some_and(Entry::is_open) { Handled::Yes } else { self.advance() }
    }

    /// It is written; `made` is the queue item that was made for it.
    pub fn written(&mut self, id: &str, decision: Decision, made: Option<RowKey>) {
        self.decided.insert(id.to_owned());
        if let Some(entry) = self.list.find(id) {
            let batch = None;
            entry.state = State::Decided(Decided { decision, batch, made, standing: Standing::Written });
        }
    }

    /// Nobody knows whether it is written.
    pub fn unknown(&mut self, id: &str) {
        if let Some(Entry { state: State::Decided(decided), .. }) = self.list.find(id) {
            decided.standing = Standing::Unknown;
        }
    }

    /// It could not be written: it is open again.
    pub fn refused(&mut self, id: &str, why: &str) {
        self.decided.remove(id);
        if let Some(entry) = self.list.find(id) {
            entry.state = State::Refused(why.to_owned());
        }
    }

    /// Nothing was written of it, and nothing is wrong with it: it is open again.
    pub fn reopened(&mut self, id: &str) {
        self.decided.remove(id);
        if let Some(entry) = self.list.find(id) {
            entry.state = State::Open;
        }
    }

    /// Puts the cursor on this question, where it is listed.
    pub fn go_to(&mut self, id: &str) {
        if let Some(at) = self.list.position(id) {
            self.move_to(at);
        }
    }

    /// Something was taken back, or done again: what was decided is open again, or decided.
    pub fn turned(&mut self, entries: &[Writing], made: &[RowKey]) -> Handled {
        let mut handled = Handled::No;
        for (at, Writing { change, .. }) in entries.iter().enumerate() {
            let turn = match change {
                Change::Update { relation, key, set, .. } if relation.is("questions") => {
                    let status = relation.column("status");
                    let status = set.iter().find(|(column, _)| Some(*column) == status).map(|(_, value)| value);
                    let id = self.list.entries.iter().find(|entry| entry.item.key == *key);
                    status.and_then(|status| Some((id?.item.id.clone(), status_decision(&status.to_plain()), None)))
                }
                Change::Delete { relation, key, .. } if relation.is("workQueue") => {
                    let made_it = |entry: &&Entry| matches!(&entry.state, State::Decided(decided) if decided.made.as_ref() == Some(key));
                    self.list.entries.iter().find(made_it).map(|entry| (entry.item.id.clone(), None, None))
                }
                Change::Insert { relation, cells, .. } if relation.is("workQueue") => {
                    let cell = |name: &str| {
                        let column = relation.column(name);
                        cells.iter().find(|(at, _)| Some(*at) == column).map(|(_, value)| value.to_plain().into_owned())
                    };
                    let action = cell("action").and_then(|action| queue_decision(&action));
                    cell("itemId").map(|id| (id, action, made.get(at).cloned()))
                }
                _ => None,
            };
            let Some((id, decision, made)) = turn else { continue };
            handled = Handled::Yes;
            match decision {
                Some(decision) => self.written(&id, decision, made),
                None => self.reopened(&id),
            }
            self.go_to(&id);
        }
        handled
    }

    /// The schema was read: the queue is, too, where somebody waits for it.
    pub fn schema_read(&mut self, cx: &mut Cx<'_>) {
        if self.desk == Desk::Open && self.asked.is_none() {
            let reading = if self.read.is_some() { Reading::Quietly } else { Reading::Anew };
            self.ask(reading, cx);
        }
    }

    /// The database has changed: what is new in the queue is read, once it is calm.
    pub fn changed(&mut self, cx: &mut Cx<'_>) {
        if self.desk == Desk::Closed {
            return;
        }
        let now = cx.now.elapsed;
        let since = self.refresh.map_or(now, |refresh| refresh.since);
        let rest = self.took * REST;
        let due = (now + CALM.max(rest)).min(since + LONGEST.max(rest));
        self.refresh = Some(Refresh { since, due });
        cx.out.commands.push(Command::After(due.saturating_sub(now).max(TICK), Timer::Refresh));
    }

    /// The database can be read again: asks once more for what could not be read.
    pub fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        let failed = self.error.as_ref().is_some_and(link::is_of_the_way);
        if !failed || self.desk == Desk::Closed || self.asked.is_some() {
            return Handled::No;
        }
        self.ask(if self.read.is_some() { Reading::Quietly } else { Reading::Anew }, cx);
        Handled::Yes
    }

    /// An answer from memory: shown until the true one is here.
    pub fn kept(&mut self, answer: &Answer, read: Timestamp) -> Handled {
        match answer {
            Answer::Review(list) if self.read.is_none() => {
                self.take(Reading::Anew, list);
                self.read = Some(Some(read));
                Handled::Yes
            }
            _ => Handled::No,
        }
    }

    fn ask(&mut self, reading: Reading, cx: &mut Cx<'_>) {
        self.lacks_questions = cx.schema.is_some_and(|schema| schema.catalogued("questions").is_none());
        if self.lacks_questions {
            return;
        }
        // What is to take the list's place still does, however often it is asked for.
        let reading =
            if self.asked.is_some_and(|(before, _)| before == Reading::Anew) { Reading::Anew } else { reading };
        self.refresh = None;
        self.asked = Some((reading, cx.now.elapsed));
        let query = Query::Review(self.order, MOST);
        if self.read.is_none() {
            cx.out.ask(Slot::Review, query)
        } else {
            cx.out.ask_again(Slot::Review, query)
        };
    }

    fn take(&mut self, reading: Reading, read: &ReviewList) {
        let current = self.current().map(|item| item.id.clone());
        let above = self.cursor.saturating_sub(self.top);
        match reading {
            Reading::Anew => self.list.replace(read),
            Reading::Quietly => self.list.merge(read),
        }
        let place = current.and_then(|id| self.list.position(&id));
        self.cursor = match place {
            Some(at) => at,
            None if reading == Reading::Anew => 0,
            None => self.cursor,
        };
        // The cursor stays where it is on the screen, whatever came in above.
        self.top = self.cursor.saturating_sub(above);
        self.reveal();
        self.found.renew(&self.list);
    }

    fn height(&self) -> usize {
        usize::from(view::areas(frame::inner(self.area)).0.height)
    }

    fn reveal(&mut self) {
        let height = self.height();
        keep_visible(&mut self.cursor, &mut self.top, self.list.entries.len(), height);
    }

    fn move_to(&mut self, at: usize) {
        self.cursor = at;
        self.reveal();
        if let Some(entry) = self.list.entries.get_mut(self.cursor) {
            entry.novelty = list::Novelty::Known;
        }
    }

    fn advance(&mut self) -> Handled {
        match self.list.next_open(self.cursor) {
            Some(next) => {
                self.move_to(next);
                Handled::Yes
            }
            None => Handled::No,
        }
    }

    fn mark(&mut self, count: Option<u64>) {
        let times = usize::try_from(count.unwrap_or(1)).unwrap_or(usize::MAX);
        for at in self.cursor..self.cursor.saturating_add(times).min(self.list.entries.len()) {
            self.list.toggle_mark(at);
        }
        self.move_to(self.cursor.saturating_add(times));
    }

    /// Esc: a search goes, then the marks go.
    fn step_back(&mut self) -> Handled {
        if self.found.end() {
            return Handled::Yes;
        }
        let had = self.has_marks();
        self.list.marked.clear();
        if had { Handled::Yes } else { Handled::No }
    }
}

/// The decision that leads to a status; `None` for the others.
fn status_decision(status: &str) -> Option<Decision> {
    match status {
        "active" => Some(Decision::Approve),
        "deleted" => Some(Decision::Delete),
        _ => None,
    }
}

fn queue_decision(action: &str) -> Option<Decision> {
    let actions = [QueueAction::Improve, QueueAction::Verify, QueueAction::Enrich, QueueAction::Delete];
    actions.into_iter().find(|known| known.name() == action).map(Decision::Queue)
}

impl Pane for ReviewPane {
    fn resize(&mut self, area: Rect, _cx: &mut Cx<'_>) {
        self.area = area;
        self.reveal();
    }

    fn act(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let (len, height) = (self.list.entries.len(), self.height());
        let times = count.unwrap_or(1).min(len as u64 + 1);
        match action {
            Action::Last if count.is_some() => {
                self.move_to(usize::try_from(count.unwrap_or(1)).unwrap_or(usize::MAX).saturating_sub(1));
            }
            Action::Open if len > 0 => cx.out.intents.push(Intent::FocusPane(PaneId::Question)),
            Action::Mark => self.mark(count),
            Action::MarkAll => self.list.toggle_all(),
            Action::ReviewOrder => {
                self.order = self.order.next();
                self.ask(Reading::Anew, cx);
            }
            Action::Refresh => self.ask(Reading::Anew, cx),
            Action::Search => {
                self.found.begin(self.cursor);
                let (title, text) = ("Search the queue".to_owned(), self.found.pattern().to_owned());
                cx.out.intents.push(Intent::Prompt { kind: PromptKind::Search, title, text });
            }
            Action::NextMatch | Action::PreviousMatch => match self.found.from(self.cursor, action) {
                Some(at) => self.move_to(at),
                None => return Handled::No,
            },
            Action::Cancel => return self.step_back(),
            _ => {
                let mut to = self.cursor;
                for _ in 0..times {
                    match moved(action, to, len, height) {
                        Some(next) => to = next,
                        None => return Handled::No,
                    }
                }
                self.move_to(to);
            }
        }
        Handled::Yes
    }

    fn prompted(&mut self, kind: PromptKind, text: &str, state: PromptState, _cx: &mut Cx<'_>) {
        if kind == PromptKind::Search
            && let Some(at) = self.found.typed(text, state, &self.list)
        {
            self.move_to(at);
        }
    }

    fn reply(&mut self, slot: Slot, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let (Slot::Review, Some((reading, since))) = (slot, self.asked.take()) else { return Handled::No };
        match outcome {
            Ok(Answer::Review(list)) => {
                self.take(reading, list);
                self.took = cx.now.elapsed.saturating_sub(since);
                self.read = Some(None);
                self.error = None;
                // What happened meanwhile is not in it.
                if let Some(Refresh { due, .. }) = self.refresh {
                    let wait = due.saturating_sub(cx.now.elapsed);
                    cx.out.commands.push(Command::After(wait.max(TICK), Timer::Refresh));
                }
            }
            Ok(_) => return Handled::No,
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            Err(error) => self.error = Some(error.clone()),
        }
        Handled::Yes
    }

    fn timer(&mut self, timer: Timer, cx: &mut Cx<'_>) -> Handled {
        let (Timer::Refresh, Some(Refresh { due, .. })) = (timer, self.refresh) else { return Handled::No };
        if self.desk == Desk::Closed {
            self.refresh = None;
        } else if cx.now.elapsed < due {
            cx.out.commands.push(Command::After(due - cx.now.elapsed, Timer::Refresh));
        } else if self.asked.is_none() {
            self.ask(Reading::Quietly, cx);
        }
        Handled::No
    }

    fn mouse(&mut self, mouse: MouseEvent, cx: &mut Cx<'_>) -> Handled {
        let (rows, _) = view::areas(frame::inner(self.area));
        let (len, height) = (self.list.entries.len(), usize::from(rows.height));
        match mouse.kind {
            MouseEventKind::ScrollDown => self.top = (self.top + WHEEL).min(len.saturating_sub(height)),
            MouseEventKind::ScrollUp => self.top = self.top.saturating_sub(WHEEL),
            MouseEventKind::Down(MouseButton::Left) if rows.contains((mouse.column, mouse.row).into()) => {
                let at = self.top + usize::from(mouse.row - rows.y);
                if at >= len {
                    return Handled::Yes;
                }
                let double =
                    self.clicked.is_some_and(|(when, what)| what == at && cx.now.elapsed < when + DOUBLE_CLICK);
                self.clicked = (!double).then_some((cx.now.elapsed, at));
                self.move_to(at);
                if double {
                    cx.out.intents.push(Intent::FocusPane(PaneId::Question));
                }
                return Handled::Yes;
            }
            _ => return Handled::No,
        }
        // Scrolled by the wheel: the cursor stays on the screen.
        let last = (self.top + height).saturating_sub(1).max(self.top);
        let at = self.cursor.clamp(self.top, last.min(len.saturating_sub(1)).max(self.top));
        self.move_to(at);
        Handled::Yes
    }

    fn view(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        view::draw(self, area, buf, cx);
    }
}
