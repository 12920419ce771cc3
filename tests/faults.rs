//! Every way a server or a network can fail: what is known and what to do is said within the limits, nothing waits for ever, and when
//! the fault is over reading goes on by itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use reelscope::{
    db::{
        error::{Error, ErrorKind, Result},
        location::Location,
        replica::Replica,
        request::{Answer, Freshness, LinkState, Query, Reply, Slot, SyncHow},
        server::{
            Limits, Server,
            credentials::{Credentials, Token},
            endpoint::Endpoint,
        },
        session::ReadSession,
    },
    domain::{
        page::{Page, PageAt, PageQuery},
        schema::Schema,
        value::Value,
    },
};
use support::{
    PATIENCE, Start, Terminal,
    proxy::{Fault, Proxy},
    reach::{Asked, server},
    samples::Sample,
    sqld::{Options, Sqld},
    token::{Access, Issuer, Life},
};

/// Long enough for an answer on a busy machine, short enough to wait for its absence.
const LIMITS: Limits =
    Limits { connect: Duration::from_secs(2), request: Duration::from_millis(2500), long: Duration::from_millis(2500) };

const ROWS: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200)
    INSERT INTO t SELECT x, printf('row %d %.*c', x, 500, 'x') FROM n;";

/// A server with rows, behind the proxy.
fn behind_proxy() -> Option<(Sqld, Proxy)> {
    let sqld = Sqld::start()?;
    sqld.run(ROWS);
    let proxy = Proxy::before(sqld.address());
    Some((sqld, proxy))
}

fn impatient(url: &str, token: Option<&str>) -> Server {
    hurried(server(url, token))
}

fn hurried(mut server: Server) -> Server {
    server.limits = LIMITS;
    server
}

fn session(proxy: &Proxy) -> ReadSession {
    ReadSession::open(&Location::Server(impatient(&proxy.url(), None))).unwrap()
}

fn first_page(session: &mut ReadSession, schema: &Schema) -> Result<Page> {
    let relation = Arc::clone(schema.find("t").unwrap());
    session.page(&PageQuery { relation, sort: Vec::new(), at: PageAt::First, limit: 100 })
}

/// The error of this, which has to be one for people: a line each for what is known and what to do, neither long nor hostile.
fn failure<T: std::fmt::Debug>(what: &str, outcome: Result<T>, kinds: &[ErrorKind]) -> Error {
    let Err(error) = outcome else { panic!("{what}: no error, but {outcome:?}") };
    assert!(kinds.contains(&error.kind), "{what}: {error:?}");
    for words in [&error.what, &error.remedy] {
        assert!(!words.is_empty() && words.chars().count() <= 400, "{what}: {error:?}");
        assert!(!words.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{what}: {error:?}");
    }
    error
}

#[test]
fn nobody_listens() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    proxy.refuse();
    let error = failure("refused", session(&proxy).schema(), &[ErrorKind::Unreachable]);
    assert!(error.what.contains("refuse") && error.what.contains("127.0.0.1"), "{error:?}");
    proxy.heal();
    session(&proxy).schema().unwrap();
}

#[test]
fn no_such_name() {
    // A name that no resolver is asked for: a label has at most 63 characters.
    let url = format!("http://{}.example:1", "x".repeat(70));
    let Ok(endpoint) = Endpoint::parse(&url) else { return };
    let server = hurried(Server::new(endpoint, Credentials::none()));
    let outcome = ReadSession::open(&Location::Server(server)).and_then(|mut session| session.schema());
    failure("no such name", outcome, &[ErrorKind::Unreachable, ErrorKind::Unsupported]);
}

#[test]
fn it_is_silent_or_slow_or_stops_in_the_middle() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let mut open = session(&proxy);
    let schema = open.schema().unwrap();
    for fault in [Fault::StallAfter(0), Fault::StallAfter(600), Fault::Trickle] {
        proxy.break_all(fault.clone());
        let error = failure(&format!("{fault:?}"), first_page(&mut open, &schema), &[ErrorKind::TimedOut]);
        assert!(error.what.contains("127.0.0.1"), "{error:?}");
        let error = failure(&format!("new, {fault:?}"), session(&proxy).schema(), &[ErrorKind::TimedOut]);
        assert!(error.remedy.contains("network"), "{error:?}");
        proxy.heal();
        assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100, "after {fault:?}");
    }
}

