//! Following the runs: new ones, and those that still run.

use std::collections::BTreeMap;

use rusqlite::Row;

use super::{
    Found, Occasion,
    live::{BOUND, Live},
    source::{Counting, Source, text, value},
};
use crate::domain::{
    activity::{ActivityUpdate, RUNS, RunRow},
    schema::Schema,
};

/// How many of the newest known runs are looked at again each time, finished or not.
const WINDOW: usize = 8;
/// More new runs than this at once: what is known is read anew.
const FLOOD: usize = 2000;
pub(super) const RUNNING: &str = "running";

/// What is known of the runs.
#[derive(Clone)]
pub(super) struct Runs {
    newest: String,
    since: String,
    by_id: String,
    running: String,
    count_running: String,
    known: KnownRuns,
}

/// The runs that are known, wherever they were read.
#[derive(Clone)]
pub(super) struct KnownRuns {
    /// The newest, at most [`RUNS`].
    pub(super) recent: BTreeMap<i64, RunRow>,
    /// Every run from this id on is in `recent`.
    pub(super) floor: i64,
    /// Those that run, at most [`BOUND`].
    pub(super) live: Live<RunRow>,
    /// How many run, also where there are more than `live` holds.
    pub(super) count: u64,
}

impl Default for KnownRuns {
    fn default() -> Self {
        Self { recent: BTreeMap::new(), floor: i64::MIN, live: Live::default(), count: 0 }
    }
}

impl KnownRuns {
    /// Begins with the newest, of which [`RUNS`] were asked for from the end on, and those of the others that run; `count` of them do.
    pub(super) fn begin(&mut self, newest: Vec<RunRow>, running: Vec<RunRow>, count: u64, update: &mut ActivityUpdate) {
        self.recent.clear();
        self.live.clear();
        self.count = count;
        self.floor = if newest.len() == RUNS { newest.last().map_or(i64::MIN, |run| run.id) } else { i64::MIN };
        update.runs = running.iter().take(RUNS).filter(|run| run.id < self.floor).cloned().collect();
        update.runs.extend(newest.iter().cloned());
        update.runs.sort_by_key(|run| run.id);
        self.recent.extend(newest.into_iter().map(|run| (run.id, run)));
        for run in running {
            self.live.insert(run.id, run);
        }
        update.runs_running = self.count;
    }

    /// From which id on runs are looked at again each time.
    pub(super) fn window(&self) -> i64 {
        self.recent.keys().rev().nth(WINDOW - 1).copied().unwrap_or(self.floor)
    }

