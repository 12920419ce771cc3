//! The same data read from a file and by the scripts for servers, run here through SQLite with the protocol's limits.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, types::ValueRef};

use super::{known::Known, link::Set, page, schema, script::Script, session::Ask};
use crate::{
    db::{
        connection::reader,
        error::{Error, ErrorKind, Result},
        session::file::FileSession,
    },
    domain::{
        page::{Anchor, Direction, Page, PageAt, PageQuery, RowKey, SortKey},
        schema::{Relation, Schema},
        value::Value,
    },
};

/// What is hard: NULLs and ties, classes mixed, keys of several columns, values that JSON does not carry, odd names, many columns.
const DATA: &str = r#"
CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, channel TEXT, score INTEGER, ratio REAL, body TEXT);
INSERT INTO questions WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 89)
  SELECT printf('q-%03d', i * 7 % 90), 'Question ' || i, CASE WHEN i % 4 = 0 THEN NULL ELSE 'c' || (i % 3) END,
    CASE WHEN i % 5 = 0 THEN NULL ELSE i % 7 END, i / 3.0, substr(replace(hex(zeroblob(700)), '00', 'aé'), 1, (i % 7) * 333) FROM n;
CREATE INDEX by_channel ON questions(channel);
CREATE TABLE channel_mappings(id INTEGER PRIMARY KEY AUTOINCREMENT, channel_id TEXT, sub_channel TEXT, question_id TEXT REFERENCES questions(id));
INSERT INTO channel_mappings(channel_id, sub_channel, question_id) VALUES ('b', 'x', 'q-007'), ('a', NULL, 'q-007'), ('a', 'y', 'q-008');
CREATE TABLE mixed(a, b BLOB, n NUMERIC, t TEXT COLLATE NOCASE);
INSERT INTO mixed VALUES (1, '1', '1', 'a'), (NULL, NULL, NULL, NULL), ('1', 1, 1.5, 'A'), (x'31', x'31', 'x', 'b'), (1.0, 2, 9223372036854775807, 'B'),
  (0.1, '', -9223372036854775808, ''), (0.30000000000000004, 'it''s', 0.1, 'a'), (CAST(x'610062' AS TEXT), x'00', 3, 'ab'), (NULL, 5, 5, NULL), (-0.0, 0, 0, '0');
DELETE FROM mixed WHERE 0;
CREATE TABLE wide_ids(id INTEGER PRIMARY KEY, v);
INSERT INTO wide_ids VALUES (-9223372036854775808, 1), (-5, 2), (0, 3), (7, NULL), (1000000, 1), (9223372036854775807, 2);
CREATE TABLE pairs(a TEXT, b INTEGER, v, PRIMARY KEY (a COLLATE NOCASE, b DESC)) WITHOUT ROWID;
INSERT INTO pairs WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59) SELECT char(65 + i % 6) || 'x', i, i % 4 FROM n;
CREATE TABLE words(w TEXT PRIMARY KEY, n) WITHOUT ROWID;
INSERT INTO words WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 69) SELECT printf('%08x', i * 61234567 % 4294967295), CASE WHEN i % 3 THEN i % 5 END FROM n;
CREATE TABLE empty(id INTEGER PRIMARY KEY, v);
CREATE TABLE "odd ""name'; --?"("a ""b" TEXT, "select" INT, "?" REAL, a);
INSERT INTO "odd ""name'; --?" VALUES ('x', 1, 2.5, 'k'), ('y', 2, NULL, 'l'), ('x', 3, 1e-300, NULL);
CREATE TABLE strange(id INTEGER PRIMARY KEY, v, w);
INSERT INTO strange VALUES (1, 9e999, 'a'), (2, -9e999, CAST(x'61ff62' AS TEXT)), (3, 1.5, zeroblob(3000)), (4, CAST(zeroblob(2000) || x'ff' AS TEXT), NULL),
  (5, 4.9406564584124654e-324, 'b'), (6, 1.7976931348623157e308, CAST(x'00' AS TEXT));
