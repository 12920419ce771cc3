//! The files of a copy: which they are, whether what lies there is one, and taking it away.
//!
//! | file | whose |
//! |---|---|
//! | `PATH`, `PATH-wal`, `PATH-shm` | SQLite's |
//! | `PATH-client_wal_index` | libSQL's: which log it follows (16 bytes) and how far it has come (8 bytes) |
//! | `PATH-reelscope` | [`Sidecar`] |
//! | `PATH-reelscope-lock` | who syncs it; see [`lock`](super::lock) |
//!
//! A database is taken for a copy only where one of the last three but the lock says so: everything else was somebody's own, and
//! is left alone.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{sidecar::Sidecar, signature::Signature};
use crate::db::error::{Error, ErrorKind, Result, of_io};

/// Which of a server's logs a copy follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct LogId(pub(super) [u8; 16]);

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for LogId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

impl<'de> Deserialize<'de> for LogId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = (text.len() == 32).then(|| u128::from_str_radix(&text, 16).ok()).flatten();
        number.map(|number| Self(number.to_be_bytes())).ok_or_else(|| D::Error::custom("no id of a log"))
    }
}

/// What libSQL's index says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) log: LogId,
    /// The last piece of the log that is in the copy.
    pub(super) frame: Option<u64>,
}

impl Index {
    /// The form of `libsql_replication::meta::WalIndexMetaData`.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let log = LogId(bytes.get(..16)?.try_into().ok()?);
        let frame = u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?);
        Some(Self { log, frame: (frame != u64::MAX).then_some(frame) })
    }
}

/// The bytes that libSQL makes a copy of before anything came: the first page.
const EMPTY: u64 = 4096;

/// What lies there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Nothing, or what is left of a copy without its database.
    Nothing,
    /// The beginning of a copy.
    Part,
    /// A copy that has everything up to some time.
    Whole {
        /// When it was last up to date.
        synced: Option<Timestamp>,
    },
    /// A copy that cannot be gone on with.
    Broken(Error),
}

/// The files of a copy.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// The database.
    pub(super) database: PathBuf,
    log: PathBuf,
    memory: PathBuf,
    index: PathBuf,
    /// What is remembered.
    pub(super) sidecar: PathBuf,
    /// Who syncs.
    pub(super) lock: PathBuf,
}

