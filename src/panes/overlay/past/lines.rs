//! The lines of an item as it was: field by field, each with where its value comes from, or why nobody knows it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    domain::{
        catalogue::{self, Meaning},
        diff::Side,
        past::{Certainty, Gap, Past, PastField, Source, Then},
        review::{Story, StoryEvent},
        time::TimeFormat,
    },
    panes::{
        Outbox,
        notice::wrapped,
        story::{lines::head as beginning, sheet::Mode, when, works::Works},
    },
    theme::Role,
    widgets::{
        json_tree::JsonTree,
        markdown::Document,
        rich::{self, RichLine, RichSpan},
        safe,
    },
};

/// Values of more columns, or of several lines, stand below their names.
const SHORT: usize = 48;
/// Columns of the names of short fields.
const NAMES: usize = 22;
/// Lines of running text are no longer than this.
const MEASURE: u16 = 110;

/// What the lines are made of.
pub(super) struct Telling<'t> {
    pub(super) story: &'t Story,
    pub(super) times: TimeFormat,
    pub(super) now: Timestamp,
    pub(super) width: u16,
    pub(super) mode: Mode,
}

impl Telling<'_> {
    /// An event in a few words: `improved by processor, 2d ago (history)`. Harmless.
    pub(super) fn event(&self, at: usize) -> String {
        let Some(event) = self.story.events.get(at) else { return "an event".to_owned() };
        event_words(event, self.times, self.now)
    }

    /// Where a value comes from.
    fn source(&self, source: Source) -> String {
        match source {
            Source::Before(at) => format!("before {}", self.event(at)),
            Source::After(at) => format!("after {}", self.event(at)),
            Source::Now => "the row now".to_owned(),
        }
    }

    /// Why a value is not known.
    pub(super) fn gap(&self, gap: Gap) -> String {
        match gap {
            Gap::ChangedBy(at) | Gap::Unreadable(at) | Gap::Timeless(at) | Gap::NotYet(at) => {
                format!("{}: {}", gap.words(), self.event(at))
            }
            Gap::Untold(at) => format!("{}: seen by {}", gap.words(), self.event(at)),
            Gap::Nowhere | Gap::NotRead => gap.words().to_owned(),
        }
    }

    /// Words on as many lines as they take.
    pub(super) fn say(&self, words: &str, role: Role, lines: &mut Vec<RichLine>) {
        let rows = wrapped(&safe::safe_prose(words), usize::from(self.width).max(8));
        lines.extend(rows.into_iter().map(|row| RichLine::of(row, role)));
    }

    /// The fields of an item.
    pub(super) fn fields(&self, past: &Past, works: &mut Works, out: &mut Outbox) -> Vec<RichLine> {
        let mut lines = Vec::new();
        for field in &past.fields {
            self.field(field, works, out, &mut lines);
        }
        lines
    }

    fn field(&self, field: &PastField, works: &mut Works, out: &mut Outbox, lines: &mut Vec<RichLine>) {
        let (value, sign, role, note) = match &field.then {
            Then::Known(value, source, Certainty::Recorded) => (value, "●", Role::Good, self.source(*source)),
            Then::Known(value, source, Certainty::IfAllWasTold) => (value, "○", Role::Muted, self.source(*source)),
            Then::Unknown(gap) => {
                let name = safe::fit(&safe::safe(&field.name), NAMES).into_owned();
                let spans = vec![
                    RichSpan::new("? ", Role::Warning),
                    RichSpan::new(format!("{name:<NAMES$} "), Role::DiffField),
                ];
                return self.noted(spans, &self.gap(*gap), Role::Warning, lines);
            }
        };
        // Another snapshot that says something else is not kept quiet.
        let (sign, role, note) = match field.dispute {
            Some(other) => ("!", Role::Warning, format!("{note}; {} says something else", self.source(other))),
            None => (sign, role, note),
        };
        let text = match value {
            Side::Absent(why) => (why.to_string(), Role::Muted),
            Side::Null => ("NULL".to_owned(), Role::Null),
            Side::Number(digits) => (digits.to_string(), Role::Integer),
            Side::Text(text) if text.is_empty() => ("'' (empty text)".to_owned(), Role::Empty),
            Side::Text(text) if text.len() <= SHORT * 4 && !text.contains('\n') && safe::width(text) <= SHORT => {
                (safe::safe(text).into_owned(), Role::Text)
            }
            Side::Blob(bytes, digits) => (format!("blob of {bytes} bytes, {digits}"), Role::Blob),
            Side::Text(text) => {
                let name = safe::fit(&safe::safe(&field.name), NAMES).into_owned();
                lines.push(RichLine::default());
                let spans = vec![RichSpan::new(format!("{sign} "), role), RichSpan::new(name, Role::DiffField)];
                let spans = [spans, vec![RichSpan::new("  ", Role::Text)]].concat();
                self.noted(spans, &note, Role::Faint, lines);
                self.long(&field.name, text, works, out, lines);
                lines.push(RichLine::default());
                return;
            }
            Side::Row(_) => ("a row".to_owned(), Role::Muted),
        };
        let name = safe::fit(&safe::safe(&field.name), NAMES).into_owned();
        let (shown, shown_role) = text;
        let spans = vec![
            RichSpan::new(format!("{sign} "), role),
            RichSpan::new(format!("{name:<NAMES$} "), Role::DiffField),
            RichSpan::new(
                safe::fit(&shown, usize::from(self.width).saturating_sub(NAMES + 3)).into_owned(),
                shown_role,
            ),
            RichSpan::new("  ", Role::Text),
        ];
        // Where there is no room for where it comes from, the sign says how sure it is.
        let used: usize = spans.iter().map(|span| safe::width(&span.text)).sum();
        let mut spans = spans;
        if usize::from(self.width) > used + 12 {
            let note = safe::fit(&note, usize::from(self.width) - used).into_owned();
            spans.push(RichSpan::new(note, Role::Faint));
        }
        lines.push(RichLine { spans, ground: None });
    }

    /// A note behind some spans; on lines below them where it is too long.
    fn noted(&self, mut spans: Vec<RichSpan>, note: &str, role: Role, lines: &mut Vec<RichLine>) {
        let used: usize = spans.iter().map(|span| safe::width(&span.text)).sum();
        let room = usize::from(self.width).saturating_sub(used);
        let note = safe::safe_prose(note).into_owned();
        if safe::width(&note) <= room || role == Role::Faint {
            spans.push(RichSpan::new(safe::fit(&note, room).into_owned(), role));
            lines.push(RichLine { spans, ground: None });
            return;
        }
        lines.push(RichLine { spans, ground: None });
        let rows = wrapped(&note, usize::from(self.width).saturating_sub(4).max(8));
        lines.extend(rows.into_iter().map(|row| RichLine::of(format!("    {row}"), role)));
    }

    /// A value of many lines, as the question would show it.
    fn long(&self, name: &str, text: &str, works: &mut Works, out: &mut Outbox, lines: &mut Vec<RichLine>) {
        let (head, missing) = beginning(text);
        let facts = catalogue::table("questions").and_then(|table| table.column(name));
        let meaning = facts.map_or(Meaning::Plain, |facts| facts.meaning);
        match (self.mode, meaning) {
            (Mode::Rendered, Meaning::Markdown) => {
                let document = Document::parse(head);
                for job in document.jobs() {
                    works.want(job, out);
                }
                lines.extend(document.lines(self.width.min(MEASURE), &|job| works.highlighted(job)));
            }
            (Mode::Rendered, _) if JsonTree::looks_like(head) => {
                let pretty = crate::domain::json_check::pretty(head);
                lines.extend(rich::plain(pretty.as_deref().unwrap_or(head), Role::Text));
            }
            _ => lines.extend(rich::plain(head, Role::Text)),
        }
        if missing > 0 {
            lines.push(RichLine::of(format!("… {missing} more bytes"), Role::Warning));
        }
    }
}

