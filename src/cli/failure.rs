//! Failures: the words for the user, and the exit status.

use std::{fmt, io};

use crate::{
    config::ConfigError,
    db::error::{Error, ErrorKind},
    domain::secret,
    widgets::safe::safe,
};

/// Exit statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Something failed.
    Failed = 1,
    /// Wrong usage, or a bad setting.
    Usage = 2,
    /// The database cannot be opened.
    CannotOpen = 3,
    /// The operating system, or the database, does not permit it; or writing was not asked for.
    NotPermitted = 4,
    /// Nothing is written: a row is another than it was, is not there, or was not taken.
    Refused = 5,
}

/// Why a command failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit status.
    pub status: Status,
    words: String,
    reader_gone: bool,
}

impl Failure {
    /// With these words.
    pub fn new(status: Status, words: impl Into<String>) -> Self {
        Self { status, words: words.into(), reader_gone: false }
    }

    /// Wrong usage.
    pub fn usage(words: impl Into<String>) -> Self {
        Self::new(Status::Usage, words)
    }

    /// The same, with what it is about before it.
    #[must_use]
    pub fn about(mut self, what: &str) -> Self {
        self.words = format!("{what}: {}", self.words);
        self
    }

    /// Whether standard output was closed by its reader (`… | head`): no failure at all.
    pub const fn is_reader_gone(&self) -> bool {
        self.reader_gone
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of files and tables stand in it, and what servers say.
        f.write_str(&safe(&secret::masked(&self.words)))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use ErrorKind::{
            Cancelled, Credentials, Damaged, DiskFull, Forbidden, Insecure, Io, IsFolder, Locked, NeedsRecovery,
            NoSuchDatabase, NoSuchRelation, NoSuchRow, NoTrail, NotADatabase, NotFound, PermissionDenied, ReadOnly,
            Server, Sql, Throttled, TimedOut, TooLarge, Unauthorized, Unreachable, Unsupported,
        };
        let status = match error.kind {
            NotFound | IsFolder | NotADatabase | Damaged | Locked | NeedsRecovery | Unsupported | Unreachable
            | TimedOut | NoSuchDatabase | Throttled | Server => Status::CannotOpen,
            PermissionDenied | Credentials | Unauthorized | Forbidden | Insecure | ReadOnly => Status::NotPermitted,
            NoSuchRelation | NoSuchRow | Cancelled | Sql | Io | TooLarge | DiskFull => Status::Failed,
            NoTrail => Status::Refused,
        };
        let remedy = for_a_command(&error.remedy);
        let words = if remedy.is_empty() { error.what } else { format!("{}: {remedy}", error.what) };
        Self::new(status, words)
    }
}

/// What to do, for those who run a command: it ends, and nothing goes on by itself as it does on the screen.
fn for_a_command(remedy: &str) -> String {
    let Some(rest) = remedy.strip_suffix(" by itself") else { return remedy.to_owned() };
    let (first, last) = rest.rsplit_once([':', ';']).unwrap_or(("", rest));
    match (first, last.contains("tried again")) {
        ("", true) => "run the command again".to_owned(),
        (first, true) => format!("{first}, then run the command again"),
        (first, false) => first.to_owned(),
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let status =
            if error.kind() == io::ErrorKind::PermissionDenied { Status::NotPermitted } else { Status::Failed };
        let words = match error.kind() {
            io::ErrorKind::StorageFull => {
                "no room is left where this is written: make room, or write it somewhere else".to_owned()
            }
            _ => error.to_string(),
        };
        Self { status, words, reader_gone: error.kind() == io::ErrorKind::BrokenPipe }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            other => Self::new(Status::Failed, format!("{other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_does_not_promise_what_only_the_screen_does() {
        for (remedy, said) in [
            ("it is tried again by itself", "run the command again"),
            ("wait a moment: it is tried again by itself", "wait a moment, then run the command again"),
            ("put a new token into A (`b`): it is read anew by itself", "put a new token into A (`b`)"),
            ("make room; it goes on by itself", "make room"),
            ("check the network", "check the network"),
            ("", ""),
        ] {
            assert_eq!(for_a_command(remedy), said);
        }
    }
}
