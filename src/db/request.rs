//! Requests to the database workers and their replies: the only way to the database from the screen.
//!
//! A request names a [`Slot`] and an id. A newer request of a slot cancels the older one; a reply whose id is not the slot's
//! newest is dropped by the receiver. Each slot has a thread and a connection of its own, so no slot waits for another.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    db::{error::Error, write::Grant},
    domain::{
        activity::{ActivityUpdate, Item, LedgerPage, LedgerQuery},
        change::{Batch, Receipt},
        page::{Page, PageQuery, Record, RowKey},
        review::{ReferenceCount, ReviewList, ReviewOrder, Story},
        schema::{Relation, Schema},
        value::Value,
    },
};

/// A line of work that never waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// The schema.
    Schema,
    /// The page the user waits for.
    Page,
    /// The page behind or before it, read ahead.
    Ahead,
    /// Row counts, in the background.
    Count,
    /// The question in the question pane.
    Question,
    /// The question that comes next, read ahead.
    Next,
    /// A whole cell.
    Cell,
    /// The bots' activity: asked for once, then replies come by themselves whenever the database changes.
    Activity,
    /// Syncing the copy of a server.
    Sync,
    /// The review queue.
    Review,
    /// The story of a question: what the ledger, the history, the queue and the runs say of it.
    Story,
    /// Pages of the ledger, for who looks back in it.
    Ledger,
    /// Writing: never cancelled by a newer request; the app sends one after the other.
    Write,
}

/// Every slot.
pub const SLOTS: [Slot; 13] = [
    Slot::Schema,
    Slot::Page,
    Slot::Ahead,
    Slot::Count,
    Slot::Question,
    Slot::Next,
    Slot::Cell,
    Slot::Activity,
    Slot::Sync,
    Slot::Review,
    Slot::Story,
    Slot::Ledger,
    Slot::Write,
];

/// Which request of its slot; grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RequestId(pub u64);

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The schema: [`Answer::Schema`].
    Schema,
    /// A page: [`Answer::Page`].
    Page(PageQuery),
    /// The number of rows of each, one [`Answer::Count`] after another in this order; an error, that of the next in the order,
    /// ends it.
    Counts(Vec<Arc<Relation>>),
    /// A whole row by key: [`Answer::Record`].
    Record(Arc<Relation>, RowKey),
    /// A whole row of `questions` by its id text, with where it is mapped: [`Answer::Question`].
    Question(String),
    /// A whole cell: [`Answer::Cell`].
    Cell {
        /// Of which relation.
        relation: Arc<Relation>,
        /// Of which row.
        key: RowKey,
        /// Of which column.
        column: usize,
    },
    /// The bots' activity now and from now on: [`Answer::Activity`].
    Activity,
    /// Bring the copy up to date now: [`Answer::Synced`]. Where there is no copy, the server is asked for changes now.
    Sync(SyncHow),
    /// The review queue in this order, at most so many: [`Answer::Review`].
    Review(ReviewOrder, usize),
    /// The story of this item: [`Answer::Story`].
    Story(Item),
    /// A page of the ledger: [`Answer::Ledger`].
    Ledger(LedgerQuery),
    /// What refers to a row: [`Answer::References`].
    References(Arc<Relation>, RowKey),
    /// Write this: [`Answer::Written`]. Only who has a grant can say so.
    Write(Grant, Arc<Batch>),
}

/// How to sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncHow {
    /// Fetch what is new.
    Now,
    /// Throw the copy away and fetch everything: only after the user has said so.
    Rebuild,
}

/// A question and its surroundings.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionRecord {
    /// The row.
    pub record: Record,
    /// (channel, sub-channel) of each mapping, at most 100.
    pub mappings: Vec<(String, String)>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The schema.
    Schema(Arc<Schema>),
    /// A page.
    Page(Arc<Page>),
    /// The number of rows of a relation.
    Count {
        /// The relation's name.
        relation: String,
        /// Its rows.
        rows: u64,
    },
    /// A row; `None` where there is none with this key.
    Record(Option<Arc<Record>>),
    /// A question; `None` where there is none with this id.
    Question(Option<Arc<QuestionRecord>>),
    /// A cell; `None` where the row is gone.
    Cell(Option<Arc<Value>>),
    /// What the bots did.
    Activity(Arc<ActivityUpdate>),
    /// The activity pane's tables are not in this database.
    NoActivity,
    /// The copy is up to date.
    Synced,
    /// The review queue.
    Review(Arc<ReviewList>),
    /// The story of an item.
    Story(Arc<Story>),
    /// A page of the ledger.
    Ledger(Arc<LedgerPage>),
    /// What refers to a row, the most first.
    References(Vec<ReferenceCount>),
    /// What became of a batch.
    Written(Arc<Receipt>),
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// On which line.
    pub slot: Slot,
    /// Which one.
    pub id: RequestId,
    /// For what.
    pub query: Query,
    /// Whether memory may answer.
    pub freshness: Freshness,
}