/// An event in a few words. Harmless.
pub(super) fn event_words(event: &StoryEvent, times: TimeFormat, now: Timestamp) -> String {
    let what = safe::safe_prose(&event.what).into_owned();
    let what = if what.trim().is_empty() { "an event".to_owned() } else { safe::fit(&what, 24).into_owned() };
    let who = safe::safe_prose(&event.who).into_owned();
    let who = if who.trim().is_empty() { String::new() } else { format!(" by {}", safe::fit(&who, 24)) };
    let at = when::words(&event.at, times, now);
    format!("{what}{who}, {at} ({})", when::source(event.source))
}

/// The fields whose values are known at both points, as sides; and those that cannot be compared, with why.
pub(super) fn comparable(one: &Past, other: &Past) -> (Side, Side, Vec<(Arc<str>, Gap)>) {
    let (mut before, mut after, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let find = |past: &Past, name: &Arc<str>| past.fields.iter().find(|field| field.name == *name).cloned();
    let mut names: Vec<Arc<str>> = one.fields.iter().map(|field| Arc::clone(&field.name)).collect();
    names.extend(other.fields.iter().map(|field| Arc::clone(&field.name)).filter(|name| find(one, name).is_none()));
    for name in names {
        let side = |field: Option<PastField>| match field.map(|field| field.then) {
            Some(Then::Known(value, ..)) => Ok(value),
            // That there was no row is known.
            Some(Then::Unknown(gap @ Gap::NotYet(_))) => Ok(Side::Absent(gap.words().into())),
            Some(Then::Unknown(gap)) => Err(gap),
            None => Err(Gap::Nowhere),
        };
        match (side(find(one, &name)), side(find(other, &name))) {
            (Ok(one), Ok(other)) => {
                before.push((Arc::clone(&name), one));
                after.push((name, other));
            }
            (Err(gap), _) | (_, Err(gap)) => left_out.push((name, gap)),
        }
    }
    (Side::Row(before), Side::Row(after), left_out)
}
