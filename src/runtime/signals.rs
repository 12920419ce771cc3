//! Signals: those that end the program, and those that send it to the background and back.

use std::{io, sync::Arc};

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGXFSZ};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The end, because of this signal.
    End(i32),
    /// Go to the background.
    Suspend,
    /// In the foreground again.
    Resume,
}

/// The signals the program hears.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    /// Hears them from now on.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(crate) fn new() -> io::Result<Self> {
        let heard = |number| signal(SignalKind::from_raw(number));
        Ok(Self {
            terminate: heard(SIGTERM)?,
            hang_up: heard(SIGHUP)?,
            interrupt: heard(SIGINT)?,
            // Left to the system, Ctrl-\ in the user's editor would end us, too, and dump a core.
            quit: heard(SIGQUIT)?,
            stop: heard(SIGTSTP)?,
            go_on: heard(SIGCONT)?,
        })
    }

    /// The next one. Safe to drop while it waits.
    pub(crate) async fn next(&mut self) -> Wanted {
        tokio::select! {
            _ = self.terminate.recv() => Wanted::End(SIGTERM),
            _ = self.hang_up.recv() => Wanted::End(SIGHUP),
            _ = self.interrupt.recv() => Wanted::End(SIGINT),
            _ = self.quit.recv() => Wanted::End(SIGQUIT),
            _ = self.go_on.recv() => Wanted::Resume,
            _ = self.stop.recv() => Wanted::Suspend,
        }
    }
}

/// From now on a file that grows over the limit (`ulimit -f`) is an error of whoever writes it, which is told, and no end of the program
/// in the middle of it with the terminal as it was.
///
/// # Errors
/// The system refuses a handler.
pub fn outlive_limits() -> io::Result<()> {
    // A handler, not an ignored signal: those are inherited by the user's editor.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// Stops this process as Ctrl-z does; returns when it is continued.
pub(crate) fn stop() {
    // SIGSTOP, not SIGTSTP: ours is handled, and an orphaned process group would ignore it.
    if let Err(error) = signal_hook::low_level::raise(signal_hook::consts::SIGSTOP) {
        tracing::error!("cannot stop: {error}");
    }
}
