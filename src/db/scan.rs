//! Every row of a file's relation in key order, one after another, in constant memory.
//!
//! Must not know pages: it is one statement from the first row to the last.

use std::ops::ControlFlow;

use crate::{
    db::{
        connection::reader::{Flow, Reader},
        error::Result,
        paging::{
            order::{Order, Way},
            readable,
        },
        sql::Source,
    },
    domain::{page::Direction, schema::Relation, value::Value},
};

/// Hands over each row.
pub(crate) fn read(
    reader: &Reader<'_>,
    relation: &Relation,
    each: &mut dyn FnMut(&[Value]) -> ControlFlow<()>,
) -> Result<()> {
    readable(relation)?;
    let source = Source::of(relation);
    let order = Order::new(relation, &source, &[], Direction::Ascending).list(0, Way::On);
    let sorted = if order.is_empty() { String::new() } else { format!(" ORDER BY {order}") };
    let sql = format!("{}SELECT {} FROM {}{sorted}", source.with, source.columns.join(", "), source.from);
    let mut values = Vec::with_capacity(source.columns.len());
    reader.each(&sql, &[], |row| {
        values.clear();
        for at in 0..source.columns.len() {
            values.push(reader.whole(row, at)?);
        }
        Ok(if each(&values).is_break() { Flow::Enough } else { Flow::More })
    })
}
