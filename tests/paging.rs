//! Pages against plain SQL: random tables with random contents, read forwards, backwards and by jumps.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use proptest::prelude::*;
use reelscope::{
    db::{error::ErrorKind, location::Location, session::ReadSession},
    domain::{
        page::{Anchor, Direction, Page, PageAt, PageQuery, Position, Row, RowKey, SortKey},
        schema::{KeyKind, Relation},
        value::{Bytes, Value},
    },
};
use rusqlite::{Connection, types::ValueRef};
use tempfile::TempDir;

/// A shape of table, its columns called `names`, with statements around it.
#[derive(Clone, Debug)]
struct Shape {
    /// CREATE TABLE and what else; `{t}` is the table, `{0}` … its columns, all quoted.
    sql: &'static str,
    columns: usize,
    /// What is read: the table, or a view over it.
    read: &'static str,
}

const SHAPES: &[Shape] = &[
    Shape { sql: "CREATE TABLE {t}({0}, {1}, {2})", columns: 3, read: "t" },
    Shape {
        sql: "CREATE TABLE {t}({0} INTEGER PRIMARY KEY, {1}, {2} TEXT COLLATE NOCASE); CREATE INDEX i ON {t}({1}); CREATE INDEX j ON {t}({2}, {1} DESC)",
        columns: 3,
        read: "t",
    },
    Shape {
        sql: "CREATE TABLE {t}({0} TEXT PRIMARY KEY, {1} INT, {2} REAL); CREATE INDEX i ON {t}({1} DESC)",
        columns: 3,
        read: "t",
    },
    Shape {
        sql: "CREATE TABLE {t}({0} TEXT COLLATE NOCASE, {1}, {2}, PRIMARY KEY({0} DESC, {1})) WITHOUT ROWID; CREATE INDEX i ON {t}({2})",
        columns: 3,
        read: "t",
    },
    Shape {
        sql: "CREATE TABLE {t}({0}, {1}, {2}, PRIMARY KEY({1} COLLATE RTRIM, {0})) WITHOUT ROWID; CREATE INDEX i ON {t}({2} COLLATE NOCASE DESC)",
        columns: 3,
        read: "t",
    },
    Shape {
        sql: "CREATE TABLE {t}({0}, {1} COLLATE NOCASE, {2} AS ({0} || 'x')); CREATE INDEX i ON {t}({1}); CREATE INDEX j ON {t}({2})",
        columns: 2,
        read: "t",
    },
    Shape {
        sql: "CREATE TABLE {t}({0} INTEGER PRIMARY KEY DESC, {1}, {2}); CREATE UNIQUE INDEX i ON {t}({1}, {2})",
        columns: 3,
        read: "t",
    },
    Shape {
        sql: "CREATE TABLE {t}({0}, {1}, {2}); CREATE INDEX i ON {t}({0}) WHERE {1} IS NOT NULL; CREATE VIEW v AS SELECT {0}, {1}, {0}, {2} FROM {t}",
        columns: 3,
        read: "v",
    },
    Shape {
        sql: "CREATE TABLE {t}(rowid, oid TEXT, {0}, {1}); CREATE INDEX i ON {t}({0}, {1})",
        columns: 2,
        read: "t",
    },
    Shape {
        sql: "CREATE TABLE {t}(rowid, oid, _rowid_, {0} INTEGER PRIMARY KEY, {1}); CREATE INDEX i ON {t}({1} DESC)",
        columns: 2,
        read: "t",
    },
    Shape { sql: "CREATE TABLE {t}(rowid, oid, _rowid_, {0}, {1})", columns: 2, read: "t" },
];

