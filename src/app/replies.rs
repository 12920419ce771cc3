//! What the database says.

use std::sync::Arc;

use jiff::Timestamp;

use super::{App, cx, layout::Desk};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, Reply, RequestId, Slot},
    },
    domain::schema::{RelationKind, Schema},
    message::severity::Severity,
    panes::{Handled, Now, Pane, PaneId},
    widgets::safe::safe,
};

impl App {
    pub(super) fn reply(&mut self, reply: Reply, now: Now) {
        match reply {
            Reply::Answer { slot, id, outcome } => self.answer(slot, id, outcome, now),
            Reply::Changed { schema } => {
                if schema {
                    self.out.ask_again(Slot::Schema, Query::Schema);
                }
                for pane in [PaneId::Tables, PaneId::Table, PaneId::Question, PaneId::Review] {
                    self.changed(pane, now);
                }
            }
            Reply::Health(health) => self.health(health, now),
            Reply::Link(status) => self.linked(&status, now),
            Reply::Kept { slot, id, answer, read } => {
                if self.is_newest(slot, id) {
                    self.dirty |= self.kept(slot, &answer, read, now) == Handled::Yes;
                }
            }
        }
    }

    /// The database changed: a pane that nobody sees hears of it when it is seen again, so that watching the bots alone reads nothing else.
    fn changed(&mut self, pane: PaneId, now: Now) {
        if !self.is_in_sight(pane) {
            self.outdated.insert(pane);
            return;
        }
        let mut cx = cx!(self, now);
        match pane {
            PaneId::Tables => self.tables.changed(&mut cx),
            PaneId::Table => self.table.changed(&mut cx),
            PaneId::Question => self.question.changed(&mut cx),
            PaneId::Review => self.review.changed(&mut cx),
            // They are followed by themselves.
            PaneId::Bots => {}
        }
    }

    fn is_in_sight(&self, pane: PaneId) -> bool {
        let sees = |pane| self.layout.is_some_and(|layout| !layout.area(pane).is_empty());
        match pane {
            // Its counts stand with the rows, too.
            PaneId::Tables => sees(PaneId::Tables) || sees(PaneId::Table),
            // What is decided on is the newest that is known, seen or not.
            PaneId::Question | PaneId::Review if self.wanted.desk == Desk::Review => true,
            pane => sees(pane),
        }
    }

    /// Tells panes that are seen again what they have missed.
    pub(super) fn catch_up(&mut self, now: Now) {
        for pane in std::mem::take(&mut self.outdated) {
            self.changed(pane, now);
        }
    }

    /// An answer from memory: shown until the true one is here, which the slot still works for.
    fn kept(&mut self, slot: Slot, answer: &Answer, read: Timestamp, now: Now) -> Handled {
        match (slot, answer) {
            (Slot::Schema, Answer::Schema(schema)) if self.schema.is_none() => {
                self.schema_read(schema.clone(), now);
                self.schema_is_kept = true;
                Handled::Yes
            }
            (Slot::Page | Slot::Ahead, _) => self.table.kept(slot, answer, read, &mut cx!(self, now)),
            (Slot::Count, Answer::Count { relation, rows }) => {
                self.table.counted(relation, *rows);
                self.tables.kept(answer)
            }
            (Slot::Question, _) => self.question.kept(answer, read, &mut cx!(self, now)),
            (Slot::Cell, _) => {
                let mut overlays = self.overlays.iter_mut().rev();
                let taken = overlays.any(|overlay| overlay.kept(answer, read, &mut cx!(self, now)) == Handled::Yes);
                if taken { Handled::Yes } else { Handled::No }
            }
            (Slot::Review, _) => self.review.kept(answer, read),
            (
                Slot::Schema
                | Slot::Count
                | Slot::Next
                | Slot::Activity
                | Slot::Sync
                | Slot::Story
                | Slot::Ledger
                | Slot::Write,
                _,
            ) => Handled::No,
        }
    }

