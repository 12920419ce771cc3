//! libSQL's own replication: builds it, runs one sync of it, and knows when to stop it.
//!
//! The driver has no timeouts, and where the server's log is another one than before (wiped, killed, restored), it fetches that one over
//! the old copy without a word, as soon as it has shaken hands a second time. So a sync ends here where nothing comes any more, and, unless
//! that was allowed, before the second handshake is answered. Whatever was stopped or failed is dropped and built anew.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinHandle};

use super::files::{self, Files};
use crate::db::{
    error::{Error, ErrorKind},
    server::{
        Server,
        connector::{Connector, Notes},
        credentials::Token,
    },
};

/// The way to the server that libSQL's replication takes.
pub(super) type Way = Connector;

/// How often one looks how far a sync is.
const LOOK: Duration = Duration::from_millis(250);

/// Why a sync did not work.
#[derive(Debug)]
pub(super) enum Failure {
    /// It would have had to shake hands again: no network, a token that is refused, or another log.
    Handshake,
    /// The way to the server, or what is at its end, in the driver's words: the link has better ones.
    Way(String),
    /// This computer.
    Here(Error),
    /// The copy.
    Broken(Error),
}

/// Whether a sync may begin with another log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherLog {
    /// It stops before.
    Stops,
    /// It may; the copy is not to be trusted from then on.
    Taken,
}

/// libSQL's replication of one copy.
pub(super) struct Driver {
    database: Arc<libsql::Database>,
    guard: Arc<Guard>,
    notes: Arc<Notes>,
}

/// Counts handshakes.
struct Guard {
    handshakes: AtomicU32,
    other_log: AtomicBool,
    stop: Notify,
    distrust: Mutex<Box<dyn FnMut() + Send>>,
}

impl Guard {
    fn sees(&self, path: &str) {
        if !path.ends_with("/Hello") || self.handshakes.fetch_add(1, Ordering::Relaxed) == 0 {
            return;
        }
        if self.other_log.load(Ordering::Relaxed) {
            (self.distrust.lock().unwrap_or_else(PoisonError::into_inner))();
        } else {
            self.stop.notify_one();
        }
    }
}

impl Driver {
    /// Opens the copy for writing, or begins one. Sends nothing yet. `distrust` is called before another log is taken.
    pub(super) async fn build(
        files: &Files,
        server: &Server,
        way: Way,
        token: Option<&Token>,
        distrust: impl FnMut() + Send + 'static,
    ) -> Result<Self, Failure> {
        let guard = Arc::new(Guard {
            handshakes: AtomicU32::new(0),
            other_log: AtomicBool::new(false),
            stop: Notify::new(),
            distrust: Mutex::new(Box::new(distrust)),
        });
        let seen = Arc::clone(&guard);
        let url = server.endpoint.url().as_str().trim_end_matches('/').to_owned();
        let token = token.map_or_else(String::new, |token| token.reveal().to_owned());
        let notes = Arc::clone(way.notes());
        let building = libsql::Builder::new_remote_replica(&files.database, url, token)
            .connector(way)
            .read_your_writes(false)
            .http_request_callback(move |request| seen.sees(request.uri().path()))
            .build();
        // In a task of its own: a panic of the driver's ends that.
        let mut task = Task(tokio::spawn(building));
        let built = tokio::time::timeout(server.limits.request, &mut task.0).await;
        match built {
            Ok(Ok(Ok(database))) => Ok(Self { database: Arc::new(database), guard, notes }),
            Ok(Ok(Err(error))) => Err(in_words(&error.to_string(), &files.database)),
            Ok(Err(panic)) => Err(Failure::Way(panicked(&panic))),
            Err(_) => Err(Failure::Way("it takes too long".to_owned())),
        }
    }

    /// Bytes that came so far.
    pub(super) fn received(&self) -> u64 {
        self.notes.received()
    }

