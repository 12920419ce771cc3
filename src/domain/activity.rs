//! What the bots do: ledger rows, runs and the queue, as the activity pane shows them.

use crate::domain::value::Value;

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
    /// Rows SQLite read for this look.
    pub rows_read: u64,
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
    }
}

/// Ledger rows at the first look.
pub const TAIL: usize = 200;
/// Runs at the first look.
pub const RUNS: usize = 50;
