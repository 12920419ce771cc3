//! Which rows of the ledger were printed, or were there before.
//!
//! Ids are kept as ranges: bots write them nearly without gaps, so that a day's rows take a few. Of the newest rows a mark is kept, too,
//! by which a ledger that was made anew is told from the one that was followed: its ids begin anew.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use jiff::Timestamp;

use crate::domain::{activity::LedgerRow, time};

/// Rows whose marks are kept.
const MARKS: usize = 4096;
/// More ranges than this are joined at the lower end: rows that come later than that many others are not told from those that were
/// there before.
const RANGES: usize = 100_000;

/// Whether rows are of the ledger that was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ledger {
    /// They are.
    Same,
    /// It was dropped and made again, or the file is another.
    Other,
}

/// Ids that need no printing any more.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// First to last, both included.
    ranges: BTreeMap<i64, i64>,
    marks: BTreeMap<i64, u64>,
    order: VecDeque<i64>,
    /// The first row of those told at the start, where there were more before it.
    start: Option<i64>,
    /// Those before it that the observer told as new; the newest told, a bounded number.
    late: VecDeque<i64>,
    /// The latest time of all of them.
    latest: Option<Timestamp>,
}

impl Seen {
    /// Begins with the newest rows of a ledger; `whole` where they are all of it. They and all before them were there.
    pub(super) fn begin(rows: &[LedgerRow], whole: Whole) -> Self {
        let mut seen = Self::default();
        if let (Some(first), Whole::No) = (rows.first(), whole) {
            seen.ranges.insert(i64::MIN, first.id);
            seen.start = Some(first.id);
        }
        for row in rows {
            seen.insert(row);
        }
        seen
    }

    /// The highest id.
    pub(super) fn last(&self) -> Option<i64> {
        self.ranges.last_key_value().map(|(_, last)| *last)
    }

    /// From behind which id on rows may be missing.
    pub(super) fn floor(&self) -> i64 {
        self.ranges.get(&i64::MIN).copied().unwrap_or(i64::MIN)
    }

    /// Whether something was followed at all.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Takes a row; says whether it is new.
    pub(super) fn insert(&mut self, row: &LedgerRow) -> bool {
        let id = row.id;
        let before = self.ranges.range(..=id).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| last >= id) {
            self.mark(row);
            return false;
        }
        let first = before.filter(|(_, last)| id.checked_sub(1) == Some(*last)).map_or(id, |(first, _)| first);
        let behind = id.checked_add(1).and_then(|next| self.ranges.remove(&next));
        self.ranges.insert(first, behind.unwrap_or(id));
        if self.ranges.len() > RANGES {
            self.join();
        }
        self.mark(row);
        true
    }

    /// Takes a row that the observer told because it came; says whether it is new. Whatever lies below the rows that were told at the start
    /// counts as seen here, but the observer knows which ids were there.
    pub(super) fn came(&mut self, row: &LedgerRow) -> bool {
        if self.start.is_none_or(|start| row.id >= start) {
            return self.insert(row);
        }
        let is_new = !self.late.contains(&row.id);
        if is_new {
            self.late.push_back(row.id);
            if self.late.len() > MARKS {
                self.late.pop_front();
            }
        }
        is_new
    }

    /// Whether these, the newest rows that are there now, are of the ledger that was followed.
    pub(super) fn judge(&self, rows: &[LedgerRow]) -> Ledger {
        let known = rows.iter().filter_map(|row| Some((*self.marks.get(&row.id)?, mark(row))));
        let (same, other) = known.fold(
            (0, 0),
            |(same, other), (known, now)| {
                if known == now { (same + 1, other) } else { (same, other + 1) }
            },
        );
        // A row may be changed in place, but not most of them at once.
        if same > 0 || other > 0 {
            return if same >= other { Ledger::Same } else { Ledger::Other };
        }
        let (Some(newest), Some(last)) = (rows.last(), self.last()) else { return Ledger::Same };
        if newest.id > last {
            return Ledger::Same;
        }
        // All that was known is gone, and what is there has lower ids: either the newest rows were deleted, or it began anew.
        let times = rows.iter().filter_map(|row| time::parse(row.created_at.as_deref()?)).max();
        match (times, self.latest) {
            (Some(now), Some(latest)) if now < latest => Ledger::Same,
            _ => Ledger::Other,
        }
    }

    fn mark(&mut self, row: &LedgerRow) {
        self.latest = self.latest.max(row.created_at.as_deref().and_then(time::parse));
        if self.marks.insert(row.id, mark(row)).is_none() {
            self.order.push_back(row.id);
        }
        while self.order.len() > MARKS
            && let Some(oldest) = self.order.pop_front()
        {
            self.marks.remove(&oldest);
        }
    }

    /// What lies between the lower half of the ranges counts as seen.
    fn join(&mut self) {
        if let Some((_, last)) = self.ranges.iter().nth(RANGES / 2).map(|(first, last)| (*first, *last)) {
            self.ranges.retain(|first, _| *first > last);
            self.ranges.insert(i64::MIN, last);
        }
    }
}

