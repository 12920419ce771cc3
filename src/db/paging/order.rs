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
        let place: Vec<Operand> = values
            .iter()
            .map(|value| Operand::new("?", if value.is_null() { Nullness::Null } else { Nullness::NotNull }))
            .collect();
        self.segments_from(&place, way, edge)
    }

    /// As [`Self::segments`], with the place's values as expressions.
    pub(crate) fn segments_from(&self, place: &[Operand], way: Way, edge: Edge) -> Vec<Segment> {
        let mut segments = Vec::new();
        let last = place.len().min(self.terms.len());
        for level in (0..last).rev() {
            let (term, value) = (&self.terms[level], &place[level]);
            let descending = term.descending ^ (way == Way::Back);
            let inclusive = edge == Edge::Inclusive && level + 1 == last;
            let mut add = |condition: String, bound: usize, first: usize| {
                let mut conditions: Vec<String> = self.terms[..level]
                    .iter()
                    .zip(place)
                    .map(|(term, value)| format!("{} IS {}", term.sql, value.sql))
                    .collect();
                conditions.push(condition);
                segments.push(Segment { condition: conditions.join(" AND "), values: level + bound, first });
            };
            // What holds only where the value is NULL, or is not, says so where that is not known.
            let guard = |is: &str| match value.nullness {
                Nullness::Unknown => format!(" AND {} {is}", value.sql),
                Nullness::Null | Nullness::NotNull => String::new(),
            };
            if value.nullness != Nullness::NotNull {
                if inclusive {
                    add(format!("{} IS NULL{}", term.sql, guard("IS NULL")), 0, level + 1);
                }
                if !descending {
                    add(format!("{} IS NOT NULL{}", term.sql, guard("IS NULL")), 0, level);
                }
            }
            if value.nullness != Nullness::Null {
                let compare = match (descending, inclusive) {
                    (false, false) => ">",
                    (false, true) => ">=",
                    (true, false) => "<",
                    (true, true) => "<=",
                };
                add(format!("{} {compare} {}", term.sql, value.sql), 1, level);
                if descending && term.nullable {
                    add(format!("{} IS NULL{}", term.sql, guard("IS NOT NULL")), 0, level + 1);
                }
            }
        }
        segments
    }

    /// Whether each term can be NULL.
    pub(crate) fn nullable(&self) -> impl Iterator<Item = bool> + '_ {
        self.terms.iter().map(|term| term.nullable)
    }

    /// The anchor's columns in the order of the terms: sort values `sort(at)`, the key's `key(at)`.
    pub(crate) fn expressions(&self, sort: impl Fn(usize) -> String, key: impl Fn(usize) -> String) -> Vec<String> {
        self.terms
            .iter()
            .map(|term| match term.from {
                From::Sort(at) => sort(at),
                From::Key(at) => key(at),
            })
            .collect()
    }
}

/// Whether a place's value is NULL, which no comparison finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nullness {
    /// It is.
    Null,
    /// It is not.
    NotNull,
    /// The statement itself finds the value.
    Unknown,
}

/// A value of a place, as an expression.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    sql: String,
    nullness: Nullness,
}

impl Operand {
    pub(crate) fn new(sql: impl Into<String>, nullness: Nullness) -> Self {
        Self { sql: sql.into(), nullness }
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
