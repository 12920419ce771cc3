//! Row counts that are known: for files until the database changes, for servers a while longer.
//!
//! A server reads every row for a count, and its owner pays for that: there a table is counted again only when rows came to it or
//! went, and at most once a minute; until then its count is what it was. Must not count anything itself.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How long the count of a table stays good on a server, whatever happens.
const MINUTE: Duration = Duration::from_secs(60);
/// The same for a view: what that costs nobody knows.
const MINUTES: Duration = Duration::from_secs(300);

/// Row counts by a relation's name.
#[derive(Default)]
pub(super) struct Counts(Mutex<Known>);

#[derive(Default)]
struct Known {
    rows: HashMap<String, Counted>,
    era: Era,
}

struct Counted {
    rows: u64,
    at: Instant,
    good: Duration,
    state: State,
}

/// Whether a count may be another by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing changed since.
    Right,
    /// Something did.
    Old,
    /// Something did, and it was told nevertheless: whoever asked is owed a better one.
    Owed,
}

/// The time between two changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Era(u64);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Countable {
    Table,
    View,
}

impl Counts {
    /// The rows of this relation where they are known, and the era to give to [`Self::learn`] where they are not.
    pub(super) fn get(&self, relation: &str) -> Result<u64, Era> {
        let known = self.lock();
        known.rows.get(relation).filter(|counted| counted.state == State::Right).map(|one| one.rows).ok_or(known.era)
    }

    /// As [`Self::get`] for a server: what was counted lately will do.
    pub(super) fn recall(&self, relation: &str, now: Instant) -> Result<u64, Era> {
        let mut known = self.lock();
        let era = known.era;
        let counted = known.rows.get_mut(relation).ok_or(era)?;
        if counted.state != State::Right {
            if now.duration_since(counted.at) >= counted.good {
                return Err(era);
            }
            counted.state = State::Owed;
        }
        Ok(counted.rows)
    }

    /// Keeps a count that was begun in this era; one that a change has overtaken is old already.
    pub(super) fn learn(&self, relation: &str, rows: u64, what: Countable, era: Era) {
        let mut known = self.lock();
        let state = if known.era == era { State::Right } else { State::Old };
        let good = if what == Countable::View { MINUTES } else { MINUTE };
        known.rows.insert(relation.to_owned(), Counted { rows, at: Instant::now(), good, state });
    }

    /// The database changed: nothing is known.
    pub(super) fn forget(&self) {
        let mut known = self.lock();
        known.era.0 += 1;
        known.rows.clear();
    }

    /// Rows of these tables came or went, and with them perhaps those of any view.
    pub(super) fn moved(&self, tables: &[String]) {
        let mut known = self.lock();
        known.era.0 += 1;
        for (name, counted) in &mut known.rows {
            if (counted.good == MINUTES || tables.contains(name)) && counted.state == State::Right {
                counted.state = State::Old;
            }
        }
    }

    /// Whether somebody was told an old count and can have a better one by now; says so once.
    pub(super) fn owes(&self, now: Instant) -> bool {
        let mut owes = false;
        for counted in self.lock().rows.values_mut() {
            if counted.state == State::Owed && now.duration_since(counted.at) >= counted.good {
                counted.state = State::Old;
                owes = true;
            }
        }
        owes
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
        counts.learn("t", 5, Countable::Table, era);
        assert_eq!(counts.get("t"), Ok(5));
        counts.forget();
        let now = counts.get("t").unwrap_err();
        assert_ne!(now, era);
        counts.learn("t", 5, Countable::Table, era);
        assert_eq!(counts.get("t"), Err(now));
    }

    #[test]
    fn a_server_is_asked_again_a_minute_after_rows_came() {
        let counts = Counts::default();
        let now = Instant::now();
        let later = |seconds| Instant::now() + Duration::from_secs(seconds);
        let era = counts.recall("t", now).unwrap_err();
        counts.learn("t", 5, Countable::Table, era);
        counts.learn("v", 9, Countable::View, era);
        counts.moved(&["other".to_owned()]);
        assert_eq!(counts.recall("t", later(3600)), Ok(5), "nothing happened to it");
        counts.moved(&["t".to_owned()]);
        assert!(!counts.owes(later(61)), "nobody was told");
        assert_eq!(counts.recall("t", later(50)), Ok(5));
        assert!(!counts.owes(later(50)));
        assert!(counts.owes(later(61)));
        assert!(!counts.owes(later(61)), "once");
        assert!(counts.recall("t", later(61)).is_err());
        assert_eq!(counts.recall("v", later(61)), Ok(9));
        assert!(counts.recall("v", later(301)).is_err());
        counts.learn("t", 6, Countable::Table, era);
        assert_eq!(counts.recall("t", now), Ok(6), "overtaken by a change, but good for a minute");
        assert!(counts.get("t").is_err(), "a file's would not be");
    }
}
