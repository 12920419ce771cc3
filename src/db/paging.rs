//! Keyset pages over any relation in any order.
//!
//! Owns what a page is: its rows, whether something comes before and behind, where it stands. [`order`] knows the way through the
//! order, [`walk`] reads rows along it, [`plan`] finds the index that gives the order, [`share`] finds the rows at a share of the
//! whole, [`ordinal`] pages what has no key. Everything here happens inside one read transaction. Must not open or retry anything.

pub(crate) mod find;
pub(crate) mod order;
pub(crate) mod ordinal;
mod plan;
pub(crate) mod share;
pub(crate) mod walk;

pub(crate) use find::{by_text, condition_of};
pub(crate) use plan::Orders;

use crate::{
    db::{
        connection::reader::Reader,
        error::{Error, ErrorKind, Result},
        paging::{
            order::{Edge, Way},
            walk::{Found, Walk},
        },
        sql::Source,
    },
    domain::{
        page::{Anchor, Page, PageAt, PageQuery, Position, Row, RowKey},
        schema::{KeyKind, Relation},
        value::Value,
    },
};

/// Reads a page.
pub(crate) fn read(reader: &Reader<'_>, orders: &mut Orders, query: &PageQuery) -> Result<Page> {
    readable(&query.relation)?;
    if query.relation.key == KeyKind::None {
        return ordinal::read(reader, query);
    }
    match keyed(reader, orders, query) {
        // An index was dropped since the plan was made: SQLite knows, the caller's schema not yet.
        Err(error) if error.what.contains("no such index") => {
            orders.forget();
            keyed(reader, orders, query)
        }
        page => page,
    }
}

/// An error where the relation is a view that fails.
pub(crate) fn readable(relation: &Relation) -> Result<()> {
    match &relation.broken {
        Some(why) => Err(Error::new(
            ErrorKind::Sql,
            format!("{} cannot be read: {why}", relation.name),
            "what it is made of is missing: see its CREATE statement in the Schema tab",
        )),
        None => Ok(()),
    }
}

fn keyed(reader: &Reader<'_>, orders: &mut Orders, query: &PageQuery) -> Result<Page> {
    let plan = orders.plan(reader, &query.relation, &query.sort)?;
    let walk = Walk::new(reader, &query.relation, &plan, &query.sort);
    let limit = query.limit.max(1);
    match &query.at {
        PageAt::First => first(&walk, limit),
        PageAt::Last => last(&walk, limit),
        PageAt::After(anchor) => after(&walk, anchor, limit),
        PageAt::Before(anchor) => before(&walk, anchor, limit),
        PageAt::From(anchor) => from(&walk, anchor, limit),
        PageAt::Key(key) => match walk.anchor(key)? {
            Some(anchor) => share::told(&walk, from(&walk, &anchor, limit)?),
            None => Err(no_such_row(&query.relation, &describe(key))),
        },
        PageAt::KeyText(text) => match find::nearest(&walk, text)? {
            find::Nearest::Row(anchor) => share::told(&walk, from(&walk, &anchor, limit)?),
            find::Nearest::BehindAll => last(&walk, limit),
            find::Nearest::NoKey => Err(no_such_row(&query.relation, text)),
        },
        PageAt::Percent(percent) => match percent {
            percent if *percent >= 100.0 => last(&walk, limit),
            percent if *percent > 0.0 => share::read(&walk, *percent / 100.0, limit),
            _ => first(&walk, limit),
        },
    }
}

/// How many rows there are.
pub(crate) fn count(reader: &Reader<'_>, relation: &Relation) -> Result<u64> {
    if let Some(why) = &relation.broken {
        return Err(Error::new(ErrorKind::Sql, format!("{} cannot be counted: {why}", relation.name), ""));
    }
    let sql = format!("SELECT count(*) FROM main.{}", crate::db::sql::quoted(&relation.name));
    let rows = reader.first(&sql, &[], |row| reader.integer(row, 0))?;
    Ok(rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0))
}

pub(crate) fn no_such_row(relation: &Relation, key: &str) -> Error {
    Error::new(
        ErrorKind::NoSuchRow,
        format!("{} has no row {key}", relation.name),
        "it was deleted, or the key is written differently",
    )
}