impl Files {
    /// The files of the copy there. Symbolic links are followed, so that all who mean the same copy lock the same file.
    ///
    /// # Errors
    ///
    /// It is a folder, or lies in none; its name cannot be used.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let database = match fs::canonicalize(path) {
            Ok(whole) => whole,
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                let name = path.file_name().ok_or_else(|| is_folder(path))?;
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let folder = fs::canonicalize(folder).map_err(|why| match why.kind() {
                    io::ErrorKind::NotFound => Error::new(
                        ErrorKind::NotFound,
                        format!("there is no folder {} for the copy", folder.display()),
                        format!("make it (`mkdir -p {}`), or give the copy another path", folder.display()),
                    ),
                    _ => of_io(&why, folder),
                })?;
                folder.join(name)
            }
            Err(why) => return Err(of_io(&why, path)),
        };
        if database.is_dir() {
            return Err(is_folder(path));
        }
        // The driver cannot have it otherwise.
        let Some(text) = database.to_str() else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{} is no UTF-8, as the path of a copy has to be", path.display()),
                "give the copy another path",
            ));
        };
        let beside = |suffix: &str| PathBuf::from(format!("{text}{suffix}"));
        Ok(Self {
            log: beside("-wal"),
            memory: beside("-shm"),
            index: beside("-client_wal_index"),
            sidecar: beside("-reelscope"),
            lock: beside("-reelscope-lock"),
            database,
        })
    }

    /// Looks at what lies there for this server; changes nothing.
    ///
    /// # Errors
    ///
    /// A database that is no copy: it is left alone.
    pub(super) fn inspect(&self, server: &str) -> Result<Found> {
        let sidecar = Sidecar::read(&self.sidecar);
        let index = fs::read(&self.index);
        if !self.has_database() {
            return Ok(Found::Nothing);
        }
        if sidecar.is_none() && index.is_err() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{} is a database of its own, not a copy of a server", self.database.display()),
                "it is left as it is: give the copy a path where nothing lies yet, or open the file without --replica",
            ));
        }
        if let Some(sidecar) = &sidecar
            && sidecar.server != server
        {
            return Ok(Found::Broken(broken(
                &format!("{} is a copy of {}", self.database.display(), sidecar.server),
                "give this server's copy another path",
            )));
        }
        let Ok(index) = index else {
            return Ok(Found::Broken(broken(
                &format!("the copy {} has lost its index (-client_wal_index)", self.database.display()),
                "",
            )));
        };
        let index = Index::parse(&index);
        Ok(match sidecar {
            // A server that has nothing gives nothing.
            Some(Sidecar { whole: true, log: Some(log), .. })
                if index == Some(Index { log, frame: None }) && self.size() <= EMPTY =>
            {
                Found::Part
            }
            Some(Sidecar { whole: true, .. }) if index.is_none_or(|index| index.frame.is_none()) => {
                Found::Broken(broken(
                    &format!("the index of the copy {} (-client_wal_index) is damaged", self.database.display()),
                    "",
                ))
            }
            Some(Sidecar { whole: true, synced, .. }) => Found::Whole { synced },
            Some(_) => Found::Part,
            // Another program's copy: nobody says whether it has everything, but it has come far enough to be of use offline.
            None => match index.and_then(|index| index.frame) {
                Some(_) => Found::Whole { synced: self.touched() },
                None => Found::Part,
            },
        })
    }

    /// As [`Self::inspect`], and reads a little of a whole copy.
    ///
    /// # Errors
    ///
    /// As [`Self::inspect`].
    pub(super) fn examine(&self, server: &str) -> Result<Found> {
        let found = self.inspect(server)?;
        Ok(match (&found, Signature::of_file(&self.database)) {
            (Found::Whole { .. }, Err(why)) if matches!(why.kind, ErrorKind::Damaged | ErrorKind::NotADatabase) => {
                Found::Broken(broken(&format!("the copy is broken: {}", why.what), ""))
            }
            _ => found,
        })
    }

    /// What libSQL's index says now.
    pub(super) fn index(&self) -> Option<Index> {
        Index::parse(&fs::read(&self.index).ok()?)
    }

    /// The bytes that the copy takes now.
    pub(super) fn size(&self) -> u64 {
        [&self.database, &self.log].into_iter().filter_map(|path| fs::metadata(path).ok()).map(|data| data.len()).sum()
    }

    /// Takes the copy away. Never called for anything but a copy: [`Self::inspect`] looked.
    ///
    /// The database goes first: what is left without it counts as nothing, should this be interrupted.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(super) fn remove(&self) -> Result<()> {
        for path in [&self.database, &self.log, &self.memory, &self.index, &self.sidecar] {
            match fs::remove_file(path) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(cannot_write(&why, path)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether there is a database: one that was never written back from its log is empty.
    fn has_database(&self) -> bool {
        let size = |path: &Path| fs::metadata(path).map_or(0, |data| data.len());
        self.database.exists() && (size(&self.database) > 0 || size(&self.log) > 0)
    }

    fn touched(&self) -> Option<Timestamp> {
        Timestamp::try_from(fs::metadata(&self.index).ok()?.modified().ok()?).ok()
    }
}

/// An error that only a rebuild mends.
pub(super) fn broken(what: &str, otherwise: &str) -> Error {
    let remedy = "throw it away and fetch everything anew: R on the screen asks, and does it";
    let remedy = if otherwise.is_empty() { remedy.to_owned() } else { format!("{otherwise}, or {remedy}") };
    Error::new(ErrorKind::Damaged, what, remedy)
}

/// A file of the copy that cannot be written.
pub(super) fn cannot_write(why: &io::Error, path: &Path) -> Error {
    let shown = path.display();
    match why.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::new(
            ErrorKind::PermissionDenied,
            format!("the copy cannot be kept up to date: {shown} may not be written"),
            "give the copy a path in a folder of yours, or ask for the right to write there",
        ),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => full(path),
        _ => Error::new(
            ErrorKind::Io,
            format!("the copy cannot be kept up to date: {shown}: {why}"),
            "check the disk, or give the copy another path",
        ),
    }
}

