//! Whether a server's database changed, without reading a row: one SELECT of some numbers.
//!
//! It owns the signature of a database: the version of its schema, its pages, and the highest rowid of every table, each of which
//! costs the server a seek. What it cannot see is a row changed or deleted in the middle: answers from memory are trusted for
//! seconds only. A statement `PRAGMA …` counts as a write for a read-only token, the functions of the same name do not. Must not ask
//! anything itself.

use super::link::Set;
use crate::{
    db::sql::quoted,
    domain::{
        schema::{KeyKind, RelationKind, Schema},
        value::Value,
    },
};

/// At most so many tables are looked at: the catalogue's come first.
const TABLES: usize = 200;

/// How many of the numbers are the schema's, and how many come before the tables'.
const OF_SCHEMA: usize = 4;
const BEFORE_TABLES: usize = OF_SCHEMA + 2;

/// What to ask, made for one schema.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    tables: Vec<String>,
    sql: String,
}

/// What the database looked like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Signature {
    schema: Vec<Value>,
    pages: Vec<Value>,
    tops: Vec<(String, Value)>,
}

/// What is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changes {
    /// Nothing that can be seen.
    None,
    /// Rows: the names are those of tables that have another highest rowid.
    Data(Vec<String>),
    /// The schema, too.
    Schema,
}

impl Probe {
    /// The question for a database of this schema; without one, for the schema alone.
    pub(crate) fn of(schema: Option<&Schema>) -> Self {
        let mut tables = Vec::new();
        let mut sql =
            "SELECT (SELECT schema_version FROM pragma_schema_version), (SELECT count(rowid) FROM sqlite_schema), \
                       (SELECT max(rowid) FROM sqlite_schema), (SELECT sum(length(sql)) FROM sqlite_schema), \
                       (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count)"
                .to_owned();
        let relations = schema.map_or(&[][..], |schema| &schema.relations);
        for relation in relations.iter().filter(|relation| relation.kind == RelationKind::Table) {
            let KeyKind::Rowid { alias, .. } = &relation.key else { continue };
            if tables.len() == TABLES {
                break;
            }
            sql.push_str(&format!(", (SELECT max(t.{}) FROM main.{} AS t)", quoted(alias), quoted(&relation.name)));
            tables.push(relation.name.clone());
        }
        Self { tables, sql }
    }

    /// The statement: one row.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// The answer to it; `None` where it is not one.
    pub(crate) fn read(&self, set: &Set) -> Option<Signature> {
        let row = set.rows.first().filter(|row| row.len() == BEFORE_TABLES + self.tables.len())?;
        Some(Signature {
            schema: row[..OF_SCHEMA].to_vec(),
            pages: row[OF_SCHEMA..BEFORE_TABLES].to_vec(),
            tops: self.tables.iter().cloned().zip(row[BEFORE_TABLES..].iter().cloned()).collect(),
        })
    }
}

impl Signature {
    /// What is different from `older`.
    pub(crate) fn since(&self, older: &Self) -> Changes {
        if self.schema != older.schema {
            return Changes::Schema;
        }
        // Both lists are in the schema's order, but one may have been taken before the schema was known.
        let before = |name: &str| older.tops.iter().find(|(known, _)| known == name).map(|(_, top)| top);
        let moved: Vec<String> = (self.tops.iter())
            .filter(|(name, top)| before(name).is_some_and(|before| before != top))
            .map(|(name, _)| name.clone())
            .collect();
        if moved.is_empty() && self.pages == older.pages { Changes::None } else { Changes::Data(moved) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rusqlite::Connection;

    use super::*;
    use crate::db::{location::Location, session::ReadSession};

    fn look(connection: &Connection, probe: &Probe) -> Signature {
        let mut statement = connection.prepare(probe.sql()).unwrap();
        let columns = statement.column_count();
        let row = statement
            .query_row([], |row| {
                Ok((0..columns).map(|at| crate::db::connection::reader::value(row.get_ref(at).unwrap(), 99)).collect())
            })
            .unwrap();
        probe.read(&Set { rows: vec![row] }).unwrap()
    }

    #[test]
    fn rows_and_schemas_are_told_apart_and_the_tables_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE a(x); CREATE TABLE \"b \"\" c\"(id INTEGER PRIMARY KEY); CREATE TABLE k(x PRIMARY KEY) WITHOUT ROWID;
                 CREATE VIEW v AS SELECT * FROM a; CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO a VALUES (1), (2)",
            )
            .unwrap();
        let schema = ReadSession::open(&Location::File(path)).unwrap().schema().unwrap();
        let probe = Probe::of(Some(&schema));
        assert_eq!(probe.tables, ["a", "b \" c"]);
        let first = look(&connection, &probe);
        assert_eq!(look(&connection, &probe).since(&first), Changes::None);
        connection.execute_batch("INSERT INTO \"b \"\" c\" VALUES (7)").unwrap();
        let second = look(&connection, &probe);
        assert_eq!(second.since(&first), Changes::Data(vec!["b \" c".into()]));
        connection.execute_batch("DELETE FROM a WHERE x = 2").unwrap();
        let third = look(&connection, &probe);
        assert_eq!(third.since(&second), Changes::Data(vec!["a".into()]));
        connection.execute_batch("ALTER TABLE a RENAME COLUMN x TO y").unwrap();
        assert_eq!(look(&connection, &probe).since(&third), Changes::Schema, "the same length, another schema");
        let bare = look(&connection, &Probe::of(None));
        assert_eq!(look(&connection, &probe).since(&bare), Changes::None, "what was not known before is no change");
    }
}