CREATE TABLE lengths(id INTEGER PRIMARY KEY, t TEXT, b BLOB);
INSERT INTO lengths WITH RECURSIVE n(i) AS (SELECT 1018 UNION ALL SELECT i + 1 FROM n WHERE i < 1032)
  SELECT i, replace(hex(zeroblob(i - 1010)), '00', 'x') || replace(hex(zeroblob(300)), '00', '😀'), zeroblob(i) FROM n;
CREATE VIEW channels AS SELECT channel, count(*) AS n, max(body) AS body FROM questions GROUP BY channel;
CREATE VIEW no_rows AS SELECT * FROM empty;
CREATE VIRTUAL TABLE search USING fts5(title, body);
INSERT INTO search VALUES ('one', 'first'), ('two', 'second'), ('three', 'third');
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
INSERT INTO boxes VALUES (1, 0.5, 1.5), (4, 2, 3), (9, -1, 0);
CREATE TRIGGER touched AFTER UPDATE ON questions BEGIN SELECT 1; END;
"#;

fn many_columns() -> String {
    let columns: Vec<String> = (0..1990).map(|at| format!("c{at}")).collect();
    let values = |add: usize| (0..1990).map(|at| (at + add).to_string()).collect::<Vec<_>>().join(", ");
    format!(
        "CREATE TABLE many({}); INSERT INTO many VALUES ({}), ({}), ({});",
        columns.join(", "),
        values(0),
        values(5),
        values(3)
    )
}

struct Local {
    folder: tempfile::TempDir,
    connection: Connection,
    trips: usize,
}

impl Local {
    fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("a.db")).unwrap();
        connection.execute_batch(sql).unwrap();
        Self { folder, connection, trips: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.db")
    }

    fn ask(&mut self, script: &Script) -> Result<Vec<Set>> {
        self.trips += 1;
        script.statements().iter().map(|sql| run(&self.connection, sql)).collect()
    }
}

/// One statement, with the limits of the protocol.
fn run(connection: &Connection, sql: &str) -> Result<Set> {
    let refused = |error: rusqlite::Error| Error::new(ErrorKind::Sql, format!("{error} in {sql:.600}"), "");
    let mut statement = connection.prepare(sql).map_err(refused)?;
    assert!(statement.readonly(), "{sql}");
    let count = statement.column_count();
    let mut rows = statement.query([]).map_err(refused)?;
    let mut set = Set::default();
    while let Some(row) = rows.next().map_err(refused)? {
        let mut values = Vec::new();
        for at in 0..count {
            let value = row.get_ref(at).unwrap();
            let lost = match value {
                ValueRef::Real(number) => number.is_infinite(),
                ValueRef::Text(bytes) => std::str::from_utf8(bytes).is_err(),
                _ => false,
            };
            if lost {
                return Err(super::words::undecodable());
            }
            values.push(reader::value(value, usize::MAX));
        }
        set.rows.push(values);
    }
    Ok(set)
}

/// Both readers of one database.
struct Both<'a> {
    file: FileSession,
    known: Known,
    ask: Box<Ask<'a>>,
}

impl<'a> Both<'a> {
    fn new(path: &Path, ask: impl FnMut(&Script) -> Result<Vec<Set>> + 'a) -> Self {
        Self { file: FileSession::open(path).unwrap(), known: Known::default(), ask: Box::new(ask) }
    }

    fn schema(&mut self) -> Schema {
        let there = (*schema::read(&mut *self.ask, &self.known).unwrap()).clone();
        let here = self.file.schema().unwrap();
        for (there, here) in there.relations.iter().zip(&here.relations) {
            assert_eq!(**there, **here, "{}", here.name);
        }
        assert_eq!(there, here);
        there
    }

    fn page(&mut self, relation: &Arc<Relation>, sort: &[SortKey], at: PageAt, limit: usize) -> Option<Page> {
        let query = PageQuery { relation: Arc::clone(relation), sort: sort.to_vec(), at, limit };
        let there = page::read(&mut *self.ask, &self.known, &query);
        let here = self.file.page(&query).map(|page| Page { rows_read: 0, ..page });
        match (there, here) {
            (Ok(there), Ok(here)) => {
                assert_eq!(there, here, "{} {:?} {:?} {limit}", relation.name, query.sort, query.at);
                Some(there)
            }
            (there, here) => {
                let same =
                    there.as_ref().err().map(|e| (e.kind, &e.what)) == here.as_ref().err().map(|e| (e.kind, &e.what));
                assert!(same, "{} {:?} {:?}: {there:?} {here:?}", relation.name, query.sort, query.at);
                None
            }
        }
    }

