//! The connections to a server, shared by all who read from it, and the state they are in.
//!
//! One thread does the network's work for all; what is read is awaited, and its JSON parsed, on the thread that asked, so that nobody
//! waits for another's answer. A request takes a connection out of the pool, last in first out, and puts it back when it was answered:
//! requests one after another go over one TCP connection, requests at once over one each. What failed or was given up is dropped,
//! which closes it and ends the work on the server.
//!
//! For reading only: a read on a kept connection that turns out to be dead is sent a second time. Must never be given a write.

mod health;
mod keys;
mod pool;

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

use self::{
    health::{Health, PATIENCE},
    keys::Keys,
    pool::{Lease, Pool},
};
pub(crate) use super::connector::Traffic;
use super::{Limits, Server, connector::Connector, script::Script, words};
use crate::{
    db::{
        connection::{Canceller, reader::Flow},
        error::{Error, ErrorKind, Result},
        request::{CopyStatus, LinkStatus},
    },
    domain::value::{Bytes, Value},
};

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
        let runtime =
            Builder::new_current_thread().enable_all().thread_name("reelscope-names").max_blocking_threads(4).build();
        let runtime = runtime.map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("reelscope-net".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
                // A name that is being asked for, or a command that gives a token, may hang: nobody waits for it any more.
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
            host: server.endpoint.host().to_owned(),
            limits: server.limits,
            keys: Keys::new(server),
            pool: Pool::new(&server.endpoint),
            health: Health::default(),
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
        shared.network.wait(shared.guarded(canceller, limit, shared.ask(&text)))
    }

    /// Reads one statement's rows as they come, in constant memory, on a connection of its own.
    pub(crate) fn cursor(
        &self,
        _script: &Script,
        _canceller: &Canceller,
        _each: &mut dyn FnMut(Vec<Value>) -> Result<Flow>,
    ) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "not there yet", ""))
    }

    /// How the connections are.
    pub(crate) fn status(&self) -> LinkStatus {
        self.shared.health.status()
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

    /// What has travelled so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.shared.connector.meter().read()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.shared.host)
    }
}

/// How an attempt ended.
enum Outcome {
    Answered(Vec<Set>),
    Failed(Error),
}

impl Shared {
    /// Runs it until it is done, cancelled, or out of time. Whatever ends it, it is dropped then: nothing goes on.
    async fn guarded<T>(
        &self,
        canceller: &Canceller,
        limit: Duration,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let begun = Instant::now();
        let mut work = pin!(caught(work));
        let mut cancelled = pin!(canceller.cancelled());
        let mut slow = pin!(tokio::time::sleep(PATIENCE));
        let mut late = pin!(tokio::time::sleep(limit));
        let mut told = false;
        let outcome = loop {
            tokio::select! {
                biased;
                () = &mut cancelled => break Err(Error::new(ErrorKind::Cancelled, "cancelled", "")),
                done = &mut work => break done,
                () = &mut late => break Err(words::late(&self.host, limit)),
                () = &mut slow, if !told => {
                    told = true;
                    self.health.slow();
                }
            }
        };
        self.health.note(begun, outcome.as_ref().err());
        outcome
    }

    /// Sends the statements, over a kept connection or a new one.
    async fn ask(&self, text: &str) -> Result<Vec<Set>> {
        let token = self.keys.token().await?;
        let lease = self.pool.lease(&self.connector, &token).await?;
        let begun = Instant::now();
        match self.attempt(&lease, text).await {
            Outcome::Answered(sets) => {
                self.health.answered(begun.elapsed());
                self.pool.put_back(lease);
                Ok(sets)
            }
            Outcome::Failed(error) => Err(error),
        }
    }

    async fn attempt(&self, lease: &Lease, text: &str) -> Outcome {
        let sets = match lease.connection().execute_batch(text).await {
            Ok(answer) => collect(answer).await,
            Err(error) => Err(error),
        };
        match sets {
            Ok(sets) => Outcome::Answered(sets),
            Err(error) => {
                Outcome::Failed(lease.notes().take_failure().unwrap_or_else(|| words::translate(&self.host, &error)))
            }
        }
    }
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
fn caught<T>(work: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    let mut work = Box::pin(work);
    std::future::poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut work).poll(cx)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(words::broken())))
    })
}
