//! What goes wrong with a database, in the words a user needs: what happened, what it means, what to do.

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// No such file.
    NotFound,
    /// A folder, not a file.
    IsFolder,
    /// The operating system forbids it.
    PermissionDenied,
    /// Not a database, or an encrypted one.
    NotADatabase,
    /// Damaged or cut off.
    Damaged,
    /// Locked by another program.
    Locked,
    /// A journal or write-ahead log has to be recovered, which reading cannot do.
    NeedsRecovery,
    /// No such table or view (any more).
    NoSuchRelation,
    /// No such row (any more).
    NoSuchRow,
    /// The work was cancelled, by the user or by a newer request.
    Cancelled,
    /// The location cannot be opened by this program (a URL of a server).
    Unsupported,
    /// SQLite refused the statement or failed while running it.
    Sql,
    /// Input or output failed.
    Io,
}

/// An error with its remedy. Cheap to clone: it travels in replies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    /// Its kind.
    pub kind: ErrorKind,
    /// What happened, one line, without the remedy.
    pub what: String,
    /// What to do, one line; empty where there is nothing to add.
    pub remedy: String,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, what: what.into(), remedy: remedy.into() }
    }
}

/// The result of everything in `db`.
pub type Result<T, E = Error> = std::result::Result<T, E>;
