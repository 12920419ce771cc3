//! The arguments of the commands about reviewing and writing.

use std::ffi::OsString;

use clap::{Subcommand, ValueEnum};

use super::Connecting;
use crate::domain::review::{Priority, ReviewOrder};

/// `reelscope review`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReviewArgs {
    /// What.
    #[command(subcommand)]
    pub command: ReviewCommand,
}

/// What to do about the review queue.
#[derive(Clone, Debug, Subcommand)]
pub enum ReviewCommand {
    /// The questions to decide on, each with why it was flagged.
    ///
    /// JSON is an array, NDJSON a line for each, of objects with id, title (the beginning of the text), channel, difficulty, status,
    /// pending (the number of its pending queue items) and flags: the ledger's last flag and the history's, the newer first, each with
    /// source (ledger, history), by, reason and at.
    List(ReviewListArgs),
    /// Decide on questions, in one transaction.
    ///
    /// DECISION: approve (status active), delete (status deleted), or a queue item for the bots: improve, verify, enrich, queue-delete.
    /// ID - reads ids from standard input, one a line. All is written or nothing, each with a row of the questions' history. Nothing is
    /// ever asked. The first word is DATABASE where it is a URL, @PROFILE, file:… or a file that is there, and ids follow.
    ///
    /// JSON is an object: outcome (committed, refused, nothing, unknown), known (answered; looked: the answer was lost, and the rows are as
    /// written), written and left_out: arrays of objects with id; in written with table, key and changed (column → before, after), in
    /// left_out with why (missing, already, changed, gone, pending, refused) and words.
    #[command(override_usage = "reelscope review decide [OPTIONS] --write [DATABASE] ID… DECISION")]
    Decide(ReviewDecideArgs),
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A line for each, for people.
    Table,
    /// An array of objects.
    Json,
    /// An object on each line.
    Ndjson,
}

/// Which questions, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// Flagged, the one flagged last first.
    Flagged,
    /// Flagged, by channel.
    Channel,
    /// Flagged, the newest question first.
    Newest,
    /// Those with pending queue items, the most urgent first.
    Pending,
}

impl From<Order> for ReviewOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Flagged => Self::Flagged,
            Order::Channel => Self::Channel,
            Order::Newest => Self::Newest,
            Order::Pending => Self::Pending,
        }
    }
}

/// `reelscope review list`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReviewListArgs {
    /// The database: a path, a URL or @PROFILE; without one, what the environment names.
    pub database: Option<OsString>,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
    /// Which, in which order.
    #[arg(long, value_enum, default_value_t = Order::Flagged)]
    pub order: Order,
    /// At most so many; that there are more is said on standard error.
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<u32>,
    /// How.
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    pub format: ListFormat,
}

/// How a receipt is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReceiptFormat {
    /// A line for each row that is written.
    Table,
    /// An object.
    Json,
}

/// How something is written.
#[derive(Clone, Debug, clap::Args)]
pub struct Writing {
    /// Open the database for writing. Without it, or TURSO_WRITE_MODE=true, nothing is changed.
    #[arg(long)]
    pub write: bool,
    /// Why: it stands in the questions' history, and in queue items.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Write also where the database has no questionHistory to record it in.
    #[arg(long)]
    pub without_trail: bool,
    /// How long to wait while another program keeps the database locked, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub patience: u64,
    /// How what was written is printed.
    #[arg(long, value_enum, default_value_t = ReceiptFormat::Table)]
    pub format: ReceiptFormat,
    /// The database, where the first word must not be taken for it: a path, a URL or @PROFILE.
    #[arg(long, value_name = "DATABASE")]
    pub database: Option<OsString>,
}

/// `reelscope review decide`.
#[derive(Clone, Debug, clap::Args)]
pub struct ReviewDecideArgs {
    /// DATABASE (where the environment names none), ids, and the decision: approve, delete, improve, verify, enrich, queue-delete; ID - reads ids from standard input.
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<OsString>,
    /// How it is written.
    #[command(flatten)]
    pub writing: Writing,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
    /// Of queue items: 1 is the most urgent, 10 the least.
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub priority: u8,
    /// Leave out what another program has changed meanwhile, and what is not there, and write the others.
    #[arg(long)]
    pub skip_conflicts: bool,
}

impl ReviewDecideArgs {
    /// The priority.
    pub fn priority(&self) -> Priority {
        Priority::new(self.priority).unwrap_or_default()
    }
}

/// `reelscope set`.
#[derive(Clone, Debug, clap::Args)]
#[command(override_usage = "reelscope set [OPTIONS] --write [DATABASE] TABLE/KEY FIELD=VALUE…")]
pub struct SetArgs {
    /// DATABASE (where the environment names none), TABLE/KEY, FIELD=VALUE…; FIELD=@PATH takes a file's content (@- standard input's), FIELD=@@… a text that begins with @.
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<OsString>,
    /// Make this field NULL.
    #[arg(long, value_name = "FIELD")]
    pub null: Vec<String>,
    /// Give this field its column's default.
    #[arg(long, value_name = "FIELD")]
    pub default: Vec<String>,
    /// Take also what the screen would ask about: broken JSON where there was none, text in a column of numbers.
    #[arg(long)]
    pub force: bool,
    /// How it is written.
    #[command(flatten)]
    pub writing: Writing,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
}
