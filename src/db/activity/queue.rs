//! Following the queue of a server: how many rows have which status, corrected by the rows that can change.

use std::collections::BTreeMap;

use super::live::Live;
use crate::domain::activity::QueueCounts;

/// How many of the newest known rows are looked at again each time, done or not.
pub(super) const WINDOW: usize = 8;
/// The documented statuses in their order; the first two can change.
pub(super) const STATUSES: [&str; 4] = ["pending", "processing", "completed", "failed"];

/// What is known of the queue, wherever it was read.
#[derive(Clone)]
pub(super) struct KnownQueue {
    counts: BTreeMap<String, u64>,
    /// Those that can change, at most [`BOUND`], with their status.
    pub(super) live: Live<&'static str>,
    /// The newest, at most [`WINDOW`], with their status.
    pub(super) recent: BTreeMap<i64, String>,
    /// Every row from this id on is in `recent`.
    pub(super) floor: i64,
    told: QueueCounts,
}

impl Default for KnownQueue {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            live: Live::default(),
            recent: BTreeMap::new(),
            floor: i64::MIN,
            told: Vec::new(),
        }
    }
}

impl KnownQueue {
    /// Begins with the counts of the whole table, the rows that can change, and the newest ones, of which [`WINDOW`] were asked for.
    pub(super) fn begin(
        &mut self,
        counts: BTreeMap<String, u64>,
        can_change: impl IntoIterator<Item = (i64, &'static str)>,
        newest: BTreeMap<i64, String>,
    ) {
        self.live.clear();
        for (id, status) in can_change {
            self.live.insert(id, status);
        }
        self.floor = if newest.len() == WINDOW { newest.keys().next().copied().unwrap_or(i64::MIN) } else { i64::MIN };
        (self.counts, self.recent) = (counts, newest);
    }

    /// The rows from the first of the newest known ones on, as they are now.
    pub(super) fn look_at_the_newest(&mut self, rows: Vec<(i64, String)>) {
        let gone: Vec<i64> = {
            let here: std::collections::BTreeSet<i64> = rows.iter().map(|(id, _)| *id).collect();
            self.recent.keys().copied().filter(|id| !here.contains(id)).collect()
        };
        for id in gone {
            self.note(id, None);
        }
        for (id, status) in rows {
            self.note(id, Some(status));
        }
    }

    /// Takes in a row as it is now, `None` where it is gone.
    pub(super) fn note(&mut self, id: i64, status: Option<String>) {
        let known = self.recent.get(&id).map(String::as_str).or_else(|| self.live.get(id).copied());
        if known == status.as_deref() {
            return;
        }
        if let Some(count) = known.and_then(|known| self.counts.get_mut(known)) {
            *count = count.saturating_sub(1);
        }
        self.live.remove(id);
        self.recent.remove(&id);
        let Some(status) = status else { return };
        *self.counts.entry(status.clone()).or_default() += 1;
        if let Some(status) = changeable(&status) {
            self.live.insert(id, status);
        }
        if id >= self.floor {
            self.recent.insert(id, status);
            while self.recent.len() > WINDOW {
                self.recent.pop_first();
                self.floor = self.recent.keys().next().copied().unwrap_or(i64::MIN);
            }
        }
    }

    /// The counts where they are others than those told last.
    pub(super) fn news(&mut self) -> Option<QueueCounts> {
        let counts = self.ordered();
        if counts == self.told {
            return None;
        }
        self.told.clone_from(&counts);
        Some(counts)
    }

    /// The counts, which are told with this.
    pub(super) fn tell(&mut self) -> QueueCounts {
        self.told = self.ordered();
        self.told.clone()
    }

    fn ordered(&self) -> QueueCounts {
        let mut counts: QueueCounts = self
            .counts
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(status, count)| (status.clone(), *count))
            .collect();
        let place = |status: &str| STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        counts.sort_by(|one, other| (place(&one.0), &one.0).cmp(&(place(&other.0), &other.0)));
        counts
    }
}

/// The status, where a row that has it can still change.
pub(super) fn changeable(status: &str) -> Option<&'static str> {
    STATUSES[..2].iter().copied().find(|known| *known == status)
}
