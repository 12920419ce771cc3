//! What the tail asks of the database, and what it does with the pages that come.
//!
//! One page is asked for at a time. What the user asks for goes before what is read ahead. A page is laid over the window where it
//! belongs by its ids; of rows behind the last one that was told it takes none: those are told.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Ahead, Heading, SLOT, Tail,
    eye::Eye,
    find::Direction,
    window::{Entry, Gap, Key, Row, Why},
};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query},
    },
    domain::activity::{LedgerFilter, LedgerFrom, LedgerPage, LedgerQuery},
    panes::{Cx, Handled, Severity},
};

/// Rows of a page.
const PAGE: usize = 200;

/// What a page is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// What is before the first row: up to this id.
    Older(i64),
    /// The beginning of a gap.
    GapsStart(Gap),
    /// Its end.
    GapsEnd(Gap),
    /// A place to look at.
    Jump(Target),
    /// The next row that has what is searched for, up to this id (exclusive), and if it is a gap's end, on behind it.
    Find {
        /// Which way.
        direction: Direction,
        /// Not beyond this id.
        bound: i64,
    },
}

/// A place to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The ledger's first row.
    First,
    /// This row, or the next one.
    Row(i64),
    /// The first row of this time.
    Time(Timestamp),
}

/// A page that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    wish: Wish,
    /// When the first page of this wish was asked for.
    pub(super) since: Duration,
    /// Up to where the ledger was told then.
    told: i64,
    /// Up to where a long search has come.
    pub(super) reached: Option<i64>,
    /// From where the page goes, exclusive.
    from: i64,
    /// Rows with older ids that were told since: the page may have been read before they were there.
    late: Vec<Arc<Row>>,
}

impl Asked {
    /// Whether the user waits for it.
    pub(super) const fn is_wanted(&self) -> bool {
        matches!(self.wish, Wish::Jump(_) | Wish::Find { .. })
    }

    /// Rows that came while the page is on its way. Those with newer ids are beyond what it covers.
    pub(super) fn keep_late(&mut self, rows: &[Arc<Row>]) {
        self.late.extend(rows.iter().filter(|row| row.data.id <= self.told).cloned());
    }

    /// Whether it goes back.
    pub(super) const fn goes_back(&self) -> bool {
        matches!(self.wish, Wish::Older(_) | Wish::GapsEnd(_) | Wish::Find { direction: Direction::Older, .. })
    }
}

impl Tail {
    pub(super) fn ask(&mut self, wish: Wish, cx: &mut Cx<'_>) {
        let since = cx.now.elapsed;
        self.ask_from(wish, None, since, cx);
    }

    fn ask_from(&mut self, wish: Wish, reached: Option<i64>, since: Duration, cx: &mut Cx<'_>) {
        let mut filter = self.passes.clone();
        let mut limit = PAGE;
        let from = match &wish {
            Wish::Older(from) => LedgerFrom::Before(reached.unwrap_or(from.saturating_add(1))),
            Wish::GapsStart(gap) => LedgerFrom::After(reached.unwrap_or(gap.after)),
            Wish::GapsEnd(gap) => LedgerFrom::Before(reached.unwrap_or(gap.until)),
            Wish::Jump(Target::First) => LedgerFrom::After(reached.unwrap_or(i64::MIN)),
            Wish::Jump(Target::Row(id)) => LedgerFrom::After(reached.unwrap_or(id.saturating_sub(1))),
            Wish::Jump(Target::Time(time)) => LedgerFrom::Around(*time),
            Wish::Find { direction, .. } => {
                limit = 20;
                filter.text = self.find.as_ref().map(|find| find.pattern.clone());
                let start = reached.unwrap_or_default();
                match direction {
                    Direction::Older => LedgerFrom::Before(start),
                    Direction::Newer => LedgerFrom::After(start),
                }
            }
        };
        let start = match from {
            LedgerFrom::Before(id) | LedgerFrom::After(id) => id,
            LedgerFrom::Newest | LedgerFrom::Around(_) | LedgerFrom::Row(_) => i64::MIN,
        };
        self.asked = Some(Asked { wish, since, told: self.window.told(), reached, from: start, late: Vec::new() });
        self.failed = None;
        cx.out.ask(SLOT, Query::Ledger(LedgerQuery { filter, from, limit }));
    }

