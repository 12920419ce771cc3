//! The connections to a server, shared by all who read from it, and the state they are in.
//!
//! One thread does the network's work for all; what is read is awaited, and its JSON parsed, on the thread that asked, so that nobody
//! waits for another's answer. A request takes a connection out of the pool, last in first out, and puts it back when it was answered:
//! requests one after another go over one TCP connection, requests at once over one each. What failed or was given up is dropped,
//! which closes it and ends the work on the server.
//!
//! All of it is for reading only: a read on a kept connection that turns out to be dead is sent a second time. What writes goes
//! another way, by [`writer`], where nothing is.

mod cursor;
mod health;
mod keys;
mod pool;
#[cfg(test)]
mod tests;
mod writer;
use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

pub(crate) use self::writer::{Refused, Sent};
use self::{
    health::{Health, PATIENCE},
    keys::Keys,
    pool::{Lease, Pool},
    writer::Writer,
};
pub(crate) use super::connector::Traffic;
use super::{
    Limits, Server,
    connector::{Connector, Notes},
    credentials::Token,
    script::Script,
    words::{self, Fault, Reached, Words},
};
use crate::{
    db::{
        connection::{Canceller, reader::Flow},
        error::{Error, ErrorKind, Result},
        request::{CopyStatus, LinkStatus},
    },
    domain::value::{Bytes, Value},
};

/// An answer of fewer bytes tells how long a round trip takes; a longer one how long its bytes take.
const SMALL: u64 = 32 << 10;

/// What is longer is no page: sqld itself sends at most 10 MB, as it is set up.
const LONGEST: u64 = 64 << 20;

/// The rows of one statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Set {
    pub(crate) rows: Vec<Vec<Value>>,
}

/// The connections to one server. Clones share them.
#[derive(Clone)]
pub(crate) struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    host: String,
    limits: Limits,
    keys: Keys,
    pool: Pool,
    health: Health,
    connector: Connector,
    writer: Writer,
    network: Network,
}

/// The thread that does the network's work; it ends when this is dropped.
struct Network {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Network {
    fn start() -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(
                ErrorKind::Io,
                format!("no thread for the network: {error}"),
                "end other programs, then try again",
            )
        };
        // A name that nobody answers for holds its thread long after the request was given up: what asks next finds another.
        let runtime =
            Builder::new_current_thread().enable_all().thread_name("reelscope-names").max_blocking_threads(32).build();
        let runtime = runtime.map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("reelscope-net".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
                // A name that is being asked for may hang: nobody waits for it any more.
                runtime.shutdown_background();
            })
            .map_err(failed)?;
        Ok(Self { handle, _stop: stop })
    }

    /// Runs this to its end on the calling thread.
    fn wait<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        if Handle::try_current().is_err() {
            return self.handle.block_on(work);
        }
        // Inside another runtime nothing may be waited for: beside it, it may.
        thread::scope(|scope| match scope.spawn(|| self.handle.block_on(work)).join() {
            Ok(done) => done,
            Err(cause) => std::panic::resume_unwind(cause),
        })
    }
}

