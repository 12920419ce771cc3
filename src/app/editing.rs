//! Editing values: opening the editor over the screen, and what comes back of the user's own.

use std::sync::Arc;

use super::{App, cx};
use crate::{
    domain::{edit::NewValue, page::RowKey, schema::Relation},
    message::severity::Severity,
    panes::{EditHow, Handled, Now},
};

impl App {
    /// Edits a cell of a row that is there.
    pub(super) fn edit_cell(&mut self, _: Arc<Relation>, _: RowKey, _: usize, _: EditHow, now: Now) {
        let _ = self.may_write(now);
    }

    /// Edits a value that belongs to no row yet.
    pub(super) fn edit_value(&mut self, _: u64, _: Arc<Relation>, _: usize, _: NewValue, _: EditHow, now: Now) {
        let _ = self.may_write(now);
    }

    /// The user's editor has ended: whoever has asked for it takes the text.
    pub(super) fn edited(&mut self, ticket: u64, outcome: Result<Option<String>, String>, now: Now) {
        for overlay in self.overlays.iter_mut().rev() {
            if overlay.left_editor(ticket, outcome.clone(), &mut cx!(self, now)) == Handled::Yes {
                self.dirty = true;
                return;
            }
        }
        if let Err(why) = outcome {
            self.say(Severity::Error, why, now);
        }
    }
}
