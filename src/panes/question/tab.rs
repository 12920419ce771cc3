//! The tabs, and the sheet of lines each of them shows.

use crate::{
    theme::Role,
    widgets::rich::{RichLine, RichView, Wrap},
};

/// A tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Tab {
    /// Question, tldr, eli5, answer.
    #[default]
    Question,
    /// The explanation.
    Explanation,
    /// The diagram.
    Diagram,
    /// Everything about it.
    Details,
    /// Every column as it is stored.
    Raw,
}

impl Tab {
    pub(super) const ALL: [Self; 5] = [Self::Question, Self::Explanation, Self::Diagram, Self::Details, Self::Raw];
    pub(super) const NAMES: [&'static str; 5] = ["Question", "Explanation", "Diagram", "Details", "Raw"];
    /// Where the names do not fit.
    pub(super) const SHORT: [&'static str; 5] = ["Q&A", "Expl.", "Diagr.", "Details", "Raw"];

    pub(super) const fn place(self) -> usize {
        self as usize
    }

    pub(super) const fn by(self, steps: usize) -> Self {
        Self::ALL[(self.place() + steps) % Self::ALL.len()]
    }
}

/// Rendered, or as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Mode {
    /// Markdown laid out, diagrams drawn.
    #[default]
    Rendered,
    /// The source.
    Source,
}

impl Mode {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Rendered => Self::Source,
            Self::Source => Self::Rendered,
        }
    }
}

/// What a tab has to show.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// Lines.
    Lines(Vec<RichLine>),
    /// A few words, because there is nothing.
    Notice(Vec<(String, Role)>),
    /// What is on the screen already, until something is computed.
    Wait,
}

/// A tab's lines with the place one looks at.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) view: RichView,
    pub(super) notice: Vec<(String, Role)>,
    pub(super) mode: Mode,
    /// The width it is laid out for; `None` where it must be made anew.
    laid: Option<u16>,
}

impl Sheet {
    pub(super) fn new(tab: Tab) -> Self {
        let mut sheet = Self::default();
        if tab == Tab::Raw {
            sheet.view.set_wrap(Wrap::Wrap);
        }
        sheet
    }

    /// Whether its lines are for another width, or old.
    pub(super) fn is_stale(&self, width: u16) -> bool {
        self.laid != Some(width)
    }

    /// Its lines have to be made anew; the place stays.
    pub(super) const fn spoil(&mut self) {
        self.laid = None;
    }

    /// Another question: from the top, rendered.
    pub(super) fn restart(&mut self) {
        self.laid = None;
        self.notice.clear();
        self.mode = Mode::Rendered;
        self.view.set_lines(Vec::new());
    }

    /// Takes what was made for this width.
    pub(super) fn take(&mut self, content: Content, width: u16) {
        self.laid = Some(width);
        match content {
            Content::Lines(lines) => {
                self.notice.clear();
                self.view.replace_lines(lines);
            }
            Content::Notice(words) => {
                self.notice = words;
                self.view.replace_lines(Vec::new());
            }
            Content::Wait => {}
        }
    }

    /// Looks for a text without moving what is looked at.
    pub(super) fn mark(&mut self, pattern: &str) {
        if self.view.pattern() != pattern {
            let (x, y) = self.view.offset();
            self.view.search(pattern);
            self.view.leftmost();
            self.view.scroll(i64::try_from(x).unwrap_or(i64::MAX), 0);
            self.view.go_to(y);
        }
    }
}
