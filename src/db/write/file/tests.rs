//! What a transaction on a file does: triggers, constraints, locks and what a failed commit left behind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, path::Path};

use jiff::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::{
    db::{location::Location, session::ReadSession},
    domain::{
        change::{BatchId, Change, Entry, EntryId, TrailPolicy},
        page::RowKey,
        value::Value,
    },
};

const SQL: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'old')";

fn batch(path: &Path, value: Value) -> Batch {
    let schema = ReadSession::open(&Location::File(path.to_path_buf())).unwrap().schema().unwrap();
    let relation = Arc::clone(schema.find("t").unwrap());
    let change =
        Change::Update { relation, key: RowKey::Rowid(1), shown: vec![(1, Value::text("old"))], set: vec![(1, value)] };
    Batch {
        id: BatchId(1),
        entries: vec![Entry { id: EntryId(1), change, trail: None }],
        author: "ann".into(),
        at: Timestamp::UNIX_EPOCH,
        trail: TrailPolicy::Required,
    }
}

fn value(path: &Path) -> String {
    Connection::open(path).unwrap().query_row("SELECT substr(v, 1, 9) FROM t", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_full_disc_is_said_and_leaves_everything_as_it_was() {
    for journal in ["delete", "wal"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        Connection::open(&path).unwrap().execute_batch(&format!("PRAGMA journal_mode = {journal}; {SQL}")).unwrap();
        let mut writer = FileWriter::new(&path, Canceller::default());
        let opened = Opened::open(&path).unwrap();
        // As full as it can be without filling a disc: SQLite says the same of both.
        opened.reader().connection.query_row("PRAGMA max_page_count = 3", [], |_| Ok(())).unwrap();
        writer.opened = Some(opened);
        let long = batch(&path, Value::text(&"x".repeat(100_000)));
        let error = writer.write(&long).unwrap_err();
        assert_eq!(error.kind, ErrorKind::DiskFull);
        assert!(error.what.contains("nothing was written") && !error.remedy.is_empty());
        assert_eq!(value(&path), "old");
        // With room again (a new connection) it goes on.
        assert!(matches!(writer.write(&long).unwrap().outcome, Outcome::Committed { .. }));
        assert_eq!(value(&path), "xxxxxxxxx");
    }
}

#[test]
fn what_a_failed_commit_left_behind_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    Connection::open(&path).unwrap().execute_batch(SQL).unwrap();
    let mut writer = FileWriter::new(&path, Canceller::default());
    let Outcome::Committed { written, .. } = writer.write(&batch(&path, Value::text("new"))).unwrap().outcome else {
        panic!("nothing was written")
    };
    let why = Error::new(ErrorKind::Io, "the disc failed", "buy another");
    assert!(matches!(writer.look(written.clone(), &why), Ok(Outcome::Committed { known: Known::Looked, .. })));
    Connection::open(&path).unwrap().execute_batch("UPDATE t SET v = 'old'").unwrap();
    assert_eq!(writer.look(written.clone(), &why).unwrap_err().kind, ErrorKind::Io);
    Connection::open(&path).unwrap().execute_batch("UPDATE t SET v = 'of another'").unwrap();
    let said = writer.look(written.clone(), &why);
    assert!(matches!(&said, Ok(Outcome::Unknown(words)) if words.contains("others wrote")), "{said:?}");
    fs::remove_file(&path).unwrap();
    assert!(matches!(writer.look(written, &why), Ok(Outcome::Unknown(words)) if words.contains("cannot be read")));
}

/// The locks of this process on a file, as the kernel has them: each with its kind and its bytes. Its list is no picture of one moment:
/// while other tests lock their files, a look may miss some, so it takes several.
#[cfg(target_os = "linux")]
fn locks(path: &Path) -> std::collections::BTreeSet<String> {
    use std::os::unix::fs::MetadataExt as _;
    let (process, inode) = (std::process::id().to_string(), fs::metadata(path).unwrap().ino().to_string());
    let look = |_| fs::read_to_string("/proc/locks").unwrap();
    let is_ours = |words: &[&str]| {
        words.contains(&process.as_str()) && words.iter().any(|word| word.rsplit(':').next() == Some(&inode))
    };
    (0..50)
        .map(look)
        .flat_map(|list| {
            let lines = list.lines().map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>());
            lines.filter(|words| is_ours(words)).map(|words| words.join(" ")).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
#[cfg(target_os = "linux")]
fn readers_of_this_process_do_not_drop_the_locks_of_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    Connection::open(&path).unwrap().execute_batch(SQL).unwrap();
    let opened = Opened::open(&path).unwrap();
    opened.begin(&Canceller::default()).unwrap();
    let held = locks(&path);
    assert!(!held.is_empty(), "a lock is held while writing");
    // Opening looks for the way to read, closing gives it up.
    let mut reader = ReadSession::open(&Location::File(path.clone())).unwrap();
    reader.schema().unwrap();
    drop(reader);
    assert_eq!(locks(&path), held);
}

#[test]
#[cfg(target_os = "linux")]
fn a_reader_without_locks_is_not_closed_while_the_file_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (live, path) = (folder.path().join("live.db"), folder.path().join("copy.db"));
    let connection = Connection::open(&live).unwrap();
    connection.execute_batch(&format!("PRAGMA journal_mode = wal; {SQL}")).unwrap();
    // With its log, but without the index: such a file is read without locks.
    fs::copy(&live, &path).unwrap();
    fs::copy(folder.path().join("live.db-wal"), folder.path().join("copy.db-wal")).unwrap();
    let mut reader = ReadSession::open(&Location::File(path.clone())).unwrap();
    let schema = reader.schema().unwrap();
    assert!(!folder.path().join("copy.db-shm").exists());
    let opened = Opened::open(&path).unwrap();
    opened.begin(&Canceller::default()).unwrap();
    let held = locks(&path);
    assert!(!held.is_empty(), "a lock is held while writing");
    // The reader sees that the files are others now, and opens them anew.
    let row = reader.record(schema.find("t").unwrap(), &RowKey::Rowid(1)).unwrap().unwrap();
    assert_eq!(row.cells[1], Value::text("old"));
    drop(reader);
    assert_eq!(locks(&path), held);
}
