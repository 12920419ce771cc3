//! How a server is watched while somebody looks at it: what is asked, when, and what is said about it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::{sync::Arc, time::Duration};

use reelscope::{
    db::{
        error::ErrorKind,
        location::Location,
        request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot, SyncHow},
    },
    domain::{
        page::{PageAt, PageQuery},
        schema::Schema,
    },
};

use support::{
    proxy::Proxy,
    reach,
    reach::Asked,
    samples::Sample,
    sqld::{Options, Sqld},
    token::Issuer,
};

const TABLES: &str = "
    CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
    INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (3, 'three');
    CREATE TABLE bot_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT, action TEXT, item_type TEXT, item_id TEXT,
      before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);
    CREATE VIEW some AS SELECT * FROM notes WHERE id < 3;";

/// A server, a proxy before it, and somebody who looks.
struct Bench {
    server: Sqld,
    proxy: Proxy,
    asked: Asked,
    schema: Arc<Schema>,
}

impl Bench {
    /// `None` where tests with servers are left out.
    fn new() -> Option<Self> {
        let server = Sample::of(TABLES).served()?;
        let proxy = Proxy::before(server.url().trim_start_matches("http://").parse().unwrap());
        let mut asked = Asked::open(Location::Server(reach::server(&proxy.url(), None)));
        let Ok(Answer::Schema(schema)) = asked.get(Slot::Schema, Query::Schema) else { panic!("no schema") };
        Some(Self { server, proxy, asked, schema })
    }

    /// As [`Self::new`], with the first page read and the first poll answered.
    fn watched() -> Option<Self> {
        let mut bench = Self::new()?;
        assert_eq!(bench.rows(), 3);
        bench.proxy.until_asked("freelist_count");
        bench.sync();
        Some(bench)
    }

    fn page(&self) -> Query {
        let relation = Arc::clone(self.schema.find("notes").unwrap());
        Query::Page(PageQuery { relation, sort: Vec::new(), at: PageAt::First, limit: 10 })
    }

    fn rows(&mut self) -> usize {
        let page = self.page();
        match self.asked.get(Slot::Page, page) {
            Ok(Answer::Page(page)) => page.rows.len(),
            other => panic!("{other:?}"),
        }
    }

    /// Has the server asked for changes, and waits for that.
    fn sync(&mut self) {
        assert_eq!(self.asked.get(Slot::Sync, Query::Sync(SyncHow::Now)), Ok(Answer::Synced));
    }

    fn pages_asked(&self) -> usize {
        let requests = self.proxy.requests();
        requests.iter().filter(|request| request.body.contains("LIMIT") && request.body.contains("notes")).count()
    }

    fn change(&self) -> bool {
        self.asked.until("a change is told", |reply| match reply {
            Reply::Changed { schema } => Some(schema),
            _ => None,
        })
    }

    fn health(&self) -> Result<(), ErrorKind> {
        self.asked.until("the health is told", |reply| match reply {
            Reply::Health(health) => Some(health.map_err(|error| error.kind)),
            _ => None,
        })
    }
}

#[test]
fn nothing_is_asked_beside_the_first_page() {
    let Some(mut bench) = Bench::new() else { return };
    let tables: Vec<_> = bench.schema.relations.iter().filter(|relation| relation.broken.is_none()).cloned().collect();
    let wanted = tables.len();
    bench.asked.ask(Slot::Count, Query::Counts(tables));
    bench.asked.ask(Slot::Activity, Query::Activity);
    bench.asked.within(Duration::from_millis(300));
    assert_eq!(bench.proxy.counts().requests, 1, "only the schema");
    assert_eq!(bench.rows(), 3);
    let mut counted = 0;
    let mut followed = false;
    bench.asked.until("the counts and the activity come then", |reply| {
        match reply {
            Reply::Answer { outcome: Ok(Answer::Count { .. }), .. } => counted += 1,
            Reply::Answer { outcome: Ok(Answer::Activity(update)), .. } => followed = update.anew,
            Reply::Answer { outcome: Err(error), .. } => panic!("{error}"),
            _ => {}
        }
        (counted == wanted && followed).then_some(())
    });
    let first_two = bench.proxy.requests();
    assert!(first_two[..2].iter().all(|request| request.connection == 1), "one connection until the first page");
}

#[test]
fn a_token_that_may_only_read_is_enough() {
    let issuer = Issuer::new();
    let options = Options { key: Some(issuer.public_key()), ..Options::default() };
    let Some(server) = Sqld::start_with(options) else { return };
    let writer = issuer.read_write();
    server.run_with(Some(&writer), TABLES);
    let mut asked = Asked::open(Location::Server(reach::server(&server.url(), Some(&issuer.read_only()))));
    assert!(matches!(asked.get(Slot::Schema, Query::Schema), Ok(Answer::Schema(_))));
    asked.get(Slot::Page, Query::Question("q-1".into())).unwrap();
    asked.ask(Slot::Activity, Query::Activity);
    let bots = |asked: &Asked| {
        asked.until("the activity is told", |reply| match reply {
            Reply::Answer { outcome: Ok(Answer::Activity(update)), .. } => Some(update),
            Reply::Answer { outcome: Err(error), .. } | Reply::Health(Err(error)) => panic!("{error}"),
            _ => None,
        })
    };
    assert!(bots(&asked).anew);
    server.run_with(Some(&writer), "INSERT INTO bot_ledger (bot_name) VALUES ('creator')");
    assert_eq!(bots(&asked).ledger[0].bot, "creator");
}

