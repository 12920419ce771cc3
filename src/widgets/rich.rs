//! Lines of styled text by role, and the view that scrolls, searches and draws them: what Markdown, diagrams, JSON,
//! highlighted source and raw text all become before they are drawn.

use crate::theme::Role;

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
}
