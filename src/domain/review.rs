//! Reviewing: the queue of questions to decide on, what can be decided, and what a decision changes.
//!
//! Source: `DATABASE.md`, "Columns" and "Values" (`questions.status`, `work_queue`, `bot_ledger`, `question_history`).

mod decide;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::decide::{Priority, Undecidable, Verdict, change, guard, guard_of_item};
use crate::domain::{page::RowKey, value::Value};

/// Which questions are in the queue, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ReviewOrder {
    /// Status flagged, the one flagged last first; those that nothing says when they were flagged come last.
    #[default]
    Flagged,
    /// Status flagged, by channel, then as [`Self::Flagged`].
    Channel,
    /// Status flagged, the newest question first.
    Newest,
    /// Those with pending queue items, the most urgent first (of these, the one that waits longest), whatever their status.
    Pending,
}

impl ReviewOrder {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Flagged, Self::Channel, Self::Newest, Self::Pending];

    /// Its name for people and for the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flagged => "flagged",
            Self::Channel => "channel",
            Self::Newest => "newest",
            Self::Pending => "pending",
        }
    }

    /// The one after it.
    pub const fn next(self) -> Self {
        match self {
            Self::Flagged => Self::Channel,
            Self::Channel => Self::Newest,
            Self::Newest => Self::Pending,
            Self::Pending => Self::Flagged,
        }
    }
}

/// Who says that a question is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagSource {
    /// `botLedger`, action `flag`.
    Ledger,
    /// `questionHistory`, event `flagged`.
    History,
}

/// Why a question is flagged: the last entry that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Where it stands.
    pub source: FlagSource,
    /// Which bot (or person).
    pub by: String,
    /// The first kilobyte of its reason, as stored; where the history gives none, its summary of the changes.
    pub reason: Option<String>,
    /// When, as stored; times come in two forms.
    pub at: String,
}

/// A question of the review queue, as its list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewItem {
    /// Its id.
    pub id: String,
    /// Its row's key.
    pub key: RowKey,
    /// The beginning of its text (at most 300 characters).
    pub title: String,
    /// Its channel.
    pub channel: String,
    /// Its difficulty.
    pub difficulty: String,
    /// Its status as stored.
    pub status: Value,
    /// The ledger's last flag, and the history's; the newer one first.
    pub flags: Vec<Flag>,
    /// Pending queue items for it.
    pub pending: u32,
}

/// The review queue.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ReviewList {
    /// Its questions in order, at most as many as were asked for, and as a server can send at once.
    pub items: Vec<Arc<ReviewItem>>,
    /// How many there are in all.
    pub total: u64,
}

/// From which table an event of a question's story comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StorySource {
    /// `botLedger`.
    Ledger,
    /// `questionHistory`.
    History,
    /// `botRuns`: a run during which its bot wrote ledger rows about the item.
    Run,
    /// `workQueue`.
    Queue,
}

/// One event of a question's story.
#[derive(Clone, Debug, PartialEq)]
pub struct StoryEvent {
    /// From which table.
    pub source: StorySource,
    /// Its row there.
    pub key: RowKey,
    /// When, as stored.
    pub at: String,
    /// The same as a time; `None` where it cannot be read.
    pub time: Option<Timestamp>,
    /// The bot, the person or who made the queue item.
    pub who: String,
    /// The action or event: `flag`, `updated`, `improve` …
    pub what: String,
    /// A queue item's or a run's status.
    pub status: Option<String>,
    /// A queue item's priority.
    pub priority: Option<i64>,
    /// Why, as stored; where the history gives no reason, its summary of the changes.
    pub reason: Option<String>,
    /// The state before, as stored (JSON text, or whatever is there); `None` where there is none. Of one that is longer than [`STATE`]
    /// this many bytes come, with a line behind them that says so: it is no JSON any more.
    pub before: Option<Arc<str>>,
    /// The state after; of a queue item its result, of a run its summary.
    pub after: Option<Arc<str>>,
    /// When a queue item was processed or a run completed, as stored.
    pub end: Option<String>,
    /// `changedFields` as stored.
    pub fields: Option<String>,
    /// Whether a bot did it (the ledger's all; the history's by `eventSource`).
    pub by_bot: bool,
}

/// What is known of a question beside its row: merged by time, the newest first; rows without a readable time last. Of one time, the
/// history goes before the ledger: its snapshots are whole.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Story {
    /// The events: of each table the newest, at most [`STORY`], and no more than have states of [`STORY_STATES`] together.
    pub events: Vec<StoryEvent>,
    /// Tables that had more.
    pub cut: Vec<StorySource>,
}

/// How many events of each table a story holds at most: the newest.
pub const STORY: usize = 200;

/// How many bytes the states of a table's events have at most, all together: what a server sends in one answer. One event comes always.
pub const STORY_STATES: usize = 2_500_000;

/// How many bytes of a state are read at most.
pub const STATE: usize = 1_000_000;

impl Story {
    /// The last change of a bot with a state before it: what the question was like before.
    pub fn before_bot(&self) -> Option<&StoryEvent> {
        self.events.iter().find(|event| event.by_bot && event.before.is_some())
    }

    /// Its queue items, the newest first.
    pub fn queue(&self) -> impl Iterator<Item = &StoryEvent> {
        self.events.iter().filter(|event| event.source == StorySource::Queue)
    }
}

/// A decision on a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Status active.
    Approve,
    /// Status deleted (soft).
    Delete,
    /// A queue item for the bots.
    Queue(QueueAction),
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Approve,
        Self::Delete,
        Self::Queue(QueueAction::Improve),
        Self::Queue(QueueAction::Verify),
        Self::Queue(QueueAction::Enrich),
        Self::Queue(QueueAction::Delete),
    ];

    /// Its name on the command line: approve, delete, improve, verify, enrich, queue-delete.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Delete => "delete",
            Self::Queue(QueueAction::Delete) => "queue-delete",
            Self::Queue(action) => action.name(),
        }
    }
}

/// What a bot is asked to do (`workQueue.action`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueAction {
    /// Improve it.
    Improve,
    /// Verify it.
    Verify,
    /// Enrich it.
    Enrich,
    /// Delete it.
    Delete,
}

impl QueueAction {
    /// As stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Improve => "improve",
            Self::Verify => "verify",
            Self::Enrich => "enrich",
            Self::Delete => "delete",
        }
    }
}

/// Something that refers to a row: how many rows of a table by which column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceCount {
    /// The table that refers.
    pub relation: String,
    /// Its column.
    pub column: String,
    /// How many rows.
    pub rows: u64,
    /// Whether a foreign key declares it, and what it does ON DELETE; `None` for soft links.
    pub declared: Option<String>,
}
