//! The entries of a batch, one after another, inside one transaction of a file.
//!
//! Every entry is tried, also behind one that met an obstacle: the whole is rolled back then, and the user hears of everything that
//! stands against it at once. Must not begin or end the transaction.

use crate::{
    db::{
        connection::reader::Reader,
        error::{Error, Result, message},
        record,
        write::{
            file::opened::{Opened, whole},
            inverse::inverse,
            plan::{self, Line},
            references, refusal,
            snapshot::snapshot,
            statement::{self, Statement, Term},
        },
    },
    domain::{
        change::{Batch, Cell, Change, Entry, Obstacle, Refusal, Written},
        page::{Record, RowKey},
        schema::{KeyKind, Relation, RelationKind, Schema},
        value::Value,
    },
};

/// A batch that is being written.
pub(super) struct Transaction<'a> {
    opened: &'a Opened,
    reader: Reader<'a>,
    batch: &'a Batch,
    schema: &'a Schema,
}

/// Why an entry is not written: for itself, or because nothing can be.
enum Trouble {
    Entry(Obstacle),
    All(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::All(error)
    }
}

impl From<Obstacle> for Trouble {
    fn from(obstacle: Obstacle) -> Self {
        Self::Entry(obstacle)
    }
}

impl<'a> Transaction<'a> {
    pub(super) fn new(opened: &'a Opened, batch: &'a Batch, schema: &'a Schema) -> Self {
        Self { opened, reader: opened.reader(), batch, schema }
    }

    /// Writes every entry: what was written, and what stood against the others.
    pub(super) fn run(&mut self, history: Option<&Relation>) -> Result<(Vec<Written>, Vec<Refusal>)> {
        let mut written = Vec::with_capacity(self.batch.entries.len());
        let mut refusals = Vec::new();
        for entry in &self.batch.entries {
            match self.entry(entry, history) {
                Ok(one) => written.push(one),
                Err(Trouble::Entry(why)) => refusals.push(Refusal { entry: entry.id, why }),
                Err(Trouble::All(error)) => return Err(error),
            }
            // RAISE(ROLLBACK) and ON CONFLICT ROLLBACK end the transaction: whatever came now would be written at once.
            if !self.opened.is_in_transaction() {
                break;
            }
        }
        Ok((written, refusals))
    }

    /// Which entries broke the foreign keys that the commit found broken.
    pub(super) fn broken(&self, written: &[Written]) -> Result<Vec<Refusal>> {
        let mut refusals = Vec::new();
        for entry in &self.batch.entries {
            let relation = self.now(entry.change.relation());
            // The row itself is written already; what it was before is what others may refer to.
            let before =
                written.iter().find(|one| one.entry == entry.id).and_then(|one| before(&one.inverse, &one.key));
            let words = references::broken(&self.reader, relation, &entry.change, before.as_ref())?;
            if !words.is_empty() {
                refusals.push(Refusal { entry: entry.id, why: refusal::foreign_key(relation, &words) });
            }
        }
        if refusals.is_empty() {
            // A trigger did it: which of them cannot be known.
            refusals.extend(self.batch.entries.iter().map(|entry| Refusal {
                entry: entry.id,
                why: refusal::foreign_key(self.now(entry.change.relation()), &[]),
            }));
        }
        Ok(refusals)
    }

    fn entry(&self, entry: &Entry, history: Option<&Relation>) -> Result<Written, Trouble> {
        let Entry { id, change, .. } = entry;
        if let Some(why) = plan::unwritable(change, self.schema) {
            return Err(why.into());
        }
        let (before, key, done) = match change {
            Change::Update { key, shown, set, .. } => self.update(change, key, shown, set)?,
            Change::Insert { cells, unless, .. } => self.insert(change, cells, unless)?,
            Change::Delete { key, shown, .. } => self.delete(change, key, shown)?,
        };
        let after = match change {
            Change::Delete { .. } => None,
            Change::Update { .. } | Change::Insert { .. } => record::read(&self.reader, change.relation(), &key)?,
        };
        let mut statements = vec![done];
        if let (Some(history), Some(trail)) = (history, plan::trail(entry)) {
            let told = |row: Option<&Record>| Term::from(row.map_or(Value::Null, |row| Value::text(&snapshot(row))));
            let line = Line {
                batch: self.batch,
                change,
                trail,
                question: plan::question(before.as_ref(), after.as_ref()),
                before: before.as_ref(),
                snapshot_before: told(before.as_ref()),
                snapshot_after: told(after.as_ref()),
            };
            if let Some(statement) = statement::insert(history, line.cells(history)) {
                self.opened.execute(&statement).map_err(|error| self.trouble(&error, history, None))?;
                statements.push(told_again(&statement));
            }
        }
        let inverse = inverse(change, &key, before.as_ref(), after.as_ref());
        Ok(Written { entry: *id, key, after, inverse, statements })
    }

