//! Moments as people type them: `2026-01-29 08:00`, `yesterday`, `-2h`, `08:00`. Everything is UTC, as the database is.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::Offset,
};

use crate::domain::time;

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The first second that is meant.
    pub(super) first: Timestamp,
    /// The last one: of a day its last second, of a minute that of the minute.
    pub(super) last: Timestamp,
}

/// Forms that are understood, for whom something else was typed.
pub(super) const EXAMPLES: &str = "2026-01-29, 2026-01-29 08:00, 08:00, yesterday, 2h (two hours ago)";

/// Reads it; the error says what is wrong, and how it would be right.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Moment, String> {
    let text = text.trim();
    read(text, now).ok_or_else(|| {
        if text.is_empty() {
            format!("a time is missing: {EXAMPLES}")
        } else {
            format!("“{text}” is no time: {EXAMPLES}")
        }
    })
}

fn read(text: &str, now: Timestamp) -> Option<Moment> {
    let lower = text.to_ascii_lowercase();
    if lower == "now" {
        return Some(instant(now));
    }
    if let Some(ago) = ago(lower.strip_prefix('-').unwrap_or(&lower)) {
        return now.checked_sub(ago).ok().map(instant);
    }
    let today = Offset::UTC.to_datetime(now).date();
    let (day, rest) = match lower.split_once([' ', 't']).filter(|_| !lower.starts_with(['t', 'y'])) {
        Some((day, rest)) => (day, rest),
        None => match lower.split_once(' ') {
            Some((day, rest)) => (day, rest),
            None => (lower.as_str(), ""),
        },
    };
    if rest.is_empty() && day.contains(':') {
        return at(today, day);
    }
    let date = match day {
        "today" => today,
        "yesterday" => today.yesterday().ok()?,
        _ if day.len() == 10 => Offset::UTC.to_datetime(time::parse(day)?).date(),
        _ => return None,
    };
    if rest.is_empty() {
        let first = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
        let last = Offset::UTC.to_timestamp(date.at(23, 59, 59, 0)).ok()?;
        return Some(Moment { first, last });
    }
    // A whole stored time, with fractions or an offset, is one of the database's own forms.
    at(date, rest).or_else(|| time::parse(&text.to_ascii_uppercase()).map(instant))
}

const fn instant(at: Timestamp) -> Moment {
    Moment { first: at, last: at }
}

/// `8:00`, `08:00`, `08:00:30` of a day.
fn at(date: Date, text: &str) -> Option<Moment> {
    let mut parts = text.split(':');
    let mut next = |most: usize| -> Option<Option<i8>> {
        let Some(part) = parts.next() else { return Some(None) };
        let fine = (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if fine { part.parse().ok().map(Some) } else { None }
    };
    let (hour, minute, second) = (next(2)??, next(2)??, next(2)?);
    if parts.next().is_some() {
        return None;
    }
    let moment = |second| {
        let time = Time::new(hour, minute, second, 0).ok()?;
        Offset::UTC.to_timestamp(date.to_datetime(time)).ok()
    };
    match second {
        Some(second) => moment(second).map(instant),
        None => Some(Moment { first: moment(0)?, last: moment(59)? }),
    }
}

/// `2h`, `90 min`, `1h30m`.
fn ago(text: &str) -> Option<SignedDuration> {
    let mut rest = text.trim();
    let mut seconds = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?.trim_start();
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = match rest.get(..letters)? {
            "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = rest.get(letters..)?.trim_start();
    }
    Some(SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-02-01T12:00:30Z".parse().unwrap()
    }

    fn shown(text: &str) -> String {
        let moment = parse(text, now()).unwrap();
        format!("{} {}", moment.first, moment.last)
    }

    #[test]
    fn what_people_type_is_a_moment() {
        for (text, first, last) in [
            ("2026-01-29", "2026-01-29T00:00:00Z", "2026-01-29T23:59:59Z"),
            ("2026-01-29 08:00", "2026-01-29T08:00:00Z", "2026-01-29T08:00:59Z"),
            ("2026-01-29T08:00", "2026-01-29T08:00:00Z", "2026-01-29T08:00:59Z"),
            ("2026-01-29 8:05:07", "2026-01-29T08:05:07Z", "2026-01-29T08:05:07Z"),
            ("2026-01-29T08:03:07.588Z", "2026-01-29T08:03:07.588Z", "2026-01-29T08:03:07.588Z"),
            ("2026-01-29 10:03:07+02:00", "2026-01-29T08:03:07Z", "2026-01-29T08:03:07Z"),
            ("08:00", "2026-02-01T08:00:00Z", "2026-02-01T08:00:59Z"),
            ("yesterday", "2026-01-31T00:00:00Z", "2026-01-31T23:59:59Z"),
            ("Yesterday 18:30", "2026-01-31T18:30:00Z", "2026-01-31T18:30:59Z"),
            ("today", "2026-02-01T00:00:00Z", "2026-02-01T23:59:59Z"),
            ("now", "2026-02-01T12:00:30Z", "2026-02-01T12:00:30Z"),
            ("-2h", "2026-02-01T10:00:30Z", "2026-02-01T10:00:30Z"),
            ("2h", "2026-02-01T10:00:30Z", "2026-02-01T10:00:30Z"),
            ("1h 30 min", "2026-02-01T10:30:30Z", "2026-02-01T10:30:30Z"),
            ("3d", "2026-01-29T12:00:30Z", "2026-01-29T12:00:30Z"),
        ] {
            assert_eq!(shown(text), format!("{first} {last}"), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_answered_with_examples() {
        for text in [
            "",
            "2h ago",
            "2026-02-30",
            "25:00",
            "8",
            "2026-01-29 08",
            "yesterdy",
            "-",
            "5",
            "99999999999999999999h",
            "9999999w",
        ] {
            let error = parse(text, now()).unwrap_err();
            assert!(error.ends_with(EXAMPLES), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_typed_makes_it_panic(text in "[0-9a-z T:+.-]{0,24}|\\PC{0,12}") {
            if let Ok(moment) = parse(&text, now()) {
                prop_assert!(moment.first <= moment.last);
            }
        }
    }
}
