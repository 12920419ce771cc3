//! The one request that writes a batch: its statements, and which of them belongs to what.
//!
//! For each entry: the change, guarded by the whole row as just read; a check that raises unless it hit one row; the row as it became;
//! its line in the history. Owns the order of them. Must not send anything.

use std::{borrow::Cow, sync::Arc};

use super::{
    image::image,
    rows::{FORM, Picture},
};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        server::{
            cells::strange,
            link::Set,
            page::parts::Parts,
            record::{RowParts, Wanted},
            script::Script,
            transaction::{Moment, Transaction},
        },
        sql::Source,
        write::{
            Grant,
            plan::{self, Line},
            snapshot::snapshot,
            statement::{self, Term},
        },
    },
    domain::{
        change::{Batch, Cell, Change, Entry},
        page::{Record, RowKey},
        schema::{KeyKind, Relation},
        value::Value,
    },
};

/// How many bytes of SQL go into one request. sqld takes 30 MB; what is too much for it is the answer: 10 MB of rows.
const MOST: usize = 16_000_000;

/// What a statement of the transaction is for: of which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// That it does not come too late.
    Deadline,
    /// The change itself.
    Change(usize),
    /// That it hit its row.
    Guard(usize),
    /// The row as it became.
    Row(usize),
    /// Its line in the history.
    Line(usize),
    /// The commit.
    End,
}

/// A batch as a transaction.
pub(super) struct Order {
    transaction: Transaction,
    parts: Vec<Part>,
    /// For each entry.
    made: Vec<Made>,
    history: Option<Arc<Relation>>,
}

/// What was made of an entry.
struct Made {
    relation: Arc<Relation>,
    /// What finds its row afterwards; `None` where there is none any more.
    after: Option<String>,
    /// How its row comes back, and in which step it begins.
    row: Option<(RowParts, usize)>,
    statements: Vec<String>,
}

impl Order {
    /// The transaction for this batch, whose rows are these.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] where it is too much for one request.
    pub(super) fn new(
        grant: &Grant,
        until: Moment,
        batch: &Batch,
        picture: &Picture,
        history: Option<&Arc<Relation>>,
    ) -> Result<Self> {
        let transaction = Transaction::until(grant, until);
        let parts = vec![Part::Deadline; transaction.len()];
        let mut order = Self { transaction, parts, made: Vec::new(), history: history.cloned() };
        for (at, entry) in batch.entries.iter().enumerate() {
            let row = picture.rows.get(at).and_then(|found| found.row.as_ref());
            // An earlier change of the same row: only what was shown is known of it now.
            let before = &batch.entries[..at];
            let again = before.iter().any(|other| {
                entry.change.key().is_some()
                    && other.change.key() == entry.change.key()
                    && other.change.relation().name == entry.change.relation().name
            });
            order.entry(batch, at, entry, row, if again { Guard::Shown } else { Guard::Whole })?;
            if order.transaction.bytes() > MOST {
                return Err(too_much(at, batch.entries.len()));
            }
        }
        Ok(order)
    }

    fn entry(&mut self, batch: &Batch, at: usize, entry: &Entry, row: Option<&Record>, guard: Guard) -> Result<()> {
        let change = &entry.change;
        let relation = change.relation();
        let whole: Vec<Cell> = match (row, guard) {
            (Some(row), Guard::Whole) => row.cells.iter().cloned().enumerate().collect(),
            _ => Vec::new(),
        };
        let guarded = |shown: &'_ [Cell]| if whole.is_empty() { shown.to_vec() } else { whole.clone() };
        let (sql, after) = match change {
            Change::Update { key, shown, set, .. } => {
                let shown = guarded(shown);
                let sql = statement::update(relation, key, &shown, set).map(|statement| statement.literals());
                (sql, by_key(relation, &key_after(relation, key, set)))
            }
            Change::Delete { key, shown, .. } => {
                let shown = guarded(shown);
                (statement::delete(relation, key, &shown).map(|statement| statement.literals()), None)
            }
            Change::Insert { cells, .. } => {
                let terms = cells.iter().map(|(column, value)| (*column, Term::from(value))).collect();
                (statement::insert(relation, terms).map(|statement| statement.literals()), inserted(relation, cells))
            }
        };
        let sql = sql.ok_or_else(strange)?;
        let mut statements = vec![sql.clone()];
        self.step(Part::Change(at), sql);
        self.transaction.check("changes() = 1", &format!("entry {at}, rows: "));
        self.parts.push(Part::Guard(at));
        // Before the history's row, which takes a number of its own.
        let back = match &after {
            Some(condition) => {
                let mut script = Script::default();
                let parts = RowParts::new(&mut script, relation, &Wanted::with(condition), FORM)?;
                let first = self.parts.len();
                for sql in script.statements() {
                    self.step(Part::Row(at), sql.clone());
                }
                Some((parts, first))
            }
            None => None,
        };
        if let (Some(history), Some(trail)) = (self.history.clone(), plan::trail(entry)) {
            let known: Vec<Value> = match change {
                Change::Update { set, .. } => merged(relation, row, set),
                Change::Insert { cells, .. } => merged(relation, None, cells),
                Change::Delete { .. } => Vec::new(),
            };
            let id = relation.column("id");
            let question = match (row, id) {
                (Some(_), _) => plan::question(row, None),
                (None, Some(id)) => known.get(id).unwrap_or(&Value::Null),
                (None, None) => &Value::Null,
            };
            let snapshot_after = match &after {
                Some(condition) => Term::Sql(Cow::Owned(image(relation, condition, &known))),
                None => Term::from(Value::Null),
            };
            let snapshot_before = Term::from(row.map_or(Value::Null, |row| Value::text(&snapshot(row))));
            let line = Line { batch, change, trail, question, before: row, snapshot_before, snapshot_after };
            let line = statement::insert(&history, line.cells(&history)).ok_or_else(strange)?.literals();
            statements.push(line.clone());
            self.step(Part::Line(at), line);
        }
        self.made.push(Made { relation: Arc::clone(relation), after, row: back, statements });
        Ok(())
    }

