//! The arguments of `reelscope watch`.

use std::{ffi::OsString, str::FromStr, time::Duration};

use clap::ValueEnum;
use jiff::Timestamp;

use super::{Connecting, bots::Stretch};
use crate::domain::time;

/// `reelscope watch`.
#[derive(Clone, Debug, clap::Args)]
pub struct WatchArgs {
    /// The database: a path, a URL or @PROFILE; without one, what the environment names.
    pub database: Option<OsString>,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
    /// Only rows of this bot; may be given several times: any of them.
    #[arg(long, value_name = "BOT")]
    pub bot: Vec<String>,
    /// Only rows with this action (create, update, delete, verify, flag …); may be given several times.
    #[arg(long, value_name = "ACTION")]
    pub action: Vec<String>,
    /// Only rows about items of this type (question, challenge …); may be given several times.
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Vec<String>,
    /// Only rows about the item with this id.
    #[arg(long, value_name = "ID")]
    pub item: Option<String>,
    /// Only rows whose item id or reason contains this; ASCII letters in either case.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Begin with all rows since then: 90s, 15m, 1h, 7d, 2w ago, a time (UTC) such as 2026-01-29 or "2026-01-29 08:00", or all.
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Stretch>,
    /// Begin with so many of the last rows.
    #[arg(short = 'n', long, value_name = "ROWS", default_value_t = 10, conflicts_with = "since",
          value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub lines: u32,
    /// How.
    #[arg(long, value_enum, default_value_t = WatchFormat::Text)]
    pub format: WatchFormat,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WatchFormat {
    /// A line for each, for people.
    Text,
    /// An object on each line.
    Ndjson,
}

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So long before now.
    Ago(Duration),
    /// Since then.
    At(Timestamp),
}

impl Since {
    /// The moment that is meant.
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(time) => now.checked_sub(time).unwrap_or(Timestamp::MIN),
            Self::At(time) => time,
        }
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ago(text)
            .map(Self::Ago)
            .or_else(|| time::parse(text).or_else(|| time::parse(&format!("{text}:00"))).map(Self::At))
            .ok_or_else(|| "90s, 15m, 1h, 7d, 2w, or a time such as 2026-01-29 or \"2026-01-29 08:00\"".to_owned())
    }
}

/// `90s`, `15m`, `1h`, `7d`, `2w`.
fn ago(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| digits)?;
    Some(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_time_ago_or_a_time() {
        let now: Timestamp = "2026-01-29T08:00:00Z".parse().unwrap();
        let since = |text: &str| text.parse::<Since>().map(|since| time::iso(since.before(now)));
        for (text, at) in [
            ("90s", "2026-01-29T07:58:30.000Z"),
            ("1h", "2026-01-29T07:00:00.000Z"),
            ("7d", "2026-01-22T08:00:00.000Z"),
            ("2w", "2026-01-15T08:00:00.000Z"),
            ("2026-01-28", "2026-01-28T00:00:00.000Z"),
            ("2026-01-28 08:30", "2026-01-28T08:30:00.000Z"),
            ("2026-01-28T08:30:07.588Z", "2026-01-28T08:30:07.588Z"),
            ("2026-01-28 08:30:07", "2026-01-28T08:30:07.000Z"),
        ] {
            assert_eq!(since(text).unwrap(), at, "{text}");
        }
        for text in ["", "h", "1", "-1h", "+1h", "1.5h", "1y", "yesterday", "2026-13-01", "1é"] {
            assert!(since(text).is_err(), "{text}");
        }
        // Longer than any calendar: everything.
        assert_eq!("99999999999999w".parse::<Since>().unwrap().before(now), Timestamp::MIN);
    }
}
