//! What goes wrong with a server, in words: what happened, and what to do.
//!
//! The driver's errors are texts, its own type for them is private: they are told apart by what they hold (LIBSQL.md of the project,
//! "Remote"). Must not let a token, a header, or more than a little of a body into any words.

use crate::db::error::{Error, ErrorKind};

/// An error of the driver in words.
pub(super) fn translate(host: &str, error: &libsql::Error) -> Error {
    let said = error.to_string();
    if said.contains("invalid utf-8 sequence") || said.contains("expected f64") {
        return Error::new(ErrorKind::Server, UNDECODABLE, "");
    }
    if said.contains("RESPONSE_TOO_LARGE") {
        return Error::new(ErrorKind::TooLarge, "the answer is larger than the server sends at once", "ask for less");
    }
    for mark in ["api error: `SQLite error: ", "api error: `SQL input error: ", "sqlite3 parser error: `"] {
        if let Some((_, text)) = said.split_once(mark) {
            return Error::new(ErrorKind::Sql, short(text.trim_end_matches('`')), "");
        }
    }
    Error::new(ErrorKind::Server, format!("{host}: {}", short(&said)), "try again")
}

/// The beginning of a text on one line, with nothing in it that a terminal obeys.
pub(super) fn short(text: &str) -> String {
    let mut line: String = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .take(SHOWN)
        .collect();
    if text.len() > line.len() {
        line.push('…');
    }
    line
}

/// How many characters of what a server says are passed on.
const SHOWN: usize = 200;

/// A request that was given up.
pub(super) fn late(host: &str, limit: std::time::Duration) -> Error {
    Error::new(
        ErrorKind::TimedOut,
        format!("{host} did not answer within {} s", limit.as_secs()),
        "check the network and the state of the server (for Turso: https://status.turso.tech)",
    )
}

/// The driver gave up on an answer.
pub(super) fn broken() -> Error {
    Error::new(ErrorKind::Server, "the server's answer cannot be understood", "please report this")
}

/// Whether the server read the rows but could not put a value of them into its answer: an infinity, or a text that is not UTF-8 (the
/// whole answer is lost then). Read them again with such columns as hex, or CAST to BLOB.
///
/// sqld writes an infinity as `null` where a number has to stand, and answers 500 (`invalid utf-8 sequence`) for such a text.
pub(crate) fn is_undecodable(error: &Error) -> bool {
    error.kind == ErrorKind::Server && error.what == UNDECODABLE
}

/// The words that [`is_undecodable`] knows.
const UNDECODABLE: &str = "a value cannot travel: it is infinite, or a text that is not UTF-8";
