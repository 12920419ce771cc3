//! The bots' activity on a server: the same updates as from a file, one request a look.
//!
//! A look is written down first, as statements that know from what is known what to ask for, and folded in when its rows are there;
//! what is kept of them is the same as for a file. What a look cannot see is found by an audit in a later one, once a minute. Rows that
//! were known and are gone mean a new start: the next look is the first one again. What the board counts of before comes in turns, one
//! with each look, which then follow each other as quickly as the server answers. Must not ask anything itself, nor read the states.

mod events;
mod gaps;
mod ledger;
mod queue;
mod runs;
mod stamps;
mod tally;

use std::{
    slice,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use self::{ledger::ServerLedger, queue::ServerQueue, runs::ServerRuns};
use crate::{
    db::{
        error::Result,
        server::{link::Set, script::Script},
    },
    domain::{activity::ActivityUpdate, bots::ReadSoFar, schema::Schema, time, value::Value},
};

/// How often the audit comes.
const AUDIT: Duration = Duration::from_secs(60);

/// How much a look asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Everything that is shown.
    First,
    /// What came, and what can have changed.
    Next,
    /// Also what should not have changed.
    Audit,
}

/// What is known of the bots' three tables. Made for one schema: after a change of the schema make a new one.
#[derive(Clone)]
pub(crate) struct ServerActivity {
    ledger: Option<ServerLedger>,
    runs: Option<ServerRuns>,
    queue: Option<ServerQueue>,
    /// What was asked last.
    depth: Depth,
    /// Nothing is known yet, or nothing any more.
    anew: bool,
    running_told: u64,
    read_told: Option<ReadSoFar>,
    audit_at: Option<Instant>,
    /// When it was asked, by the clock on the wall.
    second: i64,
}

/// What a look brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Taken {
    /// Nothing for the pane.
    Nothing,
    /// This.
    News(Box<ActivityUpdate>),
    /// This, of what was there before.
    Before(Box<ActivityUpdate>),
    /// Rows that were known are gone: the next look begins anew, and should come at once.
    Lost,
}

impl Taken {
    /// Whether it shows that the database changed.
    pub(crate) fn is_a_change(&self) -> bool {
        match self {
            Self::Nothing | Self::Before(_) => false,
            Self::News(_) | Self::Lost => true,
        }
    }
}

impl ServerActivity {
    /// A reader of the tables of this schema; `None` where it has none of the three.
    pub(crate) fn of(schema: &Schema) -> Option<Self> {
        let (ledger, runs, queue) = (ServerLedger::of(schema), ServerRuns::of(schema), ServerQueue::of(schema));
        (ledger.is_some() || runs.is_some() || queue.is_some()).then_some(Self {
            ledger,
            runs,
            queue,
            depth: Depth::First,
            anew: true,
            running_told: 0,
            read_told: None,
            audit_at: None,
            second: 0,
        })
    }

    /// The next look compares what was told with what is there: somebody wants to be sure.
    pub(crate) const fn compare(&mut self, now: Instant) {
        self.audit_at = Some(now);
    }

    /// Adds the statements of the next look. Their rows go to [`Self::take`] of the same object; where there are none, because the
    /// request failed, go on with a copy from before. `wall` says which rows are of the last days.
    pub(crate) fn ask(&mut self, script: &mut Script, now: Instant, wall: Timestamp) -> Result<()> {
        self.depth = match self.audit_at {
            _ if self.anew => Depth::First,
            Some(at) if at > now => Depth::Next,
            _ => Depth::Audit,
        };
        let day = stamps::day(wall);
        self.second = time::second(wall);
        if let Some(ledger) = &mut self.ledger {
            ledger.ask(self.depth, &day, now, script)?;
        }
        if let Some(runs) = &mut self.runs {
            runs.ask(self.depth, now, script)?;
        }
        if let Some(queue) = &mut self.queue {
            queue.ask(self.depth, &day, now, script)?;
        }
        Ok(())
    }

