//! What became of the questions: their history, and the ledger rows that belong to it.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    content::{Content, Question, Status},
    insert::insert,
    stamp::{self, DAY, HOUR},
};
use crate::db::random::Random;

/// A row of the ledger, not yet in its place in time.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    pub(super) bot: &'static str,
    pub(super) action: &'static str,
    pub(super) item_type: &'static str,
    pub(super) item: String,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) reason: Option<String>,
}

struct Event<'a> {
    time: Timestamp,
    question: &'a str,
    kind: &'static str,
    source: &'static str,
    name: &'static str,
    summary: String,
    fields: &'a [&'a str],
    before: Option<Value>,
    after: Option<Value>,
    reason: Option<String>,
    metadata: Option<Value>,
}

/// Writes the history and returns the ledger rows that tell the same.
pub(super) fn write(
    connection: &Connection,
    content: &Content,
    born: &[Timestamp],
    now: Timestamp,
    random: &mut Random,
) -> rusqlite::Result<Vec<Entry>> {
    let mut events: Vec<Event<'_>> = Vec::new();
    for (place, (question, created)) in content.questions.iter().zip(born).enumerate() {
        events.push(creation(question, *created, place));
        if let Some(earlier) = &question.earlier_answer {
            events.push(improvement(question, earlier, stamp::before(now, random.between(2 * HOUR, 8 * DAY)), random));
        }
        match question.status {
            Status::Active => {}
            Status::Flagged => {
                events.push(flagging(question, stamp::before(now, random.between(HOUR, 6 * DAY)), random));
            }
            Status::Deleted => events.push(deletion(question, stamp::before(now, random.between(DAY, 8 * DAY)))),
        }
    }
    events.extend(others(now));
    events.sort_by_key(|event| event.time);
    let week = stamp::before(now, 9 * DAY);
    let mut told = Vec::new();
    for (place, event) in events.into_iter().enumerate() {
        event.write(connection, place)?;
        if event.time >= week
            && event.source == "bot"
            && let Some(entry) = event.entry()
        {
            told.push(entry);
        }
    }
    Ok(told)
}

/// What a snapshot of a question holds: the fields a reviewer compares.
fn snapshot(question: &Question, answer: &str, status: &str) -> Value {
    json!({
        "id": question.id,
        "question": question.question.trim(),
        "answer": answer.trim(),
        "difficulty": question.difficulty,
        "channel": question.channel,
        "subChannel": question.sub_channel,
        "tldr": question.tldr,
        "tags": question.tags,
        "relevanceScore": question.relevance_score,
        "status": status,
    })
}

fn creation(question: &Question, created: Timestamp, place: usize) -> Event<'_> {
    let imported = place.is_multiple_of(5);
    Event {
        time: created,
        question: &question.id,
        kind: "created",
        source: if imported { "import" } else { "bot" },
        name: if imported { "seed-2024" } else { "creator" },
        summary: format!("New {} question in {}/{}", question.difficulty, question.channel, question.sub_channel),
        fields: &[],
        before: None,
        after: Some(snapshot(question, question.earlier_answer.as_deref().unwrap_or(&question.answer), "active")),
        reason: None,
        metadata: None,
    }
}

fn improvement<'a>(question: &'a Question, earlier: &str, time: Timestamp, random: &mut Random) -> Event<'a> {
    let mut before = snapshot(question, earlier, "active");
    before["tldr"] = Value::Null;
    before["relevanceScore"] = json!(question.relevance_score.map(|score| score - random.between(2, 9)));
    Event {
        time,
        question: &question.id,
        kind: "improved",
        source: "bot",
        name: "processor",
        summary: "Answer made concrete, tl;dr added, relevance scored again".to_owned(),
        fields: &["answer", "tldr", "relevanceScore"],
        before: Some(before),
        after: Some(snapshot(question, &question.answer, "active")),
        reason: Some("the answer named the idea but did not say when it fails".to_owned()),
        metadata: Some(json!({"promptVersion": "improve-7", "tokens": random.between(900, 4200), "reviewed": false})),
    }
}

fn flagging<'a>(question: &'a Question, time: Timestamp, random: &mut Random) -> Event<'a> {
    Event {
        time,
        question: &question.id,
        kind: "flagged",
        source: "bot",
        name: if question.id.len().is_multiple_of(2) { "verifier" } else { "analysis" },
        summary: "Marked for review".to_owned(),
        fields: &["status"],
        before: Some(snapshot(question, &question.answer, "active")),
        after: Some(snapshot(question, &question.answer, "flagged")),
        reason: question.reason.clone(),
        metadata: Some(json!({"confidence": random.between(61, 97), "checks": ["facts", "links", "code", "diagram"]})),
    }
}

