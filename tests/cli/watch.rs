//! `reelscope watch`: everything that is written while it watches is printed once, whatever happens to the database meanwhile.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    reelscope, refused,
    support::{PATIENCE, sqld::Sqld},
};

/// A run of it.
struct Watching {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watching {
    fn start(arguments: &[&str]) -> Self {
        let mut child =
            reelscope(&[&["watch"], arguments].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = read(child.stdout.take().unwrap());
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits until it has printed so many lines, all in all.
    fn until(&mut self, lines: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.seen.len() < lines {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(error) => {
                    let (seen, words, _) = self.end(Signal::INT);
                    unreachable!(
                        "{error}: {} of {lines} lines: {:?}; {words}",
                        seen.len(),
                        &seen[seen.len().saturating_sub(3)..]
                    );
                }
            }
        }
    }

    /// Ends it by a signal: all its lines, what it said on standard error, its status.
    fn end(&mut self, signal: Signal) -> (Vec<String>, String, Option<i32>) {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(process, signal).unwrap();
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        let status = self.child.wait().unwrap().code();
        self.seen.extend(self.lines.iter());
        (std::mem::take(&mut self.seen), words, status)
    }

    /// Ends it as Ctrl-c does, and hands out the ids it printed, in their order.
    fn ids(&mut self) -> (Vec<i64>, String) {
        let (lines, words, status) = self.end(Signal::INT);
        assert_eq!(status, Some(130), "{words}");
        (lines.iter().map(|line| json(line)["id"].as_i64().unwrap()).collect(), words)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(stdout: ChildStdout) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    lines
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| unreachable!("{line}: {error}"))
}

const LEDGER: &str = "CREATE TABLE bot_ledger(id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT NOT NULL, action TEXT NOT NULL,
    item_type TEXT NOT NULL, item_id TEXT NOT NULL, before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);";

/// So many rows were there before.
fn rows(count: u32) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
         SELECT CASE i % 3 WHEN 0 THEN 'creator' WHEN 1 THEN 'verifier' ELSE 'analysis' END,
                CASE i % 5 WHEN 0 THEN 'flag' ELSE 'verify' END, CASE i % 7 WHEN 0 THEN 'challenge' ELSE 'question' END,
                'q-' || i, CASE i % 2 WHEN 0 THEN 'timed OUT' END,
                CASE i % 2 WHEN 0 THEN strftime('%Y-%m-%d %H:%M:%S', '2026-01-29 12:00', '-' || i || ' minutes')
                           ELSE strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-29 12:00', '-' || i || ' minutes') END FROM n;"
    )
}

fn made(folder: &TempDir, count: u32) -> (PathBuf, Connection) {
    let path = folder.path().join("bots.db");
    let connection = Connection::open(&path).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    connection.execute_batch(&format!("PRAGMA journal_mode = WAL; {LEDGER} {}", rows(count))).unwrap();
    (path, connection)
}

fn ids(connection: &Connection, condition: &str) -> BTreeSet<i64> {
    let mut statement = connection.prepare(&format!("SELECT id FROM bot_ledger WHERE {condition}")).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Each of these once.
fn assert_each_once(printed: &[i64], wanted: &BTreeSet<i64>, words: &str) {
    let once: BTreeSet<i64> = printed.iter().copied().collect();
    let missing: Vec<_> = wanted.difference(&once).take(5).collect();
    let more: Vec<_> = once.difference(wanted).take(5).collect();
    assert!(missing.is_empty() && more.is_empty(), "not printed: {missing:?}, not wanted: {more:?}; {words}");
    assert_eq!(printed.len(), once.len(), "printed twice; {words}");
}

/// Writes so many rows in transactions of several; with ids of its own where it has a block of them.
fn write(path: &Path, writer: i64, count: i64) {
    let mut connection = Connection::open(path).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let (mut left, mut next) = (count, writer * 1_000_000);
    while left > 0 {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        for _ in 0..(1 + left % 37).min(left) {
            (left, next) = (left - 1, next + 1);
            let id = (writer >= 2).then_some(next);
            transaction
                .prepare_cached(
                    "INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id, created_at)
                     VALUES(?1, 'writer-' || ?2, 'update', 'question', 'q-' || ?3, datetime('now'))",
                )
                .unwrap()
                .execute((id, writer, next))
                .unwrap();
        }
        transaction.commit().unwrap();
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn four_writers_and_each_row_is_printed_once() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 700);
    // Those with blocks of their own write below it, in the middle of what is known.
    connection
        .execute_batch(
            "INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id) VALUES(9000000, 'creator', 'verify', 'question', 'q')",
        )
        .unwrap();
    let mut watching = Watching::start(&[path.to_str().unwrap(), "-n", "1", "--format", "ndjson"]);
    watching.until(1);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let path = path.clone();
            thread::spawn(move || write(&path, writer, 1_500))
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    watching.until(1 + 4 * 1_500);
    let (printed, words) = watching.ids();
    let mut wanted = ids(&connection, "bot_name LIKE 'writer-%'");
    wanted.insert(9_000_000);
    assert_each_once(&printed, &wanted, &words);
    assert_eq!(words, "");
}

#[test]
fn a_flood_that_is_told_in_part_is_printed_whole() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 300);
    let mut watching = Watching::start(&[path.to_str().unwrap(), "-n", "1", "--format", "ndjson"]);
    watching.until(1);
    connection.execute_batch(&rows(10_000)).unwrap();
    watching.until(10_001);
    let (printed, words) = watching.ids();
    assert_each_once(&printed, &ids(&connection, "id >= 300"), &words);
    assert!(printed.is_sorted(), "in the order of their ids");
    assert_eq!(words, "");
}

