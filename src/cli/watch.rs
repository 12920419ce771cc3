//! `reelscope watch`: follows the ledger until Ctrl-c, as `tail -f` follows a file.
//!
//! The database's observer tells of new rows; what it leaves out in a flood, or what came while the way was lost, is fetched by pages.
//! Each row is printed once, in the order in which it was found ([`seen`]); what cannot be had is counted on standard error. It never
//! gives up by itself once it has begun.

mod print;
mod seen;

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::{
    print::{Look, Printer, Reason},
    seen::{Ledger, Seen, Whole},
};
use super::{
    Context, Failure, Reader, Status,
    args::{WatchArgs, bots::Stretch},
    connect::say,
};
use crate::{
    config::ThemeChoice,
    db::{
        error::{Error, ErrorKind},
        location::Location,
        request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot},
        session::ReadSession,
        workers::Database,
    },
    domain::activity::{ActivityUpdate, LedgerFilter, LedgerFrom, LedgerPage, LedgerQuery, LedgerRow, TAIL},
    theme::ThemeName,
};

/// Rows of a page.
const PAGE: usize = 1000;
/// How often a page that was not answered is asked for again, at first and at most.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_AT_MOST: Duration = Duration::from_secs(10);
/// A reason of so many bytes may go on: rows have its first kilobyte.
const LONG: usize = 1000;
/// How far back is searched at the start for the last rows that pass: after so long, what was found is enough.
const LOOK_BACK: Duration = Duration::from_secs(3);

/// What is heard.
enum Heard {
    /// The database's word.
    Reply(Reply),
    /// The end, because of this signal.
    Signal(i32),
    /// Whoever read what is printed has gone.
    ReaderGone,
}

/// Why it ends.
enum End {
    Signal(i32),
    ReaderGone,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Follows until the end; says the exit status.
pub(super) fn run(args: &WatchArgs, cx: Context<'_>, reader: Reader, out: &mut dyn Write) -> Result<u8, Failure> {
    let location = cx.location(args.database.as_deref(), &args.connecting)?;
    // What is wrong at the start is said and ends it; what goes wrong later does not.
    let schema = ReadSession::open(&location)?.schema()?;
    let Some(ledger) = schema.catalogued("botLedger") else {
        return Err(Failure::new(Status::Failed, "this database has no table bot_ledger: there is nothing to watch"));
    };
    if !ledger.key.can_be_followed() {
        let words = "bot_ledger is a view, or a table without rowids: nobody can tell which of its rows are new";
        return Err(Failure::new(Status::Failed, words));
    }
    let (sender, heard) = mpsc::channel();
    listen_for_signals(sender.clone())?;
    listen_for_the_reader(sender.clone())?;
    let look = match (reader, cx.config.theme) {
        (Reader::Program, _) => Look::Plain,
        (Reader::Terminal, ThemeChoice::Named(theme)) => Look::coloured(theme),
        (Reader::Terminal, ThemeChoice::Auto) => Look::coloured(ThemeName::default()),
    };
    let mut watch = Watch {
        database: open(location, sender),
        heard,
        later: VecDeque::new(),
        request: 0,
        filter: LedgerFilter {
            bots: args.bot.clone(),
            actions: args.action.clone(),
            kinds: args.kind.clone(),
            item: args.item.clone(),
            text: args.text.clone(),
            since: None,
            until: None,
        },
        seen: None,
        ahead: 0,
        perhaps: 0,
        printer: Printer::new(args.format, look),
        trouble: None,
        out,
    };
    match watch.follow(args) {
        Ok(never) => match never {},
        Err(End::Signal(signal)) => {
            // What is there of the last look is whole lines.
            watch.out.flush()?;
            Ok(u8::try_from(128 + signal).unwrap_or(1))
        }
        Err(End::ReaderGone) => Ok(0),
        Err(End::Failed(failure)) => Err(failure),
    }
}

fn open(location: Location, sender: Sender<Heard>) -> Database {
    Database::open(location, move |reply| {
        // Nobody hears it any more at the end.
        let _ = sender.send(Heard::Reply(reply));
    })
}

/// Hears of the signals that ask for the end, on a thread of its own.
fn listen_for_signals(sender: Sender<Heard>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let heard = |kind| {
        let _inside = runtime.enter();
        signal(kind)
    };
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let [interrupt, terminate, hang_up] = kinds.map(heard);
    let (mut interrupt, mut terminate, mut hang_up) = (interrupt?, terminate?, hang_up?);
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let number = runtime.block_on(first(&mut interrupt, &mut terminate, &mut hang_up));
        let _ = sender.send(Heard::Signal(number));
    })?;
    Ok(())
}

