//! Finding rows by the text that a person types for their key.

use crate::{
    db::{
        connection::reader::Reader,
        error::Result,
        paging::{
            order::{Edge, Way},
            walk::Walk,
        },
        sql::Source,
    },
    domain::{
        page::{Anchor, RowKey},
        schema::{Column, KeyColumn, KeyKind, Relation},
        value::Value,
    },
};

/// Where a typed key leads.
pub(crate) enum Nearest {
    /// To this row: its own, or the next in key order.
    Row(Anchor),
    /// Behind the last row.
    BehindAll,
    /// Nowhere: no key of this relation is such a text.
    NoKey,
}

/// The condition that finds the row with this key, and its values.
pub(crate) fn condition_of(relation: &Relation, source: &Source, key: &RowKey) -> Option<(String, Vec<Value>)> {
    let values = match (key, &relation.key) {
        (RowKey::Rowid(rowid), KeyKind::Rowid { .. }) => vec![Value::Integer(*rowid)],
        (RowKey::Primary(values), KeyKind::Primary(columns)) if values.len() == columns.len() => values.clone(),
        _ => return None,
    };
    Some((condition_with(relation, source, |_| "?".to_owned())?, values))
}

/// The condition that finds the row whose key these expressions are, one for each of its columns.
pub(crate) fn condition_with(
    relation: &Relation,
    source: &Source,
    expression: impl Fn(usize) -> String,
) -> Option<String> {
    match (&relation.key, &source.rowid) {
        (KeyKind::Rowid { .. }, Some(sql)) => Some(format!("{sql} = {}", expression(0))),
        (KeyKind::Primary(columns), _) => {
            let term = |(at, key): (usize, &KeyColumn)| {
                format!("{} COLLATE {} IS {}", source.columns[key.column], key.collation, expression(at))
            };
            Some(columns.iter().enumerate().map(term).collect::<Vec<_>>().join(" AND "))
        }
        _ => None,
    }
}

/// The column of a rowid table whose text is the key to people: its primary key of one column.
pub(crate) fn named_key(relation: &Relation) -> Option<usize> {
    let alias = match &relation.key {
        KeyKind::Rowid { column, .. } => *column,
        KeyKind::Primary(_) | KeyKind::None => return None,
    };
    let mut keys = relation.columns.iter().enumerate().filter(|(_, column)| column.primary_key.is_some());
    match (keys.next(), keys.next()) {
        (Some((at, _)), None) if Some(at) != alias => Some(at),
        _ => None,
    }
}

/// The key of the row that this text names exactly.
pub(crate) fn by_text(reader: &Reader<'_>, relation: &Relation, source: &Source, text: &str) -> Result<Option<RowKey>> {
    match &relation.key {
        KeyKind::Rowid { .. } => {
            let Some(rowid) = &source.rowid else { return Ok(None) };
            let first = |condition: String, value: &Value| {
                let sql = format!("{}SELECT {rowid} FROM {} WHERE {condition} LIMIT 1", source.with, source.from);
                reader.first(&sql, &[value], |row| Ok(RowKey::Rowid(reader.integer(row, 0)?)))
            };
            if let Some(column) = named_key(relation)
                && let Some(key) = first(format!("{} = ?", source.columns[column]), &Value::text(text))?
            {
                return Ok(Some(key));
            }
            match text.trim().parse() {
                Ok(number) => first(format!("{rowid} = ?"), &Value::Integer(number)),
                Err(_) => Ok(None),
            }
        }
        KeyKind::Primary(columns) => {
            let parts = parts(text, columns.len());
            if parts.len() != columns.len() {
                return Ok(None);
            }
            let values =
                columns.iter().zip(parts).map(|(key, part)| typed(&relation.columns[key.column], part)).collect();
            let key = RowKey::Primary(values);
            let Some((condition, values)) = condition_of(relation, source, &key) else { return Ok(None) };
            let keys = super::key_columns(relation, source).join(", ");
            let sql = format!("{}SELECT {keys} FROM {} WHERE {condition} LIMIT 1", source.with, source.from);
            reader.first(&sql, &values.iter().collect::<Vec<_>>(), |row| {
                Ok(RowKey::Primary((0..columns.len()).map(|at| reader.whole(row, at)).collect::<Result<_>>()?))
            })
        }
        KeyKind::None => {
            Ok(text.trim().parse::<u64>().ok().and_then(|number| number.checked_sub(1)).map(RowKey::Ordinal))
        }
    }
}

/// A key of several columns is written with commas between them, as pages describe it.
pub(crate) fn parts(text: &str, columns: usize) -> Vec<&str> {
    if columns == 1 { vec![text] } else { text.splitn(columns, ',').map(str::trim).collect() }
}

/// The value that a typed text stands for in a key: text, or a number where the column has no text affinity and so holds it as one.
pub(crate) fn typed(column: &Column, text: &str) -> Value {
    let declared = column.declared.to_ascii_uppercase();
    // https://www.sqlite.org/datatype3.html#determination_of_column_affinity: INT goes before CHAR, CLOB and TEXT.
    let is_text = !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|word| declared.contains(word));
    if is_text {
        return Value::text(text);
    }
    match (text.trim().parse::<i64>(), text.trim().parse::<f64>()) {
        (Ok(number), _) => Value::Integer(number),
        (_, Ok(number)) if number.is_finite() => Value::Real(number),
        _ => Value::text(text),
    }
}

/// The row that this text names, else the next in key order, as a place in the walk's order.
pub(crate) fn nearest(walk: &Walk<'_>, text: &str) -> Result<Nearest> {
    let Walk { reader, relation, plan, .. } = walk;
    let source = &plan.source;
    if let Some(key) = by_text(reader, relation, source, text)?
        && let Some(anchor) = walk.anchor(&key)?
    {
        return Ok(Nearest::Row(anchor));
    }
    let next = match &relation.key {
        KeyKind::Rowid { .. } => {
            let Some(rowid) = &source.rowid else { return Ok(Nearest::NoKey) };
            let (column, value) = match (named_key(relation), text.trim().parse::<i64>()) {
                (Some(column), _) => (&source.columns[column], Value::text(text)),
                (None, Ok(number)) => (rowid, Value::Integer(number)),
                (None, Err(_)) => return Ok(Nearest::NoKey),
            };
            let sql = format!(
                "{}SELECT {rowid} FROM {} WHERE {column} >= ? ORDER BY {column} LIMIT 1",
                source.with, source.from
            );
            reader.first(&sql, &[&value], |row| Ok(RowKey::Rowid(reader.integer(row, 0)?)))?
        }
        KeyKind::Primary(columns) => {
            let by_key = super::plan::find(reader, relation, &[])?;
            let by_key = Walk::new(reader, relation, &by_key, &[]);
            // Fewer parts than columns: the first row that begins with them.
            let place: Vec<Value> = columns
                .iter()
                .zip(parts(text, columns.len()))
                .map(|(key, part)| typed(&relation.columns[key.column], part))
                .collect();
            by_key.anchors(&place, Way::On, Edge::Inclusive, 1)?.pop().map(|anchor| anchor.key)
        }
        KeyKind::None => return Ok(Nearest::NoKey),
    };
    Ok(match next {
        Some(key) => walk.anchor(&key)?.map_or(Nearest::BehindAll, Nearest::Row),
        None => Nearest::BehindAll,
    })
}