    /// Takes in the rows of the look that was asked for, for which the server took this long.
    pub(crate) fn take(&mut self, sets: &[Set], took: Duration, now: Instant) -> Taken {
        let mut sets = Sets(sets.iter());
        let mut update = ActivityUpdate { anew: self.depth == Depth::First, ..ActivityUpdate::default() };
        let mut found = super::Found::Fine;
        let before = self.ledger.clone();
        if let Some(ledger) = &mut self.ledger {
            found = ledger.take(&mut sets, took, now, &mut update);
        }
        if let Some(runs) = self.runs.as_mut().filter(|_| found == super::Found::Fine) {
            found = runs.take(&mut sets, took, now, &mut update);
            if found == super::Found::Lost {
                // What this look brought of the ledger is not told, so it was not taken in.
                self.ledger = before;
            }
        }
        if found == super::Found::Lost {
            self.anew = true;
            return Taken::Lost;
        }
        if let Some(queue) = &mut self.queue {
            queue.take(&mut sets, self.second, now, &mut update);
        }
        if self.depth == Depth::First {
            self.end_the_missing(&mut update);
        }
        self.anew = false;
        if self.depth != Depth::Next {
            self.audit_at = Some(now + AUDIT);
        }
        let read = self.read();
        update.board.read = (self.read_told != Some(read)).then_some(read);
        self.read_told = Some(read);
        let running_told = std::mem::replace(&mut self.running_told, update.runs_running);
        let came = !update.ledger.is_empty()
            || update.ledger_skipped > 0
            || !update.runs.is_empty()
            || update.runs_running != running_told
            || update.queue.is_some();
        match update.is_news(running_told) {
            true if came && !update.anew => Taken::News(Box::new(update)),
            true => Taken::Before(Box::new(update)),
            false => Taken::Nothing,
        }
    }

    /// What is told of a table that was there before is over where it is not there any more.
    fn end_the_missing(&self, update: &mut ActivityUpdate) {
        update.board.ledger_anew |= self.ledger.is_none();
        update.board.runs_anew |= self.runs.is_none();
        if self.queue.is_none() {
            (update.queue, update.board.queue) = (Some(Vec::new()), Some(Arc::default()));
            (update.board.queue_anew, update.board.oldest_pending) = (true, Some(None));
        }
    }

    /// Whether there is more to ask for at once: what was there before is told in turns.
    pub(crate) fn owes(&self, now: Instant) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.told.owes(now))
            || self.runs.as_ref().is_some_and(|runs| runs.owes(now))
            || self.queue.as_ref().is_some_and(|queue| queue.owes(now))
    }

    /// A look's answer was too large, or took too long: the next turns are smaller. False where they cannot be.
    pub(crate) fn less(&mut self) -> bool {
        let ledger = self.ledger.as_mut().is_some_and(|ledger| ledger.told.gaps.less());
        let runs = self.runs.as_mut().is_some_and(ServerRuns::less);
        ledger || runs
    }

    fn read(&self) -> ReadSoFar {
        let nothing = ReadSoFar { week: true, all: true, ..ReadSoFar::default() };
        let ledger = self.ledger.as_ref().map_or(nothing, ServerLedger::read);
        let runs = self.runs.as_ref().is_none_or(ServerRuns::are_told);
        ReadSoFar { all: ledger.all && runs, ..ledger }
    }
}

/// The answers to a look's statements, in their order. What is missing is empty: whoever answers need not be honest.
struct Sets<'a>(slice::Iter<'a, Set>);

impl Sets<'_> {
    /// The next statement's rows as they are.
    fn plain(&mut self) -> &[Vec<Value>] {
        self.0.next().map_or(&[], |set| &set.rows)
    }
}

/// Ids for `IN (…)`.
fn list(ids: impl IntoIterator<Item = i64>) -> String {
    let ids: Vec<String> = ids.into_iter().map(literal).collect();
    ids.join(",")
}

/// The smallest integer cannot be written as one: its digits alone are too large.
fn literal(id: i64) -> String {
    if id == i64::MIN { "(-9223372036854775807-1)".to_owned() } else { id.to_string() }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod told;