#[test]
fn a_flood_among_known_rows_is_printed_whole_and_none_is_said_to_be_gone() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 300);
    let insert = |first: i64, last: i64| {
        let sql = "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
                   INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id, created_at)
                   SELECT i, 'creator', 'flag', 'question', 'q-' || i, datetime('now') FROM n";
        connection.execute(sql, [first, last]).unwrap();
    };
    insert(9_000_000, 9_000_000);
    let mut watching = Watching::start(&[path.to_str().unwrap(), "-n", "1", "--format", "ndjson"]);
    watching.until(1);
    insert(1_000, 10_999);
    watching.until(10_001);
    // What is still told of the flood is told before this.
    insert(9_000_001, 9_000_001);
    watching.until(10_002);
    let (printed, words) = watching.ids();
    assert_each_once(&printed, &ids(&connection, "id >= 1000"), &words);
    assert_eq!(words, "");
}

#[test]
fn filters_combine_and_any_of_several_will_do() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 900);
    let path = path.to_str().unwrap();
    let mut tried = 0;
    for (arguments, condition) in [
        (&["--bot", "creator", "--bot", "verifier"][..], "bot_name IN ('creator', 'verifier')"),
        (&["--action", "flag"], "action = 'flag'"),
        (&["--type", "challenge", "--action", "verify"], "item_type = 'challenge' AND action = 'verify'"),
        (&["--text", "TIMED out"], "reason LIKE '%timed out%'"),
        (&["--item", "q-77"], "item_id = 'q-77'"),
        (
            &["--bot", "creator", "--action", "flag", "--type", "question", "--text", "out"],
            "bot_name = 'creator' AND action = 'flag' AND item_type = 'question' AND reason LIKE '%out%'",
        ),
        (&["--since", "2026-01-29 08:00"], "datetime(created_at) >= '2026-01-29 08:00:00'"),
        (
            &["--since", "2026-01-29T08:00:00Z", "--action", "flag"],
            "datetime(created_at) >= '2026-01-29 08:00:00' AND action = 'flag'",
        ),
    ] {
        let more = if arguments.contains(&"--since") { &[][..] } else { &["-n", "5000"] };
        let mut watching = Watching::start(&[&[path, "--format", "ndjson"], more, arguments].concat());
        let wanted = ids(&connection, condition);
        watching.until(wanted.len());
        // What comes is filtered, too: by everything but the time from which on it began.
        tried += 1;
        connection
            .execute_batch(&format!(
                "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at) VALUES
                     ('nobody', 'nothing', 'none', 'n', NULL, NULL),
                     ('creator', 'flag', 'question', 'q-77', 'timed out {tried}', '2026-01-29T12:00:00.000Z'),
                     ('verifier', 'verify', 'challenge', 'q-77', 'timed out {tried}', '2026-01-29T12:00:00.000Z')"
            ))
            .unwrap();
        let now = ids(&connection, condition);
        assert!(now.len() > wanted.len() && wanted.len() > 1 || arguments.contains(&"--item"), "{arguments:?}");
        watching.until(now.len());
        let (printed, words) = watching.ids();
        let mut now = now;
        if arguments == ["--since", "2026-01-29 08:00"] {
            now.extend(ids(&connection, "bot_name = 'nobody' AND id > (SELECT max(id) - 3 FROM bot_ledger)"));
        }
        assert_each_once(&printed, &now, &format!("{arguments:?} {words}"));
    }
}

