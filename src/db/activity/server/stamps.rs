//! Times in SQL, as a server groups rows by them, and back.
//!
//! Owns the expressions that make of a stored time what rows are grouped by, its *stamp*, and the reading of such groups. A stamp is a
//! text that the parser of stored times reads as the same second, so that the server and that parser agree by construction: SQL only cuts
//! off what makes no difference to the second, and what the parser could never read becomes NULL. No byte of a text that is no time
//! travels.

use jiff::{SignedDuration, Timestamp, tz::Offset};

use crate::domain::time;

/// A time with its fraction and its offset is never longer.
const LONGEST: usize = "2026-01-29T08:03:07.123456789+02:00".len();

/// How old rows are whose times are counted by the hour: more than a week, wherever in the world their clock is.
const COARSE: SignedDuration = SignedDuration::from_hours(9 * 24);

/// What is between two stamps of a list, and between a stamp and how often it comes.
const BETWEEN: char = ',';
const TIMES: char = '*';

/// The expression for the stamp of a column: its time without a fraction, NULL where it cannot be read.
pub(super) fn stamp(column: &str) -> String {
    const DAY: &str = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]";
    const CLOCK: &str = "[ T][0-2][0-9]:[0-5][0-9]:[0-5][0-9]";
    const OFFSET: &str = "[-+][0-9][0-9]:[0-9][0-9]";
    let bytes = format!("length(CAST({column} AS BLOB))");
    let (whole, rest) = (format!("substr({column}, 1, 19)"), format!("substr({column}, 20)"));
    // What follows the digits of the fraction.
    let behind = format!("ltrim(substr({column}, 21), '0123456789')");
    format!(
        "CASE WHEN typeof({column}) <> 'text' OR {bytes} > {LONGEST} OR {bytes} <> length({column}) THEN NULL \
         WHEN {column} GLOB '{DAY}{CLOCK}.[0-9][0-9][0-9]Z' OR {column} GLOB '{DAY}{CLOCK}' THEN {whole} \
         WHEN {column} GLOB '{DAY}' THEN {column} \
         WHEN {column} GLOB '{DAY}{CLOCK}*' THEN CASE WHEN {rest} = 'Z' THEN {whole} \
         WHEN {rest} GLOB '{OFFSET}' THEN {column} \
         WHEN {rest} GLOB '.[0-9]*' AND length({column}) - 20 - length({behind}) <= 9 THEN \
         CASE WHEN {behind} IN ('', 'Z') THEN {whole} WHEN {behind} GLOB '{OFFSET}' THEN {whole} || {behind} END END END"
    )
}

/// The expression for a stamp where the parser reads it, too, so that SQL may decide by it and order by it; NULL where it does not.
pub(super) fn valid(stamp: &str) -> String {
    format!(
        "(SELECT s FROM (SELECT {stamp} AS s) WHERE date(substr(s, 1, 10)) = substr(s, 1, 10) AND s < '9999-12-30' \
         AND (length(s) = 10 OR substr(s, 12, 2) < '24') \
         AND (length(s) < 25 OR (substr(s, 21, 2) < '15' AND substr(s, 24, 2) < '60')))"
    )
}

/// The expression for a stamp that is cut to the hour where it lies before this day.
pub(super) fn coarse(stamp: &str, day: &str) -> String {
    format!(
        "CASE WHEN {stamp} < '{day}' AND length({stamp}) >= 19 THEN substr({stamp}, 1, 13) || ':00:00' || substr({stamp}, 20) \
         ELSE {stamp} END"
    )
}

/// The day, as stored texts begin, before which times are counted by the hour. All rows of the last 7 days have texts behind it.
pub(super) fn day(now: Timestamp) -> String {
    let then = now.checked_sub(COARSE).unwrap_or(Timestamp::MIN);
    Offset::UTC.to_datetime(then).date().to_string()
}

/// The expression for all stamps of a group with how often each comes.
pub(super) fn listed(stamp: &str, rows: &str) -> String {
    format!("group_concat({stamp} || '{TIMES}' || {rows}, '{BETWEEN}')")
}

/// The entries of such a list, and how often each comes.
pub(super) fn entries(list: &str) -> impl Iterator<Item = (&str, u64)> {
    list.split(BETWEEN).filter_map(|entry| {
        let (stamp, rows) = entry.rsplit_once(TIMES)?;
        Some((stamp, rows.parse().ok()?))
    })
}

/// The seconds of such a list, and how often each comes; `None` those that cannot be read.
pub(super) fn seconds(list: &str) -> impl Iterator<Item = (Option<i64>, u64)> {
    entries(list).map(|(stamp, rows)| (second(stamp), rows))
}

