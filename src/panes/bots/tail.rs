//! The ledger as a log: follows the newest rows, and goes back through all of its history.
//!
//! Owns the lines that are here (a [`Window`] over the ledger, through a filter), where one looks in them (an [`Eye`]), what is
//! asked of the database for it ([`Slot::Ledger`]), marks and what is searched for. Until somebody moves the cursor it follows; from
//! then on nothing that is looked at moves, whatever comes. Paused, what comes waits outside. Nothing is lost: a row is shown, or
//! counted in a gap, or older than the first line, from where one goes on back.

mod ask;
mod columns;
mod draw;
mod eye;
mod filter;
mod find;
mod keys;
#[cfg(test)]
mod tests;
mod waiting;
mod when;
mod window;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use ratatui::layout::Rect;

use self::{
    ask::Asked,
    columns::{Column, Columns},
    eye::{Eye, Placed, Sight},
    filter::Filter,
    find::Find,
    waiting::Waiting,
    window::{Choice, Entry, Key, Row, Window},
};
pub(super) use self::{draw::Cursor, keys::Clicked};
use super::{ages, layout::Part};
use crate::{
    db::{error::Error, request::Slot},
    domain::{
        activity::{self, ActivityUpdate, LedgerFilter, LedgerRow},
        time::TimeFormat,
    },
    panes::{Cx, Handled},
};

/// The slot of its pages.
const SLOT: Slot = Slot::Ledger;
/// Rows of the ledger itself that are kept beside what is shown: whoever follows again has them at once.
const LIVE: usize = 2_000;

/// Whether an update is the first one, or tells everything anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Everything that was known is forgotten.
    First,
    /// It tells what came.
    Next,
}

/// Whether it is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// What comes waits.
    On,
    /// What comes is shown.
    Off,
}

/// Whether reasons are cut at the end of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Wrap {
    /// They are.
    #[default]
    Cut,
    /// They go on in the next line.
    Wrapped,
}

/// Which way the cursor went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Heading {
    /// Back.
    #[default]
    Older,
    /// Forward.
    Newer,
}

/// Whether more is read by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Ahead {
    /// Nothing was told yet.
    #[default]
    NotYet,
    /// It is.
    On,
    /// The user has ended a long search: it goes on when he moves.
    Stopped,
}

/// The ledger's tail.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The newest rows, whatever the filter.
    live: Window,
    /// The rows that pass, from where one has gone back to.
    window: Window,
    waiting: Option<Waiting>,
    filter: Filter,
    passes: LedgerFilter,
    eye: Eye,
    heading: Heading,
    column: Column,
    wrap: Wrap,
    /// When the rows with these ids were marked.
    marks: BTreeMap<i64, Timestamp>,
    /// The newest line that was on the screen.
    seen: Option<Key>,
    /// Rows that came behind it.
    unseen: u64,
    asked: Option<Asked>,
    failed: Option<Error>,
    ahead: Ahead,
    find: Option<Find>,
    /// Where one looked when the prompt was opened that is open.
    searching_from: Option<Eye>,
    /// Where it was drawn last.
    part: Part,
    times: TimeFormat,
}

impl Tail {
    /// What the ledger tells.
    pub(super) fn take(&mut self, update: &ActivityUpdate, look: Look, cx: &mut Cx<'_>) {
        let arrived = (look == Look::Next).then_some(cx.now.elapsed);
        let rows: Vec<Arc<Row>> = update.ledger.iter().map(|row| Row::new(row, arrived)).collect();
        let skipped = update.ledger_skipped;
        match look {
            Look::First => {
                // Fewer than were asked for: there are no others.
                self.live.begin(&rows, skipped, rows.len() >= activity::TAIL);
                match &mut self.waiting {
                    Some(waiting) => waiting.begin_anew(),
                    None => self.restart(cx),
                }
                self.ahead = Ahead::On;
            }
            Look::Next => {
                self.live.take(&rows, skipped, |_| true);
                self.live.trim(LIVE, None);
                match &mut self.waiting {
                    Some(waiting) => waiting.push(rows, skipped, &self.passes, self.window.told()),
                    None => self.merge(&rows, skipped),
                }
            }
        }
        self.settle(cx);
    }

