//! The command line through its front door: the binary is run, and what it prints and how it ends is looked at.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "cli/bots.rs"]
mod bots;
#[expect(dead_code, reason = "another test uses the rest of it")]
#[path = "support/history.rs"]
mod history;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;
#[path = "cli/watch.rs"]
mod watch;
#[path = "cli/writing.rs"]
mod writing;

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

/// The program with these arguments, and with nothing of whoever runs the tests: neither settings nor cache.
fn reelscope(arguments: &[&str]) -> Command {
    // A file as the home: nothing can be made in it, not even by root.
    let home = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelscope"));
    command.args(arguments).env_clear().env("HOME", home).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    reelscope(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs, expects this exit status, nothing on standard output, and one line of words; hands out the line.
fn refused(arguments: &[&str], status: i32) -> String {
    let output = run(arguments);
    let words = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {words}");
    assert_eq!(out(&output), "", "{arguments:?}");
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.starts_with("reelscope: "), "{words}");
    words
}

/// A database with a catalogued table under its logical name, one of no catalogue, a view, and hostile content.
fn database(folder: &TempDir) -> String {
    let path = folder.path().join("some.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, subChannel TEXT, relevanceScore INTEGER);
             INSERT INTO questions VALUES('q-1', 'What is' || char(10) || 'a mutex?', NULL, 9223372036854775807);
             INSERT INTO questions VALUES('a/b', 'slash', '', 0);
             CREATE TABLE users(id TEXT PRIMARY KEY, username TEXT, password TEXT);
             INSERT INTO users VALUES('u', 'ann', 'hash!');
             CREATE TABLE \"odd \"\"name.\u{1f600}\"(x, y BLOB, z REAL, t);
             INSERT INTO \"odd \"\"name.\u{1f600}\" VALUES(
                 char(27) || '[31m' || char(0x9b) || char(0x202e) || char(0) || 'x', x'00ff', 9e999, CAST(x'61ff' AS TEXT));
             CREATE VIEW v AS SELECT id, question FROM questions;
             CREATE VIEW broken AS SELECT * FROM gone;",
        )
        .unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn help_and_version() {
    for arguments in [&["--help"][..], &["-h"], &["help", "show"], &["tables", "--help"]] {
        let output = run(arguments);
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
        assert!(out(&output).contains("Usage:"), "{arguments:?}");
    }
    assert!(out(&run(&["--help"])).contains("Exit status"));
    assert_eq!(out(&run(&["--version"])), format!("reelscope {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_view_without_an_end_is_given_up_and_one_that_fails_says_so() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("views.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
             CREATE VIEW lost AS SELECT * FROM gone;",
        )
        .unwrap();
    let path = path.to_str().unwrap();
    let output = run(&["tables", path, "--format", "json"]);
    assert!(output.status.success());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json[0]["name"], &json[0]["rows"]), (&Value::from("endless"), &Value::Null));
    assert!(json[0]["problem"].as_str().unwrap().contains("not counted: it takes longer"));
    let shown = run(&["show", path, "lost/1"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&shown.stderr).contains("lost cannot be read: no such table"));
}

#[test]
fn tables_as_json() {
    let folder = TempDir::new().unwrap();
    let output = run(&["tables", &database(&folder), "--format", "json"]);
    assert!(output.status.success());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let tables = json.as_array().unwrap();
    let find = |name: &str| tables.iter().find(|table| table["name"] == name).unwrap();
    let questions = find("questions");
    assert_eq!(questions["logical"], "questions");
    assert_eq!(questions["kind"], "table");
    assert_eq!(questions["purpose"], "interview questions");
    assert_eq!(questions["rows"], 2);
    assert_eq!(questions["volume"], "small");
    assert_eq!(questions["key_fields"][0], "id");
    let odd = find("odd \"name.\u{1f600}");
    assert_eq!((&odd["logical"], &odd["purpose"], &odd["volume"]), (&Value::Null, &Value::Null, &Value::Null));
    assert_eq!(find("v")["kind"], "view");
    assert_eq!(find("v")["rows"], 2);
    assert_eq!(find("broken")["rows"], Value::Null);
    assert!(find("broken")["problem"].as_str().unwrap().contains("gone"));
    assert!(!tables.iter().any(|table| table["kind"] == "internal"));
    // The catalogue's tables come first.
    assert_eq!(tables[0]["name"], "users");
    assert_eq!(tables[1]["name"], "questions");
}

