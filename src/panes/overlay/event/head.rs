//! The lines above what an event changed: about what it is, when, why.

use std::time::Duration;

use jiff::Timestamp;

use super::told::Told;
use crate::{
    domain::{review::StorySource, time},
    panes::{
        Settings,
        notice::wrapped,
        story::{lines::head as beginning, timeline::field_names, when},
    },
    theme::Role,
    widgets::{
        number::length,
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// Columns of the names at the left.
const NAMES: usize = 9;

/// The window's title: what happened, who did it, which row says so. Harmless.
pub(super) fn title(told: &Told, row: &str) -> String {
    let who = told.who.as_deref().map(|who| format!(" · {}", safe::safe_prose(who))).unwrap_or_default();
    let what = match told.source {
        StorySource::Run => "run".to_owned(),
        _ if told.what.trim().is_empty() => "event".to_owned(),
        _ => safe::safe_prose(&told.what).into_owned(),
    };
    format!("{} {what}{who} · {}", when::glyph(told.source), safe::safe(row))
}

/// The lines at this width.
pub(super) fn lines(told: &Told, width: u16, settings: &Settings, now: Timestamp) -> Vec<RichLine> {
    let mut form = Form { width: usize::from(width), lines: Vec::new() };
    if let Some(item) = &told.item {
        let kind = safe::safe_prose(&item.kind).into_owned();
        let id = safe::safe(&item.id).into_owned();
        form.spans("about", vec![RichSpan::new(format!("{kind} "), Role::Muted), RichSpan::new(id, Role::Strong)]);
    }
    if told.source == StorySource::Run {
        let status = if told.what.is_empty() { "no status" } else { &told.what };
        form.spans("status", vec![RichSpan::new(safe::safe_prose(status), when::role_of_run(status))]);
    }
    if let Some(status) = &told.status {
        let mut spans = vec![RichSpan::new(safe::safe_prose(status), when::role_of_status(status))];
        if let Some(priority) = &told.priority {
            spans.push(RichSpan::new(format!(" · priority {}", safe::safe_prose(priority)), Role::Muted));
        }
        if let Some(bot) = &told.assigned {
            spans.push(RichSpan::new(format!(" · assigned to {}", safe::safe_prose(bot)), Role::Muted));
        }
        form.spans("status", spans);
    }
    times(told, &mut form, settings, now);
    if let Some(items) = &told.items {
        let names = ["processed", "created", "updated", "deleted"];
        let counts: Vec<String> = names
            .into_iter()
            .zip(items)
            .map(|(name, count)| {
                let count = safe::safe(count);
                format!("{name} {}", if count.is_empty() { "–" } else { &count })
            })
            .collect();
        form.text("items", &counts.join(" · "), Role::Text);
    }
    if let Some(of) = &told.of {
        form.text("by", &format!("{} ({})", told.who.as_deref().unwrap_or_default(), of), Role::Text);
    }
    if let Some(summary) = told.summary.as_ref().filter(|summary| Some(*summary) != told.reason.as_ref()) {
        form.text("summary", summary, Role::Text);
    }
    if let Some(reason) = &told.reason {
        form.text("reason", reason, Role::Text);
    }
    if let Some(fields) = told.fields.as_deref().and_then(field_names) {
        form.text("fields", &fields, Role::JsonKey);
    }
    form.lines
}

fn times(told: &Told, form: &mut Form, settings: &Settings, now: Timestamp) {
    let (begun, ended) = match told.source {
        StorySource::Ledger | StorySource::History => ("when", ""),
        StorySource::Run => ("started", "completed"),
        StorySource::Queue => ("made", "processed"),
    };
    let narrow = form.width < 60;
    let say = |stored: &str| {
        let Some(at) = time::parse(stored) else {
            return format!("{} (no time that can be read)", safe::safe(stored));
        };
        let words = when::words(stored, settings.times, now);
        let age = when::age(at, now);
        // The age alone would hide the day, the time alone the age.
        match settings.times {
            // Minutes are as much as there is room for.
            time::TimeFormat::Relative if narrow => {
                let iso = time::iso(at);
                format!("{} · {age}", iso.get(..16).unwrap_or(&iso).replacen('T', " ", 1))
            }
            time::TimeFormat::Relative => format!("{} · {age}", time::iso(at)),
            _ => format!("{words} · {age}"),
        }
    };
    match &told.at {
        Some(at) => form.text(begun, &say(at), Role::Text),
        None => form.text(begun, "no time is recorded", Role::Muted),
    }
    match &told.end {
        _ if ended.is_empty() => {}
        Some(end) => {
            let took = took(told).map(|took| format!(" · took {}", length(took))).unwrap_or_default();
            form.text(ended, &format!("{}{took}", say(end)), Role::Text);
        }
        None if told.source == StorySource::Run => {
            let running = told.what == "running";
            let words = if running { "not yet: it runs, or its bot died" } else { "no time is recorded" };
            form.text(ended, words, Role::Muted);
        }
        None => {}
    }
}

/// From the one time to the other, where both can be read and come in this order.
fn took(told: &Told) -> Option<Duration> {
    let (start, end) = (time::parse(told.at.as_deref()?)?, time::parse(told.end.as_deref()?)?);
    Duration::try_from(end.duration_since(start)).ok()
}

struct Form {
    width: usize,
    lines: Vec<RichLine>,
}

impl Form {
    fn name(name: &str) -> RichSpan {
        RichSpan::new(format!("{name:<NAMES$} "), Role::Muted)
    }

    /// Spans on one line; the last of them is cut where there is no room.
    fn spans(&mut self, name: &str, mut spans: Vec<RichSpan>) {
        let mut left = self.width.saturating_sub(NAMES + 1);
        for span in &mut spans {
            span.text = safe::fit(&span.text, left).into_owned();
            left = left.saturating_sub(safe::width(&span.text));
        }
        spans.insert(0, Self::name(name));
        self.lines.push(RichLine { spans, ground: None });
    }

    /// A text, wrapped, whole.
    fn text(&mut self, name: &str, text: &str, role: Role) {
        let (head, missing) = beginning(text);
        let room = self.width.saturating_sub(NAMES + 1).max(8);
        let mut first = true;
        for line in head.lines().flat_map(|line| wrapped(&safe::safe_prose(line), room)) {
            let lead = if std::mem::take(&mut first) { Self::name(name) } else { Self::name("") };
            self.lines.push(RichLine { spans: vec![lead, RichSpan::new(line, role)], ground: None });
        }
        if missing > 0 {
            self.lines.push(RichLine::of(format!("… {missing} more bytes"), Role::Warning));
        }
    }
}
