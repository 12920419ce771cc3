//! The connections to a server, shared by all who read from it, and the state they are in.

use std::{fmt, time::Duration};

use super::{Server, script::Script};
use crate::{
    db::{
        connection::{Canceller, reader::Flow},
        error::{Error, ErrorKind, Result},
        request::LinkStatus,
    },
    domain::value::Value,
};

/// The rows of one statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Set {
    pub(crate) rows: Vec<Vec<Value>>,
}

/// What has travelled so far, for tests and for the progress of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) connections: u64,
    pub(crate) requests: u64,
    pub(crate) received: u64,
    pub(crate) sent: u64,
}

/// The connections to one server. Clones share them.
#[derive(Clone)]
pub(crate) struct Link {}

impl Link {
    /// Makes ready; connects to nothing yet.
    pub(crate) fn open(_server: &Server) -> Result<Self> {
        Ok(Self {})
    }

    /// Sends the statements in one request and waits for all their rows, at most [`super::Limits::request`].
    pub(crate) fn batch(&self, script: &Script, canceller: &Canceller) -> Result<Vec<Set>> {
        self.batch_within(script, canceller, Duration::ZERO)
    }

    /// As [`Self::batch`] with another limit.
    pub(crate) fn batch_within(&self, _script: &Script, _canceller: &Canceller, _limit: Duration) -> Result<Vec<Set>> {
        Err(Error::new(ErrorKind::Unsupported, "not there yet", ""))
    }

    /// Reads one statement's rows as they come, in constant memory, on a connection of its own.
    pub(crate) fn cursor(
        &self,
        _script: &Script,
        _canceller: &Canceller,
        _each: &mut dyn FnMut(Vec<Value>) -> Result<Flow>,
    ) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "not there yet", ""))
    }

    /// How the connections are.
    pub(crate) fn status(&self) -> LinkStatus {
        LinkStatus::default()
    }

    /// Calls this (from a thread of the link's) whenever the status changes in a way worth a frame; replaces the one before.
    pub(crate) fn on_status(&self, _tell: impl Fn(LinkStatus) + Send + Sync + 'static) {}

    /// What has travelled so far.
    pub(crate) fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}
