//! Reading the rows in view once more, without the cursor or the screen moving: when to, and what to do with the answer.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher as _},
    time::Duration,
};

use super::{
    rows::{Follow, Rows, Task},
    window::{End, Place, Standing, Window},
};
use crate::{
    domain::{
        page::{Page, PageAt, Row, RowKey},
        value::Value,
    },
    message::{command::Command, event::Timer},
    panes::Cx,
};

/// Changes are shown no more often than this.
const PACE: Duration = Duration::from_millis(500);
/// A first change is shown after this: others often come right behind it.
const SOON: Duration = Duration::from_millis(30);
/// Marks stay this long.
const MARKED: Duration = Duration::from_secs(2);

/// When to read again, and what not to read again by itself.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    due: Option<Duration>,
    last: Duration,
    took: Duration,
    /// Something changed while nobody looked.
    pub(super) stale: bool,
    /// Beyond these ends reading failed: it is tried again when the user goes there.
    blocked: [Option<End>; 2],
}

impl Refresh {
    /// Reading beyond this end failed.
    pub(super) fn block(&mut self, end: End) {
        self.blocked = if self.is_blocked(end) { self.blocked } else { [Some(end), self.blocked[0]] };
    }

    /// Whether nothing is read ahead beyond this end.
    pub(super) fn is_blocked(&self, end: End) -> bool {
        self.blocked.contains(&Some(end))
    }

    /// Reading may be tried again.
    pub(super) fn unblock(&mut self) {
        self.blocked = [None; 2];
    }

    /// The database changed: asks for the time to read again.
    pub(super) fn schedule(&mut self, cx: &mut Cx<'_>) {
        if self.due.is_some() {
            return;
        }
        // Reading that takes long is not done more than a fifth of the time.
        let earliest = self.last + PACE.max(self.took * 4);
        let due = earliest.max(cx.now.elapsed + SOON);
        self.due = Some(due);
        cx.out.commands.push(Command::After(due - cx.now.elapsed, Timer::Refresh));
    }

    /// Whether the time has come.
    pub(super) fn is_due(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(due) = self.due else { return false };
        if cx.now.elapsed < due {
            cx.out.commands.push(Command::After(due - cx.now.elapsed, Timer::Refresh));
            return false;
        }
        self.due = None;
        true
    }

    pub(super) fn took(&mut self, since: Duration, now: Duration) {
        self.took = now.saturating_sub(since);
        self.last = now;
    }
}

/// What is new about a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// The row itself.
    New,
    /// These columns.
    Cells(Vec<usize>),
}

/// Rows and cells that have just changed.
#[derive(Debug, Default)]
pub(super) struct Marks {
    rows: HashMap<i64, Mark>,
    until: Duration,
}

