//! Servers: libSQL's remote protocol (Hrana over HTTP), through the `libsql` crate.
//!
//! What was measured of the driver (LIBSQL.md of the project) decides the shape: whatever is read goes out as one batch on a kept
//! connection, so that a page, a question, a look at the bots cost one round trip each; nothing lives longer than its
//! timeout; what is given up is dropped, which ends it on the server. [`endpoint`] knows where a server is and what may travel
//! there, [`credentials`] the token, [`connector`] the way (TLS, proxies, timeouts), [`link`] the connections and the state they are
//! in, [`script`] what is asked and how values come back exactly, [`session`] the reading itself, [`transaction`] what is written
//! at once, or not at all. Must not know the screen.

pub mod advice;
pub(crate) mod cells;
pub(crate) mod changes;
pub(crate) mod connector;
pub(crate) mod counts;
pub mod credentials;
pub mod endpoint;
pub(crate) mod known;
pub(crate) mod link;
pub(crate) mod page;
pub(crate) mod record;
pub(crate) mod scan;
pub(crate) mod schema;
pub(crate) mod script;
pub(crate) mod session;
pub(crate) mod transaction;
pub(crate) mod words;

#[cfg(test)]
mod site;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use self::{
    connector::environment::Environment, credentials::Credentials, endpoint::Endpoint, known::Known, link::Link,
};
use crate::db::error::{Error, ErrorKind, Result};

/// A server and how to get in. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it is.
    pub endpoint: Endpoint,
    /// How to get in.
    pub credentials: Credentials,
    /// How long things may take.
    pub limits: Limits,
    /// Whether a token may travel unencrypted to another computer.
    pub plaintext: Plaintext,
    environment: Arc<Environment>,
    link: Arc<OnceLock<Link>>,
    pub(crate) known: Arc<Known>,
}

/// How long things may take. No request lives longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A connection's set-up: name, TCP, proxy, TLS together.
    pub connect: Duration,
    /// A request from its first byte to the last of the answer.
    pub request: Duration,
    /// As [`Self::request`], for what reads whole tables: counts, and an export until its first row; between two rows it has
    /// [`Self::request`].
    pub long: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(4), request: Duration::from_secs(20), long: Duration::from_secs(120) }
    }
}

/// Whether a token may travel unencrypted to another computer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plaintext {
    /// It may not: connecting is refused.
    #[default]
    Refused,
    /// It was asked for by a flag.
    Allowed,
}

impl Server {
    /// A server there. Connects to nothing yet.
    pub fn new(endpoint: Endpoint, credentials: Credentials) -> Self {
        Self {
            endpoint,
            credentials,
            limits: Limits::default(),
            plaintext: Plaintext::default(),
            environment: Arc::default(),
            link: Arc::default(),
            known: Arc::default(),
        }
    }

    /// The same server by the way that these variables of the process environment ask for: `SSL_CERT_FILE`, a file of certificates to
    /// trust as well, and `HTTPS_PROXY`, `http_proxy`, `ALL_PROXY` and `NO_PROXY`, as curl understands them. To be said before the first
    /// connection.
    #[must_use]
    pub fn with_environment(mut self, variables: &[(String, String)]) -> Self {
        self.environment = Arc::new(Environment::of(variables));
        self.link = Arc::default();
        self
    }

    /// Whether a token may travel there: encrypted, to this very computer, or where that was asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Insecure`].
    pub fn permit_token(&self) -> Result<()> {
        if self.endpoint.is_encrypted() || self.endpoint.is_loopback() || self.plaintext == Plaintext::Allowed {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Insecure,
            format!("a token would travel to {} unencrypted", self.endpoint.host()),
            "write https:// or libsql://; to send it all the same, start with --insecure-http",
        ))
    }

    /// Its connections, shared by all who read from it.
    ///
    /// # Errors
    ///
    /// No thread for the network, no usable certificates, or a token that may not travel.
    pub(crate) fn link(&self) -> Result<&Link> {
        match self.link.get() {
            Some(link) => Ok(link),
            None => {
                let link = Link::open(self)?;
                Ok(self.link.get_or_init(|| link))
            }
        }
    }
}
