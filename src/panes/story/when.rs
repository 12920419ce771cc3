//! Times and names as the tabs of the story say them.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    domain::{
        catalogue,
        review::{StoryEvent, StorySource},
        time::{self, TimeFormat},
    },
    panes::Now,
    theme::Role,
    widgets::safe,
};

/// A stored time as the user wants times; what cannot be read as it is stored.
pub(in crate::panes) fn words(stored: &str, format: TimeFormat, now: Timestamp) -> String {
    let Some(at) = time::parse(stored) else {
        return if stored.is_empty() { "no time".to_owned() } else { safe::safe(stored).into_owned() };
    };
    match format {
        TimeFormat::Raw => safe::safe(stored).into_owned(),
        TimeFormat::Iso => time::iso(at),
        TimeFormat::Relative => age(at, now),
    }
}

/// `3d ago`, `now`, `in 5m`.
pub(in crate::panes) fn age(at: Timestamp, now: Timestamp) -> String {
    match time::relative(at, now) {
        age if age == "now" || age.starts_with("in ") => age,
        age => format!("{age} ago"),
    }
}

/// How long until an age that is shown is another: to the next full minute.
pub(in crate::panes) fn next_minute(now: Now) -> Duration {
    let second = now.wall.as_millisecond().rem_euclid(60_000).unsigned_abs();
    Duration::from_millis(60_000 - second)
}

/// The role of what an event did.
pub(in crate::panes) fn role_of(event: &StoryEvent) -> Role {
    let (table, column) = match event.source {
        StorySource::Ledger => ("botLedger", "action"),
        StorySource::History => ("questionHistory", "eventType"),
        StorySource::Queue => ("workQueue", "action"),
        StorySource::Run => ("botRuns", "status"),
    };
    tone(table, column, &event.what)
}

/// The role of a queue item's status.
pub(in crate::panes) fn role_of_status(status: &str) -> Role {
    tone("workQueue", "status", status)
}

/// The role of a ledger row's action.
pub(in crate::panes) fn role_of_action(action: &str) -> Role {
    tone("botLedger", "action", action)
}

/// The role of a run's status.
pub(in crate::panes) fn role_of_run(status: &str) -> Role {
    tone("botRuns", "status", status)
}

fn tone(table: &str, column: &str, value: &str) -> Role {
    let facts = catalogue::table(table).and_then(|table| table.column(column));
    facts.and_then(|facts| facts.meaning.tone(value)).map_or(Role::Text, Role::from)
}

/// The sign of the table an event comes from.
pub(in crate::panes) const fn glyph(source: StorySource) -> &'static str {
    match source {
        StorySource::Ledger => "◆",
        StorySource::History => "●",
        StorySource::Queue => "▫",
        StorySource::Run => "▷",
    }
}

/// The table an event comes from, in a word.
pub(in crate::panes) const fn source(source: StorySource) -> &'static str {
    match source {
        StorySource::Ledger => "ledger",
        StorySource::History => "history",
        StorySource::Queue => "queue",
        StorySource::Run => "runs",
    }
}

/// The table an event comes from, by its logical name.
pub(in crate::panes) const fn table(source: StorySource) -> &'static str {
    match source {
        StorySource::Ledger => "botLedger",
        StorySource::History => "questionHistory",
        StorySource::Queue => "workQueue",
        StorySource::Run => "botRuns",
    }
}
