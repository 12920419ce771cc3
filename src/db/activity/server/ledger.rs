//! Following the ledger on a server.

use super::{
    super::{
        Found,
        ledger::{COLUMNS, Tail},
        source::{Source, words},
    },
    Depth, Sets, list, literal,
};
use crate::{
    db::{error::Result, server::script::Script},
    domain::{
        activity::{ActivityUpdate, LedgerRow, TAIL},
        schema::Schema,
        value::Value,
    },
};

/// At most so many new rows are read in one look; the others are counted.
const MOST: usize = 200;
/// More rows than this that came late: what is known is read anew.
const LATE: usize = 200;

/// What is known of the ledger.
#[derive(Clone)]
pub(super) struct ServerLedger {
    source: Source,
    tail: Tail,
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
        Some(Self { source, tail: Tail::default(), asked: Asked::Newest })
    }

    pub(super) fn ask(&mut self, depth: Depth, script: &mut Script) -> Result<()> {
        if depth == Depth::First {
            self.asked = Asked::Newest;
            return script.select(self.source.heads(&format!("ORDER BY # DESC LIMIT {TAIL}")));
        }
        let Some(last) = self.tail.known.last().copied() else {
            self.asked = Asked::Since(None);
            script.select(self.source.heads(&format!("ORDER BY # DESC LIMIT {MOST}")))?;
            return script.select(self.source.expression("count(*)", ""));
        };
        let start = if depth == Depth::Audit { self.tail.floor } else { self.tail.window() };
        self.asked = Asked::Since(Some((start, last)));
        let behind = format!("WHERE # > {}", literal(last));
        let within = format!("WHERE # >= {} AND # <= {}", literal(start), literal(last));
        let known = list(self.tail.known.range(start..).copied());
        script.select(self.source.heads(&format!("{behind} ORDER BY # DESC LIMIT {MOST}")))?;
        script.select(self.source.expression("count(*)", &behind))?;
        let late = format!("{within} AND # NOT IN ({known}) ORDER BY # LIMIT {}", LATE + 1);
        script.select(self.source.heads(&late))?;
        script.select(self.source.expression("count(*)", &within))
    }

    pub(super) fn take(&mut self, sets: &mut Sets<'_>, update: &mut ActivityUpdate) -> Found {
        let mut rows = sets.rows(ledger_row);
        rows.reverse();
        let Asked::Since(known) = self.asked else {
            self.tail.begin(&rows);
            update.ledger = rows;
            return Found::Fine;
        };
        let [came] = sets.numbers();
        let mut late = Vec::new();
        if let Some((start, _)) = known {
            late = sets.rows(ledger_row);
            let [here] = sets.numbers();
            // A row that came between the two statements is late, too, and is told by the next look.
            let expected = (self.tail.known.range(start..).count() + late.len()) as u64;
            if here < expected || late.len() > LATE {
                return Found::Lost;
            }
        }
        // Where not all were read, some were skipped; where all were, one may have come before they were counted.
        if rows.len() == MOST {
            update.ledger_skipped = came.saturating_sub(MOST as u64);
        }
        if update.ledger_skipped > 0 {
            self.tail.leap(&rows);
        } else {
            self.tail.remember(&late);
        }
        self.tail.remember(&rows);
        late.append(&mut rows);
        update.ledger = late;
        Found::Fine
    }
}

fn ledger_row(id: i64, row: &[Value]) -> LedgerRow {
    LedgerRow {
        id,
        bot: words(row.get(1)).unwrap_or_default(),
        action: words(row.get(2)).unwrap_or_default(),
        item_type: words(row.get(3)).unwrap_or_default(),
        item_id: words(row.get(4)).unwrap_or_default(),
        reason: words(row.get(5)),
        created_at: words(row.get(6)),
    }
}
