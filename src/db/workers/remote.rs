//! A slot's work where the database is on a server: memory first, then one request.
//!
//! It owns in which order memory and server answer, and who lets whom go first. What the user waits for goes at once; what is read
//! ahead waits until nothing else is under way. How a request went is told to the observer: it is as good a poll as any.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    cache::Found,
    counts::{Countable, Era},
    mailbox::Wanted,
    observer::Word,
    worker::Worker,
};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        location::Location,
        request::{Answer, Freshness, Reply, Request, Slot, SyncHow},
    },
    domain::schema::{Relation, RelationKind},
};

/// How long a view is counted on a server before it is given up.
const VIEW_PATIENCE: Duration = Duration::from_secs(5);
/// How often what waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

impl Worker {
    /// The last answer to anything but counts.
    pub(super) fn ask_server(&mut self, request: &Request) -> Result<Answer> {
        let query = &request.query;
        if request.freshness == Freshness::Any {
            match self.shared.cache.find(query, Timestamp::now()) {
                Some(Found::Fresh(answer)) => return Ok(answer),
                Some(Found::Old(answer, read)) if !matches!(self.slot, Slot::Ahead | Slot::Next) => {
                    self.reply_with(Reply::Kept { slot: self.slot, id: request.id, answer, read });
                }
                Some(Found::Old(..)) | None => {}
            }
        }
        let shared = Arc::clone(&self.shared);
        let _under_way = match self.slot {
            Slot::Ahead => {
                self.wait_for_calm()?;
                None
            }
            _ => Some(shared.traffic.enter()),
        };
        let era = shared.cache.era();
        let outcome = self.read(query);
        self.tell_how_it_went(outcome.as_ref().err());
        let answer = outcome?;
        shared.cache.keep(query, &answer, era, Timestamp::now());
        Ok(answer)
    }

    /// The counts, one reply for each: those of all tables that have to be counted in one request, views one by one.
    pub(super) fn count_on_server(&mut self, request: &Request, relations: &[Arc<Relation>]) -> Result<()> {
        let mut counted = self.count_tables(request, relations)?;
        for relation in relations {
            let rows = match counted.remove(&relation.name) {
                Some(rows) => rows?,
                None => match self.known(request, relation) {
                    Ok(rows) => rows,
                    Err(era) => {
                        let rows = self.session()?.count_within(relation, VIEW_PATIENCE)?;
                        self.shared.counts.learn(&relation.name, rows, countable(relation), era);
                        rows
                    }
                },
            };
            if self.mailbox.wanted() == Wanted::NoMore {
                return Ok(());
            }
            self.reply(request, Ok(Answer::Count { relation: relation.name.clone(), rows }));
        }
        Ok(())
    }

    /// Counts the tables of which too little is known.
    fn count_tables(&mut self, request: &Request, relations: &[Arc<Relation>]) -> Result<HashMap<String, Result<u64>>> {
        let mut era = None;
        let mut wanted = Vec::new();
        for relation in relations.iter().filter(|relation| countable(relation) == Countable::Table) {
            if let Err(now) = self.known(request, relation) {
                era = era.or(Some(now));
                wanted.push(Arc::clone(relation));
            }
        }
        let Some(era) = era else { return Ok(HashMap::new()) };
        let counted = self.session()?.counts(&wanted, VIEW_PATIENCE)?;
        for (relation, rows) in wanted.iter().zip(&counted) {
            if let Ok(rows) = rows {
                self.shared.counts.learn(&relation.name, *rows, Countable::Table, era);
            }
        }
        Ok(wanted.iter().map(|relation| relation.name.clone()).zip(counted).collect())
    }

    fn known(&self, request: &Request, relation: &Relation) -> Result<u64, Era> {
        match request.freshness {
            Freshness::Any => self.shared.counts.recall(&relation.name, Instant::now()),
            Freshness::Now => self.shared.counts.get(&relation.name),
        }
    }

    /// Brings the copy up to date; where there is none, has the observer look for changes, and waits for that.
    pub(super) fn sync(&self, how: SyncHow) -> Result<Answer> {
        if let Location::Replica(replica) = &self.shared.location {
            return replica.sync(how, &self.mailbox.canceller()).map(|()| Answer::Synced);
        }
        let (asking, answer) = mpsc::channel();
        self.shared.tell(Word::Look(asking));
        loop {
            match answer.recv_timeout(LOOK) {
                Ok(outcome) => return outcome.map(|()| Answer::Synced),
                Err(RecvTimeoutError::Timeout) => self.check_wanted()?,
                Err(RecvTimeoutError::Disconnected) => return Err(cancelled()),
            }
        }
    }

    /// Waits until nothing that the user waits for is under way.
    fn wait_for_calm(&self) -> Result<()> {
        while !self.shared.traffic.is_calm_within(LOOK) {
            self.check_wanted()?;
        }
        Ok(())
    }

    fn check_wanted(&self) -> Result<()> {
        let wanted = self.mailbox.wanted() == Wanted::Still && !self.mailbox.canceller().is_cancelled();
        if wanted { Ok(()) } else { Err(cancelled()) }
    }

    /// What it did not ask for itself would make the observer think that somebody is there.
    fn tell_how_it_went(&self, error: Option<&Error>) {
        match error {
            None if matches!(self.slot, Slot::Ahead | Slot::Next) => {}
            None => self.shared.tell(Word::Asked(Ok(()))),
            Some(error) if error.kind == ErrorKind::Cancelled => {}
            Some(error) => self.shared.tell(Word::Asked(Err(error.clone()))),
        }
    }
}

/// As what it is counted: of a view nobody knows what it costs.
fn countable(relation: &Relation) -> Countable {
    match relation.kind {
        RelationKind::View => Countable::View,
        RelationKind::Table | RelationKind::Virtual | RelationKind::Internal => Countable::Table,
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "cancelled", "")
}