    fn step(&mut self, part: Part, sql: String) {
        self.transaction.step(sql);
        self.parts.push(part);
    }

    /// What is sent.
    pub(super) const fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// What the statement with this number is for.
    pub(super) fn part(&self, step: usize) -> Part {
        self.parts.get(step).copied().unwrap_or(Part::End)
    }

    /// The history's table.
    pub(super) const fn history(&self) -> Option<&Arc<Relation>> {
        self.history.as_ref()
    }

    /// The statements that were carried out for an entry.
    pub(super) fn statements(&self, entry: usize) -> &[String] {
        self.made.get(entry).map_or(&[], |made| &made.statements)
    }

    /// What finds the row of an entry once it is written; `None` where there is none any more.
    pub(super) fn after(&self, entry: usize) -> Option<&str> {
        self.made.get(entry)?.after.as_deref()
    }

    /// The rows as they became, out of what came back.
    pub(super) fn rows(&self, sets: &[Set]) -> Result<Vec<Option<Record>>> {
        let rows = self.made.iter().map(|made| match &made.row {
            Some((parts, first)) => parts.record(sets.get(*first..).unwrap_or_default(), &made.relation),
            None => Ok(None),
        });
        rows.collect()
    }
}

/// What a change is guarded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// The row as it was just read.
    Whole,
    /// The cells that were shown.
    Shown,
}

/// The condition for the row with this key.
pub(super) fn by_key(relation: &Relation, key: &RowKey) -> Option<String> {
    Parts::of(relation, &[], FORM).is_key(key)
}

/// The condition for a row that was just made.
fn inserted(relation: &Relation, cells: &[Cell]) -> Option<String> {
    match &relation.key {
        KeyKind::Rowid { .. } => Some(format!("{} = last_insert_rowid()", Source::of(relation).rowid?)),
        KeyKind::Primary(columns) => {
            let value = |column: usize| cells.iter().find(|(at, _)| *at == column).map(|(_, value)| value.clone());
            let key = columns.iter().map(|key| value(key.column).unwrap_or_default()).collect();
            by_key(relation, &RowKey::Primary(key))
        }
        KeyKind::None => None,
    }
}

/// The key of a row once these cells are set.
fn key_after(relation: &Relation, key: &RowKey, set: &[Cell]) -> RowKey {
    let new = |column: usize| set.iter().find(|(at, _)| *at == column).map(|(_, value)| value);
    match (key, &relation.key) {
        (RowKey::Rowid(number), KeyKind::Rowid { column: Some(column), .. }) => {
            RowKey::Rowid(new(*column).and_then(Value::as_integer).unwrap_or(*number))
        }
        (RowKey::Primary(values), KeyKind::Primary(columns)) => {
            let keys = columns.iter().zip(values);
            RowKey::Primary(keys.map(|(key, old)| new(key.column).unwrap_or(old).clone()).collect())
        }
        _ => key.clone(),
    }
}

/// The row's values as they will be, as far as that is known before.
fn merged(relation: &Relation, row: Option<&Record>, set: &[Cell]) -> Vec<Value> {
    let mut cells = row.map_or_else(|| vec![Value::Null; relation.columns.len()], |row| row.cells.clone());
    for (column, value) in set {
        if let Some(cell) = cells.get_mut(*column) {
            cell.clone_from(value);
        }
    }
    cells
}

fn too_much(fit: usize, all: usize) -> Error {
    let what = format!("{all} changes are too much for one request to a server: nothing was written");
    match fit {
        0 => Error::new(
            ErrorKind::TooLarge,
            "the row is too large to be written to a server at once: nothing was written",
            "make it smaller, or write it with a program of the server's own",
        ),
        fit => Error::new(ErrorKind::TooLarge, what, format!("about {fit} fit: do them in parts")),
    }
}
