//! Which index gives an order: asked from SQLite's own planner once for each sort, and then insisted on.
//!
//! SQLite knows nothing of pages: left alone it may read a whole table into a sorter where an index has the order, or change its mind
//! between two pages. `INDEXED BY` keeps it to the index that `EXPLAIN QUERY PLAN` has shown to need no sorter.

use std::{collections::HashMap, sync::Arc};

use crate::{
    db::{
        connection::reader::{Flow, Reader},
        error::Result,
        paging::order::{Order, Way},
        sql::{Source, quoted},
    },
    domain::{
        page::{Direction, SortKey},
        schema::{Index, KeyKind, Relation},
    },
};

/// How many sorts are remembered.
const REMEMBERED: usize = 256;

/// A relation's name and a sort.
type Sorted = (String, Vec<SortKey>);

/// The plans of one connection.
#[derive(Default)]
pub(crate) struct Orders {
    /// By relation and sort; each with the relation as it was when the plan was made, for it may be altered any time.
    plans: HashMap<Sorted, (Arc<Relation>, Arc<Plan>)>,
}

/// How to read a relation in an order.
pub(crate) struct Plan {
    pub(crate) source: Source,
    pub(crate) order: Order,
    /// What to say behind the relation's name.
    pub(crate) hint: String,
}

impl Orders {
    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.plans.clear();
    }

    /// The plan for this sort.
    pub(crate) fn plan(
        &mut self,
        reader: &Reader<'_>,
        relation: &Arc<Relation>,
        sort: &[SortKey],
    ) -> Result<Arc<Plan>> {
        let key = (relation.name.clone(), sort.to_vec());
        if let Some((planned, plan)) = self.plans.get(&key)
            && (Arc::ptr_eq(planned, relation) || planned == relation)
        {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(find(reader, relation, sort)?);
        if self.plans.len() >= REMEMBERED {
            self.plans.clear();
        }
        self.plans.insert(key, (Arc::clone(relation), Arc::clone(&plan)));
        Ok(plan)
    }
}

pub(crate) fn find(reader: &Reader<'_>, relation: &Relation, sort: &[SortKey]) -> Result<Plan> {
    let source = Source::of(relation);
    let along = sort.last().map_or(Direction::Ascending, |key| key.direction);
    let order = Order::new(relation, &source, sort, along);
    let of_the_table = order.terms.len() == 1 && matches!(relation.key, KeyKind::Rowid { .. });
    if sort.is_empty() || of_the_table && order.terms[0].is_the_key(&source) {
        // The table itself is in this order.
        let hint = if source.is_plain && source.rowid.is_some() { " NOT INDEXED" } else { "" };
        return Ok(Plan { source, order, hint: hint.to_owned() });
    }
    if source.is_plain {
        for index in candidates(relation, sort) {
            let hint = format!(" INDEXED BY {}", quoted(&index.name));
            // An index of the other direction is read backwards, and then its keys run against the sort, too.
            for tail in [along, along.reversed()] {
                let order = Order::new(relation, &source, sort, tail);
                if needs_no_sorter(reader, &source, &order, &hint) {
                    return Ok(Plan { source, order, hint });
                }
            }
        }
    }
    Ok(Plan { source, order, hint: String::new() })
}

/// Indexes that begin with the sort's columns.
fn candidates<'a>(relation: &'a Relation, sort: &'a [SortKey]) -> impl Iterator<Item = &'a Index> {
    relation.indexes.iter().filter(move |index| {
        !index.partial
            && sort.iter().zip(index.columns.iter().map(Some).chain(std::iter::repeat(None))).all(|(key, column)| {
                let wanted = relation.columns.get(key.column).map(|column| &column.name);
                // Columns behind the last of the index are its key's.
                column.is_none_or(|column| column.is_some() && column.as_ref() == wanted)
            })
    })
}

/// Whether SQLite reads this order without sorting. A statement that it refuses (an index that is gone) needs one.
fn needs_no_sorter(reader: &Reader<'_>, source: &Source, order: &Order, hint: &str) -> bool {
    let all = source.columns.first().map_or("1", String::as_str);
    let sql = format!(
        "EXPLAIN QUERY PLAN {}SELECT {all} FROM {}{hint} ORDER BY {}",
        source.with,
        source.from,
        order.list(0, Way::On)
    );
    let mut sorts = false;
    let asked = reader.each(&sql, &[], |row| {
        sorts |= reader.text(row, 3)?.contains("TEMP B-TREE");
        Ok(Flow::More)
    });
    asked.is_ok() && !sorts
}
