//! The text of the recovery file: what was staged and being typed, exactly, with names instead of positions.
//!
//! JSON, version 1. A value is `null`, an integer, a text as itself, or `{"real": bits}`, `{"text": hex}` (where it is not UTF-8),
//! `{"blob": hex}`: floats and bytes come back to the last bit. At load the names are looked up in the schema as it is then.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::{EditState, Staged};
use crate::domain::{
    change::{Cell, Change, EntryId},
    edit::Draft,
    page::RowKey,
    schema::{Relation, Schema},
    value::{Bytes, Value, hex},
};

/// The version that is written.
const VERSION: u64 = 1;

/// What a session left, as far as it can be told without a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// When it was kept.
    pub saved: Option<Timestamp>,
    /// How many edits.
    pub edits: usize,
    /// How many values were being typed.
    pub drafts: usize,
}

/// What a session left, as it fits this database.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Recovered {
    /// The edits that fit.
    pub changes: Vec<(Change, EditState)>,
    /// What was being typed.
    pub drafts: Vec<Draft>,
    /// What does not fit any more, and why, in words.
    pub lost: Vec<String>,
}

/// The text for what is staged and being typed; `None` where that is nothing. Edits that are on their way (`sent`) are kept as those
/// of which nobody knows what became. `carried` is the text of an earlier session that the user has not decided on.
pub fn text(
    saved: Timestamp,
    staged: &Staged,
    sent: &[EntryId],
    drafts: &[Draft],
    carried: Option<&str>,
) -> Option<String> {
    let mut edits: Vec<Json> = Vec::new();
    let mut typed: Vec<Json> = Vec::new();
    if let Some(Json::Object(earlier)) = carried.and_then(|text| serde_json::from_str(text).ok()) {
        edits.extend(earlier.get("edits").and_then(Json::as_array).cloned().unwrap_or_default());
        typed.extend(earlier.get("drafts").and_then(Json::as_array).cloned().unwrap_or_default());
    }
    edits.extend(staged.edits().iter().map(|edit| {
        let state = if sent.contains(&edit.id) { EditState::Unknown } else { edit.state };
        write_change(&edit.change, state)
    }));
    typed.extend(drafts.iter().map(write_draft));
    if edits.is_empty() && typed.is_empty() {
        return None;
    }
    Some(json!({"version": VERSION, "saved": saved.to_string(), "edits": edits, "drafts": typed}).to_string())
}

/// What this text holds.
///
/// # Errors
///
/// Words, where it is no text of ours.
pub fn left(text: &str) -> Result<Left, String> {
    let file = read(text)?;
    let count = |name: &str| file.get(name).and_then(Json::as_array).map_or(0, Vec::len);
    let saved = file.get("saved").and_then(Json::as_str).and_then(|text| text.parse().ok());
    Ok(Left { saved, edits: count("edits"), drafts: count("drafts") })
}

/// The edits of this text, looked up in this schema.
///
/// # Errors
///
/// Words, where it is no text of ours.
pub fn recovered(text: &str, schema: &Schema) -> Result<Recovered, String> {
    let file = read(text)?;
    let list = |name: &str| file.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut recovered = Recovered::default();
    for edit in list("edits") {
        match read_change(edit, schema) {
            Ok(change) => recovered.changes.push(change),
            Err(why) => recovered.lost.push(why),
        }
    }
    for draft in list("drafts") {
        match read_draft(draft) {
            Some(draft) => recovered.drafts.push(draft),
            None => recovered.lost.push("a value that was being typed cannot be read".to_owned()),
        }
    }
    Ok(recovered)
}

fn read(text: &str) -> Result<Map<String, Json>, String> {
    let file: Json =
        serde_json::from_str(text).map_err(|error| format!("the recovery file cannot be read: {error}"))?;
    match file {
        Json::Object(file) if file.get("version").and_then(Json::as_u64) == Some(VERSION) => Ok(file),
        _ => Err("the recovery file is of another version of Reelscope".to_owned()),
    }
}

fn write_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!({"real": number.to_bits().to_string()}),
        Value::Text(bytes) => match std::str::from_utf8(bytes.head()) {
            Ok(text) => json!(text),
            Err(_) => json!({"text": hex(bytes.head())}),
        },
        Value::Blob(bytes) => json!({"blob": hex(bytes.head())}),
    }
}

