//! When what is known is compared with what is there, and how far that came.
//!
//! An audit follows some seconds after a change, in pieces with pauses between them, and takes at most a hundredth of the time. Times are
//! arguments.

use std::time::{Duration, Instant};

use rusqlite::Row;

use super::{
    coverage::{Coverage, Sum},
    look::Look,
};

/// How long after a change the audit comes, at least.
const AFTER: Duration = Duration::from_secs(5);
/// An audit takes at most one part in so many of the time.
const SHARE: u32 = 100;
/// The pause between its pieces.
const PIECE: Duration = Duration::from_millis(50);

/// What is compared next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The newest rows, which are shown.
    Newest,
    /// The rows of the ledger that were told, from this id on.
    Ledger(i64),
    /// The runs.
    Runs(i64),
    /// The queue.
    Queue(i64),
}

/// When the next piece is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Audit {
    at: Option<Instant>,
    stage: Stage,
    /// Something changed since it began.
    again: bool,
    worked: Duration,
    pause: Duration,
}

impl Default for Audit {
    fn default() -> Self {
        Self { at: None, stage: Stage::Newest, again: false, worked: Duration::ZERO, pause: AFTER }
    }
}

impl Audit {
    pub(super) const fn at(&self) -> Option<Instant> {
        self.at
    }

    pub(super) const fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now)
    }

    /// Begins, whatever has happened.
    pub(super) fn begin(&mut self, now: Instant) {
        (self.stage, self.at) = (Stage::Newest, Some(now));
    }

    /// Something was committed.
    pub(super) fn changed(&mut self, now: Instant) {
        if self.at.is_none() {
            self.at = Some(now + self.pause);
        } else if self.stage != Stage::Newest {
            self.again = true;
        }
    }

    /// A piece was done; `None` follows on the last one.
    pub(super) fn went_on(&mut self, next: Option<Stage>, now: Instant, took: Duration) {
        self.worked += took;
        if let Some(next) = next {
            (self.stage, self.at) = (next, Some(now + PIECE));
            return;
        }
        self.pause = AFTER.max(self.worked * SHARE);
        (self.stage, self.worked) = (Stage::Newest, Duration::ZERO);
        self.at = std::mem::take(&mut self.again).then(|| now + self.pause);
    }
}

/// What came of comparing what was told of a table with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// It is not the same: the table has to be counted anew.
    Other,
    /// It is the same so far; from this id on there is more to compare.
    Until(i64),
    /// It is the same.
    Same,
}

/// Compares the rows that were told, from this id on, as long as an audit may take. `rows` reads those between two ids, `mark` says what
/// stands in one.
pub(super) fn compare(
    told: &Coverage,
    look: &mut Look<'_>,
    mut from: i64,
    rows: &str,
    mark: impl Fn(&Row<'_>) -> rusqlite::Result<u64>,
) -> rusqlite::Result<Compared> {
    let began = Instant::now();
    while let Some((stretch, expected)) = told.to_audit(from) {
        let mut sum = Sum::default();
        look.counting.each(rows, (stretch.first, stretch.last), |row| {
            sum.add(mark(row)?);
            Ok(())
        })?;
        if sum != expected {
            return Ok(Compared::Other);
        }
        let Some(next) = stretch.last.checked_add(1) else { break };
        from = next;
        if !look.audits_on(began) {
            return Ok(Compared::Until(from));
        }
    }
    Ok(Compared::Same)
}