    /// Looks for what is searched for from this id on, exclusive.
    pub(super) fn ask_find(&mut self, direction: Direction, from: i64, bound: i64, cx: &mut Cx<'_>) {
        let since = cx.now.elapsed;
        self.ask_from(Wish::Find { direction, bound }, Some(from), since, cx);
    }

    pub(super) fn jump_to_row(&mut self, id: i64, cx: &mut Cx<'_>) {
        self.ask(Wish::Jump(Target::Row(id)), cx);
    }

    /// Gives up what is asked for.
    pub(super) fn forget_asked(&mut self, cx: &mut Cx<'_>) {
        self.failed = None;
        self.ahead = if self.ahead == Ahead::Stopped { Ahead::On } else { self.ahead };
        if self.asked.take().is_some() {
            cx.out.cancel(SLOT);
        }
    }

    /// Asks for what is near to what is looked at, before one gets there.
    pub(super) fn read_ahead(&mut self, cx: &mut Cx<'_>) {
        if self.asked.is_some() || self.failed.is_some() || self.ahead != Ahead::On {
            return;
        }
        let height = self.height();
        let screen = self.screen();
        let full = screen.iter().map(|line| line.height).sum::<usize>() >= height;
        let (first, last) = match (screen.first(), screen.last()) {
            (Some(first), Some(last)) => (first.at, last.at),
            _ if self.window.len() == 0 && height > 0 => (0, 0),
            _ => return,
        };
        if self.eye.follows() {
            if let Some(from) = self.window.older().filter(|_| !full) {
                self.ask(Wish::Older(from), cx);
            }
            return;
        }
        let cursor = self.eye.cursor(&self.window).unwrap_or(last);
        let near = (height / 2).max(3);
        let gaps =
            self.window.lines(first.saturating_sub(near)..last + near + 1).filter_map(|(at, entry)| match entry {
                Entry::Gap(gap) if gap.why == Why::Away => Some((at, *gap)),
                _ => None,
            });
        if let Some((at, gap)) = gaps.min_by_key(|(at, _)| at.abs_diff(cursor)) {
            let below = at > cursor || (at == cursor && self.heading == Heading::Newer);
            self.ask(if below { Wish::GapsStart(gap) } else { Wish::GapsEnd(gap) }, cx);
        } else if first < height.max(3)
            && let Some(from) = self.window.older()
        {
            self.ask(Wish::Older(from), cx);
        }
    }

