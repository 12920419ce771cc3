//! What the bots do: ledger rows, runs and the queue, as the activity pane shows them.

mod filter;

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{
    bots::{Depth, ReadSoFar},
    value::Value,
};

/// A row of the ledger. Times stay in the database's text; states (JSON) are read only when somebody asks.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// bot_ledger.id.
    pub id: i64,
    /// The bot.
    pub bot: String,
    /// create, update, delete, verify, flag – or what else stands there.
    pub action: String,
    /// question, challenge …
    pub item_type: String,
    /// The item's id.
    pub item_id: String,
    /// The reason, first kilobyte.
    pub reason: Option<String>,
    /// As stored.
    pub created_at: Option<String>,
}

/// A run of a bot.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRow {
    /// bot_runs.id.
    pub id: i64,
    /// The bot.
    pub bot: String,
    /// As stored.
    pub started_at: Option<String>,
    /// As stored; `None` while it runs, or for ever where the bot died.
    pub completed_at: Option<String>,
    /// running, completed, failed – or what else stands there.
    pub status: String,
    /// Items processed, created, updated, deleted; as stored.
    pub items: [Value; 4],
}

/// How many queue rows have which status, in the order pending, processing, completed, failed, then others by name.
pub type QueueCounts = Vec<(String, u64)>;

/// What the activity reader found at one look. The pane merges it into what it has.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ActivityUpdate {
    /// True: forget what was known, this is everything (start, a table replaced, rows taken away).
    pub anew: bool,
    /// New ledger rows by ascending id: at the first look the last [`TAIL`], later those that came since.
    pub ledger: Vec<LedgerRow>,
    /// Ledger rows that came since but are not among `ledger` because there were too many; counted, not read.
    pub ledger_skipped: u64,
    /// Runs that are new or changed: at the first look the last [`RUNS`] and those still running (at most [`RUNS`]).
    pub runs: Vec<RunRow>,
    /// Runs whose status is `running`, all of them.
    pub runs_running: u64,
    /// The queue's counts, where they changed (or at the first look).
    pub queue: Option<QueueCounts>,
    /// What the board learns.
    pub board: BoardUpdate,
    /// Rows SQLite read for this look.
    pub rows_read: u64,
}

/// What the board learns from a look: each row of the three tables is told once, however fast it came; what was told is only taken
/// back by telling everything anew.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct BoardUpdate {
    /// True: forget the ledger's tallies, they are counted anew.
    pub ledger_anew: bool,
    /// Ledger rows, those that are skipped in [`ActivityUpdate::ledger`] included.
    pub ledger: Vec<Tally>,
    /// True: forget the runs.
    pub runs_anew: bool,
    /// Runs that are new or changed, and those that were there before; a run replaces what was known of its id.
    pub runs: Vec<RunRow>,
    /// True: forget the queue's events.
    pub queue_anew: bool,
    /// The queue's rows as they are counted now, where that changed.
    pub queue: Option<Arc<[Depth]>>,
    /// The oldest pending item's time as stored, where it or the queue changed; the inner `None`: no pending item has a readable one.
    pub oldest_pending: Option<Option<String>>,
    /// Things that happened in the queue.
    pub queue_events: Vec<QueueEvents>,
    /// How much of the tables was told until now, where that changed.
    pub read: Option<ReadSoFar>,
}

impl BoardUpdate {
    /// Whether it tells anything.
    pub fn is_news(&self) -> bool {
        *self != Self::default()
    }
}

/// Ledger rows of one bot and action with the same second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The bot.
    pub bot: Arc<str>,
    /// The action.
    pub action: Arc<str>,
    /// Seconds since 1970, rounded down; `None` where created_at cannot be read. The rows of an hour or day long ago may be told
    /// together: [`Series::kept`](crate::domain::bots::Series::kept) says which time is kept of a second.
    pub second: Option<i64>,
    /// How many.
    pub rows: u64,
}

