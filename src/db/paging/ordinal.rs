//! Pages of what has no key: views, and virtual tables without rowids. A row is known by its number alone.
//!
//! SQLite has to make all rows before a page, so these pages cost what stands before them.

use crate::{
    db::{
        connection::reader::{Flow, Reader},
        error::Result,
        paging::{count, no_such_row, walk::CHUNK},
        sql::Source,
    },
    domain::{
        page::{Anchor, CELL_HEAD, Direction, Page, PageAt, PageQuery, Position, Row, RowKey},
        value::Value,
    },
};

/// How many columns break ties at most: a statement has no room for more terms.
const TIE_TERMS: usize = 1900;

pub(crate) fn read(reader: &Reader<'_>, query: &PageQuery) -> Result<Page> {
    let limit = query.limit.max(1) as u64;
    let number = |anchor: &Anchor| match anchor.key {
        RowKey::Ordinal(at) => at,
        RowKey::Rowid(_) | RowKey::Primary(_) => 0,
    };
    let of_count = |share: &dyn Fn(u64) -> u64| count(reader, &query.relation).map(share);
    let (offset, most) = match &query.at {
        PageAt::First => (0, limit),
        PageAt::Last => (of_count(&|rows| rows.saturating_sub(limit))?, limit),
        PageAt::After(anchor) => (number(anchor).saturating_add(1), limit),
        PageAt::Before(anchor) => {
            let end = number(anchor);
            let offset = end.saturating_sub(limit);
            (offset, end - offset)
        }
        PageAt::From(anchor) => (number(anchor), limit),
        PageAt::Key(RowKey::Ordinal(at)) => (*at, limit),
        PageAt::Key(key) => return Err(no_such_row(&query.relation, &super::describe(key))),
        PageAt::KeyText(text) => match text.trim().parse::<u64>() {
            // People count from 1.
            Ok(number) => (of_count(&|rows| rows.saturating_sub(1).min(number.saturating_sub(1)))?, limit),
            Err(_) => return Err(no_such_row(&query.relation, text)),
        },
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share"
        )]
        PageAt::Percent(percent) => {
            let share = (percent / 100.0).clamp(0.0, 1.0);
            (of_count(&|rows| ((rows as f64 * share) as u64).min(rows.saturating_sub(limit)))?, limit)
        }
    };
    let (rows, sorts, more) = rows(reader, query, offset, most)?;
    if rows.is_empty() && matches!(query.at, PageAt::Key(_)) {
        return Err(no_such_row(&query.relation, &format!("number {}", offset + 1)));
    }
    let anchor = |at: usize| rows.get(at).map(|row| Anchor { key: row.key.clone(), sort: sorts[at].clone() });
    let (first, last) = (anchor(0), rows.len().checked_sub(1).and_then(anchor));
    Ok(Page {
        first,
        last,
        at_start: offset == 0,
        at_end: !more,
        position: Position::Exact(offset),
        rows_read: 0,
        rows,
    })
}

type Rows = (Vec<Row>, Vec<Vec<Value>>, bool);

fn rows(reader: &Reader<'_>, query: &PageQuery, offset: u64, most: u64) -> Result<Rows> {
    let source = Source::of(&query.relation);
    let sorts: Vec<&str> =
        query.sort.iter().filter_map(|key| source.columns.get(key.column)).map(String::as_str).collect();
    let sorted = order(&source, query);
    let limits =
        [offset, most.saturating_add(1)].map(|number| Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)));
    let mut rows: Vec<Row> = Vec::new();
    let mut values = Vec::new();
    for (place, chunk) in source.columns.chunks(CHUNK).enumerate() {
        let heads = if place == 0 { sorts.len() } else { 0 };
        let list: Vec<&str> = sorts[..heads].iter().copied().chain(chunk.iter().map(String::as_str)).collect();
        let sql = format!("{}SELECT {} FROM {}{sorted} LIMIT ?2 OFFSET ?1", source.with, list.join(", "), source.from);
        let mut at = 0;
        reader.each(&sql, &[&limits[0], &limits[1]], |row| {
            let mut cells = match rows.get_mut(at) {
                Some(row) => std::mem::take(&mut row.cells).into_vec(),
                None => Vec::with_capacity(source.columns.len()),
            };
            for cell in 0..chunk.len() {
                cells.push(reader.head(row, heads + cell, CELL_HEAD)?);
            }
            let cells = cells.into_boxed_slice();
            match rows.get_mut(at) {
                Some(row) => row.cells = cells,
                None => {
                    values.push((0..heads).map(|at| reader.whole(row, at)).collect::<Result<Vec<_>>>()?);
                    rows.push(Row { key: RowKey::Ordinal(offset + at as u64), cells });
                }
            }
            at += 1;
            Ok(Flow::More)
        })?;
    }
    let more = rows.len() as u64 > most;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    rows.truncate(most);
    values.truncate(most);
    Ok((rows, values, more))
}

/// ORDER BY for a sort: ties are broken by all columns, so that the order is one.
pub(crate) fn order(source: &Source, query: &PageQuery) -> String {
    if query.sort.is_empty() {
        return String::new();
    }
    let mut terms = Vec::new();
    for key in &query.sort {
        if let Some(column) = source.columns.get(key.column) {
            terms.push(format!("{column}{}", if key.direction == Direction::Descending { " DESC" } else { "" }));
        }
    }
    let used: Vec<usize> = query.sort.iter().map(|key| key.column).collect();
    terms.extend(
        (0..source.columns.len()).filter(|at| !used.contains(at)).take(TIE_TERMS).map(|at| source.columns[at].clone()),
    );
    format!(" ORDER BY {}", terms.join(", "))
}
