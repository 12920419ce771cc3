//! Reading rows along an order from a place on.

use crate::{
    db::{
        connection::reader::{Flow, Reader},
        error::{Error, ErrorKind, Result},
        paging::{
            key_columns,
            order::{Edge, Segment, Way},
            plan::Plan,
        },
    },
    domain::{
        page::{Anchor, CELL_HEAD, Row, RowKey, SortKey},
        schema::{KeyKind, Relation},
        value::Value,
    },
};

/// How many cells a statement selects at most: SQLite's limit is 2,000 result columns, and keys and sort values want room.
pub(crate) const CHUNK: usize = 1900;

/// A row with its whole sort values.
pub(crate) struct Found {
    pub(crate) row: Row,
    pub(crate) sort: Vec<Value>,
}

/// A relation in an order.
pub(crate) struct Walk<'a> {
    pub(crate) reader: &'a Reader<'a>,
    pub(crate) relation: &'a Relation,
    pub(crate) plan: &'a Plan,
    pub(crate) sort: &'a [SortKey],
    keys: Vec<String>,
    sorts: Vec<String>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(reader: &'a Reader<'a>, relation: &'a Relation, plan: &'a Plan, sort: &'a [SortKey]) -> Self {
        let keys = key_columns(relation, &plan.source);
        let column = |key: &SortKey| plan.source.columns.get(key.column).cloned().unwrap_or_else(|| "NULL".to_owned());
        let sorts = sort.iter().map(column).collect();
        Self { reader, relation, plan, sort, keys, sorts }
    }

    /// The values of a place in this order.
    pub(crate) fn place(&self, anchor: &Anchor) -> Result<Vec<Value>> {
        self.plan.order.values(anchor).ok_or_else(|| {
            Error::new(ErrorKind::NoSuchRow, "this place is of another order", "go to the first page (g)")
        })
    }

    /// At most `limit` rows from the place on (all from the beginning of the way where it is empty), in the way's order.
    pub(crate) fn rows(&self, place: &[Value], way: Way, edge: Edge, limit: usize) -> Result<Vec<Found>> {
        let columns = &self.plan.source.columns;
        let mut found: Vec<Found> = Vec::with_capacity(limit.min(1024));
        for segment in self.segments(place, way, edge) {
            if found.len() >= limit {
                break;
            }
            let start = found.len();
            let mut chunks = columns.chunks(CHUNK);
            let (first, wanted) = (chunks.next().unwrap_or_default(), limit - start);
            let heads = self.keys.len() + self.sorts.len();
            let list: Vec<&str> = joined(&[&self.keys, &self.sorts, first]);
            self.run(&list, &segment, place, way, wanted, |row| {
                let mut cells = Vec::with_capacity(columns.len());
                for at in 0..first.len() {
                    cells.push(self.reader.head(row, heads + at, CELL_HEAD)?);
                }
                let (key, sort) = self.key_and_sort(row)?;
                found.push(Found { row: Row { key, cells: cells.into_boxed_slice() }, sort });
                Ok(Flow::More)
            })?;
            // The same rows again for the columns beyond: the order is total and the transaction one, so they come alike.
            for chunk in chunks {
                let list: Vec<&str> = chunk.iter().map(String::as_str).collect();
                let mut at = start;
                self.run(&list, &segment, place, way, wanted, |row| {
                    if let Some(found) = found.get_mut(at) {
                        let mut cells = std::mem::take(&mut found.row.cells).into_vec();
                        for cell in 0..chunk.len() {
                            cells.push(self.reader.head(row, cell, CELL_HEAD)?);
                        }
                        found.row.cells = cells.into_boxed_slice();
                    }
                    at += 1;
                    Ok(Flow::More)
                })?;
            }
        }
        Ok(found)
    }

    /// The places of at most `limit` rows from a place on.
    pub(crate) fn anchors(&self, place: &[Value], way: Way, edge: Edge, limit: usize) -> Result<Vec<Anchor>> {
        let list: Vec<&str> = joined(&[&self.keys, &self.sorts]);
        let mut anchors = Vec::new();
        for segment in self.segments(place, way, edge) {
            if anchors.len() >= limit {
                break;
            }
            let wanted = limit - anchors.len();
            self.run(&list, &segment, place, way, wanted, |row| {
                let (key, sort) = self.key_and_sort(row)?;
                anchors.push(Anchor { key, sort });
                Ok(Flow::More)
            })?;
        }
        Ok(anchors)
    }

    /// Whether any row comes from the place on.
    pub(crate) fn any(&self, place: &[Value], way: Way, edge: Edge) -> Result<bool> {
        for segment in self.segments(place, way, edge) {
            let mut any = false;
            self.run(&["1"], &segment, place, way, 1, |_| {
                any = true;
                Ok(Flow::Enough)
            })?;
            if any {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The place of the row with this key; `None` where there is none.
    pub(crate) fn anchor(&self, key: &RowKey) -> Result<Option<Anchor>> {
        let Some((condition, values)) = self.condition(key) else { return Ok(None) };
        let list: Vec<&str> = joined(&[&self.keys, &self.sorts]);
        let source = &self.plan.source;
        let sql = format!("{}SELECT {} FROM {} WHERE {condition}", source.with, list.join(", "), source.from);
        self.reader.first(&sql, &values.iter().collect::<Vec<_>>(), |row| {
            let (key, sort) = self.key_and_sort(row)?;
            Ok(Anchor { key, sort })
        })
    }

    /// Whether the anchor's row is still there, at the same place of the order.
    pub(crate) fn still_at(&self, anchor: &Anchor) -> Result<bool> {
        Ok(self.anchor(&anchor.key)?.is_some_and(|now| now == *anchor))
    }

    fn condition(&self, key: &RowKey) -> Option<(String, Vec<Value>)> {
        super::condition_of(self.relation, &self.plan.source, key)
    }

    fn segments(&self, place: &[Value], way: Way, edge: Edge) -> Vec<Segment> {
        if place.is_empty() {
            return vec![Segment { condition: String::new(), values: 0, first: 0 }];
        }
        self.plan.order.segments(place, way, edge)
    }

    /// Key and sort values of a row whose first columns they are.
    pub(crate) fn key_and_sort(&self, row: &rusqlite::Row<'_>) -> Result<(RowKey, Vec<Value>)> {
        let key = match &self.relation.key {
            KeyKind::Primary(_) => {
                RowKey::Primary((0..self.keys.len()).map(|at| self.reader.whole(row, at)).collect::<Result<_>>()?)
            }
            KeyKind::Rowid { .. } | KeyKind::None => RowKey::Rowid(self.reader.integer(row, 0)?),
        };
        let first = self.keys.len();
        let sort = (0..self.sorts.len()).map(|at| self.reader.whole(row, first + at)).collect::<Result<_>>()?;
        Ok((key, sort))
    }

    /// Key and sort expressions as a list.
    pub(crate) fn spine(&self) -> String {
        joined(&[&self.keys, &self.sorts]).join(", ")
    }

    fn run(
        &self,
        list: &[&str],
        segment: &Segment,
        place: &[Value],
        way: Way,
        limit: usize,
        each: impl FnMut(&rusqlite::Row<'_>) -> Result<Flow>,
    ) -> Result<()> {
        let Plan { source, order, hint, .. } = self.plan;
        let filter = if segment.condition.is_empty() { String::new() } else { format!(" WHERE {}", segment.condition) };
        let terms = order.list(segment.first, way);
        let sorted = if terms.is_empty() { String::new() } else { format!(" ORDER BY {terms}") };
        let sql =
            format!("{}SELECT {} FROM {}{hint}{filter}{sorted} LIMIT ?", source.with, list.join(", "), source.from);
        let limit = Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let mut values: Vec<&Value> = place[..segment.values].iter().collect();
        values.push(&limit);
        self.reader.each(&sql, &values, each)
    }
}

/// Several lists of names as one.
fn joined<'n>(lists: &[&'n [String]]) -> Vec<&'n str> {
    lists.iter().flat_map(|names| names.iter().map(String::as_str)).collect()
}
