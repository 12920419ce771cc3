//! Pieces that the lines about recorded events are made of: reasons, results, differences.

use crate::{
    domain::{diff::Diff, review::StoryEvent},
    panes::{notice::wrapped, story::sheet::Mode},
    theme::Role,
    widgets::{
        diff::{self, Folding, Shape},
        rich::RichLine,
        safe,
    },
};

/// Texts longer than this are shown up to here: laying out 10 MB would be felt, and nobody reads it in a pane.
const LONGEST: usize = 512 * 1024;

/// The beginning of a text as far as it is shown, and how many bytes that leaves out.
pub(in crate::panes) fn head(text: &str) -> (&str, usize) {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], text.len() - end)
}

/// How a diff stands in the tabs: unchanged parts folded while it is rendered.
pub(in crate::panes) const fn folding(mode: Mode) -> Folding {
    match mode {
        Mode::Rendered => Folding::Folded,
        Mode::Source => Folding::Open,
    }
}

/// Appends a diff, and says where its changes begin.
pub(in crate::panes) fn append(
    found: &Diff,
    width: u16,
    shape: Shape,
    folding: Folding,
    lines: &mut Vec<RichLine>,
) -> Vec<std::ops::Range<usize>> {
    let laid = diff::lay_out(found, width, shape, folding);
    let first = lines.len();
    let ends = laid.changes.iter().skip(1).copied().chain([laid.lines.len()]);
    let places = laid.changes.iter().zip(ends).map(|(start, end)| first + start..first + end).collect();
    lines.extend(laid.lines);
    places
}

/// A reason in at most so many lines.
pub(in crate::panes) fn reason_lines(reason: &str, indent: usize, width: usize, most: usize) -> Vec<RichLine> {
    let mut end = reason.len().min(4_000);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let margin = " ".repeat(indent);
    let rows = wrapped(&safe::safe_prose(&reason[..end]), width.saturating_sub(indent).max(4));
    let cut = rows.len() > most;
    let mut lines: Vec<RichLine> =
        rows.into_iter().take(most).map(|line| RichLine::of(format!("{margin}{line}"), Role::Text)).collect();
    if let Some(span) = lines.last_mut().filter(|_| cut).and_then(|line| line.spans.last_mut()) {
        span.text.push_str(" …");
    }
    lines
}

/// What came of a queue item.
pub(in crate::panes) fn result(event: &StoryEvent, indent: usize, width: usize, lines: &mut Vec<RichLine>) {
    if let Some(result) = event.after.as_deref().filter(|result| !result.trim().is_empty()) {
        let role = if event.status.as_deref() == Some("failed") { Role::Bad } else { Role::Muted };
        for (at, mut line) in reason_lines(result, indent + 2, width, 4).into_iter().enumerate() {
            for span in &mut line.spans {
                span.role = role;
                if at == 0 {
                    span.text.replace_range(indent..indent + 1, "→");
                }
            }
            lines.push(line);
        }
    }
}
