//! Staging against a plain model, and the recovery file against itself.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use proptest::prelude::*;

use super::{recovery, *};
use crate::domain::{
    edit::Draft,
    page::Record,
    schema::{Schema, samples},
    value::Bytes,
};

/// A table of three columns; the first is the rowid.
fn relation() -> Arc<Relation> {
    let key = KeyKind::Rowid { alias: "id".to_owned(), column: Some(0) };
    Arc::new(Relation { key, ..samples::table("things", &["id", "reason", "status"]) })
}

type Rows = BTreeMap<i64, Vec<Value>>;

fn rows() -> Rows {
    (1..=3).map(|id| (id, vec![Value::Integer(id), Value::text("why"), Value::Null])).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Set { row: i64, column: usize, value: Value },
    Delete { row: i64 },
    Insert { row: i64 },
    Drop { at: usize },
    DropAll,
    Recover,
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::text("why")),
        any::<i64>().prop_map(Value::Integer),
        any::<u64>()
            .prop_map(f64::from_bits)
            .prop_filter("SQLite has no NaN", |number| !number.is_nan())
            .prop_map(Value::Real),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| Value::Blob(Bytes::whole(bytes))),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| Value::Text(Bytes::whole(bytes))),
        "\\PC{0,4}\u{0}?".prop_map(|text| Value::text(&text)),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1i64..6, 1usize..3, any_value()).prop_map(|(row, column, value)| Step::Set { row, column, value }),
        2 => (1i64..6).prop_map(|row| Step::Delete { row }),
        2 => (4i64..6).prop_map(|row| Step::Insert { row }),
        2 => (0usize..8).prop_map(|at| Step::Drop { at }),
        1 => Just(Step::DropAll),
        1 => Just(Step::Recover),
    ]
}

/// What the rows are to be: each as it is in the database, but for what is said here.
#[derive(Clone, Debug)]
enum Wanted {
    Cells(BTreeMap<usize, Value>),
    Gone,
    New(Vec<Value>),
}

fn carried_out(mut rows: Rows, staged: &Staged) -> Rows {
    for entry in staged.entries() {
        match entry.change {
            Change::Update { key: RowKey::Rowid(row), shown, set, .. } => {
                let cells = rows.get_mut(&row).unwrap();
                for (column, value) in shown {
                    assert_eq!(cells[column], value, "the guard is what is there");
                }
                for (column, value) in set {
                    cells[column] = value;
                }
            }
            Change::Delete { key: RowKey::Rowid(row), .. } => assert!(rows.remove(&row).is_some()),
            Change::Insert { cells, .. } => {
                let row = cells[0].1.as_integer().unwrap();
                let cells = (0..3).map(|at| cells.iter().find(|(own, _)| *own == at).map(|cell| cell.1.clone()));
                assert_eq!(rows.insert(row, cells.map(Option::unwrap_or_default).collect()), None);
            }
            other => unreachable!("{other:?}"),
        }
    }
    rows
}

fn wanted_rows(wanted: &BTreeMap<i64, Wanted>) -> Rows {
    let mut rows = rows();
    for (row, wanted) in wanted {
        match wanted {
            Wanted::Gone => drop(rows.remove(row)),
            Wanted::New(cells) => drop(rows.insert(*row, cells.clone())),
            Wanted::Cells(set) => {
                for (column, value) in set {
                    rows.get_mut(row).unwrap()[*column] = value.clone();
                }
            }
        }
    }
    rows
}

fn recovered(staged: &Staged, relation: &Arc<Relation>) -> Staged {
    let schema = Schema { relations: vec![relation.clone()] };
    let Some(text) = recovery::text(Timestamp::UNIX_EPOCH, staged, &[], &[], None) else { return Staged::default() };
    let back = recovery::recovered(&text, &schema).unwrap();
    assert!(back.lost.is_empty(), "{:?}", back.lost);
    let mut again = Staged::default();
    for (edit, (change, _)) in staged.edits().iter().zip(back.changes) {
        assert_eq!(again.stage(edit.id, change), Staging::Added(edit.id));
    }
    assert_eq!(format!("{again:?}"), format!("{staged:?}"), "what is kept comes back to the last bit");
    again
}