    /// Rows that came, while it is not paused.
    fn merge(&mut self, rows: &[Arc<Row>], skipped: u64) {
        if let Some(asked) = &mut self.asked {
            asked.keep_late(rows);
        }
        let passes = &self.passes;
        self.window.take(rows, skipped, |row| passes.matches(row));
        let is_new =
            |row: &&Arc<Row>| self.seen.is_none_or(|seen| Key::row(row.data.id) > seen) && passes.matches(&row.data);
        self.unseen += rows.iter().filter(is_new).count() as u64 + skipped;
        self.trim();
    }

    fn trim(&mut self) {
        self.window.trim(window::MOST, self.looked_at());
    }

    /// Begins with the newest rows. Who held a row that is older than these finds it again.
    fn restart(&mut self, cx: &mut Cx<'_>) {
        self.window = self.live_window();
        (self.seen, self.unseen) = (None, 0);
        self.forget_asked(cx);
        if let Some(key) = self.eye.key()
            && self.window.older().is_some_and(|from| key.id <= from)
        {
            self.jump_to_row(key.id, cx);
        }
    }

    fn live_window(&self) -> Window {
        let choice = if self.filter.is_empty() { Choice::All } else { Choice::Some };
        self.live.only(choice, |row| self.passes.matches(row))
    }

    /// Nothing that comes is shown from now on, or all of it.
    pub(super) fn set_paused(&mut self, pause: Pause, cx: &mut Cx<'_>) {
        match (pause, self.waiting.take()) {
            (Pause::On, waiting) => self.waiting = waiting.or_else(|| Some(Waiting::default())),
            (Pause::Off, Some(waiting)) if waiting.is_anew() => self.restart(cx),
            (Pause::Off, Some(waiting)) => waiting.updates().for_each(|(rows, skipped)| self.merge(&rows, skipped)),
            (Pause::Off, None) => {}
        }
        self.settle(cx);
    }

