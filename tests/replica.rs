//! A copy of a server in a file, against a real server: followed, left alone, broken, shared.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use reelscope::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        location::Location,
        replica::{self, CaughtUp, Replica},
        request::{Answer, CopyShown, CopyStatus, LinkState, Query, Reply, Slot, SyncHow},
        server::credentials::Credentials,
        session::ReadSession,
    },
    domain::schema::Relation,
};
use support::{
    PATIENCE,
    proxy::{Fault, Proxy},
    reach::{Asked, server},
    sqld::{Options, Sqld},
    token::{Access, Issuer, Life},
};

/// A server with a table, and a folder for copies.
struct Bench {
    sqld: Sqld,
    proxy: Proxy,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Option<Self> {
        // Some tests open files by themselves.
        replica::prepare();
        let sqld = Sqld::start()?;
        sqld.run("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
        sqld.run("INSERT INTO t (b) VALUES ('one'), ('two')");
        let proxy = Proxy::before(sqld.address());
        Some(Self { sqld, proxy, folder: tempfile::tempdir().unwrap() })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("copy.db")
    }

    fn replica(&self) -> Replica {
        Replica::new(self.path(), server(&self.proxy.url(), None))
    }

    /// A copy that has everything, and nobody who keeps it.
    fn copied(&self) {
        let replica = self.replica();
        assert_eq!(catch_up(&replica).unwrap(), CaughtUp::Fresh);
        drop(replica);
        until("the copy is let go", || free(&self.path()));
    }
}

fn catch_up(replica: &Replica) -> Result<CaughtUp> {
    replica.catch_up(&Canceller::default())
}

/// Rows of `t`, read as everybody reads.
fn rows(replica: &Replica) -> Result<u64> {
    let mut session = ReadSession::open(&Location::Replica(replica.clone()))?;
    let schema = session.schema()?;
    let table: Option<&Arc<Relation>> = schema.relations.iter().find(|relation| relation.name == "t");
    table.map_or(Ok(0), |table| session.count(table))
}

fn until(what: &str, mut wanted: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !wanted() {
        assert!(Instant::now() < deadline, "time is up before {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until this is said of the way to the server.
fn until_link(asked: &Asked, what: &str, wanted: impl Fn(&LinkState) -> bool) {
    asked.until(what, |reply| match reply {
        Reply::Link(status) => wanted(&status.state).then_some(()),
        _ => None,
    });
}

fn until_status(replica: &Replica, what: &str, wanted: impl Fn(&CopyStatus) -> bool) -> CopyStatus {
    until(&format!("{what}; it is {:?}", replica.status()), || wanted(&replica.status()));
    replica.status()
}

/// Whether nobody syncs the copy.
fn free(path: &Path) -> bool {
    let mut lock = path.as_os_str().to_owned();
    lock.push("-reelscope-lock");
    fs::File::open(lock).unwrap().try_lock().is_ok()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[test]
fn a_copy_is_made_followed_and_read_offline_after_a_restart() {
    let Some(mut bench) = Bench::new() else { return };
    let replica = bench.replica();
    assert_eq!(rows(&replica).unwrap(), 2, "from the server or the copy, whichever it is");
    assert_eq!(catch_up(&replica).unwrap(), CaughtUp::Fresh);
    assert_eq!(replica.status().shown, CopyShown::Copy);
    bench.sqld.run("INSERT INTO t (b) VALUES ('three')");
    assert_eq!(catch_up(&replica).unwrap(), CaughtUp::Fresh);
    assert_eq!(rows(&replica).unwrap(), 3);
    drop(replica);
    until("the thread ended", || free(&bench.path()));

    bench.sqld.stop();
    let replica = bench.replica();
    assert_eq!(rows(&replica).unwrap(), 3, "at once");
    let CaughtUp::Old { synced: Some(synced), why } = catch_up(&replica).unwrap() else { panic!() };
    assert!(jiff::Timestamp::now().duration_since(synced).as_secs() < 60, "{synced}");
    assert_eq!(why.kind, ErrorKind::Unreachable, "{why:?}");
    assert_eq!(rows(&replica).unwrap(), 3);

    bench.sqld.restart();
    bench.sqld.run("INSERT INTO t (b) VALUES ('four')");
    until("it goes on by itself", || rows(&replica).unwrap() == 4);
}

#[test]
fn a_row_written_on_the_server_is_told_of_and_an_idle_copy_costs_little() {
    let Some(bench) = Bench::new() else { return };
    bench.copied();
    let mut asked = Asked::open(Location::Replica(bench.replica()));
    asked.get(Slot::Schema, Query::Schema).unwrap();
    asked.get(Slot::Sync, Query::Sync(SyncHow::Now)).unwrap();
    bench.sqld.run("INSERT INTO t (b) VALUES ('three')");
    asked.until("the change is told", |reply| matches!(reply, Reply::Changed { .. }).then_some(()));

    // After a while nothing but one small question each six seconds.
    thread::sleep(Duration::from_secs(22));
    let before = bench.proxy.counts().requests;
    thread::sleep(Duration::from_secs(20));
    let cost = bench.proxy.counts().requests - before;
    assert!((2..=4).contains(&cost), "{cost} requests in a third of a minute");
}

#[test]
fn the_first_sync_tells_how_far_it_is_and_is_read_from_the_server_meanwhile() {
    let Some(bench) = Bench::new() else { return };
    bench.sqld.run(
        "INSERT INTO t (b) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
         SELECT hex(randomblob(2000)) FROM n",
    );
    bench.proxy.break_next("BatchLogEntries", Fault::StallAfter(1_000_000));
    let replica = bench.replica();
    assert_eq!(rows(&replica).unwrap(), 2002);
    let status = until_status(&replica, "progress is shown", |status| {
        status.progress.is_some_and(|progress| progress.bytes > 100_000)
    });
    let progress = status.progress.unwrap();
    let total = progress.total.unwrap();
    assert!((6_000_000..12_000_000).contains(&total) && progress.bytes < total, "{progress:?}");
    assert_eq!(status.shown, CopyShown::Server);
    assert_eq!(rows(&replica).unwrap(), 2002, "nothing half is shown");
    // In the middle of it: the thread ends with its owner all the same, and the next goes on.
    drop(replica);
    until("the thread ended", || free(&bench.path()));
    let replica = bench.replica();
    assert_eq!(replica.status().shown, CopyShown::Server);
    assert_eq!(catch_up(&replica).unwrap(), CaughtUp::Fresh);
    assert_eq!((replica.status().shown, rows(&replica).unwrap()), (CopyShown::Copy, 2002));
}

#[test]
fn a_plain_database_is_refused_and_left_alone() {
    let Some(bench) = Bench::new() else { return };
    rusqlite::Connection::open(bench.path()).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let before = fs::read(bench.path()).unwrap();
    let replica = bench.replica();
    let error = rows(&replica).unwrap_err();
    assert!(error.what.contains("not a copy") && !error.remedy.is_empty(), "{error:?}");
    assert!(replica.catch_up(&Canceller::default()).is_err());
    let mut asked = Asked::open(Location::Replica(replica));
    assert!(asked.get(Slot::Sync, Query::Sync(SyncHow::Rebuild)).is_err());
    assert_eq!(fs::read(bench.path()).unwrap(), before);
    assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 1, "nothing beside it either");
    assert_eq!(bench.proxy.counts().requests, 0);
}

#[test]
fn a_broken_copy_waits_for_a_yes_and_the_server_is_read_meanwhile() {
    let Some(bench) = Bench::new() else { return };
    for spoil in [
        |path: &Path| fs::write(path, vec![b'x'; 8192]).unwrap(),
        |path: &Path| fs::remove_file(beside(path, "-client_wal_index")).unwrap(),
        |path: &Path| fs::write(beside(path, "-client_wal_index"), "short").unwrap(),
    ] {
        bench.copied();
        spoil(&bench.path());
        let spoiled = fs::read(bench.path()).unwrap();
        let mut asked = Asked::open(Location::Replica(bench.replica()));
        asked.get(Slot::Schema, Query::Schema).unwrap();
        assert_eq!(asked.get(Slot::Sync, Query::Sync(SyncHow::Now)).unwrap_err().kind, ErrorKind::Damaged);
        assert_eq!(fs::read(bench.path()).unwrap(), spoiled, "not before the yes");
        assert_eq!(asked.get(Slot::Sync, Query::Sync(SyncHow::Rebuild)), Ok(Answer::Synced));
        drop(asked);
        until("the copy is let go", || free(&bench.path()));
        assert_eq!(rows(&bench.replica()).unwrap(), 2);
    }
}

#[test]
fn a_server_that_was_wiped_is_noticed_and_the_copy_is_kept() {
    let Some(mut bench) = Bench::new() else { return };
    bench.copied();
    bench.sqld.stop();
    bench.sqld.wipe();
    bench.sqld.restart();
    let replica = bench.replica();
    let error = catch_up(&replica).unwrap_err();
    assert!(error.what.contains("another one"), "{error:?}");
    let status = replica.status();
    assert_eq!((status.shown, status.broken), (CopyShown::Server, Some(error)));
    let kept = rusqlite::Connection::open(bench.path()).unwrap();
    assert_eq!(kept.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}

#[test]
fn a_server_that_was_killed_has_another_log_of_the_same_rows() {
    let Some(mut bench) = Bench::new() else { return };
    // Without the proxy, which would go on with its own connections.
    let replica = Replica::new(bench.path(), server(&bench.sqld.url(), None));
    assert_eq!(catch_up(&replica).unwrap(), CaughtUp::Fresh);
    let mut all = 2;
    // The first time the new log is exactly as long as the old one was: only the lost connection tells.
    for more in 1..4 {
        bench.sqld.kill();
        bench.sqld.restart();
        (0..more).for_each(|_| bench.sqld.run("INSERT INTO t (b) VALUES ('more')"));
        all += more;
        until("it follows again", || rows(&replica).unwrap() == all);
        until_status(&replica, "the copy is shown", |status| status.shown == CopyShown::Copy);
        assert_eq!(replica.status().broken, None);
    }
}

#[test]
fn a_copy_of_another_server_is_not_touched() {
    let (Some(bench), Some(other)) = (Bench::new(), Bench::new()) else { return };
    bench.copied();
    let before = fs::read(bench.path()).unwrap();
    let replica = Replica::new(bench.path(), server(&other.proxy.url(), None));
    assert!(catch_up(&replica).unwrap_err().what.contains(&bench.proxy.url()));
    assert_eq!(fs::read(bench.path()).unwrap(), before);
}

#[test]
fn two_programs_follow_with_one_copy_and_the_second_takes_over() {
    let Some(bench) = Bench::new() else { return };
    let (one, two) = (bench.replica(), bench.replica());
    assert_eq!(catch_up(&one).unwrap(), CaughtUp::Fresh);
    assert_eq!(catch_up(&two).unwrap(), CaughtUp::Fresh);
    bench.sqld.run("INSERT INTO t (b) VALUES ('three')");
    assert_eq!(catch_up(&one).unwrap(), CaughtUp::Fresh);
    assert_eq!((rows(&one).unwrap(), rows(&two).unwrap()), (3, 3));
    assert_eq!(two.status().shown, CopyShown::Copy);
    drop(one);
    bench.sqld.run("INSERT INTO t (b) VALUES ('four')");
    until("the second syncs", || rows(&two).unwrap() == 4);
}

#[test]
fn a_bad_token_is_told_apart_from_no_network() {
    let issuer = Issuer::new();
    let Some(sqld) = Sqld::start_with(Options { key: Some(issuer.public_key()), ..Options::default() }) else { return };
    sqld.run_with(Some(&issuer.read_write()), "CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
    let folder = tempfile::tempdir().unwrap();
    let with = |token: &str| Replica::new(folder.path().join("copy.db"), server(&sqld.url(), Some(token)));
    let expired = issuer.token(Access::ReadOnly, Life::Expired);
    let replica = with(&expired);
    let error = catch_up(&replica).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unauthorized, "{error:?}");
    assert!(!format!("{replica:?}{error:?}{:?}", replica.status()).contains(&expired));
    drop(replica);
    until("it is let go", || free(&folder.path().join("copy.db")));
    let replica = with(&issuer.read_only());
    assert_eq!(catch_up(&replica).unwrap(), CaughtUp::Fresh, "a read-only token is enough");
    assert_eq!(rows(&replica).unwrap(), 0);
    let said = fs::read_to_string(folder.path().join("copy.db-reelscope")).unwrap();
    assert!(!said.contains(&issuer.read_only()), "{said}");
}

#[test]
fn folders_and_places_that_may_not_be_written_have_their_words() {
    let Some(bench) = Bench::new() else { return };
    let there = |path: &Path| Replica::new(path.to_owned(), server(&bench.proxy.url(), None));
    assert_eq!(rows(&there(bench.folder.path())).unwrap_err().kind, ErrorKind::IsFolder);
    let nowhere = bench.folder.path().join("no/copy.db");
    assert_eq!(rows(&there(&nowhere)).unwrap_err().kind, ErrorKind::NotFound);
    // The files of the kernel may not be added to, whoever asks.
    let closed = there(Path::new("/proc/copy.db"));
    let error = catch_up(&closed).unwrap_err();
    assert!(!error.remedy.is_empty(), "{error:?}");
    assert_eq!(rows(&closed).unwrap(), 2, "the server is read");
}

#[test]
fn a_copy_whose_token_does_not_come_says_so_and_goes_on_when_it_does() {
    let Some(bench) = Bench::new() else { return };
    bench.copied();
    let locked = Arc::new(AtomicBool::new(true));
    let vault = Arc::clone(&locked);
    let mut server = server(&bench.proxy.url(), None);
    server.credentials = Credentials::new("token_command of @prod", move || match vault.load(Ordering::SeqCst) {
        true => Err(Error::new(ErrorKind::Credentials, "the vault is locked", "unlock it")),
        false => Ok(None),
    });
    let mut asked = Asked::open(Location::Replica(Replica::new(bench.path(), server)));
    assert!(matches!(asked.get(Slot::Schema, Query::Schema), Ok(Answer::Schema(_))), "the copy is read");
    until_link(
        &asked,
        "the missing token is told",
        |state| matches!(state, LinkState::Offline { why, .. } if why.kind == ErrorKind::Credentials),
    );
    locked.store(false, Ordering::SeqCst);
    until_link(&asked, "it is told that all is well", |state| *state == LinkState::Connected);
}
