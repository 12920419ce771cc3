//! Editing values: opening the editor over the screen, and what comes back of the user's own.

use std::sync::Arc;

use super::{App, cx};
use crate::{
    domain::{
        change::Change,
        edit::{Draft, NewValue, why_not},
        page::RowKey,
        schema::Relation,
    },
    message::{command::Command, severity::Severity},
    panes::{
        EditHow, Handled, Now,
        overlay::{
            edit::CellEditor,
            edit_field::{Field, FieldList},
        },
    },
    widgets::safe::safe,
};

/// What the app knows of editing.
#[derive(Debug, Default)]
pub(super) struct Editing {
    /// The last ticket that was given out.
    ticket: u64,
}

impl Editing {
    fn ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }
}

impl App {
    /// Edits a cell of a row that is there.
    pub(super) fn edit_cell(&mut self, relation: Arc<Relation>, key: RowKey, column: usize, how: EditHow, now: Now) {
        if !self.may_edit(&relation, &key, column, now) {
            return;
        }
        let ticket = self.editing.ticket();
        let editor = CellEditor::for_cell(relation, key, column, how, ticket, &mut cx!(self, now));
        self.open(Box::new(editor), now);
    }

    /// Lets the user choose a field of a row.
    pub(super) fn edit_field(
        &mut self,
        relation: Arc<Relation>,
        key: RowKey,
        fields: Vec<Field>,
        how: EditHow,
        now: Now,
    ) {
        if self.may_write(now) {
            self.open(Box::new(FieldList::new(relation, key, fields, how)), now);
        }
    }

    /// Goes on with a text that was being typed when the program ended; whether its place is still there.
    pub(super) fn edit_draft(&mut self, draft: &Draft, now: Now) -> bool {
        let found = self.schema.as_ref().and_then(|schema| schema.find(&draft.relation)).cloned();
        let (Some(relation), Some(key)) = (found, draft.key.clone()) else { return false };
        let Some(column) = relation.column(&draft.column) else { return false };
        if !self.may_edit(&relation, &key, column, now) {
            return false;
        }
        let ticket = self.editing.ticket();
        let text = draft.text.clone();
        let editor = CellEditor::for_draft(relation, key, column, text, ticket, &mut cx!(self, now));
        self.open(Box::new(editor), now);
        true
    }

    /// Whether this cell can be edited; says why not where it cannot.
    fn may_edit(&mut self, relation: &Relation, key: &RowKey, column: usize, now: Now) -> bool {
        if !self.may_write(now) {
            return false;
        }
        let Some(of) = relation.columns.get(column) else { return false };
        let deleted =
            matches!(self.settings.staged.of_row(relation, key).map(|edit| &edit.change), Some(Change::Delete { .. }));
        let why = if deleted {
            Some("this row is staged to be deleted: drop that first".to_owned())
        } else {
            why_not(relation, of, column)
        };
        if let Some(why) = &why {
            self.say(Severity::Warning, safe(why).into_owned(), now);
        }
        why.is_none()
    }

    /// Edits a value that belongs to no row yet.
    pub(super) fn edit_value(
        &mut self,
        answer: u64,
        relation: Arc<Relation>,
        column: usize,
        value: NewValue,
        how: EditHow,
        now: Now,
    ) {
        if !self.may_write(now) {
            return;
        }
        let tickets = (answer, self.editing.ticket());
        let editor = CellEditor::for_field(relation, column, value, how, tickets, &mut cx!(self, now));
        self.open(Box::new(editor), now);
    }

    /// The user's editor has ended: whoever has asked for it takes the text.
    pub(super) fn edited(&mut self, ticket: u64, outcome: Result<Option<String>, String>, now: Now) {
        self.dirty = true;
        for at in (0..self.overlays.len()).rev() {
            if self.overlays[at].left_editor(ticket, outcome.clone(), &mut cx!(self, now)) == Handled::Yes {
                // What it wants is carried out next, and is meant for the overlay below.
                self.overlays.retain(|overlay| !overlay.is_done());
                return;
            }
        }
        match outcome {
            Err(why) => self.say(Severity::Error, safe(&why).into_owned(), now),
            // Whoever asked is gone: what was written in the editor is not.
            Ok(Some(text)) => {
                let what = "what was written in $EDITOR".to_owned();
                self.out.commands.push(Command::Copy { text, what });
                self.say(Severity::Warning, "the value is edited no more: what $EDITOR left is on the clipboard", now);
            }
            Ok(None) => {}
        }
    }
}