#[test]
fn since_counts_back_from_now_over_both_forms_of_time() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 300);
    connection
        .execute_batch(
            "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at) VALUES
                 ('a', 'flag', 'question', 'old', datetime('now', '-61 minutes')),
                 ('a', 'flag', 'question', 'old', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-61 minutes')),
                 ('a', 'flag', 'question', 'new', datetime('now', '-50 minutes')),
                 ('a', 'flag', 'question', 'new', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-50 minutes')),
                 ('a', 'flag', 'question', 'old', 'some time')",
        )
        .unwrap();
    let mut watching = Watching::start(&[path.to_str().unwrap(), "--since", "1h", "--format", "ndjson"]);
    watching.until(2);
    let (printed, words) = watching.ids();
    assert_each_once(&printed, &ids(&connection, "item_id = 'new'"), &words);
}

#[test]
fn objects_say_what_is_stored_and_lines_are_harmless() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 1);
    connection
        .execute_batch(
            "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at) VALUES
                 ('b' || char(27) || '[31m', 'wipe', 'question', 'q' || char(10) || '1', 'x' || char(0x9b, 0x202e), 'soon')",
        )
        .unwrap();
    let path = path.to_str().unwrap();
    let mut watching = Watching::start(&[path, "--format", "ndjson"]);
    watching.until(2);
    let (lines, _, status) = watching.end(Signal::TERM);
    assert_eq!(status, Some(143));
    assert_eq!(
        json(&lines[0]),
        serde_json::json!({
            "id": 1, "bot": "verifier", "action": "verify", "item_type": "question", "item_id": "q-1", "reason": null,
            "reason_cut": false, "created_at": "2026-01-29T11:59:00.000Z", "at": "2026-01-29T11:59:00.000Z",
        })
    );
    assert_eq!(
        json(&lines[1]),
        serde_json::json!({
            "id": 2, "bot": "b\u{1b}[31m", "action": "wipe", "item_type": "question", "item_id": "q\n1",
            "reason": "x\u{9b}\u{202e}", "reason_cut": false, "created_at": "soon", "at": null,
        })
    );
    let mut watching = Watching::start(&[path]);
    watching.until(2);
    let (lines, words, _) = watching.end(Signal::INT);
    assert_eq!((lines.len(), words.as_str()), (2, ""));
    assert!(lines.iter().all(|line| !line.contains(char::is_control) && !line.contains('\u{202e}')), "{lines:?}");
}

#[test]
fn long_reasons_are_printed_to_their_end() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 1);
    let add = "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
               VALUES('a', 'flag', 'question', 'q', printf('%.*c', 1000000, 'x') || 'the end', 'soon')";
    connection.execute_batch(add).unwrap();
    let path = path.to_str().unwrap();
    for format in ["ndjson", "text"] {
        let mut watching = Watching::start(&[path, "--format", format, "--since", "all", "--text", "THE END"]);
        watching.until(1);
        connection.execute_batch(add).unwrap();
        watching.until(2);
        let (lines, words, _) = watching.end(Signal::INT);
        assert_eq!((lines.len(), words.as_str()), (2, ""));
        for line in lines {
            assert!(line.len() > 1_000_000 && line.contains("xthe end"), "{}", &line[..200]);
            if format == "ndjson" {
                assert_eq!(json(&line)["reason_cut"], false);
            }
        }
        connection.execute_batch("DELETE FROM bot_ledger WHERE id > 2").unwrap();
    }
}

#[test]
fn a_row_whose_id_is_far_below_the_newest_ones_is_printed() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 900);
    let add = |id: i64| {
        connection
            .execute("INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id) VALUES(?1, 'late', 'flag', 'question', 'q')", [id])
            .unwrap();
    };
    connection.execute_batch("DELETE FROM bot_ledger WHERE id BETWEEN 300 AND 310").unwrap();
    let mut watching = Watching::start(&[path.to_str().unwrap(), "-n", "1", "--format", "ndjson"]);
    watching.until(1);
    // Which rows were there is known when they were counted: some looks later.
    for (at, id) in (1001..1004).enumerate() {
        add(id);
        watching.until(at + 2);
    }
    thread::sleep(Duration::from_millis(500));
    add(305);
    watching.until(5);
    add(2000);
    watching.until(6);
    let (printed, words) = watching.ids();
    assert_eq!((printed, words.as_str()), (vec![900, 1001, 1002, 1003, 305, 2000], ""));
}

