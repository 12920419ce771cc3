//! Questions: a row of `questions` read into fields, each JSON column checked against its documented shape.
//!
//! Nothing is lost on the way: a value that is not what the catalogue documents stays as its text, with what is wrong with it
//! ([`Field::Wrong`]); a value outside the documented lists (a sixth difficulty) is an ordinary text here.

mod shape;

use serde_json::Value as Json;

pub use self::shape::check_shape;
use crate::domain::{catalogue::Shape, page::Record, value::Value};

/// A field with a documented form.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Field<T> {
    /// NULL, or the table has no such column.
    #[default]
    Absent,
    /// In its documented form.
    Good(T),
    /// Something else.
    Wrong {
        /// What is stored.
        text: String,
        /// What is wrong with it, one line: `not JSON: … at line 1 column 9`, `expected an array of strings, found an object`.
        why: String,
    },
}

impl<T> Field<T> {
    /// What is there, where it is in its documented form.
    pub const fn good(&self) -> Option<&T> {
        match self {
            Self::Good(value) => Some(value),
            Self::Absent | Self::Wrong { .. } => None,
        }
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Good(value) => Field::Good(change(value)),
            Self::Wrong { text, why } => Field::Wrong { text, why },
        }
    }
}

/// A row of `questions`. `None` and [`Field::Absent`] stand for NULL or a column this database does not have.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Question {
    /// id.
    pub id: String,
    /// The question, Markdown.
    pub question: Option<String>,
    /// The answer, Markdown.
    pub answer: Option<String>,
    /// The explanation, Markdown.
    pub explanation: Option<String>,
    /// Mermaid source.
    pub diagram: Option<String>,
    /// The answer in short, Markdown.
    pub tldr: Option<String>,
    /// The answer for a child of five, Markdown.
    pub eli5: Option<String>,
    /// active, flagged, deleted – or what else stands there.
    pub status: Option<String>,
    /// beginner, intermediate, advanced – or what else stands there.
    pub difficulty: Option<String>,
    /// The channel it was written for.
    pub channel: Option<String>,
    /// The sub-channel.
    pub sub_channel: Option<String>,
    /// Where it comes from.
    pub source_url: Option<String>,
    /// Tags.
    pub tags: Field<Vec<String>>,
    /// Companies that ask it.
    pub companies: Field<Vec<String>>,
    /// Experience levels.
    pub experience_levels: Field<Vec<String>>,
    /// Words a spoken answer should have.
    pub voice_keywords: Field<Vec<String>>,
    /// (name, URL); the name is empty where an old row has an array of URLs.
    pub videos: Field<Vec<(String, String)>>,
    /// 0 to 100.
    pub relevance_score: Field<u8>,
    /// JSON or text about the score.
    pub relevance_details: Field<Json>,
    /// (job title, 0 to 100), in the order they are stored.
    pub job_titles: Field<Vec<(String, f64)>>,
    /// Whether it can be asked and answered by voice.
    pub voice_suitable: Field<bool>,
    /// Whether it is marked as new.
    pub is_new: Field<bool>,
    /// As stored.
    pub created_at: Option<String>,
    /// As stored.
    pub last_updated: Option<String>,
}

impl Question {
    /// Reads a record of `questions`, under logical or physical column names.
    pub fn read(record: &Record) -> Self {
        let text = |name: &str| text(record.get(name));
        let strings = |name: &str| json(record.get(name), Shape::Strings).map(strings);
        Self {
            id: text("id").unwrap_or_default(),
            question: text("question"),
            answer: text("answer"),
            explanation: text("explanation"),
            diagram: text("diagram"),
            tldr: text("tldr"),
            eli5: text("eli5"),
            status: text("status"),
            difficulty: text("difficulty"),
            channel: text("channel"),
            sub_channel: text("subChannel"),
            source_url: text("sourceUrl"),
            tags: strings("tags"),
            companies: strings("companies"),
            experience_levels: strings("experienceLevelTags"),
            voice_keywords: strings("voiceKeywords"),
            videos: json(record.get("videos"), Shape::Videos).map(videos),
            relevance_score: percent(record.get("relevanceScore")),
            relevance_details: json(record.get("relevanceDetails"), Shape::JsonOrText),
            job_titles: json(record.get("jobTitleRelevance"), Shape::Scores).map(scores),
            voice_suitable: flag(record.get("voiceSuitable")),
            is_new: flag(record.get("isNew")),
            created_at: text("createdAt"),
            last_updated: text("lastUpdated"),
        }
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.filter(|value| !value.is_null()).map(|value| value.to_plain().into_owned())
}

fn json(value: Option<&Value>, shape: Shape) -> Field<Json> {
    match value {
        None | Some(Value::Null) => Field::Absent,
        Some(Value::Text(_)) => {
            let text = text(value).unwrap_or_default();
            match check_shape(shape, &text) {
                Ok(json) => Field::Good(json),
                Err(why) => Field::Wrong { text, why },
            }
        }
        Some(other) => wrong(other, "JSON as text"),
    }
}

fn wrong<T>(value: &Value, expected: &str) -> Field<T> {
    let found = match value {
        Value::Null => "NULL",
        Value::Integer(_) => "an integer",
        Value::Real(_) => "a real",
        Value::Text(_) => "text",
        Value::Blob(_) => "a blob",
    };
    Field::Wrong { text: value.to_plain().into_owned(), why: format!("expected {expected}, found {found}") }
}

fn percent(value: Option<&Value>) -> Field<u8> {
    match value {
        None | Some(Value::Null) => Field::Absent,
        Some(Value::Integer(number)) => match u8::try_from(*number) {
            Ok(percent) if percent <= 100 => Field::Good(percent),
            _ => Field::Wrong { text: number.to_string(), why: "expected 0 to 100".to_owned() },
        },
        Some(other) => wrong(other, "an integer from 0 to 100"),
    }
}

fn flag(value: Option<&Value>) -> Field<bool> {
    match value {
        None | Some(Value::Null) => Field::Absent,
        Some(Value::Integer(0)) => Field::Good(false),
        Some(Value::Integer(1)) => Field::Good(true),
        Some(Value::Integer(other)) => Field::Wrong { text: other.to_string(), why: "expected 0 or 1".to_owned() },
        Some(other) => wrong(other, "0 or 1"),
    }
}

// The shape is checked before these are called: what they leave out cannot be there.

fn strings(json: Json) -> Vec<String> {
    match json {
        Json::Array(items) => items.into_iter().filter_map(string).collect(),
        _ => Vec::new(),
    }
}

fn string(json: Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text),
        _ => None,
    }
}

