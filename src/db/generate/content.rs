//! What stands in the generated rows: text of the length, the shapes and the variety of the field's rows.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::Offset};

use crate::db::random::Random;

/// The newest time in a generated database: 2026-01-29T08:03:07.588Z. A constant, so that two runs give the same rows.
pub(super) const END: i64 = 1_769_673_787_588;
/// How far back its times go: 400 days.
pub(super) const SPAN: i64 = 400 * 24 * 60 * 60 * 1000;

/// Channels, each with its sub-channels.
const CHANNELS: [(&str, [&str; 4]); 12] = [
    ("algorithms", ["arrays", "graphs", "dynamic-programming", "sorting"]),
    ("backend", ["apis", "caching", "queues", "auth"]),
    ("database", ["indexing", "transactions", "replication", "sql"]),
    ("devops", ["ci-cd", "docker", "terraform", "observability"]),
    ("frontend", ["react", "css", "performance", "accessibility"]),
    ("generative-ai", ["rag", "agents", "fine-tuning", "evaluation"]),
    ("kubernetes", ["scheduling", "networking", "storage", "operators"]),
    ("linux", ["processes", "filesystems", "shell", "kernel"]),
    ("machine-learning", ["training", "features", "serving", "metrics"]),
    ("networking", ["tcp", "dns", "tls", "load-balancing"]),
    ("security", ["oauth", "xss", "secrets", "threat-models"]),
    ("system-design", ["sharding", "consistency", "messaging", "rate-limits"]),
];
const SUBJECTS: [&str; 16] = [
    "a rate limiter",
    "an event log",
    "a write-ahead log",
    "a leader election",
    "a cache with expiry",
    "an idempotent payment API",
    "a B-tree index",
    "a service mesh",
    "a feature store",
    "a retry policy",
    "a blue-green deployment",
    "a consistent hash ring",
    "a job queue",
    "a search index",
    "a presence service",
    "a backup that is known to restore",
];
const CONDITIONS: [&str; 12] = [
    "when one region is lost",
    "under ten times the usual load",
    "with clocks that disagree",
    "when clients retry",
    "without downtime",
    "on a budget of two machines",
    "when messages arrive twice",
    "while the schema changes",
    "with readers that never stop",
    "where half the traffic is hostile",
    "for a team of three",
    "when the network splits",
];
const LANGUAGES: [(&str, &str); 5] = [
    ("python", "def take(tokens, cost):\n    if tokens < cost:\n        return None\n    return tokens - cost"),
    ("rust", "fn take(tokens: u64, cost: u64) -> Option<u64> {\n    tokens.checked_sub(cost)\n}"),
    ("sql", "SELECT id, status\nFROM jobs\nWHERE status = 'pending'\nORDER BY priority, id\nLIMIT 20;"),
    (
        "typescript",
        "export const take = (tokens: number, cost: number): number | null =>\n  tokens < cost ? null : tokens - cost;",
    ),
    ("yaml", "retry:\n  attempts: 5\n  backoff: 250ms\n  jitter: full"),
];
const COMPANIES: [&str; 8] = ["Amazon", "Cloudflare", "Google", "Meta", "Microsoft", "Netflix", "Stripe", "Uber"];
const TAGS: [&str; 10] = [
    "basics",
    "consistency",
    "debugging",
    "design",
    "failure",
    "latency",
    "monitoring",
    "scale",
    "security",
    "testing",
];
const ISSUES: [&str; 6] = [
    "missing_videos",
    "insufficient_tags",
    "placeholder_content",
    "no_diagram",
    "short_explanation",
    "missing_voice_keywords",
];
const FIELDS: [&str; 6] = ["answer", "explanation", "diagram", "tags", "videos", "tldr"];

/// The bots of the field.
pub(super) const BOTS: [&str; 5] = ["creator", "verifier", "processor", "analysis", "session-builder"];

/// Writes a time in one of the two forms of the field into `out`, which is emptied first: ISO 8601 with milliseconds and Z as
/// the bots do, in one of eight cases SQLite's own.
pub(super) fn time(out: &mut String, milliseconds: i64, random: &mut Random) {
    out.clear();
    let time = Offset::UTC.to_datetime(Timestamp::from_millisecond(milliseconds).unwrap_or_default());
    let (date, clock) = (time.date(), time.time());
    let (year, month, day) = (date.year(), date.month(), date.day());
    let (hour, minute, second, millisecond) = (clock.hour(), clock.minute(), clock.second(), clock.millisecond());
    let _ = if random.below(8) == 0 {
        write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    } else {
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    };
}

