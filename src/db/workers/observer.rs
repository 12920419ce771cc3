//! The thread that watches: tells of changes and trouble, and follows the bots where somebody asked for it.
//!
//! A file, and a copy of a server that is whole, is watched by [`files`]; a server is asked again and again by [`servers`], at the
//! [`pace`] of what happens there. It owns what is heard from the other threads. Must not read for the user: the slots do.

mod files;
mod pace;
mod servers;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use self::{files::FileWatch, servers::ServerWatch};
use super::{Shared, worker::broken};
use crate::db::{
    connection::{Canceller, mode::Fingerprint},
    error::{Error, Result},
    location::Location,
    request::{Reply, RequestId},
    watch::Watch,
};

/// What one can say to it.
pub(super) enum Word {
    /// Follow the bots, and answer to this request.
    Follow(RequestId),
    /// Likewise; whoever follows them already goes on with what was told, which is compared with the tables at once.
    GoOn(RequestId),
    /// Follow them no more.
    Leave,
    /// Look whether something changed, now, and say how that went.
    Look(Sender<Result<()>>),
    /// A user's request was answered by the server, or was not.
    Asked(Result<()>),
    /// The database is closed.
    End,
}

/// The watching thread, seen from outside. What it reads ends when this is dropped.
pub(super) struct Observer {
    canceller: Canceller,
}

impl Observer {
    /// Starts the thread. It begins to watch when the first page was served, or waiting for that took too long.
    pub(super) fn start(shared: Arc<Shared>, heard: Receiver<Word>, before: Option<Fingerprint>) -> io::Result<Self> {
        let canceller = Canceller::default();
        let own = canceller.clone();
        thread::Builder::new().name("reelscope-watch".into()).spawn(move || run(shared, &heard, before, &own))?;
        Ok(Self { canceller })
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.canceller.cancel();
    }
}

/// What is watched.
enum Target {
    File(Box<FileWatch>),
    Server(Box<ServerWatch>),
}

/// What comes after a turn.
enum Next {
    /// The next turn, after this time at most.
    Turn(Duration),
    /// It is not read any more: the copy of a server is whole, or begun anew.
    Other,
}

impl Target {
    fn of(shared: &Arc<Shared>, before: Option<Fingerprint>, canceller: &Canceller) -> Self {
        if let Some(server) = shared.server() {
            return Self::Server(Box::new(ServerWatch::new(Arc::clone(shared), server.clone(), canceller.clone())));
        }
        let mut watch = match &shared.location {
            Location::File(path) => Watch::new(path.clone(), before, canceller.clone()),
            Location::Replica(replica) => Watch::new(replica.path().to_path_buf(), None, canceller.clone()),
            // There is a server, so it was watched above.
            Location::Server(_) => Watch::new(std::path::PathBuf::new(), None, canceller.clone()),
        };
        if !matches!(shared.location, Location::File(_)) {
            // Whatever was shown until now was the server's.
            watch.forget();
        }
        Self::File(Box::new(FileWatch::new(Arc::clone(shared), watch)))
    }

    fn hear(&mut self, word: Word) {
        match self {
            Self::File(file) => file.hear(word),
            Self::Server(server) => server.hear(word),
        }
    }

    fn turn(&mut self, shared: &Shared) -> Next {
        match self {
            Self::File(file) => {
                if shared.server().is_some() {
                    shared.cache.clear();
                    shared.reply(Reply::Changed { schema: true });
                    return Next::Other;
                }
                Next::Turn(file.turn())
            }
            Self::Server(server) => server.turn(),
        }
    }

    /// Whatever was half done is begun anew.
    fn broke(&mut self, error: Error) -> Duration {
        match self {
            Self::File(file) => file.broke(error),
            Self::Server(server) => server.broke(error),
        }
    }

    fn following(&self) -> Option<RequestId> {
        match self {
            Self::File(file) => file.following(),
            Self::Server(server) => server.following(),
        }
    }
}

fn run(shared: Arc<Shared>, heard: &Receiver<Word>, before: Option<Fingerprint>, canceller: &Canceller) {
    servers::listen_to_the_link(&shared);
    shared.let_the_first_page_go_first();
    let mut target = Target::of(&shared, before, canceller);
    let mut pause = Duration::ZERO;
    loop {
        let first = match heard.recv_timeout(pause) {
            Ok(word) => Some(word),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        for word in first.into_iter().chain(heard.try_iter()) {
            match word {
                Word::End => return,
                word => target.hear(word),
            }
        }
        pause = match catch_unwind(AssertUnwindSafe(|| target.turn(&shared))) {
            Ok(Next::Turn(pause)) => pause,
            Ok(Next::Other) => {
                let following = target.following();
                target = Target::of(&shared, None, canceller);
                if let Some(id) = following {
                    target.hear(Word::Follow(id));
                }
                Duration::ZERO
            }
            Err(cause) => target.broke(broken(cause.as_ref())),
        };
    }
}
