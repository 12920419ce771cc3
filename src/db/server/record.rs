//! Whole rows and cells of a server, questions with where they are mapped: each in one round trip.
//!
//! The same as from a file ([`record`](crate::db::record)). What is too large for an answer is read in pieces, which takes a round trip
//! for each. Must not know pages.

use std::sync::Arc;

use super::{
    cells::{Cells, Extent, Form, strange},
    known::Known,
    link::Set,
    page::parts::{Parts, chunk},
    script::Script,
    session::Ask,
    words,
};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        paging::find::{condition_with, named_key, parts, typed},
        record::{MAPPINGS, readable},
        request::QuestionRecord,
        sql::{Source, literal},
    },
    domain::{
        page::{Record, RowKey},
        schema::{KeyKind, Relation, Schema},
        value::{Bytes, Value},
    },
};

/// How many bytes of a long cell are read at once: in an answer they take a third more.
const PIECE: u64 = 4_000_000;

/// A row that is sought.
pub(crate) struct Wanted {
    /// Behind FROM and the relation: WHERE, LIMIT, OFFSET.
    filter: String,
    /// An expression for its number, where it has no other key.
    number: String,
}

impl Wanted {
    /// The row that this condition finds, by names behind `t.`; not for relations whose rows only have numbers.
    pub(crate) fn with(condition: &str) -> Self {
        Self { filter: format!(" WHERE {condition} LIMIT 1"), number: String::new() }
    }

    /// What is selected for the row's key.
    fn keys(&self, rows: &Parts<'_>) -> Vec<String> {
        if rows.keys.is_empty() { vec![self.number.clone()] } else { rows.keys.clone() }
    }
}

/// A whole row.
pub(crate) fn read(ask: &mut Ask<'_>, known: &Known, relation: &Arc<Relation>, key: &RowKey) -> Result<Option<Record>> {
    readable(relation)?;
    let Some(wanted) = by_key(relation, key) else { return Ok(None) };
    let record = whole(ask, known, relation, &wanted)?;
    // A key in another case (COLLATE NOCASE) finds the row, and stays what was asked for.
    Ok(record.map(|record| Record { key: key.clone(), ..record }))
}

/// A whole cell.
pub(crate) fn cell(
    ask: &mut Ask<'_>,
    known: &Known,
    relation: &Relation,
    key: &RowKey,
    column: usize,
) -> Result<Option<Value>> {
    let source = Source::of(relation);
    let Some(column) = source.columns.get(column) else { return Ok(None) };
    readable(relation)?;
    let Some(wanted) = by_key(relation, key) else { return Ok(None) };
    let mut read = |form: Form| -> Result<Option<Value>> {
        let mut cells = Cells::new(form);
        cells.add(std::slice::from_ref(column), Extent::Whole);
        let mut script = Script::default();
        script.select(format!("{}SELECT {} FROM {}{}", source.with, cells.list(), source.from, wanted.filter))?;
        let sets = ask(&script)?;
        let row = sets.first().and_then(|set| set.rows.first()).map(|row| cells.decode(row)).transpose()?;
        Ok(row.and_then(|mut row| row.pop()))
    };
    match read(known.form(relation)) {
        Err(error) if words::is_undecodable(&error) => match read(Form::Exact) {
            Err(error) if is_too_large(&error) => pieces(ask, &source, column, &wanted),
            value => value,
        },
        Err(error) if is_too_large(&error) => pieces(ask, &source, column, &wanted),
        value => value,
    }
}

/// A whole row by the text of its key.
pub(crate) fn find(ask: &mut Ask<'_>, known: &Known, relation: &Arc<Relation>, text: &str) -> Result<Option<Record>> {
    readable(relation)?;
    match by_text(relation, text) {
        Some(wanted) => whole(ask, known, relation, &wanted),
        None => Ok(None),
    }
}

/// Whole rows by the texts of their keys, in their order: in one round trip where they fit into an answer.
pub(crate) fn find_all(
    ask: &mut Ask<'_>,
    known: &Known,
    relation: &Arc<Relation>,
    texts: &[String],
) -> Result<Vec<Option<Record>>> {
    readable(relation)?;
    let mut form = known.form(relation);
    loop {
        match find_at_once(ask, relation, texts, form) {
            Err(error) if words::is_undecodable(&error) && form == Form::Plain => {
                form = Form::Exact;
                known.wants_exact(relation);
            }
            Err(error) if is_too_large(&error) => {
                return match texts {
                    [] => Ok(Vec::new()),
                    [text] => Ok(vec![find(ask, known, relation, text)?]),
                    _ => {
                        let (first, second) = texts.split_at(texts.len() / 2);
                        let mut all = find_all(ask, known, relation, first)?;
                        all.extend(find_all(ask, known, relation, second)?);
                        Ok(all)
                    }
                };
            }
            all => return all,
        }
    }
}