/// A row of `questions`.
#[derive(Default)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) explanation: String,
    pub(super) diagram: Option<String>,
    pub(super) difficulty: &'static str,
    pub(super) tags: String,
    pub(super) channel: &'static str,
    pub(super) sub_channel: &'static str,
    pub(super) companies: String,
    pub(super) tldr: String,
    pub(super) relevance: u64,
    pub(super) jobs: String,
    pub(super) voice: bool,
    pub(super) status: &'static str,
    pub(super) is_new: bool,
    pub(super) updated: String,
    pub(super) created: String,
}

/// Question number `number` (from 0): nine of ten active, the others flagged or deleted.
pub(super) fn question(number: u64, created: i64, random: &mut Random) -> Question {
    let (channel, subs) = random.one_of(&CHANNELS);
    let sub_channel = random.one_of(&subs);
    let (subject, condition) = (random.one_of(&SUBJECTS), random.one_of(&CONDITIONS));
    let (language, code) = random.one_of(&LANGUAGES);
    let mut row = Question {
        id: format!("q-{number}"),
        question: format!("How would you build {subject} {condition}, and how would you know that it works?"),
        answer: format!(
            "Name the invariant first: what must hold {condition}. Then choose the smallest design of {subject} that keeps it, \
             measure where it breaks, and say what you gave up."
        ),
        explanation: format!(
            "## What is asked\n\nThe question is about **{subject}** in `{channel}/{sub_channel}`, {condition}.\n\n\
             ## A way to answer\n\n- State the load and the failure you design for.\n- Keep the state in one place.\n\
             - Make every step safe to repeat.\n\n```{language}\n{code}\n```\n\n\
             | choice | gains | costs |\n|---|---|---|\n| one writer | order | throughput |\n| many writers | throughput | conflicts |\n\n\
             ## What goes wrong\n\nAsk what happens {condition}: the honest answer names a limit."
        ),
        diagram: None,
        difficulty: random.one_of(&["beginner", "intermediate", "intermediate", "advanced"]),
        channel,
        sub_channel,
        tldr: format!("{subject}: invariant first, then the smallest design."),
        relevance: 20 + random.below(81),
        voice: random.percent(60),
        is_new: random.percent(20),
        ..Question::default()
    };
    row.status = match random.below(100) {
        0..90 => "active",
        90..96 => "flagged",
        _ => "deleted",
    };
    if random.percent(60) {
        row.diagram = Some(format!(
            "flowchart TD\n  A[Client] --> B{{{{{sub_channel}?}}}}\n  B -->|yes| C[{channel}]\n  B -->|no| D[Retry]\n  D --> A"
        ));
    }
    array(&mut row.tags, &TAGS, random);
    array(&mut row.companies, &COMPANIES, random);
    let _ = write!(
        row.jobs,
        "{{\"backend-engineer\":{},\"sre\":{},\"data-engineer\":{}}}",
        random.below(101),
        random.below(101),
        random.below(101)
    );
    time(&mut row.created, created, random);
    let later = random.below((END - created).max(1) as u64) as i64;
    time(&mut row.updated, created + later, random);
    row
}

/// The channel and sub-channel of a mapping.
pub(super) fn channel(random: &mut Random) -> (&'static str, &'static str) {
    let (channel, subs) = random.one_of(&CHANNELS);
    (channel, random.one_of(&subs))
}

/// A row of `bot_ledger`; its buffers are used again for the next.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) bot: &'static str,
    pub(super) action: &'static str,
    pub(super) item_type: &'static str,
    pub(super) item: String,
    before: String,
    after: String,
    reason: String,
    pub(super) created: String,
}

