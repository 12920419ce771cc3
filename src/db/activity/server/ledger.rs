//! Following the ledger on a server.
//!
//! One statement gives all of a look, so that its pieces see the same rows: those that came, the rest of a flood in groups, those that
//! came late among the known ones, and a turn of what was there before ([`Told`]).

use std::time::{Duration, Instant};

use super::{
    super::{
        Found,
        ledger::{COLUMNS, Tail},
        source::{Source, words},
    },
    Depth, Sets,
    gaps::Gap,
    list, literal,
    tally::{CAME, COUNTED, FLOOD, LAST, LATE, Told, groups, tagged},
};
use crate::{
    db::{error::Result, server::script::Script},
    domain::{
        activity::{ActivityUpdate, LedgerRow, TAIL},
        bots::ReadSoFar,
        schema::Schema,
        value::Value,
    },
};

/// At most so many new rows are read in one look; the others are counted.
const MOST: usize = 200;
/// At most so many of the others are counted in the same look; what is left has its turn after it.
const COUNT: u64 = 50_000;
/// More rows than this that came late: what is known is read anew.
const LATE_MOST: usize = 200;

/// What is known of the ledger.
#[derive(Clone)]
pub(super) struct ServerLedger {
    source: Source,
    /// The expression of the time, where an index finds it.
    dated: Option<&'static str>,
    tail: Tail,
    /// The last known row.
    last: Option<LedgerRow>,
    pub(super) told: Told,
    asked: Asked,
}

/// What the look that is under way asked for.
#[derive(Clone, Copy)]
enum Asked {
    /// The newest rows.
    Newest,
    /// What came behind the last known row, if there is one, and what is different from this id on.
    Since(Option<(i64, i64)>),
}

