//! Following the ledger: rows that come, wherever their ids lie, and counting those that were there, in turns.
//!
//! A look reads the newest known rows again (are they still the same?), asks the gaps between the ids that are known, and with what
//! time is left goes on reading what is owed: the rows that were there at the start, or those of a flood. Each row is tallied once. Rows
//! that are gone, or are others now, mean that all of it is counted anew, which is not done at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::Row;

pub(super) use super::tail::Tail;
use super::{
    Found,
    audit::{Compared, compare},
    coverage::{Coverage, Owed, Place, Stretch, Sum},
    look::{Look, Stored, mark, second},
    recount::Recount,
    source::{Source, text},
    tail::Newest,
};
use crate::domain::{
    activity::{LedgerRow, TAIL},
    bots::ReadSoFar,
    schema::Schema,
};

/// More new rows than this in one look are not shown one by one.
const FLOOD: usize = 2000;
/// Then only this many of them are.
const OF_A_FLOOD: usize = 500;
/// At most so many gaps are asked in one look.
const GAPS: usize = 64;
/// The last week, the day on which its first hour may stand in another time zone, and the one that passes while one counts.
const WEEK: Duration = Duration::from_secs(9 * 86_400);

/// The ledger's columns that are shown.
pub(super) const COLUMNS: [&str; 6] = ["botName", "action", "itemType", "itemId", "reason", "createdAt"];
/// Where a whole row has what the board counts.
const WHOLE: [usize; 3] = [1, 2, 6];
/// Where a row read for counting has it.
const THIN: [usize; 3] = [1, 2, 3];

/// What is known of the ledger.
#[derive(Clone)]
pub(super) struct Ledger {
    sql: Arc<Statements>,
    newest: Newest,
    told: Coverage,
    recount: Recount,
    week: Week,
    /// The lowest id there was when counting began.
    lowest: i64,
    read: ReadSoFar,
}

struct Statements {
    newest: String,
    between: String,
    last_between: String,
    lowest: String,
    thin_up: String,
    thin_down: String,
    /// Where there is an index of the times.
    week: Option<OfTheWeek>,
}

struct OfTheWeek {
    /// The last text that is not before this one.
    last: String,
    /// One before it.
    before: String,
    /// Rows with this very text.
    same: String,
    /// Rows before it.
    below: String,
}

/// How far the rows of the last week were counted ahead of the others.
#[derive(Clone, Debug)]
enum Week {
    /// Not yet begun.
    Next,
    /// Rows with times between these are counted by the index.
    Going { since: Stored, until: Stored, at: Stored, below: i64, rest_of_same: bool, told: Sum },
    /// They were; the others are still to be told from them.
    Done { since: Stored, until: Stored, told: Sum, met: Sum },
    /// There is nothing to be told apart.
    None,
}

/// A row that came.
struct Fresh {
    row: LedgerRow,
    second: Option<i64>,
    mark: u64,
    whole_mark: u64,
}

