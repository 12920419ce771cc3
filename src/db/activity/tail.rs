//! The newest rows of the ledger, as far as a look has to know them again.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::activity::{LedgerRow, TAIL};

/// How many of the newest known rows are looked at again each time: a row with a lower id may be committed after them.
const WINDOW: usize = 16;

/// The ids of the newest rows.
#[derive(Clone)]
pub(super) struct Tail {
    /// At most [`TAIL`].
    pub(super) known: BTreeSet<i64>,
    /// Every row from this id on is in `known`.
    pub(super) floor: i64,
}

impl Default for Tail {
    fn default() -> Self {
        Self { known: BTreeSet::new(), floor: i64::MIN }
    }
}

impl Tail {
    /// Begins with the newest rows, of which [`TAIL`] were asked for.
    pub(super) fn begin(&mut self, rows: &[LedgerRow]) {
        self.known.clear();
        // Fewer rows than asked for: these are all, so a row of any id that comes is new.
        self.floor = if rows.len() == TAIL { rows.first().map_or(i64::MIN, |row| row.id) } else { i64::MIN };
        self.known.extend(rows.iter().map(|row| row.id));
    }

    /// From which id on rows are looked at again each time.
    pub(super) fn window(&self) -> i64 {
        self.known.iter().rev().nth(WINDOW - 1).copied().unwrap_or(self.floor)
    }

    /// Begins anew behind a flood, of which these are the last rows.
    pub(super) fn leap(&mut self, rows: &[LedgerRow]) {
        self.known.clear();
        self.floor = rows.first().map_or(i64::MIN, |row| row.id);
    }

    /// Rows that came.
    pub(super) fn remember(&mut self, rows: &[LedgerRow]) {
        self.known.extend(rows.iter().map(|row| row.id).filter(|id| *id >= self.floor));
        while self.known.len() > TAIL {
            self.known.pop_first();
            self.floor = self.known.first().copied().unwrap_or(i64::MIN);
        }
    }
}

/// The newest rows with a mark of what stands in them, for a ledger that was emptied may have the same ids again.
#[derive(Clone)]
pub(super) struct Newest {
    /// At most [`TAIL`].
    known: BTreeMap<i64, u64>,
    /// Every row from this id on is in `known`.
    floor: i64,
}

impl Default for Newest {
    fn default() -> Self {
        Self { known: BTreeMap::new(), floor: i64::MIN }
    }
}

impl Newest {
    /// Begins with the newest rows, of which [`TAIL`] were asked for.
    pub(super) fn begin(&mut self, rows: impl Iterator<Item = (i64, u64)>) {
        self.known = rows.collect();
        self.floor = if self.known.len() == TAIL { self.first() } else { i64::MIN };
    }

    fn first(&self) -> i64 {
        self.known.keys().next().copied().unwrap_or(i64::MIN)
    }

    pub(super) const fn floor(&self) -> i64 {
        self.floor
    }

    /// From the first to the last of those that are looked at again each time; `None` where none is known.
    pub(super) fn window(&self) -> Option<(i64, i64)> {
        let last = *self.known.keys().next_back()?;
        let first = self.known.keys().rev().nth(WINDOW - 1).copied().unwrap_or_else(|| self.first());
        Some((first, last))
    }

    /// From the first to the last that are known.
    pub(super) fn all(&self) -> Option<(i64, i64)> {
        self.known.keys().next_back().map(|last| (self.first(), *last))
    }

    pub(super) fn get(&self, id: i64) -> Option<u64> {
        self.known.get(&id).copied()
    }

    /// Those that are known in these bounds, with their marks.
    pub(super) fn within(&self, (first, last): (i64, i64)) -> impl Iterator<Item = (i64, u64)> {
        self.known.range(first..=last).map(|(id, mark)| (*id, *mark))
    }

    /// How many are known in these bounds.
    pub(super) fn count(&self, (first, last): (i64, i64)) -> usize {
        self.known.range(first..=last).count()
    }

    /// A row came.
    pub(super) fn remember(&mut self, id: i64, mark: u64) {
        if id < self.floor {
            return;
        }
        self.known.insert(id, mark);
        if self.known.len() > TAIL {
            self.known.pop_first();
            self.floor = self.first();
        }
    }
}
