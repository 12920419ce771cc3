//! Deciding and setting from the command line: what is printed, how it ends, and what is in the file afterwards.

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Output, Stdio},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;
use tempfile::TempDir;

use crate::{out, reelscope, refused, run};

/// A database with questions to decide on, a history, a queue, and the trigger of the field.
struct Desk {
    _folder: TempDir,
    path: String,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("desk.db").to_str().unwrap().to_owned();
        Connection::open(&path)
            .unwrap()
            .execute_batch(
                "CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, channel TEXT NOT NULL,
                     difficulty TEXT, tags TEXT, relevance_score INTEGER, status TEXT DEFAULT 'active', is_new INTEGER DEFAULT 1,
                     last_updated TEXT, created_at TEXT);
                 CREATE TRIGGER touched AFTER UPDATE ON questions BEGIN
                     UPDATE questions SET last_updated = datetime('now') WHERE id = new.id; END;
                 CREATE TABLE question_history(id INTEGER PRIMARY KEY AUTOINCREMENT, question_id TEXT NOT NULL,
                     question_type TEXT NOT NULL DEFAULT 'question', event_type TEXT NOT NULL, event_source TEXT NOT NULL, source_name TEXT,
                     changes_summary TEXT, changed_fields TEXT, before_snapshot TEXT, after_snapshot TEXT, reason TEXT, metadata TEXT,
                     created_at TEXT);
                 CREATE TABLE work_queue(id INTEGER PRIMARY KEY AUTOINCREMENT, item_type TEXT NOT NULL, item_id TEXT NOT NULL,
                     action TEXT NOT NULL, priority INTEGER DEFAULT 5, status TEXT DEFAULT 'pending', reason TEXT, created_by TEXT,
                     assigned_to TEXT, created_at TEXT, processed_at TEXT, result TEXT);
                 CREATE TABLE bot_ledger(id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT NOT NULL, action TEXT NOT NULL,
                     item_type TEXT NOT NULL, item_id TEXT NOT NULL, before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);
                 CREATE TABLE users(id TEXT PRIMARY KEY, username TEXT NOT NULL, password TEXT NOT NULL);
                 INSERT INTO users VALUES('u', 'ann', 'hash!');
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)
                 INSERT INTO questions(id, question, answer, channel, difficulty, tags, relevance_score, status, created_at)
                 SELECT 'q-' || i, 'Question ' || i, 'Answer', 'rust', 'beginner', '[\"a\"]', 50, 'flagged', '2026-01-0' || i || ' 00:00:00'
                 FROM n;
                 UPDATE questions SET status = 'active' WHERE id = 'q-5';
                 INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
                 VALUES('verifier', 'flag', 'question', 'q-2', 'wrong' || char(27) || '[31m answer', '2026-01-29T08:03:07.588Z');",
            )
            .unwrap();
        Self { _folder: folder, path }
    }

    fn open(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }

    fn sql(&self, sql: &str) {
        self.open().execute_batch(sql).unwrap();
    }

    fn text(&self, sql: &str) -> String {
        self.open().query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).map(words).unwrap()
    }

    fn status(&self, id: &str) -> String {
        self.text(&format!("SELECT status FROM questions WHERE id = '{id}'"))
    }

    /// Rows of the history.
    fn trails(&self) -> String {
        self.text("SELECT count(*) FROM question_history")
    }

    fn decide(&self, words: &[&str]) -> Output {
        run(&[&["review", "decide", "--write", &self.path], words].concat())
    }

    fn set(&self, words: &[&str]) -> Output {
        run(&[&["set", "--write", &self.path], words].concat())
    }
}

