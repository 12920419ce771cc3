//! Writing files through the front door: grants, batches, guards, trails, locks, undo; what is in the file afterwards is read by another
//! connection.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use jiff::Timestamp;
use reelscope::{
    db::{
        error::{Error, ErrorKind},
        location::Location,
        request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot},
        session::ReadSession,
        workers::Database,
        write::{Grant, WriteSession},
    },
    domain::{
        change::{Batch, BatchId, Cell, Change, Entry, EntryId, Known, Obstacle, Outcome, Trail, TrailPolicy, Written},
        page::{Record, RowKey},
        schema::{Relation, Schema},
        value::{Bytes, Value},
    },
};
use rusqlite::{Connection, types::ValueRef};
use tempfile::TempDir;

/// The tables that reviewing writes, with the field's trigger.
const FIELD: &str = "
    CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, channel TEXT, status TEXT DEFAULT 'active',
        relevance_score INTEGER, last_updated TEXT, created_at TEXT);
    CREATE TRIGGER trg_questions_update AFTER UPDATE ON questions WHEN NEW.last_updated IS NOT datetime('now')
        BEGIN UPDATE questions SET last_updated = datetime('now') WHERE id = NEW.id; END;
    CREATE TABLE channel_mappings(id INTEGER PRIMARY KEY AUTOINCREMENT, channel_id TEXT NOT NULL, sub_channel TEXT NOT NULL,
        question_id TEXT NOT NULL REFERENCES questions(id));
    CREATE TABLE work_queue(id INTEGER PRIMARY KEY AUTOINCREMENT, item_type TEXT NOT NULL, item_id TEXT NOT NULL, action TEXT NOT NULL,
        priority INTEGER DEFAULT 5, status TEXT DEFAULT 'pending', reason TEXT, created_by TEXT, created_at TEXT);
    CREATE TABLE question_history(id INTEGER PRIMARY KEY AUTOINCREMENT, question_id TEXT NOT NULL, question_type TEXT NOT NULL DEFAULT 'question',
        event_type TEXT NOT NULL, event_source TEXT NOT NULL, source_name TEXT, changes_summary TEXT, changed_fields TEXT,
        before_snapshot TEXT, after_snapshot TEXT, reason TEXT, metadata TEXT, created_at TEXT);
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20)
    INSERT INTO questions SELECT 'q-' || x, 'What is ' || x || '?', 'It is ' || x, 'algorithms', 'flagged', x, '2026-01-01 00:00:00',
        '2026-01-01T00:00:00.000Z' FROM n;
    INSERT INTO channel_mappings(channel_id, sub_channel, question_id) VALUES ('algorithms', 'all', 'q-1');
";

/// The same by the logical names.
fn camel_case() -> String {
    [
        ("channel_mappings", "channelMappings"),
        ("work_queue", "workQueue"),
        ("question_history", "questionHistory"),
        ("last_updated", "lastUpdated"),
        ("created_at", "createdAt"),
        ("created_by", "createdBy"),
        ("question_id", "questionId"),
        ("question_type", "questionType"),
        ("event_type", "eventType"),
        ("event_source", "eventSource"),
        ("source_name", "sourceName"),
        ("changes_summary", "changesSummary"),
        ("changed_fields", "changedFields"),
        ("before_snapshot", "beforeSnapshot"),
        ("after_snapshot", "afterSnapshot"),
        ("item_type", "itemType"),
        ("item_id", "itemId"),
        ("channel_id", "channelId"),
        ("sub_channel", "subChannel"),
        ("relevance_score", "relevanceScore"),
    ]
    .iter()
    .fold(FIELD.to_owned(), |sql, (from, to)| sql.replace(from, to))
}

const AT: &str = "2026-02-03T04:05:06.789Z";

/// A database in a folder of its own, with a session that writes it.
struct Bench {
    folder: TempDir,
    path: PathBuf,
    session: WriteSession,
    schema: Schema,
    batches: u64,
}

impl Bench {
    fn of(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let location = Location::File(path.clone());
        let session = WriteSession::open(&Grant::open(&location).unwrap()).unwrap();
        let schema = ReadSession::open(&location).unwrap().schema().unwrap();
        Self { folder, path, session, schema, batches: 0 }
    }

    fn field() -> Self {
        Self::of(FIELD)
    }

    fn location(&self) -> Location {
        Location::File(self.path.clone())
    }

    fn table(&self, name: &str) -> Arc<Relation> {
        Arc::clone(self.schema.find(name).unwrap())
    }

    fn other(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }

    /// What this SELECT gives, as SQL's own words: rows by lines, cells by `|`.
    fn ask(&self, sql: &str) -> String {
        ask(&self.other(), sql)
    }

    fn record(&self, table: &str, key: &str) -> Record {
        ReadSession::open(&self.location()).unwrap().find(&self.table(table), key).unwrap().unwrap()
    }

    fn write(&mut self, entries: Vec<(Change, Option<&str>)>) -> Outcome {
        let batch = self.batch(entries);
        self.session.write(&batch).unwrap().outcome
    }

    fn batch(&mut self, entries: Vec<(Change, Option<&str>)>) -> Batch {
        self.batches += 1;
        batch_of(self.batches, entries)
    }

