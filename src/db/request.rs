//! Requests to the database workers and their replies: the only way to the database from the screen.
//!
//! A request names a [`Slot`] and an id. A newer request of a slot cancels the older one; a reply whose id is not the slot's
//! newest is dropped by the receiver. Each slot has a thread and a connection of its own, so no slot waits for another.

use std::sync::Arc;

use crate::{
    db::error::Error,
    domain::{
        activity::ActivityUpdate,
        page::{Page, PageQuery, Record, RowKey},
        schema::{Relation, Schema},
        value::Value,
    },
};

/// A line of work that never waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The schema.
    Schema,
    /// The page the user waits for.
    Page,
    /// The page behind or before it, read ahead.
    Ahead,
    /// Row counts, in the background.
    Count,
    /// The question in the question pane.
    Question,
    /// A whole cell.
    Cell,
    /// The bots' activity: asked for once, then replies come by themselves whenever the database changes.
    Activity,
}

/// Every slot.
pub const SLOTS: [Slot; 7] =
    [Slot::Schema, Slot::Page, Slot::Ahead, Slot::Count, Slot::Question, Slot::Cell, Slot::Activity];

/// Which request of its slot; grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RequestId(pub u64);

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The schema: [`Answer::Schema`].
    Schema,
    /// A page: [`Answer::Page`].
    Page(PageQuery),
    /// The number of rows of each, one [`Answer::Count`] after another in this order; an error, that of the next in the order,
    /// ends it.
    Counts(Vec<Arc<Relation>>),
    /// A whole row by key: [`Answer::Record`].
    Record(Arc<Relation>, RowKey),
    /// A whole row of `questions` by its id text, with where it is mapped: [`Answer::Question`].
    Question(String),
    /// A whole cell: [`Answer::Cell`].
    Cell {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Of which row.
        key: RowKey,
        /// Of which column.
        column: usize,
    },
    /// The bots' activity now and from now on: [`Answer::Activity`].
    Activity,
}

/// A question and its surroundings.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionRecord {
    /// The row.
    pub record: Record,
    /// (channel, sub-channel) of each mapping, at most 100.
    pub mappings: Vec<(String, String)>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The schema.
    Schema(Arc<Schema>),
    /// A page.
    Page(Arc<Page>),
    /// The number of rows of a relation.
    Count {
        /// The relation's name.
        relation: String,
        /// Its rows.
        rows: u64,
    },
    /// A row; `None` where there is none with this key.
    Record(Option<Arc<Record>>),
    /// A question; `None` where there is none with this id.
    Question(Option<Arc<QuestionRecord>>),
    /// A cell; `None` where the row is gone.
    Cell(Option<Arc<Value>>),
    /// What the bots did.
    Activity(Arc<ActivityUpdate>),
    /// The activity pane's tables are not in this database.
    NoActivity,
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// On which line.
    pub slot: Slot,
    /// Which one.
    pub id: RequestId,
    /// For what.
    pub query: Query,
}

/// A reply, or news without a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To a request.
    Answer {
        /// On which line.
        slot: Slot,
        /// To which one.
        id: RequestId,
        /// What came back.
        outcome: Result<Answer, Error>,
    },
    /// Another connection committed: what is shown may be old. `schema` where the schema changed, too.
    Changed {
        /// The schema changed or the file was replaced: read it anew.
        schema: bool,
    },
    /// The file is gone, or there again.
    Health(Result<(), Error>),
}
