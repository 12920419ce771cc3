//! Fills an empty database with the demo: the twelve tables, from the texts, a seed and a time.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    SCHEMA, bots,
    content::{self, Content, Platform, Question},
    files::sql_error,
    history,
    insert::insert,
    secret,
    stamp::{self, DAY, HOUR, MINUTE},
};
use crate::db::{error::Result, random::Random};

/// Raise it when the making changes; changed texts are noticed by themselves.
const MAKING: u64 = 3;

/// Kept in `PRAGMA user_version` (31 bits): tells a demo of this program from one of another version.
pub(super) fn format() -> i64 {
    i64::try_from((content::fingerprint() ^ MAKING) & 0x7fff_ffff).unwrap_or(0)
}

/// Decides everything in the demo that is left to chance.
const SEED: u64 = 0x7265_656c_7363_6f70;

/// Takes everything out of a database, within the caller's transaction.
pub(super) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let found: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    for (kind, name) in found {
        connection.execute_batch(&format!("DROP {kind} \"{}\"", name.replace('"', "\"\"")))?;
    }
    Ok(())
}

/// Fills an empty database, within the caller's transaction.
///
/// # Errors
/// What SQLite says, or a fault in the embedded texts.
pub(super) fn fill(connection: &Connection, now: Timestamp) -> Result<()> {
    let content = Content::load()?;
    fill_with(connection, &content, now)
        .map_err(|error| sql_error(std::path::Path::new(connection.path().unwrap_or_default()), &error))
}

fn fill_with(connection: &Connection, content: &Content, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    let mut random = Random::new(SEED);
    let born = births(content, now, &mut random);
    for (question, created) in content.questions.iter().zip(&born) {
        insert_question(connection, question, *created, now)?;
    }
    mappings(connection, content)?;
    relationships(connection, &content.platform, now, &mut random)?;
    certifications(connection, content, now)?;
    voice_sessions(connection, content, now)?;
    learning_paths(connection, content, now)?;
    let users = users(connection, &content.platform, &mut random)?;
    user_sessions(connection, &content.platform, &users, now, &mut random)?;
    work_queue(connection, &content.platform, now)?;
    let told = history::write(connection, content, &born, now, &mut random)?;
    bots::write(connection, content, told, now, &mut random)?;
    connection.execute_batch(&format!("PRAGMA user_version = {};", format()))
}

/// When each question was created: over the last 14 months, the later ones of a channel later.
fn births(content: &Content, now: Timestamp, random: &mut Random) -> Vec<Timestamp> {
    let count = i64::try_from(content.questions.len()).unwrap_or(1).max(1);
    (0..count)
        .map(|place| {
            // A stride that shares no factor with the count visits every age once: channels grow side by side.
            let rank = (place * 29) % count;
            stamp::before(now, 10 * DAY + rank * 410 * DAY / count + random.between(0, 2 * DAY))
        })
        .collect()
}

fn json_text(value: &impl serde::Serialize) -> String {
    // Strings, numbers and maps with string keys: nothing that JSON cannot say.
    serde_json::to_string(value).unwrap_or_default()
}

fn json_or_null<T: serde::Serialize>(values: &[T]) -> Option<String> {
    (!values.is_empty()).then(|| json_text(&values))
}

/// When a question was last touched: both stored forms occur.
fn touched(question: &Question, created: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(created).as_millis();
    let since = i64::try_from(age).unwrap_or(DAY) / (2 + i64::try_from(question.id.len()).unwrap_or(0) % 7);
    let time = stamp::before(now, since);
    if question.id.len().is_multiple_of(3) { stamp::plain(time) } else { stamp::iso(time) }
}

fn insert_question(connection: &Connection, q: &Question, created: Timestamp, now: Timestamp) -> rusqlite::Result<()> {
    let stored = |column: &str, text: Option<String>| q.stored.get(column).cloned().or(text);
    let titles = (!q.job_title_relevance.is_empty()).then(|| json_text(&q.job_title_relevance));
    let best = q.job_title_relevance.iter().max_by_key(|(_, score)| **score).map(|(title, _)| title.as_str());
    let details = q.relevance_score.map(|score| {
        json_text(&json!({"score": score, "strongestFor": best, "askedBy": q.companies.len(), "signals": q.tags}))
    });
    let is_new = now.duration_since(created).as_millis() < i128::from(30 * DAY);
    insert(
        connection,
        "questions",
        &[
            ("id", &q.id),
            ("question", &q.question.trim()),
            ("answer", &q.answer.trim()),
            ("explanation", &q.explanation.trim()),
            ("diagram", &q.diagram.as_deref().map(str::trim)),
            ("difficulty", &q.difficulty),
            ("tags", &stored("tags", json_or_null(&q.tags))),
            ("channel", &q.channel),
            ("sub_channel", &q.sub_channel),
            ("source_url", &q.source_url),
            ("videos", &stored("videos", q.videos.as_ref().map(Value::to_string))),
            ("companies", &stored("companies", json_or_null(&q.companies))),
            ("eli5", &q.eli5),
            ("tldr", &q.tldr),
            ("relevance_score", &q.relevance_score),
            ("relevance_details", &details),
            ("job_title_relevance", &stored("job_title_relevance", titles)),
            ("experience_level_tags", &stored("experience_level_tags", json_or_null(&q.experience_level_tags))),
            ("voice_keywords", &stored("voice_keywords", json_or_null(&q.voice_keywords))),
            ("voice_suitable", &i64::from(!q.voice_keywords.is_empty())),
            ("status", &q.status.word()),
            ("is_new", &i64::from(is_new)),
            ("last_updated", &touched(q, created, now)),
            ("created_at", &stamp::iso(created)),
        ],
    )?;
    Ok(())
}