impl Statements {
    fn of(schema: &Schema) -> Option<Self> {
        let whole = Source::of(schema, "botLedger", &COLUMNS)?;
        let thin = Source::of(schema, "botLedger", &["botName", "action", "createdAt"])?;
        let relation = schema.catalogued("botLedger")?;
        let time = relation.column("createdAt").map(|at| relation.columns[at].name.as_str());
        let indexed = |time: &str| {
            let leads = |first: &Option<String>| first.as_deref().is_some_and(|first| first.eq_ignore_ascii_case(time));
            relation.indexes.iter().any(|index| !index.partial && index.columns.first().is_some_and(leads))
        };
        // A `+` keeps an index from being used for what stands behind it.
        let week = time.filter(|time| indexed(time)).map(|_| OfTheWeek {
            last: thin.expression("$2", "WHERE $2 >= ?1 AND $2 < x'' ORDER BY $2 DESC LIMIT 1"),
            before: thin.expression("1", "WHERE $2 < ?1 LIMIT 1"),
            same: thin.rows("WHERE $2 = ?1 AND # <= ?2 ORDER BY # DESC LIMIT ?3"),
            below: thin.rows("WHERE $2 < ?1 AND $2 >= ?2 AND +# <= ?3 ORDER BY $2 DESC, # DESC LIMIT ?4"),
        });
        Some(Self {
            newest: whole.rows("ORDER BY # DESC LIMIT ?1"),
            between: whole.rows("WHERE # >= ?1 AND # <= ?2 ORDER BY # LIMIT ?3"),
            last_between: whole.rows("WHERE # >= ?1 AND # <= ?2 ORDER BY # DESC LIMIT ?3"),
            lowest: thin.expression("min(#)", ""),
            thin_up: thin.rows("WHERE # >= ?1 AND # <= ?2 ORDER BY #"),
            thin_down: thin.expression(
                "#, $0, $1, $2, $2 >= ?4 AND $2 <= ?5",
                "WHERE # >= ?1 AND # <= ?2 ORDER BY # DESC LIMIT ?3",
            ),
            week,
        })
    }
}

