//! The timeline of an item: everything that is recorded of it, merged by time, the newest first.
//!
//! Owns what of it is unfolded and which points are marked, its lines, and what its keys do; the tab and the window that show it differ
//! in their frame only.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    domain::{
        activity::Item,
        diff::{Comparison, Side},
        page::RowKey,
        place::Place,
        review::{STORY, Story, StoryEvent, StorySource},
        schema::Relation,
        time::{self, TimeFormat},
    },
    message::action::Action,
    panes::{
        Cx, Handled, Intent, Moments, Severity,
        story::{
            lines::{head as beginning, reason_lines, result},
            sheet::{Content, Places},
            when,
            works::Works,
        },
    },
    theme::Role,
    widgets::{
        diff::{self, Folding, Shape},
        number::length,
        rich::{self, RichLine, RichSpan},
        safe,
    },
};

/// From this many columns on, an event has its reason on its first line.
const WIDE: usize = 100;
/// Lines of a summary that are shown below its run.
const SUMMARY: usize = 40;

/// An event, by its row.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panes) struct Told {
    source: StorySource,
    key: RowKey,
}

impl Told {
    fn of(event: &StoryEvent) -> Self {
        Self { source: event.source, key: event.key.clone() }
    }

    /// Whether it is this one.
    pub(in crate::panes) fn is(&self, event: &StoryEvent) -> bool {
        (self.source, &self.key) == (event.source, &event.key)
    }
}

/// What of a timeline is unfolded, and which points are marked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::panes) struct Timeline {
    opened: Vec<Told>,
    /// At most two, in the order in which they were marked.
    points: Vec<Told>,
}

/// How an event is shown.
#[derive(Clone, Copy)]
struct Look {
    unfolding: Unfolding,
    /// Which of the marked points it is.
    point: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unfolding {
    Closed,
    Open,
}

/// The names of a relation's columns: the order in which the fields of its rows are told.
pub(in crate::panes) fn fields(relation: &Relation) -> Arc<[Arc<str>]> {
    relation.columns.iter().map(|column| Arc::from(column.name.as_str())).collect()
}

/// The fields of this sort of items, in the order of their table; none where it is not known.
pub(in crate::panes) fn fields_of(item: &Item, cx: &Cx<'_>) -> Arc<[Arc<str>]> {
    let relation = cx.schema.and_then(|schema| schema.catalogued("questions")).filter(|_| item.kind == "question");
    match relation {
        Some(relation) => fields(relation),
        None => Arc::new([]),
    }
}

/// What an event changed, as it was recorded: field by field where the item's fields are known.
pub(in crate::panes) fn recorded(event: &StoryEvent, fields: &Arc<[Arc<str>]>) -> Comparison {
    let side = |state: &Option<Arc<str>>| match state {
        Some(text) => Side::Text(Arc::clone(text)),
        None => Side::Absent("not recorded".into()),
    };
    Comparison::of_rows(side(&event.before), side(&event.after), fields.iter().cloned())
}

/// The row of an event as a place to go to.
pub(in crate::panes) fn place_of(event: &StoryEvent, cx: &Cx<'_>) -> Place {
    let table = when::table(event.source);
    let relation = cx.schema.and_then(|schema| schema.catalogued(table)).map(|relation| relation.name.clone());
    Place { relation: relation.unwrap_or_else(|| table.to_owned()), key: key_text(&event.key) }
}

/// A key as places are written by it.
pub(in crate::panes) fn key_text(key: &RowKey) -> Option<String> {
    match key {
        RowKey::Rowid(id) => Some(id.to_string()),
        RowKey::Primary(values) => values.first().map(|value| value.to_plain().into_owned()),
        RowKey::Ordinal(_) => None,
    }
}

impl Timeline {
    /// The lines for this width.
    pub(in crate::panes) fn lines(
        &self,
        story: &Story,
        item: &Item,
        fields: &Arc<[Arc<str>]>,
        (width, shape): (u16, Shape),
        works: &mut Works,
        cx: &mut Cx<'_>,
    ) -> Content {
        if story.events.is_empty() {
            let words = format!(
                "Neither the ledger nor the history nor the queue tells of this {}.",
                safe::fit(&safe::safe_prose(&item.kind), 30)
            );
            return Content::Notice(vec![("Nothing is recorded".to_owned(), Role::Title), (words, Role::Muted)]);
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
            let open = self.opened.iter().any(|open| open.is(event));
            let unfolding = if open { Unfolding::Open } else { Unfolding::Closed };
            let point = self.points.iter().position(|point| point.is(event));
            head(event, Look { unfolding, point }, usize::from(width), cx, &mut lines);
            if open {
                inside(event, fields, (width, shape), works, cx, &mut lines);
            }
            places.push(start..lines.len());
        }
        if !story.cut.is_empty() {
            let tables: Vec<&str> = story.cut.iter().map(|source| when::source(*source)).collect();
            let words =
                format!("… the {} has more: at most the newest {STORY} of each are read", tables.join(" and the "));
            lines.push(RichLine::of(safe::fit(&words, usize::from(width)), Role::Muted));
        }
        Content::Marked { lines, places, kind: Places::Items }
    }

