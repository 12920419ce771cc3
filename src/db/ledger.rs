//! Pages of the ledger, for who looks back in it: by keyset, through a filter, from a file and from a server alike.
//!
//! A page is one statement, so a server is asked once, and what it tells is of one moment. It goes along the rows by their ids, at most
//! [`LOOK`] of them, and takes those that may pass: along an index of the items or the bots where the filter names one of them, or among the
//! rows of a time where an index says that they are not too many ([`walk`]). What passes for sure is decided here, by the filter itself,
//! but for the text, through which only the database looks whole ([`condition`]). Must not read the states.

mod condition;
mod place;
#[cfg(test)]
mod tests;
mod walk;

use self::walk::{Walk, Way};
use super::review::{Run, is_too_large, rows::Rows};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        paging::readable,
        server::cells::{Cells, Extent, Form},
    },
    domain::{
        activity::{LedgerFrom, LedgerPage, LedgerQuery, LedgerRow},
        schema::{KeyKind, Schema},
        value::Value,
    },
};

/// So many rows are looked at for a page at most: 10 ms for a name, 80 ms for a text, where they lie in a file of a million that was read lately.
const LOOK: usize = 50_000;
/// At most so many rows come at once.
const MOST: usize = 10_000;
/// The columns of a row, behind its id.
const COLUMNS: [&str; 6] = ["botName", "action", "itemType", "itemId", "reason", "createdAt"];

/// Reads a page. Where a server cannot send so many rows at once, fewer come.
pub(crate) fn read(run: &mut Run<'_>, schema: &Schema, query: &LedgerQuery) -> Result<LedgerPage> {
    let Some(relation) = schema.catalogued("botLedger") else { return Ok(LedgerPage::default()) };
    readable(relation)?;
    if !matches!(relation.key, KeyKind::Rowid { .. }) {
        let what = format!("the rows of {} have no numbers to go along", relation.name);
        return Err(Error::new(ErrorKind::Sql, what, "it is a view, or WITHOUT ROWID: open it as a table"));
    }
    let ledger = Rows::of(relation);
    let mut limit = query.limit.clamp(1, MOST);
    loop {
        let asked = Asked::new(&ledger, query, limit);
        match run(&[asked.sql()]) {
            Err(error) if is_too_large(&error) && limit > 1 => limit /= 2,
            Err(error) => return Err(error),
            Ok(answered) => return asked.page(answered.first().map_or(&[], Vec::as_slice)),
        }
    }
}

/// What is asked for a page.
struct Asked<'a> {
    query: &'a LedgerQuery,
    cells: Cells,
    /// What comes before the first SELECT.
    with: Vec<String>,
    /// Which way the rows are gone along: one, or both from a place.
    walks: Vec<Walk>,
}

impl<'a> Asked<'a> {
    fn new(ledger: &Rows<'_>, query: &'a LedgerQuery, limit: usize) -> Self {
        let id = ledger.keys.first().map_or("NULL", String::as_str);
        let mut cells = Cells::new(Form::Exact);
        cells.add(&[id.to_owned()], Extent::Whole);
        for name in COLUMNS {
            let whole = name == "reason" && matches!(query.from, LedgerFrom::Row(_));
            let extent = if whole { Extent::Whole } else { Extent::Head };
            cells.add(&[ledger.or_null(name).to_owned()], extent);
        }
        let filter = &query.filter;
        let mut with = condition::of_time(ledger, filter).into_iter().collect::<Vec<_>>();
        let walk =
            |way: Way, from: String, limit: usize| Walk::new(ledger, filter, !with.is_empty(), way, &from, limit);
        let walks = match query.from {
            LedgerFrom::Newest => vec![walk(Way::Down, "1".to_owned(), limit)],
            LedgerFrom::Before(before) => vec![walk(Way::Down, format!("# < {}", number(before)), limit)],
            LedgerFrom::After(after) => vec![walk(Way::Up, format!("# > {}", number(after)), limit)],
            LedgerFrom::Row(id) => vec![walk(Way::Up, format!("# = {}", number(id)), 1)],
            LedgerFrom::Around(_) => vec![
                walk(Way::Down, place::BEFORE.to_owned(), limit / 2),
                walk(Way::Up, place::FROM.to_owned(), limit - limit / 2),
            ],
        };
        if let LedgerFrom::Around(time) = query.from {
            with.extend(place::at(ledger, time));
        }
        Self { query, cells, with, walks }
    }

