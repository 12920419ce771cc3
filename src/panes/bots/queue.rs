//! The queue: how many rows have which status.

use std::time::Duration;

use super::scroll::Lines;
use crate::domain::{activity::QueueCounts, bots::Depth};

/// A status and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// Its name, as stored.
    pub(super) name: String,
    /// How many rows.
    pub(super) rows: u64,
    /// When that changed, after the first look.
    pub(super) changed: Option<Duration>,
}

/// The statuses in the reader's order.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    statuses: Vec<Status>,
    known: bool,
}

impl Queue {
    /// The statuses; `None` before the first look.
    pub(super) fn statuses(&self) -> Option<&[Status]> {
        self.known.then_some(self.statuses.as_slice())
    }

    /// Rows of this status.
    pub(super) fn rows(&self, name: &str) -> u64 {
        self.statuses.iter().find(|status| status.name == name).map_or(0, |status| status.rows)
    }

    /// Takes new counts. A status that is no longer there stays with no rows until the next, so that its end is seen.
    pub(super) fn merge(&mut self, counts: &QueueCounts, at: Option<Duration>) {
        let first = !self.known;
        self.known = true;
        let old = std::mem::take(&mut self.statuses);
        self.statuses = counts
            .iter()
            .map(|(name, rows)| {
                let before = old.iter().find(|status| status.name == *name);
                let changed = match before {
                    Some(before) if before.rows == *rows => before.changed,
                    None if first => None,
                    _ => at,
                };
                Status { name: name.clone(), rows: *rows, changed }
            })
            .collect();
        for gone in old {
            if gone.rows > 0 && !counts.iter().any(|(name, _)| *name == gone.name) {
                self.statuses.push(Status { rows: 0, changed: at, ..gone });
            }
        }
    }
}

/// The queue's rows by status, action and bot, as lines that one moves in.
pub(super) struct Depths<'a>(pub(super) &'a [Depth]);

impl Lines for Depths<'_> {
    type Key = usize;

    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, at: usize) -> Option<usize> {
        (at < self.0.len()).then_some(at)
    }

    fn find(&self, key: usize) -> usize {
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_marked() {
        let mut queue = Queue::default();
        assert_eq!(queue.statuses(), None);
        queue.merge(&vec![("pending".to_owned(), 5), ("processing".to_owned(), 1)], Some(Duration::ZERO));
        assert!(queue.statuses().unwrap_or_default().iter().all(|status| status.changed.is_none()));
        let at = Some(Duration::from_secs(3));
        queue.merge(&vec![("pending".to_owned(), 5), ("completed".to_owned(), 1)], at);
        let seen: Vec<_> =
            queue.statuses().unwrap_or_default().iter().map(|s| (s.name.as_str(), s.rows, s.changed)).collect();
        assert_eq!(seen, [("pending", 5, None), ("completed", 1, at), ("processing", 0, at)]);
        assert_eq!((queue.rows("pending"), queue.rows("nothing")), (5, 0));
    }
}
