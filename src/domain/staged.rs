//! Staged edits: what the user changed and has not committed, as plain data.
//!
//! Owns merging (a second edit of a cell replaces the first, an edit back to what was there drops it), and the text of the recovery
//! file. Knows no database: [`Staged::entries`] is what a batch is made of.

mod merge;
pub mod recovery;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::domain::{
    change::{Cell, Change, Entry, EntryId, Trail, Written},
    page::RowKey,
    schema::{KeyKind, Relation},
    value::Value,
};

/// How a staged edit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum EditState {
    /// To be committed.
    #[default]
    Staged,
    /// Sent once, and nobody knows what became of it: it is not sent again before the user has looked and said so.
    Unknown,
}

/// A staged edit.
#[derive(Clone, Debug, PartialEq)]
pub struct StagedEdit {
    /// Which one.
    pub id: EntryId,
    /// What it will change.
    pub change: Change,
    /// How it stands.
    pub state: EditState,
}

/// What staging a change did to what was staged before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Staging {
    /// It is an edit of its own.
    Added(EntryId),
    /// It changed an edit of the same row.
    Merged(EntryId),
    /// It took back an edit of the same row: nothing of that is staged any more.
    Dropped(EntryId),
    /// It changes nothing: the values are what is there.
    Nothing,
}

/// What is staged, in the order it was; each row once.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Staged {
    edits: Vec<StagedEdit>,
    /// Where the edit of a row stands in [`Self::edits`], by relation and key.
    rows: BTreeMap<(String, String), usize>,
}

/// The key as a text that is another for every other key.
fn key_name(key: &RowKey) -> String {
    format!("{key:?}")
}

fn row_name(relation: &Relation, key: &RowKey) -> (String, String) {
    (relation.name.clone(), key_name(key))
}

/// The key that a new row will have, where its cells say so.
fn key_of_new(relation: &Relation, cells: &[Cell]) -> Option<RowKey> {
    let cell = |at: usize| cells.iter().find(|(column, _)| *column == at).map(|(_, value)| value);
    match &relation.key {
        KeyKind::Rowid { column: Some(column), .. } => Some(RowKey::Rowid(cell(*column)?.as_integer()?)),
        KeyKind::Primary(columns) => {
            columns.iter().map(|own| cell(own.column).cloned()).collect::<Option<_>>().map(RowKey::Primary)
        }
        KeyKind::Rowid { column: None, .. } | KeyKind::None => None,
    }
}

