//! The review: the desk over queue and question, what is decided there, and what comes of it.
//!
//! Owns the way from a key to a write (reason, priority, which questions) and back (checked off, brought back, asked). The queue's
//! list is the pane's, the writing the writer's.

use super::{
    App, cx,
    layout::{Desk, Zoom},
};
use crate::{
    db::error::Error,
    domain::{
        change::{Batch, Entry, Outcome, Written},
        review::Decision,
    },
    message::action::Action,
    panes::{Handled, Now, Pane, PaneId},
};

/// What the review remembers beside its pane.
#[derive(Debug, Default)]
pub(super) struct Reviewing {
    /// What the tables were like when the desk was opened.
    left: Option<Left>,
    /// The question of the queue that the question pane was told to show.
    followed: Option<String>,
}

/// The tables as they were left.
#[derive(Debug)]
struct Left {
    focus: PaneId,
    zoom: Zoom,
    question: Option<String>,
}

impl App {
    /// Opens the desk, or goes back to the tables as they were.
    pub(super) fn toggle_review(&mut self, now: Now) {
        match self.wanted.desk {
            Desk::Browse => self.focus(PaneId::Review, now),
            Desk::Review => self.leave_review(now),
        }
    }

    /// A pane gets the focus: whether that opens the desk, or closes it.
    pub(super) fn change_desk(&mut self, pane: PaneId, now: Now) {
        match (self.wanted.desk, pane) {
            (Desk::Browse, PaneId::Review) => {
                let question = self.question.id().map(str::to_owned);
                let (focus, zoom) = (self.wanted.focus, self.wanted.zoom);
                self.reviewing.left = Some(Left { focus, zoom, question });
                self.wanted.desk = Desk::Review;
                self.wanted.zoom = Zoom::Off;
                self.review.open(&mut cx!(self, now));
            }
            (Desk::Review, PaneId::Tables | PaneId::Table) => self.close_desk(now),
            // Back in the queue, the question is the one under its cursor.
            (Desk::Review, PaneId::Review) => {}
            _ => return,
        }
        self.reviewing.followed = None;
        self.arrange(now);
    }

    fn close_desk(&mut self, now: Now) {
        self.wanted.desk = Desk::Browse;
        self.review.close();
        self.question.review(None, &mut cx!(self, now));
        if let Some(left) = self.reviewing.left.take() {
            self.wanted.zoom = left.zoom;
            if let Some(id) = left.question {
                self.question.show(id, &mut cx!(self, now));
            }
        }
    }

    /// Back to the tables, as they were.
    pub(super) fn leave_review(&mut self, now: Now) {
        let focus = self.reviewing.left.as_ref().map_or(PaneId::Table, |left| left.focus);
        if self.wanted.desk == Desk::Review {
            self.close_desk(now);
        }
        self.wanted.focus = if focus == PaneId::Review { PaneId::Table } else { focus };
        self.arrange(now);
    }

    /// Shows the question under the cursor of the queue beside it.
    pub(super) fn follow_review(&mut self, now: Now) {
        let seen = self.layout.is_some_and(|layout| !layout.question.is_empty());
        if self.wanted.desk != Desk::Review || !seen {
            return;
        }
        let Some(item) = self.review.current().cloned() else { return };
        let id = item.id.clone();
        if self.reviewing.followed.as_ref() != Some(&id) {
            self.question.show(id.clone(), &mut cx!(self, now));
            self.reviewing.followed = Some(id);
            self.dirty = true;
        }
        self.question.review(Some(&item), &mut cx!(self, now));
    }

    /// What the desk does of the actions, whichever of its panes has the focus.
    pub(super) fn review_action(&mut self, action: Action, now: Now) -> Handled {
        let in_list = self.wanted.focus == PaneId::Review;
        match action {
            // The tabs, and what is edited, are the question's.
            Action::NextTab | Action::PreviousTab | Action::Edit | Action::EditExternal if in_list => {
                self.question.act(action, None, &mut cx!(self, now))
            }
            _ => Handled::No,
        }
    }

    /// What became of a decision on these questions; the entries of the batch are in the order of `ids`. An error: nothing is written.
    pub(super) fn decided(
        &mut self,
        _batch: &Batch,
        ids: &[String],
        decision: Decision,
        outcome: Result<&Outcome, &Error>,
        _now: Now,
    ) {
        match outcome {
            Ok(Outcome::Committed { written, .. }) => {
                let made = |at: usize| written.get(at).map(|written| written.key.clone());
                for (at, id) in ids.iter().enumerate() {
                    self.review.written(id, decision, made(at).filter(|_| matches!(decision, Decision::Queue(_))));
                }
            }
            Ok(Outcome::Refused(_)) => ids.iter().for_each(|id| self.review.refused(id, "it was changed meanwhile")),
            Ok(Outcome::Unknown(_)) => ids.iter().for_each(|id| self.review.unknown(id)),
            Err(error) => ids.iter().for_each(|id| self.review.refused(id, &error.what)),
        }
        self.dirty = true;
    }

    /// This was committed to take something back, or to do it again.
    pub(super) fn turned(&mut self, entries: &[Entry], written: &[Written]) {
        let made: Vec<_> = written.iter().map(|written| written.key.clone()).collect();
        self.dirty |= self.review.turned(entries, &made) == Handled::Yes;
    }
}
