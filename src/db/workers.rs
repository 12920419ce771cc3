//! The workers: a thread and a connection for each slot, cancelled by newer requests.
//!
//! They own the threads of the database layer. A request goes into its slot's mailbox, which holds one: a newer one takes its place
//! and ends the work for the older. A thread starts with the first request of its slot. One more thread watches the file or asks the
//! server, tells of changes, and follows the bots ([`Slot::Activity`]). Nothing here waits for anything but the database, and nobody
//! waits here: [`Database::submit`] and [`Database::cancel`] return at once. Only a write is seen to its end when all is over.
//!
//! What a server answered is kept in [`cache`]; a file is fast enough to be read each time.

mod cache;
mod counts;
mod mailbox;
mod observer;
mod remote;
mod waiting;
mod worker;
mod wrote;

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use self::{
    cache::Cache,
    counts::Counts,
    mailbox::{Mailbox, Turns},
    observer::{Observer, Word},
    waiting::{Served, Traffic},
    worker::Worker,
};
use crate::db::{
    connection::mode::Fingerprint,
    error::{Error, ErrorKind},
    location::Location,
    replica::Reading,
    request::{Freshness, Reply, Request, SLOTS, Slot},
    server::Server,
    watch,
    write::Grant,
};

/// How long at the start what nobody waits for waits for what the user waits for, of a file and of a server. Where nothing is asked
/// for, it goes on then.
const FIRST_PAGE: Duration = Duration::from_millis(50);
const FIRST_PAGE_OF_SERVER: Duration = Duration::from_secs(5);

/// How long a write that is under way when the database is closed is waited for.
const FAREWELL: Duration = Duration::from_secs(2);

/// A database, as the screen sees it: requests go in, replies come out. Dropping it ends its threads.
pub struct Database {
    shared: Arc<Shared>,
    threads: Mutex<Threads>,
}

/// What the threads have in common.
struct Shared {
    location: Location,
    /// Where it may be written: what another program left half done in a file is rolled back then.
    grant: Option<Grant>,
    replies: Box<dyn Fn(Reply) + Send + Sync>,
    /// To the observer.
    words: Sender<Word>,
    counts: Counts,
    cache: Cache,
    served: Served,
    traffic: Traffic,
}

struct Threads {
    mailboxes: [Option<Arc<Mailbox>>; SLOTS.len()],
    /// Hangs up when the thread that writes has ended.
    writing: Option<Receiver<Infallible>>,
    observer: Watching,
}

/// Whether the observer's thread runs.
enum Watching {
    /// Not yet: what it will hear, and how the files were at the start: what changes from here on is told.
    NotYet(Receiver<Word>, Option<Fingerprint>),
    /// What it reads ends with this.
    Runs { _until: Observer },
    /// Its thread could not be started.
    Never(Error),
}

impl Database {
    /// A database there, with `replies` for everything it has to say; it is called from the workers' threads. Opens nothing
    /// yet: what is wrong with the location comes as the reply to a request.
    pub fn open(location: Location, replies: impl Fn(Reply) + Send + Sync + 'static) -> Self {
        Self::open_with(location, None, replies)
    }

    /// The same, of one that may be written, where there is a grant: what another program left half done in a file (it was killed in
    /// the middle of a commit) does not end reading then, but is rolled back.
    pub fn open_with(
        location: Location,
        grant: Option<Grant>,
        replies: impl Fn(Reply) + Send + Sync + 'static,
    ) -> Self {
        let before = match &location {
            Location::File(path) => watch::fingerprint(path),
            Location::Server(_) | Location::Replica(_) => None,
        };
        let (words, heard) = mpsc::channel();
        let shared = Arc::new(Shared {
            location,
            grant,
            replies: Box::new(replies),
            words,
            counts: Counts::default(),
            cache: Cache::default(),
            served: Served::default(),
            traffic: Traffic::default(),
        });
        let threads =
            Threads { mailboxes: Default::default(), writing: None, observer: Watching::NotYet(heard, before) };
        Self { shared, threads: Mutex::new(threads) }
    }

    /// Takes a request. It ends the slot's older one, which is not replied to any more; but writes come one after another.
    pub fn submit(&self, request: Request) {
        let mut threads = self.lock();
        let (slot, id) = (request.slot, request.id);
        let outcome = if slot == Slot::Activity {
            self.shared.tell(match request.freshness {
                Freshness::Any => Word::Follow(id),
                Freshness::Now => Word::GoOn(id),
            });
            Ok(())
        } else {
            self.mailbox(&mut threads, slot).map(|mailbox| mailbox.put(request))
        };
        // A page is what comes next: its thread opens the file while the schema is read.
        if slot == Slot::Schema
            && let Err(error) = self.mailbox(&mut threads, Slot::Page)
        {
            tracing::debug!("pages get their thread later: {}", error.what);
        }
        // Every database is watched, after its first page.
        let outcome = outcome.and_then(|()| self.observe(&mut threads));
        drop(threads);
        if let Err(error) = outcome {
            self.shared.reply(Reply::Answer { slot, id, outcome: Err(error) });
        }
    }