#[test]
fn it_is_frozen_as_a_whole() {
    let Some((sqld, proxy)) = behind_proxy() else { return };
    let mut open = session(&proxy);
    let schema = open.schema().unwrap();
    sqld.freeze();
    failure("frozen", first_page(&mut open, &schema), &[ErrorKind::TimedOut]);
    sqld.thaw();
    assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100);
}

#[test]
fn the_connection_is_cut_in_the_middle() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let mut open = session(&proxy);
    let schema = open.schema().unwrap();
    for after in [0, 10, 700, 5000] {
        // Once: a kept connection that breaks is no fault of the server's, and the page is asked for again.
        proxy.break_next("", Fault::CutAfter(after));
        let again = first_page(&mut open, &schema);
        if let Err(error) = &again {
            assert!(after > 0, "a connection that was closed while it was idle: {error:?}");
        }
        assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100);
        // Always: that is said.
        proxy.break_all(Fault::CutAfter(after));
        let kinds = [ErrorKind::Unreachable, ErrorKind::Server];
        failure(&format!("cut after {after}"), first_page(&mut open, &schema), &kinds);
        proxy.heal();
        assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100);
    }
}

#[test]
fn it_answers_with_a_status() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let mut open = session(&proxy);
    let schema = open.schema().unwrap();
    let kinds = [
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NoSuchDatabase),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Server),
        (502, ErrorKind::Server),
        (503, ErrorKind::Server),
    ];
    let hostile = b"\xff\xfe\x00\x1b[31m\x80\r\n\xe2\x80\xae".repeat(40);
    let bodies: [(&str, Vec<u8>); 5] = [
        ("text/plain", b"something is wrong".to_vec()),
        ("text/html", b"<!DOCTYPE html>\n<html><body><h1>Oops</h1></body></html>".to_vec()),
        ("application/json", br#"{"error":"something is wrong"}"#.to_vec()),
        ("application/octet-stream", hostile),
        ("text/plain", Vec::new()),
    ];
    for (status, kind) in kinds {
        for (content, body) in &bodies {
            proxy.break_all(Fault::Answer(status, content, body.clone()));
            let error = failure(&format!("{status} {content}"), first_page(&mut open, &schema), &[kind]);
            assert!(!error.what.contains('<'), "{error:?}");
            proxy.heal();
        }
        assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100, "after {status}");
    }
}

#[test]
fn something_else_answers() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let mut open = session(&proxy);
    let schema = open.schema().unwrap();
    let portal = b"<!DOCTYPE html><html><title>Hotel</title><body>Please log in</body></html>".to_vec();
    proxy.break_all(Fault::Answer(200, "text/html", portal));
    let error = failure("a captive portal", first_page(&mut open, &schema), &[ErrorKind::Server]);
    assert!(error.remedy.contains("log in") || error.remedy.contains("portal"), "{error:?}");
    proxy.heal();
    for (status, content, body) in [
        (200, "application/json", &b"{}"[..]),
        (200, "application/json", b"\xff\xfe"),
        (200, "application/json", br#"{"baton":null,"base_url":null,"results":[]}"#),
        (204, "text/plain", b""),
        (302, "text/html", b"<a href='http://127.0.0.1/'>moved</a>"),
    ] {
        proxy.break_all(Fault::Answer(status, content, body.to_vec()));
        failure(&format!("{status} {body:?}"), first_page(&mut open, &schema), &[ErrorKind::Server]);
        proxy.heal();
    }
    proxy.break_all(Fault::Garbage(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()));
    let kinds = [ErrorKind::Server, ErrorKind::Unreachable];
    failure("another protocol", first_page(&mut open, &schema), &kinds);
    proxy.heal();
    assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100);
}

#[test]
fn tokens_that_are_not_let_in() {
    let issuer = Issuer::new();
    let key = Some(issuer.public_key());
    let Some(sqld) = Sqld::start_with(Options { key, ..Options::default() }) else { return };
    sqld.run_with(Some(&issuer.read_write()), ROWS);
    let ask = |token: Option<&str>| {
        ReadSession::open(&Location::Server(impatient(&sqld.url(), token))).and_then(|mut session| session.schema())
    };
    ask(Some(&issuer.read_only())).unwrap();
    ask(Some(&issuer.read_write())).unwrap();
    let expired = issuer.token(Access::ReadOnly, Life::Expired);
    let error = failure("expired", ask(Some(&expired)), &[ErrorKind::Unauthorized]);
    assert!(error.what.contains("expired"), "{error:?}");
    assert!(error.remedy.contains("TOKEN_OF_THE_TEST"), "it says where the token comes from: {error:?}");
    let other = Issuer::new().read_only();
    for (what, token) in [("another's", other.as_str()), ("nonsense", "nonsense"), ("half", &expired[..40])] {
        failure(what, ask(Some(token)), &[ErrorKind::Unauthorized]);
    }
    let error = failure("none", ask(None), &[ErrorKind::Unauthorized, ErrorKind::Credentials]);
    assert!(error.remedy.contains("TURSO_AUTH_TOKEN"), "{error:?}");
    failure("no token at all", ask(Some("  ")), &[ErrorKind::Credentials]);
}

