//! What became of a write: it goes into the journal, onto the stack of what can be taken back, and to whoever wanted it.

use super::{App, Done, Job, Purpose, Task};
use crate::{
    app::{cx, layout::Desk, replies::words},
    db::{
        error::{Error, ErrorKind},
        request::Answer,
        write::{Caps, tell},
    },
    domain::{
        change::{Known, Outcome, Receipt, Refusal, TrailPolicy, Written},
        change_words,
        journal::{Fate, JournalEntry},
        staged::EditState,
    },
    message::severity::Severity,
    panes::Now,
    widgets::safe::safe,
};

/// Rows that are named one by one; more are counted.
const NAMED: usize = 5;

impl Job {
    /// What it does, in words: `approve q-1`.
    pub(super) fn what(&self) -> String {
        let count = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        match &self.purpose {
            Purpose::Decision { ids, decision } => match ids.as_slice() {
                [id] => format!("{} {id}", decision.name()),
                ids => format!("{} {}", decision.name(), count(ids.len(), "question", "questions")),
            },
            Purpose::Staged => match self.batch.entries.as_slice() {
                [entry] => format!("edit {}", change_words::subject(&entry.change)),
                entries => count(entries.len(), "edit", "edits"),
            },
            Purpose::Undo(done) => format!("take back {}", done.what),
            Purpose::Redo(done) => done.what.clone(),
        }
    }
}

impl App {
    /// An answer on the slot of writing.
    pub(in crate::app) fn write_answered(&mut self, outcome: Result<&Answer, &Error>, now: Now) {
        let receipt = match outcome {
            Ok(Answer::Written(receipt)) => Ok(receipt.as_ref()),
            Ok(_) => return,
            Err(error) => Err(error),
        };
        let Some(job) = self.writer.under_way.take() else { return };
        match receipt {
            Ok(Receipt { outcome: Outcome::Committed { written, known }, .. }) => {
                self.committed(job, written, *known, now);
            }
            Ok(Receipt { outcome: outcome @ Outcome::Refused(refusals), .. }) => {
                self.refused(job, outcome, refusals, now);
            }
            Ok(Receipt { outcome: outcome @ Outcome::Unknown(what), .. }) => self.unknown(job, outcome, what, now),
            Err(error) if error.kind == ErrorKind::NoTrail && job.batch.trail == TrailPolicy::Required => {
                self.ask_trail(job, now);
            }
            Err(error) => self.not_written(job, error, now),
        }
        self.send_next(now);
        self.leave_if_done(now);
    }

    fn committed(&mut self, job: Job, written: &[Written], known: Known, now: Now) {
        let what = job.what();
        let statements = written.iter().flat_map(|written| statements(&job, written)).collect();
        self.journal(&job, Fate::Committed(known), statements);
        let looked = match known {
            Known::Answered => "",
            Known::Looked => " (the answer was lost: the rows were looked at, and are as written)",
        };
        let own = |trails| Done::new(job.batch.id, what.clone(), trails, written);
        match &job.purpose {
            Purpose::Decision { ids, decision } => {
                let done = own(job.batch.entries.iter().map(|entry| entry.trail.clone()).collect());
                self.writer.done.push(done);
                self.writer.undone.clear();
                let outcome = Outcome::Committed { written: written.to_vec(), known };
                self.decided(&job.batch, ids, *decision, Ok(&outcome), now);
                // The review says itself how far it is.
                if self.wanted.desk == Desk::Browse || known == Known::Looked {
                    self.say(Severity::Info, format!("done: {}{looked} · u takes it back", safe(&what)), now);
                }
            }
            Purpose::Staged => {
                let done = own(job.batch.entries.iter().map(|entry| entry.trail.clone()).collect());
                self.writer.done.push(done);
                self.writer.undone.clear();
                self.settings.staged.committed(&job.batch.entries, written);
                self.staged_changed(now);
                self.say(Severity::Info, format!("committed: {}{looked} · u takes it back", safe(&what)), now);
            }
            Purpose::Undo(done) => {
                self.turned(&job.batch.entries, written);
                self.writer.journal.set_fate(done.batch, Fate::TakenBack);
                self.follow_keys(done, written);
                let again = Done { what: done.what.clone(), ..own(done.trails()) };
                self.writer.undone.push(again);
                self.say(
                    Severity::Info,
                    format!("taken back: {}{looked} · Ctrl-r does it again", safe(&done.what)),
                    now,
                );
            }
            Purpose::Redo(done) => {
                self.turned(&job.batch.entries, written);
                self.writer.journal.set_fate(done.batch, Fate::TakenBack);
                self.follow_keys(done, written);
                let back = own(done.trails());
                self.writer.done.push(back);
                self.say(Severity::Info, format!("done again: {}{looked} · u takes it back", safe(&done.what)), now);
            }
        }
        self.rows_written(now);
    }

    /// What is shown may be old: this session wrote.
    fn rows_written(&mut self, now: Now) {
        self.tables.changed(&mut cx!(self, now));
        self.table.changed(&mut cx!(self, now));
        self.question.changed(&mut cx!(self, now));
        self.review.changed(&mut cx!(self, now));
    }

