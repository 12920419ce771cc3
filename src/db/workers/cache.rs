//! What servers answered, kept for a while: pages, questions, rows and cells.
//!
//! It owns the era (the time between two changes that were noticed), whether the polls get through, and the answers, as many as have
//! room. An answer of this era that is some seconds old, while
//! the polls say that nothing changed, is as good as a new one; any other is shown until the new one is there. Must not ask anything.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::wrote::Overtaken;
use crate::{
    db::request::{Answer, Query},
    domain::{page::RowKey, value::Value},
};

/// The room for answers, in bytes: a few hundred pages, and the program stays below 40 MB.
const ROOM: usize = 12 << 20;
/// A larger answer is not kept: it would push out all the others.
const LARGEST: usize = ROOM / 4;
/// How long an answer is as good as a new one. A row changed in the middle of its table is no change that a poll sees.
const FRESH: Duration = Duration::from_secs(15);

/// The time between two changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Era(u64);

/// Whether the polls get through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Polls {
    /// The last one was answered, or none was necessary yet.
    #[default]
    Answered,
    /// The last one was not answered.
    Silent,
}

/// An answer from memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// As good as a new one.
    Fresh(Answer),
    /// It was right at that time.
    Old(Answer, Timestamp),
}

/// The memory of one database's threads.
#[derive(Default)]
pub(super) struct Cache(Mutex<Store>);

#[derive(Default)]
struct Store {
    era: Era,
    /// Since when the schema is the one it is: what was read before has rows of another shape, perhaps.
    schema: Era,
    /// Since when these relations, and questions, hold what was written here.
    written: HashMap<String, Era>,
    polls: Polls,
    answers: HashMap<String, Kept>,
    /// The keys in the order in which they were used last.
    order: BTreeMap<u64, String>,
    uses: u64,
    bytes: usize,
}

struct Kept {
    answer: Answer,
    era: Era,
    read: Timestamp,
    bytes: usize,
    used: u64,
}

impl Cache {
    /// The era of now, to be asked for before reading.
    pub(super) fn era(&self) -> Era {
        self.lock().era
    }

    /// The answer to this query, where it is kept.
    pub(super) fn find(&self, query: &Query, now: Timestamp) -> Option<Found> {
        let key = key(query)?;
        let mut store = self.lock();
        let (era, polls) = (store.era, store.polls);
        store.touch(&key);
        let kept = store.answers.get(&key)?;
        let age = Duration::try_from(now.duration_since(kept.read)).ok();
        let fresh = kept.era == era && polls == Polls::Answered && age.is_some_and(|age| age <= FRESH);
        let answer = kept.answer.clone();
        Some(if fresh { Found::Fresh(answer) } else { Found::Old(answer, kept.read) })
    }

    /// Keeps what was read since `era` was asked for.
    pub(super) fn keep(&self, query: &Query, answer: &Answer, era: Era, now: Timestamp) {
        let Some(key) = key(query) else { return };
        let bytes = size(answer) + 2 * key.len();
        let mut store = self.lock();
        store.forget(&key);
        let overtaken = store.written.get(about(query)).is_some_and(|written| era < *written);
        if bytes > LARGEST || era < store.schema || overtaken {
            return;
        }
        while store.bytes + bytes > ROOM {
            let Some((_, oldest)) = store.order.pop_first() else { break };
            store.forget(&oldest);
        }
        store.uses += 1;
        let used = store.uses;
        store.bytes += bytes;
        store.order.insert(used, key.clone());
        store.answers.insert(key, Kept { answer: answer.clone(), era, read: now, bytes, used });
    }

    /// Rows changed: what is kept is old.
    pub(super) fn age(&self) {
        self.lock().era.0 += 1;
    }

