//! The thread that keeps a copy up to date.
//!
//! Owns the decision what to do next: who syncs, when, whether the copy is to be trusted. One turn after another, each ended at once by
//! a wish to rebuild or by the end of the program; the rest waits for its turn. Tells everything through [`State`]. Must not be waited for
//! by anything that draws. [`fetch`] gets what is new, [`compare`] finds out whose copy it is, [`ask`] asks the server.

mod ask;
mod compare;
mod fetch;

use std::{
    fmt,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::{
    runtime,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::sleep,
};

use super::{
    Reading,
    driver::Driver,
    files::{self, Files, Found},
    lock::Lock,
    pace::{Pace, Sight},
    pulse::{Felt, Pulse},
    sidecar::Sidecar,
    signature::Doubt,
    state::State,
};
use crate::db::{
    error::{Error, ErrorKind, Result},
    request::SyncHow,
    server::Server,
};

/// How often the time of the last sync is written down.
const REMEMBER: Duration = Duration::from_secs(30);
/// How often one who does not sync looks whether it may, and what the other did.
const FOLLOW: Duration = Duration::from_secs(1);
/// Where the server does not say how far it is after so many answers, it is not asked for that any more.
const SILENT: u32 = 3;

/// The thread, seen from outside. It ends when this is dropped.
pub(super) struct Keeper {
    words: UnboundedSender<Word>,
}

enum Word {
    Stir,
    Sync(SyncHow, mpsc::Sender<Result<()>>),
}

impl Keeper {
    /// Starts the thread.
    pub(super) fn start(state: Arc<State>, files: Files, server: Server) -> Result<Self> {
        let no_thread = |error: std::io::Error| {
            Error::new(
                ErrorKind::Io,
                format!("the copy cannot be kept up to date: {error}"),
                "end other programs, or raise the limits of processes and open files",
            )
        };
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let (words, heard) = unbounded_channel();
        let work = Work::new(state, files, server);
        let run = move || {
            runtime.block_on(run(work, heard));
            // What was given up in the middle of a write to the disk is let finish.
            runtime.shutdown_timeout(Duration::from_secs(2));
        };
        thread::Builder::new().name("reelscope-sync".into()).spawn(run).map_err(no_thread)?;
        Ok(Self { words })
    }

    pub(super) fn stir(&self) {
        // It is there as long as this is.
        let _ = self.words.send(Word::Stir);
    }

    /// Wishes for a sync; what comes of it is received.
    pub(super) fn sync(&self, how: SyncHow) -> mpsc::Receiver<Result<()>> {
        let (done, outcome) = mpsc::channel();
        let _ = self.words.send(Word::Sync(how, done));
        outcome
    }
}

/// What one turn is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Nobody asked.
    None,
    /// Somebody waits.
    Sync,
    /// Somebody wants a new copy.
    Rebuild,
}

/// Why a turn did not work.
#[derive(Debug)]
enum Trouble {
    /// The way to the server, or the server.
    Way(Error),
    /// This computer.
    Here(Error),
    /// The copy: only a rebuild helps.
    Broken(Error),
}

impl Trouble {
    const fn error(&self) -> &Error {
        match self {
            Self::Way(error) | Self::Here(error) | Self::Broken(error) => error,
        }
    }
}

/// What a turn that worked did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    /// The copy has what the server has.
    Synced(Sight),
    /// Another program syncs.
    Followed,
}

