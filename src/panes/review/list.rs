//! The questions of the queue with what became of each; pure, so that what a new reading does to it can be tested alone.
//!
//! Whoever reviews has the list in the hand: nothing moves under the cursor, nothing that was decided is forgotten before the list is
//! read anew on purpose, and what comes in takes its place quietly.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::domain::{
    change::BatchId,
    page::RowKey,
    review::{Decision, ReviewItem, ReviewList},
};

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// Nothing yet.
    Open,
    /// It was left as it is.
    Skipped,
    /// It was decided.
    Decided(Decided),
    /// It was decided, and could not be written: why, in a few words.
    Refused(String),
    /// It is no longer in the queue: somebody else has decided.
    Elsewhere,
}

/// A decision that was taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decided {
    /// Which.
    pub(super) decision: Decision,
    /// Written by which batch; `None` before that is known.
    pub(super) batch: Option<BatchId>,
    /// The queue item that was made.
    pub(super) made: Option<RowKey>,
    /// How far it is.
    pub(super) standing: Standing,
}

/// How far a decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// On its way.
    Sent,
    /// Written.
    Written,
    /// Nobody knows: the connection was lost while it was committed.
    Unknown,
}

/// Whether a question came in while one was reviewing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    /// It was there from the start, or was looked at.
    Known,
    /// It came in.
    New,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) item: Arc<ReviewItem>,
    pub(super) state: State,
    pub(super) novelty: Novelty,
}

impl Entry {
    const fn open(item: Arc<ReviewItem>, novelty: Novelty) -> Self {
        Self { item, state: State::Open, novelty }
    }

    /// Whether it still wants a decision; what was skipped has had its turn.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Refused(_))
    }

    /// Whether a decision on it is on its way.
    const fn is_sent(&self) -> bool {
        matches!(&self.state, State::Decided(Decided { standing: Standing::Sent, .. }))
    }

    /// Whether its status was decided: there is nothing to decide any more but by taking that back.
    pub(super) const fn is_settled(&self) -> bool {
        matches!(&self.state, State::Decided(Decided { decision: Decision::Approve | Decision::Delete, .. }))
    }
}

/// The list.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    pub(super) entries: Vec<Entry>,
    /// How many the database has in all.
    pub(super) total: u64,
    pub(super) marked: BTreeSet<String>,
}

impl List {
    /// Takes what was read in the place of all there is: what was decided goes, but for what is still being written; marks stay where
    /// their question does.
    pub(super) fn replace(&mut self, read: &ReviewList) {
        let mut sent: BTreeMap<String, State> = BTreeMap::new();
        for entry in self.entries.drain(..).filter(Entry::is_sent) {
            sent.insert(entry.item.id.clone(), entry.state);
        }
        let entry = |item: &Arc<ReviewItem>| {
            let state = sent.remove(&item.id).unwrap_or(State::Open);
            Entry { state, ..Entry::open(Arc::clone(item), Novelty::Known) }
        };
        self.entries = read.items.iter().map(entry).collect();
        self.total = read.total;
        let ids: BTreeSet<&str> = self.entries.iter().map(|entry| entry.item.id.as_str()).collect();
        self.marked.retain(|id| ids.contains(id.as_str()));
    }

