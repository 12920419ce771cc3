//! What each action costs on the network: requests, connections and bytes, counted by a proxy, held to the numbers that were promised.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{cell::RefCell, sync::Arc, time::Duration};

use reelscope::{
    db::{
        demo,
        error::{ErrorKind, Result},
        location::Location,
        request::{Answer, Freshness, Query, Reply, Slot},
        session::ReadSession,
    },
    domain::{
        page::{Direction, PageAt, PageQuery, RowKey, SortKey},
        review::ReviewOrder,
        schema::{KeyKind, Relation, Schema},
    },
};
use support::{
    Start, Terminal, http,
    proxy::{Counts, Fault, Proxy},
    reach::{Asked, server},
    samples::Sample,
    sqld::Sqld,
};

/// code-reels behind a proxy.
fn code_reels() -> Option<(Sqld, Proxy)> {
    let sqld = Sample::code_reels(1500).served()?;
    let proxy = Proxy::before(sqld.address());
    Some((sqld, proxy))
}

fn location(proxy: &Proxy) -> Location {
    Location::Server(server(&proxy.url(), None))
}

/// What passed meanwhile.
fn cost<T>(proxy: &Proxy, work: impl FnOnce() -> Result<T>) -> (T, Counts) {
    let before = proxy.counts();
    let done = work().unwrap();
    let after = proxy.counts();
    let passed = Counts {
        connections: after.connections - before.connections,
        open: after.open,
        requests: after.requests - before.requests,
        up: after.up - before.up,
        down: after.down - before.down,
    };
    (done, passed)
}

fn page(relation: &Arc<Relation>, sort: &[SortKey], at: PageAt) -> PageQuery {
    PageQuery { relation: Arc::clone(relation), sort: sort.to_vec(), at, limit: 50 }
}

#[test]
fn every_read_is_one_round_trip_on_one_connection() {
    let Some((_sqld, proxy)) = code_reels() else { return };
    let mut session = ReadSession::open(&location(&proxy)).unwrap();
    assert_eq!(proxy.counts(), Counts::default(), "opening asks nothing");
    let (schema, passed) = cost(&proxy, || session.schema());
    assert_eq!((passed.requests, passed.connections), (1, 1), "the schema");

    let session = RefCell::new(session);
    let most = |work: &mut dyn FnMut(&mut ReadSession) -> Result<()>| work(&mut session.borrow_mut()).unwrap();
    let once = |what: &str, work: &mut dyn FnMut(&mut ReadSession) -> Result<()>| {
        let ((), passed) = cost(&proxy, || work(&mut session.borrow_mut()));
        assert_eq!((passed.requests, passed.connections), (1, 0), "{what}");
    };
    let up = |column| SortKey { column, direction: Direction::Ascending };
    let down = |column| SortKey { column, direction: Direction::Descending };
    let names = ["questions", "bot_ledger", "channel_mappings", "users", "v_active_questions", "sqlite_sequence"];
    for name in names {
        let relation = Arc::clone(schema.find(name).unwrap());
        for sort in [vec![], vec![up(1)], vec![down(0)], vec![down(1), up(0)]] {
            let mut last = None;
            once(&format!("{name} {sort:?} opened"), &mut |session| {
                last = session.page(&page(&relation, &sort, PageAt::First))?.last;
                Ok(())
            });
            let Some(anchor) = last else { continue };
            let places = [
                PageAt::After(anchor.clone()),
                PageAt::Before(anchor.clone()),
                PageAt::From(anchor.clone()),
                PageAt::Last,
                PageAt::Key(anchor.key.clone()),
            ];
            for at in places {
                once(&format!("{name} {sort:?} {at:?}"), &mut |session| {
                    session.page(&page(&relation, &sort, at.clone())).map(drop)
                });
            }
            // At a share of sorted rows, and of rows without a number, it may turn out that the end is too near: one more then.
            let counted = matches!(relation.key, KeyKind::Rowid { .. }) && sort.is_empty();
            for percent in [0.0, 37.5, 61.8, 100.0] {
                let before = proxy.counts();
                let share = page(&relation, &sort, PageAt::Percent(percent));
                most(&mut |session| session.page(&share).map(drop));
                let requests = proxy.counts().requests - before.requests;
                assert!(requests <= if counted { 1 } else { 2 }, "{name} {sort:?} at {percent} %: {requests}");
            }
            once(&format!("record of {name}"), &mut |session| session.record(&relation, &anchor.key).map(drop));
            once(&format!("cell of {name}"), &mut |session| session.cell(&relation, &anchor.key, 0).map(drop));
        }
        once(&format!("rows of {name}"), &mut |session| session.count(&relation).map(drop));
    }
    let questions = Arc::clone(schema.find("questions").unwrap());
    for id in ["q-3", "no such"] {
        once("a question", &mut |session| session.question(id).map(drop));
        once("a record by its text", &mut |session| session.find(&questions, id).map(drop));
    }
    let missing = page(&questions, &[], PageAt::Key(RowKey::Rowid(-5)));
    let before = proxy.counts().requests;
    assert_eq!(session.borrow_mut().page(&missing).unwrap_err().kind, ErrorKind::NoSuchRow);
    assert_eq!(proxy.counts().requests - before, 1, "a row that is not there");
}

