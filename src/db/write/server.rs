//! Writing through a server: two requests for a batch, the second of which is one transaction.
//!
//! The first reads the rows as they are, the server's clock with them. What was shown is compared here, so all that stands in the way
//! is known at once. The second ([`order`]) holds the whole transaction: each change guarded by the whole row as just read, then the
//! history and the row as it became. It is sent once. Where its answer is lost, it is looked what became of it ([`look`]): the
//! transaction has a deadline by the server's clock, after which nobody carries it out any more, so the look can be sure.
//!
//! Foreign keys: sqld enforces them on every connection, as it is built; the pragma that says so works over the protocol, but not
//! inside of a transaction, and the server's setting is its owner's: it is left as it is.
//!
//! Owns what is done when. Must not know how requests travel.

mod image;
mod look;
mod order;
mod rows;

use std::{sync::Arc, time::Duration};

use self::{
    order::{Order, Part},
    rows::Picture,
};
use crate::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        replica::Replica,
        server::{
            Limits, Server,
            known::Known as Facts,
            link::{Link, Refused, Sent},
            schema,
            transaction::failed_check,
            words,
        },
        write::{Grant, inverse::inverse, plan, refusal},
    },
    domain::{
        change::{Batch, Change, Entry, Known, Obstacle, Outcome, Receipt, Refusal, Written},
        page::{Record, RowKey},
        schema::Schema,
    },
};

/// How often a batch is built anew where a row changed between the two requests in a way that was not shown. Nothing is written then,
/// so nothing is sent twice.
const ATTEMPTS: usize = 3;

/// How long a copy is waited for after a write.
const FOLLOWED: Duration = Duration::from_secs(2);

/// Whether this server may be written. Nothing is asked: that a token is only for reading is known when the server says so.
///
/// # Errors
///
/// A token may not travel there.
pub(super) fn check(server: &Server) -> Result<()> {
    server.link().map(drop)
}

/// One line of writing to a server.
pub(super) struct ServerWriter {
    grant: Grant,
    link: Link,
    limits: Limits,
    facts: Arc<Facts>,
    /// The copy that follows the server.
    copy: Option<Replica>,
    canceller: Canceller,
}

/// What became of one attempt.
enum Attempt {
    Done(Outcome),
    /// A row is another than it was a moment ago, by what was not shown: nothing is written, and the batch can be built anew.
    Overtaken,
}

impl ServerWriter {
    /// Opens it; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// No thread for the network; a token may not travel there.
    pub(super) fn open(grant: &Grant, server: &Server, copy: Option<Replica>, canceller: Canceller) -> Result<Self> {
        let (link, facts) = (server.link()?.clone(), Arc::clone(&server.known));
        Ok(Self { grant: grant.clone(), link, limits: server.limits, facts, copy, canceller })
    }

    /// Writes all of the batch, or nothing.
    ///
    /// # Errors
    ///
    /// Nothing is written; see [`ErrorKind`].
    pub(super) fn write(&mut self, batch: &Batch) -> Result<Receipt> {
        let schema = self.schema()?;
        let unwritable: Vec<Refusal> = batch
            .entries
            .iter()
            .filter_map(|entry| Some(Refusal { entry: entry.id, why: plan::unwritable(&entry.change, &schema)? }))
            .collect();
        if !unwritable.is_empty() {
            // What is remembered may be older than the change that is meant for it.
            self.facts.forget_schema();
            return Ok(Receipt { batch: batch.id, outcome: Outcome::Refused(unwritable) });
        }
        for _ in 0..ATTEMPTS {
            match self.attempt(batch, &schema) {
                Ok(Attempt::Done(outcome)) => {
                    if let (Outcome::Committed { .. } | Outcome::Unknown(_), Some(copy)) = (&outcome, &self.copy) {
                        copy.follow(FOLLOWED);
                    }
                    return Ok(Receipt { batch: batch.id, outcome });
                }
                Ok(Attempt::Overtaken) => {}
                Err(error) => {
                    if error.kind == ErrorKind::NoSuchRelation {
                        self.facts.forget_schema();
                    }
                    return Err(nothing_written(error));
                }
            }
        }
        Err(Error::new(
            ErrorKind::Locked,
            "the row changes faster than it can be written: nothing was written",
            "wait until the other program has finished, then try again",
        ))
    }

    /// The schema as it was read last, by whomever.
    fn schema(&self) -> Result<Arc<Schema>> {
        match self.facts.schema() {
            Some(schema) => Ok(schema),
            None => schema::read(&mut |script| self.link.read_to_write(script, &self.canceller), &self.facts),
        }
    }

