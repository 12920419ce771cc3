//! What a page costs: a count of rows that SQLite read guards the paging, whatever the table's size.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use reelscope::{
    db::{location::Location, session::ReadSession},
    domain::page::{Direction, Page, PageAt, PageQuery, Position, SortKey},
};
use rusqlite::Connection;

const ROWS: u64 = 100_000;
const LIMIT: usize = 50;

/// `sparse` is NULL in half of the rows, `status` has three values, `gap` is unique; keys have gaps.
const SQL: &str = "
    CREATE TABLE big(id INTEGER PRIMARY KEY, status TEXT, sparse INTEGER, name TEXT COLLATE NOCASE, at TEXT, plain TEXT);
    CREATE INDEX big_status ON big(status);
    CREATE INDEX big_sparse ON big(sparse);
    CREATE INDEX big_name ON big(name DESC);
    CREATE INDEX big_both ON big(status, sparse);
    CREATE TABLE named(id TEXT PRIMARY KEY, status TEXT, plain TEXT) WITHOUT ROWID;
    CREATE INDEX named_status ON named(status);
    CREATE TABLE pairs(a TEXT, b INTEGER, c TEXT, PRIMARY KEY(a, b DESC)) WITHOUT ROWID;
    CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT);
    WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 99999)
    INSERT INTO big SELECT 7 * x - 350000, CASE x % 3 WHEN 0 THEN 'active' WHEN 1 THEN 'flagged' ELSE 'deleted' END,
        CASE WHEN x % 2 THEN (x * 7919) % 100003 END, 'name ' || ((x * 31) % 1000), '2026-01-01', hex(x) FROM n;
    INSERT INTO named SELECT printf('%08x-%04x', (id * 2654435761) & 4294967295, id & 65535), status, plain FROM big;
    INSERT INTO pairs SELECT 'channel ' || (id & 7), id, plain FROM big;
    INSERT INTO questions SELECT 'q-' || ((id + 350000) / 7), plain FROM big;
";

struct Bench {
    _folder: tempfile::TempDir,
    session: ReadSession,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big.db");
        Connection::open(&path).unwrap().execute_batch(SQL).unwrap();
        Self { session: ReadSession::open(&Location::File(path)).unwrap(), _folder: folder }
    }

    fn page(&mut self, table: &str, sort: &[(&str, Direction)], at: PageAt) -> Page {
        let relation = Arc::clone(self.session.schema().unwrap().find(table).unwrap());
        let sort = sort
            .iter()
            .map(|(column, direction)| SortKey { column: relation.column(column).unwrap(), direction: *direction })
            .collect();
        let page = self.session.page(&PageQuery { relation, sort, at, limit: LIMIT }).unwrap();
        assert_eq!(page.rows_read, self.session.rows_read());
        page
    }

    fn cheap(&mut self, table: &str, sort: &[(&str, Direction)], at: PageAt) -> Page {
        let page = self.page(table, sort, at.clone());
        assert!(page.rows_read <= 4 * LIMIT as u64, "{table} {sort:?} {at:?}: {} rows read", page.rows_read);
        page
    }

    fn full(&mut self, table: &str, sort: &[(&str, Direction)], at: PageAt) -> Page {
        let page = self.cheap(table, sort, at.clone());
        assert_eq!(page.rows.len(), LIMIT, "{table} {sort:?} {at:?}");
        page
    }
}

#[test]
fn a_page_reads_at_most_four_times_its_rows() {
    use Direction::{Ascending as Up, Descending as Down};
    let mut bench = Bench::new();
    let sorts: &[(&str, &[(&str, Direction)])] = &[
        ("big", &[]),
        ("big", &[("id", Down)]),
        ("big", &[("status", Up)]),
        ("big", &[("status", Down)]),
        ("big", &[("sparse", Up)]),
        ("big", &[("sparse", Down)]),
        ("big", &[("name", Up)]),
        ("big", &[("name", Down)]),
        ("big", &[("status", Up), ("sparse", Up)]),
        ("big", &[("status", Down), ("sparse", Down)]),
        ("named", &[]),
        ("named", &[("status", Down)]),
        ("pairs", &[]),
        ("questions", &[("id", Up)]),
        ("questions", &[]),
    ];
    for (table, sort) in sorts {
        let mut page = bench.full(table, sort, PageAt::First);
        for _ in 0..3 {
            page = bench.full(table, sort, PageAt::After(page.last.unwrap()));
        }
        page = bench.full(table, sort, PageAt::Last);
        for _ in 0..3 {
            page = bench.full(table, sort, PageAt::Before(page.first.unwrap()));
        }
        for percent in [0.0, 0.1, 12.5, 33.0, 49.0, 50.0, 51.0, 66.0, 75.0, 99.0, 99.99, 100.0] {
            let page = bench.full(table, sort, PageAt::Percent(percent));
            // From there on and back, over the borders of NULLs and ties.
            bench.cheap(table, sort, PageAt::After(page.last.clone().unwrap()));
            bench.cheap(table, sort, PageAt::Before(page.first.clone().unwrap()));
            bench.cheap(table, sort, PageAt::From(page.first.clone().unwrap()));
            bench.cheap(table, sort, PageAt::Key(page.rows[LIMIT / 2].key.clone()));
        }
    }
}

