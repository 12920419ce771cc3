//! The statements of a keyed page.

use crate::{
    db::{
        error::Result,
        paging::{
            find::condition_with,
            key_columns,
            order::{Edge, Nullness, Operand, Order, Way},
        },
        server::{
            cells::{Cells, Extent, Form},
            script::Script,
        },
        sql::{Source, literal},
    },
    domain::{
        page::{Direction, PageQuery, RowKey, SortKey},
        schema::{Index, KeyKind, Relation},
        value::Value,
    },
};

/// How many cells a statement selects at most: SQLite's limits are 2,000 result columns and a megabyte of SQL.
pub(crate) const fn chunk(form: Form) -> usize {
    match form {
        Form::Plain => 1800,
        Form::Exact => 600,
    }
}

/// A relation in an order.
pub(crate) struct Parts<'a> {
    pub(crate) relation: &'a Relation,
    pub(crate) source: Source,
    pub(crate) order: Order,
    pub(crate) keys: Vec<String>,
    pub(crate) sorts: Vec<String>,
    pub(crate) form: Form,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(query: &'a PageQuery, form: Form) -> Self {
        Self::of(&query.relation, &query.sort, form)
    }

    pub(crate) fn of(relation: &'a Relation, sort: &[SortKey], form: Form) -> Self {
        let source = Source::of(relation);
        let tail = tail(relation, sort);
        let order = Order::new(relation, &source, sort, tail);
        let keys = key_columns(relation, &source);
        let column = |key: &SortKey| source.columns.get(key.column).cloned().unwrap_or_else(|| "NULL".to_owned());
        let sorts = sort.iter().map(column).collect();
        Self { relation, order, keys, sorts, form, source }
    }

    /// WITH and these tables of a statement's own.
    pub(crate) fn with(&self, own: &[String]) -> String {
        let source = self.source.with.trim().strip_prefix("WITH ").map(str::to_owned);
        let all: Vec<String> = source.into_iter().chain(own.iter().cloned()).collect();
        if all.is_empty() { String::new() } else { format!("WITH {} ", all.join(", ")) }
    }

    /// Names of columns of a table of our own: `k0, k1`.
    pub(crate) fn names(prefix: char, count: usize) -> String {
        (0..count).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>().join(", ")
    }

    /// At most `limit` rows' keys from a place on, in a way: a query.
    pub(crate) fn keys_from(&self, place: &[Operand], way: Way, edge: Edge, limit: usize) -> String {
        let keys = self.keys.join(", ");
        let from = &self.source.from;
        if place.is_empty() {
            return format!("SELECT {keys} FROM {from} ORDER BY {} LIMIT {limit}", self.order.list(0, way));
        }
        let segments = self.order.segments_from(place, way, edge);
        let runs: Vec<String> = segments
            .iter()
            .map(|segment| {
                let terms = self.order.list(segment.first, way);
                let sorted = if terms.is_empty() { String::new() } else { format!(" ORDER BY {terms}") };
                format!("SELECT {keys} FROM {from} WHERE {}{sorted} LIMIT {limit}", segment.condition)
            })
            .collect();
        match runs.as_slice() {
            [one] => one.clone(),
            _ => {
                let runs: Vec<String> = runs.iter().map(|run| format!("SELECT * FROM ({run})")).collect();
                format!("{} LIMIT {limit}", runs.join(" UNION ALL "))
            }
        }
    }

    /// Whether any row comes from the place on: an expression.
    pub(crate) fn any(&self, place: &[Operand], way: Way, edge: Edge) -> String {
        let runs: Vec<String> = self
            .order
            .segments_from(place, way, edge)
            .iter()
            .map(|segment| format!("EXISTS (SELECT 1 FROM {} WHERE {})", self.source.from, segment.condition))
            .collect();
        if runs.is_empty() { "0".to_owned() } else { format!("({})", runs.join(" OR ")) }
    }

    /// The condition that joins a table of keys.
    pub(crate) fn joined(&self, table: char) -> String {
        condition_with(self.relation, &self.source, |at| format!("{table}.k{at}")).unwrap_or_else(|| "0".to_owned())
    }

    /// The condition that finds the row with this key.
    pub(crate) fn is_key(&self, key: &RowKey) -> Option<String> {
        let values: Vec<String> = match (key, &self.relation.key) {
            (RowKey::Rowid(rowid), KeyKind::Rowid { .. }) => vec![literal(&Value::Integer(*rowid))],
            (RowKey::Primary(values), KeyKind::Primary(_)) => values.iter().map(literal).collect(),
            _ => return None,
        };
        (values.len() == self.keys.len())
            .then(|| condition_with(self.relation, &self.source, |at| values.get(at).cloned().unwrap_or_default()))
            .flatten()
    }

    /// A table `a` with the place of the one row that `condition` finds.
    pub(crate) fn anchor(&self, condition: &str) -> String {
        let names = [Self::names('k', self.keys.len()), Self::names('s', self.sorts.len())];
        let names: Vec<&str> = names.iter().map(String::as_str).filter(|names| !names.is_empty()).collect();
        let list: Vec<&str> = self.keys.iter().chain(&self.sorts).map(String::as_str).collect();
        format!(
            "a({}) AS (SELECT {} FROM {} WHERE {condition} LIMIT 1)",
            names.join(", "),
            list.join(", "),
            self.source.from
        )
    }

    /// The place in table `a`.
    pub(crate) fn place_in_anchor(&self) -> Vec<Operand> {
        let columns =
            self.order.expressions(|at| format!("(SELECT s{at} FROM a)"), |at| format!("(SELECT k{at} FROM a)"));
        columns
            .into_iter()
            .zip(self.order.nullable())
            .map(|(sql, nullable)| Operand::new(sql, if nullable { Nullness::Unknown } else { Nullness::NotNull }))
            .collect()
    }

    /// Statements for the rows whose keys `keys` finds (with these tables of its own), in the order; and how to read each.
    pub(crate) fn rows(&self, script: &mut Script, own: &[String], keys: &str) -> Result<Vec<Cells>> {
        let mut own = own.to_vec();
        own.push(format!("k({}) AS ({keys})", Self::names('k', self.keys.len())));
        let with = self.with(&own);
        let mut all = Vec::new();
        for columns in self.source.columns.chunks(chunk(self.form)) {
            let mut cells = Cells::new(self.form);
            cells.add(&self.keys, Extent::Whole).add(columns, Extent::Head);
            script.select(format!(
                "{with}SELECT {} FROM k CROSS JOIN {} ON {} ORDER BY {}",
                cells.list(),
                self.source.from,
                self.joined('k'),
                self.order.list(0, Way::On)
            ))?;
            all.push(cells);
        }
        Ok(all)
    }
}

