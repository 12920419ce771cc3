//! The demo's texts, read from the TOML files under `assets/demo/`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::db::error::{Error, ErrorKind, Result};

/// The channels in the order of the demo, each with its file.
const CHANNELS: [(&str, &str); 10] = [
    ("algorithms", include_str!("../../../assets/demo/questions/algorithms.toml")),
    ("system-design", include_str!("../../../assets/demo/questions/system-design.toml")),
    ("javascript", include_str!("../../../assets/demo/questions/javascript.toml")),
    ("react", include_str!("../../../assets/demo/questions/react.toml")),
    ("database", include_str!("../../../assets/demo/questions/database.toml")),
    ("devops", include_str!("../../../assets/demo/questions/devops.toml")),
    ("security", include_str!("../../../assets/demo/questions/security.toml")),
    ("rust", include_str!("../../../assets/demo/questions/rust.toml")),
    ("networking", include_str!("../../../assets/demo/questions/networking.toml")),
    ("behavioral", include_str!("../../../assets/demo/questions/behavioral.toml")),
];
const PLATFORM: &str = include_str!("../../../assets/demo/platform.toml");

/// A question as its file tells it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    pub(super) id: String,
    #[serde(skip)]
    pub(super) channel: &'static str,
    pub(super) sub_channel: String,
    pub(super) difficulty: String,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) explanation: String,
    pub(super) diagram: Option<String>,
    pub(super) tldr: Option<String>,
    pub(super) eli5: Option<String>,
    pub(super) source_url: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) companies: Vec<String>,
    pub(super) videos: Option<Value>,
    #[serde(default)]
    pub(super) job_title_relevance: BTreeMap<String, u8>,
    #[serde(default)]
    pub(super) experience_level_tags: Vec<String>,
    #[serde(default)]
    pub(super) voice_keywords: Vec<String>,
    pub(super) relevance_score: Option<i64>,
    #[serde(default)]
    pub(super) status: Status,
    /// Why it is flagged or deleted.
    pub(super) reason: Option<String>,
    /// What the previous answer was, where a bot has improved it.
    pub(super) earlier_answer: Option<String>,
    /// What a bot changed last, before the question was flagged.
    pub(super) earlier: Option<Earlier>,
    /// Column to the text that stands in it, whatever the other keys say: for what the field holds and no key can express.
    #[serde(default)]
    pub(super) stored: BTreeMap<String, String>,
}

/// A bot's change, told by what stood there before it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Earlier {
    /// The bot.
    pub(super) by: String,
    /// What it says it did.
    pub(super) summary: String,
    /// Why it did so.
    pub(super) reason: String,
    /// Words of today, each with those that stood in their place, wherever they stand in the question's texts.
    #[serde(default)]
    pub(super) words: Vec<(String, String)>,
    /// Columns by their logical names, each with the text that stood in it; the empty one stands for NULL.
    #[serde(default)]
    pub(super) stored: BTreeMap<String, String>,
}

/// questions.status.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    #[default]
    Active,
    Flagged,
    Deleted,
}

impl Status {
    /// As stored.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Flagged => "flagged",
            Self::Deleted => "deleted",
        }
    }
}

/// Everything but the questions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Platform {
    pub(super) user: Vec<User>,
    pub(super) certification: Vec<Certification>,
    pub(super) path: Vec<LearningPath>,
    pub(super) voice: Vec<VoiceSession>,
    pub(super) session: Vec<UserSession>,
    pub(super) relationship: Vec<Relationship>,
    pub(super) work: Vec<Work>,
}

/// A user; the hash is made up when the demo is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) username: String,
}

/// A certification.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Certification {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) description: String,
    pub(super) icon: String,
    pub(super) color: String,
    pub(super) difficulty: String,
    pub(super) category: String,
    pub(super) estimated_hours: i64,
    pub(super) exam_code: Option<String>,
    pub(super) official_url: String,
    pub(super) domains: Vec<Domain>,
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) prerequisites: Vec<String>,
    #[serde(default = "active")]
    pub(super) status: String,
    pub(super) passing_score: i64,
    pub(super) exam_duration: i64,
    /// Channels whose questions are shown in this track too.
    pub(super) channels: Vec<String>,
}

/// A domain of a certification.
#[derive(Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) weight: i64,
}

/// A learning path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LearningPath {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) path_type: String,
    pub(super) target_company: Option<String>,
    pub(super) target_job_title: Option<String>,
    pub(super) difficulty: String,
    pub(super) estimated_hours: i64,
    pub(super) channels: Vec<String>,
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) prerequisites: Vec<String>,
    pub(super) objectives: Vec<String>,
    pub(super) milestones: Vec<String>,
    #[serde(default = "active")]
    pub(super) status: String,
}

/// A voice session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VoiceSession {
    pub(super) id: String,
    pub(super) topic: String,
    pub(super) description: String,
    pub(super) channel: String,
    pub(super) difficulty: String,
    pub(super) questions: usize,
    pub(super) minutes: i64,
}

/// A user's session.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserSession {
    /// Place of the user among the users; nobody where it is missing.
    pub(super) user: Option<usize>,
    pub(super) session_type: String,
    pub(super) session_key: String,
    pub(super) title: String,
    pub(super) subtitle: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) certification: Option<String>,
    pub(super) total: i64,
    pub(super) completed: i64,
    pub(super) status: String,
    /// Hours since it was last touched.
    pub(super) age: f64,
}

/// A link between two questions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Relationship {
    pub(super) source: String,
    pub(super) target: String,
    pub(super) kind: String,
    pub(super) strength: i64,
}

/// A task in the queue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Work {
    #[serde(default = "question_type")]
    pub(super) item_type: String,
    pub(super) item: String,
    pub(super) action: String,
    pub(super) priority: Option<i64>,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) created_by: String,
    pub(super) assigned_to: Option<String>,
    pub(super) result: Option<String>,
    /// Hours since it was put into the queue.
    pub(super) age: f64,
}

fn active() -> String {
    "active".to_owned()
}

fn question_type() -> String {
    "question".to_owned()
}

/// All texts of the demo.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) questions: Vec<Question>,
    pub(super) platform: Platform,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelFile {
    question: Vec<Question>,
}

impl Content {
    /// Reads the embedded files.
    ///
    /// # Errors
    /// None in a tested program; a file that is no TOML or lacks a key is an error all the same, not a panic.
    pub(super) fn load() -> Result<Self> {
        let mut questions = Vec::with_capacity(80);
        for (channel, text) in CHANNELS {
            let file: ChannelFile = read(channel, text)?;
            questions.extend(file.question.into_iter().map(|question| Question { channel, ..question }));
        }
        Ok(Self { questions, platform: read("platform", PLATFORM)? })
    }

    /// Ids of the questions of a channel that are live, in the order of the file.
    pub(super) fn live_in<'a>(&'a self, channel: &'a str) -> impl Iterator<Item = &'a Question> {
        self.questions.iter().filter(move |question| question.channel == channel && question.status == Status::Active)
    }
}

/// A number that changes with the embedded texts (FNV-1a over all of them).
pub(super) fn fingerprint() -> u64 {
    let texts = CHANNELS.iter().map(|(_, text)| *text).chain([PLATFORM, super::SCHEMA]);
    texts
        .flat_map(str::bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn read<T: for<'de> Deserialize<'de>>(name: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        Error::new(
            ErrorKind::Damaged,
            format!("the embedded demo text {name:?} cannot be read: {}", error.message()),
            "this is a fault in reelscope: please report it",
        )
    })
}
