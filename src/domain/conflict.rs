//! Three versions of a row: as it was shown, as it is by now, and as somebody wants it.
//!
//! Where a change was refused because its row is another by now ([`Obstacle::Changed`](crate::domain::change::Obstacle::Changed)), this
//! says field by field what differs, and renews the change's guard for who wants it all the same. Plain data; decides nothing.

use crate::domain::{
    change::{Cell, Change},
    page::Record,
    value::Value,
};

/// A field of which there is more than one version.
#[derive(Clone, Debug, PartialEq)]
pub struct Versions {
    /// Position in [`Relation::columns`](crate::domain::schema::Relation::columns).
    pub column: usize,
    /// As it was shown; `None` where it was not.
    pub shown: Option<Value>,
    /// As it is now; `None` where the row came without it.
    pub theirs: Option<Value>,
    /// As it is wanted; `None` where the change leaves it alone.
    pub mine: Option<Value>,
}

impl Versions {
    /// Whether somebody else has changed this field.
    pub fn is_changed(&self) -> bool {
        self.shown.is_some() && self.shown != self.theirs
    }
}

/// The fields that somebody else has changed, or that this change would, in the order of the columns.
pub fn versions(change: &Change, theirs: &Record) -> Vec<Versions> {
    let (shown, set): (&[Cell], &[Cell]) = match change {
        Change::Update { shown, set, .. } => (shown, set),
        Change::Delete { shown, .. } => (shown, &[]),
        Change::Insert { .. } => return Vec::new(),
    };
    let of = |cells: &[Cell], column: usize| cells.iter().find(|(at, _)| *at == column).map(|(_, value)| value.clone());
    (0..change.relation().columns.len())
        .map(|column| Versions {
            column,
            shown: of(shown, column),
            theirs: theirs.cells.get(column).cloned(),
            mine: of(set, column),
        })
        .filter(|field| field.is_changed() || field.mine.is_some())
        .collect()
}

/// The same change, guarded by the row as it is now.
#[must_use]
pub fn renewed(change: &Change, theirs: &Record) -> Change {
    let mut change = change.clone();
    if let Change::Update { shown, .. } | Change::Delete { shown, .. } = &mut change {
        for (column, value) in shown.iter_mut() {
            if let Some(now) = theirs.cells.get(*column) {
                value.clone_from(now);
            }
        }
    }
    change
}

/// Whether the row already is what the change would make of it.
pub fn is_done(change: &Change, theirs: &Record) -> bool {
    match change {
        Change::Update { set, .. } => set.iter().all(|(column, value)| theirs.cells.get(*column) == Some(value)),
        Change::Insert { .. } | Change::Delete { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{page::RowKey, schema::samples};

    fn case() -> (Change, Record) {
        let relation = Arc::new(samples::table("questions", &["id", "status", "answer", "last_updated"]));
        let key = RowKey::Rowid(1);
        let change = Change::Update {
            relation: Arc::clone(&relation),
            key: key.clone(),
            shown: vec![(0, Value::text("q")), (1, Value::text("flagged")), (2, Value::text("old"))],
            set: vec![(1, Value::text("active"))],
        };
        let cells = ["q", "flagged", "new", "today"].map(Value::text).to_vec();
        (change, Record { relation, key, cells })
    }

    #[test]
    fn only_what_differs_or_is_wanted_is_told() {
        let (change, theirs) = case();
        let fields = versions(&change, &theirs);
        let told: Vec<_> =
            fields.iter().map(|field| (field.column, field.is_changed(), field.mine.is_some())).collect();
        assert_eq!(told, [(1, false, true), (2, true, false)]);
        assert!(!is_done(&change, &theirs));
    }

    #[test]
    fn a_renewed_change_is_guarded_by_what_is_there_now() {
        let (change, theirs) = case();
        let again = renewed(&change, &theirs);
        assert!(versions(&again, &theirs).iter().all(|field| !field.is_changed()));
        let (Change::Update { set: before, .. }, Change::Update { set, .. }) = (&change, &again) else {
            unreachable!()
        };
        assert_eq!(before, set);
    }
}
