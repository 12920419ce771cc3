//! The tail of the ledger: the newest rows by ascending id, each once, in a bounded window.
//!
//! Rows that were counted but are not here – the reader skipped them, or the window was full while somebody looked at older
//! ones – stand as a gap between those that are: nothing is left out silently.

use std::{collections::VecDeque, ops::Range, sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::domain::{activity::LedgerRow, time};

/// Rows that are kept.
pub(super) const WINDOW: usize = 2_000;

/// What tells a line of the tail from every other, in its order: a gap stands behind the row it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    id: i64,
    gap: bool,
}

/// A row as it came.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// The row.
    pub(super) data: LedgerRow,
    /// Its created_at, where it can be read.
    pub(super) at: Option<Timestamp>,
    /// When it came; `None` for what was there at the first look.
    pub(super) arrived: Option<Duration>,
}

/// A line of the tail.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// A row.
    Row(Arc<Row>),
    /// This many rows are known to lie between, but are not here.
    Gap {
        /// The id before it.
        after: i64,
        /// How many.
        rows: u64,
    },
}

impl Entry {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Row(row) => Key { id: row.data.id, gap: false },
            Self::Gap { after, .. } => Key { id: *after, gap: true },
        }
    }

    const fn rows(&self) -> u64 {
        match self {
            Self::Row(_) => 1,
            Self::Gap { rows, .. } => *rows,
        }
    }
}

/// The window. A clone is cheap enough to freeze it (rows are shared).
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    entries: VecDeque<Entry>,
    rows: usize,
    /// Ids up to this one have left the window at its top.
    floor: Option<i64>,
    arrived: u64,
}

