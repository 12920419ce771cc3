//! Following the queue: how many rows have which status, corrected by the rows that can change.

use std::collections::BTreeMap;

use super::{
    Occasion,
    live::{BOUND, Live},
    source::{Counting, Source, text},
};
use crate::domain::{activity::QueueCounts, schema::Schema};

/// How many of the newest known rows are looked at again each time, done or not.
pub(super) const WINDOW: usize = 8;
/// More new rows than this at once: they are counted, not read.
const FLOOD: usize = 2000;
/// The documented statuses in their order; the first two can change.
pub(super) const STATUSES: [&str; 4] = ["pending", "processing", "completed", "failed"];

/// What is known of the queue.
#[derive(Clone)]
pub(super) struct Queue {
    since: String,
    by_id: String,
    changeable: String,
    recount: String,
    newest: String,
    known: KnownQueue,
}

/// What is known of the queue, wherever it was read.
#[derive(Clone)]
pub(super) struct KnownQueue {
    counts: BTreeMap<String, u64>,
    /// Those that can change, at most [`BOUND`], with their status.
    pub(super) live: Live<&'static str>,
    /// The newest, at most [`WINDOW`], with their status.
    pub(super) recent: BTreeMap<i64, String>,
    /// Every row from this id on is in `recent`.
    pub(super) floor: i64,
    told: QueueCounts,
}

impl Default for KnownQueue {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            live: Live::default(),
            recent: BTreeMap::new(),
            floor: i64::MIN,
            told: Vec::new(),
        }
    }
}

impl KnownQueue {
    /// Begins with the counts of the whole table, the rows that can change, and the newest ones, of which [`WINDOW`] were asked for.
    pub(super) fn begin(
        &mut self,
        counts: BTreeMap<String, u64>,
        can_change: impl IntoIterator<Item = (i64, &'static str)>,
        newest: BTreeMap<i64, String>,
    ) {
        self.live.clear();
        for (id, status) in can_change {
            self.live.insert(id, status);
        }
        self.floor = if newest.len() == WINDOW { newest.keys().next().copied().unwrap_or(i64::MIN) } else { i64::MIN };
        (self.counts, self.recent) = (counts, newest);
    }

    /// The rows from the first of the newest known ones on, as they are now.
    pub(super) fn look_at_the_newest(&mut self, rows: Vec<(i64, String)>) {
        let gone: Vec<i64> = {
            let here: std::collections::BTreeSet<i64> = rows.iter().map(|(id, _)| *id).collect();
            self.recent.keys().copied().filter(|id| !here.contains(id)).collect()
        };
        for id in gone {
            self.note(id, None);
        }
        for (id, status) in rows {
            self.note(id, Some(status));
        }
    }

    /// All rows.
    pub(super) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Takes in a row as it is now, `None` where it is gone.
    pub(super) fn note(&mut self, id: i64, status: Option<String>) {
        let known = self.recent.get(&id).map(String::as_str).or_else(|| self.live.get(id).copied());
        if known == status.as_deref() {
            return;
        }
        if let Some(count) = known.and_then(|known| self.counts.get_mut(known)) {
            *count = count.saturating_sub(1);
        }
        self.live.remove(id);
        self.recent.remove(&id);
        let Some(status) = status else { return };
        *self.counts.entry(status.clone()).or_default() += 1;
        if let Some(status) = changeable(&status) {
            self.live.insert(id, status);
        }
        if id >= self.floor {
            self.recent.insert(id, status);
            while self.recent.len() > WINDOW {
                self.recent.pop_first();
                self.floor = self.recent.keys().next().copied().unwrap_or(i64::MIN);
            }
        }
    }

    /// The counts where they are others than those told last.
    pub(super) fn news(&mut self) -> Option<QueueCounts> {
        let counts = self.ordered();
        if counts == self.told {
            return None;
        }
        self.told.clone_from(&counts);
        Some(counts)
    }

    /// The counts, which are told with this.
    pub(super) fn tell(&mut self) -> QueueCounts {
        self.told = self.ordered();
        self.told.clone()
    }

    fn ordered(&self) -> QueueCounts {
        let mut counts: QueueCounts = self
            .counts
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(status, count)| (status.clone(), *count))
            .collect();
        let place = |status: &str| STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        counts.sort_by(|one, other| (place(&one.0), &one.0).cmp(&(place(&other.0), &other.0)));
        counts
    }
}

