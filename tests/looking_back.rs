//! Looking back: pages of the ledger through filters, and the stories of all kinds of items with the runs that belong to them. The same of
//! files, servers and copies of servers, of physical and logical names; at the cost that was promised.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use jiff::Timestamp;
use reelscope::{
    db::{
        demo,
        error::ErrorKind,
        location::Location,
        request::{Query, Slot},
        session::ReadSession,
    },
    domain::{
        activity::{Item, LedgerFilter, LedgerFrom, LedgerPage, LedgerQuery, LedgerRow},
        page::RowKey,
        review::{StoryEvent, StorySource},
        time,
    },
};
use support::{
    places::{Names, Places, code_reels},
    proxy::Proxy,
    reach::{Asked, server},
    samples::Sample,
    sqld::{Options, Sqld},
};

/// 600 rows of three bots, a row a minute, in both forms of times; one row in a hundred by a fourth bot, with a long reason.
const LEDGER: &str = "
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 600)
    INSERT INTO bot_ledger(bot_name, action, item_type, item_id, before_state, reason, created_at) SELECT
        CASE WHEN x % 100 = 0 THEN 'rare' ELSE 'bot' || (x % 3) END, CASE x % 5 WHEN 0 THEN 'flag' ELSE 'update' END,
        CASE x % 7 WHEN 0 THEN 'test' ELSE 'question' END, 'q-' || (x % 50), '{}',
        CASE WHEN x % 100 = 0 THEN printf('%.*c', 3000, 'r') || 'The End' WHEN x % 2 THEN 'Number ' || x END,
        strftime(CASE x % 2 WHEN 0 THEN '%Y-%m-%d %H:%M:%S' ELSE '%Y-%m-%dT%H:%M:%S.588Z' END, 1767225600 + x * 60, 'unixepoch') FROM n;";

fn page(session: &mut ReadSession, filter: &LedgerFilter, from: LedgerFrom, limit: usize) -> LedgerPage {
    session.ledger(&LedgerQuery { filter: filter.clone(), from, limit }).unwrap()
}

fn ids(page: &LedgerPage) -> Vec<i64> {
    page.rows.iter().map(|row| row.id).collect()
}

fn at(text: &str) -> Timestamp {
    time::parse(text).unwrap()
}

/// Filters of each kind, and together.
fn filters() -> Vec<LedgerFilter> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let any = LedgerFilter::default;
    vec![
        any(),
        LedgerFilter { bots: names(&["rare"]), ..any() },
        LedgerFilter { bots: names(&["rare", "bot2"]), actions: names(&["flag"]), ..any() },
        LedgerFilter { kinds: names(&["test"]), item: Some("q-7".to_owned()), ..any() },
        LedgerFilter { text: Some("NUMBER 1".to_owned()), ..any() },
        LedgerFilter { text: Some("%".to_owned()), ..any() },
        LedgerFilter { since: Some(at("2026-01-01 09:00:00")), ..any() },
        LedgerFilter {
            since: Some(at("2026-01-01T02:00:00Z")),
            until: Some(at("2026-01-01 03:00:00.9")),
            bots: names(&["bot1"]),
            ..any()
        },
        LedgerFilter { until: Some(at("2025-01-01")), ..any() },
        LedgerFilter { bots: names(&["it's", "x'00'", "\u{fffd}", ""]), ..any() },
    ]
}

#[test]
fn pages_are_the_filtered_rows_wherever_they_are() {
    for names in [Names::Physical, Names::Logical] {
        Places::of(code_reels(names, LEDGER)).each(|place, session| {
            let all = page(session, &LedgerFilter::default(), LedgerFrom::Newest, 1000).rows;
            assert_eq!((all.len(), all[0].id, all[599].id), (600, 1, 600), "{place} {names:?}");
            let expected = LedgerRow {
                id: 301,
                bot: "bot1".to_owned(),
                action: "update".to_owned(),
                item_type: "test".to_owned(),
                item_id: "q-1".to_owned(),
                reason: Some("Number 301".to_owned()),
                created_at: Some("2026-01-01T05:01:00.588Z".to_owned()),
            };
            assert_eq!(all[300], expected, "{place}");
            assert_eq!(all[99].reason.as_ref().map(String::len), Some(1024));
            for filter in filters() {
                let naive: Vec<i64> = all.iter().filter(|row| filter.matches(row)).map(|row| row.id).collect();
                let mut back = Vec::new();
                let mut from = LedgerFrom::Newest;
                loop {
                    let page = page(session, &filter, from, 37);
                    back.splice(0..0, ids(&page));
                    let Some(next) = page.reached.or(page.rows.first().map(|row| row.id)).filter(|_| page.older) else {
                        break;
                    };
                    from = LedgerFrom::Before(next);
                }
                assert_eq!(back, naive, "{place} {names:?} {filter:?}");
                let on = page(session, &filter, LedgerFrom::After(200), 37);
                let behind: Vec<i64> = naive.iter().copied().filter(|id| *id > 200).collect();
                assert_eq!(ids(&on), behind[..behind.len().min(37)], "{place} {filter:?}");
                assert_eq!(on.newer, behind.len() > 37 || on.reached.is_some(), "{place} {filter:?}");
            }
        });
    }
}