    fn update(
        &self,
        change: &Change,
        key: &RowKey,
        shown: &[Cell],
        set: &[Cell],
    ) -> Result<(Option<Record>, RowKey, String), Trouble> {
        let relation = change.relation();
        let (key, before) = self.as_shown(change, key, shown)?;
        let mut statement = statement::update(relation, &key, shown, set).ok_or_else(|| unnamed(relation))?;
        let sql = told_again(&statement);
        let failed = |error: rusqlite::Error| self.trouble(&error, relation, Some((change, Some(&before))));
        if !moves(relation, set) {
            return if self.opened.execute(&statement).map_err(failed)? {
                Ok((Some(before), key.clone(), sql))
            } else {
                Err(refusal::ignored(relation).into())
            };
        }
        let key = self.returned(&mut statement, relation).map_err(failed)?;
        let key = key.ok_or_else(|| refusal::ignored(relation))?;
        Ok((Some(before), key, sql))
    }

    fn insert(
        &self,
        change: &Change,
        cells: &[Cell],
        unless: &[Cell],
    ) -> Result<(Option<Record>, RowKey, String), Trouble> {
        let relation = change.relation();
        let failed = |error: rusqlite::Error| self.trouble(&error, relation, Some((change, None)));
        if let Some(pending) = statement::pending(relation, unless) {
            let columns = statement::key_names(relation).len();
            if let Some(key) = self.opened.first_row(&pending, columns).map_err(failed)? {
                return Err(Obstacle::Pending(key_of(relation, key)).into());
            }
        }
        let terms = cells.iter().map(|(column, value)| (*column, Term::from(value))).collect();
        let mut statement = statement::insert(relation, terms).ok_or_else(|| unnamed(relation))?;
        let sql = told_again(&statement);
        if relation.kind == RelationKind::Virtual {
            // Without RETURNING (https://www.sqlite.org/lang_returning.html, section 3).
            self.opened.execute(&statement).map_err(failed)?;
            return Ok((None, RowKey::Rowid(self.opened.last_rowid()), sql));
        }
        let key = self.returned(&mut statement, relation).map_err(failed)?;
        let key = key.ok_or_else(|| refusal::ignored(relation))?;
        Ok((None, key, sql))
    }

    fn delete(
        &self,
        change: &Change,
        key: &RowKey,
        shown: &[Cell],
    ) -> Result<(Option<Record>, RowKey, String), Trouble> {
        let relation = change.relation();
        let (key, before) = self.as_shown(change, key, shown)?;
        let statement = statement::delete(relation, &key, shown).ok_or_else(|| unnamed(relation))?;
        let failed = |error: rusqlite::Error| self.trouble(&error, relation, Some((change, Some(&before))));
        if !self.opened.execute(&statement).map_err(failed)? {
            return Err(refusal::ignored(relation).into());
        }
        Ok((Some(before), key.clone(), told_again(&statement)))
    }

    /// The row with its key, where it still is what was shown.
    fn as_shown(&self, change: &Change, key: &RowKey, shown: &[Cell]) -> Result<(RowKey, Record), Trouble> {
        let relation = change.relation();
        let now = record::read(&self.reader, relation, key)?;
        if let Some(now) = &now
            && !plan::differs(now, shown)
        {
            return Ok((key.clone(), now.clone()));
        }
        if let Some(key) = self.elsewhere(relation, shown)?
            && let Some(row) = record::read(&self.reader, relation, &key)?
            && !plan::differs(&row, shown)
        {
            return Ok((key, row));
        }
        Err(now.map_or(Obstacle::Gone, Obstacle::Changed).into())
    }

