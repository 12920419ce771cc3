//! A copy of a server: how fast it is read, how soon it has what is written on the server, and what it asks when nothing happens.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use reelscope::{
    db::{
        location::Location,
        replica::Replica,
        request::{Freshness, Query, Reply, Request, RequestId, Slot, SyncHow},
        server::{Server, credentials::Credentials, endpoint::Endpoint},
        session::ReadSession,
        workers::Database,
    },
    domain::{
        page::{PageAt, PageQuery},
        schema::Relation,
    },
};

use crate::{
    pty::{Look, Terminal},
    remote::{Remote, difference},
    report::{Line, Report, Verdict},
    samples::{Samples, ms},
    setting::{Setting, open},
    support::proxy::Proxy,
    typing::Random,
};

/// Rows of a page.
const ROWS: usize = 50;
/// A page of the copy by one of a plain file.
const PAGE: f64 = 1.2;
/// A sync interval while something happens.
const INTERVAL: Duration = Duration::from_secs(1);
/// Requests in an idle minute.
const IDLE: u64 = 12;
const MINUTE: Duration = Duration::from_secs(60);
/// What was asked for at the start has been answered, and the last change was long ago.
const REST: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let remote = Remote::start(setting)?;
    report.part("the copy's pages", |report| {
        let location = synced(setting, &remote, report)?;
        pages(&remote, &location, setting.runs(1_000, 200), report)
    });
    let writes = setting.runs(50, 20);
    let path = scratch(setting, "shown.db")?;
    let path = path.to_str().ok_or("the path of the copy is no text")?;
    // A way of its own, so that what is asked for the copy is counted for itself.
    let way = Proxy::before(remote.sqld.address());
    let (url, other) = (remote.proxy.url(), way.url());
    let server = [url.as_str(), "bot_ledger"];
    let copy = [other.as_str(), "bot_ledger", "--replica", path];
    report.part("a copy", |report| written(setting, &remote, &way, "a copy", &copy, writes, report));
    report.part("the server itself", |report| {
        written(setting, &remote, &remote.proxy, "the server itself", &server, writes, report)
    });
    report.part("the idle minute", |report| idle(setting, [(&remote.proxy, &server), (&way, &copy)], report));
    report.part("the copy at the end", |report| whole(&remote, Path::new(path), report));
    Ok(())
}

/// A path in a folder where nothing is left of a copy before.
fn scratch(setting: &Setting, name: &str) -> Result<PathBuf, String> {
    let folder = setting.home().join("copies").join(name);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.to_string()),
        _ => {}
    }
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    Ok(folder.join(name))
}

/// Fetches everything for the first time.
fn synced(setting: &Setting, remote: &Remote, report: &mut Report) -> Result<Location, String> {
    let path = scratch(setting, "copy.db")?;
    let endpoint = Endpoint::parse(&remote.proxy.url()).map_err(|error| error.to_string())?;
    let location = Location::Replica(Replica::new(path.clone(), Server::new(endpoint, Credentials::none())));
    let (sender, replies) = mpsc::channel();
    let database = Database::open(location.clone(), move |reply| {
        let _ = sender.send(reply);
    });
    let begun = Instant::now();
    let query = Query::Sync(SyncHow::Now);
    database.submit(Request { slot: Slot::Sync, id: RequestId(1), query, freshness: Freshness::Any });
    loop {
        match replies.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            Ok(Reply::Answer { slot: Slot::Sync, outcome, .. }) => {
                outcome.map_err(|error| error.to_string())?;
                break;
            }
            Ok(_) => {}
            Err(_) => return Err("the first sync does not end".to_owned()),
        }
    }
    let took = begun.elapsed();
    let bytes = fs::metadata(&path).map_err(|error| error.to_string())?.len();
    report.plain(
        "first sync",
        format!("{:.1} MB in {} ({:.0} MB/s)", bytes as f64 / 1e6, ms(took), bytes as f64 / 1e6 / took.as_secs_f64()),
        "",
        Verdict::Told,
    );
    Ok(location)
}

/// Pages of the copy and of a plain file with the same rows, in turns.
fn pages(remote: &Remote, location: &Location, runs: usize, report: &mut Report) -> Result<(), String> {
    let (mut copy, relation) = ledger(location)?;
    let (mut plain, same) = ledger(&Location::File(remote.file.clone()))?;
    for (what, at) in [("first page", PageAt::First), ("50 %", PageAt::Percent(50.0)), ("last page", PageAt::Last)] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let query = |relation: &Arc<Relation>| PageQuery {
            relation: Arc::clone(relation),
            sort: Vec::new(),
            at: at.clone(),
            limit: ROWS,
        };
        let (one, other) = (query(&relation), query(&same));
        let ((), passed) = remote.watch(|| {
            for _ in 0..runs {
                let (took, rows) = timed(&mut copy, &one)?;
                ours.push(took);
                let (took, expected) = timed(&mut plain, &other)?;
                theirs.push(took);
                if rows != expected {
                    return Err(format!("{what}: {rows} rows of the copy, {expected} of the file"));
                }
            }
            Ok(())
        })?;
        let (ours, theirs) = (Samples::new(ours), Samples::new(theirs));
        let ratio = ours.median().as_secs_f64() / theirs.median().as_secs_f64();
        // Whoever asks the server for changes meanwhile asks rarely.
        let asked = passed.requests.iter().filter(|request| request.body.contains("bot_ledger")).count();
        report.line(Line {
            what: format!("page of 50 rows of a copy, {what}"),
            measured: format!("{} (p99 {}), requests {asked}", ms(ours.median()), ms(ours.quantile(0.99))),
            reference: format!("plain file {} (p99 {})", ms(theirs.median()), ms(theirs.quantile(0.99))),
            ratio: Some(ratio),
            limit: "≤ 1.2 ×, 0 requests",
            verdict: Verdict::of(ratio <= PAGE && asked == 0),
        });
    }
    Ok(())
}