#[test]
fn the_whole_reason_is_searched() {
    Places::of(code_reels(Names::Physical, LEDGER)).each(|place, session| {
        let filter = LedgerFilter { text: Some("the end".to_owned()), ..LedgerFilter::default() };
        let found = page(session, &filter, LedgerFrom::Newest, 100);
        assert_eq!(ids(&found), [100, 200, 300, 400, 500, 600], "{place}");
        assert!(!filter.matches(&found.rows[0]), "a row has the first kilobyte only");
    });
}

#[test]
fn a_time_has_its_place() {
    Places::of(code_reels(Names::Physical, LEDGER)).each(|place, session| {
        let around = |session: &mut ReadSession, text: &str| {
            page(session, &LedgerFilter::default(), LedgerFrom::Around(at(text)), 4)
        };
        let found = around(session, "2026-01-01T05:00:30Z");
        assert_eq!((found.anchor, ids(&found)), (Some(301), vec![299, 300, 301, 302]), "{place}");
        assert!(found.older && found.newer && found.reached.is_none());
        let found = around(session, "2020-01-01");
        assert_eq!((found.anchor, ids(&found), found.older), (Some(1), vec![1, 2], false), "{place}");
        let found = around(session, "2027-01-01");
        assert_eq!((found.anchor, ids(&found), found.newer), (None, vec![599, 600], false), "{place}");
        let rare = LedgerFilter { bots: vec!["rare".to_owned()], ..LedgerFilter::default() };
        let found = page(session, &rare, LedgerFrom::Around(at("2026-01-01T05:00:30Z")), 4);
        assert_eq!(
            (found.anchor, ids(&found)),
            (Some(301), vec![200, 300, 400, 500]),
            "{place}: the place is of all rows"
        );
    });
}

#[test]
fn hostile_rows_and_odd_tables_do_no_harm() {
    let hostile = "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at) VALUES
            (CAST(x'fe' AS TEXT), 'a''b', x'00ff', 'q' || char(0) || 'x', CAST(x'41ff42' AS TEXT), 9e999),
            ('b' || char(27), 9e999, '', -1, x'ff', x'ff'), ('b', 'a', 'question', 'q', NULL, NULL);";
    Places::of(code_reels(Names::Physical, hostile)).each(|place, session| {
        let rows = page(session, &LedgerFilter::default(), LedgerFrom::Newest, 10).rows;
        assert_eq!(
            (rows[0].bot.as_str(), rows[0].item_type.as_str(), rows[0].item_id.as_str()),
            ("\u{fffd}", "x'00ff'", "q\0x"),
            "{place}"
        );
        assert_eq!((rows[1].reason.as_deref(), rows[2].reason.as_deref()), (Some("x'ff'"), None));
        for (at, row) in rows.iter().enumerate() {
            let same = LedgerFilter {
                bots: vec![row.bot.clone()],
                actions: vec![row.action.clone()],
                kinds: vec![row.item_type.clone()],
                item: Some(row.item_id.clone()),
                ..LedgerFilter::default()
            };
            assert_eq!(ids(&page(session, &same, LedgerFrom::Newest, 10)), [at as i64 + 1], "{place} {same:?}");
        }
        assert_eq!(
            page(session, &LedgerFilter::default(), LedgerFrom::Around(at("2026-01-01")), 10).rows.len(),
            3,
            "{place}"
        );
    });
    let all = LedgerQuery { filter: LedgerFilter::default(), from: LedgerFrom::Newest, limit: 10 };
    Places::of(Sample::of("CREATE TABLE other(a)")).each(|place, session| {
        assert_eq!(session.ledger(&all).unwrap(), LedgerPage::default(), "{place}");
    });
    for odd in [
        "CREATE TABLE x(a); CREATE VIEW bot_ledger AS SELECT 1 AS bot_name FROM x",
        "CREATE TABLE bot_ledger(id TEXT PRIMARY KEY, bot_name) WITHOUT ROWID",
    ] {
        Places::of(Sample::of(odd)).each(|place, session| {
            let error = session.ledger(&all).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Sql, "{place} {error:?}");
        });
    }
    let few = "CREATE TABLE bot_ledger(\"x\u{fffd}\", bot_name); INSERT INTO bot_ledger VALUES (1, 'b'), (2, NULL);";
    Places::of(Sample::of(few)).each(|place, session| {
        for (filter, expected) in [
            (LedgerFilter::default(), &[1, 2][..]),
            (LedgerFilter { bots: vec!["b".to_owned()], ..LedgerFilter::default() }, &[1]),
            (LedgerFilter { actions: vec!["flag".to_owned()], ..LedgerFilter::default() }, &[]),
            (LedgerFilter { since: Some(at("2026-01-01")), ..LedgerFilter::default() }, &[]),
            (LedgerFilter { text: Some("b".to_owned()), ..LedgerFilter::default() }, &[]),
        ] {
            assert_eq!(ids(&page(session, &filter, LedgerFrom::Newest, 10)), expected, "{place} {filter:?}");
        }
    });
}

