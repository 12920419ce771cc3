//! One suite for files, servers and copies of servers: the same questions give the same answers, byte for byte.
//!
//! The file's reader is the measure: `tests/paging.rs` holds it to plain SQL. What another place may do differently stands in
//! [`comparable`]; all else has to be equal.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{any::Any, fmt::Debug, sync::Arc};

use proptest::{prelude::*, test_runner::TestRunner};
use reelscope::{
    db::{
        error::Result,
        location::Location,
        replica::Replica,
        request::{Answer, Query, Slot, SyncHow},
        session::ReadSession,
    },
    domain::{
        page::{Direction, Page, PageAt, PageQuery, Position, Row, RowKey, SortKey},
        schema::{KeyKind, Relation, RelationKind},
        value::{Bytes, Value},
    },
};
use support::{
    reach::{Asked, server},
    samples::{Sample, hostile},
    sqld::{Options, Sqld},
};

/// Where the other reader reads.
#[derive(Clone, Copy, Debug)]
enum Place {
    Server,
    Copy,
}

/// The same content in a file and at another place.
struct Pair {
    place: Place,
    file: ReadSession,
    other: ReadSession,
    relations: Vec<Arc<Relation>>,
    /// What lives as long as the two are asked: files, the server, the workers that sync.
    _kept: Box<dyn Any>,
}

/// A page without what may differ: how many rows were read for it (a server does not say), and a position that is only known about.
fn comparable(mut page: Page) -> Page {
    page.rows_read = 0;
    if let Position::About(_) = page.position {
        page.position = Position::Unknown;
    }
    page
}

impl Pair {
    /// `None` where tests with servers are left out.
    fn new(place: Place, sample: Sample) -> Option<Self> {
        let sqld = sample.served()?;
        Some(Self::with(place, sample, sqld))
    }

    fn with(place: Place, sample: Sample, sqld: Sqld) -> Self {
        let server = server(&sqld.url(), None);
        let mut workers = None;
        let location = match place {
            Place::Server => Location::Server(server),
            Place::Copy => {
                let location = Location::Replica(Replica::new(sample.folder().join("copy.db"), server));
                let mut asked = Asked::open(location.clone());
                assert_eq!(asked.get(Slot::Sync, Query::Sync(SyncHow::Now)).unwrap(), Answer::Synced);
                workers = Some(asked);
                location
            }
        };
        let mut file = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
        let other = ReadSession::open(&location).unwrap();
        let relations = file.schema().unwrap().relations;
        Self { place, file, other, relations, _kept: Box::new((sample, sqld, workers)) }
    }

    /// Asks both the same and compares; errors by their kind, for a server has its own words.
    fn both<T: PartialEq + Debug>(&mut self, what: &str, ask: impl Fn(&mut ReadSession) -> Result<T>) -> Result<T> {
        let (here, there) = (ask(&mut self.file), ask(&mut self.other));
        let same = match (&here, &there) {
            (Ok(here), Ok(there)) => here == there,
            (Err(here), Err(there)) => here.kind == there.kind,
            _ => false,
        };
        let short = |outcome: &Result<T>| format!("{outcome:?}").chars().take(3000).collect::<String>();
        assert!(same, "{what}\nthe file: {}\n{:?}: {}", short(&here), self.place, short(&there));
        here
    }

    fn page(&mut self, relation: &Arc<Relation>, sort: &[SortKey], at: PageAt, limit: usize) -> Result<Page> {
        let query = PageQuery { relation: Arc::clone(relation), sort: sort.to_vec(), at, limit };
        let what = format!("{} {sort:?} {:?} {limit}", relation.name, query.at);
        self.both(&what, |session| session.page(&query).map(comparable))
    }

