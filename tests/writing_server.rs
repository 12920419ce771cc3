//! Writing to real servers: what is written is what was meant, once, with its trail; what stands in the way is named; where an answer is
//! lost, it is looked what became of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{sync::Arc, thread, time::Duration};

use jiff::Timestamp;
use reelscope::{
    db::{
        error::{Error, ErrorKind},
        location::Location,
        replica::Replica,
        request::{Answer, Query, Slot, SyncHow},
        server::Server,
        session::ReadSession,
        write::{Grant, WriteSession},
    },
    domain::{
        change::{
            Batch, BatchId, Change, Entry, EntryId, Known, Obstacle, Outcome, Receipt, Trail, TrailPolicy, Written,
        },
        page::{Record, RowKey},
        schema::{Relation, Schema},
        value::{Bytes, Value},
    },
};
use serde_json::Value as Json;
use support::{
    proxy::{Fault, Proxy},
    reach::{Asked, server},
    samples::Sample,
    sqld::{Options, Sqld},
    token::Issuer,
};

const SCHEMA: &str = include_str!("../assets/schema.sql");

/// Ten flagged questions, and what hangs on them.
const QUESTIONS: &str = "
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10)
    INSERT INTO questions(id, question, answer, explanation, difficulty, tags, channel, sub_channel, relevance_score, status,
        last_updated, created_at)
    SELECT 'q-' || x, 'What is it''s \"' || x || '\"?' || char(10) || '漢字', 'Because' || char(9) || 'so', 'e', 'beginner',
        '[\"a\",\"b\"]', 'system-design', 'sub', x * 10, 'flagged', '2026-01-01 00:00:00', '2026-01-01T00:00:00.000Z' FROM n;
    INSERT INTO channel_mappings(channel_id, sub_channel, question_id) VALUES ('c', 's', 'q-1');
";

fn sample() -> Sample {
    Sample::of(&format!("{SCHEMA}{QUESTIONS}"))
}

/// When all batches here are written.
fn at() -> Timestamp {
    "2026-11-22T21:30:00.123Z".parse().unwrap()
}

/// One who writes, with what is read to write.
struct Desk {
    schema: Schema,
    reader: ReadSession,
    writer: WriteSession,
    next: u64,
}

impl Desk {
    fn open(location: &Location) -> Self {
        let mut reader = ReadSession::open(location).unwrap();
        let schema = reader.schema().unwrap();
        Self { schema, reader, writer: WriteSession::open(&Grant::open(location).unwrap()).unwrap(), next: 0 }
    }

    fn of(server: Server) -> Self {
        Self::open(&Location::Server(server))
    }

    fn relation(&self, name: &str) -> Arc<Relation> {
        Arc::clone(self.schema.catalogued(name).or_else(|| self.schema.find(name)).unwrap())
    }

    fn question(&mut self, id: &str) -> Record {
        self.reader.question(id).unwrap().unwrap().record
    }

    fn entry(&mut self, change: Change, event: Option<&str>) -> Entry {
        self.next += 1;
        let trail = event.map(|event| Trail { event: event.to_owned(), reason: Some("it's fine".to_owned()) });
        Entry { id: EntryId(self.next), change, trail }
    }

    /// A question gets another status, by what is shown now.
    fn decide(&mut self, id: &str, status: &str) -> Entry {
        let row = self.question(id);
        let change = update(&row, &["status"], &[("status", Value::text(status))]);
        self.entry(change, Some(if status == "active" { "approved" } else { status }))
    }

    fn batch(&mut self, entries: Vec<Entry>) -> Batch {
        self.next += 1;
        Batch { id: BatchId(self.next), entries, author: "ann".to_owned(), at: at(), trail: TrailPolicy::Required }
    }

    fn try_write(&mut self, entries: Vec<Entry>) -> Result<Receipt, Error> {
        let batch = self.batch(entries);
        let receipt = self.writer.write(&batch)?;
        assert_eq!(receipt.batch, batch.id);
        Ok(receipt)
    }

    /// Writes, and all is well.
    fn write(&mut self, entries: Vec<Entry>) -> Vec<Written> {
        let receipt = self.try_write(entries).unwrap();
        committed(receipt, Known::Answered)
    }

    /// Writes, and something stands in the way.
    fn refused(&mut self, entries: Vec<Entry>) -> Vec<(EntryId, Obstacle)> {
        match self.try_write(entries).unwrap().outcome {
            Outcome::Refused(refused) => refused.into_iter().map(|refused| (refused.entry, refused.why)).collect(),
            outcome => panic!("{outcome:?}"),
        }
    }
}

fn committed(receipt: Receipt, wanted: Known) -> Vec<Written> {
    match receipt.outcome {
        Outcome::Committed { written, known } => {
            assert_eq!(known, wanted);
            written
        }
        outcome => panic!("{outcome:?}"),
    }
}

fn cells(relation: &Relation, named: &[(&str, Value)]) -> Vec<(usize, Value)> {
    named.iter().map(|(name, value)| (relation.column(name).unwrap(), value.clone())).collect()
}