/// A known place as operands.
pub(crate) fn operands(values: &[Value]) -> Vec<Operand> {
    values
        .iter()
        .map(|value| Operand::new(literal(value), if value.is_null() { Nullness::Null } else { Nullness::NotNull }))
        .collect()
}

/// The direction of the key behind a sort, as an index gives it that a file would be read by: ascending along the index, descending
/// against it. Without such an index it goes with the sort.
fn tail(relation: &Relation, sort: &[SortKey]) -> Direction {
    let along = sort.last().map_or(Direction::Ascending, |key| key.direction);
    let read = |index: &Index| {
        let begins = sort.iter().enumerate().all(|(at, key)| {
            let wanted = relation.columns.get(key.column).map(|column| &column.name);
            index.columns.get(at).is_some_and(|column| column.is_some() && column.as_ref() == wanted)
        });
        let sql = index.sql.as_deref().unwrap_or_default().to_ascii_uppercase();
        if !begins || index.partial || sql.contains("COLLATE") || index.columns.len() != sort.len() {
            return None;
        }
        let list = sql.rsplit_once('(').map_or("", |(_, list)| list).trim_end_matches([')', ' ', ';']);
        let terms: Vec<bool> = list.split(',').map(|term| term.trim_end().ends_with(" DESC")).collect();
        let same = |at: usize, key: &SortKey| {
            terms.get(at).copied().unwrap_or(false) == (key.direction == Direction::Descending)
        };
        let equal = sort.iter().enumerate().filter(|(at, key)| same(*at, key)).count();
        match equal {
            0 => Some(Direction::Descending),
            equal if equal == sort.len() => Some(Direction::Ascending),
            _ => None,
        }
    };
    if sort.is_empty() { along } else { relation.indexes.iter().find_map(read).unwrap_or(along) }
}
