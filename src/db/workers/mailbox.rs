//! The mailbox of a slot: holds one request, the newest, and ends what an older one still does; but writes are all kept, and none is
//! ended by a newer one.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::db::{
    connection::Canceller,
    request::{Request, RequestId},
};

/// What a newer request is to the older ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Turns {
    /// It takes their place.
    #[default]
    Newest,
    /// It comes after them.
    Each,
}

/// Between whoever asks and the one thread that works.
#[derive(Default)]
pub(super) struct Mailbox {
    turns: Turns,
    state: Mutex<State>,
    woken: Condvar,
    canceller: Canceller,
}

#[derive(Default)]
struct State {
    next: VecDeque<Request>,
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
    /// An empty one.
    pub(super) fn new(turns: Turns) -> Self {
        Self { turns, ..Self::default() }
    }

    /// What ends the work for the request that runs. Only this mailbox may call it, under its lock: so it never hits another request.
    pub(super) fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Puts a request behind those that wait; or in the place of the one that waits, and ends the one that runs.
    pub(super) fn put(&self, request: Request) {
        let mut state = self.lock();
        if self.turns == Turns::Newest {
            state.next.clear();
            if state.work != Work::None {
                state.work = Work::Superseded;
                self.canceller.cancel();
            }
        }
        state.next.push_back(request);
        self.woken.notify_one();
    }

    /// Ends the request that runs, which says itself what became of it; gives back those that wait, which nobody else will reply to.
    pub(super) fn cancel(&self) -> Vec<RequestId> {
        let mut state = self.lock();
        if state.work == Work::Current {
            self.canceller.cancel();
        }
        state.next.drain(..).map(|request| request.id).collect()
    }

    /// No more requests: the thread ends as soon as it can.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.next.clear();
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
            if let Some(request) = state.next.pop_front() {
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
        assert_eq!(mailbox.cancel(), [RequestId(1)]);
        assert!(!mailbox.canceller().is_cancelled(), "nothing runs");
        mailbox.put(request(2));
        mailbox.take().unwrap();
        assert_eq!(mailbox.cancel(), []);
        assert!(mailbox.canceller().is_cancelled());
        assert_eq!(mailbox.wanted(), Wanted::Still, "it has to say that it was cancelled");
    }

    #[test]
    fn writes_come_one_after_another_and_none_ends_another() {
        let mailbox = Mailbox::new(Turns::Each);
        (1..=3).for_each(|id| mailbox.put(request(id)));
        assert_eq!(mailbox.take().unwrap().id, RequestId(1));
        mailbox.put(request(4));
        assert!(!mailbox.canceller().is_cancelled());
        assert_eq!(mailbox.wanted(), Wanted::Still);
        assert_eq!(mailbox.take().unwrap().id, RequestId(2));
        assert_eq!(mailbox.cancel(), [RequestId(3), RequestId(4)]);
        assert!(mailbox.canceller().is_cancelled());
        assert_eq!(mailbox.wanted(), Wanted::Still, "what runs says what became of it");
    }

    #[test]
    fn a_closed_mailbox_gives_nothing() {
        let mailbox = Mailbox::default();
        mailbox.put(request(1));
        mailbox.close();
        assert!(mailbox.take().is_none());
    }
}
