//! A session for reading: the one object that reads a database, wherever it is, and has no method that writes.
//!
//! Owns the choice of who reads: [`mod@file`] a file through SQLite, [`server`](crate::db::server) a server over the network; an embedded
//! replica is read as the file that it is once it has everything, and from its server until then. Callers see no difference
//! but in time.

pub(crate) mod file;

use std::{ops::ControlFlow, sync::Arc, time::Duration};

pub use crate::db::connection::Canceller;
use crate::{
    db::{
        error::{ErrorKind, Result},
        location::Location,
        replica::Reading,
        request::QuestionRecord,
        server::session::ServerSession,
        session::file::FileSession,
    },
    domain::{
        activity::{Item, LedgerPage, LedgerQuery},
        page::{Page, PageQuery, Record, RowKey},
        review::{ReferenceCount, ReviewList, ReviewOrder, Story},
        schema::{Relation, Schema},
        value::Value,
    },
};

/// Who reads.
#[expect(clippy::large_enum_variant, reason = "one for each thread")]
enum Backend {
    File(FileSession),
    Server(ServerSession),
}

/// One line of reading, which can be sent to a thread, and works for one at a time.
pub struct ReadSession {
    location: Location,
    canceller: Canceller,
    backend: Backend,
}

/// Calls the same method of whoever reads.
macro_rules! ask {
    ($session:expr, $($call:tt)+) => {
        match $session.backend()? {
            Backend::File(session) => session.$($call)+,
            Backend::Server(session) => session.$($call)+,
        }
    };
}

impl ReadSession {
    /// Opens the database. A file is not changed by it, now or later, and no file is made beside it; a server is asked nothing yet.
    ///
    /// # Errors
    ///
    /// Every way a file can be wrong, and every way a server can be named wrongly, in words and with a remedy.
    pub fn open(location: &Location) -> Result<Self> {
        Self::open_with(location, Canceller::default())
    }

    /// Opens the database under a canceller of the caller's, so that waiting for a lock while opening can be ended, too.
    ///
    /// # Errors
    ///
    /// As for [`Self::open`], and `Cancelled`.
    pub(crate) fn open_with(location: &Location, canceller: Canceller) -> Result<Self> {
        let backend = match location {
            Location::File(path) => Backend::File(FileSession::open_with(path, canceller.clone())?),
            Location::Server(server) => Backend::Server(ServerSession::open(server, canceller.clone())?),
            Location::Replica(replica) => match replica.open()? {
                Reading::Copy => Backend::File(FileSession::open_with(replica.path(), canceller.clone())?),
                Reading::Server => Backend::Server(ServerSession::open(replica.server(), canceller.clone())?),
            },
        };
        Ok(Self { location: location.clone(), canceller, backend })
    }

    /// Opens the database before anybody waits for it, without waiting for another program either, and lets SQLite read its schema.
    pub(crate) fn open_ahead(location: &Location, canceller: Canceller) -> Result<Self> {
        let Location::File(path) = location else { return Self::open_with(location, canceller) };
        let backend = Backend::File(FileSession::open_ahead(path, canceller.clone())?);
        Ok(Self { location: location.clone(), canceller, backend })
    }

    /// Opens a file with another patience for locks of other programs, in opening and in every read.
    ///
    /// # Errors
    ///
    /// As for [`Self::open`].
    pub fn open_within(location: &Location, patience: Duration) -> Result<Self> {
        let Location::File(path) = location else { return Self::open(location) };
        let file = FileSession::open_within(path, patience)?;
        Ok(Self { location: location.clone(), canceller: file.canceller(), backend: Backend::File(file) })
    }

    /// What ends the running read from another thread.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Forgets a cancellation: to be called before each request that may be cancelled.
    pub fn arm(&self) {
        self.canceller.reset();
    }

    /// Rows that SQLite read for the last call; 0 where a server read them and did not say.
    pub const fn rows_read(&self) -> u64 {
        match &self.backend {
            Backend::File(file) => file.rows_read(),
            Backend::Server(_) => 0,
        }
    }

    /// How often the file was opened: it grows when the file was replaced or changed its ways, and then the schema may be another.
    /// Servers are not opened.
    pub const fn openings(&self) -> u64 {
        match &self.backend {
            Backend::File(file) => file.openings(),
            Backend::Server(_) => 0,
        }
    }

