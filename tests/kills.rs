//! kill -9 while decisions are written: afterwards each of them is wholly there or wholly absent, and the database is sound.
//!
//! The test's own program is started again as the one that writes, and killed at 200 random moments: half of them in a database with a
//! rollback journal, half with a write-ahead log. A batch is all of its decisions or none.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use jiff::Timestamp;
use reelscope::{
    db::{
        location::Location,
        session::ReadSession,
        write::{Grant, WriteSession},
    },
    domain::{
        change::{Batch, BatchId, Change, Entry, EntryId, Outcome, Trail, TrailPolicy},
        value::Value,
    },
};
use rusqlite::Connection;

/// Names the database for the program that is to be killed.
const VICTIM: &str = "REELSCOPE_KILLS_VICTIM";

/// For each journal mode: so many databases, each with so many kills.
const DATABASES: u64 = 10;
const KILLS: u64 = 10;

const QUESTIONS: u64 = 12;

/// Answers are long enough to spread over pages, so that there is something to tear.
const ANSWER: usize = 6000;

fn make(path: &Path, journal: &str) {
    Connection::open(path)
        .unwrap()
        .execute_batch(&format!(
            "PRAGMA journal_mode = {journal};
             CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT, answer TEXT, channel TEXT, status TEXT, last_updated TEXT);
             CREATE TRIGGER trg_questions_update AFTER UPDATE ON questions WHEN NEW.last_updated IS NOT datetime('now')
                 BEGIN UPDATE questions SET last_updated = datetime('now') WHERE id = NEW.id; END;
             CREATE TABLE question_history(id INTEGER PRIMARY KEY AUTOINCREMENT, question_id TEXT NOT NULL, event_type TEXT NOT NULL,
                 event_source TEXT, source_name TEXT, changed_fields TEXT, before_snapshot TEXT, after_snapshot TEXT, reason TEXT,
                 created_at TEXT);
             CREATE INDEX history_question ON question_history(question_id);
             WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < {QUESTIONS} - 1)
             INSERT INTO questions SELECT 'q-' || x, 'What?', printf('%.*c', {ANSWER}, 'a'), 'c', 'round 0', NULL FROM n;"
        ))
        .unwrap();
}

/// The program that is killed: decides as fast as it can, one batch after another, for ever.
#[test]
fn victim() {
    let Ok(path) = env::var(VICTIM) else { return };
    let location = Location::File(path.into());
    let mut writer = WriteSession::open(&Grant::open(&location).unwrap()).unwrap();
    // The one before may have been killed in the middle of a transaction: reading cannot roll that back.
    writer.prepare().unwrap();
    let mut reader = ReadSession::open(&location).unwrap();
    let questions = Arc::clone(reader.schema().unwrap().catalogued("questions").unwrap());
    let (status, answer) = (questions.column("status").unwrap(), questions.column("answer").unwrap());
    println!("ready");
    for round in 1_u64.. {
        let size = 1 + round % 4;
        let entries = (0..size).map(|at| {
            let id = format!("q-{}", (round * 5 + at) % QUESTIONS);
            let shown = reader.find(&questions, &id).unwrap().unwrap();
            let word = format!("round {round} of {}", std::process::id());
            let letter = char::from(b'a' + u8::try_from(round % 26).unwrap());
            let long: String = std::iter::repeat_n(letter, ANSWER).collect();
            Entry {
                id: EntryId(at),
                change: Change::Update {
                    relation: Arc::clone(&questions),
                    key: shown.key.clone(),
                    shown: vec![(status, shown.cells[status].clone()), (answer, shown.cells[answer].clone())],
                    set: vec![(status, Value::text(&word)), (answer, Value::text(&long))],
                },
                trail: Some(Trail { event: "updated".into(), reason: Some(format!("{word}, {size} together")) }),
            }
        });
        let batch = Batch {
            id: BatchId(round),
            entries: entries.collect(),
            author: "victim".into(),
            at: Timestamp::UNIX_EPOCH,
            trail: TrailPolicy::Required,
        };
        assert!(matches!(writer.write(&batch).unwrap().outcome, Outcome::Committed { .. }));
    }
}

/// A generator of moments: nothing better is needed.
fn next(random: &mut u64) -> u64 {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    *random
}

/// Starts the victim and kills it when it has worked for a while.
fn kill(path: &Path, random: &mut u64) {
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["victim", "--exact", "--nocapture", "--test-threads=1"])
        .env(VICTIM, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let output = BufReader::new(victim.stdout.take().unwrap());
    assert!(output.lines().any(|line| line.unwrap().contains("ready")), "it never began");
    thread::sleep(Duration::from_micros(next(random) % 60_000));
    // SIGKILL on Unix: nothing is tidied up.
    victim.kill().unwrap();
    victim.wait().unwrap();
}

/// What must be so whenever it was killed; how many decisions there are.
fn verify(path: &Path) -> usize {
    let connection = Connection::open(path).unwrap();
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    let mut statement = connection
        .prepare("SELECT question_id, before_snapshot, after_snapshot, reason FROM question_history ORDER BY id")
        .unwrap();
    let rows: Vec<[String; 4]> = statement
        .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let fields = |snapshot: &str| {
        let json: serde_json::Value = serde_json::from_str(snapshot).unwrap();
        (json["status"].as_str().unwrap().to_owned(), json["answer"].as_str().unwrap().to_owned())
    };
    let mut last = BTreeMap::new();
    let mut together: BTreeMap<&str, usize> = BTreeMap::new();
    for [question, before, after, reason] in &rows {
        let was = last.insert(question.clone(), fields(after));
        let was = was.unwrap_or_else(|| ("round 0".to_owned(), "a".repeat(ANSWER)));
        assert_eq!(was, fields(before), "{question}: a decision is missing before: {reason}");
        *together.entry(reason).or_default() += 1;
    }
    for (reason, count) in together {
        assert!(reason.ends_with(&format!(", {count} together")), "{reason}: {count}");
    }
    let mut statement = connection.prepare("SELECT id, status, answer FROM questions").unwrap();
    let now = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    for (question, now) in now.map(Result::unwrap) {
        let wanted = last.remove(&question).unwrap_or_else(|| ("round 0".to_owned(), "a".repeat(ANSWER)));
        assert_eq!(now, wanted, "{question}: the row and its history do not agree");
    }
    assert!(last.is_empty());
    rows.len()
}

fn kills(journal: &str) {
    let mut random = 88_172_645_463_325_252 + journal.len() as u64;
    let mut decisions = 0;
    for _ in 0..DATABASES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        make(&path, journal);
        let mut so_far = 0;
        for at in 0..KILLS {
            kill(&path, &mut random);
            // Every other time the next victim is the first to find what was left behind.
            if at % 2 == 1 {
                let now = verify(&path);
                assert!(now >= so_far, "decisions were lost");
                so_far = now;
            }
        }
        decisions += so_far;
    }
    assert!(decisions > 100, "too few decisions for the kills to mean anything: {decisions}");
}

#[test]
fn a_hundred_kills_with_a_rollback_journal() {
    kills("delete");
}

#[test]
fn a_hundred_kills_with_a_write_ahead_log() {
    kills("wal");
}
