//! The shape of a database: its relations with their columns, keys, indexes and foreign keys, as plain data.
//!
//! Filled by `db` from SQLite's own tables; the catalogue's knowledge (purpose, meaning of a column) is attached by name.

#[cfg(test)]
pub(crate) mod samples;

use std::sync::Arc;

use crate::domain::{
    catalogue::{CatalogueColumn, CatalogueTable},
    name::is_same,
};

/// What a name in the schema stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// An ordinary table.
    Table,
    /// A view.
    View,
    /// A virtual table (FTS5, R-tree …).
    Virtual,
    /// SQLite's or a module's own storage (`sqlite_…`, shadow tables): hidden until asked for.
    Internal,
}

/// How a row of a relation is told from every other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// By rowid, under this alias (`rowid`, `oid`, `_rowid_` or the INTEGER PRIMARY KEY's column name).
    Rowid {
        /// The name that reaches it in SQL, unquoted.
        alias: String,
        /// The column that is the rowid itself, where there is one.
        column: Option<usize>,
    },
    /// By the primary key of a WITHOUT ROWID table: positions in [`Relation::columns`], with the collation of the key's index.
    Primary(Vec<KeyColumn>),
    /// By nothing: a view, or a virtual table without a rowid. Paged by OFFSET.
    None,
}

impl KeyKind {
    /// Whether rows have a number that grows with them, by which they can be followed.
    pub const fn can_be_followed(&self) -> bool {
        matches!(self, Self::Rowid { .. })
    }
}

/// A column of a primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyColumn {
    /// Position in [`Relation::columns`].
    pub column: usize,
    /// The collation the key's index sorts it by (`BINARY`, `NOCASE` …).
    pub collation: String,
    /// Whether the index holds it descending.
    pub descending: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its real name in the database.
    pub name: String,
    /// The declared type, as written; empty where there is none.
    pub declared: String,
    /// NOT NULL.
    pub not_null: bool,
    /// The default's SQL text.
    pub default: Option<String>,
    /// Position in the primary key from 1.
    pub primary_key: Option<u32>,
    /// A generated column.
    pub generated: bool,
    /// What the catalogue knows of it.
    pub facts: Option<&'static CatalogueColumn>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// UNIQUE.
    pub unique: bool,
    /// Partial (has a WHERE).
    pub partial: bool,
    /// `c` made by CREATE INDEX, `u` by UNIQUE, `pk` by PRIMARY KEY.
    pub origin: String,
    /// Its terms in order; `None` stands for an expression.
    pub columns: Vec<Option<String>>,
    /// Its CREATE statement, where it has one.
    pub sql: Option<String>,
}

/// A foreign key, seen from the table that declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The table that refers.
    pub from: String,
    /// The table referred to.
    pub to: String,
    /// Pairs of (column in `from`, column in `to`).
    pub columns: Vec<(String, String)>,
    /// ON DELETE action.
    pub on_delete: String,
    /// ON UPDATE action.
    pub on_update: String,
}

/// A table or a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Its real name.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// Its columns in order.
    pub columns: Vec<Column>,
    /// How its rows are told apart.
    pub key: KeyKind,
    /// The CREATE statement.
    pub sql: Option<String>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// Foreign keys it declares.
    pub references: Vec<ForeignKey>,
    /// Foreign keys of other tables that refer to it.
    pub referenced_by: Vec<ForeignKey>,
    /// CREATE statements of its triggers.
    pub triggers: Vec<String>,
    /// The catalogue's entry, where it is one of the twelve.
    pub facts: Option<&'static CatalogueTable>,
    /// Why its columns could not be read (a view over a dropped table), in words.
    pub broken: Option<String>,
}

impl Relation {
    /// Position of the column with this real, logical or physical name.
    pub fn column(&self, name: &str) -> Option<usize> {
        let exactly = self.columns.iter().position(|column| column.name == name);
        exactly.or_else(|| self.columns.iter().position(|column| is_same(&column.name, name)))
    }

    /// Whether it is the catalogue's table of this logical name.
    pub fn is(&self, logical: &str) -> bool {
        self.facts.is_some_and(|facts| facts.logical == logical)
    }
}

/// Everything the schema says.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Schema {
    /// The relations: the catalogue's in its order, then tables, views and virtual tables by name, internal ones last.
    pub relations: Vec<Arc<Relation>>,
}

impl Schema {
    /// The relation with this real, logical or physical name.
    pub fn find(&self, name: &str) -> Option<&Arc<Relation>> {
        let exactly = self.relations.iter().find(|relation| relation.name == name);
        exactly.or_else(|| self.relations.iter().find(|relation| is_same(&relation.name, name)))
    }

    /// The catalogue's table of this logical name, under whatever name it has here.
    pub fn catalogued(&self, logical: &str) -> Option<&Arc<Relation>> {
        self.relations.iter().find(|relation| relation.is(logical))
    }
}
