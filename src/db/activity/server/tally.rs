//! Counting the ledger on a server: which rows the board was told of, and which it still has to be.
//!
//! Owns the gaps between them. Rows that come are told as they come; what was there before in turns, each of them a few groups for
//! thousands of rows. A row is told when it is seen outside of all gaps, or by the turn of its gap: the pieces of a look are one
//! statement, so they see the same rows, and none is told twice. What a look cannot see – rows that are gone, or came late far behind the
//! last ones – shows in the sums over the whole table, which are compared now and then; then everything is told anew.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::source::{Source, words},
    gaps::{Gap, Gaps, PART, Sums},
    stamps,
};
use crate::domain::{
    activity::{ActivityUpdate, LedgerRow, Tally},
    bots::ReadSoFar,
    value::Value,
};

/// What the board was told of the ledger.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) gaps: Gaps,
    sums: Sums,
    /// How many ids there were at the start.
    of: u64,
    /// No row of the last 7 days has an id below this; `None`: nobody knows.
    week_from: Option<i64>,
    /// The highest id that was told, or is in a gap.
    pub(super) highest: Option<i64>,
    /// What was told cannot be right any more.
    wrong: bool,
    asked: Asked,
}

/// What the look that is under way asked for.
#[derive(Clone, Copy, Default)]
struct Asked {
    /// It begins anew.
    anew: bool,
    turn: Option<(Gap, u64)>,
    compares: bool,
}

/// Groups of rows, as a piece of a statement gives them.
#[derive(Default)]
pub(super) struct Groups {
    pub(super) rows: u64,
    pub(super) least: Option<i64>,
}

impl Told {
    pub(super) fn new() -> Self {
        Self {
            gaps: Gaps::of_groups(),
            sums: Sums::default(),
            of: 0,
            week_from: None,
            highest: None,
            wrong: true,
            asked: Asked::default(),
        }
    }

    /// What was told cannot be right any more.
    pub(super) const fn is_wrong(&mut self) {
        self.wrong = true;
    }

    /// Whether it waits for more to be asked.
    pub(super) fn owes(&self, now: Instant) -> bool {
        self.gaps.is_open() || (self.wrong && self.gaps.may_begin(now))
    }

    /// The pieces of a statement that tell what was there, as far as it is to be told now: everything up to `last`, whose successors are
    /// told as they come (`None`: nothing is known of the table).
    pub(super) fn ask(
        &mut self,
        source: &Source,
        dated: Option<&str>,
        last: Option<i64>,
        day: &str,
        now: Instant,
        compares: bool,
    ) -> Vec<String> {
        let mut pieces = Vec::new();
        self.asked = Asked::default();
        if self.wrong && self.gaps.may_begin(now) {
            self.asked.anew = true;
            self.gaps.begin(last.and_then(|last| last.checked_add(1)));
            let end = |which: &str| source.expression(&format!("{which}(#)"), "");
            // The sign keeps SQLite from looking for the lowest id by reading from the lowest id on.
            let week = dated.map_or_else(
                || "SELECT NULL".to_owned(),
                |column| {
                    let lowest = format!("coalesce(min(+#), {})", i64::MAX);
                    source.expression(&lowest, &format!("WHERE {column} >= '{day}'"))
                },
            );
            pieces.push(format!("SELECT {SPAN}, ({}), ({}), ({week}), NULL, NULL, NULL, NULL", end("max"), end("min")));
        }
        self.asked.turn = self.gaps.turn();
        if let Some((gap, rows)) = self.asked.turn {
            pieces.push(groups(source, HISTORY, &gap.condition(), rows, day));
        }
        self.asked.compares = compares && self.sums.are_due(now);
        if self.asked.compares {
            let sums = format!("{SUMS}, {}, NULL, NULL, NULL, NULL, NULL", Sums::columns());
            pieces.push(source.expression(&sums, ""));
        }
        pieces
    }

    /// Takes in the rows of the turn, after those that came: they are told where they are in no gap, and this fills one.
    pub(super) fn take_turn(&mut self, sets: &[Vec<Value>], took: Duration, now: Instant, update: &mut ActivityUpdate) {
        if let Some(turn) = self.asked.turn {
            let groups = self.take_groups(sets, HISTORY, update);
            self.gaps.told(turn, groups.rows, groups.least, took, now);
        }
    }

    /// Takes in that everything is told anew, before anything else, where that was asked for.
    pub(super) fn begin(&mut self, sets: &[Vec<Value>], update: &mut ActivityUpdate) {
        if !self.asked.anew {
            return;
        }
        let span = tagged(sets, SPAN).next();
        let number = |at: usize| span.and_then(|row| row.get(at)).and_then(Value::as_integer);
        self.sums.clear();
        self.wrong = false;
        self.of = match (number(1), number(2)) {
            (Some(highest), Some(lowest)) => highest.abs_diff(lowest).saturating_add(1),
            _ => 0,
        };
        self.highest = number(1);
        self.week_from = number(3);
        update.board.ledger_anew = true;
    }