fn update(row: &Record, shown: &[&str], set: &[(&str, Value)]) -> Change {
    let shown: Vec<(&str, Value)> = shown.iter().map(|name| (*name, row.get(name).unwrap().clone())).collect();
    Change::Update {
        relation: Arc::clone(&row.relation),
        key: row.key.clone(),
        shown: cells(&row.relation, &shown),
        set: cells(&row.relation, set),
    }
}

fn said(obstacle: &Obstacle) -> &str {
    match obstacle {
        Obstacle::Said { what, remedy } => {
            assert!(!remedy.is_empty(), "{what}");
            what
        }
        obstacle => panic!("{obstacle:?}"),
    }
}

/// How many lines the history has.
fn lines(sqld: &Sqld) -> String {
    sqld.value("SELECT count(*) FROM question_history")
}

fn status(sqld: &Sqld, id: &str) -> String {
    sqld.value(&format!("SELECT status FROM questions WHERE id = '{id}'"))
}

#[test]
fn a_decision_is_written_with_its_trail_in_two_requests() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(server(&proxy.url(), None));
    let entry = desk.decide("q-3", "active");
    let before = proxy.counts().requests;
    let written = desk.write(vec![entry]);
    assert_eq!(proxy.counts().requests - before, 2);

    let row = desk.question("q-3");
    assert_eq!(row.get("status"), Some(&Value::text("active")));
    assert_ne!(row.get("lastUpdated"), Some(&Value::text("2026-01-01 00:00:00")), "its trigger ran");
    assert_eq!(written[0].after.as_ref(), Some(&row));
    assert_eq!(written[0].statements.len(), 2);
    assert_eq!(lines(&sqld), "1");
    let line = |column: &str| sqld.value(&format!("SELECT {column} FROM question_history"));
    for (column, wanted) in [
        ("question_id", "q-3"),
        ("question_type", "question"),
        ("event_type", "approved"),
        ("event_source", "user"),
        ("source_name", "ann"),
        ("changes_summary", "status: flagged → active"),
        ("changed_fields", r#"["status"]"#),
        ("reason", "it's fine"),
        ("created_at", "2026-11-22T21:30:00.123Z"),
    ] {
        assert_eq!(line(column), wanted, "{column}");
    }
    let (then, now): (Json, Json) = (
        serde_json::from_str(&line("before_snapshot")).unwrap(),
        serde_json::from_str(&line("after_snapshot")).unwrap(),
    );
    assert_eq!((&then["status"], &now["status"]), (&Json::from("flagged"), &Json::from("active")));
    assert_eq!(then["question"], Json::from("What is it's \"3\"?\n漢字"));
    assert_eq!(now["last_updated"].as_str(), row.get("lastUpdated").and_then(Value::as_text).as_deref());
    assert_eq!(then.as_object().unwrap().len(), row.relation.columns.len());
    assert_eq!(now.as_object().unwrap().len(), row.relation.columns.len());

    // Many at once take no more requests.
    let entries: Vec<Entry> = (4..=10).map(|at| desk.decide(&format!("q-{at}"), "deleted")).collect();
    let before = proxy.counts().requests;
    assert_eq!(desk.write(entries).len(), 7);
    assert_eq!(proxy.counts().requests - before, 2);
    assert_eq!(lines(&sqld), "8");
    assert_eq!(proxy.counts().connections, 2, "one for reading, one for writing");
}

#[test]
fn what_was_written_can_be_taken_back_and_done_again() {
    let Some(sqld) = sample().served() else { return };
    let mut desk = Desk::of(server(&sqld.url(), None));
    let entry = desk.decide("q-1", "deleted");
    let mut last = desk.write(vec![entry]).remove(0);
    for (round, wanted) in ["flagged", "deleted", "flagged"].into_iter().enumerate() {
        let entry = desk.entry(last.inverse.clone(), Some("reverted"));
        last = desk.write(vec![entry]).remove(0);
        assert_eq!(status(&sqld, "q-1"), wanted);
        assert_eq!(lines(&sqld), (round + 2).to_string());
    }
    // Only while the row is what was written.
    sqld.run("UPDATE questions SET answer = 'another' WHERE id = 'q-1'");
    let entry = desk.entry(last.inverse, Some("reverted"));
    let refused = desk.refused(vec![entry]);
    assert!(matches!(&refused[0].1, Obstacle::Changed(now) if now.get("answer") == Some(&Value::text("another"))));
    assert_eq!(status(&sqld, "q-1"), "flagged");
}

