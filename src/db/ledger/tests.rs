//! Pages against a plain filter over all rows.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::{collection::vec, option, prelude::*, sample::select};
use rusqlite::{Connection, params, types::Value as Stored};

use crate::{
    db::{demo, session::file::FileSession},
    domain::activity::{LedgerFilter, LedgerFrom, LedgerPage, LedgerQuery, LedgerRow},
    domain::time,
};

/// A ledger with what these statements do to it.
fn ledger(sql: &str) -> (tempfile::TempDir, FileSession) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(demo::SCHEMA).unwrap();
    connection.execute_batch(sql).unwrap();
    let session = FileSession::open(&path).unwrap();
    (folder, session)
}

fn page(session: &mut FileSession, filter: &LedgerFilter, from: LedgerFrom, limit: usize) -> LedgerPage {
    session.ledger(&LedgerQuery { filter: filter.clone(), from, limit }).unwrap()
}

fn ids(page: &LedgerPage) -> Vec<i64> {
    page.rows.iter().map(|row| row.id).collect()
}

/// All rows that pass, page by page from the newest, and how many pages that were.
fn down(session: &mut FileSession, filter: &LedgerFilter, limit: usize) -> (Vec<LedgerRow>, usize) {
    let mut rows = Vec::new();
    let mut from = LedgerFrom::Newest;
    for pages in 1..10_000 {
        let page = page(session, filter, from, limit);
        assert!(page.rows.len() <= limit);
        assert_eq!(page.newer, from != LedgerFrom::Newest);
        let next = page.reached.or(page.rows.first().map(|row| row.id));
        rows.splice(0..0, page.rows);
        if !page.older {
            return (rows, pages);
        }
        from = LedgerFrom::Before(next.unwrap());
    }
    unreachable!("no end")
}

/// All rows that pass behind this id, page by page.
fn up(session: &mut FileSession, filter: &LedgerFilter, after: i64, limit: usize) -> Vec<LedgerRow> {
    let mut rows = Vec::new();
    let mut from = LedgerFrom::After(after);
    loop {
        let page = page(session, filter, from, limit);
        assert!(page.rows.len() <= limit && page.older);
        let next = page.reached.or(page.rows.last().map(|row| row.id));
        rows.extend(page.rows);
        if !page.newer {
            return rows;
        }
        from = LedgerFrom::After(next.unwrap());
    }
}

fn name() -> impl Strategy<Value = Stored> {
    prop_oneof![
        6 => select(vec!["verifier", "creator", "Verifier", "", "12", "x'00'", "Inf"]).prop_map(|name| Stored::Text(name.to_owned())),
        1 => select(vec![Stored::Null, Stored::Integer(12), Stored::Real(1.5), Stored::Blob(vec![0]), Stored::Blob(vec![0xff])]),
    ]
}

fn reason() -> impl Strategy<Value = Stored> {
    prop_oneof![
        3 => "[a-cA-C %_'Ää\0]{0,8}".prop_map(Stored::Text),
        1 => Just(Stored::Null),
        1 => vec(any::<u8>(), 0..4).prop_map(Stored::Blob),
    ]
}

fn stored() -> impl Strategy<Value = Stored> {
    let second = 1_769_673_787_i64..1_769_673_797;
    prop_oneof![
        3 => (second.clone(), 0..3_i64).prop_map(|(second, tenth)| {
            Timestamp::from_nanosecond(i128::from(second * 1_000 + tenth * 999 / 2) * 1_000_000).unwrap().to_string()
        }),
        3 => second.clone().prop_map(|second| Timestamp::from_second(second).unwrap().strftime("%F %T").to_string()),
        1 => second.clone().prop_map(|second| Timestamp::from_second(second + 50_400).unwrap().strftime("%FT%T+14:00").to_string()),
        1 => second.clone().prop_map(|second| Timestamp::from_second(second - 50_400).unwrap().strftime("%F %T.9999-14:00").to_string()),
        1 => select(vec!["", "soon", "2026-01-29", "2026-01-29 08:03", "2460000.5"]).prop_map(str::to_owned),
    ]
    .prop_flat_map(|text| prop_oneof![9 => Just(Stored::Text(text)), 1 => select(vec![Stored::Null, Stored::Integer(2_460_000), Stored::Blob(b"2026-01-29".to_vec())])])
}

