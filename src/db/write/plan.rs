//! What has to be so before a batch is written, and what the history says of an entry: for files and servers alike.
//!
//! Owns the comparison of a row with what was shown, and the history's cells. Must not run anything.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;

use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        write::{
            snapshot::{changed_fields, names, summary},
            statement::Term,
        },
    },
    domain::{
        change::{Batch, Cell, Change, Entry, Obstacle, Trail, TrailPolicy},
        page::Record,
        schema::{KeyKind, Relation, RelationKind, Schema},
        value::Value,
    },
};

/// Whether the row is another than was shown. Exact: 1 is neither 1.0 nor '1'; NULL is NULL.
pub(crate) fn differs(now: &Record, shown: &[Cell]) -> bool {
    shown.iter().any(|(column, value)| now.cells.get(*column) != Some(value))
}

/// Sees that the batch can be meant: it has entries, and all their values are whole.
///
/// # Errors
///
/// A mistake of whoever made it, in words.
pub(crate) fn check(batch: &Batch) -> Result<()> {
    let mistake = |what: String| Err(Error::new(ErrorKind::Sql, what, "please report this"));
    if batch.entries.is_empty() {
        return mistake("there is nothing to write".to_owned());
    }
    for Entry { change, .. } in &batch.entries {
        let relation = change.relation();
        let (guards, new): (&[Cell], &[Cell]) = match change {
            Change::Update { shown, set, .. } => (shown, set),
            Change::Insert { cells, unless, .. } => (unless, cells),
            Change::Delete { shown, .. } => (shown, &[]),
        };
        for (column, value) in guards.iter().chain(new) {
            let Some(column) = relation.columns.get(*column) else {
                return mistake(format!("{} has no column number {column}", relation.name));
            };
            if value.is_cut() {
                return mistake(format!("only a part of a value of {}.{} is there", relation.name, column.name));
            }
        }
    }
    Ok(())
}

/// What stands against a change whatever the rows are: it cannot be written at all, or the table is another by now.
pub(crate) fn unwritable(change: &Change, schema: &Schema) -> Option<Obstacle> {
    let relation = change.relation();
    let name = &relation.name;
    let said = |what: String, remedy: &str| Some(Obstacle::Said { what, remedy: remedy.to_owned() });
    match relation.kind {
        RelationKind::View => return said(format!("{name} is a view"), "change the tables that it is made of"),
        RelationKind::Internal => {
            return said(format!("{name} is kept by the database itself"), "it must not be written by hand");
        }
        RelationKind::Table | RelationKind::Virtual => {}
    }
    if relation.key == KeyKind::None {
        return said(format!("rows of {name} cannot be told apart"), "a table needs a key to be written here");
    }
    let set: &[Cell] = match change {
        Change::Update { set, .. } => set,
        Change::Insert { cells, .. } => cells,
        Change::Delete { .. } => &[],
    };
    for (at, (column, _)) in set.iter().enumerate() {
        let Some(column) = relation.columns.get(*column) else { continue };
        if column.generated {
            return said(
                format!("{name}.{} is computed from other columns", column.name),
                "change the columns it is computed from",
            );
        }
        if column.name.contains(char::REPLACEMENT_CHARACTER) {
            return said(
                format!("a column of {name} has a name that is not valid UTF-8"),
                "no statement can name it: rename the column with the program that made it",
            );
        }
        if set[..at].iter().any(|(other, _)| *other == set[at].0) {
            return said(format!("{name}.{} is set twice", column.name), "please report this");
        }
    }
    if matches!(change, Change::Update { .. }) && set.is_empty() {
        return said(format!("no column of {name} is set"), "please report this");
    }
    match schema.relations.iter().find(|now| now.name == *name) {
        None => said(format!("there is no table {name} any more"), "it was dropped or renamed: read the schema anew"),
        Some(now) if Arc::ptr_eq(now, relation) || is_same_shape(now, relation) => None,
        Some(_) => said(
            format!("table {name} was altered since its row was shown"),
            "read the schema and the row anew, then decide again",
        ),
    }
}

