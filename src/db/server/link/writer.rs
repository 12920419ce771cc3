//! The way of what writes: never sent twice, and always known whether it may have arrived.
//!
//! The driver's own batch tells neither which of its statements failed nor whether a request ever left, so this speaks the protocol
//! itself (<https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md>): one request holds the whole transaction, asks
//! whether it is still open at its end, and closes the stream, which rolls back whatever is. It goes over a connection of its own, and
//! what is read just before goes over the same one: so it is surely alive. Must not know what is written.

mod answer;
#[cfg(test)]
mod tests;

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use http::{Request, header};
use hyper::{Body, Client, body::HttpBody as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use self::answer::{Answer, Said, State};
use super::{Course, Link, Set, Shared, Stage, What, keys::Key};
use crate::db::{
    connection::Canceller,
    error::{Error, ErrorKind, Result},
    server::{
        Server,
        cells::strange,
        connector::Connector,
        credentials::Token,
        script::Script,
        transaction::{self, Transaction},
        words::{self, Fault, Words},
    },
};

/// A connection that lay idle for longer is taken for dead, as those of readers are.
const IDLE: SignedDuration = SignedDuration::from_secs(60);

/// The longest answer that is held in memory.
const LONGEST: u64 = 64 << 20;

/// What became of a transaction that was sent. An error instead of this: it was not, or was not carried out; nothing is written.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It is committed: the rows of each of its statements.
    Committed(Vec<Set>),
    /// It was rolled back: nothing is written.
    RolledBack(Refused),
    /// It may have arrived, and no answer came: nobody knows. In words what happened.
    Lost(Error),
}

/// Why a transaction was rolled back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    /// The statement that failed; `None` where it was all of them.
    pub(crate) step: Option<usize>,
    /// What the server says, in words.
    pub(crate) error: Error,
    /// What it calls it: `SQLITE_CONSTRAINT` …
    pub(crate) code: String,
}

/// The connection for what writes.
pub(super) struct Writer {
    url: String,
    line: Mutex<Option<Line>>,
}

/// A connection that is kept, with who made it.
#[derive(Clone)]
struct Line {
    client: Client<Connector>,
    connector: Connector,
    key: Key,
    since: Timestamp,
}

/// A request that failed.
struct Failure {
    fault: Fault,
    arrived: Arrived,
}

/// Whether a request can have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrived {
    /// It did not leave, or the server refused it as a whole.
    No,
    /// Nobody knows.
    Perhaps,
}

impl Link {
    /// Sends a transaction, once, and waits for what becomes of it, at most [`Limits::request`](super::Limits::request). Who cancels it
    /// while it is under way gets [`Sent::Lost`]: it may have arrived.
    ///
    /// # Errors
    ///
    /// It was not carried out: nothing is written.
    pub(crate) fn write(&self, transaction: &Transaction, canceller: &Canceller) -> Result<Sent> {
        let shared = &*self.shared;
        let course = Course::new(What::Batch);
        let left = AtomicBool::new(false);
        let body = body(transaction.steps());
        let work = shared.transact(&course, &left, body, transaction.len());
        let sent = shared.network.wait(shared.guarded(&course, canceller, shared.limits.request, work));
        match sent {
            // Whoever gave up on it ended it: who was not connected yet, did not send it.
            Err(error) if left.load(Ordering::Acquire) && course.is_connected() => Ok(Sent::Lost(error)),
            sent => sent,
        }
    }

    /// Reads on the connection that [`Self::write`] takes: once more on a new one, where the one there was turns out to be dead.
    pub(crate) fn read_to_write(&self, script: &Script, canceller: &Canceller) -> Result<Vec<Set>> {
        let shared = &*self.shared;
        let course = Course::new(What::Batch);
        let body = body(transaction::steps(script.statements().iter().map(String::as_str)));
        let work = shared.read(&course, body);
        shared.network.wait(shared.guarded(&course, canceller, shared.limits.request, work))
    }
}

