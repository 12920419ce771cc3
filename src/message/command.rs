//! What `App::update` wants done. The runtime does it; `update` itself does nothing.

use std::time::Duration;

use crate::{
    db::request::{Request, Slot},
    domain::syntax::Job,
    message::event::Timer,
};

/// An effect, as data.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Ask the database.
    Send(Request),
    /// Give up what this slot does.
    Cancel(Slot),
    /// Compute in the background.
    Compute(Job),
    /// [`super::event::Event::Timer`] after this time; replaces a running timer of the same kind.
    After(Duration, Timer),
    /// Put this text on the clipboard, by OSC 52 and the system's own; `what` is named in the message.
    Copy {
        /// The text.
        text: String,
        /// What it is: "cell", "row as JSON" …
        what: String,
    },
    /// Report the mouse to us, or leave it to the terminal.
    CaptureMouse(MouseCapture),
    /// Go to the background, as Ctrl-z does in a shell.
    Suspend,
    /// End the program.
    Quit,
}

/// Who has the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseCapture {
    /// The program.
    On,
    /// The terminal (selecting text).
    Off,
}