fn find_at_once(
    ask: &mut Ask<'_>,
    relation: &Arc<Relation>,
    texts: &[String],
    form: Form,
) -> Result<Vec<Option<Record>>> {
    let mut script = Script::default();
    let mut sought = Vec::with_capacity(texts.len());
    for text in texts {
        let first = script.statements().len();
        let wanted = by_text(relation, text);
        sought.push(
            wanted
                .map(|wanted| RowParts::new(&mut script, relation, &wanted, form))
                .transpose()?
                .map(|parts| (parts, first)),
        );
    }
    let sets = if script.statements().is_empty() { Vec::new() } else { ask(&script)? };
    let found = |(parts, first): (RowParts, usize)| parts.record(sets.get(first..).unwrap_or_default(), relation);
    sought.into_iter().map(|sought| sought.map_or(Ok(None), found)).collect()
}

/// A question with its mappings.
pub(crate) fn question(ask: &mut Ask<'_>, known: &Known, schema: &Schema, id: &str) -> Result<Option<QuestionRecord>> {
    let Some(questions) = schema.catalogued("questions") else { return Ok(None) };
    readable(questions)?;
    let Some(wanted) = by_id(questions, id) else { return Ok(None) };
    let mappings = schema.catalogued("channelMappings");
    let mappings = mappings.map(|relation| readable(relation).map(|()| mappings_of(relation, id))).transpose()?;
    let read = |ask: &mut Ask<'_>, form: Form| -> Result<Option<QuestionRecord>> {
        let mut script = Script::default();
        let rows = RowParts::new(&mut script, questions, &wanted, form)?;
        if let Some(Some(mappings)) = &mappings {
            script.select(mappings)?;
        }
        let sets = ask(&script)?;
        let Some(record) = rows.record(&sets, questions)? else { return Ok(None) };
        let pairs = sets.get(rows.parts.len()).map_or(&[][..], |set| &set.rows);
        let text = |row: &[Value], at: usize| match row.get(at) {
            Some(Value::Blob(bytes)) => String::from_utf8_lossy(bytes.head()).into_owned(),
            _ => String::new(),
        };
        Ok(Some(QuestionRecord { record, mappings: pairs.iter().map(|row| (text(row, 0), text(row, 1))).collect() }))
    };
    let answer = match read(ask, known.form(questions)) {
        Err(error) if words::is_undecodable(&error) => {
            known.wants_exact(questions);
            read(ask, Form::Exact)
        }
        answer => answer,
    };
    match answer {
        Err(error) if is_too_large(&error) => {
            let Some(record) = by_pieces(ask, questions, &wanted)? else { return Ok(None) };
            Ok(Some(QuestionRecord { record, mappings: Vec::new() }))
        }
        answer => answer,
    }
}

/// A row whole: in one round trip where it fits into an answer.
fn whole(ask: &mut Ask<'_>, known: &Known, relation: &Arc<Relation>, wanted: &Wanted) -> Result<Option<Record>> {
    let mut form = known.form(relation);
    loop {
        let mut script = Script::default();
        let rows = RowParts::new(&mut script, relation, wanted, form)?;
        match ask(&script) {
            Ok(sets) => return rows.record(&sets, relation),
            Err(error) if words::is_undecodable(&error) && form == Form::Plain => {
                form = Form::Exact;
                known.wants_exact(relation);
            }
            Err(error) if is_too_large(&error) => return by_pieces(ask, relation, wanted),
            Err(error) => return Err(error),
        }
    }
}

/// The statements for a whole row: its key and some columns each.
#[derive(Debug)]
pub(crate) struct RowParts {
    keys: usize,
    parts: Vec<Cells>,
}

