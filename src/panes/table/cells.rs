//! What can be done with the cell or row under the cursor: open, view, copy, follow what it refers to.

use std::sync::Arc;

use super::{fetch::key_text, rows::Rows};
use crate::{
    db::request::{Query, RequestId, Slot},
    domain::{
        activity::Item,
        catalogue::Meaning,
        name::canonical,
        place::Place,
        record_text::{MASK, is_masked},
        schema::Relation,
        value::Value,
    },
    message::command::Command,
    panes::{Cx, EditHow, Focus, Intent, Severity},
    widgets::safe::safe,
};

/// A whole cell that is on its way to the clipboard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copying {
    pub(super) id: RequestId,
    column: usize,
}

/// The question this cell stands for, where it does.
fn question(relation: &Relation, cells: &[Value], column: usize) -> Option<String> {
    let text = |at: usize| match cells.get(at) {
        Some(value @ Value::Text(bytes)) if bytes.total() > 0 && !value.is_cut() => {
            value.as_text().map(std::borrow::Cow::into_owned)
        }
        _ => None,
    };
    if relation.is("questions") {
        return text(relation.column("id")?);
    }
    let shown = relation.columns.get(column)?;
    let says_question = |name: &str| {
        relation.column(name).and_then(|at| cells.get(at)?.as_text()).is_none_or(|kind| kind == "question")
    };
    let refers = match shown.facts.map(|facts| facts.meaning) {
        // The history holds tests and challenges, too.
        Some(Meaning::QuestionId) => says_question("questionType"),
        _ => canonical(&shown.name) == "itemid" && relation.column("itemType").is_some() && says_question("itemType"),
    };
    if refers { text(column) } else { None }
}

/// Whether the rows of a relation tell of what happened.
fn is_eventful(relation: &Relation) -> bool {
    ["botLedger", "questionHistory", "botRuns", "workQueue"].into_iter().any(|name| relation.is(name))
}

/// The item that a row of the ledger, the history or the queue is about, or the question that a row is.
fn item(relation: &Relation, cells: &[Value]) -> Option<Item> {
    let text = |name: &str| {
        let value = cells.get(relation.column(name)?).filter(|value| !value.is_null() && !value.is_cut())?;
        Some(value.to_plain().into_owned()).filter(|text| !text.is_empty())
    };
    let names = match relation.facts?.logical {
        "questions" => return text("id").map(Item::question),
        "questionHistory" => ["questionType", "questionId"],
        "botLedger" | "workQueue" => ["itemType", "itemId"],
        _ => return None,
    };
    let [kind, id] = names.map(text);
    Some(Item { kind: kind.unwrap_or_else(|| "question".to_owned()), id: id? })
}

impl Rows {
    /// Shows everything that is recorded of the row's item.
    pub(super) fn timeline(&self, cx: &mut Cx<'_>) {
        let Some(row) = self.present() else { return };
        match item(&self.relation, &row.cells) {
            Some(item) => cx.out.intents.push(Intent::ShowTimeline(item)),
            None => cx.out.say(Severity::Info, "this row is about no item: the ledger, the history and the queue are"),
        }
    }

    /// The question of the row under the cursor, in the table of questions.
    pub(super) fn question(&self) -> Option<String> {
        if self.relation.is("questions") { question(&self.relation, &self.present()?.cells, self.column) } else { None }
    }

    /// Opens what the row tells of (an event of the ledger, the history, the runs, the queue), the question the cell stands for, or
    /// the whole cell.
    pub(super) fn open(&self, cx: &mut Cx<'_>) {
        let Some(row) = self.present() else { return };
        if is_eventful(&self.relation) {
            let (relation, key) = (Arc::clone(&self.relation), row.key.clone());
            return cx.out.intents.push(Intent::ShowEvent { relation, key });
        }
        match question(&self.relation, &row.cells, self.column) {
            Some(id) => cx.out.intents.push(Intent::ShowQuestion { id, focus: Focus::Take }),
            None => self.view_cell(cx),
        }
    }

    /// Shows the whole cell.
    pub(super) fn view_cell(&self, cx: &mut Cx<'_>) {
        let (Some(row), Some(value)) = (self.present(), self.cell()) else { return };
        cx.out.intents.push(Intent::ShowCell {
            relation: Arc::clone(&self.relation),
            key: row.key.clone(),
            column: self.column,
            value: value.clone(),
            secrets: self.secrets,
        });
    }

