//! The mailbox of a slot: holds one request, the newest, and ends what an older one still does.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::db::{
    connection::Canceller,
    request::{Request, RequestId},
};

/// Between whoever asks and the one thread that works.
#[derive(Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    woken: Condvar,
    canceller: Canceller,
}

#[derive(Default)]
struct State {
    next: Option<Request>,
    work: Work,
    closed: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Work {
    #[default]
    None,
    Current,
    Superseded,
}

/// Whether somebody still wants what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Still,
    NoMore,
}

impl Mailbox {
    /// What ends the work for the request that runs. Only this mailbox may call it, under its lock: so it never hits another request.
    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Puts a request in the place of one that waits, and ends the one that runs.
    pub(super) fn put(&self, request: Request) {
        let mut state = self.lock();
        state.next = Some(request);
        if state.work != Work::None {
            state.work = Work::Superseded;
            self.canceller.cancel();
        }
        self.woken.notify_one();
    }

    /// Ends the request that runs, which replies that it was cancelled; gives back the one that waits, which nobody else will reply to.
    pub(super) fn cancel(&self) -> Option<RequestId> {
        let mut state = self.lock();
        if state.work == Work::Current {
            self.canceller.cancel();
        }
        state.next.take().map(|request| request.id)
    }

    /// No more requests: the thread ends as soon as it can.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.next = None;
        state.work = Work::Superseded;
        self.canceller.cancel();
        self.woken.notify_all();
    }

    /// Waits for the next request; `None` when the mailbox was closed.
    pub(super) fn take(&self) -> Option<Request> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(request) = state.next.take() {
                state.work = Work::Current;
                self.canceller.reset();
                return Some(request);
            }
            state.work = Work::None;
            state = self.woken.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the request that was taken last is still the newest.
    pub(super) fn wanted(&self) -> Wanted {
        match self.lock().work {
            Work::Current => Wanted::Still,
            Work::Superseded | Work::None => Wanted::NoMore,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here can panic half-way, so what a poisoned lock holds is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::db::request::{Freshness, Query, Slot};

    fn request(id: u64) -> Request {
        Request { slot: Slot::Page, id: RequestId(id), query: Query::Schema, freshness: Freshness::Any }
    }

    #[test]
    fn the_newest_request_wins_and_ends_the_one_that_runs() {
        let mailbox = Mailbox::default();
        let canceller = mailbox.canceller();
        mailbox.put(request(1));
        mailbox.put(request(2));
        assert_eq!(mailbox.take().unwrap().id, RequestId(2));
        assert!(!canceller.is_cancelled());
        assert_eq!(mailbox.wanted(), Wanted::Still);
        mailbox.put(request(3));
        assert!(canceller.is_cancelled());
        assert_eq!(mailbox.wanted(), Wanted::NoMore);
        assert_eq!(mailbox.take().unwrap().id, RequestId(3));
        assert!(!canceller.is_cancelled(), "a cancel never hits the next request");
        assert_eq!(mailbox.wanted(), Wanted::Still);
    }

    #[test]
    fn a_cancel_takes_away_what_waits_and_ends_what_runs() {
        let mailbox = Mailbox::default();
        mailbox.put(request(1));
        assert_eq!(mailbox.cancel(), Some(RequestId(1)));
        assert!(!mailbox.canceller().is_cancelled(), "nothing runs");
        mailbox.put(request(2));
        mailbox.take().unwrap();
        assert_eq!(mailbox.cancel(), None);
        assert!(mailbox.canceller().is_cancelled());
        assert_eq!(mailbox.wanted(), Wanted::Still, "it has to say that it was cancelled");
    }

    #[test]
    fn a_closed_mailbox_gives_nothing() {
        let mailbox = Mailbox::default();
        mailbox.put(request(1));
        mailbox.close();
        assert!(mailbox.take().is_none());
    }
}
