//! The change that takes another one back, guarded by the row as it was written.
//!
//! Owns which columns are left to the database. Must not know SQL.

use std::sync::Arc;

use crate::domain::{
    change::{Cell, Change},
    name::canonical,
    page::{Record, RowKey},
    schema::Relation,
    value::Value,
};

/// Columns that triggers keep, in any spelling: they change with every write, whoever writes.
const KEPT: [&str; 5] = ["lastupdated", "lastaccessedat", "updatedat", "lastmodified", "modifiedat"];

/// Whether the database or its triggers keep the column: it is neither guarded nor restored.
pub(crate) fn is_kept(relation: &Relation, column: usize) -> bool {
    relation
        .columns
        .get(column)
        .is_some_and(|column| column.generated || KEPT.contains(&canonical(&column.name).as_str()))
}

/// The inverse of a change that was carried out. `key` is the row's key now; `before` and `after` the row, `None` where there was
/// none or is none any more.
pub(crate) fn inverse(change: &Change, key: &RowKey, before: Option<&Record>, after: Option<&Record>) -> Change {
    let relation = change.relation();
    let guard = || match after {
        Some(after) => guard(relation, change, before, after),
        None => Vec::new(),
    };
    match change {
        Change::Update { set, .. } => {
            let restored = |column: usize| Some((column, before?.cells.get(column)?.clone()));
            // What was written and what came of it can differ (affinity, triggers): what was there before is restored.
            let all: Vec<Cell> = set.iter().filter_map(|(column, _)| restored(*column)).collect();
            let changed = |(column, old): &&Cell| after.and_then(|after| after.cells.get(*column)) != Some(old);
            let some: Vec<Cell> = all.iter().filter(changed).cloned().collect();
            Change::Update {
                relation: Arc::clone(relation),
                key: key.clone(),
                shown: guard(),
                set: if some.is_empty() { all } else { some },
            }
        }
        Change::Insert { .. } => Change::Delete { relation: Arc::clone(relation), key: key.clone(), shown: guard() },
        Change::Delete { .. } => {
            let cells = before.map_or_else(Vec::new, |before| {
                let cells = before.cells.iter().cloned().enumerate();
                // A row that comes back comes back whole; only what is computed cannot be given.
                cells
                    .filter(|(column, _)| !relation.columns.get(*column).is_some_and(|column| column.generated))
                    .collect()
            });
            Change::Insert { relation: Arc::clone(relation), cells, unless: Vec::new() }
        }
    }
}

/// The whole row as it was written, but for what the database keeps: by name, or because a trigger changed it by itself just now.
fn guard(relation: &Relation, change: &Change, before: Option<&Record>, after: &Record) -> Vec<Cell> {
    let set: &[Cell] = match change {
        Change::Update { set, .. } => set,
        Change::Insert { .. } | Change::Delete { .. } => &[],
    };
    let by_itself = |column: usize, now: &Value| {
        let was = before.and_then(|before| before.cells.get(column));
        was.is_some_and(|was| was != now) && !set.iter().any(|(written, _)| *written == column)
    };
    after
        .cells
        .iter()
        .enumerate()
        .filter(|(column, now)| !is_kept(relation, *column) && !by_itself(*column, now))
        .map(|(column, now)| (column, now.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::samples;

    fn relation() -> Arc<Relation> {
        Arc::new(samples::table("questions", &["id", "status", "lastUpdated", "seen"]))
    }

    fn record(relation: &Arc<Relation>, cells: [&str; 4]) -> Record {
        Record { relation: Arc::clone(relation), key: RowKey::Rowid(1), cells: cells.map(Value::text).to_vec() }
    }

    #[test]
    fn what_triggers_keep_is_neither_guarded_nor_restored() {
        let relation = relation();
        let before = record(&relation, ["q", "flagged", "then", "1"]);
        let after = record(&relation, ["q", "active", "now", "2"]);
        let set = vec![(1, Value::text("active"))];
        let key = RowKey::Rowid(1);
        let change = Change::Update { relation: Arc::clone(&relation), key: key.clone(), shown: Vec::new(), set };
        assert_eq!(
            inverse(&change, &key, Some(&before), Some(&after)),
            Change::Update {
                relation: Arc::clone(&relation),
                key: key.clone(),
                shown: vec![(0, Value::text("q")), (1, Value::text("active"))],
                set: vec![(1, Value::text("flagged"))],
            }
        );
    }

    #[test]
    fn a_new_row_goes_and_a_deleted_one_comes_back_whole() {
        let relation = relation();
        let row = record(&relation, ["q", "flagged", "then", "1"]);
        let key = RowKey::Rowid(1);
        let delete = Change::Delete { relation: Arc::clone(&relation), key: key.clone(), shown: Vec::new() };
        let Change::Insert { cells, unless, .. } = inverse(&delete, &key, Some(&row), None) else { unreachable!() };
        assert_eq!(cells.len(), 4);
        assert_eq!(unless, []);
        let insert = Change::Insert { relation: Arc::clone(&relation), cells, unless };
        let Change::Delete { shown, .. } = inverse(&insert, &key, None, Some(&row)) else { unreachable!() };
        assert_eq!(shown.iter().map(|(column, _)| *column).collect::<Vec<_>>(), [0, 1, 3]);
    }
}
