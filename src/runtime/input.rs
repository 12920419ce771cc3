//! What comes from the terminal: a thread that blocks for keys, and one that hears that the terminal is gone.
//!
//! Both sleep in the kernel until something happens. crossterm's reader goes round and round at the end of its input, so
//! it cannot be the one to notice it: a poll without wanted events returns on a hang-up only.
//!
//! While another program has the terminal ([`Input::pause`]) not a byte of it is read here.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use crossterm::event::{self, KeyEventKind, MouseEventKind};
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::SIGWINCH;
use tokio::sync::mpsc::UnboundedSender;

use super::inbox::Message;
use crate::message::event::Event;

/// How long the reader may take to let go of the terminal. It does so at once, unless half a sequence of escape has come so far: then
/// crossterm waits for the other half whatever happens.
const LET_GO: Duration = Duration::from_secs(1);

/// Whether the reader may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Open,
    /// It is to stop.
    Closing,
    /// It has stopped, and reads nothing until the gate is open.
    Closed,
}

/// The threads that read the terminal; they end with the program.
#[derive(Debug)]
pub(crate) struct Input {
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

impl Input {
    /// Starts both threads.
    ///
    /// # Errors
    /// No thread can be started.
    pub(crate) fn start(inbox: UnboundedSender<Message>) -> io::Result<Self> {
        let closed = inbox.clone();
        thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
            wait_for_hang_up();
            let _ = closed.send(Message::Closed);
        })?;
        let gate = Arc::new((Mutex::new(Gate::Open), Condvar::new()));
        let shared = Arc::clone(&gate);
        thread::Builder::new().name("input".to_owned()).spawn(move || read(&shared, &inbox))?;
        Ok(Self { gate })
    }

    /// Stops reading: when this returns, the terminal is nobody's. What was read before is kept, in its order.
    ///
    /// # Errors
    /// Words: the reader does not let go.
    pub(crate) fn pause(&self) -> Result<(), String> {
        let (gate, changed) = &*self.gate;
        let mut state = gate.lock().unwrap_or_else(PoisonError::into_inner);
        *state = Gate::Closing;
        // crossterm has no way to end a read, but it hears of a new size, through a pipe: none is missed, whenever it is sent.
        if let Err(error) = signal_hook::low_level::raise(SIGWINCH) {
            *state = Gate::Open;
            return Err(format!("the keyboard cannot be handed over: {error}"));
        }
        let waited = changed.wait_timeout_while(state, LET_GO, |state| *state == Gate::Closing);
        let (mut state, timed_out) = waited.unwrap_or_else(PoisonError::into_inner);
        if timed_out.timed_out() {
            *state = Gate::Open;
            return Err("the keyboard cannot be handed over now, in the middle of a key: try again".to_owned());
        }
        Ok(())
    }

    /// Reads again.
    pub(crate) fn resume(&self) {
        let (gate, changed) = &*self.gate;
        *gate.lock().unwrap_or_else(PoisonError::into_inner) = Gate::Open;
        changed.notify_all();
    }
}

fn read(gate: &(Mutex<Gate>, Condvar), inbox: &UnboundedSender<Message>) {
    loop {
        let read = event::read();
        match read {
            Ok(event) => {
                if let Some(event) = translated(event)
                    && inbox.send(Message::Event(event)).is_err()
                {
                    return;
                }
            }
            Err(error) => {
                tracing::error!("the terminal cannot be read: {error}");
                let _ = inbox.send(Message::Closed);
                return;
            }
        }
        wait_until_open(gate);
    }
}

fn wait_until_open((gate, changed): &(Mutex<Gate>, Condvar)) {
    let mut state = gate.lock().unwrap_or_else(PoisonError::into_inner);
    if *state == Gate::Closing {
        *state = Gate::Closed;
        changed.notify_all();
    }
    while *state == Gate::Closed {
        state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

fn wait_for_hang_up() {
    let stdin = io::stdin();
    loop {
        let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut terminal, None) {
            Err(rustix::io::Errno::INTR) => {}
            // Hung up, in error, or not to be polled at all: gone.
            Ok(_) | Err(_) => return,
        }
    }
}

/// The program's event; `None` for what it does not care about.
fn translated(event: event::Event) -> Option<Event> {
    match event {
        event::Event::Key(key) if key.kind == KeyEventKind::Release => None,
        event::Event::Key(key) => Some(Event::Key(key)),
        event::Event::Mouse(mouse) if mouse.kind == MouseEventKind::Moved => None,
        event::Event::Mouse(mouse) => Some(Event::Mouse(mouse)),
        event::Event::Paste(text) => Some(Event::Paste(text)),
        event::Event::Resize(columns, rows) => Some(Event::Resize(columns, rows)),
        event::Event::FocusGained | event::Event::FocusLost => None,
    }
}
