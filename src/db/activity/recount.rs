//! Counting a table anew, but not all the time.
//!
//! It owns whether that is wanted, and when it may be: a clean-up that takes rows away in hundred commits must not have the table read
//! a hundred times. Times are arguments.

use std::time::{Duration, Instant};

/// At least so long lies between two countings.
const PAUSE: Duration = Duration::from_secs(1);
/// Counting takes at most one part in so many of the time.
const SHARE: u32 = 50;

/// Whether a table has to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It was never counted.
    New,
    Counting,
    /// What was told while counting is not what is there.
    CountingInVain,
    Counted,
    /// What was told is not what is there.
    Wanted,
}

/// When a table is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recount {
    state: State,
    /// Not before this.
    at: Option<Instant>,
    worked: Duration,
    /// The last one came out wrong by counting the last week ahead of the rest.
    plainly: bool,
}

impl Default for Recount {
    fn default() -> Self {
        Self { state: State::New, at: None, worked: Duration::ZERO, plainly: false }
    }
}

impl Recount {
    pub(super) fn is_begun(&self) -> bool {
        self.state != State::New
    }

    pub(super) fn is_counting(&self) -> bool {
        matches!(self.state, State::Counting | State::CountingInVain)
    }

    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.state, State::Wanted | State::CountingInVain)
    }

    /// What was told is not what is there.
    pub(super) fn want(&mut self) {
        self.state = match self.state {
            State::New => State::New,
            State::Counting | State::CountingInVain => State::CountingInVain,
            State::Counted | State::Wanted => State::Wanted,
        };
    }

    /// Likewise, and it came of a short cut.
    pub(super) fn want_plainly(&mut self) {
        self.plainly = true;
        self.want();
    }

    /// When it may be counted, where that is wanted.
    pub(super) const fn at(&self) -> Option<Instant> {
        match self.state {
            State::Wanted => self.at,
            State::New | State::Counting | State::CountingInVain | State::Counted => None,
        }
    }

    /// Whether to count now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        match self.state {
            State::New => true,
            State::Wanted => self.at.is_none_or(|at| at <= now),
            State::Counting | State::CountingInVain | State::Counted => false,
        }
    }

    /// Counting begins; whether short cuts may be taken.
    pub(super) fn begin(&mut self) -> bool {
        let plainly = self.plainly;
        *self = Self { state: State::Counting, at: None, worked: Duration::ZERO, plainly: false };
        !plainly
    }

    pub(super) fn worked(&mut self, time: Duration) {
        self.worked += time;
    }

    /// Everything was counted.
    pub(super) fn end(&mut self, now: Instant) {
        self.state = if self.state == State::CountingInVain { State::Wanted } else { State::Counted };
        self.at = Some(now + PAUSE.max(self.worked * SHARE));
        self.worked = Duration::ZERO;
    }
}