    /// Nobody waits for a page: what would wait for the first one to be served begins at once.
    pub fn expect_no_page(&self) {
        self.shared.served.notify();
    }

    /// Gives up what this slot does: its reply says that it was cancelled. The activity just stops. A write that has begun to commit
    /// is not given up: its reply says what became of it.
    pub fn cancel(&self, slot: Slot) {
        let threads = self.lock();
        if slot == Slot::Activity {
            self.shared.tell(Word::Leave);
            return;
        }
        let waited = threads.mailboxes[slot as usize].as_ref().map(|mailbox| mailbox.cancel()).unwrap_or_default();
        drop(threads);
        for id in waited {
            let outcome = Err(Error::new(ErrorKind::Cancelled, "cancelled", ""));
            self.shared.reply(Reply::Answer { slot, id, outcome });
        }
    }

    fn mailbox<'a>(&self, threads: &'a mut Threads, slot: Slot) -> Result<&'a Arc<Mailbox>, Error> {
        let Threads { mailboxes, writing, .. } = threads;
        let place = &mut mailboxes[slot as usize];
        match place {
            Some(mailbox) => Ok(mailbox),
            None => {
                let turns = if slot == Slot::Write { Turns::Each } else { Turns::Newest };
                let mailbox = Arc::new(Mailbox::new(turns));
                let worker = Worker::new(slot, Arc::clone(&mailbox), Arc::clone(&self.shared));
                let name = format!("reelscope-{slot:?}").to_lowercase();
                let (running, ended) = mpsc::channel::<Infallible>();
                let run = move || {
                    worker.run();
                    drop(running);
                };
                thread::Builder::new().name(name).spawn(run).map_err(|error| no_thread(&error))?;
                if slot == Slot::Write {
                    *writing = Some(ended);
                }
                Ok(place.insert(mailbox))
            }
        }
    }

    /// Starts the observer where it does not run yet.
    fn observe(&self, threads: &mut Threads) -> Result<(), Error> {
        let starting = match &mut threads.observer {
            Watching::Runs { .. } => return Ok(()),
            Watching::Never(error) => return Err(error.clone()),
            not_yet => std::mem::replace(not_yet, Watching::Never(no_thread(&std::io::ErrorKind::Other.into()))),
        };
        let Watching::NotYet(heard, before) = starting else { return Ok(()) };
        match Observer::start(Arc::clone(&self.shared), heard, before) {
            Ok(observer) => {
                threads.observer = Watching::Runs { _until: observer };
                Ok(())
            }
            Err(error) => {
                let error = no_thread(&error);
                threads.observer = Watching::Never(error.clone());
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut threads = self.lock();
        let writing = threads.writing.take();
        // Those that read are not waited for: one may be in a step of SQLite that takes its time.
        for mailbox in threads.mailboxes.iter().flatten() {
            mailbox.close();
        }
        // The observer's canceller is its own: dropping it ends what is read.
        self.shared.tell(Word::End);
        self.shared.served.notify();
        drop(threads);
        // A commit under way comes to its end, and the file is closed as it should be. What only waits for a lock ends at once.
        if let Some(writing) = writing {
            let _ = writing.recv_timeout(FAREWELL);
        }
    }
}

impl Shared {
    fn reply(&self, reply: Reply) {
        (self.replies)(reply);
    }

    /// Tells the observer; nothing where it has ended.
    fn tell(&self, word: Word) {
        let _ = self.words.send(word);
    }

    /// The server that is read now; `None` where a file is.
    fn server(&self) -> Option<&Server> {
        match &self.location {
            Location::File(_) => None,
            Location::Server(server) => Some(server),
            Location::Replica(replica) => match replica.reading() {
                Reading::Copy => None,
                Reading::Server => Some(replica.server()),
            },
        }
    }

    /// Waits for the page that the user waits for: over a network it may take long, and has to have the way for itself.
    fn let_the_first_page_go_first(&self) {
        self.served.wait(if self.server().is_some() { FIRST_PAGE_OF_SERVER } else { FIRST_PAGE });
    }
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::Io,
        format!("no thread could be started: {error}"),
        "end other programs, or raise the limit of processes",
    )
}

#[cfg(test)]
mod tests;
