//! The diagram tab: drawn as text, or the source with the reason why not.

use std::sync::Arc;

use crate::{
    domain::syntax::{Computed, Job},
    panes::{
        Outbox, notice,
        story::{
            sheet::{Content, Mode},
            works::Works,
        },
    },
    theme::Role,
    widgets::{
        rich::{self, RichLine, RichSpan},
        safe,
    },
};

/// The diagram's lines at this width; asks for what has to be computed.
pub(super) fn lines(source: Option<&Arc<str>>, mode: Mode, width: u16, works: &mut Works, out: &mut Outbox) -> Content {
    let Some(source) = source.filter(|source| !source.trim().is_empty()) else {
        return Content::Notice(vec![
            ("No diagram".to_owned(), Role::Title),
            ("This question has none.".to_owned(), Role::Muted),
        ]);
    };
    if mode == Mode::Source {
        return Content::Lines(code(source, works, out));
    }
    let job = Job::Diagram { source: Arc::clone(source), width };
    works.want(job.clone(), out);
    match works.get(&job) {
        None => Content::Wait,
        Some(Computed::Diagram(Ok(drawn))) => {
            // The drawing library passes labels on as they are.
            Content::Lines(drawn.iter().map(|line| RichLine::of(safe::safe(line), Role::Diagram)).collect())
        }
        Some(Computed::Diagram(Err(why))) => {
            let why = format!("Not drawn: {}", safe::safe_prose(why));
            let why = notice::wrapped(&why, usize::from(width));
            let mut lines: Vec<_> = why.into_iter().map(|line| RichLine::of(line, Role::Warning)).collect();
            lines.push(RichLine::default());
            lines.extend(code(source, works, out));
            Content::Lines(lines)
        }
        Some(Computed::Highlighted(_) | Computed::Diff(_) | Computed::Json(_)) => {
            Content::Lines(rich::plain(source, Role::Text))
        }
    }
}

/// The source on the ground of code, in colours once they are there.
fn code(source: &Arc<str>, works: &mut Works, out: &mut Outbox) -> Vec<RichLine> {
    let job = Job::Highlight { language: "mermaid".into(), source: Arc::clone(source) };
    works.want(job.clone(), out);
    let mut lines = match works.highlighted(&job) {
        None => rich::plain(source, Role::Text),
        Some(colours) => colours
            .iter()
            .map(|line| RichLine {
                spans: line.iter().map(|(token, text)| RichSpan::new(safe::expanded(text), (*token).into())).collect(),
                ground: None,
            })
            .collect(),
    };
    for line in &mut lines {
        line.ground = Some(Role::CodeBlock);
    }
    lines
}