const NAMES: &[[&str; 4]] = &[
    ["t", "a", "b", "c"],
    ["select", "from", "order", "group"],
    ["a \"quoted\".table", "x.y", "it's", "with \"both\"'s"],
    ["naïve 😀 table", "😀", " ", "ключ"],
    ["[t]", "[a]", "`b`", "--c"],
];

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("".to_owned()),
        Just("a".to_owned()),
        Just("A".to_owned()),
        Just("a ".to_owned()),
        Just("b\0c".to_owned()),
        Just("\u{202e}x".to_owned()),
        Just("12".to_owned()),
        "[a-cA-C ]{0,3}",
    ];
    prop_oneof![
        3 => Just(Value::Null),
        6 => (-3_i64..6).prop_map(Value::Integer),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(i64::MAX - 1)].prop_map(Value::Integer),
        2 => prop_oneof![
            Just(1.0), Just(1.5), Just(-0.0), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(9.223_372_036_854_775e18)
        ].prop_map(Value::Real),
        6 => text.prop_map(|text| Value::text(&text)),
        1 => prop::collection::vec(prop_oneof![Just(0x80_u8), Just(0xff), Just(b'a'), Just(0)], 0..3)
            .prop_map(|bytes| Value::Text(Bytes::whole(bytes))),
        2 => prop::collection::vec(any::<u8>(), 0..3).prop_map(|bytes| Value::Blob(Bytes::whole(bytes))),
        1 => Just(Value::text(&"long ".repeat(500))),
    ]
}

struct Bound<'a>(&'a Value);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(bytes) => ValueRef::Text(bytes.head()),
            Value::Blob(bytes) => ValueRef::Blob(bytes.head()),
        }))
    }
}

fn whole(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(Bytes::whole(bytes)),
        ValueRef::Blob(bytes) => Value::Blob(Bytes::whole(bytes)),
    }
}

/// A database of this shape; rows that its constraints refuse are left out.
fn build(shape: &Shape, names: &[&str; 4], rows: &[Vec<Value>]) -> (TempDir, ReadSession, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let connection = Connection::open(&path).unwrap();
    let table = quoted(names[0]);
    let columns: Vec<String> = names[1..].iter().map(|name| quoted(name)).collect();
    let mut sql = shape.sql.replace("{t}", &table);
    for (at, column) in columns.iter().enumerate() {
        sql = sql.replace(&format!("{{{at}}}"), column);
    }
    connection.execute_batch(&sql).unwrap();
    let columns = &columns[..shape.columns];
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {table}({}) VALUES({marks})", columns.join(", "));
    connection.execute_batch("BEGIN").unwrap();
    for row in rows {
        let row: Vec<Bound<'_>> = row[..columns.len()].iter().map(Bound).collect();
        // A type that does not fit (text into an INTEGER PRIMARY KEY) is refused: as good as another row.
        let _ = connection.execute(&insert, rusqlite::params_from_iter(row));
    }
    connection.execute_batch("COMMIT").unwrap();
    let session = ReadSession::open(&Location::File(path)).unwrap();
    (folder, session, connection)
}

fn name_of<'a>(shape: &Shape, names: &[&'a str; 4]) -> &'a str {
    if shape.read == "v" { "v" } else { names[0] }
}

/// All rows by plain SQL, in the order that the pages promise.
fn by_plain_sql(connection: &Connection, relation: &Relation, sort: &[SortKey], tail: Direction) -> Vec<Vec<Value>> {
    let columns: Vec<String> = relation.columns.iter().map(|column| quoted(&column.name)).collect();
    let word = |descending: bool| if descending { "DESC" } else { "ASC" };
    let mut terms: Vec<String> = sort
        .iter()
        .map(|key| format!("t.{} {}", columns[key.column], word(key.direction == Direction::Descending)))
        .collect();
    match &relation.key {
        KeyKind::Rowid { alias, .. } => {
            terms.push(format!("t.{} {}", quoted(alias), word(tail == Direction::Descending)));
        }
        KeyKind::Primary(key) => terms.extend(key.iter().map(|key| {
            let descending = if sort.is_empty() { key.descending } else { tail == Direction::Descending };
            format!("t.{} COLLATE {} {}", columns[key.column], key.collation, word(descending))
        })),
        KeyKind::None if sort.is_empty() => {}
        KeyKind::None => terms.extend(columns.iter().map(|column| format!("t.{column}"))),
    }
    let order = if terms.is_empty() { String::new() } else { format!("ORDER BY {}", terms.join(", ")) };
    let list: Vec<String> = columns.iter().map(|column| format!("t.{column}")).collect();
    let sql = format!("SELECT {} FROM {} AS t {order}", list.join(", "), quoted(&relation.name));
    let mut statement = connection.prepare(&sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        all.push((0..columns.len()).map(|at| whole(row.get_ref(at).unwrap())).collect());
    }
    all
}