#[test]
fn a_token_that_expires_in_the_middle_of_the_day() {
    let issuer = Issuer::new();
    let key = Some(issuer.public_key());
    let Some(sqld) = Sqld::start_with(Options { key, ..Options::default() }) else { return };
    sqld.run_with(Some(&issuer.read_write()), ROWS);
    let proxy = Proxy::before(sqld.address());
    let kept = Arc::new(Mutex::new(issuer.read_only()));
    let asked = Arc::new(AtomicUsize::new(0));
    let (source, counter) = (Arc::clone(&kept), Arc::clone(&asked));
    let credentials = Credentials::new("the test's", move || {
        counter.fetch_add(1, Ordering::Relaxed);
        Token::new(&source.lock().unwrap()).map(Some)
    });
    let endpoint = Endpoint::parse(&proxy.url()).unwrap();
    let server = hurried(Server::new(endpoint, credentials));
    let mut open = ReadSession::open(&Location::Server(server)).unwrap();
    let schema = open.schema().unwrap();
    first_page(&mut open, &schema).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1, "it is kept while it is good");

    // The server refuses it, and there is a new one: nobody notices.
    let refused = br#"{"error":"Authentication failed: The JWT has expired"}"#.to_vec();
    *kept.lock().unwrap() = issuer.read_write();
    proxy.break_next("", Fault::Answer(401, "application/json", refused.clone()));
    first_page(&mut open, &schema).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    // There is no new one: that is said, and the server is not asked again and again with the old one.
    *kept.lock().unwrap() = issuer.token(Access::ReadOnly, Life::Expired);
    proxy.break_all(Fault::Answer(401, "application/json", refused));
    failure("expired", first_page(&mut open, &schema), &[ErrorKind::Unauthorized]);
    proxy.heal();
    let before = proxy.counts().requests;
    let error = failure("expired", first_page(&mut open, &schema), &[ErrorKind::Unauthorized]);
    assert!(error.what.contains("expired"), "{error:?}");
    assert!(proxy.counts().requests - before <= 2);
    // There is one again: whoever asks long enough gets in (the source is not asked anew with every request).
    *kept.lock().unwrap() = issuer.read_only();
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = first_page(&mut open, &schema) {
        assert!(error.kind == ErrorKind::Unauthorized && Instant::now() < deadline, "{error:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_token_does_not_travel_where_others_can_read_it() {
    let mut asked = 0;
    for (url, token) in [("http://db.example:8080", true), ("libsql://db.example?tls=0", true)] {
        let server = impatient(url, token.then_some("marked-token"));
        let outcome = ReadSession::open(&Location::Server(server)).and_then(|mut session| session.schema());
        let error = failure(url, outcome, &[ErrorKind::Insecure]);
        assert!(!format!("{error:?}").contains("marked-token"));
        asked += 1;
    }
    assert_eq!(asked, 2);
}

#[test]
fn a_source_without_a_token_says_so_itself() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let credentials = Credentials::new("token_command of @test", || {
        Err(Error::new(ErrorKind::Credentials, "token_command of @test failed: exit status 1", "run it by hand"))
    });
    let server = hurried(Server::new(Endpoint::parse(&proxy.url()).unwrap(), credentials));
    let outcome = ReadSession::open(&Location::Server(server)).and_then(|mut session| session.schema());
    let error = failure("no token", outcome, &[ErrorKind::Credentials]);
    assert!(error.what.contains("exit status 1") && error.remedy.contains("by hand"), "{error:?}");
    assert_eq!(proxy.counts().requests, 0);
    // A source that breaks is a failure, and not the end of the program.
    let credentials = Credentials::new("broken", || panic!("the source breaks (this is wanted)"));
    let server = hurried(Server::new(Endpoint::parse(&proxy.url()).unwrap(), credentials));
    let outcome = ReadSession::open(&Location::Server(server)).and_then(|mut session| session.schema());
    assert!(outcome.is_err());
}

