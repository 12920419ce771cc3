//! The thread of a slot: takes the newest request, reads, replies, and goes on whatever happened.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    time::Duration,
};

use super::{
    Shared,
    counts::Countable,
    mailbox::{Mailbox, Wanted},
    observer::Word,
};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        location::Location,
        request::{Answer, Query, Reply, Request, Slot},
        session::ReadSession,
        write::{Grant, WriteSession},
    },
    domain::{
        change::{Batch, Outcome, Receipt},
        schema::Relation,
    },
};

/// How long a view is counted in the background. Files without a write-ahead log cannot be written meanwhile.
const VIEW_PATIENCE: Duration = Duration::from_millis(250);

/// What a thread works with.
pub(super) struct Worker {
    pub(super) slot: Slot,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) shared: Arc<Shared>,
    session: Option<ReadSession>,
    writer: Option<(Grant, WriteSession)>,
}

impl Worker {
    pub(super) fn new(slot: Slot, mailbox: Arc<Mailbox>, shared: Arc<Shared>) -> Self {
        Self { slot, mailbox, shared, session: None, writer: None }
    }

    /// Until the mailbox is closed.
    pub(super) fn run(mut self) {
        if self.slot == Slot::Count {
            give_way();
            // At the start the first page comes first: counting would only take its processor and its disk.
            self.shared.let_the_first_page_go_first();
        }
        if self.slot == Slot::Ahead && self.shared.server().is_some() {
            self.shared.let_the_first_page_go_first();
        }
        if self.slot == Slot::Page {
            // Whatever is wrong here is said to the first request, which finds it, too.
            self.session = ReadSession::open_ahead(&self.shared.location, self.mailbox.canceller()).ok();
        }
        while let Some(request) = self.mailbox.take() {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.serve(&request))).unwrap_or_else(|cause| {
                // Whatever state the sessions were in: the next request gets a new one.
                self.session = None;
                self.writer = None;
                let error = broken(cause.as_ref());
                match &request.query {
                    // An error would say that nothing is written, and the user would do it again: it may be written all the same.
                    Query::Write(_, batch) => Ok(Some(self.lost(batch, &error))),
                    _ => Err(error),
                }
            });
            // Without a schema nobody asks for a page.
            let hopeless = self.slot == Slot::Schema && outcome.is_err() && self.shared.server().is_some();
            if let Some(outcome) = outcome.transpose() {
                self.reply(&request, outcome);
            }
            // Who reads the ledger first looks at no page of a table.
            if matches!(self.slot, Slot::Page | Slot::Ledger) || hopeless {
                self.shared.served.notify();
            }
        }
    }

    /// The last answer; `None` where the answers went out by themselves.
    fn serve(&mut self, request: &Request) -> Result<Option<Answer>> {
        let on_server = self.shared.server().is_some();
        if let (
            Location::Replica(replica),
            Slot::Schema | Slot::Page | Slot::Question | Slot::Cell | Slot::Review | Slot::Story | Slot::Ledger,
        ) = (&self.shared.location, self.slot)
        {
            replica.stir();
        }
        match &request.query {
            Query::Counts(relations) if on_server => self.count_on_server(request, relations).map(|()| None),
            Query::Counts(relations) => self.count(request, relations).map(|()| None),
            Query::Sync(how) => self.sync(*how).map(Some),
            Query::Write(grant, batch) => self.write(grant, batch).map(Some),
            _ if on_server => self.ask_server(request).map(Some),
            query => self.read(query).map(Some),
        }
    }

    fn count(&mut self, request: &Request, relations: &[Arc<Relation>]) -> Result<()> {
        for relation in relations {
            let rows = match self.shared.counts.get(&relation.name) {
                Ok(rows) => rows,
                Err(era) => {
                    // One that fails ends the request: whoever asked knows by the order which it was, and asks for the rest.
                    let rows = self.session()?.count_within(relation, VIEW_PATIENCE)?;
                    self.shared.counts.learn(&relation.name, rows, Countable::Table, era);
                    rows
                }
            };
            if self.mailbox.wanted() == Wanted::NoMore {
                return Ok(());
            }
            self.reply(request, Ok(Answer::Count { relation: relation.name.clone(), rows }));
        }
        Ok(())
    }

    /// Reads from wherever the database is. What another program left half done in a file is rolled back first, where that may be.
    pub(super) fn read(&mut self, query: &Query) -> Result<Answer> {
        match (self.read_as_it_is(query), &self.shared.grant) {
            (Err(error), Some(grant)) if error.kind == ErrorKind::NeedsRecovery => {
                WriteSession::open_with(grant, self.mailbox.canceller())?.prepare()?;
                self.read_as_it_is(query)
            }
            (answer, _) => answer,
        }
    }

    fn read_as_it_is(&mut self, query: &Query) -> Result<Answer> {
        let session = self.session()?;
        Ok(match query {
            Query::Schema => Answer::Schema(Arc::new(session.schema()?)),
            Query::Page(query) => Answer::Page(Arc::new(session.page(query)?)),
            Query::Record(relation, key) => Answer::Record(session.record(relation, key)?.map(Arc::new)),
            Query::Question(id) => Answer::Question(session.question(id)?.map(Arc::new)),
            Query::Cell { relation, key, column } => Answer::Cell(session.cell(relation, key, *column)?.map(Arc::new)),
            Query::Review(order, limit) => Answer::Review(Arc::new(session.review(*order, *limit)?)),
            Query::Story(item) => Answer::Story(Arc::new(session.story(item)?)),
            Query::Ledger(query) => Answer::Ledger(Arc::new(session.ledger(query)?)),
            Query::References(relation, key) => Answer::References(session.references(relation, key)?),
            // None of them comes here: `serve` and the observer deal with them.
            Query::Counts(_) | Query::Activity | Query::Sync(_) | Query::Write(..) => {
                return Err(Error::new(ErrorKind::Sql, "this is not read by a slot", "please report this"));
            }
        })
    }

    /// Writes. The session is kept for the next batch, unless something went wrong with it.
    fn write(&mut self, grant: &Grant, batch: &Batch) -> Result<Answer> {
        let kept = self.writer.take().filter(|(of, _)| of == grant);
        let (of, mut session) = match kept {
            Some(kept) => kept,
            None => (grant.clone(), WriteSession::open_with(grant, self.mailbox.canceller())?),
        };
        let receipt = session.write(batch)?;
        self.writer = Some((of, session));
        if !matches!(receipt.outcome, Outcome::Refused(_)) {
            self.wrote(batch, &receipt.outcome);
        }
        Ok(Answer::Written(Arc::new(receipt)))
    }

    /// The writing ended nobody knows where.
    fn lost(&self, batch: &Batch, why: &Error) -> Answer {
        let outcome =
            Outcome::Unknown(format!("{} ({}): look at the rows before you do it again", why.what, why.remedy));
        self.wrote(batch, &outcome);
        Answer::Written(Arc::new(Receipt { batch: batch.id, outcome }))
    }

    /// What is read from now on is read anew, and whoever watches looks at once.
    fn wrote(&self, batch: &Batch, outcome: &Outcome) {
        self.shared.wrote(batch, outcome);
        let (nobody, _) = mpsc::channel();
        self.shared.tell(Word::Look(nobody));
    }

    pub(super) fn session(&mut self) -> Result<&mut ReadSession> {
        let session = match self.session.take() {
            Some(session) => session,
            None => ReadSession::open_with(&self.shared.location, self.mailbox.canceller())?,
        };
        Ok(self.session.insert(session))
    }

    pub(super) fn reply(&self, request: &Request, outcome: Result<Answer>) {
        self.reply_with(Reply::Answer { slot: self.slot, id: request.id, outcome });
    }

    /// Replies where somebody still wants it.
    pub(super) fn reply_with(&self, reply: Reply) {
        if self.mailbox.wanted() == Wanted::Still {
            self.shared.reply(reply);
        }
    }
}

/// Lets every other thread go first: counts may take seconds, and nobody waits for them, while keys want their frame in
/// milliseconds. Linux keeps a priority for each thread (setpriority(2), "C library/kernel differences"); elsewhere it is the
/// whole program's and stays as it is.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::debug!("counting keeps its priority: {error}");
    }
}

/// A panic in words.
pub(super) fn broken(cause: &(dyn std::any::Any + Send)) -> Error {
    let words = cause.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::new(
        ErrorKind::Sql,
        format!("the work on the database failed in an unforeseen way: {words}"),
        "please report this",
    )
}
