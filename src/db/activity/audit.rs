//! When what is known is compared with what is there, and how far that came.
//!
//! An audit follows some seconds after a change, in pieces with pauses between them, and takes at most a hundredth of the time. Times are
//! arguments.

use std::time::{Duration, Instant};

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
