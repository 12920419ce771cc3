//! Opening real files: every way a file can be wrong, other programs at work, and no trace left.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use reelscope::{
    db::{
        error::{Error, ErrorKind},
        location::Location,
        session::ReadSession,
    },
    domain::{
        page::{Page, PageAt, PageQuery},
        schema::Relation,
    },
};
use rusqlite::Connection;
use tempfile::TempDir;

/// A folder of files, as bytes.
fn picture(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn writer(path: &Path, journal: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.query_row(&format!("PRAGMA journal_mode={journal}"), [], |_| Ok(())).unwrap();
    connection.execute_batch("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, a TEXT, b)").unwrap();
    connection.execute_batch("CREATE INDEX IF NOT EXISTS ta ON t(a)").unwrap();
    connection
}

fn add(connection: &Connection, rows: i64) {
    let sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?1)
               INSERT INTO t(a, b) SELECT 'row ' || x, randomblob(20) FROM n";
    connection.execute(sql, [rows]).unwrap();
}

fn open(path: &Path) -> Result<ReadSession, Error> {
    ReadSession::open(&Location::File(path.to_owned()))
}

fn relation(session: &mut ReadSession) -> Arc<Relation> {
    Arc::clone(session.schema().unwrap().find("t").unwrap())
}

fn page(session: &mut ReadSession, at: PageAt) -> Page {
    let relation = relation(session);
    session.page(&PageQuery { relation, sort: Vec::new(), at, limit: 10 }).unwrap()
}

fn count(session: &mut ReadSession) -> u64 {
    let relation = relation(session);
    session.count(&relation).unwrap()
}