    /// Everything one can ask of a relation in this order.
    fn walk(&mut self, relation: &Arc<Relation>, sort: &[SortKey], limit: usize) {
        let words = format!("{} {sort:?}", relation.name);
        // The first page says whether it can be read at all.
        let query = PageQuery { relation: Arc::clone(relation), sort: sort.to_vec(), at: PageAt::First, limit };
        let (here, there) = (self.file.page(&query), self.other.page(&query));
        if let (Err(here), Err(there)) = (&here, &there) {
            assert_eq!(here.kind, there.kind, "{words}");
            return;
        }
        assert!(here.is_ok() && there.is_ok(), "{words}: {:?} {:?}", here.err(), there.err());
        let here = forwards(&mut self.file, &query);
        let rows = forwards(&mut self.other, &query);
        assert!(same_order(&here, &rows, relation, sort), "{words}\nthe file: {here:?}\n{:?}: {rows:?}", self.place);
        assert!(backwards(&mut self.other, &query) == rows, "{words} backwards");
        for percent in [0.0, 10.0, 37.5, 50.0, 99.0, 100.0] {
            self.share(relation, sort, percent, &rows, limit);
        }
        for at in [0, rows.len() / 3, rows.len() / 2, rows.len().saturating_sub(1)] {
            let Some(row) = rows.get(at) else { continue };
            let mut go = |at: PageAt| self.other.page(&PageQuery { at, ..query.clone() }).unwrap();
            let page = go(PageAt::Key(row.key.clone()));
            check(&page, &rows, at, limit, &words);
            let anchor = page.first.unwrap();
            check(&go(PageAt::From(anchor.clone())), &rows, at, limit, &words);
            check(&go(PageAt::After(anchor.clone())), &rows, at + 1, limit, &words);
            check(&go(PageAt::Before(anchor)), &rows, at.saturating_sub(limit), limit.min(at), &words);
        }
    }

    /// A jump to a share: where that is, each may estimate in its way, but rows and ends are those of the order.
    fn share(&mut self, relation: &Arc<Relation>, sort: &[SortKey], percent: f64, rows: &[Row], limit: usize) {
        let query =
            PageQuery { relation: Arc::clone(relation), sort: sort.to_vec(), at: PageAt::Percent(percent), limit };
        let page = self.other.page(&query).unwrap();
        let at = page.rows.first().map_or(0, |first| rows.iter().position(|row| row.key == first.key).unwrap());
        let end = (at + limit).min(rows.len());
        assert_eq!(&page.rows[..], &rows[at..end], "{} {sort:?} at {percent} %", relation.name);
        assert_eq!((page.at_start, page.at_end), (at == 0, end == rows.len()), "{} {sort:?} {percent}", relation.name);
        let there = self.file.page(&query).unwrap();
        let there = there.rows.first().map_or(0, |first| rows.iter().position(|row| row.key == first.key).unwrap());
        let apart = at.abs_diff(there);
        assert!(apart * 4 <= rows.len().max(4 * limit), "{} {sort:?} {percent} %: {at}, {there}", relation.name);
    }

    /// Each row by its key, by its key's text, and cell by cell.
    fn records(&mut self, relation: &Arc<Relation>, most: usize) {
        let Ok(page) = self.page(relation, &[], PageAt::First, most) else { return };
        for row in page.rows {
            let words = format!("{} {:?}", relation.name, row.key);
            let record = self.both(&words, |session| session.record(relation, &row.key));
            let Ok(Some(record)) = record else { continue };
            for column in 0..record.cells.len().min(8) {
                let cell = self.both(&words, |session| session.cell(relation, &row.key, column)).unwrap();
                assert_eq!(cell.as_ref(), Some(&record.cells[column]));
            }
            let text = match &row.key {
                RowKey::Rowid(rowid) => rowid.to_string(),
                RowKey::Primary(values) => values[0].to_plain().into_owned(),
                RowKey::Ordinal(ordinal) => ordinal.to_string(),
            };
            let _ = self.both(&format!("{words} by {text:?}"), |session| session.find(relation, &text));
            let _ = self.page(relation, &[], PageAt::KeyText(text), 5);
        }
        for text in ["", "no such key", "-1", "it's", "9e999", "\0"] {
            let _ = self.both(text, |session| session.find(relation, text));
            let _ = self.page(relation, &[], PageAt::KeyText(text.to_owned()), 5);
        }
        let strange = match &relation.key {
            KeyKind::Rowid { .. } => RowKey::Rowid(123_456),
            KeyKind::Primary(key) => RowKey::Primary(key.iter().map(|_| Value::text("?")).collect()),
            KeyKind::None => RowKey::Ordinal(1_000_000),
        };
        let _ = self.both("a row that is not there", |session| session.record(relation, &strange));
        let _ = self.both("its cell", |session| session.cell(relation, &strange, 0));
        let _ = self.page(relation, &[], PageAt::Key(strange), 5);
        let _ = self.both("a column too far", |session| session.cell(relation, &RowKey::Rowid(1), 5000));
    }

