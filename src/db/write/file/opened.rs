//! The connection that writes: how it is opened and configured, and how its transactions begin and end.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};

use crate::{
    db::{
        connection::{
            Canceller,
            claims::Claim,
            mode::{self, Fingerprint, Stamp},
            reader::{self, Bound, Reader},
        },
        error::{Error, ErrorKind, Result, message, translate},
        record, schema,
        write::{plan::differs, statement::Statement},
    },
    domain::{
        change::{Change, Written},
        schema::Schema,
        value::Value,
    },
};

/// How long SQLite itself waits for a lock: short, for it cannot be cancelled there. The wait is around it.
pub(super) const BUSY: Duration = Duration::from_millis(20);

/// How many instructions of SQLite's machine pass between two looks at the canceller.
const PROGRESS: i32 = 2000;

/// Statements that stay prepared: a batch of decisions takes about five.
const STATEMENTS: usize = 64;

/// An open connection. Its claim is given back after it is closed: fields are dropped in their order.
pub(super) struct Opened {
    connection: Connection,
    _claim: Claim,
    path: PathBuf,
    file: Stamp,
    schema: Option<(i64, Arc<Schema>)>,
}

/// How a COMMIT ended.
pub(super) enum Ended {
    /// It is written.
    Committed,
    /// A reader is in the way: the transaction goes on, and nothing is written yet.
    Locked(Error),
    /// A foreign key does not hold: the transaction goes on.
    BrokenReferences,
    /// Nothing was written.
    Refused(Error),
    /// Input or output failed.
    Unknown(Error),
}

/// How a row stands after a commit of which nobody knows; both, where the change changed nothing, and neither, where somebody else
/// wrote the row since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) as_written: bool,
    pub(super) as_before: bool,
}

impl Opened {
    /// Opens an existing file for writing.
    ///
    /// # Errors
    ///
    /// Every way a file can be wrong; [`ErrorKind::Locked`] where another program keeps it to itself.
    pub(super) fn open(path: &Path) -> Result<Self> {
        mode::check_is_file(path)?;
        let file = Fingerprint::take(path)?.main();
        let claim = Claim::of(file);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let words = |error: rusqlite::Error| whole(&error, path);
        let connection = Connection::open_with_flags(mode::writing_uri(path), flags).map_err(words)?;
        configure(&connection).map_err(words)?;
        // The first read: it tells whether this is a database at all, rolls back what was left half done, and enters the log.
        connection.query_row("PRAGMA schema_version", [], |_| Ok(())).map_err(words)?;
        if connection.is_readonly(rusqlite::DatabaseName::Main).map_err(words)? {
            return Err(read_only(path, "it could only be opened for reading"));
        }
        let opened = Self { connection, _claim: claim, path: path.to_path_buf(), file, schema: None };
        if opened.is_current(path) {
            return Ok(opened);
        }
        Err(Error::new(
            ErrorKind::Locked,
            format!("{} is being replaced by another program", path.display()),
            "wait until it has finished, then try again",
        ))
    }

    /// Whether the path still leads to the file that is open: what was replaced must not be written.
    pub(super) fn is_current(&self, path: &Path) -> bool {
        Fingerprint::take(path).is_ok_and(|now| now.main().same_file(self.file))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader::new(&self.connection, &self.path)
    }

