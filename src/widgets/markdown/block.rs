//! What a document consists of.

use std::sync::Arc;

use pulldown_cmark::Alignment;

use crate::{domain::syntax::Job, theme::Role};

/// A block.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Block {
    /// A heading of level 1 to 6.
    Heading(u8, Vec<Inline>),
    /// A paragraph; also the bare text of an item in a tight list.
    Paragraph(Vec<Inline>),
    /// Code; the job that highlights it, where it names a language.
    Code {
        language: String,
        source: Arc<str>,
        job: Option<Job>,
    },
    /// A quotation, or an alert with this title.
    Quote(Option<&'static str>, Vec<Block>),
    List {
        /// The first number of a numbered one.
        start: Option<u64>,
        /// Whether there are blank lines between items.
        loose: bool,
        items: Vec<Item>,
    },
    Table(Table),
    /// What a footnote says.
    Footnote(String, Vec<Block>),
    /// A line across.
    Rule,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Item {
    /// Of a task list: whether it is done.
    pub(super) done: Option<bool>,
    pub(super) blocks: Vec<Block>,
}

/// A table. Rows may be shorter than `columns`.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<Alignment>,
    pub(super) head: Vec<Vec<Inline>>,
    pub(super) rows: Vec<Vec<Vec<Inline>>>,
}

/// A piece of running text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Inline {
    /// Harmless text in one style.
    Text { text: String, style: Style },
    /// A line ends here.
    Break,
}

/// How running text looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) role: Role,
    pub(super) also: Option<Role>,
    pub(super) link: Option<Arc<str>>,
    /// Where a link's URL stands behind its text: left out where there is no room for it (tables).
    pub(super) aside: bool,
}

impl Style {
    pub(super) const fn of(role: Role) -> Self {
        Self { role, also: None, link: None, aside: false }
    }
}

/// Calls back with the job of each code block.
pub(super) fn for_each_job(blocks: &[Block], take: &mut dyn FnMut(&Job)) {
    for block in blocks {
        match block {
            Block::Code { job: Some(job), .. } => take(job),
            Block::Quote(_, inner) | Block::Footnote(_, inner) => for_each_job(inner, take),
            Block::List { items, .. } => items.iter().for_each(|item| for_each_job(&item.blocks, take)),
            _ => {}
        }
    }
}