fn is_same_shape(now: &Relation, then: &Relation) -> bool {
    let same = |(now, then): (&crate::domain::schema::Column, &crate::domain::schema::Column)| {
        now.name == then.name && now.generated == then.generated
    };
    now.kind == then.kind
        && now.key == then.key
        && now.columns.len() == then.columns.len()
        && now.columns.iter().zip(&then.columns).all(same)
}

/// The history's table, where a trail is to be written; `None` where there is nothing to write into it.
///
/// # Errors
///
/// [`ErrorKind::NoTrail`] where a trail is wanted and there is no table for it.
pub(crate) fn history<'s>(batch: &Batch, schema: &'s Schema) -> Result<Option<&'s Arc<Relation>>> {
    if !batch.entries.iter().any(|entry| trail(entry).is_some()) {
        return Ok(None);
    }
    let found = schema.catalogued("questionHistory").filter(|history| {
        history.kind == RelationKind::Table
            && history.broken.is_none()
            && ["questionId", "eventType"].iter().all(|name| history.column(name).is_some())
    });
    match (found, batch.trail) {
        (Some(history), _) => Ok(Some(history)),
        (None, TrailPolicy::Waived) => Ok(None),
        (None, TrailPolicy::Required) => Err(Error::new(
            ErrorKind::NoTrail,
            "this database has no table question_history that could take a trail: nothing was written",
            "say that it may be written without a trail, or push the schema first",
        )),
    }
}

/// The trail of an entry; only rows of `questions` have one.
pub(crate) fn trail(entry: &Entry) -> Option<&Trail> {
    entry.trail.as_ref().filter(|_| entry.change.relation().is("questions"))
}

/// What an entry's line in the history is made of.
pub(crate) struct Line<'a> {
    /// The entry's batch: who and when.
    pub(crate) batch: &'a Batch,
    /// What happened.
    pub(crate) change: &'a Change,
    /// What is said of it.
    pub(crate) trail: &'a Trail,
    /// `questionId`.
    pub(crate) question: &'a Value,
    /// The row before.
    pub(crate) before: Option<&'a Record>,
    /// The snapshot before, NULL where there was no row.
    pub(crate) snapshot_before: Term<'a>,
    /// The snapshot after, NULL where there is no row any more.
    pub(crate) snapshot_after: Term<'a>,
}

impl<'a> Line<'a> {
    /// Its cells in the history's table, for the columns that this table has.
    pub(crate) fn cells(self, history: &Relation) -> Vec<(usize, Term<'a>)> {
        let text = |text: &str| Term::from(Value::text(text));
        let Self { batch, change, trail, question, before, snapshot_before, snapshot_after } = self;
        let cells: [(&str, Term<'a>); 11] = [
            ("questionId", Term::Value(Cow::Borrowed(question))),
            ("questionType", text("question")),
            ("eventType", text(&trail.event)),
            ("eventSource", text("user")),
            ("sourceName", text(&batch.author)),
            ("changesSummary", text(&summary(change, before))),
            ("changedFields", text(&names(&changed_fields(change, before)))),
            ("beforeSnapshot", snapshot_before),
            ("afterSnapshot", snapshot_after),
            ("reason", Term::from(trail.reason.as_deref().map_or(Value::Null, Value::text))),
            ("createdAt", text(&stamp(batch.at))),
        ];
        let column = |name: &str| history.column(name).filter(|at| !history.columns[*at].generated);
        cells.into_iter().filter_map(|(name, term)| Some((column(name)?, term))).collect()
    }
}

/// The id of the question that a row is: what the history calls `questionId`.
pub(crate) fn question<'a>(before: Option<&'a Record>, after: Option<&'a Record>) -> &'a Value {
    before.or(after).and_then(|row| row.get("id")).unwrap_or(&Value::Null)
}

/// ISO 8601 with milliseconds and Z, as the clients of the database write it.
pub(crate) fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::{
        change::{BatchId, EntryId},
        page::RowKey,
        schema::samples,
        value::Bytes,
    };

    fn update(relation: &Arc<Relation>, set: Vec<Cell>) -> Change {
        Change::Update { relation: Arc::clone(relation), key: RowKey::Rowid(1), shown: Vec::new(), set }
    }