#[test]
fn a_page_and_a_story_are_one_round_trip() {
    let Some(sqld) = code_reels(Names::Physical, LEDGER).served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut session = ReadSession::open(&Location::Server(server(&proxy.url(), None))).unwrap();
    session.schema().unwrap();
    let mut before = proxy.counts();
    let mut once = |what: &str| {
        let after = proxy.counts();
        assert_eq!((after.requests - before.requests, after.connections - before.connections), (1, 0), "{what}");
        before = after;
    };
    for filter in filters() {
        for from in [
            LedgerFrom::Newest,
            LedgerFrom::Before(300),
            LedgerFrom::After(300),
            LedgerFrom::Around(at("2026-01-01 05:00:00")),
        ] {
            page(&mut session, &filter, from, 50);
            once(&format!("{from:?} {filter:?}"));
        }
    }
    session.story(&Item { kind: "test".to_owned(), id: "q-7".to_owned() }).unwrap();
    once("a story");
}

/// A server that sends less at once than a page has.
#[test]
fn a_small_mouth_sends_shorter_pages() {
    let options =
        Options { arguments: vec!["--max-response-size".to_owned(), "100KB".to_owned()], ..Options::default() };
    let Some(sqld) = Sqld::start_with(options) else { return };
    sqld.run(&format!("{}{LEDGER}", demo::SCHEMA));
    let mut session = ReadSession::open(&Location::Server(server(&sqld.url(), None))).unwrap();
    let found = page(&mut session, &LedgerFilter::default(), LedgerFrom::Newest, 600);
    assert!((50..500).contains(&found.rows.len()), "{}", found.rows.len());
    assert!(found.older);
}

/// Challenges, tests and blogs, and runs that were about when their ledger rows were written.
const ITEMS: &str = r#"
    INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at) VALUES
        ('creator', 'create', 'challenge', 'c-1', 'new', '2026-02-01T08:00:30.500Z'),
        ('verifier', 'verify', 'challenge', 'c-1', NULL, '2026-02-02 08:00:00'),
        ('verifier', 'verify', 'question', 'c-1', 'another thing', '2026-02-03 08:00:00'),
        ('verifier', 'verify', 'blog', 'b-1', NULL, '2026-02-05 09:00:00');
    INSERT INTO question_history(question_id, question_type, event_type, event_source, source_name, after_snapshot, created_at) VALUES
        ('c-1', 'coding', 'created', 'bot', 'creator', '{"id":"c-1"}', '2026-02-01 08:00:31'),
        ('c-1', 'test', 'created', 'bot', 'creator', NULL, '2026-02-01 08:00:31'),
        ('c-1', 'question', 'created', 'bot', 'creator', NULL, '2026-02-01 08:00:31');
    INSERT INTO work_queue(item_type, item_id, action, priority, status, created_by, created_at, processed_at, result) VALUES
        ('challenge', 'c-1', 'verify', 3, 'completed', 'creator', '2026-02-01 08:00:32', '2026-02-02T08:00:00.100Z', '"ok"');
    INSERT INTO bot_runs(bot_name, started_at, completed_at, status, items_processed, items_created, items_updated, items_deleted, summary) VALUES
        ('creator', '2026-02-01T08:00:00.000Z', '2026-02-01 08:01:00', 'completed', 10, 8, 0, NULL, '{"message":"done"}'),
        ('creator', '2026-02-01T08:00:31.000Z', '2026-02-01 08:02:00', 'completed', 1, 0, 0, 0, NULL),
        ('verifier', '2026-02-01 08:00:00', '2026-02-01 09:00:00', 'completed', 1, 0, 0, 0, NULL),
        ('verifier', '2026-01-01 00:00:00', NULL, 'running', 0, 0, 0, 0, NULL),
        ('verifier', '2026-02-02T08:00:00.900Z', NULL, 'running', 0, 0, 0, 0, NULL),
        ('verifier', '2026-02-05 08:00:00', NULL, 'failed', 0, 0, 0, 0, '{"error":"x"}'),
        ('verifier', 'soon', NULL, 'running', 0, 0, 0, 0, NULL);
