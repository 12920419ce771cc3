//! Whole rows and cells, questions with where they are mapped.
//!
//! Owns reading by key. Cells come whole here, so for one row at a time. Must not know pages.

use std::sync::Arc;

use crate::{
    db::{
        connection::reader::{Flow, Reader},
        error::{Error, ErrorKind, Result},
        paging::{by_text, condition_of, key_columns},
        request::QuestionRecord,
        sql::Source,
    },
    domain::{
        page::{Record, RowKey},
        schema::{KeyKind, Relation, Schema},
        value::Value,
    },
};

/// How many cells a statement selects at most; SQLite's limit is 2,000.
const CHUNK: usize = 1900;

/// How many mappings a question shows at most.
pub(crate) const MAPPINGS: usize = 100;

/// A whole row.
pub(crate) fn read(reader: &Reader<'_>, relation: &Arc<Relation>, key: &RowKey) -> Result<Option<Record>> {
    // It has no columns, so none of the statements below would say so.
    readable(relation)?;
    let source = Source::of(relation);
    let mut cells = Vec::with_capacity(source.columns.len());
    for chunk in source.columns.chunks(CHUNK) {
        match select(reader, relation, &source, key, chunk)? {
            Some(more) => cells.extend(more),
            None => return Ok(None),
        }
    }
    Ok(Some(Record { relation: Arc::clone(relation), key: key.clone(), cells }))
}

/// A whole cell.
pub(crate) fn cell(reader: &Reader<'_>, relation: &Relation, key: &RowKey, column: usize) -> Result<Option<Value>> {
    let source = Source::of(relation);
    let Some(column) = source.columns.get(column) else { return Ok(None) };
    Ok(select(reader, relation, &source, key, std::slice::from_ref(column))?.and_then(|mut cells| cells.pop()))
}

/// An error where the relation is a view that fails.
pub(crate) fn readable(relation: &Relation) -> Result<()> {
    match &relation.broken {
        Some(why) => Err(Error::new(ErrorKind::Sql, format!("{} cannot be read: {why}", relation.name), "")),
        None => Ok(()),
    }
}

fn select(
    reader: &Reader<'_>,
    relation: &Relation,
    source: &Source,
    key: &RowKey,
    columns: &[String],
) -> Result<Option<Vec<Value>>> {
    readable(relation)?;
    let (filter, values) = match (key, condition_of(relation, source, key)) {
        (_, Some((condition, values))) => (format!(" WHERE {condition}"), values),
        (RowKey::Ordinal(at), None) => {
            (" LIMIT 1 OFFSET ?".to_owned(), vec![Value::Integer(i64::try_from(*at).unwrap_or(i64::MAX))])
        }
        (RowKey::Rowid(_) | RowKey::Primary(_), None) => return Ok(None),
    };
    let sql = format!("{}SELECT {} FROM {}{filter}", source.with, columns.join(", "), source.from);
    reader.first(&sql, &values.iter().collect::<Vec<_>>(), |row| {
        (0..columns.len()).map(|at| reader.whole(row, at)).collect()
    })
}

/// A whole row by the text of its key.
pub(crate) fn find(reader: &Reader<'_>, relation: &Arc<Relation>, text: &str) -> Result<Option<Record>> {
    readable(relation)?;
    match by_text(reader, relation, &Source::of(relation), text)? {
        Some(key) => read(reader, relation, &key),
        None => Ok(None),
    }
}

/// A question with its mappings.
pub(crate) fn question(reader: &Reader<'_>, schema: &Schema, id: &str) -> Result<Option<QuestionRecord>> {
    let Some(questions) = schema.catalogued("questions") else { return Ok(None) };
    let Some(key) = key_by_id(reader, questions, id)? else { return Ok(None) };
    let Some(record) = read(reader, questions, &key)? else { return Ok(None) };
    let mappings = match schema.catalogued("channelMappings") {
        Some(relation) => mappings(reader, relation, id)?,
        None => Vec::new(),
    };
    Ok(Some(QuestionRecord { record, mappings }))
}

/// The key of the question with this id: `id` need not be declared as the key.
fn key_by_id(reader: &Reader<'_>, questions: &Relation, id: &str) -> Result<Option<RowKey>> {
    let Some(column) = questions.column("id") else { return Ok(None) };
    let source = Source::of(questions);
    let id = Value::text(id);
    let keys = key_columns(questions, &source);
    if keys.is_empty() {
        // A view: its rows have numbers only.
        let sql = format!("{}SELECT {} FROM {}", source.with, source.columns[column], source.from);
        let mut at = 0;
        let mut found = None;
        reader.each(&sql, &[], |row| {
            if reader.whole(row, 0)? == id {
                found = Some(RowKey::Ordinal(at));
                return Ok(Flow::Enough);
            }
            at += 1;
            Ok(Flow::More)
        })?;
        return Ok(found);
    }
    let sql = format!(
        "{}SELECT {} FROM {} WHERE {} = ? LIMIT 1",
        source.with,
        keys.join(", "),
        source.from,
        source.columns[column]
    );
    reader.first(&sql, &[&id], |row| {
        Ok(match &questions.key {
            KeyKind::Primary(columns) => {
                RowKey::Primary((0..columns.len()).map(|at| reader.whole(row, at)).collect::<Result<_>>()?)
            }
            KeyKind::Rowid { .. } | KeyKind::None => RowKey::Rowid(reader.integer(row, 0)?),
        })
    })
}

/// Where a question is mapped: channel and sub-channel.
fn mappings(reader: &Reader<'_>, relation: &Relation, id: &str) -> Result<Vec<(String, String)>> {
    let source = Source::of(relation);
    let column = |name| relation.column(name).map(|at| source.columns[at].as_str());
    let (Some(question), Some(channel)) = (column("questionId"), column("channelId")) else { return Ok(Vec::new()) };
    let sub_channel = column("subChannel").unwrap_or("''");
    let sql = format!(
        "{}SELECT {channel}, {sub_channel} FROM {} WHERE {question} = ? ORDER BY 1, 2 LIMIT {MAPPINGS}",
        source.with, source.from
    );
    reader.all(&sql, &[&Value::text(id)], |row| Ok((reader.text(row, 0)?, reader.text(row, 1)?)))
}
