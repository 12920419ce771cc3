//! An embedded replica: a file that follows a server.
//!
//! Owns the copy's state and the thread that syncs it; reading goes through a read-only connection of [`session`](crate::db::session)
//! to the same file. Must not read rows itself.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::server::Server;

/// A server with a copy of it in a file. Clones share the state.
#[derive(Clone, Debug)]
pub struct Replica {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    server: Server,
}

/// From where to read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The copy has everything the server had at some time.
    Copy,
    /// There is no whole copy yet.
    Server,
}

impl Replica {
    /// A copy there of this server. Touches nothing yet.
    pub fn new(path: PathBuf, server: Server) -> Self {
        Self { shared: Arc::new(Shared { path, server }) }
    }

    /// The copy's file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// The server it follows.
    pub fn server(&self) -> &Server {
        &self.shared.server
    }

    /// From where to read now.
    pub(crate) fn reading(&self) -> Reading {
        Reading::Server
    }
}