/// The second of a stored time, rounded down.
pub(super) fn second(text: &str) -> Option<i64> {
    time::parse(text).map(time::second)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use rusqlite::{Connection, types::Value};

    use super::*;

    /// What SQL makes of it, and how many rows it would then count at which second.
    fn by_sql(connection: &Connection, value: &Value) -> Option<i64> {
        let sql = format!("SELECT {} FROM (SELECT ?1 AS c)", stamp("c"));
        let stamp: Option<String> = connection.query_row(&sql, [value], |row| row.get(0)).unwrap();
        let valid: Option<String> = {
            let sql = format!("SELECT {} FROM (SELECT ?1 AS c)", valid(&super::stamp("c")));
            connection.query_row(&sql, [value], |row| row.get(0)).unwrap()
        };
        assert_eq!(valid, stamp.clone().filter(|stamp| second(stamp).is_some()), "{value:?}");
        stamp.as_deref().and_then(second)
    }

    #[test]
    fn sql_and_the_parser_read_the_same_times() {
        let connection = Connection::open_in_memory().unwrap();
        let good = [
            "2026-01-29T08:03:07.588Z",
            "2026-01-29 08:03:07",
            "2026-01-29T08:03:07Z",
            "2026-01-29",
            "2026-01-29 08:03:07.1",
            "2026-01-29T08:03:07.123456789+02:00",
            "2026-01-29 05:33:07-02:30",
            "2026-01-29 05:33:07.25-02:30",
            "0000-01-01 00:00:00",
            "1969-12-31T23:59:59.5Z",
            "9999-12-29T23:59:59",
        ];
        for text in good {
            assert!(second(text).is_some(), "{text:?}");
            assert_eq!(by_sql(&connection, &Value::Text(text.into())), second(text), "{text:?}");
        }
        let odd = [
            "",
            "now",
            "2460000.5",
            "1769673787",
            "08:03:07",
            "2026-01-29 08:03",
            "2026-02-30 00:00:00",
            "2026-02-30",
            "2026-13-01",
            "2026-01-29 24:00:00",
            "2026-01-29 29:00:00",
            "2026-01-29 08:60:00",
            "2026-01-29 08:03:60",
            "2026-01-29T08:03:07.",
            "2026-01-29T08:03:07.Z",
            "2026-01-29T08:03:07.5.5Z",
            "2026-01-29T08:03:07.1234567890Z",
            "2026-01-29T08:03:075Z",
            "2026-01-29T08:03:07ZZ",
            "2026-01-29T08:03:07 Z",
            "2026-01-29t08:03:07z",
            "2026-01-29T08:03:07+2:00",
            "2026-01-29T08:03:07+15:00",
            "2026-01-29T08:03:07.5+14:60",
            "2026-01-29T08:03:07.5+02",
            "2026-01-29  08:03:07",
            " 2026-01-29",
            "2026-01-29 ",
            "2026-01-29\n",
            "2026-01-29 08:03:07\0",
            "2026-01-29 08:03:07.5\0Z",
            "２０２６-01-29",
            "2026-01-29T08:03:07.٣Z",
            "-026-01-29",
            "2026-1-29",
            "2026-01-29T08:03:07[UTC]",
            "2026-01-29T08:03:07.5,7*3",
        ];
        for text in odd {
            assert_eq!(second(text), None, "{text:?}");
            assert_eq!(by_sql(&connection, &Value::Text(text.into())), None, "{text:?}");
        }
        for value in [Value::Null, Value::Integer(2026), Value::Real(2_460_000.5), Value::Blob(b"2026-01-29".to_vec())]
        {
            assert_eq!(by_sql(&connection, &value), None, "{value:?}");
        }
    }

    #[test]
    fn old_times_are_counted_by_the_hour_and_lists_are_read_back() {
        let connection = Connection::open_in_memory().unwrap();
        let coarsely = |text: &str| -> Option<String> {
            let sql = format!("SELECT {} FROM (SELECT ?1 AS c)", coarse("c", "2026-01-20"));
            connection.query_row(&sql, [text], |row| row.get(0)).unwrap()
        };
        assert_eq!(coarsely("2026-01-19T23:59:59").unwrap(), "2026-01-19T23:00:00");
        assert_eq!(coarsely("2026-01-19 23:59:59+02:00").unwrap(), "2026-01-19 23:00:00+02:00");
        assert_eq!(coarsely("2026-01-20 00:00:01").unwrap(), "2026-01-20 00:00:01");
        assert_eq!(coarsely("2026-01-19").unwrap(), "2026-01-19");
        let list: Vec<_> = seconds("1970-01-01 00:00:02*3,1970-02-30*1,nothing").collect();
        assert_eq!(list, [(Some(2), 3), (None, 1)]);
        assert_eq!(day("2026-01-29T08:00:00Z".parse().unwrap()), "2026-01-20");
    }

    proptest! {
        #[test]
        fn whatever_stands_there_sql_and_the_parser_agree(
            text in "(20[0-9]{2}-[0-1][0-9]-[0-3][0-9])?[ T]?([0-2][0-9]:[0-6][0-9]:[0-6][0-9])?[.]{0,2}[0-9]{0,10}[.]?[Z+-]?([0-9]{2}:[0-9]{2})?[\\x00x]?"
        ) {
            let connection = Connection::open_in_memory().unwrap();
            prop_assert_eq!(by_sql(&connection, &Value::Text(text.clone())), second(&text));
        }
    }
}
