//! A large deterministic database for measuring: the same rows on every machine, whatever the day.
//!
//! It owns the generator behind `reelscope demo generate`. It makes a new file and never touches one that is there. The benchmarks
//! and the README's numbers stand on its rows, so its seed and its end date are constants.

mod content;
mod load;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::db::error::{Error, ErrorKind, Result};

/// The seed of every generated database.
const SEED: u64 = 0x05EE_D0FC_0DE5;

/// Makes a code-reels database at `path` with `rows` rows in `bot_ledger` and as many in `question_history`, `rows / 50` questions
/// (at least 10, at most 30,000), and mappings, runs and queue items to match.
///
/// `progress` is called now and then with (steps done, steps in all), the last time with both equal. The file is left in rollback-journal
/// mode, so that it opens without files beside it. Where the work fails, nothing is left.
///
/// # Errors
///
/// [`ErrorKind::Io`] where there is a file at `path` already, where it cannot be made there, and where the disk is full.
pub fn generate(path: &Path, rows: u64, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let file = NewFile::create(path)?;
    load::load(path, rows, SEED, progress).map_err(|error| failure(path, &error))?;
    file.keep();
    Ok(())
}

/// A file that goes away again unless it is kept.
struct NewFile(PathBuf);

impl NewFile {
    /// Takes the name in one step, so that no file of anybody else can be overwritten.
    fn create(path: &Path) -> Result<Self> {
        let shown = path.display();
        fs::File::create_new(path).map(|_| Self(path.to_path_buf())).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::new(
                ErrorKind::Io,
                format!("there is a file at {shown} already"),
                "choose another name, or remove it first",
            ),
            io::ErrorKind::NotFound => Error::new(
                ErrorKind::NotFound,
                format!("{shown}: no such folder"),
                "make the folder first, or choose another path",
            ),
            io::ErrorKind::PermissionDenied => Error::new(
                ErrorKind::PermissionDenied,
                format!("{shown}: permission denied"),
                "choose a folder you may write to",
            ),
            _ => Error::new(ErrorKind::Io, format!("{shown}: {error}"), ""),
        })
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // Nothing better can be done with an error here: the failure that led here is the one to report.
            let _ = fs::remove_file(&self.0);
        }
    }
}

fn failure(path: &Path, error: &rusqlite::Error) -> Error {
    let remedy = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "make room on the disk, or generate fewer rows",
        Some(rusqlite::ErrorCode::SystemIoFailure) => "look at the disk; another folder may work",
        _ => "",
    };
    Error::new(ErrorKind::Io, format!("the database at {} could not be generated: {error}", path.display()), remedy)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rusqlite::{Connection, OpenFlags, types::ValueRef};

    use super::*;

    fn made(folder: &Path, name: &str, rows: u64) -> Connection {
        let path = folder.join(name);
        let mut last = (0, 0);
        generate(&path, rows, &mut |done, all| {
            assert!(done >= last.0 && done <= all, "progress only grows");
            last = (done, all);
        })
        .unwrap();
        assert_eq!(last.0, last.1);
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    fn number(connection: &Connection, sql: &str) -> i64 {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// FNV-1a over every value of every table and over the schema.
    fn checksum(connection: &Connection) -> u64 {
        let tables: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut eat = |bytes: &[u8]| {
            for byte in bytes.iter().chain(&[0xFF]) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
            }
        };
        for table in tables.iter().map(String::as_str).chain(["sqlite_schema"]) {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    match row.get_ref(column).unwrap() {
                        ValueRef::Null => eat(b"null"),
                        ValueRef::Integer(value) => eat(&value.to_le_bytes()),
                        ValueRef::Real(value) => eat(&value.to_le_bytes()),
                        ValueRef::Text(value) | ValueRef::Blob(value) => eat(value),
                    }
                }
            }
        }
        hash
    }

    #[test]
    fn two_runs_give_the_same_database() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (made(folder.path(), "one.db", 2000), made(folder.path(), "two.db", 2000));
        assert_eq!(checksum(&one), checksum(&two));
        let other = made(folder.path(), "other.db", 2001);
        assert_ne!(checksum(&one), checksum(&other));
    }

    #[test]
    fn the_rows_are_as_many_as_asked_for_and_as_varied_as_the_field() {
        let folder = tempfile::tempdir().unwrap();
        let made = made(folder.path(), "made.db", 5000);
        for (sql, expected) in [
            ("SELECT count(*) FROM bot_ledger", 5000),
            ("SELECT max(id) FROM bot_ledger", 5000),
            ("SELECT count(*) FROM question_history", 5000),
            ("SELECT count(*) FROM questions", 100),
            ("SELECT count(DISTINCT status) FROM questions", 3),
            ("SELECT count(DISTINCT status) FROM bot_runs", 3),
            ("SELECT count(DISTINCT status) FROM work_queue", 4),
            ("SELECT count(*) FROM bot_runs WHERE status = 'running' AND completed_at IS NOT NULL", 0),
            ("SELECT count(DISTINCT created_at LIKE '%T%Z') FROM bot_ledger", 2),
            ("SELECT count(*) FROM bot_ledger WHERE julianday(created_at) IS NULL", 0),
            ("SELECT count(*) FROM bot_ledger WHERE before_state IS NOT NULL AND NOT json_valid(before_state)", 0),
            ("SELECT count(*) FROM question_history WHERE NOT json_valid(coalesce(changed_fields, '[]'))", 0),
            ("SELECT count(*) FROM questions WHERE NOT json_valid(tags) OR NOT json_valid(job_title_relevance)", 0),
            ("SELECT count(*) FROM bot_ledger WHERE item_id NOT IN (SELECT id FROM questions)", 0),
            ("SELECT count(*) FROM pragma_foreign_key_check", 0),
        ] {
            assert_eq!(number(&made, sql), expected, "{sql}");
        }
        for sql in [
            "SELECT count(*) FROM bot_ledger WHERE before_state IS NOT NULL AND after_state IS NOT NULL",
            "SELECT count(*) FROM bot_runs WHERE status = 'running'",
            "SELECT count(*) FROM channel_mappings",
            "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'bot_ledger'",
            "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'",
        ] {
            assert!(number(&made, sql) > 0, "{sql}");
        }
    }

    #[test]
    fn it_opens_without_files_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = made(folder.path(), "made.db", 100);
        assert_eq!(made.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)).unwrap(), "delete");
        assert_eq!(made.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn few_rows_are_a_database_too() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(number(&made(folder.path(), "none.db", 0), "SELECT count(*) FROM bot_ledger"), 0);
        assert_eq!(number(&made(folder.path(), "one.db", 1), "SELECT count(*) FROM bot_ledger"), 1);
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.db");
        fs::write(&path, "mine").unwrap();
        let error = generate(&path, 10, &mut |_, _| {}).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Io);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        let error = generate(&folder.path().join("no/such/folder.db"), 10, &mut |_, _| {}).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lost.db");
        let caught = std::panic::catch_unwind(|| {
            let mut calls = 0;
            generate(&path, 50_000, &mut |_, _| {
                calls += 1;
                assert!(calls < 3, "stop in the middle");
            })
        });
        assert!(caught.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
