//! A session for reading a file: the one object that holds a connection to it, and has no method that writes.
//!
//! Owns the retries: around locks of other programs (until the canceller says otherwise), and around files that changed under a
//! connection which takes no locks. Callers see neither. Must not know SQL: the readers in [`schema`],
//! [`paging`] and [`record`] do.

use std::{
    cell::{Cell, RefCell},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    db::{
        connection::{
            Canceller, Opened,
            reader::{Flow, Reader},
        },
        error::{Error, ErrorKind, Result, translate},
        ledger, paging, record, references,
        request::QuestionRecord,
        review::{self, in_file},
        scan, schema,
    },
    domain::{
        activity::{Item, LedgerPage, LedgerQuery},
        page::{Page, PageQuery, Record, RowKey},
        review::{ReferenceCount, ReviewList, ReviewOrder, Story},
        schema::{Relation, RelationKind, Schema},
        value::Value,
    },
};

/// How long a lock of another program is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(10);

/// How long the rows of a view are counted.
const VIEW_PATIENCE: Duration = Duration::from_secs(5);

/// How often a read is done again because the file changed meanwhile, though patience may be over.
const REREADS: usize = 8;

/// What a connection remembers of its file.
#[derive(Default)]
pub(crate) struct Memory {
    orders: paging::Orders,
    schema: Option<(i64, Arc<Schema>)>,
}

impl Memory {
    /// The schema, read anew only when its version changed (<https://www.sqlite.org/pragma.html#pragma_schema_version>).
    fn schema(&mut self, reader: &Reader<'_>) -> Result<Arc<Schema>> {
        let version = reader.first("PRAGMA schema_version", &[], |row| reader.integer(row, 0))?.unwrap_or(0);
        if let Some((known, schema)) = &self.schema
            && *known == version
        {
            return Ok(Arc::clone(schema));
        }
        let schema = Arc::new(schema::read(reader)?);
        self.schema = Some((version, Arc::clone(&schema)));
        Ok(schema)
    }
}

/// One read-only connection with what it needs to stay right. It can be sent to a thread, and works for one at a time.
pub(crate) struct FileSession {
    path: PathBuf,
    patience: Duration,
    canceller: Canceller,
    opened: Option<Opened>,
    memory: Memory,
    rows_read: u64,
    openings: u64,
}