/// A whole value as a page shows it.
fn shown(value: &Value) -> Value {
    match value {
        Value::Text(bytes) => Value::Text(Bytes::cut(bytes.head(), 1024)),
        Value::Blob(bytes) => Value::Blob(Bytes::cut(bytes.head(), 1024)),
        other => other.clone(),
    }
}

struct Reading<'a> {
    session: &'a mut ReadSession,
    relation: Arc<Relation>,
    sort: Vec<SortKey>,
    limit: usize,
}

impl Reading<'_> {
    fn page(&mut self, at: PageAt) -> Page {
        let query = PageQuery { relation: Arc::clone(&self.relation), sort: self.sort.clone(), at, limit: self.limit };
        self.session.page(&query).unwrap()
    }

    fn forwards(&mut self) -> Vec<Row> {
        let mut page = self.page(PageAt::First);
        assert!(page.at_start && page.position == Position::Exact(0));
        let mut rows = page.rows.clone();
        while !page.at_end {
            page = self.page(PageAt::After(page.last.unwrap()));
            assert!(!page.at_start && !page.rows.is_empty());
            rows.extend(page.rows.clone());
        }
        rows
    }

    fn backwards(&mut self) -> Vec<Row> {
        let mut page = self.page(PageAt::Last);
        assert!(page.at_end);
        let mut rows = page.rows.clone();
        while !page.at_start {
            page = self.page(PageAt::Before(page.first.unwrap()));
            assert!(!page.at_end && !page.rows.is_empty());
            rows.splice(0..0, page.rows.clone());
        }
        rows
    }
}