    /// What came of it.
    pub(in crate::panes::bots) fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let Some(asked) = self.asked.take() else { return Handled::No };
        match outcome {
            Ok(Answer::Ledger(page)) => self.turn(asked, page, cx),
            Ok(_) => return Handled::No,
            Err(error) if error.kind == ErrorKind::Cancelled => self.ahead = Ahead::Stopped,
            Err(error) => self.failed = Some(error.clone()),
        }
        self.settle(cx);
        Handled::Yes
    }

    fn turn(&mut self, asked: Asked, page: &LedgerPage, cx: &mut Cx<'_>) {
        let mut rows: Vec<Arc<Row>> = page.rows.iter().map(|row| Row::new(row, None)).collect();
        let ids = rows.first().map(|row| row.data.id).zip(rows.last().map(|row| row.data.id));
        // Behind which id everything was looked at, and up to which.
        let lo = match (page.reached, ids) {
            (Some(reached), _) => reached.saturating_sub(1),
            (None, Some((first, _))) if page.older => first.saturating_sub(1),
            _ => i64::MIN,
        };
        let hi = match (page.reached, ids) {
            (Some(reached), _) => reached,
            (None, Some((_, last))) if page.newer => last,
            _ => i64::MAX,
        };
        // What came meanwhile with an id that the page has gone past belongs to it, whether it was there when the page was read or not.
        for row in
            asked.late.iter().filter(|row| row.data.id > lo && row.data.id <= hi && self.passes.matches(&row.data))
        {
            if let Err(place) = rows.binary_search_by_key(&row.data.id, |row| row.data.id) {
                rows.insert(place, Arc::clone(row));
            }
        }
        match asked.wish {
            Wish::Older(from) => {
                self.window.cover(lo, from, &rows);
                self.searched(asked.since, page.reached.filter(|_| rows.is_empty()), cx);
            }
            Wish::GapsStart(gap) => self.window.cover(asked.from, hi.min(gap.until.saturating_sub(1)), &rows),
            Wish::GapsEnd(gap) => {
                let on_it = self.eye.key() == Some(Key { id: gap.after, gap: true });
                self.window.cover(lo.max(gap.after), gap.until.saturating_sub(1), &rows);
                // Who came to the gap from below goes on at its end.
                if on_it && !rows.is_empty() {
                    let at = self.window.place(Key::row(gap.until)).saturating_sub(1);
                    self.look_at(at, Eye::put);
                }
            }
            Wish::Jump(target) => self.arrive(target, &asked, page, (lo, hi), &rows, cx),
            Wish::Find { direction, bound } => self.found(direction, bound, &asked, page, &rows, cx),
        }
        self.trim();
    }

    /// A search through a filter has come so far, with nothing found yet: it goes on while somebody waits.
    fn searched(&mut self, since: Duration, reached: Option<i64>, cx: &mut Cx<'_>) {
        let Some(from) = self.window.older().filter(|_| reached.is_some()) else { return };
        self.see(Eye::fit);
        let near = self.screen().first().is_none_or(|first| first.at < self.height().max(3));
        if near {
            self.ask_from(Wish::Older(from), reached, since, cx);
        }
    }

    fn arrive(
        &mut self,
        target: Target,
        asked: &Asked,
        page: &LedgerPage,
        (lo, hi): (i64, i64),
        rows: &[Arc<Row>],
        cx: &mut Cx<'_>,
    ) {
        let lo = match target {
            Target::First | Target::Row(_) => asked.from,
            Target::Time(_) => lo,
        };
        self.window.cover(lo, hi.min(asked.told), rows);
        if rows.is_empty() && page.reached.is_some() {
            return self.ask_from(Wish::Jump(target), page.reached, asked.since, cx);
        }
        if self.window.rows() == 0 {
            return cx.out.say(Severity::Info, "no row of the ledger passes this filter");
        }
        let at = match target {
            Target::First => 0,
            Target::Row(id) => self.window.place(Key::row(id)),
            Target::Time(_) => match page.anchor {
                Some(id) => self.window.place(Key::row(id)),
                None => usize::MAX,
            },
        };
        let line = if matches!(target, Target::Time(_)) { self.height() / 3 } else { 0 };
        match target {
            // One looks at it already.
            Target::Row(_) if self.eye.key().is_some() => {}
            _ => self.look_at(at, |eye, sight, at| eye.put_at(sight, at, line)),
        }
    }

    fn found(
        &mut self,
        direction: Direction,
        bound: i64,
        asked: &Asked,
        page: &LedgerPage,
        rows: &[Arc<Row>],
        cx: &mut Cx<'_>,
    ) {
        let passes: &LedgerFilter = &self.passes;
        let fits = |row: &&Arc<Row>| {
            let inside = match direction {
                Direction::Older => row.data.id > bound,
                Direction::Newer => row.data.id < bound,
            };
            inside && passes.matches(&row.data)
        };
        let (hit, edge, more) = match direction {
            Direction::Older => (rows.iter().rev().find(fits), rows.first(), page.older),
            Direction::Newer => (rows.iter().find(fits), rows.last(), page.newer),
        };
        if let Some(row) = hit {
            let id = row.data.id;
            let row = Arc::clone(row);
            self.window.cover(id.saturating_sub(1), id, &[row]);
            let at = self.window.place(Key::row(id));
            let line = self.height() / 3;
            return self.look_at(at, |eye, sight, at| eye.put_at(sight, at, line));
        }
        let next = page.reached.or_else(|| edge.map(|row| row.data.id).filter(|_| more));
        let inside = |id: &i64| match direction {
            Direction::Older => *id > bound.saturating_add(1),
            Direction::Newer => *id < bound.saturating_sub(1),
        };
        match next.filter(inside) {
            Some(next) => self.ask_from(Wish::Find { direction, bound }, Some(next), asked.since, cx),
            None => self.find_on(direction, bound, cx),
        }
    }
}