    /// The database can be read again, or the user wants it read.
    pub(super) fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        if self.failed.take().is_none() {
            return Handled::No;
        }
        self.settle(cx);
        Handled::Yes
    }

    /// Another filter. The row one looks at stays, where it passes.
    fn set_filter(&mut self, filter: Filter, cx: &mut Cx<'_>) {
        if filter == self.filter {
            return;
        }
        let held = self.eye.key();
        let row = held.and_then(|key| self.window.row(key.id)).cloned();
        self.passes = filter.meant();
        self.filter = filter;
        self.forget_asked(cx);
        // The live rows have also what waits outside.
        if let Some(waiting) = &mut self.waiting {
            *waiting = Waiting::default();
        }
        self.window = self.live_window();
        if let Some(key) = held
            && self.window.older().is_some_and(|from| key.id <= from)
        {
            // Its own line at once, and what is around it when that has been read.
            match row.filter(|row| self.passes.matches(&row.data)) {
                Some(row) => self.window.cover(key.id.saturating_sub(1), key.id, &[row]),
                None => self.jump_to_row(key.id, cx),
            }
        }
        (self.seen, self.unseen) = (self.window.last(), 0);
        self.settle(cx);
    }

    /// The rows of one bot, and only they.
    pub(super) fn filter_on_bot(&mut self, bot: &str, cx: &mut Cx<'_>) {
        self.set_filter(Filter { bots: vec![bot.to_owned()], ..Filter::default() }, cx);
    }

    /// The rows of one action since this second, and only they: the newest first to be seen.
    pub(super) fn filter_on_burst(&mut self, action: &str, since: i64, cx: &mut Cx<'_>) {
        let mut filter = Filter { actions: vec![action.to_owned()], ..Filter::default() };
        filter.from(since);
        self.eye.release();
        self.set_filter(filter, cx);
    }

    /// It is drawn here from now on.
    pub(super) fn place(&mut self, part: Part, cx: &mut Cx<'_>) {
        self.part = part;
        self.settle(cx);
    }

    /// Where its head and its lines are: what is filtered on is said also where there is no head otherwise.
    fn split(&self) -> Part {
        let Part { head, body } = self.part;
        if !head.is_empty() || body.height < 3 || self.filter.is_empty() {
            return self.part;
        }
        Part { head: Rect { height: 1, ..body }, body: Rect { y: body.y + 1, height: body.height - 1, ..body } }
    }

    /// After anything that may have moved or added lines.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>) {
        self.times = cx.settings.times;
        self.see(Eye::fit);
        let last = if self.eye.follows() { self.window.last() } else { self.looked_at().map(|(_, last)| last) };
        if last > self.seen {
            self.seen = last;
            self.unseen = last.map_or(0, |last| self.window.rows_after(last));
        }
        if self.eye.follows() {
            self.unseen = 0;
        }
        self.read_ahead(cx);
    }

    fn height(&self) -> usize {
        usize::from(self.split().body.height)
    }

    /// Has the eye look.
    fn see(&mut self, look: impl FnOnce(&mut Eye, &Sight<'_>)) {
        let mut eye = self.eye;
        self.with_sight(|sight| look(&mut eye, sight));
        self.eye = eye;
    }

    /// Puts the eye on a line.
    fn look_at(&mut self, at: usize, put: impl FnOnce(&mut Eye, &Sight<'_>, usize)) {
        self.see(|eye, sight| put(eye, sight, at));
    }

    fn with_sight<T>(&self, look: impl FnOnce(&Sight<'_>) -> T) -> T {
        let columns = self.columns();
        look(&Sight { window: &self.window, height: self.height(), tall: &|at| self.tall(at, &columns) })
    }

    fn columns(&self) -> Columns {
        Columns::of(self.part.body.width, self.times)
    }

    /// How many lines of the screen it takes.
    fn tall(&self, at: usize, columns: &Columns) -> usize {
        let Some(Entry::Row(row)) = self.window.get(at) else { return 1 };
        let mark = usize::from(self.marks.contains_key(&row.data.id));
        let below = if self.wrap == Wrap::Wrapped { columns.wrapped(&row.data).below.len() } else { 0 };
        // The mark is seen whatever the reason's length.
        (1 + below).min(self.height().saturating_sub(mark).max(1)) + mark
    }

    fn screen(&self) -> Vec<Placed> {
        self.with_sight(|sight| self.eye.screen(sight))
    }

    /// The first and last line that must stay: somebody looks at them.
    fn looked_at(&self) -> Option<(Key, Key)> {
        let cursor = self.eye.key()?;
        let screen = self.screen();
        let key = |line: Option<&Placed>| line.and_then(|line| self.window.get(line.at)).map(Entry::key);
        match key(screen.first()).zip(key(screen.last())) {
            Some((first, last)) => Some((first.min(cursor), last.max(cursor))),
            // The cursor's line stays also where there is no room to show it.
            None => Some((cursor, cursor)),
        }
    }

    fn entry(&self) -> Option<&Entry> {
        self.window.get(self.eye.cursor(&self.window)?)
    }

    fn row(&self) -> Option<&LedgerRow> {
        match self.entry()? {
            Entry::Row(row) => Some(&row.data),
            Entry::Gap(_) => None,
        }
    }

    /// What is under the cursor.
    #[cfg(test)]
    pub(super) fn cursor_key(&self) -> Option<impl PartialEq + std::fmt::Debug + use<>> {
        self.eye.key()
    }

    /// While paused: rows that came since.
    pub(super) fn held_back(&self) -> Option<u64> {
        self.waiting.as_ref().map(Waiting::came)
    }

    /// Whether it follows the newest rows.
    pub(super) const fn follows(&self) -> bool {
        self.eye.follows()
    }

    /// Rows that came behind what was seen.
    pub(super) const fn unseen(&self) -> u64 {
        self.unseen
    }

    /// When the newest row was written that can be read.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.live.lines(0..self.live.len()).rev().find_map(|(_, entry)| match entry {
            Entry::Row(row) => row.at,
            Entry::Gap(_) => None,
        })
    }

    /// How long until an age on the screen changes; `None` where no age is shown.
    pub(super) fn next_age(&self, now: Timestamp) -> Option<Duration> {
        if self.times != TimeFormat::Relative {
            return None;
        }
        let ages = self.screen().into_iter().filter_map(|line| match self.window.get(line.at)? {
            Entry::Row(row) => row.at,
            Entry::Gap(_) => None,
        });
        ages.map(|then| ages::until_older(then, now)).min()
    }
}