impl Tail {
    /// How many lines.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Rows that came since the start, those of gaps included; the first look's are not counted.
    pub(super) const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// The line at this place.
    pub(super) fn get(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    /// The lines at these places.
    pub(super) fn lines(&self, range: Range<usize>) -> impl Iterator<Item = &Entry> {
        let end = range.end.min(self.entries.len());
        self.entries.range(range.start.min(end)..end)
    }

    /// Where the line with this key is, or the next one where it is gone.
    pub(super) fn place(&self, key: Key) -> usize {
        self.entries.partition_point(|entry| entry.key() < key)
    }

    /// Rows behind this line, those of gaps included.
    pub(super) fn rows_after(&self, key: Key) -> u64 {
        let start = self.entries.partition_point(|entry| entry.key() <= key);
        self.entries.range(start..).map(Entry::rows).sum()
    }

    /// The last line's key.
    pub(super) fn last(&self) -> Option<Key> {
        self.entries.back().map(Entry::key)
    }

    /// Forgets everything and takes these rows as the first look.
    pub(super) fn restart(&mut self, rows: &[LedgerRow], skipped: u64) {
        let arrived = self.arrived;
        *self = Self::default();
        self.merge(rows, skipped, None, None);
        self.arrived = arrived;
    }

    /// Takes rows that came at this time, and knows of `skipped` more before them. Lines within `looked_at` stay whatever happens.
    pub(super) fn merge(
        &mut self,
        rows: &[LedgerRow],
        skipped: u64,
        arrived: Option<Duration>,
        looked_at: Option<(Key, Key)>,
    ) {
        if skipped > 0 {
            self.arrived += skipped;
            match self.entries.back_mut() {
                Some(Entry::Gap { rows, .. }) => *rows += skipped,
                Some(Entry::Row(row)) => {
                    let after = row.data.id;
                    self.entries.push_back(Entry::Gap { after, rows: skipped });
                }
                None => self.entries.push_back(Entry::Gap { after: i64::MIN, rows: skipped }),
            }
        }
        for row in rows {
            self.insert(row, arrived);
        }
        self.trim(looked_at);
    }

    fn insert(&mut self, row: &LedgerRow, arrived: Option<Duration>) {
        if self.floor.is_some_and(|floor| row.id <= floor) {
            return;
        }
        let key = Key { id: row.id, gap: false };
        let at = row.created_at.as_deref().and_then(time::parse);
        // Nearly always at the end: ids grow.
        let place = if self.last().is_none_or(|last| last < key) { self.len() } else { self.place(key) };
        match self.entries.get_mut(place) {
            Some(Entry::Row(known)) if known.data.id == row.id => {
                if known.data != *row {
                    *known = Arc::new(Row { data: row.clone(), at, arrived: known.arrived });
                }
            }
            _ => {
                self.entries.insert(place, Entry::Row(Arc::new(Row { data: row.clone(), at, arrived })));
                self.rows += 1;
                self.arrived += 1;
            }
        }
    }

    fn trim(&mut self, looked_at: Option<(Key, Key)>) {
        let may_go = |entry: &Entry| looked_at.is_none_or(|(first, _)| entry.key() < first);
        while self.rows > WINDOW && self.entries.front().is_some_and(may_go) {
            if let Some(entry) = self.entries.pop_front() {
                self.floor = Some(entry.key().id);
                self.rows -= usize::from(matches!(entry, Entry::Row(_)));
            }
        }
        // A gap at the top of a trimmed window says nothing: what is above is simply older.
        while self.floor.is_some()
            && self.entries.front().is_some_and(|entry| matches!(entry, Entry::Gap { .. }) && may_go(entry))
        {
            self.entries.pop_front();
        }
        if let Some((_, last)) = looked_at {
            self.close_up(last);
        }
    }

    /// What is above is looked at: rows behind it become a gap instead, the oldest first.
    fn close_up(&mut self, last: Key) {
        let mut excess = self.rows.saturating_sub(WINDOW);
        if excess == 0 {
            return;
        }
        let start = self.entries.partition_point(|entry| entry.key() <= last);
        let mut end = start;
        let mut missing = 0;
        while let Some(entry) = self.entries.get(end) {
            if let Entry::Row(_) = entry {
                if excess == 0 {
                    break;
                }
                excess -= 1;
                self.rows -= 1;
            }
            missing += entry.rows();
            end += 1;
        }
        self.entries.drain(start..end);
        match start.checked_sub(1).and_then(|before| self.entries.get_mut(before)) {
            Some(Entry::Gap { rows, .. }) => *rows += missing,
            _ => self.entries.insert(start, Entry::Gap { after: last.id, rows: missing }),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    pub(in crate::panes::bots) fn row(id: i64) -> LedgerRow {
        LedgerRow {
            id,
            bot: "creator".to_owned(),
            action: "create".to_owned(),
            item_type: "question".to_owned(),
            item_id: format!("q-{id}"),
            reason: None,
            created_at: None,
        }
    }

    fn ids(tail: &Tail) -> Vec<i64> {
        tail.lines(0..tail.len())
            .filter_map(|entry| match entry {
                Entry::Row(row) => Some(row.data.id),
                Entry::Gap { .. } => None,
            })
            .collect()
    }

    fn known(tail: &Tail) -> u64 {
        tail.lines(0..tail.len()).map(Entry::rows).sum()
    }

    #[test]
    fn skipped_rows_are_a_gap_in_their_place() {
        let mut tail = Tail::default();
        tail.restart(&[row(1), row(2)], 0);
        tail.merge(&[row(10)], 7, Some(Duration::ZERO), None);
        tail.merge(&[], 3, Some(Duration::ZERO), None);
        tail.merge(&[], 4, Some(Duration::ZERO), None);
        let lines: Vec<Entry> = tail.lines(0..9).cloned().collect();
        assert_eq!(lines[2], Entry::Gap { after: 2, rows: 7 });
        assert_eq!(lines[4], Entry::Gap { after: 10, rows: 7 }, "gaps beside each other are one");
        assert_eq!((tail.arrived(), lines.len()), (15, 5));
    }

    #[test]
    fn what_is_looked_at_outlives_a_full_window() {
        let mut tail = Tail::default();
        tail.restart(&(1..=100).map(row).collect::<Vec<_>>(), 0);
        let looked_at =
            (tail.get(0).unwrap_or_else(|| unreachable!()).key(), tail.get(9).unwrap_or_else(|| unreachable!()).key());
        for chunk in 0..100 {
            let rows: Vec<_> = (0..100).map(|n| row(101 + chunk * 100 + n)).collect();
            tail.merge(&rows, 0, Some(Duration::ZERO), Some(looked_at));
        }
        assert_eq!(ids(&tail)[..10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(tail.get(10), Some(&Entry::Gap { after: 10, rows: 10_100 - WINDOW as u64 }));
        assert_eq!(ids(&tail).len(), WINDOW);
        assert_eq!(ids(&tail).last(), Some(&10_100));
        assert_eq!(known(&tail), 10_100, "each row is shown or counted");
        tail.merge(&[row(10_101)], 0, None, None);
        assert_eq!(ids(&tail).len(), WINDOW);
        assert_eq!(ids(&tail)[0], 2, "nobody looks there any more: the oldest goes");
    }

    proptest! {
        // Against the plainest model: a map by id, cut to its last rows.
        #[test]
        fn any_chunking_shows_each_row_once(
            steps in proptest::collection::vec((1usize..900, 0u8..4), 1..12),
            repeat in 0usize..20,
        ) {
            let mut tail = Tail::default();
            let mut model = BTreeMap::new();
            let mut next = 1;
            for (count, overlap) in steps {
                // Some looks bring rows again that were there already.
                let start = (next - i64::from(overlap) * 3).max(1);
                let rows: Vec<_> = (start..next + count as i64).map(row).collect();
                next += count as i64;
                for chunk in rows.chunks(repeat + 1) {
                    tail.merge(chunk, 0, Some(Duration::ZERO), None);
                }
                for row in rows {
                    model.insert(row.id, row);
                }
                let wanted: Vec<i64> = model.keys().copied().skip(model.len().saturating_sub(WINDOW)).collect();
                prop_assert_eq!(ids(&tail), wanted);
            }
            prop_assert_eq!(tail.arrived(), model.len() as u64);
        }

        #[test]
        fn every_row_is_here_or_counted(
            steps in proptest::collection::vec((0usize..700, 0u64..50, proptest::option::of(0usize..2000)), 1..20),
        ) {
            let mut tail = Tail::default();
            let mut next = 1;
            let mut looked: Option<(Key, Key)> = None;
            for (count, skipped, look) in steps {
                next += skipped as i64;
                let rows: Vec<_> = (next..next + count as i64).map(row).collect();
                next += count as i64;
                tail.merge(&rows, skipped, None, looked);
                let ids = ids(&tail);
                prop_assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert!(ids.len() <= WINDOW);
                let keys: Vec<Key> = tail.lines(0..tail.len()).map(Entry::key).collect();
                prop_assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
                if tail.floor.is_none() {
                    prop_assert_eq!(known(&tail), next as u64 - 1);
                }
                if let Some((first, last)) = looked {
                    prop_assert!(keys.contains(&first) && keys.contains(&last));
                }
                looked = look.filter(|_| tail.len() > 0).and_then(|at| {
                    let first = at % tail.len();
                    Some((tail.get(first)?.key(), tail.get((first + 20).min(tail.len() - 1))?.key()))
                });
            }
        }
    }
}