/// The name of the row that a change is about.
fn changed_row(change: &Change) -> Option<(String, String)> {
    match change {
        Change::Update { relation, key, .. } | Change::Delete { relation, key, .. } => Some(row_name(relation, key)),
        Change::Insert { relation, cells, .. } => key_of_new(relation, cells).map(|key| row_name(relation, &key)),
    }
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

    /// How many there are.
    pub fn len(&self) -> usize {
        self.edits.len()
    }

    /// The edit with this id.
    pub fn get(&self, id: EntryId) -> Option<&StagedEdit> {
        self.edits.iter().find(|edit| edit.id == id)
    }

    /// Stages a change, as an edit of its own with this id where its row has none yet.
    ///
    /// A second edit of a cell replaces the first, under the guard of the first; one back to what was there drops it. Edits of a
    /// staged new row change the new row; its deletion drops it. A deletion replaces the edits of its row, and the other way round.
    pub fn stage(&mut self, id: EntryId, change: Change) -> Staging {
        let at = match &change {
            Change::Insert { .. } => None,
            _ => changed_row(&change).and_then(|row| self.rows.get(&row).copied()),
        };
        let Some(at) = at else {
            let Some(change) = merge::cleaned(change) else { return Staging::Nothing };
            self.edits.push(StagedEdit { id, change, state: EditState::Staged });
            self.index();
            return Staging::Added(id);
        };
        let own = self.edits[at].id;
        match merge::merged(&self.edits[at].change, change) {
            Some(change) => {
                self.edits[at] = StagedEdit { id: own, change, state: EditState::Staged };
                self.index();
                Staging::Merged(own)
            }
            None => {
                self.edits.remove(at);
                self.index();
                Staging::Dropped(own)
            }
        }
    }

    /// Puts another change in the place of the edit with this id, as it is: its guards are those of the new one. `false` where there
    /// is no such edit.
    pub fn replace(&mut self, id: EntryId, change: Change) -> bool {
        let Some(edit) = self.edits.iter_mut().find(|edit| edit.id == id) else { return false };
        edit.change = change;
        edit.state = EditState::Staged;
        self.index();
        true
    }

    /// Drops the edit with this id.
    pub fn drop_one(&mut self, id: EntryId) -> Option<StagedEdit> {
        let at = self.edits.iter().position(|edit| edit.id == id)?;
        let dropped = self.edits.remove(at);
        self.index();
        Some(dropped)
    }

    /// Drops all of them.
    pub fn drop_all(&mut self) {
        self.edits.clear();
        self.rows.clear();
    }

    /// Says how edits stand; ids that are not here are none of ours.
    pub fn mark(&mut self, ids: impl IntoIterator<Item = EntryId>, state: EditState) {
        for id in ids {
            if let Some(edit) = self.edits.iter_mut().find(|edit| edit.id == id) {
                edit.state = state;
            }
        }
    }

    /// The edit of this row.
    pub fn of_row(&self, relation: &Relation, key: &RowKey) -> Option<&StagedEdit> {
        if self.edits.is_empty() {
            return None;
        }
        self.rows.get(&row_name(relation, key)).and_then(|at| self.edits.get(*at))
    }

    /// The value that is staged for this cell.
    pub fn cell(&self, relation: &Relation, key: &RowKey, column: usize) -> Option<&Value> {
        self.of_row(relation, key)?.cell(column)
    }

    /// What a batch of all that is to be committed is made of, in order. Questions get a trail: `updated`, `created`, `deleted`.
    pub fn entries(&self) -> Vec<Entry> {
        let staged = self.edits.iter().filter(|edit| edit.state == EditState::Staged);
        staged
            .map(|edit| Entry { id: edit.id, change: edit.change.clone(), trail: trail(&edit.change, None) })
            .collect()
    }

    /// What was sent is written: it is staged no more. What was edited again meanwhile stays, guarded by what was written.
    pub fn committed(&mut self, sent: &[Entry], written: &[Written]) {
        for entry in sent {
            let Some(at) = self.edits.iter().position(|edit| edit.id == entry.id) else { continue };
            let written = written.iter().find(|written| written.entry == entry.id);
            match written.and_then(|written| merge::rebased(&self.edits[at].change, &entry.change, written)) {
                Some(change) => self.edits[at].change = change,
                None => {
                    self.edits.remove(at);
                }
            }
        }
        self.index();
    }

    fn index(&mut self) {
        let rows = self.edits.iter().enumerate();
        self.rows = rows.filter_map(|(at, edit)| Some((changed_row(&edit.change)?, at))).collect();
    }
}

impl StagedEdit {
    /// The value that is staged for this column of its row.
    pub fn cell(&self, column: usize) -> Option<&Value> {
        let cells = match &self.change {
            Change::Update { set, .. } => set,
            Change::Insert { cells, .. } => cells,
            Change::Delete { .. } => return None,
        };
        cells.iter().find(|(own, _)| *own == column).map(|(_, value)| value)
    }
}

/// What the history is to say of a change: nothing but of questions. Without an event of its own it is the change's kind.
pub fn trail(change: &Change, reason: Option<String>) -> Option<Trail> {
    let event = match change {
        Change::Update { .. } => "updated",
        Change::Insert { .. } => "created",
        Change::Delete { .. } => "deleted",
    };
    change.relation().is("questions").then(|| Trail { event: event.to_owned(), reason })
}