    /// Takes what was read into what there is: everything keeps its place and its state, what is new comes behind the one it follows.
    pub(super) fn merge(&mut self, read: &ReviewList) {
        let places: BTreeMap<&str, usize> =
            self.entries.iter().enumerate().map(|(at, entry)| (entry.item.id.as_str(), at)).collect();
        let mut behind: Vec<Vec<Entry>> = vec![Vec::new(); self.entries.len() + 1];
        let mut now: Vec<Option<&Arc<ReviewItem>>> = vec![None; self.entries.len()];
        let mut place = 0;
        for item in &read.items {
            if let Some(at) = places.get(item.id.as_str()) {
                place = at + 1;
                now[*at] = Some(item);
            } else {
                behind[place].push(Entry::open(Arc::clone(item), Novelty::New));
            }
        }
        let whole = read.items.len() as u64 >= read.total;
        for (entry, item) in self.entries.iter_mut().zip(now) {
            match item {
                Some(item) => entry.read_again(item),
                // What was cut off may have been pushed out by others.
                None if whole => {
                    entry.went();
                    // Nobody means to decide on what is gone.
                    if entry.state == State::Elsewhere {
                        self.marked.remove(&entry.item.id);
                    }
                }
                None => {}
            }
        }
        let mut behind = behind.into_iter();
        let mut merged = behind.next().unwrap_or_default();
        for (entry, new) in self.entries.drain(..).zip(behind) {
            merged.push(entry);
            merged.extend(new);
        }
        self.entries = merged;
        self.total = read.total;
    }

    pub(super) fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.item.id == id)
    }

    pub(super) fn find(&mut self, id: &str) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.item.id == id)
    }

    /// The next one behind this place that wants a decision, else the first of all.
    pub(super) fn next_open(&self, from: usize) -> Option<usize> {
        let open = |at: &usize| self.entries.get(*at).is_some_and(Entry::is_open);
        (from + 1..self.entries.len()).chain(0..=from).find(open)
    }

    /// Those that want a decision, in the order of [`Self::next_open`], but for this one.
    pub(super) fn coming(&self, from: usize) -> impl Iterator<Item = &Entry> {
        let (before, behind) = self.entries.split_at(from.min(self.entries.len()));
        behind.iter().skip(1).chain(before).filter(|entry| entry.is_open())
    }

    /// How many want a decision, those that were not read included.
    pub(super) fn left(&self) -> u64 {
        let open = self.entries.iter().filter(|entry| entry.is_open()).count() as u64;
        open + self.total.saturating_sub(self.entries.len() as u64)
    }

    pub(super) fn skipped(&self) -> usize {
        self.entries.iter().filter(|entry| entry.state == State::Skipped).count()
    }

    pub(super) fn arrived(&self) -> usize {
        self.entries.iter().filter(|entry| entry.novelty == Novelty::New && entry.is_open()).count()
    }

    /// What is marked, in the order of the list.
    pub(super) fn marked(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| self.marked.contains(&entry.item.id))
    }

    pub(super) fn toggle_mark(&mut self, at: usize) {
        if let Some(entry) = self.entries.get(at)
            && !self.marked.remove(&entry.item.id)
        {
            self.marked.insert(entry.item.id.clone());
        }
    }

    /// Marks all that wants a decision, or nothing where that is so already.
    pub(super) fn toggle_all(&mut self) {
        let all: BTreeSet<String> =
            self.entries.iter().filter(|entry| entry.is_open()).map(|entry| entry.item.id.clone()).collect();
        self.marked = if all.iter().all(|id| self.marked.contains(id)) { BTreeSet::new() } else { all };
    }
}

impl Entry {
    fn read_again(&mut self, item: &Arc<ReviewItem>) {
        let flagged_again = self.item.flags != item.flags;
        match &self.state {
            // A bot has flagged once more what was decided: that is a new case.
            State::Decided(Decided {
                standing: Standing::Written,
                decision: Decision::Approve | Decision::Delete,
                ..
            }) if flagged_again => {
                self.state = State::Open;
                self.novelty = Novelty::New;
            }
            State::Elsewhere => self.state = State::Open,
            _ => {}
        }
        self.item = Arc::clone(item);
    }

    fn went(&mut self) {
        if matches!(self.state, State::Open | State::Skipped | State::Refused(_)) {
            self.state = State::Elsewhere;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            review::{Flag, FlagSource},
            value::Value,
        },
        panes::review::tests::item,
    };

    fn read(ids: &[&str]) -> ReviewList {
        ReviewList { items: ids.iter().map(|id| Arc::new(item(id))).collect(), total: ids.len() as u64 }
    }

