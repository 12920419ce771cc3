//! Taking back what was written, and doing it again.
//!
//! Everything committed leaves the changes that take it back; they are written as any other batch, guarded by what was written. Where
//! a row is another by now, nothing is taken back, and that is said.

use super::{App, Job, Purpose, Task};
use crate::{
    domain::{
        change::{BatchId, Change, Entry, Trail, Written},
        page::RowKey,
        staged,
    },
    message::severity::Severity,
    panes::Now,
};

/// Something that was written and can be taken back, or that was taken back and can be done again.
#[derive(Clone, Debug)]
pub(in crate::app) struct Done {
    /// The batch that was first written.
    pub(super) batch: BatchId,
    /// What it was, in words: `approve q-1`.
    pub(super) what: String,
    /// The changes that turn it round, in the order in which they are to be written, with the trail of the change they turn round.
    pub(super) inverse: Vec<(Change, Option<Trail>)>,
    /// The keys of the rows they turn round, in the same order.
    pub(super) keys: Vec<RowKey>,
}

impl Done {
    /// Of what was just written; the trails are those of the change itself, in the entries' order.
    pub(super) fn new(batch: BatchId, what: String, trails: Vec<Option<Trail>>, written: &[Written]) -> Self {
        let inverse = written.iter().map(|written| written.inverse.clone()).zip(trails).rev().collect();
        let keys = written.iter().map(|written| written.key.clone()).rev().collect();
        Self { batch, what, inverse, keys }
    }

    pub(super) fn trails(&self) -> Vec<Option<Trail>> {
        self.inverse.iter().map(|(_, trail)| trail.clone()).collect()
    }
}

impl App {
    /// Takes back what was written last, as soon as what is on its way is written.
    pub(in crate::app) fn undo(&mut self, now: Now) {
        if self.may_write(now) {
            if self.writer.done.is_empty() && !self.writer.is_busy() {
                self.say(Severity::Info, "there is nothing to take back", now);
                return;
            }
            self.writer.waiting.push_back(Task::Undo);
            self.send_next(now);
        }
    }

    /// Does again what was taken back last.
    pub(in crate::app) fn redo(&mut self, now: Now) {
        if self.may_write(now) {
            self.writer.waiting.push_back(Task::Redo);
            self.send_next(now);
        }
    }

    pub(super) fn undo_job(&mut self, now: Now) -> Option<Job> {
        let Some(done) = self.writer.done.pop() else {
            self.say(Severity::Info, "there is nothing to take back", now);
            return None;
        };
        let event = |change: &Change| Some(Trail { event: "reverted".to_owned(), ..staged::trail(change, None)? });
        let entries = done.inverse.iter().map(|(change, _)| (change.clone(), event(change)));
        let entries = self.entries(entries.collect());
        Some(Job { batch: self.writer.batch(entries, now), purpose: Purpose::Undo(Box::new(done)) })
    }

    pub(super) fn redo_job(&mut self, now: Now) -> Option<Job> {
        let Some(done) = self.writer.undone.pop() else {
            self.say(Severity::Info, "there is nothing to do again", now);
            return None;
        };
        let entries = self.entries(done.inverse.clone());
        Some(Job { batch: self.writer.batch(entries, now), purpose: Purpose::Redo(Box::new(done)) })
    }

    fn entries(&mut self, changes: Vec<(Change, Option<Trail>)>) -> Vec<Entry> {
        changes.into_iter().map(|(change, trail)| Entry { id: self.writer.entry_id(), change, trail }).collect()
    }

    /// A row that came back has another key, where the database makes the keys: what else is to be taken back follows it.
    pub(super) fn follow_keys(&mut self, done: &Done, written: &[Written]) {
        for ((change, _), (old, written)) in done.inverse.iter().zip(done.keys.iter().zip(written)) {
            if *old == written.key {
                continue;
            }
            let relation = &change.relation().name;
            for done in self.writer.done.iter_mut().chain(&mut self.writer.undone) {
                for ((change, _), kept) in done.inverse.iter_mut().zip(&mut done.keys) {
                    if change.relation().name != *relation || kept != old {
                        continue;
                    }
                    *kept = written.key.clone();
                    if let Change::Update { key, .. } | Change::Delete { key, .. } = change {
                        *key = written.key.clone();
                    }
                }
            }
        }
    }

    /// An undo that was not written is still to be had; so is what can be done again.
    pub(super) fn give_back(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Undo(done) => self.writer.done.push(*done),
            Purpose::Redo(done) => self.writer.undone.push(*done),
            Purpose::Decision { .. } | Purpose::Staged => {}
        }
    }
}
