//! The arguments of `reelscope bots`.

use std::{ffi::OsString, str::FromStr};

use clap::ValueEnum;

use super::{Connecting, watch::Since};

/// `reelscope bots`.
#[derive(Clone, Debug, clap::Args)]
pub struct BotsArgs {
    /// The database: a path, a URL or @PROFILE; without one, what the environment names.
    pub database: Option<OsString>,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
    /// Success, actions, items and the queue's pace since then: 15m, 24h, 7d, 4w ago, a time (UTC) such as 2026-01-29 or
    /// "2026-01-29 08:00", or all.
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    pub since: Stretch,
    /// How.
    #[arg(long, value_enum, default_value_t = BotsFormat::Table)]
    pub format: BotsFormat,
}

/// How the board is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BotsFormat {
    /// Aligned, for people.
    Table,
    /// An object.
    Json,
}

/// Which time is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// All there is, rows without a readable time included.
    All,
    /// From then on.
    Since(Since),
}

impl FromStr for Stretch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            text => text.parse().map(Self::Since).map_err(|words: String| format!("all, {words}")),
        }
    }
}
