//! The bots' activity, read without re-reading what is known.
//!
//! It owns what was last seen of the ledger, the runs and the queue, and turns each look into an [`ActivityUpdate`]. A look after
//! a change reads the rows behind the last one known, a few before them, and the rows that can still change; none of them costs
//! what the tables hold. What such a look cannot see (a row deleted or changed in the middle) is found by an audit some seconds
//! after the last change. It must not write, must not wait, and never reads the states (`before_state`, `after_state`).

mod board;
mod ledger;
mod live;
mod queue;
mod runs;
pub(crate) mod server;
mod source;

use std::time::{Duration, Instant};

use rusqlite::Connection;

use self::{ledger::Ledger, queue::Queue, runs::Runs, source::Counting};
use crate::domain::{activity::ActivityUpdate, schema::Schema};

/// How long after a change the audit comes, at least.
const AUDIT: Duration = Duration::from_secs(5);
/// An audit takes at most one part in so many of the time.
const AUDIT_SHARE: u32 = 100;
/// How soon rows follow that had no turn in a look.
const TURN: Duration = Duration::from_millis(50);

/// Why one looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Something was committed.
    Change,
    /// [`ActivityReader::next_look`] said so.
    Due,
}

/// Whether what is known still leads to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Fine,
    /// Rows that were known are gone: only a new start is right.
    Lost,
}

/// What is known of the bots' three tables. Made for one schema: after a change of the schema make a new one.
#[derive(Clone)]
pub(crate) struct ActivityReader {
    ledger: Option<Ledger>,
    runs: Option<Runs>,
    queue: Option<Queue>,
    board: board::BoardReader,
    /// Nothing is known yet, or nothing any more.
    anew: bool,
    running_told: u64,
    audit_at: Option<Instant>,
    audit_pause: Duration,
}

impl ActivityReader {
    /// A reader of the tables of this schema; `None` where it has none of the three.
    pub(crate) fn of(schema: &Schema) -> Option<Self> {
        let (ledger, runs, queue) = (Ledger::of(schema), Runs::of(schema), Queue::of(schema));
        (ledger.is_some() || runs.is_some() || queue.is_some()).then_some(Self {
            ledger,
            runs,
            queue,
            board: board::BoardReader::of(schema),
            anew: true,
            running_told: 0,
            audit_at: None,
            audit_pause: AUDIT,
        })
    }

    /// Looks, inside a read transaction of the caller's: the three tables as they were at one moment. `None` where there is nothing
    /// new for the pane. After an error this reader knows half of it: go on with a copy from before.
    pub(crate) fn look(
        &mut self,
        connection: &Connection,
        occasion: Occasion,
        now: Instant,
    ) -> rusqlite::Result<Option<ActivityUpdate>> {
        let mut counting = Counting::new(connection);
        let mut update = ActivityUpdate::default();
        let due = self.audit_at.is_some_and(|at| at <= now);
        if self.anew
            || self.next(&mut counting, occasion, &mut update)? == Found::Lost
            || (due && self.audit(&mut counting, &mut update)? == Found::Lost)
        {
            update = ActivityUpdate::default();
            self.first(&mut counting, &mut update)?;
            self.anew = false;
            self.audit_at = None;
        } else if occasion == Occasion::Change && self.audit_at.is_none() {
            self.audit_at = Some(now + self.audit_pause);
        }
        if update.ledger_skipped > 0 && !update.anew {
            update = ActivityUpdate::default();
            self.first(&mut counting, &mut update)?;
        }
        self.board.fill(&mut counting, &mut update)?;
        if update.anew || update.queue.is_some() {
            self.board.queue(&mut counting, &mut update)?;
        }
        update.rows_read = counting.rows_read;
        let news = update.is_news(self.running_told);
        self.running_told = update.runs_running;
        Ok(news.then_some(update))
    }

    /// When to look again though nothing is committed until then.
    pub(crate) fn next_look(&self, now: Instant) -> Option<Duration> {
        let owes = self.runs.as_ref().is_some_and(Runs::owes) || self.queue.as_ref().is_some_and(Queue::owes);
        let audit = self.audit_at.map(|at| at.saturating_duration_since(now));
        if owes { Some(audit.map_or(TURN, |audit| audit.min(TURN))) } else { audit }
    }

    fn first(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<()> {
        update.anew = true;
        if let Some(ledger) = &mut self.ledger {
            ledger.first(counting, update)?;
        }
        if let Some(runs) = &mut self.runs {
            runs.first(counting, update)?;
        }
        if let Some(queue) = &mut self.queue {
            update.queue = Some(queue.first(counting)?);
        }
        Ok(())
    }

    fn next(
        &mut self,
        counting: &mut Counting<'_>,
        occasion: Occasion,
        update: &mut ActivityUpdate,
    ) -> rusqlite::Result<Found> {
        let mut found = Found::Fine;
        if let Some(ledger) = self.ledger.as_mut().filter(|_| occasion == Occasion::Change) {
            found = ledger.next(counting, update)?;
        }
        if let Some(runs) = self.runs.as_mut().filter(|_| found == Found::Fine) {
            found = runs.next(counting, occasion, update)?;
        }
        if let Some(queue) = self.queue.as_mut().filter(|_| found == Found::Fine) {
            update.queue = queue.next(counting, occasion)?;
        }
        Ok(found)
    }

    fn audit(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<Found> {
        let start = Instant::now();
        let mut found = Found::Fine;
        if let Some(ledger) = &mut self.ledger {
            found = ledger.audit(counting, update)?;
        }
        if let Some(runs) = self.runs.as_mut().filter(|_| found == Found::Fine) {
            found = runs.audit(counting, update)?;
        }
        if let Some(queue) = self.queue.as_mut().filter(|_| found == Found::Fine) {
            update.queue = queue.audit(counting)?.or(update.queue.take());
        }
        self.audit_at = None;
        self.audit_pause = AUDIT.max(start.elapsed() * AUDIT_SHARE);
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
