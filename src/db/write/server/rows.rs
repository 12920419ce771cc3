//! The rows of a batch as they are on the server, all of them in one request.
//!
//! Owns what the first request asks. Must not judge.

use std::slice;

use crate::{
    db::{
        error::{ErrorKind, Result},
        server::{
            cells::{Form, strange},
            known::Known,
            record::{self, RowParts, by_key},
            script::Script,
            session::Ask,
            transaction::Moment,
        },
        sql::Source,
        write::statement::pending,
    },
    domain::{
        change::{Change, Entry},
        page::{Record, RowKey},
        schema::{KeyKind, Relation},
        value::Value,
    },
};

/// How values travel: exactly, whatever they are. An answer that cannot be read would be lost when it is too late.
pub(super) const FORM: Form = Form::Exact;

/// What there is for an entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Its row; `None` where there is none.
    pub(super) row: Option<Record>,
    /// For a new row: the key of one that is in its way.
    pub(super) pending: Option<RowKey>,
    /// For a new row: the greatest number that rows have; what is greater is newer.
    pub(super) newest: Option<i64>,
}

/// What there is for each entry, and when.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) now: Moment,
    pub(super) rows: Vec<Found>,
}

/// What is asked for an entry, and where its answers stand.
enum Question {
    Row { parts: RowParts, first: usize },
    New { pending: Option<usize>, newest: Option<usize> },
}

/// What there is now: in one request, where the answer is not too large.
pub(super) fn read(ask: &mut Ask<'_>, known: &Known, entries: &[Entry]) -> Result<Picture> {
    match read_at_once(ask, entries) {
        Err(error) if error.kind == ErrorKind::TooLarge || error.what.contains("too big") => match entries {
            [entry] => alone(ask, known, entry),
            _ => {
                // Half by half: the earlier clock counts.
                let (first, second) = entries.split_at(entries.len() / 2);
                let mut picture = read(ask, known, first)?;
                picture.rows.extend(read(ask, known, second)?.rows);
                Ok(picture)
            }
        },
        picture => picture,
    }
}

fn read_at_once(ask: &mut Ask<'_>, entries: &[Entry]) -> Result<Picture> {
    let mut script = Script::default();
    script.select(format!("SELECT {}", Moment::NOW))?;
    let mut questions = Vec::with_capacity(entries.len());
    for entry in entries {
        let first = script.statements().len();
        questions.push(match &entry.change {
            Change::Update { relation, key, .. } | Change::Delete { relation, key, .. } => {
                let wanted = by_key(relation, key).ok_or_else(strange)?;
                Question::Row { parts: RowParts::new(&mut script, relation, &wanted, FORM)?, first }
            }
            Change::Insert { relation, unless, .. } => {
                let pending = pending(relation, unless).map(|statement| script.select(statement.literals()));
                let pending = pending.transpose()?.map(|()| first);
                let newest = newest(relation).map(|sql| script.select(sql)).transpose()?;
                Question::New { pending, newest: newest.map(|()| script.statements().len() - 1) }
            }
        });
    }
    let sets = ask(&script)?;
    let one = |at: usize| sets.get(at).and_then(|set| set.rows.first());
    let now = now(one(0).map(Vec::as_slice))?;
    let mut rows = Vec::with_capacity(entries.len());
    for (entry, question) in entries.iter().zip(questions) {
        let relation = entry.change.relation();
        rows.push(match question {
            Question::Row { parts, first } => {
                let row = parts.record(sets.get(first..).unwrap_or_default(), relation)?;
                // A key in another case (COLLATE NOCASE) finds the row, and stays what was asked for.
                let row = row.map(|row| Record { key: entry.change.key().cloned().unwrap_or(row.key), ..row });
                Found { row, ..Found::default() }
            }
            Question::New { pending, newest } => Found {
                row: None,
                pending: pending.and_then(one).map(|row| key(relation, row)).transpose()?,
                newest: newest.and_then(one).and_then(|row| row.first()?.as_integer()),
            },
        });
    }
    Ok(Picture { now, rows })
}

/// A row that does not fit into an answer, in pieces.
fn alone(ask: &mut Ask<'_>, known: &Known, entry: &Entry) -> Result<Picture> {
    let mut script = Script::default();
    script.select(format!("SELECT {}", Moment::NOW))?;
    let sets = ask(&script)?;
    let now = now(sets.first().and_then(|set| set.rows.first()).map(Vec::as_slice))?;
    let row = match entry.change.key() {
        Some(key) => record::read(ask, known, entry.change.relation(), key)?,
        None => return read_at_once(ask, slice::from_ref(entry)),
    };
    Ok(Picture { now, rows: vec![Found { row, ..Found::default() }] })
}

/// The server's clock.
pub(super) fn now(row: Option<&[Value]>) -> Result<Moment> {
    match row {
        Some([Value::Real(day)]) => Ok(Moment(*day)),
        _ => Err(strange()),
    }
}

/// The greatest number of a row, where rows have numbers.
fn newest(relation: &Relation) -> Option<String> {
    let source = Source::of(relation);
    Some(format!("{}SELECT max({}) FROM {}", source.with, source.rowid?, source.from))
}

/// A key out of its values.
fn key(relation: &Relation, values: &[Value]) -> Result<RowKey> {
    match (&relation.key, values) {
        (KeyKind::Primary(_), values) => Ok(RowKey::Primary(values.to_vec())),
        (KeyKind::Rowid { .. }, [Value::Integer(number)]) => Ok(RowKey::Rowid(*number)),
        _ => Err(strange()),
    }
}
