//! Events counted by the second, and the sums of any stretch of time.

use std::ops::Range;

/// Events counted by the second (UTC, seconds since 1970). Sums of stretches cost the logarithm of what is known, or a step for each
/// hour of the stretch; seconds far in the past may be kept as whole hours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    rows: std::collections::BTreeMap<i64, u64>,
    undated: u64,
    total: u64,
}

impl Series {
    /// So many more with this time; `None`: their time cannot be read.
    pub fn add(&mut self, second: Option<i64>, rows: u64) {
        self.total += rows;
        match second {
            Some(second) => *self.rows.entry(second).or_default() += rows,
            None => self.undated += rows,
        }
    }

    /// How many in this stretch, the end not included.
    pub fn sum(&self, stretch: Range<i64>) -> u64 {
        self.rows.range(stretch).map(|(_, rows)| rows).sum()
    }

    /// All, those without a time, too.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Those without a readable time.
    pub const fn undated(&self) -> u64 {
        self.undated
    }

    /// The first second that has some.
    pub fn first(&self) -> Option<i64> {
        self.rows.keys().next().copied()
    }

    /// The last one.
    pub fn last(&self) -> Option<i64> {
        self.rows.keys().next_back().copied()
    }
}
