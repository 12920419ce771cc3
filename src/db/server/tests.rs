//! The same data read from a file and by the scripts for servers, run here through SQLite with the protocol's limits.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, types::ValueRef};

use super::{counts, known::Known, link::Set, page, record, schema, script::Script, session::Ask};
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
CREATE INDEX by_score ON questions(score DESC);
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
  (5, 4.9406564584124654e-324, 'b'), (6, 1.7976931348623157e308, CAST(x'00' AS TEXT)), (7, '', x''), (8, 'ä', 5);
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
}

impl Local {
    fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("a.db")).unwrap();
        connection.execute_batch(sql).unwrap();
        Self { folder, connection }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.db")
    }

    fn ask(&mut self, script: &Script) -> Result<Vec<Set>> {
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

    /// Whole rows and cells by key and by its text.
    fn records(&mut self, relation: &Arc<Relation>) {
        let page = self.page(relation, &[], PageAt::First, 40).unwrap();
        let mut keys: Vec<RowKey> = page.rows.iter().map(|row| row.key.clone()).collect();
        keys.extend([RowKey::Rowid(12_345), RowKey::Ordinal(77), RowKey::Primary(vec![Value::Null])]);
        for key in &keys {
            let there = record::read(&mut *self.ask, &self.known, relation, key).unwrap();
            assert_eq!(there, self.file.record(relation, key).unwrap(), "{} {key:?}", relation.name);
            for column in [0, 1, 99] {
                let there = record::cell(&mut *self.ask, &self.known, relation, key, column).unwrap();
                assert_eq!(there, self.file.cell(relation, key, column).unwrap(), "{} {key:?} {column}", relation.name);
            }
        }
        for text in ["1", "2", " 3", "q-007", "AX, 54", "ax,54", "ax", "0", "", "x'00'", "00000000"] {
            let there = record::find(&mut *self.ask, &self.known, relation, text).unwrap();
            assert_eq!(there, self.file.find(relation, text).unwrap(), "{} {text}", relation.name);
        }
    }

    fn questions(&mut self) {
        let schema = self.schema();
        for id in ["q-007", "q-008", "q-000", "nothing", ""] {
            let there = record::question(&mut *self.ask, &self.known, &schema, id).unwrap();
            assert_eq!(there, self.file.question(id).unwrap(), "{id}");
        }
    }

    fn counts(&mut self) {
        let schema = self.schema();
        let relations: Vec<&Relation> = schema.relations.iter().map(|relation| &**relation).collect();
        let there = counts::read(&mut *self.ask, &relations).unwrap();
        for (relation, count) in relations.into_iter().zip(there) {
            assert_eq!(count.ok(), self.file.count(relation).ok(), "{}", relation.name);
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
            if relation.columns.len() > 100 {
                // Statements of half a megabyte: a few say it all.
                let page = self.page(relation, &sorts[1], PageAt::First, 2).unwrap();
                self.page(relation, &sorts[1], PageAt::After(page.last.unwrap()), 2);
                self.page(relation, &[], PageAt::Key(RowKey::Rowid(2)), 2);
                continue;
            }
            for (sort, limit) in sorts.iter().zip([7, 2, 50].into_iter().cycle()) {
                self.walk(relation, sort, limit);
            }
            self.records(relation);
        }
    }
}

#[test]
fn a_server_gives_what_a_file_gives() {
    let mut local = Local::new(&format!("{DATA}{}", many_columns()));
    let path = local.path();
    let mut both = Both::new(&path, |script| local.ask(script));
    both.everything();
    both.questions();
    both.counts();
}

#[test]
fn a_broken_view_and_questions_that_are_a_view() {
    let mut local = Local::new(
        "CREATE TABLE q(key INTEGER PRIMARY KEY, id, question);
         INSERT INTO q VALUES (1, 'b', 'B'), (2, 'A', 'big'), (3, 'a', 'small'), (4, 5, 'number');
         CREATE VIEW questions AS SELECT id, question FROM q;
         CREATE VIEW broken AS SELECT gone FROM q;
         CREATE VIEW worse AS SELECT * FROM gone;
         CREATE VIEW whole AS SELECT 1 AS one;",
    );
    let path = local.path();
    let mut both = Both::new(&path, |script| local.ask(script));
    let schema = both.file.schema().unwrap();
    let there = schema::read(&mut *both.ask, &both.known).unwrap();
    for (there, here) in there.relations.iter().zip(&schema.relations) {
        assert_eq!(there.broken.is_some(), here.broken.is_some(), "{}", here.name);
        assert_eq!((&there.name, &there.columns, &there.key), (&here.name, &here.columns, &here.key));
    }
    for id in ["a", "A", "b", "5", "c"] {
        let there = record::question(&mut *both.ask, &both.known, &schema, id).unwrap();
        assert_eq!(there, both.file.question(id).unwrap(), "{id}");
    }
}