impl Queue {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "workQueue", &["status"])?;
        Some(Self {
            since: source.rows("WHERE # >= ?1 ORDER BY # LIMIT ?2"),
            by_id: source.rows("WHERE # = ?1"),
            changeable: source.rows("WHERE $0 IN (?1, ?2) LIMIT ?3"),
            recount: source.expression("$0, count(*)", "GROUP BY $0"),
            newest: source.rows("ORDER BY # DESC LIMIT ?1"),
            known: KnownQueue::default(),
        })
    }

    /// Whether rows wait to be looked at again.
    pub(super) const fn owes(&self) -> bool {
        self.known.live.owes()
    }

    /// The counts from the whole table.
    pub(super) fn first(&mut self, counting: &mut Counting<'_>) -> rusqlite::Result<QueueCounts> {
        self.recount(counting)?;
        Ok(self.known.tell())
    }

    /// Corrects the counts; `None` where they are as they were.
    pub(super) fn next(
        &mut self,
        counting: &mut Counting<'_>,
        occasion: Occasion,
    ) -> rusqlite::Result<Option<QueueCounts>> {
        if occasion == Occasion::Change {
            self.known.live.owe();
            if !self.look_at_the_newest(counting)? {
                self.recount(counting)?;
                return Ok(self.known.news());
            }
        }
        let turn = self.known.live.turn();
        let mut seen = Vec::with_capacity(turn.len());
        counting.by_id(&self.by_id, &turn, |id, row| {
            seen.push((id, row.map(|row| text(row, 1)).transpose()?.map(Option::unwrap_or_default)));
            Ok(())
        })?;
        for (id, status) in seen {
            self.known.note(id, status);
        }
        Ok(self.known.news())
    }

    /// Counts the whole table again; `None` where the counts were right.
    pub(super) fn audit(&mut self, counting: &mut Counting<'_>) -> rusqlite::Result<Option<QueueCounts>> {
        self.recount(counting)?;
        Ok(self.known.news())
    }

    /// False where too many came at once.
    fn look_at_the_newest(&mut self, counting: &mut Counting<'_>) -> rusqlite::Result<bool> {
        let mut seen = Vec::new();
        counting.each(&self.since, (self.known.floor, (WINDOW + FLOOD) as i64), |row| {
            seen.push((row.get(0)?, text(row, 1)?.unwrap_or_default()));
            Ok(())
        })?;
        let all = seen.len() < WINDOW + FLOOD;
        if all {
            self.known.look_at_the_newest(seen);
        }
        Ok(all)
    }

    fn recount(&mut self, counting: &mut Counting<'_>) -> rusqlite::Result<()> {
        let (mut counts, mut recent) = (BTreeMap::new(), BTreeMap::new());
        counting.each(&self.recount, [], |row| {
            *counts.entry(text(row, 0)?.unwrap_or_default()).or_default() += row.get::<_, i64>(1)?.max(0) as u64;
            Ok(())
        })?;
        let mut can_change = Vec::new();
        counting.each(&self.changeable, (STATUSES[0], STATUSES[1], BOUND as i64), |row| {
            if let Some(status) = text(row, 1)?.as_deref().and_then(changeable) {
                can_change.push((row.get(0)?, status));
            }
            Ok(())
        })?;
        counting.each(&self.newest, [WINDOW as i64], |row| {
            recent.insert(row.get(0)?, text(row, 1)?.unwrap_or_default());
            Ok(())
        })?;
        self.known.begin(counts, can_change, recent);
        Ok(())
    }
}

/// The status, where a row that has it can still change.
pub(super) fn changeable(status: &str) -> Option<&'static str> {
    STATUSES[..2].iter().copied().find(|known| *known == status)
}
