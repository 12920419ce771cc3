//! Pages of rows: how they are asked for and what comes back.
//!
//! Pages are keyset pages: each says at which [`Anchor`] it begins and ends, and the next one is asked for from there.
//! What lies between is never read (`https://www.sqlite.org/rowvalue.html`, scrolling window queries).

use std::sync::Arc;

use crate::domain::{schema::Relation, value::Value};

/// How many bytes of a cell a page carries at most; whole cells are read one by one.
pub const CELL_HEAD: usize = 1024;

/// A direction of sorting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// NULL, numbers, text, blobs.
    Ascending,
    /// The reverse.
    Descending,
}

impl Direction {
    /// The other one.
    pub const fn reversed(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// A column to sort by: position in [`Relation::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// Position in [`Relation::columns`].
    pub column: usize,
    /// Direction.
    pub direction: Direction,
}

/// What tells a row from every other of its relation; its values are always whole.
#[derive(Clone, Debug, PartialEq)]
pub enum RowKey {
    /// The rowid.
    Rowid(i64),
    /// The primary key of a WITHOUT ROWID table.
    Primary(Vec<Value>),
    /// The row's number from 0, where nothing else tells it (views): true only until something changes.
    Ordinal(u64),
}

/// A place in the sorted order: the row's key and its whole sort values (one for each [`SortKey`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// The key.
    pub key: RowKey,
    /// Whole values of the sort columns, in the order of [`PageQuery::sort`].
    pub sort: Vec<Value>,
}

/// Which page.
#[derive(Clone, Debug, PartialEq)]
pub enum PageAt {
    /// The first rows.
    First,
    /// The last rows.
    Last,
    /// The rows behind this place, exclusive.
    After(Anchor),
    /// The rows before this place, exclusive; still in sort order.
    Before(Anchor),
    /// The rows from this place on, inclusive; where its row is gone, from the next.
    From(Anchor),
    /// The rows around the row with this key, from the row on; the error `NoSuchRow` where it is not there.
    Key(RowKey),
    /// From the row whose rowid (or single-column key) this text is, else the next one in key order.
    KeyText(String),
    /// From about this share of the rows, 0.0 to 100.0, without reading those before.
    Percent(f64),
}

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct PageQuery {
    /// Of which relation.
    pub relation: Arc<Relation>,
    /// Sorted how; the key breaks ties. Empty: by key.
    pub sort: Vec<SortKey>,
    /// Which page.
    pub at: PageAt,
    /// At most this many rows.
    pub limit: usize,
}

/// A row: its key and the head of each cell, in the order of [`Relation::columns`].
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: RowKey,
    /// Its cells.
    pub cells: Box<[Value]>,
}

/// Where the first row of a page stands in the whole order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Position {
    /// Its number from 0, known.
    Exact(u64),
    /// It is that many rows before the end (1 = the last row), known.
    FromEnd(u64),
    /// About this share of the whole, 0.0 to 1.0, estimated.
    About(f64),
    /// Not known (a page before or after another: the reader counts on).
    Unknown,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The rows in sort order.
    pub rows: Vec<Row>,
    /// The place of the first row; `None` where there are no rows.
    pub first: Option<Anchor>,
    /// The place of the last row.
    pub last: Option<Anchor>,
    /// No row comes before the first.
    pub at_start: bool,
    /// No row comes behind the last.
    pub at_end: bool,
    /// Where the first row stands.
    pub position: Position,
    /// Rows that SQLite read for it (`LIBSQL_STMTSTATUS_ROWS_READ`), for honesty and for tests.
    pub rows_read: u64,
}

/// One whole row, for the question pane, `show` and the cell view.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Of which relation.
    pub relation: Arc<Relation>,
    /// Its key.
    pub key: RowKey,
    /// Whole cells in the order of [`Relation::columns`].
    pub cells: Vec<Value>,
}

impl Record {
    /// The cell of the column with this logical or physical name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.cells.get(self.relation.column(name)?)
    }
}