    fn health(&mut self, health: Result<(), Error>, now: Now) {
        self.dirty |= self.health != health;
        self.health = health;
        match &self.health {
            Ok(()) if !self.settings.waits_for_server() => self.recovered(now),
            Ok(()) => {}
            Err(error) => self.trouble(&error.clone(), now),
        }
    }

    fn answer(&mut self, slot: Slot, id: RequestId, outcome: Result<Answer, Error>, now: Now) {
        self.progress.answered(slot, id, outcome.as_ref().map(|_| ()).map_err(|_| ()));
        // The bots' rows are told once, whoever asked last.
        if slot != Slot::Activity && !self.is_newest(slot, id) {
            return;
        }
        let outcome = outcome.as_ref();
        let handled = match slot {
            Slot::Schema => {
                match outcome {
                    Ok(Answer::Schema(schema)) => self.schema_read(schema.clone(), now),
                    Err(error) if error.kind != ErrorKind::Cancelled => {
                        let text = safe(&words(error)).into_owned();
                        if !self.is_said(&text) {
                            self.say(Severity::Error, text, now);
                        }
                        self.table.schema_came(Err(error));
                        self.schema_error = Some(error.clone());
                    }
                    _ => {}
                }
                Handled::Yes
            }
            Slot::Page | Slot::Ahead => self.table.reply(slot, outcome, &mut cx!(self, now)),
            Slot::Count => {
                if let Ok(Answer::Count { relation, rows }) = outcome {
                    self.table.counted(relation, *rows);
                }
                self.tables.reply(slot, outcome, &mut cx!(self, now))
            }
            Slot::Question | Slot::Next | Slot::Story => self.question.reply(slot, outcome, &mut cx!(self, now)),
            // The topmost overlay that waits for one has asked last (help may lie over it), or else the table did.
            Slot::Cell => {
                let mut overlays = self.overlays.iter_mut().rev();
                if overlays.any(|overlay| overlay.reply(outcome, &mut cx!(self, now)) == Handled::Yes) {
                    Handled::Yes
                } else {
                    self.table.reply(slot, outcome, &mut cx!(self, now))
                }
            }
            Slot::Activity | Slot::Ledger => {
                let handled = self.bots.reply(slot, outcome, &mut cx!(self, now));
                if slot == Slot::Activity {
                    self.look_for_alerts(now);
                }
                handled
            }
            Slot::Review => self.review.reply(slot, outcome, &mut cx!(self, now)),
            Slot::Write => {
                self.write_answered(outcome, now);
                Handled::Yes
            }
            Slot::Sync => {
                self.synced(outcome, now);
                Handled::Yes
            }
        };
        self.dirty |= handled == Handled::Yes;
    }

    fn schema_read(&mut self, schema: Arc<Schema>, now: Now) {
        let first = self.schema.is_none();
        self.schema_error = None;
        self.table.schema_came(Ok(&schema));
        // What came from memory was true: all that follows from it is done.
        if std::mem::take(&mut self.schema_is_kept) && self.schema.as_ref() == Some(&schema) {
            return;
        }
        self.schema = Some(schema.clone());
        self.tables.set_schema(&schema, &mut cx!(self, now));
        self.arrange(now);
        self.review.schema_read(&mut cx!(self, now));
        if !first {
            self.table.schema_changed(&schema, &mut cx!(self, now));
            self.bots.start(&mut cx!(self, now));
            return;
        }
        self.offer_recovered(now);
        if let Some(place) = self.start_at.take() {
            self.go_to(&place, now);
            if self.table.relation().is_some() {
                return;
            }
        }
        let start = schema
            .catalogued("questions")
            .or_else(|| schema.relations.iter().find(|relation| relation.kind != RelationKind::Internal))
            .cloned();
        if let Some(relation) = start {
            self.tables.select(&relation.name);
            self.table.show(relation, None, &mut cx!(self, now));
        }
    }
}

/// An error in one line: what happened, and what to do.
pub(super) fn words(error: &Error) -> String {
    if error.remedy.is_empty() { error.what.clone() } else { format!("{}: {}", error.what, error.remedy) }
}
