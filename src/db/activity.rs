//! The bots' activity, read without re-reading what is known.
//!
//! It owns what was last seen of the ledger, the runs and the queue, and turns each look into an [`ActivityUpdate`]. A look after
//! a change reads the rows behind the last one known, those in the gaps before it, and the rows that can still change; none of them
//! costs what the tables hold. What was there before is read in turns of some milliseconds. What no look can see (a row deleted or
//! changed in the middle) is found by an audit some seconds after a change, in turns, too; then the table is counted anew. It must
//! not write, must not wait, and never reads the states (`before_state`, `after_state`).

mod audit;
mod coverage;
mod items;
mod ledger;
mod live;
mod look;
mod names;
mod queue;
mod recount;
mod runs;
pub(crate) mod server;
mod source;
mod tail;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use self::{
    audit::{Audit, Stage},
    items::Items,
    ledger::Ledger,
    look::{Effort, Look},
    names::Names,
    runs::Runs,
};
use crate::domain::{activity::ActivityUpdate, bots::ReadSoFar, schema::Schema};

/// How soon rows follow that had no turn in a look.
const TURN: Duration = Duration::from_millis(50);
/// How soon counting goes on.
const WORK: Duration = Duration::from_millis(1);
/// Looks that follow each other faster than this read fewer of the rows that can change.
const BUSY: Duration = Duration::from_millis(200);

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
    queue: Option<Items>,
    /// Nothing was told yet.
    anew: bool,
    running_told: u64,
    read_told: Option<ReadSoFar>,
    names: Names,
    audit: Audit,
    looked: Option<Instant>,
    effort: Effort,
}

impl ActivityReader {
    /// A reader of the tables of this schema; `None` where it has none of the three.
    pub(crate) fn of(schema: &Schema) -> Option<Self> {
        let (ledger, runs, queue) = (Ledger::of(schema), Runs::of(schema), Items::of(schema));
        (ledger.is_some() || runs.is_some() || queue.is_some()).then_some(Self {
            ledger,
            runs,
            queue,
            anew: true,
            running_told: 0,
            read_told: None,
            names: Names::default(),
            audit: Audit::default(),
            looked: None,
            effort: Effort::default(),
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
        let busy = self.looked.replace(now).is_some_and(|at| now.saturating_duration_since(at) < BUSY);
        let turn = if busy { live::FEW } else { live::TURN };
        self.names.bound();
        let mut look = Look::new(connection, std::mem::take(&mut self.names), now, turn, self.effort);
        if occasion == Occasion::Change && !self.anew {
            self.audit.changed(now);
        }
        let counts = self.counts(now);
        // Whoever counts takes what is there for known: what came until now has to be told first.
        let occasion = if counts { Occasion::Change } else { occasion };
        let mut found = if self.anew { Found::Lost } else { self.next(&mut look, occasion)? };
        if found == Found::Fine && self.audit.is_due(now) {
            found = self.audit(&mut look)?;
        }
        if found == Found::Lost || self.tells_anew(now) {
            self.first(&mut look)?;
        }
        self.count(&mut look)?;
        self.work(&mut look)?;
        let running = if self.runs.is_some() { look.update.runs_running } else { 0 };
        let (mut update, names) = look.end();
        self.names = names;
        self.tell_of_the_whole(&mut update);
        update.board.runs.extend(update.runs.iter().cloned());
        let news = update.is_news(self.running_told);
        self.running_told = running;
        Ok(news.then_some(update))
    }

    /// The board has everything only with all runs and the queue, and also where there is no ledger.
    fn tell_of_the_whole(&mut self, update: &mut ActivityUpdate) {
        let owed = self.runs.as_ref().is_some_and(Runs::owes) || self.queue.as_ref().is_some_and(Items::owes);
        let known =
            self.ledger.as_ref().map_or(ReadSoFar { week: true, all: true, ..ReadSoFar::default() }, Ledger::read);
        let read = ReadSoFar { all: known.all && !owed, ..known };
        if self.read_told != Some(read) {
            self.read_told = Some(read);
            update.board.read = Some(read);
        }
    }

    /// Compares what was told with what is there from now on: somebody wants to be sure.
    pub(crate) fn compare(&mut self, now: Instant) {
        self.audit.begin(now);
    }

    /// When to look again though nothing is committed until then.
    pub(crate) fn next_look(&self, now: Instant) -> Option<Duration> {
        let (ledger, runs, queue) = (self.ledger.as_ref(), self.runs.as_ref(), self.queue.as_ref());
        if ledger.is_some_and(Ledger::owes) || runs.is_some_and(Runs::owes) || queue.is_some_and(Items::owes) {
            return Some(WORK);
        }
        let owes = ledger.is_some_and(Ledger::has_unasked)
            || runs.is_some_and(Runs::owes_looks)
            || queue.is_some_and(Items::owes_looks);
        let recounts = [
            ledger.and_then(Ledger::recount_at),
            runs.and_then(Runs::recount_at),
            queue.and_then(Items::recount_at),
            self.audit.at(),
        ];
        let due = recounts.into_iter().flatten().min().map(|at| at.saturating_duration_since(now));
        if owes { Some(due.map_or(TURN, |due| due.min(TURN))) } else { due }
    }

    /// Everything that is shown, for somebody who knows nothing. What the board knows stays known.
    fn first(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        self.anew = false;
        let board = std::mem::take(&mut look.update.board);
        look.update = ActivityUpdate { anew: true, board, ..ActivityUpdate::default() };
        // What is told of a table that was there before is over where it is not there any more.
        look.update.board.ledger_anew |= self.ledger.is_none();
        look.update.board.runs_anew |= self.runs.is_none();
        if self.queue.is_none() {
            (look.update.queue, look.update.board.queue) = (Some(Vec::new()), Some(Arc::default()));
            (look.update.board.queue_anew, look.update.board.oldest_pending) = (true, Some(None));
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.first(look)?;
        }
        if let Some(runs) = &mut self.runs {
            runs.first(look)?;
        }
        if let Some(queue) = &mut self.queue {
            queue.first(look)?;
        }
        Ok(())
    }

    fn next(&mut self, look: &mut Look<'_>, occasion: Occasion) -> rusqlite::Result<Found> {
        let mut found = Found::Fine;
        if let Some(ledger) = &mut self.ledger {
            match occasion {
                Occasion::Change => found = ledger.next(look)?,
                Occasion::Due => ledger.go_on(look)?,
            }
        }
        if let Some(runs) = self.runs.as_mut().filter(|_| found == Found::Fine) {
            found = runs.next(look, occasion)?;
        }
        if let Some(queue) = &mut self.queue {
            queue.next(look, occasion)?;
        }
        Ok(found)
    }

    /// Whether one of the tables is counted anew now.
    fn counts(&self, now: Instant) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.recounts(now))
            || self.runs.as_ref().is_some_and(|runs| runs.recounts(now))
            || self.queue.as_ref().is_some_and(|queue| queue.recounts(now))
    }

