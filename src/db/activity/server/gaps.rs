//! What of a table was told and what not yet: stretches of ids, told in turns from the newest on.

use std::time::{Duration, Instant};

use super::literal;

/// Rows of the first turn, and the fewest and the most of one.
const ROWS: u64 = 20_000;
const FEWEST: u64 = 250;
const MOST: u64 = 200_000;
/// A turn that takes less than this may be larger, one that takes more should be smaller.
const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_millis(600);
/// Everything is not told once more before this has passed, and so much for each row: a hundred times what the server works on it.
const REST: Duration = Duration::from_secs(2);
const REST_FOR_A_ROW: Duration = Duration::from_micros(200);

/// How long the sums over a whole table stay good, at least, and for each row: who owns the server pays for every row that is read.
const GOOD: Duration = Duration::from_secs(60);
const GOOD_FOR_A_ROW: Duration = Duration::from_millis(5);
/// The part of an id that goes into a sum: no sum of them is too large.
pub(super) const PART: i64 = 0x3fff_ffff;

/// Ids between these two, both not included; `None`: no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) after: Option<i64>,
    pub(super) below: Option<i64>,
}

impl Gap {
    pub(super) fn contains(&self, id: i64) -> bool {
        self.after.is_none_or(|after| id > after) && self.below.is_none_or(|below| id < below)
    }

    /// The condition, in a source's notation.
    pub(super) fn condition(&self) -> String {
        match (self.after, self.below) {
            (None, None) => String::new(),
            (Some(after), None) => format!("WHERE # > {}", literal(after)),
            (None, Some(below)) => format!("WHERE # < {}", literal(below)),
            (Some(after), Some(below)) => format!("WHERE # > {} AND # < {}", literal(after), literal(below)),
        }
    }
}

/// What is not told yet, and how large the turns are.
#[derive(Clone, Debug)]
pub(super) struct Gaps {
    /// The newest last. They do not overlap.
    open: Vec<Gap>,
    rows: u64,
    most: u64,
    /// How many rows the turns read since everything was told anew.
    read: u64,
    /// Before this, everything is not told anew.
    rests: Option<Instant>,
}

impl Gaps {
    /// Of a table whose rows are so large that a turn has at most this many in the beginning.
    pub(super) fn new(rows: u64, most: u64) -> Self {
        Self { open: Vec::new(), rows, most, read: 0, rests: None }
    }

    /// For rows that are counted by the server.
    pub(super) fn of_groups() -> Self {
        Self::new(ROWS, MOST)
    }

    /// Whether everything may be told anew now.
    pub(super) fn may_begin(&self, now: Instant) -> bool {
        self.rests.is_none_or(|rests| rests <= now)
    }

    /// Everything below this id has to be told, `None`: everything.
    pub(super) fn begin(&mut self, below: Option<i64>) {
        self.open = vec![Gap { after: None, below }];
        self.read = 0;
    }

    /// One more, newer than all others.
    pub(super) fn add(&mut self, gap: Gap) {
        self.open.push(gap);
    }

    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    pub(super) fn contains(&self, id: i64) -> bool {
        self.open.iter().any(|gap| gap.contains(id))
    }

    /// Whether everything from this id on was told.
    pub(super) fn are_below(&self, id: i64) -> bool {
        self.open.iter().all(|gap| gap.below.is_some_and(|below| below <= id))
    }

    /// Whose turn it is, and how many rows of its end.
    pub(super) fn turn(&self) -> Option<(Gap, u64)> {
        self.open.last().map(|gap| (*gap, self.rows))
    }

    /// The last turn brought so many rows of those asked for, the lowest id of them, and took so long.
    pub(super) fn told(&mut self, turn: (Gap, u64), rows: u64, least: Option<i64>, took: Duration, now: Instant) {
        let (gap, asked) = turn;
        self.open.retain(|open| *open != gap);
        if let Some(least) = least.filter(|_| rows >= asked) {
            self.open.push(Gap { below: Some(least), ..gap });
            // The newest is the last one, whatever came meanwhile.
            self.open.sort_by_key(|gap| gap.below.unwrap_or(i64::MAX));
        }
        self.read = self.read.saturating_add(rows);
        if took > LONG {
            self.less();
        } else if took < SHORT && rows >= asked {
            self.rows = (self.rows * 2).min(self.most);
        }
        if self.open.is_empty() {
            let rows = u32::try_from(self.read).unwrap_or(u32::MAX);
            self.rests = Some(now + REST.max(REST_FOR_A_ROW.saturating_mul(rows)));
        }
    }

    /// A turn was too large: the next one is smaller, where it can be.
    pub(super) fn less(&mut self) -> bool {
        let before = self.rows;
        self.rows = (before / 2).max(FEWEST.min(before));
        self.rows < before
    }
}

/// How many rows were told, and the sum of their ids' parts: what the whole table has to come to, too.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) rows: u64,
    sum: i64,
    compare_at: Option<Instant>,
}

impl Sums {
    /// Nothing was told.
    pub(super) const fn clear(&mut self) {
        (self.rows, self.sum) = (0, 0);
    }

    pub(super) const fn add(&mut self, id: i64) {
        self.add_all(1, id & PART);
    }

    pub(super) const fn add_all(&mut self, rows: u64, parts: i64) {
        self.rows = self.rows.saturating_add(rows);
        self.sum = self.sum.wrapping_add(parts);
    }

    /// Whether it is time to compare them.
    pub(super) fn are_due(&self, now: Instant) -> bool {
        self.compare_at.is_none_or(|at| at <= now)
    }

    /// The columns to ask for, in a source's notation.
    pub(super) fn columns() -> String {
        format!("count(*), coalesce(sum(# & {PART}), 0)")
    }

    /// Whether the table comes to something else.
    pub(super) fn differ(&mut self, rows: Option<i64>, sum: Option<i64>, now: Instant) -> bool {
        let (Some(rows), Some(sum)) = (rows.and_then(|rows| u64::try_from(rows).ok()), sum) else { return false };
        let good = GOOD_FOR_A_ROW.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX));
        self.compare_at = Some(now + GOOD.max(good));
        (rows, sum) != (self.rows, self.sum)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn turns_go_from_the_newest_rows_to_the_oldest_and_grow_where_they_are_short() {
        let now = Instant::now();
        let quick = Duration::from_millis(1);
        let mut gaps = Gaps::new(100, 400);
        assert!(!gaps.is_open() && gaps.may_begin(now));
        gaps.begin(None);
        assert!(gaps.contains(7) && !gaps.are_below(7));
        let mut sizes = Vec::new();
        let mut next = 1000;
        while let Some((gap, rows)) = gaps.turn() {
            sizes.push(rows);
            let come = rows.min(next);
            next -= come;
            gaps.told((gap, rows), come, Some(next as i64), quick, now);
        }
        assert_eq!(sizes, [100, 200, 400, 400], "the last one brought less than was asked for");
        assert!(!gaps.may_begin(now) && gaps.may_begin(now + REST), "it was quick");
        gaps.begin(Some(500));
        gaps.add(Gap { after: Some(600), below: Some(900) });
        assert!(gaps.contains(601) && gaps.contains(499) && !gaps.contains(550) && !gaps.are_below(600));
        assert!(gaps.are_below(900));
        let turn = gaps.turn().unwrap();
        assert_eq!(turn.0.condition(), "WHERE # > 600 AND # < 900");
        gaps.told(turn, 299, Some(601), LONG * 2, now);
        assert_eq!(gaps.turn().unwrap().1, FEWEST, "it took too long");
        assert_eq!(gaps.turn().unwrap().0, Gap { after: None, below: Some(500) });
    }
}