/// Reads in every manner.
fn use_it(session: &mut ReadSession) {
    for at in [PageAt::First, PageAt::Last, PageAt::Percent(30.0), PageAt::KeyText("3".into())] {
        assert!(!page(session, at).rows.is_empty());
    }
    count(session);
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_rollback_file_is_untouched() {
    let folder = folder();
    let path = folder.path().join("a b%20ü?#'.db");
    add(&writer(&path, "DELETE"), 100);
    let before = picture(folder.path());
    let mut session = open(&path).unwrap();
    use_it(&mut session);
    assert_eq!(picture(folder.path()), before);
    drop(session);
    assert_eq!(picture(folder.path()), before);
}

#[test]
fn a_wal_file_without_a_log_is_untouched() {
    let folder = folder();
    let path = folder.path().join("a.db");
    add(&writer(&path, "WAL"), 100);
    let before = picture(folder.path());
    assert_eq!(before.len(), 1, "the last writer takes its log away");
    let mut session = open(&path).unwrap();
    use_it(&mut session);
    assert_eq!(picture(folder.path()), before);
    drop(session);
    assert_eq!(picture(folder.path()), before);
}

/// A WAL database with a log that a crash left behind, in a folder of its own.
fn with_stale_log() -> (TempDir, PathBuf) {
    let (source, target) = (folder(), folder());
    let path = source.path().join("a.db");
    let connection = writer(&path, "WAL");
    add(&connection, 100);
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    add(&connection, 50);
    for name in ["a.db", "a.db-wal"] {
        fs::copy(source.path().join(name), target.path().join(name)).unwrap();
    }
    let path = target.path().join("a.db");
    (target, path)
}

#[test]
fn a_stale_log_is_read_and_left_as_it_is() {
    let (folder, path) = with_stale_log();
    let before = picture(folder.path());
    assert!(!before["a.db-wal"].is_empty());
    let mut session = open(&path).unwrap();
    assert_eq!(count(&mut session), 150);
    use_it(&mut session);
    assert_eq!(picture(folder.path()), before);
    drop(session);
    assert_eq!(picture(folder.path()), before);
    // Another program opens it after us: nothing is lost, and we see what it adds.
    let mut session = open(&path).unwrap();
    assert_eq!(count(&mut session), 150);
    let connection = writer(&path, "WAL");
    add(&connection, 1);
    assert_eq!(count(&mut session), 151);
    drop(connection);
    assert_eq!(count(&mut session), 151);
}

#[test]
fn an_empty_log_without_its_index_is_left_as_it_is() {
    let folder = folder();
    let path = folder.path().join("a.db");
    add(&writer(&path, "WAL"), 100);
    fs::write(folder.path().join("a.db-wal"), b"").unwrap();
    let before = picture(folder.path());
    let mut session = open(&path).unwrap();
    use_it(&mut session);
    drop(session);
    assert_eq!(picture(folder.path()), before);
}

#[test]
fn a_folder_that_may_not_be_written_shows_the_same_picture() {
    use std::os::unix::fs::PermissionsExt as _;
    for (folder, path) in [with_stale_log(), {
        let folder = folder();
        let path = folder.path().join("a.db");
        add(&writer(&path, "WAL"), 150);
        (folder, path)
    }] {
        for name in picture(folder.path()).keys() {
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o444)).unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
        let before = picture(folder.path());
        // Root may write anywhere: then that nothing is written is all that can be seen, and it is asserted either way.
        let mut session = open(&path).unwrap();
        assert_eq!(count(&mut session), 150);
        use_it(&mut session);
        drop(session);
        assert_eq!(picture(folder.path()), before);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn what_others_write_is_seen_whatever_the_journal() {
    for journal in ["DELETE", "WAL"] {
        let folder = folder();
        let path = folder.path().join("a.db");
        add(&writer(&path, journal), 100);
        let mut session = open(&path).unwrap();
        assert_eq!(count(&mut session), 100);
        for round in 1..=3 {
            let connection = writer(&path, journal);
            add(&connection, 10);
            assert_eq!(count(&mut session), 100 + 20 * (round - 1) + 10, "{journal}, while it is open");
            add(&connection, 10);
            drop(connection);
            assert_eq!(count(&mut session), 100 + 20 * round, "{journal}, after it was closed");
        }
    }
}

#[test]
fn a_program_that_comes_and_goes_loses_and_doubles_nothing() {
    for journal in ["DELETE", "WAL"] {
        let folder = folder();
        let path = folder.path().join("a.db");
        add(&writer(&path, journal), 100);
        let mut session = open(&path).unwrap();
        let relation = relation(&mut session);
        let writing = {
            let path = path.clone();
            thread::spawn(move || {
                for _ in 0..40 {
                    // Opened and closed each time: its log comes and goes.
                    let connection = Connection::open(&path).unwrap();
                    connection.busy_timeout(Duration::from_secs(20)).unwrap();
                    add(&connection, 10);
                }
            })
        };
        let mut last = 100;
        while !writing.is_finished() {
            let now = session.count(&relation).unwrap();
            assert!(now >= last && now.is_multiple_of(10), "{journal}: {now} after {last}");
            last = now;
        }
        writing.join().unwrap();
        assert_eq!(session.count(&relation).unwrap(), 500, "{journal}");
    }
}

#[test]
fn a_replaced_file_is_opened_anew_and_a_deleted_one_reported() {
    for journal in ["DELETE", "WAL"] {
        let folder = folder();
        let (path, other) = (folder.path().join("a.db"), folder.path().join("b.db"));
        add(&writer(&path, journal), 100);
        add(&writer(&other, "DELETE"), 7);
        let mut session = open(&path).unwrap();
        assert_eq!(count(&mut session), 100);
        let openings = session.openings();
        fs::rename(&other, &path).unwrap();
        assert_eq!(count(&mut session), 7);
        assert!(session.openings() > openings);
        fs::remove_file(&path).unwrap();
        let error = session.schema().unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error:?}");
        add(&writer(&path, journal), 3);
        assert_eq!(count(&mut session), 3);
    }
}

#[test]
fn a_dropped_or_altered_table_is_an_error_in_words() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let connection = writer(&path, "DELETE");
    add(&connection, 20);
    let mut session = open(&path).unwrap();
    let relation = relation(&mut session);
    let query = PageQuery { relation: Arc::clone(&relation), sort: Vec::new(), at: PageAt::First, limit: 5 };
    assert_eq!(session.page(&query).unwrap().rows.len(), 5);
    connection.execute_batch("ALTER TABLE t DROP COLUMN b").unwrap();
    assert_eq!(session.page(&query).unwrap_err().kind, ErrorKind::NoSuchRelation);
    connection.execute_batch("DROP TABLE t").unwrap();
    let error = session.page(&query).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoSuchRelation);
    assert!(error.what.contains("no such table") && !error.remedy.is_empty(), "{error:?}");
    assert!(session.schema().unwrap().find("t").is_none());
}