    fn sql(&self) -> String {
        let width = self.cells.width();
        let mut arms: Vec<String> = Vec::new();
        for (at, walk) in self.walks.iter().enumerate() {
            arms.extend(walk.arms(at, &self.cells));
        }
        if matches!(self.query.from, LedgerFrom::Around(_)) {
            arms.push(format!("SELECT 'a', 0, (SELECT id FROM a){}", ", NULL".repeat(width - 1)));
        }
        let with =
            if self.with.is_empty() { String::new() } else { format!("WITH RECURSIVE {} ", self.with.join(", ")) };
        format!("{with}{}", arms.join(" UNION ALL "))
    }

    fn page(&self, answered: &[Vec<Value>]) -> Result<LedgerPage> {
        let mut found: Vec<Found> = self.walks.iter().map(|_| Found::default()).collect();
        let mut page = LedgerPage::default();
        for row in answered {
            let [Value::Text(what), at, rest @ ..] = row.as_slice() else { continue };
            let at = at.as_integer().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
            let numbers = |at: usize| rest.get(at).and_then(Value::as_integer);
            let Some(found) = found.get_mut(at) else { continue };
            match what.head() {
                b"r" => found.rows.extend(ledger_row(&self.cells.decode(rest)?)),
                b"e" => (found.end, found.looked) = (numbers(0), numbers(1).unwrap_or(0)),
                _ => page.anchor = numbers(0),
            }
        }
        for (walk, found) in self.walks.iter().zip(found) {
            self.fold(walk, found, &mut page);
        }
        match self.query.from {
            LedgerFrom::Newest | LedgerFrom::Row(_) => {}
            LedgerFrom::Before(_) => page.newer = true,
            LedgerFrom::After(_) => page.older = true,
            LedgerFrom::Around(_) => page.reached = None,
        }
        page.rows.sort_by_key(|row| row.id);
        Ok(page)
    }

    fn fold(&self, walk: &Walk, mut found: Found, page: &mut LedgerPage) {
        match walk.way {
            Way::Down => found.rows.sort_by_key(|row| std::cmp::Reverse(row.id)),
            Way::Up => found.rows.sort_by_key(|row| row.id),
        }
        // One more than wanted comes where there are more.
        let mut more = found.rows.len() > walk.limit;
        found.rows.truncate(walk.limit);
        let (last, came) = (found.rows.last().map(|row| row.id), found.rows.len());
        found.rows.retain(|row| self.query.filter.matches_but_for_text(row));
        if more && found.rows.len() < came {
            page.reached = last;
        } else if !more && found.looked >= LOOK as i64 {
            page.reached = found.end;
            more = true;
        }
        match walk.way {
            Way::Down => page.older = more,
            Way::Up => page.newer = more,
        }
        page.rows.append(&mut found.rows);
    }
}

/// What a walk brought.
#[derive(Default)]
struct Found {
    rows: Vec<LedgerRow>,
    /// How many rows were looked at, where that was not enough to find all that were wanted; and the last one's id.
    looked: i64,
    end: Option<i64>,
}

fn ledger_row(cells: &[Value]) -> Option<LedgerRow> {
    let text = |at: usize| cells.get(at).filter(|value| !value.is_null()).map(|value| value.to_plain().into_owned());
    Some(LedgerRow {
        id: cells.first()?.as_integer()?,
        bot: text(1).unwrap_or_default(),
        action: text(2).unwrap_or_default(),
        item_type: text(3).unwrap_or_default(),
        item_id: text(4).unwrap_or_default(),
        reason: text(5),
        created_at: text(6),
    })
}

fn number(id: i64) -> String {
    crate::db::sql::literal(&Value::Integer(id))
}