/// A server that sends few bytes at once.
fn narrow(connection: &Connection, script: &Script, most: usize) -> Result<Vec<Set>> {
    let sets: Vec<Set> = script.statements().iter().map(|sql| run(connection, sql)).collect::<Result<_>>()?;
    let size = |value: &Value| match value {
        Value::Text(bytes) | Value::Blob(bytes) => bytes.head().len(),
        _ => 8,
    };
    let bytes: usize = sets.iter().flat_map(|set| &set.rows).flatten().map(size).sum();
    let error =
        || Error::new(ErrorKind::TooLarge, "the answer is larger than the server sends at once", "ask for less");
    if bytes > most { Err(error()) } else { Ok(sets) }
}

#[test]
fn what_is_too_large_for_an_answer_comes_in_smaller_ones() {
    let local = Local::new(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
         INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
           SELECT i, replace(hex(zeroblob(600)), '00', 'ä') FROM n;
         CREATE TABLE big(id INTEGER PRIMARY KEY, t TEXT, b BLOB, r REAL);
         INSERT INTO big VALUES (1, replace(hex(zeroblob(4500000)), '00', 'x'), zeroblob(5000000), 9e999), (2, '', x'', 1.5)",
    );
    let (path, mut trips) = (local.path(), 0);
    let connection = &local.connection;
    let known = Known::default();
    let mut file = FileSession::open(&path).unwrap();
    let schema = file.schema().unwrap();
    let query = |at| PageQuery { relation: Arc::clone(schema.find("t").unwrap()), sort: Vec::new(), at, limit: 40 };
    let mut ask = |script: &Script| {
        trips += 1;
        narrow(connection, script, 25_000)
    };
    let mut ids = Vec::new();
    let mut page = page::read(&mut ask, &known, &query(PageAt::Last)).unwrap();
    assert!((1..40).contains(&page.rows.len()) && page.at_end, "{}", page.rows.len());
    loop {
        ids.extend(page.rows.iter().rev().map(|row| row.key.clone()));
        if page.at_start {
            break;
        }
        page = page::read(&mut ask, &known, &query(PageAt::Before(page.first.unwrap()))).unwrap();
    }
    assert_eq!(ids, (1..=60).rev().map(RowKey::Rowid).collect::<Vec<_>>());
    // Only the first page had to learn it.
    assert!(trips < 8, "{trips}");
    let t = schema.find("t").unwrap();
    let keys: Vec<String> =
        ["60", "none", "61"].into_iter().map(str::to_owned).chain((1..60).map(|id| id.to_string())).collect();
    let here: Vec<_> = keys.iter().map(|key| file.find(t, key).unwrap()).collect();
    assert_eq!((here.iter().flatten().count(), here[1].is_none()), (60, true));
    for most in [25_000, 1_000_000] {
        let mut trips = 0;
        let mut ask = |script: &Script| {
            trips += 1;
            narrow(connection, script, most)
        };
        assert!(record::find_all(&mut ask, &known, t, &keys).unwrap() == here, "{most}");
        // Two halves of halves where they do not fit; else one.
        assert!(trips == 1 || most == 25_000 && trips < 16, "{trips}");
    }
    let mut ask = |script: &Script| narrow(connection, script, 4_100_000);
    let big = schema.find("big").unwrap();
    let there = record::read(&mut ask, &known, big, &RowKey::Rowid(1)).unwrap();
    assert!(there == file.record(big, &RowKey::Rowid(1)).unwrap() && there.is_some());
    let mut nothing = |script: &Script| narrow(connection, script, 23);
    let there = record::read(&mut nothing, &known, big, &RowKey::Rowid(2)).unwrap();
    assert_eq!(there, file.record(big, &RowKey::Rowid(2)).unwrap());
    let there = record::cell(&mut ask, &known, big, &RowKey::Rowid(1), 2).unwrap();
    assert!(there == file.cell(big, &RowKey::Rowid(1), 2).unwrap());
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
