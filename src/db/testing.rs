//! For tests of other rooms: databases made of SQL text.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::db::{location::Location, write::Grant};

/// A new file in a folder of its own with what this SQL makes; it goes with the folder.
pub(crate) fn file(sql: &str) -> (TempDir, PathBuf, Location) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let location = Location::File(path.clone());
    (folder, path, location)
}

/// The right to write a new file; its folder goes at once: for who asks only whether there is such a right.
pub(crate) fn grant() -> Grant {
    let (_folder, _, location) = file("");
    Grant::open(&location).unwrap()
}

/// What another program does to the file.
pub(crate) fn run(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// The first column of what this query gives, as text.
pub(crate) fn texts(path: &Path, sql: &str) -> Vec<Option<String>> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}
