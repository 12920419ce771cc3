//! Reading from a server: each method is one round trip, where nothing odd comes between.
//!
//! Owns what a reader has: its canceller, how long it waits, and what all readers of the server know together. The readers themselves
//! ([`page`], [`schema`], …) see only a way to ask. Must not write.

use std::{sync::Arc, time::Duration};

use super::{
    Limits, Server,
    known::Known,
    link::{Link, Set},
    page, schema,
    script::Script,
};
use crate::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        request::QuestionRecord,
    },
    domain::{
        page::{Page, PageQuery, Record, RowKey},
        schema::{Relation, Schema},
        value::Value,
    },
};

/// Runs a script in one round trip.
pub(crate) type Ask<'a> = dyn FnMut(&Script) -> Result<Vec<Set>> + 'a;

/// A line of reading from a server.
pub(crate) struct ServerSession {
    link: Link,
    limits: Limits,
    known: Arc<Known>,
    canceller: Canceller,
}

fn missing<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet", ""))
}

impl ServerSession {
    pub(crate) fn open(server: &Server, canceller: Canceller) -> Result<Self> {
        let (link, known) = (server.link()?.clone(), Arc::clone(&server.known));
        Ok(Self { link, limits: server.limits, known, canceller })
    }

    /// The schema as it is now.
    pub(crate) fn schema(&mut self) -> Result<Schema> {
        let known = Arc::clone(&self.known);
        schema::read(&mut |script| self.ask(script), &known).map(|schema| (*schema).clone())
    }

    /// A page of rows; fewer than asked for where more do not fit into an answer.
    pub(crate) fn page(&mut self, query: &PageQuery) -> Result<Page> {
        let known = Arc::clone(&self.known);
        page::read(&mut |script| self.ask(script), &known, query)
    }

    pub(crate) fn count(&mut self, _relation: &Relation) -> Result<u64> {
        let _ = self.limits;
        missing()
    }

    pub(crate) fn count_within(&mut self, _relation: &Relation, _patience: Duration) -> Result<u64> {
        missing()
    }

    pub(crate) fn record(&mut self, _relation: &Arc<Relation>, _key: &RowKey) -> Result<Option<Record>> {
        missing()
    }

    pub(crate) fn find(&mut self, _relation: &Arc<Relation>, _key_text: &str) -> Result<Option<Record>> {
        missing()
    }

    pub(crate) fn question(&mut self, _id: &str) -> Result<Option<QuestionRecord>> {
        missing()
    }

    pub(crate) fn cell(&mut self, _relation: &Arc<Relation>, _key: &RowKey, _column: usize) -> Result<Option<Value>> {
        missing()
    }

    fn ask(&self, script: &Script) -> Result<Vec<Set>> {
        self.link.batch(script, &self.canceller)
    }
}
