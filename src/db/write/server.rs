//! Writing through a server.

use crate::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        server::Server,
    },
    domain::change::{Batch, Receipt},
};

/// One line of writing to a server.
pub(crate) struct ServerWriter {
    _server: Server,
    _canceller: Canceller,
}

/// Whether this server may be written.
///
/// # Errors
///
/// [`ErrorKind::ReadOnly`] where it may not.
pub(crate) fn check(_server: &Server) -> Result<()> {
    Ok(())
}

impl ServerWriter {
    /// Opens it; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`].
    pub(crate) fn open(server: &Server, canceller: Canceller) -> Result<Self> {
        Ok(Self { _server: server.clone(), _canceller: canceller })
    }

    /// Writes all of the batch, or nothing.
    ///
    /// # Errors
    ///
    /// Nothing is written; see [`ErrorKind`].
    pub(crate) fn write(&mut self, _batch: &Batch) -> Result<Receipt> {
        Err(Error::new(ErrorKind::Unsupported, "writing to servers is being built", ""))
    }
}
