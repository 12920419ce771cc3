//! Times as the database stores them, in two forms, and as people read them.
//!
//! Owns the one parser of stored times. It takes the forms the database holds (`DATABASE.md`, "Values") and their ISO 8601
//! siblings, and nothing else: a number is never a time, and neither is a text that merely begins like one.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::Offset,
};

/// How times are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum TimeFormat {
    /// As stored.
    Raw,
    /// ISO 8601 in UTC, both stored forms alike.
    Iso,
    /// `3m ago`.
    #[default]
    Relative,
}

impl TimeFormat {
    /// The next one.
    pub const fn next(self) -> Self {
        match self {
            Self::Raw => Self::Iso,
            Self::Iso => Self::Relative,
            Self::Relative => Self::Raw,
        }
    }
}

/// The instant a stored text names: `2026-01-29T08:03:07.588Z`, `2026-01-29 08:03:07` (UTC), either with a fraction of up to
/// nine digits and with `Z` or an offset such as `+02:00`, or a date alone (midnight UTC). `None` for every other text.
pub fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = Scanner(text.as_bytes());
    let year = rest.digits(4)?;
    rest.byte(b'-')?;
    let month = rest.digits(2)?;
    rest.byte(b'-')?;
    let day = rest.digits(2)?;
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    if rest.0.is_empty() {
        return Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    }
    rest.byte(b'T').or_else(|| rest.byte(b' '))?;
    let hour = rest.digits(2)?;
    rest.byte(b':')?;
    let minute = rest.digits(2)?;
    rest.byte(b':')?;
    let second = rest.digits(2)?;
    let nanosecond = if rest.byte(b'.').is_some() { rest.fraction()? } else { 0 };
    let time = Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        i32::try_from(nanosecond).ok()?,
    )
    .ok()?;
    let offset = rest.offset()?;
    offset.to_timestamp(date.to_datetime(time)).ok()
}

/// What is left to read.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn byte(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == wanted).then(|| self.0 = rest)
    }

    /// Exactly this many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = digits
            .iter()
            .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))?;
        self.0 = rest;
        Some(number)
    }

    /// One to nine digits after the point, as nanoseconds.
    fn fraction(&mut self) -> Option<u32> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let number = self.digits(count)?;
        Some(number * 10_u32.pow(9 - u32::try_from(count).ok()?))
    }

    /// Nothing (UTC), `Z`, or `+hh:mm`, up to the end.
    fn offset(&mut self) -> Option<Offset> {
        let sign = match self.0.first() {
            None => return Some(Offset::UTC),
            Some(b'Z') if self.0.len() == 1 => return Some(Offset::UTC),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.digits(2)?;
        self.byte(b':')?;
        let minutes = self.digits(2)?;
        // SQLite's own limit is 14:00, which no place on Earth exceeds either.
        if !self.0.is_empty() || hours > 14 || minutes > 59 {
            return None;
        }
        Offset::from_seconds(sign * i32::try_from(hours * 3600 + minutes * 60).ok()?).ok()
    }
}

/// Its second since 1970, rounded down, as SQLite's `datetime` and `unixepoch` have it.
pub fn second(time: Timestamp) -> i64 {
    time.as_second() - i64::from(time.subsec_nanosecond() < 0)
}

/// ISO 8601 in UTC with milliseconds, whatever form was stored, so that a column of times lines up; more digits only where
/// the time has them.
pub fn iso(time: Timestamp) -> String {
    if time.subsec_nanosecond() % 1_000_000 == 0 { format!("{time:.3}") } else { time.to_string() }
}

