//! `reelscope bots`: the board, the queue and the alerts, once.
//!
//! The figures are the screen's own: the same reader tells the same [`Board`] what the tables hold, until it has told everything.

mod print;

use std::{
    io::{self, IsTerminal as _, Write},
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use self::print::Report;
use super::{
    Context, Failure, Status,
    args::{
        BotsArgs,
        bots::{BotsFormat, Stretch},
    },
    connect::say,
    json,
};
use crate::{
    db::{
        error::Error,
        location::Location,
        request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot},
        session::ReadSession,
        workers::Database,
    },
    domain::bots::{Board, ReadSoFar, Series, alerts::alerts},
};

/// How long one waits for what went wrong to mend itself: a program that keeps the file locked, a server that starts again.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is counted.
const BOTS_TABLES: [&str; 3] = ["botLedger", "botRuns", "workQueue"];
/// From when on one says how far it is.
const LONG: Duration = Duration::from_secs(1);
/// How often.
const AGAIN: Duration = Duration::from_millis(200);

pub(super) fn run(args: &BotsArgs, cx: Context<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let location = cx.location(args.database.as_deref(), &args.connecting)?;
    // What is wrong with the database is said as by every other command.
    let schema = ReadSession::open(&location)?.schema()?;
    let has = |table: &str| schema.catalogued(table).is_some_and(|relation| relation.key.can_be_followed());
    let unread =
        BOTS_TABLES.iter().filter_map(|table| schema.catalogued(table)).filter(|one| !one.key.can_be_followed());
    say(&unread
        .map(|one| format!("{} is a view, or a table without rowids: it is not counted", one.name))
        .collect::<Vec<_>>());
    let (board, now) = read(location)?;
    let since = match args.since {
        Stretch::All => None,
        Stretch::Since(since) => Some(Series::kept(since.before(now).as_second(), now.as_second())),
    };
    let limits = &cx.config.bots.limits;
    let report = Report {
        at: now,
        since,
        bots: board.lines_since(since, now, limits),
        queue: has("workQueue").then(|| (board.queue_since(since, now), board.depths())),
        alerts: alerts(&board, now, limits),
    };
    match args.format {
        BotsFormat::Json => json::write(&report.json(), out),
        BotsFormat::Table => report.table(out),
    }
}

/// Everything that is in the tables, and when that was.
fn read(location: Location) -> Result<(Board, Timestamp), Failure> {
    let (sender, heard) = mpsc::channel();
    let database = Database::open(location, move |reply| {
        // At the end nobody listens any more.
        let _ = sender.send(reply);
    });
    database.expect_no_page();
    let follow = Request { slot: Slot::Activity, id: RequestId(1), query: Query::Activity, freshness: Freshness::Now };
    database.submit(follow);
    let mut board = Board::default();
    let mut progress = Progress::new();
    let mut trouble: Option<Error> = None;
    loop {
        let reply = match &trouble {
            None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => heard.recv_timeout(PATIENCE),
        };
        match (reply, trouble.take()) {
            (Ok(Reply::Answer { slot: Slot::Activity, outcome: Ok(Answer::Activity(update)), .. }), _) => {
                let now = Timestamp::now();
                board.take(&update, now);
                if board.read().all {
                    return Ok((board, now));
                }
                progress.show(board.read());
            }
            (Ok(Reply::Answer { slot: Slot::Activity, outcome: Ok(Answer::NoActivity), .. }), _) => {
                let words = "this database has none of bot_ledger, bot_runs and work_queue: there are no bots to show";
                return Err(Failure::new(Status::Failed, words));
            }
            (Ok(Reply::Answer { outcome: Err(error), .. } | Reply::Health(Err(error))), _) => trouble = Some(error),
            (Ok(Reply::Health(Ok(()))), _) => {}
            (Ok(_), before) => trouble = before,
            (Err(_), Some(error)) => return Err(error.into()),
            (Err(_), None) => return Err(Failure::new(Status::Failed, "the database's reader ended")),
        }
    }
}

/// How far it is, for a person who waits.
struct Progress {
    since: Instant,
    shown: Option<Instant>,
}

impl Progress {
    fn new() -> Self {
        Self { since: Instant::now(), shown: None }
    }

    fn show(&mut self, read: ReadSoFar) {
        let now = Instant::now();
        let long = now.duration_since(self.since) >= LONG;
        if long && self.shown.is_none_or(|shown| now.duration_since(shown) >= AGAIN) && io::stderr().is_terminal() {
            self.shown = Some(now);
            let percent = (read.rows.saturating_mul(100)).checked_div(read.of).unwrap_or(100).min(100);
            // Nobody to tell is no failure.
            let _ = write!(io::stderr(), "\r{percent:3} %");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}
