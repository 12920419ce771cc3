//! The review queue: which questions are flagged or have pending work, why, and in which order.
//!
//! One statement, in which each table is looked through once, or by its index of the questions' ids where it has one.

use std::{cmp::Reverse, sync::Arc};

use super::{
    Run, is_too_large,
    rows::{BEFORE_ALL, BEHIND_ALL, Rows, TIME, head, instant, words},
};
use crate::{
    db::{
        error::Result,
        record::readable,
        server::cells::{Cells, Extent, Form},
    },
    domain::{
        review::{Flag, FlagSource, ReviewItem, ReviewList, ReviewOrder},
        schema::Schema,
        value::Value,
    },
};

/// How many characters of a question's text an item has at most.
const TITLE: usize = 300;
/// The most bytes that a character takes.
const CHARACTER: usize = 4;
/// How many bytes of a flag's reason an item has at most; its story has all of it.
const REASON: usize = 1024;
/// How many bytes of a name (a channel, a bot …) are read: none has so many.
const NAME: usize = 512;

/// Reads the queue. Where a server cannot send so many at once, fewer come.
pub(crate) fn read(run: &mut Run<'_>, schema: &Schema, order: ReviewOrder, limit: usize) -> Result<ReviewList> {
    let Some(relation) = schema.catalogued("questions") else { return Ok(ReviewList::default()) };
    readable(relation)?;
    let questions = Rows::of(relation);
    let Some(question) = Question::of(&questions) else { return Ok(ReviewList::default()) };
    let mut limit = limit;
    loop {
        let (sql, cells) = statement(&questions, &question, schema, order, limit);
        match run(&[sql]) {
            Err(error) if is_too_large(&error) && limit > 1 => limit /= 2,
            Err(error) => return Err(error),
            Ok(answered) => return list(&questions, &cells, answered.first().map_or(&[], Vec::as_slice)),
        }
    }
}

/// The columns of a question that are shown.
struct Question<'a> {
    id: &'a str,
    title: &'a str,
}

impl<'a> Question<'a> {
    /// `None` where the table is no table of questions.
    fn of(questions: &'a Rows<'_>) -> Option<Self> {
        Some(Self { id: questions.column("id")?, title: questions.or_null("question") })
    }
}

fn statement(
    questions: &Rows<'_>,
    question: &Question<'_>,
    schema: &Schema,
    order: ReviewOrder,
    limit: usize,
) -> (String, Cells) {
    let keys: Vec<String> = (0..questions.keys.len()).map(|at| format!("k{at}")).collect();
    let wanted = match order {
        ReviewOrder::Pending => format!("{} IN (SELECT id FROM w)", question.id),
        // Here an index of the status is welcome.
        ReviewOrder::Flagged | ReviewOrder::Channel | ReviewOrder::Newest => {
            questions.column("status").map_or_else(|| "0".to_owned(), |status| format!("{status} = 'flagged'"))
        }
    };
    let found = format!(
        "f({}, id, title, channel, difficulty, status, made) AS (SELECT {}, {}, {}, {}, {}, {}, {} FROM {} WHERE {wanted})",
        keys.join(", "),
        questions.keys.join(", "),
        question.id,
        head(question.title, TITLE * CHARACTER),
        questions.or_null("channel"),
        questions.or_null("difficulty"),
        questions.or_null("status"),
        instant(questions.or_null("createdAt"), BEFORE_ALL),
        questions.from,
    );
    let column = |name: &str| format!("f.{name}");
    let mut cells = Cells::new(Form::Exact);
    cells.add(&keys.iter().map(|key| column(key)).collect::<Vec<_>>(), Extent::Whole);
    cells.add(&[column("status")], Extent::Head);
    cells.add(&[column("title"), "f.id".to_owned()], Extent::Whole);
    cells.add(&[head("f.channel", NAME), head("f.difficulty", NAME)], Extent::Whole);
    for table in ["l", "h"] {
        let flag = |name: &str, bytes: usize| head(&format!("{table}.{name}"), bytes);
        cells
            .add(&[format!("{table}.at"), flag("who", NAME), flag("reason", REASON), flag("raw", NAME)], Extent::Whole);
    }
    cells.add(&["coalesce(w.n, 0)".to_owned(), "(SELECT count(*) FROM f)".to_owned()], Extent::Whole);
    let last_flag = format!("max(coalesce(l.at, '{BEFORE_ALL}'), coalesce(h.at, '{BEFORE_ALL}')) DESC, f.id, f.k0");
    let sorted = match order {
        ReviewOrder::Flagged => last_flag,
        ReviewOrder::Channel => format!("f.channel, {last_flag}"),
        ReviewOrder::Newest => "f.made DESC, f.id, f.k0".to_owned(),
        ReviewOrder::Pending => "w.p, w.at, f.id, f.k0".to_owned(),
    };
    let sql = format!(
        "WITH {}, {found}, {}, {} SELECT {} FROM f LEFT JOIN l ON l.id = f.id LEFT JOIN h ON h.id = f.id \
         LEFT JOIN w ON w.id = f.id ORDER BY {sorted} LIMIT {limit}",
        pending(schema),
        ledger(schema),
        history(schema),
        cells.list(),
    );
    (sql, cells)
}

