//! The review: the desk over queue and question, what is decided there, and what comes of it.
//!
//! Owns the way from a key to a write (reason, priority, which questions) and back (checked off, brought back, asked). The queue's
//! list is the pane's, the writing the writer's.

use std::sync::Arc;

use super::{
    App, DatabaseKind, cx,
    layout::{Desk, Zoom},
    writer::Purpose,
};
use crate::{
    db::error::{Error, ErrorKind},
    domain::{
        change::{Batch, BatchId, Change, Entry, Obstacle, Outcome, Refusal, Trail, Written},
        change_words,
        review::{self, Decision, Priority, QueueAction, ReviewItem, Undecidable, Verdict},
    },
    message::{action::Action, severity::Severity},
    panes::{
        Dispute, Handled, Now, Pane, PaneId, Reason, Settle, Subject,
        overlay::{conflict::Conflict, decide::DecideMenu, left_out::LeftOut, reason::ReasonPrompt},
    },
    widgets::safe::safe,
};

/// Questions that are read ahead: who decides faster than the disk writes is shown the next one all the same.
const AHEAD: usize = 4;

/// What the review remembers beside its pane.
#[derive(Debug, Default)]
pub(super) struct Reviewing {
    /// What the tables were like when the desk was opened.
    left: Option<Left>,
    /// The question of the queue that the question pane was told to show.
    followed: Option<String>,
    asking: Asking,
    /// Decisions on their way, with what they were made of.
    sent: Vec<(BatchId, Sent)>,
}

/// Whether each decision asks for its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Asking {
    #[default]
    No,
    Yes,
}

