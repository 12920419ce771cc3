//! Ways for tests to reach a server through the library.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use reelscope::db::{
    error::Result,
    location::Location,
    request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot},
    server::{
        Server,
        credentials::{Credentials, Token},
        endpoint::Endpoint,
    },
    workers::Database,
};

use super::PATIENCE;

/// A server there, and what to say at its door.
pub(crate) fn server(url: &str, token: Option<&str>) -> Server {
    let credentials = match token.map(str::to_owned) {
        None => Credentials::none(),
        Some(text) => Credentials::new("TOKEN_OF_THE_TEST", move || Token::new(&text).map(Some)),
    };
    Server::new(Endpoint::parse(url).unwrap(), credentials)
}

/// The workers, and what they say.
pub(crate) struct Asked {
    pub(crate) database: Database,
    pub(crate) replies: Receiver<Reply>,
    next: u64,
}

impl Asked {
    /// Workers for a database there.
    pub(crate) fn open(location: Location) -> Self {
        let (tell, replies) = mpsc::channel();
        let database = Database::open(location, move |reply| {
            // A test that is over does not listen any more.
            let _ = tell.send(reply);
        });
        Self { database, replies, next: 0 }
    }

    /// Asks without waiting.
    pub(crate) fn ask(&mut self, slot: Slot, query: Query) -> RequestId {
        self.ask_for(slot, query, Freshness::default())
    }

    /// Asks without waiting for something of this freshness.
    pub(crate) fn ask_for(&mut self, slot: Slot, query: Query, freshness: Freshness) -> RequestId {
        self.next += 1;
        let id = RequestId(self.next);
        self.database.submit(Request { slot, id, query, freshness });
        id
    }

    /// Waits for the true answer to this; what else comes is dropped.
    pub(crate) fn answer(&self, wanted: RequestId) -> Result<Answer> {
        self.until(&format!("{wanted:?} was answered"), |reply| match reply {
            Reply::Answer { id, outcome, .. } if id == wanted => Some(outcome),
            _ => None,
        })
    }

    /// Asks and waits.
    pub(crate) fn get(&mut self, slot: Slot, query: Query) -> Result<Answer> {
        let id = self.ask(slot, query);
        self.answer(id)
    }

    /// Waits for a reply that is wanted; those before it are dropped.
    pub(crate) fn until<T>(&self, what: &str, mut wanted: impl FnMut(Reply) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut last = None;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(reply) = self.replies.recv_timeout(left) else { panic!("time is up before {what}; last: {last:?}") };
            last = Some(format!("{reply:?}"));
            if let Some(found) = wanted(reply) {
                return found;
            }
        }
    }

    /// What comes within this time.
    pub(crate) fn within(&self, time: Duration) -> Vec<Reply> {
        let deadline = Instant::now() + time;
        let mut all = Vec::new();
        while let Ok(reply) = self.replies.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            all.push(reply);
        }
        all
    }
}
