//! The past of the bots: runs and ledger rows over the last nine days, dense towards now.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{
    content::{Content, Status},
    history::Entry,
    insert::insert,
    script::{self, BOTS, Tally},
    stamp::{self, DAY, HOUR, MINUTE},
};
use crate::db::random::Random;

const RUNS: i64 = 96;

struct Run {
    bot: &'static str,
    started: Timestamp,
    completed: Option<Timestamp>,
    status: &'static str,
    tally: Tally,
    summary: Option<Value>,
}

/// Writes runs and ledger; `told` are the rows that the questions' history asks for.
pub(super) fn write(
    connection: &Connection,
    content: &Content,
    told: Vec<Entry>,
    now: Timestamp,
    random: &mut Random,
) -> rusqlite::Result<()> {
    let questions: Vec<&str> = content
        .questions
        .iter()
        .filter(|question| question.status == Status::Active)
        .map(|question| question.id.as_str())
        .collect();
    let mut ledger = told;
    let mut runs: Vec<Run> = (0..RUNS).map(|place| past_run(place, &questions, &mut ledger, now, random)).collect();
    runs.extend(stuck(now));
    runs.push(present("verifier", 3 * MINUTE, 6, &questions, &mut ledger, now, random));
    runs.push(present("processor", MINUTE, 3, &questions, &mut ledger, now, random));
    runs.sort_by_key(|run| run.started);
    ledger.sort_by_key(|entry| entry.time);
    for run in &runs {
        run.write(connection)?;
    }
    for (place, entry) in ledger.iter().enumerate() {
        entry.write(connection, place)?;
    }
    Ok(())
}

/// One run of the past with its ledger rows.
fn past_run(place: i64, questions: &[&str], ledger: &mut Vec<Entry>, now: Timestamp, random: &mut Random) -> Run {
    // Evenly spread ranks to the power of 2.6: half of the runs are of the last day and a half.
    let rank = (place as f64 + random.fraction()) / RUNS as f64;
    let age = 6 * MINUTE + (rank.powf(2.6) * (9 * DAY) as f64) as i64;
    let started = stamp::before(now, age);
    let bot = random.pick(&BOTS).copied().unwrap_or(BOTS[0]);
    let deeds = random.between(4, 12);
    let length = random.between(20_000, 5 * MINUTE);
    let mut tally = Tally::default();
    for deed in 1..=deeds {
        let time = stamp::before(started, -(length * deed / (deeds + 1)));
        work(bot, time, questions, ledger, &mut tally, now, random);
    }
    let completed = stamp::before(started, -length);
    let failed = random.percent(7);
    let summary = if failed { script::failure(bot, random) } else { tally.summary(bot, length / 1000) };
    Run {
        bot,
        started,
        completed: Some(completed),
        status: if failed { "failed" } else { "completed" },
        tally,
        summary: Some(summary),
    }
}

/// A run that goes on at this moment; the simulation takes it up.
fn present(
    bot: &'static str,
    age: i64,
    deeds: i64,
    questions: &[&str],
    ledger: &mut Vec<Entry>,
    now: Timestamp,
    random: &mut Random,
) -> Run {
    let mut tally = Tally::default();
    for deed in 0..deeds {
        work(bot, stamp::before(now, age - age * deed / deeds - 400), questions, ledger, &mut tally, now, random);
    }
    Run { bot, started: stamp::before(now, age), completed: None, status: "running", tally, summary: None }
}

/// Runs whose bot died: running for ever.
fn stuck(now: Timestamp) -> Vec<Run> {
    [
        ("creator", 8 * DAY + 5 * HOUR, 0),
        ("session-builder", 5 * DAY + HOUR, 3),
        ("processor", 4 * DAY, 11),
        ("analysis", 31 * HOUR, 7),
    ]
    .into_iter()
    .map(|(bot, age, processed)| Run {
        bot,
        started: stamp::before(now, age),
        completed: None,
        status: "running",
        tally: Tally { processed, updated: processed / 2, ..Tally::default() },
        summary: None,
    })
    .collect()
}

/// One deed of a bot, and its ledger row.
fn work(
    bot: &'static str,
    time: Timestamp,
    questions: &[&str],
    ledger: &mut Vec<Entry>,
    tally: &mut Tally,
    now: Timestamp,
    random: &mut Random,
) {
    // Now and then a question is doubted, and cleared a while later: it is active today.
    let doubted = bot == "verifier" && random.percent(6);
    let deed = if doubted { script::doubt(None, random) } else { script::deed(bot, random) };
    let question = random.pick(questions).map_or_else(String::new, |id| (*id).to_owned());
    let (item_type, item) = deed.item.map_or(("question", question), |(kind, id)| (kind, id.to_owned()));
    if doubted && item_type == "question" {
        let cleared = stamp::before(time, -random.between(10 * MINUTE, 3 * HOUR));
        if cleared < now {
            ledger.push(Entry {
                time: cleared,
                bot: "processor",
                action: "update",
                item_type,
                item: item.clone(),
                before: Some(json!({"status": "flagged"})),
                after: Some(json!({"status": "active"})),
                reason: Some("looked at again: the doubt was wrong".to_owned()),
            });
        } else {
            return;
        }
    }
    tally.count(deed.action);
    ledger.push(Entry {
        time,
        bot,
        action: deed.action,
        item_type,
        item,
        before: deed.before,
        after: deed.after,
        reason: deed.reason.map(str::to_owned),
    });
}

impl Run {
    fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        insert(
            connection,
            "bot_runs",
            &[
                ("bot_name", &self.bot),
                ("started_at", &stamp::iso(self.started)),
                ("completed_at", &self.completed.map(stamp::iso)),
                ("status", &self.status),
                ("items_processed", &self.tally.processed),
                ("items_created", &self.tally.created),
                ("items_updated", &self.tally.updated),
                ("items_deleted", &self.tally.deleted),
                ("summary", &self.summary.as_ref().map(Value::to_string)),
            ],
        )?;
        Ok(())
    }
}

impl Entry {
    /// Writes the row; every seventh has its time in the database's own form.
    pub(super) fn write(&self, connection: &Connection, place: usize) -> rusqlite::Result<()> {
        let time = if place % 7 == 3 { stamp::plain(self.time) } else { stamp::iso(self.time) };
        insert(
            connection,
            "bot_ledger",
            &[
                ("bot_name", &self.bot),
                ("action", &self.action),
                ("item_type", &self.item_type),
                ("item_id", &self.item),
                ("before_state", &self.before.as_ref().map(Value::to_string)),
                ("after_state", &self.after.as_ref().map(Value::to_string)),
                ("reason", &self.reason),
                ("created_at", &time),
            ],
        )?;
        Ok(())
    }
}
