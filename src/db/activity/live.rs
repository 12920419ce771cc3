//! The rows that can still change, looked at again in turns.

use std::{collections::BTreeMap, sync::Arc};

/// At most this many rows are looked at again in one look: what is left follows in the next ones.
pub(super) const TURN: usize = 512;
/// Likewise where looks follow each other fast.
pub(super) const FEW: usize = 64;
/// At most this many rows are kept; the rest is counted only.
pub(super) const BOUND: usize = 5000;

/// Rows by id with what is known of each, and whose turn it is.
#[derive(Clone)]
pub(super) struct Live<T> {
    /// Shared with the copy from before, until one of them changes.
    rows: Arc<BTreeMap<i64, T>>,
    /// The turn goes on below this id: from the newest to the oldest, then around.
    next: Option<i64>,
    /// So many have not been looked at since the last change.
    owed: usize,
}

impl<T> Default for Live<T> {
    fn default() -> Self {
        Self { rows: Arc::new(BTreeMap::new()), next: None, owed: 0 }
    }
}

impl<T: Clone> Live<T> {
    pub(super) fn get(&self, id: i64) -> Option<&T> {
        self.rows.get(&id)
    }

    /// Keeps a row; where there are too many, those with the highest ids, and says which one had to go.
    pub(super) fn insert(&mut self, id: i64, row: T) -> Option<T> {
        let rows = Arc::make_mut(&mut self.rows);
        rows.insert(id, row);
        if rows.len() > BOUND { rows.pop_first().map(|(_, row)| row) } else { None }
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<T> {
        if self.rows.contains_key(&id) { Arc::make_mut(&mut self.rows).remove(&id) } else { None }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = i64> + '_ {
        self.rows.keys().copied()
    }

    /// Something changed: each row has to be looked at again.
    pub(super) fn owe(&mut self) {
        self.owed = self.rows.len();
    }

    /// Whether rows wait for their turn.
    pub(super) const fn owes(&self) -> bool {
        self.owed > 0
    }

    /// The rows whose turn it is, at most so many.
    pub(super) fn turn_of(&mut self, most: usize) -> Vec<i64> {
        let wanted = self.owed.min(most).min(self.rows.len());
        self.owed -= self.owed.min(most);
        if self.rows.len() <= wanted {
            self.owed = 0;
        }
        let below = self.next.unwrap_or(i64::MAX);
        let ids: Vec<i64> = (self.rows.range(..below).rev())
            .chain(self.rows.range(below..).rev())
            .map(|(id, _)| *id)
            .take(wanted)
            .collect();
        self.next = ids.last().copied();
        ids
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_gets_its_turn_after_a_change() {
        let mut live = Live::default();
        for id in 0..1300 {
            live.insert(id, ());
        }
        assert!(live.turn_of(TURN).is_empty(), "nothing changed");
        live.owe();
        let mut seen = BTreeSet::new();
        let mut turns = 0;
        while live.owes() {
            let turn = live.turn_of(TURN);
            assert!(turn.len() <= TURN);
            seen.extend(turn);
            turns += 1;
        }
        assert_eq!((seen.len(), turns), (1300, 3));
        // A change in the middle of a round: the turn goes on where it was, and all come once more.
        live.owe();
        let first: BTreeSet<i64> = live.turn_of(TURN).into_iter().collect();
        live.owe();
        let second = live.turn_of(TURN);
        assert!(second.iter().all(|id| !first.contains(id)));
        let mut seen: BTreeSet<i64> = second.into_iter().collect();
        while live.owes() {
            seen.extend(live.turn_of(TURN));
        }
        assert_eq!(seen.len(), 1300);
    }

    #[test]
    fn there_is_a_bound() {
        let mut live = Live::default();
        for id in 0..BOUND as i64 + 10 {
            live.insert(id, id);
        }
        assert_eq!(live.ids().count(), BOUND);
        assert_eq!((live.get(9), live.get(10)), (None, Some(&10)), "the newest are kept");
    }
}