#[test]
fn the_server_is_killed_and_restarted() {
    let Some((mut sqld, proxy)) = behind_proxy() else { return };
    let mut open = session(&proxy);
    let schema = open.schema().unwrap();
    for round in 0..3 {
        first_page(&mut open, &schema).unwrap();
        sqld.kill();
        // What a killed server looks like from behind a proxy depends on how far the proxy was.
        let kinds = [ErrorKind::Unreachable, ErrorKind::Server, ErrorKind::TimedOut];
        failure(&format!("killed, {round}"), first_page(&mut open, &schema), &kinds);
        sqld.restart();
        assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100);
        // Restarted while nobody asked: nobody notices.
        sqld.restart();
        assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100);
    }
}

/// After ten seconds a server forgets a stream that nobody uses.
#[test]
fn nobody_asked_for_longer_than_a_stream_lives() {
    let Some((sqld, proxy)) = behind_proxy() else { return };
    let mut open = session(&proxy);
    let schema = open.schema().unwrap();
    first_page(&mut open, &schema).unwrap();
    thread::sleep(Duration::from_secs(11));
    assert_eq!(first_page(&mut open, &schema).unwrap().rows.len(), 100);
    sqld.run("INSERT INTO t VALUES (0, 'new')");
    let page = first_page(&mut open, &schema).unwrap();
    assert_eq!(page.rows[0].cells[1], Value::text("new"));
}

/// Waits until the workers say by themselves that the server answers again.
fn until_connected(asked: &Asked) {
    asked.until("the server was heard again", |reply| match reply {
        Reply::Link(status) => (status.state == LinkState::Connected).then_some(()),
        Reply::Health(Ok(())) => Some(()),
        _ => None,
    });
}

#[test]
fn reading_goes_on_by_itself() {
    let Some((mut sqld, proxy)) = behind_proxy() else { return };
    let mut asked = Asked::open(Location::Server(impatient(&proxy.url(), None)));
    let Ok(Answer::Schema(schema)) = asked.get(Slot::Schema, Query::Schema) else { panic!("no schema") };
    let relation = Arc::clone(schema.find("t").unwrap());
    let query = Query::Page(PageQuery { relation, sort: Vec::new(), at: PageAt::First, limit: 20 });
    asked.get(Slot::Page, query.clone()).unwrap();
    for round in 0..2 {
        if round == 0 {
            proxy.refuse();
        } else {
            sqld.kill();
        }
        // What is in memory may be shown, the server itself cannot be asked.
        let id = asked.ask_for(Slot::Page, query.clone(), Freshness::Now);
        let outcome = asked.answer(id);
        let kinds = [ErrorKind::Unreachable, ErrorKind::Server, ErrorKind::TimedOut];
        failure("down", outcome, &kinds);
        if round == 0 {
            proxy.heal();
        } else {
            sqld.restart();
        }
        until_connected(&asked);
        let id = asked.ask_for(Slot::Page, query.clone(), Freshness::Now);
        asked.answer(id).unwrap();
    }
}

#[test]
fn a_first_sync_that_breaks_goes_on_later() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let replica = Replica::new(folder.path().join("copy.db"), impatient(&proxy.url(), None));
    let location = Location::Replica(replica);
    let mut asked = Asked::open(location.clone());
    proxy.break_those("/wal_log", Fault::CutAfter(600));
    failure("cut", asked.get(Slot::Sync, Query::Sync(SyncHow::Now)), &[ErrorKind::Unreachable, ErrorKind::Server]);
    // The server itself can be read meanwhile.
    let mut session = ReadSession::open(&location).unwrap();
    let schema = session.schema().unwrap();
    assert_eq!(first_page(&mut session, &schema).unwrap().rows.len(), 100);
    proxy.heal();
    assert_eq!(asked.get(Slot::Sync, Query::Sync(SyncHow::Now)).unwrap(), Answer::Synced);
    proxy.refuse();
    assert_eq!(first_page(&mut session, &schema).unwrap().rows.len(), 100, "from the copy, without the server");
    let error = asked.get(Slot::Sync, Query::Sync(SyncHow::Now)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error:?}");
}

/// The program with this URL as its database, in a folder of its own.
fn program(url: &str, folder: &std::path::Path) -> Terminal {
    Terminal::start(&Start { arguments: &[url, "--timeout", "3"], folder: Some(folder), ..Start::default() })
}

/// Keys are answered, whatever the server does.
fn answers_keys(terminal: &Terminal) {
    terminal.press("?");
    terminal.until_text("Help");
    terminal.press("\x1b");
    terminal.until("the help was closed", |screen| !screen.contents().contains("Help"));
}

