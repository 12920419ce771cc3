//! The catalogue: what is known of the twelve tables of the code-reels database (schema version 2.2.0).
//!
//! Source: the database's documentation, "Tables", "Columns" and "Values". Names come in two forms, logical (camelCase) and
//! physical (snake_case); a database may carry either, see [`canonical`].

use crate::domain::name::canonical;

/// How many rows a table has, in the catalogue's words for that table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Volume {
    /// Below the first threshold.
    Small,
    /// Between the thresholds, both inclusive.
    Medium,
    /// Above the second threshold.
    Large,
}

impl Volume {
    /// `small`, `medium` or `large`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// What the text or number in a column means beyond its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Nothing special.
    Plain,
    /// A time, as ISO 8601 with Z or as SQLite's `YYYY-MM-DD HH:MM:SS` in UTC.
    Time,
    /// One of these values, each with what it says.
    Enumerated(&'static [(&'static str, Tone)]),
    /// Markdown.
    Markdown,
    /// Mermaid source.
    Mermaid,
    /// JSON of this shape.
    Json(Shape),
    /// Never shown, copied or exported unless asked for.
    Secret,
    /// 0 to 100.
    Percent,
    /// 0 or 1.
    Flag,
    /// The id of a question.
    QuestionId,
    /// A URL.
    Url,
}

/// What a value says to a maintainer; the theme gives it a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Live, done, well.
    Good,
    /// Going on.
    Busy,
    /// Waiting.
    Waiting,
    /// Wants a look.
    Warning,
    /// Failed, deleted.
    Bad,
    /// Made anew.
    New,
    /// Neither good nor bad.
    Neutral,
}

/// The documented shapes of JSON in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Any JSON.
    Any,
    /// An object: a whole or partial row.
    Object,
    /// An array of strings.
    Strings,
    /// An object of URLs (an array in old rows).
    Videos,
    /// An object of job title to 0–100.
    Scores,
    /// An array of `{name, weight}`.
    Domains,
    /// An array of question ids.
    Ids,
    /// An array of `{id, title, questionIds, estimatedHours}`.
    Milestones,
    /// JSON, or an error's text.
    JsonOrText,
}

/// A column the catalogue knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueColumn {
    /// camelCase.
    pub logical: &'static str,
    /// snake_case.
    pub physical: &'static str,
    /// What it means.
    pub meaning: Meaning,
}

/// A table the catalogue knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueTable {
    /// Place in the catalogue from 1.
    pub number: u8,
    /// camelCase.
    pub logical: &'static str,
    /// snake_case.
    pub physical: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Logical names of the fields to know it by.
    pub key_fields: &'static [&'static str],
    /// Fewer rows than the first is small, more than the second is large.
    pub thresholds: (u64, u64),
    /// Its columns.
    pub columns: &'static [CatalogueColumn],
}

impl CatalogueTable {
    /// The volume class of this many rows.
    pub const fn volume(&self, rows: u64) -> Volume {
        if rows < self.thresholds.0 {
            Volume::Small
        } else if rows <= self.thresholds.1 {
            Volume::Medium
        } else {
            Volume::Large
        }
    }
}

const DIFFICULTY: &[(&str, Tone)] =
    &[("beginner", Tone::Good), ("intermediate", Tone::Busy), ("advanced", Tone::Warning), ("expert", Tone::Bad)];
const QUESTION_STATUS: &[(&str, Tone)] = &[("active", Tone::Good), ("flagged", Tone::Warning), ("deleted", Tone::Bad)];
const QUEUE_ACTION: &[(&str, Tone)] =
    &[("improve", Tone::Busy), ("delete", Tone::Bad), ("verify", Tone::Good), ("enrich", Tone::New)];
const QUEUE_STATUS: &[(&str, Tone)] =
    &[("pending", Tone::Waiting), ("processing", Tone::Busy), ("completed", Tone::Good), ("failed", Tone::Bad)];
const LEDGER_ACTION: &[(&str, Tone)] = &[
    ("create", Tone::New),
    ("update", Tone::Busy),
    ("delete", Tone::Bad),
    ("verify", Tone::Good),
    ("flag", Tone::Warning),
];
const RUN_STATUS: &[(&str, Tone)] = &[("running", Tone::Busy), ("completed", Tone::Good), ("failed", Tone::Bad)];
const RELATIONSHIP: &[(&str, Tone)] = &[
    ("prerequisite", Tone::Warning),
    ("follow_up", Tone::Busy),
    ("related", Tone::Neutral),
    ("deeper_dive", Tone::New),
];
const PUBLISHING: &[(&str, Tone)] = &[("active", Tone::Good), ("draft", Tone::Waiting), ("archived", Tone::Neutral)];
const EVENT: &[(&str, Tone)] = &[
    ("created", Tone::New),
    ("updated", Tone::Busy),
    ("improved", Tone::Good),
    ("flagged", Tone::Warning),
    ("deleted", Tone::Bad),
    ("verified", Tone::Good),
];
const SESSION_STATUS: &[(&str, Tone)] =
    &[("active", Tone::Busy), ("completed", Tone::Good), ("abandoned", Tone::Neutral)];

