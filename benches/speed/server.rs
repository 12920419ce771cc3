//! Reading from a server with 30 ms of network: each action in round trips, against the same bytes sent by hand.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    time::{Duration, Instant},
};

use reelscope::{
    db::{
        location::Location,
        request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot, SyncHow},
        session::ReadSession,
        workers::Database,
    },
    domain::{
        page::{PageAt, PageQuery},
        schema::Relation,
    },
};

use crate::{
    pty::Terminal,
    remote::{DELAY, Raw, Remote},
    report::{Line, Report, Verdict},
    samples::{Samples, ms},
    setting::{Setting, open, texts},
};

/// Rows of a page.
const ROWS: usize = 50;
/// A page by the same bytes sent by hand.
const PAGE: f64 = 1.15;
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let remote = Remote::start(setting)?;
    remote.proxy.delay(DELAY);
    report.part("opening", |report| opened(&remote, setting.runs(10, 3), report));
    report.part("the first screen", |report| shown(setting, &remote, setting.runs(15, 5), report));
    let runs = setting.runs(100, 20);
    report.part("actions", |report| actions(&remote, runs, "30 ms", report));
    report.part("the activity", |report| activity(&remote, setting.runs(30, 10), report));
    report.part("from memory", |report| kept(&remote, report));
    remote.proxy.delay(Duration::ZERO);
    report.part("actions on loopback", |report| actions(&remote, runs, "loopback", report));
    Ok(())
}

fn page(relation: &Arc<Relation>, at: PageAt) -> PageQuery {
    PageQuery { relation: Arc::clone(relation), sort: Vec::new(), at, limit: ROWS }
}

fn told<T>(outcome: Result<T, reelscope::db::error::Error>) -> Result<T, String> {
    outcome.map_err(|error| error.to_string())
}

/// From nothing to the first rows, through the library: one request after another.
fn opened(remote: &Remote, runs: usize, report: &mut Report) -> Result<(), String> {
    let (mut times, mut requests, mut connections) = (Vec::new(), 0, 0);
    for _ in 0..runs {
        let begun = Instant::now();
        let ((), passed) = remote.watch(|| {
            let mut session = told(ReadSession::open(&remote.location()?))?;
            let schema = told(session.schema())?;
            let relation = schema.find("bot_ledger").ok_or("there is no bot_ledger")?;
            told(session.page(&page(relation, PageAt::First))).map(|_| ())
        })?;
        times.push(begun.elapsed());
        requests = requests.max(passed.counts.requests);
        connections = connections.max(passed.counts.connections);
    }
    let times = Samples::new(times);
    report.plain(
        "open a server, schema, first page (library, 30 ms)",
        format!("requests {requests}, connections {connections}; {}", times.spread()),
        "≤ 3 requests, 1 connection",
        Verdict::of(requests <= 3 && connections == 1),
    );
    Ok(())
}

/// From the start of the program to rows on its screen, against the same rows in a file and the network's share of it.
fn shown(setting: &Setting, remote: &Remote, runs: usize, report: &mut Report) -> Result<(), String> {
    let connection = open(&remote.file)?;
    let first = texts(&connection, "SELECT item_id FROM bot_ledger ORDER BY id LIMIT 3")?;
    let file = remote.file.to_str().ok_or("the path of the database is no text")?;
    let url = remote.proxy.url();
    let (mut here, mut there) = (Vec::new(), Vec::new());
    let mut words = String::new();
    // One run of each before, so that both find their files in the system's cache.
    for run in 0..=runs {
        for (database, times) in [(file, &mut here), (url.as_str(), &mut there)] {
            let (time, passed) = remote.watch(|| {
                let mut terminal = Terminal::start(Setting::program(), &[database, "bot_ledger"], &setting.home())?;
                let rows = |screen: &str| first.iter().all(|id| screen.contains(id.as_str()));
                let at = terminal.wait_for("the first rows", PATIENCE, rows)?;
                let time = at.duration_since(terminal.started());
                terminal.quit(b"q");
                Ok(time)
            })?;
            if run > 0 {
                times.push(time);
            }
            if database == url {
                words = passed.words();
            }
        }
    }
    let (here, there) = (Samples::new(here), Samples::new(there));
    // A connection and three round trips.
    let allowed = here.median() + DELAY * 4;
    let ratio = there.median().as_secs_f64() / allowed.as_secs_f64();
    report.line(Line {
        what: "start → first rows of a server on the screen (30 ms)".to_owned(),
        measured: format!("{} (p90 {})", ms(there.median()), ms(there.quantile(0.9))),
        reference: format!("the same file {} + 4 × 30 ms (a connection, 3 round trips)", ms(here.median())),
        ratio: Some(ratio),
        limit: "≤ 1 ×",
        verdict: Verdict::of(ratio <= 1.0),
    });
    report.note(&format!("all that passed, until the program ended (all panes at once): {words}"));
    Ok(())
}