    /// A hidden rowid does not stay: a row that was deleted and came back has another, and VACUUM may give new ones. Its declared key,
    /// where it was shown, finds it.
    fn elsewhere(&self, relation: &Relation, shown: &[Cell]) -> Result<Option<RowKey>, Trouble> {
        if !matches!(relation.key, KeyKind::Rowid { column: None, .. }) {
            return Ok(None);
        }
        let declared = relation.columns.iter().enumerate().filter(|(_, column)| column.primary_key.is_some());
        let cells: Option<Vec<Cell>> = declared
            .map(|(at, _)| shown.iter().find(|(column, value)| *column == at && !value.is_null()).cloned())
            .collect();
        let cells = cells.unwrap_or_default();
        let Some(statement) = statement::pending(relation, &cells) else { return Ok(None) };
        let found = self.opened.first_row(&statement, statement::key_names(relation).len());
        Ok(found.map_err(|error| self.trouble(&error, relation, None))?.map(|key| key_of(relation, key)))
    }

    /// Runs the statement and has it give the key of its row, which it may have moved or made.
    fn returned(&self, statement: &mut Statement<'_>, relation: &Relation) -> rusqlite::Result<Option<RowKey>> {
        let names = statement::key_names(relation);
        statement.text(" RETURNING ").text(&names.join(", "));
        Ok(self.opened.first_row(statement, names.len())?.map(|key| key_of(relation, key)))
    }

    /// What an error of SQLite means: for the entry, or for everything.
    fn trouble(
        &self,
        error: &rusqlite::Error,
        relation: &Relation,
        change: Option<(&Change, Option<&Record>)>,
    ) -> Trouble {
        let code = error.sqlite_error().map_or(1, |code| code.extended_code);
        // Result codes: https://www.sqlite.org/rescode.html; the low byte is the primary one. Those that speak of the statement and its
        // values: ERROR, SCHEMA, TOOBIG, CONSTRAINT, MISMATCH, RANGE.
        if !matches!(code & 0xff, 1 | 17 | 18 | 19 | 20 | 25) {
            return Trouble::All(whole(error, self.opened.path()));
        }
        let relation = self.now(relation);
        match (code, change) {
            (787, Some((change, before))) => {
                let words = references::broken(&self.reader, relation, change, before).unwrap_or_default();
                Trouble::Entry(refusal::foreign_key(relation, &words))
            }
            _ => Trouble::Entry(refusal::obstacle(&message(error), relation)),
        }
    }

    /// The relation as the schema has it now: it may have more triggers and foreign keys than when its row was shown.
    fn now<'r>(&'r self, relation: &'r Relation) -> &'r Relation {
        self.schema.relations.iter().find(|now| now.name == relation.name).map_or(relation, |now| now)
    }
}

fn key_of(relation: &Relation, mut values: Vec<Value>) -> RowKey {
    match (&relation.key, values.as_slice()) {
        (KeyKind::Rowid { .. }, [Value::Integer(rowid)]) => RowKey::Rowid(*rowid),
        _ => RowKey::Primary(std::mem::take(&mut values)),
    }
}

/// Whether setting these cells gives the row another key.
fn moves(relation: &Relation, set: &[Cell]) -> bool {
    set.iter().any(|(column, _)| match &relation.key {
        KeyKind::Rowid { column: alias, .. } => Some(*column) == *alias,
        KeyKind::Primary(columns) => columns.iter().any(|key| key.column == *column),
        KeyKind::None => false,
    })
}

/// The row before, as far as the inverse knows it.
fn before(inverse: &Change, key: &RowKey) -> Option<Record> {
    let relation = inverse.relation();
    let (base, over): (&[Cell], &[Cell]) = match inverse {
        Change::Update { shown, set, .. } => (shown, set),
        Change::Insert { cells, .. } => (cells, &[]),
        Change::Delete { .. } => return None,
    };
    let mut cells = vec![Value::Null; relation.columns.len()];
    for (column, value) in base.iter().chain(over) {
        if let Some(cell) = cells.get_mut(*column) {
            cell.clone_from(value);
        }
    }
    Some(Record { relation: relation.clone(), key: key.clone(), cells })
}

fn told_again(statement: &Statement<'_>) -> String {
    format!("{};", statement.literals())
}

fn unnamed(relation: &Relation) -> Obstacle {
    Obstacle::Said {
        what: format!("the row's key does not fit the table {}", relation.name),
        remedy: "read the schema and the row anew, then try again".to_owned(),
    }
}