impl Link {
    /// Makes ready; connects to nothing yet.
    pub(crate) fn open(server: &Server) -> Result<Self> {
        let connector = Connector::new(server)?;
        let shared = Shared {
            host: server.endpoint.authority(),
            limits: server.limits,
            keys: Keys::new(server),
            pool: Pool::new(server.endpoint.url().as_str()),
            health: Health::default(),
            writer: Writer::new(server),
            connector,
            network: Network::start()?,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Sends the statements in one request and waits for all their rows, at most [`Limits::request`].
    pub(crate) fn batch(&self, script: &Script, canceller: &Canceller) -> Result<Vec<Set>> {
        self.batch_within(script, canceller, self.shared.limits.request)
    }

    /// As [`Self::batch`] with another limit.
    pub(crate) fn batch_within(&self, script: &Script, canceller: &Canceller, limit: Duration) -> Result<Vec<Set>> {
        let text = script.text();
        let shared = &*self.shared;
        let course = Course::new(What::Batch);
        shared.network.wait(shared.guarded(&course, canceller, limit, shared.ask(&course, &text)))
    }

    /// Reads one statement's rows as they come, in constant memory, on a connection of its own.
    pub(crate) fn cursor(
        &self,
        script: &Script,
        canceller: &Canceller,
        each: &mut dyn FnMut(Vec<Value>) -> Result<Flow>,
    ) -> Result<()> {
        self.shared.stream(&script.text(), canceller, each)
    }

    /// A way to the same server for a client of another kind, with its own notes and the same [`Traffic`].
    pub(crate) fn connector(&self) -> Connector {
        self.shared.connector.noted()
    }

    /// How the connections are.
    #[cfg(test)]
    pub(crate) fn status(&self) -> LinkStatus {
        self.shared.health.status()
    }

    /// The token of the moment, for a client of another kind: asked for once for all, and again where the server refuses it. May wait
    /// for a command.
    ///
    /// # Errors
    ///
    /// Those of its source; it may not travel there.
    pub(crate) fn token(&self) -> Result<Option<Token>> {
        let shared = &*self.shared;
        let limit = shared.limits.request;
        let asked = async { tokio::time::timeout(limit, shared.keys.token()).await };
        let key = shared.network.wait(asked).map_err(|_| words::late(&shared.host, Reached::Token, limit))??;
        Ok(key.token().cloned())
    }

    /// Calls this whenever the status changes in a way worth a frame; replaces the one before. It must not call the link.
    pub(crate) fn on_status(&self, tell: impl Fn(LinkStatus) + Send + Sync + 'static) {
        self.shared.health.on_status(Box::new(tell));
    }

    /// How long to wait until the server is tried again; `None` where nothing is wrong.
    pub(crate) fn next_try(&self) -> Option<Duration> {
        self.shared.health.next_try()
    }

    /// How often the server is asked for changes, for the status.
    pub(crate) fn set_poll(&self, poll: Option<Duration>) {
        self.shared.health.set_poll(poll);
    }

    /// How the copy is, for the status.
    pub(crate) fn set_copy(&self, copy: Option<CopyStatus>) {
        self.shared.health.set_copy(copy);
    }

    /// What has travelled so far, for tests that count.
    #[cfg(test)]
    pub(crate) fn traffic(&self) -> Traffic {
        self.shared.connector.meter().read()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Traffic { connections, requests, received, sent } = self.connector.meter().read();
        tracing::info!(
            "{}: {requests} requests over {connections} connections, {received} bytes received, {sent} sent",
            self.host
        );
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.shared.host)
    }
}

/// What is known of a request while it is under way: who gives it up says by this what was wrong.
struct Course {
    begun: Instant,
    what: What,
    at: Mutex<Stage>,
}

/// What kind of a request it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// One question, one answer: its time is that of a round trip.
    Batch,
    /// An answer that lasts.
    Cursor,
}

enum Stage {
    Token,
    Place,
    Way(Arc<Notes>),
}

impl Course {
    fn new(what: What) -> Self {
        Self { begun: Instant::now(), what, at: Mutex::new(Stage::Token) }
    }

    fn enter(&self, stage: Stage) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = stage;
    }

    fn notes(&self) -> Option<Arc<Notes>> {
        match &*self.at.lock().unwrap_or_else(PoisonError::into_inner) {
            Stage::Way(notes) => Some(Arc::clone(notes)),
            Stage::Token | Stage::Place => None,
        }
    }

    /// How far it came.
    fn reached(&self) -> Reached {
        match &*self.at.lock().unwrap_or_else(PoisonError::into_inner) {
            Stage::Token => Reached::Token,
            Stage::Place => Reached::Place,
            Stage::Way(notes) if notes.connected().is_none() => Reached::Connecting,
            Stage::Way(notes) => match notes.answered() {
                0 => Reached::Silence,
                bytes => Reached::Bytes(bytes),
            },
        }
    }

    /// How long the server took, the connection's set-up left out; `None` where much was sent, or nothing.
    fn trip(&self) -> Option<Duration> {
        let notes = self.notes()?;
        let since = notes.connected()?.max(self.begun);
        (self.what == What::Batch && (1..SMALL).contains(&notes.answered())).then(|| since.elapsed())
    }
}

impl Shared {
    /// Runs it until it is done, cancelled, or out of time. Whatever ends it, it is dropped then: nothing goes on.
    async fn guarded<T>(
        &self,
        course: &Course,
        canceller: &Canceller,
        limit: Duration,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut work = Box::pin(caught(&self.host, work));
        let mut cancelled = pin!(canceller.cancelled());
        let mut slow = pin!(tokio::time::sleep(PATIENCE));
        let mut late = pin!(tokio::time::sleep(limit));
        let mut waits = None;
        let outcome = loop {
            tokio::select! {
                biased;
                () = &mut cancelled => break Err(Error::new(ErrorKind::Cancelled, "cancelled", "")),
                done = &mut work => break done,
                () = &mut late => break Err(words::late(&self.host, course.reached(), limit)),
                () = &mut slow, if waits.is_none() => waits = Some(self.health.slow()),
            }
        };
        match &outcome {
            Ok(_) => self.health.succeeded(course.trip()),
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            // It had less time than others have, and the way was there: a long question, and no failure.
            Err(error)
                if error.kind == ErrorKind::TimedOut
                    && limit < self.limits.request
                    && course.notes().is_some_and(|notes| notes.connected().is_some()) => {}
            // Also an error in the statement is an answer.
            Err(error) if is_answer(error) => {
                if course.notes().is_some_and(|notes| notes.answered() > 0) {
                    self.health.succeeded(None);
                }
            }
            Err(error) => {
                tracing::info!("{}: {:?}: {}", self.host, error.kind, error.what);
                self.health.failed(course.begun, error);
            }
        }
        outcome
    }