/// A decision on its way.
#[derive(Debug)]
struct Sent {
    subjects: Vec<Subject>,
    priority: Priority,
    reason: Option<String>,
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
            self.question.show_reviewed(&item, &mut cx!(self, now));
            self.reviewing.followed = Some(id);
            self.dirty = true;
        }
        self.question.review(Some(&item), &mut cx!(self, now));
        // A file is locked while it is written: what nobody waits for is read after that, and keeps no write waiting.
        let locked = matches!(self.kind, DatabaseKind::File | DatabaseKind::Demo) && self.writer.is_busy();
        if !locked {
            self.question.look_again(&mut cx!(self, now));
            let next: Vec<&str> = self.review.coming().take(AHEAD).map(|item| item.id.as_str()).collect();
            self.question.read_ahead(&next, &mut cx!(self, now));
        }
    }

    /// What the desk does of the actions, whichever of its panes has the focus.
    pub(super) fn review_action(&mut self, action: Action, now: Now) -> Handled {
        let desk = self.wanted.desk == Desk::Review;
        let in_list = self.wanted.focus == PaneId::Review;
        let in_question = self.wanted.focus == PaneId::Question;
        if !in_list && !in_question {
            return Handled::No;
        }
        let decision = match action {
            // The tabs, and what is edited, are the question's.
            Action::NextTab | Action::PreviousTab if in_list => {
                return self.question.act(action, None, &mut cx!(self, now));
            }
            Action::Edit | Action::EditExternal if in_list => {
                self.edit_listed(action, now);
                return Handled::Yes;
            }
            Action::AskReason => {
                self.toggle_reason(now);
                return Handled::Yes;
            }
            Action::Skip if desk => {
                if self.review.skip() == Handled::No {
                    self.say_done(now);
                }
                return Handled::Yes;
            }
            Action::Skip => {
                self.say(Severity::Info, "there is no queue to go on in: Q opens the review", now);
                return Handled::Yes;
            }
            Action::Approve => Some(Decision::Approve),
            Action::Delete => Some(Decision::Delete),
            Action::Improve => Some(Decision::Queue(QueueAction::Improve)),
            Action::Verify => Some(Decision::Queue(QueueAction::Verify)),
            Action::Decide => None,
            _ => return Handled::No,
        };
        if self.may_write(now) {
            match (self.subjects(), decision) {
                (subjects, _) if subjects.is_empty() => self.say_nothing_to_decide(now),
                (subjects, Some(decision)) => {
                    self.decide(subjects, decision, Priority::default(), Reason::AsWished, now);
                }
                (subjects, None) => self.open(Box::new(DecideMenu::new(subjects)), now),
            }
        }
        Handled::Yes
    }

    fn toggle_reason(&mut self, now: Now) {
        self.reviewing.asking = match self.reviewing.asking {
            Asking::No => Asking::Yes,
            Asking::Yes => Asking::No,
        };
        let text = match self.reviewing.asking {
            Asking::No => "decisions are taken without asking for a reason",
            Asking::Yes => "each decision asks for its reason; ! again, and none does",
        };
        self.say(Severity::Info, text, now);
    }

    fn say_done(&mut self, now: Now) {
        let tally = self.review.tally();
        let text = match tally.skipped {
            0 => format!("that was the last one: {} decided", tally.decided),
            skipped => format!("that was the last one: {} decided, {skipped} skipped", tally.decided),
        };
        self.say(Severity::Info, text, now);
    }

    /// Whether decisions are about what is marked: where the marks can be seen.
    fn decides_marked(&self) -> bool {
        let seen = self.layout.is_some_and(|layout| !layout.review.is_empty());
        self.wanted.desk == Desk::Review && seen && self.review.has_marks()
    }

    fn say_nothing_to_decide(&mut self, now: Now) {
        let waited_for = self.question.id().filter(|_| self.wanted.focus == PaneId::Question);
        let words = match waited_for {
            _ if self.decides_marked() => {
                "what is marked is decided already: u takes the last decision back".to_owned()
            }
            Some(id) => format!("{} is not on the screen yet: nothing is decided unseen", safe(id)),
            None => "there is no question to decide on here".to_owned(),
        };
        self.say(Severity::Info, words, now);
    }

    /// Edits the question under the cursor of the queue: the one beside it, where it is that one already.
    fn edit_listed(&mut self, action: Action, now: Now) {
        let Some(id) = self.review.current().map(|item| item.id.clone()) else { return };
        if self.question.id() != Some(&id) || self.layout.is_none_or(|layout| layout.question.is_empty()) {
            // It is not beside the list: one edits what one sees.
            self.question.show(id.clone(), &mut cx!(self, now));
            self.focus(PaneId::Question, now);
        }
        let _ = self.question.act(action, None, &mut cx!(self, now));
    }

    /// What a decision is about: what is marked in the queue, or the question that is looked at, guarded by all that is shown of it.
    fn subjects(&self) -> Vec<Subject> {
        let Some(questions) = self.schema.as_ref().and_then(|schema| schema.catalogued("questions")) else {
            return Vec::new();
        };
        let shown = self.question.record().map(|question| &question.record);
        if self.wanted.focus == PaneId::Question && !self.decides_marked() {
            // Another one is on its way: what is on the screen is not what is meant, and nobody has read what is.
            let looked_at = shown.filter(|record| record.relation.is("questions") && self.question.is_here());
            let subject = looked_at.and_then(|record| {
                let id = record.get("id")?.to_plain().into_owned();
                Some(Subject { id, key: record.key.clone(), shown: review::guard(record) })
            });
            return subject.into_iter().collect();
        }
        let subject = |item: &Arc<ReviewItem>| {
            let whole = shown.filter(|record| record.key == item.key && record.relation.name == questions.name);
            let guard = whole.map_or_else(|| review::guard_of_item(questions, item), review::guard);
            Subject { id: item.id.clone(), key: item.key.clone(), shown: guard }
        };
        self.review.subjects().iter().map(subject).collect()
    }

    /// Decides: asks for a reason where that is wished, writes, checks off, and goes on.
    pub(super) fn decide(
        &mut self,
        subjects: Vec<Subject>,
        decision: Decision,
        priority: Priority,
        reason: Reason,
        now: Now,
    ) {
        if !self.may_write(now) {
            return;
        }
        if let [one] = subjects.as_slice()
            && self.review.is_settled(&one.id)
        {
            let words = if self.review.is_unknown(&one.id) {
                format!("nobody knows whether {} is decided: look, then r reads the queue anew", safe(&one.id))
            } else {
                format!("{} is decided already: u takes the last decision back", safe(&one.id))
            };
            return self.say(Severity::Info, words, now);
        }
        let reason = match reason {
            Reason::AsWished if self.reviewing.asking == Asking::Yes => {
                return self.open(Box::new(ReasonPrompt::new(subjects, decision, priority)), now);
            }
            Reason::AsWished => None,
            Reason::Given(reason) => reason,
        };
        let Some(schema) = self.schema.clone() else { return };
        let Some(questions) = schema.catalogued("questions") else { return };
        let queue = schema.catalogued("workQueue");
        let author = self.writer.author().to_owned();
        let verdict = Verdict { decision, reason: reason.as_deref(), priority, author: &author, at: now.wall };
        let (mut decided, mut changes, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for subject in subjects {
            match review::change(questions, queue, &subject.id, &subject.key, &subject.shown, &verdict) {
                Ok(change) => {
                    changes.push(change);
                    decided.push(subject);
                }
                Err(why) => left_out.push((subject.id, why)),
            }
        }
        if !left_out.is_empty() {
            let words = left_out_words(&left_out, decided.len());
            self.say(Severity::Warning, words, now);
        }
        let ids: Vec<String> = decided.iter().map(|subject| subject.id.clone()).collect();
        let Some(batch) = self.write(changes, Purpose::Decision { ids: ids.clone(), decision }, now) else { return };
        self.reviewing.sent.push((batch, Sent { subjects: decided, priority, reason }));
        if self.review.sent(&ids, decision, batch) == Handled::No && self.wanted.desk == Desk::Review {
            self.say_done(now);
        }
    }

    /// What became of a decision on these questions; the entries of the batch are in the order of `ids`. An error: nothing is written.
    pub(super) fn decided(
        &mut self,
        batch: &Batch,
        ids: &[String],
        decision: Decision,
        outcome: Result<&Outcome, &Error>,
        now: Now,
    ) {
        self.dirty = true;
        let place = self.reviewing.sent.iter().position(|(sent, _)| *sent == batch.id);
        let sent = place.map(|place| self.reviewing.sent.remove(place).1);
        match outcome {
            Ok(Outcome::Committed { written, .. }) => {
                let made = |at: usize| written.get(at).map(|written| written.key.clone());
                for (at, id) in ids.iter().enumerate() {
                    self.review.written(id, decision, made(at).filter(|_| matches!(decision, Decision::Queue(_))));
                }
            }
            Ok(Outcome::Refused(refusals)) => self.refused_decision(batch, ids, decision, refusals, sent, now),
            Ok(Outcome::Unknown(_)) => ids.iter().for_each(|id| self.review.unknown(id)),
            Err(error) if error.kind == ErrorKind::Cancelled => ids.iter().for_each(|id| self.review.reopened(id)),
            Err(error) => ids.iter().for_each(|id| self.review.refused(id, &error.what)),
        }
    }

    /// Nothing of a decision was written: what stands against it is told, and what can be done.
    fn refused_decision(
        &mut self,
        batch: &Batch,
        ids: &[String],
        decision: Decision,
        refusals: &[Refusal],
        sent: Option<Sent>,
        now: Now,
    ) {
        let mut refused: Vec<(String, String)> = Vec::new();
        let mut pending: Vec<String> = Vec::new();
        for id in ids {
            self.review.reopened(id);
        }
        for refusal in refusals {
            let Some(at) = batch.entries.iter().position(|entry| entry.id == refusal.entry) else { continue };
            let (Some(id), Some(entry)) = (ids.get(at), batch.entries.get(at)) else { continue };
            let words = match &refusal.why {
                // It is as it was wanted: that counts as done.
                Obstacle::Pending(_) => {
                    self.review.written(id, decision, None);
                    pending.push(id.clone());
                    continue;
                }
                Obstacle::Gone => "the question is gone".to_owned(),
                why => change_words::obstacle(&entry.change, why),
            };
            self.review.refused(id, &words);
            if let (Obstacle::Changed(theirs), [_]) = (&refusal.why, ids) {
                let dispute = Dispute::Decision { id: id.clone(), decision, trail: entry.trail.clone() };
                let conflict = Conflict::new(dispute, entry.change.clone(), theirs.clone());
                self.ask(Box::new(conflict), now);
            } else if ids.len() == 1 {
                let words = format!("not written: {}: {}", safe(id), safe(&words));
                self.say(Severity::Error, words, now);
            }
            refused.push((id.clone(), words));
        }
        if !pending.is_empty() {
            let (what, names) = (decision.name(), named(&pending));
            self.say(Severity::Info, format!("{what} is pending already for {names}: nothing was added"), now);
        }
        let Some(sent) = sent.filter(|_| ids.len() > 1) else { return };
        let stands = |id: &String| !pending.contains(id) && !refused.iter().any(|(refused, _)| refused == id);
        let others: Vec<Subject> = sent.subjects.into_iter().filter(|subject| stands(&subject.id)).collect();
        if refused.is_empty() && !others.is_empty() {
            // What is pending is as it was wanted; the others are still to be written.
            self.decide(others, decision, sent.priority, Reason::Given(sent.reason), now);
        } else if !refused.is_empty() {
            let left_out = LeftOut::new(refused, others, decision, sent.priority, sent.reason);
            self.ask(Box::new(left_out), now);
        }
    }

    /// What is to become of a decision on a question that is another by now.
    pub(super) fn settle_decision(
        &mut self,
        id: String,
        decision: Decision,
        change: (Change, Option<Trail>),
        how: Settle,
        now: Now,
    ) {
        match how {
            Settle::KeepTheirs => {
                self.review.reopened(&id);
                self.review.changed(&mut cx!(self, now));
                self.say(Severity::Info, format!("{} is left as it is now", safe(&id)), now);
                // It is done with, as far as the queue goes.
                if self.review.current().is_some_and(|item| item.id == id) && self.review.skip() == Handled::No {
                    self.say_done(now);
                }
                self.follow_review(now);
            }
            Settle::Later => {
                self.review.go_to(&id);
                self.reviewing.followed = None;
            }
            Settle::WriteMine => {
                let key = change.0.key().cloned();
                let (shown, reason) = match &change {
                    (Change::Update { shown, .. }, trail) => {
                        (shown.clone(), trail.as_ref().and_then(|trail| trail.reason.clone()))
                    }
                    _ => (Vec::new(), None),
                };
                let purpose = Purpose::Decision { ids: vec![id.clone()], decision };
                let Some(batch) = self.write(vec![change], purpose, now) else { return };
                let subject = key.map(|key| Subject { id: id.clone(), key, shown });
                let subjects = subject.into_iter().collect();
                self.reviewing.sent.push((batch, Sent { subjects, priority: Priority::default(), reason }));
                let _ = self.review.sent(&[id], decision, batch);
            }
        }
    }

    /// This was committed to take something back, or to do it again.
    pub(super) fn turned(&mut self, entries: &[Entry], written: &[Written]) {
        let made: Vec<_> = written.iter().map(|written| written.key.clone()).collect();
        self.dirty |= self.review.turned(entries, &made) == Handled::Yes;
    }
}

/// Ids that are named one by one; more are counted.
const NAMED: usize = 3;

fn named(ids: &[String]) -> String {
    let mut names: Vec<String> = ids.iter().take(NAMED).map(|id| safe(id).into_owned()).collect();
    if ids.len() > NAMED {
        names.push(format!("{} more", ids.len() - NAMED));
    }
    names.join(", ")
}

/// Which were left out, and why; nothing is written of them.
fn left_out_words(left_out: &[(String, Undecidable)], decided: usize) -> String {
    let ids: Vec<String> = left_out.iter().map(|(id, _)| id.clone()).collect();
    let why = left_out.first().map(|(_, why)| why.to_string()).unwrap_or_default();
    match decided {
        0 => format!("{}: {why}", named(&ids)),
        _ => format!("left out: {}: {why}", named(&ids)),
    }
}
