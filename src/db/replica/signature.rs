//! A cheap picture of a database, to tell whether a copy is still one of this server's: the schema, and the largest rowid of each table.
//!
//! A sync that says Ok is no proof: a server that was wiped has nothing new to send, and the old rows stay. The pictures of both sides
//! are compared; but the server moves on meanwhile, so only what a sync in between does not mend counts ([`judge`]). Reads a few pages
//! of the copy and costs one request.

use std::path::Path;

use crate::{
    db::{
        connection::{Canceller, Opened},
        error::{Result, translate},
        server::{link::Set, script::Script},
        sql::quoted,
    },
    domain::value::Value,
};

/// What the schema comes down to: objects, bytes of their SQL, and the sum of where they begin. A copy has the pages of its
/// server, so these are the same to the number.
const SCHEMA: &str = "SELECT count(*), total(length(sql)), total(rootpage) FROM sqlite_schema";

/// The tables that are looked at: those with rowids that can be had from the end of their tree.
const TABLES: &str = "SELECT name FROM pragma_table_list AS l WHERE schema = 'main' AND type = 'table' AND wr = 0 \
     AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
     AND NOT EXISTS (SELECT 1 FROM pragma_table_info(l.name) WHERE lower(name) = 'rowid') ORDER BY name LIMIT 64";

/// A picture of a database.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Signature {
    schema: [i64; 3],
    /// The largest rowid of each of the tables that were looked at; `None` in an empty one.
    last: Vec<(String, Option<i64>)>,
}

/// What the picture of the server's is against that of the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Against {
    /// Nothing differs.
    Same,
    /// There may be more rows: the server moved on.
    Ahead,
    /// Another schema, or fewer rows.
    Other,
}

impl Signature {
    /// Takes the copy's.
    ///
    /// # Errors
    ///
    /// Those of opening and reading a file: a damaged one shows here.
    pub(super) fn of_file(path: &Path) -> Result<Self> {
        let words = |error: rusqlite::Error| translate(&error, path);
        let opened = Opened::open(path, &Canceller::default())?;
        // One state of the database for all of it.
        let all = opened.connection.unchecked_transaction().map_err(words)?;
        let schema = all
            .query_row(SCHEMA, [], |row| {
                Ok([row.get::<_, i64>(0)?, row.get::<_, f64>(1)? as i64, row.get::<_, f64>(2)? as i64])
            })
            .map_err(words)?;
        let mut tables = all.prepare(TABLES).map_err(words)?;
        let names = tables.query_map([], |row| row.get::<_, String>(0)).map_err(words)?;
        // A name that is no UTF-8 cannot be asked for.
        let names: Vec<String> = names.flatten().collect();
        let mut last = Vec::with_capacity(names.len());
        for name in names {
            let row = all.query_row(&last_of(&name), [], |row| row.get::<_, Option<i64>>(0)).map_err(words)?;
            last.push((name, row));
        }
        Ok(Self { schema, last })
    }

    /// What to ask the server for the same tables.
    pub(super) fn script(&self) -> Result<Script> {
        let mut script = Script::default();
        script.select(SCHEMA)?;
        self.last.iter().try_for_each(|(name, _)| script.select(last_of(name)))?;
        Ok(script)
    }

    /// The server's picture out of its answer; `None` where that is none.
    pub(super) fn answered(&self, sets: &[Set]) -> Option<Self> {
        let (schema, rest) = sets.split_first()?;
        let [row] = &schema.rows[..] else { return None };
        let number = |value: &Value| match value {
            Value::Integer(number) => Some(*number),
            Value::Real(number) => Some(*number as i64),
            _ => None,
        };
        let schema = <[i64; 3]>::try_from(row.iter().map(number).collect::<Option<Vec<_>>>()?).ok()?;
        let last = self.last.iter().zip(rest).map(|((name, _), set)| {
            let value = set.rows.first()?.first()?;
            Some((name.clone(), number(value)))
        });
        let last = last.collect::<Option<Vec<_>>>()?;
        (last.len() == self.last.len()).then_some(Self { schema, last })
    }

    /// The server's against the copy's.
    pub(super) fn against(&self, copy: &Self) -> Against {
        if self == copy {
            return Against::Same;
        }
        let grown = || self.last.iter().zip(&copy.last).all(|((_, server), (_, copy))| server >= copy);
        if self.schema == copy.schema && grown() { Against::Ahead } else { Against::Other }
    }
}

fn last_of(table: &str) -> String {
    format!("SELECT max(rowid) FROM main.{}", quoted(table))
}

/// A comparison that did not agree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Doubt {
    against: Against,
    copy: Signature,
}

