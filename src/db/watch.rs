//! Noticing changes: `data_version`, the file itself, the write-ahead log.
//!
//! It owns the question "did anything change since I last asked", and answers it without reading a row: where other programs'
//! commits are visible on the connection `PRAGMA data_version` tells of them (<https://www.sqlite.org/pragma.html#pragma_data_version>),
//! elsewhere the session opens the file anew when its directory entries differ, and that tells. As long as nothing happens even that
//! is asked rarely: a commit leaves another size or time on the file or its log, and looking at those costs two system calls. It must
//! not wait and must not look at a clock: how often to ask is the business of [`workers`](crate::db::workers).

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::db::{
    connection::{
        Canceller,
        mode::{Fingerprint, Stamp, beside},
    },
    error::{ErrorKind, Result},
    session::file::FileSession,
};

/// What changed since the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// Something was committed.
    Data,
    /// The schema changed too, or this is another file.
    Schema,
}

/// Where files look the same, the database itself is asked at every so-manyth time nevertheless: not every file system
/// keeps its times.
const ASK_EVERY: u32 = 20;

/// What the last look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    openings: u64,
    data_version: i64,
    schema_version: i64,
    file: Option<Stamp>,
}

impl Seen {
    fn is_same_file(self, other: Self) -> bool {
        self.file.zip(other.file).is_some_and(|(one, other)| one.same_file(other))
    }
}

/// How the file and its log look from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Glance {
    file: Option<Stamp>,
    log: Option<Stamp>,
}

impl Glance {
    fn at(file: &Path, log: &Path) -> Self {
        Self { file: stamp(file), log: stamp(log) }
    }
}

/// A session that knows what it saw last.
pub(crate) struct Watch {
    path: PathBuf,
    canceller: Canceller,
    /// How the files were when the database was opened, until the first look compared with it.
    before: Option<Option<Fingerprint>>,
    session: Option<FileSession>,
    seen: Option<Seen>,
    /// Where the log is, and how both looked the last time.
    log: PathBuf,
    glance: Option<Glance>,
    /// How many times are left until the database is asked whatever the files look like.
    left: u32,
}

impl Watch {
    /// A watch that tells of what changed since `before` was taken. Opens nothing yet.
    pub(crate) fn new(path: PathBuf, before: Option<Fingerprint>, canceller: Canceller) -> Self {
        Self {
            path,
            canceller,
            before: Some(before),
            session: None,
            seen: None,
            log: PathBuf::new(),
            glance: None,
            left: 0,
        }
    }

    /// Asks; some microseconds where nothing changed. A database that is locked now has nothing to tell until it is not.
    ///
    /// # Errors
    ///
    /// Those of opening: the file is gone, is no database any more …
    pub(crate) fn poll(&mut self) -> Result<Change> {
        if self.looks_the_same() {
            return Ok(Change::None);
        }
        let seen = match self.look() {
            Ok(seen) => seen,
            // Whoever locks it is about to commit: the next look tells.
            Err(error) if error.kind == ErrorKind::Locked && self.seen.is_some() => {
                self.left = 0;
                return Ok(Change::None);
            }
            Err(error) => return Err(error),
        };
        let last = self.seen.replace(seen);
        Ok(match last {
            Some(last) if last == seen => Change::None,
            Some(last) if last.schema_version != seen.schema_version || !last.is_same_file(seen) => Change::Schema,
            Some(_) => Change::Data,
            None => match self.before.take() {
                // The first look: between opening the database and now somebody may have written.
                Some(before) if before != fingerprint(&self.path) => Change::Data,
                Some(_) => Change::None,
                // There was trouble in between.
                None => Change::Schema,
            },
        })
    }

    /// Forgets what was seen: the next look that succeeds tells of a change.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
        self.before = None;
        self.session = None;
        self.glance = None;
    }

    /// The database itself is asked next time, whatever its files look like.
    pub(crate) fn insist(&mut self) {
        self.left = 0;
    }

    /// The session, for reading what changed.
    ///
    /// # Errors
    ///
    /// Those of opening.
    pub(crate) fn session(&mut self) -> Result<&mut FileSession> {
        let session = match self.session.take() {
            Some(session) => session,
            None => FileSession::open_with(&self.path, self.canceller.clone())?,
        };
        Ok(self.session.insert(session))
    }

    /// Whether the files look as they did, so that the database need not be asked.
    fn looks_the_same(&mut self) -> bool {
        let path = &self.path;
        let Some(last) = self.glance.filter(|_| self.seen.is_some()) else {
            self.log = beside(path, "-wal");
            self.glance = Some(Glance::at(path, &self.log));
            self.left = 0;
            return false;
        };
        let glance = Glance::at(path, &self.log);
        if glance != last {
            // Behind a symbolic link the log may lie elsewhere now.
            self.log = beside(path, "-wal");
            self.glance = Some(Glance::at(path, &self.log));
            // The times of files go in steps: a second commit in the same step would not show. So it is asked once more.
            self.left = 0;
            return false;
        }
        if self.left == 0 {
            self.left = ASK_EVERY;
            return false;
        }
        self.left -= 1;
        true
    }

    fn look(&mut self) -> Result<Seen> {
        let (last, before) = (self.seen, self.file());
        let session = self.session()?;
        let data_version = session.pragma("PRAGMA data_version")?;
        let openings = session.openings();
        // The schema's version takes a lock: only where something changed.
        let same = last.filter(|last| (last.openings, last.data_version) == (openings, data_version));
        if let Some(last) = same {
            return Ok(last);
        }
        let schema_version = session.pragma("PRAGMA schema_version")?;
        let openings = session.openings();
        // Replaced just now: which one was read nobody knows, so it counts as another one.
        let file = before.zip(self.file()).filter(|(before, after)| before.same_file(*after)).map(|(before, _)| before);
        Ok(Seen { openings, data_version, schema_version, file })
    }

    fn file(&self) -> Option<Stamp> {
        stamp(&self.path)
    }
}

