//! The timeline tab: everything that is recorded of this question, merged by time, the newest first.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Opened, QuestionPane, Shown,
    changes::{folding, reason_lines, recorded},
    queue::result,
    tab::{Content, Mode, Places},
    tale::Tale,
    when,
    works::Works,
};
use crate::{
    domain::{
        review::{STORY, StoryEvent, StorySource},
        time::{self, TimeFormat},
    },
    panes::Cx,
    theme::Role,
    widgets::{
        diff::{self, Shape},
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// From this many columns on, an event has its reason on its first line.
const WIDE: usize = 100;

/// The lines of the tab.
pub(super) fn lines(
    shown: &Shown,
    tale: &Tale,
    (mode, shape): (Mode, Shape),
    opened: &[Opened],
    width: u16,
    works: &mut Works,
    cx: &mut Cx<'_>,
) -> Content {
    let Some(story) = &tale.story else { return QuestionPane::no_story(tale) };
    if story.events.is_empty() {
        return Content::Notice(vec![
            ("Nothing is recorded".to_owned(), Role::Title),
            ("Neither the ledger nor the history nor the queue tells of this question.".to_owned(), Role::Muted),
        ]);
    }
    let (mut lines, mut places): (Vec<RichLine>, Vec<_>) = (Vec::new(), Vec::new());
    let mut day: Option<Option<Date>> = None;
    for event in &story.events {
        let date = event.time.map(date_of);
        if day != Some(date) {
            lines.push(separator(day.flatten(), date, usize::from(width), cx.now.wall));
            day = Some(date);
        }
        let start = lines.len();
        let open = opened.iter().any(|open| open.is(event));
        head(event, open, usize::from(width), cx, &mut lines);
        if open {
            inside(shown, event, (mode, shape), width, works, cx, &mut lines);
        }
        places.push(start..lines.len());
    }
    if !story.cut.is_empty() {
        let tables: Vec<&str> = story.cut.iter().map(|source| when::source(*source)).collect();
        let words = format!("… the {} has more: at most the newest {STORY} of each are read", tables.join(" and the "));
        lines.push(RichLine::of(safe::fit(&words, usize::from(width)), Role::Muted));
    }
    Content::Marked { lines, places, kind: Places::Items }
}

fn date_of(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// The day, and how long before the one above it was.
fn separator(above: Option<Date>, day: Option<Date>, width: usize, now: Timestamp) -> RichLine {
    let Some(day) = day else {
        return rule("without a time that can be read", width);
    };
    let days = |from: Date, to: Date| from.until(to).map_or(0, |span| span.get_days());
    let today = days(day, date_of(now));
    let name = match today {
        0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        _ => day.strftime("%a %-d %b %Y").to_string(),
    };
    let gap = above.map_or(0, |above| days(day, above));
    let gap = if gap >= 2 { format!(" · {gap} days before") } else { String::new() };
    rule(&format!("{name}{gap}"), width)
}

fn rule(name: &str, width: usize) -> RichLine {
    let name = safe::fit(name, width.saturating_sub(2)).into_owned();
    let dashes = width.saturating_sub(safe::width(&name) + 3);
    let spans = vec![
        RichSpan::new("─ ", Role::Faint),
        RichSpan::new(name, Role::Muted),
        RichSpan::new(format!(" {}", "─".repeat(dashes)), Role::Faint),
    ];
    RichLine { spans, ground: None }
}

fn head(event: &StoryEvent, open: bool, width: usize, cx: &Cx<'_>, lines: &mut Vec<RichLine>) {
    let states = event.source != StorySource::Queue && (event.before.is_some() || event.after.is_some());
    let fold = match (states, open) {
        (_, true) => "▾",
        (true, false) => "▸",
        (false, false) => " ",
    };
    let at = match (cx.settings.times, event.time) {
        // The day stands above.
        (TimeFormat::Iso, Some(at)) => time::iso(at).get(11..19).unwrap_or_default().to_owned(),
        _ => when::words(&event.at, cx.settings.times, cx.now.wall),
    };
    let mut spans = vec![
        RichSpan::new(format!("{fold} "), Role::Bullet),
        RichSpan::new(format!("{} ", when::glyph(event.source)), when::role_of(event)),
        RichSpan::new(format!("{at:<8} "), Role::Muted),
        RichSpan::new(safe::fit(&safe::safe_prose(&event.what), 24), when::role_of(event)),
    ];
    if let Some(status) = &event.status {
        spans.push(RichSpan::new(
            format!(" {}", safe::fit(&safe::safe_prose(status), 16)),
            when::role_of_status(status),
        ));
    }
    if let Some(priority) = event.priority {
        spans.push(RichSpan::new(format!(" p{priority}"), Role::Muted));
    }
    if !event.who.trim().is_empty() {
        let role = if event.by_bot { Role::Text } else { Role::Strong };
        spans.push(RichSpan::new(" · ", Role::Faint));
        spans.push(RichSpan::new(safe::fit(&safe::safe_prose(&event.who), 30), role));
    }
    if width >= 50 {
        spans.push(RichSpan::new(format!(" · {}", when::source(event.source)), Role::Faint));
    }
    let fields = event.fields.as_deref().and_then(field_names).unwrap_or_default();
    let used = |spans: &[RichSpan]| spans.iter().map(|span| safe::width(&span.text)).sum::<usize>();
    let mut below = Vec::new();
    if !fields.is_empty() {
        if used(&spans) + 2 + safe::width(&fields) <= width {
            spans.push(RichSpan::new(format!("  {fields}"), Role::JsonKey));
        } else {
            below.push(RichLine::of(format!("    {}", safe::fit(&fields, width.saturating_sub(4))), Role::JsonKey));
        }
    }
    if let Some(reason) = event.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        let short = safe::safe_prose(super::text::head(reason).0.get(..400).unwrap_or(reason)).into_owned();
        if width >= WIDE && !open && below.is_empty() && used(&spans) + 3 + safe::width(&short) <= width {
            spans.push(RichSpan::new(format!(" · {short}"), Role::Text));
        } else {
            below.extend(reason_lines(reason, 4, width, if open { 12 } else { 2 }));
        }
    }
    lines.push(RichLine { spans, ground: None });
    lines.extend(below);
    if event.source == StorySource::Queue {
        result(event, 4, width, lines);
    }
}

/// The names of a list of fields as it is stored: JSON, or whatever is there.
fn field_names(stored: &str) -> Option<String> {
    let names = match serde_json::from_str::<Vec<String>>(stored) {
        Ok(names) => names.join(", "),
        Err(_) => stored.to_owned(),
    };
    let names = safe::safe_prose(&names).into_owned();
    (!names.trim().is_empty()).then_some(names)
}

/// What the event changed.
fn inside(
    shown: &Shown,
    event: &StoryEvent,
    (mode, shape): (Mode, Shape),
    width: u16,
    works: &mut Works,
    cx: &mut Cx<'_>,
    lines: &mut Vec<RichLine>,
) {
    let margin = RichSpan::new("    ", Role::Text);
    let mut push = |mut line: RichLine| {
        line.spans.insert(0, margin.clone());
        lines.push(line);
    };
    if event.source == StorySource::Queue || event.before.is_none() && event.after.is_none() {
        push(RichLine::of("no state before or after it is recorded · o goes to its row", Role::Muted));
        return;
    }
    let Some(found) = works.diff(recorded(shown, event), cx.out) else {
        push(RichLine::of("comparing …", Role::Muted));
        return;
    };
    if found.is_same() {
        push(RichLine::of("before and after are the same", Role::Muted));
    }
    let laid = diff::lay_out(&found, width.saturating_sub(4).max(8), shape, folding(mode));
    for mut line in laid.lines {
        // The margin keeps the ground of the pane.
        if let Some(ground) = line.ground.take() {
            let blanks = usize::from(width).saturating_sub(4 + line.width());
            line.spans.push(RichSpan::new(" ".repeat(blanks), ground));
        }
        push(line);
    }
}
