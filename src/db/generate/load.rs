//! Filling the file: tables first, then the rows in one transaction without a journal, then indexes, views and triggers.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

use super::content::{self, END, Ledger, SPAN};
use crate::db::{demo::SCHEMA, random::Random};

/// How many rows go by between two words on progress.
const STRIDE: u64 = 8192;

/// How far the work is.
struct Steps<'a> {
    done: u64,
    all: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Steps<'_> {
    fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(STRIDE) {
            (self.progress)(self.done, self.all);
        }
    }

    fn leap(&mut self, steps: u64) {
        self.done += steps;
        (self.progress)(self.done, self.all);
    }
}

/// How many rows each table gets.
struct Amounts {
    rows: u64,
    questions: u64,
    mappings: u64,
    runs: u64,
    queue: u64,
}

impl Amounts {
    fn of(rows: u64) -> Self {
        let questions = (rows / 50).clamp(10, 30_000);
        Self {
            rows,
            questions,
            mappings: questions + questions / 30,
            runs: (rows / 200).clamp(20, 20_000),
            queue: (rows / 100).clamp(20, 10_000),
        }
    }

    fn all(&self) -> u64 {
        2 * self.rows + self.questions + self.mappings + self.runs + self.queue
    }
}

/// Fills the empty file at `path`.
pub(super) fn load(path: &Path, rows: u64, seed: u64, progress: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
    let (tables, others) = statements()?;
    let amounts = Amounts::of(rows);
    // Building the indexes takes about half as long as loading the rows.
    let building = amounts.all() / (2 * others.len().max(1) as u64);
    let mut steps = Steps { done: 0, all: amounts.all() + building * others.len() as u64, progress };

    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The file is new and nobody else's: what fails is removed as a whole, so nothing needs to be undone or made durable.
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536;",
    )?;
    let transaction = connection.transaction()?;
    for sql in &tables {
        transaction.execute_batch(sql)?;
    }
    let mut random = Random::new(seed);
    questions(&transaction, &amounts, &mut random, &mut steps)?;
    mappings(&transaction, &amounts, &mut random, &mut steps)?;
    runs(&transaction, &amounts, &mut random, &mut steps)?;
    queue(&transaction, &amounts, &mut random, &mut steps)?;
    ledger(&transaction, &amounts, &mut random, &mut steps)?;
    history(&transaction, &amounts, &mut random, &mut steps)?;
    for sql in &others {
        transaction.execute_batch(sql)?;
        steps.leap(building);
    }
    transaction.commit()?;
    connection.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL;")?;
    connection.close().map_err(|(_, error)| error)?;
    // Nothing may be left out at the end, where rounding or the stride left something.
    (steps.progress)(steps.all, steps.all);
    Ok(())
}

/// The CREATE statements of the tables, and of all else in the order of the schema. SQLite itself cuts the script into
/// statements, because a trigger's body holds semicolons.
fn statements() -> rusqlite::Result<(Vec<String>, Vec<String>)> {
    let empty = Connection::open_in_memory()?;
    empty.execute_batch(SCHEMA)?;
    let read = |condition: &str| {
        empty
            .prepare(&format!(
                "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND {condition} ORDER BY rowid"
            ))?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()
    };
    Ok((read("type = 'table'")?, read("type <> 'table'")?))
}

/// When row `number` of `count` was made: the rows are spread over the whole span in the order of their ids.
fn moment(number: u64, count: u64, random: &mut Random) -> i64 {
    let step = SPAN / count.max(1).min(SPAN as u64) as i64;
    let behind = (count - 1 - number.min(count - 1)) as i128 * i128::from(SPAN) / i128::from(count.max(1));
    END - behind as i64 - random.below(step.max(1) as u64) as i64
}

fn questions(
    connection: &Connection,
    amounts: &Amounts,
    random: &mut Random,
    steps: &mut Steps<'_>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO questions (id, question, answer, explanation, diagram, difficulty, tags, channel, sub_channel, companies, tldr, \
         relevance_score, job_title_relevance, voice_suitable, status, is_new, last_updated, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    for number in 0..amounts.questions {
        let row = content::question(number, moment(number, amounts.questions, random), random);
        insert.execute(params![
            row.id,
            row.question,
            row.answer,
            row.explanation,
            row.diagram,
            row.difficulty,
            row.tags,
            row.channel,
            row.sub_channel,
            row.companies,
            row.tldr,
            row.relevance as i64,
            row.jobs,
            row.voice,
            row.status,
            row.is_new,
            row.updated,
            row.created,
        ])?;
        steps.step();
    }
    Ok(())
}

