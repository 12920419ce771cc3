//! The panes, and what each gets from the app: its actions, the database's replies, a place on the screen.
//!
//! A pane owns its state; its `act` and `reply` change it and say in the [`Outbox`] what else should happen; its `view`
//! draws it from `&self`. A pane never reaches into another: what concerns others is an [`Intent`], which the app carries out.

pub mod bots;
pub mod frame;
pub mod link;
pub mod notice;
pub mod overlay;
#[cfg(test)]
pub(crate) mod picture;
pub mod question;
pub mod review;
mod story;
pub mod table;
pub mod tables;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crossterm::event::MouseEvent;
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    db::request::{Answer, Freshness, LinkState, LinkStatus, Query, Request, RequestId, Slot},
    domain::{
        activity::Item,
        bots::{Limits, alerts::Cause, told::Told},
        change::{Cell, Change, EntryId, Trail},
        edit::NewValue,
        page::RowKey,
        place::Place,
        review::{Decision, Priority, Story},
        schema::{Relation, Schema},
        staged::Staged,
        syntax::{Computed, Job},
        value::Value,
    },
    message::{action::Action, command::Command, event::Timer},
    theme::Theme,
};

pub use crate::domain::{time::TimeFormat, value::Secrets};

/// The panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaneId {
    /// The list of tables.
    Tables,
    /// Rows or schema of one table.
    Table,
    /// A question in full.
    Question,
    /// The bots' activity.
    /// The bots.
    Bots,
    /// The review queue.
    Review,
}

/// What time it is; `update` never asks a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since the program started, monotonic: for durations.
    pub elapsed: Duration,
    /// On the wall: for ages.
    pub wall: Timestamp,
}

/// What the whole screen shares.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How times are shown.
    pub times: TimeFormat,
    /// How the way to the server is, where there is one and it has said so.
    pub link: Option<Arc<LinkStatus>>,
    /// Whether the database may be written.
    pub access: Access,
    /// What is staged: the grid marks it.
    pub staged: Staged,
    /// From when on something about the bots is unusual.
    pub limits: Limits,
    /// What of the bots wants attention, and what of it was seen.
    pub alerts: Told,
}

/// Whether the database may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Access {
    /// For reading only: every writing action says how to get more.
    #[default]
    ReadOnly,
    /// Open for writing.
    Writing,
}

pub use crate::message::severity::Severity;

impl Settings {
    /// The time of a round trip to the server, where there is one.
    pub fn latency(&self) -> Option<Duration> {
        self.link.as_ref()?.latency
    }

    /// Whether there is a server, and it cannot be reached: whatever is waited for does not come before it is back.
    pub fn waits_for_server(&self) -> bool {
        let state = self.link.as_ref().map(|link| &link.state);
        matches!(state, Some(LinkState::Reconnecting { .. } | LinkState::Offline { .. }))
    }
}