#[test]
fn an_altered_table_is_read_with_the_columns_it_has_now() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let connection = writer(&path, "DELETE");
    let mut session = open(&path).unwrap();
    let mut cells = |change: &str| {
        connection.execute_batch(change).unwrap();
        let relation = Arc::clone(session.schema().unwrap().find("cards").unwrap());
        let query = PageQuery { relation, sort: Vec::new(), at: PageAt::First, limit: 5 };
        session.page(&query).unwrap().rows[0].cells.iter().map(|cell| cell.to_plain().into_owned()).collect::<Vec<_>>()
    };
    let made = "CREATE TABLE cards(a, b, c); INSERT INTO cards VALUES('a', 'b', 'c')";
    assert_eq!(cells(made), ["a", "b", "c"]);
    assert_eq!(cells("ALTER TABLE cards DROP COLUMN b"), ["a", "c"]);
    assert_eq!(cells("ALTER TABLE cards ADD COLUMN d DEFAULT 'd'"), ["a", "c", "d"]);
    assert_eq!(cells("ALTER TABLE cards RENAME COLUMN a TO z"), ["a", "c", "d"]);
    // As many columns, with the same names, elsewhere: never under each other's header.
    let anew = "DROP TABLE cards; CREATE TABLE cards(d, z, c); INSERT INTO cards VALUES('D', 'Z', 'C')";
    assert_eq!(cells(anew), ["D", "Z", "C"]);
}

#[test]
fn what_is_no_database_is_said_to_be_none() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    add(&writer(&at("questions.db"), "DELETE"), 2000);
    let whole = fs::read(at("questions.db")).unwrap();

    let error = open(&at("question.db")).err().unwrap();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.remedy.contains("questions.db"), "{error:?}");
    assert_eq!(open(&at("no/such.db")).err().unwrap().kind, ErrorKind::NotFound);
    let error = open(folder.path()).err().unwrap();
    assert_eq!(error.kind, ErrorKind::IsFolder);
    assert!(error.remedy.contains("questions.db"), "{error:?}");

    fs::write(at("text.db"), "CREATE TABLE t(a);\n".repeat(300)).unwrap();
    let noise: Vec<u8> = (0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(at("encrypted.db"), noise).unwrap();
    for name in ["text.db", "encrypted.db"] {
        let error = open(&at(name)).err().unwrap();
        assert_eq!(error.kind, ErrorKind::NotADatabase, "{name}: {error:?}");
        assert!(error.what.contains(name) && error.remedy.contains("encrypted"), "{error:?}");
    }
    assert_eq!(open(&at("questions.db").join("x")).err().unwrap().kind, ErrorKind::Io);
    assert_eq!(open(Path::new("/dev/null")).err().unwrap().kind, ErrorKind::NotADatabase);

    // Cut off at every tenth: never a panic, and where it opens, reading through says that it is damaged.
    for tenth in 1..10 {
        fs::write(at("cut.db"), &whole[..whole.len() * tenth / 10]).unwrap();
        let kind = open(&at("cut.db")).and_then(|mut session| {
            let schema = session.schema()?;
            let relation = Arc::clone(schema.find("t").ok_or_else(|| Error::new(ErrorKind::Damaged, "", ""))?);
            session.count(&relation)?;
            let at = PageAt::Last;
            session.page(&PageQuery { relation, sort: Vec::new(), at, limit: 500 })
        });
        let kind = kind.err().map(|error| error.kind);
        assert!(matches!(kind, Some(ErrorKind::Damaged | ErrorKind::NotADatabase)), "{tenth}: {kind:?}");
    }

    fs::write(at("empty.db"), b"").unwrap();
    let schema = open(&at("empty.db")).unwrap().schema().unwrap();
    assert!(schema.relations.iter().all(|relation| relation.name.starts_with("sqlite_")));
    assert_eq!(fs::read(at("empty.db")).unwrap(), b"");
}