    /// Whether what is counted anew is shown, too: what is gone must not stay there.
    fn tells_anew(&self, now: Instant) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.recounts(now))
            || self.runs.as_ref().is_some_and(|runs| runs.recounts(now))
    }

    fn count(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let now = look.now;
        if let Some(ledger) = self.ledger.as_mut().filter(|ledger| ledger.recounts(now)) {
            ledger.count(look)?;
        }
        if let Some(runs) = self.runs.as_mut().filter(|runs| runs.recounts(now)) {
            runs.count(look);
        }
        if let Some(queue) = self.queue.as_mut().filter(|queue| queue.recounts(now)) {
            queue.count(look)?;
        }
        Ok(())
    }

    /// What is left to be read, as long as there is time: the short tables first.
    fn work(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        if let Some(queue) = &mut self.queue {
            queue.work(look)?;
        }
        if let Some(runs) = &mut self.runs {
            runs.work(look)?;
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.work(look)?;
        }
        Ok(())
    }

    /// A piece of the audit.
    fn audit(&mut self, look: &mut Look<'_>) -> rusqlite::Result<Found> {
        let began = Instant::now();
        let mut found = Found::Fine;
        let next = match self.audit.stage() {
            Stage::Newest => {
                if let Some(ledger) = &mut self.ledger {
                    found = ledger.audit(look)?;
                }
                if let Some(runs) = self.runs.as_mut().filter(|_| found == Found::Fine) {
                    found = runs.audit(look)?;
                }
                Some(Stage::Ledger(i64::MIN))
            }
            Stage::Ledger(from) => Some(match self.ledger.as_mut() {
                Some(ledger) => ledger.audit_told(look, from)?.map_or(Stage::Runs(i64::MIN), Stage::Ledger),
                None => Stage::Runs(i64::MIN),
            }),
            Stage::Runs(from) => Some(match self.runs.as_mut() {
                Some(runs) => runs.audit_told(look, from)?.map_or(Stage::Queue(i64::MIN), Stage::Runs),
                None => Stage::Queue(i64::MIN),
            }),
            Stage::Queue(from) => match self.queue.as_mut() {
                Some(queue) => queue.audit_told(look, from)?.map(Stage::Queue),
                None => None,
            },
        };
        self.audit.went_on(next, look.now, began.elapsed());
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
