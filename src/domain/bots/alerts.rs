//! What of the bots wants somebody's attention, each with the cause that makes it the same alert the next time.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Board, Limits};

/// What an alert is about: two with the same cause are the same alert, and nobody is told twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// This run failed.
    Failed {
        /// Whose.
        bot: Arc<str>,
        /// bot_runs.id
        run: i64,
    },
    /// This run is stuck.
    Stuck {
        /// Whose.
        bot: Arc<str>,
        /// bot_runs.id
        run: i64,
    },
    /// The queue's oldest pending item is too old; the cause is the item's time, so that the next item is another alert.
    OldQueue {
        /// When it was made.
        since: Timestamp,
    },
    /// Too many deletes or flags at once.
    Burst {
        /// `delete` or `flag`.
        action: &'static str,
        /// When the burst began: it goes on until the count falls below the limit.
        since: i64,
    },
}

/// Something that wants attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// About what.
    pub cause: Cause,
    /// In a line, for people: "verifier: run 812 failed". Names in it come from the database.
    pub what: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// What wants attention now, the newest first. Runs that failed are told while they are their bot's last run.
pub fn alerts(_board: &Board, _now: Timestamp, _limits: &Limits) -> Vec<Alert> {
    Vec::new()
}
