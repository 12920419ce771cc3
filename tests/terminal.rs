//! The browser in a terminal of its own: start, browse, signals, the background, a panic, a change by another program.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

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

fn open(path: &Path) -> Terminal {
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
    assert!(fs::read_to_string(log).unwrap().contains("panic in thread main"));
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

/// A scripted editor: writes down what it finds, waits for a line on the terminal, and leaves that in the file.
const EDITOR: &str = r#"#!/bin/sh
here=$(dirname "$0")
trap 'echo interrupted >>"$here/signals"' INT
stty -a >"$here/modes"
cp "$1" "$here/before"
stat -c %a "$1" "$(dirname "$1")" >"$here/permissions"
echo "$1" >"$here/path"
printf 'EDITOR READY\n'
until read -r line; do :; done
case $line in fail) exit 3;; stop) kill -TSTP 0; read -r line;; esac
printf '%s' "$line" >"$1"
"#;

/// The browser on the ledger, open for writing, with the scripted editor at work on the name of a bot.
struct Edited {
    folder: TempDir,
    terminal: Terminal,
}

impl Edited {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (path, editor) = (database(&folder, 3), folder.path().join("my editor"));
        fs::write(&editor, EDITOR).unwrap();
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).unwrap();
        let terminal = Self::start(&path, &format!("'{}'", editor.display()));
        terminal.until_text("verifier");
        let edited = Self { folder, terminal };
        edited.begin();
        edited
    }

    fn start(path: &Path, editor: &str) -> Terminal {
        let way = std::env::var("PATH").unwrap();
        let variables = [("EDITOR", editor), ("PATH", way.as_str())];
        let arguments = [path.to_str().unwrap(), "bot_ledger", "--write"];
        Terminal::start(&Start { arguments: &arguments, variables: &variables, ..Start::default() })
    }

    /// Opens the editor on the cell right of the key.
    fn begin(&self) {
        self.terminal.press("0lE");
        self.terminal.until_text("EDITOR READY");
    }

    fn wrote(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// The folder of the file that was edited.
    fn place(&self) -> PathBuf {
        Path::new(self.wrote("path").trim()).parent().unwrap().to_owned()
    }
}

#[test]
fn the_editor_has_the_terminal_and_gives_it_back() {
    let mut edited = Edited::new();
    edited.terminal.assert_restored();
    let modes = edited.wrote("modes");
    let modes: Vec<&str> = modes.split_whitespace().collect();
    assert!(["isig", "icanon", "echo", "icrnl"].iter().all(|mode| modes.contains(mode)), "{modes:?}");
    assert_eq!(edited.wrote("before"), "verifier");
    assert_eq!(edited.wrote("permissions"), "600\n700\n");
    let name = edited.wrote("path");
    assert!(name.trim().ends_with(".txt") && name.contains("bot-name"), "{name}");
    // Every one of these would do something to the browser, the last three end it.
    edited.terminal.press("jjGv?:q\r");
    let back = "the browser is back with the new value";
    edited.terminal.until(back, |screen| alternate(screen) && screen.contents().contains("jjGv?:q"));
    assert!(!edited.place().exists());
    let again = "row 1 of 3";
    edited.terminal.until_text(again);
    // It listens again, to the mouse as well.
    edited
        .terminal
        .until("the mouse is taken", |screen| screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None);
    edited.terminal.press("?");
    edited.terminal.until_text("Everywhere");
    edited.terminal.press("\x1b");
    edited.terminal.press("\x03");
    assert_eq!(edited.terminal.end(), 0);
    edited.terminal.assert_restored();
}

#[test]
fn what_is_pressed_in_the_editor_is_the_editors() {
    let edited = Edited::new();
    // Ctrl-c and Ctrl-\ go to all that run in the terminal.
    edited.terminal.press("\x03");
    edited.terminal.until_text("^C");
    edited.terminal.resize(90, 25);
    edited.terminal.press("fail\r");
    edited.terminal.until("it is said", |screen| alternate(screen) && screen.contents().contains("exit status: 3"));
    assert!(edited.wrote("signals").contains("interrupted"));
    assert!(edited.terminal.text().contains("verifier"));
    assert!(!edited.place().exists());
    // It is still open in place.
    edited.terminal.press("\x1b");
    edited.terminal.until("the cell is closed", |screen| !screen.contents().contains("bot_ledger · 1 · bot_name"));
    edited.begin();
    edited.terminal.press("stop\r");
    edited.terminal.until_stopped();
    edited.terminal.signal("CONT");
    edited.terminal.press("after the stop\r");
    edited.terminal.until("it went on", |screen| alternate(screen) && screen.contents().contains("~after"));
}

#[test]
fn ending_while_the_editor_is_open_leaves_nothing() {
    for (name, number) in [("TERM", 15), ("HUP", 1)] {
        let mut edited = Edited::new();
        let place = edited.place();
        assert!(place.exists());
        edited.terminal.signal(name);
        assert_eq!(edited.terminal.end(), 128 + number, "SIG{name}");
        edited.terminal.assert_restored();
        assert!(!place.exists());
    }
    let mut edited = Edited::new();
    let place = edited.place();
    edited.terminal.hang_up();
    assert_eq!(edited.terminal.end(), 129);
    assert!(!place.exists());
}

#[test]
fn an_editor_that_is_not_there_is_said() {
    let folder = TempDir::new().unwrap();
    let mut terminal = Edited::start(&database(&folder, 3), "/no/such/editor");
    terminal.until_text("verifier");
    terminal.press("0lE");
    terminal.until_text("/no/such/editor is not there");
    terminal.until("the browser is there", alternate);
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn that_it_may_write_is_seen_at_every_size() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder, 3);
    let arguments = [path.to_str().unwrap(), "--write"];
    let terminal =
        Terminal::start(&Start { arguments: &arguments, variables: &[("NO_COLOR", "1")], ..Start::default() });
    terminal.until_text("mutex");
    for (columns, rows) in [(200, 60), (80, 24), (40, 10), (30, 8), (12, 4)] {
        terminal.resize(columns, rows);
        let seen = terminal.until(&format!("the badge at {columns}×{rows}"), |screen| {
            screen.size() == (rows, columns) && screen.contents().contains(" WRITE ")
        });
        assert!(!seen.contains("READ-ONLY"));
    }
}
