//! What the database is asked and has not answered: for the status line, and for Esc.

use std::{collections::BTreeMap, time::Duration};

use crate::db::request::{Query, Request, RequestId, Slot};

/// Work shorter than this is not worth a word.
pub(super) const WORTH_A_WORD: Duration = Duration::from_millis(150);

/// How often the time of work in progress is shown anew.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Requests under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    under_way: BTreeMap<Slot, Work>,
}

#[derive(Clone, Copy, Debug)]
struct Work {
    id: RequestId,
    since: Duration,
    /// Replies still to come.
    left: usize,
}

impl Progress {
    /// A request was sent. [`Slot::Activity`] stays open for ever and is no work; counts come one by one.
    pub(super) fn sent(&mut self, request: &Request, now: Duration) {
        let left = match &request.query {
            Query::Activity => return,
            Query::Counts(relations) => relations.len(),
            _ => 1,
        };
        if left > 0 {
            self.under_way.insert(request.slot, Work { id: request.id, since: now, left });
        }
    }

    /// A reply came. An error ends the work, however many replies were left.
    pub(super) fn answered(&mut self, slot: Slot, id: RequestId, outcome: Result<(), ()>) {
        if let Some(work) = self.under_way.get_mut(&slot)
            && work.id <= id
        {
            work.left -= 1;
            if work.left == 0 || outcome.is_err() {
                self.under_way.remove(&slot);
            }
        }
    }

    /// The work was given up.
    pub(super) fn cancelled(&mut self, slot: Slot) {
        self.under_way.remove(&slot);
    }

    /// What has been going on longest of what is worth a word, and for how long.
    pub(super) fn longest(&self, now: Duration) -> Option<(Slot, Duration)> {
        self.under_way
            .iter()
            .map(|(slot, work)| (*slot, now.saturating_sub(work.since)))
            .filter(|(_, time)| *time >= WORTH_A_WORD)
            .max_by_key(|(_, time)| *time)
    }

    /// For how long this slot has been at work, where that is worth a word.
    pub(super) fn long(&self, slot: Slot, now: Duration) -> Option<Duration> {
        let work = self.under_way.get(&slot)?;
        Some(now.saturating_sub(work.since)).filter(|time| *time >= WORTH_A_WORD)
    }

    /// Whether this slot is at work.
    pub(super) fn is_under_way(&self, slot: Slot) -> bool {
        self.under_way.contains_key(&slot)
    }

    /// Whether anything is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }
}

/// What a slot's work is called.
pub(super) const fn word(slot: Slot) -> &'static str {
    match slot {
        Slot::Schema => "reading the schema",
        Slot::Page => "reading rows",
        Slot::Ahead | Slot::Next => "reading ahead",
        Slot::Count => "counting",
        Slot::Question => "reading the question",
        Slot::Cell => "reading the cell",
        Slot::Activity => "watching",
        Slot::Sync => "syncing",
        Slot::Review => "reading the review queue",
        Slot::Story => "reading the story",
        Slot::Ledger => "reading the ledger",
        Slot::Write => "writing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::request::Freshness;

    fn request(slot: Slot, id: u64, query: Query) -> Request {
        Request { slot, id: RequestId(id), query, freshness: Freshness::Any }
    }

    #[test]
    fn only_long_work_is_named() {
        let mut progress = Progress::default();
        let at = Duration::from_millis;
        progress.sent(&request(Slot::Schema, 1, Query::Schema), at(0));
        progress.sent(&request(Slot::Question, 1, Query::Question("q".into())), at(100));
        assert_eq!(progress.longest(at(100)), None);
        assert_eq!(progress.longest(at(160)), Some((Slot::Schema, at(160))));
        progress.sent(&request(Slot::Schema, 2, Query::Schema), at(200));
        progress.answered(Slot::Schema, RequestId(1), Ok(()));
        assert_eq!(progress.longest(at(400)), Some((Slot::Question, at(300))));
        progress.answered(Slot::Schema, RequestId(2), Err(()));
        progress.cancelled(Slot::Question);
        progress.sent(&request(Slot::Activity, 1, Query::Activity), at(400));
        progress.sent(&request(Slot::Count, 1, Query::Counts(Vec::new())), at(400));
        assert!(progress.is_idle());
    }
}
