//! What panes want of the rest of the program.

use super::{App, cx, layout::Desk};
use crate::{
    domain::{place::Place, review::Priority, schema::Schema},
    message::severity::Severity,
    panes::{
        Dispute, Focus, Handled, Intent, Now, PaneId, Reason, Settle, Wish,
        overlay::{cell::CellView, menu::CopyMenu, prompt::Prompt},
    },
    widgets::safe::safe,
};

/// Intents that follow from one event; more would be a circle.
const MOST: usize = 64;

impl App {
    /// Carries out what is wanted, and what follows from it.
    pub(super) fn carry_out(&mut self, now: Now) {
        for _ in 0..MOST {
            if self.out.intents.is_empty() {
                return;
            }
            for intent in std::mem::take(&mut self.out.intents) {
                self.dirty = true;
                self.carry_out_one(intent, now);
            }
        }
        self.out.intents.clear();
        tracing::error!("intents follow each other in a circle");
    }

    fn carry_out_one(&mut self, intent: Intent, now: Now) {
        match intent {
            Intent::Go(place) => {
                self.give_way();
                self.places_leave();
                self.go_to(&place, now);
            }
            Intent::ShowRelation(relation) => {
                self.places_leave();
                self.table.show(relation, None, &mut cx!(self, now));
                self.focus(PaneId::Table, now);
            }
            Intent::ShowQuestion { id, focus } => match focus {
                Focus::Take => {
                    self.give_way();
                    self.question.show(id, &mut cx!(self, now));
                    self.focus(PaneId::Question, now);
                }
                Focus::Leave => {
                    // Whoever reads a question has asked for that one: the rows do not change it behind his back.
                    // In the review, the question is the queue's.
                    let follows = self.wanted.desk == Desk::Browse && self.wanted.focus != PaneId::Question;
                    if follows && self.preview_is_shown() {
                        self.question.show(id, &mut cx!(self, now));
                    }
                }
            },
            Intent::ShowCell { relation, key, column, value, secrets } => {
                let view = CellView::new(relation, key, column, value, secrets, &mut cx!(self, now));
                self.open(Box::new(view), now);
            }
            Intent::ShowEvent { relation, key } => self.show_event(relation, key, now),
            Intent::ShowTimeline(item) => self.show_timeline(item, now),
            Intent::ShowCause(cause) => self.show_cause(&cause, now),
            Intent::Acknowledge(cause) => self.acknowledge(cause.as_ref()),
            Intent::ShowPast { item, story, moments } => self.show_past(item, story, moments, now),
            Intent::CopyRow { relation, key, secrets } => {
                self.open(Box::new(CopyMenu::new(relation, key, secrets)), now);
            }
            Intent::Prompt { kind, title, text } => {
                self.open(Box::new(Prompt::new(self.wanted.focus, kind, title, &text)), now);
            }
            Intent::Prompted { pane, kind, text, state } => {
                let (pane, mut cx) = self.pane(pane, now);
                pane.prompted(kind, &text, state, &mut cx);
            }
            Intent::Do(action) => self.act(action, None, now),
            // An outage is said once: each pane that it keeps from reading shows it itself.
            Intent::Say(Severity::Error, text) if self.is_said(&text) => {}
            Intent::Say(severity, text) => self.say(severity, text, now),
            Intent::FocusPane(pane) => self.focus(pane, now),
            Intent::EditCell { relation, key, column, how } => self.edit_cell(relation, key, column, how, now),
            Intent::EditField { relation, key, fields, how } => self.edit_field(relation, key, fields, how, now),
            Intent::EditValue { ticket, relation, column, value, how } => {
                self.edit_value(ticket, relation, column, value, how, now);
            }
            Intent::Edited { ticket, value } => {
                for overlay in self.overlays.iter_mut().rev() {
                    if overlay.edited(ticket, &value, &mut cx!(self, now)) == Handled::Yes {
                        break;
                    }
                }
            }
            Intent::Stage(change) => self.stage(change, now),
            Intent::Writing(wish) => self.wished(wish, now),
            Intent::NewRow { relation, like } => self.new_row(relation, like, now),
            Intent::DeleteRow { relation, key } => self.delete_row(relation, key, now),
            Intent::Decide { subjects, decision } => {
                self.decide(subjects, decision, Priority::default(), Reason::AsWished, now);
            }
            Intent::Verdict { subjects, decision, priority, reason } => {
                self.decide(subjects, decision, priority, reason, now);
            }
            Intent::Settle { dispute: Dispute::Decision { id, decision, trail }, change, how } => {
                self.settle_decision(id, decision, (change, trail), how, now);
            }
            Intent::Settle { dispute: Dispute::Staged(id), how, .. } => match how {
                Settle::WriteMine => self.wished(Wish::Insist(id), now),
                Settle::KeepTheirs => self.wished(Wish::Drop(id), now),
                Settle::Later => {}
            },
        }
    }

    /// Closes what lies over the panes only to be looked at.
    fn give_way(&mut self) {
        self.overlays.retain(|overlay| !overlay.gives_way());
    }

    fn places_leave(&mut self) {
        if let Some(place) = self.table.place() {
            self.places.leave(place);
        }
    }

    /// Goes to a table or a record: a question opens in its pane, too.
    pub(super) fn go_to(&mut self, place: &Place, now: Now) {
        let Some(schema) = self.schema.clone() else {
            self.start_at = Some(place.clone());
            return;
        };
        let Some(relation) = schema.find(&place.relation) else {
            let text = no_such_relation(&schema, &place.relation);
            self.say(Severity::Error, text, now);
            return;
        };
        self.change_desk(PaneId::Table, now);
        self.tables.select(&relation.name);
        self.table.show(relation.clone(), place.key.clone(), &mut cx!(self, now));
        match &place.key {
            Some(id) if relation.is("questions") => {
                self.question.show(id.clone(), &mut cx!(self, now));
                self.focus(PaneId::Question, now);
            }
            _ => self.focus(PaneId::Table, now),
        }
    }
}

/// Says which table there is not, and which there are.
pub(super) fn no_such_relation(schema: &Schema, name: &str) -> String {
    let near = schema.relations.iter().map(|relation| relation.name.as_str()).take(5).collect::<Vec<_>>();
    format!("there is no table '{}' in this database; there are {} …", safe(name), safe(&near.join(", ")))
}
