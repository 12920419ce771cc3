//! What goes wrong in the middle of a review: in a real terminal, on a real file or server. In every case the program lives on or ends as
//! it should, the terminal is as it was, and a decision is wholly there or wholly absent.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use reelscope::domain::catalogue;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    Start, TABLES, Terminal, database, rows, steps,
    support::{
        proxy::{Fault, Proxy},
        samples::Sample,
    },
};

const STATUSES: &str = "SELECT group_concat(status, ' ') FROM (SELECT status FROM questions ORDER BY CAST(substr(id, 3) AS INTEGER) LIMIT 3)";
const HISTORY: &str = "SELECT question_id, event_type FROM question_history ORDER BY id";

struct Desk {
    folder: TempDir,
    path: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = database(&folder);
        Self { folder, path }
    }

    fn open(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }

    fn sql(&self, sql: &str) {
        self.open().execute_batch(sql).unwrap();
    }

    /// The program, which keeps what it has to keep beside the database.
    fn start(&self) -> Terminal {
        let (path, state) = (self.path.to_str().unwrap(), self.folder.path().join("state"));
        let variables = [("XDG_STATE_HOME", state.to_str().unwrap())];
        Terminal::start(&Start {
            arguments: &[path, "--write"],
            variables: &variables,
            size: (160, 40),
            ..Start::default()
        })
    }

    /// The program in the review, the first question before the user.
    fn review(&self) -> Terminal {
        let terminal = self.start();
        steps(&terminal, &[("", "row 1 of 10"), ("Q", "0 decided · 10 left"), ("", "It is 1.")]);
        terminal
    }

    fn one(&self, query: &str) -> String {
        rows(&self.path, query).join(", ")
    }

    /// What is in the database when all is over.
    fn holds(&self, statuses: &str, history: &str) {
        assert_eq!((self.one(STATUSES).as_str(), self.one(HISTORY).as_str()), (statuses, history));
        assert_eq!(self.one("PRAGMA integrity_check"), "ok");
    }
}