    fn attempt(&self, batch: &Batch, schema: &Schema) -> Result<Attempt> {
        let history = plan::history(batch, schema)?;
        let picture = self.look_at(&batch.entries)?;
        let refused = obstacles(&batch.entries, &picture);
        if !refused.is_empty() {
            return Ok(Attempt::Done(Outcome::Refused(refused)));
        }
        let until = picture.now.plus(self.patience());
        let order = Order::new(&self.grant, until, batch, &picture, history)?;
        if self.canceller.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "cancelled: nothing was written", ""));
        }
        match self.link.write(order.transaction(), &self.canceller)? {
            Sent::Committed(sets) => match order.rows(&sets) {
                Ok(rows) => Ok(Attempt::Done(committed(batch, &picture, &order, rows, Known::Answered))),
                // It is written, whatever the answer looks like: an error would say that it is not.
                Err(why) => self.look(batch, &picture, &order, history, until, why).map(Attempt::Done),
            },
            Sent::RolledBack(refused) => self.refused(batch, &picture, &order, refused),
            Sent::Lost(why) => self.look(batch, &picture, &order, history, until, why).map(Attempt::Done),
        }
    }

    /// How long after the first request the transaction may begin.
    fn patience(&self) -> Duration {
        self.limits.request / 2
    }

    /// The rows as they are.
    fn look_at(&self, entries: &[Entry]) -> Result<Picture> {
        rows::read(&mut |script| self.link.read_to_write(script, &self.canceller), &self.facts, entries)
    }

    /// What the server's refusal means. Nothing is written.
    fn refused(&self, batch: &Batch, picture: &Picture, order: &Order, refused: Refused) -> Result<Attempt> {
        let Refused { step, mut error, code } = refused;
        let part = step.map_or(Part::End, |step| order.part(step));
        let said = |at: usize, why: Obstacle| {
            let entry = batch.entries.get(at).map(|entry| Refusal { entry: entry.id, why });
            Ok(Attempt::Done(Outcome::Refused(entry.into_iter().collect())))
        };
        match part {
            Part::Deadline if failed_check(&error.what).is_some() => Err(Error::new(
                ErrorKind::TimedOut,
                format!("the server was busy for more than {} s: nothing was written", self.patience().as_secs()),
                "try again when it has less to do",
            )),
            Part::Guard(at) if failed_check(&error.what).is_some() => {
                let now = self.look_at(&batch.entries)?;
                let refused = obstacles(&batch.entries, &now);
                if !refused.is_empty() {
                    return Ok(Attempt::Done(Outcome::Refused(refused)));
                }
                let row = |picture: &Picture| picture.rows.get(at).and_then(|found| found.row.clone());
                match batch.entries.get(at).map(|entry| entry.change.relation()) {
                    // Nobody changed it, and still it was not hit.
                    Some(relation) if !relation.triggers.is_empty() && row(&now) == row(picture) => {
                        said(at, refusal::ignored(relation))
                    }
                    _ => Ok(Attempt::Overtaken),
                }
            }
            Part::Change(at) | Part::Line(at) if is_of_the_row(&error, &code) => {
                let relation = match (batch.entries.get(at), part) {
                    (Some(entry), Part::Change(_)) => entry.change.relation(),
                    _ => order.history().unwrap_or_else(|| batch.entries[at].change.relation()),
                };
                if error.what.contains("too big") {
                    return said(at, too_big());
                }
                said(at, refusal::obstacle(&error.what, relation))
            }
            // A key that is looked at only at the end: of one change alone it is known whose.
            Part::End if code == "SQLITE_CONSTRAINT" && batch.entries.len() == 1 => {
                said(0, refusal::obstacle(&error.what, batch.entries[0].change.relation()))
            }
            _ => {
                if error.kind == ErrorKind::TooLarge {
                    error.remedy = "decide fewer at once".to_owned();
                }
                Err(error)
            }
        }
    }
}

/// An error of a batch, which says that nothing is written, and what to do.
fn nothing_written(mut error: Error) -> Error {
    if error.kind == ErrorKind::Forbidden && error.what.starts_with("permission denied") {
        error.remedy =
            "put a read-write token into `.env` as TURSO_AUTH_TOKEN (`turso db tokens create NAME`)".to_owned();
    } else if error.remedy.is_empty() || error.remedy == words::AGAIN {
        error.remedy = "do it again".to_owned();
    }
    if !error.what.contains(NOTHING) {
        error.what = format!("{}; {NOTHING}", error.what);
    }
    error
}

/// What the words of every error end with.
const NOTHING: &str = "nothing was written";

/// Whether it is the row that is refused, and not the statement or the server that fails.
fn is_of_the_row(error: &Error, code: &str) -> bool {
    error.kind == ErrorKind::Sql
        && matches!(
            code,
            "SQLITE_CONSTRAINT"
                | "SQLITE_MISMATCH"
                | "SQLITE_TOOBIG"
                | "SQLITE_UNKNOWN"
                | "SQLITE_ERROR"
                | "ARGS_INVALID"
        )
}

fn too_big() -> Obstacle {
    Obstacle::Said {
        what: "a value, or its statement, is larger than the server takes (SQLITE_TOOBIG)".to_owned(),
        remedy: "write less: servers take 4 MB or so at once, where files take 1 GB".to_owned(),
    }
}

/// All that stands against the entries, as the rows are.
fn obstacles(entries: &[Entry], picture: &Picture) -> Vec<Refusal> {
    let all = entries.iter().zip(&picture.rows).filter_map(|(entry, found)| {
        let why = match &entry.change {
            Change::Update { shown, .. } | Change::Delete { shown, .. } => match &found.row {
                None => Obstacle::Gone,
                Some(now) if plan::differs(now, shown) => Obstacle::Changed(now.clone()),
                Some(_) => return None,
            },
            Change::Insert { .. } => Obstacle::Pending(found.pending.clone()?),
        };
        Some(Refusal { entry: entry.id, why })
    });
    all.collect()
}

/// The receipt of what is written: the rows as they became.
fn committed(batch: &Batch, picture: &Picture, order: &Order, rows: Vec<Option<Record>>, known: Known) -> Outcome {
    let written = batch.entries.iter().zip(&picture.rows).zip(rows).enumerate().map(|(at, ((entry, found), after))| {
        let key = match (&after, entry.change.key()) {
            (Some(after), _) => after.key.clone(),
            (None, Some(key)) => key.clone(),
            // Its row is gone again already, by a trigger.
            (None, None) => RowKey::Ordinal(0),
        };
        let inverse = inverse(&entry.change, &key, found.row.as_ref(), after.as_ref());
        Written { entry: entry.id, key, after, inverse, statements: order.statements(at).to_vec() }
    });
    Outcome::Committed { written: written.collect(), known }
}