const fn column(logical: &'static str, physical: &'static str, meaning: Meaning) -> CatalogueColumn {
    CatalogueColumn { logical, physical, meaning }
}

/// The twelve tables in the catalogue's order.
pub static TABLES: [CatalogueTable; 12] = [
    CatalogueTable {
        number: 1,
        logical: "users",
        physical: "users",
        purpose: "user authentication",
        key_fields: &["id", "username", "password"],
        thresholds: (100, 1000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("username", "username", Meaning::Plain),
            column("password", "password", Meaning::Secret),
        ],
    },
    CatalogueTable {
        number: 2,
        logical: "questions",
        physical: "questions",
        purpose: "interview questions",
        key_fields: &["id", "question", "answer", "channel"],
        thresholds: (500, 5000),
        columns: &[
            column("id", "id", Meaning::QuestionId),
            column("question", "question", Meaning::Markdown),
            column("answer", "answer", Meaning::Markdown),
            column("explanation", "explanation", Meaning::Markdown),
            column("diagram", "diagram", Meaning::Mermaid),
            column("difficulty", "difficulty", Meaning::Enumerated(DIFFICULTY)),
            column("tags", "tags", Meaning::Json(Shape::Strings)),
            column("channel", "channel", Meaning::Plain),
            column("subChannel", "sub_channel", Meaning::Plain),
            column("sourceUrl", "source_url", Meaning::Url),
            column("videos", "videos", Meaning::Json(Shape::Videos)),
            column("companies", "companies", Meaning::Json(Shape::Strings)),
            column("eli5", "eli5", Meaning::Markdown),
            column("tldr", "tldr", Meaning::Markdown),
            column("relevanceScore", "relevance_score", Meaning::Percent),
            column("relevanceDetails", "relevance_details", Meaning::Json(Shape::JsonOrText)),
            column("jobTitleRelevance", "job_title_relevance", Meaning::Json(Shape::Scores)),
            column("experienceLevelTags", "experience_level_tags", Meaning::Json(Shape::Strings)),
            column("voiceKeywords", "voice_keywords", Meaning::Json(Shape::Strings)),
            column("voiceSuitable", "voice_suitable", Meaning::Flag),
            column("status", "status", Meaning::Enumerated(QUESTION_STATUS)),
            column("isNew", "is_new", Meaning::Flag),
            column("lastUpdated", "last_updated", Meaning::Time),
            column("createdAt", "created_at", Meaning::Time),
        ],
    },
    CatalogueTable {
        number: 3,
        logical: "channelMappings",
        physical: "channel_mappings",
        purpose: "question–channel links",
        key_fields: &["channelId", "questionId"],
        thresholds: (1000, 10000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("channelId", "channel_id", Meaning::Plain),
            column("subChannel", "sub_channel", Meaning::Plain),
            column("questionId", "question_id", Meaning::QuestionId),
        ],
    },
    CatalogueTable {
        number: 4,
        logical: "workQueue",
        physical: "work_queue",
        purpose: "bot task queue",
        key_fields: &["itemType", "action", "status"],
        thresholds: (50, 500),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("itemType", "item_type", Meaning::Plain),
            column("itemId", "item_id", Meaning::Plain),
            column("action", "action", Meaning::Enumerated(QUEUE_ACTION)),
            column("priority", "priority", Meaning::Plain),
            column("status", "status", Meaning::Enumerated(QUEUE_STATUS)),
            column("reason", "reason", Meaning::Plain),
            column("createdBy", "created_by", Meaning::Plain),
            column("assignedTo", "assigned_to", Meaning::Plain),
            column("createdAt", "created_at", Meaning::Time),
            column("processedAt", "processed_at", Meaning::Time),
            column("result", "result", Meaning::Json(Shape::JsonOrText)),
        ],
    },
    CatalogueTable {
        number: 5,
        logical: "botLedger",
        physical: "bot_ledger",
        purpose: "audit log of bot actions",
        key_fields: &["botName", "action", "itemId"],
        thresholds: (5000, 50000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("botName", "bot_name", Meaning::Plain),
            column("action", "action", Meaning::Enumerated(LEDGER_ACTION)),
            column("itemType", "item_type", Meaning::Plain),
            column("itemId", "item_id", Meaning::Plain),
            column("beforeState", "before_state", Meaning::Json(Shape::Object)),
            column("afterState", "after_state", Meaning::Json(Shape::Object)),
            column("reason", "reason", Meaning::Plain),
            column("createdAt", "created_at", Meaning::Time),
        ],
    },
    CatalogueTable {
        number: 6,
        logical: "botRuns",
        physical: "bot_runs",
        purpose: "bot execution history",
        key_fields: &["botName", "status", "summary"],
        thresholds: (100, 1000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("botName", "bot_name", Meaning::Plain),
            column("startedAt", "started_at", Meaning::Time),
            column("completedAt", "completed_at", Meaning::Time),
            column("status", "status", Meaning::Enumerated(RUN_STATUS)),
            column("itemsProcessed", "items_processed", Meaning::Plain),
            column("itemsCreated", "items_created", Meaning::Plain),
            column("itemsUpdated", "items_updated", Meaning::Plain),
            column("itemsDeleted", "items_deleted", Meaning::Plain),
            column("summary", "summary", Meaning::Json(Shape::JsonOrText)),
        ],
    },
    CatalogueTable {
        number: 7,
        logical: "questionRelationships",
        physical: "question_relationships",
        purpose: "links between questions",
        key_fields: &["sourceQuestionId", "targetQuestionId"],
        thresholds: (1000, 10000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("sourceQuestionId", "source_question_id", Meaning::QuestionId),
            column("targetQuestionId", "target_question_id", Meaning::QuestionId),
            column("relationshipType", "relationship_type", Meaning::Enumerated(RELATIONSHIP)),
            column("strength", "strength", Meaning::Percent),
            column("createdAt", "created_at", Meaning::Time),
        ],
    },
    CatalogueTable {
        number: 8,
        logical: "voiceSessions",
        physical: "voice_sessions",
        purpose: "voice interview sessions",
        key_fields: &["topic", "questionIds"],
        thresholds: (100, 1000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("topic", "topic", Meaning::Plain),
            column("description", "description", Meaning::Plain),
            column("channel", "channel", Meaning::Plain),
            column("difficulty", "difficulty", Meaning::Enumerated(DIFFICULTY)),
            column("questionIds", "question_ids", Meaning::Json(Shape::Ids)),
            column("totalQuestions", "total_questions", Meaning::Plain),
            column("estimatedMinutes", "estimated_minutes", Meaning::Plain),
            column("createdAt", "created_at", Meaning::Time),
            column("lastUpdated", "last_updated", Meaning::Time),
        ],
    },
    CatalogueTable {
        number: 9,
        logical: "certifications",
        physical: "certifications",
        purpose: "certification tracks",
        key_fields: &["name", "provider", "domains"],
        thresholds: (50, 200),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("name", "name", Meaning::Plain),
            column("provider", "provider", Meaning::Plain),
            column("description", "description", Meaning::Plain),
            column("icon", "icon", Meaning::Plain),
            column("color", "color", Meaning::Plain),
            column("difficulty", "difficulty", Meaning::Enumerated(DIFFICULTY)),
            column("category", "category", Meaning::Plain),
            column("estimatedHours", "estimated_hours", Meaning::Plain),
            column("examCode", "exam_code", Meaning::Plain),
            column("officialUrl", "official_url", Meaning::Url),
            column("domains", "domains", Meaning::Json(Shape::Domains)),
            column("channelMappings", "channel_mappings", Meaning::Json(Shape::Any)),
            column("tags", "tags", Meaning::Json(Shape::Strings)),
            column("prerequisites", "prerequisites", Meaning::Json(Shape::Ids)),
            column("status", "status", Meaning::Enumerated(PUBLISHING)),
            column("questionCount", "question_count", Meaning::Plain),
            column("passingScore", "passing_score", Meaning::Plain),
            column("examDuration", "exam_duration", Meaning::Plain),
            column("createdAt", "created_at", Meaning::Time),
            column("lastUpdated", "last_updated", Meaning::Time),
        ],
    },
    CatalogueTable {
        number: 10,
        logical: "questionHistory",
        physical: "question_history",
        purpose: "change tracking",
        key_fields: &["questionId", "eventType"],
        thresholds: (5000, 50000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("questionId", "question_id", Meaning::QuestionId),
            column("questionType", "question_type", Meaning::Plain),
            column("eventType", "event_type", Meaning::Enumerated(EVENT)),
            column("eventSource", "event_source", Meaning::Plain),
            column("sourceName", "source_name", Meaning::Plain),
            column("changesSummary", "changes_summary", Meaning::Plain),
            column("changedFields", "changed_fields", Meaning::Json(Shape::Strings)),
            column("beforeSnapshot", "before_snapshot", Meaning::Json(Shape::Object)),
            column("afterSnapshot", "after_snapshot", Meaning::Json(Shape::Object)),
            column("reason", "reason", Meaning::Plain),
            column("metadata", "metadata", Meaning::Json(Shape::Any)),
            column("createdAt", "created_at", Meaning::Time),
        ],
    },
    CatalogueTable {
        number: 11,
        logical: "userSessions",
        physical: "user_sessions",
        purpose: "active sessions",
        key_fields: &["sessionType", "progress"],
        thresholds: (500, 5000),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("userId", "user_id", Meaning::Plain),
            column("sessionType", "session_type", Meaning::Plain),
            column("sessionKey", "session_key", Meaning::Plain),
            column("title", "title", Meaning::Plain),
            column("subtitle", "subtitle", Meaning::Plain),
            column("channelId", "channel_id", Meaning::Plain),
            column("certificationId", "certification_id", Meaning::Plain),
            column("progress", "progress", Meaning::Percent),
            column("totalItems", "total_items", Meaning::Plain),
            column("completedItems", "completed_items", Meaning::Plain),
            column("sessionData", "session_data", Meaning::Json(Shape::Any)),
            column("startedAt", "started_at", Meaning::Time),
            column("lastAccessedAt", "last_accessed_at", Meaning::Time),
            column("completedAt", "completed_at", Meaning::Time),
            column("status", "status", Meaning::Enumerated(SESSION_STATUS)),
        ],
    },
    CatalogueTable {
        number: 12,
        logical: "learningPaths",
        physical: "learning_paths",
        purpose: "learning paths",
        key_fields: &["pathType", "questionIds"],
        thresholds: (50, 500),
        columns: &[
            column("id", "id", Meaning::Plain),
            column("title", "title", Meaning::Plain),
            column("description", "description", Meaning::Plain),
            column("pathType", "path_type", Meaning::Plain),
            column("targetCompany", "target_company", Meaning::Plain),
            column("targetJobTitle", "target_job_title", Meaning::Plain),
            column("difficulty", "difficulty", Meaning::Enumerated(DIFFICULTY)),
            column("estimatedHours", "estimated_hours", Meaning::Plain),
            column("questionIds", "question_ids", Meaning::Json(Shape::Ids)),
            column("channels", "channels", Meaning::Json(Shape::Strings)),
            column("tags", "tags", Meaning::Json(Shape::Strings)),
            column("prerequisites", "prerequisites", Meaning::Json(Shape::Ids)),
            column("learningObjectives", "learning_objectives", Meaning::Json(Shape::Strings)),
            column("milestones", "milestones", Meaning::Json(Shape::Milestones)),
            column("popularity", "popularity", Meaning::Plain),
            column("completionRate", "completion_rate", Meaning::Percent),
            column("averageRating", "average_rating", Meaning::Plain),
            column("metadata", "metadata", Meaning::Json(Shape::Any)),
            column("status", "status", Meaning::Enumerated(PUBLISHING)),
            column("createdAt", "created_at", Meaning::Time),
            column("lastUpdated", "last_updated", Meaning::Time),
            column("lastGenerated", "last_generated", Meaning::Time),
        ],
    },
];