/// Whether an answer from memory is welcome. Only servers' answers are kept; a file is always read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// What was read a moment ago will do; what is older may come first, as [`Reply::Kept`].
    #[default]
    Any,
    /// The database itself, and nothing before it: for what is on the screen already and is read again. Who follows the bots already and
    /// asks for them so goes on with what was told ([`Slot::Activity`]): that is compared with the tables at once, not told anew.
    Now,
}

/// A reply, or news without a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To a request.
    Answer {
        /// On which line.
        slot: Slot,
        /// To which one.
        id: RequestId,
        /// What came back.
        outcome: Result<Answer, Error>,
    },
    /// Another connection committed: what is shown may be old. `schema` where the schema changed, too.
    Changed {
        /// The schema changed or the file was replaced: read it anew.
        schema: bool,
    },
    /// The file is gone, or there again; the server cannot be reached, or can again.
    Health(Result<(), Error>),
    /// An answer from memory, at once: what was read at that time. The slot stays busy: the true answer follows under the same id.
    Kept {
        /// On which line.
        slot: Slot,
        /// To which one.
        id: RequestId,
        /// What was read.
        answer: Answer,
        /// When.
        read: Timestamp,
    },
    /// How the way to the server is; only where there is one, and only when it changed.
    Link(Arc<LinkStatus>),
}

/// How the way to a server is.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkStatus {
    /// In which state.
    pub state: LinkState,
    /// The time of a round trip lately (a median); `None` before the first.
    pub latency: Option<Duration>,
    /// When the server answered last.
    pub heard: Option<Timestamp>,
    /// How often the server is asked for changes at present; `None` where nobody asks.
    pub poll: Option<Duration>,
    /// The copy; `None` where there is none.
    pub copy: Option<CopyStatus>,
}

impl Default for LinkStatus {
    fn default() -> Self {
        Self { state: LinkState::Connecting, latency: None, heard: None, poll: None, copy: None }
    }
}

/// In which state the way to a server is.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkState {
    /// Nothing has been answered yet.
    Connecting,
    /// The last request was answered.
    Connected,
    /// A request has waited for seconds, since then.
    Slow {
        /// Since when.
        since: Timestamp,
    },
    /// The last request failed; it is tried again by itself.
    Reconnecting {
        /// Since when nothing was answered.
        since: Timestamp,
        /// When it is tried again.
        next: Timestamp,
        /// Why.
        why: Error,
    },
    /// It failed several times, or in a way that trying alone does not mend (a token); it is still tried, more rarely.
    Offline {
        /// Since when nothing was answered.
        since: Timestamp,
        /// When it is tried again.
        next: Timestamp,
        /// Why.
        why: Error,
    },
}

/// How the copy of a server is.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyStatus {
    /// When it was last up to date; `None` before the first sync.
    pub synced: Option<Timestamp>,
    /// A sync that takes long enough to be shown.
    pub progress: Option<SyncProgress>,
    /// Whether what is shown comes from the copy (or from the server, until the copy has everything).
    pub shown: CopyShown,
    /// It is broken, or of another server: only a rebuild helps ([`SyncHow::Rebuild`]), which wants a yes.
    pub broken: Option<Error>,
    /// Why the last sync failed where the server is not to blame (a full disk, a folder that may not be written, another program
    /// that keeps the copy …); it is tried again by itself.
    pub failed: Option<Error>,
}

/// Whose rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyShown {
    /// The copy's.
    Copy,
    /// The server's.
    Server,
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncProgress {
    /// Bytes fetched.
    pub bytes: u64,
    /// Bytes there are; `None` where that is not known.
    pub total: Option<u64>,
    /// Bytes a second, lately.
    pub rate: u64,
    /// How long it still takes; `None` where that is not known.
    pub left: Option<Duration>,
}
