//! The counts of a day: all, by the hour where that is kept, by the second where that is kept.

use super::{DAY, Grain, HOUR, bins::Bins};

/// A day's rows. Those that its hours do not have count as of its beginning.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Day {
    rows: u64,
    hours: Option<Box<[Hour; 24]>>,
}

/// An hour's rows. Those that its seconds do not have count as of its beginning.
#[derive(Clone, Debug, Default, PartialEq)]
struct Hour {
    rows: u64,
    seconds: Option<Box<Seconds>>,
}

/// The seconds of an hour that have rows, each with how many there are up to it: appending is cheap, and so is the sum of any stretch.
#[derive(Clone, Debug, Default, PartialEq)]
struct Seconds {
    at: Vec<u16>,
    sums: Vec<u64>,
}

impl Day {
    /// So many more in this second of the day.
    pub(super) fn add(&mut self, second: i64, rows: u64, grain: Grain) {
        self.rows = self.rows.saturating_add(rows);
        if grain == Grain::Day {
            return;
        }
        let hours = self.hours.get_or_insert_default();
        let Some(hour) = usize::try_from(second / HOUR).ok().and_then(|at| hours.get_mut(at)) else { return };
        hour.rows = hour.rows.saturating_add(rows);
        if grain == Grain::Second {
            hour.seconds.get_or_insert_default().add(of_hour(second), rows);
        }
    }

    /// So many more in these seconds of one hour, which ascend; `second` is the first of them.
    pub(super) fn add_seconds(&mut self, second: i64, rows: u64, events: impl Iterator<Item = (i64, u64)>) {
        self.rows = self.rows.saturating_add(rows);
        let hours = self.hours.get_or_insert_default();
        let Some(hour) = usize::try_from(second / HOUR).ok().and_then(|at| hours.get_mut(at)) else { return };
        hour.rows = hour.rows.saturating_add(rows);
        let events = events.filter(|(_, rows)| *rows > 0).map(|(second, rows)| (of_hour(second), rows));
        hour.seconds.get_or_insert_default().add_all(events);
    }

    /// So many fewer.
    pub(super) fn remove(&mut self, second: i64, rows: u64) {
        self.rows = self.rows.saturating_sub(rows);
        let Some(hours) = &mut self.hours else { return };
        let Some(hour) = usize::try_from(second / HOUR).ok().and_then(|at| hours.get_mut(at)) else { return };
        hour.rows = hour.rows.saturating_sub(rows);
        if let Some(seconds) = &mut hour.seconds {
            seconds.remove(of_hour(second), rows);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Forgets what need not be known so exactly any more.
    pub(super) fn coarsen(&mut self, start: i64, grain: impl Fn(i64) -> Grain) {
        let Some(hours) = &mut self.hours else { return };
        if grain(start + DAY - 1) == Grain::Day {
            self.hours = None;
            return;
        }
        for (at, hour) in (0..).zip(hours.iter_mut()) {
            if hour.seconds.is_some() && grain(start + at * HOUR + HOUR - 1) != Grain::Second {
                hour.seconds = None;
            }
        }
    }

    /// Puts the rows into their steps.
    pub(super) fn spread(&self, start: i64, bins: &mut Bins<'_>) {
        if bins.put_whole(start, start + DAY, self.rows) {
            return;
        }
        let Some(hours) = &self.hours else {
            bins.put(start, self.rows);
            return;
        };
        bins.put(start, self.rows.saturating_sub(sum(&hours[..])));
        for (at, hour) in (0..).zip(hours.iter()) {
            hour.spread(start + at * HOUR, bins);
        }
    }

    /// The second of the day that has the first rows, as exactly as it is known.
    pub(super) fn first(&self) -> i64 {
        let Some(hours) = &self.hours else { return 0 };
        if sum(&hours[..]) < self.rows {
            return 0;
        }
        let first = (0..).zip(hours.iter()).find(|(_, hour)| hour.rows > 0);
        first.map_or(0, |(at, hour)| at * HOUR + hour.first())
    }

    /// The second of the day that has the last rows.
    pub(super) fn last(&self) -> i64 {
        let last = self.hours.iter().flat_map(|hours| (0..).zip(hours.iter())).filter(|(_, hour)| hour.rows > 0).last();
        last.map_or(0, |(at, hour)| at * HOUR + hour.last())
    }

    /// The seconds that have rows, the latest first; hours from `to` on are left out.
    pub(super) fn backwards(&self, start: i64, to: i64) -> impl Iterator<Item = (i64, u64)> + '_ {
        let hours = self.hours.iter().flat_map(|hours| hours.iter().enumerate().rev());
        hours
            .map(move |(at, hour)| (start + at as i64 * HOUR, hour))
            .filter(move |(start, _)| *start < to)
            .flat_map(|(start, hour)| hour.seconds.iter().flat_map(move |seconds| seconds.backwards(start)))
    }

    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        let hours = self.hours.iter().flat_map(|hours| hours.iter());
        1 + hours.map(|hour| 1 + hour.seconds.as_ref().map_or(0, |seconds| seconds.at.len())).sum::<usize>()
    }
}

