//! The browser in a terminal of its own: start, browse, signals, the background, a panic, a change by another program.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::path::PathBuf;

use rusqlite::Connection;
use support::{Start, Terminal};
use tempfile::TempDir;

const ENTER: &str = "\r";

/// A file with a ledger of this many rows.
fn database(folder: &TempDir, rows: u32) -> PathBuf {
    let path = folder.path().join("some.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(&format!(
            "CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, channel TEXT NOT NULL);
             INSERT INTO questions VALUES('q-1', 'What is a mutex?', 'A **lock** for one.', 'rust'),
                                         ('q-2', 'What is a semaphore?', 'A counter.', 'rust');
             CREATE TABLE bot_ledger(id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT NOT NULL, action TEXT NOT NULL,
                 item_type TEXT NOT NULL, item_id TEXT NOT NULL, before_state TEXT, after_state TEXT, reason TEXT,
                 created_at TEXT);
             CREATE TABLE hostile(x);
             INSERT INTO hostile VALUES(char(27) || ']0;owned' || char(7) || char(0x9b) || '31m' || char(0x202e) || 'end');
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
             SELECT 'verifier', 'verify', 'question', 'q-1', 'reason ' || i, '2026-01-29T08:03:07.588Z' FROM n;"
        ))
        .unwrap();
    path
}

fn open(path: &std::path::Path) -> Terminal {
    let terminal = Terminal::with(&[path.to_str().unwrap()]);
    terminal.until_text("mutex");
    terminal
}

fn alternate(screen: &vt100::Screen) -> bool {
    screen.alternate_screen()
}

#[test]
fn start_browse_quit() {
    let folder = TempDir::new().unwrap();
    let mut terminal = open(&database(&folder, 1000));
    terminal.until("the alternate screen", alternate);
    terminal.press(":bot_ledger");
    terminal.press(ENTER);
    terminal.until_text("row 1 of 1,000");
    terminal.press("G");
    terminal.until_text("row 1,000 of 1,000");
    terminal.press("gg");
    terminal.until_text("row 1 of 1,000");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn it_opens_at_a_place() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 10);
    let terminal = Terminal::with(&[path.to_str().unwrap(), "questions/q-2"]);
    terminal.until_text("A counter.");
}

#[test]
fn the_demo_lives() {
    let cache = TempDir::new().unwrap();
    let variables = [("REELSCOPE_CACHE", cache.path().to_str().unwrap())];
    let mut terminal = Terminal::start(&Start { size: (140, 40), variables: &variables, ..Start::default() });
    terminal.until_text("DEMO");
    terminal.until_text("questions");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn signals_end_it_and_restore_the_terminal() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 10);
    for (name, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
        let mut terminal = open(&path);
        terminal.signal(name);
        assert_eq!(terminal.end(), 128 + number, "SIG{name}");
        terminal.assert_restored();
    }
}

#[test]
fn the_background_and_back() {
    let folder = TempDir::new().unwrap();
    let mut terminal = open(&database(&folder, 10));
    for way in ["key", "signal"] {
        match way {
            "key" => terminal.press("\x1a"),
            _ => terminal.signal("TSTP"),
        }
        terminal.until_stopped();
        terminal.assert_restored();
        terminal.signal("CONT");
        terminal.until("the screen was drawn anew", |screen| alternate(screen) && screen.contents().contains("mutex"));
        // It listens again, too.
        terminal.press("?");
        terminal.until_text("Everywhere");
        terminal.press("\x1b");
        terminal.until("help was closed", |screen| !screen.contents().contains("Everywhere"));
    }
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn a_closed_terminal_ends_it() {
    let folder = TempDir::new().unwrap();
    let mut terminal = open(&database(&folder, 10));
    terminal.hang_up();
    assert_eq!(terminal.end(), 129);
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_restores_the_terminal_and_is_told() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 10);
    let log = folder.path().join("bug.log");
    let variables = [("REELSCOPE_PANIC_ON_PASTE", "boom")];
    let arguments = [path.to_str().unwrap(), "--log", log.to_str().unwrap()];
    let mut terminal = Terminal::start(&Start { arguments: &arguments, variables: &variables, ..Start::default() });
    terminal.until_text("mutex");
    terminal.press("\x1b[200~boom\x1b[201~");
    assert_eq!(terminal.end(), 101);
    terminal.assert_restored();
    let text = terminal.text();
    assert!(text.contains("reelscope hit a bug") && text.contains("bug.log"), "{text}");
    assert!(std::fs::read_to_string(log).unwrap().contains("panic in thread main"));
}

#[test]
fn another_programs_insert_is_shown() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 3);
    let arguments = [path.to_str().unwrap(), "bot_ledger"];
    // Wide enough for the ledger's reasons.
    let terminal = Terminal::start(&Start { arguments: &arguments, size: (160, 40), ..Start::default() });
    terminal.until_text("reason 3");
    let writer = Connection::open(&path).unwrap();
    for new in 0..3 {
        writer
            .execute(
                "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
                 VALUES('creator', 'create', 'question', 'q-2', ?1, '2026-01-29 08:03:07')",
                [format!("fresh {new}")],
            )
            .unwrap();
        terminal.until_text(&format!("fresh {new}"));
    }
}

