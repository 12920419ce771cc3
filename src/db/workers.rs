//! The workers: a thread and a connection for each slot, cancelled by newer requests.
//!
//! They own the threads of the database layer. A request goes into its slot's mailbox, which holds one: a newer one takes its place
//! and ends the work for the older. A thread starts with the first request of its slot. One more thread watches the file, tells of
//! changes, and follows the bots ([`Slot::Activity`]). Nothing here waits for anything but the database, and nobody waits here:
//! [`Database::submit`] and [`Database::cancel`] return at once.

mod counts;
mod mailbox;
mod observer;
mod worker;

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use self::{counts::Counts, mailbox::Mailbox, observer::Observer, worker::Worker};
use crate::db::{
    connection::mode::Fingerprint,
    error::{Error, ErrorKind},
    location::Location,
    request::{Reply, Request, SLOTS, Slot},
    watch::{self, Watch},
};

/// A database, as the screen sees it: requests go in, replies come out. Dropping it ends its threads.
pub struct Database {
    shared: Arc<Shared>,
    threads: Mutex<Threads>,
    /// How the files were at the start: what changes from here on is told.
    before: Option<Fingerprint>,
}

/// What the threads have in common.
struct Shared {
    location: Location,
    replies: Box<dyn Fn(Reply) + Send + Sync>,
    counts: Counts,
    served: Served,
}

#[derive(Default)]
struct Threads {
    mailboxes: [Option<Arc<Mailbox>>; SLOTS.len()],
    observer: Option<Observer>,
}

impl Database {
    /// A database there, with `replies` for everything it has to say; it is called from the workers' threads. Opens nothing
    /// yet: what is wrong with the location comes as the reply to a request.
    pub fn open(location: Location, replies: impl Fn(Reply) + Send + Sync + 'static) -> Self {
        let before = match &location {
            Location::File(path) => watch::fingerprint(path),
            Location::Server(_) => None,
            Location::Replica(replica) => watch::fingerprint(replica.path()),
        };
        let shared =
            Shared { location, replies: Box::new(replies), counts: Counts::default(), served: Served::default() };
        Self { shared: Arc::new(shared), threads: Mutex::default(), before }
    }

    /// Takes a request. It ends the slot's older one, which is not replied to any more.
    pub fn submit(&self, request: Request) {
        let mut threads = self.lock();
        let (slot, id) = (request.slot, request.id);
        let outcome = if slot == Slot::Activity {
            self.observer(&mut threads).map(|observer| observer.follow(id))
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
        let outcome = outcome.and_then(|()| self.observer(&mut threads).map(|_| ()));
        drop(threads);
        if let Err(error) = outcome {
            self.shared.reply(Reply::Answer { slot, id, outcome: Err(error) });
        }
    }

    /// Gives up what this slot does: its reply says that it was cancelled. The activity just stops.
    pub fn cancel(&self, slot: Slot) {
        let threads = self.lock();
        if slot == Slot::Activity {
            if let Some(observer) = &threads.observer {
                observer.leave();
            }
            return;
        }
        let waited = threads.mailboxes[slot as usize].as_ref().and_then(|mailbox| mailbox.cancel());
        drop(threads);
        if let Some(id) = waited {
            let outcome = Err(Error::new(ErrorKind::Cancelled, "cancelled", ""));
            self.shared.reply(Reply::Answer { slot, id, outcome });
        }
    }

    fn mailbox<'a>(&self, threads: &'a mut Threads, slot: Slot) -> Result<&'a Arc<Mailbox>, Error> {
        let place = &mut threads.mailboxes[slot as usize];
        match place {
            Some(mailbox) => Ok(mailbox),
            None => {
                let mailbox = Arc::new(Mailbox::default());
                let worker = Worker::new(slot, Arc::clone(&mailbox), Arc::clone(&self.shared));
                let name = format!("reelscope-{slot:?}").to_lowercase();
                thread::Builder::new().name(name).spawn(move || worker.run()).map_err(|error| no_thread(&error))?;
                Ok(place.insert(mailbox))
            }
        }
    }

    fn observer<'a>(&self, threads: &'a mut Threads) -> Result<&'a Observer, Error> {
        match &mut threads.observer {
            Some(observer) => Ok(observer),
            place @ None => {
                let observer = Observer::start(Arc::clone(&self.shared), |canceller| {
                    let path = match &self.shared.location {
                        Location::File(path) => path.clone(),
                        Location::Replica(replica) => replica.path().to_path_buf(),
                        Location::Server(_) => std::path::PathBuf::new(),
                    };
                    Watch::new(path, self.before.clone(), canceller)
                });
                Ok(place.insert(observer.map_err(|error| no_thread(&error))?))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let threads = self.lock();
        // The threads are not waited for: one may be in a step of SQLite that takes its time.
        for mailbox in threads.mailboxes.iter().flatten() {
            mailbox.close();
        }
        self.shared.served.notify();
    }
}

impl Shared {
    fn reply(&self, reply: Reply) {
        (self.replies)(reply);
    }
}

/// Whether the page that the user waits for at the start was served: what is not needed for it waits until then.
#[derive(Default)]
struct Served {
    done: Mutex<bool>,
    woken: Condvar,
}

impl Served {
    fn notify(&self) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if !*done {
            *done = true;
            self.woken.notify_all();
        }
    }

    fn wait(&self, patience: Duration) {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.woken.wait_timeout_while(done, patience, |done| !*done);
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