    /// Edits the cell under the cursor.
    pub(super) fn edit_cell(&self, how: EditHow, cx: &mut Cx<'_>) {
        let Some(row) = self.present() else { return };
        cx.out.intents.push(Intent::EditCell {
            relation: Arc::clone(&self.relation),
            key: row.key.clone(),
            column: self.column,
            how,
        });
    }

    /// Copies the whole cell; where it is not all here, asks for it first.
    pub(super) fn copy(&self, cx: &mut Cx<'_>) -> Option<Copying> {
        let (row, value) = (self.present()?, self.cell()?);
        let column = self.relation.columns.get(self.column)?;
        if is_masked(column, value, self.secrets) {
            cx.out.say(Severity::Warning, "the mask was copied: reveal the secret first to copy what is behind it");
            cx.out.commands.push(Command::Copy { text: MASK.to_owned(), what: "mask".to_owned() });
            return None;
        }
        if value.is_cut() {
            let query = Query::Cell { relation: Arc::clone(&self.relation), key: row.key.clone(), column: self.column };
            let id = cx.out.ask(Slot::Cell, query);
            return Some(Copying { id, column: self.column });
        }
        self.copy_value(value, self.column, cx);
        None
    }

    /// The whole cell has come.
    pub(super) fn copy_whole(&self, copying: Copying, value: Option<&Value>, cx: &mut Cx<'_>) {
        match value {
            Some(value) => self.copy_value(value, copying.column, cx),
            None => cx.out.say(Severity::Warning, "nothing was copied: the row is gone"),
        }
    }

    fn copy_value(&self, value: &Value, column: usize, cx: &mut Cx<'_>) {
        let name = self.relation.columns.get(column).map_or("cell", |column| column.name.as_str());
        let null = if value.is_null() { " (NULL, copied as nothing)" } else { "" };
        let what = format!("{}{null}", safe(name));
        cx.out.commands.push(Command::Copy { text: value.to_plain().into_owned(), what });
    }

    /// Lets the user choose how to copy the row.
    pub(super) fn copy_row(&self, cx: &mut Cx<'_>) {
        let Some(row) = self.present() else { return };
        cx.out.intents.push(Intent::CopyRow {
            relation: Arc::clone(&self.relation),
            key: row.key.clone(),
            secrets: self.secrets,
        });
    }

    /// Goes to the row the cell refers to: by a foreign key, or by what the catalogue knows of the column.
    pub(super) fn follow_reference(&self, cx: &mut Cx<'_>) {
        let Some(row) = self.present() else { return };
        let Some(column) = self.relation.columns.get(self.column) else { return };
        let declared =
            self.relation.references.iter().find(|key| key.columns.iter().any(|(from, _)| *from == column.name));
        if let Some(key) = declared {
            let value = row.cells.get(self.column);
            let to = cx.schema.and_then(|schema| schema.find(&key.to));
            let by_key = to.is_some_and(|to| key.columns.len() == 1 && refers_to_key(to, &key.columns[0].1));
            match value {
                Some(Value::Null) | None => cx.out.say(Severity::Info, "NULL refers to nothing"),
                Some(value) if by_key && !value.is_cut() => {
                    let key_text = value.to_plain().into_owned();
                    cx.out.intents.push(Intent::Go(Place { relation: key.to.clone(), key: Some(key_text) }));
                }
                Some(_) if to.is_none() => {
                    cx.out.say(Severity::Warning, format!("there is no table {} in this database", safe(&key.to)));
                }
                Some(_) => cx.out.say(Severity::Warning, "this refers to more than a single key: search for it there"),
            }
            return;
        }
        if !self.relation.is("questions")
            && let Some(id) = question(&self.relation, &row.cells, self.column)
            && let Some(questions) = cx.schema.and_then(|schema| schema.catalogued("questions"))
        {
            cx.out.intents.push(Intent::Go(Place { relation: questions.name.clone(), key: Some(id) }));
            return;
        }
        cx.out.say(Severity::Info, format!("{} refers to no other row", safe(&column.name)));
    }

    /// The relation, and the row under the cursor where a text names it.
    pub(super) fn place(&self) -> Place {
        let key = self.row().and_then(|row| key_text(&self.relation, row));
        Place { relation: self.relation.name.clone(), key }
    }
}

/// Whether this column alone is the key that a place names.
fn refers_to_key(relation: &Relation, column: &str) -> bool {
    let mut primary = relation.columns.iter().filter(|column| column.primary_key.is_some());
    // An empty name stands for the primary key.
    matches!((primary.next(), primary.next()), (Some(key), None) if column.is_empty() || key.name.eq_ignore_ascii_case(column))
}
