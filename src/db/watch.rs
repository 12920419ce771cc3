//! Noticing changes: `data_version`, the file itself, the write-ahead log.
//!
//! It owns the question "did anything change since I last asked", and answers it without reading a row: where other programs'
//! commits are visible on the connection `PRAGMA data_version` tells of them (<https://www.sqlite.org/pragma.html#pragma_data_version>),
//! elsewhere the session opens the file anew when its directory entries differ, and that tells. It must not wait and must not look at a
//! clock: how often to ask is the business of [`workers`](crate::db::workers).

use std::path::Path;

use crate::db::{
    connection::{Canceller, mode::Fingerprint},
    error::{ErrorKind, Result},
    location::Location,
    session::ReadSession,
};

/// What changed since the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// Something was committed.
    Data,
    /// The schema changed too, or this is another file.
    Schema,
}

/// What the last look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    openings: u64,
    data_version: i64,
    schema_version: i64,
    file: Option<FileId>,
}

/// Device and inode.
type FileId = (u64, u64);

/// A session that knows what it saw last.
pub(crate) struct Watch {
    location: Location,
    canceller: Canceller,
    /// How the files were when the database was opened, until the first look compared with it.
    before: Option<Option<Fingerprint>>,
    session: Option<ReadSession>,
    seen: Option<Seen>,
}

impl Watch {
    /// A watch that tells of what changed since `before` was taken. Opens nothing yet.
    pub(crate) const fn new(location: Location, before: Option<Fingerprint>, canceller: Canceller) -> Self {
        Self { location, canceller, before: Some(before), session: None, seen: None }
    }

    /// Asks; some ten microseconds where nothing changed. A database that is locked now has nothing to tell until it is not.
    ///
    /// # Errors
    ///
    /// Those of opening: the file is gone, is no database any more …
    pub(crate) fn poll(&mut self) -> Result<Change> {
        let seen = match self.look() {
            Ok(seen) => seen,
            // Whoever locks it is about to commit: the next look tells.
            Err(error) if error.kind == ErrorKind::Locked && self.seen.is_some() => return Ok(Change::None),
            Err(error) => return Err(error),
        };
        let last = self.seen.replace(seen);
        Ok(match last {
            Some(last) if last == seen => Change::None,
            Some(last) if last.file != seen.file || last.schema_version != seen.schema_version => Change::Schema,
            Some(_) => Change::Data,
            None => match self.before.take() {
                // The first look: between opening the database and now somebody may have written.
                Some(before) if before != fingerprint(&self.location) => Change::Data,
                Some(_) => Change::None,
                // There was trouble in between.
                None => Change::Schema,
            },
        })
    }

    /// Forgets what was seen: the next look that succeeds tells of a change.
    pub(crate) fn forget(&mut self) {
        self.seen = None;
        self.before = None;
        self.session = None;
    }

    /// The session, for reading what changed.
    ///
    /// # Errors
    ///
    /// Those of opening.
    pub(crate) fn session(&mut self) -> Result<&mut ReadSession> {
        let session = match self.session.take() {
            Some(session) => session,
            None => ReadSession::open_with(&self.location, self.canceller.clone())?,
        };
        Ok(self.session.insert(session))
    }

    fn look(&mut self) -> Result<Seen> {
        let last = self.seen;
        let Location::File(path) = self.location.clone();
        let session = self.session()?;
        let data_version = session.pragma("PRAGMA data_version")?;
        let openings = session.openings();
        // The schema's version takes a lock, the inode a system call: only where something changed.
        let same = last.filter(|last| (last.openings, last.data_version) == (openings, data_version));
        if let Some(last) = same {
            return Ok(last);
        }
        let schema_version = session.pragma("PRAGMA schema_version")?;
        Ok(Seen { openings: session.openings(), data_version, schema_version, file: file_id(&path) })
    }
}

/// How the files are; `None` where there is no file.
pub(crate) fn fingerprint(location: &Location) -> Option<Fingerprint> {
    let Location::File(path) = location;
    Fingerprint::take(path).ok()
}

fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|data| (data.dev(), data.ino()))
}