fn videos(json: Json) -> Vec<(String, String)> {
    match json {
        Json::Object(entries) => {
            entries.into_iter().filter_map(|(name, url)| string(url).map(|url| (name, url))).collect()
        }
        other => strings(other).into_iter().map(|url| (String::new(), url)).collect(),
    }
}

fn scores(json: Json) -> Vec<(String, f64)> {
    match json {
        Json::Object(entries) => {
            entries.into_iter().filter_map(|(title, score)| score.as_f64().map(|score| (title, score))).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{page::RowKey, schema::samples};

    fn record(cells: &[(&str, Value)]) -> Record {
        let columns: Vec<_> = cells.iter().map(|(name, _)| *name).collect();
        Record {
            relation: Arc::new(samples::table("questions", &columns)),
            key: RowKey::Rowid(1),
            cells: cells.iter().map(|(_, value)| value.clone()).collect(),
        }
    }

    #[test]
    fn both_naming_schemes_are_read_alike() {
        let physical = record(&[
            ("id", Value::text("q-1")),
            ("sub_channel", Value::text("hooks")),
            ("job_title_relevance", Value::text(r#"{"b":90,"a":12.5}"#)),
            ("is_new", Value::Integer(1)),
        ]);
        let logical = record(&[
            ("id", Value::text("q-1")),
            ("subChannel", Value::text("hooks")),
            ("jobTitleRelevance", Value::text(r#"{"b":90,"a":12.5}"#)),
            ("isNew", Value::Integer(1)),
        ]);
        let question = Question::read(&physical);
        assert_eq!(question, Question::read(&logical));
        assert_eq!(question.sub_channel.as_deref(), Some("hooks"));
        assert_eq!(question.is_new, Field::Good(true));
        let titles = vec![("b".to_owned(), 90.0), ("a".to_owned(), 12.5)];
        assert_eq!(question.job_titles, Field::Good(titles), "the stored order is kept");
        assert_eq!(question.tags, Field::Absent);
    }

    #[test]
    fn wrong_values_keep_their_text_and_say_what_is_wrong() {
        let question = Question::read(&record(&[
            ("tags", Value::text(r#"{"a":1}"#)),
            ("companies", Value::text("Google, Meta")),
            ("videos", Value::text(r#"["https://a.b/c"]"#)),
            ("voice_keywords", Value::Integer(7)),
            ("relevance_score", Value::Integer(140)),
            ("voice_suitable", Value::text("yes")),
            ("difficulty", Value::text("impossible")),
        ]));
        let Field::Wrong { text, why } = &question.tags else { unreachable!("an object is no array") };
        assert_eq!((text.as_str(), why.as_str()), (r#"{"a":1}"#, "expected an array of strings, found an object"));
        let Field::Wrong { why, .. } = &question.companies else { unreachable!("it is no JSON") };
        assert_eq!(why, "not JSON: expected value at line 1 column 1");
        assert_eq!(question.videos, Field::Good(vec![(String::new(), "https://a.b/c".to_owned())]));
        let Field::Wrong { why, .. } = &question.voice_keywords else { unreachable!("it is a number") };
        assert_eq!(why, "expected JSON as text, found an integer");
        let Field::Wrong { text, why } = &question.relevance_score else { unreachable!("it is too big") };
        assert_eq!((text.as_str(), why.as_str()), ("140", "expected 0 to 100"));
        let Field::Wrong { why, .. } = &question.voice_suitable else { unreachable!("it is text") };
        assert_eq!(why, "expected 0 or 1, found text");
        assert_eq!(question.difficulty.as_deref(), Some("impossible"));
    }
}
