//! What is measured on: the generated databases, made once and kept, and copies that may be spoiled.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reelscope::db::generate::generate;
use rusqlite::Connection;

/// Where everything is, and how much is done.
pub(crate) struct Setting {
    /// Ledger rows of the big database, and history rows.
    pub(crate) rows: u64,
    /// Shorter runs.
    pub(crate) quick: bool,
    folder: PathBuf,
}

impl Setting {
    /// Makes the folder `target/bench`.
    pub(crate) fn new(rows: u64, quick: bool) -> Result<Self, String> {
        // Cargo's own folder for what benchmarks leave lies in the target folder, wherever that is.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bench");
        fs::create_dir_all(folder.join("home")).map_err(|error| format!("{}: {error}", folder.display()))?;
        let folder = folder.canonicalize().map_err(|error| error.to_string())?;
        Ok(Self { rows, quick, folder })
    }

    /// This much in a full run, that much in a quick one.
    pub(crate) const fn runs(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// The program under test.
    pub(crate) fn program() -> &'static Path {
        Path::new(env!("CARGO_BIN_EXE_reelscope"))
    }

    /// An empty home folder for it.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// A generated database with so many rows; made where it is not there yet.
    pub(crate) fn database(&self, rows: u64) -> Result<PathBuf, String> {
        let path = self.folder.join(format!("generated-{rows}.db"));
        if !path.exists() {
            println!("   generating {}", path.display());
            // A generation that is broken off must not leave a file that looks whole.
            let growing = self.scratch("growing.db")?;
            generate(&growing, rows, &mut |_, _| {}).map_err(|error| error.to_string())?;
            fs::rename(&growing, &path).map_err(|error| error.to_string())?;
        }
        Ok(path)
    }

    /// The big one.
    pub(crate) fn big(&self) -> Result<PathBuf, String> {
        self.database(self.rows)
    }

    /// Generates anew: how long it took, and how many rows it made in all tables.
    pub(crate) fn generate(&self) -> Result<(Duration, u64), String> {
        let path = self.scratch("measured.db")?;
        let begun = Instant::now();
        generate(&path, self.rows, &mut |_, _| {}).map_err(|error| error.to_string())?;
        let took = begun.elapsed();
        let connection = open(&path)?;
        let rows = ["bot_ledger", "question_history", "questions", "channel_mappings", "bot_runs", "work_queue"]
            .into_iter()
            .map(|table| number(&connection, &format!("SELECT count(*) FROM {table}")))
            .sum::<Result<i64, String>>()?;
        drop(connection);
        let kept = self.folder.join(format!("generated-{}.db", self.rows));
        fs::rename(&path, kept).map_err(|error| error.to_string())?;
        Ok((took, rows.unsigned_abs()))
    }

    /// A copy of the big one under this name; what was there is gone.
    pub(crate) fn copy(&self, name: &str) -> Result<PathBuf, String> {
        let copy = self.scratch(name)?;
        fs::copy(self.big()?, &copy).map_err(|error| format!("{}: {error}", copy.display()))?;
        Ok(copy)
    }

    /// A copy of one with so many rows under this name; what was there is gone.
    pub(crate) fn copy_of(&self, rows: u64, name: &str) -> Result<PathBuf, String> {
        let (from, copy) = (self.database(rows)?, self.scratch(name)?);
        fs::copy(from, &copy).map_err(|error| format!("{}: {error}", copy.display()))?;
        Ok(copy)
    }

    /// A name that is free, with nothing of SQLite's beside it.
    fn scratch(&self, name: &str) -> Result<PathBuf, String> {
        for ending in ["", "-journal", "-wal", "-shm"] {
            match fs::remove_file(self.folder.join(format!("{name}{ending}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.to_string()),
                _ => {}
            }
        }
        Ok(self.folder.join(name))
    }
}

/// A connection of our own.
pub(crate) fn open(path: &Path) -> Result<Connection, String> {
    Connection::open(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The number a query gives.
pub(crate) fn number(connection: &Connection, sql: &str) -> Result<i64, String> {
    connection.query_row(sql, [], |row| row.get(0)).map_err(|error| format!("{sql}: {error}"))
}

/// The texts a query gives.
pub(crate) fn texts(connection: &Connection, sql: &str) -> Result<Vec<String>, String> {
    let read = || connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>();
    read().map_err(|error: rusqlite::Error| format!("{sql}: {error}"))
}