    /// Tells the groups that this piece gave.
    pub(super) fn take_groups(&mut self, sets: &[Vec<Value>], tag: i64, update: &mut ActivityUpdate) -> Groups {
        let mut groups = Groups::default();
        for row in tagged(sets, tag) {
            let number = |at: usize| row.get(at).and_then(Value::as_integer);
            let Some(rows) = number(2).and_then(|rows| u64::try_from(rows).ok()) else { continue };
            let bot: Arc<str> = words(row.get(4)).unwrap_or_default().into();
            let action: Arc<str> = words(row.get(5)).unwrap_or_default().into();
            let list = row.get(6).and_then(Value::as_text).unwrap_or_default();
            let mut unread = rows;
            let mut tell = |second, rows| {
                let tally = Tally { bot: Arc::clone(&bot), action: Arc::clone(&action), second, rows };
                update.board.ledger.push(tally);
            };
            for (second, some) in stamps::seconds(&list) {
                let some = some.min(unread);
                unread -= some;
                tell(second, some);
            }
            if unread > 0 {
                tell(None, unread);
            }
            groups.rows = groups.rows.saturating_add(rows);
            groups.least = match (groups.least, number(1)) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            self.sums.add_all(rows, number(3).unwrap_or(0));
        }
        groups
    }

    /// Tells of a row that was seen, where that is not a turn's.
    pub(super) fn saw(&mut self, row: &LedgerRow, update: &mut ActivityUpdate) {
        self.highest = self.highest.max(Some(row.id));
        if self.gaps.contains(row.id) {
            return;
        }
        update.board.ledger.push(Tally {
            bot: row.bot.as_str().into(),
            action: row.action.as_str().into(),
            second: row.created_at.as_deref().and_then(stamps::second),
            rows: 1,
        });
        self.sums.add(row.id);
    }

    /// Compares the sums, where they were asked for: everything of this look is taken in.
    pub(super) fn compare(&mut self, sets: &[Vec<Value>], now: Instant) {
        if !self.asked.compares {
            return;
        }
        let row = tagged(sets, SUMS).next();
        let number = |at: usize| row.and_then(|row| row.get(at)).and_then(Value::as_integer);
        // Where turns are to come, what was told is not all.
        if self.sums.differ(number(1), number(2), now) && !self.gaps.is_open() {
            self.wrong = true;
        }
    }

    /// How far it is.
    pub(super) fn read(&self) -> ReadSoFar {
        let all = !self.gaps.is_open() && !self.wrong;
        let week = all || (!self.wrong && self.week_from.is_some_and(|from| self.gaps.are_below(from)));
        ReadSoFar {
            rows: self.sums.rows,
            of: if all { self.sums.rows } else { self.of.max(self.sums.rows) },
            week,
            all,
        }
    }
}

/// What the rows of a statement's pieces begin with.
pub(super) const CAME: i64 = 0;
pub(super) const LATE: i64 = 1;
pub(super) const LAST: i64 = 2;
pub(super) const COUNTED: i64 = 3;
pub(super) const FLOOD: i64 = 4;
const HISTORY: i64 = 5;
const SPAN: i64 = 6;
const SUMS: i64 = 7;

/// The rows of a piece.
pub(super) fn tagged(rows: &[Vec<Value>], tag: i64) -> impl Iterator<Item = &Vec<Value>> {
    rows.iter().filter(move |row| row.first().and_then(Value::as_integer) == Some(tag))
}

/// The piece that gives the newest rows under a condition in groups: the lowest id, how many, the sum, bot, action, times.
pub(super) fn groups(source: &Source, tag: i64, condition: &str, rows: u64, day: &str) -> String {
    let few = source.expression(
        &format!("# AS id, %0 AS bot, %1 AS action, {} AS stamp", stamps::stamp("$5")),
        &format!("{condition} ORDER BY # DESC LIMIT {rows}"),
    );
    let coarse = stamps::coarse("stamp", day);
    let listed = stamps::listed("second", "n");
    format!(
        "SELECT {tag}, min(least), sum(n), sum(parts), bot, action, {listed}, NULL FROM (\
         SELECT bot, action, {coarse} AS second, count(*) AS n, min(id) AS least, sum(id & {PART}) AS parts FROM ({few}) \
         GROUP BY bot, action, second) GROUP BY bot, action"
    )
}
