//! Writing a file through SQLite: one transaction for each batch, under the write lock from its first look at a row.
//!
//! Owns the connection that writes, the wait for locks of other programs, and what is done where a commit fails half-way. What the
//! rows are compared with, and the words, are the business of [`plan`], [`statement`](super::statement) and
//! [`refusal`](super::refusal). The file is only ever opened by SQLite here, and claimed while it is
//! ([`claims`](crate::db::connection::claims)).
//!
//! Safe against crashes is what SQLite is: a rollback journal or the write-ahead log, whichever the file has (never changed here),
//! with `synchronous` full.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        write::{
            file::{
                opened::{Ended, Opened, Standing},
                transaction::Transaction,
            },
            plan,
        },
    },
    domain::change::{Batch, Known, Outcome, Receipt, Refusal, Written},
};

mod opened;
mod transaction;

/// The pause between two tries for a lock: a cancel is heard within this and [`opened::BUSY`].
const PAUSE: Duration = Duration::from_millis(10);

/// One connection that writes, opened with the first batch, and anew where the file was replaced or something failed.
pub(super) struct FileWriter {
    path: PathBuf,
    canceller: Canceller,
    /// `None`: without end.
    patience: Option<Duration>,
    opened: Option<Opened>,
}

impl FileWriter {
    pub(super) fn new(path: &Path, canceller: Canceller) -> Self {
        Self { path: path.to_path_buf(), canceller, patience: None, opened: None }
    }

    pub(super) const fn set_patience(&mut self, patience: Duration) {
        self.patience = Some(patience);
    }

    /// Opens the file.
    pub(super) fn prepare(&mut self) -> Result<()> {
        let wait = self.wait();
        loop {
            match Opened::open(&self.path) {
                Ok(opened) => {
                    self.opened = Some(opened);
                    return Ok(());
                }
                Err(error) if error.kind == ErrorKind::Locked => wait.a_moment(error)?,
                Err(error) => return Err(error),
            }
        }
    }

    fn wait(&self) -> Wait {
        Wait { canceller: self.canceller.clone(), since: Instant::now(), patience: self.patience }
    }

    /// Writes all of the batch, or nothing.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<Receipt> {
        let wait = self.wait();
        loop {
            let outcome = self.attempt(batch, &wait);
            match outcome {
                Ok(outcome) => return Ok(Receipt { batch: batch.id, outcome }),
                Err(error) if error.kind == ErrorKind::Locked => wait.a_moment(error).map_err(nothing_written)?,
                Err(error) => {
                    // Whatever state the connection was in: the next batch gets a new one.
                    self.opened = None;
                    if matches!(error.kind, ErrorKind::Io | ErrorKind::DiskFull) {
                        // The journal may still be there: who only reads could do nothing about it. Where it fails, whoever opens it
                        // next hears of it.
                        let _ = Opened::open(&self.path);
                    }
                    return Err(nothing_written(error));
                }
            }
        }
    }

    /// One try; [`ErrorKind::Locked`] where it met a lock, and then nothing is written.
    fn attempt(&mut self, batch: &Batch, wait: &Wait) -> Result<Outcome> {
        let opened = match self.opened.take().filter(|opened| opened.is_current(&self.path)) {
            Some(opened) => opened,
            None => Opened::open(&self.path)?,
        };
        let opened = self.opened.insert(opened);
        opened.begin(&wait.canceller)?;
        let outcome = write_all(opened, batch);
        let (written, refusals) = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                self.roll_back();
                return Err(error);
            }
        };
        if !refusals.is_empty() {
            self.roll_back();
            return Ok(Outcome::Refused(refusals));
        }
        self.commit(batch, written, wait)
    }

    /// Ends the transaction. From here on a cancel only ends the wait for readers in the way: then nothing is written.
    fn commit(&mut self, batch: &Batch, written: Vec<Written>, wait: &Wait) -> Result<Outcome> {
        loop {
            let Some(opened) = &mut self.opened else { return Err(gone(&self.path)) };
            match opened.commit() {
                Ended::Committed => return Ok(Outcome::Committed { written, known: Known::Answered }),
                Ended::Locked(error) => {
                    if let Err(error) = wait.a_moment(error) {
                        self.roll_back();
                        return Err(error);
                    }
                }
                Ended::BrokenReferences => {
                    let refusals =
                        opened.schema().and_then(|schema| Transaction::new(opened, batch, &schema).broken(&written));
                    self.roll_back();
                    return refusals.map(Outcome::Refused);
                }
                Ended::Refused(error) => {
                    self.roll_back();
                    return Err(error);
                }
                Ended::Unknown(error) => {
                    self.opened = None;
                    return self.look(written, &error);
                }
            }
        }
    }

    /// Input or output failed while committing: what is in the file now is what counts.
    fn look(&self, written: Vec<Written>, why: &Error) -> Result<Outcome> {
        let unknown = |more: &str| {
            Ok(Outcome::Unknown(format!(
                "{} while committing{more}: look at the rows and at their history once the disc is well again",
                why.what
            )))
        };
        let Ok(opened) = Opened::open(&self.path) else { return unknown(", and the file cannot be read") };
        let standings: Result<Vec<Standing>> = written.iter().map(|one| opened.standing(one)).collect();
        let Ok(standings) = standings else { return unknown(", and the file cannot be read") };
        // One transaction: all or nothing.
        if standings.iter().all(|row| row.as_written) {
            Ok(Outcome::Committed { written, known: Known::Looked })
        } else if standings.iter().all(|row| row.as_before) {
            Err(Error::new(why.kind, format!("{}: nothing was written", why.what), why.remedy.clone()))
        } else {
            unknown(", and others wrote meanwhile")
        }
    }

    fn roll_back(&mut self) {
        if let Some(opened) = self.opened.take() {
            self.opened = opened.roll_back();
        }
    }
}

/// Does everything but the commit: what was written, or what stands against it.
fn write_all(opened: &mut Opened, batch: &Batch) -> Result<(Vec<Written>, Vec<Refusal>)> {
    let schema = opened.schema()?;
    let mut transaction = Transaction::new(opened, batch, &schema);
    let history = plan::history(batch, &schema)?.map(Arc::clone);
    transaction.run(history.as_deref())
}

/// The wait for locks of other programs.
struct Wait {
    canceller: Canceller,
    since: Instant,
    patience: Option<Duration>,
}

impl Wait {
    /// A pause; an error where the wait is over.
    fn a_moment(&self, locked: Error) -> Result<()> {
        if self.canceller.is_cancelled() {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "cancelled while waiting for a lock: nothing was written",
                "",
            ));
        }
        if self.patience.is_some_and(|patience| self.since.elapsed() >= patience) {
            return Err(locked);
        }
        thread::sleep(PAUSE);
        Ok(())
    }
}

/// An error of a batch: it is rolled back.
fn nothing_written(mut error: Error) -> Error {
    const NOTHING: &str = "nothing was written";
    if matches!(error.kind, ErrorKind::Io | ErrorKind::Locked | ErrorKind::Damaged | ErrorKind::Sql)
        && !error.what.contains(NOTHING)
    {
        error.what = format!("{}; {NOTHING}", error.what);
    }
    error
}

fn gone(path: &Path) -> Error {
    Error::new(ErrorKind::NotFound, format!("{} is gone", path.display()), "it was moved or deleted: check the path")
}

#[cfg(test)]
mod tests;