#[test]
fn rows_come_and_go() {
    let Some(sqld) = sample().served() else { return };
    let mut desk = Desk::of(server(&sqld.url(), None));
    let queue = desk.relation("workQueue");
    let item = cells(
        &queue,
        &[
            ("itemType", Value::text("question")),
            ("itemId", Value::text("q-1")),
            ("action", Value::text("improve")),
            ("priority", Value::Integer(2)),
            ("status", Value::text("pending")),
            ("createdBy", Value::text("ann")),
            ("createdAt", Value::text("2026-11-22T21:30:00.123Z")),
        ],
    );
    let unless = item.iter().filter(|(column, _)| *column != queue.column("priority").unwrap()).cloned().collect();
    let insert = Change::Insert { relation: Arc::clone(&queue), cells: item, unless };
    let entry = desk.entry(insert.clone(), None);
    let first = desk.write(vec![entry]).remove(0);
    assert_eq!(first.key, RowKey::Rowid(1));
    assert_eq!(first.after.as_ref().unwrap().get("priority"), Some(&Value::Integer(2)));
    let entry = desk.entry(insert.clone(), None);
    assert_eq!(desk.refused(vec![entry.clone()]), [(entry.id, Obstacle::Pending(RowKey::Rowid(1)))]);
    assert_eq!(lines(&sqld), "0", "queue items have no trail");

    let entry = desk.entry(first.inverse, None);
    let gone = desk.write(vec![entry]).remove(0);
    assert_eq!((gone.after, sqld.value("SELECT count(*) FROM work_queue").as_str()), (None, "0"));
    let entry = desk.entry(gone.inverse, None);
    assert_eq!(desk.write(vec![entry]).remove(0).key, RowKey::Rowid(1), "it comes back whole");

    // A new question, with its trail; and away with it.
    let questions = desk.relation("questions");
    let new = cells(
        &questions,
        &[
            ("id", Value::text("new")),
            ("question", Value::text("q\0q")),
            ("answer", Value::text("a")),
            ("explanation", Value::text("e\u{1b}[31m")),
            ("difficulty", Value::text("beginner")),
            ("channel", Value::text("c")),
            ("subChannel", Value::text("s")),
        ],
    );
    let change = Change::Insert { relation: questions, cells: new, unless: Vec::new() };
    let entry = desk.entry(change, Some("created"));
    let made = desk.write(vec![entry]).remove(0);
    assert_eq!(made.after.as_ref(), Some(&desk.question("new")));
    let line = |column: &str| sqld.value(&format!("SELECT {column} FROM question_history ORDER BY id DESC LIMIT 1"));
    assert_eq!((line("question_id").as_str(), line("event_type").as_str()), ("new", "created"));
    assert_eq!(line("before_snapshot IS NULL"), "1");
    let after: Json = serde_json::from_str(&line("after_snapshot")).unwrap();
    assert_eq!(after["question"], Json::from("q\0q"));
    assert_eq!(after["status"], Json::from("active"), "a default");
    let entry = desk.entry(made.inverse, Some("reverted"));
    desk.write(vec![entry]);
    assert_eq!(sqld.value("SELECT count(*) FROM questions WHERE id = 'new'"), "0");
    assert_eq!(line("after_snapshot IS NULL"), "1");
}

#[test]
fn every_value_arrives_to_the_last_bit() {
    let Some(sqld) =
        Sample::of("CREATE TABLE odd(id INTEGER PRIMARY KEY, v, w); INSERT INTO odd VALUES (1, 0, NULL)").served()
    else {
        return;
    };
    let mut desk = Desk::of(server(&sqld.url(), None));
    let odd = desk.relation("odd");
    let values = [
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Integer(i64::MAX),
        Value::Real(0.1 + 0.2),
        Value::Real(5e-324),
        Value::Real(f64::INFINITY),
        Value::Real(f64::NEG_INFINITY),
        Value::text("it's \"x\"; DROP TABLE odd -- \\ 😀\u{202e}"),
        Value::text("a\0b"),
        Value::text("SELECT '?1' || :name || @x"),
        Value::Text(Bytes::whole(*b"a\xffb")),
        Value::Blob(Bytes::whole(*b"\0\xff")),
        Value::Blob(Bytes::default()),
        Value::text(""),
    ];
    for value in values {
        let row = desk.reader.record(&odd, &RowKey::Rowid(1)).unwrap().unwrap();
        let entry = desk.entry(update(&row, &["v", "w"], &[("v", value.clone())]), None);
        let written = desk.write(vec![entry]).remove(0);
        assert_eq!(written.after.as_ref().unwrap().get("v"), Some(&value));
        let now = desk.reader.record(&odd, &RowKey::Rowid(1)).unwrap().unwrap();
        assert_eq!(now.get("v"), Some(&value));
    }
}