/// How the files are; `None` where there is no file.
pub(crate) fn fingerprint(path: &Path) -> Option<Fingerprint> {
    Fingerprint::take(path).ok()
}

fn stamp(path: &Path) -> Option<Stamp> {
    fs::metadata(path).ok().map(|data| Stamp::of(&data))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rusqlite::Connection;

    use super::*;

    struct Bench {
        folder: tempfile::TempDir,
        writer: Connection,
        watch: Watch,
    }

    impl Bench {
        fn new(mode: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("watched.db");
            let writer = Connection::open(&path).unwrap();
            writer.pragma_update(None, "journal_mode", mode).unwrap();
            writer.execute_batch("CREATE TABLE t (x)").unwrap();
            let before = fingerprint(&path);
            Self { folder, writer, watch: Watch::new(path, before, Canceller::default()) }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("watched.db")
        }

        /// The largest change in as many looks as it takes to ask the database for sure.
        fn change(&mut self) -> Change {
            (0..=ASK_EVERY).map(|_| self.watch.poll().unwrap()).max().unwrap()
        }
    }

    #[test]
    fn commits_and_changes_of_the_schema_are_told_once() {
        for mode in ["delete", "wal"] {
            let mut bench = Bench::new(mode);
            assert_eq!(bench.change(), Change::None, "{mode}");
            bench.writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
            assert_eq!(bench.watch.poll().unwrap(), Change::Data, "{mode}: at once");
            assert_eq!(bench.change(), Change::None, "{mode}");
            bench.writer.execute_batch("CREATE TABLE u (x)").unwrap();
            assert_eq!(bench.change(), Change::Schema, "{mode}");
            assert_eq!(bench.change(), Change::None, "{mode}");
            bench.writer.execute_batch("BEGIN; INSERT INTO t VALUES (1); ROLLBACK").unwrap();
            assert_eq!(bench.change(), Change::None, "{mode}: nothing was committed");
        }
    }

    #[test]
    fn what_happened_before_the_first_look_is_told() {
        let mut bench = Bench::new("delete");
        bench.writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(bench.change(), Change::Data);
    }

    #[test]
    fn a_commit_that_leaves_the_file_s_time_as_it_was_is_found_all_the_same() {
        let mut bench = Bench::new("delete");
        bench.writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        bench.change();
        let time = fs::metadata(bench.path()).unwrap().modified().unwrap();
        bench.writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        fs::File::options().write(true).open(bench.path()).unwrap().set_modified(time).unwrap();
        assert_eq!(bench.change(), Change::Data);
    }

    #[test]
    fn a_second_commit_within_the_same_tick_is_found_at_the_next_look() {
        let mut bench = Bench::new("delete");
        bench.change();
        bench.writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(bench.watch.poll().unwrap(), Change::Data);
        let time = fs::metadata(bench.path()).unwrap().modified().unwrap();
        bench.writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        fs::File::options().write(true).open(bench.path()).unwrap().set_modified(time).unwrap();
        assert_eq!(bench.watch.poll().unwrap(), Change::Data);
    }

    #[test]
    fn a_log_that_appears_and_goes_is_followed() {
        let Bench { folder, writer, watch } = Bench::new("wal");
        writer.close().unwrap();
        let writer = Connection::open(folder.path().join("watched.db")).unwrap();
        let mut bench = Bench { folder, writer, watch };
        bench.change();
        assert_eq!(bench.change(), Change::None);
        bench.writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(bench.change(), Change::Data);
        bench.writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
        assert_eq!(bench.change(), Change::Data);
        // The last one out takes the log away.
        let Bench { folder, writer, watch } = bench;
        writer.close().unwrap();
        let writer = Connection::open(folder.path().join("watched.db")).unwrap();
        let mut bench = Bench { folder, writer, watch };
        bench.change();
        assert_eq!(bench.change(), Change::None);
        bench.writer.execute_batch("INSERT INTO t VALUES (3)").unwrap();
        assert_eq!(bench.change(), Change::Data);
    }

    #[test]
    fn another_file_of_the_same_name_is_another_schema_and_none_is_an_error() {
        let mut bench = Bench::new("delete");
        bench.change();
        let other = bench.folder.path().join("other.db");
        Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        fs::rename(&other, bench.path()).unwrap();
        assert_eq!(bench.change(), Change::Schema);
        fs::remove_file(bench.path()).unwrap();
        assert_eq!(bench.watch.poll().unwrap_err().kind, ErrorKind::NotFound);
        bench.watch.forget();
        assert_eq!(bench.watch.poll().unwrap_err().kind, ErrorKind::NotFound);
        Connection::open(bench.path()).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert_eq!(bench.watch.poll().unwrap(), Change::Schema);
    }
}