    /// What its keys do to the event at this place of the story. After [`Handled::Yes`] its lines have to be made anew.
    pub(in crate::panes) fn act(
        &mut self,
        action: Action,
        at: Option<usize>,
        (story, item): (&Arc<Story>, &Item),
        cx: &mut Cx<'_>,
    ) -> Handled {
        let Some((at, event)) = at.and_then(|at| Some((at, story.events.get(at)?))) else { return Handled::No };
        match action {
            Action::Open => open(event, cx),
            Action::Fold | Action::Raw => toggle(&mut self.opened, Told::of(event)),
            Action::Mark => self.mark(event, story, item, cx),
            Action::AsItWas => cx.out.intents.push(Intent::ShowPast {
                item: item.clone(),
                story: Arc::clone(story),
                moments: Moments::Then(at),
            }),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    /// Takes the marks back; whether there were any.
    pub(in crate::panes) fn unmark(&mut self) -> Handled {
        if std::mem::take(&mut self.points).is_empty() { Handled::No } else { Handled::Yes }
    }

    /// Marks a point, or takes its mark back; with two of them the difference is shown.
    fn mark(&mut self, event: &StoryEvent, story: &Arc<Story>, item: &Item, cx: &mut Cx<'_>) {
        // The two before were compared already.
        if self.points.len() >= 2 && !self.points.iter().any(|point| point.is(event)) {
            self.points.clear();
        }
        toggle(&mut self.points, Told::of(event));
        let place = |point: &Told| story.events.iter().position(|event| point.is(event));
        match self.points.iter().map(place).collect::<Vec<_>>()[..] {
            [Some(one), Some(other)] => cx.out.intents.push(Intent::ShowPast {
                item: item.clone(),
                story: Arc::clone(story),
                moments: Moments::Between(one, other),
            }),
            [Some(_)] => cx.out.say(Severity::Info, "① marked: mark another point, and what differs is shown"),
            _ => {}
        }
    }
}

fn toggle(all: &mut Vec<Told>, one: Told) {
    match all.iter().position(|known| *known == one) {
        Some(at) => {
            all.remove(at);
        }
        None => all.push(one),
    }
}

/// Shows the row of an event in its window.
fn open(event: &StoryEvent, cx: &mut Cx<'_>) {
    let table = when::table(event.source);
    match cx.schema.and_then(|schema| schema.catalogued(table)) {
        Some(relation) => {
            let (relation, key) = (Arc::clone(relation), event.key.clone());
            cx.out.intents.push(Intent::ShowEvent { relation, key });
        }
        None => cx.out.say(Severity::Warning, format!("the table {table} is not in this database any more")),
    }
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

fn head(event: &StoryEvent, look: Look, width: usize, cx: &Cx<'_>, lines: &mut Vec<RichLine>) {
    let states = event.source != StorySource::Queue && (event.before.is_some() || event.after.is_some());
    let open = look.unfolding == Unfolding::Open;
    let (sign, role) = match (look.point, states, open) {
        (Some(0), ..) => ("①", Role::Accent),
        (Some(_), ..) => ("②", Role::Accent),
        (None, _, true) => ("▾", Role::Bullet),
        (None, true, false) => ("▸", Role::Bullet),
        (None, false, false) => (" ", Role::Bullet),
    };
    let at = match (cx.settings.times, event.time) {
        // The day stands above.
        (TimeFormat::Iso, Some(at)) => time::iso(at).get(11..19).unwrap_or_default().to_owned(),
        _ => when::words(&event.at, cx.settings.times, cx.now.wall),
    };
    let mut spans = vec![
        RichSpan::new(format!("{sign} "), role),
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
    if let Some(took) = took(event) {
        spans.push(RichSpan::new(format!(" {took}"), Role::Muted));
    }
    if !event.who.trim().is_empty() {
        let role = if event.by_bot { Role::Text } else { Role::Strong };
        spans.push(RichSpan::new(" · ", Role::Faint));
        spans.push(RichSpan::new(safe::fit(&safe::safe_prose(&event.who), 30), role));
    }
    if width >= 50 {
        spans.push(RichSpan::new(format!(" · {}", when::source(event.source)), Role::Muted));
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
        let short = safe::safe_prose(beginning(reason).0.get(..400).unwrap_or(reason)).into_owned();
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

/// How long a run took, where both its times can be read.
fn took(event: &StoryEvent) -> Option<String> {
    let (start, end) = (event.time?, event.end.as_deref().and_then(time::parse)?);
    let took = std::time::Duration::try_from(end.duration_since(start)).ok()?;
    (event.source == StorySource::Run).then(|| length(took))
}

/// The names of a list of fields as it is stored: JSON, or whatever is there.
pub(in crate::panes) fn field_names(stored: &str) -> Option<String> {
    let names = match serde_json::from_str::<Vec<String>>(stored) {
        Ok(names) => names.join(", "),
        Err(_) => stored.to_owned(),
    };
    let names = safe::safe_prose(&names).into_owned();
    (!names.trim().is_empty()).then_some(names)
}

/// What the event changed.
fn inside(
    event: &StoryEvent,
    fields: &Arc<[Arc<str>]>,
    (width, shape): (u16, Shape),
    works: &mut Works,
    cx: &mut Cx<'_>,
    lines: &mut Vec<RichLine>,
) {
    let margin = RichSpan::new("    ", Role::Text);
    let mut push = |mut line: RichLine| {
        line.spans.insert(0, margin.clone());
        lines.push(line);
    };
    if event.source == StorySource::Run {
        let Some(summary) = event.after.as_deref().filter(|summary| !summary.trim().is_empty()) else {
            return push(RichLine::of("it left no summary · Enter shows what it wrote", Role::Muted));
        };
        let pretty = crate::domain::json_check::pretty(beginning(summary).0);
        let all = rich::plain(&pretty.unwrap_or_else(|| beginning(summary).0.to_owned()), Role::Text);
        let more = all.len().saturating_sub(SUMMARY);
        all.into_iter().take(SUMMARY).for_each(&mut push);
        if more > 0 {
            push(RichLine::of(format!("… {more} more lines: Enter shows them"), Role::Muted));
        }
        return;
    }
    if event.source == StorySource::Queue || event.before.is_none() && event.after.is_none() {
        push(RichLine::of("no state before or after it is recorded · Enter shows its row", Role::Muted));
        return;
    }
    let Some(found) = works.diff(recorded(event, fields), cx.out) else {
        push(RichLine::of("comparing …", Role::Muted));
        return;
    };
    if found.is_same() {
        push(RichLine::of("before and after are the same", Role::Muted));
    }
    let laid = diff::lay_out(&found, width.saturating_sub(4).max(8), shape, Folding::Folded);
    for mut line in laid.lines {
        // The margin keeps the ground of the pane.
        if let Some(ground) = line.ground.take() {
            let blanks = usize::from(width).saturating_sub(4 + line.width());
            line.spans.push(RichSpan::new(" ".repeat(blanks), ground));
        }
        push(line);
    }
}
