//! The three ways to open a file without leaving a trace, and which one is right now.
//!
//! | what lies there | way |
//! |---|---|
//! | a rollback-journal database | [`Mode::Shared`]: SQLite's own locks |
//! | a WAL database whose `-wal` and `-shm` exist | [`Mode::Shared`]: somebody uses it, nothing new is made |
//! | a WAL database without a `-wal`, or with an empty one | [`Mode::Frozen`]: `immutable=1`, else SQLite makes `-wal` and `-shm` |
//! | a WAL database with a log, but no `-shm` | [`Mode::Private`]: the log's index in memory |
//!
//! The last two take no locks, so they are right only as long as nobody writes: each read is followed by a look at the
//! files ([`Fingerprint`]), and thrown away and done again where they changed.
//!
//! [`Mode::Private`] leans on three things: exclusive locking mode keeps the log's index in memory, the VFS `unix-none` grants that mode
//! without a lock (a file opened for reading cannot be locked exclusively), and `NO_CKPT_ON_CLOSE` keeps closing from writing the log back.
//! Its file is closed without regard for locks; it is only ever used, and closed, where this process does not write the file ([`claims`]).
//!
//! The file is never opened here by other means than SQLite: closing any descriptor of it drops every lock of this process on it
//! (`https://www.sqlite.org/howtocorrupt.html`, section 2.2), also those of the demo's writer.

use std::{
    fs, io,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use crate::db::{
    connection::claims,
    error::{self, Error, ErrorKind, Result, translate},
};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// With SQLite's locks, beside other programs.
    Shared,
    /// As if it were on a read-only disc: no locks, no log.
    Frozen,
    /// No locks, with its log.
    Private,
}

impl Mode {
    /// The name to open, as a URI: paths are bytes, so everything but the plainest is escaped.
    pub(crate) fn uri(self, path: &Path) -> String {
        let query = match self {
            Self::Shared | Self::Private => "mode=ro",
            Self::Frozen => "mode=ro&immutable=1",
        };
        format!("file:{}?{query}", escaped(path))
    }

    /// The VFS to open it with: `unix-none` takes no locks, and so lets a log be read by a connection that cannot lock exclusively.
    pub(crate) const fn vfs(self) -> Option<&'static str> {
        match self {
            Self::Private => Some("unix-none"),
            Self::Shared | Self::Frozen => None,
        }
    }

    /// Whether what was opened under `then` may still be read under `now`.
    pub(crate) fn still_right(self, then: &Fingerprint, now: &Fingerprint) -> bool {
        match self {
            // The locks do the rest; but a file that was replaced is another file.
            Self::Shared => then.main.same_file(now.main) && !(then.has_log() && replaced(then.log, now.log)),
            Self::Frozen => then.main == now.main && !now.has_log(),
            Self::Private => then == now,
        }
    }
}

fn replaced(then: Option<Stamp>, now: Option<Stamp>) -> bool {
    match (then, now) {
        (Some(then), Some(now)) => !then.same_file(now),
        (then, now) => then.is_some() != now.is_some(),
    }
}

/// What tells a file's content from an earlier one without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(crate) fn of(data: &fs::Metadata) -> Self {
        Self { device: data.dev(), inode: data.ino(), size: data.size(), modified: (data.mtime(), data.mtime_nsec()) }
    }

    pub(crate) const fn same_file(self, other: Self) -> bool {
        self.device == other.device && self.inode == other.inode
    }

    /// What is the same as long as the file is: device and inode.
    pub(crate) const fn identity(self) -> (u64, u64) {
        (self.device, self.inode)
    }
}

/// The database file, its log and the log's index, as the directory has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    main: Stamp,
    log: Option<Stamp>,
    index: bool,
}

impl Fingerprint {
    /// Looks at the three files.
    ///
    /// # Errors
    ///
    /// Where the database file itself is not there any more.
    pub(crate) fn take(path: &Path) -> Result<Self> {
        let main = Stamp::of(&fs::metadata(path).map_err(|why| error::of_io(&why, path))?);
        let beside = |suffix| fs::metadata(beside(path, suffix)).ok().map(|data| Stamp::of(&data));
        Ok(Self { main, log: beside("-wal"), index: beside("-shm").is_some() })
    }

