//! The board: for each bot its state and its figures, for all of them the charts.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Depth, Items, Limits, QueueFigures, Window};
use crate::domain::activity::ActivityUpdate;

/// Actions counted by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionCounts {
    /// All, others than those below, too.
    pub all: u64,
    /// create
    pub creates: u64,
    /// update
    pub updates: u64,
    /// delete
    pub deletes: u64,
    /// verify
    pub verifies: u64,
    /// flag
    pub flags: u64,
}

/// How a bot is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BotState {
    /// A run of it is at work since then, and not for unusually long.
    Running {
        /// Since when; `None` where that cannot be read.
        since: Option<Timestamp>,
    },
    /// It does not run; its last run was completed (or it has none).
    Idle,
    /// It does not run; its last run failed.
    Failed,
    /// Its newest running run runs for longer than usual: most likely its bot died.
    Stuck {
        /// Since when.
        since: Timestamp,
    },
}

/// A bot's line of the board.
#[derive(Clone, Debug, PartialEq)]
pub struct BotLine {
    /// Its name as stored.
    pub bot: Arc<str>,
    /// How it is.
    pub state: BotState,
    /// When its last run began: (the run's id, when).
    pub last_run: Option<(i64, Option<Timestamp>)>,
    /// The share of its finished runs (completed or failed) that were completed, 0 to 1, in the window; `None` where none finished.
    pub success: Option<f64>,
    /// Runs that are stuck, all of them.
    pub stuck: u64,
    /// The 95th percentile of how long its completed runs took; `None` where too few are known.
    pub usual: Option<Duration>,
    /// From which duration on a run of it is stuck.
    pub stuck_after: Duration,
    /// Actions of the last hour.
    pub hour: ActionCounts,
    /// Of the last 24 hours.
    pub day: ActionCounts,
    /// Of the last 7 days.
    pub week: ActionCounts,
    /// In the window that is shown.
    pub window: ActionCounts,
    /// What its runs that began in the window say they handled.
    pub items: Items,
}

/// A layer of a stacked chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The action.
    pub name: Arc<str>,
    /// Rows in each step.
    pub rows: Vec<u64>,
}

/// Numbers over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The layers; the documented actions first, in their order. Each has as many steps as were asked for.
    pub layers: Vec<Layer>,
    /// When the first step begins, seconds since 1970.
    pub from: i64,
    /// How long a step is, in seconds; the last step ends just behind now.
    pub step: f64,
}

/// How much of the tables is in the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadSoFar {
    /// Rows that are in it.
    pub rows: u64,
    /// Rows there were when counting began.
    pub of: u64,
    /// The last 7 days are complete.
    pub week: bool,
    /// Everything is.
    pub all: bool,
}

/// Everything that was tallied.
#[derive(Clone, Debug, Default)]
pub struct Board {
    read: ReadSoFar,
}

impl Board {
    /// Takes in a look.
    pub fn take(&mut self, update: &ActivityUpdate) {
        self.read = update.board.read.unwrap_or(self.read);
    }

    /// How much of the tables is in it.
    pub const fn read(&self) -> ReadSoFar {
        self.read
    }

    /// A line for each bot that the ledger or the runs know: the documented ones first in their order, then others by name.
    pub fn lines(&self, _window: Window, _now: Timestamp, _limits: &Limits) -> Vec<BotLine> {
        Vec::new()
    }

    /// Ledger rows of a bot (or of all of them) in the window, in so many steps of the same length, the newest last.
    pub fn activity(&self, _bot: Option<&str>, _window: Window, _now: Timestamp, _steps: usize) -> Vec<u64> {
        Vec::new()
    }

    /// Ledger rows in the window by action.
    pub fn actions(&self, _bot: Option<&str>, _window: Window, _now: Timestamp, _steps: usize) -> Chart {
        Chart::default()
    }

    /// How deep the queue was (pending and processing) at the end of each step of the window.
    pub fn depth(&self, _window: Window, _now: Timestamp, _steps: usize) -> Vec<u64> {
        Vec::new()
    }

    /// The queue's rows by status, action and bot: the open ones first.
    pub fn depths(&self) -> &[Depth] {
        &[]
    }

    /// How the queue is.
    pub fn queue(&self, _window: Window, _now: Timestamp) -> QueueFigures {
        QueueFigures::default()
    }

    /// How long a run of this bot may take before it is stuck.
    pub fn stuck_after(&self, _bot: &str, limits: &Limits) -> Duration {
        limits.stuck_least
    }

    /// Whether this run is stuck.
    pub fn is_stuck(&self, bot: &str, started: Timestamp, now: Timestamp, limits: &Limits) -> bool {
        Duration::try_from(now.duration_since(started)).is_ok_and(|runs| runs > self.stuck_after(bot, limits))
    }
}