async fn first(interrupt: &mut Signal, terminate: &mut Signal, hang_up: &mut Signal) -> i32 {
    let kind = tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt(),
        _ = terminate.recv() => SignalKind::terminate(),
        _ = hang_up.recv() => SignalKind::hangup(),
    };
    kind.as_raw_value()
}

/// Hears of it when a pipe's reader goes although nothing is written (`… | head`), on a thread of its own.
fn listen_for_the_reader(sender: Sender<Heard>) -> io::Result<()> {
    thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let stdout = io::stdout();
        loop {
            // Nothing is asked for: an error or the other side's end is told all the same.
            let mut wanted = [PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut wanted, None) {
                Ok(_) if wanted[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) => {
                    let _ = sender.send(Heard::ReaderGone);
                    return;
                }
                Err(rustix::io::Errno::INTR) => {}
                // Something that cannot be asked: a write will tell.
                Ok(_) | Err(_) => return,
            }
        }
    })?;
    Ok(())
}

/// What is followed, and how far.
struct Watch<'a> {
    database: Database,
    heard: Receiver<Heard>,
    /// What was heard while a page was waited for.
    later: VecDeque<Reply>,
    request: u64,
    filter: LedgerFilter,
    /// `None` before the first look.
    seen: Option<Seen>,
    printer: Printer,
    /// Rows of a flood that pages brought before they were told.
    ahead: u64,
    /// Likewise, perhaps: they were found when all was told anew.
    perhaps: u64,
    /// What is wrong at present, as it was said.
    trouble: Option<String>,
    out: &'a mut dyn Write,
}