/// Whether rows are all there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    No,
}

/// What makes a row that row, whatever its id.
fn mark(row: &LedgerRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&row.bot, &row.action, &row.item_type, &row.item_id, &row.created_at).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn row(id: i64, created_at: &str) -> LedgerRow {
        LedgerRow {
            id,
            bot: "verifier".into(),
            action: "verify".into(),
            item_type: "question".into(),
            item_id: format!("q-{id}"),
            reason: None,
            created_at: Some(created_at.into()),
        }
    }

    const EARLIER: &str = "2026-01-29 07:00:00";
    const BEFORE: &str = "2026-01-29T08:00:00.000Z";
    const LATER: &str = "2026-01-29 09:00:00";

    proptest! {
        #[test]
        fn each_id_is_new_once(start in prop::collection::btree_set(-20i64..60, 0..30), ids in prop::collection::vec(-40i64..100, 0..200), whole: bool) {
            let rows: Vec<_> = start.iter().map(|id| row(*id, BEFORE)).collect();
            let mut seen = Seen::begin(&rows, if whole { Whole::Yes } else { Whole::No });
            let mut model: BTreeSet<i64> = start.clone();
            if let (Some(first), false) = (start.first(), whole) {
                model.extend(-40..*first);
            }
            for id in ids {
                prop_assert_eq!(seen.insert(&row(id, LATER)), model.insert(id), "{}", id);
                prop_assert_eq!(seen.last(), model.last().copied());
            }
        }
    }

    #[test]
    fn what_came_below_the_rows_of_the_start_is_new_once() {
        let rows: Vec<_> = (500..700).map(|id| row(id, BEFORE)).collect();
        let mut seen = Seen::begin(&rows, Whole::No);
        assert!(!seen.insert(&row(100, LATER)), "nobody knows whether it was there");
        assert!(seen.came(&row(100, LATER)) && !seen.came(&row(100, LATER)));
        assert!(!seen.came(&row(500, LATER)) && !seen.came(&row(699, LATER)));
        assert!(seen.came(&row(700, LATER)) && !seen.insert(&row(700, LATER)));
        assert!(
            !seen.came(&row(700, LATER)) && !seen.came(&row(698, LATER)),
            "what follows the known ones is known, too"
        );
    }

    #[test]
    fn the_ends_of_the_numbers_are_ids_like_others() {
        let mut seen = Seen::default();
        for id in [i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 0] {
            assert!(seen.insert(&row(id, LATER)), "{id}");
            assert!(!seen.insert(&row(id, LATER)), "{id}");
        }
    }

    #[test]
    fn a_ledger_that_was_made_anew_is_told_from_one_whose_rows_were_deleted() {
        let rows = |ids: std::ops::Range<i64>, at: &str| ids.map(|id| row(id, at)).collect::<Vec<_>>();
        let seen = Seen::begin(&rows(100..300, BEFORE), Whole::No);
        for (now, ledger, why) in [
            (rows(150..350, BEFORE), Ledger::Same, "it went on"),
            (rows(900..999, LATER), Ledger::Same, "many came"),
            (rows(1..90, EARLIER), Ledger::Same, "the newest were deleted"),
            (rows(1..90, BEFORE), Ledger::Other, "its ids began anew within a second"),
            (rows(1..90, LATER), Ledger::Other, "its ids began anew"),
            (rows(1..290, LATER), Ledger::Other, "its ids began anew and came as far"),
            (Vec::new(), Ledger::Same, "that it is empty is seen by itself"),
        ] {
            assert_eq!(seen.judge(&now), ledger, "{why}");
        }
    }

    #[test]
    fn thousands_of_gaps_take_no_more_memory_for_ever() {
        let mut seen = Seen::default();
        for id in 0..(RANGES as i64 * 3) {
            seen.insert(&row(id * 2, LATER));
        }
        assert!(seen.ranges.len() <= RANGES && seen.marks.len() <= MARKS, "{}", seen.ranges.len());
        assert!(seen.insert(&row(RANGES as i64 * 6 - 3, LATER)), "a gap near the end is one still");
        assert!(!seen.insert(&row(1, LATER)));
    }
}