/// The table of this logical or physical name.
pub fn table(name: &str) -> Option<&'static CatalogueTable> {
    let wanted = canonical(name);
    TABLES.iter().find(|table| canonical(table.logical) == wanted)
}

impl CatalogueTable {
    /// The column of this logical or physical name.
    pub fn column(&self, name: &str) -> Option<&'static CatalogueColumn> {
        let wanted = canonical(name);
        self.columns.iter().find(|column| canonical(column.logical) == wanted)
    }
}

impl Meaning {
    /// What this value says, where it is one of the enumerated ones.
    pub fn tone(&self, value: &str) -> Option<Tone> {
        match self {
            Self::Enumerated(values) => values.iter().find(|(name, _)| *name == value).map(|(_, tone)| *tone),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_find_the_table_and_the_column() {
        let ledger = table("bot_ledger").unwrap_or_else(|| unreachable!("it is in the catalogue"));
        assert_eq!(table("botLedger"), Some(ledger));
        assert_eq!(ledger.column("created_at"), ledger.column("createdAt"));
        assert!(ledger.column("nothing").is_none());
    }

    #[test]
    fn thresholds_are_the_catalogues() {
        let users = &TABLES[0];
        assert_eq!(users.volume(99), Volume::Small);
        assert_eq!(users.volume(100), Volume::Medium);
        assert_eq!(users.volume(1000), Volume::Medium);
        assert_eq!(users.volume(1001), Volume::Large);
    }
}