#[test]
fn the_border_of_nulls_is_crossed_without_reading_them() {
    let mut bench = Bench::new();
    let sort = [("sparse", Direction::Ascending)];
    // The last NULL and the first number stand side by side.
    let connection_page = bench.page("big", &sort, PageAt::Percent(50.0));
    let mut page = connection_page;
    while page.rows[0].cells[2].is_null() {
        page = bench.page("big", &sort, PageAt::After(page.last.unwrap()));
        assert!(page.rows_read <= 4 * LIMIT as u64, "{} rows read", page.rows_read);
    }
    let back = bench.page("big", &sort, PageAt::Before(page.first.unwrap()));
    assert!(back.rows_read <= 4 * LIMIT as u64, "{} rows read", back.rows_read);
}

#[test]
fn a_share_leads_near_that_share() {
    let mut bench = Bench::new();
    for (table, sort) in
        [("big", None), ("big", Some("name")), ("big", Some("sparse")), ("named", None), ("named", Some("status"))]
    {
        let sort: Vec<(&str, Direction)> = sort.into_iter().map(|column| (column, Direction::Ascending)).collect();
        for percent in [10.0, 50.0, 90.0] {
            let page = bench.page(table, &sort, PageAt::Percent(percent));
            assert!(matches!(page.position, Position::About(_)), "{:?}", page.position);
            // Count the rows before it the slow way.
            let mut before = 0_u64;
            let mut first = page.first;
            while let Some(anchor) = first {
                let relation = Arc::clone(bench.session.schema().unwrap().find(table).unwrap());
                let sort = sort
                    .iter()
                    .map(|(column, direction)| SortKey {
                        column: relation.column(column).unwrap(),
                        direction: *direction,
                    })
                    .collect();
                let at = PageAt::Before(anchor);
                let page = bench.session.page(&PageQuery { relation, sort, at, limit: 20_000 }).unwrap();
                before += page.rows.len() as u64;
                first = page.first;
            }
            let share = 100.0 * before as f64 / ROWS as f64;
            assert!((share - percent).abs() < 20.0, "{table} {sort:?}: {percent} % is at {share:.1} %");
        }
    }
}

#[test]
fn a_typed_key_leads_to_its_row_or_the_next() {
    let mut bench = Bench::new();
    let key = |page: &Page| page.rows[0].cells[0].to_plain().into_owned();
    assert_eq!(key(&bench.page("big", &[], PageAt::KeyText("-350000".into()))), "-350000");
    let page = bench.page("big", &[], PageAt::KeyText("8".into()));
    assert_eq!(key(&page), "14");
    assert!(page.rows_read <= 4 * LIMIT as u64);
    let page = bench.page("big", &[("name", Direction::Descending)], PageAt::KeyText("14".into()));
    assert_eq!(key(&page), "14");
    assert!(page.rows_read <= 4 * LIMIT as u64);
    assert!(bench.page("big", &[], PageAt::KeyText("9999999".into())).at_end);
    let page = bench.page("questions", &[], PageAt::KeyText("q-77777".into()));
    assert_eq!(key(&page), "q-77777");
    assert!(page.rows_read <= 4 * LIMIT as u64);
    assert_eq!(key(&bench.page("questions", &[], PageAt::KeyText("q-77777x".into()))), "q-77778");
    let page = bench.page("named", &[], PageAt::KeyText("8".into()));
    assert!(key(&page).starts_with('8'));
    let mut pair = |text: &str| {
        let page = bench.page("pairs", &[], PageAt::KeyText(text.into()));
        (key(&page), page.rows[0].cells[1].as_integer().unwrap())
    };
    assert_eq!(pair("channel 3, 35"), ("channel 3".to_owned(), 35));
    // The key runs down within a channel: behind 36 comes 35.
    assert_eq!(pair("channel 3, 36"), ("channel 3".to_owned(), 35));
    assert_eq!(pair("channel 3"), ("channel 3".to_owned(), 349_979));
}
