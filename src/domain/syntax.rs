//! Highlighted source text: what the highlighter says of it, without any colour.

use std::sync::Arc;

use crate::domain::{
    catalogue::Shape,
    diff::{Comparison, Diff},
    json_check::JsonReport,
};

/// What a piece of source text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// Anything else.
    Plain,
    /// A comment.
    Comment,
    /// A keyword or operator word.
    Keyword,
    /// A string or character.
    String,
    /// A number or another constant.
    Constant,
    /// A function's name.
    Function,
    /// A type's name.
    Type,
    /// A variable or parameter.
    Variable,
    /// An operator or punctuation.
    Operator,
    /// A tag, attribute or property name.
    Property,
}

/// Lines of (token, text) without line ends.
pub type HighlightedLines = Vec<Vec<(Token, String)>>;

/// A background computation that only needs a processor. Equal jobs have equal results, so results are kept by job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Highlight source text of a language (a name or a file ending; unknown languages come back plain).
    Highlight {
        /// `rust`, `js`, `sql` …
        language: Arc<str>,
        /// The text.
        source: Arc<str>,
    },
    /// Draw a Mermaid diagram as text.
    Diagram {
        /// Mermaid source.
        source: Arc<str>,
        /// Columns it should fit into where it can.
        width: u16,
    },
    /// Find what differs.
    Diff(Arc<Comparison>),
    /// Check JSON that is being typed; see [`crate::domain::json_check`].
    CheckJson {
        /// The text.
        text: Arc<str>,
        /// The shape it should have.
        shape: Shape,
    },
}

/// What a [`Job`] came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Computed {
    /// Of [`Job::Highlight`].
    Highlighted(Arc<HighlightedLines>),
    /// Of [`Job::Diagram`]: its lines, or why it cannot be drawn.
    Diagram(Result<Arc<Vec<String>>, String>),
    /// Of [`Job::Diff`].
    Diff(Arc<Diff>),
    /// Of [`Job::CheckJson`].
    Json(JsonReport),
}
