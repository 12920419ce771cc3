//! Pages of a server's rows, each in one round trip, and the same as a file would give ([`paging`](crate::db::paging)).
//!
//! One statement finds the keys of a page's rows along the segments of its order and joins the rows to them, so that nothing is sent
//! twice; another says what lies on the other side. A place that has to be found first (a key, a share of the whole) is found
//! inside the same statements. [`parts`] makes them, [`keyed`] reads them, [`ordinal`] pages what has no key.
//!
//! Two round trips: where a typed key lies behind the last row; at a share of a WITHOUT ROWID table, whose keys' distance only this
//! program knows; near the end of a sorted share; where values of a sort column are longer than a cell's head. A server is not asked for
//! its query plans: rows that tie may come in another order than in a file where an odd index (COLLATE, longer than the sort) gives it there.

mod keyed;
mod ordinal;
pub(crate) mod parts;

use super::{cells::Form, known::Known, session::Ask, words};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        paging::readable,
    },
    domain::{
        page::{Page, PageQuery},
        schema::KeyKind,
        value::Value,
    },
};

/// How often rows may change between the statements for a page.
const REREADS: usize = 3;

/// Reads a page. Where its rows are too large for an answer, it has fewer of them.
pub(crate) fn read(ask: &mut Ask<'_>, known: &Known, query: &PageQuery) -> Result<Page> {
    let relation = &query.relation;
    readable(relation)?;
    let asked = query.limit.max(1);
    let mut form = known.form(relation);
    let mut limit = known.rows(relation).map_or(asked, |rows| rows.min(asked));
    let mut rereads = 0;
    loop {
        let page = match relation.key {
            KeyKind::None => ordinal::read(ask, query, form, limit),
            KeyKind::Rowid { .. } | KeyKind::Primary(_) => keyed::read(ask, query, form, limit),
        };
        match page {
            Err(error) if words::is_undecodable(&error) && form == Form::Plain => {
                form = Form::Exact;
                known.wants_exact(relation);
            }
            Err(error) if error.kind == ErrorKind::TooLarge && limit > 1 => {
                known.too_many(relation, limit);
                limit = known.rows(relation).map_or(limit / 2, |rows| rows.min(limit / 2)).max(1);
            }
            Err(error) if error.what == CHANGED && rereads < REREADS => rereads += 1,
            Ok(page) => {
                known.fitted(relation, page.rows.len(), page.rows.iter().map(|row| size(&row.cells)).sum());
                return Ok(page);
            }
            page => return page,
        }
    }
}

/// Bytes of a row on their way.
fn size(cells: &[Value]) -> usize {
    let size = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 8,
        Value::Text(bytes) | Value::Blob(bytes) => bytes.head().len() * 4 / 3,
    };
    cells.iter().map(|value| 32 + size(value)).sum()
}

const CHANGED: &str = "the rows change faster than they can be read";

/// Two statements of a page saw different rows.
fn changed() -> Error {
    Error::new(ErrorKind::Locked, CHANGED, "try again")
}