#[test]
fn a_row_that_is_another_by_now_is_not_written() {
    let Some(sqld) = sample().served() else { return };
    let mut desk = Desk::of(server(&sqld.url(), None));
    let (first, second, third) =
        (desk.decide("q-1", "active"), desk.decide("q-2", "active"), desk.decide("q-3", "active"));
    sqld.run("UPDATE questions SET status = 'deleted' WHERE id = 'q-2'; DELETE FROM questions WHERE id = 'q-3'");
    let refused = desk.refused(vec![first.clone(), second.clone(), third.clone()]);
    assert_eq!(refused.len(), 2);
    assert!(
        matches!(&refused[0], (id, Obstacle::Changed(now)) if *id == second.id && now.get("status") == Some(&Value::text("deleted")))
    );
    assert_eq!(refused[1], (third.id, Obstacle::Gone));
    assert_eq!((status(&sqld, "q-1").as_str(), lines(&sqld).as_str()), ("flagged", "0"), "all or nothing");
    // What was not shown may be another.
    sqld.run("UPDATE questions SET answer = 'other' WHERE id = 'q-1'");
    desk.write(vec![first]);
    assert!(sqld.value("SELECT before_snapshot FROM question_history").contains(r#""answer":"other""#));
}

/// Another program writes between the two requests.
#[test]
fn a_row_that_changes_in_between_is_seen() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(server(&proxy.url(), None));
    let entry = desk.decide("q-1", "active");
    proxy.delay(Duration::from_millis(400));
    let asked = proxy.counts().requests;
    let refused = thread::scope(|scope| {
        scope.spawn(|| {
            // The second request has come to the proxy, which holds it for a while.
            proxy.until_requests(asked + 2);
            sqld.run("UPDATE questions SET status = 'deleted', answer = 'theirs' WHERE id = 'q-1'");
        });
        desk.refused(vec![entry])
    });
    assert!(matches!(&refused[0].1, Obstacle::Changed(now) if now.get("answer") == Some(&Value::text("theirs"))));
    assert_eq!((status(&sqld, "q-1").as_str(), lines(&sqld).as_str()), ("deleted", "0"));

    // Of what was not shown: it is built anew, and written with the row as it is.
    proxy.delay(Duration::ZERO);
    let entry = desk.decide("q-2", "active");
    proxy.delay(Duration::from_millis(400));
    let asked = proxy.counts().requests;
    thread::scope(|scope| {
        scope.spawn(|| {
            proxy.until_requests(asked + 2);
            sqld.run("UPDATE questions SET answer = 'theirs' WHERE id = 'q-2'");
        });
        desk.write(vec![entry])
    });
    assert_eq!(lines(&sqld), "1");
    assert!(sqld.value("SELECT before_snapshot FROM question_history").contains(r#""answer":"theirs""#));
    assert_eq!(sqld.value("SELECT answer || status FROM questions WHERE id = 'q-2'"), "theirsactive");
}

/// A key and cells that compare without case are still guarded to the last letter; keys of several columns, rows without a number.
#[test]
fn every_kind_of_table_is_guarded_exactly() {
    let sample = Sample::of(
        "CREATE TABLE names(name TEXT COLLATE NOCASE, part INTEGER, note TEXT COLLATE NOCASE, doubled AS (part * 2),
            PRIMARY KEY(name, part)) WITHOUT ROWID;
         INSERT INTO names VALUES ('Ann', 1, 'note'), ('Bob', 2, 'x');
         CREATE TABLE \"select \"\"x\"\" it's\"(\"a b\" TEXT, \"c\"\"d\");
         INSERT INTO \"select \"\"x\"\" it's\" VALUES ('k', 1);
         CREATE VIEW seen AS SELECT * FROM names",
    );
    let Some(sqld) = sample.served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(server(&proxy.url(), None));
    let names = desk.relation("names");
    let row = desk.reader.find(&names, "Ann,1").unwrap().unwrap();
    let entry = desk.entry(update(&row, &["note"], &[("part", Value::Integer(7))]), None);
    let written = desk.write(vec![entry]).remove(0);
    assert_eq!(written.key, RowKey::Primary(vec![Value::text("Ann"), Value::Integer(7)]), "its key is another now");
    assert_eq!(written.after.as_ref().unwrap().get("doubled"), Some(&Value::Integer(14)));
    let entry = desk.entry(written.inverse, None);
    let back = desk.write(vec![entry]).remove(0);
    assert_eq!(back.after.as_ref(), Some(&row));

    let entry = desk.entry(update(&row, &["note"], &[("note", Value::text("mine"))]), None);
    proxy.delay(Duration::from_millis(400));
    let asked = proxy.counts().requests;
    let refused = thread::scope(|scope| {
        scope.spawn(|| {
            proxy.until_requests(asked + 2);
            sqld.run("UPDATE names SET note = 'NOTE' WHERE part = 1");
        });
        desk.refused(vec![entry])
    });
    proxy.delay(Duration::ZERO);
    assert!(matches!(&refused[0].1, Obstacle::Changed(now) if now.get("note") == Some(&Value::text("NOTE"))));

    let delete = Change::Delete {
        relation: Arc::clone(&names),
        key: row.key.clone(),
        shown: cells(&names, &[("note", Value::text("NOTE"))]),
    };
    let entry = desk.entry(delete, None);
    let gone = desk.write(vec![entry]).remove(0);
    let entry = desk.entry(gone.inverse, None);
    assert_eq!(desk.write(vec![entry]).remove(0).key, row.key);
    assert_eq!(sqld.value("SELECT name || part || note FROM names WHERE part = 1"), "Ann1NOTE");

    let odd = desk.relation("select \"x\" it's");
    let row = desk.reader.find(&odd, "1").unwrap().unwrap();
    let entry = desk.entry(update(&row, &["a b"], &[("c\"d", Value::text("it's"))]), None);
    desk.write(vec![entry]);
    let made = Change::Insert { relation: Arc::clone(&odd), cells: Vec::new(), unless: Vec::new() };
    let entry = desk.entry(made, None);
    assert_eq!(desk.write(vec![entry]).remove(0).key, RowKey::Rowid(2));

    let seen = desk.relation("seen");
    let change = Change::Update {
        relation: Arc::clone(&seen),
        key: RowKey::Ordinal(0),
        shown: Vec::new(),
        set: vec![(2, Value::Null)],
    };
    let entry = desk.entry(change, None);
    assert!(said(&desk.refused(vec![entry])[0].1).contains("view"));
}

#[test]
fn what_the_database_refuses_names_its_entry() {
    let Some(sqld) = sample().served() else { return };
    sqld.run(
        "CREATE TRIGGER hands_off BEFORE UPDATE ON questions WHEN NEW.status = 'gone' BEGIN SELECT RAISE(ABORT, 'no such status'); END;
         CREATE TRIGGER quiet BEFORE UPDATE ON questions WHEN NEW.status = 'quiet' BEGIN SELECT RAISE(IGNORE); END;",
    );
    let mut desk = Desk::of(server(&sqld.url(), None));
    let (one, two) = (desk.decide("q-1", "active"), desk.decide("q-2", "gone"));
    let refused = desk.refused(vec![one.clone(), two.clone()]);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, two.id);
    assert!(said(&refused[0].1).contains("no such status"), "{refused:?}");

    let row = desk.question("q-1");
    let entry = desk.entry(update(&row, &[], &[("answer", Value::Null)]), Some("updated"));
    let refused = desk.refused(vec![one.clone(), entry.clone()]);
    assert_eq!(refused[0].0, entry.id);
    assert!(said(&refused[0].1).contains("questions.answer"), "{refused:?}");

    let entry = desk.entry(update(&row, &[], &[("id", Value::text("q-2"))]), Some("updated"));
    assert!(said(&desk.refused(vec![entry])[0].1).contains("questions.id"));

    // A row that others refer to; sqld enforces foreign keys.
    let delete = Change::Delete { relation: desk.relation("questions"), key: row.key.clone(), shown: Vec::new() };
    let entry = desk.entry(delete, Some("deleted"));
    assert!(said(&desk.refused(vec![entry])[0].1).contains("foreign key"));

    let entry = desk.decide("q-4", "quiet");
    assert!(said(&desk.refused(vec![entry])[0].1).contains("trigger"));
    assert_eq!(lines(&sqld), "0");
    assert_eq!(sqld.value("SELECT count(*) FROM questions WHERE status = 'flagged'"), "10");
}

#[test]
fn without_a_history_it_is_asked() {
    let Some(sqld) = sample().served() else { return };
    sqld.run("DROP TABLE question_history");
    let mut desk = Desk::of(server(&sqld.url(), None));
    let entry = desk.decide("q-1", "active");
    assert_eq!(desk.try_write(vec![entry.clone()]).unwrap_err().kind, ErrorKind::NoTrail);
    assert_eq!(status(&sqld, "q-1"), "flagged");
    let batch = Batch { trail: TrailPolicy::Waived, ..desk.batch(vec![entry]) };
    committed(desk.writer.write(&batch).unwrap(), Known::Answered);
    assert_eq!(status(&sqld, "q-1"), "active");
}

#[test]
fn the_logical_names_may_be_the_real_ones() {
    let sample = Sample::of(
        "CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT, answer TEXT, explanation TEXT, difficulty TEXT, channel TEXT,
            subChannel TEXT, status TEXT, lastUpdated TEXT, createdAt TEXT);
         CREATE TABLE questionHistory(id INTEGER PRIMARY KEY AUTOINCREMENT, questionId TEXT NOT NULL, questionType TEXT, eventType TEXT,
            eventSource TEXT, sourceName TEXT, changesSummary TEXT, changedFields TEXT, beforeSnapshot TEXT, afterSnapshot TEXT,
            reason TEXT, metadata TEXT, createdAt TEXT);
         INSERT INTO questions(id, question, subChannel, status) VALUES ('q-1', 'q', 's', 'flagged')",
    );
    let Some(sqld) = sample.served() else { return };
    let mut desk = Desk::of(server(&sqld.url(), None));
    let entry = desk.decide("q-1", "active");
    desk.write(vec![entry]);
    let line = sqld.value("SELECT questionId || eventType || changedFields || createdAt FROM questionHistory");
    assert_eq!(line, r#"q-1approved["status"]2026-11-22T21:30:00.123Z"#);
    assert!(sqld.value("SELECT afterSnapshot FROM questionHistory").contains(r#""subChannel":"s""#));
}

#[test]
fn a_token_for_reading_says_what_is_needed() {
    let issuer = Issuer::new();
    let options = Options { key: Some(issuer.public_key()), ..Options::default() };
    let Some(sqld) = Sqld::start_with(options) else { return };
    sqld.run_with(Some(&issuer.read_write()), &format!("{SCHEMA}{QUESTIONS}"));
    let mut desk = Desk::of(server(&sqld.url(), Some(&issuer.read_only())));
    let entry = desk.decide("q-1", "active");
    let error = desk.try_write(vec![entry.clone()]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.remedy.contains("TURSO_AUTH_TOKEN"), "{error:?}");
    assert_eq!(desk.question("q-1").get("status"), Some(&Value::text("flagged")));
    let mut desk = Desk::of(server(&sqld.url(), Some(&issuer.read_write())));
    desk.write(vec![entry]);
    let mut desk = Desk::of(server(&sqld.url(), Some(&issuer.read_write())));
    assert_eq!(desk.question("q-1").get("status"), Some(&Value::text("active")));
}

/// A server with limits that a test can wait for.
fn quick(url: &str) -> Server {
    let mut server = server(url, None);
    server.limits.request = Duration::from_secs(2);
    server
}

#[test]
fn an_answer_that_is_lost_is_looked_for() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(quick(&proxy.url()));
    // It was carried out, and the connection cut.
    let entries = vec![desk.decide("q-1", "active"), desk.decide("q-2", "deleted")];
    proxy.break_next("UPDATE main", Fault::CutAfter(0));
    let written = committed(desk.try_write(entries).unwrap(), Known::Looked);
    assert_eq!(written.len(), 2);
    assert_eq!(written[1].after.as_ref(), Some(&desk.question("q-2")));
    assert_eq!((status(&sqld, "q-1").as_str(), lines(&sqld).as_str()), ("active", "2"), "once");
    let entry = desk.entry(written[0].inverse.clone(), Some("reverted"));
    desk.write(vec![entry]);

    // In the middle of the answer; of what has no trail.
    let queue = desk.relation("workQueue");
    let item = [("itemType", "question"), ("itemId", "q-1"), ("action", "improve")]
        .map(|(name, value)| (name, Value::text(value)));
    let insert = Change::Insert { relation: Arc::clone(&queue), cells: cells(&queue, &item), unless: Vec::new() };
    for number in 1..=2 {
        proxy.break_next("INSERT INTO main", Fault::CutAfter(100));
        let entry = desk.entry(insert.clone(), None);
        let written = committed(desk.try_write(vec![entry]).unwrap(), Known::Looked);
        assert_eq!(written[0].key, RowKey::Rowid(number));
        assert_eq!(sqld.value("SELECT count(*) FROM work_queue"), number.to_string(), "once");
    }

    // The server never answers in time.
    let entry = desk.decide("q-3", "active");
    proxy.break_next("UPDATE main", Fault::StallAfter(0));
    committed(desk.try_write(vec![entry]).unwrap(), Known::Looked);
    // What answers says that it failed.
    assert_eq!(lines(&sqld), "4");
    let sent = proxy.requests().iter().filter(|request| request.body.contains("UPDATE main")).count();
    assert_eq!(sent, 3, "no write is sent twice");
}

#[test]
fn a_request_that_never_arrived_is_known_not_to_be_written() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(quick(&proxy.url()));
    let entry = desk.decide("q-1", "active");
    // Cut before the server got it; and a failure of what stands before it.
    for fault in [Fault::Garbage(Vec::new()), Fault::Answer(502, "text/plain", b"bad gateway".to_vec())] {
        proxy.break_next("UPDATE main", fault);
        let error = desk.try_write(vec![entry.clone()]).unwrap_err();
        assert!(error.what.contains("nothing was written"), "{error:?}");
        assert_eq!((status(&sqld, "q-1").as_str(), lines(&sqld).as_str()), ("flagged", "0"));
    }
    // Refused as a whole: there is nothing to look for.
    let asked = proxy.counts().requests;
    proxy.break_next("UPDATE main", Fault::Answer(429, "text/plain", Vec::new()));
    assert_eq!(desk.try_write(vec![entry.clone()]).unwrap_err().kind, ErrorKind::Throttled);
    assert_eq!(proxy.counts().requests - asked, 2);
    desk.write(vec![entry]);
    assert_eq!(lines(&sqld), "1");
}

#[test]
fn what_arrives_too_late_is_not_written() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(quick(&proxy.url()));
    let entry = desk.decide("q-1", "active");
    // Somewhere on its way, it lies: nobody knows. Then it is looked, and sure.
    proxy.break_next("UPDATE main", Fault::Garbage(Vec::new()));
    desk.try_write(vec![entry]).unwrap_err();
    let held = proxy.requests().into_iter().rfind(|request| request.body.contains("UPDATE main")).unwrap();
    let answer =
        support::http::post(sqld.address(), "/v3/pipeline", None, &String::from_utf8(held.sent).unwrap()).unwrap();
    assert!(answer.text().contains("too late"), "{}", answer.text());
    assert_eq!((status(&sqld, "q-1").as_str(), lines(&sqld).as_str()), ("flagged", "0"));
}