impl FileSession {
    /// Opens the database. The file is not changed by it, now or later, and no file is made beside it.
    ///
    /// # Errors
    ///
    /// Every way a file can be wrong, in words and with a remedy.
    #[cfg(test)]
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::start(path, Canceller::default(), PATIENCE)
    }

    /// Opens the database under a canceller of the caller's, so that waiting for a lock while opening can be ended, too.
    ///
    /// # Errors
    ///
    /// Every way a file can be wrong, in words and with a remedy, and [`ErrorKind::Cancelled`].
    pub(crate) fn open_with(path: &Path, canceller: Canceller) -> Result<Self> {
        Self::start(path, canceller, PATIENCE)
    }

    /// Opens the database before anybody waits for it, without waiting for another program either, and lets SQLite read its schema.
    pub(crate) fn open_ahead(path: &Path, canceller: Canceller) -> Result<Self> {
        let mut session = Self::start(path, canceller, Duration::ZERO)?;
        session.read(|reader, _| reader.first("SELECT 1 FROM sqlite_schema LIMIT 1", &[], |_| Ok(())))?;
        session.patience = PATIENCE;
        Ok(session)
    }

    /// Opens the database with another patience for locks of other programs, in opening and in every read.
    ///
    /// # Errors
    ///
    /// Every way a file can be wrong, in words and with a remedy.
    pub(crate) fn open_within(path: &Path, patience: Duration) -> Result<Self> {
        Self::start(path, Canceller::default(), patience)
    }

    fn start(path: &Path, canceller: Canceller, patience: Duration) -> Result<Self> {
        let mut session = Self {
            path: path.to_path_buf(),
            patience,
            canceller,
            opened: None,
            memory: Memory::default(),
            rows_read: 0,
            openings: 0,
        };
        session.read(|_, _| Ok(()))?;
        Ok(session)
    }

    /// What ends the running read from another thread.
    pub(crate) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Rows that SQLite read for the last call.
    pub(crate) const fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// How often the file was opened: it grows when the file was replaced or changed its ways, and then the schema may be another.
    pub(crate) const fn openings(&self) -> u64 {
        self.openings
    }

    /// The schema as it is now.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; a single view that fails is no error, but [`Relation::broken`].
    pub(crate) fn schema(&mut self) -> Result<Schema> {
        self.read(|reader, memory| memory.schema(reader)).map(|schema| (*schema).clone())
    }

    /// A page of rows.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn page(&mut self, query: &PageQuery) -> Result<Page> {
        let mut page = self.read(|reader, memory| paging::read(reader, &mut memory.orders, query))?;
        page.rows_read = self.rows_read;
        Ok(page)
    }

    /// How many rows there are: SQLite reads them all for it. A view may be a query without an end: it is given up after
    /// five seconds.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn count(&mut self, relation: &Relation) -> Result<u64> {
        self.count_within(relation, VIEW_PATIENCE)
    }

    /// As [`Self::count`], with this patience for views. Without a write-ahead log nobody can write while we read, so what
    /// nobody asked for should have little.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn count_within(&mut self, relation: &Relation, patience: Duration) -> Result<u64> {
        if relation.kind != RelationKind::View {
            return self.read(|reader, _| paging::count(reader, relation));
        }
        self.canceller.end_at(Some(Instant::now() + patience));
        let counted = self.read(|reader, _| paging::count(reader, relation));
        self.canceller.end_at(None);
        match counted {
            Err(error) if error.kind == ErrorKind::Cancelled && !self.canceller.is_cancelled() => {
                let what = format!("it takes longer than {patience:?}");
                Err(Error::new(ErrorKind::Sql, what, "its rows can be read all the same"))
            }
            counted => counted,
        }
    }

    /// A whole row; `None` where there is none with this key.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn record(&mut self, relation: &Arc<Relation>, key: &RowKey) -> Result<Option<Record>> {
        self.read(|reader, _| record::read(reader, relation, key))
    }

    /// A whole row by the text of its key: a rowid, or the text of a primary key.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn find(&mut self, relation: &Arc<Relation>, key_text: &str) -> Result<Option<Record>> {
        self.read(|reader, _| record::find(reader, relation, key_text))
    }

    /// Whole rows by the texts of their keys, in their order.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn find_all(&mut self, relation: &Arc<Relation>, key_texts: &[String]) -> Result<Vec<Option<Record>>> {
        self.read(|reader, _| key_texts.iter().map(|text| record::find(reader, relation, text)).collect())
    }

    /// A row of `questions` with its mappings; `None` where there is none, or no such table.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn question(&mut self, id: &str) -> Result<Option<QuestionRecord>> {
        self.read(|reader, memory| record::question(reader, &*memory.schema(reader)?, id))
    }

    /// A whole cell; `None` where the row or the column is gone.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn cell(&mut self, relation: &Arc<Relation>, key: &RowKey, column: usize) -> Result<Option<Value>> {
        self.read(|reader, _| record::cell(reader, relation, key, column))
    }

    /// The review queue; empty where there is no table `questions`.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn review(&mut self, order: ReviewOrder, limit: usize) -> Result<ReviewList> {
        self.read(|reader, memory| review::queue::read(&mut in_file(reader), &*memory.schema(reader)?, order, limit))
    }

    /// What the ledger, the history and the queue say of a question.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn story(&mut self, item: &Item) -> Result<Story> {
        self.read(|reader, memory| review::story::read(&mut in_file(reader), &*memory.schema(reader)?, item))
    }

    /// A page of the ledger.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn ledger(&mut self, query: &LedgerQuery) -> Result<LedgerPage> {
        self.read(|reader, memory| ledger::read(&mut in_file(reader), &*memory.schema(reader)?, query))
    }

    /// What refers to a row.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn references(&mut self, relation: &Relation, key: &RowKey) -> Result<Vec<ReferenceCount>> {
        self.read(|reader, memory| references::read(&mut in_file(reader), &*memory.schema(reader)?, relation, key))
    }

    /// Every row of a relation in key order, all as they were at one moment: until the last is handed over, a program that writes without
    /// a write-ahead log has to wait.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; where the file was replaced in the middle, rows were handed over before.
    pub(crate) fn scan(
        &mut self,
        relation: &Relation,
        each: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
    ) -> Result<()> {
        let begun = Cell::new(false);
        let each = RefCell::new(each);
        let path = self.path.clone();
        self.read(|reader, _| {
            if begun.get() {
                return Err(busy(&path));
            }
            scan::read(reader, relation, &mut |row| {
                begun.set(true);
                (each.borrow_mut())(row)
            })
        })
    }

    /// The connection, opened anew where the file was replaced. For one statement at a time: what has to be right while others
    /// write goes through [`Self::read`].
    pub(crate) fn connection(&mut self) -> Result<&rusqlite::Connection> {
        self.read(|_, _| Ok(()))?;
        match &self.opened {
            Some(opened) => Ok(&opened.connection),
            None => Err(gone(&self.path)),
        }
    }

    /// The number that a pragma gives, without a transaction: for asking often whether anything changed.
    ///
    /// # Errors
    ///
    /// Those of opening; [`ErrorKind::Locked`] without waiting longer than SQLite does.
    pub(crate) fn pragma(&mut self, sql: &'static str) -> Result<i64> {
        if self.opened.as_ref().is_none_or(|opened| !opened.is_current(&self.path)) {
            self.connection()?;
        }
        let Some(opened) = &self.opened else { return Err(gone(&self.path)) };
        let words = |error: rusqlite::Error| translate(&error, &self.path);
        opened.connection.prepare_cached(sql).map_err(words)?.query_row([], |row| row.get(0)).map_err(words)
    }

    /// Does `work` in one read transaction over a picture of the database that nobody changed meanwhile.
    ///
    /// # Errors
    ///
    /// Those of opening, of `work`, and [`ErrorKind::Locked`] when patience ended.
    pub(crate) fn read<T>(&mut self, work: impl Fn(&Reader<'_>, &mut Memory) -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let mut rereads = 0;
        loop {
            if self.canceller.is_cancelled() {
                return Err(Error::new(ErrorKind::Cancelled, "cancelled", ""));
            }
            let outcome = self.attempt(&work);
            let current = self.opened.as_ref().is_none_or(|opened| opened.is_current(&self.path));
            if !current {
                self.opened = None;
            }
            match outcome {
                Err(error) if error.kind == ErrorKind::Locked && started.elapsed() < self.patience => {
                    thread::sleep(PAUSE);
                }
                Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
                _ if !current && (rereads < REREADS || started.elapsed() < self.patience) => rereads += 1,
                _ if !current => return Err(busy(&self.path)),
                outcome => return outcome,
            }
        }
    }

    fn attempt<T>(&mut self, work: &impl Fn(&Reader<'_>, &mut Memory) -> Result<T>) -> Result<T> {
        self.rows_read = 0;
        if self.opened.as_ref().is_some_and(|opened| !opened.is_current(&self.path)) {
            self.opened = None;
        }
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => {
                self.memory = Memory::default();
                self.openings += 1;
                Opened::open(&self.path, &self.canceller)?
            }
        };
        let opened = self.opened.insert(opened);
        let reader = Reader::new(&opened.connection, &self.path);
        reader.each("BEGIN", &[], |_| Ok(Flow::More))?;
        let outcome = work(&reader, &mut self.memory);
        self.rows_read = reader.rows_read();
        // Reading changed nothing, so how the transaction ends is all one; ROLLBACK works after an error, too.
        let ended = opened.connection.is_autocommit() || reader.each("ROLLBACK", &[], |_| Ok(Flow::More)).is_ok();
        if !ended {
            self.opened = None;
        }
        outcome
    }
}

fn gone(path: &Path) -> Error {
    Error::new(ErrorKind::NotFound, format!("{} is gone", path.display()), "it was moved or deleted: check the path")
}

fn busy(path: &Path) -> Error {
    Error::new(
        ErrorKind::Locked,
        format!("{} changes faster than it can be read", path.display()),
        "wait until the other program has finished, then try again",
    )
}
