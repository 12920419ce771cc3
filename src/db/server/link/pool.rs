//! The kept connections: taken for one request, put back when it was answered.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::keys::Key;
use crate::db::{
    error::{Error, ErrorKind, Result},
    request::SLOTS,
    server::{
        connector::{Connector, Notes},
        credentials::Token,
        words::Words,
    },
};

/// How many requests a server is asked at once: each slot one, the observer and a copy's thread one each. None waits for another.
const AT_ONCE: usize = SLOTS.len() + 2;

/// A connection that lay idle for longer (by the clock on the wall, which goes on while a laptop sleeps) is taken for dead.
const IDLE: SignedDuration = SignedDuration::from_secs(60);

/// The kept connections to a server.
pub(super) struct Pool {
    url: String,
    idle: Mutex<Vec<Idle>>,
    places: Arc<Semaphore>,
}

struct Idle {
    way: Way,
    since: Timestamp,
}

/// A libsql connection with what is known of the TCP connections under it.
struct Way {
    connection: libsql::Connection,
    notes: Arc<Notes>,
    key: Key,
}

/// A connection in use. Dropping it closes it.
pub(super) struct Lease {
    way: Way,
    kept: bool,
    _place: OwnedSemaphorePermit,
}

impl Lease {
    pub(super) fn connection(&self) -> &libsql::Connection {
        &self.way.connection
    }

    pub(super) fn notes(&self) -> &Arc<Notes> {
        &self.way.notes
    }

    pub(super) fn token(&self) -> Option<&Token> {
        self.way.key.token()
    }

    /// Whether it was used before.
    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }
}

impl Pool {
    pub(super) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), idle: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The connection used last, or a new one.
    pub(super) async fn lease(&self, connector: &Connector, key: &Key) -> Result<Lease> {
        let place = self.place().await?;
        let now = Timestamp::now();
        let kept = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|idle| idle.way.key == *key && now.duration_since(idle.since).abs() < IDLE);
            idle.pop()
        };
        Ok(match kept {
            Some(idle) => {
                idle.way.notes.begin();
                Lease { way: idle.way, kept: true, _place: place }
            }
            None => Lease { way: self.way(connector, key).await?, kept: false, _place: place },
        })
    }

    /// A new connection, whatever is kept.
    pub(super) async fn fresh(&self, connector: &Connector, key: &Key) -> Result<Lease> {
        let place = self.place().await?;
        Ok(Lease { way: self.way(connector, key).await?, kept: false, _place: place })
    }

    /// For the next request.
    pub(super) fn put_back(&self, lease: Lease) {
        let idle = Idle { way: lease.way, since: Timestamp::now() };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }

    /// Closes what is kept: the one that was just found dead says nothing good of the others.
    pub(super) fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit> {
        let places = Arc::clone(&self.places);
        places.acquire_owned().await.map_err(|_| Error::new(ErrorKind::Cancelled, "cancelled", ""))
    }

    async fn way(&self, connector: &Connector, key: &Key) -> Result<Way> {
        let connector = connector.noted();
        let notes = Arc::clone(connector.notes());
        let token = key.token().map_or_else(String::new, |token| token.reveal().to_owned());
        let database = libsql::Builder::new_remote(self.url.clone(), token).connector(connector).build().await;
        let connection = database.and_then(|database| database.connect());
        let connection = connection.map_err(|error| Words { host: &self.url, token: key.token() }.of(&error).error)?;
        Ok(Way { connection, notes, key: key.clone() })
    }
}