fn words(value: rusqlite::types::Value) -> String {
    use rusqlite::types::Value::{Blob, Integer, Null, Real, Text};
    match value {
        Null => "NULL".to_owned(),
        Integer(number) => number.to_string(),
        Real(number) => format!("{number:?}"),
        Text(text) => text,
        Blob(bytes) => format!("{bytes:?}"),
    }
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// It ended so, and this is what it said.
fn ended(output: &Output, status: i32) -> String {
    assert_eq!(output.status.code(), Some(status), "{}{}", out(output), said(output));
    said(output)
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn without_being_asked_for_nothing_is_written() {
    let desk = Desk::new();
    for words in [
        &["review", "decide", &desk.path, "q-1", "approve"][..],
        &["review", "decide", "--format", "json", &desk.path, "q-1", "improve"],
        &["set", &desk.path, "questions/q-1", "status=active"],
    ] {
        assert!(refused(words, 4).contains("--write"));
    }
    assert_eq!((desk.status("q-1"), desk.trails()), ("flagged".to_owned(), "0".to_owned()));
    let output = reelscope(&["review", "decide", &desk.path, "q-1", "approve"])
        .env("TURSO_WRITE_MODE", "true")
        .output()
        .unwrap();
    ended(&output, 0);
    assert_eq!(desk.status("q-1"), "active");
}

#[test]
fn the_queue_is_listed_with_why() {
    let desk = Desk::new();
    let output = run(&["review", "list", &desk.path, "--format", "json"]);
    let list = json(&output);
    assert_eq!(ended(&output, 0), "");
    let items = list.as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!((&items[0]["id"], &items[0]["status"]), (&Value::from("q-2"), &Value::from("flagged")));
    let flag = &items[0]["flags"][0];
    assert_eq!((&flag["source"], &flag["by"]), (&Value::from("ledger"), &Value::from("verifier")));
    assert_eq!(flag["reason"], "wrong\u{1b}[31m answer");
    assert_eq!(flag["at"], "2026-01-29T08:03:07.588Z");
    let lines = out(&run(&["review", "list", &desk.path, "--format", "ndjson", "--order", "newest"]));
    let ids: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    assert_eq!(ids, ["q-4", "q-3", "q-2", "q-1"]);
    let output = run(&["review", "list", &desk.path, "--limit", "1"]);
    assert!(ended(&output, 0).contains("1 of 4 are shown"));
    let table = out(&output);
    assert!(table.starts_with("ID") && table.contains("verifier") && !table.contains('\u{1b}'), "{table:?}");
    desk.sql("INSERT INTO work_queue(item_type, item_id, action, created_at) VALUES('question', 'q-5', 'verify', '2026-01-01')");
    let pending = json(&run(&["review", "list", &desk.path, "--order", "pending", "--format", "json"]));
    assert_eq!((&pending[0]["id"], &pending[0]["pending"]), (&Value::from("q-5"), &Value::from(1)));
}

#[test]
fn a_decision_is_written_with_its_trail() {
    let desk = Desk::new();
    let output = desk.decide(&["q-2", "q-3", "approve", "--reason", "checked", "--author", "ann"]);
    assert_eq!(ended(&output, 0), "");
    assert_eq!(out(&output), "q-2  status: flagged → active\nq-3  status: flagged → active\n");
    assert_eq!(
        (desk.status("q-2"), desk.status("q-3"), desk.status("q-4")),
        ("active".into(), "active".into(), "flagged".into())
    );
    let connection = desk.open();
    let mut statement = connection.prepare("SELECT * FROM question_history ORDER BY id").unwrap();
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let rows: Vec<BTreeMap<String, String>> = statement
        .query_map([], |row| {
            Ok(names.iter().enumerate().map(|(at, name)| (name.clone(), words(row.get(at).unwrap()))).collect())
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(rows.len(), 2);
    for (row, id) in rows.iter().zip(["q-2", "q-3"]) {
        for (column, value) in [
            ("question_id", id),
            ("question_type", "question"),
            ("event_type", "approved"),
            ("event_source", "user"),
            ("source_name", "ann"),
            ("changed_fields", "[\"status\"]"),
            ("reason", "checked"),
            ("changes_summary", "status: flagged → active"),
        ] {
            assert_eq!(row[column], value, "{column}");
        }
        let snapshot = |column: &str| serde_json::from_str::<Value>(&row[column]).unwrap();
        let (before, after) = (snapshot("before_snapshot"), snapshot("after_snapshot"));
        assert_eq!((&before["status"], &after["status"]), (&Value::from("flagged"), &Value::from("active")));
        assert_eq!(before["relevance_score"], 50);
        assert_eq!((&before["last_updated"], after["last_updated"].is_string()), (&Value::Null, true), "the trigger's");
        assert!(row["created_at"].ends_with('Z') && row["created_at"].contains('T'), "{}", row["created_at"]);
    }
}

#[test]
fn the_receipt_says_what_was_written_and_what_was_not() {
    let desk = Desk::new();
    let decide = |words: &[&str]| desk.decide(&[words, &["--format", "json"]].concat());
    // All or nothing.
    let output = decide(&["q-1", "q-404", "approve"]);
    assert!(ended(&output, 5).contains("q-404: there is no such question"));
    let receipt = json(&output);
    assert_eq!((&receipt["outcome"], &receipt["written"]), (&Value::from("refused"), &Value::Array(Vec::new())));
    assert_eq!(receipt["left_out"][0]["why"], "missing");
    assert_eq!((desk.status("q-1"), desk.trails()), ("flagged".into(), "0".into()));
    // Without those that are in the way; a double is one.
    let output = decide(&["q-1", "q-404", "q-1", "q-5", "approve", "--skip-conflicts"]);
    let words = ended(&output, 0);
    assert!(words.contains("q-1 is named twice") && words.contains("left out: q-404"), "{words}");
    let receipt = json(&output);
    assert_eq!((&receipt["outcome"], &receipt["known"]), (&Value::from("committed"), &Value::from("answered")));
    assert_eq!(receipt["written"].as_array().unwrap().len(), 1);
    assert_eq!(receipt["written"][0]["changed"]["status"]["after"], "active");
    let left: Vec<(&Value, &Value)> =
        receipt["left_out"].as_array().unwrap().iter().map(|one| (&one["id"], &one["why"])).collect();
    assert_eq!(left, [(&"q-404".into(), &"missing".into()), (&Value::from("q-5"), &Value::from("already"))]);
    // It is so already: nothing to write is no failure.
    let output = decide(&["q-1", "approve"]);
    ended(&output, 0);
    assert_eq!(json(&output)["outcome"], "nothing");
    // To skip all that was asked for is a refusal.
    let output = decide(&["q-404", "approve", "--skip-conflicts"]);
    assert!(ended(&output, 5).contains("nothing is written"));
    assert_eq!(json(&output)["outcome"], "refused");
    assert_eq!(desk.trails(), "1");
}

#[test]
fn queue_items_are_made_once() {
    let desk = Desk::new();
    let output = desk.decide(&["q-1", "improve", "--reason", "thin", "--priority", "2", "--author", "ann"]);
    assert_eq!(ended(&output, 0), "");
    let item = desk.text(
        "SELECT concat_ws('|', item_type, item_id, action, priority, status, reason, created_by, created_at LIKE '____-__-__T%Z') FROM work_queue",
    );
    assert_eq!(item, "question|q-1|improve|2|pending|thin|ann|1");
    assert!(ended(&desk.decide(&["q-1", "q-2", "improve"]), 5).contains("q-1: the same is pending already"));
    assert_eq!(desk.text("SELECT count(*) FROM work_queue"), "1");
    ended(&desk.decide(&["q-1", "q-2", "improve", "--skip-conflicts"]), 0);
    ended(&desk.decide(&["q-1", "queue-delete"]), 0);
    assert_eq!(
        desk.text("SELECT group_concat(item_id || ' ' || action, ', ') FROM work_queue"),
        "q-1 improve, q-2 improve, q-1 delete"
    );
    assert_eq!(desk.trails(), "0", "a queue item changes no question");
    assert_eq!(desk.status("q-1"), "flagged");
    desk.sql("DROP TABLE work_queue");
    assert!(ended(&desk.decide(&["q-1", "verify"]), 5).contains("no work queue"));
}

#[test]
fn a_thousand_ids_from_standard_input_are_one_transaction() {
    let desk = Desk::new();
    desk.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
         INSERT INTO questions(id, question, answer, channel, status) SELECT 'm-' || i, 'Q', 'A', 'sql', 'flagged' FROM n",
    );
    let pipe = |ids: &str| {
        let mut child = reelscope(&["review", "decide", "--write", &desk.path, "-", "delete", "--format", "json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(ids.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let ids: String = (1..=1000).map(|number| format!("m-{number}\r\n")).collect();
    let output = pipe(&format!("{ids}\nm-0\n"));
    ended(&output, 5);
    assert_eq!(desk.text("SELECT count(*) FROM questions WHERE status = 'deleted'"), "0");
    let output = pipe(&ids);
    assert_eq!(ended(&output, 0), "");
    assert_eq!(json(&output)["written"].as_array().unwrap().len(), 1000);
    assert_eq!(desk.text("SELECT count(*) FROM questions WHERE status = 'deleted'"), "1000");
    assert_eq!(desk.trails(), "1000");
    assert_eq!(desk.text("SELECT count(DISTINCT created_at) FROM question_history"), "1");
    assert!(ended(&pipe("\n\n"), 2).contains("no ids"));
}

#[test]
fn the_number_of_a_row_is_no_id_where_rows_have_one() {
    let desk = Desk::new();
    let words = ended(&desk.decide(&["3", "approve"]), 5);
    assert!(words.contains("3: there is no such question"), "{words}");
    let words = ended(&desk.set(&["questions/3", "status=active"]), 5);
    assert!(words.contains("questions has no record with the key 3"), "{words}");
    assert_eq!((desk.status("q-3").as_str(), desk.trails().as_str()), ("flagged", "0"));
}

#[test]
fn wrong_decisions_are_usage() {
    let desk = Desk::new();
    assert!(
        refused(&["review", "decide", "--write", &desk.path, "q-1", "aprove"], 2).contains("aprove is no decision")
    );
    assert!(refused(&["review", "decide", "--write", "approve"], 2).contains("which questions?"));
    assert_eq!(desk.decide(&["q-1", "improve", "--priority", "11"]).status.code(), Some(2));
    assert_eq!(run(&["review", "decide", "--write"]).status.code(), Some(2));
    assert_eq!(desk.trails(), "0");
}

#[test]
fn a_database_without_a_history_wants_to_be_told() {
    let desk = Desk::new();
    desk.sql("DROP TABLE question_history");
    assert!(ended(&desk.decide(&["q-1", "approve"]), 5).contains("--without-trail"));
    assert_eq!(desk.status("q-1"), "flagged");
    ended(&desk.decide(&["q-1", "approve", "--without-trail"]), 0);
    assert_eq!(desk.status("q-1"), "active");
}

#[test]
fn a_locked_database_is_waited_for_and_given_up() {
    let desk = Desk::new();
    let mut bot = desk.open();
    let lock = bot.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let output = desk.decide(&["q-1", "approve", "--patience", "0"]);
    assert!(ended(&output, 3).contains("locked"));
    let path = desk.path.clone();
    let waiting =
        std::thread::spawn(move || run(&["review", "decide", "--write", &path, "q-1", "approve", "--patience", "60"]));
    std::thread::sleep(Duration::from_millis(300));
    lock.commit().unwrap();
    ended(&waiting.join().unwrap(), 0);
    assert_eq!(desk.status("q-1"), "active");
}

#[test]
fn a_file_that_cannot_be_written_is_not_opened_for_writing() {
    let desk = Desk::new();
    let mut permissions = std::fs::metadata(&desk.path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&desk.path, permissions).unwrap();
    for words in [
        &["review", "decide", "--write", &desk.path, "q-1", "approve"][..],
        &["set", "--write", &desk.path, "questions/q-1", "status=active"],
        // The browser says it before it takes the screen.
        &[&desk.path, "--write"],
    ] {
        assert!(refused(words, 4).contains("read-only"), "{words:?}");
    }
}

#[test]
fn what_another_program_left_half_done_is_rolled_back_first() {
    let (source, desk) = (Desk::new(), Desk::new());
    // As a program leaves it that was killed while it wrote: pages are in the file already, and a journal that takes them back.
    let killed = source.open();
    killed
        .execute_batch(
            "PRAGMA cache_size=2; INSERT INTO users SELECT 'u' || value, 'x', hex(randomblob(2000)) FROM json_each('[1,2,3,4,5,6,7,8,9]');
             BEGIN IMMEDIATE; UPDATE users SET password = hex(randomblob(2000)); UPDATE questions SET status = 'draft'",
        )
        .unwrap();
    for ending in ["", "-journal"] {
        std::fs::copy(format!("{}{ending}", source.path), format!("{}{ending}", desk.path)).unwrap();
    }
    let reading = refused(&["review", "list", &desk.path], 3);
    assert!(reading.contains("--write"), "{reading}");
    assert!(ended(&desk.decide(&["q-1", "approve"]), 0).is_empty());
    assert_eq!((desk.status("q-1").as_str(), desk.status("q-2").as_str()), ("active", "flagged"));
    assert_eq!(desk.text("PRAGMA integrity_check"), "ok");
}

#[test]
fn fields_are_set_with_their_trail() {
    let desk = Desk::new();
    let output = desk.set(&[
        "questions/q-1",
        "relevanceScore=77",
        "tags=[\"a\", \"b\"]",
        "answer=a = b\n",
        "--null",
        "difficulty",
        "--default",
        "status",
        "--reason",
        "better",
        "--author",
        "ann",
        "--format",
        "json",
    ]);
    assert_eq!(ended(&output, 0), "");
    let receipt = json(&output);
    let written = &receipt["written"][0];
    assert_eq!((&receipt["outcome"], &written["id"]), (&"committed".into(), &Value::from("questions/q-1")));
    assert_eq!(written["changed"]["relevance_score"], serde_json::json!({ "before": 50, "after": 77 }));
    let row = desk.text(
        "SELECT concat_ws('|', typeof(relevance_score), relevance_score, tags, answer, typeof(difficulty), status) FROM questions WHERE id = 'q-1'",
    );
    assert_eq!(row, "integer|77|[\"a\", \"b\"]|a = b\n|null|active");
    let trail =
        desk.text("SELECT concat_ws('|', event_type, source_name, reason, changed_fields) FROM question_history");
    assert_eq!(trail, "updated|ann|better|[\"answer\",\"difficulty\",\"tags\",\"relevance_score\",\"status\"]");
    // As it is already.
    let output = desk.set(&["questions/q-1", "status=active"]);
    assert!(ended(&output, 0).contains("nothing to write"));
    assert_eq!(desk.trails(), "1");
}

#[test]
fn what_a_field_cannot_hold_is_refused() {
    let desk = Desk::new();
    for (words, part) in [
        (&["questions/q-1", "relevance_score=high"][..], "holds integers"),
        (&["questions/q-1", "tags=[\"a\","], "broken JSON"),
        (&["questions/q-1", "--null", "question"], "NOT NULL"),
        (&["questions/q-1", "colour=red"], "has no field colour: there are id, question"),
        (&["questions/q-1", "status=active", "status=deleted"], "given twice"),
        (&["questions/q-1"], "which fields?"),
        (&["questions", "status=active"], "which record of questions?"),
        (&["users/u", "password=secret"], "--force"),
        (&["questions/q-1", "answer=@/no/such/file"], "cannot be read"),
    ] {
        assert!(refused(&[&["set", "--write", &desk.path], words].concat(), 2).contains(part), "{words:?}");
    }
    assert!(ended(&desk.set(&["questions/q-404", "status=active"]), 5).contains("q-404"));
    assert!(ended(&desk.set(&["nonsense/1", "status=active"]), 1).contains("no table is called nonsense"));
    assert_eq!(
        (desk.trails(), desk.text("SELECT tags FROM questions WHERE id = 'q-1'")),
        ("0".into(), "[\"a\"]".into())
    );
    let output = desk.set(&["questions/q-1", "tags=[\"a\",", "--force"]);
    assert!(ended(&output, 0).contains("broken JSON"), "it is said all the same");
    assert_eq!(desk.text("SELECT tags FROM questions WHERE id = 'q-1'"), "[\"a\",");
    // Secrets are not repeated.
    let output = desk.set(&["users/u", "password=s3cret", "--force", "--format", "json"]);
    ended(&output, 0);
    assert!(!out(&output).contains("s3cret") && !out(&output).contains("hash!"), "{}", out(&output));
    assert_eq!(desk.text("SELECT password FROM users"), "s3cret");
}

#[test]
fn a_value_comes_from_a_file_byte_for_byte() {
    let desk = Desk::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    let content = "# Answer\r\n\n```rust\nfn main() {}\n```\n".repeat(1000);
    std::fs::write(file.path(), &content).unwrap();
    ended(&desk.set(&["questions/q-1", &format!("answer=@{}", file.path().display())]), 0);
    assert_eq!(desk.text("SELECT answer FROM questions WHERE id = 'q-1'"), content);
    ended(&desk.set(&["questions/q-1", "answer=@@home"]), 0);
    assert_eq!(desk.text("SELECT answer FROM questions WHERE id = 'q-1'"), "@home");
}

#[test]
fn what_became_of_it_is_told_whoever_reads_the_receipt() {
    let desk = Desk::new();
    // Nobody reads it: a refusal stays one.
    let decide = |ids: &[&str]| {
        let mut child =
            reelscope(&[&["review", "decide", "--write", &desk.path], ids, &["approve", "--format", "json"]].concat())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
        drop(child.stdout.take());
        child.wait_with_output().unwrap()
    };
    assert!(ended(&decide(&["q-1", "q-404"]), 5).contains("q-404: there is no such question"));
    assert_eq!(ended(&decide(&["q-1"]), 0), "");
    assert_eq!(desk.status("q-1"), "active");
    if !cfg!(target_os = "linux") {
        return;
    }
    // Where it cannot be written: that the decision is, has to be said.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output =
        reelscope(&["review", "decide", "--write", &desk.path, "q-2", "approve"]).stdout(full).output().unwrap();
    assert!(ended(&output, 1).contains("all is written, but the receipt cannot be"));
    assert_eq!((desk.status("q-2"), desk.trails()), ("active".into(), "2".into()));
}

#[test]
fn what_another_program_left_half_done_is_rolled_back_where_it_may_be() {
    let desk = Desk::new();
    desk.sql("UPDATE questions SET answer = printf('%.*c', 20000, 'x')");
    let bot = desk.open();
    bot.execute_batch(
        "PRAGMA cache_size = 2; BEGIN; UPDATE questions SET status = 'deleted', answer = printf('%.*c', 20000, 'y')",
    )
    .unwrap();
    // As it lies there after a kill: not all of it written, its journal beside it.
    let left = |name: &str| {
        let path = format!("{}-{name}", desk.path);
        std::fs::copy(&desk.path, &path).unwrap();
        std::fs::copy(format!("{}-journal", desk.path), format!("{path}-journal")).unwrap();
        path
    };
    for (name, words) in [("a", &["review", "decide", "--write"][..]), ("b", &["set", "--write"])] {
        let path = left(name);
        assert!(refused(&["review", "list", &path], 3).contains("--write"));
        let what = if name == "a" { &["q-1", "approve"] } else { &["questions/q-1", "status=active"] };
        ended(&run(&[words, &[&path], what].concat()), 0);
        let there = Connection::open(&path).unwrap();
        let one = |sql: &str| there.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
        assert_eq!(one("SELECT group_concat(status, ' ') FROM questions"), "active flagged flagged flagged active");
        assert_eq!(one("SELECT DISTINCT substr(answer, 1, 3) FROM questions"), "xxx");
        assert_eq!(one("PRAGMA integrity_check"), "ok");
    }
}

#[test]
fn a_file_that_must_not_grow_is_an_error() {
    let desk = Desk::new();
    let value = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(value.path(), "x".repeat(3 << 20)).unwrap();
    let program = env!("CARGO_BIN_EXE_reelscope");
    let line = format!(
        "ulimit -f 2000; exec '{program}' set --write '{}' questions/q-1 'answer=@{}'",
        desk.path,
        value.path().display()
    );
    let limited = std::process::Command::new("sh").args(["-c", &line]).env("HOME", "/nonexistent").output().unwrap();
    assert!(ended(&limited, 1).contains("nothing was written"));
    assert_eq!(desk.text("SELECT answer FROM questions WHERE id = 'q-1'"), "Answer");
    assert_eq!((desk.trails(), desk.text("PRAGMA integrity_check")), ("0".into(), "ok".into()));
    assert!(!std::path::Path::new(&format!("{}-journal", desk.path)).exists(), "it is rolled back at once");
}

#[test]
fn nul_and_ten_megabytes_arrive_whole() {
    let desk = Desk::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut content = "Grüße\0\u{202e}\u{1b}[31m\n".repeat(500_000).into_bytes();
    content.truncate(10 << 20);
    std::fs::write(file.path(), &content).unwrap();
    let output = desk.set(&["questions/q-1", &format!("answer=@{}", file.path().display())]);
    ended(&output, 0);
    let told = out(&output);
    assert!(told.len() < 1000 && !told.contains(['\0', '\u{1b}', '\u{202e}']), "{told:?}");
    let (kind, stored): (String, Vec<u8>) = desk
        .open()
        .query_row("SELECT typeof(answer), CAST(answer AS BLOB) FROM questions WHERE id = 'q-1'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(kind, "text");
    assert!(stored == content, "{} bytes", stored.len());
    assert_eq!(
        desk.text("SELECT json_valid(before_snapshot) AND json_valid(after_snapshot) FROM question_history"),
        "1"
    );
}