/// Pending items by question: how many, the most urgent one's priority, and since when that waits.
fn pending(schema: &Schema) -> String {
    let none = || "w(id, n, p, at) AS (SELECT NULL, 0, NULL, NULL LIMIT 0)".to_owned();
    let Some(rows) = Rows::catalogued(schema, "workQueue") else { return none() };
    let (Some(item), Some(status)) = (rows.column("itemId"), rows.column("status")) else { return none() };
    format!(
        // Of a group with one min(), the other columns are those of the row that has it (https://www.sqlite.org/lang_select.html#bareagg).
        "w(id, n, p, at) AS (SELECT id, sum(n), min(p), at FROM (SELECT {item} AS id, count(*) AS n, \
         coalesce({}, {}) AS p, min({}) AS at FROM {} WHERE {status} = 'pending' AND {} GROUP BY 1, 3) GROUP BY id)",
        rows.or_null("priority"),
        i64::MAX,
        instant(rows.or_null("createdAt"), BEHIND_ALL),
        rows.from,
        rows.about_questions("itemType"),
    )
}

fn ledger(schema: &Schema) -> String {
    let Some(rows) = Rows::catalogued(schema, "botLedger") else { return no_flags('l') };
    let (Some(item), Some(_)) = (rows.column("itemId"), rows.column("action")) else { return no_flags('l') };
    let (is, about) = (rows.is("action", "flag"), rows.about_questions("itemType"));
    flags('l', &rows, item, &format!("{is} AND {about}"), rows.or_null("botName"), rows.or_null("reason"))
}

fn history(schema: &Schema) -> String {
    let Some(rows) = Rows::catalogued(schema, "questionHistory") else { return no_flags('h') };
    let (Some(item), Some(_)) = (rows.column("questionId"), rows.column("eventType")) else { return no_flags('h') };
    let (is, about) = (rows.is("eventType", "flagged"), rows.about_questions("questionType"));
    let who = format!("coalesce({}, {})", rows.or_null("sourceName"), rows.or_null("eventSource"));
    let reason = format!("coalesce(nullif({}, ''), {})", rows.or_null("reason"), rows.or_null("changesSummary"));
    flags('h', &rows, item, &format!("{is} AND {about}"), &who, &reason)
}

fn no_flags(table: char) -> String {
    format!("{table}(id, at, who, reason, raw) AS (SELECT NULL, NULL, NULL, NULL, NULL LIMIT 0)")
}

/// The last flag of each question that was found: with an index of the ids only these rows are read, without one all of them, once.
fn flags(table: char, rows: &Rows<'_>, item: &str, is_flag: &str, who: &str, reason: &str) -> String {
    let at = rows.or_null("createdAt");
    // Of two at one time the one that was written later.
    let newest = match rows.keys.as_slice() {
        [key] => format!("{} || printf('%020d', {key})", instant(at, BEFORE_ALL)),
        _ => instant(at, BEFORE_ALL),
    };
    format!(
        "{table}(id, at, who, reason, raw) AS (SELECT {item}, max({newest}), {who}, {reason}, {at} FROM {} \
         WHERE {item} IN (SELECT id FROM f) AND {is_flag} GROUP BY {item})",
        rows.from
    )
}

fn list(questions: &Rows<'_>, cells: &Cells, rows: &[Vec<Value>]) -> Result<ReviewList> {
    let mut list = ReviewList { items: Vec::with_capacity(rows.len()), total: 0 };
    for row in rows {
        let mut values = cells.decode(row)?;
        let rest = values.split_off(questions.keys.len().min(values.len()));
        let text = |at: usize| words(rest.get(at)).unwrap_or_default();
        let number = |at: usize| rest.get(at).and_then(Value::as_integer).unwrap_or(0);
        let flag = |source: FlagSource, first: usize| {
            let at = rest.get(first)?.as_text()?;
            // The row's number stands behind the time.
            let time = at.get(..TIME).unwrap_or_default().to_owned();
            let reason = words(rest.get(first + 2));
            Some((time, Flag { source, by: text(first + 1), reason, at: text(first + 3) }))
        };
        let mut flags: Vec<_> =
            [flag(FlagSource::Ledger, 5), flag(FlagSource::History, 9)].into_iter().flatten().collect();
        flags.sort_by_key(|(time, _)| Reverse(time.clone()));
        list.total = u64::try_from(number(14)).unwrap_or(0);
        let Some(key) = questions.key(values) else { continue };
        list.items.push(Arc::new(ReviewItem {
            id: text(2),
            key,
            title: text(1).chars().take(TITLE).collect(),
            channel: text(3),
            difficulty: text(4),
            status: rest.first().cloned().unwrap_or_default(),
            flags: flags.into_iter().map(|(_, flag)| flag).collect(),
            pending: u32::try_from(number(13)).unwrap_or(u32::MAX),
        }));
    }
    Ok(list)
}
