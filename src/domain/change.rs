//! Changes of rows, before and after they were written: plain data that says exactly what is to happen to which row, under which guard.
//!
//! A [`Batch`] is what one transaction does. Every [`Entry`] of it is guarded by what its author saw: where the row is another by now,
//! nothing of the batch is written ([`Outcome::Refused`]). Built by [`review`](crate::domain::review) and by
//! [`staged`](crate::domain::staged); carried out by `db::write`. Must not know SQL.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    page::{Record, RowKey},
    schema::Relation,
    value::Value,
};

/// Which entry: unique among all of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct EntryId(pub u64);

/// Which batch: unique among all of a session, growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct BatchId(pub u64);

/// A column with its value: position in [`Relation::columns`], and the whole value.
pub type Cell = (usize, Value);

/// What happens to one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Some cells get new values.
    Update {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Of which row.
        key: RowKey,
        /// The guard: the row is only written while all these cells still are what was shown (compared as `IS` does).
        shown: Vec<Cell>,
        /// The new values; each column once, none generated.
        set: Vec<Cell>,
    },
    /// A new row.
    Insert {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Its cells; a column that is not named gets its default.
        cells: Vec<Cell>,
        /// Not where a row with these values is there already: [`Obstacle::Pending`].
        unless: Vec<Cell>,
    },
    /// A row goes.
    Delete {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Which row.
        key: RowKey,
        /// The guard, as for updates.
        shown: Vec<Cell>,
    },
}

impl Change {
    /// The relation it changes.
    pub const fn relation(&self) -> &Arc<Relation> {
        match self {
            Self::Update { relation, .. } | Self::Insert { relation, .. } | Self::Delete { relation, .. } => relation,
        }
    }

    /// The row it changes; `None` for a new one.
    pub const fn key(&self) -> Option<&RowKey> {
        match self {
            Self::Update { key, .. } | Self::Delete { key, .. } => Some(key),
            Self::Insert { .. } => None,
        }
    }
}

/// What `questionHistory` is to say of a change of a question. Snapshots, changed fields, author and time are added by `db::write`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// `event_type`: approved, deleted, updated, reverted, created …
    pub event: String,
    /// `reason`, where one was given.
    pub reason: Option<String>,
}

/// One row's change with what is recorded of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which one.
    pub id: EntryId,
    /// What happens.
    pub change: Change,
    /// What `questionHistory` says of it; only for rows of `questions`.
    pub trail: Option<Trail>,
}

/// Whether a trail must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum TrailPolicy {
    /// Without a `questionHistory` in the database nothing is written: the error `NoTrail`.
    #[default]
    Required,
    /// The user was asked, and does without.
    Waived,
}

/// What one transaction does: all of it, or nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Which one.
    pub id: BatchId,
    /// In this order; at least one.
    pub entries: Vec<Entry>,
    /// Who: `sourceName` of the history's rows (`eventSource` is `user`), `createdBy` of queue items.
    pub author: String,
    /// When: `createdAt` of the history's rows, written as ISO 8601 with milliseconds and Z.
    pub at: Timestamp,
    /// Whether trails may be left out.
    pub trail: TrailPolicy,
}

/// What became of a batch. An error instead of this means: nothing was written, for a reason that is none of the entries'.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// Of which batch.
    pub batch: BatchId,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All of it is written: one for each entry, in their order.
    Committed {
        /// What was written.
        written: Vec<Written>,
        /// How that is known.
        known: Known,
    },
    /// Nothing is written: everything that stood against it, at most one for each entry.
    Refused(Vec<Refusal>),
    /// The connection was lost while committing, and looking afterwards told nothing (yet): words that say what to look for.
    Unknown(String),
}

/// How it is known that something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Known {
    /// The database said so.
    Answered,
    /// The answer was lost; the rows were looked at afterwards, and are as written.
    Looked,
}

/// An entry that is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Which entry.
    pub entry: EntryId,
    /// The row's key: a new row's is known only now.
    pub key: RowKey,
    /// The row as it is after the transaction, triggers included; `None` where it was deleted.
    pub after: Option<Record>,
    /// The change that takes it back, guarded by the row as it was written. Columns that triggers or the database keep (`lastUpdated`)
    /// are neither guarded nor restored.
    pub inverse: Change,
    /// The statements as they were carried out, with their values as literals: they can be run again by `sqlite3`.
    pub statements: Vec<String>,
}

/// An entry that kept a batch from being written.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Which entry.
    pub entry: EntryId,
    /// Why.
    pub why: Obstacle,
}

/// What stands against an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Obstacle {
    /// The row is another than was shown: as it is now.
    Changed(Record),
    /// The row is gone.
    Gone,
    /// The same item is there already (see [`Change::Insert`]): its key.
    Pending(RowKey),
    /// SQLite refused it: a constraint, a foreign key, a trigger; in words with a remedy.
    Said {
        /// What happened.
        what: String,
        /// What to do.
        remedy: String,
    },
}
