//! An embedded replica: a file that follows a server.
//!
//! Owns the copy's state and the thread that syncs it ([`keeper`]); reading goes through a read-only connection of
//! [`session`](crate::db::session) to the same file, from the moment the copy has everything, and through the server until then. The
//! copy is only ever written by libSQL's own replication ([`driver`]), and by one program at a time ([`lock`]). Must not read rows for
//! anybody else, and must not delete anything that is not known to be a copy ([`files`]).

mod driver;
mod files;
mod keeper;
mod lock;
mod pace;
mod progress;
mod pulse;
mod sidecar;
mod signature;
mod state;

use std::{
    fmt,
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Once, PoisonError, mpsc::RecvTimeoutError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use self::{files::Files, keeper::Keeper, state::State};
use super::server::Server;
use crate::db::{
    connection::Canceller,
    error::{Error, ErrorKind, Result},
    request::{CopyStatus, SyncHow},
};

/// A server with a copy of it in a file. Clones share the state, and the thread that syncs; it ends with the last of them.
#[derive(Clone)]
pub struct Replica {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    server: Server,
    state: Arc<State>,
    keeper: Mutex<Option<Keeper>>,
}

/// A copy that another program keeps up to date is at most this old: that program writes down every half minute that it
/// is.
const KEPT: SignedDuration = SignedDuration::from_secs(60);

/// From where to read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The copy has everything the server had at some time.
    Copy,
    /// There is no whole copy yet, or it cannot be trusted.
    Server,
}

/// How a copy is after trying to bring it up to date.
#[derive(Clone, Debug, PartialEq)]
pub enum CaughtUp {
    /// It has what the server has.
    Fresh,
    /// It has what the server had at that time (where that is known), and could not be brought up to date for this reason.
    Old {
        /// When it was last up to date.
        synced: Option<Timestamp>,
        /// Why it is not now.
        why: Error,
    },
}

impl Replica {
    /// A copy there of this server. Touches nothing yet: opening does.
    pub fn new(path: PathBuf, server: Server) -> Self {
        prepare();
        let shared = Shared { path, server, state: Arc::new(State::new()), keeper: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// The copy's file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The server it follows.
    pub fn server(&self) -> &Server {
        &self.shared.server
    }

    /// Looks at what lies there and begins to sync, if that has not happened yet.
    ///
    /// # Errors
    ///
    /// What lies there is a database of its own, or a folder: nothing is touched then. No thread, or a token that may not travel.
    pub(crate) fn open(&self) -> Result<Reading> {
        self.keeper(|_| ())?;
        Ok(self.reading())
    }

    /// From where to read now.
    pub(crate) fn reading(&self) -> Reading {
        self.shared.state.reading()
    }

    /// How the copy is.
    pub fn status(&self) -> CopyStatus {
        self.shared.state.status()
    }

    /// The user asked for something: what the server has should be here soon.
    pub(crate) fn stir(&self) {
        // Where nothing can be kept, the request itself says why.
        let _ = self.keeper(Keeper::stir);
    }

    /// Brings the copy up to date, and waits for it.
    ///
    /// # Errors
    ///
    /// Those of the way to the server and of the disk; what the copy is broken by, which only [`SyncHow::Rebuild`] mends;
    /// `Cancelled` where the canceller says so: the sync itself goes on.
    pub(crate) fn sync(&self, how: SyncHow, canceller: &Canceller) -> Result<()> {
        let outcome = self.keeper(|keeper| keeper.sync(how))?;
        loop {
            match outcome.recv_timeout(GLANCE) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) if canceller.is_cancelled() => {
                    return Err(Error::new(ErrorKind::Cancelled, "cancelled", ""));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new(ErrorKind::Io, "the copy is not kept up to date any more", "start anew"));
                }
            }
        }
    }

    /// Something was written to the server: has the copy take it in, and waits for that a moment, so that who writes reads it.
    pub(crate) fn follow(&self, patience: Duration) {
        if let Ok(outcome) = self.keeper(|keeper| keeper.sync(SyncHow::Now)) {
            // Where it takes longer, or fails, the copy says so itself.
            let _ = outcome.recv_timeout(patience);
        }
    }

    /// For one who reads once: brings the copy up to date, or says how old it is where that cannot be done.
    ///
    /// # Errors
    ///
    /// There is no copy that could be read instead, or it is broken.
    pub fn catch_up(&self, canceller: &Canceller) -> Result<CaughtUp> {
        match self.sync(SyncHow::Now, canceller) {
            Ok(()) => match self.status().synced {
                // Another program keeps it, and that one could not either.
                Some(at) if Timestamp::now().duration_since(at) > KEPT => {
                    Ok(CaughtUp::Old { synced: Some(at), why: self.kept_by_another() })
                }
                _ => Ok(CaughtUp::Fresh),
            },
            Err(why) if why.kind == ErrorKind::Cancelled || self.reading() == Reading::Server => Err(why),
            Err(why) => Ok(CaughtUp::Old { synced: self.status().synced, why }),
        }
    }

    fn kept_by_another(&self) -> Error {
        Error::new(
            ErrorKind::Locked,
            format!(
                "another program keeps {} up to date, and has not heard of the server lately",
                self.shared.path.display()
            ),
            "see what that program says of the server",
        )
    }

    fn keeper<T>(&self, ask: impl FnOnce(&Keeper) -> T) -> Result<T> {
        let Shared { path, server, state, keeper } = &*self.shared;
        let mut keeper = keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keeper) = &*keeper {
            return Ok(ask(keeper));
        }
        let files = Files::of(path)?;
        state.found(&files.examine(&server.endpoint.to_string())?);
        // What is wrong with the way there for good is said before anything is tried.
        let link = server.link()?.clone();
        state.on_status(Box::new(move |status| link.set_copy(Some(status))));
        Ok(ask(keeper.insert(Keeper::start(Arc::clone(state), files, server.clone())?)))
    }
}

/// Lets libSQL set SQLite up, once. Its replication insists on doing that itself, and panics where a file was opened before by other
/// means: whoever opens files with `rusqlite` and makes a [`Replica`] later calls this first. [`Replica::new`] does.
pub fn prepare() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        #[expect(deprecated, reason = "the builder that replaces it has to be awaited; nothing is opened by either")]
        let set_up = catch_unwind(|| libsql::Database::open_in_memory().is_ok());
        if !set_up.is_ok_and(|is| is) {
            tracing::warn!("SQLite was set up by others: there will be no copies of servers");
        }
    });
}

/// How often one who waits for a sync looks whether it was cancelled.
const GLANCE: Duration = Duration::from_millis(20);

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica")
            .field("path", &self.shared.path)
            .field("server", &self.shared.server)
            .finish_non_exhaustive()
    }
}
