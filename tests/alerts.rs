//! What makes itself heard: the bell and a notification for a new alert, once, and nothing of them where nobody asked for it.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{path::PathBuf, time::Duration};

use rusqlite::Connection;
use support::{PATIENCE, Start, Terminal};
use tempfile::TempDir;

/// A database of bots that are well, but for a run that failed yesterday.
fn database(folder: &TempDir) -> (PathBuf, Connection) {
    let path = folder.path().join("bots.db");
    let connection = Connection::open(&path).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    connection.execute_batch(include_str!("../assets/schema.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO bot_runs(bot_name, started_at, completed_at, status) VALUES
                 ('creator', datetime('now', '-1 day'), datetime('now', '-1 day'), 'failed');
             INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at) VALUES
                 ('verifier', 'verify', 'question', 'q-first', datetime('now'));",
        )
        .unwrap();
    (path, connection)
}

fn fail(connection: &Connection, bot: &str) {
    connection
        .execute(
            "INSERT INTO bot_runs(bot_name, started_at, completed_at, status)
             VALUES(?1, datetime('now'), datetime('now'), 'failed')",
            [bot],
        )
        .unwrap();
}

fn count(terminal: &Terminal, bytes: &[u8]) -> usize {
    terminal.bytes().windows(bytes.len()).filter(|part| *part == bytes).count()
}

fn open(path: &std::path::Path, variables: &[(&str, &str)]) -> Terminal {
    // With a theme nobody asks the terminal for its ground, which ends with a BEL, too.
    let variables = &[variables, &[("REELSCOPE_THEME", "dark")]].concat();
    let terminal = Terminal::start(&Start {
        arguments: &[path.to_str().unwrap()],
        variables,
        size: (120, 40),
        ..Start::default()
    });
    terminal.until_text("q-first");
    // What was there before is known, and no news.
    terminal.until_text("▲ 1 alert ");
    terminal
}

#[test]
fn a_new_alert_rings_and_notifies_once_and_is_gone_when_it_was_seen() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = database(&folder);
    let mut terminal = open(&path, &[("REELSCOPE_BOTS_BELL", "true"), ("REELSCOPE_BOTS_NOTIFY", "osc777")]);
    let notified = b"\x1b]777;notify;Reelscope;verifier: run 2 failed\x1b\\";
    assert_eq!((count(&terminal, b"\x07"), count(&terminal, b"\x1b]777")), (0, 0));
    fail(&connection, "verifier");
    terminal.until_text("▲ 2 alerts ");
    terminal.until_text("verifier: run 2 failed");
    // More of the same, and everything read anew: the cause is the same.
    connection.execute_batch("UPDATE bot_runs SET summary = '{}'; DELETE FROM bot_ledger;").unwrap();
    terminal.press("R");
    connection
        .execute_batch(
            "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at) VALUES
                 ('verifier', 'verify', 'question', 'q-second', datetime('now'));",
        )
        .unwrap();
    terminal.until_text("q-second");
    terminal.press("ga");
    terminal.until_text("acknowledges");
    terminal.until_text("known");
    terminal.press("A");
    terminal.until("all acknowledged", |screen| !screen.contents().contains("▲"));
    terminal.press("\x1b");
    terminal.until("the badge is gone", |screen| !screen.contents().contains("alerts"));
    assert_eq!(count(&terminal, notified), 1);
    assert_eq!((count(&terminal, b"\x07"), count(&terminal, b"\x1b]777")), (1, 1));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn tmux_passes_on_what_is_wrapped_for_it() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = database(&folder);
    let terminal = open(&path, &[("REELSCOPE_BOTS_NOTIFY", "osc9"), ("TMUX", "/tmp/tmux-0/default,1,0")]);
    fail(&connection, "a\u{1b}]0;owned\u{7};b");
    terminal.until_text("▲ 2 alerts ");
    terminal.settle();
    assert_eq!(count(&terminal, b"\x1bPtmux;\x1b\x1b]9;Reelscope: "), 1);
    assert_eq!((count(&terminal, b"\x07"), count(&terminal, b"\x1b]0;")), (0, 0), "neither bell nor title");
}

#[test]
fn nothing_makes_itself_heard_unless_it_was_asked_for() {
    let folder = TempDir::new().unwrap();
    let (path, connection) = database(&folder);
    let terminal = open(&path, &[]);
    fail(&connection, "verifier");
    terminal.until_text("▲ 2 alerts ");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!((count(&terminal, b"\x07"), count(&terminal, b"\x1b]9;"), count(&terminal, b"\x1b]777")), (0, 0, 0));
}
