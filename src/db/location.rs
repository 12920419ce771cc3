//! Where a database is: a file, a server, or a file that is a copy of a server.
//!
//! Owns the meaning of the command line's DATABASE argument. Must not touch the file system: opening does.

use std::{fmt, path::PathBuf};

use crate::db::{
    error::{Error, ErrorKind, Result},
    replica::Replica,
    server::{Server, credentials::Credentials, endpoint::Endpoint},
};

/// Where a database is. Cheap to clone: all clones of a server share its connections.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file of this computer.
    File(PathBuf),
    /// A libSQL server (Turso, sqld).
    Server(Server),
    /// A server with a copy of it in a file.
    Replica(Replica),
}

impl Location {
    /// Reads `PATH`, `file:PATH`, `file:///PATH` or a server's URL (without credentials); anything without a scheme is a path as it
    /// stands.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a URL that no server can have, for `:memory:` and for nothing at all.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(endpoint) = Endpoint::recognise(text) {
            return Ok(Self::Server(Server::new(endpoint?, Credentials::none())));
        }
        let path = text.strip_prefix("file:").map_or_else(|| text.to_owned(), path_of_uri);
        if path.is_empty() || path == ":memory:" {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{text:?} names no file"),
                "give the path of a database file, or nothing at all for the demo",
            ));
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

/// The path of a URI: `a.db`, `/a.db`, `///a.db` and `//localhost/a.db` are its forms; how to open it is not the query's to say
/// (<https://www.sqlite.org/uri.html>, section 3).
fn path_of_uri(rest: &str) -> String {
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest),
        None => rest,
    };
    decoded(path.to_owned())
}

/// `file:` is written both as a URI (`%20`) and as a plain prefix: only whole, valid escapes are decoded.
fn decoded(text: String) -> String {
    if !text.contains('%') {
        return text;
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|byte| *byte != 0);
        match escape {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).unwrap_or(text)
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(server) => write!(f, "{}", server.endpoint),
            Self::Replica(replica) => write!(f, "{} (copy of {})", replica.path().display(), replica.server().endpoint),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn path(text: &str) -> String {
        Location::parse(text).unwrap().to_string()
    }

    #[test]
    fn paths_and_file_urls_are_files() {
        assert_eq!(path("a.db"), "a.db");
        assert_eq!(path("file:a.db"), "a.db");
        assert_eq!(path("file:/tmp/a%20b.db"), "/tmp/a b.db");
        assert_eq!(path("file:///tmp/a.db"), "/tmp/a.db");
        assert_eq!(path("file://localhost/tmp/a.db"), "/tmp/a.db");
        assert_eq!(path("file:100%.db"), "100%.db");
        assert_eq!(path("file:a.db?mode=rwc"), "a.db");
        assert_eq!(path("what?.db"), "what?.db");
        assert_eq!(path("odd:name.db"), "odd:name.db");
    }

    #[test]
    fn servers_are_told_from_files() {
        for url in ["libsql://x.turso.io", "https://x", "HTTP://x:8080"] {
            assert!(matches!(Location::parse(url).unwrap(), Location::Server(_)), "{url}");
        }
        assert!(Location::parse("").is_err());
    }
}
