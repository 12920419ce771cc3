//! How the way to a server is, in words: for the status line, the connection's window, and what is said of it.
//!
//! The words are made so that they change as seldom as they can: a healthy connection says nothing that grows older, ages go by
//! coarse steps, and [`until_other_words`] says when to look again. Nothing here is only a colour: each state has its sign and word.

use std::{borrow::Cow, time::Duration};

use jiff::Timestamp;

use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{CopyShown, CopyStatus, LinkState, LinkStatus, SyncProgress},
    },
    theme::Role,
    widgets::{
        number::{length, size},
        safe::safe,
    },
};

/// A copy that was synced within this time is as good as the server.
const FRESH: Duration = Duration::from_secs(10);

/// What to do where a server lets one wait.
pub const WHILE_SLOW: &str =
    "wait, Esc gives a reading up; check the network and the state of the Turso service, or of your own server";

/// Whose way it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// The server itself is read.
    Server,
    /// A copy of it is read.
    Copy,
}

/// A state in words, for different widths.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// What it is.
    pub role: Role,
    /// The whole, a middle form, and what must not be missing.
    pub forms: [String; 3],
    /// How far a sync is, 0.0 to 1.0.
    pub share: Option<f64>,
}

impl Words {
    fn new(role: Role, long: impl Into<String>, middle: impl Into<String>, short: impl Into<String>) -> Self {
        Self { role, forms: [long.into(), middle.into(), short.into()], share: None }
    }
}

/// The state for the status line.
pub fn words(follows: Follows, status: &LinkStatus, now: Timestamp) -> Words {
    match (follows, &status.copy) {
        (Follows::Copy, Some(copy)) => words_of_copy(status, copy, now),
        _ => words_of_server(status, now, ""),
    }
}

fn words_of_copy(status: &LinkStatus, copy: &CopyStatus, now: Timestamp) -> Words {
    if copy.broken.is_some() {
        return Words::new(
            Role::Bad,
            "✗ the copy cannot be used · : rebuild-copy",
            "✗ copy broken · : rebuild-copy",
            "✗ copy broken",
        );
    }
    if let Some(progress) = &copy.progress {
        return words_of_sync(progress);
    }
    let Some(age) = copy.synced.map(|at| between(at, now)) else { return words_of_server(status, now, "no copy yet") };
    let copied = if age < FRESH { "copy up to date".to_owned() } else { format!("copy {} old", coarse(age)) };
    match &status.state {
        LinkState::Connected if copy.failed.is_some() => {
            let long = format!("! {copied} · sync fails: see the connection");
            Words::new(Role::Warning, long, format!("! {copied} · sync fails"), format!("! {copied}"))
        }
        LinkState::Connected => {
            let every = status.poll.map_or_else(String::new, |poll| format!(" · syncs every {}", length(poll)));
            let latency = status.latency.map_or_else(String::new, |time| format!(" · {}", milliseconds(time)));
            let long = format!("● {copied}{latency}{every}");
            Words::new(Role::Good, long, format!("● {copied}{latency}"), format!("● {copied}"))
        }
        // Another program keeps the copy, and asks the server; this one has nothing to ask.
        LinkState::Connecting if copy.shown == CopyShown::Copy => {
            let (role, words) =
                if age < FRESH { (Role::Good, format!("● {copied}")) } else { (Role::Busy, format!("◌ {copied}")) };
            Words::new(role, words.clone(), words.clone(), words)
        }
        LinkState::Offline { why, .. } => {
            let long = format!("✗ offline · {copied} · {}", reason(why));
            Words::new(Role::Bad, long, format!("✗ offline · {copied}"), format!("✗ {copied}"))
        }
        _ => words_of_server(status, now, &copied),
    }
}

fn words_of_server(status: &LinkStatus, now: Timestamp, copied: &str) -> Words {
    let copied = if copied.is_empty() { String::new() } else { format!(" · {copied}") };
    match &status.state {
        LinkState::Connecting => {
            let long = format!("◌ connecting{copied}");
            Words::new(Role::Busy, long.clone(), long, "◌ connecting")
        }
        LinkState::Connected => {
            let latency = status.latency.map(milliseconds);
            let short = latency.as_ref().map_or_else(|| "● connected".to_owned(), |time| format!("● {time}"));
            let named = latency.map_or_else(|| short.clone(), |time| format!("● connected · {time}"));
            let every = status.poll.map_or_else(String::new, |poll| format!(" · every {}", length(poll)));
            Words::new(Role::Good, format!("{named}{every}{copied}"), format!("{short}{every}{copied}"), short)
        }
        LinkState::Slow { since } => {
            let waited = length(between(*since, now));
            let long = format!("◍ slow: no answer for {waited}{copied}");
            Words::new(Role::Busy, long, format!("◍ slow {waited}{copied}"), format!("◍ slow {waited}"))
        }
        LinkState::Reconnecting { next, why, .. } => {
            let (when, short) = match between(now, *next).as_secs() {
                0 => ("↻ reconnecting".to_owned(), "↻ retrying".to_owned()),
                seconds => (format!("↻ reconnecting in {seconds}s"), format!("↻ retry in {seconds}s")),
            };
            let long = format!("{when} · {}{copied}", reason(why));
            Words::new(Role::Busy, long, format!("{when}{copied}"), short)
        }
        LinkState::Offline { since, why, .. } => {
            let gone = between(*since, now);
            let off = if gone < FRESH { "✗ offline".to_owned() } else { format!("✗ offline for {}", coarse(gone)) };
            let old = match status.heard.map(|at| between(at, now)) {
                Some(age) if age >= FRESH && copied.is_empty() => format!(" · data {} old", coarse(age)),
                _ => copied,
            };
            let long = format!("{off} · {}{old}", reason(why));
            Words::new(Role::Bad, long, format!("{off} · {}", reason(why)), "✗ offline")
        }
    }
}