fn mappings(connection: &Connection, content: &Content) -> rusqlite::Result<()> {
    let map = |channel: &str, sub_channel: &str, id: &str| {
        let row: [(&str, &dyn rusqlite::ToSql); 3] =
            [("channel_id", &channel), ("sub_channel", &sub_channel), ("question_id", &id)];
        insert(connection, "channel_mappings", &row)
    };
    for question in &content.questions {
        map(question.channel, &question.sub_channel, &question.id)?;
    }
    for certification in &content.platform.certification {
        let domains = &certification.domains;
        let shown = certification.channels.iter().flat_map(|channel| content.live_in(channel));
        for (question, domain) in shown.zip(domains.iter().cycle()) {
            map(&certification.id, &domain.name.to_lowercase().replace(' ', "-"), &question.id)?;
        }
    }
    // On purpose: the field has mappings whose question is gone.
    map("algorithms", "sorting", "algo-bogosort-retired")?;
    Ok(())
}

fn relationships(
    connection: &Connection,
    platform: &Platform,
    now: Timestamp,
    random: &mut Random,
) -> rusqlite::Result<()> {
    for link in &platform.relationship {
        insert(
            connection,
            "question_relationships",
            &[
                ("source_question_id", &link.source),
                ("target_question_id", &link.target),
                ("relationship_type", &link.kind),
                ("strength", &link.strength),
                ("created_at", &stamp::plain(stamp::before(now, random.between(DAY, 90 * DAY)))),
            ],
        )?;
    }
    Ok(())
}

fn certifications(connection: &Connection, content: &Content, now: Timestamp) -> rusqlite::Result<()> {
    for (place, c) in (1_i64..).zip(&content.platform.certification) {
        let questions: usize = c.channels.iter().map(|channel| content.live_in(channel).count()).sum();
        let shown_as: Vec<Value> = c.channels.iter().map(|channel| json!({"channel": channel, "weight": 1})).collect();
        insert(
            connection,
            "certifications",
            &[
                ("id", &c.id),
                ("name", &c.name),
                ("provider", &c.provider),
                ("description", &c.description),
                ("icon", &c.icon),
                ("color", &c.color),
                ("difficulty", &c.difficulty),
                ("category", &c.category),
                ("estimated_hours", &c.estimated_hours),
                ("exam_code", &c.exam_code),
                ("official_url", &c.official_url),
                ("domains", &json_text(&c.domains)),
                ("channel_mappings", &json_text(&shown_as)),
                ("tags", &json_text(&c.tags)),
                ("prerequisites", &json_text(&c.prerequisites)),
                ("status", &c.status),
                ("question_count", &i64::try_from(questions).unwrap_or(0)),
                ("passing_score", &c.passing_score),
                ("exam_duration", &c.exam_duration),
                ("created_at", &stamp::iso(stamp::before(now, place * 31 * DAY))),
                ("last_updated", &stamp::plain(stamp::before(now, place * 3 * DAY))),
            ],
        )?;
    }
    Ok(())
}

fn voice_sessions(connection: &Connection, content: &Content, now: Timestamp) -> rusqlite::Result<()> {
    for (place, v) in (1_i64..).zip(&content.platform.voice) {
        let ids: Vec<&str> = content
            .live_in(&v.channel)
            .filter(|question| !question.voice_keywords.is_empty())
            .take(v.questions)
            .map(|question| question.id.as_str())
            .collect();
        insert(
            connection,
            "voice_sessions",
            &[
                ("id", &v.id),
                ("topic", &v.topic),
                ("description", &v.description),
                ("channel", &v.channel),
                ("difficulty", &v.difficulty),
                ("question_ids", &json_text(&ids)),
                ("total_questions", &i64::try_from(ids.len()).unwrap_or(0)),
                ("estimated_minutes", &v.minutes),
                ("created_at", &stamp::iso(stamp::before(now, place * 5 * DAY))),
                ("last_updated", &stamp::iso(stamp::before(now, place * 7 * HOUR))),
            ],
        )?;
    }
    Ok(())
}