impl ServerLedger {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let source = Source::of(schema, "botLedger", &COLUMNS)?;
        let relation = schema.catalogued("botLedger")?;
        let indexed = relation.column("createdAt").is_some_and(|column| {
            let name = &relation.columns[column].name;
            let first = |columns: &[Option<String>]| columns.first().and_then(Option::as_ref) == Some(name);
            relation.indexes.iter().any(|index| !index.partial && first(&index.columns))
        });
        Some(Self {
            source,
            dated: indexed.then_some("$5"),
            tail: Tail::default(),
            last: None,
            told: Told::new(),
            asked: Asked::Newest,
        })
    }

    pub(super) fn ask(&mut self, depth: Depth, day: &str, now: Instant, script: &mut Script) -> Result<()> {
        let known = self.tail.known.last().copied().filter(|_| depth != Depth::First);
        let mut pieces = Vec::new();
        let behind = known.map_or_else(String::new, |last| format!("WHERE # > {}", literal(last)));
        let most = if depth == Depth::First { TAIL } else { MOST };
        pieces.push(self.rows(CAME, &format!("{behind} ORDER BY # DESC LIMIT {most}")));
        if depth == Depth::First {
            self.asked = Asked::Newest;
        } else {
            pieces.extend(self.rest(known, &behind, depth, day));
        }
        // What is known of an empty table is that all of its rows are to come.
        let last = if depth == Depth::First { None } else { known.or(Some(i64::MIN)) };
        pieces.extend(self.told.ask(&self.source, self.dated, last, day, now, depth == Depth::Audit));
        // A piece with an order and a limit has to be in brackets.
        let pieces: Vec<String> = pieces.into_iter().map(|piece| format!("SELECT * FROM ({piece})")).collect();
        script.select(pieces.join(" UNION ALL "))
    }

    /// Beside the rows that came: how many came, the rest of them in groups, and what is different in what was known.
    fn rest(&mut self, known: Option<i64>, behind: &str, depth: Depth, day: &str) -> Vec<String> {
        let count = |what: &str, among: &str| {
            self.source.expression(&format!("{COUNTED}, {what}, count(*), NULL, NULL, NULL, NULL, NULL"), among)
        };
        let before_these = self.source.expression("#", &format!("{behind} ORDER BY # DESC LIMIT 1 OFFSET {MOST}"));
        let and = if behind.is_empty() { "WHERE" } else { "AND" };
        let skipped = format!("{behind} {and} # <= ({before_these})");
        let mut pieces = vec![count("0", behind), groups(&self.source, FLOOD, &skipped, COUNT, day)];
        let Some(last) = known else {
            self.asked = Asked::Since(None);
            return pieces;
        };
        let start = if depth == Depth::Audit { self.tail.floor } else { self.tail.window() };
        self.asked = Asked::Since(Some((start, last)));
        let within = format!("WHERE # >= {} AND # <= {}", literal(start), literal(last));
        let known = list(self.tail.known.range(start..).copied());
        pieces.push(count("1", &within));
        pieces.push(self.rows(LATE, &format!("{within} AND # NOT IN ({known}) ORDER BY # LIMIT {}", LATE_MOST + 1)));
        pieces.push(self.rows(LAST, &format!("WHERE # = {}", literal(last))));
        pieces
    }

    fn rows(&self, tag: i64, which: &str) -> String {
        self.source.expression(&format!("{tag}, #, %0, %1, %2, %3, %4, %5"), which)
    }

    pub(super) fn take(
        &mut self,
        sets: &mut Sets<'_>,
        took: Duration,
        now: Instant,
        update: &mut ActivityUpdate,
    ) -> Found {
        let sets = sets.plain();
        let mut came: Vec<LedgerRow> = tagged(sets, CAME).filter_map(|row| ledger_row(row)).collect();
        came.sort_by_key(|row| row.id);
        came.dedup_by_key(|row| row.id);
        let mut late: Vec<LedgerRow> = tagged(sets, LATE).filter_map(|row| ledger_row(row)).collect();
        let first = matches!(self.asked, Asked::Newest);
        if let Asked::Since(known) = self.asked {
            if known.is_some_and(|(start, _)| self.is_lost(start, &late, sets)) {
                self.told.is_wrong();
                return Found::Lost;
            }
            if came.len() == MOST {
                update.ledger_skipped = counted(sets, 0).saturating_sub(MOST as u64);
            }
        }
        self.told.begin(sets, update);
        let highest = self.told.highest.filter(|_| first);
        for row in late.iter().chain(&came).filter(|row| highest.is_none_or(|highest| row.id > highest)) {
            self.told.saw(row, update);
        }
        let flood = self.told.take_groups(sets, FLOOD, update);
        let lowest = came.first().map(|row| row.id);
        if first {
            self.tail.begin(&came);
            if let (Some(highest), Some(lowest)) = (highest, lowest.filter(|_| came.len() == TAIL))
                && lowest > highest
            {
                // What came while nobody knew what was known.
                self.told.gaps.add(Gap { after: Some(highest), below: lowest.into() });
            }
        } else if update.ledger_skipped > 0 {
            if flood.rows < update.ledger_skipped {
                let Asked::Since(known) = self.asked else { return Found::Lost };
                let below = flood.least.or(lowest);
                self.told.gaps.add(Gap { after: known.map(|(_, last)| last), below });
            }
            self.tail.leap(&came);
        } else {
            self.tail.remember(&late);
        }
        self.told.take_turn(sets, took, now, update);
        self.told.compare(sets, now);
        if first {
            self.last = came.last().cloned();
        } else {
            self.tail.remember(&came);
            self.last = came.last().cloned().or(self.last.take());
        }
        late.append(&mut came);
        update.ledger = late;
        Found::Fine
    }

    /// Whether rows that were known are gone, or others stand in their place.
    fn is_lost(&self, start: i64, late: &[LedgerRow], sets: &[Vec<Value>]) -> bool {
        let expected = (self.tail.known.range(start..).count() + late.len()) as u64;
        let last = tagged(sets, LAST).find_map(|row| ledger_row(row));
        counted(sets, 1) < expected || late.len() > LATE_MOST || last != self.last
    }

    /// How much of the ledger was told.
    pub(super) fn read(&self) -> ReadSoFar {
        self.told.read()
    }
}

/// What this count of the look came to.
fn counted(sets: &[Vec<Value>], which: i64) -> u64 {
    let numbers = |row: &Vec<Value>| Some((row.get(1)?.as_integer()?, row.get(2)?.as_integer()?));
    let count = tagged(sets, COUNTED).filter_map(numbers).find(|(this, _)| *this == which);
    count.and_then(|(_, count)| u64::try_from(count).ok()).unwrap_or(0)
}

fn ledger_row(row: &[Value]) -> Option<LedgerRow> {
    Some(LedgerRow {
        id: row.get(1)?.as_integer()?,
        bot: words(row.get(2)).unwrap_or_default(),
        action: words(row.get(3)).unwrap_or_default(),
        item_type: words(row.get(4)).unwrap_or_default(),
        item_id: words(row.get(5)).unwrap_or_default(),
        reason: words(row.get(6)),
        created_at: words(row.get(7)),
    })
}
