//! The house keeps its order: a room uses only rooms above it, and what belongs into one room stays there.
//!
//! Reads the imports of every source file as text, comments left out.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The rooms from the top: each may use those before it.
const ROOMS: [&str; 11] =
    ["domain", "db", "message", "theme", "keymap", "widgets", "panes", "app", "config", "cli", "runtime"];

/// What a room may not use although it stands above.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    ("cli", &["app", "panes", "runtime"]),
    ("config", &["db", "panes", "app", "widgets"]),
    ("theme", &["db"]),
    ("keymap", &["db"]),
    ("widgets", &["db"]),
];

/// Crates that belong into some rooms only.
const CRATES: [(&str, &[&str]); 21] = [
    ("rusqlite", &["db"]),
    ("libsql", &["db"]),
    ("hyper", &["db"]),
    ("http", &["db"]),
    ("tower_service", &["db"]),
    ("rustls", &["db"]),
    ("tokio_rustls", &["db"]),
    ("url", &["db"]),
    ("secrecy", &["db"]),
    ("dotenvy", &["config"]),
    ("tokio", &["db", "runtime", "cli", "main"]),
    ("arboard", &["runtime"]),
    ("terminal_colorsaurus", &["runtime"]),
    ("signal_hook", &["runtime", "main"]),
    ("rustix", &["runtime", "db", "cli"]),
    ("clap", &["cli", "main"]),
    ("csv", &["cli"]),
    ("syntect", &["widgets"]),
    ("two_face", &["widgets"]),
    ("pulldown_cmark", &["widgets"]),
    ("nucleo_matcher", &["panes"]),
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// A source file: its path below `src`, its room (the first part of that path) and its text without comments.
struct Source {
    path: PathBuf,
    room: String,
    code: String,
}

fn files() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    assert!(paths.len() > 50, "the sources were not found");
    paths
        .into_iter()
        .map(|whole| {
            let path = whole.strip_prefix(&root).unwrap().to_path_buf();
            let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            let text = fs::read_to_string(&whole).unwrap();
            let code =
                text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
            Source { path, room: first.trim_end_matches(".rs").to_owned(), code }
        })
        .collect()
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// The rooms that code names: `crate::db`, and each branch of `crate::{db, domain::x}`.
fn used(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            rooms.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut start = 0;
        for (index, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    rooms.insert(word(group[start..index].trim_start()));
                    start = index + 1;
                    if letter == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    rooms.retain(|room| ROOMS.contains(&room.as_str()));
    rooms
}

/// Fails with all that is wrong, a line each.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_room_uses_only_rooms_above_it() {
    let order: BTreeMap<&str, usize> = ROOMS.iter().enumerate().map(|(place, room)| (*room, place)).collect();
    let mut wrong = Vec::new();
    for source in files() {
        let Some(place) = order.get(source.room.as_str()) else { continue };
        let forbidden = FORBIDDEN.iter().find(|(name, _)| *name == source.room).map_or(&[][..], |(_, rooms)| rooms);
        for other in used(&source.code) {
            if order[other.as_str()] > *place || forbidden.contains(&other.as_str()) {
                wrong.push(format!("{}: {} uses {other}", source.path.display(), source.room));
            }
        }
    }
    none(&wrong);
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in files() {
        for (name, rooms) in CRATES {
            let path = format!("{name}::");
            let named = source.code.match_indices(&path).any(|(at, _)| {
                let before = source.code[..at].chars().next_back();
                !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
            });
            if named && !rooms.contains(&source.room.as_str()) {
                wrong.push(format!("{}: {} uses {name}", source.path.display(), source.room));
            }
        }
    }
    none(&wrong);
}

/// Words that only some rooms may say.
fn only_in(words: &[&str], rooms: &[&str]) {
    let mut wrong = Vec::new();
    for source in files() {
        for word in words {
            if source.code.contains(word) && !rooms.contains(&source.room.as_str()) {
                wrong.push(format!("{}: {word}", source.path.display()));
            }
        }
    }
    none(&wrong);
}

#[test]
fn only_the_runtime_and_the_command_line_touch_the_terminal() {
    only_in(
        &["io::stdout()", "io::stderr()", "enable_raw_mode", "EnterAlternateScreen", "println!", "eprintln!"],
        &["runtime", "cli", "main"],
    );
}

#[test]
fn clocks_are_read_only_where_time_comes_in() {
    only_in(
        &["Instant::now()", "SystemTime::now()", "Timestamp::now()", "Zoned::now()"],
        &["runtime", "cli", "db", "main"],
    );
}

#[test]
fn what_is_pure_touches_neither_files_nor_environment_nor_threads() {
    let mut wrong = Vec::new();
    for source in files() {
        if ["domain", "message", "theme", "keymap", "widgets", "panes", "app"].contains(&source.room.as_str()) {
            for word in ["std::fs", "std::env", "std::thread", "std::net", "std::process", "File::open"] {
                if source.code.contains(word) {
                    wrong.push(format!("{}: {word}", source.path.display()));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_module_says_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let silent = paths.iter().filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!"));
    none(&silent.map(|path| path.display().to_string()).collect::<Vec<_>>());
}

#[test]
fn the_reader_sees_what_is_used() {
    let code = "use crate::{\n    db::error::Error,\n    domain::{page::Page, value::Value},\n    theme,\n};\n\
                use crate::keymap;\nfn f() { crate::app::x() }";
    let rooms: Vec<String> = used(code).into_iter().collect();
    assert_eq!(rooms, ["app", "db", "domain", "keymap", "theme"]);
}
