//! What a crash must not lose: kept in the recovery file as it changes, and offered when the next session begins.

use std::time::Duration;

use super::{App, Job, Purpose};
use crate::{
    domain::{
        change::EntryId,
        edit::Draft,
        staged::{
            EditState, Staging,
            recovery::{self, Left},
        },
    },
    keymap::Context,
    message::{command::Command, event::Timer, severity::Severity},
    panes::{
        Intent, Now, Recover, Wish, link,
        overlay::{
            changes::{Aim, Changes, count},
            choose::{Choice, Choose},
        },
    },
    theme::Role,
    widgets::{number::length, safe::safe},
};

/// What is typed is kept at the latest after this time.
const SOON: Duration = Duration::from_secs(1);

impl App {
    /// Keeps what is staged and being typed.
    pub(super) fn remember(&mut self, now: Now) {
        if self.writer.grant.is_none() {
            return;
        }
        self.writer.drafts = self.drafts();
        let sent: Vec<EntryId> = match &self.writer.under_way {
            Some(Job { batch, purpose: Purpose::Staged }) => batch.entries.iter().map(|entry| entry.id).collect(),
            _ => Vec::new(),
        };
        let carried = self.writer.recovered.as_deref();
        let text = recovery::text(now.wall, &self.settings.staged, &sent, &self.writer.drafts, carried);
        if text.is_some() || self.writer.kept {
            self.writer.kept = text.is_some();
            self.out.commands.push(Command::Remember(text));
        }
    }

    fn drafts(&self) -> Vec<Draft> {
        self.overlays.iter().filter_map(|overlay| overlay.draft()).collect()
    }

    /// Something may have been typed: it is kept soon.
    pub(in crate::app) fn typed(&mut self) {
        if self.overlays.iter().any(|overlay| overlay.context() == Context::Edit) {
            self.out.commands.push(Command::After(SOON, Timer::Remember));
        }
    }

    /// It is time to keep what is typed.
    pub(in crate::app) fn remember_typed(&mut self, now: Now) {
        if self.drafts() != self.writer.drafts {
            self.remember(now);
        }
    }

    /// The editor was closed: what was typed there is staged or given up.
    pub(in crate::app) fn forget_typed(&mut self, now: Now) {
        if !self.writer.drafts.is_empty() && !self.overlays.iter().any(|overlay| overlay.is_precious()) {
            self.remember(now);
        }
    }

    /// Offers what an earlier session left, once the schema is there.
    pub(in crate::app) fn offer_recovered(&mut self, now: Now) {
        let Some(text) = &self.writer.recovered else { return };
        let left = match recovery::left(text) {
            Ok(left) if left.edits + left.drafts > 0 => left,
            Ok(_) => {
                self.writer.recovered = None;
                return;
            }
            Err(why) => {
                // Whatever it is, it is not ours to throw away before something else is kept there.
                self.writer.recovered = None;
                self.say(
                    Severity::Warning,
                    format!("what an earlier session left was not taken up: {}", safe(&why)),
                    now,
                );
                return;
            }
        };
        let what = words(&left, now);
        if self.writer.grant.is_none() {
            self.say(Severity::Info, format!("{what}: start with --write to take them up"), now);
            return;
        }
        self.writer.kept = true;
        let lines = vec![
            (format!("{what}."), Role::Text),
            ("A row that was changed since is not overwritten: its edit is refused as usual.".to_owned(), Role::Muted),
        ];
        let recover = |how| Intent::Writing(Wish::Recover(how));
        let choices = vec![
            Choice::new('t', "take them up again", recover(Recover::TakeUp)),
            Choice::new('l', "take them up and look at them", recover(Recover::Look)),
            Choice::new('x', "throw them away", recover(Recover::ThrowAway)),
            Choice::new('n', "not now: offer them the next time", recover(Recover::Later)),
        ];
        self.ask(Box::new(Choose::new("From an earlier session", lines, choices)), now);
    }

    pub(super) fn recover(&mut self, how: Recover, now: Now) {
        match how {
            Recover::Later => {}
            Recover::ThrowAway => {
                self.writer.recovered = None;
                self.remember(now);
            }
            Recover::TakeUp | Recover::Look => self.take_up(how, now),
        }
    }

    fn take_up(&mut self, how: Recover, now: Now) {
        let (Some(text), Some(schema)) = (self.writer.recovered.take(), self.schema.clone()) else { return };
        let recovered = match recovery::recovered(&text, &schema) {
            Ok(recovered) => recovered,
            Err(why) => {
                self.say(Severity::Error, safe(&why).into_owned(), now);
                return;
            }
        };
        let before = self.settings.staged.len();
        for (change, state) in recovered.changes {
            let id = self.writer.entry_id();
            if let (Staging::Added(id), EditState::Unknown) = (self.settings.staged.stage(id, change), state) {
                self.settings.staged.mark([id], EditState::Unknown);
            }
        }
        let taken = self.settings.staged.len() - before;
        if taken > 0 {
            self.say(Severity::Info, format!("taken up: {} · Ctrl-s commits, g d shows", count(taken)), now);
        }
        if !recovered.lost.is_empty() {
            let lost = recovered.lost.join("; ");
            self.say(Severity::Error, format!("not taken up: {}", safe(&lost)), now);
        }
        self.staged_changed(now);
        if how == Recover::Look && !self.settings.staged.is_empty() {
            self.open(Box::new(Changes::new(Aim::Look)), now);
        }
        for draft in recovered.drafts {
            self.take_up_draft(draft, now);
        }
        self.remember(now);
    }

    /// What was being typed: the editor opens with it; where it cannot, it is on the clipboard.
    fn take_up_draft(&mut self, draft: Draft, now: Now) {
        if self.edit_draft(&draft, now) {
            return;
        }
        let place = safe(&format!("{}.{}", draft.relation, draft.column)).into_owned();
        self.out.commands.push(Command::Copy { text: draft.text, what: format!("what was being typed in {place}") });
        let text = format!("what was being typed in {place} has no place any more: it is on the clipboard");
        self.say(Severity::Warning, text, now);
    }
}

fn words(left: &Left, now: Now) -> String {
    let mut what = Vec::new();
    if left.edits > 0 {
        what.push(count(left.edits));
    }
    if left.drafts > 0 {
        what.push(if left.drafts == 1 {
            "a value that was being typed".to_owned()
        } else {
            "values that were being typed".to_owned()
        });
    }
    let since = left.saved.map(|saved| {
        format!(" (at {} UTC, {} ago)", saved.strftime("%Y-%m-%d %H:%M"), length(link::between(saved, now.wall)))
    });
    let are = if left.edits + left.drafts == 1 { "was" } else { "were" };
    format!("{}{} {are} not committed", what.join(" and "), since.unwrap_or_default())
}