/// What a pane wants of the rest of the program.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Go to a table or a record, remembering the place left.
    Go(Place),
    /// Show this relation's rows in the table pane and go there.
    ShowRelation(Arc<Relation>),
    /// Show this question in the question pane; `focus` goes there, too.
    ShowQuestion {
        /// The question's id.
        id: String,
        /// Whether the question pane gets the focus.
        focus: Focus,
    },
    /// Show a whole cell in an overlay (its value may still be cut: the overlay fetches it by key).
    ShowCell {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Of which row.
        key: RowKey,
        /// Of which column.
        column: usize,
        /// What is there already.
        value: Value,
        /// Whether a secret was revealed on purpose.
        secrets: Secrets,
    },
    /// Show what a row of the ledger, the history, the runs or the queue tells: what changed, the summary, the result.
    ShowEvent {
        /// Of which relation: `botLedger`, `questionHistory`, `botRuns` or `workQueue`.
        relation: Arc<Relation>,
        /// Which row.
        key: RowKey,
    },
    /// Show everything that is recorded of an item, by time.
    ShowTimeline(Item),
    /// Go to what an alert is about.
    ShowCause(Cause),
    /// The user has seen the alert with this cause; `None`: all of them.
    Acknowledge(Option<Cause>),
    /// Show what an item was like at a point of its story, or what differs between two.
    ShowPast {
        /// Which item.
        item: Item,
        /// Its story.
        story: Arc<Story>,
        /// When.
        moments: Moments,
    },
    /// Let the user choose how to copy this row.
    CopyRow {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Of which row.
        key: RowKey,
        /// Whether a secret was revealed on purpose.
        secrets: Secrets,
    },
    /// Ask for a line of text; the answer comes back to the pane through [`Pane::prompted`].
    Prompt {
        /// Which prompt, for the pane to know its own.
        kind: PromptKind,
        /// What to ask.
        title: String,
        /// What stands there already.
        text: String,
    },
    /// What was typed into the prompt of this pane.
    Prompted {
        /// Whose prompt.
        pane: PaneId,
        /// Which.
        kind: PromptKind,
        /// What stands there.
        text: String,
        /// How far it is.
        state: PromptState,
    },
    /// Do this, as if its key had been pressed.
    Do(Action),
    /// Say something.
    Say(Severity, String),
    /// Go to this pane.
    FocusPane(PaneId),
    /// Decide on these questions (the app asks for a reason where the user wants that, and writes).
    Decide {
        /// Which ones; at least one.
        subjects: Vec<Subject>,
        /// What.
        decision: Decision,
    },
    /// Edit a cell.
    EditCell {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Of which row.
        key: RowKey,
        /// Which column.
        column: usize,
        /// Where.
        how: EditHow,
    },
    /// Let the user choose a field of a row, and edit that.
    EditField {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Of which row.
        key: RowKey,
        /// The fields, those that are meant first.
        fields: Vec<overlay::edit_field::Field>,
        /// Where.
        how: EditHow,
    },
    /// Edit a value that belongs to no row yet: it comes back to the overlay below by [`overlay::Overlay::edited`].
    EditValue {
        /// Comes back with the value.
        ticket: u64,
        /// Of which relation.
        relation: Arc<Relation>,
        /// Which column.
        column: usize,
        /// What is there already.
        value: NewValue,
        /// Where.
        how: EditHow,
    },
    /// The value of [`Intent::EditValue`] is edited.
    Edited {
        /// The ticket.
        ticket: u64,
        /// What it is to be.
        value: NewValue,
    },
    /// A form for a new row; like this one where one is given.
    NewRow {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Like which row.
        like: Option<RowKey>,
    },
    /// Stage the deletion of a row, after showing what refers to it.
    DeleteRow {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Which row.
        key: RowKey,
    },
    /// Stage a change.
    Stage(Change),
    /// Something about what is staged, on its way or written.
    Writing(Wish),
    /// The same as [`Self::Decide`], with what the menu or the prompt of a reason has asked.
    Verdict {
        /// Which ones; at least one.
        subjects: Vec<Subject>,
        /// What.
        decision: Decision,
        /// Of queue items.
        priority: Priority,
        /// Why.
        reason: Reason,
    },
    /// What is to become of a change whose row is another by now.
    Settle {
        /// Whose change it is.
        dispute: Dispute,
        /// The change, guarded by the row as it is now.
        change: Change,
        /// What.
        how: Settle,
    },
}

/// What is wanted of what is staged, on its way or written.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// Commit everything that is staged in one transaction.
    Commit,
    /// Drop this staged edit.
    Drop(EntryId),
    /// Ask whether all of them are dropped.
    AskDropAll,
    /// Drop all of them.
    DropAll,
    /// Edit this staged edit once more.
    EditAgain(EntryId),
    /// The user has looked: this edit, of which nobody knew what became, is to be committed.
    Known(EntryId),
    /// Put the staged edit's guard to the row as it is now, and keep its new values.
    Insist(EntryId),
    /// Put this in the place of the staged edit: a new row that was edited once more.
    Restage(EntryId, Change),
    /// Write although no trail can be written.
    WithoutTrail,
    /// Do not.
    NotWithoutTrail,
    /// What an earlier session left.
    Recover(Recover),
    /// End the program.
    Leave(Leave),
}

/// What becomes of what an earlier session left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recover {
    /// It is staged again.
    TakeUp,
    /// It is staged again and shown.
    Look,
    /// It is thrown away.
    ThrowAway,
    /// It stays in its file.
    Later,
}

/// How the program is ended while something is staged or on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leave {
    /// After everything is committed.
    Commit,
    /// After what is on its way is written.
    Wait,
    /// At once; what is staged is kept for the next time.
    Keep,
    /// At once; what is staged is thrown away.
    Drop,
}

/// The reason of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is asked for where the user wishes that.
    AsWished,
    /// It was asked for, or there is to be none.
    Given(Option<String>),
}

/// Whose change was refused because its row is another by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispute {
    /// A decision on the question with this id.
    Decision {
        /// Its id.
        id: String,
        /// What was decided.
        decision: Decision,
        /// What the history is to say.
        trail: Option<Trail>,
    },
    /// A staged edit.
    Staged(EntryId),
}

/// What becomes of a refused change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settle {
    /// It is dropped: the row stays as somebody else has made it.
    KeepTheirs,
    /// It is written over what is there now.
    WriteMine,
    /// It is looked at again: nothing is written now.
    Later,
}

