//! Whether a file may be written, seen without opening it for writing: nothing is made or changed by asking.
//!
//! The user said `--write` at the start; that it cannot be done is better said there than after an hour of deciding.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, access},
    io::Errno,
};

use crate::db::{
    connection::{Canceller, Opened, mode},
    error::{Error, ErrorKind, Result},
};

/// The bits of a mode that let anybody write.
const WRITE_BITS: u32 = 0o222;

/// Sees that the file can be written, and that it is a database.
///
/// # Errors
///
/// [`ErrorKind::ReadOnly`] where it cannot be written; those of opening for reading.
pub(super) fn check(path: &Path) -> Result<()> {
    mode::check_is_file(path)?;
    writable(path, "", Access::WRITE_OK)?;
    let (log, index) = (mode::beside(path, "-wal"), mode::beside(path, "-shm"));
    for companion in [&log, &index, &mode::beside(path, "-journal")] {
        if companion.exists() {
            writable(companion, "", Access::WRITE_OK)?;
        }
    }
    // A journal, or the log and its index, are made beside the file, unless the latter are there.
    if !(log.exists() && index.exists()) {
        writable(&folder(path), "the folder ", Access::WRITE_OK | Access::EXEC_OK)?;
    }
    match Opened::open(path, &Canceller::default()) {
        Ok(_) => Ok(()),
        // Somebody writes it: so can we, afterwards. And what was left half done is rolled back by whoever opens it for writing.
        Err(error) if matches!(error.kind, ErrorKind::Locked | ErrorKind::NeedsRecovery) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The folder that SQLite makes its files in: that of the file itself, not of a link to it.
fn folder(path: &Path) -> PathBuf {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    real.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn writable(path: &Path, what: &str, how: Access) -> Result<()> {
    let shown = path.display();
    let read_only = |what: String, remedy: String| Err(Error::new(ErrorKind::ReadOnly, what, remedy));
    match access(path, how) {
        Ok(()) => {}
        Err(Errno::ROFS) => {
            return read_only(
                format!("{what}{shown} lies on a read-only file system"),
                "copy the database to where you may write, or go on without --write".to_owned(),
            );
        }
        Err(Errno::ACCESS | Errno::PERM) => {
            return read_only(
                format!("no permission to write {what}{shown}"),
                format!("ask its owner for the right (`chmod u+w {shown}`), or go on without --write"),
            );
        }
        Err(error) => {
            return Err(Error::new(
                ErrorKind::Io,
                format!("{shown}: {error}"),
                "check the path and the disc it lies on",
            ));
        }
    }
    // The superuser may write everything; what is marked read-only is meant to stay as it is nevertheless.
    let bits = fs::metadata(path).map_or(WRITE_BITS, |data| data.permissions().mode());
    if bits & WRITE_BITS == 0 {
        return read_only(
            format!("{what}{shown} is marked read-only"),
            format!("`chmod u+w {shown}` if it is to be changed, or go on without --write"),
        );
    }
    Ok(())
}