/// Queue items that were made or finished in the same second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEvents {
    /// What happened.
    pub what: QueueEvent,
    /// When: created_at, or processed_at (where that is missing and it was seen to happen: when it was seen); `None`: nobody knows. Of
    /// items that are finished nobody knows when, neither making nor finishing is told, but this.
    pub second: Option<i64>,
    /// How many.
    pub rows: u64,
}

/// What happens to queue items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueEvent {
    /// They were made.
    Arrived,
    /// They were completed or failed.
    Finished,
}

impl ActivityUpdate {
    /// Whether it tells anything to somebody who was told of this many running runs before.
    pub fn is_news(&self, running_told: u64) -> bool {
        self.anew
            || !self.ledger.is_empty()
            || self.ledger_skipped > 0
            || !self.runs.is_empty()
            || self.runs_running != running_told
            || self.queue.is_some()
            || self.board.is_news()
    }
}

/// Ledger rows at the first look.
pub const TAIL: usize = 200;
/// Runs at the first look.
pub const RUNS: usize = 50;

/// An item that the ledger, the queue or the history is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Item {
    /// question, challenge, test, blog …
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl Item {
    /// A question.
    pub fn question(id: impl Into<String>) -> Self {
        Self { kind: "question".to_owned(), id: id.into() }
    }
}

/// Which ledger rows are meant: those for which everything that is set holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct LedgerFilter {
    /// bot_name is one of these; empty: any.
    pub bots: Vec<String>,
    /// action is one of these; empty: any.
    pub actions: Vec<String>,
    /// item_type is one of these; empty: any.
    pub kinds: Vec<String>,
    /// item_id is this.
    pub item: Option<String>,
    /// The item's id or the reason (all of it, also where a row has only its first kilobyte) contains this; ASCII letters in either case.
    pub text: Option<String>,
    /// created_at is not before this (whole seconds); rows without a readable time do not pass. An index of the times bounds the search to the
    /// window as long as this has fewer rows than one page looks at; a longer one is searched by id, in steps, down to the table's first row,
    /// for ids and times need not run together.
    pub since: Option<Timestamp>,
    /// created_at is not after this.
    pub until: Option<Timestamp>,
}

/// Which page of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LedgerFrom {
    /// The newest rows.
    Newest,
    /// The rows before this id.
    Before(i64),
    /// The rows behind it.
    After(i64),
    /// The row with this id, with its whole reason; whatever else is asked, there are no more.
    Row(i64),
    /// The rows around the first one (by id) whose time is not before this. Where clocks went back, so that times pass it more than once
    /// by id, one of these places; some rows with wrong clocks among others do not matter.
    Around(Timestamp),
}

/// A page of the ledger that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LedgerQuery {
    /// Of which rows.
    pub filter: LedgerFilter,
    /// Which page.
    pub from: LedgerFrom,
    /// At most so many rows.
    pub limit: usize,
}

/// A page of the ledger.
///
/// A search through a filter that few rows pass looks at so many rows at a time, then answers with what it found, perhaps nothing, and
/// [`Self::reached`]; ask on from there. Where [`Self::reached`] is `None` go on from the first or the last of the rows, or where there
/// are none, from [`Self::anchor`].
#[derive(Clone, Debug, PartialEq, Default)]
pub struct LedgerPage {
    /// The rows by ascending id.
    pub rows: Vec<LedgerRow>,
    /// The search ended here for now, so that it can be shown: rows up to this id (downwards for [`LedgerFrom::Before`] and
    /// [`LedgerFrom::Newest`], upwards for [`LedgerFrom::After`]) were looked at; go on from it. `None`: it came to the page's end, or
    /// to the end of the ledger. Always `None` for [`LedgerFrom::Around`].
    pub reached: Option<i64>,
    /// There are rows of the ledger before the first one looked at that pass, or may pass. Always for [`LedgerFrom::After`].
    pub older: bool,
    /// There are rows behind the last one that pass, or may pass. Always for [`LedgerFrom::Before`], never for [`LedgerFrom::Newest`].
    pub newer: bool,
    /// For [`LedgerFrom::Around`]: the id of the row that was found, whether it passes or not; `None` where every row is before the time.
    /// The page has the rows before this id and those from it on.
    pub anchor: Option<i64>,
}
