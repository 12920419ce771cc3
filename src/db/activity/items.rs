//! Following the queue in a file: how many rows have which status, action and bot, and what happens to them.
//!
//! Rows that were there are read once, in turns; after a change the newest rows and those that are open are read again. What is found
//! changed corrects the counts and is told as an event. Rows that are gone, or changed though they were finished, mean that all of it is
//! counted anew, which is not done at once.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use jiff::Timestamp;
use rusqlite::Row;

use super::{
    Occasion,
    audit::{Compared, compare},
    coverage::{Coverage, Place, Stretch},
    live::Live,
    look::{Look, mark, name, second},
    names::Names,
    queue::{STATUSES, WINDOW, changeable},
    recount::Recount,
    source::{Source, text},
};
use crate::domain::{
    activity::{QueueCounts, QueueEvent, QueueEvents},
    bots::Depth,
    schema::Schema,
};

/// At most so many new rows are read in one look.
const MOST: usize = 2000;

/// The columns, in the order in which they are read behind the id.
const COLUMNS: [&str; 6] = ["status", "action", "assignedTo", "createdBy", "createdAt", "processedAt"];
const EVERYTHING: [usize; 7] = [0, 1, 2, 3, 4, 5, 6];

/// What is known of the queue.
#[derive(Clone)]
pub(super) struct Items {
    sql: Arc<Statements>,
    groups: Arc<BTreeMap<Group, u64>>,
    /// Those that can change.
    live: Live<Item>,
    /// The newest, at most [`WINDOW`].
    recent: BTreeMap<i64, Item>,
    /// Every row from this id on is in `recent`, as far as it was read.
    floor: i64,
    /// There are more new rows than one look reads.
    more: bool,
    /// The oldest of the pending ones that are too many to be followed.
    beyond: Option<(i64, Arc<str>)>,
    told: Coverage,
    recount: Recount,
    counts: QueueCounts,
    depths: Option<Arc<[Depth]>>,
    oldest: Option<Option<String>>,
}

struct Statements {
    counts: String,
    newest: String,
    since: String,
    by_id: String,
    between: String,
    down: String,
}

/// Status, action, bot.
type Group = [Arc<str>; 3];

#[derive(Clone)]
struct Item {
    group: Group,
    made: Option<(i64, Arc<str>)>,
    done: Option<i64>,
    mark: u64,
}

impl Item {
    fn of(names: &mut Names, row: &Row<'_>) -> rusqlite::Result<Self> {
        let mut name = |column| -> rusqlite::Result<Arc<str>> {
            let name = name(names, row, column)?;
            Ok(names.name(name))
        };
        let (status, action) = (name(1)?, name(2)?);
        let bot = name(3)?;
        let bot = if bot.is_empty() { name(4)? } else { bot };
        let made = match second(row, 5)? {
            Some(second) => text(row, 5)?.map(|stored| (second, Arc::from(stored))),
            None => None,
        };
        Ok(Self { group: [status, action, bot], made, done: second(row, 6)?, mark: mark(row, &EVERYTHING)? })
    }

    fn is_open(&self) -> bool {
        changeable(&self.group[0]).is_some()
    }

    fn is_pending(&self) -> bool {
        *self.group[0] == *STATUSES[0]
    }

    fn made(&self) -> Option<i64> {
        self.made.as_ref().map(|(second, _)| *second)
    }
}

/// What happened, by the second.
#[derive(Default)]
struct Events(BTreeMap<(bool, Option<i64>), u64>);

impl Events {
    fn arrived(&mut self, second: Option<i64>) {
        *self.0.entry((false, second)).or_default() += 1;
    }

    fn finished(&mut self, second: Option<i64>) {
        *self.0.entry((true, second)).or_default() += 1;
    }

    /// A row that was not known.
    fn found(&mut self, item: &Item) {
        if item.is_open() {
            self.arrived(item.made());
        } else {
            if item.done.is_some() {
                self.arrived(item.made());
            }
            self.finished(item.done);
        }
    }

