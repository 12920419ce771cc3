//! The recovery file: what is staged and being typed, kept against a crash, a kill, a power cut; offered at the next start.
//!
//! A session owns one file at a time, named after the database and the process, beside it a lock that goes with the process however it
//! ends: so programs on the same database never write over each other's, and what belongs to one that is alive is not offered.
//! The file is replaced as a whole (written beside, synced, renamed), for its owner alone (0600 in a folder of 0700).

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The database, in words: names of files are hashes of it.
    database: String,
    /// What was to be kept.
    staged: String,
}

/// A file that is this session's, as long as the lock is held.
#[derive(Debug)]
struct Owned {
    path: PathBuf,
    lock: PathBuf,
    _held: File,
}

/// The recovery file of a session on one database.
#[derive(Debug)]
pub struct Recovery {
    folder: PathBuf,
    database: String,
    owned: Option<Owned>,
}

impl Recovery {
    /// Looks into the state folder for what a session on this database left that is no more. Its text, if there is one; the file is
    /// this session's then, and stays until another text is kept in its place or it is forgotten. Of several the newest; the others
    /// are offered to those who start next.
    pub fn open(state: &Path, database: &str) -> (Self, Option<String>) {
        let folder = state.join("recovery");
        let mut this = Self { folder, database: database.to_owned(), owned: None };
        let mut left = this.left();
        left.sort_by_key(|(time, ..)| *time);
        let text = left.pop().map(|(_, owned, text)| {
            this.owned = Some(owned);
            text
        });
        (this, text)
    }

    /// Keeps this text in place of what is there.
    ///
    /// # Errors
    /// The file cannot be written; what was there before still is.
    pub(super) fn keep(&mut self, text: String) -> io::Result<()> {
        let kept = Kept { database: self.database.clone(), staged: text };
        let bytes = serde_json::to_vec(&kept)?;
        let path = match &self.owned {
            Some(owned) => owned.path.clone(),
            None => {
                let owned = self.claim()?;
                let path = owned.path.clone();
                self.owned = Some(owned);
                path
            }
        };
        let new = path.with_extension("new");
        let written = write(&new, &bytes).and_then(|()| fs::rename(&new, &path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written?;
        // The renaming lasts, too.
        File::open(&self.folder)?.sync_all()
    }

    /// Removes what is kept.
    ///
    /// # Errors
    /// It cannot be removed.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        match &self.owned {
            Some(owned) => removed(&owned.path),
            None => Ok(()),
        }
    }

    /// A file of this session's own, not written yet.
    fn claim(&self) -> io::Result<Owned> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let (stem, pid) = (hash(&self.database), std::process::id());
        for number in 0_u32.. {
            let lock = self.folder.join(format!("{stem:016x}-{pid}-{number}.lock"));
            let held = match File::options().write(true).create_new(true).mode(0o600).open(&lock) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                opened => opened?,
            };
            held.lock()?;
            // Somebody who tidied up may have taken it away just before it was locked.
            if is_same(&held, &lock) {
                return Ok(Owned { path: lock.with_extension("json"), lock, _held: held });
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// What sessions on this database left that are no more, each locked by us now; tidies up what they left beside it.
    fn left(&self) -> Vec<(SystemTime, Owned, String)> {
        let stem = format!("{:016x}-", hash(&self.database));
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let locks = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(&stem) && path.extension().is_some_and(|ending| ending == "lock")
        });
        locks.filter_map(|lock| self.orphan(&lock)).collect()
    }

    fn orphan(&self, lock: &Path) -> Option<(SystemTime, Owned, String)> {
        let held = File::options().write(true).open(lock).ok()?;
        match held.try_lock() {
            Ok(()) if is_same(&held, lock) => {}
            Ok(()) | Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Error(error)) => {
                tracing::warn!("{}: {error}", lock.display());
                return None;
            }
        }
        let path = lock.with_extension("json");
        // Its owner was killed while writing.
        let _ = fs::remove_file(lock.with_extension("new"));
        let owned = Owned { path: path.clone(), lock: lock.to_owned(), _held: held };
        let time = match fs::metadata(&path).and_then(|facts| facts.modified()) {
            Ok(time) => time,
            // Nothing was left.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let _ = fs::remove_file(lock);
                return None;
            }
            Err(error) => {
                tracing::warn!("{}: {error}", path.display());
                return None;
            }
        };
        let read = fs::read(&path).and_then(|bytes| Ok(serde_json::from_slice::<Kept>(&bytes)?));
        match read {
            Ok(kept) if kept.database == self.database => Some((time, owned, kept.staged)),
            // Another database of the same hash: not ours to offer.
            Ok(_) => None,
            Err(error) => {
                tracing::warn!("{} is left as it is: {error}", path.display());
                None
            }
        }
    }
}