/// Values that JSON cannot carry may cost one more, and only the first time.
#[test]
fn what_json_cannot_carry_costs_one_more_once() {
    let Some(sqld) = Sqld::start() else { return };
    sqld.run("CREATE TABLE odd(id INTEGER PRIMARY KEY, v); INSERT INTO odd VALUES (1, 9e999), (2, CAST(x'ff' AS TEXT)), (3, 'fine');");
    let proxy = Proxy::before(sqld.address());
    let mut session = ReadSession::open(&location(&proxy)).unwrap();
    let schema = session.schema().unwrap();
    let odd = Arc::clone(schema.find("odd").unwrap());
    let query = page(&odd, &[], PageAt::First);
    let (_, passed) = cost(&proxy, || session.page(&query));
    assert!(passed.requests <= 2, "{passed:?}");
    let (found, passed) = cost(&proxy, || session.page(&query));
    assert_eq!(passed.requests, 1, "{passed:?}");
    assert_eq!(found.rows.len(), 3);
}

/// 50 rows in no more bytes than the same rows cost by hand, but for a fifth and the head.
#[test]
fn a_page_carries_its_rows_and_little_else() {
    let Some((_sqld, proxy)) = code_reels() else { return };
    let mut session = ReadSession::open(&location(&proxy)).unwrap();
    let schema = session.schema().unwrap();
    for name in ["bot_ledger", "questions", "channel_mappings"] {
        let relation = Arc::clone(schema.find(name).unwrap());
        let (_, passed) = cost(&proxy, || session.page(&page(&relation, &[], PageAt::First)));
        // The heads of long cells are all that a page carries, by hand too.
        let columns: Vec<String> =
            relation.columns.iter().map(|column| format!("substr({}, 1, 1024)", column.name)).collect();
        let sql = format!("SELECT rowid, {} FROM {name} ORDER BY rowid LIMIT 50", columns.join(", "));
        let json = serde_json::json!({"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]});
        let before = proxy.counts().down;
        assert_eq!(http::post(proxy.address(), "/v2/pipeline", None, &json.to_string()).unwrap().status, 200);
        let by_hand = proxy.counts().down - before;
        assert!(passed.down <= by_hand * 6 / 5 + 4096, "{name}: {} bytes, by hand {by_hand}", passed.down);
    }
}

/// Workers with the schema and a first page.
fn opened(proxy: &Proxy) -> (Asked, Arc<Schema>) {
    let mut asked = Asked::open(location(proxy));
    let Ok(Answer::Schema(schema)) = asked.get(Slot::Schema, Query::Schema) else { panic!("no schema") };
    (asked, schema)
}

/// Requests since then for a page of this table; what asks for changes names the tables, too.
fn pages_since(proxy: &Proxy, then: usize, table: &str) -> usize {
    proxy.requests()[then..].iter().filter(|request| is_page(&request.body, table)).count()
}

fn is_page(body: &str, table: &str) -> bool {
    body.contains(&format!("FROM main.\"{table}\" AS t ORDER BY"))
        || body.contains(&format!("FROM main.\"{table}\" AS t WHERE"))
}

/// Requests since then that carry this in their body.
fn since(proxy: &Proxy, then: usize, piece: &str) -> usize {
    proxy.requests()[then..].iter().filter(|request| request.body.contains(piece)).count()
}

#[test]
fn the_workers_ask_once_and_remember() {
    let Some((_sqld, proxy)) = code_reels() else { return };
    let (mut asked, schema) = opened(&proxy);
    let relation = Arc::clone(schema.find("question_history").unwrap());
    let first = page(&relation, &[], PageAt::First);
    let then = proxy.requests().len();
    let Ok(Answer::Page(found)) = asked.get(Slot::Page, Query::Page(first.clone())) else { panic!("no page") };
    assert_eq!(pages_since(&proxy, then, "question_history"), 1);

    // Seen a moment ago: from memory.
    let then = proxy.requests().len();
    for _ in 0..5 {
        let Ok(Answer::Page(again)) = asked.get(Slot::Page, Query::Page(first.clone())) else { panic!("no page") };
        assert_eq!(again.rows, found.rows);
    }
    assert_eq!(pages_since(&proxy, then, "question_history"), 0, "cached");
    // Read ahead: from memory, too.
    let next = page(&relation, &[], PageAt::After(found.last.clone().unwrap()));
    asked.get(Slot::Ahead, Query::Page(next.clone())).unwrap();
    let then = proxy.requests().len();
    asked.get(Slot::Page, Query::Page(next)).unwrap();
    assert_eq!(pages_since(&proxy, then, "question_history"), 0, "read ahead");
    // Wanted anew: one.
    let then = proxy.requests().len();
    let id = asked.ask_for(Slot::Page, Query::Page(first), Freshness::Now);
    asked.answer(id).unwrap();
    assert_eq!(pages_since(&proxy, then, "question_history"), 1, "anew");

    // A question, twice: one.
    let then = proxy.requests().len();
    asked.get(Slot::Question, Query::Question("q-3".to_owned())).unwrap();
    asked.get(Slot::Question, Query::Question("q-3".to_owned())).unwrap();
    assert_eq!(since(&proxy, then, "'q-3'"), 1, "a question");
}

#[test]
fn all_counts_come_in_one_round_trip() {
    let Some((_sqld, proxy)) = code_reels() else { return };
    let (mut asked, schema) = opened(&proxy);
    let relations: Vec<Arc<Relation>> =
        schema.relations.iter().filter(|relation| relation.facts.is_some()).cloned().collect();
    assert_eq!(relations.len(), 12);
    let first = page(&relations[1], &[], PageAt::First);
    asked.get(Slot::Page, Query::Page(first)).unwrap();
    let then = proxy.requests().len();
    let id = asked.ask(Slot::Count, Query::Counts(relations));
    let mut counted = 0;
    asked.until("everything was counted", |reply| match reply {
        Reply::Answer { id: other, outcome, .. } if other == id => {
            let Ok(Answer::Count { .. }) = outcome else { panic!("{outcome:?}") };
            counted += 1;
            (counted == 12).then_some(())
        }
        _ => None,
    });
    assert_eq!(since(&proxy, then, "count (*)"), 1);
}

#[test]
fn slots_do_not_wait_for_each_other() {
    let Some((_sqld, proxy)) = code_reels() else { return };
    let (mut asked, schema) = opened(&proxy);
    let slow = Arc::clone(schema.find("bot_runs").unwrap());
    proxy.break_those("FROM main.\"bot_runs\" AS t ORDER", Fault::StallAfter(0));
    let stalled = asked.ask(Slot::Page, Query::Page(page(&slow, &[], PageAt::First)));
    proxy.until_asked("FROM main.\"bot_runs\" AS t ORDER");
    asked.get(Slot::Question, Query::Question("q-1".to_owned())).unwrap();
    let questions = Arc::clone(schema.find("questions").unwrap());
    let cell = Query::Cell { relation: questions, key: RowKey::Rowid(1), column: 1 };
    asked.get(Slot::Cell, cell).unwrap();
    // Only now.
    proxy.heal();
    asked.answer(stalled).unwrap();
}

/// A view without an end: only a cancel ends it, on the server too.
#[test]
fn a_cancel_ends_the_work_on_the_server() {
    let Some(sqld) = Sqld::start() else { return };
    sqld.run(
        "CREATE TABLE t(a); INSERT INTO t VALUES (1);
         CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS most FROM n;",
    );
    let proxy = Proxy::before(sqld.address());
    let (mut asked, schema) = opened(&proxy);
    let endless = Arc::clone(schema.find("endless").unwrap());
    let calm = proxy.counts().open;
    let id = asked.ask(Slot::Page, Query::Page(page(&endless, &[], PageAt::First)));
    proxy.until_asked("main.\"endless\"");
    asked.database.cancel(Slot::Page);
    assert_eq!(asked.answer(id).unwrap_err().kind, ErrorKind::Cancelled);
    proxy.until_open(calm);
    until_idle(sqld.process().unwrap());
    // And a newer request of the slot does the same.
    asked.ask(Slot::Page, Query::Page(page(&endless, &[], PageAt::Last)));
    let before = proxy.requests().len();
    let fine = Arc::clone(schema.find("t").unwrap());
    asked.get(Slot::Page, Query::Page(page(&fine, &[], PageAt::First))).unwrap();
    assert!(pages_since(&proxy, before, "t") == 1);
    until_idle(sqld.process().unwrap());
}

/// Waits until the process uses next to nothing of a processor.
#[cfg(target_os = "linux")]
fn until_idle(process: u32) {
    let used = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        // After the name: state, and then 11 fields until user and system time in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    for _ in 0..100 {
        let before = used();
        std::thread::sleep(Duration::from_millis(300));
        if used() - before <= 5 {
            return;
        }
    }
    panic!("the server still works on what nobody wants");
}

#[cfg(not(target_os = "linux"))]
fn until_idle(_process: u32) {}

/// At most 12 requests a minute while nothing happens, after the first moments; a third of a minute is watched.
#[test]
fn idle_costs_next_to_nothing() {
    let Some((_sqld, proxy)) = code_reels() else { return };
    let (mut asked, schema) = opened(&proxy);
    let relation = Arc::clone(schema.find("bot_ledger").unwrap());
    asked.get(Slot::Page, Query::Page(page(&relation, &[], PageAt::First))).unwrap();
    asked.get(Slot::Activity, Query::Activity).unwrap();
    asked.within(Duration::from_secs(12));
    let before = proxy.counts();
    asked.within(Duration::from_secs(20));
    let after = proxy.counts();
    let requests = after.requests - before.requests;
    assert!((1..=4).contains(&requests), "{requests} requests in 20 s");
    assert!(after.connections - before.connections <= 1, "{before:?} {after:?}");
}

/// The program itself: from its start to rows on the screen.
#[test]
fn the_program_is_open_after_three_round_trips_on_one_connection() {
    let Some((_sqld, proxy)) = code_reels() else { return };
    // Slow enough for the order to be seen.
    proxy.delay(Duration::from_millis(100));
    let arguments = [&*proxy.url(), "channel_mappings"];
    let terminal = Terminal::start(&Start { arguments: &arguments, size: (140, 40), ..Start::default() });
    terminal.until_text("q-1");
    let requests = proxy.requests();
    let rows = requests.iter().position(|request| is_page(&request.body, "channel_mappings"));
    let Some(rows) = rows else { panic!("no page of rows was asked for: {requests:#?}") };
    assert!(rows < 3, "rows were asked for by request {}: {requests:#?}", rows + 1);
    assert!(requests[..=rows].iter().all(|request| request.connection == 1), "{requests:#?}");
}

/// In the review, the question that comes next was read ahead: a decision shows it, though the server says nothing from then on.
#[test]
fn the_next_question_of_a_review_waits_for_no_round_trip() {
    let Some((sqld, proxy)) = code_reels() else { return };
    sqld.run("UPDATE questions SET status = 'active'; UPDATE questions SET status = 'flagged', answer = 'the answer of ' || id WHERE id IN ('q-1', 'q-3', 'q-4')");
    let list = ReadSession::open(&location(&proxy)).unwrap().review(ReviewOrder::Flagged, 9).unwrap();
    let ids: Vec<&str> = list.items.iter().map(|item| item.id.as_str()).collect();
    let [first, next, _] = ids[..] else { panic!("{ids:?}") };
    let arguments = [&*proxy.url(), "--write"];
    let terminal = Terminal::start(&Start { arguments: &arguments, size: (140, 40), ..Start::default() });
    terminal.until_text("q-1");
    let then = proxy.requests().len();
    terminal.press("Q");
    terminal.until_text(&format!("the answer of {first}"));
    proxy.until_asked(&format!("'{next}'"));
    assert_eq!(since(&proxy, then, &format!("'{next}'")), 1, "asked for before it is wanted, once");
    // Whatever is asked from here on is not answered, the decision included.
    proxy.break_those("\"", Fault::StallAfter(0));
    terminal.press("a");
    terminal.until_text(&format!("the answer of {next}"));
    assert_eq!(sqld.value(&format!("SELECT status FROM questions WHERE id = '{next}'")), "flagged");
}

#[test]
fn many_rows_by_their_keys_are_one_round_trip_where_they_fit_into_an_answer() {
    const ROWS: usize = 300;
    let sample = Sample::of(&format!(
        "{}; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO questions(id, question, answer, explanation, difficulty, channel, sub_channel, status)
         SELECT 'q-' || i, 'Question ' || i, printf('%.*c', 100000 * (i > 200), 'x'), 'e', 'beginner', 'sql', 's', 'flagged' FROM n;",
        demo::SCHEMA
    ));
    let Some(sqld) = sample.served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut session = ReadSession::open(&location(&proxy)).unwrap();
    let questions = Arc::clone(session.schema().unwrap().find("questions").unwrap());
    let ids = |range: std::ops::RangeInclusive<usize>| range.map(|number| format!("q-{number}")).collect::<Vec<_>>();
    let mut small = ids(1..=200);
    small.insert(100, "no such".to_owned());
    let (found, passed) = cost(&proxy, || session.find_all(&questions, &small));
    assert_eq!((passed.requests, passed.connections), (1, 0));
    assert!(found[100].is_none());
    let mut file = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
    assert_eq!(found, file.find_all(&questions, &small).unwrap());
    // Ten megabytes are more than a server answers at once: in parts, and all the same.
    let large = ids(1..=ROWS);
    let (found, passed) = cost(&proxy, || session.find_all(&questions, &large));
    assert!((2..=8).contains(&passed.requests), "{}", passed.requests);
    assert_eq!(found, file.find_all(&questions, &large).unwrap());
    let (none, passed) = cost(&proxy, || session.find_all(&questions, &[]));
    assert!(none.is_empty() && passed.requests == 0);

    // Deciding headless on as many: the schema, the rows, the rows again before they are written, the transaction.
    let before = proxy.counts().requests;
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_reelscope"))
        .args(["review", "decide", "--write", &proxy.url()])
        .args(ids(1..=200))
        .arg("approve")
        .env_clear()
        .env("HOME", sample.folder())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(proxy.counts().requests - before, 4);
    assert_eq!(sqld.value("SELECT count(*) FROM questions WHERE status = 'active'"), "200");
    assert_eq!(sqld.value("SELECT count(*) FROM question_history"), "200");
}
