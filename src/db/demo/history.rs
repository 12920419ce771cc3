//! What became of the questions: their history, and the ledger rows that belong to it.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::{
    content::{Content, Earlier, Question, Status},
    insert::insert,
    script::BOTS,
    stamp::{self, DAY, HOUR, MINUTE},
};
use crate::{db::random::Random, domain::catalogue};

/// The texts of a question in which words can have been others.
const TEXTS: [&str; 5] = ["question", "answer", "explanation", "tldr", "eli5"];

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
    fields: Vec<String>,
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
            let row = row(connection, &question.id)?;
            events.push(improvement(
                question,
                row,
                earlier,
                stamp::before(now, random.between(2 * HOUR, 8 * DAY)),
                random,
            ));
        }
        match question.status {
            Status::Active => {}
            Status::Flagged => {
                let time = stamp::before(now, random.between(HOUR, 6 * DAY));
                if let Some(earlier) = &question.earlier {
                    let row = row(connection, &question.id)?;
                    let time = stamp::before(time, random.between(20 * MINUTE, 40 * HOUR));
                    events.push(change(question, row, earlier, time, random));
                }
                events.push(flagging(question, time, random));
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

/// A question's row by its logical names, as a bot found it before the question was flagged: live. When it was last updated is left out,
/// as the triggers keep that.
fn row(connection: &Connection, id: &str) -> rusqlite::Result<Map<String, Value>> {
    let columns = catalogue::table("questions").map_or(&[][..], |table| table.columns);
    let pairs: Vec<String> = columns
        .iter()
        .filter(|column| column.logical != "lastUpdated")
        .map(|column| format!("'{}', {}", column.logical, column.physical))
        .collect();
    let sql = format!("SELECT json_object({}) FROM questions WHERE id = ?1", pairs.join(", "));
    let text: String = connection.prepare_cached(&sql)?.query_row([id], |row| row.get(0))?;
    let mut row: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    row.insert("status".to_owned(), json!("active"));
    Ok(row)
}

/// Names of the fields that differ, in the order of the table.
fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let columns = catalogue::table("questions").map_or(&[][..], |table| table.columns);
    let names = columns.iter().map(|column| column.logical);
    names.filter(|name| before.get(*name) != after.get(*name)).map(str::to_owned).collect()
}

/// The row as it was before words of it, or all of a column, became what they are.
fn undone(row: &Map<String, Value>, earlier: &Earlier) -> Map<String, Value> {
    let mut before = row.clone();
    for (name, value) in &mut before {
        if let Some(text) = value.as_str().filter(|_| TEXTS.contains(&name.as_str())) {
            let was = earlier.words.iter().fold(text.to_owned(), |text, (new, old)| text.replace(new, old));
            *value = Value::String(was);
        }
    }
    for (name, text) in &earlier.stored {
        let value = match (text.as_str(), text.parse::<i64>()) {
            ("", _) => Value::Null,
            (_, Ok(number)) => json!(number),
            (text, Err(_)) => json!(text),
        };
        before.insert(name.clone(), value);
    }
    before
}

/// A bot's change, after which the question was doubted.
fn change<'a>(
    question: &'a Question,
    row: Map<String, Value>,
    earlier: &Earlier,
    time: Timestamp,
    random: &mut Random,
) -> Event<'a> {
    let before = undone(&row, earlier);
    Event {
        time,
        question: &question.id,
        kind: if earlier.by == "processor" { "improved" } else { "updated" },
        source: "bot",
        name: BOTS.into_iter().find(|bot| *bot == earlier.by).unwrap_or(BOTS[0]),
        summary: earlier.summary.clone(),
        fields: changed(&before, &row),
        before: Some(Value::Object(before)),
        after: Some(Value::Object(row)),
        reason: Some(earlier.reason.clone()),
        metadata: Some(json!({"promptVersion": "improve-8", "tokens": random.between(900, 4200), "reviewed": false})),
    }
}

/// What a snapshot of a question holds where it is no whole row: the fields a reviewer compares.
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
        fields: Vec::new(),
        before: None,
        after: Some(snapshot(question, question.earlier_answer.as_deref().unwrap_or(&question.answer), "active")),
        reason: None,
        metadata: None,
    }
}

fn improvement<'a>(
    question: &'a Question,
    row: Map<String, Value>,
    earlier: &str,
    time: Timestamp,
    random: &mut Random,
) -> Event<'a> {
    let mut before = row.clone();
    before.insert("answer".to_owned(), json!(earlier));
    before.insert("tldr".to_owned(), Value::Null);
    let score = question.relevance_score.map(|score| score - random.between(2, 9));
    before.insert("relevanceScore".to_owned(), json!(score));
    Event {
        time,
        question: &question.id,
        kind: "improved",
        source: "bot",
        name: "processor",
        summary: "Answer made concrete, tl;dr added, relevance scored again".to_owned(),
        fields: changed(&before, &row),
        before: Some(Value::Object(before)),
        after: Some(Value::Object(row)),
        reason: Some("the answer named the idea but did not say when it fails".to_owned()),
        metadata: Some(json!({"promptVersion": "improve-7", "tokens": random.between(900, 4200), "reviewed": false})),
    }
}

/// As in the field: a flag says why, and has no snapshots, as nothing but the status changes.
fn flagging<'a>(question: &'a Question, time: Timestamp, random: &mut Random) -> Event<'a> {
    Event {
        time,
        question: &question.id,
        kind: "flagged",
        source: "bot",
        name: if question.id.len().is_multiple_of(2) { "verifier" } else { "analysis" },
        summary: "status: active → flagged".to_owned(),
        fields: vec!["status".to_owned()],
        before: None,
        after: None,
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
        fields: vec!["status".to_owned()],
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
        fields: Vec::new(),
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
            (_, "improved" | "updated") => (self.name, "update"),
            ("processor", "deleted") => ("processor", "delete"),
            ("creator", "created") => ("creator", "create"),
            _ => return None,
        };
        let part = |snapshot: &Option<Value>| {
            let snapshot = snapshot.as_ref()?;
            let keys: &[&str] = match self.kind {
                "improved" | "updated" => return Some(snapshot.clone()),
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