impl RowParts {
    /// They go into this script.
    pub(crate) fn new(script: &mut Script, relation: &Relation, wanted: &Wanted, form: Form) -> Result<Self> {
        let rows = Parts::of(relation, &[], form);
        let mut parts = Vec::new();
        let keys = wanted.keys(&rows);
        for columns in rows.source.columns.chunks(chunk(form)) {
            let mut cells = Cells::new(form);
            cells.add(&keys, Extent::Whole).add(columns, Extent::Whole);
            let source = &rows.source;
            script.select(format!("{}SELECT {} FROM {}{}", source.with, cells.list(), source.from, wanted.filter))?;
            parts.push(cells);
        }
        Ok(Self { keys: keys.len(), parts })
    }

    /// The row out of what came back for them; `None` where there was none.
    pub(crate) fn record(&self, sets: &[Set], relation: &Arc<Relation>) -> Result<Option<Record>> {
        let mut all = Vec::with_capacity(relation.columns.len());
        let mut key = None;
        for (set, cells) in sets.iter().zip(&self.parts) {
            let Some(row) = set.rows.first() else { return Ok(None) };
            let mut values = cells.decode(row)?;
            let more = values.split_off(self.keys.min(values.len()));
            key = Some(values);
            all.extend(more);
        }
        let Some(key) = key else { return Ok(None) };
        let key = row_key(relation, key)?;
        Ok(Some(Record { relation: Arc::clone(relation), key, cells: all }))
    }
}

fn row_key(relation: &Relation, values: Vec<Value>) -> Result<RowKey> {
    let number = values.first().and_then(Value::as_integer);
    match &relation.key {
        KeyKind::Primary(_) => Ok(RowKey::Primary(values)),
        KeyKind::Rowid { .. } => number.map(RowKey::Rowid).ok_or_else(strange),
        KeyKind::None => number.and_then(|number| u64::try_from(number).ok()).map(RowKey::Ordinal).ok_or_else(strange),
    }
}

/// The row with this key; `None` where no row of the relation has such a key.
pub(crate) fn by_key(relation: &Relation, key: &RowKey) -> Option<Wanted> {
    if let RowKey::Ordinal(at) = key {
        return Some(Wanted { filter: format!(" LIMIT 1 OFFSET {at}"), number: at.to_string() });
    }
    let condition = Parts::of(relation, &[], Form::Plain).is_key(key)?;
    Some(Wanted { filter: format!(" WHERE {condition}"), number: String::new() })
}

/// The row that this text names exactly.
fn by_text(relation: &Relation, text: &str) -> Option<Wanted> {
    let source = Source::of(relation);
    match &relation.key {
        KeyKind::Rowid { .. } => {
            let (rowid, from) = (source.rowid.as_ref()?, &source.from);
            let mut tries = Vec::new();
            if let Some(column) = named_key(relation) {
                let (column, text) = (&source.columns[column], literal(&Value::text(text)));
                tries.push(format!("(SELECT {rowid} FROM {from} WHERE {column} = {text} LIMIT 1)"));
            }
            tries.extend(text.trim().parse().ok().map(|number| literal(&Value::Integer(number))));
            let key = match tries.as_slice() {
                [] => return None,
                [one] => one.clone(),
                _ => format!("coalesce({})", tries.join(", ")),
            };
            Some(Wanted { filter: format!(" WHERE {rowid} = {key}"), number: String::new() })
        }
        KeyKind::Primary(columns) => {
            let texts = parts(text, columns.len());
            if texts.len() != columns.len() {
                return None;
            }
            let values: Vec<String> = columns
                .iter()
                .zip(texts)
                .map(|(key, text)| literal(&typed(&relation.columns[key.column], text)))
                .collect();
            let condition = condition_with(relation, &source, |at| values.get(at).cloned().unwrap_or_default())?;
            Some(Wanted { filter: format!(" WHERE {condition} LIMIT 1"), number: String::new() })
        }
        KeyKind::None => {
            let number = text.trim().parse::<u64>().ok()?.checked_sub(1)?;
            by_key(relation, &RowKey::Ordinal(number))
        }
    }
}

/// The question with this id: `id` need not be declared as the key.
fn by_id(questions: &Relation, id: &str) -> Option<Wanted> {
    let source = Source::of(questions);
    let column = source.columns.get(questions.column("id")?)?;
    let id = Value::text(id);
    if questions.key != KeyKind::None {
        return Some(Wanted { filter: format!(" WHERE {column} = {} LIMIT 1", literal(&id)), number: String::new() });
    }
    // A view: its rows have numbers only.
    let number = format!(
        "(SELECT n FROM (SELECT row_number() OVER () - 1 AS n, typeof({column}) AS y, {column} AS v FROM {}) \
         WHERE y = 'text' AND v COLLATE BINARY = {} LIMIT 1)",
        source.from,
        literal(&id)
    );
    Some(Wanted { filter: format!(" LIMIT {number} IS NOT NULL OFFSET coalesce({number}, 0)"), number })
}

