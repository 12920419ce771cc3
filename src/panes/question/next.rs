//! The questions that come next: read before they are wanted, so that showing one waits for nothing.
//!
//! Owns those that are read ahead, on a slot of their own. One may be old by the time it is shown, so it is looked at once more then; and
//! what is decided is guarded by what was shown, as everywhere.

use std::{sync::Arc, time::Duration};

use super::{Asked, QuestionPane};
use crate::{
    db::{
        error::Error,
        request::{Answer, Query, QuestionRecord, Slot},
    },
    panes::{Cx, Handled},
};

/// The first of what is read ahead is read again so long after a change, unless it was shown before.
const CALM: Duration = Duration::from_secs(1);

/// A question that is read ahead.
#[derive(Debug)]
pub(super) struct Next {
    id: String,
    way: Way,
    record: Option<Arc<QuestionRecord>>,
    /// When it is read again, as something has changed since.
    again_at: Option<Duration>,
}

/// Whether an answer is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Asked,
    Answered,
}

/// Whether what is shown was looked at since it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Looked {
    /// It was, or is being.
    #[default]
    Yes,
    /// It is as it was read ahead.
    NotYet,
}

impl QuestionPane {
    /// The questions that will be shown next, if all goes on as it does: they are read now, one after another.
    pub fn read_ahead(&mut self, ids: &[&str], cx: &mut Cx<'_>) {
        // The one that is wanted now goes first.
        if self.waits_for_another() {
            return;
        }
        let before = self.next_is_asked();
        self.next.retain(|next| ids.contains(&next.id.as_str()));
        let asked = self.next_is_asked();
        if asked {
            return;
        }
        if let Some(id) = ids.iter().find(|id| self.next.iter().all(|next| next.id != **id)) {
            cx.out.ask(Slot::Next, Query::Question((*id).to_owned()));
            self.next.push(Next { id: (*id).to_owned(), way: Way::Asked, record: None, again_at: None });
        } else if let Some(old) = self.next.iter_mut().find(|next| ids.first() == Some(&next.id.as_str()))
            && old.again_at.is_some_and(|due| due <= cx.now.elapsed)
        {
            (old.way, old.again_at) = (Way::Asked, None);
            cx.out.ask_again(Slot::Next, Query::Question(old.id.clone()));
        } else if before {
            cx.out.cancel(Slot::Next);
        }
    }

    fn next_is_asked(&self) -> bool {
        self.next.iter().any(|next| next.way == Way::Asked)
    }

    /// Looks whether what was read ahead is still so, where that is shown by now.
    pub fn look_again(&mut self, cx: &mut Cx<'_>) {
        if std::mem::take(&mut self.looked) == Looked::Yes || self.asked.is_some() {
            return;
        }
        if let Some(id) = self.shown.as_ref().map(|shown| shown.id.clone()) {
            cx.out.ask_again(Slot::Question, Query::Question(id.clone()));
            self.expect(id, cx);
        }
    }

    /// Nothing comes next.
    pub(super) fn forget_next(&mut self, cx: &mut Cx<'_>) {
        if self.next_is_asked() {
            cx.out.cancel(Slot::Next);
        }
        self.next.clear();
    }

    /// The database has changed: what was read ahead may be old.
    pub(super) fn next_is_old(&mut self, cx: &Cx<'_>) {
        for next in &mut self.next {
            next.again_at = Some(cx.now.elapsed + CALM);
        }
    }

    /// Shows this question, where it was read ahead; says whether it was.
    pub(super) fn show_next(&mut self, id: &str, cx: &mut Cx<'_>) -> Handled {
        let Some(at) = self.next.iter().position(|next| next.id == id && next.record.is_some()) else {
            return Handled::No;
        };
        let Next { id, way, record, .. } = self.next.remove(at);
        let Some(record) = record else { return Handled::No };
        // Its columns may be others by now.
        if cx.schema.and_then(|schema| schema.catalogued("questions")) != Some(&record.record.relation) {
            return Handled::No;
        }
        if way == Way::Asked {
            cx.out.cancel(Slot::Next);
        }
        if self.asked.take().is_some() {
            cx.out.cancel(Slot::Question);
        }
        let _ = self.receive(id, &record, cx);
        self.looked = Looked::NotYet;
        self.tell(cx);
        self.lay_out(cx);
        Handled::Yes
    }

    /// What was read ahead is here, or is not: whoever wants to see it will hear why.
    pub(super) fn next_came(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let Some(at) = self.next.iter().position(|next| next.way == Way::Asked) else { return Handled::No };
        let waits = self.waits_for_another();
        let next = &mut self.next[at];
        next.way = Way::Answered;
        if let Ok(Answer::Question(record)) = outcome {
            next.record.clone_from(record);
        }
        let wanted = waits && self.asked.as_ref().is_some_and(|Asked { id, .. }| *id == next.id);
        let Some(record) = next.record.clone().filter(|_| wanted) else { return Handled::No };
        // The key was faster, and its own answer is still on its way: the same, or newer.
        let Next { id, .. } = self.next.remove(at);
        let handled = self.receive(id, &record, cx);
        self.tell(cx);
        self.lay_out(cx);
        handled
    }
}
