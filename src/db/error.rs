//! What goes wrong with a database, in the words a user needs: what happened, what it means, what to do.

use std::{fs, io, path::Path};

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No such file.
    NotFound,
    /// A folder, not a file.
    IsFolder,
    /// The operating system forbids it.
    PermissionDenied,
    /// Not a database, or an encrypted one.
    NotADatabase,
    /// Damaged or cut off.
    Damaged,
    /// Locked by another program.
    Locked,
    /// A journal or write-ahead log has to be recovered, which reading cannot do.
    NeedsRecovery,
    /// No such table or view (any more).
    NoSuchRelation,
    /// No such row (any more).
    NoSuchRow,
    /// The work was cancelled, by the user or by a newer request.
    Cancelled,
    /// The location cannot be opened by this program (a URL of a server).
    Unsupported,
    /// SQLite refused the statement or failed while running it.
    Sql,
    /// Input or output failed.
    Io,
    /// The server cannot be reached: refused, no such name, no network, a certificate that is wrong.
    Unreachable,
    /// The server did not answer in time.
    TimedOut,
    /// There is no token, or it cannot be had.
    Credentials,
    /// The server refuses the token: invalid or expired (401).
    Unauthorized,
    /// The token does not permit this (403).
    Forbidden,
    /// A token would travel unencrypted.
    Insecure,
    /// The server has no such database (404).
    NoSuchDatabase,
    /// Too many requests (429).
    Throttled,
    /// The server failed, or what answered is no libSQL server (5xx, a captive portal).
    Server,
    /// The answer is larger than the server sends at once.
    TooLarge,
    /// The database is open for reading only, or cannot be written at all.
    ReadOnly,
    /// The disk is full.
    DiskFull,
    /// There is no `questionHistory`, so no trail can be written; asked again with [`TrailPolicy::Waived`], it is written without.
    ///
    /// [`TrailPolicy::Waived`]: crate::domain::change::TrailPolicy::Waived
    NoTrail,
}

/// An error with its remedy. Cheap to clone: it travels in replies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    /// Its kind.
    pub kind: ErrorKind,
    /// What happened, one line, without the remedy.
    pub what: String,
    /// What to do, one line; empty where there is nothing to add.
    pub remedy: String,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, what: what.into(), remedy: remedy.into() }
    }
}

