//! What the user does in the ledger.

use std::sync::Arc;

use super::{
    BotsPane,
    act::{row_key, step_of},
    tail::Entry,
};
use crate::{
    domain::{
        activity::LedgerRow,
        value::{Bytes, Value},
    },
    message::{action::Action, command::Command},
    panes::{Cx, Focus, Handled, Intent, Secrets, Severity},
    widgets::safe::safe,
};

impl BotsPane {
    pub(super) fn act_on_ledger(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let height = self.heights().0;
        if let Some(step) = step_of(action, count, height) {
            let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
            self.ledger.go(&model.tail, height, step);
            return Handled::Yes;
        }
        match action {
            Action::Cancel if self.ledger.follows() => return Handled::No,
            Action::Cancel => self.ledger.release(),
            Action::Open | Action::FollowReference => self.open_ledger_row(cx),
            Action::ViewCell => self.view_reason(cx),
            Action::Copy => self.copy_ledger_row(cx),
            Action::CopyRow => self.copy_whole_ledger_row(cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    /// Shows what this bot did: the ledger is filtered on it, and has the cursor.
    pub(super) fn filter_on_bot(&mut self, _bot: &str, _cx: &mut Cx<'_>) {
        self.turn_to(super::layout::Region::Ledger);
    }

    /// Without a cursor, the newest row is meant: the cursor goes there, so that it is seen which one it was.
    fn settle_ledger_cursor(&mut self) {
        let height = self.heights().0;
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        if self.ledger.follows() {
            self.ledger.put(&model.tail, height, usize::MAX);
        }
    }

    fn ledger_entry(&self) -> Option<&Entry> {
        let tail = &self.shown().tail;
        tail.get(self.ledger.cursor(tail)?)
    }

    fn ledger_row(&self) -> Option<&LedgerRow> {
        match self.ledger_entry()? {
            Entry::Row(row) => Some(&row.data),
            Entry::Gap { .. } => None,
        }
    }

    fn open_ledger_row(&mut self, cx: &mut Cx<'_>) {
        self.settle_ledger_cursor();
        match self.ledger_entry() {
            Some(Entry::Row(row)) if row.data.item_type == "question" => {
                let id = row.data.item_id.clone();
                cx.out.intents.push(Intent::ShowQuestion { id, focus: Focus::Take });
            }
            Some(Entry::Row(row)) => {
                let words =
                    format!("{} {}: only questions open here", safe(&row.data.item_type), safe(&row.data.item_id));
                cx.out.say(Severity::Info, words);
            }
            Some(Entry::Gap { rows, .. }) => {
                let words = format!("{rows} rows came faster than they could be shown: the ledger's table has them");
                cx.out.say(Severity::Info, words);
            }
            None => {}
        }
    }

    /// The whole reason.
    fn view_reason(&mut self, cx: &mut Cx<'_>) {
        self.settle_ledger_cursor();
        let Some((id, value)) = self.ledger_row().map(|row| (row.id, reason(row))) else { return };
        let Some(relation) = cx.schema.and_then(|schema| schema.catalogued("botLedger")) else { return };
        let Some(column) = relation.column("reason") else { return };
        let key = row_key(relation, id);
        let relation = Arc::clone(relation);
        cx.out.intents.push(Intent::ShowCell { relation, key, column, value, secrets: Secrets::Masked });
    }

    /// The row as a line of text.
    fn copy_ledger_row(&mut self, cx: &mut Cx<'_>) {
        self.settle_ledger_cursor();
        let Some(row) = self.ledger_row() else { return };
        let created = row.created_at.as_deref().unwrap_or_default();
        let reason = row.reason.as_deref().unwrap_or_default();
        let text = [created, &row.bot, &row.action, &row.item_type, &row.item_id, reason].join("\t");
        cx.out.commands.push(Command::Copy { text, what: "ledger row".to_owned() });
    }

    fn copy_whole_ledger_row(&mut self, cx: &mut Cx<'_>) {
        self.settle_ledger_cursor();
        let relation = cx.schema.and_then(|schema| schema.catalogued("botLedger"));
        if let (Some(relation), Some(id)) = (relation, self.ledger_row().map(|row| row.id)) {
            let key = row_key(relation, id);
            let relation = Arc::clone(relation);
            cx.out.intents.push(Intent::CopyRow { relation, key, secrets: Secrets::Masked });
        }
    }

    pub(super) fn wheel_ledger(&mut self, by: isize) {
        let height = self.heights().0;
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        self.ledger.wheel(&model.tail, height, by);
    }

    /// A click on a line: the cursor goes there; on the cursor's own line (`again`: the region had the cursor already) it opens.
    pub(super) fn click_ledger(&mut self, line: usize, again: Again, cx: &mut Cx<'_>) {
        let height = self.heights().0;
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        let before = self.ledger.cursor(&model.tail);
        let Some(at) = self.ledger.visible(&model.tail, height).nth(line) else { return };
        self.ledger.put(&model.tail, height, at);
        if again == Again::Yes && before == Some(at) {
            self.open_ledger_row(cx);
        }
    }
}

/// Whether a click went into the region that had the cursor already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It did.
    Yes,
    /// It came from another region.
    No,
}

/// What is here of a reason, which is its first kilobyte: a longer one is fetched whole by who shows it.
fn reason(row: &LedgerRow) -> Value {
    const ALMOST_CUT: usize = 1000;
    match &row.reason {
        None => Value::Null,
        Some(text) if text.len() < ALMOST_CUT => Value::text(text),
        Some(text) => Value::Text(Bytes::cut(format!("{text} ").as_bytes(), text.len())),
    }
}
