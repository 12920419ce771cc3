//! Reading from a server: each method is one round trip, where nothing odd comes between.
//!
//! Owns what a reader has: its canceller, how long it waits, and what all readers of the server know together. The readers themselves
//! ([`page`], [`schema`], …) see only a way to ask. Must not write.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use super::{
    Limits, Server, counts,
    known::Known,
    link::{Link, Set},
    page, record, scan, schema,
    script::Script,
};
use crate::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        ledger, references,
        request::QuestionRecord,
        review,
    },
    domain::{
        activity::{Item, LedgerPage, LedgerQuery},
        page::{Page, PageQuery, Record, RowKey},
        review::{ReferenceCount, ReviewList, ReviewOrder, Story},
        schema::{Relation, RelationKind, Schema},
        value::Value,
    },
};

/// Runs a script in one round trip.
pub(crate) type Ask<'a> = dyn FnMut(&Script) -> Result<Vec<Set>> + 'a;

/// How long the rows of a view are counted.
const VIEW_PATIENCE: Duration = Duration::from_secs(5);

/// A line of reading from a server.
pub(crate) struct ServerSession {
    link: Link,
    limits: Limits,
    known: Arc<Known>,
    canceller: Canceller,
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

    /// How many rows there are; a view is given up after a while.
    pub(crate) fn count(&mut self, relation: &Relation) -> Result<u64> {
        self.count_within(relation, VIEW_PATIENCE)
    }

    /// As [`Self::count`], with this patience for views.
    pub(crate) fn count_within(&mut self, relation: &Relation, patience: Duration) -> Result<u64> {
        let limit = if relation.kind == RelationKind::View { patience } else { self.limits.long };
        let counted = counts::one(&mut |script| self.ask_within(script, limit), relation);
        match counted {
            Err(error) if error.kind == ErrorKind::TimedOut && relation.kind == RelationKind::View => {
                let what = format!("it takes longer than {patience:?}");
                Err(Error::new(ErrorKind::Sql, what, "its rows can be read all the same"))
            }
            counted => counted,
        }
    }

    /// How many rows each of these has: all tables in one round trip, then views one by one.
    pub(crate) fn counts(&mut self, relations: &[Arc<Relation>], patience: Duration) -> Result<Vec<Result<u64>>> {
        let is_together = |relation: &Relation| relation.kind != RelationKind::View && relation.broken.is_none();
        let tables: Vec<&Relation> =
            relations.iter().map(|relation| &**relation).filter(|relation| is_together(relation)).collect();
        let limit = self.limits.long;
        let mut counted = counts::read(&mut |script| self.ask_within(script, limit), &tables)?.into_iter();
        let mut all = Vec::with_capacity(relations.len());
        for relation in relations {
            let count = if is_together(relation) { counted.next() } else { None };
            all.push(match count.unwrap_or_else(|| self.count_within(relation, patience)) {
                Err(error) if !matches!(error.kind, ErrorKind::Sql | ErrorKind::NoSuchRelation) => return Err(error),
                count => count,
            });
        }
        Ok(all)
    }

    /// A whole row; `None` where there is none with this key.
    pub(crate) fn record(&mut self, relation: &Arc<Relation>, key: &RowKey) -> Result<Option<Record>> {
        let known = Arc::clone(&self.known);
        record::read(&mut |script| self.ask(script), &known, relation, key)
    }

    /// A whole row by the text of its key.
    pub(crate) fn find(&mut self, relation: &Arc<Relation>, key_text: &str) -> Result<Option<Record>> {
        let known = Arc::clone(&self.known);
        record::find(&mut |script| self.ask(script), &known, relation, key_text)
    }

    /// Whole rows by the texts of their keys, in as few round trips as they fit into.
    pub(crate) fn find_all(&mut self, relation: &Arc<Relation>, texts: &[String]) -> Result<Vec<Option<Record>>> {
        let known = Arc::clone(&self.known);
        record::find_all(&mut |script| self.ask_within(script, self.limits.long), &known, relation, texts)
    }

    /// A row of `questions` with its mappings.
    pub(crate) fn question(&mut self, id: &str) -> Result<Option<QuestionRecord>> {
        let known = Arc::clone(&self.known);
        self.by_schema(|session, schema| record::question(&mut |script| session.ask(script), &known, schema, id))
    }

    /// The review queue.
    pub(crate) fn review(&mut self, order: ReviewOrder, limit: usize) -> Result<ReviewList> {
        self.by_schema(|session, schema| {
            review::queue::read(&mut |statements| session.ask_all(statements), schema, order, limit)
        })
    }

    /// What the ledger, the history and the queue say of a question.
    pub(crate) fn story(&mut self, item: &Item) -> Result<Story> {
        self.by_schema(|session, schema| {
            review::story::read(&mut |statements| session.ask_all(statements), schema, item)
        })
    }

    /// A page of the ledger.
    pub(crate) fn ledger(&mut self, query: &LedgerQuery) -> Result<LedgerPage> {
        self.by_schema(|session, schema| ledger::read(&mut |statements| session.ask_all(statements), schema, query))
    }

    /// What refers to a row.
    pub(crate) fn references(&mut self, relation: &Relation, key: &RowKey) -> Result<Vec<ReferenceCount>> {
        self.by_schema(|session, schema| {
            references::read(&mut |statements| session.ask_all(statements), schema, relation, key)
        })
    }

    /// A whole cell; `None` where the row or the column is gone.
    pub(crate) fn cell(&mut self, relation: &Arc<Relation>, key: &RowKey, column: usize) -> Result<Option<Value>> {
        let known = Arc::clone(&self.known);
        record::cell(&mut |script| self.ask(script), &known, relation, key, column)
    }

    /// Every row of a relation in key order.
    pub(crate) fn scan(
        &mut self,
        relation: &Relation,
        each: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
    ) -> Result<()> {
        scan::read(&self.link, &self.canceller, &self.known, relation, each)
    }

    /// Reads by the schema that was read last, by whomever; where that fails, by the one that is there now.
    fn by_schema<T>(&self, read: impl Fn(&Self, &Schema) -> Result<T>) -> Result<T> {
        if let Some(schema) = self.known.schema() {
            match read(self, &schema) {
                Err(error) if matches!(error.kind, ErrorKind::Sql | ErrorKind::NoSuchRelation) => {}
                answer => return answer,
            }
        }
        let schema = schema::read(&mut |script| self.ask(script), &self.known)?;
        read(self, &schema)
    }

    /// Statements that may read whole tables, in one round trip.
    fn ask_all(&self, statements: &[String]) -> Result<Vec<Vec<Vec<Value>>>> {
        let mut script = Script::default();
        for sql in statements {
            script.select(sql.as_str())?;
        }
        let sets = self.ask_within(&script, self.limits.long)?;
        Ok(sets.into_iter().map(|set| set.rows).collect())
    }

    fn ask(&self, script: &Script) -> Result<Vec<Set>> {
        self.link.batch(script, &self.canceller)
    }

    fn ask_within(&self, script: &Script, limit: Duration) -> Result<Vec<Set>> {
        self.link.batch_within(script, &self.canceller, limit)
    }
}