    fn batch(change: Change) -> Batch {
        let trail = Some(Trail { event: "approved".into(), reason: None });
        Batch {
            id: BatchId(1),
            entries: vec![Entry { id: EntryId(1), change, trail }],
            author: "ann".into(),
            at: Timestamp::UNIX_EPOCH,
            trail: TrailPolicy::Required,
        }
    }

    #[test]
    fn rows_are_compared_exactly() {
        let relation = Arc::new(samples::table("questions", &["id", "status"]));
        let row = Record { relation, key: RowKey::Rowid(1), cells: vec![Value::Integer(1), Value::Null] };
        assert!(!differs(&row, &[(0, Value::Integer(1)), (1, Value::Null)]));
        for other in [Value::text("1"), Value::Real(1.0), Value::Null, Value::Blob(Bytes::whole(*b"1"))] {
            assert!(differs(&row, &[(0, other.clone())]), "{other:?}");
        }
        assert!(differs(&row, &[(2, Value::Null)]), "a column that is not there");
    }

    #[test]
    fn half_a_value_is_never_written() {
        let relation = Arc::new(samples::table("questions", &["id", "status"]));
        let cut = Value::Text(Bytes::cut(b"abc", 2));
        assert!(check(&batch(update(&relation, vec![(1, cut)]))).unwrap_err().what.contains("questions.status"));
        assert!(check(&batch(update(&relation, vec![(7, Value::Null)]))).is_err());
        assert!(check(&Batch { entries: Vec::new(), ..batch(update(&relation, Vec::new())) }).is_err());
        assert!(check(&batch(update(&relation, vec![(1, Value::Null)]))).is_ok());
    }

    #[test]
    fn what_cannot_be_written_says_why() {
        let said = |relation: Relation, now: Relation, set: Vec<Cell>| {
            let schema = Schema { relations: vec![Arc::new(now)] };
            match unwritable(&update(&Arc::new(relation), set), &schema) {
                Some(Obstacle::Said { what, .. }) => what,
                _ => String::new(),
            }
        };
        let table = || samples::table("t", &["a", "b"]);
        let one = || vec![(1, Value::Null)];
        assert_eq!(said(table(), table(), one()), "");
        assert!(said(Relation { kind: RelationKind::View, ..table() }, table(), one()).contains("view"));
        assert!(said(Relation { key: KeyKind::None, ..table() }, table(), one()).contains("told apart"));
        assert!(said(table(), samples::table("t", &["a", "c"]), one()).contains("altered"));
        assert!(said(table(), samples::table("u", &["a", "b"]), one()).contains("no table t any more"));
        assert!(said(table(), table(), vec![(1, Value::Null), (1, Value::Null)]).contains("twice"));
        assert!(said(table(), table(), Vec::new()).contains("no column"));
        let mut generated = table();
        generated.columns[1].generated = true;
        assert!(said(generated.clone(), generated, one()).contains("computed"));
    }

    #[test]
    fn a_trail_needs_its_table_unless_it_is_waived() {
        let relation = Arc::new(samples::table("questions", &["id", "status"]));
        let batch = batch(update(&relation, vec![(1, Value::text("active"))]));
        let none = Schema { relations: vec![relation] };
        assert_eq!(history(&batch, &none).unwrap_err().kind, ErrorKind::NoTrail);
        assert_eq!(history(&Batch { trail: TrailPolicy::Waived, ..batch.clone() }, &none), Ok(None));
        for name in ["question_history", "questionHistory"] {
            let history = Arc::new(samples::table(name, &["id", "questionId", "event_type", "createdAt"]));
            let schema = Schema { relations: vec![Arc::clone(&history)] };
            assert_eq!(super::history(&batch, &schema).unwrap(), Some(&history));
            let question = Value::text("q-1");
            let (change, trail) = (&batch.entries[0].change, trail(&batch.entries[0]).unwrap());
            let line = Line {
                batch: &batch,
                change,
                trail,
                question: &question,
                before: None,
                snapshot_before: Value::Null.into(),
                snapshot_after: Value::Null.into(),
            };
            let columns: Vec<usize> = line.cells(&history).iter().map(|(column, _)| *column).collect();
            assert_eq!(columns, [1, 2, 3]);
        }
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(stamp(Timestamp::new(0, 1_999_999).unwrap()), "1970-01-01T00:00:00.001Z");
    }
}