    /// The whole suite.
    fn suite(&mut self, limit: usize) {
        let schema = self.both("the schema", |session| session.schema().map(|schema| schema.relations)).unwrap();
        assert!(schema.len() > 5);
        // The tables that SQLite keeps for itself hold the order in which things were made, which is not the same.
        let relations = self.relations.iter().filter(|relation| relation.kind != RelationKind::Internal);
        for relation in relations.cloned().collect::<Vec<_>>() {
            let _ = self.both(&format!("count of {}", relation.name), |session| session.count(&relation));
            self.walk(&relation, &[], limit);
            self.records(&relation, 60);
            for column in 0..relation.columns.len().min(5) {
                for direction in [Direction::Ascending, Direction::Descending] {
                    self.walk(&relation, &[SortKey { column, direction }], limit);
                }
            }
            if relation.columns.len() > 2 {
                let sort = [
                    SortKey { column: 2, direction: Direction::Descending },
                    SortKey { column: 1, direction: Direction::Ascending },
                ];
                self.walk(&relation, &sort, limit);
            }
        }
        for id in ["q-1", "q-7", "no such question", "it's", ""] {
            let _ = self.both(id, |session| session.question(id));
        }
    }
}

/// All rows from the first to the last, page by page.
fn forwards(session: &mut ReadSession, first: &PageQuery) -> Vec<Row> {
    let mut page = session.page(first).unwrap();
    let mut rows = page.rows.clone();
    while !page.at_end {
        page = session.page(&PageQuery { at: PageAt::After(page.last.unwrap()), ..first.clone() }).unwrap();
        assert!(!page.rows.is_empty());
        rows.extend(page.rows.clone());
    }
    rows
}

/// All rows from the last to the first, page by page.
fn backwards(session: &mut ReadSession, first: &PageQuery) -> Vec<Row> {
    let mut page = session.page(&PageQuery { at: PageAt::Last, ..first.clone() }).unwrap();
    let mut rows = page.rows.clone();
    while !page.at_start {
        page = session.page(&PageQuery { at: PageAt::Before(page.first.unwrap()), ..first.clone() }).unwrap();
        assert!(!page.rows.is_empty());
        rows.splice(0..0, page.rows.clone());
    }
    rows
}

/// Whether both are the same rows in the same order; rows that are equal in what was sorted by may stand the other way round: a file's
/// reader goes by the direction of an index, which a server is not asked for.
fn same_order(here: &[Row], there: &[Row], relation: &Relation, sort: &[SortKey]) -> bool {
    if sort.is_empty() || relation.key == KeyKind::None {
        return here == there;
    }
    let sorted_by = |rows: &[Row]| -> Vec<Vec<Value>> {
        // Texts that a collation takes for equal are no order either: their small letters are.
        let small = |value: &Value| match value {
            Value::Text(bytes) => Value::Text(Bytes::whole(bytes.head().trim_ascii_end().to_ascii_lowercase())),
            other => other.clone(),
        };
        rows.iter().map(|row| sort.iter().map(|key| small(&row.cells[key.column])).collect()).collect()
    };
    let all = |rows: &[Row]| {
        let mut rows: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    };
    all(here) == all(there) && sorted_by(here) == sorted_by(there)
}

/// The page is `all` from `at` on, at most `limit` rows, and knows its ends.
fn check(page: &Page, all: &[Row], at: usize, limit: usize, words: &str) {
    let end = (at + limit).min(all.len());
    assert_eq!(&page.rows[..], &all[at.min(end)..end], "{words}");
    assert_eq!((page.at_start, page.at_end), (at == 0, end == all.len()), "{words}");
    match page.position {
        Position::Exact(number) => assert_eq!(number, at as u64, "{words}"),
        Position::FromEnd(rows) => assert_eq!(rows, (all.len() - at) as u64, "{words}"),
        Position::About(share) => assert!((0.0..=1.0).contains(&share), "{words}"),
        Position::Unknown => {}
    }
}

#[test]
fn what_is_hard_to_carry_from_a_server() {
    if let Some(mut pair) = Pair::new(Place::Server, Sample::of(&hostile())) {
        pair.suite(7);
    }
}

#[test]
fn what_is_hard_to_carry_in_a_copy() {
    if let Some(mut pair) = Pair::new(Place::Copy, Sample::of(&hostile())) {
        pair.suite(7);
    }
}

#[test]
fn code_reels_from_a_server() {
    if let Some(mut pair) = Pair::new(Place::Server, Sample::code_reels(300)) {
        pair.suite(50);
    }
}

#[test]
fn code_reels_in_a_copy() {
    if let Some(mut pair) = Pair::new(Place::Copy, Sample::code_reels(300)) {
        pair.suite(50);
    }
}