fn read_value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Integer(number.as_i64()?),
        Json::String(text) => Value::text(text),
        Json::Object(object) => {
            let (kind, text) = object.iter().next()?;
            let text = text.as_str()?;
            match kind.as_str() {
                "real" => Value::Real(f64::from_bits(text.parse().ok()?)),
                "text" => Value::Text(Bytes::whole(unhex(text)?)),
                "blob" => Value::Blob(Bytes::whole(unhex(text)?)),
                _ => return None,
            }
        }
        Json::Bool(_) | Json::Array(_) => return None,
    })
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn write_key(key: &RowKey) -> Json {
    match key {
        RowKey::Rowid(rowid) => json!({"rowid": rowid}),
        RowKey::Primary(values) => json!({"primary": values.iter().map(write_value).collect::<Vec<_>>()}),
        RowKey::Ordinal(number) => json!({"ordinal": number}),
    }
}

fn read_key(json: &Json) -> Option<RowKey> {
    let (kind, value) = json.as_object()?.iter().next()?;
    match kind.as_str() {
        "rowid" => value.as_i64().map(RowKey::Rowid),
        "primary" => value.as_array()?.iter().map(read_value).collect::<Option<_>>().map(RowKey::Primary),
        "ordinal" => value.as_u64().map(RowKey::Ordinal),
        _ => None,
    }
}

fn write_cells(relation: &Relation, cells: &[Cell]) -> Json {
    let name = |column: usize| relation.columns.get(column).map_or("", |column| column.name.as_str());
    cells.iter().map(|(column, value)| json!([name(*column), write_value(value)])).collect()
}

fn read_cells(json: Option<&Json>, relation: &Relation) -> Result<Vec<Cell>, String> {
    let cells = json.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let table = &relation.name;
    let read = |cell: &Json| {
        let (Some(name), Some(value)) = (cell.get(0).and_then(Json::as_str), cell.get(1).and_then(read_value)) else {
            return Err(format!("an edit of {table} cannot be read"));
        };
        match relation.columns.iter().position(|column| column.name == name) {
            Some(column) if !relation.columns[column].generated => Ok((column, value)),
            Some(_) => Err(format!("an edit of {table}: the column {name} is generated now")),
            None => Err(format!("an edit of {table}: there is no column {name} any more")),
        }
    };
    cells.iter().map(read).collect()
}

fn write_change(change: &Change, state: EditState) -> Json {
    let relation = change.relation();
    let cells = |cells: &[Cell]| write_cells(relation, cells);
    let mut json = match change {
        Change::Update { key, shown, set, .. } => {
            json!({"kind": "update", "key": write_key(key), "shown": cells(shown), "set": cells(set)})
        }
        Change::Insert { cells: own, unless, .. } => {
            json!({"kind": "insert", "cells": cells(own), "unless": cells(unless)})
        }
        Change::Delete { key, shown, .. } => json!({"kind": "delete", "key": write_key(key), "shown": cells(shown)}),
    };
    json["relation"] = json!(relation.name);
    if state == EditState::Unknown {
        json["state"] = json!("unknown");
    }
    json
}

fn read_change(json: &Json, schema: &Schema) -> Result<(Change, EditState), String> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let unreadable = || "an edit cannot be read".to_owned();
    let name = text("relation").ok_or_else(unreadable)?;
    let relation: Arc<Relation> = schema
        .relations
        .iter()
        .find(|relation| relation.name == name)
        .cloned()
        .ok_or_else(|| format!("an edit of {name}: there is no such table any more"))?;
    let cells = |name: &str| read_cells(json.get(name), &relation);
    let key = || {
        let key = json.get("key").and_then(read_key).ok_or_else(unreadable)?;
        match (&key, &relation.key) {
            (RowKey::Rowid(_), crate::domain::schema::KeyKind::Rowid { .. }) => Ok(key),
            (RowKey::Primary(values), crate::domain::schema::KeyKind::Primary(columns))
                if values.len() == columns.len() =>
            {
                Ok(key)
            }
            _ => Err(format!("an edit of {name}: its rows are told apart in another way now")),
        }
    };
    let change = match text("kind") {
        Some("update") => {
            Change::Update { key: key()?, shown: cells("shown")?, set: cells("set")?, relation: relation.clone() }
        }
        Some("insert") => {
            Change::Insert { cells: cells("cells")?, unless: cells("unless")?, relation: relation.clone() }
        }
        Some("delete") => Change::Delete { key: key()?, shown: cells("shown")?, relation: relation.clone() },
        _ => return Err(unreadable()),
    };
    let state = if text("state") == Some("unknown") { EditState::Unknown } else { EditState::Staged };
    Ok((change, state))
}

fn write_draft(draft: &Draft) -> Json {
    json!({
        "relation": draft.relation,
        "key": draft.key.as_ref().map(write_key),
        "column": draft.column,
        "text": draft.text,
    })
}

fn read_draft(json: &Json) -> Option<Draft> {
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let key = match json.get("key") {
        None | Some(Json::Null) => None,
        Some(key) => Some(read_key(key)?),
    };
    Some(Draft { relation: text("relation")?, key, column: text("column")?, text: text("text")? })
}
