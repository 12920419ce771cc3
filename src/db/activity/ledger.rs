//! Following the ledger: rows behind the last one known, and a small look back.

use std::collections::BTreeSet;

use rusqlite::Row;

use super::{
    Found,
    source::{Counting, Source, text},
};
use crate::domain::{
    activity::{ActivityUpdate, LedgerRow, TAIL},
    schema::Schema,
};

/// How many of the newest known rows are looked at again each time: a row with a lower id may be committed after them.
const WINDOW: usize = 16;
/// More new rows than this are not read one by one.
const FLOOD: usize = 2000;
/// Then only this many of them are.
const OF_A_FLOOD: usize = 500;

/// What is known of the ledger.
#[derive(Clone)]
pub(super) struct Ledger {
    newest: String,
    since: String,
    count_since: String,
    ids_since: String,
    tail: Tail,
}

/// The ids of the newest rows.
#[derive(Clone)]
pub(super) struct Tail {
    /// At most [`TAIL`].
    pub(super) known: BTreeSet<i64>,
    /// Every row from this id on is in `known`.
    pub(super) floor: i64,
}

impl Default for Tail {
    fn default() -> Self {
        Self { known: BTreeSet::new(), floor: i64::MIN }
    }
}

impl Tail {
    /// Begins with the newest rows, of which [`TAIL`] were asked for.
    pub(super) fn begin(&mut self, rows: &[LedgerRow]) {
        self.known.clear();
        // Fewer rows than asked for: these are all, so a row of any id that comes is new.
        self.floor = if rows.len() == TAIL { rows.first().map_or(i64::MIN, |row| row.id) } else { i64::MIN };
        self.known.extend(rows.iter().map(|row| row.id));
    }

    /// From which id on rows are looked at again each time.
    pub(super) fn window(&self) -> i64 {
        self.known.iter().rev().nth(WINDOW - 1).copied().unwrap_or(self.floor)
    }

    /// Begins anew behind a flood, of which these are the last rows.
    pub(super) fn leap(&mut self, rows: &[LedgerRow]) {
        self.known.clear();
        self.floor = rows.first().map_or(i64::MIN, |row| row.id);
    }

    /// Rows that came.
    pub(super) fn remember(&mut self, rows: &[LedgerRow]) {
        self.known.extend(rows.iter().map(|row| row.id).filter(|id| *id >= self.floor));
        while self.known.len() > TAIL {
            self.known.pop_first();
            self.floor = self.known.first().copied().unwrap_or(i64::MIN);
        }
    }
}

/// The ledger's columns that are shown.
pub(super) const COLUMNS: [&str; 6] = ["botName", "action", "itemType", "itemId", "reason", "createdAt"];

impl Ledger {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "botLedger", &COLUMNS)?;
        Some(Self {
            newest: source.rows("ORDER BY # DESC LIMIT ?1"),
            since: source.rows("WHERE # >= ?1 ORDER BY # LIMIT ?2"),
            count_since: source.expression("count(*)", "WHERE # > ?1"),
            ids_since: source.expression("#", "WHERE # >= ?1 ORDER BY #"),
            tail: Tail::default(),
        })
    }

    /// The newest rows, all else forgotten.
    pub(super) fn first(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<()> {
        let rows = self.last(counting, TAIL)?;
        self.tail.begin(&rows);
        update.ledger = rows;
        Ok(())
    }

    /// What came since.
    pub(super) fn next(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<Found> {
        let start = self.tail.window();
        let last = self.tail.known.last().copied();
        let expected = self.tail.known.range(start..).count();
        let mut seen = 0;
        let mut rows = Vec::new();
        let known = &self.tail.known;
        counting.each(&self.since, (start, (expected + FLOOD + 1) as i64), |row| {
            let id = row.get(0)?;
            if known.contains(&id) {
                seen += 1;
            } else {
                rows.push(ledger_row(id, row)?);
            }
            Ok(())
        })?;
        if seen < expected {
            return Ok(Found::Lost);
        }
        if rows.len() > FLOOD {
            let last = last.unwrap_or(i64::MIN);
            if rows.iter().any(|row| row.id < last) {
                // A flood and rows among the known ones at once: nothing simple can be said but what is there now.
                return Ok(Found::Lost);
            }
            let came = counting.number(&self.count_since, [last])?;
            rows = self.last(counting, OF_A_FLOOD)?;
            update.ledger_skipped = came.saturating_sub(rows.len() as u64);
            self.tail.leap(&rows);
        }
        self.tail.remember(&rows);
        update.ledger = rows;
        Ok(Found::Fine)
    }

    /// Looks at every row it showed last: whether one was taken away, or came late.
    pub(super) fn audit(
        &mut self,
        counting: &mut Counting<'_>,
        update: &mut ActivityUpdate,
    ) -> rusqlite::Result<Found> {
        let mut gone = self.tail.known.clone();
        let mut late = Vec::new();
        counting.each(&self.ids_since, [self.tail.floor], |row| {
            let id = row.get(0)?;
            if !gone.remove(&id) {
                late.push(id);
            }
            Ok(())
        })?;
        if !gone.is_empty() {
            return Ok(Found::Lost);
        }
        if late.is_empty() {
            return Ok(Found::Fine);
        }
        let mut rows = Vec::with_capacity(late.len());
        for id in late {
            counting.each(&self.since, (id, 1), |row| {
                rows.push(ledger_row(row.get(0)?, row)?);
                Ok(())
            })?;
        }
        self.tail.remember(&rows);
        update.ledger.extend(rows);
        update.ledger.sort_by_key(|row| row.id);
        Ok(Found::Fine)
    }

    fn last(&self, counting: &mut Counting<'_>, limit: usize) -> rusqlite::Result<Vec<LedgerRow>> {
        let mut rows = Vec::with_capacity(limit);
        counting.each(&self.newest, [limit as i64], |row| {
            rows.push(ledger_row(row.get(0)?, row)?);
            Ok(())
        })?;
        rows.reverse();
        Ok(rows)
    }
}

fn ledger_row(id: i64, row: &Row<'_>) -> rusqlite::Result<LedgerRow> {
    Ok(LedgerRow {
        id,
        bot: text(row, 1)?.unwrap_or_default(),
        action: text(row, 2)?.unwrap_or_default(),
        item_type: text(row, 3)?.unwrap_or_default(),
        item_id: text(row, 4)?.unwrap_or_default(),
        reason: text(row, 5)?,
        created_at: text(row, 6)?,
    })
}