    /// Takes in a run as it is now; tells of it where that is news.
    pub(super) fn note(&mut self, run: RunRow, update: &mut ActivityUpdate) {
        let id = run.id;
        let known = self.recent.get(&id).or_else(|| self.live.get(id));
        if known == Some(&run) {
            return;
        }
        let (did, does) = (known.is_some_and(|known| known.status == RUNNING), run.status == RUNNING);
        match (did, does) {
            (false, true) => self.count += 1,
            (true, false) => self.count = self.count.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
        if does {
            self.live.insert(id, run.clone());
        } else {
            self.live.remove(id);
        }
        if id >= self.floor {
            self.recent.insert(id, run.clone());
            while self.recent.len() > RUNS {
                self.recent.pop_first();
                self.floor = self.recent.keys().next().copied().unwrap_or(i64::MIN);
            }
        }
        match update.runs.binary_search_by_key(&id, |run| run.id) {
            Ok(at) => update.runs[at] = run,
            Err(at) => update.runs.insert(at, run),
        }
    }
}

/// The columns of a run that are shown.
pub(super) const COLUMNS: [&str; 8] =
    ["botName", "startedAt", "completedAt", "status", "itemsProcessed", "itemsCreated", "itemsUpdated", "itemsDeleted"];

impl Runs {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "botRuns", &COLUMNS)?;
        Some(Self {
            newest: source.rows("ORDER BY # DESC LIMIT ?1"),
            since: source.rows("WHERE # >= ?1 ORDER BY # LIMIT ?2"),
            by_id: source.rows("WHERE # = ?1"),
            running: source.rows("WHERE $3 = ?1 ORDER BY # DESC LIMIT ?2"),
            count_running: source.expression("count(*)", "WHERE $3 = ?1"),
            known: KnownRuns::default(),
        })
    }

    /// Whether runs wait to be looked at again.
    pub(super) const fn owes(&self) -> bool {
        self.known.live.owes()
    }

    /// The newest runs and those that run, all else forgotten.
    pub(super) fn first(&mut self, counting: &mut Counting<'_>, update: &mut ActivityUpdate) -> rusqlite::Result<()> {
        let newest = read(counting, &self.newest, [RUNS as i64])?;
        let running = self.running(counting)?;
        let count = self.known.count;
        self.known.begin(newest, running, count, update);
        Ok(())
    }

    /// What came and what changed.
    pub(super) fn next(
        &mut self,
        counting: &mut Counting<'_>,
        occasion: Occasion,
        update: &mut ActivityUpdate,
    ) -> rusqlite::Result<Found> {
        if occasion == Occasion::Change {
            self.known.live.owe();
            let start = self.known.window();
            if self.look_from(counting, start, update)? == Found::Lost {
                return Ok(Found::Lost);
            }
        }
        let turn = self.known.live.turn();
        let found = self.look_at(counting, &turn, update)?;
        update.runs_running = self.known.count;
        Ok(found)
    }

    /// Looks at all the newest ones, and finds anew which run.
    pub(super) fn audit(
        &mut self,
        counting: &mut Counting<'_>,
        update: &mut ActivityUpdate,
    ) -> rusqlite::Result<Found> {
        if self.look_from(counting, self.known.floor, update)? == Found::Lost {
            return Ok(Found::Lost);
        }
        let running = self.running(counting)?;
        let gone: Vec<i64> = {
            let now: std::collections::BTreeSet<i64> = running.iter().map(|run| run.id).collect();
            self.known.live.ids().filter(|id| !now.contains(id)).collect()
        };
        let count = self.known.count;
        for run in running {
            self.known.note(run, update);
        }
        let found = self.look_at(counting, &gone, update)?;
        // What was just counted is right whatever the notes made of it.
        self.known.count = count;
        update.runs_running = count;
        Ok(found)
    }

    /// The newest [`BOUND`] that run; `count` becomes how many there are.
    fn running(&mut self, counting: &mut Counting<'_>) -> rusqlite::Result<Vec<RunRow>> {
        let mut running = Vec::new();
        counting.each(&self.running, (RUNNING, BOUND as i64), |row| {
            running.push(run_row(row)?);
            Ok(())
        })?;
        self.known.count = running.len() as u64;
        if running.len() == BOUND {
            self.known.count = counting.number(&self.count_running, [RUNNING])?;
        }
        Ok(running)
    }

    /// All runs from `start` on.
    fn look_from(
        &mut self,
        counting: &mut Counting<'_>,
        start: i64,
        update: &mut ActivityUpdate,
    ) -> rusqlite::Result<Found> {
        let expected = self.known.recent.range(start..).count();
        let rows = read(counting, &self.since, (start, (expected + FLOOD) as i64))?;
        let seen = rows.iter().filter(|run| self.known.recent.contains_key(&run.id)).count();
        if seen < expected || rows.len() == expected + FLOOD {
            return Ok(Found::Lost);
        }
        for run in rows {
            self.known.note(run, update);
        }
        Ok(Found::Fine)
    }

    /// These runs.
    fn look_at(
        &mut self,
        counting: &mut Counting<'_>,
        ids: &[i64],
        update: &mut ActivityUpdate,
    ) -> rusqlite::Result<Found> {
        let mut found = Found::Fine;
        let mut rows = Vec::with_capacity(ids.len());
        counting.by_id(&self.by_id, ids, |_, row| {
            match row {
                Some(row) => rows.push(run_row(row)?),
                None => found = Found::Lost,
            }
            Ok(())
        })?;
        for run in rows {
            self.known.note(run, update);
        }
        Ok(found)
    }
}

fn read(counting: &mut Counting<'_>, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Vec<RunRow>> {
    let mut rows = Vec::new();
    counting.each(sql, parameters, |row| {
        rows.push(run_row(row)?);
        Ok(())
    })?;
    Ok(rows)
}

pub(super) fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: row.get(0)?,
        bot: text(row, 1)?.unwrap_or_default(),
        started_at: text(row, 2)?,
        completed_at: text(row, 3)?,
        status: text(row, 4)?.unwrap_or_default(),
        items: [value(row, 5)?, value(row, 6)?, value(row, 7)?, value(row, 8)?],
    })
}