    /// Something was written here: what is kept of it goes, what is under way is not kept, and all else is old.
    pub(super) fn overtake(&self, overtaken: &Overtaken) {
        let mut store = self.lock();
        store.era.0 += 1;
        let era = store.era;
        for relation in &overtaken.relations {
            store.written.insert(relation.clone(), era);
        }
        if overtaken.questions.as_ref().is_none_or(|questions| !questions.is_empty()) {
            store.written.insert(QUESTIONS.to_owned(), era);
        }
        let mut gone: Vec<String> = Vec::new();
        for name in &overtaken.relations {
            let begins = [format!("page {name:?} "), format!("record {name:?} "), format!("cell {name:?} ")];
            let about_it = store.answers.keys().filter(|key| begins.iter().any(|begin| key.starts_with(begin)));
            gone.extend(about_it.cloned());
        }
        match &overtaken.questions {
            Some(questions) => gone.extend(questions.iter().map(|id| format!("question {id}"))),
            None => gone.extend(store.answers.keys().filter(|key| key.starts_with("question ")).cloned()),
        }
        for key in gone {
            store.forget(&key);
        }
    }

    /// The schema changed, or this is another database: nothing is known.
    pub(super) fn clear(&self) {
        let mut store = self.lock();
        let era = Era(store.era.0 + 1);
        *store = Store { era, schema: era, polls: store.polls, ..Store::default() };
    }