"#;

fn told(event: &StoryEvent) -> String {
    let RowKey::Rowid(row) = event.key else { panic!("{:?}", event.key) };
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let end = or(&event.end);
    let after = event.after.as_deref().unwrap_or("-");
    format!(
        "{:?} {row} {} {} {} {} {end} {after}",
        event.source,
        event.who,
        event.what,
        or(&event.status),
        or(&event.reason)
    )
}

#[test]
fn anything_has_a_story_and_its_runs() {
    for names in [Names::Physical, Names::Logical] {
        Places::of(code_reels(names, ITEMS)).each(|place, session| {
            let mut lines = |kind: &str, id: &str| -> Vec<String> {
                let story = session.story(&Item { kind: kind.to_owned(), id: id.to_owned() }).unwrap();
                assert_eq!(story.cut, []);
                story.events.iter().map(told).collect()
            };
            let expected = [
                "Run 5 verifier run running - - -",
                "Ledger 2 verifier verify - - - -",
                "Queue 1 creator verify completed - 2026-02-02T08:00:00.100Z \"ok\"",
                "History 1 creator created - - - {\"id\":\"c-1\"}",
                "Ledger 1 creator create - new - -",
                "Run 1 creator run completed processed 10, created 8 2026-02-01 08:01:00 {\"message\":\"done\"}",
            ];
            assert_eq!(lines("challenge", "c-1"), expected, "{place} {names:?}");
            assert_eq!(lines("coding", "c-1"), expected, "{place}: the history's word for it");
            assert_eq!(lines("test", "c-1"), ["History 2 creator created - - - -"], "{place}");
            let question = [
                "Ledger 3 verifier verify - another thing - -",
                "Run 5 verifier run running - - -",
                "History 3 creator created - - - -",
            ];
            assert_eq!(
                lines("question", "c-1"),
                question,
                "{place}: what never ended goes on until the next one began"
            );
            assert_eq!(
                lines("blog", "b-1"),
                ["Ledger 4 verifier verify - - - -"],
                "{place}: a failed run without an end is over"
            );
            assert_eq!(lines("nothing", "c-1"), Vec::<String>::new(), "{place}");
        });
    }
}

/// Of 200,000 rows of the ledger and 20,000 runs those of the item's bots are looked at once, by their times.
#[test]
fn a_story_reads_what_it_tells_and_the_runs_of_its_bots() {
    let sample = Sample::code_reels(200_000);
    let connection = rusqlite::Connection::open(sample.path()).unwrap();
    let (kind, id, runs): (String, String, u64) = connection
        .query_row(
            "SELECT item_type, item_id, (SELECT count(*) FROM bot_runs) FROM bot_ledger WHERE id = 100000",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    drop(connection);
    let mut session = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
    session.schema().unwrap();
    let story = session.story(&Item { kind, id }).unwrap();
    let of = |source| story.events.iter().filter(|event| event.source == source).count() as u64;
    let rows = of(StorySource::Ledger) + of(StorySource::History) + of(StorySource::Queue) + of(StorySource::Run);
    assert!(of(StorySource::Ledger) > 0);
    assert!(
        session.rows_read() < 60 * rows + 12 * runs,
        "{} rows read for {rows} events, {runs} runs",
        session.rows_read()
    );
}

#[test]
fn a_cancel_ends_a_search() {
    let sample = code_reels(
        Names::Physical,
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 60000)
         INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason) SELECT 'b', 'a', 'question', 'q', printf('%.*c', 2000, 'r') FROM n;",
    );
    let mut asked = Asked::open(Location::File(sample.path().to_owned()));
    asked.get(Slot::Schema, Query::Schema).unwrap();
    let filter = LedgerFilter { text: Some("nothing".to_owned()), ..LedgerFilter::default() };
    let id = asked.ask(Slot::Ledger, Query::Ledger(LedgerQuery { filter, from: LedgerFrom::Newest, limit: 100 }));
    asked.database.cancel(Slot::Ledger);
    assert_eq!(asked.answer(id).unwrap_err().kind, ErrorKind::Cancelled);
}
