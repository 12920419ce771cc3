//! What comes from the terminal: a thread that blocks for keys, and one that hears that the terminal is gone.
//!
//! Both sleep in the kernel until something happens. crossterm's reader goes round and round at the end of its input, so
//! it cannot be the one to notice it: a poll without wanted events returns on a hang-up only.

use std::{io, thread};

use crossterm::event::{self, KeyEventKind, MouseEventKind};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::mpsc::UnboundedSender;

use super::inbox::Message;
use crate::message::event::Event;

/// Starts both threads; they end with the program.
///
/// # Errors
/// No thread can be started.
pub(crate) fn start(inbox: UnboundedSender<Message>) -> io::Result<()> {
    let closed = inbox.clone();
    thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
        wait_for_hang_up();
        let _ = closed.send(Message::Closed);
    })?;
    thread::Builder::new().name("input".to_owned()).spawn(move || {
        loop {
            match event::read() {
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
        }
    })?;
    Ok(())
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
