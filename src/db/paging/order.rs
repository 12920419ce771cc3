//! The order of a relation's rows as terms, and the way from a place in it to the next rows as segments.
//!
//! A page behind the place (a, b, key) is not asked for with one big condition (`a > ? OR a = ? AND b > ? …`), which no index
//! serves, but segment by segment: the rest of the rows with equal a and b, then the rest with equal a, then the rest. Each is an
//! equality prefix and one range, in the order of the index; NULLs, which no comparison finds, are segments of their own.

use crate::{
    db::sql::Source,
    domain::{
        page::{Anchor, Direction, RowKey, SortKey},
        schema::{KeyKind, Relation},
        value::Value,
    },
};

/// Where an anchor holds a term's value.
#[derive(Clone, Copy, Debug)]
enum From {
    Sort(usize),
    Key(usize),
}

/// One term of ORDER BY.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    /// The expression, with its collation where that is not the column's own.
    pub(crate) sql: String,
    pub(crate) descending: bool,
    nullable: bool,
    from: From,
}

impl Term {
    /// Whether it is the rowid, under whatever name.
    pub(crate) fn is_the_key(&self, source: &Source) -> bool {
        !self.nullable || source.rowid.as_ref() == Some(&self.sql)
    }
}

/// The whole order of a relation: the sort columns, then the key.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) terms: Vec<Term>,
}

impl Order {
    /// The order for this sorting. With a sort, all columns of the key go in `tail`'s direction, as they do in a secondary
    /// index (also of a WITHOUT ROWID table whose key is descending); without one, they go as the key's own index does.
    pub(crate) fn new(relation: &Relation, source: &Source, sort: &[SortKey], tail: Direction) -> Self {
        let mut terms: Vec<Term> = Vec::new();
        let mut used = Vec::new();
        let alias = match &relation.key {
            KeyKind::Rowid { column, .. } => *column,
            KeyKind::Primary(_) | KeyKind::None => None,
        };
        for (at, key) in sort.iter().enumerate() {
            let Some(sql) = source.columns.get(key.column) else { continue };
            if used.contains(&key.column) {
                continue;
            }
            used.push(key.column);
            terms.push(Term {
                sql: sql.clone(),
                descending: key.direction == Direction::Descending,
                nullable: Some(key.column) != alias,
                from: From::Sort(at),
            });
            if Some(key.column) == alias {
                // The rowid itself: nothing can tie.
                return Self { terms };
            }
        }
        match &relation.key {
            KeyKind::Rowid { .. } => terms.extend(source.rowid.as_ref().map(|rowid| Term {
                sql: rowid.clone(),
                descending: tail == Direction::Descending,
                nullable: false,
                from: From::Key(0),
            })),
            KeyKind::Primary(columns) => terms.extend(columns.iter().enumerate().map(|(at, key)| Term {
                sql: format!("{} COLLATE {}", source.columns[key.column], key.collation),
                descending: if sort.is_empty() { key.descending } else { tail == Direction::Descending },
                nullable: false,
                from: From::Key(at),
            })),
            KeyKind::None => {}
        }
        Self { terms }
    }

    /// The anchor's values in the order of the terms; `None` where the anchor is of another order.
    pub(crate) fn values(&self, anchor: &Anchor) -> Option<Vec<Value>> {
        self.terms
            .iter()
            .map(|term| match (term.from, &anchor.key) {
                (From::Sort(at), _) => anchor.sort.get(at).cloned(),
                (From::Key(0), RowKey::Rowid(rowid)) => Some(Value::Integer(*rowid)),
                (From::Key(at), RowKey::Primary(values)) => values.get(at).cloned(),
                (From::Key(_), _) => None,
            })
            .collect()
    }

    /// ORDER BY's list from this term on.
    pub(crate) fn list(&self, first: usize, way: Way) -> String {
        let terms: Vec<String> = self.terms[first.min(self.terms.len())..]
            .iter()
            .map(|term| format!("{}{}", term.sql, if term.descending ^ (way == Way::Back) { " DESC" } else { "" }))
            .collect();
        terms.join(", ")
    }

    /// The segments from a place on. `values` may be shorter than the terms: then it is the place before all rows that
    /// begin with them.
    pub(crate) fn segments(&self, values: &[Value], way: Way, edge: Edge) -> Vec<Segment> {
        let mut segments = Vec::new();
        let last = values.len().min(self.terms.len());
        for level in (0..last).rev() {
            let term = &self.terms[level];
            let descending = term.descending ^ (way == Way::Back);
            let inclusive = edge == Edge::Inclusive && level + 1 == last;
            let prefix = || {
                let conditions: Vec<String> =
                    self.terms[..level].iter().map(|term| format!("{} IS ?", term.sql)).collect();
                (conditions, level)
            };
            let mut add = |condition: String, bound: usize, first: usize| {
                let (mut conditions, values) = prefix();
                conditions.push(condition);
                segments.push(Segment { condition: conditions.join(" AND "), values: values + bound, first });
            };
            if values[level].is_null() {
                if inclusive {
                    add(format!("{} IS NULL", term.sql), 0, level + 1);
                }
                if !descending {
                    add(format!("{} IS NOT NULL", term.sql), 0, level);
                }
            } else {
                let compare = match (descending, inclusive) {
                    (false, false) => ">",
                    (false, true) => ">=",
                    (true, false) => "<",
                    (true, true) => "<=",
                };
                add(format!("{} {compare} ?", term.sql), 1, level);
                if descending && term.nullable {
                    add(format!("{} IS NULL", term.sql), 0, level + 1);
                }
            }
        }
        segments
    }
}

/// Along the order or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Along.
    On,
    /// Against.
    Back,
}

/// Whether the place itself belongs to what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// It does.
    Inclusive,
    /// It does not.
    Exclusive,
}

/// A run of rows that one seek finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// The condition.
    pub(crate) condition: String,
    /// How many of the place's values it binds, from the first.
    pub(crate) values: usize,
    /// The first term that still has to be ordered by.
    pub(crate) first: usize,
}
