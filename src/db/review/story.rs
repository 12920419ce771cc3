//! The story of an item: the newest rows of the ledger, the history and the queue that are about it, and the runs in which its ledger rows were
//! written, merged by time.
//!
//! A statement for each of the four. Only the rows that come are read whole: which these are is found out by their times and sizes alone.

mod runs;

use std::{cmp::Reverse, sync::Arc};

use super::{
    Answered, Run, is_too_large,
    rows::{BEFORE_ALL, Rows, head, instant, words},
};
use crate::{
    db::{
        error::Result,
        server::cells::{Cells, Extent, Form},
        sql::literal,
    },
    domain::{
        activity::Item,
        review::{STATE, STORY, STORY_STATES, Story, StoryEvent, StorySource},
        schema::Schema,
        time,
        value::Value,
    },
};

/// How many bytes of a reason are read.
const REASON: usize = 64 * 1024;
/// How many bytes of a name, a time, a list of fields are read.
const NAME: usize = 4096;
/// The four, in the order in which they are told where they happened at one time, the last thing first: the history has whole snapshots, so it
/// comes before the ledger, and a run began before all that it did.
const SOURCES: [StorySource; 4] = [StorySource::History, StorySource::Ledger, StorySource::Queue, StorySource::Run];

/// Reads the story. Where a server cannot send all that belongs to it at once, less comes.
pub(crate) fn read(run: &mut Run<'_>, schema: &Schema, item: &Item) -> Result<Story> {
    let kinds = kinds(&item.kind);
    let (mut rows, mut states) = (STORY, STORY_STATES);
    loop {
        let chapters: Vec<Chapter<'_>> =
            SOURCES.into_iter().filter_map(|source| Chapter::of(source, schema, item, &kinds, rows, states)).collect();
        if chapters.is_empty() {
            return Ok(Story::default());
        }
        let statements: Vec<String> = chapters.iter().map(|chapter| chapter.sql.clone()).collect();
        match run(&statements) {
            Err(error) if is_too_large(&error) && rows > 1 => (rows, states) = (rows / 4 + 1, states / 4),
            Err(error) => return Err(error),
            Ok(answered) => return tell(&chapters, &answered),
        }
    }
}

/// What the tables call this kind of thing: challenges are `coding` in the history, and nothing is a question.
fn kinds(kind: &str) -> Vec<&str> {
    match kind {
        "" | "question" => vec!["question"],
        "challenge" | "coding" => vec!["challenge", "coding"],
        other => vec![other],
    }
}

/// The condition that a row of the ledger, the history or the queue is about the item; `None` where nothing says what a row is about.
fn about(rows: &Rows<'_>, [id, kind]: [&str; 2], item: &Item, kinds: &[&str]) -> Option<String> {
    Some(format!("{} = {} AND {}", rows.column(id)?, literal(&Value::text(&item.id)), rows.about(kind, kinds)))
}

/// One of the four tables, and what is asked of it.
struct Chapter<'a> {
    source: StorySource,
    rows: Rows<'a>,
    cells: Cells,
    sql: String,
}

/// The columns of a table as an event has them.
struct Columns {
    about: String,
    at: String,
    who: String,
    what: String,
    status: String,
    priority: String,
    reason: String,
    before: String,
    after: String,
    fields: String,
    end: String,
    bot: String,
}

impl Columns {
    fn of(source: StorySource, rows: &Rows<'_>, schema: &Schema, item: &Item, kinds: &[&str]) -> Option<Self> {
        let column = |name: &str| rows.or_null(name).to_owned();
        let none = || "NULL".to_owned();
        let at = column("createdAt");
        Some(match source {
            StorySource::Ledger => Self {
                about: about(rows, ["itemId", "itemType"], item, kinds)?,
                at,
                who: column("botName"),
                what: column("action"),
                status: none(),
                priority: none(),
                reason: column("reason"),
                before: column("beforeState"),
                after: column("afterState"),
                fields: none(),
                end: none(),
                bot: "1".to_owned(),
            },
            StorySource::History => Self {
                about: about(rows, ["questionId", "questionType"], item, kinds)?,
                at,
                who: format!("coalesce({}, {})", column("sourceName"), column("eventSource")),
                what: column("eventType"),
                status: none(),
                priority: none(),
                reason: format!("coalesce(nullif({}, ''), {})", column("reason"), column("changesSummary")),
                before: column("beforeSnapshot"),
                after: column("afterSnapshot"),
                fields: column("changedFields"),
                end: none(),
                bot: rows.is("eventSource", "bot"),
            },
            StorySource::Run => Self {
                about: runs::that_wrote(rows, schema, item, kinds)?,
                at: column("startedAt"),
                who: column("botName"),
                what: "'run'".to_owned(),
                status: column("status"),
                priority: none(),
                reason: runs::items(rows),
                before: none(),
                after: column("summary"),
                fields: none(),
                end: column("completedAt"),
                bot: "1".to_owned(),
            },
            StorySource::Queue => Self {
                about: about(rows, ["itemId", "itemType"], item, kinds)?,
                at,
                who: column("createdBy"),
                what: column("action"),
                status: column("status"),
                priority: column("priority"),
                reason: column("reason"),
                before: none(),
                after: column("result"),
                fields: none(),
                end: column("processedAt"),
                bot: "0".to_owned(),
            },
        })
    }
}