    /// One sync; gives how many pieces of the log came. `look` is called a few times a second and gives what grows while something comes:
    /// where that stands still for this long, it is over.
    pub(super) async fn sync(
        &self,
        files: &Files,
        other_log: OtherLog,
        patience: Duration,
        mut look: impl FnMut() -> u64,
    ) -> Result<usize, Failure> {
        self.guard.handshakes.store(0, Ordering::Relaxed);
        self.guard.other_log.store(other_log == OtherLog::Taken, Ordering::Relaxed);
        let database = Arc::clone(&self.database);
        let mut task = Task(tokio::spawn(async move { database.sync().await }));
        let (mut seen, mut moved) = (look(), Instant::now());
        loop {
            tokio::select! {
                biased;
                () = self.guard.stop.notified() => return Err(Failure::Handshake),
                done = &mut task.0 => return match done {
                    Ok(Ok(replicated)) => Ok(replicated.frames_synced()),
                    Ok(Err(error)) => Err(in_words(&error.to_string(), &files.database)),
                    Err(panic) => Err(Failure::Way(panicked(&panic))),
                },
                () = tokio::time::sleep(LOOK) => {
                    let now = look();
                    if now != seen {
                        (seen, moved) = (now, Instant::now());
                    } else if moved.elapsed() >= patience {
                        return Err(Failure::Way("nothing comes any more".to_owned()));
                    }
                }
            }
        }
    }
}

/// A task that ends with whoever waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn panicked(error: &tokio::task::JoinError) -> String {
    format!("the driver failed in an unforeseen way ({})", if error.is_panic() { "a panic" } else { "it was ended" })
}

/// The driver's errors are texts around texts, some of SQLite's and some of the operating system's.
fn in_words(said: &str, path: &Path) -> Failure {
    let has = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    let shown = path.display();
    if has(&["malformed", "not a database", "Invalid meta file", "without a wal_index"]) {
        return Failure::Broken(files::broken(&format!("the copy {shown} is damaged"), ""));
    }
    if has(&["disk is full", "No space left", "quota exceeded"]) {
        return Failure::Here(files::full(path));
    }
    if has(&["Permission denied", "readonly database", "unable to open database file", "Read-only file system"]) {
        return Failure::Here(files::cannot_write(&std::io::ErrorKind::PermissionDenied.into(), path));
    }
    if has(&["is locked", "is busy"]) {
        return Failure::Here(Error::new(
            ErrorKind::Locked,
            format!("the copy {shown} is locked by another program"),
            "end what else writes to it; it goes on by itself",
        ));
    }
    if has(&["disk I/O error", "IO error"]) {
        return Failure::Here(Error::new(
            ErrorKind::Io,
            format!("the copy {shown} cannot be written: {}", one_line(said)),
            "check the disk, or give the copy another path",
        ));
    }
    // What came was not taken by the copy, and SQLite's reason is lost on the way: so it is with a full disk.
    if said.contains("injecting frames") {
        return Failure::Here(Error::new(
            ErrorKind::Io,
            format!("the copy {shown} cannot be written: {}", one_line(said)),
            "check that there is room on the disk, or give the copy another path; it goes on by itself",
        ));
    }
    Failure::Way(one_line(said))
}

/// Words of others: one line, not endless, nothing that moves a cursor.
fn one_line(said: &str) -> String {
    let words: String = said.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_the_copy_and_the_way_are_told_apart() {
        let of = |said: &str| in_words(said, Path::new("r.db"));
        let injecting = "replication error: Injector error: A fatal error occured injecting frames: ";
        for broken in ["database disk image is malformed", "file is not a database"] {
            assert!(matches!(of(&format!("{injecting}{broken}")), Failure::Broken(_)), "{broken}");
        }
        for (here, kind) in [
            ("database or disk is full", ErrorKind::Io),
            ("No space left on device (os error 28)", ErrorKind::Io),
            ("attempt to write a readonly database", ErrorKind::PermissionDenied),
            ("database is locked", ErrorKind::Locked),
            ("disk I/O error", ErrorKind::Io),
            // What a full disk really gives.
            ("Error code 200: Unknown error code", ErrorKind::Io),
        ] {
            let Failure::Here(error) = of(&format!("{injecting}{here}")) else { unreachable!("{here}") };
            assert_eq!(error.kind, kind);
            assert!(!error.remedy.is_empty() && error.what.contains("r.db"), "{error:?}");
        }
        let Failure::Way(words) = of("replication error: Timeout performing handshake\n with \u{1b}[2Jprimary") else {
            unreachable!()
        };
        assert_eq!(words, "replication error: Timeout performing handshake with [2Jprimary");
    }
}