#[test]
fn a_server_that_is_gone_leaves_it_unknown_and_says_what_to_look_for() {
    let Some(mut sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(quick(&proxy.url()));
    let entry = desk.decide("q-1", "active");
    proxy.break_next("UPDATE main", Fault::CutAfter(0));
    proxy.break_those("EXISTS", Fault::Garbage(Vec::new()));
    let Outcome::Unknown(words) = desk.try_write(vec![entry]).unwrap().outcome else { panic!("it cannot be known") };
    assert!(words.contains("question_history") && words.contains("2026-11-22T21:30:00.123Z"), "{words}");
    proxy.heal();
    assert_eq!((status(&sqld, "q-1").as_str(), lines(&sqld).as_str()), ("active", "1"));

    // Killed while it is asked, and started again: it is looked until it answers.
    let entry = desk.decide("q-2", "active");
    let asked = proxy.counts().requests;
    let outcome = thread::scope(|scope| {
        proxy.break_next("UPDATE main", Fault::StallAfter(0));
        let writing = scope.spawn(|| desk.try_write(vec![entry]));
        proxy.until_requests(asked + 2);
        sqld.kill();
        sqld.restart();
        writing.join().unwrap()
    });
    let written = status(&sqld, "q-2") == "active";
    assert_eq!(lines(&sqld), if written { "2" } else { "1" }, "wholly there, or wholly absent");
    match outcome {
        Ok(receipt) => {
            committed(receipt, Known::Looked);
            assert!(written);
        }
        Err(error) => assert!(!written && error.what.contains("nothing was written"), "{error:?}"),
    }
}

#[test]
fn where_nothing_leaves_nothing_is_looked_for() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(quick(&proxy.url()));
    let entry = desk.decide("q-1", "active");
    let asked = proxy.counts().requests;
    desk.writer.canceller().cancel();
    assert_eq!(desk.try_write(vec![entry.clone()]).unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(proxy.counts().requests, asked, "cancelled before it was sent");
    desk.writer.arm();
    proxy.refuse();
    assert_eq!(desk.try_write(vec![entry.clone()]).unwrap_err().kind, ErrorKind::Unreachable);
    proxy.heal();
    desk.write(vec![entry]);
    assert_eq!(lines(&sqld), "1");
}

#[test]
fn cancelling_what_is_under_way_tells_whether_it_was_written() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(quick(&proxy.url()));
    let entry = desk.decide("q-1", "active");
    let canceller = desk.writer.canceller();
    proxy.break_next("UPDATE main", Fault::StallAfter(0));
    let receipt = thread::scope(|scope| {
        let writing = scope.spawn(|| desk.try_write(vec![entry]));
        proxy.until_asked("UPDATE main");
        // The server has carried it out; its answer is held.
        while lines(&sqld) == "0" {
            thread::sleep(Duration::from_millis(5));
        }
        canceller.cancel();
        writing.join().unwrap().unwrap()
    });
    committed(receipt, Known::Looked);
    assert_eq!(lines(&sqld), "1");
}

