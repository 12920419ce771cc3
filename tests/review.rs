//! A full review of ten questions in a real terminal, and what it leaves in the database.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

#[path = "review/faults.rs"]
mod faults;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use support::{Start, Terminal};
use tempfile::TempDir;

const ENTER: &str = "\r";

/// Ten flagged questions, the first one flagged last.
const TABLES: &str = "
    CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, explanation TEXT NOT NULL,
        difficulty TEXT NOT NULL, channel TEXT NOT NULL, sub_channel TEXT NOT NULL, status TEXT DEFAULT 'active',
        last_updated TEXT, created_at TEXT);
    CREATE TRIGGER touch AFTER UPDATE ON questions BEGIN
        UPDATE questions SET last_updated = datetime('now') WHERE id = new.id; END;
    CREATE TABLE work_queue(id INTEGER PRIMARY KEY AUTOINCREMENT, item_type TEXT NOT NULL, item_id TEXT NOT NULL,
        action TEXT NOT NULL, priority INTEGER DEFAULT 5, status TEXT DEFAULT 'pending', reason TEXT, created_by TEXT,
        assigned_to TEXT, created_at TEXT, processed_at TEXT, result TEXT);
    CREATE TABLE bot_ledger(id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT NOT NULL, action TEXT NOT NULL,
        item_type TEXT NOT NULL, item_id TEXT NOT NULL, before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);
    CREATE TABLE question_history(id INTEGER PRIMARY KEY AUTOINCREMENT, question_id TEXT NOT NULL,
        question_type TEXT NOT NULL DEFAULT 'question', event_type TEXT NOT NULL, event_source TEXT NOT NULL,
        source_name TEXT, changes_summary TEXT, changed_fields TEXT, before_snapshot TEXT, after_snapshot TEXT,
        reason TEXT, metadata TEXT, created_at TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
    INSERT INTO questions SELECT 'q-' || i, 'What is number ' || i || '?', 'It is **' || i || '**.', 'Count.', 'beginner',
        'algorithms', 'numbers', 'flagged', '2026-01-28 08:00:00', '2026-01-28T08:00:00.000Z' FROM n;
    INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
    SELECT 'verifier', 'flag', 'question', id, 'why ' || id,
        printf('2026-01-29T08:%02d:00.000Z', 59 - CAST(substr(id, 3) AS INTEGER)) FROM questions;";

fn database(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("some.db");
    Connection::open(&path).unwrap().execute_batch(TABLES).unwrap();
    path
}

/// Presses, and waits for what they are to bring.
fn steps(terminal: &Terminal, steps: &[(&str, &str)]) {
    for (keys, wanted) in steps {
        terminal.press(keys);
        terminal.until(&format!("{wanted:?} was shown after {keys:?}"), |screen| screen.contents().contains(wanted));
    }
}

/// All rows of a query, the cells of each with a blank between.
fn rows(path: &Path, query: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>| {
        let cell = |at: usize| match row.get_ref(at).unwrap() {
            rusqlite::types::ValueRef::Null => "NULL".to_owned(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => String::from_utf8_lossy(other.as_bytes().unwrap()).into_owned(),
        };
        Ok((0..columns).map(cell).collect::<Vec<_>>().join(" "))
    };
    statement.query_map([], text).unwrap().map(Result::unwrap).collect()
}

#[test]
fn ten_questions_are_reviewed_and_every_decision_is_in_the_database() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let arguments = [path.to_str().unwrap(), "--write"];
    let mut terminal = Terminal::start(&Start { arguments: &arguments, size: (200, 60), ..Start::default() });
    steps(
        &terminal,
        &[
            ("", "row 1 of 10"),
            ("Q", "0 decided · 10 left"),
            ("", "It is 1."),
            ("a", "1 decided · 9 left"),
            ("", "It is 2."),
            ("d", "2 decided · 8 left"),
            ("x", "2 decided · 7 left · 1 skipped"),
            ("i", "3 decided · 6 left · 1 skipped"),
            ("V", "4 decided · 5 left · 1 skipped"),
            ("  ", "2 marked"),
            ("a", "6 decided · 3 left · 1 skipped"),
            ("", "It is 8."),
            ("m", "What becomes of q-8"),
            ("2e", "7 decided · 2 left · 1 skipped"),
            ("!", "asks for its reason"),
            ("d", "Delete q-9: why?"),
            ("too thin", "too thin"),
            (ENTER, "8 decided · 1 left · 1 skipped"),
            // Taken back, and decided otherwise.
            ("u", "7 decided · 2 left · 1 skipped"),
            ("", "It is 9."),
            ("!", "without asking"),
            ("a", "8 decided · 1 left · 1 skipped"),
            ("", "It is 10."),
            ("a", "9 decided · 0 left · 1 skipped"),
        ],
    );
    terminal.until("everything was written", |screen| !screen.contents().contains("writing"));
    steps(&terminal, &[("Q", "row 1 of 10")]);
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();

    let statuses = rows(&path, "SELECT status FROM questions ORDER BY CAST(substr(id, 3) AS INTEGER)");
    let (active, flagged) = ("active", "flagged");
    let wanted = [active, "deleted", flagged, flagged, flagged, active, active, flagged, active, active];
    assert_eq!(statuses, wanted);
    let queue = rows(&path, "SELECT item_type, item_id, action, priority, status, reason FROM work_queue ORDER BY id");
    let wanted = ["q-4 improve 5", "q-5 verify 5", "q-8 enrich 2"].map(|item| format!("question {item} pending NULL"));
    assert_eq!(queue, wanted);
    let history = rows(&path, "SELECT question_id, event_type, event_source, reason FROM question_history ORDER BY id");
    let wanted = [
        "q-1 approved user NULL",
        "q-2 deleted user NULL",
        "q-6 approved user NULL",
        "q-7 approved user NULL",
        "q-9 deleted user too thin",
        "q-9 reverted user NULL",
        "q-9 approved user NULL",
        "q-10 approved user NULL",
    ];
    assert_eq!(history, wanted);
    let snapshots = rows(
        &path,
        "SELECT json_extract(before_snapshot, '$.status'), json_extract(after_snapshot, '$.status'), changed_fields
         FROM question_history WHERE question_id = 'q-1'",
    );
    assert_eq!(snapshots, ["flagged active [\"status\"]"]);
    assert_eq!(rows(&path, "SELECT count(*) FROM bot_ledger"), ["10"]);
    assert_eq!(rows(&path, "PRAGMA integrity_check"), ["ok"]);
}