impl Course {
    /// Whether there is a connection that it could have gone over.
    fn is_connected(&self) -> bool {
        self.notes().is_some_and(|notes| notes.connected().is_some())
    }
}

impl Writer {
    pub(super) fn new(server: &Server) -> Self {
        let url = server.endpoint.url().as_str().trim_end_matches('/');
        Self { url: format!("{url}/v3/pipeline"), line: Mutex::default() }
    }

    /// The connection there is, or a way to a new one.
    fn line(&self, connector: &Connector, key: &Key) -> Line {
        let now = Timestamp::now();
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.take_if(|line| line.key != *key || now.duration_since(line.since).abs() > IDLE);
        let line = line.get_or_insert_with(|| {
            let connector = connector.noted();
            // What was not sent may be sent over another connection; nothing else is ever sent again.
            let client = Client::builder().pool_idle_timeout(None).pool_max_idle_per_host(1).build(connector.clone());
            Line { client, connector, key: key.clone(), since: now }
        });
        line.since = now;
        line.clone()
    }

    fn clear(&self) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Shared {
    async fn transact(&self, course: &Course, left: &AtomicBool, body: String, steps: usize) -> Result<Sent> {
        let mut key = self.keys.token().await?;
        let mut again = true;
        loop {
            let line = self.enter(course, &key);
            left.store(true, Ordering::Release);
            let answer = self.post(&line, body.clone()).await;
            match answer {
                Ok(answer) => return Ok(self.became(&answer, steps, key.token())),
                Err(Failure { fault, arrived: Arrived::No }) => {
                    left.store(false, Ordering::Release);
                    self.writer.clear();
                    // The token was looked at before anything else was: it may go again with another one.
                    match self.other_key(course, fault.error, &key).await {
                        Ok(other) if again => key = other,
                        Ok(_) => return Err(self.refused_key()),
                        Err(error) => return Err(error),
                    }
                }
                // `left` stays: it is lost.
                Err(Failure { fault, arrived: Arrived::Perhaps }) => {
                    self.writer.clear();
                    return Err(fault.error);
                }
            }
            again = false;
        }
    }

    async fn read(&self, course: &Course, body: String) -> Result<Vec<Set>> {
        let mut key = self.keys.token().await?;
        let mut again = true;
        loop {
            let line = self.enter(course, &key);
            match self.post(&line, body.clone()).await {
                Ok(answer) => {
                    let answer = Answer::of(&answer)?;
                    return match answer.outcome {
                        Ok(steps) => {
                            steps.into_iter().map(|step| step.map_err(|said| self.said(&said, key.token()))).collect()
                        }
                        Err(said) => Err(self.said(&said, key.token())),
                    };
                }
                Err(Failure { fault, .. }) => {
                    self.writer.clear();
                    match fault.error.kind {
                        ErrorKind::Unauthorized if again => key = self.other_key(course, fault.error, &key).await?,
                        _ if fault.broken && again => {}
                        _ => return Err(words::advising(fault.error, self.keys.credentials())),
                    }
                }
            }
            again = false;
        }
    }

    fn enter(&self, course: &Course, key: &Key) -> Line {
        let line = self.writer.line(&self.connector, key);
        let notes = line.connector.notes();
        notes.begin();
        notes.limit(LONGEST);
        course.enter(Stage::Way(std::sync::Arc::clone(notes)));
        line
    }

    /// Another token, where this one was refused and there is one.
    async fn other_key(&self, course: &Course, error: Error, key: &Key) -> Result<Key> {
        if error.kind != ErrorKind::Unauthorized {
            return Err(error);
        }
        course.enter(Stage::Token);
        match self.keys.other_than(key).await? {
            Some(other) => Ok(other),
            None => Err(words::advising(error, self.keys.credentials())),
        }
    }

    fn refused_key(&self) -> Error {
        let error =
            Error::new(ErrorKind::Unauthorized, format!("{}: the server does not know the token (401)", self.host), "");
        words::advising(error, self.keys.credentials())
    }

    /// One request and its answer. Whoever drops this ends it; what was sent of it by then has arrived, perhaps.
    async fn post(&self, line: &Line, body: String) -> Result<Vec<u8>, Failure> {
        let words = Words { host: &self.host, token: line.key.token() };
        let no = |error: Error| Failure { fault: error.into(), arrived: Arrived::No };
        let request = Request::post(&self.writer.url).header(header::CONTENT_TYPE, "application/json");
        let request = match line.key.token() {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal())),
            None => request,
        };
        let request = request.body(Body::from(body)).map_err(|_| no(strange()))?;
        let failed = |error: hyper::Error| {
            let failure = line.connector.notes().take_failure();
            if error.is_connect() || error.is_canceled() {
                let error = failure.unwrap_or_else(|| words.of_http(&error.to_string()).error);
                return Failure { fault: error.into(), arrived: Arrived::No };
            }
            Failure { fault: words.of_http(&error.to_string()), arrived: Arrived::Perhaps }
        };
        let mut response = line.client.request(request).await.map_err(failed)?;
        let mut answer = Vec::new();
        while let Some(piece) = response.body_mut().data().await {
            answer.extend_from_slice(&piece.map_err(failed)?);
        }
        let status = response.status().as_u16();
        match status {
            200 => Ok(answer),
            // What was not understood, not permitted, or too much was not carried out. What stands before a server says the rest as well
            // when the server has it.
            300..=407 | 410..=499 => {
                Err(Failure { fault: words.of_status(status, &String::from_utf8_lossy(&answer)), arrived: Arrived::No })
            }
            _ => Err(Failure {
                fault: words.of_status(status, &String::from_utf8_lossy(&answer)),
                arrived: Arrived::Perhaps,
            }),
        }
    }

    /// What an answer says of a transaction.
    fn became(&self, answer: &[u8], steps: usize, token: Option<&Token>) -> Sent {
        let Ok(answer) = Answer::of(answer) else {
            let fault = Words { host: &self.host, token }.of_json("EOF");
            return Sent::Lost(fault.error);
        };
        let refused = |step, said: &Said| {
            Sent::RolledBack(Refused { step, error: self.said(said, token), code: said.code.clone() })
        };
        match (answer.outcome, answer.state) {
            (Ok(mut done), State::Ended) if done.len() == steps + 1 && done.iter().all(Result::is_ok) => {
                done.pop();
                Sent::Committed(done.into_iter().flatten().collect())
            }
            // A step that failed keeps those behind it from being run, and the last of them is what commits.
            (Ok(done), state) => match (done.iter().position(Result::is_err), done.into_iter().find_map(Result::err)) {
                // A commit that was refused leaves its transaction open; one that failed otherwise (a disc) may be there after all.
                (Some(at), Some(said)) if at == steps && state == State::Ended => Sent::Lost(self.said(&said, token)),
                (Some(at), Some(said)) => refused(Some(at).filter(|at| *at < steps), &said),
                _ => Sent::Lost(strange()),
            },
            // What is still open at the end is rolled back by the end; what was not understood never began.
            (Err(said), State::Open) => refused(None, &said),
            (Err(said), State::Ended) if said.code == "SQL_PARSE_ERROR" => refused(None, &said),
            (Err(said), State::Ended) => Sent::Lost(self.said(&said, token)),
        }
    }

    fn said(&self, said: &Said, token: Option<&Token>) -> Error {
        let words = Words { host: &self.host, token };
        match said.code.as_str() {
            "RESPONSE_TOO_LARGE" => words.of_text("RESPONSE_TOO_LARGE").error,
            code if code.starts_with("SQL") || code.starts_with("ARGS") => words.of_sql(&said.message),
            _ => words.of_text(&said.message).error,
        }
    }
}

/// The body of a request: the steps, whether the transaction is over, and the stream's end.
fn body(steps: Json) -> String {
    serde_json::json!({"requests": [
        {"type": "batch", "batch": {"steps": steps}},
        {"type": "get_autocommit"},
        {"type": "close"},
    ]})
    .to_string()
}
