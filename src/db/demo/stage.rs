//! What happens in the simulation: one small transaction a step.
//!
//! Runs start and end, queue items are taken and done, questions are verified, flagged, cleared and scored; each leaves its
//! ledger row, and its history row where a question changed. What grows is pruned.

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::{Value, json};

use super::{
    history::Entry,
    insert::insert,
    script::{self, BOTS, Deed, Tally},
    stamp::{self, HOUR, MINUTE},
};
use crate::db::{
    connection::{claims::Claim, mode::Fingerprint},
    random::Random,
};

/// At most so many rows are kept: (table, rows, which of the older ones may go).
const KEPT: [(&str, i64, &str); 4] = [
    ("bot_ledger", 5_000, "1"),
    ("bot_runs", 400, "status <> 'running'"),
    ("question_history", 2_000, "event_source = 'bot'"),
    ("work_queue", 300, "status IN ('completed', 'failed')"),
];
/// Steps between two prunings.
const PRUNING: u64 = 100;
/// More questions than this are not flagged at a time.
const FLAGGED: i64 = 15;
/// How long the bots keep their hands off a question that a person decided on.
const RESPECT: i64 = 15 * MINUTE;

/// The questions that people decided on since then: their trail says so.
const DECIDED: &str = "SELECT question_id FROM question_history WHERE event_source = 'user' AND question_type = 'question' \
                       AND datetime(created_at) >= ?since";

/// A run in progress.
#[derive(Debug)]
struct Playing {
    run: i64,
    bot: &'static str,
    started: Timestamp,
    tally: Tally,
    left: i64,
    /// The queue item in hand: its id and the item's type and id.
    work: Option<(i64, String, String)>,
}

/// The demo, open for playing.
#[derive(Debug)]
pub(super) struct Stage {
    connection: Connection,
    /// Its locks are not to be dropped by readers of this process. Given back after the connection is closed.
    _claim: Option<Claim>,
    random: Random,
    playing: Vec<Playing>,
    steps: u64,
}