#[test]
fn what_is_too_much_is_refused_before_it_is_sent() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(server(&proxy.url(), None));
    let row = desk.question("q-1");
    // Larger than the server takes: it says so, of this entry.
    let large = Value::text(&"x".repeat(10_000_000));
    let entry = desk.entry(update(&row, &["status"], &[("answer", large.clone())]), Some("updated"));
    assert!(said(&desk.refused(vec![entry])[0].1).contains("larger than the server takes"));
    // More than goes into a request.
    let asked = proxy.counts().requests;
    let entries: Vec<Entry> = (1..=4)
        .map(|at| {
            let row = desk.question(&format!("q-{at}"));
            desk.entry(update(&row, &["status"], &[("answer", Value::text(&"x".repeat(5_000_000)))]), Some("updated"))
        })
        .collect();
    let shown = proxy.counts().requests;
    let error = desk.try_write(entries).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    assert!(error.remedy.contains("about 3 fit"), "{error:?}");
    assert_eq!(proxy.counts().requests - shown, 1, "only read; before: {asked}");
    assert_eq!(lines(&sqld), "0");
}

#[test]
fn a_copy_shows_what_was_written_through_it() {
    let sample = sample();
    let Some(sqld) = sample.served() else { return };
    let location = Location::Replica(Replica::new(sample.folder().join("copy.db"), server(&sqld.url(), None)));
    let mut asked = Asked::open(location.clone());
    assert_eq!(asked.get(Slot::Sync, Query::Sync(SyncHow::Now)).unwrap(), Answer::Synced);
    let mut desk = Desk::open(&location);
    let entry = desk.decide("q-1", "active");
    desk.write(vec![entry]);
    assert_eq!(status(&sqld, "q-1"), "active", "the server has it");
    assert_eq!(desk.question("q-1").get("status"), Some(&Value::text("active")), "and so has the copy");
}