#[test]
fn a_hot_journal_is_left_to_its_program() {
    let (source, target) = (folder(), folder());
    let path = source.path().join("a.db");
    let connection = writer(&path, "DELETE");
    add(&connection, 2000);
    connection.execute_batch("PRAGMA cache_size=2; BEGIN IMMEDIATE; UPDATE t SET b = randomblob(30)").unwrap();
    for name in ["a.db", "a.db-journal"] {
        fs::copy(source.path().join(name), target.path().join(name)).unwrap();
    }
    let before = picture(target.path());
    let error = open(&target.path().join("a.db")).err().unwrap();
    assert_eq!(error.kind, ErrorKind::NeedsRecovery, "{error:?}");
    assert!(error.what.contains("a.db") && !error.remedy.is_empty());
    assert_eq!(picture(target.path()), before);
}

#[test]
fn a_lock_is_waited_for_and_can_be_cancelled() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let connection = writer(&path, "DELETE");
    add(&connection, 10);
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = ReadSession::open_within(&Location::File(path.clone()), Duration::ZERO).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Locked, "{error:?}");
    assert!(error.what.contains("another program"), "{error:?}");
    connection.execute_batch("COMMIT").unwrap();

    let mut session = open(&path).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let canceller = session.canceller();
    let waiting = thread::spawn(move || (session.schema().map(|_| ()), session));
    canceller.cancel();
    let (outcome, mut session) = waiting.join().unwrap();
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Cancelled);

    // The lock goes while it is waited for.
    session.arm();
    let waiting = thread::spawn(move || count(&mut session));
    thread::sleep(Duration::from_millis(150));
    connection.execute_batch("COMMIT").unwrap();
    assert_eq!(waiting.join().unwrap(), 10);
}

#[test]
fn a_long_query_is_cancelled_and_the_next_is_not() {
    let folder = folder();
    let path = folder.path().join("a.db");
    writer(&path, "DELETE")
        .execute_batch(
            "CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n",
        )
        .unwrap();
    let mut session = open(&path).unwrap();
    let endless = Arc::clone(session.schema().unwrap().find("endless").unwrap());
    let canceller = session.canceller();
    let running = thread::spawn(move || (session.count(&endless), session));
    thread::sleep(Duration::from_millis(30));
    canceller.cancel();
    let (outcome, mut session) = running.join().unwrap();
    assert_eq!(outcome.unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(session.schema().unwrap_err().kind, ErrorKind::Cancelled, "until it is armed again");
    session.arm();
    assert_eq!(count(&mut session), 0);
}

#[test]
fn a_link_is_followed_to_its_log() {
    let (folder, path) = with_stale_log();
    let elsewhere = self::folder();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let before = picture(folder.path());
    let mut session = open(&link).unwrap();
    assert_eq!(count(&mut session), 150);
    drop(session);
    assert_eq!(picture(folder.path()), before);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
}

#[test]
fn permission_is_asked_of_the_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let path = folder.path().join("a.db");
    add(&writer(&path, "DELETE"), 10);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    match (fs::File::open(&path), open(&path)) {
        // Root may read everything: then the file is read, and the words are tested where they are made.
        (Ok(_), Ok(mut session)) => assert_eq!(count(&mut session), 10),
        (Err(_), Err(error)) => assert_eq!(error.kind, ErrorKind::PermissionDenied, "{error:?}"),
        (plain, ours) => unreachable!("{plain:?} but {:?}", ours.err()),
    }
}