proptest! {
    #[test]
    fn whatever_is_staged_the_rows_become_what_was_wanted(steps in prop::collection::vec(any_step(), 0..40)) {
        let relation = relation();
        let database = rows();
        let mut staged = Staged::default();
        let mut wanted: BTreeMap<i64, Wanted> = BTreeMap::new();
        for (id, step) in steps.into_iter().enumerate() {
            let id = EntryId(id as u64);
            match step {
                Step::Set { row, column, value } => {
                    let new = matches!(wanted.get(&row), Some(Wanted::New(_)));
                    if !new && !database.contains_key(&row) {
                        continue;
                    }
                    let shown = database.get(&row).map(|cells| (column, cells[column].clone())).into_iter().collect();
                    let set = vec![(column, value.clone())];
                    staged.stage(id, Change::Update { relation: relation.clone(), key: RowKey::Rowid(row), shown, set });
                    match wanted.entry(row).or_insert_with(|| Wanted::Cells(BTreeMap::new())) {
                        Wanted::New(cells) => cells[column] = value,
                        Wanted::Cells(set) => drop(set.insert(column, value)),
                        gone @ Wanted::Gone => *gone = Wanted::Cells([(column, value)].into()),
                    }
                }
                Step::Delete { row } => {
                    let new = matches!(wanted.get(&row), Some(Wanted::New(_)));
                    if !new && !database.contains_key(&row) {
                        continue;
                    }
                    let shown = Vec::new();
                    staged.stage(id, Change::Delete { relation: relation.clone(), key: RowKey::Rowid(row), shown });
                    if new {
                        wanted.remove(&row);
                    } else {
                        wanted.insert(row, Wanted::Gone);
                    }
                }
                Step::Insert { row } => {
                    if wanted.contains_key(&row) {
                        continue;
                    }
                    let cells = vec![(0, Value::Integer(row)), (1, Value::text("new"))];
                    staged.stage(id, Change::Insert { relation: relation.clone(), cells, unless: Vec::new() });
                    wanted.insert(row, Wanted::New(vec![Value::Integer(row), Value::text("new"), Value::Null]));
                }
                Step::Drop { at } => {
                    if let Some(edit) = staged.edits().get(at).cloned() {
                        staged.drop_one(edit.id).unwrap();
                        let Some(RowKey::Rowid(row)) = edit.change.key().cloned().or_else(|| match &edit.change {
                            Change::Insert { cells, .. } => cells[0].1.as_integer().map(RowKey::Rowid),
                            _ => None,
                        }) else { unreachable!() };
                        wanted.remove(&row);
                    }
                }
                Step::DropAll => {
                    staged.drop_all();
                    wanted.clear();
                }
                Step::Recover => staged = recovered(&staged, &relation),
            }
            let now = carried_out(database.clone(), &staged);
            prop_assert_eq!(format!("{now:?}"), format!("{:?}", wanted_rows(&wanted)));
            // What the grid looks up is what will be.
            for (row, cells) in &now {
                for (column, value) in cells.iter().enumerate() {
                    let staged = staged.cell(&relation, &RowKey::Rowid(*row), column);
                    let kept = database.get(row).map(|cells| &cells[column]);
                    prop_assert_eq!(format!("{:?}", staged.or(kept).unwrap_or(&Value::Null)), format!("{value:?}"));
                }
            }
            // Nothing is staged that changes nothing.
            for edit in staged.edits() {
                if let Change::Update { shown, set, .. } = &edit.change {
                    prop_assert!(!set.is_empty());
                    let same = set.iter().any(|cell| shown.iter().any(|own| format!("{own:?}") == format!("{cell:?}")));
                    prop_assert!(!same);
                }
            }
        }
    }
}

fn update(shown: &str, set: &str) -> Change {
    let (shown, set) = (vec![(1, Value::text(shown))], vec![(1, Value::text(set))]);
    Change::Update { relation: relation(), key: RowKey::Rowid(1), shown, set }
}

