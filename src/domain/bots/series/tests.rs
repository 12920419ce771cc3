//! Sums of stretches against a plain list of rows.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_769_673_787;

/// What the series should be: every second.
#[derive(Default)]
struct Naive(BTreeMap<i64, u64>);

impl Naive {
    fn sum(&self, stretch: Range<i64>) -> u64 {
        self.0.range(stretch).map(|(_, rows)| rows).sum()
    }
}

/// Times as they come: mostly now, some long ago, clocks that run ahead.
fn ago() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => -7200..90_000_i64,
        3 => 0..EXACT - HOUR,
        2 => 0..HOURLY,
        1 => 0..4000 * DAY,
        1 => -20 * DAY..0,
    ]
}

#[test]
fn sums_end_where_numbers_do() {
    let mut series = Series::new(NOW);
    // As runs say that they handled: any integer.
    for hour in 0..4 {
        series.add(Some(NOW - hour * HOUR), i64::MAX as u64);
    }
    assert_eq!((series.total(), series.since(NOW - 5 * HOUR)), (u64::MAX, u64::MAX));
    assert_eq!(series.since(NOW - 30), i64::MAX as u64, "the day is cut");
    assert_eq!(series.first(), Some(NOW - 3 * HOUR));
}

proptest! {
    #[test]
    fn sums_are_exact_to_the_second_within_eight_days(
        rows in proptest::collection::vec((ago(), 0_u64..5), 0..200),
        bounds in proptest::collection::vec(-DAY..EXACT - HOUR, 2..20),
        taken in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (mut series, mut naive) = (Series::new(NOW), Naive::default());
        let mut left = rows.clone();
        for (ago, count) in &rows {
            series.add(Some(NOW - ago), *count);
        }
        for index in taken {
            if !left.is_empty() {
                let (ago, count) = left.remove(index.index(left.len()));
                series.remove(Some(NOW - ago), count);
            }
        }
        left.iter().for_each(|(ago, count)| *naive.0.entry(NOW - ago).or_default() += count);
        let mut bounds: Vec<i64> = bounds.iter().map(|ago| NOW - ago).collect();
        bounds.sort_unstable();
        let mut steps = vec![0; bounds.len() - 1];
        series.spread(&bounds, &mut steps);
        for (step, pair) in steps.iter().zip(bounds.windows(2)) {
            prop_assert_eq!(*step, naive.sum(pair[0]..pair[1]));
            prop_assert_eq!(series.sum(pair[0]..pair[1]), *step);
        }
        prop_assert_eq!(series.since(bounds[0]), naive.sum(bounds[0]..i64::MAX));
        prop_assert_eq!(series.sum(i64::MIN..i64::MAX), naive.sum(i64::MIN..i64::MAX));
        prop_assert_eq!(series.total(), left.iter().map(|(_, count)| count).sum::<u64>());
        let seconds: Vec<(i64, u64)> = series.backwards(bounds[0]..bounds[1]).collect();
        let expected = naive.0.range(bounds[0]..bounds[1]).rev().filter(|(_, rows)| **rows > 0);
        prop_assert_eq!(seconds, expected.map(|(second, rows)| (*second, *rows)).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_lost_as_time_goes_on(
        rows in proptest::collection::vec((ago(), 1_u64..5), 0..100),
        later in proptest::collection::vec(-2 * DAY..30 * DAY, 0..10),
    ) {
        let mut series = Series::new(NOW);
        let mut all = Naive::default();
        let mut now = NOW;
        let mut come = rows.iter();
        for later in later.into_iter().chain([0]) {
            for (ago, count) in come.by_ref().take(12) {
                series.add(Some(now - ago), *count);
                *all.0.entry(now - ago).or_default() += count;
            }
            now += later;
            series.age(now);
            prop_assert_eq!(series.sum(i64::MIN..i64::MAX), all.sum(i64::MIN..i64::MAX));
            // Whole days are exact for ever.
            for days in [1, 7, 30, 1000] {
                let day = (now - days * DAY).div_euclid(DAY) * DAY;
                prop_assert_eq!(series.since(day), all.sum(day..i64::MAX), "{} days", days);
            }
        }
        let first = all.0.keys().next().copied();
        prop_assert!(series.first() <= first && first.is_none_or(|first| series.first() > Some(first - DAY)));
        prop_assert!(series.last() <= all.0.keys().next_back().copied());
    }

    #[test]
    fn what_is_told_as_it_is_kept_is_the_same(
        rows in proptest::collection::vec((ago(), 1_u64..5), 0..100),
    ) {
        let (mut one, mut other) = (Series::new(NOW), Series::new(NOW));
        for (ago, count) in rows {
            let second = NOW - ago;
            one.add(Some(second), count);
            other.add(Some(Series::kept(second, NOW)), count);
        }
        for start in [NOW - 60, NOW - 3600, NOW - DAY, NOW - 7 * DAY, i64::MIN] {
            prop_assert_eq!(one.since(start), other.since(start));
        }
    }
}

proptest! {
    #[test]
    fn many_at_once_are_the_same_as_one_by_one(
        looks in proptest::collection::vec(
            proptest::collection::vec((proptest::option::weighted(0.95, prop_oneof![3 => 0..300_i64, 2 => ago()]), 0_u64..5), 0..60),
            0..8,
        ),
    ) {
        let (mut one, mut other) = (Series::new(NOW), Series::new(NOW));
        for look in looks {
            let mut events: Vec<_> = look.iter().map(|(ago, rows)| (ago.map(|ago| NOW - ago), *rows)).collect();
            events.iter().for_each(|(second, rows)| one.add(*second, *rows));
            events.sort_unstable_by_key(|(second, _)| *second);
            other.add_all(&events);
            prop_assert_eq!(&one, &other);
        }
    }
}

#[test]
fn no_time_and_no_bounds_make_it_panic() {
    let mut series = Series::new(NOW);
    for second in [i64::MIN, i64::MAX, 0, -1] {
        series.add(Some(second), u64::MAX);
        series.add(None, 3);
    }
    assert_eq!((series.undated(), series.total()), (12, u64::MAX));
    for bounds in [&[][..], &[5], &[i64::MIN, i64::MAX], &[i64::MIN, 0, 0, i64::MAX], &[i64::MAX, i64::MAX]] {
        let mut steps = vec![0; 3];
        series.spread(bounds, &mut steps);
    }
    assert_eq!(series.sum(Range { start: 5, end: -5 }), 0);
    assert_eq!(series.backwards(Range { start: 5, end: -5 }).count(), 0);
    series.remove(Some(77), 1);
    series.remove(None, 100);
    assert_eq!(series.undated(), 0);
}

#[test]
fn rows_that_come_in_any_order_are_kept_in_theirs() {
    let (mut up, mut down) = (Series::new(NOW), Series::new(NOW));
    for second in 0..5000 {
        up.add(Some(NOW - second), 2);
        down.add(Some(NOW - 4999 + second), 2);
    }
    assert_eq!(up, down);
    assert_eq!((up.first(), up.last()), (Some(NOW - 4999), Some(NOW)));
}

#[test]
fn five_million_rows_of_three_years_take_little_memory() {
    let mut series = Series::new(NOW);
    // Every 18 seconds a row, told from the newest to the oldest.
    for row in 0..5_000_000_i64 {
        series.add(Some(NOW - row * 18), 1);
    }
    assert_eq!(series.total(), 5_000_000);
    // Days, hours of 400 of them, seconds of 8: a number each.
    let kept = 3 * 365 + 1 + 401 * 24 + 2 * 24 + 8 * DAY / 18 + 3600;
    assert!(series.entries() as i64 <= kept, "{} of {kept}", series.entries());
    // Eight days later nothing of that is known to the second, and nothing is lost.
    series.age(NOW + 9 * DAY);
    assert!(series.entries() <= 3 * 365 + 1 + 402 * 25, "{}", series.entries());
    assert_eq!(series.sum(i64::MIN..i64::MAX), 5_000_000);
}

#[test]
fn steps_shorter_than_a_second_leave_gaps_and_lose_nothing() {
    let mut series = Series::new(NOW);
    (0..10).for_each(|ago| series.add(Some(NOW - ago), 1));
    let bounds: Vec<i64> = (0..=40).map(|half| NOW - 9 + half / 2).collect();
    let mut steps = vec![0; 40];
    series.spread(&bounds, &mut steps);
    assert_eq!(steps.iter().sum::<u64>(), 10);
}
