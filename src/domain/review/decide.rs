//! What a decision changes: the row of the question, or a new item of the bots' queue.
//!
//! Owns the guard (what must still be so), the trail's words, and what is not decidable. Every name is resolved through the
//! relation: a database in camelCase is decided on as one in snake_case.

use std::sync::Arc;

use jiff::Timestamp;
use thiserror::Error;

use super::{Decision, QueueAction, ReviewItem};
use crate::domain::{
    change::{Cell, Change, Trail},
    page::{Record, RowKey},
    schema::Relation,
    value::Value,
};

/// How urgent a queue item is: 1 is the highest, 10 the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Priority(u8);

impl Default for Priority {
    /// `DATABASE.md`: `priority INTEGER =5`.
    fn default() -> Self {
        Self(5)
    }
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 10] =
        [Self(1), Self(2), Self(3), Self(4), Self(5), Self(6), Self(7), Self(8), Self(9), Self(10)];

    /// This priority; `None` outside 1 to 10.
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 1..=10) { Some(Self(number)) } else { None }
    }

    /// As stored.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// How it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// What.
    pub decision: Decision,
    /// Why, where it is said.
    pub reason: Option<&'a str>,
    /// Of a queue item.
    pub priority: Priority,
    /// Who: `createdBy` of queue items. The history's `sourceName` is the batch's.
    pub author: &'a str,
    /// When: `createdAt` of queue items.
    pub at: Timestamp,
}

/// Why a decision changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Undecidable {
    /// It is so already.
    #[error("it is {status} already: there is nothing to write")]
    Already {
        /// The status.
        status: &'static str,
    },
    /// The table has no such column that could be written.
    #[error("table {table} has no column {column} that can be written: this cannot be decided here")]
    NoColumn {
        /// The table's real name.
        table: String,
        /// The column's physical name.
        column: &'static str,
    },
    /// There is no queue for the bots.
    #[error("this database has no work queue: the bots cannot be asked. Approve, delete or edit the question instead")]
    NoQueue,
}

/// The change that carries out a decision, with what the history says of it (nothing for queue items).
///
/// `shown` is what was seen of the question: the guard. Cells that were shown only in part guard nothing, nor do columns that triggers
/// or the database keep.
///
/// # Errors
///
/// Words for why nothing is to be written.
pub fn change(
    questions: &Arc<Relation>,
    queue: Option<&Arc<Relation>>,
    id: &str,
    key: &RowKey,
    shown: &[Cell],
    verdict: &Verdict<'_>,
) -> Result<(Change, Option<Trail>), Undecidable> {
    let reason = verdict.reason.map(str::trim).filter(|reason| !reason.is_empty());
    match verdict.decision {
        Decision::Approve => status(questions, key, shown, ("active", "approved"), reason),
        Decision::Delete => status(questions, key, shown, ("deleted", "deleted"), reason),
        Decision::Queue(action) => item(queue, id, action, reason, verdict).map(|change| (change, None)),
    }
}

/// The guard of a question that was shown in full.
pub fn guard(record: &Record) -> Vec<Cell> {
    let cells = record.cells.iter().cloned().enumerate().collect::<Vec<_>>();
    guarding(&record.relation, &cells)
}

/// The guard of a question of which the queue's line was shown.
pub fn guard_of_item(questions: &Relation, item: &ReviewItem) -> Vec<Cell> {
    // Words that are empty may stand for NULL, and signs of replacement for bytes that are no text: neither can be compared.
    let exact = |text: &str| (!text.is_empty() && !text.contains('\u{fffd}')).then(|| Value::text(text));
    let cells = [
        ("id", exact(&item.id)),
        ("status", Some(item.status.clone())),
        ("channel", exact(&item.channel)),
        ("difficulty", exact(&item.difficulty)),
    ];
    let found: Vec<Cell> =
        cells.into_iter().filter_map(|(name, value)| Some((questions.column(name)?, value?))).collect();
    guarding(questions, &found)
}

/// Those cells that can guard.
fn guarding(relation: &Relation, cells: &[Cell]) -> Vec<Cell> {
    let kept = relation.column("lastUpdated");
    cells
        .iter()
        .filter(|(column, value)| {
            !value.is_cut()
                && Some(*column) != kept
                && relation.columns.get(*column).is_some_and(|column| !column.generated)
        })
        .cloned()
        .collect()
}

fn writable(relation: &Relation, column: &'static str) -> Result<usize, Undecidable> {
    relation
        .column(column)
        .filter(|at| !relation.columns[*at].generated)
        .ok_or_else(|| Undecidable::NoColumn { table: relation.name.clone(), column })
}