/// Points of a story: places in [`Story::events`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moments {
    /// At this event.
    Then(usize),
    /// From one event to another.
    Between(usize, usize),
}

/// Whether something takes the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Focus {
    /// It does.
    Take,
    /// It does not.
    Leave,
}

/// Which prompt is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PromptKind {
    /// `/` in a pane: called with each change, [`PromptState::Typing`], and at the end.
    Search,
    /// A percentage, row id or key.
    GoTo,
    /// An expression that rows have to pass.
    Filter,
}

/// How far a prompt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PromptState {
    /// Being typed.
    Typing,
    /// Enter.
    Done,
    /// Esc.
    Given,
}

/// A question that is decided on, with what was shown of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Its id.
    pub id: String,
    /// Its row's key.
    pub key: RowKey,
    /// The cells that were shown, whole: the decision is only written while they are so.
    pub shown: Vec<Cell>,
}

/// Where a value is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EditHow {
    /// In the editor over the screen.
    InPlace,
    /// In `$EDITOR`.
    External,
}

/// Whether an action, a click or a reply was of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handled {
    /// It was; the screen may have changed.
    Yes,
    /// It was not.
    No,
}

/// Commands and intents on their way out, and the newest request id of each slot.
#[derive(Debug, Default)]
pub struct Outbox {
    /// For the runtime.
    pub commands: Vec<Command>,
    /// For the app.
    pub intents: Vec<Intent>,
    newest: BTreeMap<Slot, RequestId>,
}

impl Outbox {
    /// Asks the database; a newer request of the slot makes this one's reply void.
    pub fn ask(&mut self, slot: Slot, query: Query) -> RequestId {
        self.ask_for(slot, query, Freshness::Any)
    }

    /// As [`Self::ask`], for what is on the screen already: the database itself answers, not its memory.
    pub fn ask_again(&mut self, slot: Slot, query: Query) -> RequestId {
        self.ask_for(slot, query, Freshness::Now)
    }

    fn ask_for(&mut self, slot: Slot, query: Query, freshness: Freshness) -> RequestId {
        let id = self.newest.entry(slot).or_default();
        id.0 += 1;
        self.commands.push(Command::Send(Request { slot, id: *id, query, freshness }));
        *id
    }

    /// Gives up what the slot does: a reply still on its way is void, too.
    pub fn cancel(&mut self, slot: Slot) {
        self.newest.entry(slot).or_default().0 += 1;
        self.commands.push(Command::Cancel(slot));
    }

    /// Whether this is the slot's newest request.
    pub fn is_newest(&self, slot: Slot, id: RequestId) -> bool {
        self.newest.get(&slot) == Some(&id)
    }

    /// Says something in a toast.
    pub fn say(&mut self, severity: Severity, text: impl Into<String>) {
        self.intents.push(Intent::Say(severity, text.into()));
    }
}

/// What a pane sees while it changes.
pub struct Cx<'a> {
    /// What time it is.
    pub now: Now,
    /// The schema, once it is read.
    pub schema: Option<&'a Arc<Schema>>,
    /// What the whole screen shares.
    pub settings: &'a Settings,
    /// The way out.
    pub out: &'a mut Outbox,
}

/// What a pane sees while it is drawn.
#[derive(Clone, Copy)]
pub struct ViewCx<'a> {
    /// The theme.
    pub theme: &'a Theme,
    /// What time it is.
    pub now: Now,
    /// What the whole screen shares.
    pub settings: &'a Settings,
    /// Whether the pane has the focus.
    pub focused: bool,
}

/// A pane.
pub trait Pane {
    /// The area it has from now on, borders included. Called before the first view and whenever it changes.
    fn resize(&mut self, area: Rect, cx: &mut Cx<'_>);

    /// An action of the user, with the number typed before it.
    fn act(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled;

    /// The answer to a prompt this pane asked for.
    fn prompted(&mut self, _kind: PromptKind, _text: &str, _state: PromptState, _cx: &mut Cx<'_>) {}

    /// A reply to this pane's newest request of the slot.
    fn reply(&mut self, _slot: Slot, _outcome: Result<&Answer, &crate::db::error::Error>, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// A background computation is done (it may be another pane's).
    fn computed(&mut self, _job: &Job, _result: &Computed, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// A timer has run out. Panes share the kinds: each looks whether it is its own time, and asks again where it is not yet.
    fn timer(&mut self, _timer: Timer, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// The mouse, inside the pane's area.
    fn mouse(&mut self, _mouse: MouseEvent, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// Draws it into its area.
    fn view(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>);
}
