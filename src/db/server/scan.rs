//! Every row of a server's relation in key order, as they come, in constant memory.
//!
//! What breaks on the way goes on behind the last row that was handed over: values that JSON does not carry break an answer where they
//! stand, so from there on the rows travel exactly. Must not collect rows.

use std::{cell::Cell, ops::ControlFlow};

use super::{
    cells::{Cells, Extent, Form},
    known::Known,
    link::Link,
    page::parts::{Parts, operands},
    script::Script,
    words,
};
use crate::{
    db::{
        connection::{Canceller, reader::Flow},
        error::{Error, ErrorKind, Result},
        paging::{
            order::{Edge, Way},
            readable,
        },
    },
    domain::{
        page::{Anchor, RowKey},
        schema::{KeyKind, Relation},
        value::Value,
    },
};

/// SQLite's limit of result columns.
const COLUMNS: usize = 2000;

/// How often reading goes on after it broke without having come further.
const TRIES: u32 = 2;

/// Hands over each row.
pub(crate) fn read(
    link: &Link,
    canceller: &Canceller,
    known: &Known,
    relation: &Relation,
    each: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
) -> Result<()> {
    readable(relation)?;
    let mut form = known.form(relation);
    let mut behind = None;
    let mut rows = 0_u64;
    let mut tries = 0;
    loop {
        let reach = Reach { relation, form, behind: behind.take(), rows };
        let (script, cells, keys) = reach.script()?;
        let last = Cell::new(None);
        let before = rows;
        let outcome = link.cursor(&script, canceller, &mut |row| {
            let mut values = cells.decode(&row)?;
            let key: Vec<Value> = values.drain(..keys).collect();
            rows += 1;
            if keys > 0 {
                last.set(Some(key));
            }
            Ok(if each(&values).is_break() { Flow::Enough } else { Flow::More })
        });
        let Err(error) = outcome else { return Ok(()) };
        behind = last.take().or(reach.behind);
        tries = if rows > before { 0 } else { tries + 1 };
        let lost = matches!(error.kind, ErrorKind::Server | ErrorKind::Unreachable);
        if !lost || tries > TRIES || (keys == 0 && rows > 0 && relation.key != KeyKind::None) {
            return Err(error);
        }
        if form == Form::Plain {
            form = Form::Exact;
            if words::is_undecodable(&error) {
                known.wants_exact(relation);
            }
        } else if tries > 1 {
            return Err(error);
        }
    }
}

/// The rows from somewhere on.
struct Reach<'a> {
    relation: &'a Relation,
    form: Form,
    /// The key of the last row that was handed over.
    behind: Option<Vec<Value>>,
    /// How many were handed over.
    rows: u64,
}

impl Reach<'_> {
    /// The statement, how to read its rows, and how many values of its key come first.
    fn script(&self) -> Result<(Script, Cells, usize)> {
        let parts = Parts::of(self.relation, &[], self.form);
        let mut cells = Cells::new(self.form);
        cells.add(&parts.keys, Extent::Whole).add(&parts.source.columns, Extent::Whole);
        let mut keys = parts.keys.len();
        if cells.width() > COLUMNS {
            // Without keys it cannot go on where it broke, but it can be read.
            keys = 0;
            cells = Cells::new(self.form);
            cells.add(&parts.source.columns, Extent::Whole);
        }
        if cells.width() > COLUMNS {
            return Err(Error::new(ErrorKind::Sql, format!("{} has too many columns", self.relation.name), ""));
        }
        let (with, from, list) = (parts.with(&[]), &parts.source.from, cells.list());
        let mut script = Script::default();
        let key = match (&self.behind, &self.relation.key) {
            (Some(key), KeyKind::Rowid { .. }) => key.first().and_then(Value::as_integer).map(RowKey::Rowid),
            (Some(key), KeyKind::Primary(_)) => Some(RowKey::Primary(key.clone())),
            (_, KeyKind::None) | (None, _) => None,
        };
        let place = key.and_then(|key| parts.order.values(&Anchor { key, sort: Vec::new() }));
        if self.relation.key == KeyKind::None {
            script.select(format!("{with}SELECT {list} FROM {from} LIMIT -1 OFFSET {}", self.rows))?;
        } else if let Some(place) = place {
            let order = parts.order.list(0, Way::On);
            let conditions: Vec<String> = parts
                .order
                .segments_from(&operands(&place), Way::On, Edge::Exclusive)
                .into_iter()
                .map(|segment| format!("({})", segment.condition))
                .collect();
            let condition = conditions.join(" OR ");
            script.select(format!("{with}SELECT {list} FROM {from} WHERE {condition} ORDER BY {order}"))?;
        } else {
            let order = parts.order.list(0, Way::On);
            script.select(format!("{with}SELECT {list} FROM {from} ORDER BY {order}"))?;
        }
        Ok((script, cells, keys))
    }
}