/// How long before `now` it was, in the largest unit that fits: `now` (less than a minute either way), `5m`, `3h`, `2d`,
/// `5w`, `3mo`, `2y`; `in 5m` where it is still to come.
pub fn relative(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second());
    let past = seconds.unsigned_abs();
    let (number, unit) = match past {
        0..60 => return "now".to_owned(),
        60..3600 => (past / 60, "m"),
        3600..86_400 => (past / 3600, "h"),
        86_400..1_209_600 => (past / 86_400, "d"),
        1_209_600..5_184_000 => (past / 604_800, "w"),
        // Months and years of mean length: this is a rough answer anyway.
        5_184_000..31_556_952 => (past / 2_629_746, "mo"),
        _ => (past / 31_556_952, "y"),
    };
    if seconds < 0 { format!("in {number}{unit}") } else { format!("{number}{unit}") }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn both_stored_forms_name_the_same_instant() {
        let bot = parse("2026-01-29T08:03:07.588Z").unwrap();
        assert_eq!(bot.as_millisecond(), 1_769_673_787_588);
        assert_eq!(parse("2026-01-29 08:03:07").unwrap().as_second(), bot.as_second());
        assert_eq!(parse("2026-01-29T10:03:07.588+02:00"), Some(bot));
        assert_eq!(parse("2026-01-29 05:33:07.588-02:30"), Some(bot));
        assert_eq!(parse("2026-01-29").unwrap().as_second(), 1_769_644_800);
        assert_eq!(parse("2024-02-29T23:59:59.123456789Z").unwrap().subsec_nanosecond(), 123_456_789);
    }

    #[test]
    fn seconds_are_rounded_down() {
        assert_eq!(second(Timestamp::new(5, 900_000_000).unwrap()), 5);
        assert_eq!(second(Timestamp::new(-5, -1).unwrap()), -6);
        assert_eq!(second(Timestamp::new(-5, 0).unwrap()), -5);
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "1769673787",
            "20260129",
            "2026",
            "2026-01",
            "2026-1-29",
            "2026-13-01",
            "2026-02-29",
            "2026-02-30 00:00:00",
            "2026-01-29 24:00:00",
            "2026-01-29 08:03:60",
            "2026-01-29T",
            "2026-01-29 08:03",
            "2026-01-29  08:03:07",
            " 2026-01-29",
            "2026-01-29 ",
            "2026-01-29t08:03:07z",
            "2026-01-29 08:03:07.",
            "2026-01-29 08:03:07.0123456789",
            "2026-01-29 08:03:07,5",
            "2026-01-29 08:03:07 Z",
            "2026-01-29 08:03:07Zx",
            "2026-01-29 08:03:07+2",
            "2026-01-29 08:03:07+15:00",
            "2026-01-29 08:03:07+02:60",
            "2026-01-29T08:03:07[UTC]",
            "-026-01-29",
            "+2026-01-29",
            "２０２６-01-29",
            "now",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_iso_form_lines_up() {
        let iso_of = |text| iso(parse(text).unwrap());
        assert_eq!(iso_of("2026-01-29T08:03:07.588Z"), "2026-01-29T08:03:07.588Z");
        assert_eq!(iso_of("2026-01-29 08:03:07"), "2026-01-29T08:03:07.000Z");
        assert_eq!(iso_of("2026-01-29 08:03:07.0000005"), "2026-01-29T08:03:07.0000005Z");
        assert_eq!(iso_of("0000-01-01"), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn ages_are_short() {
        let now = parse("2026-01-29 08:00:00").unwrap();
        for (then, words) in [
            ("2026-01-29 07:59:01", "now"),
            ("2026-01-29 08:00:59", "now"),
            ("2026-01-29 07:59:00", "1m"),
            ("2026-01-29 07:00:01", "59m"),
            ("2026-01-29 07:00:00", "1h"),
            ("2026-01-27 08:00:00", "2d"),
            ("2026-01-15 08:00:01", "13d"),
            ("2026-01-15 08:00:00", "2w"),
            ("2025-10-29 08:00:00", "3mo"),
            ("2024-01-01 00:00:00", "2y"),
            ("2026-01-29 08:05:30", "in 5m"),
            ("9999-01-01 00:00:00", "in 7972y"),
        ] {
            assert_eq!(relative(parse(then).unwrap(), now), words, "{then}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_iso_writes_parse_reads(seconds in -62_000_000_000_i64..250_000_000_000, nanos in 0..1_000_000_000_i32) {
            let time = Timestamp::new(seconds, nanos).unwrap();
            proptest::prop_assert_eq!(parse(&iso(time)), Some(time));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9T :.Z+-]{0,32}|\\PC{0,20}") {
            let _ = parse(&text);
        }
    }
}
