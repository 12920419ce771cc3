//! The simulation: a thread that plays the bots in the demo through a writing connection of its own.
//!
//! Owns when something happens; [`super::stage`] owns what. Only one simulation plays on a demo, however many programs have it
//! open: the others are silent, and one of them goes on when the first ends.

use std::{
    fs::File,
    path::Path,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    files::{self, sql_error},
    stage::Stage,
};
use crate::db::{
    error::{Error, ErrorKind, Result},
    random::Random,
};

/// How fast the bots work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pace {
    /// Something every one to four seconds.
    Natural,
    /// Something every so long.
    Every(Duration),
    /// Nothing ever happens: no thread, no connection, no write.
    Still,
}

/// How long a silent simulation waits before it looks whether the playing one has ended.
const TURN: Duration = Duration::from_secs(3);
/// So many failures in a row, and the play is over: the demo was removed, or its disk is full.
const FAILURES: u32 = 20;

/// A running simulation. Dropping it ends the thread at once.
#[derive(Debug)]
pub struct Simulation {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulation {
    /// Starts playing in the demo at `path`, as [`super::ensure`] returned it. The first thing has happened when this returns (so
    /// the write-ahead log stands beside the file, and readers opened after it need not wait for it to appear), unless another
    /// simulation plays here.
    ///
    /// # Errors
    /// Where the file cannot be opened for writing, or no thread be started.
    pub fn start(path: &Path, pace: Pace) -> Result<Self> {
        if pace == Pace::Still {
            return Ok(Self { stop: None, thread: None });
        }
        let mut stage = Stage::open(path).map_err(|error| sql_error(path, &error))?;
        let lock = path.with_extension("bots.lock");
        let turn = take_turn(&lock);
        if turn.is_some() {
            match stage.enter(Timestamp::now()) {
                // Somebody writes at this moment: the first step comes a little later then.
                Err(error) if files::is_busy(&error) => {}
                other => other.map_err(|error| sql_error(path, &error))?,
            }
        }
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("simulation".to_owned())
            .spawn(move || play(stage, turn, &lock, pace, &stopped))
            .map_err(|error| Error::new(ErrorKind::Io, format!("the simulation cannot start: {error}"), ""))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// False where the pace is [`Pace::Still`], or the play is over because the demo could not be written any more.
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // The thread waits on this channel: its end wakes it.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The lock of the one who plays; released by the operating system when the file is closed or the process ends.
fn take_turn(lock: &Path) -> Option<File> {
    let file = files::open_lock(lock).ok()?;
    file.try_lock().is_ok().then_some(file)
}

fn play(mut stage: Stage, mut turn: Option<File>, lock: &Path, pace: Pace, stopped: &Receiver<()>) {
    let mut chance = Random::new(Timestamp::now().as_millisecond().unsigned_abs());
    let mut failures = 0;
    while failures < FAILURES {
        let rest = match (pace, &turn) {
            (Pace::Every(rest), Some(_)) => rest,
            (_, Some(_)) => Duration::from_millis(chance.between(900, 3_800).unsigned_abs()),
            (_, None) => TURN,
        };
        // Nobody ever sends: the channel's end is the signal.
        if stopped.recv_timeout(rest) != Err(RecvTimeoutError::Timeout) {
            break;
        }
        let now = Timestamp::now();
        let done = if turn.is_some() {
            stage.step(now)
        } else {
            turn = take_turn(lock);
            if turn.is_some() { stage.enter(now) } else { Ok(()) }
        };
        match done {
            Ok(()) => failures = 0,
            // Somebody writes, a person perhaps: they go first, however long it takes.
            Err(error) if files::is_busy(&error) => {}
            Err(error) => {
                failures += 1;
                tracing::debug!(%error, failures, "the simulation could not write");
            }
        }
    }
}
