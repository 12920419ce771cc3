//! Following the runs on a server.

use std::{
    cmp::Reverse,
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    super::{
        Found,
        runs::{COLUMNS, KnownRuns, RUNNING},
        source::{Source, received, words},
    },
    Depth, Sets,
    gaps::{Gap, Gaps, Sums},
    list, literal,
    tally::tagged,
};
use crate::{
    db::{error::Result, server::script::Script},
    domain::{
        activity::{ActivityUpdate, RUNS, RunRow},
        schema::Schema,
        value::Value,
    },
};

/// More runs than this behind the known ones: what is known is read anew.
const MOST: usize = 300;
/// At most so many of those that run are followed, the newest; the others are counted. In the field many run for ever.
const FOLLOWED: usize = 500;
/// So many of them are looked at again in each look.
const TURN: usize = 64;
/// Runs of the first turn of those that were there before, and the most of one: each comes as it is.
const TOLD: u64 = 250;
const TOLD_MOST: u64 = 2000;

/// What is known of the runs.
#[derive(Clone)]
pub(super) struct ServerRuns {
    source: Source,
    known: KnownRuns,
    depth: Depth,
    turn: Vec<i64>,
    told: Told,
}

/// What the board was told of the runs. A run that it is told of again replaces what it knew, so that only those that are gone make a
/// new start necessary.
#[derive(Clone)]
struct Told {
    gaps: Gaps,
    sums: Sums,
    /// The highest id that was told, or is in a gap.
    highest: Option<i64>,
    wrong: bool,
    asked: Asked,
}

/// What the look that is under way asked for, of what was there before.
#[derive(Clone, Copy, Default)]
struct Asked {
    anew: bool,
    turn: Option<(Gap, u64)>,
    compares: bool,
}

impl Told {
    fn saw(&mut self, run: i64) {
        self.highest = self.highest.max(Some(run));
        if !self.gaps.contains(run) {
            self.sums.add(run);
        }
    }
}

