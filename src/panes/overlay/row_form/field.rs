//! The fields of a new row: what each column takes, and what it gets where nothing is given.

use jiff::Timestamp;

use crate::domain::{
    catalogue::Meaning,
    edit::{NewValue, is_kept_by_the_database},
    schema::{Column, KeyKind, Relation},
    value::Value,
};

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    /// Position in [`Relation::columns`].
    pub(super) column: usize,
    pub(super) name: String,
    pub(super) value: NewValue,
    /// Without a value there is no row.
    pub(super) must: bool,
    /// What it gets where nothing is given, in words.
    pub(super) otherwise: String,
    /// What is known of it, in a line.
    pub(super) about: String,
    /// Whether a duplicate takes it over: no keys, nothing unique.
    pub(super) is_copied: bool,
    /// Whether it alone is the key.
    pub(super) is_only_key: bool,
}

impl Field {
    /// Whether it has to be given, and is not.
    pub(super) fn is_missing(&self) -> bool {
        match &self.value {
            NewValue::Default => self.must,
            NewValue::Given(Value::Null) => self.must,
            // An empty key names nothing.
            NewValue::Given(Value::Text(bytes)) => self.is_only_key && bytes.total() == 0,
            NewValue::Given(_) => false,
        }
    }
}

/// The fields of this relation in order. `uuid` is for keys that are made.
pub(super) fn all(relation: &Relation, uuid: &str, now: Timestamp) -> Vec<Field> {
    let columns = relation.columns.iter().enumerate().filter(|(_, column)| !column.generated);
    columns.map(|(at, column)| field(relation, at, column, uuid, now)).collect()
}

fn field(relation: &Relation, at: usize, column: &Column, uuid: &str, now: Timestamp) -> Field {
    let by_database = matches!(&relation.key, KeyKind::Rowid { column: Some(own), .. } if *own == at);
    let keys = relation.columns.iter().filter(|column| column.primary_key.is_some()).count();
    let is_key = column.primary_key.is_some() || by_database;
    let is_only_key = is_key && keys == 1;
    let made = is_only_key && !by_database && (relation.is("users") || relation.is("userSessions"));
    let must = !by_database && column.default.is_none() && (column.not_null || is_key);
    let value = match column.facts.map(|facts| facts.logical) {
        _ if made && !uuid.is_empty() => NewValue::Given(Value::text(uuid)),
        // Drizzle's rows carry this from the client (`DATABASE.md`, "Triggers in the field").
        Some("createdAt") if column.default.is_none() => NewValue::Given(Value::text(&iso(now))),
        _ => NewValue::Default,
    };
    let otherwise = match &column.default {
        _ if by_database => "made by the database".to_owned(),
        Some(default) => format!("default {default}"),
        None => "NULL".to_owned(),
    };
    let unique = relation
        .indexes
        .iter()
        .any(|index| index.unique && index.columns.iter().flatten().any(|name| *name == column.name));
    let is_copied = !is_key && !unique && !is_kept_by_the_database(column) && matches!(value, NewValue::Default);
    let about = about(column, by_database, made, is_key, unique);
    Field { column: at, name: column.name.clone(), value, must, otherwise, about, is_copied, is_only_key }
}

/// ISO 8601 with milliseconds and Z, as the bots write it.
fn iso(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn about(column: &Column, by_database: bool, made: bool, is_key: bool, unique: bool) -> String {
    let mut words = Vec::new();
    words.push(if column.declared.is_empty() { "any type".to_owned() } else { column.declared.clone() });
    if column.not_null {
        words.push("NOT NULL".to_owned());
    }
    if let Some(default) = &column.default {
        words.push(format!("default {default}"));
    }
    if made {
        words.push("UUID, made here".to_owned());
    } else if by_database {
        words.push("key, made by the database".to_owned());
    } else if is_key {
        words.push("key, given by hand".to_owned());
    } else if unique {
        words.push("unique".to_owned());
    }
    if let Some(Meaning::Enumerated(values)) = column.facts.map(|facts| facts.meaning) {
        words.push(values.iter().map(|(value, _)| *value).collect::<Vec<_>>().join(", "));
    }
    words.join(" · ")
}
