//! The way to a server: name, TCP, proxy, TLS, all within one timeout; counts connections and bytes.
//!
//! The driver's own connector knows no timeout and no proxy, and panics where the system has no certificates. What goes wrong here is
//! put into words here, where it is still known, and noted in [`Notes`]: the driver passes on texts only.

mod dial;
pub(super) mod environment;
mod tls;
mod tunnel;
mod wire;

#[cfg(test)]
mod tests;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::Uri;
use tokio_rustls::TlsConnector;
use tower_service::Service;

pub(super) use self::wire::TOO_LONG;
pub(crate) use self::wire::Wire;
use self::{
    environment::Environment,
    wire::{Form, Stream},
};
use super::{Plaintext, Server, endpoint::Endpoint, words};
use crate::db::error::{Error, ErrorKind, Result};

/// What has travelled, over all connections of a connector.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    connections: AtomicU64,
    requests: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

/// What has travelled so far, for tests and for the progress of a sync.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Connections made.
    pub(crate) connections: u64,
    /// HTTP requests begun.
    pub(crate) requests: u64,
    /// Bytes received, those of TLS left out.
    pub(crate) received: u64,
    /// Bytes sent, those of TLS left out.
    pub(crate) sent: u64,
}

impl Meter {
    pub(crate) fn read(&self) -> Traffic {
        Traffic {
            connections: self.connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
        }
    }
}

/// What is known of the connections made for one user of a connector: why the last one could not be made, what came over it.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    failure: Mutex<Option<Error>>,
    connected: Mutex<Option<Instant>>,
    received: AtomicU64,
    answer: AtomicU64,
    /// The longest answer that is read; 0 for any length.
    longest: AtomicU64,
}

impl Notes {
    /// Ends an answer that is longer than this: what a batch answers is held in memory.
    pub(crate) fn limit(&self, longest: u64) {
        self.longest.store(longest, Ordering::Relaxed);
    }

    fn is_too_long(&self) -> bool {
        let longest = self.longest.load(Ordering::Relaxed);
        longest > 0 && self.answered() > longest
    }

    /// Why the last connection could not be made, once.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// When the last connection was made.
    pub(crate) fn connected(&self) -> Option<Instant> {
        *self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes received since the last request began.
    pub(crate) fn answered(&self) -> u64 {
        self.answer.load(Ordering::Relaxed)
    }

    /// Another request begins: nothing has come of its answer.
    pub(crate) fn begin(&self) {
        self.answer.store(0, Ordering::Relaxed);
    }

    /// All bytes received.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }
}

/// How to get to a server: what all its connections have in common.
struct Route {
    endpoint: Endpoint,
    plaintext: Plaintext,
    connect: Duration,
    silence: Duration,
    tls: Option<TlsConnector>,
    environment: Arc<Environment>,
    meter: Arc<Meter>,
}

/// Makes connections for libsql's clients. Clones share the counters.
#[derive(Clone)]
pub(crate) struct Connector {
    route: Arc<Route>,
    notes: Arc<Notes>,
}

impl Connector {
    /// For this server.
    ///
    /// # Errors
    ///
    /// A file of certificates that cannot be read.
    pub(crate) fn new(server: &Server) -> Result<Self> {
        let environment = Arc::clone(&server.environment);
        // Without need, a file of certificates that is wrong is nobody's trouble.
        let tls = if server.endpoint.is_encrypted() || environment.wants_tls() {
            Some(tls::connector(environment.certificates())?)
        } else {
            None
        };
        let route = Route {
            endpoint: server.endpoint.clone(),
            plaintext: server.plaintext,
            connect: server.limits.connect,
            silence: server.limits.long,
            tls,
            environment,
            meter: Arc::default(),
        };
        Ok(Self { route: Arc::new(route), notes: Arc::default() })
    }

    /// The same way with notes of its own.
    pub(crate) fn noted(&self) -> Self {
        Self { route: Arc::clone(&self.route), notes: Arc::default() }
    }

    /// What is known of the connections made through this one.
    pub(crate) fn notes(&self) -> &Arc<Notes> {
        &self.notes
    }

    /// What has travelled over all of them.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.route.meter
    }

    async fn connect(self, uri: Uri) -> Result<Wire> {
        let made = match tokio::time::timeout(self.route.connect, self.route.connect(&uri)).await {
            Ok(made) => made,
            Err(_) => Err(Error::new(
                ErrorKind::TimedOut,
                format!(
                    "connection timeout: {} could not be reached within {}",
                    shown(&uri),
                    words::seconds(self.route.connect)
                ),
                words::CHECK_NETWORK,
            )),
        };
        match made {
            Ok((stream, form)) => {
                self.route.meter.connections.fetch_add(1, Ordering::Relaxed);
                *self.notes.connected.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                Ok(Wire::new(stream, form, Arc::clone(&self.route.meter), self.notes, self.route.silence))
            }
            Err(error) => {
                *self.notes.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                Err(error)
            }
        }
    }
}

/// Host and port, for words.
fn shown(uri: &Uri) -> String {
    uri.authority().map_or_else(String::new, ToString::to_string)
}

impl Route {
    async fn connect(&self, uri: &Uri) -> Result<(Stream, Form)> {
        let encrypted = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        self.permit(uri, encrypted)?;
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        // Never to this computer: a proxy is another one, and the token might go to it unencrypted.
        let proxy = if self.is_here(uri) { None } else { self.environment.proxy(encrypted, host, port)? };
        let Some(proxy) = proxy else {
            let tcp: Stream = Box::new(dial::dial(host, port).await?);
            return Ok((if encrypted { self.encrypt(uri, host, tcp).await? } else { tcp }, Form::Origin));
        };
        let tcp: Stream = Box::new(dial::dial(proxy.host(), proxy.port()).await.map_err(|error| {
            let what = format!("{}: {}", proxy.shown(), error.what);
            Error::new(error.kind, what, "check the proxy's variable, or name the server in NO_PROXY")
        })?);
        let stream = if proxy.is_encrypted() { self.encrypt(uri, proxy.host(), tcp).await? } else { tcp };
        if !encrypted && proxy.login().is_none() {
            return Ok((stream, Form::Absolute));
        }
        // Without TLS, too, where there is a login: its header could not be sent with the driver's requests.
        let stream = tunnel::open(stream, proxy, host, port).await?;
        Ok((if encrypted { self.encrypt(uri, host, stream).await? } else { stream }, Form::Origin))
    }

    async fn encrypt(&self, uri: &Uri, host: &str, stream: Stream) -> Result<Stream> {
        match &self.tls {
            Some(tls) => tls::wrap(tls, host, stream).await,
            None => Err(elsewhere(uri)),
        }
    }

    fn is_same(&self, uri: &Uri) -> bool {
        uri.host() == self.endpoint.url().host_str()
    }

    fn is_here(&self, uri: &Uri) -> bool {
        self.is_same(uri) && self.endpoint.is_loopback()
    }

    /// An answer may name another address for the next request: it must not take the token out of the encryption.
    fn permit(&self, uri: &Uri, encrypted: bool) -> Result<()> {
        if encrypted || (self.is_same(uri) && !self.endpoint.is_encrypted()) || self.plaintext == Plaintext::Allowed {
            Ok(())
        } else {
            Err(elsewhere(uri))
        }
    }
}

fn elsewhere(uri: &Uri) -> Error {
    Error::new(
        ErrorKind::Insecure,
        format!("the server sends us on to {}, another address", shown(uri)),
        "ask who runs the server; a token may have to be replaced",
    )
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Wire>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
