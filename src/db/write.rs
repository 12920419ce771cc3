//! Writing: the only room of the database layer that changes a database, and only for who holds a [`Grant`].
//!
//! Reading sessions have no method that writes, and a request to write carries a grant, which only [`Grant::open`] mints, after it
//! has seen that the database may be written. Owns the transaction: the guards, the trail, what is read back, the look afterwards
//! where the outcome is unknown. Never sends a write twice.
//!
//! [`mod@file`] writes a file through SQLite, [`server`] a server over the network. What they share knows neither: [`plan`] compares and
//! says what the history gets, [`statement`] builds SQL, [`snapshot`] tells rows as JSON, [`inverse`] takes a change back.

mod file;
mod inverse;
mod permission;
mod plan;
mod references;
mod refusal;
mod server;
mod snapshot;
mod statement;

use std::time::Duration;

pub(crate) use self::statement::{Caps, tell};
use self::{file::FileWriter, server::ServerWriter};
use crate::{
    db::{connection::Canceller, error::Result, location::Location},
    domain::change::{Batch, Receipt},
};

/// The right to write one database. Cheap to clone; there is no other way to name a write.
///
/// ```compile_fail
/// // Nobody else can make one.
/// let grant = reelscope::db::write::Grant { location: "a.db".into() };
/// ```
#[derive(Clone, Debug)]
pub struct Grant {
    location: Location,
}

impl PartialEq for Grant {
    fn eq(&self, other: &Self) -> bool {
        self.location.to_string() == other.location.to_string()
    }
}

impl Grant {
    /// Asks for the right to write this database. Nothing is changed or made by asking.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ReadOnly`](crate::db::error::ErrorKind::ReadOnly) where it cannot be written (a read-only file or folder), and what
    /// opening says.
    pub fn open(location: &Location) -> Result<Self> {
        match location {
            Location::File(path) => permission::check(path)?,
            Location::Server(server) => server::check(server)?,
            Location::Replica(replica) => server::check(replica.server())?,
        }
        Ok(Self { location: location.clone() })
    }
}

/// Rolls back what another program left half done in a file, if anything: it was killed in the middle of a commit, and who only reads
/// can do nothing but say so ([`ErrorKind::NeedsRecovery`](crate::db::error::ErrorKind::NeedsRecovery)).
///
/// # Errors
///
/// See [`ErrorKind`](crate::db::error::ErrorKind).
pub fn recover(grant: &Grant, patience: Duration) -> Result<()> {
    WriteSession::open(grant)?.with_patience(patience).prepare()
}

/// Who writes.
enum Backend {
    File(FileWriter),
    Server(ServerWriter),
}

/// A session that writes: one batch after another, each in a transaction of its own.
pub struct WriteSession {
    backend: Backend,
    canceller: Canceller,
}

impl WriteSession {
    /// A session for the database of this grant. It is opened by the first batch, which says what is wrong with it.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::db::error::ErrorKind).
    pub fn open(grant: &Grant) -> Result<Self> {
        Self::open_with(grant, Canceller::default())
    }

    /// A session under a canceller of the caller's.
    pub(crate) fn open_with(grant: &Grant, canceller: Canceller) -> Result<Self> {
        let backend = match &grant.location {
            Location::File(path) => Backend::File(FileWriter::new(path, canceller.clone())),
            Location::Server(server) => Backend::Server(ServerWriter::open(grant, server, None, canceller.clone())?),
            // The copy follows: what is written goes to its server.
            Location::Replica(replica) => {
                Backend::Server(ServerWriter::open(grant, replica.server(), Some(replica.clone()), canceller.clone())?)
            }
        };
        Ok(Self { backend, canceller })
    }

    /// Waits for locks of other programs this long at most, instead of until it is cancelled. Servers have a patience of their own.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        if let Backend::File(file) = &mut self.backend {
            file.set_patience(patience);
        }
        self
    }

    /// What ends the wait for a lock, and the work before the commit, from another thread: then nothing is written.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Forgets a cancellation: to be called before each batch that may be cancelled.
    pub fn arm(&self) {
        self.canceller.reset();
    }

    /// Opens the database now instead of with the first batch. What another program left half done in a file (its journal is still to be
    /// rolled back: [`ErrorKind::NeedsRecovery`](crate::db::error::ErrorKind::NeedsRecovery) to who only reads) is rolled back by that.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`](crate::db::error::ErrorKind).
    pub fn prepare(&mut self) -> Result<()> {
        match &mut self.backend {
            Backend::File(file) => file.prepare(),
            Backend::Server(_) => Ok(()),
        }
    }

    /// Writes all of the batch, or nothing. Waits for locks of other programs until it is cancelled (then nothing is written).
    ///
    /// # Errors
    ///
    /// Nothing is written; see [`ErrorKind`](crate::db::error::ErrorKind). What stands against single entries is no error, but a refusal
    /// in the receipt.
    pub fn write(&mut self, batch: &Batch) -> Result<Receipt> {
        plan::check(batch)?;
        match &mut self.backend {
            Backend::File(file) => file.write(batch),
            Backend::Server(server) => server.write(batch),
        }
    }
}
