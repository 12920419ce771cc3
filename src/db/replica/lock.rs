//! Who syncs a copy that several programs use: the one that holds the lock of a file beside it.
//!
//! The lock goes with the program, however it ends, and another one takes over. The file is left: taking it away would let two programs
//! hold locks on two files of one name.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use super::files::cannot_write;
use crate::db::error::Result;

/// The right to sync.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock; `None` where another program has it.
    ///
    /// # Errors
    ///
    /// The file cannot be made.
    pub(super) fn take(path: &Path) -> Result<Option<Self>> {
        let file = File::options().create(true).write(true).truncate(false).open(path);
        let file = file.map_err(|why| cannot_write(&why, path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(why)) => Err(cannot_write(&why, path)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn one_has_it_and_the_next_takes_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.db-reelscope-lock");
        let first = Lock::take(&path).unwrap();
        assert!(first.is_some());
        assert!(Lock::take(&path).unwrap().is_none());
        drop(first);
        assert!(Lock::take(&path).unwrap().is_some());
    }
}