    fn ids(list: &List) -> Vec<&str> {
        list.entries.iter().map(|entry| entry.item.id.as_str()).collect()
    }

    fn decided(decision: Decision) -> State {
        State::Decided(Decided { decision, batch: None, made: None, standing: Standing::Written })
    }

    #[test]
    fn what_comes_in_takes_its_place_and_what_was_decided_keeps_its() {
        let mut list = List::default();
        list.replace(&read(&["a", "b", "c"]));
        list.entries[0].state = decided(Decision::Approve);
        list.toggle_mark(2);
        // `a` is approved and gone, `b` was decided by somebody else, `x` and `y` are new.
        list.merge(&read(&["x", "c", "y"]));
        assert_eq!(ids(&list), ["x", "a", "b", "c", "y"]);
        let states: Vec<_> = list.entries.iter().map(|entry| entry.state.clone()).collect();
        assert_eq!(states, [State::Open, decided(Decision::Approve), State::Elsewhere, State::Open, State::Open]);
        assert_eq!((list.arrived(), list.left()), (2, 3));
        assert_eq!(list.marked().map(|entry| entry.item.id.as_str()).collect::<Vec<_>>(), ["c"]);
        list.replace(&read(&["x", "c", "y"]));
        assert_eq!((ids(&list), list.arrived(), list.marked.len()), (vec!["x", "c", "y"], 0, 1));
    }

    #[test]
    fn what_is_being_written_stays_so_and_what_is_gone_is_marked_no_more() {
        let mut list = List::default();
        list.replace(&read(&["a", "b", "c"]));
        let sent = Decided { decision: Decision::Approve, batch: None, made: None, standing: Standing::Sent };
        list.entries[0].state = State::Decided(sent.clone());
        list.entries[1].state = decided(Decision::Approve);
        list.replace(&read(&["a", "b", "c"]));
        let states: Vec<_> = list.entries.iter().map(|entry| entry.state.clone()).collect();
        assert_eq!(states, [State::Decided(sent), State::Open, State::Open]);
        list.toggle_all();
        list.merge(&read(&["a", "b"]));
        assert_eq!(list.marked().map(|entry| entry.item.id.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn what_a_bot_flags_once_more_is_open_again() {
        let mut list = List::default();
        list.replace(&read(&["a", "b"]));
        list.entries[0].state = decided(Decision::Approve);
        list.entries[1].state = decided(Decision::Approve);
        let flag = Flag { source: FlagSource::Ledger, by: "verifier".into(), reason: None, at: "later".into() };
        let again = ReviewItem { flags: vec![flag], status: Value::text("flagged"), ..item("a") };
        list.merge(&ReviewList { items: vec![Arc::new(again), Arc::new(item("b"))], total: 2 });
        assert_eq!(list.entries[0].state, State::Open);
        assert!(list.entries[1].is_settled(), "read before it was written: that is no news");
    }

    #[test]
    fn a_list_that_was_cut_off_says_nothing_of_those_it_lacks() {
        let mut list = List::default();
        list.replace(&read(&["a", "b"]));
        list.merge(&ReviewList { total: 9, ..read(&["n", "a"]) });
        assert_eq!(list.entries[2].state, State::Open);
        assert_eq!(list.left(), 9);
    }

    #[test]
    fn the_next_one_is_the_next_open_one() {
        let mut list = List::default();
        assert_eq!(list.next_open(0), None);
        list.replace(&read(&["a", "b", "c"]));
        assert_eq!(list.next_open(0), Some(1));
        list.entries[1].state = State::Skipped;
        assert_eq!((list.next_open(0), list.next_open(2)), (Some(2), Some(0)));
        list.toggle_all();
        assert_eq!(list.marked.len(), 2);
        list.toggle_all();
        assert!(list.marked.is_empty());
    }
}