fn status(
    questions: &Arc<Relation>,
    key: &RowKey,
    shown: &[Cell],
    (to, event): (&'static str, &str),
    reason: Option<&str>,
) -> Result<(Change, Option<Trail>), Undecidable> {
    let column = writable(questions, "status")?;
    let value = Value::text(to);
    if shown.iter().any(|(at, now)| *at == column && *now == value) {
        return Err(Undecidable::Already { status: to });
    }
    let change = Change::Update {
        relation: Arc::clone(questions),
        key: key.clone(),
        shown: guarding(questions, shown),
        set: vec![(column, value)],
    };
    Ok((change, Some(Trail { event: event.to_owned(), reason: reason.map(str::to_owned) })))
}

fn item(
    queue: Option<&Arc<Relation>>,
    id: &str,
    action: QueueAction,
    reason: Option<&str>,
    verdict: &Verdict<'_>,
) -> Result<Change, Undecidable> {
    let queue = queue.ok_or(Undecidable::NoQueue)?;
    let mut cells = vec![
        (writable(queue, "item_type")?, Value::text("question")),
        (writable(queue, "item_id")?, Value::text(id)),
        (writable(queue, "action")?, Value::text(action.name())),
        (writable(queue, "status")?, Value::text("pending")),
    ];
    let unless = cells.clone();
    let more = [
        ("priority", Some(Value::Integer(verdict.priority.get().into()))),
        ("reason", reason.map(Value::text)),
        ("created_by", Some(Value::text(verdict.author))),
        ("created_at", Some(Value::text(&format!("{:.3}", verdict.at)))),
    ];
    // A queue that knows less is asked all the same.
    let known = more.into_iter().filter_map(|(name, value)| Some((writable(queue, name).ok()?, value?)));
    cells.extend(known);
    Ok(Change::Insert { relation: Arc::clone(queue), cells, unless })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::schema::samples;

    fn verdict(decision: Decision) -> Verdict<'static> {
        Verdict {
            decision,
            reason: Some("  looks fine "),
            priority: Priority::default(),
            author: "ann",
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn named(relation: &Relation, cells: &[Cell]) -> Vec<(String, String)> {
        cells.iter().map(|(at, value)| (relation.columns[*at].name.clone(), value.to_plain().into_owned())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn approval_is_guarded_by_what_was_shown_but_for_what_triggers_keep() {
        for columns in [["id", "status", "last_updated", "answer"], ["id", "status", "lastUpdated", "answer"]] {
            let questions = Arc::new(samples::table("questions", &columns));
            let cells = vec![
                Value::text("q-1"),
                Value::text("flagged"),
                Value::text("2026-01-01 00:00:00"),
                Value::Text(crate::domain::value::Bytes::cut(b"a long answer", 3)),
            ];
            let record = Record { relation: Arc::clone(&questions), key: RowKey::Rowid(1), cells };
            let all: Vec<Cell> = record.cells.iter().cloned().enumerate().collect();
            let (change, trail) =
                change(&questions, None, "q-1", &record.key, &all, &verdict(Decision::Approve)).unwrap();
            let Change::Update { shown, set, key, .. } = &change else { unreachable!() };
            assert_eq!(*key, RowKey::Rowid(1));
            assert_eq!(named(&questions, shown), pairs(&[("id", "q-1"), ("status", "flagged")]));
            assert_eq!(*shown, guard(&record));
            assert_eq!(named(&questions, set), pairs(&[("status", "active")]));
            assert_eq!(trail, Some(Trail { event: "approved".to_owned(), reason: Some("looks fine".to_owned()) }));
        }
    }

    #[test]
    fn what_is_so_already_is_not_written() {
        let questions = Arc::new(samples::catalogued("questions"));
        let shown = vec![(questions.column("status").unwrap(), Value::text("deleted"))];
        let key = RowKey::Rowid(1);
        let why = change(&questions, None, "q", &key, &shown, &verdict(Decision::Delete)).unwrap_err();
        assert_eq!(why, Undecidable::Already { status: "deleted" });
        let (_, trail) = change(&questions, None, "q", &key, &shown, &verdict(Decision::Approve)).unwrap();
        assert_eq!(trail.unwrap().event, "approved");
        let bare = Arc::new(samples::table("questions", &["id"]));
        let why = change(&bare, None, "q", &key, &[], &verdict(Decision::Approve)).unwrap_err();
        assert!(why.to_string().contains("no column status"), "{why}");
    }

    #[test]
    fn bots_are_asked_by_a_queue_item_unless_it_is_there() {
        let questions = Arc::new(samples::catalogued("questions"));
        let verdict = verdict(Decision::Queue(QueueAction::Verify));
        let key = RowKey::Rowid(1);
        for queue in [
            samples::catalogued("workQueue"),
            samples::table("workQueue", &["id", "itemType", "itemId", "action", "status", "createdBy", "createdAt"]),
        ] {
            let queue = Arc::new(queue);
            let (change, trail) = change(&questions, Some(&queue), "q-1", &key, &[], &verdict).unwrap();
            let Change::Insert { cells, unless, .. } = &change else { unreachable!() };
            assert_eq!(trail, None);
            let values = unless.iter().map(|(_, value)| value.to_plain()).collect::<Vec<_>>();
            assert_eq!(values, ["question", "q-1", "verify", "pending"]);
            assert!(cells.starts_with(unless));
            let more = cells[4..].iter().map(|(_, value)| value.to_plain()).collect::<Vec<_>>();
            let all = queue.column("priority").is_some();
            let whole: &[&str] = &["5", "looks fine", "ann", "1970-01-01T00:00:00.000Z"];
            assert_eq!(more, if all { whole } else { &whole[2..] });
        }
        assert_eq!(change(&questions, None, "q-1", &key, &[], &verdict).unwrap_err(), Undecidable::NoQueue);
    }

    #[test]
    fn a_line_of_the_queue_guards_only_by_what_can_be_compared() {
        let questions = samples::catalogued("questions");
        let item = ReviewItem {
            id: "q-1".to_owned(),
            key: RowKey::Rowid(1),
            title: "What is\u{fffd}".to_owned(),
            channel: String::new(),
            difficulty: "hard\u{fffd}".to_owned(),
            status: Value::Null,
            flags: Vec::new(),
            pending: 0,
        };
        assert_eq!(named(&questions, &guard_of_item(&questions, &item)), pairs(&[("id", "q-1"), ("status", "")]));
    }

    #[test]
    fn priorities_are_one_to_ten() {
        assert_eq!(Priority::default().get(), 5);
        assert!(Priority::new(0).is_none() && Priority::new(11).is_none());
        assert!(Priority::ALL.iter().all(|priority| Priority::new(priority.get()) == Some(*priority)));
    }
}