/// Not compared with the file's reader, but with what was written.
#[test]
fn values_that_json_cannot_carry_are_exact() {
    let text = |bytes: &[u8]| Value::Text(Bytes::whole(bytes));
    let values = [
        ("NULL", Value::Null),
        ("9223372036854775807", Value::Integer(i64::MAX)),
        ("(-9223372036854775807 - 1)", Value::Integer(i64::MIN)),
        ("9007199254740993", Value::Integer(9_007_199_254_740_993)),
        ("9e999", Value::Real(f64::INFINITY)),
        ("-9e999", Value::Real(f64::NEG_INFINITY)),
        ("0.1", Value::Real(0.1)),
        ("5e-324", Value::Real(5e-324)),
        ("1.7976931348623157e308", Value::Real(f64::MAX)),
        ("4611686018427387904.0", Value::Real(4_611_686_018_427_387_904.0)),
        ("1.0", Value::Real(1.0)),
        ("''", text(b"")),
        ("CAST(x'ff' AS TEXT)", text(b"\xff")),
        ("CAST(x'eda080' AS TEXT)", text(b"\xed\xa0\x80")),
        ("CAST(x'6100ff62' AS TEXT)", text(b"a\0\xffb")),
        ("CAST(x'610062' AS TEXT)", text(b"a\0b")),
        ("'it''s \"q\" \\u0000'", text(b"it's \"q\" \\u0000")),
        ("'Infinity'", text(b"Infinity")),
        ("x''", Value::Blob(Bytes::whole([]))),
        ("x'00ff7b22'", Value::Blob(Bytes::whole(*b"\x00\xff\x7b\x22"))),
        ("'😀' || char(0x202e, 27)", text("😀\u{202e}\u{1b}".as_bytes())),
        ("zeroblob(5000)", Value::Blob(Bytes::whole([0; 5000]))),
    ];
    let mut sql = "CREATE TABLE t(id INTEGER PRIMARY KEY, v);".to_owned();
    for (at, (literal, _)) in values.iter().enumerate() {
        sql += &format!("INSERT INTO t VALUES ({at}, {literal});");
    }
    let Some(sqld) = Sqld::start() else { return };
    sqld.run(&sql);
    let mut session = ReadSession::open(&Location::Server(server(&sqld.url(), None))).unwrap();
    let relation = Arc::clone(session.schema().unwrap().find("t").unwrap());
    for (at, (literal, value)) in values.iter().enumerate() {
        let key = RowKey::Rowid(i64::try_from(at).unwrap());
        let cell = session.cell(&relation, &key, 1).unwrap();
        assert_eq!(cell.as_ref(), Some(value), "{literal} as a cell");
        let record = session.record(&relation, &key).unwrap().unwrap();
        assert_eq!(&record.cells[1], value, "{literal} in a record");
        // Two reals can be equal and not the same.
        if let (Some(Value::Real(one)), Value::Real(other)) = (cell, value) {
            assert_eq!(one.to_bits(), other.to_bits(), "{literal}");
        }
    }
    let query = PageQuery { relation, sort: Vec::new(), at: PageAt::First, limit: 100 };
    let page = session.page(&query).unwrap();
    for (row, (literal, value)) in page.rows.iter().zip(&values).take(values.len() - 1) {
        assert_eq!(&row.cells[1], value, "{literal} in a page");
    }
    let Value::Blob(cut) = &page.rows[values.len() - 1].cells[1] else { panic!("a blob") };
    assert_eq!((cut.head().len(), cut.total()), (1024, 5000));
}

/// A page that the server refuses to send as a whole is read in smaller pieces, without a word.
#[test]
fn a_page_too_large_for_the_server() {
    let options = Options { key: None, arguments: vec!["--max-response-size".into(), "40KB".into()] };
    let Some(sqld) = Sqld::start_with(options) else { return };
    let sql = "CREATE TABLE big(id INTEGER PRIMARY KEY, v TEXT);
        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200)
        INSERT INTO big SELECT x, printf('%d %.*c', x, 900, 'x') FROM n;";
    sqld.run(sql);
    let mut pair = Pair::with(Place::Server, Sample::of(sql), sqld);
    let relation = Arc::clone(&pair.relations[0]);
    let query = PageQuery { relation: Arc::clone(&relation), sort: Vec::new(), at: PageAt::First, limit: 150 };
    let mut page = pair.other.page(&query).unwrap();
    let mut rows = page.rows.clone();
    assert!(rows.len() >= 10, "{} rows", rows.len());
    while !page.at_end {
        let at = PageAt::After(page.last.unwrap());
        page = pair.other.page(&PageQuery { at, ..query.clone() }).unwrap();
        rows.extend(page.rows.clone());
    }
    assert_eq!(rows, pair.file.page(&PageQuery { limit: 1000, ..query }).unwrap().rows);
    assert_eq!(pair.other.count(&relation).unwrap(), 200);
}