fn learning_paths(connection: &Connection, content: &Content, now: Timestamp) -> rusqlite::Result<()> {
    for (place, p) in (1_i64..).zip(&content.platform.path) {
        let ids: Vec<&str> = p
            .channels
            .iter()
            .flat_map(|channel| content.live_in(channel).take(6))
            .map(|question| question.id.as_str())
            .collect();
        let share = ids.len().div_ceil(p.milestones.len().max(1)).max(1);
        let hours = p.estimated_hours / i64::try_from(p.milestones.len().max(1)).unwrap_or(1);
        let milestones: Vec<Value> = (1..)
            .zip(&p.milestones)
            .zip(ids.chunks(share))
            .map(|((number, title), ids)| {
                json!({"id": format!("m{number}"), "title": title, "questionIds": ids, "estimatedHours": hours})
            })
            .collect();
        insert(
            connection,
            "learning_paths",
            &[
                ("id", &p.id),
                ("title", &p.title),
                ("description", &p.description),
                ("path_type", &p.path_type),
                ("target_company", &p.target_company),
                ("target_job_title", &p.target_job_title),
                ("difficulty", &p.difficulty),
                ("estimated_hours", &p.estimated_hours),
                ("question_ids", &json_text(&ids)),
                ("channels", &json_text(&p.channels)),
                ("tags", &json_text(&p.tags)),
                ("prerequisites", &json_text(&p.prerequisites)),
                ("learning_objectives", &json_text(&p.objectives)),
                ("milestones", &json_text(&milestones)),
                ("popularity", &(930 - place * 83)),
                ("completion_rate", &(place * 37 % 71)),
                ("average_rating", &(3 + place % 3)),
                (
                    "metadata",
                    &json_text(&json!({"generator": "session-builder", "version": place, "reviewed": place % 2 == 1})),
                ),
                ("status", &p.status),
                ("created_at", &stamp::iso(stamp::before(now, place * 23 * DAY))),
                ("last_updated", &stamp::plain(stamp::before(now, place * 2 * DAY))),
                ("last_generated", &stamp::iso(stamp::before(now, place * 9 * HOUR))),
            ],
        )?;
    }
    Ok(())
}

fn users(connection: &Connection, platform: &Platform, random: &mut Random) -> rusqlite::Result<Vec<String>> {
    platform
        .user
        .iter()
        .map(|user| {
            let id = secret::uuid(random);
            let hash = secret::bcrypt(random);
            insert(connection, "users", &[("id", &id), ("username", &user.username), ("password", &hash)])?;
            Ok(id)
        })
        .collect()
}

fn user_sessions(
    connection: &Connection,
    platform: &Platform,
    users: &[String],
    now: Timestamp,
    random: &mut Random,
) -> rusqlite::Result<()> {
    for s in &platform.session {
        let age = (s.age * HOUR as f64) as i64;
        let accessed = stamp::before(now, age);
        let started = stamp::before(accessed, random.between(20 * MINUTE, 5 * DAY));
        let answers: Vec<Value> = (1..=s.completed.min(4))
            .map(|item| json!({"item": item, "correct": random.percent(70), "seconds": random.between(20, 240)}))
            .collect();
        insert(
            connection,
            "user_sessions",
            &[
                ("id", &secret::uuid(random)),
                ("user_id", &s.user.and_then(|place| users.get(place))),
                ("session_type", &s.session_type),
                ("session_key", &s.session_key),
                ("title", &s.title),
                ("subtitle", &s.subtitle),
                ("channel_id", &s.channel),
                ("certification_id", &s.certification),
                ("progress", &(100 * s.completed / s.total.max(1))),
                ("total_items", &s.total),
                ("completed_items", &s.completed),
                ("session_data", &json_text(&json!({"currentIndex": s.completed, "answers": answers}))),
                ("started_at", &stamp::iso(started)),
                ("last_accessed_at", &stamp::plain(accessed)),
                ("completed_at", &(s.status == "completed").then(|| stamp::iso(accessed))),
                ("status", &s.status),
            ],
        )?;
    }
    Ok(())
}

fn work_queue(connection: &Connection, platform: &Platform, now: Timestamp) -> rusqlite::Result<()> {
    let mut rows: Vec<_> = platform.work.iter().collect();
    rows.sort_by(|a, b| b.age.total_cmp(&a.age));
    for (place, w) in (0_i64..).zip(rows) {
        let age = (w.age * HOUR as f64) as i64;
        let done = matches!(w.status.as_str(), "completed" | "failed");
        let created = stamp::before(now, age);
        insert(
            connection,
            "work_queue",
            &[
                ("item_type", &w.item_type),
                ("item_id", &w.item),
                ("action", &w.action),
                ("priority", &w.priority.unwrap_or(5)),
                ("status", &w.status),
                ("reason", &w.reason),
                ("created_by", &w.created_by),
                ("assigned_to", &w.assigned_to),
                ("created_at", &if place % 4 == 3 { stamp::plain(created) } else { stamp::iso(created) }),
                ("processed_at", &done.then(|| stamp::iso(stamp::before(now, age * 2 / 3)))),
                ("result", &w.result),
            ],
        )?;
    }
    Ok(())
}