pub(crate) fn describe(key: &RowKey) -> String {
    match key {
        RowKey::Rowid(rowid) => rowid.to_string(),
        RowKey::Primary(values) => values.iter().map(Value::to_plain).collect::<Vec<_>>().join(", "),
        RowKey::Ordinal(at) => format!("number {}", at + 1),
    }
}

fn first(walk: &Walk<'_>, limit: usize) -> Result<Page> {
    let mut found = walk.rows(&[], Way::On, Edge::Inclusive, limit + 1)?;
    let at_end = cut(&mut found, limit);
    Ok(page(found, true, at_end, Position::Exact(0)))
}

fn last(walk: &Walk<'_>, limit: usize) -> Result<Page> {
    let mut found = walk.rows(&[], Way::Back, Edge::Inclusive, limit + 1)?;
    let at_start = cut(&mut found, limit);
    found.reverse();
    let from_end = Position::FromEnd(found.len() as u64);
    Ok(page(found, at_start, true, if at_start { Position::Exact(0) } else { from_end }))
}

fn after(walk: &Walk<'_>, anchor: &Anchor, limit: usize) -> Result<Page> {
    let place = walk.place(anchor)?;
    let mut found = walk.rows(&place, Way::On, Edge::Exclusive, limit + 1)?;
    let at_end = cut(&mut found, limit);
    // The row at the place is nearly always still there: one look spares a search.
    let at_start = !(walk.still_at(anchor)? || walk.any(&place, Way::Back, Edge::Inclusive)?);
    Ok(page(found, at_start, at_end, Position::Unknown))
}

fn before(walk: &Walk<'_>, anchor: &Anchor, limit: usize) -> Result<Page> {
    let place = walk.place(anchor)?;
    let mut found = walk.rows(&place, Way::Back, Edge::Exclusive, limit + 1)?;
    let at_start = cut(&mut found, limit);
    found.reverse();
    let at_end = !(walk.still_at(anchor)? || walk.any(&place, Way::On, Edge::Inclusive)?);
    Ok(page(found, at_start, at_end, Position::Unknown))
}

fn from(walk: &Walk<'_>, anchor: &Anchor, limit: usize) -> Result<Page> {
    from_place(walk, &walk.place(anchor)?, limit, Position::Unknown)
}

/// The rows from a place on, which may be shorter than a whole anchor.
fn from_place(walk: &Walk<'_>, place: &[Value], limit: usize, position: Position) -> Result<Page> {
    let mut found = walk.rows(place, Way::On, Edge::Inclusive, limit + 1)?;
    let at_end = cut(&mut found, limit);
    let at_start = !walk.any(place, Way::Back, Edge::Exclusive)?;
    Ok(page(found, at_start, at_end, position))
}

/// Drops what is more than a page; whether there was no more.
pub(crate) fn cut(found: &mut Vec<Found>, limit: usize) -> bool {
    let all = found.len() <= limit;
    found.truncate(limit);
    all
}

pub(crate) fn page(found: Vec<Found>, at_start: bool, at_end: bool, position: Position) -> Page {
    let position = match position {
        Position::Unknown | Position::About(_) if at_start => Position::Exact(0),
        Position::Unknown if at_end => Position::FromEnd(found.len() as u64),
        known => known,
    };
    let place = |found: &Found| Anchor { key: found.row.key.clone(), sort: found.sort.clone() };
    let (first, last) = (found.first().map(place), found.last().map(place));
    let rows: Vec<Row> = found.into_iter().map(|found| found.row).collect();
    Page { rows, first, last, at_start, at_end, position, rows_read: 0 }
}

/// What a statement selects of a row besides its cells: the key's expressions.
pub(crate) fn key_columns(relation: &Relation, source: &Source) -> Vec<String> {
    match &relation.key {
        KeyKind::Rowid { .. } => source.rowid.iter().cloned().collect(),
        KeyKind::Primary(columns) => columns.iter().map(|key| source.columns[key.column].clone()).collect(),
        KeyKind::None => Vec::new(),
    }
}