#[test]
fn any_size_is_borne() {
    let folder = TempDir::new().unwrap();
    let mut terminal = open(&database(&folder, 50));
    for (columns, rows) in [(40, 10), (1, 1), (200, 60), (20, 5), (2, 80), (100, 30)] {
        terminal.resize(columns, rows);
    }
    terminal.until_text("mutex");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let path = folder.path().join("some.db");
    let arguments = [path.to_str().unwrap()];
    let mut tiny = Terminal::start(&Start { arguments: &arguments, size: (1, 1), ..Start::default() });
    // One column has room for one letter of the polite line.
    tiny.until("it has drawn", |screen| alternate(screen) && !screen.contents().trim().is_empty());
    tiny.press("q");
    assert_eq!(tiny.end(), 0);
}

#[test]
fn no_byte_of_a_cell_acts_on_the_terminal() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 1);
    // With a theme by name the terminal is not asked for its colours, which ends in a BEL of ours.
    let mut terminal = Terminal::with(&[path.to_str().unwrap(), "hostile", "--theme", "dark"]);
    terminal.until_text("owned");
    terminal.press("v");
    terminal.press("q");
    terminal.press("q");
    terminal.end();
    let bytes = terminal.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        !text.contains("\x1b]0;") && !text.contains('\x07') && !text.contains('\u{202e}') && !text.contains('\u{9b}')
    );
}

#[test]
fn every_frame_is_a_synchronized_update() {
    let folder = TempDir::new().unwrap();
    let mut terminal = open(&database(&folder, 50));
    terminal.press("jjkk");
    terminal.press("q");
    terminal.end();
    let text = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    let (begun, ended) = (text.matches("\x1b[?2026h").count(), text.matches("\x1b[?2026l").count());
    assert!(begun > 0);
    // Leaving ends one more, in case a panic left it open.
    assert_eq!(begun + 1, ended);
}

#[test]
fn the_grounds_colour_chooses_the_theme() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 1);
    let arguments = [path.to_str().unwrap()];
    let first_colours = |background| {
        let terminal = Terminal::start(&Start { arguments: &arguments, background, ..Start::default() });
        terminal.until_text("mutex");
        terminal.until("a colour", |screen| screen.contents_formatted().windows(7).any(|bytes| bytes == b"\x1b[38;2;"));
        String::from_utf8_lossy(&terminal.bytes()).into_owned()
    };
    let (dark, light, silent) =
        (first_colours(Some("1111/1313/1a1a")), first_colours(Some("ffff/ffff/ffff")), first_colours(None));
    let blue = |text: &str| text.contains("38;2;42;91;215");
    assert!(blue(&light) && !blue(&dark) && !blue(&silent));
}

#[test]
fn no_color_means_none() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 1);
    let arguments = [path.to_str().unwrap()];
    let mut terminal =
        Terminal::start(&Start { arguments: &arguments, variables: &[("NO_COLOR", "1")], ..Start::default() });
    terminal.until_text("mutex");
    terminal.press("q");
    terminal.end();
    let text = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!text.contains("\x1b[38;") && !text.contains("\x1b[48;") && !text.contains(";2;"), "{text:?}");
}

#[test]
fn a_dumb_terminal_is_refused_in_words() {
    let mut terminal = Terminal::start(&Start { variables: &[("TERM", "dumb")], ..Start::default() });
    assert_eq!(terminal.end(), 1);
    let text = terminal.text();
    assert!(text.contains("TERM=dumb"), "{text}");
    terminal.assert_restored();
}

#[test]
fn copying_reaches_the_terminals_clipboard() {
    let folder = TempDir::new().unwrap();
    let terminal = open(&database(&folder, 1));
    terminal.press("y");
    terminal.until_text("copied");
    // "q-1" in base64.
    assert!(String::from_utf8_lossy(&terminal.bytes()).contains("\x1b]52;c;cS0x\x1b\\"));
}

#[test]
fn a_burst_of_keys_arrives_whole() {
    let folder = TempDir::new().unwrap();
    let mut terminal = open(&database(&folder, 50));
    // More than crossterm reads at once, the last one to be seen by its effect.
    terminal.press(&("j".repeat(3000) + "q"));
    assert_eq!(terminal.end(), 0);
}

#[test]
fn idle_sends_nothing() {
    let folder = TempDir::new().unwrap();
    let terminal = open(&database(&folder, 50));
    terminal.until_text("live");
    // Quiet is when a pause brings nothing; what comes after that would be a frame without a reason.
    let mut sent = terminal.bytes().len();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let now = terminal.bytes().len();
        if now == sent {
            break;
        }
        sent = now;
    }
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(terminal.bytes().len(), sent);
}
