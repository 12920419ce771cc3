//! Events counted by the second, and the sums of any stretch of time.
//!
//! Owns how exactly a time is known: within eight days of now to the second, within 400 days to the hour, before that to the day. So
//! the windows up to 7 days are exact, and years of a ledger take some hundred kilobytes. What is known roughly counts as of the
//! beginning of its hour or day. A sum costs the days of its stretch, the 24 hours of the days at its ends, and a binary search in the
//! hours there; whatever the number of rows.

mod bins;
mod day;

use std::{collections::BTreeMap, ops::Range};

use self::{bins::Bins, day::Day};

/// Seconds of an hour and of a day.
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;
/// How far from now times are known to the second: a day more than the longest window that is exact.
const EXACT: i64 = 8 * DAY;
/// How far from now they are known to the hour.
const HOURLY: i64 = 400 * DAY;
/// No time is beyond this: the years -9999 to 9999.
const END_OF_TIME: i64 = 400_000_000_000;

/// Events counted by the second (UTC, seconds since 1970); see the module's text for how exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    days: BTreeMap<i64, Day>,
    undated: u64,
    total: u64,
    /// The hour that is now.
    now: i64,
}

/// How exactly a time is to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grain {
    Second,
    Hour,
    Day,
}

impl Grain {
    const fn of(second: i64, now: i64) -> Self {
        match second.abs_diff(now) {
            apart if apart <= EXACT as u64 => Self::Second,
            apart if apart <= HOURLY as u64 => Self::Hour,
            _ => Self::Day,
        }
    }
}

impl Series {
    /// Nothing yet, at this time.
    pub const fn new(now: i64) -> Self {
        Self { days: BTreeMap::new(), undated: 0, total: 0, now: now - now.rem_euclid(HOUR) }
    }

    /// What is kept of a time, so that who has many may tell them together: the second itself, or where it is long ago the beginning of
    /// its hour or day.
    pub const fn kept(second: i64, now: i64) -> i64 {
        match Grain::of(second, now - now.rem_euclid(HOUR)) {
            Grain::Second => second,
            Grain::Hour => second - second.rem_euclid(HOUR),
            Grain::Day => second - second.rem_euclid(DAY),
        }
    }

    /// It is later now: what is too long ago for it is known less exactly from here on. Costs something once an hour.
    pub fn age(&mut self, now: i64) {
        let now = now - now.rem_euclid(HOUR);
        if now == self.now {
            return;
        }
        self.now = now;
        // Days that begin later are known as exactly as before.
        for (number, day) in self.days.range_mut(..=(now - EXACT).div_euclid(DAY)) {
            day.coarsen(number * DAY, |second| Grain::of(second, now));
        }
    }

    /// So many more with this time; `None`: their time cannot be read.
    pub fn add(&mut self, second: Option<i64>, rows: u64) {
        self.total = self.total.saturating_add(rows);
        match second {
            Some(second) if rows > 0 => {
                let second = second.clamp(-END_OF_TIME, END_OF_TIME);
                let day = self.days.entry(second.div_euclid(DAY)).or_default();
                day.add(second.rem_euclid(DAY), rows, Grain::of(second, self.now));
            }
            Some(_) => {}
            None => self.undated = self.undated.saturating_add(rows),
        }
    }

    /// The same for many at once: (when, how many), which must ascend. Costs less than one by one, above all where the newest are told
    /// first, so that everything that is known already stands behind what comes.
    pub fn add_all(&mut self, events: &[(Option<i64>, u64)]) {
        let now = self.now;
        let of = |second: Option<i64>| {
            second.map(|second| {
                let second = second.clamp(-END_OF_TIME, END_OF_TIME);
                (second.div_euclid(HOUR), Grain::of(second, now))
            })
        };
        for stretch in events.chunk_by(|(one, _), (other, _)| of(*one) == of(*other)) {
            let (Some(first), true) = (stretch[0].0, stretch.len() > 1) else {
                stretch.iter().for_each(|(second, rows)| self.add(*second, *rows));
                continue;
            };
            let first = first.clamp(-END_OF_TIME, END_OF_TIME);
            let rows = stretch.iter().fold(0_u64, |sum, (_, rows)| sum.saturating_add(*rows));
            match Grain::of(first, now) {
                Grain::Second if rows > 0 => {
                    self.total = self.total.saturating_add(rows);
                    let day = self.days.entry(first.div_euclid(DAY)).or_default();
                    day.add_seconds(
                        first.rem_euclid(DAY),
                        rows,
                        stretch.iter().filter_map(|(at, rows)| Some(((*at)?, *rows))),
                    );
                }
                // All of it counts as of the same time.
                _ => self.add(Some(first), rows),
            }
        }
    }

    /// So many fewer with a time that was added.
    pub fn remove(&mut self, second: Option<i64>, rows: u64) {
        self.total = self.total.saturating_sub(rows);
        let Some(second) = second else {
            self.undated = self.undated.saturating_sub(rows);
            return;
        };
        let second = second.clamp(-END_OF_TIME, END_OF_TIME);
        let number = second.div_euclid(DAY);
        if let Some(day) = self.days.get_mut(&number) {
            day.remove(second.rem_euclid(DAY), rows);
            if day.is_empty() {
                self.days.remove(&number);
            }
        }
    }

    /// How many in this stretch, the end not included.
    pub fn sum(&self, stretch: Range<i64>) -> u64 {
        let mut sum = [0];
        self.spread(&[stretch.start, stretch.end.max(stretch.start)], &mut sum);
        sum[0]
    }

    /// How many from then on, those still to come, too.
    pub fn since(&self, start: i64) -> u64 {
        self.sum(start..i64::MAX)
    }

    /// Adds how many are between each two of these bounds, which ascend, to a step: a bound more than steps.
    pub fn spread(&self, bounds: &[i64], steps: &mut [u64]) {
        let (Some(&first), Some(&last)) = (bounds.first(), bounds.last()) else { return };
        let mut bins = Bins::new(bounds, steps);
        for (number, day) in self.days.range(first.div_euclid(DAY)..) {
            let start = number * DAY;
            if start >= last {
                break;
            }
            day.spread(start, &mut bins);
        }
    }

    /// All, those without a time, too.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Those without a readable time.
    pub const fn undated(&self) -> u64 {
        self.undated
    }

    /// The first time that has some.
    pub fn first(&self) -> Option<i64> {
        self.days.first_key_value().map(|(number, day)| number * DAY + day.first())
    }

    /// The last one.
    pub fn last(&self) -> Option<i64> {
        self.days.last_key_value().map(|(number, day)| number * DAY + day.last())
    }

    /// The seconds of a stretch that have some, the latest first, each with how many; only where times are known to the second.
    pub fn backwards(&self, stretch: Range<i64>) -> impl Iterator<Item = (i64, u64)> + '_ {
        let (from, to) = (stretch.start, stretch.end.max(stretch.start));
        self.days
            .range(from.div_euclid(DAY)..=to.div_euclid(DAY))
            .rev()
            .flat_map(move |(number, day)| day.backwards(number * DAY, to))
            .skip_while(move |(second, _)| *second >= to)
            .take_while(move |(second, _)| *second >= from)
    }

    /// How many numbers it keeps: its memory.
    #[cfg(test)]
    fn entries(&self) -> usize {
        self.days.values().map(Day::entries).sum()
    }
}

#[cfg(test)]
mod tests;