/// A query for where a question is mapped: channel and sub-channel, as bytes.
fn mappings_of(relation: &Relation, id: &str) -> Option<String> {
    let source = Source::of(relation);
    let column = |name| relation.column(name).map(|at| source.columns[at].as_str());
    let (question, channel) = (column("questionId")?, column("channelId")?);
    let sub_channel = column("subChannel").unwrap_or("''");
    Some(format!(
        "{}SELECT CAST({channel} AS BLOB), CAST({sub_channel} AS BLOB) FROM {} WHERE {question} = {} \
         ORDER BY {channel}, {sub_channel} LIMIT {MAPPINGS}",
        source.with,
        source.from,
        literal(&Value::text(id))
    ))
}

fn is_too_large(error: &Error) -> bool {
    // SQLite's own words for a value that does not fit (SQLITE_TOOBIG).
    error.kind == ErrorKind::TooLarge || error.what.contains("too big")
}

/// A row cell by cell.
fn by_pieces(ask: &mut Ask<'_>, relation: &Arc<Relation>, wanted: &Wanted) -> Result<Option<Record>> {
    let rows = Parts::of(relation, &[], Form::Exact);
    let mut cells = Cells::new(Form::Exact);
    cells.add(&wanted.keys(&rows), Extent::Whole);
    let mut script = Script::default();
    let source = &rows.source;
    script.select(format!("{}SELECT {} FROM {}{}", source.with, cells.list(), source.from, wanted.filter))?;
    let sets = ask(&script)?;
    let Some(row) = sets.first().and_then(|set| set.rows.first()) else { return Ok(None) };
    let key = cells.decode(row)?;
    let key = row_key(relation, key)?;
    let mut cells = Vec::with_capacity(rows.source.columns.len());
    for column in &rows.source.columns {
        match pieces(ask, &rows.source, column, wanted)? {
            Some(value) => cells.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(Record { relation: Arc::clone(relation), key, cells }))
}

/// A long cell piece by piece; `None` where its row is gone.
fn pieces(ask: &mut Ask<'_>, source: &Source, column: &str, wanted: &Wanted) -> Result<Option<Value>> {
    let mut piece = |first: u64| -> Result<Option<(Value, Value, u64)>> {
        let mut script = Script::default();
        script.select(format!(
            "{}SELECT typeof({column}), CASE WHEN typeof({column}) IN ('text', 'blob') \
             THEN substr(CAST({column} AS BLOB), {first}, {PIECE}) \
             WHEN typeof({column}) = 'real' THEN CASE {column} WHEN 9e999 THEN 'inf' WHEN -9e999 THEN '-inf' ELSE {column} END \
             ELSE {column} END, octet_length({column}) FROM {}{}",
            source.with, source.from, wanted.filter
        ))?;
        let sets = ask(&script)?;
        let Some(row) = sets.into_iter().next().and_then(|set| set.rows.into_iter().next()) else { return Ok(None) };
        let [class, value, length] = <[Value; 3]>::try_from(row).map_err(|_| strange())?;
        let length = length.as_integer().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        Ok(Some((class, value, length)))
    };
    let Some((class, value, length)) = piece(1)? else { return Ok(None) };
    let mut bytes = match value {
        Value::Blob(bytes) => bytes.head().to_vec(),
        // Nothing is all that `substr` gives of nothing.
        Value::Null if class != Value::text("null") => Vec::new(),
        Value::Text(text) => {
            let negative = text.head().starts_with(b"-");
            return Ok(Some(Value::Real(if negative { f64::NEG_INFINITY } else { f64::INFINITY })));
        }
        value => return Ok(Some(value)),
    };
    while (bytes.len() as u64) < length {
        match piece(bytes.len() as u64 + 1)? {
            Some((now, Value::Blob(more), whole)) if now == class && whole == length && !more.head().is_empty() => {
                bytes.extend_from_slice(more.head());
            }
            Some(_) => return Err(Error::new(ErrorKind::Locked, "the cell changed while it was read", "try again")),
            None => return Ok(None),
        }
    }
    let bytes = Bytes::whole(bytes);
    Ok(Some(if class == Value::text("text") { Value::Text(bytes) } else { Value::Blob(bytes) }))
}
