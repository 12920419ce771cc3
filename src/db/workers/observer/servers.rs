//! Watching a server: one request a poll asks whether anything changed, and what the bots did.
//!
//! It owns what the database looked like last, and the trouble there is. A poll that fails is told once; while nothing gets through,
//! the link says when another try makes sense, and a request of the user's that gets through is as good as a poll. After that everything
//! is told to be read anew, so that the screen goes on by itself.

mod poll;

use std::{
    sync::{Arc, mpsc::Sender},
    time::Duration,
};

use self::poll::{Following, More, News, Reader, Scope};
use super::{
    super::{Shared, cache::Polls},
    Next, Word,
    pace::{Change, Moment, Pace, Woken},
};
use crate::db::{
    activity::server::Taken,
    connection::Canceller,
    error::{Error, ErrorKind, Result},
    location::Location,
    replica::Replica,
    request::{Answer, Reply, RequestId, Slot},
    server::{
        Server,
        changes::{Changes, Signature},
        link::Link,
    },
};

/// The pause after a failure of which the link says nothing.
const UNSAID: Duration = Duration::from_secs(2);
/// The shortest and the longest pause after a failure.
const SOONEST: Duration = Duration::from_millis(200);
const LATEST: Duration = Duration::from_secs(60);

/// What is known of the server.
pub(super) struct ServerWatch {
    shared: Arc<Shared>,
    server: Server,
    canceller: Canceller,
    pace: Pace,
    /// What the database looked like.
    seen: Option<Signature>,
    following: Option<Following>,
    trouble: Option<Error>,
    scope: Scope,
    /// The schema was read anew because a statement failed.
    reread: bool,
    /// Who asked for a look.
    asking: Vec<Sender<Result<()>>>,
}

/// Has the link's news told from now on, and those of a copy with them.
pub(super) fn listen_to_the_link(shared: &Arc<Shared>) {
    let (server, replica) = match &shared.location {
        Location::File(_) => return,
        Location::Server(server) => (server, None),
        Location::Replica(replica) => (replica.server(), Some(replica)),
    };
    // What is wrong with it is the answer to every request.
    let Ok(link) = server.link() else { return };
    // The link belongs to the location, which the threads share: it must not hold on to them.
    let weak = Arc::downgrade(shared);
    link.on_status(move |status| {
        if let Some(shared) = weak.upgrade() {
            shared.reply(Reply::Link(Arc::new(status)));
        }
    });
    // The copy's thread tells of it through the link.
    if let Some(Err(error)) = replica.map(Replica::open) {
        tracing::debug!("there is no copy: {}", error.what);
    }
}

