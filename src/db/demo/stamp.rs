//! Times in the two forms in which the field stores them.

use jiff::{SignedDuration, Timestamp};

/// ISO 8601 with milliseconds and Z, as clients and bots write it.
pub(super) fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// As `CURRENT_TIMESTAMP` and the triggers write it: UTC, whole seconds.
pub(super) fn plain(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// So many milliseconds earlier, or the time itself at the end of what can be represented.
pub(super) fn before(time: Timestamp, milliseconds: i64) -> Timestamp {
    time.checked_sub(SignedDuration::from_millis(milliseconds)).unwrap_or(time)
}

/// Of an hour.
pub(super) const HOUR: i64 = 3_600_000;
/// Of a day.
pub(super) const DAY: i64 = 24 * HOUR;
/// Of a minute.
pub(super) const MINUTE: i64 = 60_000;
