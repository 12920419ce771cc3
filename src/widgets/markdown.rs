//! Markdown to lines.
//!
//! Owns how a document of the database (questions, answers, explanations) is read: headings, lists, tables, quotes, code. What
//! needs a processor for long, the colours of code, is asked for as [`Job`]s and filled in when it has come.

mod block;
mod layout;
mod parse;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod wrap;

use std::sync::Arc;

use crate::{
    domain::syntax::{HighlightedLines, Job},
    widgets::rich::RichLine,
};

/// A document that has been read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    blocks: Vec<block::Block>,
}

impl Document {
    /// Reads a text as Markdown (CommonMark with GitHub's tables, task lists, strikethrough, footnotes and alerts). Every text is
    /// a document. Where the text has no line break but has them written out as `\n`, these break lines.
    pub fn parse(text: &str) -> Self {
        Self { blocks: parse::blocks(text) }
    }

    /// What should be computed for it: the highlighting of its code blocks.
    pub fn jobs(&self) -> Vec<Job> {
        let mut jobs = Vec::new();
        block::for_each_job(&self.blocks, &mut |job| {
            if !jobs.contains(job) {
                jobs.push(job.clone());
            }
        });
        jobs
    }

    /// Its lines at this width; code in colours as far as `computed` knows them. Only lines of code may be wider than `width`.
    pub fn lines(&self, width: u16, computed: &dyn Fn(&Job) -> Option<Arc<HighlightedLines>>) -> Vec<RichLine> {
        layout::lines(&self.blocks, usize::from(width), computed)
    }
}
