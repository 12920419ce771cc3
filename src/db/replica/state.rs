//! What is known of a copy, for all who ask: from where to read, how old it is, what is wrong with it.
//!
//! Owns the decision when a change is worth telling. Must not touch files.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use super::{Reading, files::Found};
use crate::db::{
    error::Error,
    request::{CopyShown, CopyStatus, SyncProgress},
};

/// A copy that is up to date again and again is told of once in this time: nobody reads an age to the second.
const AGE_TOLD: SignedDuration = SignedDuration::from_secs(20);

type Tell = Box<dyn Fn(CopyStatus) + Send + Sync>;

/// What is known of a copy.
pub(super) struct State {
    now: Mutex<Known>,
    /// A lock of its own: whoever is told may ask.
    tell: Mutex<Option<Tell>>,
}

struct Known {
    status: CopyStatus,
    told: Option<CopyStatus>,
}

impl State {
    pub(super) const fn new() -> Self {
        let status = CopyStatus { synced: None, progress: None, shown: CopyShown::Server, broken: None, failed: None };
        Self { now: Mutex::new(Known { status, told: None }), tell: Mutex::new(None) }
    }

    pub(super) fn reading(&self) -> Reading {
        match self.lock().status.shown {
            CopyShown::Copy => Reading::Copy,
            CopyShown::Server => Reading::Server,
        }
    }

    pub(super) fn status(&self) -> CopyStatus {
        self.lock().status.clone()
    }

    /// Calls this whenever the status changes in a way worth a frame.
    pub(super) fn on_status(&self, tell: Tell) {
        *self.tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
        self.lock().told = None;
        self.change(|_| ());
    }

    /// Something lies there.
    pub(super) fn found(&self, found: &Found) {
        self.change(|status| match found {
            Found::Nothing | Found::Part => {
                status.shown = CopyShown::Server;
                status.synced = None;
                status.broken = None;
            }
            Found::Whole { synced } => {
                status.shown = CopyShown::Copy;
                status.synced = *synced;
                status.broken = None;
            }
            Found::Broken(why) => {
                status.shown = CopyShown::Server;
                status.broken = Some(why.clone());
            }
        });
    }

    /// It has what the server has.
    pub(super) fn synced(&self, at: Timestamp) {
        self.change(|status| {
            *status =
                CopyStatus { synced: Some(at), progress: None, shown: CopyShown::Copy, broken: None, failed: None };
        });
    }

    /// It may be half of something for a while: it is not shown until it is whole again.
    pub(super) fn distrusted(&self) {
        self.change(|status| status.shown = CopyShown::Server);
    }

    pub(super) fn progress(&self, progress: Option<SyncProgress>) {
        self.change(|status| status.progress = progress);
    }

    /// The last sync failed for a reason of this computer's, or for one of the server's (`None`).
    pub(super) fn failed(&self, why: Option<&Error>) {
        self.change(|status| {
            status.failed = why.cloned();
            status.progress = None;
        });
    }

    fn change(&self, change: impl FnOnce(&mut CopyStatus)) {
        let mut known = self.lock();
        change(&mut known.status);
        if known.told.as_ref().is_some_and(|told| !is_news(told, &known.status)) {
            return;
        }
        let status = known.status.clone();
        known.told = Some(status.clone());
        drop(known);
        if let Some(tell) = &*self.tell.lock().unwrap_or_else(PoisonError::into_inner) {
            tell(status);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a change is worth a frame.
fn is_news(told: &CopyStatus, now: &CopyStatus) -> bool {
    let aged = match (told.synced, now.synced) {
        (Some(told), Some(now)) => now.duration_since(told).abs() >= AGE_TOLD,
        (told, now) => told != now,
    };
    let rest = |status: &CopyStatus| CopyStatus { synced: None, ..status.clone() };
    aged || rest(told) != rest(now)
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use super::*;

    #[test]
    fn only_news_is_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (state, heard) = (State::new(), Arc::clone(&told));
        state.on_status(Box::new(move |status| heard.lock().unwrap().push(status)));
        let count = || told.lock().unwrap().len();
        assert_eq!(count(), 1, "whoever listens hears at once how it is");
        let at = Timestamp::UNIX_EPOCH;
        state.synced(at);
        assert_eq!((count(), state.reading()), (2, Reading::Copy));
        for second in 1..20 {
            state.synced(at + SignedDuration::from_secs(second));
        }
        assert_eq!(count(), 2);
        state.synced(at + AGE_TOLD);
        assert_eq!(count(), 3);
        let full = super::super::files::full(std::path::Path::new("r.db"));
        state.failed(Some(&full));
        state.failed(Some(&full));
        assert_eq!(count(), 4);
        state.distrusted();
        assert_eq!((count(), state.reading()), (5, Reading::Server));
        assert_eq!(state.status().failed, Some(full));
    }
}