/// The history's rows as JSON, their snapshots as what they say; `last_updated` is the moment's.
fn history(reader: &mut ReadSession, schema: &Schema) -> Vec<Json> {
    let relation = Arc::clone(schema.catalogued("questionHistory").unwrap());
    let mut rows = Vec::new();
    reader
        .scan(&relation, &mut |row| {
            let mut line = serde_json::Map::new();
            for (column, value) in relation.columns.iter().zip(row) {
                let json = match value {
                    Value::Null => Json::Null,
                    value => {
                        let text = value.to_plain().into_owned();
                        serde_json::from_str(&text).unwrap_or(Json::from(text))
                    }
                };
                line.insert(column.name.clone(), json);
            }
            for snapshot in ["before_snapshot", "after_snapshot"] {
                if let Some(Json::Object(fields)) = line.get_mut(snapshot) {
                    fields.insert("last_updated".to_owned(), Json::Null);
                }
            }
            rows.push(Json::Object(line));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    rows
}

#[test]
fn files_and_servers_write_the_same() {
    let script = format!(
        "{SCHEMA}{QUESTIONS}
         UPDATE questions SET relevance_score = 0.1 + 0.2, tags = x'00ff', companies = 'a' || char(0) || 'b', videos = 9e999 WHERE id = 'q-1';
         UPDATE questions SET eli5 = CAST(x'61ff' AS TEXT), relevance_score = 1e300, tldr = -0.0 WHERE id = 'q-2';"
    );
    let sample = Sample::of(&script);
    let Some(sqld) = sample.served() else { return };
    let mut both = Vec::new();
    for location in [Location::File(sample.path().to_owned()), Location::Server(server(&sqld.url(), None))] {
        let mut desk = Desk::open(&location);
        let first = vec![desk.decide("q-1", "active"), desk.decide("q-2", "deleted"), desk.decide("q-3", "active")];
        let written = desk.write(first);
        let row = desk.question("q-4");
        let set =
            [("answer", Value::text("new\r\n\"x\"")), ("relevanceScore", Value::Real(1.0)), ("eli5", Value::Null)];
        let entry = desk.entry(update(&row, &["answer"], &set), Some("updated"));
        desk.write(vec![entry]);
        let entry = desk.entry(written[1].inverse.clone(), Some("reverted"));
        desk.write(vec![entry]);
        let schema = desk.schema.clone();
        both.push((written.len(), history(&mut desk.reader, &schema)));
    }
    assert_eq!(both[0].1.len(), 5);
    for (file, server) in both[0].1.iter().zip(&both[1].1) {
        assert_eq!(file, server);
    }
}

/// Wherever the answer is cut, each decision is there once, and its receipt says so.
#[test]
fn wherever_an_answer_is_cut_nothing_is_written_twice() {
    let Some(sqld) = sample().served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut desk = Desk::of(quick(&proxy.url()));
    for (at, bytes) in [0, 1, 12, 90, 300, 700, 1500, 2500, 4000].into_iter().enumerate() {
        let id = format!("q-{}", at + 1);
        let entry = desk.decide(&id, "active");
        proxy.break_next("UPDATE main", Fault::CutAfter(bytes));
        match desk.try_write(vec![entry]).unwrap().outcome {
            // A short answer may be whole by then.
            Outcome::Committed { written, .. } => assert_eq!(written[0].after.as_ref(), Some(&desk.question(&id))),
            outcome => panic!("{outcome:?}"),
        }
        assert_eq!(status(&sqld, &id), "active");
        assert_eq!(lines(&sqld), (at + 1).to_string());
    }
}

/// Two who decide the same questions: of each, one is heard, and the other is told.
#[test]
fn of_two_who_decide_the_same_one_is_told() {
    let Some(sqld) = sample().served() else { return };
    let mut desks = [Desk::of(server(&sqld.url(), None)), Desk::of(server(&sqld.url(), None))];
    for number in 1..=10 {
        let id = format!("q-{number}");
        let entries: Vec<Entry> =
            desks.iter_mut().zip(["active", "deleted"]).map(|(desk, status)| desk.decide(&id, status)).collect();
        let outcomes: Vec<Outcome> = thread::scope(|scope| {
            let both: Vec<_> = desks
                .iter_mut()
                .zip(entries)
                .map(|(desk, entry)| scope.spawn(move || desk.try_write(vec![entry]).unwrap().outcome))
                .collect();
            both.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let heard = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Committed { .. })).count();
        let told = outcomes.iter().filter(
            |outcome| matches!(outcome, Outcome::Refused(refused) if matches!(refused[0].why, Obstacle::Changed(_))),
        );
        assert_eq!((heard, told.count()), (1, 1), "{outcomes:?}");
        assert_eq!(lines(&sqld), number.to_string());
    }
}
