//! Staged edits: staged, dropped, committed; what is asked before; what is kept for the next time.

use super::{App, Job, Purpose, Task};
use crate::{
    app::cx,
    domain::{
        change::{Change, EntryId, Obstacle, Refusal, TrailPolicy},
        change_words,
        staged::{EditState, Staging},
    },
    message::severity::Severity,
    panes::{
        Dispute, EditHow, Intent, Now, Wish,
        overlay::{
            changes::{Aim, Changes, count},
            choose::{Choice, Choose},
            conflict::Conflict,
            edit_field::Field,
            log::Log,
        },
    },
    theme::Role,
    widgets::safe::safe,
};

impl App {
    /// Stages a change.
    pub(in crate::app) fn stage(&mut self, change: Change, now: Now) {
        if !self.may_write(now) {
            return;
        }
        let subject = change_words::subject(&change);
        let subject = safe(&subject);
        let id = self.writer.entry_id();
        let words = match self.settings.staged.stage(id, change) {
            Staging::Added(_) | Staging::Merged(_) => format!("staged: {subject} · Ctrl-s commits"),
            Staging::Dropped(_) => format!("not staged any more: {subject}"),
            Staging::Nothing => format!("nothing to stage: {subject} is so already"),
        };
        self.staged_changed(now);
        self.say(Severity::Info, words, now);
    }

    /// What is staged is another now.
    pub(super) fn staged_changed(&mut self, now: Now) {
        self.dirty = true;
        for overlay in &mut self.overlays {
            overlay.staged_changed(&mut cx!(self, now));
        }
        self.remember(now);
    }

    /// Ctrl-s: shows what is staged, to commit it.
    pub(in crate::app) fn ask_commit(&mut self, now: Now) {
        if !self.may_write(now) {
            return;
        }
        if self.settings.staged.is_empty() {
            self.say(Severity::Info, "nothing is staged: e edits a cell, A makes a row, X deletes one", now);
            return;
        }
        self.open(Box::new(Changes::new(Aim::Commit)), now);
    }

    /// What is staged.
    pub(in crate::app) fn show_changes(&mut self, now: Now) {
        if self.settings.staged.is_empty() {
            self.say(Severity::Info, "nothing is staged", now);
        } else {
            self.open(Box::new(Changes::new(Aim::Look)), now);
        }
    }

    /// Everything this session wrote.
    pub(in crate::app) fn show_log(&mut self, now: Now) {
        self.open(Box::new(Log::new(&self.writer.journal, now.wall)), now);
    }

    /// Asks whether everything that is staged is dropped.
    pub(in crate::app) fn ask_drop_all(&mut self, now: Now) {
        let edits = self.settings.staged.len();
        if edits == 0 {
            return;
        }
        let lines = vec![(format!("{} will be lost. Nothing was written of them.", count(edits)), Role::Text)];
        let choices =
            vec![Choice::nothing('n', "keep them"), Choice::new('y', "drop all", Intent::Writing(Wish::DropAll))];
        self.open(Box::new(Choose::new("Drop all staged edits?", lines, choices).escaping_with(0)), now);
    }

    pub(in crate::app) fn wished(&mut self, wish: Wish, now: Now) {
        match wish {
            Wish::Commit => self.commit_staged(now),
            Wish::Drop(id) if self.is_being_written(id, now) => {}
            Wish::Drop(id) => {
                if let Some(edit) = self.settings.staged.drop_one(id) {
                    let subject = change_words::subject(&edit.change);
                    self.staged_changed(now);
                    self.say(Severity::Info, format!("dropped: {}", safe(&subject)), now);
                }
                self.close_empty_changes(now);
            }
            Wish::AskDropAll => self.ask_drop_all(now),
            Wish::DropAll => self.drop_all(now),
            Wish::EditAgain(id) => self.edit_again(id, now),
            Wish::Known(id) => {
                self.settings.staged.mark([id], EditState::Staged);
                self.staged_changed(now);
            }
            Wish::Insist(id) => self.insist(id, now),
            Wish::Restage(id, change) => {
                if !self.settings.staged.replace(id, change) {
                    let words = "this new row is not staged any more: it was written or dropped meanwhile";
                    self.say(Severity::Warning, words, now);
                }
                self.staged_changed(now);
            }
            Wish::WithoutTrail => {
                self.writer.trail = TrailPolicy::Waived;
                if let Some(job) = self.writer.untrailed.take() {
                    self.send(*job, now);
                }
            }
            Wish::NotWithoutTrail => self.not_without_trail(now),
            Wish::Recover(how) => self.recover(how, now),
            Wish::Leave(how) => self.leave(how, now),
        }
    }

