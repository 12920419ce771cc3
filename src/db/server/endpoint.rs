//! Where a server is: its URL, read strictly, and what may travel there.

use std::fmt;

use url::{Host, Url};

use crate::db::error::{Error, ErrorKind, Result};

/// A server's address. Holds no secrets: a URL with a user, a password or a token in it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
}

impl Endpoint {
    /// Reads a server's URL; `None` where the text is no URL of a server at all.
    pub fn recognise(text: &str) -> Option<Result<Self>> {
        let (scheme, _) = text.split_once("://")?;
        matches!(scheme.to_ascii_lowercase().as_str(), "libsql" | "http" | "https" | "ws" | "wss")
            .then(|| Self::parse(text))
    }

    /// Reads `libsql://HOST[:PORT][?tls=0]`, `https://…`, `http://…`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] where it names no server.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(
                ErrorKind::Unsupported,
                format!("this URL names no server: {why}"),
                "write libsql://HOST or https://HOST",
            )
        };
        let mut text = text.to_owned();
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("libsql://") {
            let scheme = if lower.contains("tls=0") { "http" } else { "https" };
            text.replace_range(..6, scheme);
        }
        let url = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { url })
    }

    /// The URL for the driver: `http://…` or `https://…`.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether what travels there is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it is this computer.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }

    /// Host and port as they were written, for words.
    pub(crate) fn authority(&self) -> String {
        let host = self.host();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The host's name, for labels.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}