/// A value for a random table, as a literal.
fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("NULL".to_owned()),
        5 => (-3_i64..6).prop_map(|number| number.to_string()),
        2 => prop::sample::select(vec![
            "9e999", "-9e999", "1.5", "9223372036854775807", "(-9223372036854775807 - 1)", "9223372036854775807.0", "0.0",
        ]).prop_map(str::to_owned),
        5 => "[a-cA-C ']{0,3}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        2 => prop::sample::select(vec![
            "CAST(x'ff' AS TEXT)", "CAST(x'6100' AS TEXT)", "CAST(x'61' AS TEXT)", "x''", "x'61'", "x'ff00'", "printf('%.*c', 2000, 'y')",
        ]).prop_map(str::to_owned),
    ]
}

const SHAPES: [&str; 6] = [
    "CREATE TABLE t(a, b, c)",
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b, c TEXT COLLATE NOCASE); CREATE INDEX i ON t(b); CREATE INDEX j ON t(c, b DESC)",
    "CREATE TABLE t(a TEXT PRIMARY KEY, b INT, c REAL); CREATE INDEX i ON t(b DESC)",
    "CREATE TABLE t(a TEXT COLLATE NOCASE, b, c, PRIMARY KEY(a DESC, b)) WITHOUT ROWID; CREATE INDEX i ON t(c)",
    "CREATE TABLE t(a, b, c, PRIMARY KEY(b COLLATE RTRIM, a)) WITHOUT ROWID; CREATE INDEX i ON t(c COLLATE NOCASE DESC)",
    "CREATE TABLE u(a, b, c); CREATE VIEW t AS SELECT a, b, a, c FROM u",
];

/// Random tables, walked in random orders.
#[test]
fn random_tables_from_a_server() {
    let Some(sqld) = Sqld::start() else { return };
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 24,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let table = (
        prop::sample::select(&SHAPES[..]),
        prop::collection::vec(prop::collection::vec(literal(), 3), 0..40),
        prop::collection::vec((0_usize..3, any::<bool>()), 0..3),
        1_usize..9,
    );
    let location = Location::Server(server(&sqld.url(), None));
    let outcome = runner.run(&table, |(shape, rows, sort, limit)| {
        let sql = script(shape, &rows);
        for name in ["t", "u"] {
            let kind = sqld.value(&format!("SELECT coalesce(max(type), '') FROM sqlite_schema WHERE name = '{name}'"));
            if !kind.is_empty() {
                sqld.run(&format!("DROP {kind} {name}"));
            }
        }
        sqld.run(&sql);
        let sample = Sample::of(&sql);
        let file = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
        let mut other = ReadSession::open(&location).unwrap();
        let relations = other.schema().unwrap().relations;
        let relation = Arc::clone(relations.iter().find(|relation| relation.name == "t").unwrap());
        let mut used = Vec::new();
        let sort: Vec<SortKey> = sort
            .into_iter()
            .filter(|(column, _)| {
                !used.contains(column) && {
                    used.push(*column);
                    true
                }
            })
            .map(|(column, descending)| SortKey {
                column,
                direction: if descending { Direction::Descending } else { Direction::Ascending },
            })
            .collect();
        Pair { place: Place::Server, file, other, relations, _kept: Box::new(sample) }.walk(&relation, &sort, limit);
        Ok(())
    });
    outcome.unwrap();
}

/// Makes the table and fills it; rows that its constraints refuse are left out on both sides.
fn script(shape: &str, rows: &[Vec<String>]) -> String {
    let target = if shape.contains("VIEW") { "u" } else { "t" };
    let mut sql = format!("{shape};");
    for (at, row) in rows.iter().enumerate() {
        let mut row = row.clone();
        // No text fits there, and for NULL each side would choose.
        if shape.contains("INTEGER PRIMARY KEY") {
            row[0] = (at * 7 % 41).to_string();
        }
        sql += &format!("INSERT OR IGNORE INTO {target} VALUES ({});", row.join(", "));
    }
    sql
}
