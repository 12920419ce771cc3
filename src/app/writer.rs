//! Writing: what is staged, what is on its way, what was written and can be taken back.
//!
//! Owns the queue of writes: one is on its way at a time, the rest waits in order, and none is ever sent twice. What the others need
//! is [`App::write`]; what comes of it goes to whoever wanted it ([`receipt`]).

mod leave;
mod receipt;
mod recovery;
mod rows;
mod staging;
mod undo;

use std::{collections::VecDeque, sync::Arc};

use super::App;
use crate::{
    db::{
        request::{Query, Slot},
        write::Grant,
    },
    domain::{
        change::{Batch, BatchId, Change, Entry, EntryId, Refusal, Trail, TrailPolicy},
        edit::Draft,
        journal::Journal,
        review::Decision,
    },
    message::{command::Command, severity::Severity},
    panes::Now,
};
use undo::Done;

/// What a write is for: who hears what became of it.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// A decision on these questions: the review hears of it.
    Decision {
        /// Which ones.
        ids: Vec<String>,
        /// What was decided.
        decision: Decision,
    },
    /// What was staged is committed.
    Staged,
    /// Takes back what was written last.
    Undo(Box<Done>),
    /// Does again what was taken back.
    Redo(Box<Done>),
}

/// What waits for its turn.
#[derive(Clone, Debug)]
enum Task {
    /// This.
    Write(Box<Job>),
    /// What will then be staged: what is dropped before its turn is not written, and nothing is written twice.
    Commit,
    /// Taking back what will then have been written last.
    Undo,
    /// Doing again what will then have been taken back last.
    Redo,
}

/// Whether the program ends as soon as everything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// As soon as nothing is on its way any more.
    Written,
    /// As soon as what is staged is written, too.
    Committed,
}

/// A write on its way, or waiting for its turn.
#[derive(Clone, Debug)]
struct Job {
    batch: Batch,
    purpose: Purpose,
}

/// What the app knows of writing.
#[derive(Debug)]
pub(super) struct Writer {
    grant: Option<Grant>,
    author: String,
    recovered: Option<String>,
    entries: u64,
    batches: u64,
    under_way: Option<Job>,
    waiting: VecDeque<Task>,
    /// Whether a database without a history is written all the same: the user was asked.
    trail: TrailPolicy,
    /// What was not written as there is no history, while the user is asked.
    untrailed: Option<Box<Job>>,
    journal: Journal,
    done: Vec<Done>,
    undone: Vec<Done>,
    /// What stood against the last commit of what is staged.
    refusals: Vec<Refusal>,
    leaving: Leaving,
    /// Whether there is something in the recovery file.
    kept: bool,
    /// What ids of new rows are made of.
    seed: [u64; 2],
    /// What was being typed when that was last looked at.
    drafts: Vec<Draft>,
}

impl Writer {
    pub(super) fn new(grant: Option<Grant>, author: String, recovered: Option<String>, seed: [u64; 2]) -> Self {
        Self {
            grant,
            author,
            recovered,
            entries: 0,
            batches: 0,
            under_way: None,
            waiting: VecDeque::new(),
            trail: TrailPolicy::Required,
            untrailed: None,
            journal: Journal::default(),
            done: Vec::new(),
            undone: Vec::new(),
            refusals: Vec::new(),
            leaving: Leaving::No,
            kept: false,
            seed,
            drafts: Vec::new(),
        }
    }

    /// Who decides and edits.
    pub(super) fn author(&self) -> &str {
        &self.author
    }

    /// An id for an entry or an edit that no other has.
    fn entry_id(&mut self) -> EntryId {
        self.entries += 1;
        EntryId(self.entries)
    }

    fn batch(&mut self, entries: Vec<Entry>, now: Now) -> Batch {
        self.batches += 1;
        Batch { id: BatchId(self.batches), entries, author: self.author.clone(), at: now.wall, trail: self.trail }
    }

    /// How many writes wait for the one on its way.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many changes are being written just now.
    pub(super) fn changes_under_way(&self) -> usize {
        self.under_way.as_ref().map_or(0, |job| job.batch.entries.len())
    }

    /// Whether this staged edit is being written just now.
    fn is_sent(&self, id: EntryId) -> bool {
        let jobs = self.under_way.iter().chain(self.untrailed.as_deref());
        jobs.filter(|job| matches!(job.purpose, Purpose::Staged))
            .any(|job| job.batch.entries.iter().any(|entry| entry.id == id))
    }

    /// Whether a commit of what is staged waits for its turn.
    fn will_commit(&self) -> bool {
        self.waiting.iter().any(|task| matches!(task, Task::Commit))
    }

    /// Whether something is on its way or waits for its turn.
    pub(super) fn is_busy(&self) -> bool {
        self.under_way.is_some() || !self.waiting.is_empty() || self.untrailed.is_some()
    }
}

/// What is said where writing was not asked for.
pub(super) const READ_ONLY: &str =
    "read-only: nothing is changed. Start with --write (or TURSO_WRITE_MODE=true) to decide and edit";

impl App {
    /// Whether writing was asked for; says how to where it was not.
    pub(super) fn may_write(&mut self, now: Now) -> bool {
        if self.writer.grant.is_none() {
            self.say(Severity::Warning, READ_ONLY, now);
        }
        self.writer.grant.is_some()
    }

    /// Writes these changes in one transaction, as soon as those before are done. `None` where there is nothing to write, or where
    /// nothing may be written (which is said).
    pub(super) fn write(
        &mut self,
        changes: Vec<(Change, Option<Trail>)>,
        purpose: Purpose,
        now: Now,
    ) -> Option<BatchId> {
        if changes.is_empty() || !self.may_write(now) {
            return None;
        }
        let entries =
            changes.into_iter().map(|(change, trail)| Entry { id: self.writer.entry_id(), change, trail }).collect();
        let batch = self.writer.batch(entries, now);
        let id = batch.id;
        self.writer.waiting.push_back(Task::Write(Box::new(Job { batch, purpose })));
        self.send_next(now);
        Some(id)
    }

    /// Sends what is next, where nothing is on its way.
    fn send_next(&mut self, now: Now) {
        while self.writer.under_way.is_none() && self.writer.untrailed.is_none() {
            let job = match self.writer.waiting.pop_front() {
                None => return,
                Some(Task::Write(job)) => *job,
                Some(Task::Commit) => match self.staged_job(now) {
                    Some(job) => job,
                    None => continue,
                },
                Some(Task::Undo) => match self.undo_job(now) {
                    Some(job) => job,
                    None => continue,
                },
                Some(Task::Redo) => match self.redo_job(now) {
                    Some(job) => job,
                    None => continue,
                },
            };
            self.send(job, now);
        }
    }

    fn send(&mut self, mut job: Job, now: Now) {
        let Some(grant) = self.writer.grant.clone() else { return };
        job.batch.trail = self.writer.trail;
        self.out.ask(Slot::Write, Query::Write(grant, Arc::new(job.batch.clone())));
        let staged = matches!(job.purpose, Purpose::Staged);
        self.writer.under_way = Some(job);
        self.dirty = true;
        if staged {
            // Where the program dies now, nobody knows what became of them.
            self.remember(now);
        }
    }

    /// Gives up the write on its way, where it takes long enough to be shown: its answer still comes, as it may be written already.
    pub(super) fn cancel_long_write(&mut self, now: Now) -> bool {
        let long = self.writer.under_way.is_some() && self.progress.long(Slot::Write, now.elapsed).is_some();
        if long {
            self.out.commands.push(Command::Cancel(Slot::Write));
        }
        long
    }
}
