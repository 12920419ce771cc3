//! Following the runs: new ones, and those that still run.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use rusqlite::Row;

use super::{
    Found, Occasion,
    audit::{Compared, compare},
    coverage::{Coverage, Place, Stretch},
    live::{BOUND, Live},
    look::Look,
    recount::Recount,
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
    sql: Arc<Statements>,
    known: KnownRuns,
    /// What the board was told of.
    told: Coverage,
    recount: Recount,
}

struct Statements {
    newest: String,
    since: String,
    by_id: String,
    running: String,
    count_running: String,
    between: String,
    down: String,
}

/// What a run was when it was noted.
pub(super) enum Noted {
    /// As it is.
    Same,
    /// Another.
    Other(Box<RunRow>),
    /// It was not known.
    New,
}

/// The runs that are known, wherever they were read.
#[derive(Clone)]
pub(super) struct KnownRuns {
    /// The newest, at most [`RUNS`].
    pub(super) recent: Arc<BTreeMap<i64, RunRow>>,
    /// Every run from this id on is in `recent`.
    pub(super) floor: i64,
    /// Those that run, at most [`BOUND`].
    pub(super) live: Live<RunRow>,
    /// How many run, also where there are more than `live` holds.
    pub(super) count: u64,
}

impl Default for KnownRuns {
    fn default() -> Self {
        Self { recent: Arc::new(BTreeMap::new()), floor: i64::MIN, live: Live::default(), count: 0 }
    }
}

impl KnownRuns {
    /// Begins with the newest, of which [`RUNS`] were asked for from the end on, and those of the others that run; `count` of them do.
    pub(super) fn begin(&mut self, newest: Vec<RunRow>, running: Vec<RunRow>, count: u64, update: &mut ActivityUpdate) {
        self.live.clear();
        self.count = count;
        self.floor = if newest.len() == RUNS { newest.last().map_or(i64::MIN, |run| run.id) } else { i64::MIN };
        update.runs = running.iter().take(RUNS).filter(|run| run.id < self.floor).cloned().collect();
        update.runs.extend(newest.iter().cloned());
        update.runs.sort_by_key(|run| run.id);
        self.recent = Arc::new(newest.into_iter().map(|run| (run.id, run)).collect());
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
    pub(super) fn note(&mut self, run: RunRow, update: &mut ActivityUpdate) -> Noted {
        let id = run.id;
        let known = self.recent.get(&id).or_else(|| self.live.get(id));
        if known == Some(&run) {
            return Noted::Same;
        }
        let noted = known.cloned().map_or(Noted::New, |was| Noted::Other(Box::new(was)));
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
            let recent = Arc::make_mut(&mut self.recent);
            recent.insert(id, run.clone());
            while recent.len() > RUNS {
                recent.pop_first();
                self.floor = recent.keys().next().copied().unwrap_or(i64::MIN);
            }
        }
        match update.runs.binary_search_by_key(&id, |run| run.id) {
            Ok(at) => update.runs[at] = run,
            Err(at) => update.runs.insert(at, run),
        }
        noted
    }

    fn get(&self, id: i64) -> Option<&RunRow> {
        self.recent.get(&id).or_else(|| self.live.get(id))
    }
}

/// The columns of a run that are shown.
pub(super) const COLUMNS: [&str; 8] =
    ["botName", "startedAt", "completedAt", "status", "itemsProcessed", "itemsCreated", "itemsUpdated", "itemsDeleted"];

