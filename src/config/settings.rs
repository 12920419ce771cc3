//! The settings: names, what is allowed, and the check that makes each a value.

use std::{path::PathBuf, time::Duration};

use super::{Config, Switch, ThemeChoice, bots};
use crate::{domain::time::TimeFormat, theme::ThemeName};

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What is odd.
    Warn,
    /// What was done.
    Info,
    /// How.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Its name in the config file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What kind of thing a setting says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// How something is done.
    How,
    /// Which file is written: not for a `.env` to say, which may come with somebody else's repository.
    File,
    /// Which program is run: not for a `.env` to say either.
    Program,
}

/// A setting. `apply` checks the text and writes the value; its error says what is allowed.
#[derive(Debug)]
pub struct Setting {
    /// In the config file: `theme`, `log.level`.
    pub key: &'static str,
    /// On the command line, without `--`; empty: there is no option for it.
    pub flag: &'static str,
    /// What kind of thing it says.
    pub says: Says,
    /// Checks and sets.
    pub apply: fn(&str, &mut Config) -> Result<(), &'static str>,
}

impl Setting {
    /// In the environment: `REELSCOPE_THEME`, `REELSCOPE_LOG_LEVEL`.
    pub fn variable(&self) -> String {
        format!("REELSCOPE_{}", self.key.replace('.', "_").to_uppercase())
    }
}

/// All of them.
pub static SETTINGS: [Setting; 18] = [
    Setting { key: "theme", flag: "theme", says: Says::How, apply: theme },
    Setting { key: "mouse", flag: "no-mouse", says: Says::How, apply: mouse },
    Setting { key: "times", flag: "times", says: Says::How, apply: times },
    Setting { key: "preview", flag: "preview", says: Says::How, apply: preview },
    Setting { key: "log.level", flag: "log-level", says: Says::How, apply: log_level },
    Setting { key: "log.file", flag: "log", says: Says::File, apply: log_file },
    Setting { key: "cache", flag: "cache", says: Says::File, apply: cache },
    Setting { key: "timeout", flag: "timeout", says: Says::How, apply: timeout },
    Setting { key: "author", flag: "author", says: Says::How, apply: author },
    Setting { key: "editor", flag: "editor", says: Says::Program, apply: editor },
    Setting { key: "bots.stuck_factor", flag: "", says: Says::How, apply: bots::stuck_factor },
    Setting { key: "bots.stuck_minutes", flag: "", says: Says::How, apply: bots::stuck_minutes },
    Setting { key: "bots.queue_age_minutes", flag: "", says: Says::How, apply: bots::queue_age_minutes },
    Setting { key: "bots.deletes", flag: "", says: Says::How, apply: bots::deletes },
    Setting { key: "bots.flags", flag: "", says: Says::How, apply: bots::flags },
    Setting { key: "bots.burst_minutes", flag: "", says: Says::How, apply: bots::burst_minutes },
    Setting { key: "bots.bell", flag: "", says: Says::How, apply: bots::bell },
    Setting { key: "bots.notify", flag: "", says: Says::How, apply: bots::notify },
];

fn theme(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.theme = match text {
        "auto" => ThemeChoice::Auto,
        "dark" => ThemeChoice::Named(ThemeName::Dark),
        "light" => ThemeChoice::Named(ThemeName::Light),
        "mono" => ThemeChoice::Named(ThemeName::Mono),
        _ => return Err("auto, dark, light or mono"),
    };
    Ok(())
}

pub(super) fn switch(text: &str) -> Result<Switch, &'static str> {
    match text {
        "true" | "on" | "yes" | "1" => Ok(Switch::On),
        "false" | "off" | "no" | "0" => Ok(Switch::Off),
        _ => Err("true or false"),
    }
}

fn mouse(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.mouse = switch(text)?;
    Ok(())
}

fn preview(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.preview = switch(text)?;
    Ok(())
}

fn times(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.times = match text {
        "raw" => TimeFormat::Raw,
        "iso" => TimeFormat::Iso,
        "relative" => TimeFormat::Relative,
        _ => return Err("raw, iso or relative"),
    };
    Ok(())
}

fn log_level(text: &str, config: &mut Config) -> Result<(), &'static str> {
    use LogLevel::{Debug, Error, Info, Off, Trace, Warn};
    config.log_level = [Off, Error, Warn, Info, Debug, Trace]
        .into_iter()
        .find(|level| level.name() == text)
        .ok_or("off, error, warn, info, debug or trace")?;
    Ok(())
}

fn log_file(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.log_file = Some(path(text)?);
    Ok(())
}

fn cache(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.cache = path(text)?;
    Ok(())
}

fn path(text: &str) -> Result<PathBuf, &'static str> {
    if text.is_empty() || text.contains('\0') { Err("a path") } else { Ok(PathBuf::from(text)) }
}

fn timeout(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.timeout = Some(seconds(text)?);
    Ok(())
}

/// Longer names are none, and would spoil the history's lists.
const LONGEST_AUTHOR: usize = 100;

fn author(text: &str, config: &mut Config) -> Result<(), &'static str> {
    let name = checked_author(text).ok_or("1 to 100 characters, none of them a control character")?;
    config.author = Some(name.to_owned());
    Ok(())
}

/// The name in this text; `None` where it is none that can stand in the history.
pub(super) fn checked_author(text: &str) -> Option<&str> {
    let name = text.trim();
    let hostile = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    (!name.is_empty() && name.chars().count() <= LONGEST_AUTHOR && !name.contains(hostile)).then_some(name)
}

fn editor(text: &str, config: &mut Config) -> Result<(), &'static str> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err("a command, such as \"vim\" or \"code --wait\"");
    }
    config.editor = Some(text.trim().to_owned());
    Ok(())
}

/// A time that a request may take. Less than a second is what a far network needs; more than an hour is none.
pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse::<u64>().ok().filter(|seconds| (1..=3600).contains(seconds));
    seconds.map(Duration::from_secs).ok_or("whole seconds, 1 to 3600")
}