fn quits(mut terminal: Terminal) {
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn a_lock_is_waited_for_before_everybodys_eyes_and_esc_ends_the_wait() {
    let desk = Desk::new();
    let terminal = desk.review();
    let bot = desk.open();
    bot.execute_batch("BEGIN EXCLUSIVE").unwrap();
    terminal.press("a");
    let first = terminal.until_text("waiting for another program");
    // The clock goes on.
    terminal.until("a later time", |screen| {
        let now = screen.contents();
        now.contains("waiting for another program") && now.lines().last() != first.lines().last()
    });
    steps(&terminal, &[("\x1b", "cancelled, nothing is written"), ("", "0 decided · 10 left")]);
    bot.execute_batch("ROLLBACK").unwrap();
    desk.holds("flagged flagged flagged", "");
    // Later it works: on the one that is before the user now.
    steps(&terminal, &[("\x1b[H", "q-1"), ("a", "1 decided · 9 left")]);
    terminal.until("it was written", |screen| !screen.contents().contains("writing"));
    quits(terminal);
    desk.holds("active flagged flagged", "q-1 approved");
}

#[test]
fn whoever_comes_second_sees_what_the_first_has_done() {
    let desk = Desk::new();
    let terminal = desk.review();
    // Another program has decided, but not committed yet: the decision here waits for it.
    let other = desk.open();
    other
        .execute_batch("BEGIN IMMEDIATE; UPDATE questions SET status = 'deleted', answer = 'Theirs.' WHERE id = 'q-1'")
        .unwrap();
    terminal.press("a");
    terminal.until_text("waiting for another program");
    other.execute_batch("COMMIT").unwrap();
    steps(&terminal, &[("", "q-1: changed meanwhile"), ("", "Theirs."), ("t", "0 decided")]);
    quits(terminal);
    desk.holds("deleted flagged flagged", "");
}

#[test]
fn a_question_that_goes_while_it_is_decided_is_gone() {
    let desk = Desk::new();
    let terminal = desk.review();
    let other = desk.open();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM questions WHERE id = 'q-1'").unwrap();
    terminal.press("a");
    terminal.until_text("waiting for another program");
    other.execute_batch("COMMIT").unwrap();
    terminal.until_text("q-1: the question is gone");
    quits(terminal);
    desk.holds("flagged flagged flagged", "");
    assert_eq!(desk.one("SELECT count(*) FROM questions"), "9");
}

#[test]
fn without_a_history_it_asks_and_heeds_the_answer() {
    let desk = Desk::new();
    desk.sql("DROP TABLE question_history");
    let terminal = desk.review();
    steps(&terminal, &[("a", "no questionHistory"), ("\x1b", "0 decided · 10 left")]);
    assert_eq!(desk.one(STATUSES), "flagged flagged flagged");
    steps(&terminal, &[("\x1b[H", "q-1"), ("a", "no questionHistory"), ("y", "1 decided · 9 left")]);
    // It is asked once.
    steps(&terminal, &[("d", "2 decided · 8 left")]);
    terminal.until("it was written", |screen| !screen.contents().contains("writing"));
    quits(terminal);
    assert_eq!(desk.one(STATUSES), "active deleted flagged");
    assert_eq!(desk.one("PRAGMA integrity_check"), "ok");
}

#[test]
fn what_a_trigger_or_a_key_refuses_is_said_in_its_words() {
    let desk = Desk::new();
    desk.sql(
        "CREATE TRIGGER no BEFORE UPDATE ON questions WHEN new.status = 'active' BEGIN SELECT RAISE(ABORT, 'sundays'); END;
         CREATE TRIGGER never BEFORE UPDATE ON questions WHEN new.status = 'deleted' BEGIN SELECT RAISE(ROLLBACK, 'undeletable'); END;",
    );
    let terminal = desk.review();
    steps(&terminal, &[("a", "sundays"), ("d", "undeletable"), ("", "0 decided · 10 left")]);
    desk.sql("DROP TRIGGER no");
    steps(&terminal, &[("\x1b[H", "q-1"), ("a", "1 decided · 9 left")]);
    terminal.until("it was written", |screen| !screen.contents().contains("writing"));
    quits(terminal);
    desk.holds("active flagged flagged", "q-1 approved");
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_must_not_grow_is_an_error_and_no_end() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    for journal in ["delete", "wal"] {
        let desk = Desk::new();
        desk.sql(&format!(
            "PRAGMA journal_mode = {journal}; UPDATE questions SET explanation = printf('%.*c', 100000, 'x') WHERE id = 'q-1'"
        ));
        let terminal = desk.review();
        let size = fs::metadata(&desk.path).unwrap().len();
        let limit = |most| {
            let pid = Pid::from_raw(i32::try_from(terminal.process()).unwrap());
            prlimit(pid, Resource::Fsize, Rlimit { current: Some(most), maximum: None }).unwrap();
        };
        // As `ulimit -f`: its history does not fit any more.
        limit(size.min(100_000));
        steps(&terminal, &[("a", "nothing was written"), ("", "0 decided · 10 left")]);
        desk.holds("flagged flagged flagged", "");
        limit(u64::MAX / 2);
        steps(&terminal, &[("\x1b[H", "q-1"), ("a", "1 decided · 9 left")]);
        terminal.until("it was written", |screen| !screen.contents().contains("writing"));
        quits(terminal);
        desk.holds("active flagged flagged", "q-1 approved");
    }
}

#[test]
fn signals_end_it_cleanly_while_a_write_waits() {
    for (name, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
        let desk = Desk::new();
        let mut terminal = desk.review();
        let bot = desk.open();
        bot.execute_batch("BEGIN EXCLUSIVE").unwrap();
        terminal.press("a");
        terminal.until_text("waiting for another program");
        terminal.signal(name);
        assert_eq!(terminal.end(), 128 + number, "SIG{name}");
        terminal.assert_restored();
        bot.execute_batch("ROLLBACK").unwrap();
        desk.holds("flagged flagged flagged", "");
    }
}

/// A database beside this one, as a program leaves it that is killed in the middle of a commit: its journal is still to be rolled back.
fn left_half_done(desk: &Desk) -> Desk {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("some.db");
    desk.sql("UPDATE questions SET explanation = printf('%.*c', 20000, 'x')");
    let bot = desk.open();
    bot.execute_batch("PRAGMA cache_size = 2; BEGIN; UPDATE questions SET status = 'active', explanation = printf('%.*c', 20000, 'y')").unwrap();
    fs::copy(&desk.path, &path).unwrap();
    fs::copy(desk.path.with_extension("db-journal"), path.with_extension("db-journal")).unwrap();
    Desk { folder, path }
}

#[test]
fn what_another_left_half_done_is_rolled_back_by_who_may_write() {
    let desk = left_half_done(&Desk::new());
    let mut terminal = Terminal::with(&[desk.path.to_str().unwrap()]);
    assert_eq!(terminal.end(), 3, "who only reads can only say so");
    assert!(terminal.text().contains("--write"), "{}", terminal.text());
    let terminal = desk.review();
    steps(&terminal, &[("a", "1 decided · 9 left")]);
    terminal.until("it was written", |screen| !screen.contents().contains("writing"));
    quits(terminal);
    desk.holds("active flagged flagged", "q-1 approved");
}

#[test]
fn what_was_staged_outlives_a_kill_and_keeps_its_guard() {
    let desk = Desk::new();
    let mut terminal = desk.start();
    steps(
        &terminal,
        &[("", "row 1 of 10"), ("0lle", "TEXT · NOT NULL"), ("\x1b[F Mine.", "Mine."), ("\x13", "1 staged")],
    );
    terminal.signal("KILL");
    terminal.end();
    desk.sql("UPDATE questions SET answer = 'Theirs.' WHERE id = 'q-1'");
    let terminal = desk.start();
    steps(
        &terminal,
        &[("", "From an earlier session"), ("t", "1 staged"), ("\x13", "Mine."), ("\x13", "changed meanwhile")],
    );
    quits(terminal);
    desk.holds("flagged flagged flagged", "");
    assert_eq!(desk.one("SELECT answer FROM questions WHERE id = 'q-1'"), "Theirs.");
}

#[test]
fn an_answer_that_the_network_eats_is_looked_for() {
    let Some(sqld) = Sample::of(TABLES).served() else { return };
    let proxy = Proxy::before(sqld.address());
    let url = proxy.url();
    let terminal = Terminal::start(&Start { arguments: &[&url, "--write"], size: (160, 40), ..Start::default() });
    steps(&terminal, &[("", "row 1 of 10"), ("Q", "0 decided · 10 left"), ("", "It is 1.")]);
    proxy.break_next("UPDATE main", Fault::CutAfter(0));
    steps(&terminal, &[("a", "1 decided · 9 left"), ("", "the answer was lost")]);
    // It never got there.
    proxy.break_next("UPDATE main", Fault::Garbage(Vec::new()));
    steps(&terminal, &[("d", "nothing was written"), ("", "1 decided · 9 left")]);
    assert_eq!(
        sqld.value("SELECT group_concat(status, ' ') FROM (SELECT status FROM questions LIMIT 3)"),
        "active flagged flagged"
    );
    assert_eq!(sqld.value("SELECT count(*) FROM question_history"), "1");
    let sent = proxy.requests().iter().filter(|request| request.body.contains("UPDATE main")).count();
    assert_eq!(sent, 2, "nothing is sent twice");
    quits(terminal);
}

/// Which database the bot is to begin to change; it is a program of its own, started by the test below.
const BOT: &str = "REELSCOPE_TEST_BOT";

/// The bot that is killed: it has written a part, and will never commit.
#[test]
#[expect(clippy::print_stdout, reason = "the other test waits for it")]
fn bot() {
    let Ok(path) = std::env::var(BOT) else { return };
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA cache_size = 2; BEGIN; UPDATE questions SET status = 'active', explanation = printf('%.*c', 20000, 'y')")
        .unwrap();
    println!("ready");
    loop {
        thread::park();
    }
}

#[test]
fn a_bot_that_is_killed_in_its_commit_does_not_end_the_review() {
    let desk = Desk::new();
    desk.sql("UPDATE questions SET explanation = printf('%.*c', 20000, 'x')");
    let terminal = desk.review();
    let mut bot = Command::new(std::env::current_exe().unwrap())
        .args(["faults::bot", "--exact", "--nocapture"])
        .env(BOT, &desk.path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(bot.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap().contains("ready")));
    bot.kill().unwrap();
    bot.wait().unwrap();
    assert!(fs::metadata(desk.path.with_extension("db-journal")).is_ok(), "its journal is there");
    // What is read is rolled back, and the review goes on.
    steps(&terminal, &[("x", "1 skipped"), ("", "It is 2."), ("x", "2 skipped"), ("", "It is 3."), ("a", "1 decided")]);
    terminal.until("it was written", |screen| !screen.contents().contains("writing"));
    quits(terminal);
    desk.holds("flagged flagged active", "q-3 approved");
    assert_eq!(desk.one("SELECT DISTINCT substr(explanation, 1, 3) FROM questions"), "xxx");
}

#[test]
fn a_database_that_is_replaced_is_not_written_by_what_the_old_one_showed() {
    let desk = Desk::new();
    let terminal = desk.review();
    let lock = desk.open();
    lock.execute_batch("BEGIN EXCLUSIVE").unwrap();
    terminal.press("a");
    terminal.until_text("waiting for another program");
    // Another file under its name, in which the question was decided already.
    let new = desk.folder.path().join("new.db");
    Connection::open(&new)
        .unwrap()
        .execute_batch(&format!("{TABLES}; UPDATE questions SET status = 'deleted' WHERE id = 'q-1'"))
        .unwrap();
    fs::rename(&new, &desk.path).unwrap();
    terminal.until_text("q-1: changed meanwhile");
    lock.execute_batch("ROLLBACK").unwrap();
    drop(lock);
    quits(terminal);
    desk.holds("deleted flagged flagged", "");
}

#[test]
fn ten_megabytes_and_nul_of_an_editor_are_staged_and_committed() {
    use std::os::unix::fs::PermissionsExt as _;

    let desk = Desk::new();
    let (editor, text) = (desk.folder.path().join("editor"), desk.folder.path().join("text"));
    let mut content = "Grüße\0\u{202e}\u{1b}]0;owned\u{7} und so weiter\n".repeat(300_000).into_bytes();
    content.truncate(10 << 20);
    content.push(b'.');
    fs::write(&text, &content).unwrap();
    fs::write(&editor, format!("#!/bin/sh\ncp '{}' \"$1\"\n", text.display())).unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
    let way = std::env::var("PATH").unwrap();
    let terminal = Terminal::start(&Start {
        arguments: &[desk.path.to_str().unwrap(), "--write"],
        variables: &[("EDITOR", editor.to_str().unwrap()), ("PATH", &way)],
        size: (160, 40),
        ..Start::default()
    });
    steps(&terminal, &[("", "row 1 of 10"), ("0llE", "1 staged"), ("\x13", "ctrl-s commit"), ("\x13", "committed")]);
    let seen = terminal.bytes();
    assert!(!seen.windows(9).any(|bytes| bytes == b"]0;owned\x07"), "its escapes do not reach the terminal");
    quits(terminal);
    let (kind, stored): (String, Vec<u8>) = desk
        .open()
        .query_row("SELECT typeof(answer), CAST(answer AS BLOB) FROM questions WHERE id = 'q-1'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert!(kind == "text" && stored == content, "{kind} of {} bytes", stored.len());
    desk.holds("flagged flagged flagged", "q-1 updated");
}

#[test]
fn a_database_of_logical_names_is_reviewed_alike() {
    let desk = Desk::new();
    let mut sql = String::new();
    for table in &catalogue::TABLES {
        if !TABLES.contains(&format!("TABLE {}(", table.physical)) {
            continue;
        }
        for column in table.columns.iter().filter(|column| column.logical != column.physical) {
            let there = format!(
                "SELECT count(*) FROM pragma_table_info('{}') WHERE name = '{}'",
                table.physical, column.physical
            );
            if desk.one(&there) == "1" {
                sql +=
                    &format!("ALTER TABLE {} RENAME COLUMN {} TO {};", table.physical, column.physical, column.logical);
            }
        }
        if !table.logical.eq_ignore_ascii_case(table.physical) {
            sql += &format!("ALTER TABLE {} RENAME TO {};", table.physical, table.logical);
        }
    }
    desk.sql(&sql);
    let terminal = desk.review();
    steps(
        &terminal,
        &[("a", "1 decided"), ("d", "2 decided"), ("i", "3 decided"), ("u", "2 decided"), ("u", "1 decided")],
    );
    terminal.until("it was written", |screen| !screen.contents().contains("writing"));
    quits(terminal);
    assert_eq!(desk.one(STATUSES), "active flagged flagged");
    let history = desk.one("SELECT questionId, eventType, changedFields, json_extract(afterSnapshot, '$.subChannel') FROM questionHistory ORDER BY id");
    assert_eq!(
        history,
        r#"q-1 approved ["status"] numbers, q-2 deleted ["status"] numbers, q-2 reverted ["status"] numbers"#
    );
    assert_eq!(desk.one("SELECT count(*) FROM workQueue"), "0");
    assert_eq!(desk.one("PRAGMA integrity_check"), "ok");
}