#[test]
fn a_full_disk_is_said_and_ends_it() {
    let folder = TempDir::new().unwrap();
    let (path, _connection) = made(&folder, 3);
    for command in ["watch", "bots"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut child =
            reelscope(&[command, path.to_str().unwrap()]).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        let mut words = String::new();
        child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1));
        assert!(words.contains("no room is left"), "{words}");
    }
}

#[test]
fn a_reader_that_goes_ends_it_though_nothing_happens() {
    let folder = TempDir::new().unwrap();
    let (path, _connection) = made(&folder, 3);
    let mut child =
        reelscope(&["watch", path.to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{line}");
}

#[test]
fn what_cannot_be_watched_is_said_at_the_start() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("other.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
    let path = path.to_str().unwrap();
    assert!(refused(&["watch", path], 1).contains("no table bot_ledger"));
    Connection::open(path).unwrap().execute_batch("CREATE VIEW bot_ledger AS SELECT * FROM t").unwrap();
    assert!(refused(&["watch", path], 1).contains("bot_ledger is a view"));
    assert!(refused(&["watch", folder.path().join("none.db").to_str().unwrap()], 3).contains("none.db"));
}

#[test]
fn a_ledger_that_is_emptied_dropped_made_again_or_replaced_is_followed_on() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = made(&folder, 400);
    let mut watching = Watching::start(&[path.to_str().unwrap(), "-n", "0", "--format", "ndjson"]);
    let came = |watching: &mut Watching, name: &str, before: usize| {
        watching.until(before + 1);
        let line = json(watching.seen.last().unwrap());
        assert_eq!(line["item_id"], name, "{line}");
    };
    let insert = |connection: &Connection, name: &str| {
        let sql = "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at) VALUES('a', 'flag', 'question', ?1, datetime('now'))";
        connection.execute(sql, [name]).unwrap();
    };
    // What was written before it watched is nothing it prints: the first row that is printed says that it does.
    let mut first = 0;
    let deadline = Instant::now() + PATIENCE;
    while watching.lines.try_recv().map(|line| watching.seen.push(line)).is_err() {
        assert!(Instant::now() < deadline);
        first += 1;
        insert(&connection, &format!("first-{first}"));
        thread::sleep(Duration::from_millis(100));
    }
    thread::sleep(Duration::from_millis(300));
    watching.seen.extend(watching.lines.try_iter());
    let before = watching.seen.len();
    connection.execute_batch("DELETE FROM bot_ledger").unwrap();
    insert(&connection, "after the ledger was emptied");
    came(&mut watching, "after the ledger was emptied", before);
    connection.execute_batch(&format!("BEGIN; DROP TABLE bot_ledger; {LEDGER} COMMIT;")).unwrap();
    insert(&connection, "in the ledger that was made again");
    came(&mut watching, "in the ledger that was made again", before + 1);
    connection.execute_batch("DROP TABLE bot_ledger").unwrap();
    thread::sleep(Duration::from_millis(300));
    connection.execute_batch(LEDGER).unwrap();
    insert(&connection, "after it was gone for a while");
    came(&mut watching, "after it was gone for a while", before + 2);
    drop(connection);
    let other = folder.path().join("other.db");
    let replacement = Connection::open(&other).unwrap();
    replacement.execute_batch(LEDGER).unwrap();
    insert(&replacement, "in another file");
    drop(replacement);
    for more in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{more}", path.display()));
    }
    fs::rename(&other, &path).unwrap();
    came(&mut watching, "in another file", before + 3);
    let (lines, words, _) = watching.end(Signal::INT);
    assert_eq!(lines.len(), before + 4, "{words}");
}

#[test]
fn a_server_that_is_restarted_loses_no_row() {
    let Some(mut server) = Sqld::start() else { return };
    server.run(LEDGER);
    server.run(&rows(300));
    let mut watching = Watching::start(&[&server.url(), "-n", "1", "--format", "ndjson"]);
    watching.until(1);
    server.run(&rows(150));
    watching.until(151);
    server.stop();
    server.restart();
    // More than a look tells at once, before it is asked again.
    server.run(&rows(700));
    watching.until(851);
    server.kill();
    server.restart();
    server.run(&rows(20));
    watching.until(871);
    let (printed, words) = watching.ids();
    assert_each_once(&printed, &(300..=1170).collect(), &words);
}
