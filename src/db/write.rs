//! Writing: the only room of the database layer that changes a database, and only for who holds a [`Grant`].
//!
//! Reading sessions have no method that writes, and a request to write carries a grant, which only [`Grant::open`] mints, after it
//! has seen that the database may be written. Owns the transaction: the guards, the trail, what is read back, the look afterwards
//! where the outcome is unknown. Never sends a write twice.

use crate::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        location::Location,
    },
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
    /// Asks for the right to write this database.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ReadOnly`] where it cannot be written (a read-only file or folder), and what opening says.
    pub fn open(location: &Location) -> Result<Self> {
        Ok(Self { location: location.clone() })
    }
}

/// A session that writes.
pub struct WriteSession {
    _grant: Grant,
    _canceller: Canceller,
}

impl WriteSession {
    /// Opens the database of this grant.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub fn open(grant: &Grant) -> Result<Self> {
        Self::open_with(grant, Canceller::default())
    }

    pub(crate) fn open_with(grant: &Grant, canceller: Canceller) -> Result<Self> {
        Ok(Self { _grant: grant.clone(), _canceller: canceller })
    }

    /// Writes all of the batch, or nothing. Waits for locks of other programs until it is cancelled (then nothing is written).
    ///
    /// # Errors
    ///
    /// Nothing is written; see [`ErrorKind`]. What stands against single entries is no error, but a refusal in the receipt.
    pub fn write(&mut self, _batch: &Batch) -> Result<Receipt> {
        Err(Error::new(ErrorKind::Unsupported, "writing is being built", ""))
    }
}
