//! A relation as these statements see it, and the expressions that they have in common.

use crate::{
    db::{
        paging::key_columns,
        sql::{Source, literal, quoted},
    },
    domain::{
        page::RowKey,
        schema::{Index, KeyKind, Relation, RelationKind, Schema},
        value::Value,
    },
};

/// What a row's number is called where it has no other key.
const NUMBER: &str = "t.\"the number of the row\"";

/// A relation under the name `t`, with a key for every row.
pub(crate) struct Rows<'a> {
    relation: &'a Relation,
    /// What stands behind FROM.
    pub(crate) from: String,
    /// What tells a row from every other.
    pub(crate) keys: Vec<String>,
    columns: Vec<String>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(relation: &'a Relation) -> Self {
        let source = Source::of(relation);
        let numbered = relation.key == KeyKind::None;
        let keys = if numbered { vec![NUMBER.to_owned()] } else { key_columns(relation, &source) };
        let from = if numbered || !source.with.is_empty() {
            // The rows of a view have numbers only. What the relation brings before SELECT stays its own.
            let number = if numbered { ", row_number() OVER () - 1 AS \"the number of the row\"" } else { "" };
            format!("({}SELECT t.*{number} FROM {}) AS t", source.with, source.from)
        } else {
            source.from
        };
        Self { relation, from, keys, columns: source.columns }
    }

    /// The catalogue's table of this logical name; `None` where it is not there or cannot be read.
    pub(crate) fn catalogued(schema: &'a Schema, logical: &str) -> Option<Self> {
        schema.catalogued(logical).filter(|relation| relation.broken.is_none()).map(|relation| Self::of(relation))
    }

    /// The column of this logical name; `None` where it is not there.
    pub(crate) fn column(&self, logical: &str) -> Option<&str> {
        self.columns.get(self.relation.column(logical)?).map(String::as_str)
    }

    /// Whether what is stored in the column is text, a blob or nothing: numbers become text there
    /// (<https://www.sqlite.org/datatype3.html>, section 3.1).
    pub(crate) fn keeps_text(&self, logical: &str) -> bool {
        let Some(column) = self.relation.column(logical).and_then(|at| self.relation.columns.get(at)) else {
            return false;
        };
        let declared = column.declared.to_ascii_uppercase();
        !declared.contains("INT") && ["CHAR", "CLOB", "TEXT"].iter().any(|word| declared.contains(word))
    }

    /// What stands behind FROM where SQLite is to go along the rows by an index that begins with this column; `None` where there is none
    /// that has all rows in the column's own order.
    pub(crate) fn by_index(&self, logical: &str) -> Option<String> {
        if !Source::of(self.relation).is_plain || self.relation.kind != RelationKind::Table {
            return None;
        }
        let name = &self.relation.columns.get(self.relation.column(logical)?)?.name;
        let fits = |index: &&Index| {
            // A collation of its own would make it another order.
            let is_plain = index.sql.as_ref().is_none_or(|sql| !sql.to_ascii_uppercase().contains("COLLATE"));
            !index.partial && is_plain && index.columns.first().is_some_and(|first| first.as_ref() == Some(name))
        };
        let index = self.relation.indexes.iter().filter(fits).min_by_key(|index| index.columns.len())?;
        Some(format!("{} INDEXED BY {}", self.from, quoted(&index.name)))
    }

    /// As [`Self::column`], with NULL for one that is not there.
    pub(crate) fn or_null(&self, logical: &str) -> &str {
        self.column(logical).unwrap_or("NULL")
    }

    /// The condition that the column, which tells what kind of thing a row is about, says that it is a question, or nothing. The plus keeps
    /// SQLite from looking for an index of it: nearly every row has this kind.
    pub(crate) fn about_questions(&self, logical: &str) -> String {
        self.column(logical)
            .map_or_else(|| "1".to_owned(), |column| format!("coalesce(+{column}, '') IN ('question', '')"))
    }

    /// The condition that the column says one of these kinds of things; for questions as [`Self::about_questions`], else false where it is not
    /// there.
    pub(crate) fn about(&self, logical: &str, kinds: &[&str]) -> String {
        if kinds.contains(&"question") {
            return self.about_questions(logical);
        }
        let kinds: Vec<String> = kinds.iter().map(|kind| literal(&Value::text(kind))).collect();
        self.column(logical).map_or_else(|| "0".to_owned(), |column| format!("+{column} IN ({})", kinds.join(", ")))
    }

    /// The condition that the column is this text; false where it is not there. SQLite looks for no index of it.
    pub(crate) fn is(&self, logical: &str, text: &str) -> String {
        self.column(logical)
            .map_or_else(|| "0".to_owned(), |column| format!("+{column} = {}", literal(&Value::text(text))))
    }

    /// What stands between a key and the same key elsewhere: parts of a primary key may be NULL.
    pub(crate) const fn same(&self) -> &'static str {
        match self.relation.key {
            KeyKind::Primary(_) => "IS",
            KeyKind::Rowid { .. } | KeyKind::None => "=",
        }
    }

    /// The row's key out of the values of [`Self::keys`].
    pub(crate) fn key(&self, values: Vec<Value>) -> Option<RowKey> {
        let number = values.first().and_then(Value::as_integer);
        match &self.relation.key {
            KeyKind::Primary(_) => Some(RowKey::Primary(values)),
            KeyKind::Rowid { .. } => number.map(RowKey::Rowid),
            KeyKind::None => number.and_then(|number| u64::try_from(number).ok()).map(RowKey::Ordinal),
        }
    }
}

/// The time that a column names, as text that sorts as times do, to the millisecond, whichever of the two stored forms it has; `other` for
/// what SQLite does not read as a time (<https://www.sqlite.org/lang_datefunc.html>).
pub(crate) fn instant(column: &str, other: &str) -> String {
    format!("coalesce(strftime('%Y-%m-%d %H:%M:%f', {column}), '{other}')")
}

/// How long the text of [`instant`] is.
pub(crate) const TIME: usize = "2026-01-29 08:03:07.588".len();

/// What sorts before every time, as long as one.
pub(crate) const BEFORE_ALL: &str = "0000-00-00 00:00:00.000";

/// What sorts behind every time.
pub(crate) const BEHIND_ALL: &str = "~";

/// The first bytes of a cell, as bytes.
pub(crate) fn head(column: &str, bytes: usize) -> String {
    format!("substr(CAST({column} AS BLOB), 1, {bytes})")
}

/// A value as text for people; `None` where it is NULL.
pub(crate) fn words(value: Option<&Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => None,
        Some(Value::Blob(bytes)) => Some(String::from_utf8_lossy(bytes.head()).into_owned()),
        Some(other) => Some(other.to_plain().into_owned()),
    }
}
