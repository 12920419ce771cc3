//! Pages of what has no key, by number.

use super::{changed, parts::chunk};
use crate::{
    db::{
        error::Result,
        paging::{describe, no_such_row, ordinal::order},
        server::{
            cells::{Cells, Extent, Form},
            script::Script,
            session::Ask,
        },
        sql::{Source, literal, quoted},
    },
    domain::{
        page::{Anchor, Page, PageAt, PageQuery, Position, Row, RowKey},
        value::Value,
    },
};

/// Reads a page of at most `limit` rows.
pub(super) fn read(ask: &mut Ask<'_>, query: &PageQuery, form: Form, limit: usize) -> Result<Page> {
    let relation = &query.relation;
    let number = |anchor: &Anchor| match anchor.key {
        RowKey::Ordinal(at) => at,
        RowKey::Rowid(_) | RowKey::Primary(_) => 0,
    };
    let count = format!("(SELECT count(*) AS n FROM main.{})", quoted(&relation.name));
    let of_count = |share: String| format!("(SELECT {share} FROM {count})");
    let (offset, most) = match &query.at {
        PageAt::First => ("0".to_owned(), limit),
        PageAt::Last => (of_count(format!("max(n - {limit}, 0)")), limit),
        PageAt::After(anchor) => (number(anchor).saturating_add(1).to_string(), limit),
        PageAt::Before(anchor) => {
            let end = number(anchor);
            let offset = end.saturating_sub(limit as u64);
            (offset.to_string(), usize::try_from(end - offset).unwrap_or(limit))
        }
        PageAt::From(anchor) => (number(anchor).to_string(), limit),
        PageAt::Key(RowKey::Ordinal(at)) => (at.to_string(), limit),
        PageAt::Key(key) => return Err(no_such_row(relation, &describe(key))),
        PageAt::KeyText(text) => match text.trim().parse::<u64>() {
            // People count from 1.
            Ok(number) => {
                let number = i64::try_from(number.saturating_sub(1)).unwrap_or(i64::MAX);
                (of_count(format!("min(max(n - 1, 0), {number})")), limit)
            }
            Err(_) => return Err(no_such_row(relation, text)),
        },
        PageAt::Percent(percent) => {
            let share = literal(&Value::Real((percent / 100.0).clamp(0.0, 1.0)));
            (of_count(format!("min(CAST(n * {share} AS INTEGER), max(n - {limit}, 0))")), limit)
        }
    };
    let source = Source::of(relation);
    let sorts: Vec<String> = query.sort.iter().filter_map(|key| source.columns.get(key.column)).cloned().collect();
    let sorted = order(&source, query);
    let with = match source.with.trim().strip_prefix("WITH ") {
        Some(own) => format!("WITH o(n) AS (SELECT {offset}), {own} "),
        None => format!("WITH o(n) AS (SELECT {offset}) "),
    };
    let mut script = Script::default();
    let mut all = Vec::new();
    for (place, columns) in source.columns.chunks(chunk(form)).enumerate() {
        let mut cells = Cells::new(form);
        if place == 0 {
            cells.add(&["(SELECT n FROM o)".to_owned()], Extent::Whole).add(&sorts, Extent::Whole);
        }
        cells.add(columns, Extent::Head);
        script.select(format!(
            "{with}SELECT {} FROM {}{sorted} LIMIT {} OFFSET (SELECT n FROM o)",
            cells.list(),
            source.from,
            most + 1
        ))?;
        all.push(cells);
    }
    let sets = ask(&script)?;
    let mut offset = offset.parse::<u64>().unwrap_or(0);
    let mut rows: Vec<Row> = Vec::new();
    let mut values: Vec<Vec<Value>> = Vec::new();
    for (place, (set, cells)) in sets.iter().zip(&all).enumerate() {
        if place > 0 && set.rows.len() != rows.len() {
            return Err(changed());
        }
        for (at, row) in set.rows.iter().enumerate() {
            let mut decoded = cells.decode(row)?;
            if place > 0 {
                let mut cells = std::mem::take(&mut rows[at].cells).into_vec();
                cells.extend(decoded);
                rows[at].cells = cells.into_boxed_slice();
                continue;
            }
            let cells = decoded.split_off((1 + sorts.len()).min(decoded.len()));
            let number = decoded.remove(0).as_integer().and_then(|number| u64::try_from(number).ok());
            offset = number.unwrap_or(offset);
            values.push(decoded);
            rows.push(Row { key: RowKey::Ordinal(offset + at as u64), cells: cells.into_boxed_slice() });
        }
    }
    if rows.is_empty() && matches!(query.at, PageAt::Key(_)) {
        return Err(no_such_row(relation, &format!("number {}", offset + 1)));
    }
    let more = rows.len() > most;
    rows.truncate(most);
    let anchor = |at: usize| rows.get(at).map(|row| Anchor { key: row.key.clone(), sort: values[at].clone() });
    Ok(Page {
        first: anchor(0),
        last: rows.len().checked_sub(1).and_then(anchor),
        at_start: offset == 0,
        at_end: !more,
        position: Position::Exact(offset),
        rows_read: 0,
        rows,
    })
}
