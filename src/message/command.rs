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
    /// Hand the terminal over to the user's editor with this text: [`super::event::Event::Edited`].
    OpenEditor(ExternalEdit),
    /// Keep this text (what is staged and being typed) in the recovery file, instead of what is there; `None` removes the file.
    Remember(Option<String>),
    /// Ring the terminal's bell.
    Bell,
    /// Have the terminal show a notification on the desktop.
    Notify {
        /// How it is told to.
        how: NotifyHow,
        /// In a line; not safe yet.
        text: String,
    },
    /// Write a new file, never over one that is there; `what` is named in the message.
    SaveFile {
        /// Where; a path as the user typed it.
        path: String,
        /// Its content.
        text: String,
        /// What it is: "the log as SQL" …
        what: String,
    },
    /// Go to the background, as Ctrl-z does in a shell.
    Suspend,
    /// End the program.
    Quit,
}

/// A text for the user's editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalEdit {
    /// Comes back with the event.
    pub ticket: u64,
    /// The text.
    pub text: String,
    /// The temporary file's ending without the dot: `md`, `json`, `mmd`, `sql`, `txt`.
    pub ending: &'static str,
    /// What it is, for the file's name: letters, digits and hyphens.
    pub name: String,
}

/// How the terminal is told to notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyHow {
    /// OSC 9, as iTerm2, Windows Terminal, Ghostty and kitty take it.
    Osc9,
    /// OSC 777, as foot, urxvt, VTE and Ghostty take it.
    Osc777,
}

/// Who has the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseCapture {
    /// The program.
    On,
    /// The terminal (selecting text).
    Off,
}