    fn written(&mut self, entries: Vec<(Change, Option<&str>)>) -> Vec<Written> {
        match self.write(entries) {
            Outcome::Committed { written, known: Known::Answered } => written,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&mut self, entries: Vec<(Change, Option<&str>)>) -> Vec<(u64, Obstacle)> {
        match self.write(entries) {
            Outcome::Refused(refusals) => refusals.into_iter().map(|refusal| (refusal.entry.0, refusal.why)).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The status of a question, changed under the guard of its whole row.
    fn decide(&self, id: &str, status: &str) -> Change {
        update(&self.record("questions", id), &[("status", Value::text(status))])
    }

    fn insert(&self, table: &str, cells: &[(&str, Value)], unless: &[&str]) -> Change {
        let relation = self.table(table);
        let cells = named(&relation, cells);
        let columns: Vec<usize> = unless.iter().map(|name| relation.column(name).unwrap()).collect();
        let unless = cells.iter().filter(|(column, _)| columns.contains(column)).cloned().collect();
        Change::Insert { relation, cells, unless }
    }
}

fn batch_of(id: u64, entries: Vec<(Change, Option<&str>)>) -> Batch {
    Batch {
        id: BatchId(id),
        entries: entries
            .into_iter()
            .zip(1..)
            .map(|((change, event), id)| Entry {
                id: EntryId(id),
                change,
                trail: event.map(|event| Trail { event: event.to_owned(), reason: Some("because".to_owned()) }),
            })
            .collect(),
        author: "ann".to_owned(),
        at: AT.parse::<Timestamp>().unwrap(),
        trail: TrailPolicy::Required,
    }
}

fn ask(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cell = |at| match row.get_ref(at).unwrap() {
            ValueRef::Null => "NULL".to_owned(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => format!("{number:?}"),
            ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
        };
        lines.push((0..columns).map(cell).collect::<Vec<_>>().join("|"));
    }
    lines.join("\n")
}

fn named(relation: &Relation, cells: &[(&str, Value)]) -> Vec<Cell> {
    cells.iter().map(|(name, value)| (relation.column(name).unwrap(), value.clone())).collect()
}

/// Changes these cells of a row, under the guard of all that it shows but for what triggers keep.
fn update(shown: &Record, set: &[(&str, Value)]) -> Change {
    let kept = shown.relation.column("lastUpdated");
    Change::Update {
        relation: Arc::clone(&shown.relation),
        key: shown.key.clone(),
        shown: shown
            .cells
            .iter()
            .cloned()
            .enumerate()
            .filter(|(column, _)| Some(*column) != kept && !shown.relation.columns[*column].generated)
            .collect(),
        set: named(&shown.relation, set),
    }
}

fn delete(shown: &Record) -> Change {
    let Change::Update { relation, key, shown, .. } = update(shown, &[]) else { unreachable!() };
    Change::Delete { relation, key, shown }
}

fn said(obstacle: &Obstacle) -> &str {
    match obstacle {
        Obstacle::Said { what, remedy } => {
            assert!(!remedy.is_empty(), "{what}");
            what
        }
        other => panic!("{other:?}"),
    }
}

/// A whole database as text.
fn dump(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let tables = ask(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    tables
        .lines()
        .map(|table| format!("{table}:\n{}\n", ask(&connection, &format!("SELECT * FROM \"{table}\""))))
        .collect()
}

#[test]
fn an_approval_is_the_row_its_history_and_nothing_else() {
    for (sql, history) in [
        (
            FIELD.to_owned(),
            "question_id, question_type, event_type, event_source, source_name, changes_summary, changed_fields, reason, created_at FROM question_history",
        ),
        (
            camel_case(),
            "questionId, questionType, eventType, eventSource, sourceName, changesSummary, changedFields, reason, createdAt FROM questionHistory",
        ),
    ] {
        let mut bench = Bench::of(&sql);
        let before = bench.record("questions", "q-7");
        let change = bench.decide("q-7", "active");
        let written = bench.written(vec![(change, Some("approved"))]);
        assert_eq!(bench.ask("SELECT group_concat(id) FROM questions WHERE status = 'active'"), "q-7");
        assert_eq!(
            bench.ask(&format!("SELECT {history}")),
            format!("q-7|question|approved|user|ann|status: flagged → active|[\"status\"]|because|{AT}")
        );
        let after = written[0].after.as_ref().unwrap();
        assert_ne!(after.get("lastUpdated"), before.get("lastUpdated"), "the trigger keeps it");
        for (snapshot, row) in [("beforeSnapshot", &before), ("afterSnapshot", after)] {
            let column =
                &bench.table("questionHistory").columns[bench.table("questionHistory").column(snapshot).unwrap()].name;
            let table = &bench.table("questionHistory").name;
            let json: serde_json::Value =
                serde_json::from_str(&bench.ask(&format!("SELECT \"{column}\" FROM \"{table}\""))).unwrap();
            let json = json.as_object().unwrap();
            assert_eq!(json.len(), row.cells.len());
            for (column, value) in row.relation.columns.iter().zip(&row.cells) {
                let wanted = match value {
                    Value::Integer(number) => serde_json::json!(number),
                    value => serde_json::json!(value.to_plain()),
                };
                assert_eq!(json[&column.name], wanted, "{}", column.name);
            }
        }
    }
}

#[test]
fn undo_is_guarded_and_leaves_its_own_trail_and_redo_takes_it_back() {
    let mut bench = Bench::field();
    let change = bench.decide("q-3", "deleted");
    let done = bench.written(vec![(change, Some("deleted"))]);
    assert_eq!(bench.ask("SELECT status FROM questions WHERE id = 'q-3'"), "deleted");
    // The trigger's column moves on by itself: that keeps nobody from undoing.
    bench.other().execute_batch("UPDATE questions SET last_updated = '2030-01-01 00:00:00' WHERE id = 'q-3'").unwrap();
    let undone = bench.written(vec![(done[0].inverse.clone(), Some("reverted"))]);
    assert_eq!(bench.ask("SELECT status FROM questions WHERE id = 'q-3'"), "flagged");
    bench.written(vec![(undone[0].inverse.clone(), Some("deleted"))]);
    assert_eq!(
        bench.ask("SELECT event_type, changes_summary FROM question_history"),
        "deleted|status: flagged → deleted\nreverted|status: deleted → flagged\ndeleted|status: flagged → deleted"
    );
    // Somebody else changed it: what was written is not there any more.
    bench.other().execute_batch("UPDATE questions SET answer = 'other' WHERE id = 'q-3'").unwrap();
    let refused = bench.refused(vec![(done[0].inverse.clone(), Some("reverted"))]);
    let [(1, Obstacle::Changed(now))] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!(now.get("answer"), Some(&Value::text("other")));
    assert_eq!(bench.ask("SELECT count(*) FROM question_history"), "3");
}

#[test]
fn new_and_deleted_rows_are_taken_back_whole() {
    let mut bench = Bench::field();
    let before = dump(&bench.path);
    let row = bench.record("questions", "q-2");
    let gone = bench.written(vec![(delete(&row), None)]);
    assert_eq!(gone[0].after, None);
    assert_eq!(bench.ask("SELECT count(*) FROM questions WHERE id = 'q-2'"), "0");
    let back = bench.written(vec![(gone[0].inverse.clone(), None)]);
    assert_eq!(bench.record("questions", "q-2").cells, row.cells);
    let again = bench.written(vec![(back[0].inverse.clone(), None)]);
    bench.written(vec![(again[0].inverse.clone(), None)]);
    let cells =
        [("channelId", "c"), ("subChannel", "s"), ("questionId", "q-2")].map(|(name, text)| (name, Value::text(text)));
    let new = bench.insert("channel_mappings", &cells, &[]);
    let made = bench.written(vec![(new, None)]);
    assert_eq!(made[0].key, RowKey::Rowid(2), "autoincrement is the database's");
    assert_eq!(made[0].after.as_ref().unwrap().get("id"), Some(&Value::Integer(2)));
    bench.written(vec![(made[0].inverse.clone(), None)]);
    let sorted = |text: String| {
        let mut lines: Vec<String> =
            text.lines().filter(|line| !line.starts_with("channel_mappings|")).map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(dump(&bench.path)), sorted(before));
}

#[test]
fn the_same_queue_item_is_not_asked_for_twice() {
    let mut bench = Bench::field();
    let cells = |action: &str| {
        [
            ("itemType", "question"),
            ("itemId", "q-1"),
            ("action", action),
            ("status", "pending"),
            ("createdBy", "ann"),
            ("createdAt", AT),
        ]
        .map(|(name, text)| (name, Value::text(text)))
    };
    let unless = ["itemType", "itemId", "action", "status"];
    let improve = bench.insert("workQueue", &cells("improve"), &unless);
    let written = bench.written(vec![(improve.clone(), None)]);
    assert_eq!(
        bench.ask("SELECT item_id, action, priority, status, created_by FROM work_queue"),
        "q-1|improve|5|pending|ann"
    );
    let verify = bench.insert("workQueue", &cells("verify"), &unless);
    let refused = bench.refused(vec![(verify.clone(), None), (improve.clone(), None)]);
    assert_eq!(refused, [(2, Obstacle::Pending(written[0].key.clone()))]);
    // Twice in one batch is twice, too.
    let refused = bench.refused(vec![(verify.clone(), None), (verify.clone(), None)]);
    assert!(matches!(&refused[..], [(2, Obstacle::Pending(_))]), "{refused:?}");
    bench.other().execute_batch("UPDATE work_queue SET status = 'completed'").unwrap();
    bench.written(vec![(improve, None), (verify, None)]);
    assert_eq!(bench.ask("SELECT count(*) FROM question_history"), "0", "queue items leave no trail");
}

#[test]
fn a_batch_with_conflicts_writes_nothing_and_names_every_one() {
    let mut bench = Bench::field();
    let entries: Vec<(Change, Option<&str>)> =
        (1..=9).map(|at| (bench.decide(&format!("q-{at}"), "active"), Some("approved"))).collect();
    bench
        .other()
        .execute_batch(
            "UPDATE questions SET status = 'deleted' WHERE id = 'q-2'; DELETE FROM questions WHERE id = 'q-5';
             UPDATE questions SET relevance_score = '6.5' WHERE id = 'q-6'",
        )
        .unwrap();
    let before = dump(&bench.path);
    let refused = bench.refused(entries);
    let [(2, Obstacle::Changed(two)), (5, Obstacle::Gone), (6, Obstacle::Changed(six))] = &refused[..] else {
        panic!("{refused:?}")
    };
    assert_eq!(two.get("status"), Some(&Value::text("deleted")));
    assert_eq!(six.get("relevanceScore"), Some(&Value::Real(6.5)));
    assert_eq!(dump(&bench.path), before);
}

#[test]
fn guards_are_exact() {
    let mut bench = Bench::of(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 1), (2, NULL), (3, x'31'), (4, 1.0)",
    );
    let relation = bench.table("t");
    let change = |id: i64, shown: Value| Change::Update {
        relation: Arc::clone(&relation),
        key: RowKey::Rowid(id),
        shown: vec![(1, shown)],
        set: vec![(1, Value::text("new"))],
    };
    let refused = bench.refused(
        [
            change(1, Value::text("1")),
            change(2, Value::text("")),
            change(3, Value::text("1")),
            change(4, Value::Integer(1)),
        ]
        .map(|change| (change, None))
        .to_vec(),
    );
    assert_eq!(refused.iter().map(|(entry, _)| *entry).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let written = bench.written(
        [
            change(1, Value::Integer(1)),
            change(2, Value::Null),
            change(3, Value::Blob(Bytes::whole(*b"1"))),
            change(4, Value::Real(1.0)),
        ]
        .map(|change| (change, None))
        .to_vec(),
    );
    assert_eq!(written.len(), 4);
    assert_eq!(bench.ask("SELECT count(*) FROM t WHERE v = 'new'"), "4");
}

#[test]
fn what_sqlite_refuses_is_said_in_words_for_the_entry_it_was() {
    let mut bench = Bench::of(
        "CREATE TABLE parent(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, n INTEGER CONSTRAINT small CHECK (n < 10));
         CREATE TABLE child(id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent(id));
         CREATE TABLE late(id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TABLE strict(id INTEGER PRIMARY KEY, n INTEGER) STRICT;
         CREATE TABLE wild(id INTEGER PRIMARY KEY, v);
         CREATE TRIGGER hands_off BEFORE UPDATE ON child BEGIN SELECT RAISE(ABORT, 'leave it alone'); END;
         CREATE TRIGGER all_back BEFORE UPDATE ON wild WHEN NEW.v = 1 BEGIN SELECT RAISE(ROLLBACK, 'everything back'); END;
         CREATE TRIGGER ignored BEFORE UPDATE ON wild WHEN NEW.v = 2 BEGIN SELECT RAISE(IGNORE); END;
         CREATE TABLE halves(id INTEGER PRIMARY KEY, v); INSERT INTO halves VALUES (1, 0);
         CREATE TRIGGER lost AFTER UPDATE ON halves BEGIN INSERT INTO nowhere VALUES (1); END;
         INSERT INTO parent VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3); INSERT INTO child VALUES (1, 1), (2, 1);
         INSERT INTO late VALUES (1, 1); INSERT INTO strict VALUES (1, 1); INSERT INTO wild VALUES (1, 0);",
    );
    let before = dump(&bench.path);
    let row = |table: &str, key: &str| bench.record(table, key);
    let cases = [
        (update(&row("parent", "1"), &[("name", Value::Null)]), "parent.name must not be NULL"),
        (update(&row("parent", "1"), &[("name", Value::text("two"))]), "parent.name"),
        (update(&row("parent", "1"), &[("n", Value::Integer(11))]), "CHECK small"),
        (update(&row("parent", "1"), &[("id", Value::text("x"))]), "integer"),
        (delete(&row("parent", "1")), "2 rows of child (p) refer to this row of parent"),
        (bench.insert("child", &[("p", Value::Integer(77))], &[]), "child.p refers to parent.id, where there is no 77"),
        (
            update(&row("child", "1"), &[("p", Value::Integer(2))]),
            "trigger hands_off of child refused it: leave it alone",
        ),
        (bench.insert("late", &[("p", Value::Integer(78))], &[]), "late.p refers to parent.id, where there is no 78"),
        (update(&row("strict", "1"), &[("n", Value::text("x"))]), "TEXT value in INTEGER column strict.n"),
        (update(&row("wild", "1"), &[("v", Value::Integer(1))]), "everything back"),
        (update(&row("wild", "1"), &[("v", Value::Integer(2))]), "left the row as it is"),
        (update(&row("halves", "1"), &[("v", Value::Integer(3))]), "nowhere"),
    ];
    let good = update(&row("parent", "3"), &[("n", Value::Integer(4))]);
    let other = update(&row("parent", "2"), &[("n", Value::Integer(5))]);
    for (bad, wanted) in cases {
        let refused = bench.refused(vec![(good.clone(), None), (bad, None), (other.clone(), None)]);
        let [(2, why)] = &refused[..] else { panic!("{refused:?}") };
        assert!(said(why).contains(wanted), "{why:?} is not {wanted}");
        assert_eq!(dump(&bench.path), before, "{wanted}");
    }
    let moved = update(&bench.record("parent", "3"), &[("id", Value::Integer(33))]);
    let written = bench.written(vec![(moved, None)]);
    assert_eq!(written[0].key, RowKey::Rowid(33));
    bench.written(vec![(written[0].inverse.clone(), None)]);
    assert_eq!(dump(&bench.path), before);
}

#[test]
fn no_row_makes_room_for_another_without_a_word() {
    let mut bench = Bench::of(
        "CREATE TABLE t(id TEXT PRIMARY KEY ON CONFLICT REPLACE, n INTEGER UNIQUE ON CONFLICT IGNORE);
         INSERT INTO t VALUES ('a', 1), ('b', 2);
         CREATE TABLE latest(only INTEGER PRIMARY KEY, n INTEGER);
         CREATE TABLE plain(id INTEGER PRIMARY KEY, n INTEGER);
         CREATE TRIGGER kept AFTER INSERT ON plain BEGIN INSERT OR REPLACE INTO latest VALUES (1, NEW.n); END;",
    );
    let before = bench.ask("SELECT id, n FROM t ORDER BY id");
    let text = Value::text;
    for change in [
        bench.insert("t", &[("id", text("a")), ("n", Value::Integer(3))], &[]),
        bench.insert("t", &[("id", text("c")), ("n", Value::Integer(2))], &[]),
        update(&bench.record("t", "a"), &[("id", text("b"))]),
        update(&bench.record("t", "a"), &[("n", Value::Integer(2))]),
    ] {
        let why = bench.refused(vec![(change, None)]);
        assert!(said(&why[0].1).contains("must be unique"), "{why:?}");
        assert_eq!(bench.ask("SELECT id, n FROM t ORDER BY id"), before);
    }
    // What triggers do about their own rows is theirs.
    for n in [7, 8] {
        let change = bench.insert("plain", &[("n", Value::Integer(n))], &[]);
        bench.written(vec![(change, None)]);
        assert_eq!(bench.ask("SELECT n FROM latest"), n.to_string());
    }
}

#[test]
fn without_a_history_nothing_is_written_unless_it_was_waived() {
    let mut bench = Bench::of(&FIELD.replace("TABLE question_history", "TABLE something_else"));
    let change = bench.decide("q-1", "active");
    let batch = bench.batch(vec![(change.clone(), Some("approved"))]);
    let error = bench.session.write(&batch).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoTrail);
    assert_eq!(bench.ask("SELECT status FROM questions WHERE id = 'q-1'"), "flagged");
    let waived = Batch { trail: TrailPolicy::Waived, ..batch };
    assert!(matches!(bench.session.write(&waived).unwrap().outcome, Outcome::Committed { .. }));
    assert_eq!(bench.ask("SELECT status FROM questions WHERE id = 'q-1'"), "active");
    // What needs no trail needs no table for it.
    let row = bench.record("channel_mappings", "1");
    bench.written(vec![(update(&row, &[("subChannel", Value::text("other"))]), None)]);
}

#[test]
fn every_value_arrives_whole_and_its_statement_can_be_run_again() {
    let big = vec![b'x'; 10_000_000];
    let values = [
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Real(0.1),
        Value::Real(f64::INFINITY),
        Value::text(""),
        Value::text("it's \"so\"; -- 漢字 😀"),
        Value::Text(Bytes::whole(*b"a\0b")),
        Value::Text(Bytes::whole(*b"a\xff\xfeb")),
        Value::Blob(Bytes::whole(*b"\0\xff")),
        Value::Text(Bytes::whole(big)),
    ];
    let sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'first')";
    let mut bench = Bench::of(sql);
    let again = Bench::of(sql);
    for value in values {
        let row = bench.record("t", "1");
        let written = bench.written(vec![(update(&row, &[("v", value.clone())]), None)]);
        assert!(written[0].after.as_ref().unwrap().cells[1] == value);
        assert!(bench.record("t", "1").cells[1] == value);
        again.other().execute_batch(&written[0].statements.join("\n")).unwrap();
        assert!(again.record("t", "1").cells[1] == value);
    }
}

#[test]
fn tables_of_every_kind_of_key_are_written() {
    let mut bench = Bench::of(
        "CREATE TABLE pairs(a TEXT COLLATE NOCASE, b, v, PRIMARY KEY(a, b DESC)) WITHOUT ROWID; INSERT INTO pairs VALUES ('A', 1, 'x'), ('B', x'00', 'y');
         CREATE TABLE hidden(name TEXT PRIMARY KEY, v); INSERT INTO hidden VALUES ('one', 1), ('two', 2);
         CREATE TABLE computed(id INTEGER PRIMARY KEY, a, twice AS (a * 2), kept AS (a + 1) STORED); INSERT INTO computed VALUES (1, 4);
         CREATE TABLE \"odd \"\"name\"\"?\"(\"a ?\" INTEGER PRIMARY KEY, \"select\"); INSERT INTO \"odd \"\"name\"\"?\" VALUES (1, 2);
         CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('some words');
         CREATE TABLE plain(a, b); INSERT INTO plain VALUES (1, 2);
         CREATE VIEW seen AS SELECT * FROM hidden;",
    );
    for (table, key, column) in [
        ("pairs", "A, 1", "v"),
        ("pairs", "A, 1", "a"),
        ("hidden", "one", "v"),
        ("hidden", "one", "name"),
        ("computed", "1", "a"),
        ("odd \"name\"?", "1", "select"),
        ("words", "1", "body"),
        ("plain", "1", "a"),
    ] {
        let row = bench.record(table, key);
        let written = bench.written(vec![(update(&row, &[(column, Value::text("9"))]), None)]);
        let after = written[0].after.clone().unwrap();
        assert_eq!(after.get(column), Some(&Value::text("9")), "{table}");
        let undone = bench.written(vec![(written[0].inverse.clone(), None)]);
        assert_eq!(undone[0].after.as_ref().unwrap().cells, row.cells, "{table}");
        let gone = bench.written(vec![(delete(&row), None)]);
        let back = bench.written(vec![(gone[0].inverse.clone(), None)]);
        assert_eq!(back[0].after.as_ref().unwrap().cells, row.cells, "{table}");
    }
    let row = bench.record("computed", "1");
    let refused = bench.refused(vec![(update(&row, &[("twice", Value::Integer(1))]), None)]);
    assert!(said(&refused[0].1).contains("computed from other columns"));
    let seen = Change::Delete { relation: bench.table("seen"), key: RowKey::Ordinal(0), shown: Vec::new() };
    assert!(said(&bench.refused(vec![(seen, None)])[0].1).contains("is a view"));
    // A hidden rowid can come to mean another row: what was shown tells them apart.
    let two = bench.record("hidden", "two");
    let RowKey::Rowid(rowid) = two.key else { panic!("{two:?}") };
    bench
        .other()
        .execute_batch(&format!(
            "UPDATE hidden SET rowid = rowid + 10; INSERT INTO hidden(rowid, name, v) VALUES ({rowid}, 'three', 2)"
        ))
        .unwrap();
    // Without its declared key, it is another row.
    let unnamed = Change::Update {
        relation: bench.table("hidden"),
        key: two.key.clone(),
        shown: vec![(1, Value::Integer(7))],
        set: vec![(1, Value::Integer(3))],
    };
    let refused = bench.refused(vec![(unnamed, None)]);
    let [(1, Obstacle::Changed(now))] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!(now.get("name"), Some(&Value::text("three")));
    // With it, the row is found where it is now.
    let written = bench.written(vec![(update(&two, &[("v", Value::Integer(3))]), None)]);
    assert_eq!(written[0].key, RowKey::Rowid(rowid + 10));
    assert_eq!(bench.ask("SELECT name, v FROM hidden WHERE name IN ('two', 'three') ORDER BY name"), "three|2\ntwo|3");
}

#[test]
fn a_table_that_was_altered_meanwhile_is_not_written() {
    let mut bench = Bench::field();
    let change = bench.decide("q-1", "active");
    bench.other().execute_batch("ALTER TABLE questions ADD COLUMN more").unwrap();
    assert!(said(&bench.refused(vec![(change.clone(), Some("approved"))])[0].1).contains("was altered"));
    bench.other().execute_batch("ALTER TABLE questions RENAME TO asked").unwrap();
    assert!(said(&bench.refused(vec![(change, Some("approved"))])[0].1).contains("no table questions any more"));
}

#[test]
fn one_batch_may_change_a_row_twice_and_is_taken_back_in_reverse() {
    let mut bench = Bench::field();
    let before = bench.record("questions", "q-4");
    let first = update(&before, &[("answer", Value::text("better"))]);
    let mut middle = before.clone();
    middle.cells[2] = Value::text("better");
    let second = update(&middle, &[("status", Value::text("active"))]);
    let written = bench.written(vec![(first, Some("updated")), (second, Some("approved"))]);
    assert_eq!(bench.ask("SELECT answer, status FROM questions WHERE id = 'q-4'"), "better|active");
    let back = written.iter().rev().map(|one| (one.inverse.clone(), Some("reverted"))).collect();
    bench.written(back);
    assert_eq!(bench.ask("SELECT answer, status FROM questions WHERE id = 'q-4'"), "It is 4|flagged");
}

#[test]
fn the_journal_mode_stays_as_it_is() {
    for mode in ["wal", "delete", "persist"] {
        let mut bench = Bench::of(&format!("PRAGMA journal_mode = {mode}; {FIELD}"));
        let change = bench.decide("q-1", "active");
        let mut reader = ReadSession::open(&bench.location()).unwrap();
        let questions = bench.table("questions");
        let status = |reader: &mut ReadSession| reader.find(&questions, "q-1").unwrap().unwrap().get("status").cloned();
        assert_eq!(status(&mut reader), Some(Value::text("flagged")));
        bench.written(vec![(change, Some("approved"))]);
        assert_eq!(status(&mut reader), Some(Value::text("active")), "{mode}: a reader of this process sees it");
        let now = if mode == "persist" { "delete" } else { mode };
        assert_eq!(bench.ask("PRAGMA journal_mode"), now);
        assert_eq!(bench.ask("PRAGMA integrity_check"), "ok");
    }
}

#[test]
fn a_lock_is_waited_for_until_it_is_given_back() {
    for mode in ["wal", "delete"] {
        let mut bench = Bench::of(&format!("PRAGMA journal_mode = {mode}; {FIELD}"));
        let change = bench.decide("q-1", "active");
        let (locked, wait) = mpsc::channel();
        let path = bench.path.clone();
        let other = thread::spawn(move || {
            let connection = Connection::open(path).unwrap();
            connection
                .execute_batch("BEGIN EXCLUSIVE; UPDATE questions SET answer = 'theirs' WHERE id = 'q-9'")
                .unwrap();
            locked.send(()).unwrap();
            thread::sleep(Duration::from_secs(3));
            connection.execute_batch("COMMIT").unwrap();
        });
        wait.recv().unwrap();
        bench.written(vec![(change, Some("approved"))]);
        other.join().unwrap();
        assert_eq!(
            bench.ask("SELECT answer, status FROM questions WHERE id IN ('q-1', 'q-9') ORDER BY id"),
            "It is 1|active\ntheirs|flagged"
        );
    }
}

#[test]
fn a_reader_in_the_way_of_a_commit_is_waited_for() {
    let mut bench = Bench::field();
    let change = bench.decide("q-1", "active");
    let (reading, wait) = mpsc::channel();
    let path = bench.path.clone();
    let other = thread::spawn(move || {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("BEGIN; SELECT count(*) FROM questions").unwrap();
        reading.send(()).unwrap();
        thread::sleep(Duration::from_millis(500));
        connection.execute_batch("COMMIT").unwrap();
    });
    wait.recv().unwrap();
    bench.written(vec![(change, Some("approved"))]);
    other.join().unwrap();
    assert_eq!(bench.ask("SELECT status FROM questions WHERE id = 'q-1'"), "active");
}

#[test]
fn a_cancel_ends_the_wait_for_a_lock_and_nothing_is_written() {
    // Under the write lock, and with a reader in the way of the commit.
    for lock in ["BEGIN IMMEDIATE", "BEGIN; SELECT count(*) FROM questions"] {
        let mut bench = Bench::field();
        let change = bench.decide("q-1", "active");
        let other = bench.other();
        other.execute_batch(lock).unwrap();
        let canceller = bench.session.canceller();
        let stop = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            canceller.cancel();
        });
        let batch = bench.batch(vec![(change, Some("approved"))]);
        assert_eq!(bench.session.write(&batch).unwrap_err().kind, ErrorKind::Cancelled, "{lock}");
        stop.join().unwrap();
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(bench.ask("SELECT status FROM questions WHERE id = 'q-1'"), "flagged");
        assert_eq!(bench.ask("SELECT count(*) FROM question_history"), "0");
        // The session is as good as new.
        bench.session.arm();
        assert!(matches!(bench.session.write(&batch).unwrap().outcome, Outcome::Committed { .. }));
    }
}