/// The program ends as it should, and leaves the terminal as it was.
fn ends(mut terminal: Terminal) {
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn the_program_survives_a_server_that_is_down_at_the_start() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let folder = tempfile::tempdir().unwrap();
    proxy.refuse();
    let terminal = program(&proxy.url(), folder.path());
    terminal.until_text("refuses");
    answers_keys(&terminal);
    proxy.heal();
    terminal.until_text("row 1 ");
    ends(terminal);
}

#[test]
fn the_program_survives_a_server_that_is_killed() {
    let Some((mut sqld, proxy)) = behind_proxy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let terminal = program(&proxy.url(), folder.path());
    terminal.until_text("row 1 ");
    sqld.kill();
    terminal.press("G");
    terminal.until("it was said that the server is away", |screen| {
        let text = screen.contents();
        text.contains("econnecting") || text.contains("ffline") || text.contains("refused")
    });
    answers_keys(&terminal);
    sqld.restart();
    sqld.run("INSERT INTO t VALUES (1000, 'the newest row')");
    terminal.press("gg");
    terminal.press("G");
    terminal.until_text("the newest row");
    ends(terminal);
}

#[test]
fn the_program_survives_silence_and_a_page_of_an_error() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let folder = tempfile::tempdir().unwrap();
    proxy.break_all(Fault::StallAfter(0));
    let terminal = program(&proxy.url(), folder.path());
    terminal.until_text("connection timeout");
    answers_keys(&terminal);
    proxy.heal();
    terminal.until_text("row 1 ");
    proxy.break_all(Fault::Answer(500, "text/html", b"<h1>Internal \x1b[31m Server Error</h1>".to_vec()));
    terminal.press("G");
    terminal.until_text("500");
    answers_keys(&terminal);
    proxy.heal();
    terminal.press("gg");
    terminal.press("G");
    terminal.until_text("row 200 ");
    ends(terminal);
}

#[test]
fn the_program_takes_a_new_token_from_the_file() {
    let issuer = Issuer::new();
    let key = Some(issuer.public_key());
    let Some(sqld) = Sqld::start_with(Options { key, ..Options::default() }) else { return };
    sqld.run_with(Some(&issuer.read_write()), ROWS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    let write = |token: &str| {
        fs::write(&file, format!("TURSO_DATABASE_URL_RO={}\nTURSO_AUTH_TOKEN_RO={token}\n", sqld.url())).unwrap();
    };
    write(&issuer.token(Access::ReadOnly, Life::Expired));
    let terminal = Terminal::start(&Start { folder: Some(folder.path()), ..Start::default() });
    terminal.until_text("expired");
    answers_keys(&terminal);
    write(&issuer.read_only());
    terminal.until_text("row 1 ");
    ends(terminal);
}

/// A laptop that slept: the program stood still, its connections are gone, the clock went on.
#[cfg(target_os = "linux")]
#[test]
fn the_program_wakes_up_after_a_sleep() {
    let Some((mut sqld, proxy)) = behind_proxy() else { return };
    let folder = tempfile::tempdir().unwrap();
    let terminal = program(&proxy.url(), folder.path());
    terminal.until_text("row 1 ");
    terminal.signal("STOP");
    terminal.until_stopped();
    proxy.cut();
    sqld.restart();
    sqld.run("INSERT INTO t VALUES (1000, 'the newest row')");
    terminal.signal("CONT");
    terminal.press("G");
    terminal.until_text("the newest row");
    ends(terminal);
}

/// What is said where there is a sample but no rows: code-reels on a server that is silent after the start.
#[test]
fn the_activity_goes_on_by_itself() {
    let sample = Sample::code_reels(200);
    let Some(sqld) = sample.served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut asked = Asked::open(Location::Server(impatient(&proxy.url(), None)));
    asked.get(Slot::Activity, Query::Activity).unwrap();
    proxy.refuse();
    asked.until("it was told that the server is away", |reply| match reply {
        Reply::Health(Err(_)) => Some(()),
        Reply::Link(status) => {
            matches!(status.state, LinkState::Reconnecting { .. } | LinkState::Offline { .. }).then_some(())
        }
        _ => None,
    });
    proxy.heal();
    sqld.run(
        "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at)
         VALUES ('verifier', 'verify', 'question', 'after-the-fault', datetime('now'))",
    );
    asked.until("the new row was told", |reply| format!("{reply:?}").contains("after-the-fault").then_some(()));
}
