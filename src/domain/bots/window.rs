//! The time windows of the live view.

use jiff::Timestamp;

use crate::domain::time::second;

/// How far back one looks. Windows end now: a row belongs to one whose time is at or after its start (whole seconds), also where its
/// clock ran ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Window {
    /// 1 min.
    Minute,
    /// 5 min.
    FiveMinutes,
    /// 15 min.
    QuarterHour,
    /// 1 h.
    #[default]
    Hour,
    /// 24 h.
    Day,
    /// 7 d.
    Week,
    /// Everything.
    All,
}

impl Window {
    /// All of them, by the keys `0` to `6`.
    pub const ALL: [Self; 7] =
        [Self::Minute, Self::FiveMinutes, Self::QuarterHour, Self::Hour, Self::Day, Self::Week, Self::All];

    /// Its length in seconds; `None`: everything.
    pub const fn seconds(self) -> Option<i64> {
        Some(match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::QuarterHour => 900,
            Self::Hour => 3600,
            Self::Day => 86_400,
            Self::Week => 604_800,
            Self::All => return None,
        })
    }

    /// As the frame says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "1 min",
            Self::FiveMinutes => "5 min",
            Self::QuarterHour => "15 min",
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::All => "all",
        }
    }

    /// Where it begins, seconds since 1970: a row belongs to it whose second is not before that, as SQL's
    /// `datetime(created_at) >= datetime('now', '-1 hour')` has it. `None`: everything.
    pub fn start(self, now: Timestamp) -> Option<i64> {
        Some(second(now) - self.seconds()?)
    }
}
