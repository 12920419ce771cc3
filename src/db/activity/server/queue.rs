//! Following the queue on a server.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    super::{
        queue::{KnownQueue, STATUSES, WINDOW, changeable},
        source::{Source, words},
    },
    Depth, Sets, list, literal,
};
use crate::{
    db::{error::Result, server::script::Script},
    domain::{activity::QueueCounts, schema::Schema, value::Value},
};

/// A queue of so many rows at most is counted at every look: its statuses are in an index, and nothing simpler is right.
const SMALL: u64 = 2000;
/// More rows than this behind the known ones: the table is counted again.
const MOST: usize = 300;
/// At most so many of the rows that can change are followed.
const FOLLOWED: usize = 500;
/// So many of them are looked at again in each look.
const TURN: usize = 64;
/// How long a count of a large queue stays good, at least, and for each of its rows: who owns the server pays for every row.
const GOOD: Duration = Duration::from_secs(60);
const GOOD_FOR_A_ROW: Duration = Duration::from_millis(5);

/// What is known of the queue.
#[derive(Clone)]
pub(super) struct ServerQueue {
    source: Source,
    known: KnownQueue,
    /// When the whole table is counted again; `None` as long as it is small.
    recount_at: Option<Instant>,
    asked: Asked,
}

/// What the look that is under way asked for.
#[derive(Clone)]
enum Asked {
    /// The counts of the whole table.
    All { first: bool },
    /// The newest rows, and these.
    Some(Vec<i64>),
}

impl ServerQueue {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "workQueue", &["status"])?;
        Some(Self { source, known: KnownQueue::default(), recount_at: None, asked: Asked::All { first: true } })
    }

    pub(super) fn ask(&mut self, depth: Depth, now: Instant, script: &mut Script) -> Result<()> {
        let first = depth == Depth::First;
        if !first && self.recount_at.is_some_and(|at| at > now) {
            self.known.live.owe();
            let turn = self.known.live.turn_of(TURN);
            let newest = format!("WHERE # >= {} ORDER BY # LIMIT {}", literal(self.known.floor), WINDOW + MOST);
            script.select(self.source.heads(&newest))?;
            script.select(self.source.heads(&format!("WHERE # IN ({})", list(turn.iter().copied()))))?;
            self.asked = Asked::Some(turn);
            return Ok(());
        }
        self.asked = Asked::All { first };
        let [pending, processing, ..] = STATUSES;
        script.select(self.source.expression("%0, count(*)", "GROUP BY $0"))?;
        script.select(
            self.source.heads(&format!("WHERE $0 IN ('{pending}', '{processing}') ORDER BY # DESC LIMIT {FOLLOWED}")),
        )?;
        script.select(self.source.heads(&format!("ORDER BY # DESC LIMIT {WINDOW}")))
    }

    /// The counts where they are news.
    pub(super) fn take(&mut self, sets: &mut Sets<'_>, now: Instant) -> Option<QueueCounts> {
        match std::mem::replace(&mut self.asked, Asked::Some(Vec::new())) {
            Asked::All { first } => {
                self.count(sets, now);
                if first { Some(self.known.tell()) } else { self.known.news() }
            }
            Asked::Some(turn) => {
                let newest = sets.rows(status_row);
                let mut again: BTreeMap<i64, String> = sets.rows(status_row).into_iter().collect();
                if newest.len() == WINDOW + MOST {
                    // So many at once: the next look counts.
                    self.recount_at = None;
                    return None;
                }
                self.known.look_at_the_newest(newest);
                for id in turn {
                    let status = again.remove(&id);
                    self.known.note(id, status);
                }
                self.known.news()
            }
        }
    }

    fn count(&mut self, sets: &mut Sets<'_>, now: Instant) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for row in sets.plain() {
            let rows = row.get(1).and_then(Value::as_integer).and_then(|rows| u64::try_from(rows).ok());
            *counts.entry(words(row.first()).unwrap_or_default()).or_default() += rows.unwrap_or(0);
        }
        let can_change = sets.rows(status_row);
        let newest = sets.rows(status_row);
        let can_change = can_change.into_iter().filter_map(|(id, status)| Some((id, changeable(&status)?)));
        self.known.begin(counts, can_change, newest.into_iter().collect());
        let rows = self.known.total();
        let good = || GOOD.max(GOOD_FOR_A_ROW.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX)));
        self.recount_at = (rows > SMALL).then(|| now + good());
    }
}

fn status_row(id: i64, row: &[Value]) -> (i64, String) {
    (id, words(row.get(1)).unwrap_or_default())
}