impl ServerRuns {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "botRuns", &COLUMNS)?;
        let told = Told {
            gaps: Gaps::new(TOLD, TOLD_MOST),
            sums: Sums::default(),
            highest: None,
            wrong: true,
            asked: Asked::default(),
        };
        Some(Self { source, known: KnownRuns::default(), depth: Depth::First, turn: Vec::new(), told })
    }

    pub(super) fn ask(&mut self, depth: Depth, now: Instant, script: &mut Script) -> Result<()> {
        self.depth = depth;
        let running = format!("WHERE $3 = '{RUNNING}'");
        let those_that_run = || self.rows(THEY_RUN, &format!("{running} ORDER BY # DESC LIMIT {FOLLOWED}"));
        let mut pieces = match depth {
            Depth::First => vec![
                self.rows(NEWEST, &format!("ORDER BY # DESC LIMIT {RUNS}")),
                those_that_run(),
                self.count(RUN_NOW, &running),
            ],
            Depth::Next => {
                self.known.live.owe();
                self.turn = self.known.live.turn_of(TURN);
                let these = format!("WHERE # IN ({})", list(self.turn.iter().copied()));
                // What is as it was does not travel.
                vec![
                    self.from(self.known.window()),
                    self.rows(AGAIN, &format!("{these} AND ({})", self.differ())),
                    self.count(HERE, &these),
                ]
            }
            Depth::Audit => {
                let pieces = vec![self.from(self.known.floor), those_that_run(), self.count(RUN_NOW, &running)];
                self.turn = self.known.live.ids().collect();
                pieces
            }
        };
        if depth == Depth::First {
            // Where everything begins anew, those that ran before may have ended meanwhile: the board knows them.
            self.turn = self.known.live.ids().collect();
        }
        if depth != Depth::Next && !self.turn.is_empty() {
            let ended = format!("WHERE # IN ({}) AND $3 IS NOT '{RUNNING}'", list(self.turn.iter().copied()));
            pieces.push(self.rows(AGAIN, &ended));
        }
        self.ask_of_before(depth, now, &mut pieces);
        let pieces: Vec<String> = pieces.into_iter().map(|piece| format!("SELECT * FROM ({piece})")).collect();
        script.select(pieces.join(" UNION ALL "))
    }

    fn ask_of_before(&mut self, depth: Depth, now: Instant, pieces: &mut Vec<String>) {
        let mut asked = Asked::default();
        if self.told.wrong && self.told.gaps.may_begin(now) {
            asked.anew = true;
            self.told.gaps.begin(None);
        }
        asked.turn = self.told.gaps.turn();
        if let Some((gap, rows)) = asked.turn {
            pieces.push(self.rows(TURN_OF, &format!("{} ORDER BY # DESC LIMIT {rows}", gap.condition())));
        }
        asked.compares = depth == Depth::Audit && self.told.sums.are_due(now);
        if asked.compares {
            let nothing = "NULL, NULL, NULL, NULL, NULL, NULL, NULL";
            pieces.push(self.source.expression(&format!("{SUMS}, {}, {nothing}", Sums::columns()), ""));
        }
        self.told.asked = asked;
    }

    fn rows(&self, tag: i64, which: &str) -> String {
        self.source.expression(&format!("{tag}, #, %0, %1, %2, %3, %4, %5, %6, %7"), which)
    }

    fn count(&self, tag: i64, which: &str) -> String {
        let nothing = "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL";
        self.source.expression(&format!("{tag}, count(*), {nothing}"), which)
    }

    /// All from this id on.
    fn from(&self, start: i64) -> String {
        let most = self.known.recent.range(start..).count() + MOST;
        self.rows(NEWEST, &format!("WHERE # >= {} ORDER BY # LIMIT {most}", literal(start)))
    }

    /// The condition that a run is not as it is known to be, for those that ran when they were seen last.
    fn differ(&self) -> String {
        let as_known = self.turn.iter().filter_map(|id| {
            let items = &self.known.live.get(*id)?.items;
            let numbers = items.iter().map(|item| item.as_integer().map(literal)).collect::<Option<Vec<_>>>()?;
            Some(format!("({}, {})", literal(*id), numbers.join(", ")))
        });
        let as_known: Vec<String> = as_known.collect();
        if as_known.is_empty() {
            return "1".to_owned();
        }
        let values = as_known.join(", ");
        format!("$3 IS NOT '{RUNNING}' OR $2 IS NOT NULL OR ((#, $4, $5, $6, $7) IN (VALUES {values})) IS NOT TRUE")
    }

    pub(super) fn take(
        &mut self,
        sets: &mut Sets<'_>,
        took: Duration,
        now: Instant,
        update: &mut ActivityUpdate,
    ) -> Found {
        let sets = sets.plain();
        let newest = runs(sets, NEWEST);
        if self.told.asked.anew {
            self.told.sums.clear();
            self.told.wrong = false;
            update.board.runs_anew = true;
        }
        if self.depth == Depth::First {
            self.first(newest, sets, update);
        } else if self.next(newest, sets, update) == Found::Lost {
            self.told.wrong = true;
            return Found::Lost;
        }
        update.board.runs.extend(update.runs.iter().cloned());
        self.take_of_before(sets, took, now, update);
        Found::Fine
    }

    fn first(&mut self, newest: Vec<RunRow>, sets: &[Vec<Value>], update: &mut ActivityUpdate) {
        let before = self.told.highest;
        let came: Vec<i64> =
            newest.iter().map(|run| run.id).filter(|id| before.is_none_or(|known| *id > known)).collect();
        for id in &came {
            self.told.saw(*id);
        }
        if let (true, Some(known), Some(lowest)) = (came.len() == RUNS, before, came.iter().min()) {
            // What came while nobody knew what was known.
            self.told.gaps.add(Gap { after: Some(known), below: Some(*lowest) });
        }
        let newest_first = |mut runs: Vec<RunRow>| {
            runs.sort_by_key(|run| Reverse(run.id));
            runs
        };
        let running = newest_first(runs(sets, THEY_RUN));
        self.known.begin(newest_first(newest), running, number(sets, RUN_NOW), update);
        update.board.runs = runs(sets, AGAIN);
    }

    fn next(&mut self, newest: Vec<RunRow>, sets: &[Vec<Value>], update: &mut ActivityUpdate) -> Found {
        let again = runs(sets, AGAIN);
        if self.depth == Depth::Next {
            if number(sets, HERE) < self.turn.len() as u64
                || self.take_from(self.known.window(), newest, update) == Found::Lost
            {
                return Found::Lost;
            }
            for run in again {
                self.known.note(run, update);
            }
        } else {
            let running = runs(sets, THEY_RUN);
            let here: BTreeSet<i64> = again.iter().chain(&running).map(|run| run.id).collect();
            // Where there are more that run than were read, nothing is known of the older ones.
            let whole = running.len() < FOLLOWED;
            let oldest = running.iter().map(|run| run.id).min().unwrap_or(i64::MIN);
            let gone = self.turn.iter().any(|id| !here.contains(id) && (whole || *id >= oldest));
            if gone || self.take_from(self.known.floor, newest, update) == Found::Lost {
                return Found::Lost;
            }
            for run in again.into_iter().chain(running) {
                self.known.note(run, update);
            }
            // What was just counted is right whatever the notes made of it.
            self.known.count = number(sets, RUN_NOW);
        }
        update.runs_running = self.known.count;
        Found::Fine
    }

    fn take_from(&mut self, start: i64, rows: Vec<RunRow>, update: &mut ActivityUpdate) -> Found {
        let expected = self.known.recent.range(start..).count();
        let seen = rows.iter().filter(|run| self.known.recent.contains_key(&run.id)).count();
        if seen < expected || rows.len() == expected + MOST {
            return Found::Lost;
        }
        for run in rows {
            // Every one from here on is known, so that others are new.
            if !self.known.recent.contains_key(&run.id) {
                self.told.saw(run.id);
            }
            self.known.note(run, update);
        }
        Found::Fine
    }

    fn take_of_before(&mut self, sets: &[Vec<Value>], took: Duration, now: Instant, update: &mut ActivityUpdate) {
        let asked = self.told.asked;
        if let Some(turn) = asked.turn {
            let rows = runs(sets, TURN_OF);
            for run in &rows {
                self.told.sums.add(run.id);
                self.told.highest = self.told.highest.max(Some(run.id));
            }
            self.told.gaps.told(turn, rows.len() as u64, rows.iter().map(|run| run.id).min(), took, now);
            update.board.runs.extend(rows);
        }
        if asked.compares {
            let row = tagged(sets, SUMS).next();
            let column = |at: usize| row.and_then(|row| row.get(at)).and_then(Value::as_integer);
            let differ = self.told.sums.differ(column(1), column(2), now);
            self.told.wrong |= differ && !self.told.gaps.is_open();
        }
    }

    /// Whether it waits for more to be asked.
    pub(super) fn owes(&self, now: Instant) -> bool {
        self.told.gaps.is_open() || (self.told.wrong && self.told.gaps.may_begin(now))
    }

    /// Whether the board was told of all of them.
    pub(super) fn are_told(&self) -> bool {
        !self.told.gaps.is_open() && !self.told.wrong
    }

    /// A turn was too large: whether the next one can be smaller.
    pub(super) fn less(&mut self) -> bool {
        self.told.gaps.less()
    }
}

/// What the rows of the statement's pieces begin with.
const NEWEST: i64 = 0;
const THEY_RUN: i64 = 1;
const RUN_NOW: i64 = 2;
const AGAIN: i64 = 3;
const HERE: i64 = 4;
const TURN_OF: i64 = 5;
const SUMS: i64 = 6;

fn runs(sets: &[Vec<Value>], tag: i64) -> Vec<RunRow> {
    tagged(sets, tag).filter_map(|row| run_row(row)).collect()
}

fn number(sets: &[Vec<Value>], tag: i64) -> u64 {
    let number = tagged(sets, tag).next().and_then(|row| row.get(1)).and_then(Value::as_integer);
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

fn run_row(row: &[Value]) -> Option<RunRow> {
    Some(RunRow {
        id: row.get(1)?.as_integer()?,
        bot: words(row.get(2)).unwrap_or_default(),
        started_at: words(row.get(3)),
        completed_at: words(row.get(4)),
        status: words(row.get(5)).unwrap_or_default(),
        items: std::array::from_fn(|at| received(row.get(6 + at))),
    })
}