    /// Drops everything that is staged, but for what is being written just now.
    fn drop_all(&mut self, now: Now) {
        let ids: Vec<EntryId> = self.settings.staged.edits().iter().map(|edit| edit.id).collect();
        let (sent, dropped): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| self.writer.is_sent(*id));
        for id in &dropped {
            self.settings.staged.drop_one(*id);
        }
        self.staged_changed(now);
        let words = match sent.len() {
            0 => format!("dropped: {}", count(dropped.len())),
            more => format!("dropped: {}; {more} being written just now: u takes that back then", count(dropped.len())),
        };
        self.say(Severity::Info, words, now);
        self.close_empty_changes(now);
    }

    /// A list with nothing in it has nothing to say.
    fn close_empty_changes(&mut self, _now: Now) {
        if self.settings.staged.is_empty() {
            self.overlays.retain(|overlay| overlay.context() != crate::keymap::Context::Changes);
        }
    }

    /// Edits a staged value once more: one of the columns of an update; a new row is opened in its form.
    fn edit_again(&mut self, id: EntryId, now: Now) {
        let Some(edit) = self.settings.staged.get(id).cloned() else { return };
        if edit.state == EditState::Unknown {
            let words = "nobody knows whether this is written: look first; Enter stages it again, then e edits it";
            self.say(Severity::Warning, words, now);
            return;
        }
        match edit.change {
            Change::Update { relation, key, set, .. } => {
                let how = EditHow::InPlace;
                self.out.intents.push(match set.as_slice() {
                    [(column, _)] => Intent::EditCell { relation, key, column: *column, how },
                    _ => Intent::EditField { fields: Field::of_cells(&relation, &set), relation, key, how },
                });
            }
            Change::Insert { .. } if self.is_being_written(id, now) => {}
            Change::Insert { relation, cells, .. } => self.edit_new_row(id, relation, &cells, now),
            Change::Delete { .. } => {
                self.say(Severity::Info, "a deletion has nothing to edit: d drops it", now);
            }
        }
    }

    /// Commits everything that is staged in one transaction, as soon as what is on its way is written.
    pub(super) fn commit_staged(&mut self, now: Now) {
        if !self.may_write(now) {
            return;
        }
        if matches!(self.writer.under_way, Some(Job { purpose: Purpose::Staged, .. })) {
            self.say(Severity::Warning, "a commit is under way: commit the rest when it is done", now);
        } else if self.writer.will_commit() {
            self.say(Severity::Info, "the commit waits for what is being written: it is done once", now);
        } else {
            self.writer.waiting.push_back(Task::Commit);
            self.send_next(now);
        }
    }

    /// The commit whose turn has come, of what is staged by now.
    pub(super) fn staged_job(&mut self, now: Now) -> Option<Job> {
        let entries = self.settings.staged.entries();
        let left_out = self.settings.staged.len() - entries.len();
        if left_out > 0 {
            let text = format!(
                "{} left out: nobody knows whether it is written. Look, then press Enter on it in g d, or d drops it",
                count(left_out)
            );
            self.say(Severity::Warning, text, now);
        }
        (!entries.is_empty()).then(|| Job { batch: self.writer.batch(entries, now), purpose: Purpose::Staged })
    }

    /// Whether this edit is being written just now, so that it can be neither dropped nor changed: says so then.
    fn is_being_written(&mut self, id: EntryId, now: Now) -> bool {
        let sent = self.writer.is_sent(id);
        if sent {
            let words = "it is being written just now: wait for that; u takes it back then";
            self.say(Severity::Warning, words, now);
        }
        sent
    }

    /// The commit of what is staged was refused.
    pub(super) fn staged_refused(&mut self, job: &Job, refusals: &[Refusal], why: &str, now: Now) {
        self.say(Severity::Warning, format!("nothing is committed: {}", safe(why)), now);
        self.remember(now);
        self.writer.refusals = refusals.to_vec();
        let first = refusals.iter().find(|refusal| matches!(refusal.why, Obstacle::Changed(_) | Obstacle::Gone));
        let Some(first) = first else { return };
        let Some(entry) = job.batch.entries.iter().find(|entry| entry.id == first.entry) else { return };
        if let Obstacle::Changed(theirs) = &first.why {
            let conflict = Conflict::new(Dispute::Staged(entry.id), entry.change.clone(), theirs.clone());
            self.ask(Box::new(conflict), now);
            return;
        }
        let what = change_words::subject(&entry.change);
        let lines = vec![
            (format!("{what}: {}.", change_words::obstacle(&entry.change, &first.why)), Role::Warning),
            ("Nothing is committed; the edits are still staged.".to_owned(), Role::Text),
        ];
        let choices = vec![
            Choice::nothing('l', "later: leave it staged as it is"),
            Choice::new('D', "drop this edit", Intent::Writing(Wish::Drop(entry.id))),
        ];
        self.ask(Box::new(Choose::new("The row is gone", lines, choices).escaping_with(0)), now);
    }

    /// The user has seen what is there now, and keeps the edit: the guard is what is there now.
    fn insist(&mut self, id: EntryId, now: Now) {
        let theirs = self.writer.refusals.iter().find_map(|refusal| match &refusal.why {
            Obstacle::Changed(record) if refusal.entry == id => Some(record.clone()),
            _ => None,
        });
        let (Some(theirs), Some(edit)) = (theirs, self.settings.staged.get(id)) else { return };
        let mut change = edit.change.clone();
        if let Change::Update { shown, .. } | Change::Delete { shown, .. } = &mut change {
            for (column, value) in shown.iter_mut() {
                if let Some(now) = theirs.cells.get(*column) {
                    *value = now.clone();
                }
            }
        }
        self.settings.staged.replace(id, change);
        self.staged_changed(now);
        self.say(Severity::Info, "kept: Ctrl-s commits it over theirs", now);
    }

    /// There is no history to write: asks once whether to do without.
    pub(super) fn ask_trail(&mut self, job: Job, now: Now) {
        let what = job.what();
        self.writer.untrailed = Some(Box::new(job));
        let lines = vec![
            (
                format!("This database has no questionHistory, so that no trail of this can be written: {what}."),
                Role::Warning,
            ),
            ("Nothing is written yet. A yes counts until Reelscope ends.".to_owned(), Role::Text),
        ];
        let choices = vec![
            Choice::new('n', "do not write it", Intent::Writing(Wish::NotWithoutTrail)),
            Choice::new('y', "write it without a trail", Intent::Writing(Wish::WithoutTrail)),
        ];
        self.ask(Box::new(Choose::new("Write without a trail?", lines, choices).escaping_with(0)), now);
    }
}