fn keys(rows: &[Row]) -> Vec<RowKey> {
    rows.iter().map(|row| row.key.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn pages_equal_plain_sql(
        shape in prop::sample::select(SHAPES),
        names in prop::sample::select(NAMES),
        rows in prop::collection::vec(prop::collection::vec(value(), 3), 0..60),
        sort in prop::collection::vec((0_usize..4, any::<bool>()), 0..3),
        limit in 1_usize..9,
        jumps in prop::collection::vec((0.0_f64..110.0, any::<prop::sample::Index>()), 3),
    ) {
        let (_folder, mut session, connection) = build(&shape, &names, &rows);
        let relation = Arc::clone(session.schema().unwrap().find(name_of(&shape, &names)).unwrap());
        prop_assert_eq!(&relation.broken, &None);
        let mut used = Vec::new();
        let sort: Vec<SortKey> = sort
            .into_iter()
            .map(|(column, descending)| SortKey {
                column: column % relation.columns.len(),
                direction: if descending { Direction::Descending } else { Direction::Ascending },
            })
            .filter(|key| !used.contains(&key.column) && { used.push(key.column); true })
            .collect();
        let mut reading = Reading { session: &mut session, relation: Arc::clone(&relation), sort: sort.clone(), limit };

        let all = reading.forwards();
        prop_assert_eq!(&all, &reading.backwards());
        let cells: Vec<Vec<Value>> = all.iter().map(|row| row.cells.to_vec()).collect();
        // The key breaks ties in the direction that an index gives: one of the two.
        let plain = [Direction::Ascending, Direction::Descending]
            .map(|tail| by_plain_sql(&connection, &relation, &sort, tail));
        let shown = plain.map(|rows| rows.iter().map(|row| row.iter().map(shown).collect()).collect::<Vec<Vec<_>>>());
        prop_assert!(shown.contains(&cells), "{:?}\n{:?}\n{:?}", relation.key, cells, shown[0]);
        prop_assert_eq!(reading.session.count(&relation).unwrap(), all.len() as u64);

        let order = keys(&all);
        for (percent, index) in jumps {
            let page = reading.page(PageAt::Percent(percent));
            let at = page.rows.first().map_or(0, |row| order.iter().position(|key| *key == row.key).unwrap());
            check(&page, &all, at, limit);
            if all.is_empty() {
                continue;
            }
            let wanted = index.index(all.len());
            let key = all[wanted].key.clone();
            let page = reading.page(PageAt::Key(key.clone()));
            check(&page, &all, wanted, limit);
            let anchor = page.first.clone().unwrap();
            let page = reading.page(PageAt::From(anchor.clone()));
            check(&page, &all, wanted, limit);
            let page = reading.page(PageAt::After(anchor.clone()));
            check(&page, &all, wanted + 1, limit);
            let page = reading.page(PageAt::Before(anchor));
            check(&page, &all, wanted.saturating_sub(limit), limit.min(wanted));
            let record = reading.session.record(&relation, &key).unwrap().unwrap();
            let heads: Vec<Value> = record.cells.iter().map(self::shown).collect();
            if sort.is_empty() || relation.key != KeyKind::None {
                prop_assert_eq!(&heads[..], &all[wanted].cells[..]);
                let cell = reading.session.cell(&relation, &key, 0).unwrap().unwrap();
                prop_assert_eq!(&cell, &record.cells[0]);
            }
        }
        // Places whose row is gone lead to the next.
        if let (KeyKind::Rowid { alias, .. }, true) = (&relation.key, all.len() > 2) {
            let gone = all.len() / 2;
            let page = reading.page(PageAt::Key(all[gone].key.clone()));
            let RowKey::Rowid(rowid) = all[gone].key else { unreachable!() };
            let sql = format!("DELETE FROM {} AS t WHERE t.{} = ?1", quoted(&relation.name), quoted(alias));
            connection.execute(&sql, [rowid]).unwrap();
            let mut left = all.clone();
            left.remove(gone);
            let anchor = page.first.unwrap();
            check(&reading.page(PageAt::From(anchor.clone())), &left, gone, limit);
            check(&reading.page(PageAt::After(anchor.clone())), &left, gone, limit);
            let before = reading.page(PageAt::Before(anchor));
            check(&before, &left, gone.saturating_sub(limit), limit.min(gone));
            let query = PageQuery {
                relation: Arc::clone(&relation), sort: sort.clone(), at: PageAt::Key(all[gone].key.clone()), limit,
            };
            prop_assert_eq!(reading.session.page(&query).unwrap_err().kind, ErrorKind::NoSuchRow);
        }
    }
}

/// The page is `all` from `at` on, at most `limit` rows, and knows its ends.
fn check(page: &Page, all: &[Row], at: usize, limit: usize) {
    let end = (at + limit).min(all.len());
    assert_eq!(&page.rows[..], &all[at..end], "{page:?}");
    assert_eq!(page.at_start, at == 0, "{page:?}");
    assert_eq!(page.at_end, end == all.len(), "{page:?}");
    let place = |anchor: &Option<Anchor>| anchor.as_ref().map(|anchor| anchor.key.clone());
    assert_eq!(place(&page.first), page.rows.first().map(|row| row.key.clone()));
    assert_eq!(place(&page.last), page.rows.last().map(|row| row.key.clone()));
    match page.position {
        Position::Exact(number) => assert_eq!(number, at as u64),
        Position::FromEnd(rows) => assert_eq!(rows, (all.len() - at) as u64),
        Position::About(share) => assert!((0.0..=1.0).contains(&share)),
        Position::Unknown => {}
    }
}