    fn refused(&mut self, job: Job, outcome: &Outcome, refusals: &[Refusal], now: Now) {
        self.stay(now);
        let why = refusal_words(&job, refusals);
        self.journal(&job, Fate::NotWritten(why.clone()), Vec::new());
        self.drop_waiting_undo(now);
        match &job.purpose {
            Purpose::Decision { ids, decision } => {
                self.decided(&job.batch, ids, *decision, Ok(outcome), now);
            }
            Purpose::Staged => self.staged_refused(&job, refusals, &why, now),
            Purpose::Undo(done) => {
                let what = safe(&done.what).into_owned();
                self.say(Severity::Warning, format!("not taken back: {what}: {}", safe(&why)), now);
            }
            Purpose::Redo(done) => {
                let what = safe(&done.what).into_owned();
                self.say(Severity::Warning, format!("not done again: {what}: {}", safe(&why)), now);
            }
        }
        self.rows_written(now);
    }

    fn unknown(&mut self, job: Job, outcome: &Outcome, why: &str, now: Now) {
        self.stay(now);
        let what = job.what();
        self.journal(&job, Fate::Unknown(why.to_owned()), Vec::new());
        self.drop_waiting_undo(now);
        match &job.purpose {
            Purpose::Decision { ids, decision } => {
                self.decided(&job.batch, ids, *decision, Ok(outcome), now);
            }
            Purpose::Staged => {
                let ids = job.batch.entries.iter().map(|entry| entry.id);
                self.settings.staged.mark(ids, EditState::Unknown);
                self.staged_changed(now);
            }
            Purpose::Undo(_) | Purpose::Redo(_) => {}
        }
        let text =
            format!("nobody knows whether this was written: {}: {}. It is not sent again", safe(&what), safe(why));
        self.say(Severity::Error, text, now);
        self.rows_written(now);
    }

    /// Nothing was written, for a reason that is none of the rows'.
    fn not_written(&mut self, job: Job, error: &Error, now: Now) {
        self.stay(now);
        let what = job.what();
        self.journal(&job, Fate::NotWritten(error.what.clone()), Vec::new());
        self.drop_waiting_undo(now);
        if let Purpose::Decision { ids, decision } = &job.purpose {
            self.decided(&job.batch, ids, *decision, Err(error), now);
        }
        let rest = if matches!(job.purpose, Purpose::Staged) { "; the edits are still staged" } else { "" };
        let text = if error.kind == ErrorKind::Cancelled {
            format!("cancelled, nothing is written: {}{rest}", safe(&what))
        } else {
            format!("nothing is written: {}: {}{rest}", safe(&what), safe(&words(error)))
        };
        let severity = if error.kind == ErrorKind::Cancelled { Severity::Warning } else { Severity::Error };
        if matches!(job.purpose, Purpose::Staged) {
            self.remember(now);
        }
        self.give_back(job.purpose);
        self.say(severity, text, now);
    }

    /// The user does not want to write without a trail.
    pub(super) fn not_without_trail(&mut self, now: Now) {
        if let Some(job) = self.writer.untrailed.take() {
            let error = Error::new(ErrorKind::Cancelled, "not written: there is no history for a trail", "");
            self.not_written(*job, &error, now);
        }
        self.send_next(now);
    }

    /// What is to be taken back is not what was meant, where the write before it did not come about.
    fn drop_waiting_undo(&mut self, now: Now) {
        let before = self.writer.waiting.len();
        self.writer.waiting.retain(|task| !matches!(task, Task::Undo | Task::Redo));
        if self.writer.waiting.len() < before {
            self.say(Severity::Warning, "nothing is taken back: the write before it did not come about", now);
        }
    }

    fn journal(&mut self, job: &Job, fate: Fate, statements: Vec<String>) {
        let what = job.what();
        self.writer.journal.push(JournalEntry { batch: job.batch.id, at: job.batch.at, what, fate, statements });
    }
}

/// The statements of an entry; where a secret is in them, the change with a mask, as a comment: the log is shown, copied and saved.
fn statements(job: &Job, written: &Written) -> Vec<String> {
    match job.batch.entries.iter().find(|entry| entry.id == written.entry) {
        Some(entry) if change_words::has_secret(&entry.change) => {
            let statement = tell(&change_words::masked(&entry.change), Caps::WHOLE);
            let lines = ["a secret is masked:"].into_iter().chain(statement.lines()).map(|line| format!("-- {line}"));
            vec![lines.collect::<Vec<_>>().join("\n")]
        }
        _ => written.statements.clone(),
    }
}

/// Which rows were refused, and why.
fn refusal_words(job: &Job, refusals: &[Refusal]) -> String {
    let mut words: Vec<String> = Vec::new();
    for refusal in refusals.iter().take(NAMED) {
        let Some(entry) = job.batch.entries.iter().find(|entry| entry.id == refusal.entry) else { continue };
        words.push(format!(
            "{}: {}",
            change_words::subject(&entry.change),
            change_words::obstacle(&entry.change, &refusal.why)
        ));
    }
    if refusals.len() > NAMED {
        words.push(format!("and {} more", refusals.len() - NAMED));
    }
    if words.is_empty() { "the database refused it".to_owned() } else { words.join("; ") }
}
