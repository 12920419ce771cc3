//! Schemas that nobody would make on purpose: names, sizes, views that fail, virtual tables, both names of the catalogue.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use reelscope::{
    db::{error::ErrorKind, location::Location, session::ReadSession},
    domain::{
        page::{Direction, Page, PageAt, PageQuery, RowKey, SortKey},
        schema::{KeyKind, Relation, RelationKind},
        value::Value,
    },
};
use rusqlite::Connection;
use tempfile::TempDir;

fn made(sql: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

fn open(path: &Path) -> ReadSession {
    ReadSession::open(&Location::File(path.to_owned())).unwrap()
}

fn find(session: &mut ReadSession, name: &str) -> Arc<Relation> {
    Arc::clone(session.schema().unwrap().find(name).unwrap())
}

fn page(session: &mut ReadSession, relation: &Arc<Relation>, sort: Option<usize>, at: PageAt) -> Page {
    let sort = sort.into_iter().map(|column| SortKey { column, direction: Direction::Descending }).collect();
    session.page(&PageQuery { relation: Arc::clone(relation), sort, at, limit: 10 }).unwrap()
}

fn words(row: &[Value]) -> Vec<String> {
    row.iter().map(|value| value.to_plain().into_owned()).collect()
}

#[test]
fn two_thousand_columns() {
    let columns: Vec<String> = (0..2000).map(|at| format!("c{at}")).collect();
    let values = |row: usize| (0..2000).map(|at| (row * 10_000 + at).to_string()).collect::<Vec<_>>().join(", ");
    for (end, alone) in [("", ""), (" WITHOUT ROWID", ", PRIMARY KEY(c1999, c0)")] {
        let mut sql = format!("CREATE TABLE wide({}{alone}){end}; CREATE INDEX i ON wide(c1998);", columns.join(", "));
        for row in 0..30 {
            sql += &format!("INSERT INTO wide VALUES({});", values(row));
        }
        sql += "CREATE VIEW narrow AS SELECT c0, c1999, * FROM (SELECT c1, c2 FROM wide), (SELECT c0, c1999 FROM wide LIMIT 1);";
        let (_folder, path) = made(&sql);
        let mut session = open(&path);
        let relation = find(&mut session, "wide");
        assert_eq!(relation.columns.len(), 2000);
        let first = page(&mut session, &relation, Some(1998), PageAt::First);
        assert_eq!(first.rows[0].cells.len(), 2000);
        assert_eq!(first.rows[0].cells[1999], Value::Integer(29 * 10_000 + 1999));
        assert!(first.rows_read <= 40, "{}", first.rows_read);
        let next = page(&mut session, &relation, Some(1998), PageAt::After(first.last.unwrap()));
        assert_eq!(next.rows[9].cells[1950], Value::Integer(10 * 10_000 + 1950));
        let record = session.record(&relation, &next.rows[9].key).unwrap().unwrap();
        assert_eq!(record.cells[..], next.rows[9].cells[..]);
        let view = find(&mut session, "narrow");
        assert_eq!(page(&mut session, &view, Some(0), PageAt::Last).rows.len(), 10);
    }
}

#[test]
fn names_that_are_not_utf_8() {
    let (_folder, path) = made(
        "CREATE TABLE fine(a, \"cXYZd\" INTEGER, e); CREATE INDEX i ON fine(a);
         INSERT INTO fine VALUES (1, 10, 'one'), (2, 20, 'two'), (3, 30, 'three');
         CREATE TABLE \"tXYZ\"(a); CREATE TABLE keyed(\"kXYZ\" TEXT PRIMARY KEY, v) WITHOUT ROWID;
         INSERT INTO keyed VALUES ('x', 1), ('y', 2);",
    );
    let mut bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() - 3 {
        if &bytes[at..at + 3] == b"XYZ" {
            bytes[at..at + 3].copy_from_slice(b"\xff\xfe\x80");
        }
    }
    fs::write(&path, &bytes).unwrap();
    let mut session = open(&path);
    let fine = find(&mut session, "fine");
    assert_eq!(fine.columns[1].name, "c\u{fffd}\u{fffd}\u{fffd}d");
    for sort in [None, Some(0), Some(1), Some(2)] {
        let first = page(&mut session, &fine, sort, PageAt::First);
        assert_eq!(first.rows.len(), 3);
        let after = page(&mut session, &fine, sort, PageAt::After(first.first.unwrap()));
        assert_eq!(after.rows[..], first.rows[1..]);
    }
    assert_eq!(session.count(&fine).unwrap(), 3);
    assert_eq!(session.cell(&fine, &RowKey::Rowid(2), 1).unwrap(), Some(Value::Integer(20)));
    let keyed = find(&mut session, "keyed");
    let first = page(&mut session, &keyed, None, PageAt::First);
    assert_eq!(page(&mut session, &keyed, Some(1), PageAt::Key(first.rows[0].key.clone())).rows.len(), 1);
    // A table that no statement can name is shown as one that cannot be read.
    let odd = find(&mut session, "t\u{fffd}\u{fffd}\u{fffd}");
    let query = PageQuery { relation: odd, sort: Vec::new(), at: PageAt::First, limit: 10 };
    assert!(session.page(&query).is_err());
}

#[test]
fn a_view_that_fails_leaves_the_rest() {
    let (_folder, path) = made(
        "CREATE TABLE t(a); INSERT INTO t VALUES (1); CREATE TABLE gone(a);
         CREATE VIEW broken AS SELECT a FROM gone; CREATE VIEW over_broken AS SELECT * FROM broken;
         CREATE VIEW late AS SELECT abs(-9223372036854775807 - a) AS x FROM t;
         CREATE VIEW double AS SELECT a, a, a AS \"a\", 1 AS \"\", \"text in double quotes\" FROM t;",
    );
    Connection::open(&path).unwrap().execute_batch("PRAGMA legacy_alter_table=1; DROP TABLE gone").unwrap();
    let mut session = open(&path);
    for name in ["broken", "over_broken"] {
        let view = find(&mut session, name);
        let why = view.broken.clone().unwrap();
        assert!(why.contains("gone"), "{why}");
        let error =
            session.page(&PageQuery { relation: Arc::clone(&view), sort: Vec::new(), at: PageAt::First, limit: 5 });
        let error = error.unwrap_err();
        assert!(error.what.contains(name) && !error.remedy.is_empty(), "{error:?}");
        assert!(session.count(&view).is_err());
    }
    let late = find(&mut session, "late");
    let query = PageQuery { relation: late, sort: Vec::new(), at: PageAt::First, limit: 5 };
    assert!(session.page(&query).unwrap_err().what.contains("integer overflow"));
    let double = find(&mut session, "double");
    assert_eq!(double.columns.len(), 5);
    assert_eq!(
        words(&page(&mut session, &double, Some(1), PageAt::First).rows[0].cells),
        ["1", "1", "1", "1", "text in double quotes"]
    );
    let table = find(&mut session, "t");
    assert_eq!(page(&mut session, &table, None, PageAt::First).rows.len(), 1);
}

#[test]
fn virtual_tables_and_their_shadows() {
    let (_folder, path) = made(
        "CREATE VIRTUAL TABLE words USING fts5(title, body); CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
         CREATE VIRTUAL TABLE stat USING dbstat;",
    );
    let connection = Connection::open(&path).unwrap();
    for at in 0..25 {
        connection.execute("INSERT INTO words(rowid, title, body) VALUES (?1, 'title ' || ?1, 'b')", [at * 3]).unwrap();
        connection.execute("INSERT INTO boxes VALUES (?1, ?1, ?1 + 1)", [at]).unwrap();
    }
    let mut session = open(&path);
    for name in ["words", "boxes"] {
        let relation = find(&mut session, name);
        assert_eq!(relation.kind, RelationKind::Virtual);
        assert!(matches!(relation.key, KeyKind::Rowid { .. }), "{:?}", relation.key);
        for sort in [None, Some(1)] {
            let mut seen = Vec::new();
            let mut found = page(&mut session, &relation, sort, PageAt::First);
            seen.extend(found.rows.clone());
            while !found.at_end {
                found = page(&mut session, &relation, sort, PageAt::After(found.last.unwrap()));
                seen.extend(found.rows.clone());
            }
            assert_eq!(seen.len(), 25, "{name} {sort:?}");
            assert_eq!(page(&mut session, &relation, sort, PageAt::Last).rows[..], seen[15..]);
        }
    }
    let words = find(&mut session, "words");
    assert_eq!(words.columns.len(), 2, "hidden columns are arguments: {:?}", words.columns);
    assert_eq!(find(&mut session, "words_content").kind, RelationKind::Internal);
    let schema = session.schema().unwrap();
    let kinds: Vec<RelationKind> = schema.relations.iter().map(|relation| relation.kind).collect();
    let first_internal = kinds.iter().position(|kind| *kind == RelationKind::Internal).unwrap();
    assert!(kinds[first_internal..].iter().all(|kind| *kind == RelationKind::Internal));
    for relation in &schema.relations {
        // Whatever it is: a page or words, never a panic.
        let query = PageQuery { relation: Arc::clone(relation), sort: Vec::new(), at: PageAt::Last, limit: 5 };
        if let Err(error) = session.page(&query) {
            assert!(!error.what.is_empty());
        }
    }
}

#[test]
fn keys_are_what_tells_rows_apart() {
    let (_folder, path) = made(
        "CREATE TABLE plain(a); CREATE TABLE alias(id INTEGER PRIMARY KEY, a); CREATE TABLE down(id INTEGER PRIMARY KEY DESC, a);
         CREATE TABLE shadowed(rowid TEXT, a); CREATE TABLE buried(rowid, _rowid_, oid);
         CREATE TABLE dug(rowid, _rowid_, oid INTEGER PRIMARY KEY);
         CREATE TABLE keyed(a TEXT COLLATE NOCASE, b, PRIMARY KEY(b DESC, a COLLATE RTRIM)) WITHOUT ROWID;
         CREATE VIEW v AS SELECT 1;",
    );
    let mut session = open(&path);
    let mut key = |name: &str| find(&mut session, name).key.clone();
    let rowid = |alias: &str, column| KeyKind::Rowid { alias: alias.into(), column };
    assert_eq!(key("plain"), rowid("rowid", None));
    assert_eq!(key("alias"), rowid("rowid", Some(0)));
    assert_eq!(key("down"), rowid("rowid", None));
    assert_eq!(key("shadowed"), rowid("_rowid_", None));
    assert_eq!(key("buried"), KeyKind::None);
    assert_eq!(key("dug"), rowid("oid", Some(2)));
    assert_eq!(key("v"), KeyKind::None);
    let KeyKind::Primary(columns) = key("keyed") else { unreachable!("it has a primary key") };
    let columns: Vec<_> = columns.iter().map(|key| (key.column, key.collation.as_str(), key.descending)).collect();
    assert_eq!(columns, [(1, "BINARY", true), (0, "RTRIM", false)]);
}

#[test]
fn the_schema_knows_references_indexes_and_triggers() {
    let (_folder, path) = made(
        "CREATE TABLE parent(id TEXT PRIMARY KEY, n INT NOT NULL DEFAULT (1 + 1), g AS (n * 2) STORED);
         CREATE TABLE child(a REFERENCES Parent ON DELETE CASCADE, b, FOREIGN KEY(b) REFERENCES parent(n));
         CREATE UNIQUE INDEX ci ON child(b, lower(a)) WHERE b > 1;
         CREATE TRIGGER tr AFTER INSERT ON child BEGIN SELECT 1; END;
         CREATE TABLE zebra(a);",
    );
    let mut session = open(&path);
    let parent = find(&mut session, "parent");
    assert_eq!(parent.columns[1].default.as_deref(), Some("1 + 1"));
    assert!(parent.columns[1].not_null && parent.columns[2].generated && parent.columns[0].primary_key == Some(1));
    let child = find(&mut session, "child");
    assert_eq!(child.references.len(), 2);
    assert!(
        child
            .references
            .iter()
            .any(|key| key.columns == [("a".to_owned(), "id".to_owned())] && key.on_delete == "CASCADE")
    );
    assert_eq!(parent.referenced_by.len(), 2);
    let index = &child.indexes[0];
    assert_eq!((index.name.as_str(), index.unique, index.partial), ("ci", true, true));
    assert_eq!(index.columns, [Some("b".to_owned()), None]);
    assert!(index.sql.as_ref().unwrap().starts_with("CREATE UNIQUE INDEX"));
    assert!(child.triggers[0].contains("AFTER INSERT") && child.sql.as_ref().unwrap().contains("CREATE TABLE child"));
    assert!(child.facts.is_none());
    // What is not in the database is not found.
    assert!(session.schema().unwrap().find("nothing").is_none());
}

#[test]
fn both_names_of_the_catalogue() {
    for sql in [
        "CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT, sub_channel TEXT);
         CREATE TABLE channel_mappings(id INTEGER PRIMARY KEY, channel_id TEXT, sub_channel TEXT, question_id TEXT);
         CREATE TABLE bot_runs(id INTEGER PRIMARY KEY); CREATE TABLE aaa(x); CREATE VIEW bbb AS SELECT 1 AS one;
         INSERT INTO questions VALUES('q-1', 'Why?', 's'), ('q-2', 'How?', NULL);
         INSERT INTO channel_mappings VALUES (1, 'rust', 'async', 'q-1'), (2, 'go', NULL, 'q-1'), (3, 'go', 'x', 'q-9');",
        "CREATE TABLE questions(\"id\" TEXT, question TEXT, subChannel TEXT);
         CREATE TABLE channelMappings(id INTEGER PRIMARY KEY, channelId TEXT, subChannel TEXT, questionId TEXT);
         CREATE TABLE botRuns(id INTEGER PRIMARY KEY); CREATE TABLE aaa(x); CREATE VIEW bbb AS SELECT 1 AS one;
         INSERT INTO questions VALUES('q-1', 'Why?', 's'), ('q-2', 'How?', NULL);
         INSERT INTO channelMappings VALUES (1, 'rust', 'async', 'q-1'), (2, 'go', NULL, 'q-1'), (3, 'go', 'x', 'q-9');",
    ] {
        let (_folder, path) = made(sql);
        let mut session = open(&path);
        let schema = session.schema().unwrap();
        let logical: Vec<&str> =
            schema.relations.iter().filter_map(|relation| relation.facts).map(|facts| facts.logical).collect();
        assert_eq!(logical, ["questions", "channelMappings", "botRuns"]);
        assert!(schema.relations[..3].iter().all(|relation| relation.facts.is_some()));
        assert_eq!(schema.relations[3].name, "aaa");
        let question = session.question("q-1").unwrap().unwrap();
        assert_eq!(question.record.get("subChannel"), Some(&Value::text("s")));
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(question.mappings, [pair("go", ""), pair("rust", "async")]);
        assert!(session.question("q-3").unwrap().is_none());
        let mappings = find(&mut session, "channelMappings");
        assert_eq!(words(&session.find(&mappings, "3").unwrap().unwrap().cells), ["3", "go", "x", "q-9"]);
        assert!(session.find(&mappings, "x").unwrap().is_none());
    }
}

#[test]
fn odd_contents_come_back_exactly() {
    let (_folder, path) = made(
        "PRAGMA encoding='UTF-16le'; CREATE TABLE t(id TEXT PRIMARY KEY, v);
         INSERT INTO t VALUES ('ключ 😀', 1), ('big', hex(zeroblob(5000000))), ('inf', 9e999), ('', NULL);",
    );
    let mut session = open(&path);
    let table = find(&mut session, "t");
    let record = session.find(&table, "ключ 😀").unwrap().unwrap();
    assert_eq!(record.cells[0], Value::text("ключ 😀"));
    let first = page(&mut session, &table, Some(0), PageAt::First);
    assert_eq!(first.rows.len(), 4);
    let big = first.rows.iter().find(|row| row.cells[0] == Value::text("big")).unwrap();
    let Value::Text(head) = &big.cells[1] else { unreachable!("{:?}", big.cells[1]) };
    assert_eq!((head.head().len(), head.total()), (1024, 10_000_000));
    let Some(Value::Text(whole)) = session.cell(&table, &big.key, 1).unwrap() else {
        unreachable!("the cell is there")
    };
    assert_eq!((whole.head().len(), whole.is_cut()), (10_000_000, false));
    assert_eq!(session.find(&table, "inf").unwrap().unwrap().cells[1], Value::Real(f64::INFINITY));
    assert!(session.find(&table, "").unwrap().is_some());
    // Sorted by a column of long texts, places carry them whole.
    let mut place = page(&mut session, &table, Some(1), PageAt::First);
    let mut seen = place.rows.len();
    while !place.at_end {
        place = page(&mut session, &table, Some(1), PageAt::After(place.last.unwrap()));
        seen += place.rows.len();
    }
    assert_eq!(seen, 4);
    assert_eq!(session.cell(&table, &RowKey::Rowid(99), 1).unwrap(), None);
    assert_eq!(session.cell(&table, &RowKey::Rowid(1), 99).unwrap(), None);
    let at = PageAt::KeyText("no such key, and none behind it: ю".into());
    assert!(page(&mut session, &table, None, at).rows.len() <= 4);
    let error = session
        .page(&PageQuery { relation: table, sort: Vec::new(), at: PageAt::Key(RowKey::Rowid(99)), limit: 3 })
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoSuchRow);
}
