//! Ending the program while something is staged, on its way, or of unknown fate.

use super::{App, Leaving};
use crate::{
    domain::staged::EditState,
    message::{command::Command, severity::Severity},
    panes::{
        Intent, Leave, Now, Wish,
        overlay::{
            changes::count,
            choose::{Choice, Choose},
        },
    },
    theme::Role,
};

impl App {
    /// `q`: ends the program, or asks first.
    pub(in crate::app) fn ask_quit(&mut self, now: Now) {
        let staged = self.settings.staged.len();
        let busy = self.writer.is_busy();
        if staged == 0 && !busy {
            self.out.commands.push(Command::Quit);
            return;
        }
        let mut lines = Vec::new();
        if busy {
            let words = "Something is on its way to the database: ended now, nobody knows whether it is written.";
            lines.push((words.to_owned(), Role::Warning));
        }
        if staged > 0 {
            lines.push((format!("{} not committed.", staged_are(staged)), Role::Text));
        }
        let unknown = self.settings.staged.edits().iter().filter(|edit| edit.state == EditState::Unknown).count();
        if unknown > 0 {
            lines.push((format!("Of {unknown} nobody knows whether they are written: look first."), Role::Bad));
        }
        let leave = |how| Intent::Writing(Wish::Leave(how));
        let mut choices = vec![Choice::nothing('s', "stay")];
        if staged > 0 {
            choices.push(Choice::new('c', "commit, then quit", leave(Leave::Commit)));
            choices.push(Choice::new('k', "quit and keep them for the next time", leave(Leave::Keep)));
            choices.push(Choice::new('d', "drop them and quit", leave(Leave::Drop)));
        } else {
            choices.push(Choice::new('w', "wait for it, then quit", leave(Leave::Wait)));
            choices.push(Choice::new('k', "quit now", leave(Leave::Keep)));
        }
        self.open(Box::new(Choose::new("Quit?", lines, choices).escaping_with(0)), now);
    }

    /// Ctrl-c: ends the program. What was decided is written before, which takes moments; pressed again, it ends at once.
    pub(in crate::app) fn exit(&mut self, now: Now) {
        // A question that is open may never be answered.
        if self.writer.leaving == Leaving::No && self.writer.is_busy() && self.writer.untrailed.is_none() {
            self.writer.leaving = Leaving::Written;
            let words = "ends as soon as everything decided is written; Ctrl-c again ends at once";
            self.say(Severity::Warning, words, now);
        } else {
            self.out.commands.push(Command::Quit);
        }
    }

    pub(super) fn leave(&mut self, how: Leave, now: Now) {
        match how {
            Leave::Commit => {
                self.writer.leaving = Leaving::Committed;
                self.leave_if_done(now);
            }
            Leave::Wait => {
                self.writer.leaving = Leaving::Written;
                self.leave_if_done(now);
            }
            Leave::Keep => self.out.commands.push(Command::Quit),
            Leave::Drop => {
                self.settings.staged.drop_all();
                self.staged_changed(now);
                self.out.commands.push(Command::Quit);
            }
        }
    }

    /// Ends the program as soon as nothing is on its way any more, where that was wanted; what was to be committed first, is.
    pub(super) fn leave_if_done(&mut self, now: Now) {
        if self.writer.leaving == Leaving::No || self.writer.is_busy() {
            return;
        }
        let left = self.settings.staged.edits().iter().any(|edit| edit.state == EditState::Staged);
        if self.writer.leaving == Leaving::Committed && left {
            self.commit_staged(now);
            return;
        }
        self.writer.leaving = Leaving::No;
        self.out.commands.push(Command::Quit);
    }

    /// Something was not written: whoever wanted to leave has to see that first.
    pub(super) fn stay(&mut self, now: Now) {
        if std::mem::replace(&mut self.writer.leaving, Leaving::No) != Leaving::No {
            self.say(Severity::Warning, "still here: not everything is written", now);
        }
    }
}

fn staged_are(edits: usize) -> String {
    format!("{} {}", count(edits), if edits == 1 { "is" } else { "are" })
}
