//! Bursts: when there were so many within a window, and when that began.

use std::{collections::VecDeque, time::Duration};

use super::super::Series;

/// How far back a beginning is searched: so many seconds that have rows. A burst that goes on for longer is as good as normal.
const FAR: usize = 10_000;
/// Where it is not found, it is said as of a full part of the day, so that it is the same one for hours.
const PART: i64 = 6 * 3600;
/// How far ahead of its time a row may be to be waited for: a clock may be wrong by an hour.
const AHEAD: i64 = 86_400;

fn seconds(window: Duration) -> i64 {
    i64::try_from(window.as_secs()).unwrap_or(i64::MAX).clamp(1, AHEAD)
}

/// When the burst began that is on now: since then there were always `limit` or more in the window that ended then (its first second
/// not included). Rows whose clock ran ahead are not there yet.
pub(super) fn since(series: &Series, now: i64, limit: u64, window: Duration) -> Option<i64> {
    let window = seconds(window);
    let limit = limit.max(1);
    if series.sum(now - window + 1..now + 1) < limit {
        return None;
    }
    // Going back, the count falls only where a second with rows is left behind: those are looked at, each with the window before it.
    let mut older = series.backwards(i64::MIN / 2..now + 1).peekable();
    let mut inside: VecDeque<(i64, u64)> = VecDeque::new();
    let mut sum = 0_u64;
    for (walked, (second, _)) in series.backwards(i64::MIN / 2..now + 1).enumerate() {
        // What the window of the second before this one holds: what is older than it, and not too old.
        while let Some((time, rows)) = older.next_if(|(time, _)| *time >= second - window) {
            inside.push_back((time, rows));
            sum = sum.saturating_add(rows);
        }
        while let Some((_, rows)) = inside.front().filter(|(time, _)| *time >= second) {
            sum = sum.saturating_sub(*rows);
            inside.pop_front();
        }
        if sum < limit {
            return Some(second);
        }
        if walked == FAR {
            return Some(second - second.rem_euclid(PART));
        }
    }
    // The second with the first row has none before it: the loop has ended there.
    None
}

/// When it will be otherwise if nothing happens: the burst is over, or rows whose clock ran ahead make one.
pub(super) fn next(series: &Series, now: i64, limit: u64, window: Duration) -> Option<i64> {
    let window = seconds(window);
    let limit = limit.max(1);
    if series.sum(now - window + 1..now + 1) >= limit {
        let mut sum = 0_u64;
        return series.backwards(now - window + 1..now + 1).find_map(|(second, rows)| {
            sum = sum.saturating_add(rows);
            (sum >= limit).then_some(second + window)
        });
    }
    if series.sum(now - window + 1..now + AHEAD) < limit {
        return None;
    }
    let mut ahead: Vec<(i64, u64)> = series.backwards(now - window + 1..now + AHEAD).collect();
    ahead.reverse();
    let (mut sum, mut first) = (0_u64, 0);
    for (second, rows) in &ahead {
        sum = sum.saturating_add(*rows);
        while let Some((_, rows)) = ahead.get(first).filter(|(time, _)| *time <= second - window) {
            sum = sum.saturating_sub(*rows);
            first += 1;
        }
        if sum >= limit && *second > now {
            return Some(*second);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const MINUTE: Duration = Duration::from_secs(60);

    fn series(rows: &[(i64, u64)]) -> Series {
        let mut series = Series::new(NOW);
        rows.iter().for_each(|(ago, rows)| series.add(Some(NOW - ago), *rows));
        series
    }

    #[test]
    fn a_burst_begins_where_the_limit_was_reached_and_ends_where_it_is_not_any_more() {
        let rows = series(&[(300, 9), (100, 5), (90, 4), (80, 1), (40, 5), (0, 3)]);
        // 10 in the minute that ended 80 s ago: 5 + 4 + 1; from 40 s ago on 4 + 1 + 5; from 30 s ago on only 1 + 5.
        assert_eq!(since(&rows, NOW - 81, 10, MINUTE), None);
        assert_eq!(since(&rows, NOW - 41, 10, MINUTE), Some(NOW - 80));
        assert_eq!(since(&rows, NOW - 31, 10, MINUTE), Some(NOW - 80));
        assert_eq!(since(&rows, NOW - 30, 10, MINUTE), None);
        assert_eq!(since(&rows, NOW, 10, MINUTE), None);
        assert_eq!(since(&rows, NOW, 8, MINUTE), Some(NOW));
        assert_eq!(next(&rows, NOW, 8, MINUTE), Some(NOW - 40 + 60));
        assert_eq!(next(&rows, NOW, 3, MINUTE), Some(NOW + 60));
        assert_eq!(next(&rows, NOW, 9, MINUTE), None);
    }

    #[test]
    fn it_has_the_same_beginning_as_long_as_it_lasts() {
        let mut rows = series(&[]);
        for second in 0..1000 {
            rows.add(Some(NOW + second), 2);
            let expected = (second >= 9).then_some(NOW + 9);
            assert_eq!(since(&rows, NOW + second, 20, MINUTE), expected, "{second}");
        }
        assert_eq!(since(&rows, NOW + 1048, 20, MINUTE), Some(NOW + 9));
        assert_eq!(since(&rows, NOW + 1050, 20, MINUTE), None);
    }

    #[test]
    fn one_that_never_began_is_the_same_for_hours() {
        let mut rows = series(&[]);
        (0..40_000).for_each(|ago| rows.add(Some(NOW - ago), 1));
        let found = since(&rows, NOW, 10, MINUTE);
        assert_eq!(found.map(|second| second % PART), Some(0));
        assert_eq!(since(&rows, NOW - 60, 10, MINUTE), found);
    }

    #[test]
    fn rows_whose_clock_ran_ahead_wait_for_their_time() {
        let rows = series(&[(-100, 5), (-130, 5)]);
        assert_eq!(since(&rows, NOW, 10, MINUTE), None);
        assert_eq!(next(&rows, NOW, 10, MINUTE), Some(NOW + 130));
        assert_eq!(next(&rows, NOW, 11, MINUTE), None);
    }

    proptest! {
        #[test]
        fn it_is_what_looking_at_every_second_says(
            rows in proptest::collection::vec((0_i64..200, 1_u64..4), 0..40),
            limit in 1_u64..12,
            window in 1_i64..40,
        ) {
            let (first, last) = (NOW - 300, NOW + 60);
            let series = series(&rows);
            let on = |time: i64| {
                let inside = |ago: &i64| (time - window + 1..=time).contains(&(NOW - ago));
                rows.iter().filter(|(ago, _)| inside(ago)).map(|(_, rows)| rows).sum::<u64>() >= limit
            };
            let length = Duration::from_secs(window.unsigned_abs());
            for time in (first..last).step_by(7) {
                let naive = on(time).then(|| (first..=time).rev().take_while(|time| on(*time)).last()).flatten();
                prop_assert_eq!(since(&series, time, limit, length), naive, "at {}", time - NOW);
                let changes = (time..last + 100).find(|later| on(*later) != on(time));
                match next(&series, time, limit, length) {
                    // Rows still to come may prolong it: then it was looked at in vain.
                    Some(when) if on(time) => prop_assert!(when > time && changes.is_some_and(|changes| changes >= when)),
                    found => prop_assert_eq!(found, changes),
                }
            }
        }
    }
}