/// The rows of these hours. Counts come from the database, so sums end where numbers do.
fn sum(hours: &[Hour]) -> u64 {
    hours.iter().fold(0, |sum, hour| sum.saturating_add(hour.rows))
}

/// The second of its hour that a second of the day is.
fn of_hour(second: i64) -> u16 {
    u16::try_from(second.rem_euclid(HOUR)).unwrap_or(0)
}

impl Hour {
    fn spread(&self, start: i64, bins: &mut Bins<'_>) {
        if self.rows == 0 || bins.put_whole(start, start + HOUR, self.rows) {
            return;
        }
        let Some(seconds) = &self.seconds else {
            bins.put(start, self.rows);
            return;
        };
        bins.put(start, self.rows.saturating_sub(seconds.total()));
        // From the first second that is in a step, step by step to the hour's end.
        let mut from = start.max(bins.start());
        let mut before = seconds.before(from - start);
        while from < start + HOUR {
            let Some((_, until)) = bins.step(from) else { break };
            let sum = seconds.before(until.saturating_sub(start));
            bins.put(from, sum.saturating_sub(before));
            (from, before) = (until, sum);
        }
    }

    fn first(&self) -> i64 {
        let seconds = self.seconds.as_ref().filter(|seconds| seconds.total() >= self.rows);
        seconds.and_then(|seconds| seconds.at.first()).map_or(0, |second| i64::from(*second))
    }

    fn last(&self) -> i64 {
        self.seconds.as_ref().and_then(|seconds| seconds.at.last()).map_or(0, |second| i64::from(*second))
    }
}

impl Seconds {
    fn add(&mut self, second: u16, rows: u64) {
        let place = self.at.partition_point(|known| *known < second);
        if self.at.get(place) != Some(&second) {
            let before = place.checked_sub(1).map_or(0, |before| self.sums[before]);
            self.at.insert(place, second);
            self.sums.insert(place, before);
        }
        for sum in &mut self.sums[place..] {
            *sum = sum.saturating_add(rows);
        }
    }

    /// As [`Self::add`] for many that ascend: what is known behind the first of them is gone through once.
    fn add_all(&mut self, more: impl Iterator<Item = (u16, u64)>) {
        let mut more = more.peekable();
        let Some(first) = more.peek().map(|(second, _)| *second) else { return };
        let place = self.at.partition_point(|known| *known < first);
        let mut sum = place.checked_sub(1).map_or(0, |before| self.sums[before]);
        let mut before = sum;
        let known: Vec<(u16, u64)> = self.at.drain(place..).zip(self.sums.drain(place..)).collect();
        let mut known = known.into_iter().peekable();
        while let Some(second) = known.peek().map(|(at, _)| *at).into_iter().chain(more.peek().map(|(at, _)| *at)).min()
        {
            if let Some((_, until)) = known.next_if(|(at, _)| *at == second) {
                sum = sum.saturating_add(until - before);
                before = until;
            }
            while let Some((_, rows)) = more.next_if(|(at, _)| *at == second) {
                sum = sum.saturating_add(rows);
            }
            self.at.push(second);
            self.sums.push(sum);
        }
    }

    fn remove(&mut self, second: u16, rows: u64) {
        let Ok(place) = self.at.binary_search(&second) else { return };
        let before = place.checked_sub(1).map_or(0, |before| self.sums[before]);
        // Never more than there are: what was told before this hour's seconds were kept is in none of them.
        let rows = rows.min(self.sums[place] - before);
        for sum in &mut self.sums[place..] {
            *sum -= rows;
        }
        if self.sums[place] == before {
            self.at.remove(place);
            self.sums.remove(place);
        }
    }

    fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// How many there are before this second of the hour.
    fn before(&self, second: i64) -> u64 {
        let place = self.at.partition_point(|known| i64::from(*known) < second);
        place.checked_sub(1).map_or(0, |before| self.sums[before])
    }

    fn backwards(&self, start: i64) -> impl Iterator<Item = (i64, u64)> + '_ {
        (0..self.at.len()).rev().map(move |place| {
            let before = place.checked_sub(1).map_or(0, |before| self.sums[before]);
            (start + i64::from(self.at[place]), self.sums[place] - before)
        })
    }
}