impl<'a> Chapter<'a> {
    /// `None` where the table is not there.
    fn of(
        source: StorySource,
        schema: &'a Schema,
        item: &Item,
        kinds: &[&str],
        limit: usize,
        states: usize,
    ) -> Option<Self> {
        let table = match source {
            StorySource::Ledger => "botLedger",
            StorySource::History => "questionHistory",
            StorySource::Queue => "workQueue",
            StorySource::Run => "botRuns",
        };
        let rows = Rows::catalogued(schema, table)?;
        let columns = Columns::of(source, &rows, schema, item, kinds)?;
        let mut cells = Cells::new(Form::Exact);
        cells.add(&rows.keys, Extent::Whole);
        let state = |column: &str| [head(column, STATE), format!("octet_length({column})")];
        let texts = [&columns.at, &columns.who, &columns.what, &columns.status, &columns.fields, &columns.end];
        cells.add(&texts.map(|column| head(column, NAME)), Extent::Whole);
        cells.add(&[columns.priority.clone(), head(&columns.reason, REASON)], Extent::Whole);
        cells.add(&state(&columns.before), Extent::Whole);
        cells.add(&state(&columns.after), Extent::Whole);
        cells.add(&[columns.bot.clone(), "p.n".to_owned(), "p.place".to_owned()], Extent::Whole);
        let sql = Self::sql(&rows, &columns, &cells, limit, states);
        Some(Self { source, rows, cells, sql })
    }

    fn sql(rows: &Rows<'_>, columns: &Columns, cells: &Cells, limit: usize, states: usize) -> String {
        let size = |column: &str| format!("min(coalesce(octet_length({column}), 0), {STATE})");
        let names: Vec<String> = (0..rows.keys.len()).map(|at| format!("k{at}")).collect();
        let keys: Vec<String> = rows.keys.iter().zip(&names).map(|(key, name)| format!("{key} AS {name}")).collect();
        let newest: Vec<String> = names.iter().map(|name| format!("{name} DESC")).collect();
        let same: Vec<String> =
            rows.keys.iter().zip(&names).map(|(key, name)| format!("{key} {} p.{name}", rows.same())).collect();
        let names = names.join(", ");
        format!(
            "SELECT {} FROM (SELECT {names}, n, place FROM (SELECT {names}, count(*) OVER () AS n, row_number() OVER newest AS place, \
             sum(size) OVER newest AS sizes FROM (SELECT {}, {} AS at, {} + {} AS size FROM {} WHERE {}) \
             WINDOW newest AS (ORDER BY at DESC, {} ROWS UNBOUNDED PRECEDING)) \
             WHERE place = 1 OR (place <= {limit} AND sizes <= {states})) AS p CROSS JOIN {} ON {} ORDER BY p.place",
            cells.list(),
            keys.join(", "),
            instant(&columns.at, BEFORE_ALL),
            size(&columns.before),
            size(&columns.after),
            rows.from,
            columns.about,
            newest.join(", "),
            rows.from,
            same.join(" AND "),
        )
    }

    /// Its events, the newest first, and how many there are in all.
    fn events(&self, answered: &[Vec<Value>]) -> Result<(Vec<StoryEvent>, u64)> {
        let mut events = Vec::with_capacity(answered.len());
        let mut total = 0;
        for row in answered {
            let mut values = self.cells.decode(row)?;
            let rest = values.split_off(self.rows.keys.len().min(values.len()));
            let text = |at: usize| words(rest.get(at));
            let number = |at: usize| rest.get(at).and_then(Value::as_integer);
            total = number(13).and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0);
            let Some(key) = self.rows.key(values) else { continue };
            let at = text(0).unwrap_or_default();
            events.push(StoryEvent {
                source: self.source,
                key,
                time: time::parse(&at),
                at,
                who: text(1).unwrap_or_default(),
                what: text(2).unwrap_or_default(),
                status: text(3),
                priority: number(6),
                reason: text(7),
                before: state(rest.get(8), number(9)),
                after: state(rest.get(10), number(11)),
                end: text(5),
                fields: text(4),
                by_bot: number(12) == Some(1),
            });
        }
        Ok((events, total))
    }
}

/// A state as stored, or what is here of it, which then says so at its end.
fn state(value: Option<&Value>, total: Option<i64>) -> Option<Arc<str>> {
    let Some(Value::Blob(bytes)) = value else { return None };
    let text = String::from_utf8_lossy(bytes.head());
    let total = total.and_then(|total| usize::try_from(total).ok()).unwrap_or(0);
    Some(if total > STATE { format!("{text}\n… the first {STATE} bytes of {total}").into() } else { text.into() })
}

fn tell(chapters: &[Chapter<'_>], answered: &[Answered]) -> Result<Story> {
    let mut story = Story::default();
    for (chapter, rows) in chapters.iter().zip(answered) {
        let (events, total) = chapter.events(rows)?;
        if (events.len() as u64) < total {
            story.cut.push(chapter.source);
        }
        story.events.extend(events);
    }
    merge(&mut story.events);
    Ok(story)
}

/// The newest first, those without a readable time last; what happened at one time stays as it came.
pub(super) fn merge(events: &mut [StoryEvent]) {
    events.sort_by_key(|event| Reverse(event.time));
}
