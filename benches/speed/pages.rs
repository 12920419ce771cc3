//! Pages anywhere in the table: rows read and time, against plain statements for the same rows.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use reelscope::{
    db::{location::Location, session::ReadSession},
    domain::{
        page::{Anchor, Direction, Page, PageAt, PageQuery, RowKey, SortKey},
        schema::Relation,
        value::Value as Stored,
    },
};
use rusqlite::{Connection, types::Value};

use crate::{
    report::{Line, Report, Verdict},
    samples::{Samples, ms},
    setting::{Setting, open},
};

/// Rows of a page, as in the minimal program.
const ROWS: usize = crate::minimal::ROWS;
/// Rows read for each row shown.
const ROWS_READ: f64 = 4.0;
/// The time a page may take.
const LIMIT: Duration = Duration::from_millis(5);

/// A page and the statement that gives the same rows.
struct Case {
    what: String,
    sort: Vec<SortKey>,
    at: PageAt,
}

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let big = setting.big()?;
    let plain = open(&big)?;
    let mut session = session(&big)?;
    let schema = session.schema().map_err(|error| error.to_string())?;
    let relation = Arc::clone(schema.find("bot_ledger").ok_or("there is no bot_ledger")?);
    let runs = setting.runs(100, 30);
    for sorted in [None, Some("created_at"), Some("bot_name")] {
        for case in cases(&mut session, &relation, sorted)? {
            measure(&big, &plain, &relation, &case, runs, report)?;
        }
    }
    Ok(())
}

fn session(path: &Path) -> Result<ReadSession, String> {
    ReadSession::open(&Location::File(path.to_path_buf())).map_err(|error| error.to_string())
}

fn read(session: &mut ReadSession, relation: &Arc<Relation>, sort: &[SortKey], at: &PageAt) -> Result<Page, String> {
    let query = PageQuery { relation: Arc::clone(relation), sort: sort.to_vec(), at: at.clone(), limit: ROWS };
    session.page(&query).map_err(|error| error.to_string())
}

/// First, last, shares, and behind and before a row deep inside, in this order.
fn cases(session: &mut ReadSession, relation: &Arc<Relation>, sorted: Option<&str>) -> Result<Vec<Case>, String> {
    let sort = match sorted {
        None => Vec::new(),
        Some(name) => {
            let column = relation.column(name).ok_or_else(|| format!("there is no column {name}"))?;
            vec![SortKey { column, direction: Direction::Ascending }]
        }
    };
    let order = sorted.map_or_else(|| "by key".to_owned(), |name| format!("by {name}"));
    let middle = read(session, relation, &sort, &PageAt::Percent(50.0))?;
    let deep = middle.first.ok_or("there is no page in the middle")?;
    let places = [
        ("first page", PageAt::First),
        ("last page", PageAt::Last),
        ("1 %", PageAt::Percent(1.0)),
        ("50 %", PageAt::Percent(50.0)),
        ("99 %", PageAt::Percent(99.0)),
        ("page behind a row at 50 %", PageAt::After(deep.clone())),
        ("page before a row at 50 %", PageAt::Before(deep)),
    ];
    Ok(places
        .into_iter()
        .map(|(place, at)| Case { what: format!("{place}, {order}"), sort: sort.clone(), at })
        .collect())
}

fn measure(
    path: &Path,
    plain: &Connection,
    relation: &Arc<Relation>,
    case: &Case,
    runs: usize,
    report: &mut Report,
) -> Result<(), String> {
    // A session of its own: the first page of an order counts with everything the order needs to know.
    let mut session = session(path)?;
    let begun = Instant::now();
    let page = read(&mut session, relation, &case.sort, &case.at)?;
    let first = begun.elapsed();
    let mut most = page.rows_read;
    let (mut times, mut references) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let begun = Instant::now();
        let again = read(&mut session, relation, &case.sort, &case.at)?;
        times.push(begun.elapsed());
        most = most.max(again.rows_read);
        let begun = Instant::now();
        let rows = statement(plain, relation, case, &page)?;
        references.push(begun.elapsed());
        if rows != page.rows.len() || again.rows != page.rows {
            return Err(format!("{}: {} rows, the plain statement gives {rows}", case.what, again.rows.len()));
        }
    }
    let (times, references) = (Samples::new(times), Samples::new(references));
    let per_row = most as f64 / page.rows.len().max(1) as f64;
    report.line(Line {
        what: case.what.clone(),
        measured: format!(
            "{per_row:.2} rows read for each shown; {} (p99 {}, first time {})",
            ms(times.median()),
            ms(times.quantile(0.99)),
            ms(first)
        ),
        reference: format!("plain statement {}", ms(references.median())),
        ratio: Some(times.median().as_secs_f64() / references.median().as_secs_f64()),
        limit: "≤ 4 rows, ≤ 5 ms",
        verdict: Verdict::of(per_row <= ROWS_READ && times.median() <= LIMIT && first <= LIMIT),
    });
    Ok(())
}

/// Reads the same rows by a plain statement, prepared anew as the session does: a range of the key, or of the index. How many there
/// were.
fn statement(plain: &Connection, relation: &Relation, case: &Case, page: &Page) -> Result<usize, String> {
    let (Some(first), Some(last)) = (&page.first, &page.last) else { return Err("the page is empty".to_owned()) };
    let sorted = case.sort.first().and_then(|key| relation.columns.get(key.column)).map(|column| column.name.as_str());
    let (sql, parameters) = match sorted {
        None => (format!("SELECT * FROM bot_ledger WHERE id >= ?1 ORDER BY id LIMIT {ROWS}"), vec![key(first)?]),
        // SQLite goes through all rows of one name to find the place of a pair: what is equal is said to be.
        Some(name) if first.sort == last.sort => (
            format!("SELECT * FROM bot_ledger WHERE {name} = ?2 AND id >= ?1 ORDER BY id LIMIT {ROWS}"),
            vec![key(first)?, text(first)?],
        ),
        Some(name) => (
            format!("SELECT * FROM bot_ledger WHERE ({name}, id) >= (?2, ?1) ORDER BY {name}, id LIMIT {ROWS}"),
            vec![key(first)?, text(first)?],
        ),
    };
    let read = || -> rusqlite::Result<usize> {
        let mut statement = plain.prepare(&sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(&parameters))?;
        let mut read: Vec<Vec<Value>> = Vec::new();
        while let Some(row) = rows.next()? {
            read.push((0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?);
        }
        Ok(std::hint::black_box(read).len())
    };
    read().map_err(|error| format!("{sql}: {error}"))
}

fn key(anchor: &Anchor) -> Result<Value, String> {
    match &anchor.key {
        RowKey::Rowid(rowid) => Ok(Value::Integer(*rowid)),
        other => Err(format!("{other:?} is no rowid")),
    }
}

fn text(anchor: &Anchor) -> Result<Value, String> {
    match anchor.sort.first() {
        Some(Stored::Text(text)) => Ok(Value::Text(String::from_utf8_lossy(text.head()).into_owned())),
        other => Err(format!("{other:?} is no text")),
    }
}
