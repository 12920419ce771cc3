//! The question that comes next: read before it is wanted, so that showing it waits for nothing.
//!
//! Owns the one that is read ahead, on a slot of its own. It may be old by the time it is shown, so it is looked at once more then; and
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

/// What is read ahead is read again so long after a change, unless it was shown before.
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
    /// The question that will be shown next, if all goes on as it does: it is read now. `None`: there is none.
    pub fn read_ahead(&mut self, id: Option<&str>, cx: &mut Cx<'_>) {
        let Some(id) = id else { return self.forget_next(cx) };
        // The one that is wanted now goes first.
        if self.waits_for_another() {
            return;
        }
        match &mut self.next {
            Some(next) if next.id == id => {
                let due = next.again_at.is_some_and(|due| due <= cx.now.elapsed);
                if due && next.way == Way::Answered {
                    (next.way, next.again_at) = (Way::Asked, None);
                    cx.out.ask_again(Slot::Next, Query::Question(id.to_owned()));
                }
            }
            _ => {
                cx.out.ask(Slot::Next, Query::Question(id.to_owned()));
                self.next = Some(Next { id: id.to_owned(), way: Way::Asked, record: None, again_at: None });
            }
        }
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
        if self.next.take().is_some_and(|next| next.way == Way::Asked) {
            cx.out.cancel(Slot::Next);
        }
    }

    /// The database has changed: what was read ahead may be old.
    pub(super) fn next_is_old(&mut self, cx: &Cx<'_>) {
        if let Some(next) = &mut self.next {
            next.again_at = Some(cx.now.elapsed + CALM);
        }
    }

    /// Shows this question, where it was read ahead; says whether it was.
    pub(super) fn show_next(&mut self, id: &str, cx: &mut Cx<'_>) -> Handled {
        let Some(next) = self.next.take_if(|next| next.id == id && next.record.is_some()) else { return Handled::No };
        let Some(record) = next.record else { return Handled::No };
        // Its columns may be others by now.
        if cx.schema.and_then(|schema| schema.catalogued("questions")) != Some(&record.record.relation) {
            return Handled::No;
        }
        if next.way == Way::Asked {
            cx.out.cancel(Slot::Next);
        }
        if self.asked.take().is_some() {
            cx.out.cancel(Slot::Question);
        }
        let _ = self.receive(next.id, &record, cx);
        self.looked = Looked::NotYet;
        self.tell(cx);
        self.lay_out(cx);
        Handled::Yes
    }

    /// What was read ahead is here, or is not: whoever wants to see it will hear why.
    pub(super) fn next_came(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let Some(next) = &mut self.next else { return Handled::No };
        next.way = Way::Answered;
        if let Ok(Answer::Question(record)) = outcome {
            next.record.clone_from(record);
        }
        let wanted = self.asked.as_ref().is_some_and(|Asked { id, .. }| *id == next.id);
        let (true, true, Some(record)) = (wanted, self.waits_for_another(), self.next_record()) else {
            return Handled::No;
        };
        // The key was faster, and its own answer is still on its way: the same, or newer.
        let Some(Next { id, .. }) = self.next.take() else { return Handled::No };
        let handled = self.receive(id, &record, cx);
        self.tell(cx);
        self.lay_out(cx);
        handled
    }

    fn next_record(&self) -> Option<Arc<QuestionRecord>> {
        self.next.as_ref()?.record.clone()
    }
}