/// The result of everything in `db`.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the driver in words.
pub(crate) fn translate(error: &rusqlite::Error, path: &Path) -> Error {
    let shown = path.display();
    let said = message(error);
    let Some(code) = error.sqlite_error().map(|code| code.extended_code) else {
        return Error::new(ErrorKind::Sql, format!("{shown}: {said}"), "");
    };
    // Result codes: https://www.sqlite.org/rescode.html; the low byte is the primary one.
    match (code & 0xff, code) {
        (9, _) => Error::new(ErrorKind::Cancelled, "cancelled", ""),
        (5 | 6, _) => Error::new(
            ErrorKind::Locked,
            format!("{shown} is locked by another program"),
            "wait until it has finished its writing, or end it, then try again",
        ),
        (26, _) => Error::new(
            ErrorKind::NotADatabase,
            format!("{shown} is not a SQLite database"),
            "check the path; an encrypted database has to be decrypted first, and SQL text imported (`sqlite3 new.db < file.sql`)",
        ),
        // A cut-off file gives CORRUPT, or a short read (522).
        (11, _) | (_, 522) => Error::new(
            ErrorKind::Damaged,
            format!("{shown} is damaged or cut off: {said}"),
            "restore a backup, or save what can be read with `sqlite3 FILE .recover`",
        ),
        (8, 776) => Error::new(
            ErrorKind::NeedsRecovery,
            format!("{shown} was left in the middle of a transaction (its -journal is still to be rolled back)"),
            "open it once with the program that writes it, or here with --write: that rolls it back",
        ),
        (8, _) => Error::new(
            ErrorKind::NeedsRecovery,
            format!("{shown} has a write-ahead log that cannot be read here: {said}"),
            "copy the file with its -wal into a folder you may write to, and open the copy",
        ),
        (3 | 23, _) => permission(path),
        (14, _) => cannot_open(path, &said),
        (10, _) => Error::new(
            ErrorKind::Io,
            format!("{shown} could not be read: {said}"),
            "check the disc or the network drive it lies on",
        ),
        (1, _) if said.contains("no such table") || said.contains("no such view") => {
            Error::new(ErrorKind::NoSuchRelation, said, "it was dropped or renamed: read the schema anew")
        }
        (1, _) if said.contains("no such column") => Error::new(
            ErrorKind::NoSuchRelation,
            said,
            "the table was altered, or a view is over a column that is gone: read the schema anew",
        ),
        (1, _) if said.contains("no such collation") => {
            Error::new(ErrorKind::Sql, said, "this order needs a collation of another program: sort by another column")
        }
        (1, _) if said.contains("no such module") => {
            Error::new(ErrorKind::Sql, said, "this virtual table needs an extension that is not built in")
        }
        (1, _) if said.contains("unsupported file format") => Error::new(
            ErrorKind::NotADatabase,
            format!("{shown} has a file format newer than this program's SQLite"),
            "open it with a newer version, or export it as SQL text there",
        ),
        (17, _) => Error::new(ErrorKind::NoSuchRelation, "the schema changed while it was read", "try again"),
        (18, _) => Error::new(ErrorKind::Sql, format!("too big for SQLite: {said}"), "read single cells of it"),
        (7, _) => Error::new(ErrorKind::Sql, "out of memory", "close other programs, or read single cells"),
        _ => Error::new(ErrorKind::Sql, said, ""),
    }
}

/// What SQLite said, on one line.
pub(crate) fn message(error: &rusqlite::Error) -> String {
    let text = match error {
        rusqlite::Error::SqliteFailure(code, None) => rusqlite::ffi::code_to_str(code.extended_code).to_owned(),
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An error of the operating system in words.
pub(crate) fn of_io(error: &io::Error, path: &Path) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => not_found(path),
        io::ErrorKind::PermissionDenied => permission(path),
        _ => {
            Error::new(ErrorKind::Io, format!("{}: {error}", path.display()), "check the path and the disc it lies on")
        }
    }
}

fn permission(path: &Path) -> Error {
    Error::new(
        ErrorKind::PermissionDenied,
        format!("no permission to read {}", path.display()),
        "ask its owner for the right to read it (`chmod u+r`), and to enter its folder",
    )
}

/// SQLite cannot open a file for many reasons and names none: look.
fn cannot_open(path: &Path, said: &str) -> Error {
    match fs::metadata(path) {
        Err(why) => of_io(&why, path),
        // Not by opening it: closing the descriptor would drop the locks of this process on the file.
        Ok(_) => match rustix::fs::access(path, rustix::fs::Access::READ_OK) {
            Err(why) => of_io(&why.into(), path),
            Ok(()) => Error::new(
                ErrorKind::NeedsRecovery,
                format!("{} cannot be opened: {said}", path.display()),
                "its write-ahead log cannot be used from here: copy the file with its -wal into a folder you may write to",
            ),
        },
    }
}

/// No such file, with what is like it.
pub(crate) fn not_found(path: &Path) -> Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let remedy = if is_like_a_server(path) {
        "check the path; a server is written with libsql:// or https:// before it, one of this computer with http://"
            .to_owned()
    } else if !folder.is_dir() {
        format!("there is no folder {} either: check the path", folder.display())
    } else {
        let wanted = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        match like(folder, &wanted).or_else(|| databases_in(folder)) {
            Some(names) => format!("did you mean {names}?"),
            None => "check the path".to_owned(),
        }
    };
    Error::new(ErrorKind::NotFound, format!("there is no file {}", path.display()), remedy)
}

