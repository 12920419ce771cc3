//! Following the runs on a server.

use std::collections::BTreeSet;

use super::{
    super::{
        Found,
        runs::{COLUMNS, KnownRuns, RUNNING},
        source::{Source, received, words},
    },
    Depth, Sets, list, literal,
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

/// What is known of the runs.
#[derive(Clone)]
pub(super) struct ServerRuns {
    source: Source,
    known: KnownRuns,
    depth: Depth,
    turn: Vec<i64>,
}

impl ServerRuns {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "botRuns", &COLUMNS)?;
        Some(Self { source, known: KnownRuns::default(), depth: Depth::First, turn: Vec::new() })
    }

    pub(super) fn ask(&mut self, depth: Depth, script: &mut Script) -> Result<()> {
        self.depth = depth;
        let running = format!("WHERE $3 = '{RUNNING}'");
        let those_that_run = format!("{running} ORDER BY # DESC LIMIT {FOLLOWED}");
        match depth {
            Depth::First => {
                script.select(self.source.heads(&format!("ORDER BY # DESC LIMIT {RUNS}")))?;
                script.select(self.source.heads(&those_that_run))?;
                script.select(self.source.expression("count(*)", &running))
            }
            Depth::Next => {
                self.known.live.owe();
                self.turn = self.known.live.turn_of(TURN);
                self.ask_from(self.known.window(), script)?;
                script.select(self.source.heads(&format!("WHERE # IN ({})", list(self.turn.iter().copied()))))
            }
            Depth::Audit => {
                self.turn = self.known.live.ids().collect();
                self.ask_from(self.known.floor, script)?;
                let ended = format!("WHERE # IN ({}) AND $3 IS NOT '{RUNNING}'", list(self.turn.iter().copied()));
                script.select(self.source.heads(&ended))?;
                script.select(self.source.heads(&those_that_run))?;
                script.select(self.source.expression("count(*)", &running))
            }
        }
    }

    fn ask_from(&self, start: i64, script: &mut Script) -> Result<()> {
        let most = self.known.recent.range(start..).count() + MOST;
        script.select(self.source.heads(&format!("WHERE # >= {} ORDER BY # LIMIT {most}", literal(start))))
    }

    pub(super) fn take(&mut self, sets: &mut Sets<'_>, update: &mut ActivityUpdate) -> Found {
        let newest = sets.rows(run_row);
        match self.depth {
            Depth::First => {
                let running = sets.rows(run_row);
                let [count] = sets.numbers();
                self.known.begin(newest, running, count, update);
                return Found::Fine;
            }
            Depth::Next => {
                let again = sets.rows(run_row);
                if again.len() < self.turn.len() || self.take_from(self.known.window(), newest, update) == Found::Lost {
                    return Found::Lost;
                }
                for run in again {
                    self.known.note(run, update);
                }
            }
            Depth::Audit => {
                let ended = sets.rows(run_row);
                let running = sets.rows(run_row);
                let [count] = sets.numbers();
                let here: BTreeSet<i64> = ended.iter().chain(&running).map(|run| run.id).collect();
                // Where there are more that run than were read, nothing is known of the older ones.
                let whole = running.len() < FOLLOWED;
                let oldest = running.last().map_or(i64::MIN, |run| run.id);
                let gone = self.turn.iter().any(|id| !here.contains(id) && (whole || *id >= oldest));
                if gone || self.take_from(self.known.floor, newest, update) == Found::Lost {
                    return Found::Lost;
                }
                for run in ended.into_iter().chain(running) {
                    self.known.note(run, update);
                }
                // What was just counted is right whatever the notes made of it.
                self.known.count = count;
            }
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
            self.known.note(run, update);
        }
        Found::Fine
    }
}

fn run_row(id: i64, row: &[Value]) -> RunRow {
    RunRow {
        id,
        bot: words(row.get(1)).unwrap_or_default(),
        started_at: words(row.get(2)),
        completed_at: words(row.get(3)),
        status: words(row.get(4)).unwrap_or_default(),
        items: std::array::from_fn(|at| received(row.get(5 + at))),
    }
}