impl ServerWatch {
    pub(super) fn new(shared: Arc<Shared>, server: Server, canceller: Canceller) -> Self {
        Self {
            shared,
            server,
            canceller,
            pace: Pace::new(Moment::now()),
            seen: None,
            following: None,
            trouble: None,
            scope: Scope::default(),
            reread: false,
            asking: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, word: Word) {
        let now = Moment::now();
        match word {
            Word::GoOn(id) => match &mut self.following {
                Some(Following { id: known, reader: Reader::Made(reader) }) => {
                    *known = id;
                    reader.compare(now.instant);
                    if self.trouble.is_none() {
                        self.pace.at_once(now);
                    }
                }
                _ => self.hear(Word::Follow(id)),
            },
            Word::Follow(id) => {
                self.following = Some(Following { id, reader: Reader::Unmade });
                self.scope = Scope::default();
                if self.trouble.is_none() {
                    self.pace.at_once(now);
                }
            }
            Word::Leave => self.following = None,
            Word::Look(asking) => self.asking.push(asking),
            Word::Asked(Ok(())) => {
                self.pace.asked(now);
                if self.trouble.is_some() {
                    self.recovered();
                }
            }
            // It may be the statement that takes so long: a poll tells.
            Word::Asked(Err(error)) if error.kind == ErrorKind::TimedOut && self.trouble.is_none() => {
                self.pace.at_once(now);
            }
            Word::Asked(Err(error)) => {
                if is_of_the_way(error.kind) {
                    self.failed(error);
                }
            }
            Word::End => {}
        }
    }

    /// The request of whoever follows the bots.
    pub(super) fn following(&self) -> Option<RequestId> {
        self.following.as_ref().map(|following| following.id)
    }

    /// Something broke: whatever was half done is begun anew, and not at once.
    pub(super) fn broke(&mut self, error: Error) -> Duration {
        self.restart();
        self.failed(error);
        self.pace.nap(Moment::now())
    }

    /// Asks where it is time to.
    pub(super) fn turn(&mut self) -> Next {
        if self.shared.server().is_none() {
            return Next::Other;
        }
        let now = Moment::now();
        if self.pace.look_at_the_clock(now) == Woken::Yes {
            tracing::debug!("the computer was suspended");
        }
        if self.pace.is_due(now) || !self.asking.is_empty() {
            self.poll();
        }
        // Where there is a copy, its thread says how often it asks.
        if let (Location::Server(_), Ok(link)) = (&self.shared.location, self.server.link()) {
            link.set_poll(Some(self.pace.interval()));
        }
        Next::Turn(self.pace.nap(Moment::now()))
    }

    fn poll(&mut self) {
        let outcome = self.ask();
        for asking in self.asking.drain(..) {
            // Whoever asked may have given it up.
            let _ = asking.send(outcome.as_ref().map(|_| ()).map_err(Clone::clone));
        }
        match outcome {
            Ok(news) => self.answered(news),
            // The database is being closed.
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            Err(error) if error.kind == ErrorKind::TooLarge && self.ask_for_less() => self.pace.at_once(Moment::now()),
            Err(error) if is_of_the_way(error.kind) => {
                if error.kind == ErrorKind::TimedOut {
                    self.ask_for_less();
                }
                self.failed(error);
            }
            Err(error) => self.refused(error),
        }
    }

    fn answered(&mut self, news: News) {
        let now = Moment::now();
        self.reread = false;
        self.shared.cache.polled(Polls::Answered);
        let changes = match (&self.seen, &news.signature) {
            (Some(seen), Some(signature)) => signature.since(seen),
            _ => Changes::None,
        };
        self.seen = news.signature.or(self.seen.take());
        match &changes {
            Changes::Schema => {
                self.forget_the_schema();
                self.shared.counts.forget();
                self.scope = Scope::default();
                self.restart();
            }
            Changes::Data(moved) => self.rows_changed(moved),
            // A row changed in place, which shows in what the bots did.
            Changes::None if news.activity.is_a_change() => self.rows_changed(&[]),
            Changes::None => {}
        }
        let quiet = changes == Changes::None && !news.activity.is_a_change();
        let recovered = self.trouble.take().is_some();
        if recovered {
            self.shared.reply(Reply::Health(Ok(())));
        }
        if !quiet || recovered || self.shared.counts.owes(now.instant) {
            self.shared.reply(Reply::Changed { schema: recovered || changes == Changes::Schema });
        }
        match (quiet, news.activity.is_a_change()) {
            (true, _) => self.pace.unchanged(now, news.took),
            (false, true) => self.pace.changed(now, Change::Watched, news.took),
            (false, false) => self.pace.changed(now, Change::Other, news.took),
        }
        if news.more == More::Yes {
            self.pace.soon(now, news.took);
        }
        if let Some(following) = self.following.as_ref().filter(|_| changes != Changes::Schema) {
            match news.activity {
                Taken::Nothing => {}
                Taken::News(update) | Taken::Before(update) => {
                    let outcome = Ok(Answer::Activity(Arc::new(*update)));
                    self.shared.reply(Reply::Answer { slot: Slot::Activity, id: following.id, outcome });
                }
                Taken::Lost => self.pace.at_once(now),
            }
        }
    }

    fn forget_the_schema(&self) {
        self.server.known.forget_schema();
        self.shared.cache.clear();
    }

    fn rows_changed(&self, moved: &[String]) {
        self.shared.cache.age();
        self.shared.counts.moved(moved);
    }

    /// A user's request got through while no poll did.
    fn recovered(&mut self) {
        self.trouble = None;
        self.shared.cache.age();
        self.shared.reply(Reply::Health(Ok(())));
        self.shared.reply(Reply::Changed { schema: true });
    }

    /// Nothing gets through.
    fn failed(&mut self, error: Error) {
        self.shared.cache.polled(Polls::Silent);
        let now = Moment::now();
        self.pace.failed(now, self.next_try());
        let told = self.trouble.as_ref().is_some_and(|trouble| trouble.kind == error.kind);
        if !told {
            self.shared.reply(Reply::Health(Err(error.clone())));
        }
        self.trouble = Some(error);
    }

    /// The way is fine, but the database refuses what was asked for: the schema may be another; where it is not, less is asked for.
    fn refused(&mut self, error: Error) {
        tracing::debug!("a poll was refused: {}", error.what);
        self.pace.at_once(Moment::now());
        if !self.reread {
            self.reread = true;
            self.forget_the_schema();
            self.restart();
            return;
        }
        match self.scope {
            Scope::All => {
                self.scope = Scope::Tables;
                if let Some(Following { id, .. }) = self.following {
                    self.shared.reply(Reply::Answer { slot: Slot::Activity, id, outcome: Err(error) });
                }
            }
            Scope::Tables => self.scope = Scope::Schema,
            Scope::Schema => self.failed(error),
        }
    }

    /// Whether the next poll will ask for less.
    fn ask_for_less(&mut self) -> bool {
        match &mut self.following {
            Some(Following { reader: Reader::Made(reader), .. }) => reader.less(),
            _ => false,
        }
    }

    /// The bots' tables may be others: begin anew with them.
    fn restart(&mut self) {
        if let Some(following) = &mut self.following
            && matches!(following.reader, Reader::Made(_))
        {
            following.reader = Reader::Unmade;
        }
    }

    /// When another try makes sense.
    fn next_try(&self) -> Duration {
        let pause = self.server.link().ok().and_then(Link::next_try).unwrap_or(UNSAID);
        pause.clamp(SOONEST, LATEST)
    }
}

/// Whether it says that the server cannot be reached or does not let us in, whatever is asked.
const fn is_of_the_way(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unreachable
            | ErrorKind::TimedOut
            | ErrorKind::Credentials
            | ErrorKind::Unauthorized
            | ErrorKind::Insecure
            | ErrorKind::NoSuchDatabase
            | ErrorKind::Throttled
            | ErrorKind::Server
            | ErrorKind::Io
    )
}
