//! What the board learns: the tables in groups.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::source::{Counting, Source, text};
use crate::domain::{
    activity::{ActivityUpdate, QueueEvent, QueueEvents, RunRow, Tally},
    bots::{Depth, ReadSoFar},
    schema::Schema,
    time,
};

/// The statements that read the tables for the board.
#[derive(Clone)]
pub(super) struct BoardReader {
    ledger: Option<String>,
    runs: Option<String>,
    queue: Option<String>,
    names: HashSet<Arc<str>>,
    rows: u64,
}

fn second(stored: Option<&str>) -> Option<i64> {
    stored.and_then(time::parse).map(Timestamp::as_second)
}

impl BoardReader {
    pub(super) fn of(schema: &Schema) -> Self {
        let queue = ["status", "action", "assignedTo", "createdBy", "createdAt", "processedAt"];
        Self {
            ledger: Source::of(schema, "botLedger", &["botName", "action", "createdAt"]).map(|table| table.rows("")),
            runs: Source::of(schema, "botRuns", &super::runs::COLUMNS).map(|table| table.rows("")),
            queue: Source::of(schema, "workQueue", &queue).map(|table| table.rows("")),
            names: HashSet::new(),
            rows: 0,
        }
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        name
    }

    pub(super) fn fill(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<()> {
        if update.anew {
            self.everything(counting, update)?;
        } else {
            let rows: Vec<(String, String, Option<i64>)> = (update.ledger.iter())
                .map(|row| (row.bot.clone(), row.action.clone(), second(row.created_at.as_deref())))
                .collect();
            for (bot, action, second) in rows {
                let tally = Tally { bot: self.name(&bot), action: self.name(&action), second, rows: 1 };
                update.board.ledger.push(tally);
            }
            update.board.runs.clone_from(&update.runs);
        }
        if !update.board.ledger.is_empty() || update.anew {
            self.rows += update.board.ledger.iter().map(|tally| tally.rows).sum::<u64>();
            update.board.read = Some(ReadSoFar { rows: self.rows, of: self.rows, week: true, all: true });
        }
        Ok(())
    }

    fn everything(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<()> {
        self.rows = 0;
        update.board.ledger_anew = true;
        update.board.runs_anew = true;
        if let Some(sql) = self.ledger.clone() {
            let mut tallies: BTreeMap<(Arc<str>, Arc<str>, Option<i64>), u64> = BTreeMap::new();
            counting.each(&sql, [], |row| {
                let (bot, action) = (text(row, 1)?.unwrap_or_default(), text(row, 2)?.unwrap_or_default());
                let key = (self.name(&bot), self.name(&action), second(text(row, 3)?.as_deref()));
                *tallies.entry(key).or_default() += 1;
                Ok(())
            })?;
            let tallies = tallies.into_iter();
            update.board.ledger =
                tallies.map(|((bot, action, second), rows)| Tally { bot, action, second, rows }).collect();
        }
        if let Some(sql) = self.runs.clone() {
            let mut runs: Vec<RunRow> = Vec::new();
            counting.each(&sql, [], |row| {
                runs.push(super::runs::run_row(row)?);
                Ok(())
            })?;
            update.board.runs = runs;
        }
        Ok(())
    }

    pub(super) fn queue(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<()> {
        let Some(sql) = self.queue.clone() else { return Ok(()) };
        let mut groups: BTreeMap<(Arc<str>, Arc<str>, Arc<str>), u64> = BTreeMap::new();
        let mut events: BTreeMap<(bool, Option<i64>), u64> = BTreeMap::new();
        let mut oldest: Option<(i64, String)> = None;
        counting.each(&sql, [], |row| {
            let status = text(row, 1)?.unwrap_or_default();
            let bot = text(row, 3)?.or(text(row, 4)?).unwrap_or_default();
            let (made, done) = (text(row, 5)?, second(text(row, 6)?.as_deref()));
            let open = super::queue::changeable(&status).is_some();
            let arrived = second(made.as_deref());
            if open || done.is_some() {
                *events.entry((false, arrived)).or_default() += 1;
            }
            if !open {
                *events.entry((true, done)).or_default() += 1;
            }
            if let (Some(arrived), Some(made), "pending") = (arrived, made, status.as_str())
                && oldest.as_ref().is_none_or(|(oldest, _)| arrived < *oldest)
            {
                oldest = Some((arrived, made));
            }
            let action = text(row, 2)?.unwrap_or_default();
            *groups.entry((self.name(&status), self.name(&action), self.name(&bot))).or_default() += 1;
            Ok(())
        })?;
        let groups = groups.into_iter();
        update.board.queue =
            Some(groups.map(|((status, action, bot), rows)| Depth { status, action, bot, rows }).collect());
        update.board.oldest_pending = Some(oldest.map(|(_, stored)| stored));
        update.board.queue_anew = true;
        update.board.queue_events = (events.into_iter())
            .map(|((finished, second), rows)| {
                let what = if finished { QueueEvent::Finished } else { QueueEvent::Arrived };
                QueueEvents { what, second, rows }
            })
            .collect();
        Ok(())
    }
}