impl Runs {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "botRuns", &COLUMNS)?;
        let sql = Statements {
            newest: source.rows("ORDER BY # DESC LIMIT ?1"),
            since: source.rows("WHERE # >= ?1 ORDER BY # LIMIT ?2"),
            by_id: source.rows("WHERE # = ?1"),
            running: source.rows("WHERE $3 = ?1 ORDER BY # DESC LIMIT ?2"),
            count_running: source.expression("count(*)", "WHERE $3 = ?1"),
            between: source.rows("WHERE # >= ?1 AND # <= ?2 ORDER BY #"),
            down: source.rows("WHERE # >= ?1 AND # <= ?2 ORDER BY # DESC LIMIT ?3"),
        };
        Some(Self {
            sql: Arc::new(sql),
            known: KnownRuns::default(),
            told: Coverage::default(),
            recount: Recount::default(),
        })
    }

    /// Whether runs wait to be looked at again.
    pub(super) const fn owes_looks(&self) -> bool {
        self.known.live.owes()
    }

    /// The newest runs and those that run, for somebody who knows none.
    pub(super) fn first(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let newest = read(&mut look.counting, &self.sql.newest, [RUNS as i64])?;
        let running = self.running(&mut look.counting)?;
        if self.recount.is_begun() {
            // The board goes on with what it knows.
            for run in newest.iter().chain(&running) {
                let (was, is) = (self.known.get(run.id).map(mark), mark(run));
                if was != Some(is) {
                    self.tell(run.id, was, is, run.id >= self.known.floor);
                    look.update.board.runs.push(run.clone());
                }
            }
        }
        let count = self.known.count;
        self.known.begin(newest, running, count, &mut look.update);
        Ok(())
    }

    /// What came and what changed.
    pub(super) fn next(&mut self, look: &mut Look<'_>, occasion: Occasion) -> rusqlite::Result<Found> {
        if occasion == Occasion::Change {
            self.known.live.owe();
            let start = self.known.window();
            if self.look_from(look, start)? == Found::Lost {
                return Ok(Found::Lost);
            }
        }
        let turn = self.known.live.turn_of(look.turn);
        let found = self.look_at(look, &turn)?;
        look.update.runs_running = self.known.count;
        Ok(found)
    }

    /// Looks at all the newest ones, and finds anew which run.
    pub(super) fn audit(&mut self, look: &mut Look<'_>) -> rusqlite::Result<Found> {
        if self.look_from(look, self.known.floor)? == Found::Lost {
            return Ok(Found::Lost);
        }
        let running = self.running(&mut look.counting)?;
        let gone: Vec<i64> = {
            let now: std::collections::BTreeSet<i64> = running.iter().map(|run| run.id).collect();
            self.known.live.ids().filter(|id| !now.contains(id)).collect()
        };
        let count = self.known.count;
        for run in running {
            self.note(run, look);
        }
        let found = self.look_at(look, &gone)?;
        // What was just counted is right whatever the notes made of it.
        self.known.count = count;
        look.update.runs_running = count;
        Ok(found)
    }

    /// Looks at the runs that were told, from this id on, and says from where to go on. Where they differ, all are told anew.
    pub(super) fn audit_told(&mut self, look: &mut Look<'_>, from: i64) -> rusqlite::Result<Option<i64>> {
        if self.recount.is_wanted() {
            return Ok(None);
        }
        match compare(&self.told, look, from, &self.sql.between, |row| Ok(mark(&run_row(row)?)))? {
            Compared::Other => self.recount.want(),
            Compared::Until(next) => return Ok(Some(next)),
            Compared::Same => self.audit_the_gaps(look)?,
        }
        Ok(None)
    }

    /// Runs may have come late: their ids lie below those of the newest ones.
    fn audit_the_gaps(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let mut came = false;
        for gap in self.told.gaps(usize::MAX) {
            let last = gap.last.min(self.known.floor.saturating_sub(1));
            look.counting.each(&self.sql.down, (gap.first, last, 1), |_| {
                came = true;
                Ok(())
            })?;
        }
        if came {
            self.recount.want();
        }
        Ok(())
    }

    /// Whether it is time to tell all anew.
    pub(super) fn recounts(&self, now: Instant) -> bool {
        self.recount.is_due(now)
    }

    /// When that will be.
    pub(super) const fn recount_at(&self) -> Option<Instant> {
        self.recount.at()
    }

    /// Begins to tell all, in turns.
    pub(super) fn count(&mut self, look: &mut Look<'_>) {
        self.recount.begin();
        self.told = Coverage::owing(Stretch::ALL);
        look.update.board.runs_anew = true;
        look.update.board.runs.clear();
    }

    /// Whether runs are to be told.
    pub(super) fn owes(&self) -> bool {
        self.told.owed().is_some()
    }

    /// Tells runs as long as there is time.
    pub(super) fn work(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let (began, chunk) = (Instant::now(), look.short_chunk());
        let mut worked = false;
        while let Some((owed, _)) = self.told.owed() {
            if !look.has_time() && worked {
                break;
            }
            worked = true;
            let rows = read(&mut look.counting, &self.sql.down, (owed.first, owed.last, chunk as i64))?;
            let down_to = rows.last().filter(|_| rows.len() == chunk).map_or(owed.first, |run| run.id);
            let marks: Vec<(i64, u64)> = rows.iter().map(|run| (run.id, mark(run))).collect();
            self.told.read(owed, down_to, &marks);
            look.update.board.runs.extend(rows);
        }
        self.recount.worked(began.elapsed());
        if !self.owes() && self.recount.is_counting() {
            self.recount.end(look.now);
        }
        Ok(())
    }

    /// The newest [`BOUND`] that run; `count` becomes how many there are.
    fn running(&mut self, counting: &mut Counting<'_>) -> rusqlite::Result<Vec<RunRow>> {
        let running = read(counting, &self.sql.running, (RUNNING, BOUND as i64))?;
        self.known.count = running.len() as u64;
        if running.len() == BOUND {
            self.known.count = counting.number(&self.sql.count_running, [RUNNING])?;
        }
        Ok(running)
    }

    /// All runs from `start` on.
    fn look_from(&mut self, look: &mut Look<'_>, start: i64) -> rusqlite::Result<Found> {
        let expected = self.known.recent.range(start..).count();
        let rows = read(&mut look.counting, &self.sql.since, (start, (expected + FLOOD) as i64))?;
        let seen = rows.iter().filter(|run| self.known.recent.contains_key(&run.id)).count();
        if seen < expected || rows.len() == expected + FLOOD {
            self.recount.want();
            return Ok(Found::Lost);
        }
        for run in rows {
            self.note(run, look);
        }
        Ok(Found::Fine)
    }

    /// These runs.
    fn look_at(&mut self, look: &mut Look<'_>, ids: &[i64]) -> rusqlite::Result<Found> {
        let mut found = Found::Fine;
        let mut rows = Vec::with_capacity(ids.len());
        look.counting.by_id(&self.sql.by_id, ids, |_, row| {
            match row {
                Some(row) => rows.push(run_row(row)?),
                None => found = Found::Lost,
            }
            Ok(())
        })?;
        if found == Found::Lost {
            self.recount.want();
        }
        for run in rows {
            self.note(run, look);
        }
        Ok(found)
    }

    /// Takes in a run as it is now.
    fn note(&mut self, run: RunRow, look: &mut Look<'_>) {
        let (id, is, all_known) = (run.id, mark(&run), run.id >= self.known.floor);
        match self.known.note(run, &mut look.update) {
            Noted::Same => {}
            Noted::Other(was) => self.tell(id, Some(mark(&was)), is, all_known),
            Noted::New => self.tell(id, None, is, all_known),
        }
    }

    /// A run is told: what was known of it, where anything was, and what is now.
    fn tell(&mut self, id: i64, was: Option<u64>, is: u64, all_known: bool) {
        match (was, self.told.place(id)) {
            (_, Place::Owed) => {}
            (Some(was), _) => self.told.change(id, was, is),
            (None, Place::Gap) => self.told.add(id, is),
            (None, Place::Read) if all_known => self.told.add(id, is),
            // It was told, and nobody knows any more as what.
            (None, Place::Read) => self.recount.want(),
        }
    }
}

/// A mark of what stands in a run.
fn mark(run: &RunRow) -> u64 {
    let mut hasher = DefaultHasher::new();
    (run.id, &run.bot, &run.started_at, &run.completed_at, &run.status).hash(&mut hasher);
    for items in &run.items {
        items.to_plain().hash(&mut hasher);
    }
    hasher.finish()
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
