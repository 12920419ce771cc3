//! A run, as far as the board needs it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{activity::RunRow, time, value::Value};

/// How a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Completed,
    Failed,
    /// What else stands there: neither at work nor finished.
    Other,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) bot: Arc<str>,
    pub(super) status: Status,
    pub(super) started: Option<Timestamp>,
    pub(super) completed: Option<Timestamp>,
    /// Processed, created, updated, deleted; what is no count is none.
    pub(super) items: [u64; 4],
}

impl Run {
    pub(super) fn of(row: &RunRow, bot: Arc<str>) -> Self {
        Self {
            bot,
            status: match row.status.as_str() {
                "running" => Status::Running,
                "completed" => Status::Completed,
                "failed" => Status::Failed,
                _ => Status::Other,
            },
            started: row.started_at.as_deref().and_then(time::parse),
            completed: row.completed_at.as_deref().and_then(time::parse),
            items: row.items.each_ref().map(count),
        }
    }

    /// The second it began in.
    pub(super) fn second(&self) -> Option<i64> {
        self.started.map(time::second)
    }

    /// How many seconds it took; only of those that were completed.
    pub(super) fn took(&self) -> Option<u64> {
        let (Status::Completed, Some(started), Some(completed)) = (self.status, self.started, self.completed) else {
            return None;
        };
        u64::try_from(completed.duration_since(started).as_secs()).ok()
    }
}

fn count(value: &Value) -> u64 {
    value.as_integer().and_then(|items| u64::try_from(items).ok()).unwrap_or(0)
}