    /// The schema as it is now.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; a single view that fails is no error, but [`Relation::broken`].
    pub fn schema(&mut self) -> Result<Schema> {
        ask!(self, schema())
    }

    /// A page of rows.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn page(&mut self, query: &PageQuery) -> Result<Page> {
        ask!(self, page(query))
    }

    /// How many rows there are: SQLite reads them all for it. A view may be a query without an end: it is given up after
    /// five seconds.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn count(&mut self, relation: &Relation) -> Result<u64> {
        ask!(self, count(relation))
    }

    /// As [`Self::count`], with this patience for views. Without a write-ahead log nobody can write while we read, so what
    /// nobody asked for should have little.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn count_within(&mut self, relation: &Relation, patience: Duration) -> Result<u64> {
        ask!(self, count_within(relation, patience))
    }

    /// How many rows each of these has, with this patience for each view: in one round trip where a server has them, all but views.
    /// A relation that cannot be counted is an error of its own.
    ///
    /// # Errors
    ///
    /// What ends them all: see [`ErrorKind`].
    pub fn counts(&mut self, relations: &[Arc<Relation>], patience: Duration) -> Result<Vec<Result<u64>>> {
        match self.backend()? {
            Backend::Server(server) => server.counts(relations, patience),
            Backend::File(file) => {
                let mut all = Vec::with_capacity(relations.len());
                for relation in relations {
                    match file.count_within(relation, patience) {
                        Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
                        count => all.push(count),
                    }
                }
                Ok(all)
            }
        }
    }

    /// A whole row; `None` where there is none with this key.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn record(&mut self, relation: &Arc<Relation>, key: &RowKey) -> Result<Option<Record>> {
        ask!(self, record(relation, key))
    }

    /// A whole row by the text of its key: a rowid, or the text of a primary key.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn find(&mut self, relation: &Arc<Relation>, key_text: &str) -> Result<Option<Record>> {
        ask!(self, find(relation, key_text))
    }

    /// Whole rows by the texts of their keys, in their order, all as they were at one moment: of a server in one round trip,
    /// where they fit into an answer.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn find_all(&mut self, relation: &Arc<Relation>, key_texts: &[String]) -> Result<Vec<Option<Record>>> {
        ask!(self, find_all(relation, key_texts))
    }

    /// A row of `questions` with its mappings; `None` where there is none, or no such table.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn question(&mut self, id: &str) -> Result<Option<QuestionRecord>> {
        ask!(self, question(id))
    }

    /// A whole cell; `None` where the row or the column is gone.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn cell(&mut self, relation: &Arc<Relation>, key: &RowKey, column: usize) -> Result<Option<Value>> {
        ask!(self, cell(relation, key, column))
    }

    /// The review queue, in one round trip where a server has it; empty where there is no table `questions`.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn review(&mut self, order: ReviewOrder, limit: usize) -> Result<ReviewList> {
        ask!(self, review(order, limit))
    }

    /// What the ledger, the history, the queue and the runs say of an item.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn story(&mut self, item: &Item) -> Result<Story> {
        ask!(self, story(item))
    }

    /// A page of the ledger; empty where there is none.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn ledger(&mut self, query: &LedgerQuery) -> Result<LedgerPage> {
        ask!(self, ledger(query))
    }

    /// What refers to a row: foreign keys, and the soft links of `DATABASE.md`.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn references(&mut self, relation: &Arc<Relation>, key: &RowKey) -> Result<Vec<ReferenceCount>> {
        ask!(self, references(relation, key))
    }

    /// Every row of a relation in key order, whole, one after another, in constant memory.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; rows may have been handed over before.
    pub fn scan(&mut self, relation: &Relation, each: &mut dyn FnMut(&[Value]) -> ControlFlow<()>) -> Result<()> {
        ask!(self, scan(relation, each))
    }

    /// Whoever reads now: a replica that has everything meanwhile is read as a file.
    fn backend(&mut self) -> Result<&mut Backend> {
        if let (Location::Replica(replica), backend) = (&self.location, &self.backend) {
            let fits = match replica.reading() {
                Reading::Copy => matches!(backend, Backend::File(_)),
                Reading::Server => matches!(backend, Backend::Server(_)),
            };
            if !fits {
                *self = Self::open_with(&self.location.clone(), self.canceller.clone())?;
            }
        }
        Ok(&mut self.backend)
    }
}
