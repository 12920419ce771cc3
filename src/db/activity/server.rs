//! The bots' activity on a server: the same updates as from a file, one request a look.
//!
//! A look is written down first, as statements that know from what is known what to ask for, and folded in when its rows are there;
//! what is kept of them is the same as for a file. What a look cannot see is found by an audit in a later one, once a minute. Rows that
//! were known and are gone mean a new start: the next look is the first one again. Must not ask anything itself, nor read the states.

mod ledger;
mod queue;
mod runs;

use std::{
    slice,
    time::{Duration, Instant},
};

use self::{ledger::ServerLedger, queue::ServerQueue, runs::ServerRuns};
use crate::{
    db::{
        error::Result,
        server::{link::Set, script::Script},
    },
    domain::{activity::ActivityUpdate, schema::Schema, value::Value},
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
    audit_at: Option<Instant>,
}

/// What a look brought.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Taken {
    /// Nothing for the pane.
    Nothing,
    /// This.
    News(Box<ActivityUpdate>),
    /// Rows that were known are gone: the next look begins anew, and should come at once.
    Lost,
}

impl Taken {
    /// Whether it shows that the database changed.
    pub(crate) fn is_a_change(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::News(update) => !update.anew,
            Self::Lost => true,
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
            audit_at: None,
        })
    }

    /// Adds the statements of the next look. Their rows go to [`Self::take`] of the same object; where there are none, because the
    /// request failed, go on with a copy from before.
    pub(crate) fn ask(&mut self, script: &mut Script, now: Instant) -> Result<()> {
        self.depth = match self.audit_at {
            _ if self.anew => Depth::First,
            Some(at) if at > now => Depth::Next,
            _ => Depth::Audit,
        };
        if let Some(ledger) = &mut self.ledger {
            ledger.ask(self.depth, script)?;
        }
        if let Some(runs) = &mut self.runs {
            runs.ask(self.depth, script)?;
        }
        if let Some(queue) = &mut self.queue {
            queue.ask(self.depth, now, script)?;
        }
        Ok(())
    }

    /// Takes in the rows of the look that was asked for.
    pub(crate) fn take(&mut self, sets: &[Set], now: Instant) -> Taken {
        let mut sets = Sets(sets.iter());
        let mut update = ActivityUpdate { anew: self.depth == Depth::First, ..ActivityUpdate::default() };
        let mut found = super::Found::Fine;
        if let Some(ledger) = &mut self.ledger {
            found = ledger.take(&mut sets, &mut update);
        }
        if let Some(runs) = self.runs.as_mut().filter(|_| found == super::Found::Fine) {
            found = runs.take(&mut sets, &mut update);
        }
        if found == super::Found::Lost {
            self.anew = true;
            return Taken::Lost;
        }
        if let Some(queue) = &mut self.queue {
            update.queue = queue.take(&mut sets, now);
        }
        self.anew = false;
        if self.depth != Depth::Next {
            self.audit_at = Some(now + AUDIT);
        }
        let news = update.is_news(self.running_told);
        self.running_told = update.runs_running;
        if news { Taken::News(Box::new(update)) } else { Taken::Nothing }
    }
}

/// The answers to a look's statements, in their order. What is missing is empty: whoever answers need not be honest.
struct Sets<'a>(slice::Iter<'a, Set>);

impl Sets<'_> {
    /// The rows of the next statement that begin with an id.
    fn rows<T>(&mut self, make: impl Fn(i64, &[Value]) -> T) -> Vec<T> {
        let rows = self.0.next().map_or(&[][..], |set| &set.rows);
        rows.iter().filter_map(|row| Some(make(row.first()?.as_integer()?, row))).collect()
    }

    /// The numbers of the next statement's one row.
    fn numbers<const N: usize>(&mut self) -> [u64; N] {
        let row = self.0.next().and_then(|set| set.rows.first());
        std::array::from_fn(|at| {
            let number = row.and_then(|row| row.get(at)).and_then(Value::as_integer);
            number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
        })
    }

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
