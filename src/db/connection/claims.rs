//! Which files this process writes, so that no reader of it drops their locks.
//!
//! POSIX locks belong to the process: closing any descriptor of a file drops all of them, whoever took them
//! (<https://www.sqlite.org/howtocorrupt.html>, section 2.2). SQLite keeps a list of the whole process for that reason, and closes a
//! descriptor only when no lock hangs on it; but what is opened without locks ([`Mode::Private`](super::mode::Mode::Private), and the
//! look at a header) is not on it. While a file is claimed here, nothing of that kind is opened or closed. A global by its nature:
//! the locks are one.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::db::connection::mode::Stamp;

/// Those that are written: device and inode, as often as they are.
static CLAIMS: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

/// While it lives, this process keeps its locks on the file. To be held from before the file is opened until after it is closed.
#[derive(Debug)]
pub(crate) struct Claim((u64, u64));

impl Claim {
    /// Claims the file.
    pub(crate) fn of(file: Stamp) -> Self {
        lock().push(file.identity());
        Self(file.identity())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claims = lock();
        if let Some(at) = claims.iter().position(|claimed| *claimed == self.0) {
            claims.swap_remove(at);
        }
    }
}

/// Does `work`, which closes a descriptor of the file without regard for locks, unless the file is claimed; nobody claims it meanwhile.
///
/// # Errors
///
/// `work` is given back where the file is claimed.
pub(crate) fn unless_claimed<W: FnOnce() -> T, T>(file: Stamp, work: W) -> Result<T, W> {
    let claims = lock();
    if claims.contains(&file.identity()) {
        return Err(work);
    }
    Ok(work())
}

fn lock() -> MutexGuard<'static, Vec<(u64, u64)>> {
    // A list is whole whatever panicked.
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}
