//! A pass through the whole browser in a terminal, from the smallest size to a large one, and what of it reaches the terminal: no
//! colour where none is wanted, no byte of a cell.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use support::{Start, Terminal};
use tempfile::TempDir;

const ENTER: &str = "\r";
const ESC: &str = "\x1b";

/// Two questions and a thousand rows of the ledger.
const TABLES: &str = "
    CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL, explanation TEXT, diagram TEXT,
        channel TEXT NOT NULL, tags TEXT);
    CREATE TABLE bot_ledger(id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT NOT NULL, action TEXT NOT NULL,
        item_type TEXT NOT NULL, item_id TEXT NOT NULL, before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
    SELECT 'verifier', 'verify', 'question', 'q-1', 'reason ' || i, '2026-01-29T08:03:07.588Z' FROM n;";

fn database(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("some.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(TABLES).unwrap();
    connection
        .execute_batch(
            "INSERT INTO questions VALUES
                ('q-1', 'What is a mutex?', 'A **lock** for one.', 'It *waits*.', 'flowchart LR' || char(10) || 'alpha --> beta',
                 'rust', '[\"sync\"]'),
                ('q-2', 'What is a semaphore?', 'A counter.', 'It counts.', NULL, 'rust', NULL);",
        )
        .unwrap();
    path
}

/// Presses, and waits for what they are to bring.
fn steps(terminal: &Terminal, steps: &[(&str, &str)]) {
    for (keys, wanted) in steps {
        terminal.press(keys);
        terminal.until(&format!("{wanted:?} was shown after {keys:?}"), |screen| screen.contents().contains(wanted));
    }
}

/// Presses, and waits until something is gone.
fn close(terminal: &Terminal, keys: &str, gone: &str) {
    terminal.press(keys);
    terminal.until(&format!("{gone:?} was gone after {keys:?}"), |screen| !screen.contents().contains(gone));
}

/// Through every room of the browser and out again.
fn tour(terminal: &mut Terminal) {
    steps(terminal, &[("", "row 1 of 2"), ("j", "row 2 of 2"), ("k", "row 1 of 2")]);
    // The question, tab by tab.
    steps(terminal, &[(ENTER, "A lock for one."), ("]", "It waits."), ("]", "│ alpha │"), ("]", "mapped to")]);
    steps(terminal, &[("]", "id                    q-1"), ("[[[[", "A lock for one.")]);
    steps(terminal, &[("/lock", "lock"), (ENTER, "match 1 of 1")]);
    close(terminal, ESC, "match 1 of 1");
    // Tables, and the rows of another one.
    steps(
        terminal,
        &[("gt", "Tables"), ("j\r", "row 1 of 1,000"), ("G", "row 1,000 of 1,000"), ("gg", "row 1 of 1,000")],
    );
    steps(terminal, &[("250G", "row 250 of 1,000"), ("50%", "50 %"), ("go#7\r", "row 7 of 1,000")]);
    steps(terminal, &[("s", "id ▲"), ("s", "id ▼"), ("gg", "1000  verifier")]);
    close(terminal, "s", "▼");
    steps(terminal, &[("gg", "row 1 of 1,000"), ("lv", "bot_ledger · bot_name")]);
    close(terminal, "q", "bot_ledger · bot_name");
    steps(terminal, &[("y", "copied"), ("]", "primary key"), ("[", "row 1 of 1,000")]);
    // The bots, and from them to a question.
    steps(terminal, &[("gb", "Ledger  Runs  Queue"), (ENTER, "No state is recorded"), ("o", "A lock for one.")]);
    // What lies over the panes.
    steps(terminal, &[("?", "Help")]);
    close(terminal, ESC, "Help");
    steps(terminal, &[(":", "go to TABLE/KEY"), ("questions/q-2", "questions/q-2"), (ENTER, "A counter.")]);
    // Alone, and with the others again.
    close(terminal, "gr+", "Ledger  Runs");
    steps(terminal, &[("+gb", "Ledger  Runs")]);
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn the_whole_of_it_at_the_smallest_and_at_a_large_size() {
    for size in [(40, 10), (200, 60)] {
        let folder = TempDir::new().unwrap();
        let path = database(&folder);
        let before = std::fs::read(&path).unwrap();
        let arguments = [path.to_str().unwrap()];
        tour(&mut Terminal::start(&Start { arguments: &arguments, size, ..Start::default() }));
        // Nothing of it touched the file, and none is beside it.
        assert!(std::fs::read(&path).unwrap() == before);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn another_size_keeps_the_place() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let arguments = [path.to_str().unwrap(), "bot_ledger"];
    let terminal = Terminal::start(&Start { arguments: &arguments, ..Start::default() });
    steps(&terminal, &[("", "row 1 of 1,000"), ("250G", "row 250 of 1,000")]);
    for (columns, rows) in [(40, 10), (200, 60), (60, 12), (100, 30)] {
        terminal.resize(columns, rows);
        // The frame fills the new size, with the cursor's row in it.
        terminal.until(&format!("{columns}×{rows} was filled"), |screen| {
            let text = screen.contents();
            text.contains("row 250 of 1,000")
                && text.contains("250  verifier")
                && text.lines().count() == usize::from(rows)
                && text.lines().any(|line| line.chars().count() == usize::from(columns))
        });
    }
    // Too small for it, and back.
    terminal.resize(20, 5);
    terminal.until("the polite line", |screen| !screen.contents().contains("verifier"));
    terminal.resize(100, 30);
    terminal.until_text("row 250 of 1,000");
}

#[test]
fn the_mouse_moves_the_cursor_where_it_is_wanted() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let arguments = [path.to_str().unwrap(), "bot_ledger"];
    let terminal = Terminal::start(&Start { arguments: &arguments, ..Start::default() });
    steps(&terminal, &[("", "row 1 of 1,000"), ("5G", "row 5 of 1,000"), ("gg", "row 1 of 1,000")]);
    let text = terminal.text();
    let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains("  3  verifier")).unwrap();
    let column = line.chars().collect::<String>().find("verifier").map(|at| line[..at].chars().count()).unwrap();
    let click = format!("\x1b[<0;{0};{1}M\x1b[<0;{0};{1}m", column + 1, row + 1);
    steps(&terminal, &[(&click, "row 3 of 1,000")]);
    let arguments = [path.to_str().unwrap(), "bot_ledger", "--no-mouse"];
    let terminal = Terminal::start(&Start { arguments: &arguments, ..Start::default() });
    terminal.until("rows, and no mouse", |screen| {
        screen.contents().contains("row 1 of 1,000") && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
}

/// What a program writes to a terminal, taken apart.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    /// `ESC [ body final`
    Csi(&'a str, char),
    /// `ESC ] body`, its end left out.
    Osc(&'a str),
    /// Another character.
    Letter(char),
}

/// Takes apart what was written; panics where a sequence is none that this program writes.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut rest, mut pieces) = (text, Vec::new());
    while let Some(letter) = rest.chars().next() {
        if let Some(body) = rest.strip_prefix("\x1b[") {
            let end = body.find(|letter: char| ('\x40'..='\x7e').contains(&letter)).unwrap();
            pieces.push(Piece::Csi(&body[..end], body[end..].chars().next().unwrap()));
            rest = &body[end + 1..];
        } else if let Some(body) = rest.strip_prefix("\x1b]") {
            let end = body.find(['\x07', '\x1b']).unwrap();
            pieces.push(Piece::Osc(&body[..end]));
            rest = body[end..].strip_prefix("\x1b\\").or_else(|| body[end..].strip_prefix('\x07')).unwrap();
        } else {
            pieces.push(Piece::Letter(letter));
            rest = &rest[letter.len_utf8()..];
        }
    }
    pieces
}

#[test]
fn no_color_means_none_anywhere() {
    let folder = TempDir::new().unwrap();
    let path = database(&folder);
    let arguments = [path.to_str().unwrap()];
    let variables = [("NO_COLOR", "1"), ("COLORTERM", "truecolor")];
    let start = Start { arguments: &arguments, size: (160, 50), variables: &variables, ..Start::default() };
    let mut terminal = Terminal::start(&start);
    tour(&mut terminal);
    let bytes = terminal.bytes();
    let mut styles = 0;
    for piece in pieces(std::str::from_utf8(&bytes).unwrap()) {
        if let Piece::Csi(body, 'm') = piece {
            styles += 1;
            for number in body.split([';', ':']).filter(|number| !number.is_empty()) {
                let number: u32 = number.parse().unwrap();
                // Weight, slant, underline, reversal …, and the ways back to the terminal's own colours.
                assert!(number < 30 || [39, 49, 59].contains(&number), "ESC [ {body} m");
            }
        }
    }
    assert!(styles > 100, "{styles}");
}

/// Tries a title, a colour by ESC and by its one-byte form, a deletion, a reversed line, and the ends of a text in C.
const HOSTILE: &str = "x\x1b]0;owned\x07\u{9b}31m\x1b[2J\x08\x7f\u{202e}\u{2066}\r\0end";

/// A database whose names and values all are hostile, in a file whose name is, too.
fn hostile(folder: &Path) -> PathBuf {
    let path = folder.join("h\x1b[31m\u{202e}\x07.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(TABLES).unwrap();
    let name = HOSTILE.replace('\0', "");
    connection
        .execute_batch(&format!(
            "CREATE TABLE \"a{name}\"(\"c{name}\" TEXT DEFAULT 'd{name}', y); INSERT INTO \"a{name}\" VALUES('{name}', 1);
             CREATE VIEW \"v{name}\" AS SELECT * FROM \"a{name}\";"
        ))
        .unwrap();
    let code = format!(
        "# {HOSTILE}\n\n{HOSTILE} [{HOSTILE}](http://{HOSTILE})\n\n```{HOSTILE}\n{HOSTILE}\n```\n\n| {HOSTILE} |\n|---|\n| {HOSTILE} |\n"
    );
    let diagram = format!("flowchart LR\n  a[\"{HOSTILE}\"] --> b");
    let tags = serde_json::json!([HOSTILE, { HOSTILE: HOSTILE }]).to_string();
    connection
        .execute(
            "INSERT INTO questions VALUES('q-' || ?1, ?1, ?2, ?2, ?3, ?1, ?4), ('q-2', 'plain', ?1, ?4, ?1, 'rust', ?1)",
            (HOSTILE, code, diagram, tags),
        )
        .unwrap();
    connection
        .execute(
            "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at, before_state)
             VALUES(?1, ?1, ?1, 'q-' || ?1, ?1, ?1, ?1)",
            [HOSTILE],
        )
        .unwrap();
    path
}

#[test]
fn no_byte_of_the_database_acts_on_the_terminal() {
    let folder = TempDir::new().unwrap();
    let path = hostile(folder.path());
    let name = format!("a{}", HOSTILE.replace('\0', ""));
    let nowhere = format!("questions/{name}");
    for place in ["questions", &nowhere, "bot_ledger", &name] {
        let arguments = [path.to_str().unwrap(), place];
        let mut terminal = Terminal::start(&Start { arguments: &arguments, size: (160, 50), ..Start::default() });
        terminal.until_text("● live");
        // What shows a whole cell is closed by the key that opened it, so that nothing quits where there is no cell.
        for keys in ["jkvv", "llvmzwv", "y", "Y\r", "ss", "]", "[", "G", "\r", "]", "]", "]", "]", "/end\r", "n"] {
            terminal.press(keys);
            terminal.settle();
        }
        for keys in ["gb", "\r", "]", "]", "gb", "]", "gt", "I", "jjj\r", "vv", "]", "gl", "t", "P"] {
            terminal.press(keys);
            terminal.settle();
        }
        steps(&terminal, &[(":owned", "› owned")]);
        close(&terminal, ESC, "› owned");
        steps(&terminal, &[("ge", "Messages")]);
        close(&terminal, "q", "Messages");
        steps(&terminal, &[("?", "Help")]);
        close(&terminal, "q", "Help");
        terminal.press("\x03");
        assert_eq!(terminal.end(), 0);
        let bytes = terminal.bytes();
        for piece in pieces(std::str::from_utf8(&bytes).unwrap()) {
            let ours = match piece {
                Piece::Csi(body, end) => match end {
                    // The cursor's place, styles, clearing: what a frame is made of.
                    'H' | 'm' | 'J' | 'K' => {
                        body.bytes().all(|byte| byte.is_ascii_digit() || byte == b';' || byte == b':')
                    }
                    // Modes on and off, questions, the keyboard's, the cursor's shape.
                    'h' | 'l' => body.starts_with('?'),
                    'c' | 'n' | 'u' | 'q' => true,
                    _ => false,
                },
                // Copying, and the questions for the colours.
                Piece::Osc(body) => body.starts_with("52;c;") || ["10;?", "11;?"].contains(&body),
                Piece::Letter(letter) => {
                    !letter.is_control()
                        && !matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                }
            };
            assert!(ours, "{piece:?} of {place:?}");
        }
    }
}
