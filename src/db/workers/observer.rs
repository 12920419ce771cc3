//! The thread that watches: tells of changes and trouble, and follows the bots where somebody asked for it.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Shared, worker::broken};
use crate::db::{
    activity::{ActivityReader, Occasion},
    connection::Canceller,
    error::{Error, ErrorKind, Result},
    request::{Answer, Reply, RequestId, Slot},
    watch::{Change, Watch},
};

/// How often it asks whether something changed: changes have to be noticed within 100 ms.
const POLL: Duration = Duration::from_millis(50);
/// How often it asks while the file is gone.
const POLL_IN_TROUBLE: Duration = Duration::from_millis(200);
/// At most one [`Reply::Changed`] in this time.
const CHANGES: Duration = Duration::from_millis(100);

/// What one can say to it.
enum Word {
    /// Follow the bots, and answer to this request.
    Follow(RequestId),
    /// Follow them no more.
    Leave,
}

/// The watching thread, seen from outside. It ends when this is dropped.
pub(super) struct Observer {
    words: Sender<Word>,
    canceller: Canceller,
}

impl Observer {
    /// Starts the thread. It begins to watch when the first page was served, or `patience` is over, or somebody wants the activity.
    pub(super) fn start(shared: Arc<Shared>, watch: impl FnOnce(Canceller) -> Watch) -> io::Result<Self> {
        let (words, heard) = mpsc::channel();
        let canceller = Canceller::default();
        let state = State {
            watch: watch(canceller.clone()),
            shared,
            following: None,
            owed: Change::None,
            told: None,
            trouble: None,
        };
        thread::Builder::new().name("reelscope-watch".into()).spawn(move || run(state, &heard))?;
        Ok(Self { words, canceller })
    }

    pub(super) fn follow(&self, id: RequestId) {
        // It is there as long as this is: an error is not possible.
        let _ = self.words.send(Word::Follow(id));
    }

    pub(super) fn leave(&self) {
        let _ = self.words.send(Word::Leave);
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        // What it reads now ends; then it finds nobody at the other end.
        self.canceller.cancel();
    }
}

struct State {
    watch: Watch,
    shared: Arc<Shared>,
    following: Option<Following>,
    /// What has not been told yet.
    owed: Change,
    /// When a change was told last.
    told: Option<Instant>,
    trouble: Option<Error>,
}

/// Somebody wants the activity.
struct Following {
    id: RequestId,
    reader: Reader,
    /// Why to look at the next occasion.
    look: Option<Occasion>,
    failed: Option<Error>,
}

enum Reader {
    /// The schema has to be read first.
    Unmade,
    Made(Box<ActivityReader>),
    /// The tables are not there; this was told.
    Impossible,
}

