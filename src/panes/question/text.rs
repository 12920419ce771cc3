//! The tabs of running text: question with tldr, eli5 and answer; explanation.

use crate::{
    domain::question::Question,
    panes::{
        Outbox,
        story::{
            lines::head,
            sheet::{Content, Mode},
            works::Works,
        },
    },
    theme::Role,
    widgets::{
        markdown::Document,
        rich::{self, RichLine, RichSpan},
        safe,
    },
};

/// Lines of running text are no longer than this: wider ones are hard to read, however wide the screen is.
const MEASURE: u16 = 110;

/// A text that was read once, laid out many times.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Its name on the rule above it; none above the first.
    name: Option<&'static str>,
    source: String,
    document: Document,
    /// Bytes that are left out at its end.
    missing: usize,
}

impl Text {
    fn read(name: Option<&'static str>, source: Option<&String>) -> Option<Self> {
        let source = source.filter(|source| !source.trim().is_empty())?;
        let (head, missing) = head(source);
        Some(Self { name, source: head.to_owned(), document: Document::parse(head), missing })
    }

    /// The texts of the first tab.
    pub(super) fn of_question(question: &Question) -> Vec<Self> {
        [
            Self::read(None, question.question.as_ref()),
            Self::read(Some("In short"), question.tldr.as_ref()),
            Self::read(Some("Like I'm five"), question.eli5.as_ref()),
            Self::read(Some("Answer"), question.answer.as_ref()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The text of the second tab.
    pub(super) fn of_explanation(question: &Question) -> Vec<Self> {
        Self::read(None, question.explanation.as_ref()).into_iter().collect()
    }

    /// Their source as Markdown, for copying, divided by their names.
    pub(super) fn sources(texts: &[Self]) -> String {
        let mut out = String::new();
        for text in texts {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            if let Some(name) = text.name {
                out.push_str("## ");
                out.push_str(name);
                out.push_str("\n\n");
            }
            out.push_str(&text.source);
        }
        out
    }
}

/// The line below a text that is shown in part.
pub(super) fn missing_line(missing: usize) -> RichLine {
    RichLine::of(format!("… {missing} more bytes: the cell in the table shows them all"), Role::Warning)
}

/// Whether the first text is the question itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// It is: the heading of the tab.
    Heading,
    /// It is a text like others.
    Plain,
}

/// Lays the texts out, and asks for the colours of their code.
pub(super) fn lines(
    texts: &[Text],
    lead: Lead,
    mode: Mode,
    width: u16,
    works: &mut Works,
    out: &mut Outbox,
) -> Content {
    let mut lines: Vec<RichLine> = Vec::new();
    let width = width.min(MEASURE);
    for text in texts {
        if let Some(name) = text.name {
            if !lines.is_empty() {
                lines.push(RichLine::default());
            }
            lines.push(rule(name, width));
        }
        match mode {
            Mode::Source => lines.extend(rich::plain(&text.source, Role::Text)),
            Mode::Rendered => {
                for job in text.document.jobs() {
                    works.want(job, out);
                }
                let mut laid = text.document.lines(width, &|job| works.highlighted(job));
                if lead == Lead::Heading && text.name.is_none() {
                    raise(&mut laid);
                }
                lines.extend(laid);
            }
        }
        if text.missing > 0 {
            lines.push(missing_line(text.missing));
        }
    }
    Content::Lines(lines)
}

/// A section's name on a line that reaches across.
fn rule(name: &str, width: u16) -> RichLine {
    let dashes = usize::from(width).saturating_sub(safe::width(name) + 1);
    let spans = vec![RichSpan::new(name, Role::Accent), RichSpan::new(format!(" {}", "─".repeat(dashes)), Role::Faint)];
    RichLine { spans, ground: None }
}

/// The question itself is the heading of its tab.
fn raise(lines: &mut [RichLine]) {
    for span in lines.iter_mut().flat_map(|line| &mut line.spans) {
        if matches!(span.role, Role::Text | Role::Strong | Role::Emphasis) {
            span.role = Role::Heading1;
        }
    }
}