#[derive(Clone, Debug)]
struct Raw {
    gap: i64,
    names: [Stored; 4],
    reason: Stored,
    at: Stored,
}

fn raw() -> impl Strategy<Value = Raw> {
    (1..4_i64, [name(), name(), name(), name()], reason(), stored()).prop_map(|(gap, names, reason, at)| Raw {
        gap,
        names,
        reason,
        at,
    })
}

fn wanted() -> impl Strategy<Value = String> {
    select(vec!["verifier", "creator", "", "12", "1.5", "x'00'", "x'ff'", "Inf", "nobody", "a\u{fffd}"])
        .prop_map(str::to_owned)
}

fn filter() -> impl Strategy<Value = LedgerFilter> {
    let time = || {
        option::of((1_769_673_785_i64..1_769_673_799).prop_map(|second| Timestamp::new(second, 500_000_000).unwrap()))
    };
    let few = || prop_oneof![2 => Just(Vec::new()), 1 => vec(wanted(), 1..3)];
    let text = option::weighted(
        0.3,
        select(vec!["a", "B", "%", "_", "'", "ä", "Ä", "\0", "x'", "F", "12", ""]).prop_map(str::to_owned),
    );
    (few(), few(), few(), option::weighted(0.3, wanted()), text, time(), time()).prop_map(
        |(bots, actions, kinds, item, text, since, until)| LedgerFilter {
            bots,
            actions,
            kinds,
            item,
            text,
            since,
            until,
        },
    )
}

/// The tables the rows lie in: with code-reels' indexes, without, with declared types that keep numbers.
const TABLES: [&str; 3] = [
    "",
    "DROP INDEX idx_bot_ledger_item; DROP INDEX idx_bot_ledger_bot; DROP INDEX idx_bot_ledger_created;",
    "DROP VIEW v_bot_activity; DROP TABLE bot_ledger; CREATE TABLE botLedger(id INTEGER PRIMARY KEY, botName, action, itemType, itemId, reason, createdAt);
     CREATE INDEX b ON botLedger(botName); CREATE INDEX i ON botLedger(itemId); CREATE INDEX c ON botLedger(createdAt DESC);",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn all_pages_together_are_the_filtered_table(
        table in 0..TABLES.len(), rows in vec(raw(), 0..60), filters in vec(filter(), 4), limit in 1..9_usize, at in 0..60_usize,
    ) {
        let (folder, mut session) = ledger(TABLES[table]);
        let connection = Connection::open(folder.path().join("ledger.db")).unwrap();
        let insert = if table == 2 { "INSERT INTO botLedger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)" } else {
            "INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id, reason, created_at) VALUES (?1, coalesce(?2, ''), coalesce(?3, ''), coalesce(?4, ''), coalesce(?5, ''), ?6, ?7)"
        };
        let mut id = -3;
        for row in &rows {
            id += row.gap;
            let [bot, action, kind, item] = &row.names;
            connection.execute(insert, params![id, bot, action, kind, item, row.reason, row.at]).unwrap();
        }
        let all = page(&mut session, &LedgerFilter::default(), LedgerFrom::Newest, 100).rows;
        prop_assert_eq!(all.len(), rows.len());
        let after = all.get(at).map_or(0, |row| row.id);
        for filter in filters {
            let naive: Vec<LedgerRow> = all.iter().filter(|row| filter.matches(row)).cloned().collect();
            prop_assert_eq!(&down(&mut session, &filter, limit).0, &naive, "{:?}", filter);
            let behind: Vec<LedgerRow> = naive.iter().filter(|row| row.id > after).cloned().collect();
            prop_assert_eq!(up(&mut session, &filter, after, limit), behind, "{:?}", filter);
        }
    }

    /// With clocks that only go on, the place of a time is its first row.
    #[test]
    fn the_place_of_a_time_is_its_first_row(
        steps in vec((1..400_i64, 0..30_i64, 0..12_u8), 0..200), before in 0..3000_i64, limit in 2..9_usize,
    ) {
        let mut sql = String::from("BEGIN;");
        let (mut id, mut second) = (0, 1_769_673_787);
        let mut rows = Vec::new();
        for (gap, pause, form) in steps {
            (id, second) = (id + gap, second + pause);
            let time = Timestamp::from_second(second).unwrap();
            let at = match form {
                0 => "soon".to_owned(),
                1..6 => time.strftime("%F %T").to_string(),
                _ => time.strftime("%FT%T.588Z").to_string(),
            };
            rows.push((id, time::parse(&at)));
            sql += &format!("INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id, created_at) VALUES ({id}, 'b', 'a', 'question', 'q', '{at}');");
        }
        let (_folder, mut session) = ledger(&format!("{sql} COMMIT;"));
        let time = Timestamp::from_second(1_769_673_780 + before).unwrap();
        let found = page(&mut session, &LedgerFilter::default(), LedgerFrom::Around(time), limit);
        let first = rows.iter().find(|(_, at)| at.is_some_and(|at| at >= time)).map(|(id, _)| *id);
        prop_assert_eq!(found.anchor, first);
        let place = rows.iter().position(|(id, _)| Some(*id) == first).unwrap_or(rows.len());
        let start = place.saturating_sub(limit / 2);
        let end = rows.len().min(place + limit - limit / 2);
        prop_assert_eq!(ids(&found), rows[start..end].iter().map(|(id, _)| *id).collect::<Vec<_>>());
        prop_assert_eq!((found.older, found.newer, found.reached), (start > 0, end < rows.len(), None));
    }
}

