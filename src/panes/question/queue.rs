//! The queue tab: what the bots were asked to do with this question.

use super::{QuestionPane, tale::Tale};
use crate::{
    domain::review::{STORY, StoryEvent, StorySource},
    panes::{
        Cx,
        story::{
            lines::{reason_lines, result},
            sheet::{Content, Places},
            when,
        },
    },
    theme::Role,
    widgets::{
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// The lines of the tab.
pub(super) fn lines(tale: &Tale, width: u16, cx: &Cx<'_>) -> Content {
    let Some(story) = &tale.story else { return QuestionPane::no_story(tale) };
    let items: Vec<&StoryEvent> = story.queue().collect();
    if items.is_empty() {
        return Content::Notice(vec![
            ("Nothing in the queue".to_owned(), Role::Title),
            ("No bot was asked to do anything with this question.".to_owned(), Role::Muted),
        ]);
    }
    let (mut lines, mut places) = (Vec::new(), Vec::new());
    for event in items {
        let start = lines.len();
        item(event, usize::from(width), cx, &mut lines);
        places.push(start..lines.len());
        lines.push(RichLine::default());
    }
    if story.cut.contains(&StorySource::Queue) {
        lines.push(RichLine::of(format!("… and older ones: at most the newest {STORY} are read"), Role::Muted));
    } else {
        lines.pop();
    }
    Content::Marked { lines, places, kind: Places::Items }
}

fn item(event: &StoryEvent, width: usize, cx: &Cx<'_>, lines: &mut Vec<RichLine>) {
    let status = event.status.as_deref().unwrap_or("no status");
    let by = if event.who.is_empty() { String::new() } else { format!(" · by {}", safe::safe_prose(&event.who)) };
    let at = when::words(&event.at, cx.settings.times, cx.now.wall);
    let mut spans = vec![
        RichSpan::new(format!("{:<10}", safe::safe_prose(status)), when::role_of_status(status)),
        RichSpan::new(format!("{:<9}", safe::safe_prose(&event.what)), when::role_of(event)),
    ];
    if let Some(priority) = event.priority {
        let role = if priority <= 2 { Role::Warning } else { Role::Muted };
        spans.push(RichSpan::new(format!("priority {priority}"), role));
    }
    spans.push(RichSpan::new(format!("{by} · {at}"), Role::Muted));
    lines.push(RichLine { spans, ground: None });
    if let Some(reason) = event.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        lines.extend(reason_lines(reason, 2, width, 4));
    }
    result(event, 2, width, lines);
}