#[test]
fn patience_has_an_end_where_one_is_given() {
    let mut bench = Bench::field();
    let change = bench.decide("q-1", "active");
    bench.session =
        WriteSession::open(&Grant::open(&bench.location()).unwrap()).unwrap().with_patience(Duration::from_millis(200));
    let other = bench.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = bench.batch(vec![(change, Some("approved"))]);
    let error = bench.session.write(&batch).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Locked);
    assert!(!error.remedy.is_empty());
}

#[test]
fn a_file_that_was_replaced_is_opened_anew() {
    let mut bench = Bench::field();
    let one = bench.decide("q-1", "active");
    bench.written(vec![(one.clone(), Some("approved"))]);
    let new = bench.folder.path().join("new.db");
    Connection::open(&new).unwrap().execute_batch(FIELD).unwrap();
    fs::rename(&new, &bench.path).unwrap();
    bench.written(vec![(one.clone(), Some("approved"))]);
    assert_eq!(bench.ask("SELECT status FROM questions WHERE id = 'q-1'"), "active");
    fs::remove_file(&bench.path).unwrap();
    let batch = bench.batch(vec![(one, Some("approved"))]);
    assert_eq!(bench.session.write(&batch).unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn what_cannot_be_written_gets_no_grant_and_nothing_is_made_by_asking() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mode = |path: &Path, bits| fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    let refused = |path: PathBuf, kind| {
        let error = Grant::open(&Location::File(path)).unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(!error.remedy.is_empty(), "{error:?}");
    };
    fs::write(path("text.db"), "this is no database, but it is long enough to be asked").unwrap();
    Connection::open(path("marked.db")).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
    mode(&path("marked.db"), 0o444);
    fs::create_dir(path("inside")).unwrap();
    for journal in ["delete", "wal"] {
        let name = path("inside").join(journal);
        Connection::open(name)
            .unwrap()
            .execute_batch(&format!("PRAGMA journal_mode = {journal}; CREATE TABLE t(a)"))
            .unwrap();
    }
    let before = names(folder.path());
    refused(path("missing.db"), ErrorKind::NotFound);
    refused(folder.path().to_path_buf(), ErrorKind::IsFolder);
    refused(path("text.db"), ErrorKind::NotADatabase);
    refused(path("marked.db"), ErrorKind::ReadOnly);
    for journal in ["delete", "wal"] {
        Grant::open(&Location::File(path("inside").join(journal))).unwrap();
        assert_eq!(names(&path("inside")), ["delete", "wal"]);
    }
    mode(&path("inside"), 0o555);
    refused(path("inside").join("delete"), ErrorKind::ReadOnly);
    refused(path("inside").join("wal"), ErrorKind::ReadOnly);
    mode(&path("inside"), 0o755);
    // A database that is written has its log and its index; without the right to write these, nothing can be written.
    let writer = Connection::open(path("inside").join("wal")).unwrap();
    writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
    mode(&path("inside"), 0o555);
    Grant::open(&Location::File(path("inside").join("wal"))).unwrap();
    mode(&path("inside").join("wal-shm"), 0o444);
    refused(path("inside").join("wal"), ErrorKind::ReadOnly);
    mode(&path("inside"), 0o755);
    assert_eq!(names(folder.path()), before);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_database_that_is_locked_can_be_granted() {
    let bench = Bench::field();
    let other = bench.other();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    Grant::open(&bench.location()).unwrap();
}

/// To which request, and what.
type Answered = (Slot, RequestId, Result<Answer, Error>);

/// What a database says, one answer after another.
fn answers(bench: &Bench) -> (Database, mpsc::Receiver<Answered>) {
    let (sender, receiver) = mpsc::channel();
    let database = Database::open(bench.location(), move |reply| {
        if let Reply::Answer { slot, id, outcome } = reply {
            let _ = sender.send((slot, id, outcome));
        }
    });
    (database, receiver)
}

fn request(id: u64, grant: &Grant, batch: Batch) -> Request {
    let query = Query::Write(grant.clone(), Arc::new(batch));
    Request { slot: Slot::Write, id: RequestId(id), query, freshness: Freshness::Now }
}

const LONG: Duration = Duration::from_secs(20);

/// Asks for three decisions, with time enough between them for each to be taken up before the next.
fn submit_three(bench: &mut Bench, database: &Database, grant: &Grant) {
    for at in 1..=3 {
        let change = bench.decide(&format!("q-{at}"), "active");
        let batch = bench.batch(vec![(change, Some("approved"))]);
        database.submit(request(at, grant, batch));
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_newer_write_never_ends_the_one_that_runs() {
    let mut bench = Bench::field();
    let grant = Grant::open(&bench.location()).unwrap();
    let (database, receiver) = answers(&bench);
    let other = bench.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    submit_three(&mut bench, &database, &grant);
    other.execute_batch("COMMIT").unwrap();
    for at in 1..=3 {
        let (slot, id, outcome) = receiver.recv_timeout(LONG).unwrap();
        assert_eq!((slot, id), (Slot::Write, RequestId(at)));
        let Answer::Written(receipt) = outcome.unwrap() else { panic!("no receipt") };
        assert_eq!(receipt.batch, BatchId(at));
        assert!(matches!(receipt.outcome, Outcome::Committed { .. }));
    }
    assert_eq!(bench.ask("SELECT count(*) FROM questions WHERE status = 'active'"), "3");
}

#[test]
fn a_cancel_answers_for_every_write_that_waits() {
    let mut bench = Bench::field();
    let grant = Grant::open(&bench.location()).unwrap();
    let (database, receiver) = answers(&bench);
    let other = bench.other();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    submit_three(&mut bench, &database, &grant);
    database.cancel(Slot::Write);
    let mut ended: Vec<u64> = (0..3)
        .map(|_| {
            let (_, id, outcome) = receiver.recv_timeout(LONG).unwrap();
            assert_eq!(outcome.unwrap_err().kind, ErrorKind::Cancelled);
            id.0
        })
        .collect();
    ended.sort_unstable();
    assert_eq!(ended, [1, 2, 3]);
    other.execute_batch("COMMIT").unwrap();
    // A cancel behind an answer takes nothing back, and ends nothing that comes later.
    database.cancel(Slot::Write);
    let change = bench.decide("q-4", "active");
    let batch = bench.batch(vec![(change, Some("approved"))]);
    database.submit(request(4, &grant, batch));
    let (_, id, outcome) = receiver.recv_timeout(LONG).unwrap();
    assert_eq!(id, RequestId(4));
    assert!(matches!(outcome, Ok(Answer::Written(_))));
    database.cancel(Slot::Write);
    assert_eq!(bench.ask("SELECT group_concat(id) FROM questions WHERE status = 'active'"), "q-4");
}

/// A plain model of a table, and what may be done to it.
mod model {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use reelscope::domain::staged::Staged;

    use super::*;

    const SQL: &str = "
        CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT, answer TEXT, channel TEXT, status TEXT, last_updated TEXT);
        CREATE TRIGGER trg AFTER UPDATE ON questions BEGIN UPDATE questions SET last_updated = 'by the trigger' WHERE id = NEW.id; END;
        CREATE TABLE question_history(id INTEGER PRIMARY KEY AUTOINCREMENT, question_id TEXT NOT NULL, event_type TEXT NOT NULL,
            before_snapshot TEXT, after_snapshot TEXT);
        INSERT INTO questions(id, question, answer, channel, status) VALUES ('q-0', 'q', '0', 'c', 'flagged'), ('q-1', 'q', '1', 'c', 'flagged'),
            ('q-2', 'q', '2', 'c', 'active');";

    /// Answer and status.
    type Cells = (String, String);

    /// By id.
    type Rows = BTreeMap<String, Cells>;

    #[derive(Clone, Debug)]
    enum Step {
        StageAnswer(u8, u8),
        StageStatus(u8, u8),
        StageDelete(u8),
        StageNew(u8),
        Commit,
        DropAll,
        Undo,
        Redo,
        /// Another program changes a row.
        Other(u8, u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..5_u8, 0..4_u8).prop_map(|(id, n)| Step::StageAnswer(id, n)),
            3 => (0..5_u8, 0..3_u8).prop_map(|(id, n)| Step::StageStatus(id, n)),
            1 => (0..5_u8).prop_map(Step::StageDelete),
            1 => (0..5_u8).prop_map(Step::StageNew),
            4 => Just(Step::Commit),
            1 => Just(Step::DropAll),
            3 => Just(Step::Undo),
            2 => Just(Step::Redo),
            1 => (0..5_u8, 0..4_u8).prop_map(|(id, n)| Step::Other(id, n)),
        ]
    }

    const STATUS: [&str; 3] = ["flagged", "active", "deleted"];

    /// What a committed batch did, as the model sees it: each row before and after.
    type Did = Vec<(String, Option<Cells>, Option<Cells>)>;

    struct World {
        bench: Bench,
        rows: Rows,
        staged: Staged,
        /// What each staged edit is: the row as it was shown, and as it is to be.
        plan: BTreeMap<String, (Option<Cells>, Option<Cells>)>,
        done: Vec<(Vec<Written>, Did)>,
        undone: Vec<(Vec<Written>, Did)>,
        next: u64,
        history: usize,
    }

    impl World {
        fn new() -> Self {
            let row = |answer: &str, status: &str| (answer.to_owned(), status.to_owned());
            let rows = [("q-0", row("0", "flagged")), ("q-1", row("1", "flagged")), ("q-2", row("2", "active"))];
            Self {
                bench: Bench::of(SQL),
                rows: rows.map(|(id, row)| (id.to_owned(), row)).into(),
                staged: Staged::default(),
                plan: BTreeMap::new(),
                done: Vec::new(),
                undone: Vec::new(),
                next: 0,
                history: 0,
            }
        }

        fn found(&self, id: &str) -> Option<Record> {
            ReadSession::open(&self.bench.location()).unwrap().find(&self.bench.table("questions"), id).unwrap()
        }

        fn stage(&mut self, change: Change) {
            self.next += 1;
            self.staged.stage(EntryId(self.next), change);
        }

        /// Stages new cells for a row that is there, with what the grid shows of it: the database, or what is staged already.
        fn edit(&mut self, id: &str, edit: impl Fn(&mut Cells), set: (&str, &str)) {
            let Some(now) = self.rows.get(id).cloned() else { return };
            if self.plan.get(id).is_some_and(|(shown, to)| to.is_none() || shown.as_ref() != Some(&now)) {
                return;
            }
            let change = update(&self.found(id).unwrap(), &[(set.0, Value::text(set.1))]);
            self.stage(change);
            let (shown, mut to) = self.plan.remove(id).unwrap_or_else(|| (Some(now.clone()), Some(now)));
            to.as_mut().into_iter().for_each(edit);
            if shown != to {
                self.plan.insert(id.to_owned(), (shown, to));
            }
        }

        fn run(&mut self, step: &Step) {
            let name = |id: &u8| format!("q-{id}");
            match step {
                Step::StageAnswer(id, n) => {
                    let answer = n.to_string();
                    self.edit(&name(id), |row| row.0.clone_from(&answer), ("answer", &answer));
                }
                Step::StageStatus(id, n) => {
                    let status = STATUS[usize::from(*n)];
                    self.edit(&name(id), |row| row.1 = status.to_owned(), ("status", status));
                }
                Step::StageDelete(id) => {
                    let id = name(id);
                    if let Some(now) = self.rows.get(&id).cloned()
                        && !self.plan.contains_key(&id)
                    {
                        let change = delete(&self.found(&id).unwrap());
                        self.stage(change);
                        self.plan.insert(id, (Some(now), None));
                    }
                }
                Step::StageNew(id) => {
                    let id = name(id);
                    if !self.plan.contains_key(&id) {
                        let cells = [("id", id.as_str()), ("answer", "new"), ("status", "flagged")];
                        let change =
                            self.bench.insert("questions", &cells.map(|(name, text)| (name, Value::text(text))), &[]);
                        self.stage(change);
                        self.plan.insert(id, (None, Some(("new".to_owned(), "flagged".to_owned()))));
                    }
                }
                Step::DropAll => {
                    self.staged.drop_all();
                    self.plan.clear();
                }
                Step::Commit => self.commit(),
                Step::Undo => {
                    if let Some((written, did)) = self.done.pop() {
                        let back = did.into_iter().rev().map(|(id, before, after)| (id, after, before)).collect();
                        if let Some(pair) = self.take_back(&written, back) {
                            self.undone.push(pair);
                        }
                    }
                }
                Step::Redo => {
                    if let Some((written, did)) = self.undone.pop() {
                        let again = did.into_iter().rev().map(|(id, before, after)| (id, after, before)).collect();
                        if let Some(pair) = self.take_back(&written, again) {
                            self.done.push(pair);
                        }
                    }
                }
                Step::Other(id, n) => {
                    let sql = format!("UPDATE questions SET answer = '{n}' WHERE id = 'q-{id}'");
                    self.bench.other().execute_batch(&sql).unwrap();
                    if let Some(row) = self.rows.get_mut(&name(id)) {
                        row.0 = n.to_string();
                    }
                }
            }
        }

        fn commit(&mut self) {
            let entries = self.staged.entries();
            assert_eq!(entries.len(), self.plan.len(), "{:?} is not {:?}", self.staged, self.plan);
            if entries.is_empty() {
                return;
            }
            let did: Did =
                std::mem::take(&mut self.plan).into_iter().map(|(id, (shown, to))| (id, shown, to)).collect();
            let trails = entries.iter().filter(|entry| entry.trail.is_some()).count();
            let batch = Batch { entries, ..batch_of(self.next, Vec::new()) };
            let outcome = self.bench.session.write(&batch).unwrap().outcome;
            self.staged.drop_all();
            if let Some(written) = self.compare(outcome, &did) {
                self.history += trails;
                self.done.push((written, did));
                self.undone.clear();
            }
        }

        fn take_back(&mut self, written: &[Written], did: Did) -> Option<(Vec<Written>, Did)> {
            self.next += 1;
            let back: Vec<_> = written.iter().rev().map(|one| (one.inverse.clone(), Some("reverted"))).collect();
            let count = back.len();
            let outcome = self.bench.session.write(&batch_of(self.next, back)).unwrap().outcome;
            let written = self.compare(outcome, &did)?;
            self.history += count;
            Some((written, did))
        }

        /// Holds an outcome against the model, and has the model do the same.
        fn compare(&mut self, outcome: Outcome, did: &Did) -> Option<Vec<Written>> {
            let fits = |(id, before, _): &(String, Option<Cells>, _)| self.rows.get(id) == before.as_ref();
            let misfits = did.iter().filter(|one| !fits(one)).count();
            match outcome {
                Outcome::Committed { written, .. } => {
                    assert_eq!(misfits, 0, "{did:?} was written over {:?}", self.rows);
                    for (id, _, after) in did {
                        match after {
                            Some(row) => self.rows.insert(id.clone(), row.clone()),
                            None => self.rows.remove(id),
                        };
                    }
                    Some(written)
                }
                Outcome::Refused(refusals) => {
                    assert_eq!(refusals.len(), misfits, "{refusals:?} for {did:?} over {:?}", self.rows);
                    None
                }
                Outcome::Unknown(words) => panic!("{words}"),
            }
        }

        fn check(&self) {
            let now: Vec<String> =
                self.rows.iter().map(|(id, (answer, status))| format!("{id}|{answer}|{status}")).collect();
            assert_eq!(self.bench.ask("SELECT id, answer, status FROM questions ORDER BY id"), now.join("\n"));
            assert_eq!(self.bench.ask("SELECT count(*) FROM question_history"), self.history.to_string());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_staged_committed_and_undone_the_database_is_as_the_model_says(steps in prop::collection::vec(step(), 1..40)) {
            let mut world = World::new();
            for step in &steps {
                world.run(step);
                world.check();
            }
        }
    }
}
