//! One look: what it reads through, what it found, and how long it may go on.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{
    Connection, Params, Row, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    names::{Name, Names},
    source::{Counting, TEXT_HEAD, text},
};
use crate::domain::{
    activity::{ActivityUpdate, LedgerRow, Tally},
    bots::Series,
    time,
};

/// How much a look does of what need not be told at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// How long it goes on counting.
    pub(super) work: Duration,
    /// How long it goes on with an audit.
    pub(super) audit: Duration,
    /// So many rows of the ledger are counted with one statement; of the other tables, whose rows are read whole, a quarter.
    pub(super) rows: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self { work: Duration::from_millis(10), audit: Duration::from_millis(5), rows: 4096 }
    }
}

/// What a look has in its hands.
pub(super) struct Look<'a> {
    pub(super) counting: Counting<'a>,
    pub(super) update: ActivityUpdate,
    pub(super) names: Names,
    pub(super) now: Instant,
    /// At most so many rows that can change are looked at again, of each table.
    pub(super) turn: usize,
    tallies: HashMap<(Name, Name, Option<i64>), u64>,
    began: Instant,
    /// The time of the day, seconds since 1970.
    wall: i64,
    effort: Effort,
}

impl<'a> Look<'a> {
    pub(super) fn new(connection: &'a Connection, names: Names, now: Instant, turn: usize, effort: Effort) -> Self {
        Self {
            counting: Counting::new(connection),
            update: ActivityUpdate::default(),
            names,
            now,
            turn,
            tallies: HashMap::new(),
            began: Instant::now(),
            wall: Timestamp::now().as_second(),
            effort,
        }
    }

    /// Rows of the ledger to count with one statement.
    pub(super) const fn chunk(&self) -> usize {
        self.effort.rows
    }

    /// Rows of the other tables.
    pub(super) const fn short_chunk(&self) -> usize {
        self.effort.rows / 4
    }

    /// Whether there is time left for what need not be told at once.
    pub(super) fn has_time(&self) -> bool {
        self.began.elapsed() < self.effort.work
    }

    /// Likewise for an audit that began then.
    pub(super) fn audits_on(&self, began: Instant) -> bool {
        began.elapsed() < self.effort.audit
    }

    /// A row of the ledger: its bot, its action, its time are in these columns.
    pub(super) fn tally(&mut self, row: &Row<'_>, [bot, action, made]: [usize; 3]) -> rusqlite::Result<()> {
        let key =
            (name(&mut self.names, row, bot)?, name(&mut self.names, row, action)?, self.kept(second(row, made)?));
        *self.tallies.entry(key).or_default() += 1;
        Ok(())
    }

    /// A row of the ledger that was read already.
    pub(super) fn tally_row(&mut self, row: &LedgerRow, second: Option<i64>) {
        let key = (self.names.of(&row.bot), self.names.of(&row.action), self.kept(second));
        *self.tallies.entry(key).or_default() += 1;
    }

    /// Times of long ago as exactly as they are kept anyway: so there are fewer of them.
    fn kept(&self, second: Option<i64>) -> Option<i64> {
        second.map(|second| Series::kept(second, self.wall))
    }

    /// Runs `sql` and gives each row to `take`.
    pub(super) fn each(
        &mut self,
        sql: &str,
        parameters: impl Params,
        mut take: impl FnMut(&mut Self, &Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut counting = self.counting.another();
        let outcome = counting.each(sql, parameters, |row| take(self, row));
        self.counting.rows_read += counting.rows_read;
        outcome
    }

    /// What was tallied until now is counted anew.
    pub(super) fn forget_tallies(&mut self) {
        self.tallies.clear();
    }

    /// Ends: what it found, and the names.
    pub(super) fn end(mut self) -> (ActivityUpdate, Names) {
        let mut tallies: Vec<_> = self.tallies.into_iter().collect();
        tallies.sort_unstable();
        self.update.board.ledger = tallies
            .into_iter()
            .map(|((bot, action, second), rows)| Tally {
                bot: self.names.name(bot),
                action: self.names.name(action),
                second,
                rows,
            })
            .collect();
        self.update.rows_read = self.counting.rows_read;
        (self.update, self.names)
    }
}

/// A cell that is a name; what is none is named as it is shown.
pub(super) fn name(names: &mut Names, row: &Row<'_>, column: usize) -> rusqlite::Result<Name> {
    if let ValueRef::Text(bytes) = row.get_ref(column)?
        && bytes.len() <= TEXT_HEAD
        && let Ok(name) = std::str::from_utf8(bytes)
    {
        return Ok(names.of(name));
    }
    Ok(names.of(&text(row, column)?.unwrap_or_default()))
}

/// The second of a cell that is a time; `None` where it is none.
pub(super) fn second(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().and_then(time::parse).map(time::second),
        _ => None,
    })
}

/// A mark of what stands in these columns: rows with the same one are the same, as far as anybody will ever see.
pub(super) fn mark(row: &Row<'_>, columns: &[usize]) -> rusqlite::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for column in columns {
        match row.get_ref(*column)? {
            ValueRef::Null => hasher.write_u8(0),
            ValueRef::Integer(number) => {
                hasher.write_u8(1);
                hasher.write_i64(number);
            }
            ValueRef::Real(number) => {
                hasher.write_u8(2);
                hasher.write_u64(number.to_bits());
            }
            ValueRef::Text(bytes) => {
                hasher.write_u8(3);
                hash(&mut hasher, bytes);
            }
            ValueRef::Blob(bytes) => {
                hasher.write_u8(4);
                hash(&mut hasher, bytes);
            }
        }
    }
    Ok(hasher.finish())
}

fn hash(hasher: &mut DefaultHasher, bytes: &[u8]) {
    hasher.write_usize(bytes.len());
    hasher.write(&bytes[..bytes.len().min(TEXT_HEAD)]);
}

/// A text as it stands in a cell, UTF-8 or not, to compare cells with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored(pub(super) Vec<u8>);

impl Stored {
    pub(super) fn of(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Self>> {
        Ok(match row.get_ref(column)? {
            ValueRef::Text(bytes) => Some(Self(bytes.to_vec())),
            _ => None,
        })
    }
}

impl ToSql for Stored {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(&self.0)))
    }
}
