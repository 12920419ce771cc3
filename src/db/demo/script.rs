//! What each bot does and why: the words of the ledger, shared by the demo's past and its simulated present.

use serde_json::{Value, json};

use crate::db::random::Random;

/// The bots of the field.
pub(super) const BOTS: [&str; 5] = ["creator", "verifier", "processor", "analysis", "session-builder"];

/// Items that are no questions; no table of the demo holds them, as in many a real database.
const ITEMS: [(&str, &str); 8] = [
    ("challenge", "coding-lru-cache"),
    ("challenge", "coding-rate-limiter"),
    ("challenge", "coding-merge-intervals"),
    ("test", "test-rust-ownership-01"),
    ("test", "test-sql-joins-02"),
    ("test", "test-kubernetes-basics"),
    ("blog", "blog-why-backpressure-matters"),
    ("blog", "blog-reading-flame-graphs"),
];

/// A thing done by a bot.
#[derive(Debug)]
pub(super) struct Deed {
    pub(super) action: &'static str,
    /// Type and id where it is no question.
    pub(super) item: Option<(&'static str, &'static str)>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) reason: Option<&'static str>,
}

const CREATED: [&str; 5] = [
    "gap: no intermediate item on this topic",
    "asked for by 3 users this week",
    "follow-up to a question with a high completion rate",
    "topic named in 11 job posts of the last month",
    "variant for voice interviews",
];
const VERIFIED: [&str; 6] = [
    "facts, links, code and diagram checked",
    "code blocks compile",
    "diagram renders, labels match the text",
    "all links answer",
    "second opinion agrees: 0.94",
    "no duplicate within 0.85 similarity",
];
const UPDATED: [&str; 6] = [
    "tl;dr was longer than the answer",
    "code fence had no language",
    "difficulty and experience level disagreed",
    "eli5 used the term it explains",
    "two tags were synonyms",
    "table header did not match its rows",
];
const SCORED: [&str; 4] = [
    "relevance recalculated from 214 job posts",
    "asked less often than a quarter ago",
    "asked more often than a quarter ago",
    "job titles re-weighted",
];
const DOUBTED: [&str; 4] = [
    "a link answers with 404",
    "complexity claimed in the answer differs from the explanation",
    "similar to another question: 0.91",
    "code block does not compile",
];
const BUILT: [&str; 3] = [
    "voice session refreshed with newer questions",
    "learning path reordered by difficulty",
    "session kept under 10 minutes",
];

/// What this bot does next.
pub(super) fn deed(bot: &str, random: &mut Random) -> Deed {
    let other = random.percent(if bot == "creator" { 100 } else { 12 });
    let item = if other { random.pick(&ITEMS).copied() } else { None };
    match bot {
        "creator" => Deed {
            action: "create",
            item,
            before: None,
            after: Some(json!({"status": "draft", "words": random.between(120, 640)})),
            reason: random.pick(&CREATED).copied(),
        },
        "verifier" if random.percent(8) => doubt(item.or_else(|| random.pick(&ITEMS).copied()), random),
        "verifier" => Deed {
            action: "verify",
            item,
            before: None,
            after: random.percent(60).then(|| json!({"verified": true, "score": random.between(78, 100)})),
            reason: random.pick(&VERIFIED).copied(),
        },
        "analysis" => {
            let score = random.between(55, 96);
            let change = random.between(-6, 7);
            Deed {
                action: "update",
                item,
                before: Some(json!({"relevanceScore": score})),
                after: Some(json!({"relevanceScore": (score + change).clamp(0, 100)})),
                reason: random.pick(&SCORED).copied(),
            }
        }
        "session-builder" => {
            let items = random.between(4, 9);
            Deed {
                action: if random.percent(25) { "create" } else { "update" },
                item: Some((
                    "session",
                    if random.percent(50) { "voice-system-design-basics" } else { "path-backend-engineer" },
                )),
                before: None,
                after: Some(json!({"totalQuestions": items, "estimatedMinutes": items * 2})),
                reason: random.pick(&BUILT).copied(),
            }
        }
        _ => Deed {
            action: if other && random.percent(15) { "delete" } else { "update" },
            item,
            before: Some(json!({"checked": false})),
            after: Some(json!({"checked": true, "fields": ["tldr", "tags"]})),
            reason: if random.percent(96) { random.pick(&UPDATED).copied() } else { None },
        },
    }
}

/// A flag, with what is wrong.
pub(super) fn doubt(item: Option<(&'static str, &'static str)>, random: &mut Random) -> Deed {
    Deed { action: "flag", item, before: None, after: None, reason: random.pick(&DOUBTED).copied() }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) processed: i64,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) deleted: i64,
    pub(super) flagged: i64,
}

impl Tally {
    /// Counts one deed.
    pub(super) fn count(&mut self, action: &str) {
        self.processed += 1;
        match action {
            "create" => self.created += 1,
            "update" => self.updated += 1,
            "delete" => self.deleted += 1,
            "flag" => self.flagged += 1,
            _ => {}
        }
    }

    /// bot_runs.summary of a run that ended well.
    pub(super) fn summary(&self, bot: &str, seconds: i64) -> Value {
        json!({
            "bot": bot,
            "durationSeconds": seconds,
            "processed": self.processed,
            "created": self.created,
            "updated": self.updated,
            "deleted": self.deleted,
            "flagged": self.flagged,
            "model": "house-3",
        })
    }
}

/// bot_runs.summary of a run that failed.
pub(super) fn failure(bot: &str, random: &mut Random) -> Value {
    const WORDS: [(&str, &str); 4] = [
        ("rate_limited", "429 from the model service after 5 tries"),
        ("timeout", "no answer within 120 s"),
        ("invalid_output", "answer was no JSON: expected `,` or `}` at line 14"),
        ("database", "SQLITE_BUSY: database is locked"),
    ];
    let (code, message) = random.pick(&WORDS).copied().unwrap_or(("unknown", ""));
    json!({"bot": bot, "error": {"code": code, "message": message}, "retryable": code != "invalid_output"})
}
