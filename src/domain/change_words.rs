//! Changes in words for people: which row, and what stands against it.

use crate::domain::{
    change::{Cell, Change, Obstacle},
    page::{Record, RowKey},
    record_text::{MASK, is_secret},
    schema::Relation,
    value::Value,
};

/// Letters of a key that are shown.
const KEY: usize = 80;

/// The row a change is about: `questions q-1`, `work_queue 17`, `a new row of users`. Not safe for the screen yet.
pub fn subject(change: &Change) -> String {
    match change {
        Change::Update { relation, key, shown, .. } | Change::Delete { relation, key, shown } => {
            format!("{} {}", relation.name, key_words(relation, key, shown))
        }
        Change::Insert { relation, cells, .. } => match primary(relation, cells) {
            Some(key) => format!("{} {key} (new)", relation.name),
            None => format!("a new row of {}", relation.name),
        },
    }
}

/// A row's key as people know it: its primary key where the cells have it, else its number.
pub fn key_words(relation: &Relation, key: &RowKey, cells: &[Cell]) -> String {
    if let Some(words) = primary(relation, cells) {
        return words;
    }
    match key {
        RowKey::Rowid(rowid) => format!("#{rowid}"),
        RowKey::Primary(values) => values.iter().map(short).collect::<Vec<_>>().join(", "),
        RowKey::Ordinal(number) => format!("row {}", number.saturating_add(1)),
    }
}

fn primary(relation: &Relation, cells: &[Cell]) -> Option<String> {
    let mut keys: Vec<(u32, usize)> =
        relation.columns.iter().enumerate().filter_map(|(at, column)| Some((column.primary_key?, at))).collect();
    keys.sort_unstable();
    let values =
        keys.iter().map(|(_, at)| cells.iter().find(|(column, _)| column == at).map(|(_, value)| short(value)));
    values.collect::<Option<Vec<_>>>().filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

fn short(value: &Value) -> String {
    let plain = value.to_plain();
    let mut words: String = plain.chars().take(KEY).collect();
    if words.len() < plain.len() {
        words.push('…');
    }
    words
}

/// What stands against a change, in words. Not safe for the screen yet.
pub fn obstacle(change: &Change, why: &Obstacle) -> String {
    match why {
        Obstacle::Changed(record) => match differing(change, record).as_slice() {
            [] => "it was changed meanwhile".to_owned(),
            names => format!("{} changed meanwhile", names.join(", ")),
        },
        Obstacle::Gone => "the row is gone".to_owned(),
        Obstacle::Pending(_) => "the same is pending already".to_owned(),
        Obstacle::Said { what, remedy } if remedy.is_empty() => what.clone(),
        Obstacle::Said { what, remedy } => format!("{what}: {remedy}"),
    }
}

/// The columns a change writes, in its order; none of a deletion.
pub fn columns(change: &Change) -> Vec<&str> {
    let (relation, cells) = match change {
        Change::Update { relation, set, .. } => (relation, set),
        Change::Insert { relation, cells, .. } => (relation, cells),
        Change::Delete { .. } => return Vec::new(),
    };
    cells.iter().filter_map(|(column, _)| Some(relation.columns.get(*column)?.name.as_str())).collect()
}

/// Whether a value in it is a secret.
pub fn has_secret(change: &Change) -> bool {
    let (relation, cells) = match change {
        Change::Update { relation, shown, set, .. } => (relation, [shown, set]),
        Change::Insert { relation, cells, unless } => (relation, [cells, unless]),
        Change::Delete { relation, shown, .. } => (relation, [shown, shown]),
    };
    cells.into_iter().flatten().any(|(column, _)| relation.columns.get(*column).is_some_and(is_secret))
}

/// The change with a mask where a secret is.
pub fn masked(change: &Change) -> Change {
    let mut masked = change.clone();
    let (relation, mut cells) = match &mut masked {
        Change::Update { relation, shown, set, .. } => (relation, vec![shown, set]),
        Change::Insert { relation, cells, unless } => (relation, vec![cells, unless]),
        Change::Delete { relation, shown, .. } => (relation, vec![shown]),
    };
    for (column, value) in cells.iter_mut().flat_map(|cells| cells.iter_mut()) {
        if !value.is_null() && relation.columns.get(*column).is_some_and(is_secret) {
            *value = Value::text(MASK);
        }
    }
    masked
}

/// The columns that are others now than was shown.
fn differing(change: &Change, now: &Record) -> Vec<String> {
    let (Change::Update { relation, shown, .. } | Change::Delete { relation, shown, .. }) = change else {
        return Vec::new();
    };
    let differ = |(column, value): &&Cell| now.cells.get(*column).is_some_and(|now| now != value);
    let name = |(column, _): &Cell| relation.columns.get(*column).map(|column| column.name.clone());
    shown.iter().filter(differ).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::schema::samples;

    #[test]
    fn rows_are_called_by_what_people_know() {
        let mut table = samples::table("questions", &["id", "status"]);
        let key = RowKey::Rowid(7);
        let shown = vec![(0, Value::text("q-1")), (1, Value::text("flagged"))];
        table.columns[0].primary_key = Some(1);
        let relation = Arc::new(table);
        let update = |shown: &[Cell]| Change::Update {
            relation: relation.clone(),
            key: key.clone(),
            shown: shown.to_vec(),
            set: Vec::new(),
        };
        assert_eq!(subject(&update(&shown)), "questions q-1");
        assert_eq!(subject(&update(&[])), "questions #7");
        let insert = Change::Insert { relation: relation.clone(), cells: Vec::new(), unless: Vec::new() };
        assert_eq!(subject(&insert), "a new row of questions");
        let cells = vec![Value::text("q-1"), Value::text("active")];
        let now = Record { relation: relation.clone(), key: key.clone(), cells };
        assert_eq!(obstacle(&update(&shown), &Obstacle::Changed(now)), "status changed meanwhile");
    }
}
