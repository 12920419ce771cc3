//! How far a sync is: bytes, their rate over the last seconds, the time that is left.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::db::request::SyncProgress;

/// Over how long the rate is taken.
const LATELY: Duration = Duration::from_secs(4);
/// Seconds after which the rate counts, however little came.
const ENOUGH: f64 = 3.0;

/// Measures a sync.
#[derive(Debug)]
pub(super) struct Meter {
    total: Option<u64>,
    /// Times and bytes, the oldest about [`LATELY`] old.
    seen: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// Of a sync that begins now and has this many bytes to fetch, where that is known.
    pub(super) fn new(now: Instant, total: Option<u64>) -> Self {
        Self { total, seen: VecDeque::from([(now, 0)]) }
    }

    /// So many bytes have come.
    pub(super) fn at(&mut self, now: Instant, bytes: u64) -> SyncProgress {
        self.seen.push_back((now, bytes));
        while self.seen.get(1).is_some_and(|(then, _)| now.saturating_duration_since(*then) >= LATELY) {
            self.seen.pop_front();
        }
        let (then, before) = self.seen.front().copied().unwrap_or((now, bytes));
        let time = now.saturating_duration_since(then).as_secs_f64();
        let rate = if time > 0.0 { (bytes.saturating_sub(before) as f64 / time) as u64 } else { 0 };
        // What was thought to be all was not.
        let total = self.total.filter(|total| *total >= bytes);
        // The first bytes come slowly: what is left is not foretold from them.
        let tells = |total: u64| bytes.saturating_sub(before) >= total / 100 || time >= ENOUGH;
        let left = total.filter(|total| rate > 0 && tells(*total));
        let left = left.map(|total| Duration::from_secs((total - bytes).div_ceil(rate)));
        SyncProgress { bytes, total, rate, left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut meter = Meter::new(start, Some(10_000));
        assert_eq!(meter.at(start, 0), SyncProgress { bytes: 0, total: Some(10_000), rate: 0, left: None });
        for second in 1..=4 {
            meter.at(at(second), second * 1000);
        }
        let fast = meter.at(at(5), 5000);
        assert_eq!((fast.rate, fast.left), (1000, Some(Duration::from_secs(5))));
        for second in 6..=8 {
            meter.at(at(second), 5000 + (second - 5) * 100);
        }
        let slow = meter.at(at(9), 5400);
        assert_eq!((slow.rate, slow.left), (100, Some(Duration::from_secs(46))));
        let stalled = (10..=13).map(|second| meter.at(at(second), 5400)).last();
        assert_eq!(stalled.map(|progress| (progress.rate, progress.left)), Some((0, None)));
        assert_eq!(meter.at(at(14), 10_001).total, None, "there is more than was said");
    }

    #[test]
    fn the_first_bytes_foretell_nothing() {
        let start = Instant::now();
        let mut meter = Meter::new(start, Some(100_000_000));
        assert_eq!(meter.at(start + Duration::from_secs(1), 1000).left, None);
        assert_eq!(meter.at(start + Duration::from_secs(2), 20_000_000).left, Some(Duration::from_secs(8)));
    }
}