fn mappings(
    connection: &Connection,
    amounts: &Amounts,
    random: &mut Random,
    steps: &mut Steps<'_>,
) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare("INSERT INTO channel_mappings (channel_id, sub_channel, question_id) VALUES (?1, ?2, ?3)")?;
    for number in 0..amounts.mappings {
        let (channel, sub_channel) = content::channel(random);
        insert.execute(params![channel, sub_channel, format!("q-{}", number % amounts.questions)])?;
        steps.step();
    }
    Ok(())
}

fn runs(
    connection: &Connection,
    amounts: &Amounts,
    random: &mut Random,
    steps: &mut Steps<'_>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO bot_runs (bot_name, started_at, completed_at, status, items_processed, items_created, items_updated, \
         items_deleted, summary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let (mut started, mut completed) = (String::new(), String::new());
    for number in 0..amounts.runs {
        let at = moment(number, amounts.runs, random);
        content::time(&mut started, at, random);
        content::time(&mut completed, at + 300 + random.below(90_000) as i64, random);
        // The first ones settle that each status occurs, however few rows are asked for.
        let status = match if number < 3 { number } else { random.below(100) } {
            0 => "running",
            1..5 => "failed",
            _ => "completed",
        };
        let status = if number == 2 { "completed" } else { status };
        let items = if status == "running" { 0 } else { random.below(40) as i64 };
        let (created, updated) = (items / 4, items / 2);
        insert.execute(params![
            random.one_of(&content::BOTS),
            started,
            Some(&completed).filter(|_| status != "running"),
            status,
            items,
            created,
            updated,
            items / 20,
            (status == "completed").then(|| format!("{{\"message\":\"done\",\"processed\":{items},\"failed\":0}}")),
        ])?;
        steps.step();
    }
    Ok(())
}

fn queue(
    connection: &Connection,
    amounts: &Amounts,
    random: &mut Random,
    steps: &mut Steps<'_>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO work_queue (item_type, item_id, action, priority, status, reason, created_by, assigned_to, created_at, \
         processed_at, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let (mut created, mut processed) = (String::new(), String::new());
    for number in 0..amounts.queue {
        let at = moment(number, amounts.queue, random);
        content::time(&mut created, at, random);
        content::time(&mut processed, at + random.below(3_600_000) as i64, random);
        let status = match if number < 4 { number * 25 } else { random.below(100) } {
            0..10 => "pending",
            10..26 => "processing",
            26..55 => "failed",
            _ => "completed",
        };
        let done = matches!(status, "completed" | "failed");
        insert.execute(params![
            "question",
            format!("q-{}", random.below(amounts.questions)),
            random.one_of(&["improve", "improve", "verify", "enrich", "delete"]),
            1 + random.below(10) as i64,
            status,
            random.one_of(&["placeholder_content", "missing_videos", "no_diagram"]),
            "verifier",
            (status != "pending").then_some("processor"),
            created,
            done.then_some(&processed),
            match status {
                "completed" => Some("{\"ok\":true}"),
                "failed" => Some("timeout after 30 s"),
                _ => None,
            },
        ])?;
        steps.step();
    }
    Ok(())
}

fn ledger(
    connection: &Connection,
    amounts: &Amounts,
    random: &mut Random,
    steps: &mut Steps<'_>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO bot_ledger (bot_name, action, item_type, item_id, before_state, after_state, reason, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut row = Ledger::default();
    for number in 0..amounts.rows {
        row.fill(amounts.questions, moment(number, amounts.rows, random), random);
        insert.execute(params![
            row.bot,
            row.action,
            row.item_type,
            row.item,
            row.before(),
            row.after(),
            row.reason(),
            row.created
        ])?;
        steps.step();
    }
    Ok(())
}

fn history(
    connection: &Connection,
    amounts: &Amounts,
    random: &mut Random,
    steps: &mut Steps<'_>,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare(
        "INSERT INTO question_history (question_id, question_type, event_type, event_source, source_name, changes_summary, \
         changed_fields, before_snapshot, after_snapshot, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut row = content::History::default();
    for number in 0..amounts.rows {
        row.fill(amounts.questions, moment(number, amounts.rows, random), random);
        insert.execute(params![
            row.question,
            row.question_type,
            row.event,
            row.source,
            row.name,
            row.summary,
            row.fields(),
            row.before(),
            row.after(),
            row.created
        ])?;
        steps.step();
    }
    Ok(())
}
