//! Which foreign key does not hold: SQLite only says that one does not.
//!
//! Asked after a refusal, inside the same transaction. Must not change anything.

use std::collections::HashMap;

use crate::{
    db::{connection::reader::Reader, error::Result, sql::quoted},
    domain::{
        change::{Cell, Change},
        page::Record,
        schema::{ForeignKey, Relation},
        value::Value,
    },
};

/// Words for each foreign key that this change breaks, or has broken.
pub(super) fn broken(
    reader: &Reader<'_>,
    relation: &Relation,
    change: &Change,
    before: Option<&Record>,
) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let set: &[Cell] = match change {
        Change::Update { set: cells, .. } | Change::Insert { cells, .. } => cells,
        Change::Delete { .. } => &[],
    };
    let old: HashMap<&str, &Value> = before.map_or_else(HashMap::new, |before| {
        relation.columns.iter().map(|column| column.name.as_str()).zip(&before.cells).collect()
    });
    let mut new = old.clone();
    for (column, value) in set {
        if let Some(column) = relation.columns.get(*column) {
            new.insert(&column.name, value);
        }
    }
    if !matches!(change, Change::Delete { .. }) {
        for key in &relation.references {
            words.extend(without_parent(reader, key, &new)?);
        }
    }
    if before.is_some() {
        for key in &relation.referenced_by {
            let kept = |(_, to): &(String, String)| value(&old, to) == value(&new, to);
            if matches!(change, Change::Update { .. }) && key.columns.iter().all(kept) {
                continue;
            }
            words.extend(with_children(reader, relation, key, &old)?);
        }
    }
    Ok(words)
}

/// Names in foreign keys need not be written as the columns are.
fn value<'v>(row: &HashMap<&str, &'v Value>, name: &str) -> Option<&'v Value> {
    row.get(name)
        .copied()
        .or_else(|| row.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value))
}

fn without_parent(reader: &Reader<'_>, key: &ForeignKey, row: &HashMap<&str, &Value>) -> Result<Option<String>> {
    let values: Option<Vec<&Value>> = key.columns.iter().map(|(from, _)| value(row, from)).collect();
    let Some(values) = values.filter(|values| values.iter().all(|value| !value.is_null())) else { return Ok(None) };
    let columns: Vec<&str> = key.columns.iter().map(|(_, to)| to.as_str()).collect();
    let sql = format!("SELECT 1 FROM main.{} AS t WHERE {} LIMIT 1", quoted(&key.to), condition(&columns));
    if reader.first(&sql, &values, |_| Ok(()))?.is_some() {
        return Ok(None);
    }
    let (from, to) = (names(key.columns.iter().map(|(from, _)| from)), names(key.columns.iter().map(|(_, to)| to)));
    let said = values.iter().map(|value| short(value)).collect::<Vec<_>>().join(", ");
    Ok(Some(format!("{}.{from} refers to {}.{to}, where there is no {said}", key.from, key.to)))
}

fn with_children(
    reader: &Reader<'_>,
    relation: &Relation,
    key: &ForeignKey,
    row: &HashMap<&str, &Value>,
) -> Result<Option<String>> {
    let values: Option<Vec<&Value>> = key.columns.iter().map(|(_, to)| value(row, to)).collect();
    let Some(values) = values.filter(|values| values.iter().all(|value| !value.is_null())) else { return Ok(None) };
    let columns: Vec<&str> = key.columns.iter().map(|(from, _)| from.as_str()).collect();
    let sql = format!("SELECT count(*) FROM main.{} AS t WHERE {}", quoted(&key.from), condition(&columns));
    let rows = reader.first(&sql, &values, |row| reader.integer(row, 0))?.unwrap_or(0);
    Ok((rows > 0).then(|| {
        let from = names(key.columns.iter().map(|(from, _)| from));
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        format!("{rows} of {} ({from}) refer to this row of {}", key.from, relation.name)
    }))
}

fn condition(columns: &[&str]) -> String {
    columns.iter().map(|name| format!("t.{} = ?", quoted(name))).collect::<Vec<_>>().join(" AND ")
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Keys are short; what is none of them must not fill the screen.
fn short(value: &Value) -> String {
    let plain = value.to_plain();
    match plain.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain.into_owned(),
    }
}
