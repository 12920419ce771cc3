//! New rows and deletions: the form and the question before they are staged.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use super::App;
use crate::{
    app::cx,
    domain::{
        change::{Cell, Change, EntryId},
        page::RowKey,
        schema::Relation,
    },
    message::severity::Severity,
    panes::{
        Now,
        overlay::{delete_row::DeleteRow, row_form::RowForm},
    },
    widgets::safe::safe,
};

impl App {
    /// A form for a new row; like another one where that is given.
    pub(in crate::app) fn new_row(&mut self, relation: Arc<Relation>, like: Option<RowKey>, now: Now) {
        if self.may_write(now) {
            let uuid = self.uuid();
            let form = RowForm::new(relation, like, &uuid, &mut cx!(self, now));
            self.open(Box::new(form), now);
        }
    }

    /// The form of a staged new row, once more.
    pub(super) fn edit_new_row(&mut self, id: EntryId, relation: Arc<Relation>, cells: &[Cell], now: Now) {
        self.open(Box::new(RowForm::again(id, relation, cells)), now);
    }

    /// Asks before the deletion of a row is staged; a row that is to go already stays.
    pub(in crate::app) fn delete_row(&mut self, relation: Arc<Relation>, key: RowKey, now: Now) {
        if !self.may_write(now) {
            return;
        }
        if let Some(edit) = self.settings.staged.of_row(&relation, &key)
            && matches!(edit.change, Change::Delete { .. })
        {
            let id = edit.id;
            self.settings.staged.drop_one(id);
            self.staged_changed(now);
            self.say(Severity::Info, format!("the row of {} stays", safe(&relation.name)), now);
            return;
        }
        let overlay = DeleteRow::new(relation, key, &mut cx!(self, now));
        self.open(Box::new(overlay), now);
    }

    /// A UUID of version 4 that no other call gives (RFC 9562, section 5.4), out of the session's seed.
    fn uuid(&mut self) -> String {
        let number = self.writer.entry_id().0;
        let seed = self.writer.seed;
        let half = |which: u8| {
            let mut hasher = DefaultHasher::new();
            (seed, number, which).hash(&mut hasher);
            hasher.finish()
        };
        let high = (half(0) & !0xf000) | 0x4000;
        let low = (half(1) >> 2) | (1 << 63);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}
