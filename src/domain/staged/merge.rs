//! How two changes of one row become one.

use crate::domain::{
    change::{Cell, Change, Written},
    value::Value,
};

fn of(cells: &[Cell], column: usize) -> Option<&Value> {
    cells.iter().find(|(own, _)| *own == column).map(|(_, value)| value)
}

/// Whether two values are the same to the last bit: floats, too, where -0.0 is not 0.0.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Real(left), Value::Real(right)) => left.to_bits() == right.to_bits(),
        _ => left == right,
    }
}

fn put(cells: &mut Vec<Cell>, (column, value): Cell) {
    match cells.iter_mut().find(|(own, _)| *own == column) {
        Some(cell) => cell.1 = value,
        None => cells.push((column, value)),
    }
}

/// Without the cells that get the value they have; `None` where nothing is left. The guards of such cells go with them.
pub(super) fn cleaned(change: Change) -> Option<Change> {
    let Change::Update { relation, key, mut shown, mut set } = change else { return Some(change) };
    let idle: Vec<usize> = set
        .iter()
        .filter(|(column, value)| of(&shown, *column).is_some_and(|shown| same(shown, value)))
        .map(|(column, _)| *column)
        .collect();
    set.retain(|(column, _)| !idle.contains(column));
    shown.retain(|(column, _)| !idle.contains(column));
    (!set.is_empty()).then_some(Change::Update { relation, key, shown, set })
}

/// The earlier change of a row and the later one as one; `None` where they take each other back.
pub(super) fn merged(earlier: &Change, later: Change) -> Option<Change> {
    match (earlier, later) {
        (Change::Update { relation, key, shown, set }, Change::Update { shown: more_shown, set: more, .. }) => {
            let (mut shown, mut set) = (shown.clone(), set.clone());
            // What was seen first is the guard: what is shown now is what was staged.
            for cell in more_shown {
                if of(&shown, cell.0).is_none() {
                    shown.push(cell);
                }
            }
            for cell in more {
                put(&mut set, cell);
            }
            cleaned(Change::Update { relation: relation.clone(), key: key.clone(), shown, set })
        }
        (Change::Insert { relation, cells, unless }, Change::Update { set, .. }) => {
            let mut cells = cells.clone();
            for cell in set {
                put(&mut cells, cell);
            }
            Some(Change::Insert { relation: relation.clone(), cells, unless: unless.clone() })
        }
        (Change::Insert { .. }, Change::Delete { .. }) => None,
        // The last word counts.
        (_, later) => cleaned(later),
    }
}

/// What is left of an edit when the change that was sent of it is written: what was edited again since, guarded by what was written.
pub(super) fn rebased(now: &Change, sent: &Change, written: &Written) -> Option<Change> {
    if now == sent {
        return None;
    }
    let after = |column: usize| written.after.as_ref().and_then(|record| record.cells.get(column)).cloned();
    let (relation, key) = (now.relation().clone(), written.key.clone());
    match now {
        Change::Update { shown, set, .. } => {
            let shown =
                shown.iter().map(|(column, value)| (*column, after(*column).unwrap_or(value.clone()))).collect();
            cleaned(Change::Update { relation, key, shown, set: set.clone() })
        }
        Change::Insert { cells, .. } => {
            let shown = cells.iter().filter_map(|(column, _)| Some((*column, after(*column)?))).collect();
            cleaned(Change::Update { relation, key, shown, set: cells.clone() })
        }
        Change::Delete { shown, .. } => {
            let shown =
                shown.iter().map(|(column, value)| (*column, after(*column).unwrap_or(value.clone()))).collect();
            Some(Change::Delete { relation, key, shown })
        }
    }
}