#[test]
fn rows_and_schemas_that_change_are_told() {
    let Some(mut bench) = Bench::watched() else { return };
    bench.server.run("INSERT INTO notes VALUES (4, 'four')");
    assert!(!bench.change());
    assert_eq!(bench.rows(), 4, "what is kept is not taken for new");
    bench.server.run("CREATE TABLE more (x)");
    assert!(bench.change());
}

#[test]
fn the_bots_are_followed() {
    let Some(mut bench) = Bench::watched() else { return };
    bench.asked.ask(Slot::Activity, Query::Activity);
    let activity = |bench: &Bench| {
        bench.asked.until("the activity is told", |reply| match reply {
            Reply::Answer { outcome: Ok(Answer::Activity(update)), .. } => Some(update),
            _ => None,
        })
    };
    assert!(activity(&bench).anew);
    bench.server.run("INSERT INTO bot_ledger (bot_name) VALUES ('creator'), (CAST(x'ff' AS TEXT))");
    let update = activity(&bench);
    let bots: Vec<&str> = update.ledger.iter().map(|row| row.bot.as_str()).collect();
    assert_eq!((update.anew, bots), (false, vec!["creator", "\u{fffd}"]));
    bench.server.run("DELETE FROM bot_ledger");
    assert!(activity(&bench).anew);
    bench.server.run("DROP TABLE bot_ledger");
    bench.asked.until("the tables are gone", |reply| {
        matches!(reply, Reply::Answer { outcome: Ok(Answer::NoActivity), .. }).then_some(())
    });
}

#[test]
fn what_was_read_is_not_asked_for_again_until_something_changes() {
    let Some(mut bench) = Bench::watched() else { return };
    let before = bench.pages_asked();
    assert!(before > 0, "the pieces that tell a page are right");
    assert_eq!(bench.rows(), 3);
    assert_eq!(bench.pages_asked(), before, "from memory");
    let again = Request { slot: Slot::Page, id: RequestId(1000), query: bench.page(), freshness: Freshness::Now };
    bench.asked.database.submit(again);
    assert!(bench.asked.answer(RequestId(1000)).is_ok());
    assert_eq!(bench.pages_asked(), before + 1, "it was asked for explicitly");
    bench.server.run("INSERT INTO notes VALUES (4, 'four')");
    assert!(!bench.change());
    let page = bench.page();
    let wanted = bench.asked.ask(Slot::Page, page);
    let mut kept = None;
    let rows = bench.asked.until("the page comes twice", |reply| match reply {
        Reply::Kept { id, answer: Answer::Page(page), .. } if id == wanted => {
            kept = Some(page.rows.len());
            None
        }
        Reply::Answer { id, outcome: Ok(Answer::Page(page)), .. } if id == wanted => Some(page.rows.len()),
        _ => None,
    });
    assert_eq!((kept, rows), (Some(3), 4));
}

#[test]
fn a_server_that_goes_and_comes_is_told_once_each_time() {
    let Some(mut bench) = Bench::watched() else { return };
    bench.proxy.refuse();
    assert_eq!(bench.health(), Err(ErrorKind::Unreachable));
    let page = bench.page();
    let wanted = bench.asked.ask(Slot::Page, page);
    let mut kept = false;
    bench.asked.until("what was read is shown, then why it is old", |reply| match reply {
        Reply::Kept { id, .. } => {
            kept |= id == wanted;
            None
        }
        Reply::Answer { id, outcome, .. } if id == wanted => {
            assert_eq!(outcome.unwrap_err().kind, ErrorKind::Unreachable);
            Some(())
        }
        Reply::Health(health) => panic!("said before: {health:?}"),
        _ => None,
    });
    assert!(kept);
    bench.proxy.heal();
    assert_eq!(bench.health(), Ok(()));
    assert!(bench.change(), "all is to be read anew");
    assert_eq!(bench.rows(), 3);
}

#[test]
fn a_server_that_is_down_at_the_start_is_tried_until_it_is_there() {
    let Some(server) = Sample::of(TABLES).served() else { return };
    let proxy = Proxy::before(server.url().trim_start_matches("http://").parse().unwrap());
    proxy.refuse();
    let mut asked = Asked::open(Location::Server(reach::server(&proxy.url(), None)));
    assert_eq!(asked.get(Slot::Schema, Query::Schema).unwrap_err().kind, ErrorKind::Unreachable);
    proxy.heal();
    asked.until("it says that it is there, and to read everything", |reply| {
        matches!(reply, Reply::Changed { schema: true }).then_some(())
    });
    assert!(matches!(asked.get(Slot::Schema, Query::Schema), Ok(Answer::Schema(_))));
}

#[test]
fn a_request_that_was_given_up_is_gone_and_so_is_everything_at_the_end() {
    let Some(mut bench) = Bench::watched() else { return };
    bench.proxy.break_those("LIMIT", support::proxy::Fault::StallAfter(0));
    bench.server.run("INSERT INTO notes VALUES (4, 'four')");
    bench.change();
    let page = bench.page();
    let wanted = bench.asked.ask(Slot::Page, page);
    bench.asked.within(Duration::from_millis(200));
    bench.asked.database.cancel(Slot::Page);
    assert_eq!(bench.asked.answer(wanted).unwrap_err().kind, ErrorKind::Cancelled);
    let Bench { proxy, asked, .. } = bench;
    drop(asked.database);
    // The threads hold the other end of the replies.
    while asked.replies.recv_timeout(Duration::from_secs(20)).is_ok() {}
    proxy.until_open(0);
}
