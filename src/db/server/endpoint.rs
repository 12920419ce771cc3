//! Where a server is: its URL, read strictly, and what may travel there.

use std::fmt;

use url::{Host, Url};

use crate::db::error::{Error, ErrorKind, Result};

/// A server's address. Holds no secrets: a URL with a user, a password or a token in it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
}

/// What to write instead of what was written.
const FORM: &str = "write libsql://HOST or https://HOST, for a server on this computer http://127.0.0.1:PORT";

impl Endpoint {
    /// Reads a server's URL; `None` where the text is no URL of a server at all.
    pub fn recognise(text: &str) -> Option<Result<Self>> {
        let (scheme, _) = text.split_once("://")?;
        matches!(scheme.to_ascii_lowercase().as_str(), "libsql" | "http" | "https" | "ws" | "wss")
            .then(|| Self::parse(text))
    }

    /// Reads `libsql://HOST[:PORT][?tls=0]`, `https://HOST[:PORT]`, `http://HOST[:PORT]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] where it names no server, [`ErrorKind::Credentials`] where a secret stands in it. The words quote
    /// nothing of the text: it may hold one.
    pub fn parse(text: &str) -> Result<Self> {
        if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) {
            return Err(wrong("there is a blank in it"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("it has no libsql:// or https:// in front"))?;
        let scheme = scheme.to_ascii_lowercase();
        let plain = match scheme.as_str() {
            "libsql" | "https" => "https",
            "http" => "http",
            "ws" | "wss" => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "ws:// and wss:// are another protocol, which this program does not speak",
                    "write https:// in place of wss://, or http:// in place of ws://: the server speaks both",
                ));
            }
            _ => return Err(wrong("servers are reached by libsql://, https:// or http://")),
        };
        let mut url = Url::parse(&format!("{plain}://{rest}")).map_err(|error| wrong(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(secret("a user or a password"));
        }
        let mut tls = None;
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("tls", "0") if scheme == "libsql" => tls = Some("http"),
                ("tls", "1") if scheme == "libsql" => tls = Some("https"),
                ("tls", _) => return Err(wrong("tls=0 belongs to libsql:// only, and knows 0 and 1")),
                (name, _) if is_secret(name) => return Err(secret("a token")),
                _ => return Err(wrong("nothing may stand behind a ? but tls=0")),
            }
        }
        url.set_query(None);
        if url.fragment().is_some() {
            return Err(wrong("nothing may stand behind a #"));
        }
        if !matches!(url.path(), "" | "/") {
            return Err(wrong("a path is no part of it: each database has a host name of its own"));
        }
        if url.port() == Some(0) {
            return Err(wrong("no server has the port 0"));
        }
        if let Some(scheme) = tls {
            // A port that is the old scheme's usual one is not kept by the type, but is what was written.
            let port = url.port().or_else(|| written_port(rest));
            url.set_scheme(scheme).and_then(|()| url.set_port(port)).map_err(|()| wrong("its port cannot be read"))?;
        }
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
            Some(Host::Ipv6(address)) => {
                address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
            }
            // What ends in .localhost is this computer by RFC 6761, but not every resolver knows that.
            Some(Host::Domain(name)) => name == "localhost",
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

fn written_port(rest: &str) -> Option<u16> {
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let (_, port) = authority.rsplit_once(':')?;
    port.parse().ok()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "jwt", "auth", "key", "secret", "password"].iter().any(|word| name.contains(word))
}

fn wrong(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("this URL names no server: {why}"), FORM)
}

fn secret(what: &str) -> Error {
    Error::new(
        ErrorKind::Credentials,
        format!(
            "there is {what} in the URL: others can read it there, in the list of processes and in the shell's history"
        ),
        "take it out of the URL and put it into `.env`, as TURSO_AUTH_TOKEN_RO; if others could read it, make a new one",
    )
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn urls_of_servers_are_read() {
        for (text, shown) in [
            ("libsql://db-org.turso.io", "https://db-org.turso.io"),
            ("libsql://db-org.turso.io/", "https://db-org.turso.io"),
            ("LIBSQL://DB.turso.io", "https://db.turso.io"),
            ("libsql://localhost:8080?tls=0", "http://localhost:8080"),
            ("libsql://localhost:443?tls=0", "http://localhost:443"),
            ("libsql://localhost/?tls=0", "http://localhost"),
            ("libsql://db.turso.io?tls=1", "https://db.turso.io"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://db.example:443", "https://db.example"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn secrets_in_urls_are_refused_and_not_quoted() {
        for text in [
            "libsql://db.turso.io?authToken=s3cr3t",
            "https://db.turso.io/?jwt=s3cr3t",
            "https://me:s3cr3t@db.turso.io",
            "https://s3cr3t@db.turso.io",
            "https://db.turso.io/s3cr3t",
            "https://db.turso.io/#s3cr3t",
            "https://db.turso.io?x=s3cr3t",
            "https://db.turso.io:s3cr3t",
            "https://exa mple?authToken=s3cr3t",
            "libsql://db.turso.io?tls=s3cr3t",
            "https://",
            "https://db.turso.io:0",
            "wss://db.turso.io?authToken=s3cr3t",
            "ftp://s3cr3t",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("s3cr3t"), "{text}: {error:?}");
        }
        assert_eq!(Endpoint::parse("https://x?authToken=1").unwrap_err().kind, ErrorKind::Credentials);
        assert!(Endpoint::parse("wss://x").unwrap_err().remedy.contains("https://"));
    }

    #[test]
    fn this_computer_is_known_by_its_addresses() {
        let local = |text: &str| Endpoint::parse(text).unwrap().is_loopback();
        for text in [
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://[::1]",
            "http://localhost:8080",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(local(text), "{text}");
        }
        for text in [
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://[::2]",
        ] {
            assert!(!local(text), "{text}");
        }
    }
}
