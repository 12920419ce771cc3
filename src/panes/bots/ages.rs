//! Ages that change together, at full minutes, so that a screen nobody touches is drawn once a minute at most.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::time;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The last full minute. Timestamps are cut to milliseconds: their range is far inside that of an i64.
fn minute(now: Timestamp) -> Timestamp {
    let start = now.as_second().div_euclid(MINUTE) * MINUTE;
    Timestamp::from_second(start).unwrap_or(now)
}

/// The age of `then` at the last full minute.
pub(super) fn age(then: Timestamp, now: Timestamp) -> String {
    let minute = minute(now);
    // What happened since that minute began is `now`, not in the future.
    let then = if then <= now { then.min(minute) } else { then };
    time::relative(then, minute)
}

/// How long it goes on already, as [`age`] with a word for what has just begun.
pub(super) fn span(since: Timestamp, now: Timestamp) -> String {
    let age = age(since, now);
    if age == "now" { "<1m".to_owned() } else { age }
}

/// How long until [`age`] says something else; whole minutes are waited for, never less.
pub(super) fn until_older(then: Timestamp, now: Timestamp) -> Duration {
    let minute = minute(now);
    let age = minute.as_second().saturating_sub(then.as_second());
    let step = match age {
        ..HOUR => MINUTE,
        HOUR..DAY => HOUR,
        _ => DAY,
    };
    let wait = if age <= -MINUTE {
        MINUTE
    } else if age < MINUTE {
        // It is `now` until a whole minute has passed.
        MINUTE - age
    } else {
        step - age.rem_euclid(step)
    };
    let minutes = (wait + MINUTE - 1).div_euclid(MINUTE);
    let since_minute = now.duration_since(minute).unsigned_abs();
    Duration::from_secs((minutes * MINUTE).unsigned_abs()).saturating_sub(since_minute).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn an_age_stands_until_it_is_said_to_change(age_seconds in 0i64..200_000, now in 1_700_000_000i64..1_700_100_000) {
            let (then, now) = (at(now - age_seconds), at(now));
            let wait = until_older(then, now);
            let later = now + jiff::SignedDuration::try_from(wait).unwrap_or_default();
            prop_assert_eq!(later.as_second() % 60, 0, "only full minutes wake anybody");
            let before = later - jiff::SignedDuration::from_millis(1);
            prop_assert_eq!(age(then, now), age(then, before));
            if age_seconds < 80_000 {
                prop_assert_ne!(age(then, now), age(then, later));
            }
        }
    }
}