    /// The database file itself.
    pub(crate) const fn main(&self) -> Stamp {
        self.main
    }

    /// Whether there is a log with something in it.
    pub(crate) fn has_log(&self) -> bool {
        self.log.is_some_and(|log| log.size > 0)
    }
}

/// The file that SQLite keeps beside a database. SQLite follows symbolic links first, and so does this.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = match fs::symlink_metadata(path) {
        Ok(data) if data.is_symlink() => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        _ => path.to_owned(),
    }
    .into_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

/// The way that is right for these files.
///
/// # Errors
///
/// Where the first read says that this is no database.
pub(crate) fn choose(path: &Path, print: &Fingerprint) -> Result<Mode> {
    if print.has_log() && print.index {
        return Ok(Mode::Shared);
    }
    // The look at the header closes a descriptor. Where this process writes the file its locks are worth more than a trace: the
    // writer keeps the log and its index there anyway.
    let Ok(keeps_log) = claims::unless_claimed(print.main, || keeps_log(path)) else { return Ok(Mode::Shared) };
    Ok(match (print.has_log(), print.index) {
        _ if !keeps_log? => Mode::Shared,
        (true, _) => Mode::Private,
        (false, true) if print.log.is_some() => Mode::Shared,
        (false, _) => Mode::Frozen,
    })
}

/// Whether the file's header asks for a write-ahead log. Without locking SQLite refuses to open such a file before it touches any
/// other: exactly the question (`sqlite3PagerOpenWal`). Closing it drops this process's locks on the file: only to be asked where it
/// has none ([`claims`]).
fn keeps_log(path: &Path) -> Result<bool> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let probe = Connection::open_with_flags(format!("file:{}?mode=ro&nolock=1", escaped(path)), flags)
        .and_then(|connection| connection.query_row("PRAGMA schema_version", [], |_| Ok(())));
    match probe {
        Ok(()) => Ok(false),
        Err(why) => match why.sqlite_error_code() {
            Some(rusqlite::ErrorCode::CannotOpen) => Ok(true),
            // A hot journal shows only in a rollback database: the real opening says so.
            Some(rusqlite::ErrorCode::ReadOnly) => Ok(false),
            _ => Err(translate(&why, path)),
        },
    }
}

/// The name to open for writing: an existing file, with SQLite's locks.
pub(crate) fn writing_uri(path: &Path) -> String {
    format!("file:{}?mode=rw", escaped(path))
}

/// The path for a URI: its bytes, all but letters, digits and `/._-` escaped.
fn escaped(path: &Path) -> String {
    use std::fmt::Write as _;
    let bytes = path.as_os_str().as_bytes();
    // `file://…` would begin an authority: an absolute path with two slashes is written with one.
    let bytes = if bytes.starts_with(b"//") { &bytes[1..] } else { bytes };
    let mut uri = String::with_capacity(bytes.len() + 8);
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// Whether there is a file to open at all.
///
/// # Errors
///
/// No such file (with names that are like it), a folder, or something that is no file, such as a pipe.
pub(crate) fn check_is_file(path: &Path) -> Result<()> {
    let data = fs::metadata(path).map_err(|why| match why.kind() {
        io::ErrorKind::NotFound => error::not_found(path),
        _ => error::of_io(&why, path),
    })?;
    if data.is_dir() {
        return Err(Error::new(
            ErrorKind::IsFolder,
            format!("{} is a folder", path.display()),
            error::databases_in(path).map_or_else(
                || "give the path of a database file".to_owned(),
                |names| format!("give the path of a database file in it, such as {names}"),
            ),
        ));
    }
    if !data.is_file() {
        return Err(Error::new(
            ErrorKind::NotADatabase,
            format!("{} is no file (a pipe, a socket or a device)", path.display()),
            "give the path of a database file; a database cannot be read from a stream",
        ));
    }
    Ok(())
}