/// What comparisons come down to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Judgement {
    /// The copy is one of this server's.
    Fine,
    /// Sync, and compare again.
    Doubtful(Doubt),
    /// Syncing does not mend it: the server's database is another one.
    Another,
}

/// Judges a comparison by the one before it, if that left a doubt; a sync that said Ok lies between them.
pub(super) fn judge(before: Option<&Doubt>, against: Against, copy: Signature) -> Judgement {
    match (before, against) {
        (_, Against::Same) => Judgement::Fine,
        (Some(Doubt { against: Against::Other, .. }), Against::Other) => Judgement::Another,
        // The server has more, and syncing brings nothing of it.
        (Some(before), _) if before.copy == copy => Judgement::Another,
        // It is hard to catch up with a server that is written to all the time.
        (Some(_), Against::Ahead) => Judgement::Fine,
        (_, against) => Judgement::Doubtful(Doubt { against, copy }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rusqlite::Connection;

    use super::*;

    fn of(sql: &str) -> Signature {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        Signature::of_file(&path).unwrap()
    }

    const TABLES: &str = "CREATE TABLE a (x); CREATE TABLE \"b \"\"c\" (id INTEGER PRIMARY KEY AUTOINCREMENT, y);
        CREATE TABLE keyed (k PRIMARY KEY) WITHOUT ROWID; CREATE TABLE odd (rowid); CREATE VIEW v AS SELECT * FROM a;
        CREATE VIRTUAL TABLE f USING fts5(t); INSERT INTO a VALUES (1), (2); INSERT INTO keyed VALUES (7);";

    #[test]
    fn a_picture_has_the_tables_whose_last_row_is_cheap() {
        let picture = of(TABLES);
        // The shadow tables of the index are tables of their own kind.
        assert_eq!(picture.last, [("a".to_owned(), Some(2)), ("b \"c".to_owned(), None)]);
        assert_eq!(picture.schema[0], 12);
    }

    #[test]
    fn what_a_server_may_do_meanwhile_is_told_from_another_server() {
        let copy = of(TABLES);
        assert_eq!(of(TABLES).against(&copy), Against::Same);
        let more = of(&format!("{TABLES} INSERT INTO a VALUES (3); INSERT INTO \"b \"\"c\" VALUES (1, 1)"));
        assert_eq!(more.against(&copy), Against::Ahead);
        assert_eq!(copy.against(&more), Against::Other, "fewer rows");
        assert_eq!(of("").against(&copy), Against::Other);
        assert_eq!(of("").against(&of("")), Against::Same);
        assert_eq!(of(&format!("{TABLES} CREATE TABLE late (x)")).against(&copy), Against::Other);
    }

    #[test]
    fn the_answer_of_a_server_is_read_as_the_file_is() {
        let copy = of(TABLES);
        let number = |number| Set { rows: vec![vec![Value::Integer(number)]] };
        let [count, bytes, begin] = copy.schema;
        let schema =
            Set { rows: vec![vec![Value::Integer(count), Value::Real(bytes as f64), Value::Real(begin as f64)]] };
        let empty = Set { rows: vec![vec![Value::Null]] };
        assert_eq!(copy.answered(&[schema.clone(), number(2), empty.clone()]), Some(copy.clone()));
        assert_ne!(copy.answered(&[schema.clone(), number(3), empty]), Some(copy.clone()));
        assert_eq!(copy.answered(&[schema, number(2)]), None, "cut off");
        assert_eq!(copy.script().unwrap().statements().len(), 3);
    }

    #[test]
    fn only_what_a_sync_does_not_mend_is_another_database() {
        let copy = of(TABLES);
        let later = of(&format!("{TABLES} INSERT INTO a VALUES (3)"));
        assert_eq!(judge(None, Against::Same, copy.clone()), Judgement::Fine);
        let doubt = |against| match judge(None, against, copy.clone()) {
            Judgement::Doubtful(doubt) => doubt,
            other => unreachable!("{other:?}"),
        };
        let (ahead, other) = (doubt(Against::Ahead), doubt(Against::Other));
        assert_eq!(judge(Some(&other), Against::Same, later.clone()), Judgement::Fine);
        assert_eq!(judge(Some(&other), Against::Other, copy.clone()), Judgement::Another);
        assert_eq!(judge(Some(&ahead), Against::Ahead, copy.clone()), Judgement::Another, "nothing comes");
        assert_eq!(judge(Some(&ahead), Against::Ahead, later.clone()), Judgement::Fine, "it comes, but late");
        assert!(matches!(judge(Some(&ahead), Against::Other, later), Judgement::Doubtful(_)));
    }
}