fn deletion(question: &Question, time: Timestamp) -> Event<'_> {
    Event {
        time,
        question: &question.id,
        kind: "deleted",
        source: "bot",
        name: "processor",
        summary: "Taken out of all channels".to_owned(),
        fields: &["status"],
        before: Some(snapshot(question, &question.answer, "flagged")),
        after: Some(snapshot(question, &question.answer, "deleted")),
        reason: question.reason.clone(),
        metadata: None,
    }
}

/// History of what is no question, and what people did.
fn others(now: Timestamp) -> Vec<Event<'static>> {
    let event = |age: i64, question, kind, source, name, summary: &str| Event {
        time: stamp::before(now, age),
        question,
        kind,
        source,
        name,
        summary: summary.to_owned(),
        fields: &[],
        before: None,
        after: None,
        reason: None,
        metadata: None,
    };
    vec![
        event(
            41 * DAY,
            "test-rust-ownership-01",
            "created",
            "bot",
            "creator",
            "Ten multiple-choice items on ownership",
        ),
        event(12 * DAY, "coding-lru-cache", "created", "user", "maria", "Coding challenge with 14 hidden tests"),
        event(30 * HOUR, "coding-lru-cache", "updated", "user", "maria", "Time limit raised from 1 s to 2 s"),
        event(26 * HOUR, "test-rust-ownership-01", "improved", "bot", "processor", "Two ambiguous options reworded"),
        event(7 * HOUR, "db-isolation-levels", "updated", "user", "kenji", "Difficulty checked by hand, kept"),
        event(3 * HOUR, "sec-sql-injection", "updated", "system", "link-check", "All 3 links answer with 200"),
    ]
}

impl Event<'_> {
    /// question_history.question_type, which the ids of the demo tell.
    fn question_type(&self) -> &'static str {
        match self.question.split_once('-') {
            Some(("test", _)) => "test",
            Some(("coding", _)) => "coding",
            _ => "question",
        }
    }

    fn write(&self, connection: &Connection, place: usize) -> rusqlite::Result<()> {
        // Mostly the bots' form, now and then the database's own.
        let time = if place % 6 == 5 { stamp::plain(self.time) } else { stamp::iso(self.time) };
        insert(
            connection,
            "question_history",
            &[
                ("question_id", &self.question),
                ("question_type", &self.question_type()),
                ("event_type", &self.kind),
                ("event_source", &self.source),
                ("source_name", &self.name),
                ("changes_summary", &self.summary),
                ("changed_fields", &json!(self.fields).to_string()),
                ("before_snapshot", &self.before.as_ref().map(Value::to_string)),
                ("after_snapshot", &self.after.as_ref().map(Value::to_string)),
                ("reason", &self.reason),
                ("metadata", &self.metadata.as_ref().map(Value::to_string)),
                ("created_at", &time),
            ],
        )?;
        Ok(())
    }

    /// The ledger row of this event; only bots have some.
    fn entry(&self) -> Option<Entry> {
        let (bot, action) = match (self.name, self.kind) {
            ("verifier", "flagged") => ("verifier", "flag"),
            ("analysis", "flagged") => ("analysis", "flag"),
            ("processor", "improved") => ("processor", "update"),
            ("processor", "deleted") => ("processor", "delete"),
            ("creator", "created") => ("creator", "create"),
            _ => return None,
        };
        let part = |snapshot: &Option<Value>| {
            let snapshot = snapshot.as_ref()?;
            let keys: &[&str] = match self.kind {
                "improved" => &["answer", "tldr", "relevanceScore"],
                "created" => &["id", "channel", "difficulty", "status"],
                _ => &["status"],
            };
            Some(keys.iter().map(|key| ((*key).to_owned(), snapshot[*key].clone())).collect::<Value>())
        };
        Some(Entry {
            time: self.time,
            bot,
            action,
            item_type: if self.question_type() == "coding" { "challenge" } else { self.question_type() },
            item: self.question.to_owned(),
            before: part(&self.before),
            after: part(&self.after),
            reason: self.reason.clone(),
        })
    }
}