impl Stage {
    /// Opens the demo for writing; writes nothing yet.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let claim = Fingerprint::take(path).ok().map(|print| Claim::of(print.main()));
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(Duration::from_millis(250))?;
        // A demo that is lost with the power is made anew: nobody waits for the disk.
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, _claim: claim, random: Random::new(2_200), playing: Vec::new(), steps: 0 })
    }

    /// Takes up what the demo or an ended simulation left running, and does a first step.
    pub(super) fn enter(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        // What runs longer than this is stuck, and stays so.
        let since = stamp::plain(stamp::before(now, HOUR));
        let mut statement = self.connection.prepare(
            "SELECT id, bot_name, items_processed, items_created, items_updated, items_deleted, started_at FROM bot_runs
             WHERE status = 'running' AND datetime(started_at) >= ?1 ORDER BY id DESC LIMIT 3",
        )?;
        let found: Vec<(i64, String, Tally, String)> = statement
            .query_map([since], |row| {
                let tally = Tally {
                    processed: row.get(2)?,
                    created: row.get(3)?,
                    updated: row.get(4)?,
                    deleted: row.get(5)?,
                    flagged: 0,
                };
                Ok((row.get(0)?, row.get(1)?, tally, row.get(6)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        drop(statement);
        self.playing.clear();
        for (run, name, tally, started) in found {
            let Some(bot) = BOTS.iter().find(|bot| **bot == name) else { continue };
            let started = started.parse().unwrap_or(now);
            self.playing.push(Playing { run, bot, started, tally, left: self.random.between(2, 6), work: None });
        }
        self.step(now)
    }

    /// Lets one thing happen.
    pub(super) fn step(&mut self, now: Timestamp) -> rusqlite::Result<()> {
        self.steps += 1;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut scene = Scene { transaction, random: &mut self.random, now };
        if self.steps.is_multiple_of(PRUNING) {
            scene.prune()?;
        }
        // Mostly two runs at a time: enough to watch, few enough to follow.
        let chance = [100, 60, 8].get(self.playing.len()).copied().unwrap_or(0);
        let few = scene.random.percent(chance);
        if few {
            scene.start(&mut self.playing)?;
        } else {
            let last = i64::try_from(self.playing.len()).unwrap_or(1) - 1;
            let place = usize::try_from(scene.random.between(0, last)).unwrap_or(0);
            if let Some(playing) = self.playing.get_mut(place)
                && !scene.go_on(playing)?
            {
                self.playing.remove(place);
            }
        }
        scene.transaction.commit()
    }
}

/// A value in a summary: a text without its quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// One transaction of the play.
struct Scene<'a> {
    transaction: Transaction<'a>,
    random: &'a mut Random,
    now: Timestamp,
}

impl Scene<'_> {
    /// A bot that rests begins a run.
    fn start(&mut self, playing: &mut Vec<Playing>) -> rusqlite::Result<()> {
        let resting: Vec<&'static str> =
            BOTS.into_iter().filter(|bot| playing.iter().all(|other| other.bot != *bot)).collect();
        let Some(bot) = self.random.pick(&resting).copied() else { return Ok(()) };
        let started = stamp::iso(self.now);
        let run = insert(&self.transaction, "bot_runs", &[("bot_name", &bot), ("started_at", &started)])?;
        let left = self.random.between(5, 14);
        playing.push(Playing { run, bot, started: self.now, tally: Tally::default(), left, work: None });
        Ok(())
    }

    /// Goes on with a run; false when it has ended.
    fn go_on(&mut self, playing: &mut Playing) -> rusqlite::Result<bool> {
        if playing.left <= 0 && playing.work.is_none() {
            self.end(playing)?;
            return Ok(false);
        }
        playing.left -= 1;
        if playing.bot == "processor" && playing.work.is_none() && self.take_work(playing)? {
            return Ok(true);
        }
        let deed = self.act(playing)?;
        playing.tally.count(deed);
        if let Some((id, _, _)) = playing.work.take() {
            self.finish_work(id)?;
        } else if matches!(playing.bot, "verifier" | "analysis") && self.random.percent(25) {
            self.enqueue(playing.bot)?;
        }
        let tally = playing.tally;
        let changed = self.transaction.execute(
            "UPDATE bot_runs SET items_processed = ?2, items_created = ?3, items_updated = ?4, items_deleted = ?5 WHERE id = ?1",
            params![playing.run, tally.processed, tally.created, tally.updated, tally.deleted],
        )?;
        // None changed: the demo was made anew under us, and the run is of the past.
        Ok(changed > 0)
    }

    fn end(&mut self, playing: &Playing) -> rusqlite::Result<()> {
        let seconds = self.now.duration_since(playing.started).as_secs();
        let failed = self.random.percent(6);
        let summary = if failed {
            script::failure(playing.bot, self.random)
        } else {
            playing.tally.summary(playing.bot, seconds)
        };
        self.transaction.execute(
            "UPDATE bot_runs SET status = ?2, completed_at = ?3, summary = ?4 WHERE id = ?1",
            params![
                playing.run,
                if failed { "failed" } else { "completed" },
                stamp::iso(self.now),
                summary.to_string()
            ],
        )?;
        Ok(())
    }

    /// The most urgent item of the queue goes into the bot's hands; false where nothing waits.
    fn take_work(&mut self, playing: &mut Playing) -> rusqlite::Result<bool> {
        let next = self
            .transaction
            .prepare_cached(
                "SELECT id, item_type, item_id FROM work_queue WHERE status = 'pending'
                 ORDER BY priority, datetime(created_at) LIMIT 1",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((id, kind, item)) = next else { return Ok(false) };
        self.transaction.execute(
            "UPDATE work_queue SET status = 'processing', assigned_to = ?2 WHERE id = ?1",
            params![id, playing.bot],
        )?;
        playing.work = Some((id, kind, item));
        Ok(true)
    }

    fn finish_work(&mut self, id: i64) -> rusqlite::Result<()> {
        let (status, result) = if self.random.percent(12) {
            ("failed", "the model's answer was cut off after 4096 tokens".to_owned())
        } else {
            ("completed", json!({"changed": ["tldr", "tags"], "confidence": self.random.between(70, 99)}).to_string())
        };
        self.transaction.execute(
            "UPDATE work_queue SET status = ?2, processed_at = ?3, result = ?4 WHERE id = ?1",
            params![id, status, stamp::iso(self.now), result],
        )?;
        Ok(())
    }

    fn enqueue(&mut self, bot: &str) -> rusqlite::Result<()> {
        let Some(question) = self.question("active")? else { return Ok(()) };
        let action = self.random.pick(&["improve", "verify", "enrich"]).copied().unwrap_or("improve");
        let reason = match action {
            "improve" => "explanation shorter than the answer",
            "verify" => "not verified for 60 days",
            _ => "no voice keywords",
        };
        insert(
            &self.transaction,
            "work_queue",
            &[
                ("item_type", &"question"),
                ("item_id", &question),
                ("action", &action),
                ("priority", &self.random.between(1, 9)),
                ("reason", &reason),
                ("created_by", &bot),
                ("created_at", &stamp::iso(self.now)),
            ],
        )?;
        Ok(())
    }

    /// One deed of a bot, with its ledger row and what it changes; returns the action.
    fn act(&mut self, playing: &Playing) -> rusqlite::Result<&'static str> {
        let bot = playing.bot;
        let mut deed = if bot == "verifier" && self.random.percent(10) {
            script::doubt(None, self.random)
        } else {
            script::deed(bot, self.random)
        };
        if let Some((_, kind, item)) = &playing.work {
            deed.item = None;
            return match kind.as_str() {
                "question" => self.on_question(bot, deed, item.clone()),
                kind => self.log(bot, &deed, kind, item.clone()),
            };
        }
        if let Some((kind, item)) = deed.item {
            return self.log(bot, &deed, kind, item.to_owned());
        }
        match self.question("active")? {
            Some(question) => self.on_question(bot, deed, question),
            None => Ok("verify"),
        }
    }

    /// A deed on a question of this id, which may be gone.
    fn on_question(
        &mut self,
        bot: &'static str,
        mut deed: Deed,
        mut question: String,
    ) -> rusqlite::Result<&'static str> {
        if self.is_decided(&question)? {
            // Asked for by the person themselves, perhaps: it is looked at, and left as it is.
            deed = Deed {
                action: "verify",
                item: None,
                before: None,
                after: None,
                reason: Some("decided by a person: left as it is"),
            };
        }
        match (bot, deed.action) {
            (_, "flag") => {
                let flagged: i64 = self.transaction.query_row(
                    "SELECT count(*) FROM questions WHERE status = 'flagged'",
                    [],
                    |row| row.get(0),
                )?;
                if flagged < FLAGGED {
                    self.change(bot, "flagged", &question, "status", json!("flagged"), &mut deed)?;
                } else if let Some(doubted) = self.question("flagged")? {
                    question = doubted;
                    deed.action = "update";
                    deed.reason = Some("looked at again: the doubt was wrong");
                    self.change(bot, "verified", &question, "status", json!("active"), &mut deed)?;
                }
            }
            ("analysis", "update") => {
                let score = self.random.between(58, 98);
                self.change(bot, "updated", &question, "relevance_score", json!(score), &mut deed)?;
            }
            ("processor", "update") => {
                self.change(bot, "improved", &question, "is_new", json!(0), &mut deed)?;
            }
            _ => {}
        }
        self.log(bot, &deed, "question", question)
    }

    /// Changes one column of a question, writes its history and tells the deed what was and what is.
    fn change(
        &mut self,
        bot: &str,
        event: &str,
        question: &str,
        column: &'static str,
        value: Value,
        deed: &mut Deed,
    ) -> rusqlite::Result<()> {
        let read = format!("SELECT {column} FROM questions WHERE id = ?1");
        let Some(old) = self
            .transaction
            .prepare_cached(&read)?
            .query_row([question], |row| row.get::<_, rusqlite::types::Value>(0))
            .optional()?
        else {
            return Ok(());
        };
        let old = match old {
            rusqlite::types::Value::Integer(number) => json!(number),
            rusqlite::types::Value::Text(text) => json!(text),
            _ => Value::Null,
        };
        let write = format!("UPDATE questions SET {column} = ?2 WHERE id = ?1");
        let mut statement = self.transaction.prepare_cached(&write)?;
        match (&value, value.as_i64()) {
            (_, Some(number)) => statement.execute(params![question, number])?,
            (value, None) => statement.execute(params![question, value.as_str()])?,
        };
        drop(statement);
        let logical = match column {
            "relevance_score" => "relevanceScore",
            "is_new" => "isNew",
            other => other,
        };
        let (before, after) = (json!({logical: old}), json!({logical: value}));
        let summary = format!("{logical}: {} → {}", bare(&old), bare(&value));
        // As in the field: a flag says why, and has no snapshots.
        let states = (event != "flagged").then(|| (before.to_string(), after.to_string()));
        insert(
            &self.transaction,
            "question_history",
            &[
                ("question_id", &question),
                ("event_type", &event),
                ("event_source", &"bot"),
                ("source_name", &bot),
                ("changes_summary", &summary),
                ("changed_fields", &json!([logical]).to_string()),
                ("before_snapshot", &states.as_ref().map(|states| &states.0)),
                ("after_snapshot", &states.as_ref().map(|states| &states.1)),
                ("reason", &deed.reason),
                ("created_at", &stamp::iso(self.now)),
            ],
        )?;
        (deed.before, deed.after) = if states.is_some() { (Some(before), Some(after)) } else { (None, None) };
        Ok(())
    }

    fn log(&mut self, bot: &'static str, deed: &Deed, kind: &str, item: String) -> rusqlite::Result<&'static str> {
        // The kinds are few; what the queue may hold beyond them is told as a question.
        let item_type = ["challenge", "test", "blog", "session"].into_iter().find(|known| *known == kind);
        let entry = Entry {
            time: self.now,
            bot,
            action: deed.action,
            item_type: item_type.unwrap_or("question"),
            item,
            before: deed.before.clone(),
            after: deed.after.clone(),
            reason: deed.reason.map(str::to_owned),
        };
        // The place decides the form of the time.
        entry.write(&self.transaction, usize::from(self.random.percent(15)) * 3)?;
        Ok(deed.action)
    }

    /// Whether a person decided on the question a short while ago.
    fn is_decided(&self, question: &str) -> rusqlite::Result<bool> {
        self.transaction
            .prepare_cached(&format!("SELECT ?1 IN ({DECIDED})").replace("?since", "?2"))?
            .query_row(params![question, self.respected()], |row| row.get(0))
    }

    /// Since when decisions are respected.
    fn respected(&self) -> String {
        stamp::plain(stamp::before(self.now, RESPECT))
    }

    /// A question of this status, by chance; none that a person decided on a short while ago.
    fn question(&mut self, status: &str) -> rusqlite::Result<Option<String>> {
        let which = format!("FROM questions WHERE status = ?1 AND id NOT IN ({DECIDED})").replace("?since", "?2");
        let since = self.respected();
        let count: i64 = self
            .transaction
            .prepare_cached(&format!("SELECT count(*) {which}"))?
            .query_row([status, &since], |row| row.get(0))?;
        let place = self.random.between(0, count - 1);
        self.transaction
            .prepare_cached(&format!("SELECT id {which} ORDER BY id LIMIT 1 OFFSET ?3"))?
            .query_row(params![status, since, place], |row| row.get(0))
            .optional()
    }

    fn prune(&mut self) -> rusqlite::Result<()> {
        for (table, rows, which) in KEPT {
            self.transaction.execute(
                &format!(
                    "DELETE FROM {table} WHERE id <= (SELECT id FROM {table} ORDER BY id DESC LIMIT 1 OFFSET ?1) AND {which}"
                ),
                [rows],
            )?;
        }
        Ok(())
    }
}
