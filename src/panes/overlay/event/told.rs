//! What a row of the ledger, the history, the runs or the queue tells, read by logical column names.

use std::sync::Arc;

use crate::{
    domain::{activity::Item, diff::Side, page::Record, review::StorySource, schema::Relation, value::Value},
    panes::story::when,
};

/// A row that tells of something that happened. Texts are as stored: not harmless yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// Which table it is of.
    pub(super) source: StorySource,
    /// The bot, the person, who made the queue item.
    pub(super) who: Option<String>,
    /// A history row's kind of source, where that is another word than `who`.
    pub(super) of: Option<String>,
    /// The action or event; of a run its status.
    pub(super) what: String,
    /// What it is about; a run is about no single item.
    pub(super) item: Option<Item>,
    /// When it happened, was made or started, as stored.
    pub(super) at: Option<String>,
    /// When it was completed or processed, as stored.
    pub(super) end: Option<String>,
    /// A queue item's status.
    pub(super) status: Option<String>,
    /// A queue item's priority.
    pub(super) priority: Option<String>,
    /// To whom a queue item is assigned.
    pub(super) assigned: Option<String>,
    /// Why.
    pub(super) reason: Option<String>,
    /// `changesSummary`.
    pub(super) summary: Option<String>,
    /// `changedFields` as stored.
    pub(super) fields: Option<String>,
    /// Items processed, created, updated, deleted, as stored.
    pub(super) items: Option<[String; 4]>,
    /// The state before and the state after, where the table has such.
    pub(super) states: Option<[State; 2]>,
    /// A run's summary, a queue item's result, a history row's metadata.
    pub(super) document: Value,
}

/// A state as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// The table has no column for it.
    NoColumn,
    /// NULL.
    Nothing,
    /// A text, whole; not empty.
    Text(Arc<str>),
    /// A text without anything in it but blanks.
    Blank,
    /// Something that is no text: a blob, text that is not UTF-8, a number.
    Other(Value),
}

impl State {
    fn of(record: &Record, column: &str) -> Self {
        match record.get(column) {
            None => Self::NoColumn,
            Some(Value::Null) => Self::Nothing,
            Some(Value::Text(bytes)) => match std::str::from_utf8(bytes.head()) {
                Ok(text) if text.trim().is_empty() => Self::Blank,
                Ok(text) => Self::Text(text.into()),
                Err(_) => Self::Other(Value::Text(bytes.clone())),
            },
            Some(other) => Self::Other(other.clone()),
        }
    }

    /// As a side of a comparison.
    pub(super) fn side(&self) -> Side {
        match self {
            Self::NoColumn => Side::Absent("the table has no column for it".into()),
            Self::Nothing => Side::Absent("nothing is recorded".into()),
            Self::Blank => Side::Absent("an empty text".into()),
            Self::Text(text) => Side::Text(Arc::clone(text)),
            Self::Other(value) => Side::from(value),
        }
    }

    /// Whether there is something to show.
    pub(super) const fn is_there(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Other(_))
    }

    /// The bytes, where it is no text.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Other(Value::Blob(bytes) | Value::Text(bytes)) => Some(bytes.head()),
            _ => None,
        }
    }

    /// For copying.
    pub(super) fn plain(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_string()),
            Self::Other(value) => Some(value.to_plain().into_owned()),
            Self::NoColumn | Self::Nothing | Self::Blank => None,
        }
    }
}

/// Which of the four tables a relation is.
pub(super) fn source_of(relation: &Relation) -> Option<StorySource> {
    let all = [StorySource::Ledger, StorySource::History, StorySource::Run, StorySource::Queue];
    all.into_iter().find(|source| relation.is(when::table(*source)))
}

impl Told {
    /// Reads a row.
    pub(super) fn read(source: StorySource, record: &Record) -> Self {
        let text = |name: &str| {
            let value = record.get(name).filter(|value| !value.is_null())?;
            let text = value.to_plain().into_owned();
            (!text.trim().is_empty()).then_some(text)
        };
        let or_none = |name: &str| text(name).unwrap_or_default();
        let item = |kind: &str, id: &str| {
            // Where nothing says what it is, it is a question, as everywhere in this database.
            text(id).map(|id| Item { kind: text(kind).unwrap_or_else(|| "question".to_owned()), id })
        };
        let document = |name: &str| record.get(name).cloned().unwrap_or_default();
        let states = |before, after| Some([State::of(record, before), State::of(record, after)]);
        let nothing = Self {
            source,
            who: None,
            of: None,
            what: String::new(),
            item: None,
            at: text("createdAt"),
            end: None,
            status: None,
            priority: None,
            assigned: None,
            reason: text("reason"),
            summary: None,
            fields: None,
            items: None,
            states: None,
            document: Value::Null,
        };
        match source {
            StorySource::Ledger => Self {
                who: text("botName"),
                what: or_none("action"),
                item: item("itemType", "itemId"),
                states: states("beforeState", "afterState"),
                ..nothing
            },
            StorySource::History => Self {
                who: text("sourceName").or_else(|| text("eventSource")),
                of: text("eventSource").filter(|_| text("sourceName").is_some()),
                what: or_none("eventType"),
                item: item("questionType", "questionId"),
                summary: text("changesSummary"),
                fields: text("changedFields").filter(|fields| fields.trim() != "[]"),
                states: states("beforeSnapshot", "afterSnapshot"),
                document: document("metadata"),
                ..nothing
            },
            StorySource::Run => Self {
                who: text("botName"),
                what: or_none("status"),
                at: text("startedAt"),
                end: text("completedAt"),
                items: Some(
                    ["itemsProcessed", "itemsCreated", "itemsUpdated", "itemsDeleted"]
                        .map(|name| record.get(name).map_or_else(String::new, |value| value.to_plain().into_owned())),
                ),
                document: document("summary"),
                ..nothing
            },
            StorySource::Queue => Self {
                who: text("createdBy"),
                what: or_none("action"),
                item: item("itemType", "itemId"),
                end: text("processedAt"),
                status: text("status"),
                priority: text("priority"),
                assigned: text("assignedTo"),
                document: document("result"),
                ..nothing
            },
        }
    }
}