    /// How the last poll went.
    pub(super) fn polled(&self, polls: Polls) {
        self.lock().polls = polls;
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    fn touch(&mut self, key: &str) {
        let Some(kept) = self.answers.get_mut(key) else { return };
        self.uses += 1;
        if let Some(key) = self.order.remove(&kept.used) {
            kept.used = self.uses;
            self.order.insert(kept.used, key);
        }
    }

    fn forget(&mut self, key: &str) {
        if let Some(kept) = self.answers.remove(key) {
            self.order.remove(&kept.used);
            self.bytes -= kept.bytes;
        }
    }
}

/// What stands for questions with their mappings among the names of relations; none is called so.
const QUESTIONS: &str = "\0questions";

/// The relation that a query reads.
fn about(query: &Query) -> &str {
    match query {
        Query::Page(page) => &page.relation.name,
        Query::Record(relation, _) | Query::Cell { relation, .. } => &relation.name,
        _ => QUESTIONS,
    }
}

/// What tells a query from every other as long as the schema stays; `None` for what is not kept here.
fn key(query: &Query) -> Option<String> {
    Some(match query {
        Query::Page(page) => {
            format!("page {:?} {:?} {:?} {}", page.relation.name, page.sort, page.at, page.limit)
        }
        Query::Record(relation, key) => format!("record {:?} {key:?}", relation.name),
        Query::Question(id) => format!("question {id}"),
        Query::Cell { relation, key, column } => format!("cell {:?} {key:?} {column}", relation.name),
        Query::Review(..)
        | Query::Story(_)
        | Query::Ledger(_)
        | Query::References(..)
        | Query::Write(..)
        | Query::Schema
        | Query::Counts(_)
        | Query::Activity
        | Query::Sync(_) => return None,
    })
}

/// About how many bytes of memory it takes.
fn size(answer: &Answer) -> usize {
    let values = |values: &[Value]| values.iter().map(size_of_value).sum::<usize>();
    let own = match answer {
        Answer::Page(page) => {
            let anchors = [&page.first, &page.last].into_iter().flatten();
            page.rows.iter().map(|row| size_of_key(&row.key) + values(&row.cells)).sum::<usize>()
                + anchors.map(|anchor| size_of_key(&anchor.key) + values(&anchor.sort)).sum::<usize>()
        }
        Answer::Record(record) => record.as_ref().map_or(0, |record| values(&record.cells)),
        Answer::Question(question) => question.as_ref().map_or(0, |question| {
            let mappings = question.mappings.iter().map(|(channel, sub)| 48 + channel.len() + sub.len());
            values(&question.record.cells) + mappings.sum::<usize>()
        }),
        Answer::Cell(value) => value.as_ref().map_or(0, |value| size_of_value(value)),
        Answer::Schema(_)
        | Answer::Count { .. }
        | Answer::Activity(_)
        | Answer::NoActivity
        | Answer::Synced
        | Answer::Review(_)
        | Answer::Story(_)
        | Answer::Ledger(_)
        | Answer::References(_)
        | Answer::Written(_) => 0,
    };
    own + 256
}

fn size_of_key(key: &RowKey) -> usize {
    size_of::<RowKey>()
        + match key {
            RowKey::Primary(values) => values.iter().map(size_of_value).sum(),
            RowKey::Rowid(_) | RowKey::Ordinal(_) => 0,
        }
}

fn size_of_value(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::Text(bytes) | Value::Blob(bytes) => bytes.head().len(),
            Value::Null | Value::Integer(_) | Value::Real(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn question(number: usize) -> Query {
        Query::Question(format!("q-{number}"))
    }

    fn cell(bytes: usize) -> Answer {
        Answer::Cell(Some(Arc::new(Value::text(&"x".repeat(bytes)))))
    }

    #[test]
    fn an_answer_is_fresh_for_some_seconds_while_the_polls_say_that_nothing_changed() {
        let cache = Cache::default();
        assert_eq!(cache.find(&question(1), at(0)), None);
        cache.keep(&question(1), &cell(3), cache.era(), at(0));
        let old = || Some(Found::Old(cell(3), at(0)));
        assert_eq!(cache.find(&question(1), at(15)), Some(Found::Fresh(cell(3))));
        assert_eq!(cache.find(&question(1), at(16)), old());
        assert_eq!(cache.find(&question(1), at(-1)), old(), "a clock that was put back");
        cache.polled(Polls::Silent);
        assert_eq!(cache.find(&question(1), at(1)), old(), "offline");
        cache.polled(Polls::Answered);
        cache.age();
        assert_eq!(cache.find(&question(1), at(1)), old(), "something changed");
        cache.clear();
        assert_eq!(cache.find(&question(1), at(1)), None);
    }

    #[test]
    fn what_was_written_here_is_never_shown_as_it_was() {
        let cache = Cache::default();
        let before = cache.era();
        for id in [1, 2] {
            cache.keep(&question(id), &cell(id), before, at(0));
        }
        cache.overtake(&Overtaken { relations: vec!["questions".into()], questions: Some(vec!["q-1".into()]) });
        assert_eq!(cache.find(&question(1), at(0)), None);
        assert_eq!(cache.find(&question(2), at(0)), Some(Found::Old(cell(2), at(0))), "the others are looked at again");
        cache.keep(&question(1), &cell(1), before, at(0));
        assert_eq!(cache.find(&question(1), at(0)), None, "it was read before");
        cache.keep(&question(1), &cell(3), cache.era(), at(0));
        assert_eq!(cache.find(&question(1), at(0)), Some(Found::Fresh(cell(3))));
        cache.overtake(&Overtaken::default());
        assert_eq!(cache.find(&question(1), at(0)), None, "nobody knows which");
    }

    #[test]
    fn what_a_change_has_overtaken_is_old_from_the_start() {
        let cache = Cache::default();
        let era = cache.era();
        cache.age();
        cache.keep(&question(1), &cell(3), era, at(0));
        assert_eq!(cache.find(&question(1), at(0)), Some(Found::Old(cell(3), at(0))));
    }

    #[test]
    fn what_was_read_before_the_schema_changed_is_not_kept() {
        let cache = Cache::default();
        let era = cache.era();
        cache.clear();
        cache.keep(&question(1), &cell(3), era, at(0));
        assert_eq!(cache.find(&question(1), at(0)), None);
        cache.keep(&question(1), &cell(3), cache.era(), at(0));
        assert!(cache.find(&question(1), at(0)).is_some());
    }

    #[test]
    fn it_stays_within_its_room_and_keeps_what_was_used_last() {
        let cache = Cache::default();
        for number in 0..100 {
            cache.keep(&question(number), &cell(ROOM / 32), cache.era(), at(0));
            assert!(cache.find(&question(0), at(0)).is_some(), "used all the time");
        }
        let store = cache.lock();
        assert!(store.bytes <= ROOM && store.answers.len() >= 30, "{} in {}", store.answers.len(), store.bytes);
        assert_eq!(store.answers.len(), store.order.len());
        assert_eq!(store.bytes, store.answers.values().map(|kept| kept.bytes).sum::<usize>());
        drop(store);
        assert!(cache.find(&question(1), at(0)).is_none());
        cache.keep(&question(0), &cell(LARGEST), cache.era(), at(0));
        assert!(cache.find(&question(0), at(0)).is_none(), "too large: the one before is not right any more");
    }
}
