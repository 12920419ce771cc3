//! The board from the command line: its figures are SQL's, and what is printed is what is documented.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    history::{self, Sql},
    out, refused, run,
};

fn made(folder: &TempDir, seed: u64) -> String {
    let path = folder.path().join("history.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../../assets/schema.sql")).unwrap();
    history::fill(&connection, seed, Timestamp::now().as_second());
    path.to_str().unwrap().to_owned()
}

fn board(path: &str, since: &str) -> (Value, i64) {
    let output = run(&["bots", path, "--since", since, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_str(&out(&output)).unwrap();
    let now = json["at"].as_str().unwrap().parse::<Timestamp>().unwrap().as_second();
    (json, now)
}

#[test]
fn the_figures_are_those_of_sql() {
    let folder = TempDir::new().unwrap();
    let path = made(&folder, 5);
    let connection = Connection::open(&path).unwrap();
    for (since, seconds) in [("7d", Some(604_800)), ("90m", Some(5400)), ("15m", Some(900)), ("all", None)] {
        let (json, now) = board(&path, since);
        let sql = Sql { connection: &connection, now };
        let from = json["since"].as_str().map(|time| time.parse::<Timestamp>().unwrap().as_second());
        assert_eq!(from, seconds.map(|seconds| now - seconds));
        let bots = json["bots"].as_array().unwrap();
        assert_eq!(bots.iter().map(|bot| bot["bot"].as_str().unwrap()).collect::<Vec<_>>(), history::BOTS);
        for line in bots {
            let bot = line["bot"].as_str().unwrap();
            for (field, seconds) in
                [("actions", seconds), ("hour", Some(3600)), ("day", Some(86_400)), ("week", Some(604_800))]
            {
                let [all, creates, updates, deletes, verifies, flags] = sql.actions(bot, seconds);
                let expected = json!({ "all": all, "creates": creates, "updates": updates, "deletes": deletes,
                                       "verifies": verifies, "flags": flags });
                assert_eq!(line[field], expected, "{bot}, {field}, {since}");
            }
            let [processed, created, updated, deleted] = sql.items(bot, seconds);
            let items = json!({ "processed": processed, "created": created, "updated": updated, "deleted": deleted });
            assert_eq!(line["items"], items, "{bot}, {since}");
            assert_eq!(line["success"].as_f64(), sql.success(bot, seconds), "{bot}, {since}");
            assert_eq!(line["usual_seconds"].as_u64(), sql.usual(bot), "{bot}");
            assert_eq!(line["last_run"]["id"].as_i64(), sql.last_run(bot), "{bot}");
        }
        let queue = &json["queue"];
        for (field, expected) in [
            ("open", sql.open()),
            ("pending", sql.pending()),
            ("finished", sql.finished(seconds)),
            ("arrived", sql.arrived(seconds)),
            ("undated", sql.undated()),
        ] {
            assert_eq!(queue[field], expected, "{field}, {since}");
        }
        let oldest = queue["oldest"].as_str().map(|time| time.parse::<Timestamp>().unwrap().as_second());
        assert_eq!(oldest, sql.oldest());
        let groups: Vec<Value> = (sql.groups().into_iter())
            .map(|(status, action, bot, rows)| {
                let bot = Some(bot).filter(|bot| !bot.is_empty());
                json!({ "status": status, "action": action, "bot": bot, "rows": rows })
            })
            .collect();
        assert_eq!(queue["depth"], Value::Array(groups));
    }
}

#[test]
fn long_ago_it_begins_with_the_full_hour_or_day_and_says_so() {
    let folder = TempDir::new().unwrap();
    let path = made(&folder, 6);
    let connection = Connection::open(&path).unwrap();
    for (since, unit) in [("30d", 3600), ("500d", 86_400)] {
        let (json, now) = board(&path, since);
        let from = json["since"].as_str().unwrap().parse::<Timestamp>().unwrap().as_second();
        assert_eq!(from % unit, 0, "{since}");
        let sql = Sql { connection: &connection, now };
        for line in json["bots"].as_array().unwrap() {
            let counts = sql.actions(line["bot"].as_str().unwrap(), Some(now - from));
            assert_eq!(line["actions"]["all"], counts[0], "{since}");
        }
    }
}

#[test]
fn the_table_shows_hostile_names_as_text_and_what_wants_attention() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("hostile.db").to_str().unwrap().to_owned();
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE botRuns(id INTEGER PRIMARY KEY, botName TEXT, startedAt TEXT, completedAt TEXT, status TEXT,
                 itemsProcessed INTEGER, itemsCreated INTEGER, itemsUpdated INTEGER, itemsDeleted INTEGER, summary TEXT);
             INSERT INTO botRuns VALUES(7, char(27) || '[31mred' || char(10) || char(8238), '2026-01-29 08:00:00',
                 '2026-01-29T08:05:00.000Z', 'failed', 1, 2, 3, 4, NULL);
             INSERT INTO botRuns VALUES(8, 'verifier', '2026-01-29 08:00:00', NULL, 'running', 0, 0, 0, 0, NULL);",
        )
        .unwrap();
    let output = run(&["bots", &path, "--since", "all"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    assert!(text.contains("run 7 failed") && text.contains("verifier: run 8 is stuck"), "{text}");
    let verifier = text.lines().find(|line| line.starts_with("verifier ")).unwrap_or_default();
    assert!(verifier.contains(" stuck "), "{text}");
    assert!(!text.contains("queue:"), "{text}");
    let (json, _) = board(&path, "2026-01-29 08:00");
    assert_eq!((&json["queue"], &json["since"]), (&Value::Null, &json!("2026-01-29T08:00:00.000Z")));
    let kinds: Vec<&Value> = json["alerts"].as_array().unwrap().iter().map(|alert| &alert["kind"]).collect();
    assert_eq!(kinds, ["failed", "stuck"]);
    assert_eq!((&json["alerts"][1]["run"], &json["alerts"][1]["bot"]), (&json!(8), &json!("verifier")));
    let ledger = "CREATE TABLE botLedger(id TEXT PRIMARY KEY, botName TEXT, action TEXT, createdAt TEXT) WITHOUT ROWID;
        INSERT INTO botLedger VALUES('a', 'verifier', 'flag', datetime('now'))";
    Connection::open(&path).unwrap().execute_batch(ledger).unwrap();
    let output = run(&["bots", &path]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("botLedger is a view, or a table without rowids"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_cannot_be_shown_is_said() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("none.db").to_str().unwrap().to_owned();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
    let words = refused(&["bots", &path], 1);
    assert!(words.contains("no bots to show"), "{words}");
    refused(&["bots", "/nowhere/at/all.db"], 3);
    assert_eq!(run(&["bots", &path, "--since", "soon"]).status.code(), Some(2));
}