impl Watch<'_> {
    fn follow(&mut self, args: &WatchArgs) -> Result<std::convert::Infallible, End> {
        // Asked before the rest: the observer begins when something was answered.
        self.page(&LedgerQuery { filter: LedgerFilter::default(), from: LedgerFrom::Newest, limit: 1 })?;
        self.submit(Slot::Activity, Query::Activity);
        loop {
            let reply = match self.later.pop_front() {
                Some(reply) => reply,
                None => self.hear(None)?.ok_or(End::ReaderGone)?,
            };
            match reply {
                Reply::Answer { slot: Slot::Activity, outcome, .. } => match outcome {
                    Ok(Answer::Activity(update)) => {
                        self.mended();
                        self.look(&update, args)?;
                        self.out.flush()?;
                    }
                    Ok(Answer::NoActivity) => self.gone("the ledger is not there any more: it is waited for"),
                    Ok(_) => {}
                    Err(error) => self.complain(&error),
                },
                Reply::Health(Err(error)) => self.complain(&error),
                Reply::Health(Ok(())) => self.mended(),
                _ => {}
            }
        }
    }

    /// The next that is heard; `None` where nothing was within this time.
    fn hear(&self, patience: Option<Duration>) -> Result<Option<Reply>, End> {
        let heard = match patience {
            None => self.heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(patience) => self.heard.recv_timeout(patience),
        };
        match heard {
            Ok(Heard::Reply(reply)) => Ok(Some(reply)),
            Ok(Heard::Signal(signal)) => Err(End::Signal(signal)),
            Ok(Heard::ReaderGone) | Err(RecvTimeoutError::Disconnected) => Err(End::ReaderGone),
            Err(RecvTimeoutError::Timeout) => Ok(None),
        }
    }

    fn submit(&mut self, slot: Slot, query: Query) -> RequestId {
        self.request += 1;
        let id = RequestId(self.request);
        self.database.submit(Request { slot, id, query, freshness: Freshness::Now });
        id
    }

    /// Takes in a look.
    fn look(&mut self, update: &ActivityUpdate, args: &WatchArgs) -> Result<(), End> {
        let rows = &update.ledger;
        let Some(seen) = &mut self.seen else { return self.begin(rows, args) };
        if update.anew {
            if rows.is_empty() {
                if !seen.is_empty() {
                    self.gone("the ledger was emptied: it is followed on");
                }
                return Ok(());
            }
            if seen.judge(rows) == Ledger::Other {
                say(&["the ledger was made anew: it is followed from its first row".to_owned()]);
                *seen = Seen::default();
            }
            // Fewer than a look tells at most: these are all there are.
            let found = if rows.len() >= TAIL { self.catch_up(rows)? } else { 0 };
            (self.ahead, self.perhaps) = (0, found + self.print(rows)?);
            return Ok(());
        }
        if update.ledger_skipped > 0 {
            // Too many at once: the reader has counted them, the pages have them.
            let expected = update.ledger_skipped + rows.len() as u64;
            let (last, floor) = (seen.last().unwrap_or(i64::MIN), seen.floor());
            let until = rows.last().map_or(i64::MAX, |row| row.id);
            // A flood is told in turns, but pages have all of it that is there.
            let mut found = self.ahead + self.fill(last, until)?.unwrap_or(expected) + self.print_new(rows)?;
            if found < expected {
                // They came among the known ones.
                found += self.fill(floor, until)?.unwrap_or(expected);
            }
            self.ahead = found.saturating_sub(expected);
            let missing = expected.saturating_sub(found);
            if missing > self.perhaps {
                say(&[format!("{missing} rows were deleted before they could be printed")]);
            }
            self.perhaps = self.perhaps.saturating_sub(missing);
        } else {
            let new = self.print_new(rows)?;
            self.perhaps = 0;
            self.ahead = if new == 0 { self.ahead.saturating_sub(rows.len() as u64) } else { 0 };
        }
        if update.board.ledger_anew {
            self.catch_up(rows)?;
        }
        Ok(())
    }

    /// The first look: the last rows, or all since a time; from here on everything that comes.
    fn begin(&mut self, rows: &[LedgerRow], args: &WatchArgs) -> Result<(), End> {
        let whole = if rows.len() < TAIL { Whole::Yes } else { Whole::No };
        self.seen = Some(Seen::begin(rows, whole));
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(()) };
        match args.since {
            Some(Stretch::All) => self.print_since(None, last),
            Some(Stretch::Since(since)) => self.print_since(Some(since.before(Timestamp::now())), last),
            None => self.print_last(rows, args.lines as usize),
        }
    }

    /// The last rows that pass: those that were told, and where they are too few, what pages find behind them.
    fn print_last(&mut self, rows: &[LedgerRow], lines: usize) -> Result<(), End> {
        let mut last: VecDeque<LedgerRow> = rows.iter().filter(|row| self.filter.matches(row)).cloned().collect();
        let mut before = rows.first().map_or(i64::MIN, |row| row.id);
        let until = Instant::now() + LOOK_BACK;
        while last.len() < lines && rows.len() >= TAIL && Instant::now() < until {
            let limit = (lines - last.len()).min(PAGE);
            let query = LedgerQuery { filter: self.filter.clone(), from: LedgerFrom::Before(before), limit };
            let Some(page) = self.page(&query)? else { break };
            for row in page.rows.iter().rev() {
                last.push_front(row.clone());
            }
            let next = page.reached.or(page.rows.first().map(|row| row.id));
            match next.filter(|next| *next < before && page.older) {
                Some(next) => before = next,
                None => break,
            }
        }
        for row in last.iter().skip(last.len().saturating_sub(lines)) {
            self.show(row)?;
        }
        Ok(())
    }

    /// All rows that pass and are not older than this, up to this id.
    fn print_since(&mut self, since: Option<Timestamp>, last: i64) -> Result<(), End> {
        let filter = LedgerFilter { since, ..self.filter.clone() };
        // From the first row on, not from a place: clocks differ, and times do not grow with the ids everywhere.
        let mut after = i64::MIN;
        loop {
            let query = LedgerQuery { filter: filter.clone(), from: LedgerFrom::After(after), limit: PAGE };
            let Some(page) = self.page(&query)? else { return Ok(()) };
            for row in page.rows.iter().filter(|row| row.id <= last) {
                self.show(row)?;
            }
            self.out.flush()?;
            match next(&page, after).filter(|next| *next < last) {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }

    /// Prints what is missing from the first gap on, up to the last row that is known; says how many rows were new.
    fn catch_up(&mut self, rows: &[LedgerRow]) -> Result<u64, End> {
        let Some(seen) = &self.seen else { return Ok(0) };
        let (floor, last) = (seen.floor(), seen.last().max(rows.last().map(|row| row.id)));
        let found = last.map(|last| self.fill(floor, last)).transpose()?;
        Ok(found.flatten().unwrap_or(0))
    }

    /// Prints the rows behind this id and up to that one that were not printed yet. Says how many were new; `None` where not all could be
    /// read.
    fn fill(&mut self, mut after: i64, until: i64) -> Result<Option<u64>, End> {
        let mut found = 0;
        while after < until {
            let query = LedgerQuery { filter: LedgerFilter::default(), from: LedgerFrom::After(after), limit: PAGE };
            let Some(page) = self.page(&query)? else {
                say(&[format!("rows behind {after} cannot be read, and are not printed")]);
                return Ok(None);
            };
            let wanted = page.rows.iter().take_while(|row| row.id <= until).count();
            found += self.print(&page.rows[..wanted])?;
            self.out.flush()?;
            match next(&page, after) {
                Some(next) => after = next,
                None => break,
            }
        }
        Ok(Some(found))
    }

    /// Prints those of the rows that were not printed yet; says how many were new, wanted or not.
    fn print(&mut self, rows: &[LedgerRow]) -> Result<u64, End> {
        self.print_as(rows, Seen::insert)
    }

    /// As [`Self::print`], of rows that were told because they came.
    fn print_new(&mut self, rows: &[LedgerRow]) -> Result<u64, End> {
        self.print_as(rows, Seen::came)
    }

    fn print_as(&mut self, rows: &[LedgerRow], take: fn(&mut Seen, &LedgerRow) -> bool) -> Result<u64, End> {
        let mut new = 0;
        for row in rows {
            if self.seen.as_mut().is_some_and(|seen| take(seen, row)) {
                new += 1;
                if self.passes(row)? {
                    self.show(row)?;
                }
            }
        }
        Ok(new)
    }

    /// Whether a row is wanted. Of a long reason the beginning is here only: the database looks through the rest.
    fn passes(&mut self, row: &LedgerRow) -> Result<bool, End> {
        if self.filter.matches(row) {
            return Ok(true);
        }
        if !is_long(row) || self.filter.text.is_none() || !self.filter.matches_but_for_text(row) {
            return Ok(false);
        }
        let from = LedgerFrom::After(row.id.saturating_sub(1));
        let page = self.page(&LedgerQuery { filter: self.filter.clone(), from, limit: 1 })?;
        Ok(page.is_some_and(|page| page.rows.first().is_some_and(|found| found.id == row.id)))
    }

    /// Prints a row, with its whole reason where that is wanted: rows come with the beginning of a long one.
    fn show(&mut self, row: &LedgerRow) -> Result<(), End> {
        if !is_long(row) || !self.printer.wants_whole() {
            return Ok(self.printer.row(row, Reason::Whole, self.out)?);
        }
        let query = LedgerQuery { filter: LedgerFilter::default(), from: LedgerFrom::Row(row.id), limit: 1 };
        let page = self.page(&query)?;
        // It may be gone, or another: then there is what was told.
        let is_same = |now: &&LedgerRow| {
            LedgerRow { reason: None, ..(*now).clone() } == LedgerRow { reason: None, ..row.clone() }
        };
        match page.as_ref().and_then(|page| page.rows.first()).filter(is_same) {
            Some(whole) => self.printer.row(whole, Reason::Whole, self.out)?,
            None => self.printer.row(row, Reason::Cut, self.out)?,
        }
        Ok(())
    }

    /// A page, however long it takes; `None` where there is none to be had.
    fn page(&mut self, query: &LedgerQuery) -> Result<Option<Arc<LedgerPage>>, End> {
        let (mut pause, mut limit) = (AGAIN, query.limit);
        loop {
            let id = self.submit(Slot::Ledger, Query::Ledger(LedgerQuery { limit, ..query.clone() }));
            let error = loop {
                match self.hear(None)? {
                    Some(Reply::Answer { slot: Slot::Ledger, id: of, outcome }) if of == id => match outcome {
                        Ok(Answer::Ledger(page)) => return Ok(Some(page)),
                        Ok(_) => return Ok(None),
                        Err(error) => break error,
                    },
                    Some(reply) => self.later.push_back(reply),
                    None => {}
                }
            };
            match error.kind {
                ErrorKind::TooLarge if limit > 1 => {
                    limit /= 2;
                    continue;
                }
                ErrorKind::TooLarge | ErrorKind::NoSuchRelation | ErrorKind::Sql | ErrorKind::Unsupported => {
                    say(&[error.what]);
                    return Ok(None);
                }
                _ => self.complain(&error),
            }
            // It is asked for again; what comes meanwhile waits.
            let until = Instant::now() + pause;
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                if let Some(reply) = self.hear(Some(left))? {
                    self.later.push_back(reply);
                }
            }
            pause = (pause * 2).min(AGAIN_AT_MOST);
        }
    }

    /// What was followed is gone: whatever comes now is new.
    fn gone(&mut self, words: &str) {
        self.seen = Some(Seen::default());
        say(&[words.to_owned()]);
    }

    /// Something is wrong: said once.
    fn complain(&mut self, error: &Error) {
        if self.trouble.as_ref() != Some(&error.what) {
            say(&[format!("{}: it is tried again", error.what)]);
            self.trouble = Some(error.what.clone());
        }
    }

    fn mended(&mut self) {
        if self.trouble.take().is_some() {
            say(&["it is followed again".to_owned()]);
        }
    }
}

/// Whether its reason may go on behind what is here.
fn is_long(row: &LedgerRow) -> bool {
    row.reason.as_ref().is_some_and(|reason| reason.len() >= LONG)
}

/// From where a search upwards goes on; `None` at the end.
fn next(page: &LedgerPage, after: i64) -> Option<i64> {
    let next = page.reached.or(page.rows.last().map(|row| row.id)).filter(|next| *next > after)?;
    (page.newer || page.reached.is_some()).then_some(next)
}