    /// Sends the statements, over a kept connection or a new one.
    ///
    /// Once more, and no more than that, where the kept connection turned out to be dead, and once with another token where the one there
    /// was is refused. Only for reads.
    async fn ask(&self, course: &Course, text: &str) -> Result<Vec<Set>> {
        let mut key = self.keys.token().await?;
        course.enter(Stage::Place);
        let mut lease = self.pool.lease(&self.connector, &key).await?;
        let mut again = true;
        loop {
            lease.notes().limit(LONGEST);
            course.enter(Stage::Way(Arc::clone(lease.notes())));
            let fault = match self.attempt(&lease, text).await {
                Ok(sets) => {
                    self.pool.put_back(lease);
                    return Ok(sets);
                }
                Err(fault) => fault,
            };
            match fault.error.kind {
                ErrorKind::Unauthorized => {
                    drop(lease);
                    course.enter(Stage::Token);
                    match self.keys.other_than(&key).await? {
                        Some(other) if again => key = other,
                        _ => return Err(words::advising(fault.error, self.keys.credentials())),
                    }
                }
                _ if fault.broken && lease.is_kept() && again => {
                    tracing::debug!("{}: a kept connection was dead: {}", self.host, fault.error.what);
                    drop(lease);
                    // That one was dead says nothing good of the others.
                    self.pool.clear();
                }
                // The whole answer was read: the connection is as good as before.
                ErrorKind::Sql | ErrorKind::NoSuchRelation | ErrorKind::TooLarge => {
                    self.pool.put_back(lease);
                    return Err(fault.error);
                }
                _ => return Err(fault.error),
            }
            again = false;
            course.enter(Stage::Place);
            lease = self.pool.fresh(&self.connector, &key).await?;
        }
    }

    async fn attempt(&self, lease: &Lease, text: &str) -> Result<Vec<Set>, Fault> {
        let sets = match lease.connection().execute_batch(text).await {
            Ok(answer) => collect(answer).await,
            Err(error) => Err(error),
        };
        sets.map_err(|error| self.fault(lease, &error))
    }

    /// What went wrong, of the connector, which knows best, or of the driver.
    fn fault(&self, lease: &Lease, error: &libsql::Error) -> Fault {
        match lease.notes().take_failure() {
            Some(error) => Fault::from(error),
            None => Words { host: &self.host, token: lease.token() }.of(error),
        }
    }
}

/// Whether the server answered, only not with rows.
fn is_answer(error: &Error) -> bool {
    words::is_undecodable(error)
        || matches!(
            error.kind,
            ErrorKind::Sql
                | ErrorKind::TooLarge
                | ErrorKind::NoSuchRelation
                | ErrorKind::NoSuchRow
                | ErrorKind::Forbidden
        )
}

async fn collect(mut answer: libsql::BatchRows) -> libsql::Result<Vec<Set>> {
    let mut sets = Vec::new();
    while let Some(rows) = answer.next_stmt_row() {
        let mut set = Set::default();
        if let Some(mut rows) = rows {
            while let Some(row) = rows.next().await? {
                set.rows.push(values(&row)?);
            }
        }
        sets.push(set);
    }
    Ok(sets)
}

/// The values of a row, exactly.
fn values(row: &libsql::Row) -> libsql::Result<Vec<Value>> {
    (0..row.column_count())
        .map(|column| {
            Ok(match row.get_value(column)? {
                libsql::Value::Null => Value::Null,
                libsql::Value::Integer(number) => Value::Integer(number),
                libsql::Value::Real(number) => Value::Real(number),
                libsql::Value::Text(text) => Value::Text(Bytes::whole(text.into_bytes())),
                libsql::Value::Blob(bytes) => Value::Blob(Bytes::whole(bytes)),
            })
        })
        .collect()
}

/// The driver panics on some answers: no answer may end the thread that asked.
fn caught<T>(host: &str, work: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    let mut work = Box::pin(work);
    std::future::poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut work).poll(cx)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(words::gave_up(host))))
    })
}
