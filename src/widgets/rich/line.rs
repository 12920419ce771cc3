//! Pieces of text with a role, and lines of them.

use std::borrow::Cow;

use crate::{theme::Role, widgets::safe};

/// A piece of a line. Its text holds no control characters: whoever makes it uses [`crate::widgets::safe`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RichSpan {
    /// The text, shown as it is.
    pub text: String,
    /// What it is.
    pub role: Role,
    /// Modifiers beside the role (strong inside a link …).
    pub also: Option<Role>,
    /// Where it leads, for links.
    pub link: Option<String>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RichLine {
    /// Its pieces.
    pub spans: Vec<RichSpan>,
    /// A ground that reaches to the right edge (code blocks).
    pub ground: Option<Role>,
}

impl RichSpan {
    /// A piece of this role.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role, also: None, link: None }
    }
}

impl RichLine {
    /// A line of one piece.
    pub fn of(text: impl Into<String>, role: Role) -> Self {
        Self { spans: vec![RichSpan::new(text, role)], ground: None }
    }

    /// Its text without styles, for copying and searching; borrowed where it is one piece.
    pub fn plain(&self) -> Cow<'_, str> {
        match self.spans.as_slice() {
            [] => Cow::Borrowed(""),
            [only] => Cow::Borrowed(&only.text),
            _ => Cow::Owned(self.text()),
        }
    }

    /// Its text without styles.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// How many columns it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(|span| safe::width(&span.text)).sum()
    }
}

/// The lines of a plain text in this role, made harmless; a line break begins a new line, a tab reaches to the next fourth column.
pub fn plain(text: &str, role: Role) -> Vec<RichLine> {
    text.split('\n').map(|line| RichLine::of(safe::expanded(line.strip_suffix('\r').unwrap_or(line)), role)).collect()
}