impl Marks {
    /// What is new about the row of this name.
    pub(super) fn of(&self, at: i64) -> Option<&Mark> {
        if self.rows.is_empty() { None } else { self.rows.get(&at) }
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    fn set(&mut self, rows: HashMap<i64, Mark>, cx: &mut Cx<'_>) {
        if rows.is_empty() {
            return;
        }
        self.rows = rows;
        self.until = cx.now.elapsed + MARKED;
        cx.out.commands.push(Command::After(MARKED, Timer::Flash));
    }

    /// Takes the marks away when their time is over; says whether it did.
    pub(super) fn expire(&mut self, cx: &mut Cx<'_>) -> bool {
        if self.rows.is_empty() {
            return false;
        }
        if cx.now.elapsed < self.until {
            cx.out.commands.push(Command::After(self.until - cx.now.elapsed, Timer::Flash));
            return false;
        }
        self.rows.clear();
        true
    }
}

impl Rows {
    /// Reads the rows in view again, where nothing else is being read for the user.
    pub(super) fn read_again(&mut self, cx: &mut Cx<'_>) {
        self.refresh.stale = false;
        if self.page.is_some() {
            self.refresh.schedule(cx);
            return;
        }
        let Some(window) = &self.window else { return };
        let screen = i64::from(self.height.max(1));
        let at_end = self.cursor + 1 >= window.end() && window.complete(End::Back);
        if self.follow == Follow::End && at_end {
            let limit = usize::try_from(screen * 2).unwrap_or(64).max(64);
            self.ask(Task::FollowEnd, PageAt::Last, limit, cx);
            return;
        }
        let Some((first, anchor)) = window.page_of(self.top) else {
            // An empty table: anything may be in it now.
            self.ask(Task::Again(0), PageAt::First, 64, cx);
            return;
        };
        let at = if first == window.base() && window.complete(End::Front) {
            PageAt::First
        } else {
            PageAt::From(anchor.clone())
        };
        let rows = usize::try_from(self.top + screen * 2 - first).unwrap_or(0).clamp(64, 1_024);
        self.ask(Task::Again(first), at, rows, cx);
    }
}

/// The last rows, read again: the cursor stays on the last one.
pub(super) fn follow(rows: &mut Rows, page: &Page, cx: &mut Cx<'_>) {
    let fresh = Window::begin(page, 0);
    let last = (fresh.end() - 1).max(0);
    let marks = rows.window.as_ref().map(|old| compare(old, &fresh)).unwrap_or_default();
    let changed = rows.row().map(|row| row.key.clone()) != fresh.row(last).map(|row| row.key.clone());
    rows.window = Some(fresh);
    rows.cursor = last;
    rows.top = last;
    rows.marks.set(marks, cx);
    rows.reveal();
    if changed {
        rows.moved(cx);
    }
}

/// The rows in view, read again: the same row stays under the cursor, at the same height of the screen. Where it is gone, the
/// next one that is still there takes its place, or the one before.
pub(super) fn again(rows: &mut Rows, first: i64, page: &Page, cx: &mut Cx<'_>) {
    let Some(old) = rows.window.take() else { return };
    if page.rows.is_empty() && !page.at_start {
        // Everything from here on is gone.
        rows.window = Some(old);
        rows.go(PageAt::Last, super::rows::Land::Last, 0, cx);
        return;
    }
    let places: HashMap<u64, usize> = page.rows.iter().enumerate().map(|(at, row)| (name(&row.key), at)).collect();
    let place = |row: &Row| places.get(&name(&row.key)).copied();
    let behind = old.rows_from(rows.cursor).find_map(|(_, row)| place(row));
    let found = behind.or_else(|| {
        let before: Vec<_> = old.rows_from(old.base()).take_while(|(at, _)| *at < rows.cursor).collect();
        before.iter().rev().find_map(|(_, row)| place(row))
    });
    let base = found.map_or(first, |at| rows.cursor - at as i64);
    let mut fresh = Window::begin(page, base);
    if fresh.place() == Place::Unknown {
        fresh.place_at(carried(&old, first, base));
    }
    let stayed = old.row(rows.cursor).map(|row| &row.key);
    let same = fresh.row(rows.cursor).map(|row| &row.key) == stayed;
    let marks = compare(&old, &fresh);
    rows.cursor = rows.cursor.clamp(fresh.base(), (fresh.end() - 1).max(fresh.base()));
    rows.window = Some(fresh);
    rows.marks.set(marks, cx);
    rows.reveal();
    let touched = matches!(rows.marks.of(rows.cursor), Some(Mark::Cells(_)));
    if !same || touched {
        rows.moved(cx);
    }
}

/// Where the origin stands now, reckoned from where it stood: true if nothing changed before it, so never called exact.
fn carried(old: &Window, first: i64, base: i64) -> Place {
    match old.standing(first, None) {
        Standing::Row(number) | Standing::AboutRow(number) => {
            Place::Near(i64::try_from(number).unwrap_or(i64::MAX) - 1 - base)
        }
        Standing::BeforeLast(behind) => {
            Place::FromEnd(i64::try_from(behind).unwrap_or(i64::MAX).saturating_add(1).saturating_add(base))
        }
        Standing::Share(share) => Place::About(share),
        Standing::Unknown => Place::Unknown,
    }
}

/// What is new in a window against an older one of the same order.
fn compare(old: &Window, fresh: &Window) -> HashMap<i64, Mark> {
    let known: HashMap<u64, &Row> = old.rows_from(old.base()).map(|(_, row)| (name(&row.key), row)).collect();
    let mut marks = HashMap::new();
    let mut unknown = Vec::new();
    // A row that was not there is new only where the old window would have held it: between known rows, or at an end it knew.
    let mut inside = old.complete(End::Front);
    for (at, row) in fresh.rows_from(fresh.base()) {
        match known.get(&name(&row.key)) {
            Some(before) => {
                let columns: Vec<usize> = before
                    .cells
                    .iter()
                    .zip(&row.cells)
                    .enumerate()
                    .filter(|(_, (was, is))| was != is)
                    .map(|(column, _)| column)
                    .collect();
                if !columns.is_empty() {
                    marks.insert(at, Mark::Cells(columns));
                }
                if inside {
                    marks.extend(unknown.drain(..).map(|at| (at, Mark::New)));
                }
                unknown.clear();
                inside = true;
            }
            None => unknown.push(at),
        }
    }
    if inside && old.complete(End::Back) {
        marks.extend(unknown.into_iter().map(|at| (at, Mark::New)));
    }
    marks
}

/// A number for a key, to find it by. Two keys with the same number are one in 10^19.
fn name(key: &RowKey) -> u64 {
    let mut state = DefaultHasher::new();
    match key {
        RowKey::Rowid(id) => id.hash(&mut state),
        RowKey::Ordinal(number) => number.hash(&mut state),
        RowKey::Primary(values) => values.iter().for_each(|value| match value {
            Value::Null => 0_u8.hash(&mut state),
            Value::Integer(number) => (1_u8, number).hash(&mut state),
            Value::Real(number) => (2_u8, number.to_bits()).hash(&mut state),
            Value::Text(bytes) => (3_u8, bytes).hash(&mut state),
            Value::Blob(bytes) => (4_u8, bytes).hash(&mut state),
        }),
    }
    state.finish()
}