/// Whether it is a server's name, or a host with a port, that lacks its scheme.
fn is_like_a_server(path: &Path) -> bool {
    let Some(text) = path.to_str() else { return false };
    let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'));
    text.ends_with(".turso.io") || port.is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

/// How many directory entries are looked at for a suggestion, and how many are named.
const LOOKED_AT: usize = 2000;
const NAMED: usize = 3;

fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .take(LOOKED_AT)
        .flatten()
        .filter(|entry| !entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Files whose names are nearly this one.
fn like(folder: &Path, wanted: &str) -> Option<String> {
    let stem = wanted.split('.').next().unwrap_or(wanted);
    let names: Vec<String> = names_in(folder)
        .into_iter()
        .filter(|name| {
            let name = name.to_lowercase();
            let near = name.len().abs_diff(wanted.len()) <= 2 && edits(&name, wanted) <= 2;
            near || (stem.len() > 2 && name.starts_with(stem) && !is_companion(&name))
        })
        .take(NAMED)
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Files in this folder that are named like databases.
pub(crate) fn databases_in(folder: &Path) -> Option<String> {
    let names: Vec<String> = names_in(folder)
        .into_iter()
        .filter(|name| {
            let name = name.to_lowercase();
            [".db", ".sqlite", ".sqlite3", ".db3"].iter().any(|ending| name.ends_with(ending))
        })
        .take(NAMED)
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn is_companion(name: &str) -> bool {
    ["-wal", "-shm", "-journal"].iter().any(|ending| name.ends_with(ending))
}

/// Levenshtein's distance: names are short.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (column, wanted) in other.iter().enumerate() {
            let replaced = corner + usize::from(letter != *wanted);
            corner = row[column + 1];
            row[column + 1] = replaced.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn said(code: i32, words: &str) -> Error {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(words.to_owned()));
        translate(&error, Path::new("some.db"))
    }

    #[test]
    fn a_server_without_its_scheme_is_recognised() {
        for server in ["127.0.0.1:8080", "localhost:8080", "reels-me.turso.io"] {
            assert!(not_found(Path::new(server)).remedy.contains("libsql://"), "{server}");
        }
        for file in ["missing.db", "a/b:8080", "notes:today.db", "x:", ":80"] {
            assert!(!not_found(Path::new(file)).remedy.contains("libsql://"), "{file}");
        }
    }

    #[test]
    fn every_failure_of_a_file_has_its_kind_its_name_and_a_remedy() {
        for (code, kind) in [
            (5, ErrorKind::Locked),
            (261, ErrorKind::Locked),
            (26, ErrorKind::NotADatabase),
            (11, ErrorKind::Damaged),
            (522, ErrorKind::Damaged),
            (776, ErrorKind::NeedsRecovery),
            (1544, ErrorKind::NeedsRecovery),
            (3, ErrorKind::PermissionDenied),
            (266, ErrorKind::Io),
        ] {
            let error = said(code, "words of SQLite");
            assert_eq!(error.kind, kind, "{code}");
            assert!(error.what.contains("some.db") && !error.remedy.is_empty(), "{error:?}");
        }
        assert_eq!(said(9, "interrupted").kind, ErrorKind::Cancelled);
        assert_eq!(said(1, "no such table: main.x").kind, ErrorKind::NoSuchRelation);
        assert_eq!(said(1, "near \"x\":\n syntax error").what, "near \"x\": syntax error");
        let denied = of_io(&io::Error::from(io::ErrorKind::PermissionDenied), Path::new("some.db"));
        assert_eq!(denied.kind, ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_missing_file_has_neighbours() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["reels.db", "reels.db-wal", "notes.txt", "old.sqlite"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let remedy = |name: &str| not_found(&folder.path().join(name)).remedy;
        assert_eq!(remedy("reel.db"), "did you mean reels.db?");
        assert_eq!(remedy("REELS.DB"), "did you mean reels.db?");
        assert_eq!(remedy("reels"), "did you mean reels.db?");
        assert_eq!(remedy("other"), "did you mean old.sqlite, reels.db?");
        assert!(remedy("no/other").contains("there is no folder"));
    }
}