    fn tell(self, look: &mut Look<'_>) {
        look.update.board.queue_events.extend(self.0.into_iter().map(|((finished, second), rows)| QueueEvents {
            what: if finished { QueueEvent::Finished } else { QueueEvent::Arrived },
            second,
            rows,
        }));
    }
}

impl Items {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "workQueue", &COLUMNS)?;
        let sql = Statements {
            counts: source.expression("$0, count(*)", "GROUP BY $0"),
            newest: source.rows("ORDER BY # DESC LIMIT ?1"),
            since: source.rows("WHERE # >= ?1 ORDER BY # LIMIT ?2"),
            by_id: source.rows("WHERE # = ?1"),
            between: source.rows("WHERE # >= ?1 AND # <= ?2 ORDER BY #"),
            down: source.rows("WHERE # >= ?1 AND # <= ?2 ORDER BY # DESC LIMIT ?3"),
        };
        Some(Self {
            sql: Arc::new(sql),
            groups: Arc::default(),
            live: Live::default(),
            recent: BTreeMap::new(),
            floor: i64::MIN,
            more: false,
            beyond: None,
            told: Coverage::default(),
            recount: Recount::default(),
            counts: Vec::new(),
            depths: None,
            oldest: None,
        })
    }

    /// Whether rows wait to be looked at again.
    pub(super) const fn owes_looks(&self) -> bool {
        self.more || self.live.owes()
    }

    /// The counts, for somebody who knows none.
    pub(super) fn first(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        if !self.recount.is_begun() || self.owes() {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            look.counting.each(&self.sql.counts, [], |row| {
                *counts.entry(text(row, 0)?.unwrap_or_default()).or_default() += row.get::<_, i64>(1)?.max(0) as u64;
                Ok(())
            })?;
            self.counts = ordered(counts);
        }
        look.update.queue = Some(self.counts.clone());
        Ok(())
    }

    /// What came and what changed.
    pub(super) fn next(&mut self, look: &mut Look<'_>, occasion: Occasion) -> rusqlite::Result<()> {
        let mut events = Events::default();
        if occasion == Occasion::Change {
            self.live.owe();
        }
        if occasion == Occasion::Change || self.more {
            self.look_at_the_newest(look, &mut events)?;
        }
        let turn = self.live.turn_of(look.turn);
        let mut seen = Vec::with_capacity(turn.len());
        let names = &mut look.names;
        look.counting.by_id(&self.sql.by_id, &turn, |id, row| {
            seen.push((id, row.map(|row| Item::of(names, row)).transpose()?));
            Ok(())
        })?;
        for (id, item) in seen {
            self.note(id, item, &mut events);
        }
        events.tell(look);
        Ok(())
    }

    /// Looks at the rows that were counted, from this id on, and says from where to go on. Where they differ, all are counted anew.
    pub(super) fn audit_told(&mut self, look: &mut Look<'_>, from: i64) -> rusqlite::Result<Option<i64>> {
        if self.recount.is_wanted() {
            return Ok(None);
        }
        match compare(&self.told, look, from, &self.sql.between, |row| mark(row, &EVERYTHING))? {
            Compared::Other => self.recount.want(),
            Compared::Until(next) => return Ok(Some(next)),
            Compared::Same => self.audit_the_gaps(look)?,
        }
        Ok(None)
    }

    /// Rows may have come late: their ids lie below those of the newest rows.
    fn audit_the_gaps(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let mut came = false;
        for gap in self.told.gaps(usize::MAX) {
            let last = gap.last.min(self.floor.saturating_sub(1));
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

    /// Whether it is time to count anew.
    pub(super) fn recounts(&self, now: Instant) -> bool {
        self.recount.is_due(now)
    }

    /// When that will be.
    pub(super) const fn recount_at(&self) -> Option<Instant> {
        self.recount.at()
    }

    /// Begins to count: the newest rows at once, the others in turns.
    pub(super) fn count(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        self.recount.begin();
        self.live.clear();
        self.recent.clear();
        self.groups = Arc::default();
        (self.beyond, self.more) = (None, false);
        self.told = Coverage::default();
        look.update.board.queue_anew = true;
        look.update.board.queue_events.clear();
        let mut newest = Vec::with_capacity(WINDOW);
        let names = &mut look.names;
        look.counting.each(&self.sql.newest, [WINDOW as i64], |row| {
            newest.push((row.get(0)?, Item::of(names, row)?));
            Ok(())
        })?;
        let whole = newest.len() < WINDOW;
        self.floor = newest.last().filter(|_| !whole).map_or(i64::MIN, |(id, _)| *id);
        let mut events = Events::default();
        for (id, item) in newest {
            self.note(id, Some(item), &mut events);
        }
        if !whole && let Some(last) = self.floor.checked_sub(1) {
            self.told.owe(Stretch { first: i64::MIN, last }, super::coverage::Owed::Old);
        }
        events.tell(look);
        Ok(())
    }

    /// Whether rows are to be counted.
    pub(super) fn owes(&self) -> bool {
        self.told.owed().is_some()
    }

    /// Counts rows as long as there is time.
    pub(super) fn work(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let (began, chunk) = (Instant::now(), look.short_chunk());
        let mut events = Events::default();
        let mut worked = false;
        while let Some((owed, _)) = self.told.owed() {
            if !look.has_time() && worked {
                break;
            }
            worked = true;
            let mut rows = Vec::with_capacity(chunk);
            let names = &mut look.names;
            look.counting.each(&self.sql.down, (owed.first, owed.last, chunk as i64), |row| {
                rows.push((row.get(0)?, Item::of(names, row)?));
                Ok(())
            })?;
            let down_to = rows.last().filter(|_| rows.len() == chunk).map_or(owed.first, |(id, _)| *id);
            let marks: Vec<(i64, u64)> = rows.iter().map(|(id, item)| (*id, item.mark)).collect();
            self.told.read(owed, down_to, &marks);
            for (id, item) in rows {
                self.count_in(&item);
                events.found(&item);
                if item.is_open() {
                    self.follow(id, item);
                }
            }
        }
        events.tell(look);
        self.recount.worked(began.elapsed());
        if !self.owes() && self.recount.is_counting() {
            self.recount.end(look.now);
        }
        if !self.owes() {
            self.tell_counts(look);
        }
        Ok(())
    }

    /// What is counted, where it is news.
    fn tell_counts(&mut self, look: &mut Look<'_>) {
        let depths: Arc<[Depth]> = (self.groups.iter())
            .map(|([status, action, bot], rows)| Depth {
                status: Arc::clone(status),
                action: Arc::clone(action),
                bot: Arc::clone(bot),
                rows: *rows,
            })
            .collect();
        if self.depths.as_ref() != Some(&depths) {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for depth in depths.iter() {
                *counts.entry(depth.status.to_string()).or_default() += depth.rows;
            }
            let counts = ordered(counts);
            if counts != self.counts {
                self.counts.clone_from(&counts);
                look.update.queue = Some(counts);
            }
            look.update.board.queue = Some(Arc::clone(&depths));
            self.depths = Some(depths);
        }
        let pending = self.live.rows().filter(|item| item.is_pending()).filter_map(|item| item.made.as_ref());
        let oldest = pending.chain(&self.beyond).min_by_key(|(second, _)| *second);
        let oldest = oldest.map(|(_, stored)| stored.to_string());
        if self.oldest.as_ref() != Some(&oldest) {
            self.oldest = Some(oldest.clone());
            look.update.board.oldest_pending = Some(oldest);
        }
    }

    fn look_at_the_newest(&mut self, look: &mut Look<'_>, events: &mut Events) -> rusqlite::Result<()> {
        let most = self.recent.len() + MOST;
        let mut seen = Vec::new();
        let names = &mut look.names;
        look.counting.each(&self.sql.since, (self.floor, most as i64), |row| {
            seen.push((row.get(0)?, Item::of(names, row)?));
            Ok(())
        })?;
        self.more = seen.len() == most;
        let here: std::collections::BTreeSet<i64> = seen.iter().map(|(id, _)| *id).collect();
        let up_to = seen.last().map_or(i64::MAX, |(id, _)| if self.more { *id } else { i64::MAX });
        let gone: Vec<i64> = self.recent.range(..=up_to).map(|(id, _)| *id).filter(|id| !here.contains(id)).collect();
        for id in gone {
            self.note(id, None, events);
        }
        for (id, item) in seen {
            self.note(id, Some(item), events);
        }
        self.told.tighten();
        Ok(())
    }

    /// Takes in a row as it is now, `None` where it is gone.
    fn note(&mut self, id: i64, item: Option<Item>, events: &mut Events) {
        let known = self.recent.get(&id).or_else(|| self.live.get(id)).cloned();
        match (&known, &item) {
            (Some(was), Some(is)) if was.mark == is.mark => return,
            (None, None) => return,
            (Some(was), Some(is)) => {
                self.told.change(id, was.mark, is.mark);
                self.count_out(was);
                self.count_in(is);
                self.changed(was, is, events);
            }
            (Some(was), None) => {
                self.told.remove(id, was.mark);
                self.count_out(was);
                // What was told of it stays told until then.
                self.recount.want();
            }
            (None, Some(is)) => {
                match self.told.place(id) {
                    Place::Owed => return,
                    Place::Read if id < self.floor => {
                        self.recount.want();
                        return;
                    }
                    Place::Gap | Place::Read => self.told.add(id, is.mark),
                }
                self.count_in(is);
                events.found(is);
            }
        }
        self.live.remove(id);
        self.recent.remove(&id);
        let Some(item) = item else { return };
        if id >= self.floor {
            self.recent.insert(id, item.clone());
            while self.recent.len() > WINDOW {
                self.recent.pop_first();
                self.floor = self.recent.keys().next().copied().unwrap_or(i64::MIN);
            }
        }
        if item.is_open() {
            self.follow(id, item);
        }
    }

    /// Tells what happened to a row.
    fn changed(&mut self, was: &Item, is: &Item, events: &mut Events) {
        let seen = || Timestamp::now().as_second();
        match (was.is_open(), is.is_open()) {
            (true, false) => events.finished(Some(is.done.unwrap_or_else(seen))),
            (false, true) => events.arrived(Some(seen())),
            (true, true) if was.made() == is.made() => {}
            (false, false) if (was.made(), was.done) == (is.made(), is.done) => {}
            // Its times are others now: what was told of it is not so any more.
            (true, true) | (false, false) => self.recount.want(),
        }
    }

    fn follow(&mut self, id: i64, item: Item) {
        if let Some(gone) = self.live.insert(id, item).filter(Item::is_pending)
            && let Some(made) = gone.made
            && self.beyond.as_ref().is_none_or(|(oldest, _)| made.0 < *oldest)
        {
            self.beyond = Some(made);
        }
    }

    fn count_in(&mut self, item: &Item) {
        *Arc::make_mut(&mut self.groups).entry(item.group.clone()).or_default() += 1;
    }

    fn count_out(&mut self, item: &Item) {
        let groups = Arc::make_mut(&mut self.groups);
        if let Some(rows) = groups.get_mut(&item.group) {
            *rows -= 1;
            if *rows == 0 {
                groups.remove(&item.group);
            }
        }
    }
}

/// The counts in the order in which they are shown.
fn ordered(counts: BTreeMap<String, u64>) -> QueueCounts {
    let mut counts: QueueCounts = counts.into_iter().filter(|(_, rows)| *rows > 0).collect();
    let place = |status: &str| STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
    counts.sort_by(|one, other| (place(&one.0), &one.0).cmp(&(place(&other.0), &other.0)));
    counts
}
