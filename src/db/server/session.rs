//! Reading from a server: each method is one round trip.

use std::{sync::Arc, time::Duration};

use super::{Server, link::Link};
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

/// A line of reading from a server.
pub(crate) struct ServerSession {
    link: Link,
    canceller: Canceller,
}

fn missing<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet", ""))
}

impl ServerSession {
    pub(crate) fn open(server: &Server, canceller: Canceller) -> Result<Self> {
        Ok(Self { link: server.link()?.clone(), canceller })
    }

    pub(crate) fn schema(&mut self) -> Result<Schema> {
        let _ = (&self.link, &self.canceller);
        missing()
    }

    pub(crate) fn page(&mut self, _query: &PageQuery) -> Result<Page> {
        missing()
    }

    pub(crate) fn count(&mut self, _relation: &Relation) -> Result<u64> {
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
}