impl Ledger {
    /// The next row, about one of `questions`.
    pub(super) fn fill(&mut self, questions: u64, created: i64, random: &mut Random) {
        (self.bot, self.action) = match random.below(100) {
            0..15 => ("creator", "create"),
            15..40 => ("verifier", "verify"),
            40..50 => ("verifier", "flag"),
            50..75 => ("processor", "update"),
            75..80 => ("processor", "delete"),
            // Not in the documented list, but in the field.
            80..95 => ("analysis", "analyze"),
            _ => ("session-builder", "create"),
        };
        self.item_type = if random.percent(96) { "question" } else { random.one_of(&["challenge", "test", "blog"]) };
        self.item.clear();
        let _ = write!(self.item, "q-{}", random.below(questions));
        self.before.clear();
        self.after.clear();
        if matches!(self.action, "update" | "delete") {
            state(&mut self.before, random);
        }
        if matches!(self.action, "update" | "create") {
            state(&mut self.after, random);
        }
        self.reason.clear();
        let score = random.below(101);
        let _ = match self.action {
            "flag" => write!(self.reason, "Flagged for improve: {}, score {score}/100", random.one_of(&ISSUES)),
            "verify" => write!(self.reason, "Verified, score {score}/100"),
            "analyze" => {
                write!(self.reason, "{{\"status\":\"completed\",\"issues\":[\"{}\"]}}", random.one_of(&ISSUES))
            }
            "update" => write!(self.reason, "Improved {} 😀", random.one_of(&FIELDS)),
            _ => Ok(()),
        };
        time(&mut self.created, created, random);
    }

    /// The state before, NULL where there is none.
    pub(super) fn before(&self) -> Option<&str> {
        Some(self.before.as_str()).filter(|text| !text.is_empty())
    }

    /// The state after, NULL where there is none.
    pub(super) fn after(&self) -> Option<&str> {
        Some(self.after.as_str()).filter(|text| !text.is_empty())
    }

    /// The reason, NULL where there is none.
    pub(super) fn reason(&self) -> Option<&str> {
        Some(self.reason.as_str()).filter(|text| !text.is_empty())
    }
}

/// A row of `question_history`; its buffers are used again for the next.
#[derive(Default)]
pub(super) struct History {
    pub(super) question: String,
    pub(super) question_type: &'static str,
    pub(super) event: &'static str,
    pub(super) source: &'static str,
    pub(super) name: &'static str,
    pub(super) summary: String,
    fields: String,
    before: String,
    after: String,
    pub(super) created: String,
}

impl History {
    /// The next row, about one of `questions`.
    pub(super) fn fill(&mut self, questions: u64, created: i64, random: &mut Random) {
        self.question.clear();
        let _ = write!(self.question, "q-{}", random.below(questions));
        self.question_type = if random.percent(95) { "question" } else { random.one_of(&["test", "coding"]) };
        self.event = random.one_of(&["created", "updated", "updated", "improved", "flagged", "verified"]);
        (self.source, self.name) = match random.below(10) {
            0 => ("user", "maintainer"),
            1 => ("import", "initial-seed"),
            2 => ("system", "trigger"),
            _ => ("bot", random.one_of(&BOTS)),
        };
        self.summary.clear();
        self.fields.clear();
        self.before.clear();
        self.after.clear();
        if matches!(self.event, "updated" | "improved") {
            array(&mut self.fields, &FIELDS, random);
            let _ = write!(self.summary, "Question {}: {}", self.event, self.fields);
            state(&mut self.before, random);
            state(&mut self.after, random);
        } else {
            let _ = write!(self.summary, "Question {} by {}", self.event, self.name);
        }
        time(&mut self.created, created, random);
    }

    /// The changed fields as a JSON array, NULL where there are none.
    pub(super) fn fields(&self) -> Option<&str> {
        Some(self.fields.as_str()).filter(|text| !text.is_empty())
    }

    /// The snapshot before, NULL where there is none.
    pub(super) fn before(&self) -> Option<&str> {
        Some(self.before.as_str()).filter(|text| !text.is_empty())
    }

    /// The snapshot after, NULL where there is none.
    pub(super) fn after(&self) -> Option<&str> {
        Some(self.after.as_str()).filter(|text| !text.is_empty())
    }
}

/// One to three of `choices` as a JSON array, without repeats, in their order.
fn array<const N: usize>(out: &mut String, choices: &[&'static str; N], random: &mut Random) {
    let mut at = random.below(N as u64 / 2) as usize;
    out.push('[');
    for number in 0..=random.below(3) {
        let _ = write!(out, "{}\"{}\"", if number == 0 { "" } else { "," }, choices[at]);
        at += 1 + random.below(2) as usize;
        if at >= N {
            break;
        }
    }
    out.push(']');
}

/// A partial row of `questions` as JSON.
fn state(out: &mut String, random: &mut Random) {
    let _ = write!(
        out,
        "{{\"status\":\"{}\",\"relevanceScore\":{},\"difficulty\":\"{}\"}}",
        random.one_of(&["active", "active", "flagged"]),
        random.below(101),
        random.one_of(&["beginner", "intermediate", "advanced"])
    );
}