fn ledger(location: &Location) -> Result<(ReadSession, Arc<Relation>), String> {
    let mut session = ReadSession::open(location).map_err(|error| error.to_string())?;
    let schema = session.schema().map_err(|error| error.to_string())?;
    let relation = Arc::clone(schema.find("bot_ledger").ok_or("there is no bot_ledger")?);
    Ok((session, relation))
}

fn timed(session: &mut ReadSession, query: &PageQuery) -> Result<(Duration, usize), String> {
    let begun = Instant::now();
    let page = session.page(query).map_err(|error| error.to_string())?;
    Ok((begun.elapsed(), page.rows.len()))
}

/// The program in its terminal, at the end of the ledger.
fn at_the_end(setting: &Setting, arguments: &[&str]) -> Result<Terminal, String> {
    let mut terminal = Terminal::start(Setting::program(), arguments, &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    terminal.settle(Duration::from_secs(1), Duration::from_secs(10))?;
    terminal.send(b"G")?;
    terminal.settle(Duration::from_millis(500), Duration::from_secs(5))?;
    Ok(terminal)
}

/// How long it takes until what is written on the server is on the screen.
fn written(
    setting: &Setting,
    remote: &Remote,
    way: &Proxy,
    whose: &str,
    arguments: &[&str],
    writes: usize,
    report: &mut Report,
) -> Result<(), String> {
    let mut terminal = at_the_end(setting, arguments)?;
    let mut random = Random::new(8);
    let mut times = Vec::new();
    let before = way.counts();
    for write in 0..writes + 1 {
        let sign = format!("w{}-{write}", arguments.len());
        let begun = Instant::now();
        remote.sqld.run(&format!(
            "INSERT INTO bot_ledger (bot_name, action, item_type, item_id, created_at) \
             VALUES ('creator', 'update', 'question', '{sign}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"
        ));
        let seen = terminal.wait_for("the written row", PATIENCE, |screen| screen.contains(&sign))?;
        // The first one ends the rest: what comes behind it comes while something happens.
        if write > 0 {
            times.push(seen.saturating_duration_since(begun));
        } else {
            report.note(&format!("the first row, after a rest, on the screen of {whose}: {}", ms(seen - begun)));
        }
        thread::sleep(Duration::from_millis(random.below(1_500)));
        terminal.catch_up(Look::Read);
    }
    let (times, passed) = (Samples::new(times), difference(before, way.counts()));
    report.plain(
        &format!("a row written on the server → on the screen of {whose}, {writes} writes"),
        format!("{}, requests {}", times.spread(), passed.requests),
        "all ≤ 1 s",
        Verdict::of(times.max() <= INTERVAL),
    );
    terminal.quit(b"q");
    Ok(())
}

/// A minute in which nothing happens, with the server and with the copy at once.
fn idle(setting: &Setting, [server, copy]: [(&Proxy, &[&str]); 2], report: &mut Report) -> Result<(), String> {
    let terminals = [at_the_end(setting, server.1)?, at_the_end(setting, copy.1)?];
    thread::sleep(REST);
    let before = [server.0.counts(), copy.0.counts()];
    thread::sleep(MINUTE);
    let after = [server.0.counts(), copy.0.counts()];
    for (which, whose) in ["a server", "a copy"].into_iter().enumerate() {
        let passed = difference(before[which], after[which]);
        report.plain(
            &format!("an idle minute, {whose}"),
            format!("requests {}, connections made {}", passed.requests, passed.connections),
            "≤ 12 requests",
            Verdict::of(passed.requests <= IDLE),
        );
    }
    terminals.into_iter().for_each(|terminal| terminal.quit(b"q"));
    Ok(())
}

/// After all of it the copy has the server's rows.
fn whole(remote: &Remote, path: &Path, report: &mut Report) -> Result<(), String> {
    let sql = "SELECT count(*) || ' rows up to ' || max(id) FROM bot_ledger";
    let here: String =
        open(path)?.query_row(sql, [], |row| row.get(0)).map_err(|error| format!("the copy: {error}"))?;
    let there = remote.sqld.value(sql);
    let verdict = Verdict::of(here == there);
    report.plain("the copy's ledger at the end", format!("{here}; the server's: {there}"), "the same", verdict);
    Ok(())
}
