//! What the queue tells: how deep it is, how fast it is worked off, when it will be empty.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

/// Rows of the queue that have all of this in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// As stored.
    pub status: Arc<str>,
    /// As stored.
    pub action: Arc<str>,
    /// Whom it is assigned to, or else who made it; empty where nobody is named.
    pub bot: Arc<str>,
    /// How many.
    pub rows: u64,
}

/// How the queue is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueFigures {
    /// Pending and processing.
    pub open: u64,
    /// Pending.
    pub pending: u64,
    /// When the oldest pending item was made.
    pub oldest: Option<Timestamp>,
    /// Items finished (completed or failed) in the window.
    pub finished: u64,
    /// Items made in the window.
    pub arrived: u64,
    /// Finished a second, over the window (for [`super::Window::All`] over the last 24 hours).
    pub throughput: f64,
    /// When it is empty if it goes on like this; `None` where nothing is finished, or more comes than goes.
    pub empty_in: Option<Duration>,
    /// Finished items without a readable time: they are in no chart.
    pub undated: u64,
}