/// Every action that reads, against its own bytes.
fn actions(remote: &Remote, runs: usize, network: &str, report: &mut Report) -> Result<(), String> {
    let mut session = told(ReadSession::open(&remote.location()?))?;
    let schema = told(session.schema())?;
    let relation = schema.find("bot_ledger").ok_or("there is no bot_ledger")?;
    let middle = told(session.page(&page(relation, PageAt::Percent(50.0))))?;
    let deep = middle.last.ok_or("there is no page in the middle")?;
    let question = texts(&open(&remote.file)?, "SELECT id FROM questions LIMIT 1")?.pop().ok_or("no question")?;
    let places = [
        ("page of 50 rows", PageAt::After(deep), PAGE),
        ("jump to the end", PageAt::Last, f64::INFINITY),
        ("jump to 93 %", PageAt::Percent(93.0), f64::INFINITY),
    ];
    for (what, at, limit) in places {
        let query = page(relation, at);
        let limit = if network == "loopback" { f64::INFINITY } else { limit };
        compare(remote, &format!("{what}, {network}"), runs, limit, report, &mut || {
            told(session.page(&query)).map(|_| ())
        })?;
    }
    compare(remote, &format!("a question with its mappings, {network}"), runs, f64::INFINITY, report, &mut || {
        told(session.question(&question))?.map(|_| ()).ok_or_else(|| "the question is gone".to_owned())
    })
}

/// Measures an action in turns with the requests it made, sent by hand over a kept connection of their own.
fn compare(
    remote: &Remote,
    what: &str,
    runs: usize,
    limit: f64,
    report: &mut Report,
    act: &mut dyn FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let ((), passed) = remote.watch(&mut *act)?;
    let mut raw = Raw::connect(remote.proxy.address())?;
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let begun = Instant::now();
        act()?;
        ours.push(begun.elapsed());
        by_hand.push(passed.requests.iter().map(|request| raw.repeat(request)).sum::<Result<Duration, String>>()?);
    }
    let (ours, by_hand) = (Samples::new(ours), Samples::new(by_hand));
    let ratio = ours.median().as_secs_f64() / by_hand.median().as_secs_f64();
    let requests = passed.counts.requests;
    report.line(Line {
        what: what.to_owned(),
        measured: format!("requests {requests}; {} (p99 {})", ms(ours.median()), ms(ours.quantile(0.99))),
        reference: format!("the same bytes by hand {}", ms(by_hand.median())),
        ratio: Some(ratio),
        limit: if limit.is_finite() { "1 request, ≤ 1.15 ×" } else { "1 request" },
        verdict: Verdict::of(requests == 1 && ratio <= limit),
    });
    Ok(())
}

/// The workers, with whatever they say.
struct Asking {
    database: Database,
    replies: Receiver<Reply>,
    last: u64,
}

impl Asking {
    fn open(location: Location) -> Self {
        let (sender, replies) = mpsc::channel();
        let database = Database::open(location, move |reply| {
            let _ = sender.send(reply);
        });
        Self { database, replies, last: 0 }
    }

