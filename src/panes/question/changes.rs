//! The changes tab: the question before the last change of a bot, against the row now, field by field.

use std::sync::Arc;

use super::{QuestionPane, Shown, tale::Tale};
use crate::{
    domain::{
        diff::{Comparison, Side},
        review::{Story, StoryEvent},
    },
    panes::{
        Cx,
        story::{
            lines::{append, folding, head as beginning, reason_lines},
            sheet::{Content, Mode, Places},
            when,
            works::Works,
        },
    },
    theme::Role,
    widgets::{
        diff::Shape,
        json_tree::JsonTree,
        rich::{self, RichLine, RichSpan},
        safe,
    },
};

/// The comparison of a question with its snapshot: only what the snapshot holds, in the order of the table.
fn comparison(shown: &Shown, snapshot: &Arc<str>) -> Comparison {
    let record = &shown.record.record;
    let fields = record.relation.columns.iter().map(|column| Arc::from(column.name.as_str()));
    Comparison::of_rows(Side::Text(Arc::clone(snapshot)), Side::from(record), fields).within_before()
}

/// Whether a snapshot can be compared by fields.
fn is_object(snapshot: &str) -> bool {
    snapshot.trim_start().starts_with('{') && JsonTree::parse(snapshot).is_ok()
}

impl QuestionPane {
    /// What stands in the place of a story that is not there.
    pub(super) fn no_story(tale: &Tale) -> Content {
        if let Some(error) = tale.error.as_ref().filter(|_| !tale.asked) {
            return Content::Notice(vec![
                (format!("The story cannot be read: {}", error.what), Role::Bad),
                (error.remedy.clone(), Role::Muted),
                ("r tries again.".to_owned(), Role::Muted),
            ]);
        }
        Content::Notice(vec![("Reading what the bots did …".to_owned(), Role::Muted)])
    }
}

/// A bot that flags or verifies says what it thinks of a question: it does not change it, though its status.
fn is_verdict(event: &StoryEvent) -> bool {
    matches!(event.what.to_ascii_lowercase().as_str(), "flag" | "flagged" | "verify" | "verified")
}

/// The event whose snapshot is compared: the last change of a bot; a mere verdict only where there is no other. The row now is what
/// it is compared with, so what came of later verdicts is seen, too.
fn chosen(story: &Story) -> Option<&StoryEvent> {
    let change = story.events.iter().find(|event| event.by_bot && event.before.is_some() && !is_verdict(event));
    change.or_else(|| story.before_bot())
}

/// The lines of the tab.
pub(super) fn lines(
    shown: &Shown,
    tale: &Tale,
    (mode, shape): (Mode, Shape),
    width: u16,
    works: &mut Works,
    cx: &mut Cx<'_>,
) -> Content {
    let Some(story) = &tale.story else { return QuestionPane::no_story(tale) };
    let Some((event, snapshot)) = chosen(story).and_then(|event| Some((event, event.before.as_ref()?))) else {
        return Content::Notice(without(story, cx));
    };
    let mut lines = head(story, event, tale, width, cx);
    lines.push(RichLine::default());
    if !is_object(snapshot) {
        lines.push(RichLine::of("The snapshot is no JSON object, so it is shown as it is stored:", Role::Warning));
        lines.push(RichLine::default());
        lines.extend(rich::plain(beginning(snapshot).0, Role::Text));
        return Content::Lines(lines);
    }
    let Some(found) = works.diff(comparison(shown, snapshot), cx.out) else {
        lines.push(RichLine::of("Comparing …", Role::Muted));
        return Content::Lines(lines);
    };
    if found.is_same() {
        let words = "No difference: every field of the snapshot is as it was before.";
        lines.push(RichLine::of(safe::fit(words, usize::from(width)), Role::Good));
    }
    let places = append(&found, width, shape, folding(mode), &mut lines);
    Content::Marked { lines, places, kind: Places::Changes }
}

/// Which event the snapshot is from.
fn head(story: &Story, event: &StoryEvent, tale: &Tale, width: u16, cx: &Cx<'_>) -> Vec<RichLine> {
    let width = usize::from(width);
    let at = when::words(&event.at, cx.settings.times, cx.now.wall);
    let who = safe::safe_prose(&event.who).into_owned();
    let mut spans = vec![
        RichSpan::new("─ ", Role::Faint),
        RichSpan::new("before ", Role::Muted),
        RichSpan::new(safe::fit(&who, 30), Role::Strong),
        RichSpan::new(" · ", Role::Faint),
        RichSpan::new(safe::fit(&safe::safe_prose(&event.what), 20), when::role_of(event)),
        RichSpan::new(format!(" · {at} · {}", when::source(event.source)), Role::Muted),
    ];
    let used: usize = spans.iter().map(|span| safe::width(&span.text)).sum();
    let dashes = width.saturating_sub(used + 1);
    spans.push(RichSpan::new(format!(" {}", "─".repeat(dashes)), Role::Faint));
    let mut lines = vec![RichLine { spans, ground: None }];
    if let Some(reason) = event.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        lines.extend(reason_lines(reason, 0, width, 3));
    }
    // Bots that changed it later and left no state are not to be taken for the one that did.
    let later = story.events.iter().take_while(|other| !std::ptr::eq(*other, event));
    let later = later.filter(|other| other.by_bot && other.before.is_none() && !is_verdict(other)).count();
    if later > 0 {
        let words = if later == 1 {
            "1 later event of a bot has no snapshot: what it changed is in here, too".to_owned()
        } else {
            format!("{later} later events of bots have no snapshot: what they changed is in here, too")
        };
        lines.push(RichLine::of(safe::fit(&words, width), Role::Muted));
    }
    if let Some(error) = &tale.error {
        let words = format!("not read anew: {}", safe::safe_prose(&error.what));
        lines.push(RichLine::of(safe::fit(&words, width), Role::Warning));
    }
    lines
}

/// Why there is nothing to compare with.
fn without(story: &Story, cx: &Cx<'_>) -> Vec<(String, Role)> {
    let mut words = vec![("No snapshot to compare with".to_owned(), Role::Title)];
    let last = story.events.iter().find(|event| event.by_bot);
    words.push((
        match last {
            None => "Neither the ledger nor the history tells of a bot that changed this question.".to_owned(),
            Some(event) => format!(
                "The last a bot did was {} ({}, {}), and like all before it it recorded no state before.",
                event.what,
                event.who,
                when::words(&event.at, cx.settings.times, cx.now.wall)
            ),
        },
        Role::Muted,
    ));
    words
}