#[test]
fn the_guard_is_what_was_seen_first() {
    let mut staged = Staged::default();
    staged.stage(EntryId(1), update("why", "a"));
    // Another program wrote meanwhile, and what was staged is what is shown: the first guard tells.
    assert_eq!(staged.stage(EntryId(2), update("other", "b")), Staging::Merged(EntryId(1)));
    assert_eq!(staged.edits()[0].change, update("why", "b"));
    assert_eq!(staged.stage(EntryId(3), update("b", "why")), Staging::Dropped(EntryId(1)));
    assert!(staged.is_empty());
    assert_eq!(staged.stage(EntryId(4), update("why", "why")), Staging::Nothing);
}

#[test]
fn what_was_edited_again_while_it_was_written_stays_under_the_new_guard() {
    let mut staged = Staged::default();
    staged.stage(EntryId(1), update("why", "a"));
    let sent = staged.entries();
    staged.stage(EntryId(2), update("why", "b"));
    let cells = vec![Value::Integer(1), Value::text("a"), Value::Null];
    let written = Written {
        entry: EntryId(1),
        key: RowKey::Rowid(1),
        after: Some(Record { relation: relation(), key: RowKey::Rowid(1), cells }),
        inverse: update("a", "why"),
        statements: Vec::new(),
    };
    staged.committed(&sent, std::slice::from_ref(&written));
    assert_eq!(staged.edits()[0].change, update("a", "b"));
    let sent = staged.entries();
    staged.committed(&sent, &[written]);
    assert!(staged.is_empty());
}

#[test]
fn what_is_on_its_way_is_kept_as_unknown_and_what_was_not_decided_on_is_carried_on() {
    let schema = Schema { relations: vec![relation()] };
    let mut staged = Staged::default();
    staged.stage(EntryId(1), update("why", "a"));
    let draft = Draft { relation: "work_queue".into(), key: None, column: "reason".into(), text: "half a sen".into() };
    let earlier =
        recovery::text(Timestamp::UNIX_EPOCH, &staged, &[EntryId(1)], std::slice::from_ref(&draft), None).unwrap();
    let text = recovery::text(Timestamp::UNIX_EPOCH, &staged, &[], &[], Some(&earlier)).unwrap();
    let left = recovery::left(&text).unwrap();
    assert_eq!((left.saved, left.edits, left.drafts), (Some(Timestamp::UNIX_EPOCH), 2, 1));
    let back = recovery::recovered(&text, &schema).unwrap();
    let states: Vec<_> = back.changes.iter().map(|(_, state)| *state).collect();
    assert_eq!(states, [EditState::Unknown, EditState::Staged]);
    assert_eq!(back.drafts, [draft]);
    assert_eq!(recovery::text(Timestamp::UNIX_EPOCH, &Staged::default(), &[], &[], None), None);
}

#[test]
fn what_fits_no_more_is_said() {
    let mut staged = Staged::default();
    staged.stage(EntryId(1), update("why", "a"));
    let text = recovery::text(Timestamp::UNIX_EPOCH, &staged, &[], &[], None).unwrap();
    let lost = |schema: &Schema| recovery::recovered(&text, schema).unwrap().lost.join("; ");
    assert_eq!(lost(&Schema::default()), "an edit of things: there is no such table any more");
    let narrow = Arc::new(samples::table("things", &["id", "status"]));
    assert_eq!(lost(&Schema { relations: vec![narrow] }), "an edit of things: there is no column reason any more");
    let key = KeyKind::Primary(Vec::new());
    let other = Arc::new(Relation { key, ..samples::table("things", &["id", "reason", "status"]) });
    assert_eq!(
        lost(&Schema { relations: vec![other] }),
        "an edit of things: its rows are told apart in another way now"
    );
    assert!(recovery::recovered("{\"version\": 2}", &Schema::default()).is_err());
    assert!(recovery::left("half a fi").is_err());
}
