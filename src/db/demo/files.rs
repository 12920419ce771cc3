//! The files of the demo: where its database is, whether it is sound and fresh, and how it is made or made anew.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{
    build,
    stamp::{self, HOUR},
};
use crate::db::error::{Error, ErrorKind, Result};

/// What to do with a demo that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DemoReset {
    /// Keep it where it is sound and its times are still near to now.
    Keep,
    /// Make it anew.
    Anew,
}

/// How old the newest ledger row may be (and how far in the future) before the demo's "relative to now" no longer holds.
const STALE: i64 = 12 * HOUR;
/// How long to wait for another process that is making the demo; making takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the demo's database `demo.db` in this folder, and the folder, where they are missing, and returns its path.
///
/// A demo that is broken, half made, of another format or older than half a day is made anew. A sound one is filled anew *in
/// place*, in one transaction: another reelscope may have it open, and goes on reading.
///
/// # Errors
/// Where the folder cannot be made or written, with what to do about it.
pub fn ensure(folder: &Path, reset: DemoReset, now: Timestamp) -> Result<PathBuf> {
    fs::create_dir_all(folder).map_err(|error| io_error(folder, &error))?;
    let path = folder.join("demo.db");
    // Held until the end: of two processes that start at once, one makes the demo and the other finds it made.
    let _lock = lock(&folder.join("demo.lock"))?;
    match (inspect(&path, now), reset) {
        (Found::Fresh, DemoReset::Keep) => {}
        (Found::Fresh | Found::Stale, _) => {
            if refill(&path, now).is_err() {
                replace(&path, now)?;
            }
        }
        (Found::Nothing | Found::Broken, _) => replace(&path, now)?,
    }
    Ok(path)
}

enum Found {
    Nothing,
    Broken,
    Stale,
    Fresh,
}

fn inspect(path: &Path, now: Timestamp) -> Found {
    if !path.exists() {
        return Found::Nothing;
    }
    let look = || -> rusqlite::Result<Found> {
        let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if sound != "ok" {
            return Ok(Found::Broken);
        }
        let version: i64 =
            connection.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))?;
        if version != build::format() {
            return Ok(Found::Stale);
        }
        let newest: Option<String> =
            connection.query_row("SELECT max(datetime(created_at)) FROM bot_ledger", [], |row| row.get(0))?;
        let earliest = stamp::plain(stamp::before(now, STALE));
        let latest = stamp::plain(stamp::before(now, -STALE));
        let fresh = newest.is_some_and(|newest| (earliest..=latest).contains(&newest));
        Ok(if fresh { Found::Fresh } else { Found::Stale })
    };
    match look() {
        Ok(found) => found,
        // In use by another reelscope, so it was sound a moment ago.
        Err(error) if is_busy(&error) => Found::Fresh,
        Err(_) => Found::Broken,
    }
}

/// Fills a sound database anew in one transaction: its readers see the old demo or the new one, nothing between.
fn refill(path: &Path, now: Timestamp) -> Result<()> {
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| sql_error(path, &error))?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| sql_error(path, &error))?;
    build::clear(&transaction).map_err(|error| sql_error(path, &error))?;
    build::fill(&transaction, now)?;
    transaction.commit().map_err(|error| sql_error(path, &error))
}

/// Makes the database under another name and moves it to its place: nobody ever sees half of it.
fn replace(path: &Path, now: Timestamp) -> Result<()> {
    let making = path.with_extension("making");
    remove_database(&making)?;
    {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = open(&making, flags).map_err(|error| sql_error(&making, &error))?;
        // Nobody else knows the file, and a crash leaves only the temporary name: no journal, no waiting for the disk.
        connection
            .execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;")
            .map_err(|error| sql_error(&making, &error))?;
        let transaction = connection.transaction().map_err(|error| sql_error(&making, &error))?;
        build::fill(&transaction, now)?;
        transaction.commit().map_err(|error| sql_error(&making, &error))?;
        // Readers read at all times while the simulation writes; the mode is kept in the file.
        connection.execute_batch("PRAGMA journal_mode = WAL;").map_err(|error| sql_error(&making, &error))?;
    }
    // A write-ahead log left beside the old file would be played into the new one.
    remove_database(path)?;
    fs::rename(&making, path).map_err(|error| io_error(path, &error))
}

fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    // The demo has a mapping without its question on purpose, and libSQL is built with the keys enforced.
    connection.execute_batch("PRAGMA foreign_keys = OFF;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn remove_database(path: &Path) -> Result<()> {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error(Path::new(&name), &error)),
            _ => {}
        }
    }
    Ok(())
}

/// A lock file held by this process; the operating system lets go of it even where the process is killed.
fn lock(path: &Path) -> Result<File> {
    let file = open_lock(path).map_err(|error| io_error(path, &error))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(
                    ErrorKind::Locked,
                    format!("another reelscope is making the demo in {}", path.display()),
                    "wait for it, or end it, and start again",
                ));
            }
            // A file system without locks: better no protection than no demo.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Opens a lock file, which stays empty for ever.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn io_error(path: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::PermissionDenied,
        _ => ErrorKind::Io,
    };
    Error::new(
        kind,
        format!("the demo cannot be written to {}: {error}", path.display()),
        "set XDG_CACHE_HOME to a folder that can be written, or name a database: reelscope PATH",
    )
}

/// Whether another connection holds the lock.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// In the words of this module, whatever SQLite calls it.
pub(super) fn sql_error(path: &Path, error: &rusqlite::Error) -> Error {
    Error::new(
        ErrorKind::Sql,
        format!("the demo {} cannot be made: {error}", path.display()),
        "remove the file and start again, or start with --demo-reset",
    )
}
