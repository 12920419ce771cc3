//! Watching a file: what changed is told within a tenth of a second, and the bots are followed in it.

use std::{
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant},
};

use super::{super::Shared, Word};
use crate::db::{
    activity::{ActivityReader, Occasion},
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

/// What is known of the file.
pub(super) struct FileWatch {
    watch: Watch,
    shared: Arc<Shared>,
    following: Option<Following>,
    /// What has not been told yet.
    owed: Change,
    /// When a change was told last.
    told: Option<Instant>,
    trouble: Option<Error>,
    /// Who asked for a look.
    asking: Vec<Sender<Result<()>>>,
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

impl FileWatch {
    pub(super) fn new(shared: Arc<Shared>, watch: Watch) -> Self {
        Self { watch, shared, following: None, owed: Change::None, told: None, trouble: None, asking: Vec::new() }
    }

    pub(super) fn hear(&mut self, word: Word) {
        match word {
            Word::Follow(id) => {
                self.following =
                    Some(Following { id, reader: Reader::Unmade, look: Some(Occasion::Change), failed: None });
            }
            Word::Leave => self.following = None,
            Word::Look(asking) => {
                self.watch.insist();
                self.asking.push(asking);
            }
            // Files are not asked through a network.
            Word::Asked(_) | Word::End => {}
        }
    }

    /// The request of whoever follows the bots.
    pub(super) fn following(&self) -> Option<RequestId> {
        self.following.as_ref().map(|following| following.id)
    }

    /// Something broke: whatever was half done is begun anew, and not at once.
    pub(super) fn broke(&mut self, error: Error) -> Duration {
        self.watch.forget();
        self.restart();
        self.in_trouble(error)
    }

    /// Asks, tells, looks; says how long to wait for the next turn.
    pub(super) fn turn(&mut self) -> Duration {
        let now = Instant::now();
        let polled = self.watch.poll();
        for asking in self.asking.drain(..) {
            // Whoever asked may have given it up.
            let _ = asking.send(polled.as_ref().map(|_| ()).map_err(Clone::clone));
        }
        let change = match polled {
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