impl Ledger {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        Some(Self {
            sql: Arc::new(Statements::of(schema)?),
            newest: Newest::default(),
            told: Coverage::default(),
            recount: Recount::default(),
            week: Week::None,
            lowest: 0,
            read: ReadSoFar::default(),
        })
    }

    /// The newest rows, for somebody who knows none.
    pub(super) fn first(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let rows = self.last(look)?;
        self.newest.begin(rows.iter().map(|fresh| (fresh.row.id, fresh.whole_mark)));
        if self.recount.is_begun() {
            self.told.forgive(self.newest.floor());
            for fresh in &rows {
                if self.told.place(fresh.row.id) == Place::Gap {
                    self.tell(look, fresh);
                }
            }
        }
        look.update.ledger_skipped = 0;
        look.update.ledger = rows.into_iter().map(|fresh| fresh.row).collect();
        Ok(())
    }

    /// What came since.
    pub(super) fn next(&mut self, look: &mut Look<'_>) -> rusqlite::Result<Found> {
        self.told.changed();
        let Some(mut fresh) = self.again(look, self.newest.window())? else { return Ok(Found::Lost) };
        self.ask_gaps(look, &mut fresh)?;
        self.show(look, fresh);
        Ok(Found::Fine)
    }

    /// Whether gaps were not asked since the last change.
    pub(super) const fn has_unasked(&self) -> bool {
        self.told.has_unasked()
    }

    /// Asks the gaps that had no turn.
    pub(super) fn go_on(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        if self.has_unasked() {
            let mut fresh = Vec::new();
            self.ask_gaps(look, &mut fresh)?;
            self.show(look, fresh);
        }
        Ok(())
    }

    /// Looks at every one of the newest rows: whether one was taken away, or is another now.
    pub(super) fn audit(&mut self, look: &mut Look<'_>) -> rusqlite::Result<Found> {
        // The gaps are asked once more, too, in the next looks.
        self.told.changed();
        let Some(fresh) = self.again(look, self.newest.all())? else { return Ok(Found::Lost) };
        self.show(look, fresh);
        Ok(Found::Fine)
    }

    /// Looks at the rows that were told, from this id on, and says from where to go on. Where they differ, all is counted anew.
    pub(super) fn audit_told(&mut self, look: &mut Look<'_>, from: i64) -> rusqlite::Result<Option<i64>> {
        if self.recount.is_wanted() {
            return Ok(None);
        }
        match compare(&self.told, look, from, &self.sql.thin_up, |row| mark(row, &[0, 1, 2, 3]))? {
            Compared::Other => self.recount.want(),
            Compared::Until(next) => return Ok(Some(next)),
            Compared::Same => {}
        }
        Ok(None)
    }

    /// Whether it is time to count anew.
    pub(super) fn recounts(&self, now: Instant) -> bool {
        // What a flood brought is counted as such first.
        self.recount.is_due(now) && !self.told.all_owed().any(|(_, why)| why == Owed::Came)
    }

    /// When that will be.
    pub(super) const fn recount_at(&self) -> Option<Instant> {
        self.recount.at()
    }

    /// Begins to count: the newest rows at once, the others in turns.
    pub(super) fn count(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        self.week = if self.recount.begin() { Week::Next } else { Week::None };
        look.forget_tallies();
        look.update.board.ledger_anew = true;
        let rows = self.last(look)?;
        self.newest.begin(rows.iter().map(|fresh| (fresh.row.id, fresh.whole_mark)));
        let floor = self.newest.floor();
        self.told = match floor.checked_sub(1) {
            Some(last) => Coverage::owing(Stretch { first: i64::MIN, last }),
            None => Coverage::default(),
        };
        for fresh in &rows {
            self.tell(look, fresh);
        }
        let mut lowest = 0;
        look.counting.each(&self.sql.lowest, [], |row| {
            lowest = row.get::<_, Option<i64>>(0)?.unwrap_or(0);
            Ok(())
        })?;
        self.lowest = lowest;
        self.read = ReadSoFar::default();
        Ok(())
    }

    /// Whether rows are to be counted.
    pub(super) fn owes(&self) -> bool {
        self.told.owed().is_some()
    }

    /// Counts rows as long as there is time.
    pub(super) fn work(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        let began = Instant::now();
        let mut worked = false;
        while let Some((stretch, why)) = self.told.owed() {
            if !look.has_time() && worked {
                break;
            }
            worked = true;
            match (&self.week, why) {
                (Week::Next, Owed::Old) => {
                    self.count_down(look, stretch, why)?;
                    self.begin_the_week(look)?;
                }
                (Week::Going { .. }, Owed::Old) => self.go_on_with_the_week(look, stretch)?,
                _ => self.count_down(look, stretch, why)?,
            }
        }
        self.told.tighten();
        self.recount.worked(began.elapsed());
        let owes_old = self.told.all_owed().any(|(_, why)| why == Owed::Old);
        if !owes_old && self.recount.is_counting() {
            let exact = match &self.week {
                Week::Done { told, met, .. } => told == met,
                Week::Going { .. } => false,
                Week::Next | Week::None => true,
            };
            self.week = Week::None;
            self.recount.end(look.now);
            if !exact {
                // Rows came while the week was counted, between those that were.
                self.recount.want_plainly();
            }
        }
        self.see_how_far();
        Ok(())
    }

    /// The rows in these bounds again: `None` where one is gone or another one now. Rows that came between them are told.
    fn again(&mut self, look: &mut Look<'_>, bounds: Option<(i64, i64)>) -> rusqlite::Result<Option<Vec<Fresh>>> {
        let mut fresh = Vec::new();
        let Some((first, last)) = bounds else { return Ok(Some(fresh)) };
        let expected = self.newest.count((first, last));
        let most = expected + FLOOD;
        let (mut same, mut other, mut rows) = (0, false, 0);
        let newest = &self.newest;
        look.counting.each(&self.sql.between, (first, last, most as i64), |row| {
            let row = Fresh::of(row)?;
            rows += 1;
            match newest.get(row.row.id) {
                Some(mark) if mark == row.whole_mark => same += 1,
                Some(_) => other = true,
                None => fresh.push(row),
            }
            Ok(())
        })?;
        if rows == most && same < expected && !other {
            // A flood among them: whoever asks the gaps reads it. Are they still there?
            fresh.clear();
            same = 0;
            for (id, mark) in newest.within((first, last)) {
                look.counting.each(&self.sql.between, (id, id, 1), |row| {
                    same += usize::from(Fresh::of(row)?.whole_mark == mark);
                    Ok(())
                })?;
            }
        }
        if other || same < expected {
            self.recount.want();
            return Ok(None);
        }
        for row in &fresh {
            self.tell(look, row);
        }
        Ok(Some(fresh))
    }

    /// Reads what came into the gaps between the known rows, or behind them.
    fn ask_gaps(&mut self, look: &mut Look<'_>, fresh: &mut Vec<Fresh>) -> rusqlite::Result<()> {
        for gap in self.told.gaps(GAPS) {
            let room = FLOOD.saturating_sub(fresh.len()).max(OF_A_FLOOD);
            let mut came = Vec::new();
            look.counting.each(&self.sql.between, (gap.first, gap.last, (room + 1) as i64), |row| {
                came.push(Fresh::of(row)?);
                Ok(())
            })?;
            if came.len() > room {
                came.clear();
                look.counting.each(&self.sql.last_between, (gap.first, gap.last, OF_A_FLOOD as i64), |row| {
                    came.push(Fresh::of(row)?);
                    Ok(())
                })?;
                came.reverse();
                if let Some(last) = came.first().and_then(|first| first.row.id.checked_sub(1)) {
                    self.told.owe(Stretch { first: gap.first, last }, Owed::Came);
                }
            }
            for row in &came {
                self.tell(look, row);
            }
            fresh.append(&mut came);
        }
        self.told.tighten();
        Ok(())
    }

    /// A row that was not known.
    fn tell(&mut self, look: &mut Look<'_>, fresh: &Fresh) {
        self.told.add(fresh.row.id, fresh.mark);
        look.tally_row(&fresh.row, fresh.second);
    }

    fn show(&mut self, look: &mut Look<'_>, fresh: Vec<Fresh>) {
        for fresh in &fresh {
            self.newest.remember(fresh.row.id, fresh.whole_mark);
        }
        look.update.ledger.extend(fresh.into_iter().map(|fresh| fresh.row));
        look.update.ledger.sort_by_key(|row| row.id);
    }

    /// Counts the last rows of what is owed.
    fn count_down(&mut self, look: &mut Look<'_>, owed: Stretch, why: Owed) -> rusqlite::Result<()> {
        let (since, until) = match &self.week {
            Week::Done { since, until, .. } => (Some(since.clone()), Some(until.clone())),
            Week::Next | Week::Going { .. } | Week::None => (None, None),
        };
        let chunk = look.chunk();
        let mut rows = Vec::with_capacity(chunk);
        let mut met = Sum::default();
        let sql = Arc::clone(&self.sql);
        look.each(&sql.thin_down, (owed.first, owed.last, chunk as i64, since, until), |look, row| {
            let mark = mark(row, &[0, 1, 2, 3])?;
            rows.push((row.get(0)?, mark));
            if why == Owed::Old && row.get::<_, Option<bool>>(4)?.unwrap_or(false) {
                met.add(mark);
                return Ok(());
            }
            look.tally(row, THIN)
        })?;
        let down_to = rows.last().filter(|_| rows.len() == chunk).map_or(owed.first, |(id, _)| *id);
        self.told.read(owed, down_to, &rows);
        match why {
            Owed::Came => look.update.ledger_skipped += rows.len() as u64,
            Owed::Old => {
                if let Week::Done { met: known, .. } = &mut self.week {
                    known.join(met);
                }
            }
        }
        Ok(())
    }

    /// Finds out whether the last week can be counted ahead of the rest.
    fn begin_the_week(&mut self, look: &mut Look<'_>) -> rusqlite::Result<()> {
        self.week = Week::None;
        let sql = Arc::clone(&self.sql);
        let (Some(sql), Some((owed, _))) = (&sql.week, self.told.owed()) else { return Ok(()) };
        let day = Timestamp::now().checked_sub(WEEK).unwrap_or(Timestamp::MIN).to_string();
        let since = Stored(day.as_bytes().iter().copied().take(10).collect());
        let (mut until, mut older) = (None, false);
        look.counting.each(&sql.before, [&since], |_| {
            older = true;
            Ok(())
        })?;
        look.counting.each(&sql.last, [&since], |row| {
            until = Stored::of(row, 0)?;
            Ok(())
        })?;
        if let Some(until) = until.filter(|_| older) {
            let at = until.clone();
            self.week = Week::Going { since, until, at, below: owed.last, rest_of_same: true, told: Sum::default() };
        }
        Ok(())
    }

    /// Counts rows of the last week, the newest first.
    fn go_on_with_the_week(&mut self, look: &mut Look<'_>, owed: Stretch) -> rusqlite::Result<()> {
        let sql = Arc::clone(&self.sql);
        let (Some(sql), Week::Going { since, until, at, below, rest_of_same, told }) = (&sql.week, &mut self.week)
        else {
            return Ok(());
        };
        let chunk = look.chunk();
        let mut rows = 0;
        let mut last: Option<(i64, Option<Stored>)> = None;
        let mut take = |look: &mut Look<'_>, row: &Row<'_>| {
            rows += 1;
            told.add(mark(row, &[0, 1, 2, 3])?);
            if rows == chunk {
                last = Some((row.get(0)?, Stored::of(row, 3)?));
            }
            look.tally(row, THIN)
        };
        if *rest_of_same {
            look.each(&sql.same, (&*at, *below, chunk as i64), &mut take)?;
        } else {
            look.each(&sql.below, (&*at, &*since, owed.last, chunk as i64), &mut take)?;
        }
        match (last, *rest_of_same) {
            (Some((id, text)), _) => {
                *at = text.unwrap_or_else(|| at.clone());
                // The smallest id there is has none below it.
                (*below, *rest_of_same) = (id.saturating_sub(1), id != i64::MIN);
            }
            (None, true) => *rest_of_same = false,
            (None, false) => {
                self.week = Week::Done { since: since.clone(), until: until.clone(), told: *told, met: Sum::default() };
            }
        }
        Ok(())
    }

    /// How much of it was told.
    pub(super) const fn read(&self) -> ReadSoFar {
        self.read
    }

    fn see_how_far(&mut self) {
        let rows = self.told.rows();
        let ahead = match &self.week {
            Week::Going { told, .. } => told.rows,
            Week::Done { told, met, .. } => told.rows.saturating_sub(met.rows),
            Week::Next | Week::None => 0,
        };
        let mut left: u64 = 0;
        for (stretch, _) in self.told.all_owed() {
            let first = stretch.first.max(self.lowest);
            if first <= stretch.last {
                left = left.saturating_add(stretch.last.abs_diff(first)).saturating_add(1);
            }
        }
        let all = left == 0 && !self.owes();
        let came = self.told.all_owed().any(|(_, why)| why == Owed::Came);
        let week = all || (matches!(self.week, Week::Done { .. }) && !came);
        self.read = ReadSoFar { rows: rows + ahead, of: rows.saturating_add(left.max(ahead)), week, all };
    }

    fn last(&self, look: &mut Look<'_>) -> rusqlite::Result<Vec<Fresh>> {
        let mut rows = Vec::with_capacity(TAIL);
        look.counting.each(&self.sql.newest, [TAIL as i64], |row| {
            rows.push(Fresh::of(row)?);
            Ok(())
        })?;
        rows.reverse();
        Ok(rows)
    }
}

impl Fresh {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let [bot, action, made] = WHOLE;
        Ok(Self {
            second: second(row, made)?,
            mark: mark(row, &[0, bot, action, made])?,
            whole_mark: mark(row, &[0, 1, 2, 3, 4, 5, 6])?,
            row: LedgerRow {
                id: row.get(0)?,
                bot: text(row, 1)?.unwrap_or_default(),
                action: text(row, 2)?.unwrap_or_default(),
                item_type: text(row, 3)?.unwrap_or_default(),
                item_id: text(row, 4)?.unwrap_or_default(),
                reason: text(row, 5)?,
                created_at: text(row, 6)?,
            },
        })
    }
}