/// Rows of five bots in turn, one of which is rare, a row in ten seconds, in one form of time after the other.
fn many(rows: u64, rest: &str) -> (tempfile::TempDir, FileSession) {
    ledger(&format!(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {rows})
         INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at) SELECT
             CASE WHEN x % 10000 = 0 THEN 'rare' ELSE 'bot' || (x % 4) END, 'update', 'question', 'q-' || (x % 1000), 'reason ' || x,
             strftime(CASE x % 2 WHEN 0 THEN '%Y-%m-%d %H:%M:%S' ELSE '%Y-%m-%dT%H:%M:%fZ' END, 1767225600 + x * 10, 'unixepoch') FROM n; {rest}"
    ))
}

#[test]
fn rare_rows_are_searched_for_in_bounded_steps() {
    let (_folder, mut session) = many(180_000, "DROP INDEX idx_bot_ledger_bot; DROP INDEX idx_bot_ledger_created;");
    let rare = LedgerFilter { bots: vec!["rare".to_owned()], ..LedgerFilter::default() };
    let mut last = i64::MAX;
    let mut from = LedgerFrom::Newest;
    let mut reached = Vec::new();
    loop {
        let page = page(&mut session, &rare, from, 100);
        assert!(session.rows_read() <= 330_000, "{} rows read", session.rows_read());
        assert!(page.rows.iter().all(|row| row.id < last));
        let Some(end) = page.reached else { break };
        reached.push(end);
        (last, from) = (end, LedgerFrom::Before(end));
    }
    assert_eq!(reached, [130_001, 80_001, 30_001]);
    let nothing = LedgerFilter { text: Some("nothing has this".to_owned()), ..LedgerFilter::default() };
    let page = page(&mut session, &nothing, LedgerFrom::After(100_000), 100);
    assert_eq!((page.rows.len(), page.reached, page.newer), (0, Some(150_000), true));
    assert_eq!(down(&mut session, &rare, 7).0.len(), 18);
}

#[test]
fn indexes_are_used_where_they_are() {
    let (_folder, mut session) = many(180_000, "ANALYZE;");
    let rare = LedgerFilter { bots: vec!["rare".to_owned()], ..LedgerFilter::default() };
    assert_eq!(page(&mut session, &rare, LedgerFrom::Newest, 100).rows.len(), 18);
    assert!(session.rows_read() < 1_000, "{} rows read", session.rows_read());
    let item = LedgerFilter { item: Some("q-7".to_owned()), text: Some("5007".to_owned()), ..LedgerFilter::default() };
    let found = page(&mut session, &item, LedgerFrom::Before(170_000), 100);
    assert_eq!(
        (ids(&found), found.reached, found.older),
        (
            vec![
                5_007, 15_007, 25_007, 35_007, 45_007, 55_007, 65_007, 75_007, 85_007, 95_007, 105_007, 115_007,
                125_007, 135_007, 145_007, 155_007, 165_007
            ],
            None,
            false
        )
    );
    assert!(session.rows_read() < 2_000, "{} rows read", session.rows_read());
    // Two days of 20: their rows, and those of a day more by the index alone.
    let since = time::parse("2026-01-19T20:00:00.9Z");
    let days = LedgerFilter { since, bots: vec!["rare".to_owned(), "nobody".to_owned()], ..LedgerFilter::default() };
    let found = page(&mut session, &days, LedgerFrom::Newest, 100);
    assert_eq!((ids(&found), found.reached, found.older), (vec![170_000, 180_000], None, false));
    assert!(session.rows_read() < 260_000, "{} rows read", session.rows_read());
}