    /// Takes the write lock. What follows ends when the canceller says so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`] where another program has it.
    pub(super) fn begin(&self, canceller: &Canceller) -> Result<()> {
        if canceller.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "cancelled: nothing was written", ""));
        }
        self.run("BEGIN IMMEDIATE").map_err(|error| whole(&error, &self.path))?;
        self.connection.progress_handler(PROGRESS, Some(canceller.watcher()));
        Ok(())
    }

    /// Ends the transaction. A cancel does not reach it: it is there or it is not.
    pub(super) fn commit(&self) -> Ended {
        self.unwatched();
        let Err(error) = self.run("COMMIT") else { return Ended::Committed };
        let words = whole(&error, &self.path);
        match error.sqlite_error().map_or(0, |code| code.extended_code) {
            code if matches!(code & 0xff, 5 | 6) => Ended::Locked(words),
            787 => Ended::BrokenReferences,
            // What could not be written, synced or cut off may be there after all when the file is read again.
            code if matches!(code & 0xff, 10 | 11) => Ended::Unknown(words),
            _ => Ended::Refused(words),
        }
    }

    /// Undoes the transaction; `None` where even that failed: closing the connection does it then.
    pub(super) fn roll_back(self) -> Option<Self> {
        self.unwatched();
        // Some errors end the transaction by themselves (https://www.sqlite.org/lang_transaction.html, section 3).
        (self.connection.is_autocommit() || self.run("ROLLBACK").is_ok()).then_some(self)
    }

    /// Whether a transaction is still open: some errors end it.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// The rowid of the row that was inserted last.
    pub(super) fn last_rowid(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    /// The schema, read anew only when its version changed.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(super) fn schema(&mut self) -> Result<Arc<Schema>> {
        let reader = Reader::new(&self.connection, &self.path);
        let version = reader.first("PRAGMA schema_version", &[], |row| reader.integer(row, 0))?.unwrap_or(0);
        if let Some((known, schema)) = &self.schema
            && *known == version
        {
            return Ok(Arc::clone(schema));
        }
        let schema = Arc::new(schema::read(&reader)?);
        self.schema = Some((version, Arc::clone(&schema)));
        Ok(schema)
    }

    /// Runs a statement that gives no rows: whether it changed any.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub(super) fn execute(&self, statement: &Statement<'_>) -> rusqlite::Result<bool> {
        self.bound(&statement.parameters(), statement.values(), |statement| Ok(statement.raw_execute()? > 0))
    }

    /// Runs a statement that gives rows, to its end: the first of them.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub(super) fn first_row(&self, statement: &Statement<'_>, columns: usize) -> rusqlite::Result<Option<Vec<Value>>> {
        self.bound(&statement.parameters(), statement.values(), |statement| {
            let mut rows = statement.raw_query();
            let mut first = None;
            while let Some(row) = rows.next()? {
                if first.is_none() {
                    let cell = |at| Ok(reader::value(row.get_ref(at)?, usize::MAX));
                    first = Some((0..columns).map(cell).collect::<rusqlite::Result<Vec<_>>>()?);
                }
            }
            Ok(first)
        })
    }

    /// How the row stands that was to be written.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(super) fn standing(&self, written: &Written) -> Result<Standing> {
        let now = record::read(&self.reader(), written.inverse.relation(), &written.key)?;
        let as_written = now.as_ref().map(|now| &now.cells) == written.after.as_ref().map(|after| &after.cells);
        let as_before = match (&written.inverse, &now) {
            (Change::Delete { .. }, now) => now.is_none(),
            (Change::Update { set: cells, .. } | Change::Insert { cells, .. }, Some(now)) => !differs(now, cells),
            (Change::Update { .. } | Change::Insert { .. }, None) => false,
        };
        Ok(Standing { as_written, as_before })
    }

    fn bound<T>(
        &self,
        sql: &str,
        values: &[Cow<'_, Value>],
        run: impl FnOnce(&mut rusqlite::Statement<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for (at, value) in values.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, Bound(value))?;
        }
        let outcome = run(&mut statement);
        // A value of 10 MB must not stay behind.
        statement.clear_bindings();
        outcome
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.raw_execute().map(|_| ())
    }

    fn unwatched(&self) {
        self.connection.progress_handler(0, None::<fn() -> bool>);
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0);
    connection.set_limit(Limit::SQLITE_LIMIT_WORKER_THREADS, 0);
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // SQLite enforces foreign keys only for who asks for it, and a build may ask or not. A row that refers to nothing, or that others
    // refer to when it goes, has to be refused here: what is written by hand is to be right. Synchronous full is said for the same
    // reason: no build option may make a decision less durable. Recursive triggers stay off, as the field's triggers expect: that of
    // `questions` updates its own table.
    connection.execute_batch(
        "PRAGMA trusted_schema=0; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=1; PRAGMA recursive_triggers=0; PRAGMA synchronous=2",
    )
}

/// An error that ends a whole batch, in words of writing.
pub(super) fn whole(error: &rusqlite::Error, path: &Path) -> Error {
    let shown = path.display();
    match error.sqlite_error().map_or(0, |code| code.extended_code & 0xff) {
        13 => Error::new(
            ErrorKind::DiskFull,
            format!("the disc of {shown} is full: nothing was written"),
            "make room on it, then write again",
        ),
        8 => read_only(path, &message(error)),
        9 => Error::new(ErrorKind::Cancelled, "cancelled: nothing was written", ""),
        10 => Error::new(
            ErrorKind::Io,
            format!("{shown} could not be written: {}", message(error)),
            "check the disc or the network drive it lies on",
        ),
        _ => translate(error, path),
    }
}

fn read_only(path: &Path, why: &str) -> Error {
    Error::new(
        ErrorKind::ReadOnly,
        format!("{} cannot be written: {why}", path.display()),
        "check the rights on the file, its -wal and its folder, or go on without --write",
    )
}