    /// Asks, and waits for the true answer.
    fn ask(&mut self, slot: Slot, query: Query) -> Result<Answer, String> {
        self.last += 1;
        let wanted = RequestId(self.last);
        self.database.submit(Request { slot, id: wanted, query, freshness: Freshness::Any });
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.replies.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Reply::Answer { slot: from, id, outcome }) if (from, id) == (slot, wanted) => return told(outcome),
                Ok(_) => {}
                Err(_) => return Err(format!("{slot:?} does not answer")),
            }
        }
    }
}

/// A look at the bots, and asking whether anything changed.
fn activity(remote: &Remote, runs: usize, report: &mut Report) -> Result<(), String> {
    let mut asking = Asking::open(remote.location()?);
    asking.ask(Slot::Schema, Query::Schema)?;
    asking.ask(Slot::Activity, Query::Activity)?;
    polled(remote, "first look at the bots on a warm link, 30 ms", runs, report, &mut || match asking
        .ask(Slot::Activity, Query::Activity)?
    {
        Answer::Activity(_) => Ok(()),
        other => Err(format!("the activity answers {other:?}")),
    })?;
    polled(remote, "a poll: did anything change, 30 ms", runs, report, &mut || {
        asking.ask(Slot::Sync, Query::Sync(SyncHow::Now)).map(|_| ())
    })
}

/// As [`compare`] where polls may come between: each time against the requests of that time; their number is the median.
fn polled(
    remote: &Remote,
    what: &str,
    runs: usize,
    report: &mut Report,
    act: &mut dyn FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let mut raw = Raw::connect(remote.proxy.address())?;
    let (mut ours, mut by_hand, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let begun = Instant::now();
        let ((), passed) = remote.watch(&mut *act)?;
        ours.push(begun.elapsed());
        requests.push(passed.counts.requests);
        by_hand.push(passed.requests.iter().map(|request| raw.repeat(request)).sum::<Result<Duration, String>>()?);
    }
    let (ours, by_hand) = (Samples::new(ours), Samples::new(by_hand));
    requests.sort_unstable();
    let requests = requests.get(requests.len() / 2).copied().unwrap_or_default();
    report.line(Line {
        what: what.to_owned(),
        measured: format!("requests {requests}; {} (p90 {})", ms(ours.median()), ms(ours.quantile(0.9))),
        reference: format!("the same bytes by hand {}", ms(by_hand.median())),
        ratio: Some(ours.median().as_secs_f64() / by_hand.median().as_secs_f64()),
        limit: "1 request",
        verdict: Verdict::of(requests == 1),
    });
    Ok(())
}

/// A page that was read a moment ago is not asked for again.
fn kept(remote: &Remote, report: &mut Report) -> Result<(), String> {
    let mut asking = Asking::open(remote.location()?);
    let Answer::Schema(schema) = asking.ask(Slot::Schema, Query::Schema)? else {
        return Err("the schema answers something else".to_owned());
    };
    let relation = schema.find("bot_ledger").ok_or("there is no bot_ledger")?;
    let middle = || Query::Page(page(relation, PageAt::Percent(50.0)));
    let (_, first) = remote.watch(|| asking.ask(Slot::Page, middle()))?;
    // What is kept is as good as new while the server says that nothing changed.
    asking.ask(Slot::Sync, Query::Sync(SyncHow::Now))?;
    // The workers ask for changes meanwhile: what counts is whether the page is asked for.
    let bodies: Vec<&str> =
        first.requests.iter().map(|request| request.body.as_str()).filter(|body| body.contains("bot_ledger")).collect();
    let begun = Instant::now();
    let (_, second) = remote.watch(|| asking.ask(Slot::Page, middle()))?;
    let took = begun.elapsed();
    let again = second.requests.iter().filter(|request| bodies.contains(&request.body.as_str())).count();
    report.plain(
        "the same page again, from memory",
        format!("requests {again}; {}", ms(took)),
        "0 requests",
        Verdict::of(again == 0 && !bodies.is_empty()),
    );
    Ok(())
}
