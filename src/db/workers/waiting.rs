//! What threads wait for besides their mailboxes: the first page, and that nobody waits for anything.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Whether the page that the user waits for at the start was served: what is not needed for it waits until then.
#[derive(Default)]
pub(super) struct Served {
    done: Mutex<bool>,
    woken: Condvar,
}

impl Served {
    pub(super) fn notify(&self) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if !*done {
            *done = true;
            self.woken.notify_all();
        }
    }

    pub(super) fn wait(&self, patience: Duration) {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = self.woken.wait_timeout_while(done, patience, |done| !*done);
    }
}

/// How many requests a user waits for are on their way to a server: what nobody waits for keeps out of their way.
#[derive(Default)]
pub(super) struct Traffic {
    under_way: Mutex<usize>,
    calm: Condvar,
}

/// A request on its way.
pub(super) struct UnderWay<'a>(&'a Traffic);

impl Traffic {
    /// One more until what is given back is dropped.
    pub(super) fn enter(&self) -> UnderWay<'_> {
        *self.under_way.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        UnderWay(self)
    }

    /// Waits until there is none; says whether that came within this time.
    pub(super) fn is_calm_within(&self, patience: Duration) -> bool {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.calm.wait_timeout_while(under_way, patience, |under_way| *under_way > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        *under_way -= 1;
        if *under_way == 0 {
            self.0.calm.notify_all();
        }
    }
}