async fn run(mut work: Work, mut words: UnboundedReceiver<Word>) {
    let mut wish = Wish::None;
    let mut waiting: Vec<mpsc::Sender<Result<()>>> = Vec::new();
    loop {
        let mut later = Vec::new();
        let (mut stirred, mut next) = (false, Wish::None);
        let outcome = {
            let turn = work.turn(wish);
            tokio::pin!(turn);
            loop {
                tokio::select! {
                    biased;
                    word = words.recv() => match word {
                        None => return,
                        Some(Word::Stir) => stirred = true,
                        Some(Word::Sync(SyncHow::Now, done)) => {
                            later.push(done);
                            next = Wish::Sync;
                        }
                        Some(Word::Sync(SyncHow::Rebuild, done)) => {
                            later.push(done);
                            next = Wish::Rebuild;
                            break None;
                        }
                    },
                    outcome = &mut turn => break Some(outcome),
                }
            }
        };
        match &outcome {
            Some(outcome) => {
                let said = outcome.as_ref().map(|_| ()).map_err(|trouble| trouble.error().clone());
                waiting.drain(..).for_each(|done| drop(done.send(said.clone())));
            }
            // Whoever waited for the copy that is thrown away waits for the new one.
            None => work.give_up(),
        }
        waiting.append(&mut later);
        if stirred || next != Wish::None {
            work.pace.stir(Instant::now());
        }
        let pause = outcome.and_then(|outcome| work.after(outcome));
        wish = next;
        if wish != Wish::None {
            continue;
        }
        work.polls_every(pause);
        let pause = async {
            match pause {
                Some(pause) => sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(pause);
        tokio::select! {
            word = words.recv() => match word {
                None => return,
                Some(Word::Stir) => work.pace.stir(Instant::now()),
                Some(Word::Sync(how, done)) => {
                    work.pace.stir(Instant::now());
                    waiting.push(done);
                    wish = if how == SyncHow::Rebuild { Wish::Rebuild } else { Wish::Sync };
                }
            },
            () = &mut pause => {}
        }
    }
}

/// What the thread works with.
struct Work {
    state: Arc<State>,
    files: Files,
    server: Server,
    pace: Pace,
    /// The right to sync, where it is ours. After what writes: it goes last.
    driver: Option<Driver>,
    pulse: Option<Pulse>,
    lock: Option<Lock>,
    /// How far the server's log was before the last sync.
    seen: Option<u64>,
    /// How often in a row it did not say.
    silent: u32,
    doubt: Option<Doubt>,
    compared: Option<Instant>,
    remembered: Option<(Sidecar, Instant)>,
}

impl Work {
    fn new(state: Arc<State>, files: Files, server: Server) -> Self {
        let seed = Timestamp::now().as_nanosecond() as u64 ^ u64::from(std::process::id()) << 32;
        Self {
            state,
            files,
            server,
            pace: Pace::new(seed),
            driver: None,
            pulse: None,
            lock: None,
            seen: None,
            silent: 0,
            doubt: None,
            compared: None,
            remembered: None,
        }
    }

    /// Says how often the server is asked.
    fn polls_every(&self, pause: Option<Duration>) {
        if let Ok(link) = self.server.link() {
            link.set_poll(pause.filter(|_| self.lock.is_some()));
        }
    }

    /// Drops what was in the middle of something.
    fn give_up(&mut self) {
        self.driver = None;
        self.pulse = None;
        self.seen = None;
        self.state.progress(None);
    }

    /// Tells how a turn ended; the pause until the next, `None` where only somebody's wish can change anything.
    fn after(&mut self, outcome: Result<Done, Trouble>) -> Option<Duration> {
        match outcome {
            Ok(Done::Synced(sight)) => Some(self.pace.answered(Instant::now(), sight)),
            Ok(Done::Followed) => Some(FOLLOW),
            Err(trouble) => {
                self.give_up();
                tracing::debug!("no sync: {}", trouble.error());
                match trouble {
                    Trouble::Way(_) => self.state.failed(None),
                    Trouble::Here(why) => self.state.failed(Some(&why)),
                    Trouble::Broken(why) => {
                        self.state.found(&Found::Broken(why));
                        return None;
                    }
                }
                Some(self.pace.failed())
            }
        }
    }

    async fn turn(&mut self, wish: Wish) -> Result<Done, Trouble> {
        if self.lock.is_none() && !self.take_over()? {
            return match wish {
                Wish::Rebuild => Err(Trouble::Here(Error::new(
                    ErrorKind::Locked,
                    format!("another program keeps the copy {} up to date", self.files.database.display()),
                    "rebuild it there, or end that program first",
                ))),
                Wish::None | Wish::Sync => Ok(Done::Followed),
            };
        }
        if wish == Wish::Rebuild {
            self.throw_away()?;
        }
        if let Some(why) = self.state.status().broken {
            return Err(Trouble::Broken(why));
        }
        self.reach_again().await?;
        let Felt { index, anew } = self.feel().await?;
        let sight = if index.is_some() { Sight::Clear } else { Sight::Blind };
        let nothing_new = index.is_some() && index == self.seen && !anew && self.doubt.is_none();
        let frames = if nothing_new && wish == Wish::None { 0 } else { self.fetch(index).await? };
        if frames > 0 {
            self.pace.stir(Instant::now());
            self.silent = 0;
        }
        // A copy that was not shown until now is shown once it is known to be the server's.
        let first = self.state.reading() == Reading::Server;
        if first || self.doubt.is_some() || self.may_compare(frames > 0 || wish != Wish::None) {
            self.compare(first).await?;
        }
        if !(first && self.doubt.is_some()) {
            self.synced()?;
        }
        self.seen = index;
        Ok(Done::Synced(sight))
    }

    /// Takes the right to sync, if no other program has it; else looks at what that one did.
    fn take_over(&mut self) -> Result<bool, Trouble> {
        self.lock = Lock::take(&self.files.lock).map_err(Trouble::Here)?;
        // What lies there now, not what lay there at the start.
        let server = self.server.endpoint.to_string();
        let found = match &self.lock {
            Some(_) => self.files.examine(&server),
            None => self.files.inspect(&server),
        };
        let found = found.map_err(Trouble::Here)?;
        self.state.found(&found);
        self.state.failed(None);
        Ok(self.lock.is_some())
    }

    fn throw_away(&mut self) -> Result<(), Trouble> {
        self.give_up();
        self.state.distrusted();
        self.files.remove().map_err(Trouble::Here)?;
        self.state.found(&Found::Nothing);
        (self.doubt, self.compared, self.remembered) = (None, None, None);
        Ok(())
    }

    /// How far the server's log is, where it says.
    async fn feel(&mut self) -> Result<Felt, Trouble> {
        let nothing = Felt { index: None, anew: false };
        if self.silent >= SILENT {
            return Ok(nothing);
        }
        let mut pulse = match self.pulse.take() {
            Some(pulse) => pulse,
            None => {
                let token = self.token().await?;
                Pulse::new(self.way()?, self.server.endpoint.url().as_str(), token)
            }
        };
        let felt = pulse.feel().await;
        match felt {
            Ok(felt) => {
                self.silent = if felt.index.is_some() { 0 } else { self.silent + 1 };
                self.pulse = Some(pulse);
                Ok(felt)
            }
            Err(_) => {
                // With it goes the token, which may be an old one.
                self.driver = None;
                self.reach().await?;
                self.silent += 1;
                Ok(nothing)
            }
        }
    }

    /// The copy has what the server has: says so, and writes it down where that is due.
    fn synced(&mut self) -> Result<(), Trouble> {
        let now = Timestamp::now();
        let sidecar = Sidecar { synced: Some(now), ..self.sidecar(true) };
        let known = self
            .remembered
            .as_ref()
            .is_some_and(|(known, written)| known.whole && known.log == sidecar.log && written.elapsed() < REMEMBER);
        if !known {
            sidecar.write(&self.files.sidecar).map_err(|why| Trouble::Here(self.unwritable(why)))?;
            self.remembered = Some((sidecar, Instant::now()));
        }
        self.state.synced(now);
        Ok(())
    }

    fn sidecar(&self, whole: bool) -> Sidecar {
        let synced = self.state.status().synced;
        let log = self.files.index().map(|index| index.log);
        Sidecar { whole, synced, log, ..Sidecar::new(self.server.endpoint.to_string()) }
    }

    fn unwritable(&self, why: Error) -> Error {
        match why.kind {
            ErrorKind::PermissionDenied => {
                files::cannot_write(&std::io::ErrorKind::PermissionDenied.into(), &self.files.sidecar)
            }
            _ => why,
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeper")
    }
}