/// No room for the copy.
pub(super) fn full(path: &Path) -> Error {
    Error::new(
        ErrorKind::Io,
        format!("the disk is full: the copy {} cannot grow", path.display()),
        "make room, or give the copy a path on another disk; it goes on by itself",
    )
}

fn is_folder(path: &Path) -> Error {
    Error::new(
        ErrorKind::IsFolder,
        format!("{} is a folder", path.display()),
        "give the path of a file for the copy, such as copy.db in it",
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    struct Bench {
        folder: tempfile::TempDir,
        files: Files,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let files = Files::of(&folder.path().join("r.db")).unwrap();
            Self { folder, files }
        }

        fn database(&self) {
            rusqlite::Connection::open(&self.files.database).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        }

        fn index(&self, frame: u64) {
            let mut bytes = vec![7; 16];
            bytes.extend(frame.to_le_bytes());
            bytes.extend([0; 8]);
            fs::write(&self.files.index, bytes).unwrap();
        }

        fn sidecar(&self, server: &str, whole: bool) {
            Sidecar { whole, ..Sidecar::new(server.to_owned()) }.write(&self.files.sidecar).unwrap();
        }

        fn found(&self) -> Found {
            self.files.inspect("http://one").unwrap()
        }
    }

    #[test]
    fn a_database_that_is_no_copy_is_refused_and_left_alone() {
        let bench = Bench::new();
        bench.database();
        let before = fs::read(&bench.files.database).unwrap();
        let error = bench.files.inspect("http://one").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported);
        assert!(error.what.contains("not a copy"), "{error}");
        assert_eq!(fs::read(&bench.files.database).unwrap(), before);
        assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_lies_there_is_told_apart() {
        let bench = Bench::new();
        assert_eq!(bench.found(), Found::Nothing);
        bench.index(3);
        assert_eq!(bench.found(), Found::Nothing, "an index without its database");
        bench.database();
        assert!(matches!(bench.found(), Found::Whole { synced: Some(_) }), "another program's copy");
        bench.index(u64::MAX);
        assert_eq!(bench.found(), Found::Part);
        bench.sidecar("http://one", false);
        bench.index(3);
        assert_eq!(bench.found(), Found::Part, "the first sync was never finished");
        bench.sidecar("http://one", true);
        assert_eq!(bench.found(), Found::Whole { synced: None });
        bench.sidecar("http://other", true);
        assert!(matches!(bench.found(), Found::Broken(error) if error.what.contains("copy of http://other")));
        bench.sidecar("http://one", true);
        fs::write(&bench.files.index, "short").unwrap();
        assert!(matches!(bench.found(), Found::Broken(_)));
        fs::remove_file(&bench.files.index).unwrap();
        assert!(matches!(bench.found(), Found::Broken(_)));
        bench.files.remove().unwrap();
        assert_eq!(fs::read_dir(bench.folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_copy_of_an_empty_server_is_not_damaged() {
        let bench = Bench::new();
        fs::write(&bench.files.database, [0; 4096]).unwrap();
        bench.index(u64::MAX);
        let sidecar = Sidecar { whole: true, log: Some(LogId([7; 16])), ..Sidecar::new("http://one".to_owned()) };
        sidecar.write(&bench.files.sidecar).unwrap();
        assert_eq!(bench.found(), Found::Part);
        Sidecar { log: Some(LogId([8; 16])), ..sidecar.clone() }.write(&bench.files.sidecar).unwrap();
        assert!(matches!(bench.found(), Found::Broken(_)), "another log");
        sidecar.write(&bench.files.sidecar).unwrap();
        fs::write(&bench.files.database, [0; 8192]).unwrap();
        assert!(matches!(bench.found(), Found::Broken(_)), "there was something");
    }

    #[test]
    fn folders_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Files::of(folder.path()).unwrap_err().kind, ErrorKind::IsFolder);
        assert_eq!(Files::of(&folder.path().join("no/r.db")).unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(Files::of(Path::new("..")).unwrap_err().kind, ErrorKind::IsFolder);
    }
}
