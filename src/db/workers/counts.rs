//! Row counts that are known, until the database changes.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Row counts by a relation's name.
#[derive(Default)]
pub(super) struct Counts(Mutex<Known>);

#[derive(Default)]
struct Known {
    rows: HashMap<String, u64>,
    era: Era,
}

/// The time between two changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Era(u64);

impl Counts {
    /// The rows of this relation where they are known, and the era to give to [`Self::learn`] where they are not.
    pub(super) fn get(&self, relation: &str) -> Result<u64, Era> {
        let known = self.lock();
        known.rows.get(relation).copied().ok_or(known.era)
    }

    /// Keeps a count that was begun in this era; one that a change has overtaken is not kept.
    pub(super) fn learn(&self, relation: &str, rows: u64, era: Era) {
        let mut known = self.lock();
        if known.era == era {
            known.rows.insert(relation.to_owned(), rows);
        }
    }

    /// The database changed: nothing is known.
    pub(super) fn forget(&self) {
        let mut known = self.lock();
        known.era.0 += 1;
        known.rows.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_count_overtaken_by_a_change_is_not_kept() {
        let counts = Counts::default();
        let era = counts.get("t").unwrap_err();
        counts.learn("t", 5, era);
        assert_eq!(counts.get("t"), Ok(5));
        counts.forget();
        let now = counts.get("t").unwrap_err();
        assert_ne!(now, era);
        counts.learn("t", 5, era);
        assert_eq!(counts.get("t"), Err(now));
    }
}
