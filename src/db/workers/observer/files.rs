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
/// How often it asks where somebody watches the bots, and they were at work just now.
const POLL_LIVELY: Duration = Duration::from_millis(8);
/// How long it stays so after a change.
const LIVELY: Duration = Duration::from_secs(4);
/// How often it asks where nothing happened for long.
const POLL_QUIET: Duration = Duration::from_millis(80);
/// After this time.
const QUIET: Duration = Duration::from_secs(120);
/// From one look at the bots to the next: where changes come all the time, more looks would show no more to anybody.
const LOOKS: Duration = Duration::from_millis(28);
/// And so many times as long as the look took.
const SHARE: u32 = 5;
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
    /// When it began to watch, and when something changed last.
    began: Instant,
    changed: Option<Instant>,
    trouble: Option<Error>,
    /// Who asked for a look.
    asking: Vec<Sender<Result<()>>>,
}

/// Somebody wants the activity.
struct Following {
    id: RequestId,
    reader: Reader,
    wants: Wants,
    /// The next look is not before this.
    not_before: Option<Instant>,
    /// A look is due then, whatever happens.
    due: Option<Instant>,
    failed: Option<Error>,
}

/// Why to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    /// Something was committed since the last look.
    Change,
    /// Only where a look is due.
    Nothing,
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
        Self {
            watch,
            shared,
            following: None,
            owed: Change::None,
            told: None,
            began: Instant::now(),
            changed: None,
            trouble: None,
            asking: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, word: Word) {
        match word {
            Word::GoOn(id) => match &mut self.following {
                Some(Following { id: known, reader: Reader::Made(reader), wants, .. }) => {
                    (*known, *wants) = (id, Wants::Change);
                    reader.compare(Instant::now());
                }
                _ => self.hear(Word::Follow(id)),
            },
            Word::Follow(id) => {
                self.following = Some(Following {
                    id,
                    reader: Reader::Unmade,
                    wants: Wants::Change,
                    not_before: None,
                    due: None,
                    failed: None,
                });
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
            self.changed = Some(now);
            self.shared.counts.forget();
            self.owed = self.owed.max(change);
            match &mut self.following {
                Some(_) if change == Change::Schema => self.restart(),
                // Rows do not bring the tables: the schema need not be read again.
                Some(Following { reader: Reader::Impossible, .. }) | None => {}
                Some(following) => following.wants = Wants::Change,
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

    /// How long until it asks again.
    fn poll(&self, now: Instant) -> Duration {
        let for_long = |since: Instant, long: Duration| now.saturating_duration_since(since) >= long;
        match self.changed {
            Some(changed) if self.following.is_some() && !for_long(changed, LIVELY) => POLL_LIVELY,
            changed if for_long(changed.unwrap_or(self.began), QUIET) => POLL_QUIET,
            _ => POLL,
        }
    }

    /// Looks at the bots where that is wanted and may bring something; says how long to wait.
    fn look(&mut self, now: Instant) -> Duration {
        let poll = self.poll(now);
        let Some(following) = &mut self.following else { return poll };
        if let Some(occasion) = following.occasion(now) {
            let outcome = following.read(&mut self.watch, occasion, now);
            following.looked(occasion, now);
            match outcome {
                Ok(answer) => {
                    following.failed = None;
                    if let Some(answer) = answer {
                        let id = following.id;
                        self.shared.reply(Reply::Answer { slot: Slot::Activity, id, outcome: Ok(answer) });
                    }
                }
                Err(error) if error.kind == ErrorKind::Cancelled => return POLL,
                Err(error) => {
                    // A table may have been dropped since the schema was read: read it anew, and complain only when that does not help.
                    following.wants = Wants::Change;
                    if error.kind != ErrorKind::Locked {
                        let again = matches!(following.reader, Reader::Unmade);
                        following.reader = Reader::Unmade;
                        if again && following.failed.as_ref() != Some(&error) {
                            following.failed = Some(error.clone());
                            let id = following.id;
                            self.shared.reply(Reply::Answer { slot: Slot::Activity, id, outcome: Err(error) });
                        }
                        following.not_before = Some(now + POLL);
                    }
                }
            }
        }
        following.next_look(Instant::now()).map_or(poll, |next| next.min(poll))
    }

    /// The bots' tables may be others: begin anew with them.
    fn restart(&mut self) {
        if let Some(following) = &mut self.following {
            following.reader = match following.reader {
                // Still nothing, as far as anybody was told.
                Reader::Impossible => Reader::Impossible,
                Reader::Unmade | Reader::Made(_) => Reader::Unmade,
            };
            following.wants = Wants::Change;
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
    /// Why to look now, if at all.
    fn occasion(&self, now: Instant) -> Option<Occasion> {
        if self.wants == Wants::Change && self.not_before.is_none_or(|at| at <= now) {
            return Some(Occasion::Change);
        }
        self.due.filter(|at| *at <= now).map(|_| Occasion::Due)
    }

    /// A look was taken, which began then.
    fn looked(&mut self, occasion: Occasion, began: Instant) {
        let now = Instant::now();
        if occasion == Occasion::Change {
            self.wants = Wants::Nothing;
            self.not_before = Some(began + LOOKS.max(now.saturating_duration_since(began) * SHARE));
        }
        self.due = match &self.reader {
            Reader::Made(reader) => reader.next_look(now).map(|pause| now + pause),
            Reader::Unmade | Reader::Impossible => None,
        };
    }

    /// How long until there is a reason to look, if one is known.
    fn next_look(&self, now: Instant) -> Option<Duration> {
        let wanted = (self.wants == Wants::Change).then(|| self.not_before.unwrap_or(now));
        wanted.into_iter().chain(self.due).min().map(|at| at.saturating_duration_since(now))
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