fn words_of_sync(progress: &SyncProgress) -> Words {
    let share = share(progress);
    let far = match share {
        Some(share) => format!("⇣ syncing {:.0}%", (share * 100.0).floor()),
        None => format!("⇣ syncing {}", size(progress.bytes)),
    };
    let left = progress.left.map_or_else(String::new, |left| format!(" {} left", length(left)));
    let long = format!("{far} {}/s{left}", size(progress.rate));
    Words { share, ..Words::new(Role::Busy, long, format!("{far}{left}"), far) }
}

/// How far a sync is, 0.0 to 1.0, where that is known.
pub fn share(progress: &SyncProgress) -> Option<f64> {
    let total = progress.total.filter(|total| *total > 0)?;
    #[expect(clippy::cast_precision_loss, reason = "a share for the eye")]
    let share = progress.bytes.min(total) as f64 / total as f64;
    Some(share)
}

/// How long until [`words`] says something else by itself; `None` where only news changes it.
pub fn until_other_words(status: &LinkStatus, now: Timestamp) -> Option<Duration> {
    let copy = status.copy.as_ref().filter(|copy| copy.broken.is_none() && copy.progress.is_none());
    let copy = copy.and_then(|copy| copy.synced).map(|at| until_coarser(between(at, now)));
    let link = match &status.state {
        LinkState::Connecting | LinkState::Connected => None,
        LinkState::Slow { since } => Some(until_full_second(between(*since, now))),
        LinkState::Reconnecting { next, .. } => {
            let left = between(now, *next);
            (left >= Duration::from_secs(1)).then(|| Duration::from_millis(u64::from(left.subsec_millis()) + 1))
        }
        LinkState::Offline { since, .. } => {
            let heard = status.heard.map(|at| until_coarser(between(at, now)));
            Some(until_coarser(between(*since, now))).into_iter().chain(heard).min()
        }
    };
    copy.into_iter().chain(link).min()
}

/// The time from one moment to a later one; nothing where the clock was set back.
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// An age in steps of ten seconds, then of minutes, hours, days.
pub fn coarse(age: Duration) -> String {
    if age.as_secs() < 60 { length(Duration::from_secs(age.as_secs() / 10 * 10)) } else { length(age) }
}

/// `12s old`, as exactly as [`coarse`].
pub fn old(age: Duration) -> String {
    if age < FRESH { "a moment old".to_owned() } else { format!("{} old", coarse(age)) }
}

/// How long until [`coarse`] says something else.
pub fn until_coarser(age: Duration) -> Duration {
    let step = match age.as_secs() {
        ..60 => 10,
        60..3600 => 60,
        3600..86_400 => 3600,
        _ => 86_400,
    };
    Duration::from_secs(age.as_secs() / step * step + step).saturating_sub(age).max(Duration::from_millis(1))
}

fn until_full_second(time: Duration) -> Duration {
    Duration::from_millis(u64::from(1000 - time.subsec_millis()))
}

/// `34 ms`, `1.2 s`.
pub fn milliseconds(time: Duration) -> String {
    match time.as_millis() {
        0 => "<1 ms".to_owned(),
        milliseconds @ ..1000 => format!("{milliseconds} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A latency as it is to be shown: the one before, unless the new one is another to the eye.
pub fn steady(before: Option<Duration>, latency: Option<Duration>) -> Option<Duration> {
    let (Some(old), Some(new)) = (before, latency) else { return latency };
    let margin = (old / 5).max(Duration::from_millis(3));
    if old.abs_diff(new) <= margin { Some(old) } else { Some(new) }
}

/// Why the server is not there, in two or three words.
pub const fn reason(error: &Error) -> &'static str {
    match error.kind {
        ErrorKind::Unreachable => "unreachable",
        ErrorKind::TimedOut => "no answer",
        ErrorKind::Credentials => "no token",
        ErrorKind::Unauthorized => "token refused",
        ErrorKind::Forbidden | ErrorKind::PermissionDenied => "not permitted",
        ErrorKind::Insecure => "would be unencrypted",
        ErrorKind::NoSuchDatabase | ErrorKind::NotFound => "no such database",
        ErrorKind::Throttled => "too many requests",
        ErrorKind::Server => "server error",
        ErrorKind::Damaged | ErrorKind::NotADatabase => "damaged",
        _ => "failed",
    }
}

/// An error where there is little room: what keeps everything from being read is told in full elsewhere.
pub fn shortly(error: &Error) -> Cow<'_, str> {
    match reason(error) {
        "failed" | "damaged" => safe(&error.what),
        known => Cow::Borrowed(known),
    }
}

/// Whether the way to the database failed, and not what was asked for: trying again later may help.
pub const fn is_of_the_way(error: &Error) -> bool {
    !matches!(
        error.kind,
        ErrorKind::Cancelled
            | ErrorKind::NoSuchRelation
            | ErrorKind::NoSuchRow
            | ErrorKind::Sql
            | ErrorKind::Unsupported
            | ErrorKind::IsFolder
            | ErrorKind::TooLarge
            | ErrorKind::ReadOnly
            | ErrorKind::DiskFull
            | ErrorKind::NoTrail
    )
}

/// Whose rows are shown, for a copy.
pub const fn shown(copy: &CopyStatus) -> &'static str {
    match copy.shown {
        CopyShown::Copy => "read from the copy",
        CopyShown::Server => "read from the server, until the copy has everything",
    }
}

#[cfg(test)]
mod tests;