#[test]
fn a_first_page_reads_what_it_shows() {
    let (_folder, mut session) = many(180_000, "");
    let newest = page(&mut session, &LedgerFilter::default(), LedgerFrom::Newest, 200);
    assert_eq!((newest.rows.len(), newest.older, newest.newer, newest.reached), (200, true, false, None));
    assert!(session.rows_read() < 2_000, "{} rows read", session.rows_read());
    let dense = LedgerFilter { bots: vec!["bot1".to_owned(), "bot2".to_owned()], ..LedgerFilter::default() };
    page(&mut session, &dense, LedgerFrom::Before(100_000), 200);
    assert!(session.rows_read() < 3_000, "{} rows read", session.rows_read());
    let around =
        page(&mut session, &LedgerFilter::default(), LedgerFrom::Around(time::parse("2026-01-02").unwrap()), 200);
    assert_eq!((around.anchor, around.rows.len()), (Some(8_640), 200));
    assert!(session.rows_read() < 5_000, "{} rows read", session.rows_read());
}

/// Every fourth row has a clock that is an hour ahead, and ids jump.
#[test]
fn a_wrong_clock_among_right_ones_does_not_mislead() {
    let (_folder, mut session) = many(
        20_000,
        "UPDATE bot_ledger SET created_at = datetime(created_at, '+1 hour') WHERE bot_name = 'bot1';
         UPDATE bot_ledger SET id = id + 4000000000 WHERE id > 10000; UPDATE bot_ledger SET id = 9223372036854775807 WHERE id = 4000020000;",
    );
    let at = |text: &str| LedgerFrom::Around(time::parse(text).unwrap());
    let mut anchor = |from| page(&mut session, &LedgerFilter::default(), from, 10).anchor.unwrap();
    assert!((720 - 8..=720).contains(&anchor(at("2026-01-01 02:00:00"))));
    assert!((4_000_014_400 - 8..=4_000_014_400).contains(&anchor(at("2026-01-02 16:00:00"))));
    let found = page(&mut session, &LedgerFilter::default(), at("2027-01-01"), 10);
    assert_eq!((found.anchor, found.rows.len(), found.newer), (None, 5, false));
    assert_eq!(found.rows.last().unwrap().id, i64::MAX);
    let all: BTreeSet<i64> = down(&mut session, &LedgerFilter::default(), 3_000).0.iter().map(|row| row.id).collect();
    assert_eq!(all.len(), 20_000);
}

#[test]
fn one_row_has_its_whole_reason() {
    let (_folder, mut session) = ledger(
        "INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id, reason) VALUES
             (4, 'a', 'flag', 'question', 'q-1', NULL), (5, 'a', 'flag', 'question', 'q-1', printf('%.*c', 5000, 'x')),
             (6, 'a', 'flag', 'question', 'q-1', 'six')",
    );
    let any = LedgerFilter::default();
    let whole = page(&mut session, &any, LedgerFrom::Row(5), 10);
    assert_eq!((ids(&whole), whole.rows[0].reason.as_ref().map(String::len)), (vec![5], Some(5000)));
    assert_eq!(page(&mut session, &any, LedgerFrom::After(4), 1).rows[0].reason.as_ref().map(String::len), Some(1024));
    for (filter, id) in [(LedgerFilter { bots: vec!["b".into()], ..any.clone() }, 5), (any, 7)] {
        assert_eq!(ids(&page(&mut session, &filter, LedgerFrom::Row(id), 10)), [0; 0]);
    }
}