#[test]
fn tables_as_csv_and_for_people() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let csv = out(&run(&["tables", &path, "--format", "csv"]));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(
        reader.headers().unwrap(),
        ["name", "logical", "kind", "purpose", "rows", "volume", "key_fields"].as_slice()
    );
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(records.iter().any(|record| &record[0] == "odd \"name.\u{1f600}" && &record[4] == "1"));
    let table = out(&run(&["tables", &path]));
    assert!(table.starts_with("TABLE"), "{table}");
    assert!(table.contains("interview questions"), "{table}");
}

#[test]
fn a_record_is_exact() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let output = run(&["show", &path, "questions/q-1", "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["question"], "What is\na mutex?");
    assert_eq!(json["subChannel"], Value::Null);
    assert_eq!(json["relevanceScore"].as_i64(), Some(i64::MAX));
    let columns: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(columns, ["id", "question", "subChannel", "relevanceScore"]);
    let table = out(&run(&["show", &path, "questions/q-1"]));
    assert_eq!(
        table,
        "id              text     q-1\n\
         question        text     What is\n                         a mutex?\n\
         subChannel      null\n\
         relevanceScore  integer  9223372036854775807\n"
    );
    assert!(out(&run(&["show", &path, "questions/a/b"])).contains("slash"));
}

#[test]
fn nothing_of_a_cell_acts_on_the_terminal() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let place = "odd \"name.\u{1f600}/1";
    for format in ["table", "json"] {
        let output = run(&["show", &path, place, "--format", format]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = out(&output);
        let hostile = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
        assert!(!text.contains(hostile), "{text:?}");
    }
    let json: Value = serde_json::from_slice(&run(&["show", &path, place, "--format", "json"]).stdout).unwrap();
    assert_eq!(json["x"], "\u{1b}[31m\u{9b}\u{202e}\0x");
    assert_eq!(json["y"]["blob"], "00ff");
    assert_eq!(json["z"]["real"], "Inf");
    assert_eq!(json["t"]["invalid_utf8"], "61ff");
}

#[test]
fn secrets_are_masked_until_asked_for() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    for format in ["table", "json"] {
        assert!(!out(&run(&["show", &path, "users/u", "--format", format])).contains("hash!"));
        assert!(out(&run(&["show", &path, "users/u", "--format", format, "--reveal"])).contains("hash!"));
    }
}

#[test]
fn bad_databases_are_named_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(
        at("text.db"),
        "this is not a database, and it is long enough to have a header of one hundred bytes ".repeat(9),
    )
    .unwrap();
    let whole = fs::read(database(&folder)).unwrap();
    fs::write(at("cut.db"), &whole[..5000]).unwrap();
    fs::write(at("empty.db"), "").unwrap();
    for command in ["tables", "show"] {
        let with = |path: &str, status| match command {
            "tables" => refused(&[command, path], status),
            _ => refused(&[command, path, "questions/q-1"], status),
        };
        assert!(with(&at("missing.db"), 3).contains("missing.db"));
        assert!(with(folder.path().to_str().unwrap(), 3).contains("folder"));
        assert!(with(&at("text.db"), 3).contains("not a"));
        with(&at("cut.db"), 3);
        assert!(with("libsql://prod.turso.io", 3).contains("server"));
        assert!(with("https://prod.turso.io", 3).contains("server"));
    }
    let output = run(&["tables", &at("empty.db"), "--format", "json"]);
    assert_eq!((output.status.code(), out(&output).trim()), (Some(0), "[]"));
    assert_eq!(fs::read(at("empty.db")).unwrap().len(), 0);
    assert!(!Path::new(&at("missing.db")).exists());
}

#[test]
fn reading_leaves_no_trace() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let before = (fs::read(&path).unwrap(), fs::read_dir(folder.path()).unwrap().count());
    run(&["tables", &path]);
    run(&["show", &path, "questions/q-1"]);
    assert_eq!((fs::read(&path).unwrap(), fs::read_dir(folder.path()).unwrap().count()), before);
}