fn run(mut state: State, heard: &Receiver<Word>) {
    state.shared.served.wait(POLL);
    let mut pause = Duration::ZERO;
    loop {
        let first = match heard.recv_timeout(pause) {
            Ok(word) => Some(word),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        for word in first.into_iter().chain(heard.try_iter()) {
            state.hear(&word);
        }
        pause = catch_unwind(AssertUnwindSafe(|| state.turn(Instant::now()))).unwrap_or_else(|cause| {
            // Whatever was half done: begin anew, and not at once.
            state.watch.forget();
            state.restart();
            state.in_trouble(broken(cause.as_ref()))
        });
    }
}

impl State {
    fn hear(&mut self, word: &Word) {
        self.following = match word {
            Word::Follow(id) => {
                Some(Following { id: *id, reader: Reader::Unmade, look: Some(Occasion::Change), failed: None })
            }
            Word::Leave => None,
        };
    }

    /// Asks, tells, looks; says how long to wait for the next turn.
    fn turn(&mut self, now: Instant) -> Duration {
        let change = match self.watch.poll() {
            Ok(change) => change,
            Err(error) if error.kind == ErrorKind::Cancelled => return POLL,
            Err(error) => {
                self.watch.forget();
                return self.in_trouble(error);
            }
        };
        if self.trouble.take().is_some() {
            self.shared.reply(Reply::Health(Ok(())));
        }
        if change != Change::None {
            self.shared.counts.forget();
            self.owed = self.owed.max(change);
            match &mut self.following {
                Some(_) if change == Change::Schema => self.restart(),
                // Rows do not bring the tables: the schema need not be read again.
                Some(Following { reader: Reader::Impossible, .. }) | None => {}
                Some(following) => following.look = Some(Occasion::Change),
            }
        }
        self.tell(now);
        self.look(now)
    }

    /// Tells of a change, unless it told of one just now.
    fn tell(&mut self, now: Instant) {
        if self.owed == Change::None || self.told.is_some_and(|told| now.duration_since(told) < CHANGES) {
            return;
        }
        self.shared.reply(Reply::Changed { schema: self.owed == Change::Schema });
        self.owed = Change::None;
        self.told = Some(now);
    }

    /// Looks at the bots where that is wanted and may bring something.
    fn look(&mut self, now: Instant) -> Duration {
        let Some(following) = &mut self.following else { return POLL };
        let Some(occasion) = following.look.take() else { return following.next_look(now) };
        match following.read(&mut self.watch, occasion, now) {
            Ok(answer) => {
                following.failed = None;
                if let Some(answer) = answer {
                    let id = following.id;
                    self.shared.reply(Reply::Answer { slot: Slot::Activity, id, outcome: Ok(answer) });
                }
                following.next_look(now)
            }
            Err(error) if error.kind == ErrorKind::Cancelled => POLL,
            Err(error) => {
                // A table may have been dropped since the schema was read: read it anew, and complain only when that does not help.
                following.look = Some(Occasion::Change);
                if error.kind != ErrorKind::Locked {
                    let again = matches!(following.reader, Reader::Unmade);
                    following.reader = Reader::Unmade;
                    if again && following.failed.as_ref() != Some(&error) {
                        following.failed = Some(error.clone());
                        let id = following.id;
                        self.shared.reply(Reply::Answer { slot: Slot::Activity, id, outcome: Err(error) });
                    }
                }
                POLL
            }
        }
    }

    /// The bots' tables may be others: begin anew with them.
    fn restart(&mut self) {
        if let Some(following) = &mut self.following {
            following.reader = match following.reader {
                // Still nothing, as far as anybody was told.
                Reader::Impossible => Reader::Impossible,
                Reader::Unmade | Reader::Made(_) => Reader::Unmade,
            };
            following.look = Some(Occasion::Change);
        }
    }

    fn in_trouble(&mut self, error: Error) -> Duration {
        if self.trouble.as_ref() != Some(&error) {
            self.shared.reply(Reply::Health(Err(error.clone())));
            self.trouble = Some(error);
        }
        POLL_IN_TROUBLE
    }
}

impl Following {
    fn next_look(&mut self, now: Instant) -> Duration {
        let Reader::Made(reader) = &self.reader else { return POLL };
        let due = reader.next_look(now);
        if due.is_some_and(|due| due <= POLL) {
            self.look = Some(Occasion::Due);
        }
        due.map_or(POLL, |due| due.min(POLL))
    }

    /// What there is to tell, if anything.
    fn read(&mut self, watch: &mut Watch, occasion: Occasion, now: Instant) -> Result<Option<Answer>> {
        let session = watch.session()?;
        let fresh;
        let known = match &self.reader {
            Reader::Made(reader) => reader.as_ref(),
            Reader::Unmade | Reader::Impossible => match ActivityReader::of(&session.schema()?) {
                Some(reader) => {
                    fresh = reader;
                    &fresh
                }
                None => {
                    let told = matches!(self.reader, Reader::Impossible);
                    self.reader = Reader::Impossible;
                    return Ok((!told).then_some(Answer::NoActivity));
                }
            },
        };
        // The session may do the work twice, where the file changed meanwhile: each time with a copy of what was known.
        let (update, reader) = session.read(|reading, _| {
            let mut reader = known.clone();
            let update = reader.look(reading.connection, occasion, now).map_err(|error| reading.words(&error))?;
            Ok((update, reader))
        })?;
        self.reader = Reader::Made(Box::new(reader));
        Ok(update.map(|update| Answer::Activity(Arc::new(update))))
    }
}
