//! Staged edits: staged, dropped, committed.

use super::{App, Job, Purpose};
use crate::{
    domain::{
        change::{Change, Refusal, TrailPolicy},
        change_words,
        staged::Staging,
    },
    message::severity::Severity,
    panes::Now,
    widgets::safe::safe,
};

impl App {
    /// Stages a change.
    pub(in crate::app) fn stage(&mut self, change: Change, now: Now) {
        if !self.may_write(now) {
            return;
        }
        let subject = change_words::subject(&change);
        let id = self.writer.entry_id();
        let words = match self.settings.staged.stage(id, change) {
            Staging::Added(_) | Staging::Merged(_) => format!("staged: {} · Ctrl-s commits", safe(&subject)),
            Staging::Dropped(_) => format!("not staged any more: {}", safe(&subject)),
            Staging::Nothing => format!("nothing to stage: {} is so already", safe(&subject)),
        };
        self.staged_changed(now);
        self.say(Severity::Info, words, now);
    }

    /// What is staged is another now.
    pub(super) fn staged_changed(&mut self, _now: Now) {
        self.dirty = true;
    }

    /// Commits everything that is staged in one transaction.
    pub(in crate::app) fn commit_staged(&mut self, now: Now) {
        let entries = self.settings.staged.entries();
        self.write_entries(entries, Purpose::Staged, now);
    }

    /// The commit of what is staged was refused.
    pub(super) fn staged_refused(&mut self, _job: &Job, _refusals: &[Refusal], why: &str, now: Now) {
        self.say(Severity::Warning, format!("nothing is committed: {}", safe(why)), now);
    }

    /// There is no history to write: asks whether to do without.
    pub(super) fn ask_trail(&mut self, job: Job, now: Now) {
        self.writer.untrailed = Some(Box::new(job));
        self.trail_answered(TrailPolicy::Waived, now);
    }

    /// The answer to that.
    pub(in crate::app) fn trail_answered(&mut self, policy: TrailPolicy, _now: Now) {
        self.writer.trail = policy;
        if let Some(job) = self.writer.untrailed.take() {
            self.send(*job);
        }
    }
}