#[test]
fn unknown_tables_and_records_fail() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    assert!(refused(&["show", &path, "nonsense/1"], 1).contains("nonsense"));
    assert!(refused(&["show", &path, "questions/q-404"], 1).contains("q-404"));
    assert!(refused(&["show", &path, "questions"], 2).contains("which record"));
}

#[test]
fn wrong_usage_is_status_2() {
    for arguments in [
        &["--nonsense"][..],
        &["tables"],
        &["tables", "x.db", "--format", "xml"],
        &["--theme", "blue"],
        &["show", "x.db"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_is_wrong_with_the_file_of_variables_is_said_also_where_nothing_can_be_opened() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(".env"), "TURSO_DATABASE_URL=\"http://127.0.0.1:1\n").unwrap();
    let output = reelscope(&["tables"]).current_dir(folder.path()).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains(".env: line 1 is not NAME=VALUE") && words.contains("no database was named"), "{words}");
}

#[test]
fn bad_settings_are_status_2_and_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("config.toml");
    let path = file.to_str().unwrap();
    for (text, part) in [
        ("theme = 'blue'", "auto, dark, light or mono"),
        ("colour = 'blue'", "no setting is called 'colour'"),
        ("[keys.global]\n'hyper-x' = 'quit'", "hyper-x"),
        ("[keys.global]\n'x' = 'fly'", "fly"),
        ("theme", "line 1"),
    ] {
        fs::write(&file, text).unwrap();
        let words = refused(&["keys", "--config", path], 2);
        assert!(words.contains(part) && words.contains(path), "{words}");
    }
    refused(&["keys", "--config", "/nonexistent/config.toml"], 2);
    let output = reelscope(&["keys"]).env("REELSCOPE_TIMES", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    fs::write(&file, "[keys.global]\n'ctrl-x' = 'quit'").unwrap();
    assert!(out(&run(&["keys", "--config", path])).contains("ctrl-x"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("long.db");
    let connection = Connection::open(&path).unwrap();
    // More than a pipe holds.
    connection.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES(hex(zeroblob(2000000)));").unwrap();
    drop(connection);
    let mut child = reelscope(&["show", path.to_str().unwrap(), "t/1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 8];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn the_browser_says_that_it_needs_a_terminal() {
    let folder = TempDir::new().unwrap();
    let words = refused(&[&database(&folder)], 1);
    assert!(words.contains("terminal") && words.contains("reelscope tables"), "{words}");
}

#[test]
fn the_demo_is_made_where_the_cache_is() {
    let folder = TempDir::new().unwrap();
    let output = reelscope(&["demo", "path"]).env("REELSCOPE_CACHE", folder.path()).output().unwrap();
    let path = out(&output).trim().to_owned();
    assert!(path.starts_with(folder.path().to_str().unwrap()), "{path}");
    let json: Value = serde_json::from_slice(&run(&["tables", &path, "--format", "json"]).stdout).unwrap();
    let catalogued: Vec<_> = json.as_array().unwrap().iter().filter(|table| !table["logical"].is_null()).collect();
    assert_eq!(catalogued.len(), 12);
    assert!(catalogued.iter().all(|table| table["rows"].as_u64() > Some(0)), "{json}");
}

#[test]
fn a_generated_database_is_the_same_every_time() {
    let folder = TempDir::new().unwrap();
    let make = |name: &str| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        let output = run(&["demo", "generate", "--rows", "500", &path]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (path.clone(), fs::read(path).unwrap())
    };
    let ((path, first), (_, second)) = (make("a.db"), make("b.db"));
    assert!(first == second);
    let json: Value = serde_json::from_slice(&run(&["tables", &path, "--format", "json"]).stdout).unwrap();
    let rows =
        |name: &str| json.as_array().unwrap().iter().find(|table| table["name"] == name).unwrap()["rows"].as_u64();
    assert_eq!((rows("bot_ledger"), rows("question_history")), (Some(500), Some(500)));
    refused(&["demo", "generate", "--rows", "5", &path], 1);
}

#[test]
fn what_is_written_can_be_flushed() {
    // A full disk is a failure with words, not silence.
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let folder = TempDir::new().unwrap();
        let output = reelscope(&["tables", &database(&folder)]).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(!output.stderr.is_empty());
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_picture_is_the_same_every_time() {
    let picture = |arguments: &[&str]| {
        let output = run(&[&["screenshot"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        out(&output)
    };
    let wanted = ["bot_ledger", "--size", "100x30", "--keys", "j j l s", "--format", "text"];
    let first = picture(&wanted);
    assert!(first.contains("bot_ledger") && first.contains("DEMO"), "{first}");
    assert_eq!(first.lines().count(), 30);
    for _ in 0..5 {
        assert_eq!(picture(&wanted), first);
    }
    let svg = picture(&["questions", "--theme", "light"]);
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(picture(&["--format", "ansi"]).contains("\u{1b}[38;2;"));
    assert!(!picture(&["--format", "ansi", "--theme", "mono"]).contains("\u{1b}[38;"));
}

#[test]
fn a_picture_of_a_file() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("picture.txt");
    let output = run(&[
        "screenshot",
        "users",
        "--database",
        &database(&folder),
        "--format",
        "text",
        "-o",
        target.to_str().unwrap(),
    ]);
    assert!(output.status.success() && output.stdout.is_empty());
    let text = fs::read_to_string(target).unwrap();
    assert!(text.contains("ann") && !text.contains("hash!"), "{text}");
    refused(&["screenshot", "--keys", "hyper-x"], 2);
    refused(&["screenshot", "--database", "/nonexistent.db"], 3);
    refused(&["screenshot", "-o", "/nonexistent/x.svg"], 1);
}

#[test]
fn a_command_behind_an_option_is_pointed_out() {
    // No terminal is needed to see that this was meant otherwise.
    assert!(refused(&["--theme", "dark", "tables", "x.db"], 2).contains("options go behind the command"));
    assert!(refused(&["--demo", "x.db", "questions"], 2).contains("--demo"));
    assert!(refused(&["/nonexistent.db"], 3).contains("/nonexistent.db"));
}

#[test]
fn an_export_holds_every_row_exactly() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let csv = out(&run(&["export", &path, "questions"]));
    assert_eq!(
        csv,
        "id,question,subChannel,relevanceScore\nq-1,\"What is\na mutex?\",,9223372036854775807\na/b,slash,\"\",0\n"
    );
    let lines = out(&run(&["export", &path, "questions", "--format", "ndjson"]));
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["subChannel"], &lines[1]["subChannel"]), (&Value::Null, &Value::from("")));
    let array: Value = serde_json::from_str(&out(&run(&["export", &path, "questions", "--format", "json"]))).unwrap();
    assert_eq!(array, Value::from(lines));
    // What a terminal acts upon is escaped in JSON, and what JSON has no word for is an object.
    let odd = out(&run(&["export", &path, "odd \"name.\u{1f600}", "--format", "ndjson"]));
    assert!(
        odd.contains(
            r#""x":"\u001b[31m\u009b\u202e\u0000x","y":{"blob":"00ff"},"z":{"real":"Inf"},"t":{"invalid_utf8":"61ff"}"#
        ),
        "{odd}"
    );
    assert_eq!(out(&run(&["export", &path, "v"])).lines().count(), 4);
    assert_eq!(
        out(&run(&["export", &path, "users", "--format", "json"])),
        "[\n{\"id\":\"u\",\"username\":\"ann\",\"password\":{\"masked\":true}}\n]\n"
    );
    assert!(out(&run(&["export", &path, "users"])).ends_with("u,ann,••••••\n"));
    assert!(out(&run(&["export", &path, "users", "--reveal"])).ends_with("u,ann,hash!\n"));
}

#[test]
fn an_export_of_nothing_and_of_what_is_not_there() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("empty.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t(a, \"b,c\"); CREATE VIEW w AS SELECT * FROM gone")
        .unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(out(&run(&["export", path, "t"])), "a,\"b,c\"\n");
    assert_eq!(out(&run(&["export", path, "t", "--format", "json"])), "[]\n");
    assert_eq!(out(&run(&["export", path, "t", "--format", "ndjson"])), "");
    assert!(refused(&["export", path, "x"], 1).contains("no table or view is called x"));
    assert!(refused(&["export", path, "w"], 1).contains("cannot be read"));
}

#[test]
fn an_export_ends_when_nobody_reads_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("long.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT i FROM n")
        .unwrap();
    let mut child = reelscope(&["export", path.to_str().unwrap(), "t"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 4];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"i\n1\n");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}
