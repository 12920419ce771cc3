//! The strip below the line about the question: why it is flagged, by whom, when.

use super::{QuestionPane, tale::Why};
use crate::{
    domain::{review::FlagSource, time::TimeFormat},
    panes::{Cx, notice, story::when},
    theme::Role,
    widgets::{
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// Bytes of a reason that are looked at.
const REASON: usize = 2_000;

impl QuestionPane {
    /// Makes the strip's lines for this width, at most as many as there is room for.
    pub(super) fn lay_out_strip(&mut self, cx: &Cx<'_>) {
        let inner = crate::panes::frame::inner(self.area);
        let key = (inner.width, inner.height, cx.settings.times);
        if self.strip_width == Some(key) {
            return;
        }
        self.strip_width = Some(key);
        let most = match inner.height {
            ..7 => 0,
            7..14 => 1,
            14..30 => 2,
            _ => 3,
        };
        let width = usize::from(super::view::body_width(self.area));
        self.strip = if most == 0 || width < 8 || !self.is_flagged() {
            Vec::new()
        } else {
            lines(&self.why(), width, most, cx.settings.times, cx)
        };
    }
}

fn lines(why: &Why<'_>, width: usize, most: usize, times: TimeFormat, cx: &Cx<'_>) -> Vec<RichLine> {
    let mut spans = vec![RichSpan::new("⚑ ", Role::Warning)];
    let reason = match why {
        Why::Reading => return one(spans, "flagged", Role::Warning),
        Why::Untold => {
            let words = "flagged; neither the ledger nor the history says by whom, or why";
            return one(spans, &safe::fit(words, width - 2), Role::Muted);
        }
        Why::Failed(error) => {
            let words = format!("flagged; why could not be read: {}", safe::safe_prose(&error.what));
            return one(spans, &safe::fit(&words, width - 2), Role::Muted);
        }
        Why::Told(flag) => {
            let (by, at) = (safe::safe_prose(&flag.by), when::words(&flag.at, times, cx.now.wall));
            let by = if by.trim().is_empty() { "somebody".into() } else { by };
            let from = match flag.source {
                FlagSource::Ledger => "ledger",
                FlagSource::History => "history",
            };
            let (flagged, source) =
                if width >= 60 { ("flagged by ", format!(" · {from}")) } else { ("", String::new()) };
            spans.push(RichSpan::new(flagged, Role::Warning));
            spans.push(RichSpan::new(safe::fit(&by, width / 2), Role::Strong));
            spans.push(RichSpan::new(format!(" · {at}{source}"), Role::Muted));
            flag.reason.as_deref().unwrap_or_default()
        }
    };
    let mut end = reason.len().min(REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = safe::safe_prose(&reason[..end]).into_owned();
    let used: usize = spans.iter().map(|span| safe::width(&span.text)).sum();
    let left = width.saturating_sub(used + 3);
    if reason.trim().is_empty() {
        let words = safe::fit(" · no reason given", width.saturating_sub(used));
        spans.push(RichSpan::new(words, Role::Muted));
        return vec![RichLine { spans, ground: None }];
    }
    if most == 1 || safe::width(&reason) <= left {
        if left > 3 {
            spans.push(RichSpan::new(" · ", Role::Faint));
            spans.push(RichSpan::new(safe::fit(&reason, left), Role::Text));
        }
        return vec![RichLine { spans, ground: None }];
    }
    let wrapped = notice::wrapped(&reason, width - 2);
    let more = wrapped.len() > most - 1;
    let mut lines = vec![RichLine { spans, ground: None }];
    for (at, mut text) in wrapped.into_iter().take(most - 1).enumerate() {
        if more && at + 2 == most {
            text = format!("{}…", safe::fit(&text, width.saturating_sub(4)).trim_end_matches('…'));
        }
        lines.push(RichLine::of(format!("  {text}"), Role::Text));
    }
    lines
}

fn one(mut spans: Vec<RichSpan>, words: &str, role: Role) -> Vec<RichLine> {
    spans.push(RichSpan::new(words, role));
    vec![RichLine { spans, ground: None }]
}