impl Drop for Recovery {
    fn drop(&mut self) {
        // The lock of a file that is there stays: whoever starts next finds the file by it.
        if let Some(owned) = &self.owned
            && !owned.path.exists()
        {
            let _ = fs::remove_file(&owned.lock);
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    removed(path)?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether the open file is the one of this name.
fn is_same(file: &File, path: &Path) -> bool {
    let facts = file.metadata().and_then(|held| Ok((held, fs::metadata(path)?)));
    facts.is_ok_and(|(held, named)| (held.dev(), held.ino()) == (named.dev(), named.ino()))
}

/// FNV-1a, which stays the same from version to version; what it is a hash of stands in the file.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn files(state: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(state.join("recovery")) else { return Vec::new() };
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn keep(recovery: &mut Recovery, text: &str) {
        recovery.keep(text.to_owned()).unwrap();
    }

    #[test]
    fn what_was_kept_last_is_offered_until_it_is_forgotten() {
        let state = tempfile::tempdir().unwrap();
        let (mut first, nothing) = Recovery::open(state.path(), "/a.db");
        assert_eq!(nothing, None);
        assert!(files(state.path()).is_empty(), "nothing is made before there is something to keep");
        keep(&mut first, "one");
        keep(&mut first, "two \u{1f600}\n");
        drop(first);
        assert_eq!(Recovery::open(state.path(), "/b.db").1, None, "another database's");
        let (mut second, text) = Recovery::open(state.path(), "/a.db");
        assert_eq!(text.as_deref(), Some("two \u{1f600}\n"));
        keep(&mut second, "three");
        drop(second);
        let (mut third, text) = Recovery::open(state.path(), "/a.db");
        assert_eq!(text.as_deref(), Some("three"));
        third.forget().unwrap();
        third.forget().unwrap();
        drop(third);
        assert_eq!(Recovery::open(state.path(), "/a.db").1, None);
        assert!(files(state.path()).is_empty(), "{:?}", files(state.path()));
    }

    #[test]
    fn two_sessions_do_not_meet() {
        let state = tempfile::tempdir().unwrap();
        let open = || Recovery::open(state.path(), "/a.db");
        let (mut first, _) = open();
        keep(&mut first, "of the first");
        let (mut second, nothing) = open();
        assert_eq!(nothing, None, "its owner is alive");
        keep(&mut second, "of the second");
        drop(first);
        let (mut third, text) = open();
        assert_eq!(text.as_deref(), Some("of the first"));
        assert_eq!(open().1, None, "offered to one only");
        third.forget().unwrap();
        drop((second, third));
        assert_eq!(open().1.as_deref(), Some("of the second"));
    }

    #[test]
    fn the_owner_alone_can_read_it_and_half_of_a_text_never_shows() {
        let state = tempfile::tempdir().unwrap();
        let (mut first, _) = Recovery::open(state.path(), "/a.db");
        keep(&mut first, "whole");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = first.owned.as_ref().unwrap().path.clone();
        assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
        drop(first);
        // As if killed while writing the next.
        fs::write(path.with_extension("new"), "{\"database\":\"/a.db\",\"sta").unwrap();
        let (mut second, text) = Recovery::open(state.path(), "/a.db");
        assert_eq!(text.as_deref(), Some("whole"));
        assert!(!path.with_extension("new").exists());
        second.forget().unwrap();
        drop(second);
        // What is no recovery file is left alone.
        fs::write(&path, "nonsense").unwrap();
        fs::write(path.with_extension("lock"), "").unwrap();
        assert_eq!(Recovery::open(state.path(), "/a.db").1, None);
        assert_eq!(fs::read_to_string(&path).unwrap(), "nonsense");
    }
}
