//! Staged edits: what the user changed and has not committed, as plain data.
//!
//! Owns merging (a second edit of a cell replaces the first, an edit back to what was there drops it), and the text of the recovery
//! file. Knows no database: [`Staged::entries`] is what a batch is made of.

use crate::domain::change::{Change, EntryId};

/// A staged edit.
#[derive(Clone, Debug, PartialEq)]
pub struct StagedEdit {
    /// Which one.
    pub id: EntryId,
    /// What it will change.
    pub change: Change,
}

/// What is staged, in the order it was.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Staged {
    edits: Vec<StagedEdit>,
}

impl Staged {
    /// All of them.
    pub fn edits(&self) -> &[StagedEdit] {
        &self.edits
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }
}