    /// Every page of a relation in an order, forwards, backwards and into the middle.
    fn walk(&mut self, relation: &Arc<Relation>, sort: &[SortKey], limit: usize) {
        let mut anchors: Vec<Anchor> = Vec::new();
        let mut page = self.page(relation, sort, PageAt::First, limit).unwrap();
        let mut keys: Vec<RowKey> = Vec::new();
        while let Some(last) = page.last.clone() {
            keys.extend(page.rows.iter().map(|row| row.key.clone()));
            anchors.extend(page.first.clone());
            anchors.push(last.clone());
            if page.at_end {
                break;
            }
            page = self.page(relation, sort, PageAt::After(last), limit).unwrap();
        }
        page = self.page(relation, sort, PageAt::Last, limit).unwrap();
        while let (Some(first), false) = (page.first.clone(), page.at_start) {
            page = self.page(relation, sort, PageAt::Before(first), limit).unwrap();
        }
        for anchor in anchors {
            for at in [PageAt::From(anchor.clone()), PageAt::After(anchor.clone()), PageAt::Before(anchor.clone())] {
                self.page(relation, sort, at, limit);
            }
        }
        for key in keys.iter().step_by(keys.len() / 7 + 1) {
            self.page(relation, sort, PageAt::Key(key.clone()), limit);
        }
        for key in
            [RowKey::Rowid(3), RowKey::Rowid(i64::MIN), RowKey::Ordinal(1), RowKey::Primary(vec![Value::text("zz")])]
        {
            self.page(relation, sort, PageAt::Key(key), limit);
        }
        for text in
            ["", "1", "5", "q-007", "q-0075", "zzz", "-3", "bX, 20", "bx", "nothing", "it's", "99999999999999999999"]
        {
            self.page(relation, sort, PageAt::KeyText(text.to_owned()), limit);
        }
        for percent in [-1.0, 0.0, 0.01, 12.5, 33.3, 50.0, 77.7, 95.0, 99.9, 100.0] {
            self.page(relation, sort, PageAt::Percent(percent), limit);
        }
    }

    fn everything(&mut self) {
        let schema = self.schema();
        for relation in schema.relations.iter().filter(|relation| relation.broken.is_none()) {
            let mut sorts: Vec<Vec<SortKey>> = vec![Vec::new()];
            let columns = relation.columns.len().min(6);
            let both = [Direction::Ascending, Direction::Descending];
            for column in 0..columns {
                sorts.extend(both.map(|direction| vec![SortKey { column, direction }]));
            }
            for (column, direction) in (1..columns).zip(both.into_iter().cycle()) {
                sorts.push(vec![
                    SortKey { column, direction },
                    SortKey { column: column - 1, direction: direction.reversed() },
                ]);
            }
            let few = relation.columns.len() > 100;
            for sort in sorts.iter().take(if few { 3 } else { usize::MAX }) {
                for limit in if few { &[2_usize][..] } else { &[2, 7, 50] } {
                    self.walk(relation, sort, *limit);
                }
            }
        }
    }
}

#[test]
fn a_server_gives_what_a_file_gives() {
    let mut local = Local::new(&format!("{DATA}{}", many_columns()));
    let path = local.path();
    Both::new(&path, |script| local.ask(script)).everything();
}

/// For trying statements on a real server by hand: `REELSCOPE_TRY_SERVER=http://… REELSCOPE_TRY_FILE=…/dbs/default/data`.
#[test]
fn a_real_server_gives_what_its_file_gives() {
    let (Ok(url), Ok(file)) = (std::env::var("REELSCOPE_TRY_SERVER"), std::env::var("REELSCOPE_TRY_FILE")) else {
        return;
    };
    let crate::db::location::Location::Server(server) = crate::db::location::Location::parse(&url).unwrap() else {
        return;
    };
    let link = server.link().unwrap().clone();
    let canceller = crate::db::connection::Canceller::default();
    Both::new(Path::new(&file), move |script| link.batch(script, &canceller)).everything();
}
