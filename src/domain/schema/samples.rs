//! For tests: relations in a few words. What matters to a test is said there: `Relation { key, ..table("t", &["a"]) }`.

use super::{Column, KeyKind, Relation, RelationKind};
use crate::domain::catalogue::{self, CatalogueTable};

/// A column with what the catalogue's table knows of it.
pub(crate) fn column(name: &str, declared: &str, facts: Option<&'static CatalogueTable>) -> Column {
    Column {
        name: name.to_owned(),
        declared: declared.to_owned(),
        not_null: false,
        default: None,
        primary_key: None,
        generated: false,
        facts: facts.and_then(|table| table.column(name)),
    }
}

/// A table of texts with a hidden rowid; the catalogue's, where that has one of this name.
pub(crate) fn table(name: &str, columns: &[&str]) -> Relation {
    let facts = catalogue::table(name);
    Relation {
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns: columns.iter().map(|name| column(name, "TEXT", facts)).collect(),
        key: KeyKind::Rowid { alias: "rowid".to_owned(), column: None },
        sql: None,
        indexes: Vec::new(),
        references: Vec::new(),
        referenced_by: Vec::new(),
        triggers: Vec::new(),
        facts,
        broken: None,
    }
}

/// The catalogue's table of this name with all its columns under their physical names; without columns where it has none.
pub(crate) fn catalogued(name: &str) -> Relation {
    let columns = catalogue::table(name).map_or(&[][..], |facts| facts.columns);
    table(name, &columns.iter().map(|column| column.physical).collect::<Vec<_>>())
}
