//! Opening a file so that reading leaves no trace: which way to open it, limits, and noticing that it was changed underneath.
//!
//! Read-only is layers: the READ_ONLY flag (the file is opened O_RDONLY), `query_only` (no temporary tables either), and no room for an
//! attached database, which keeps out ATTACH and `VACUUM INTO` alike. An authorizer would be a fourth, but the driver's panics
//! on names that are not UTF-8, and every statement that runs here is ours.
//!
//! Owns the choice between the three ways in [`mode`]. Must not read rows: see [`reader`].

pub(crate) mod claims;
pub(crate) mod mode;
pub(crate) mod reader;

use std::{
    panic::RefUnwindSafe,
    path::Path,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};
use tokio::sync::Notify;

use crate::db::{
    connection::mode::{Fingerprint, Mode},
    error::{Error, ErrorKind, Result, translate},
};

/// How long SQLite itself waits for a lock: short, for it cannot be cancelled there. The session waits around it.
const BUSY: Duration = Duration::from_millis(50);

/// How many instructions of SQLite's machine pass between two looks at the canceller: some tens of microseconds.
const PROGRESS: i32 = 2000;

/// Statements that stay prepared: pages of a table in use take about a dozen.
const STATEMENTS: usize = 64;

/// Ends the running read of one session, from any thread. Never hits a later one: the session looks at it between the steps of a
/// statement, and [`arm`](crate::db::session::ReadSession::arm) forgets it before the next request.
#[derive(Clone, Debug, Default)]
pub struct Canceller {
    flag: Arc<AtomicBool>,
    /// When the running read ends by itself.
    deadline: Arc<Mutex<Option<Instant>>>,
    /// Wakes who waits for a server.
    wake: Arc<Notify>,
}

impl Canceller {
    /// Ends what runs now; it returns [`ErrorKind::Cancelled`] within about a millisecond.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Release);
        self.wake.notify_waiters();
    }

    /// Whether it was called since the session was armed.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }

    /// Ends when [`Self::cancel`] is called, or when the time of [`Self::end_at`] has come.
    pub(crate) async fn cancelled(&self) {
        let mut waked = pin!(self.wake.notified());
        // Before the look at the flag: a call between the two must not be missed.
        waked.as_mut().enable();
        if self.is_cancelled() {
            return;
        }
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        match deadline {
            Some(deadline) => drop(tokio::time::timeout_at(deadline.into(), waked).await),
            None => waked.await,
        }
    }

    pub(crate) fn reset(&self) {
        self.flag.store(false, Ordering::Relaxed);
    }

    /// Ends what runs from now on at this time, as [`Self::cancel`] does, or no more.
    pub(crate) fn end_at(&self, deadline: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// What a progress handler asks: whether to end.
    pub(crate) fn watcher(&self) -> impl FnMut() -> bool + Send + RefUnwindSafe + 'static {
        let Self { flag, deadline, .. } = self.clone();
        move || {
            // Nobody else holds the lock while a statement runs.
            let deadline = *deadline.lock().unwrap_or_else(PoisonError::into_inner);
            flag.load(Ordering::Relaxed) || deadline.is_some_and(|deadline| Instant::now() >= deadline)
        }
    }
}

/// A connection with what it took for granted about the files.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    mode: Mode,
    print: Fingerprint,
}

impl Opened {
    /// Opens the file in the way its neighbours ask for.
    ///
    /// # Errors
    ///
    /// Every way a file can be wrong, in words.
    pub(crate) fn open(path: &Path, canceller: &Canceller) -> Result<Self> {
        mode::check_is_file(path)?;
        // Between looking at the files and opening them they can change: look again afterwards.
        for _ in 0..8 {
            let print = Fingerprint::take(path)?;
            let mode = mode::choose(path, &print)?;
            let connection = match Self::connect(path, mode, canceller) {
                Err(error) if mode == Mode::Shared && error.kind == ErrorKind::NeedsRecovery && print.has_log() => {
                    // A log that cannot be shared, as its folder is read-only: read it privately.
                    let connection = Self::connect(path, Mode::Private, canceller)?;
                    return Ok(Self { connection, mode: Mode::Private, print });
                }
                other => other?,
            };
            let opened = Self { connection, mode, print };
            if opened.is_current(path) {
                return Ok(opened);
            }
        }
        Err(Error::new(
            ErrorKind::Locked,
            format!("{} changes faster than it can be opened", path.display()),
            "wait until the other program has finished, then try again",
        ))
    }

    fn connect(path: &Path, mode: Mode, canceller: &Canceller) -> Result<Connection> {
        let words = |error: rusqlite::Error| translate(&error, path);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = match mode.vfs() {
            Some(vfs) => Connection::open_with_flags_and_vfs(mode.uri(path), flags, vfs),
            None => Connection::open_with_flags(mode.uri(path), flags),
        }
        .map_err(words)?;
        configure(&connection, mode).map_err(words)?;
        connection.progress_handler(PROGRESS, Some(canceller.watcher()));
        // The first read: it tells whether this is a database at all, and enters the write-ahead log.
        connection.query_row("PRAGMA schema_version", [], |_| Ok(())).map_err(words)?;
        Ok(connection)
    }

    /// Whether the connection still sees what is in the file: a look at the file's directory entries, some microseconds.
    pub(crate) fn is_current(&self, path: &Path) -> bool {
        Fingerprint::take(path).is_ok_and(|now| self.mode.still_right(&self.print, &now))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.mode != Mode::Private {
            return;
        }
        // Closing it drops every lock of this process on the file. Where the file is written by now it stays open until the program
        // ends: once for each reader at most, for its next way is `Mode::Shared`.
        let Ok(nothing) = Connection::open_in_memory() else { return };
        let own = std::mem::replace(&mut self.connection, nothing);
        if let Err(kept) = claims::unless_claimed(self.print.main(), move || drop(own)) {
            std::mem::forget(kept);
        }
    }
}

fn configure(connection: &Connection, mode: Mode) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // Closing must not write the log back into the database: nothing here may change a file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // One plan for a statement, whatever is bound: pages must not change their plan half-way through a table.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0);
    connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0);
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if mode == Mode::Private {
        // Before anything that reads. Exclusive locking keeps the index of the log in memory instead of in a file
        // (https://www.sqlite.org/wal.html, section 8).
        connection.execute_batch("PRAGMA locking_mode=EXCLUSIVE")?;
    }
    // Functions with side effects are not for views of a file that nobody vouches for.
    connection.execute_batch(
        "PRAGMA trusted_schema=0; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-256; PRAGMA query_only=1",
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn nothing_can_be_written_through_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1)").unwrap();
        let opened = Opened::open(&path, &Canceller::default()).unwrap();
        let beside = folder.path().join("b.db");
        for sql in [
            "INSERT INTO t VALUES (2)".to_owned(),
            "DELETE FROM t".to_owned(),
            "CREATE TABLE u(a)".to_owned(),
            "CREATE TEMP TABLE u(a)".to_owned(),
            "PRAGMA user_version = 3".to_owned(),
            format!("ATTACH '{}' AS b", beside.display()),
            format!("VACUUM INTO '{}'", beside.display()),
            "PRAGMA query_only = 0; DELETE FROM t".to_owned(),
        ] {
            assert!(opened.connection.execute_batch(&sql).is_err(), "{sql}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
