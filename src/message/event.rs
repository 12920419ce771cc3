//! What can happen to the program.

use crossterm::event::{KeyEvent, MouseEvent};

use crate::{
    db::request::Reply,
    domain::syntax::{Computed, Job},
};

/// Something that happened. The runtime makes them, `App::update` takes them.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed (or repeats).
    Key(KeyEvent),
    /// A bracketed paste.
    Paste(String),
    /// The mouse.
    Mouse(MouseEvent),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// The database answered, or changed.
    Reply(Reply),
    /// A background computation is done.
    Computed(Job, Computed),
    /// A timer asked for by [`super::command::Command::After`] has run out.
    Timer(Timer),
    /// The program is in the foreground again: draw everything.
    Resumed,
    /// The user's editor has ended: the text as it was left (`None`: unchanged), or why it could not be had, in words.
    Edited {
        /// Of [`super::command::ExternalEdit`].
        ticket: u64,
        /// What came of it.
        outcome: Result<Option<String>, String>,
    },
    /// Something the runtime could not do, in words (a clipboard that is not there …).
    Failed(String),
    /// Something the runtime did, in words (copied …).
    Done(String),
}

/// What a timer is for; asking again for the same one replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// Show how long work in progress has taken.
    Progress,
    /// The oldest toast is over.
    Toast,
    /// New rows stop flashing.
    Flash,
    /// Ages that are shown have grown older.
    Ages,
    /// Look whether something wants attention by now: a run is stuck, the queue too old.
    Alerts,
    /// Read the shown page anew after a change.
    Refresh,
    /// Count again after a change.
    Recount,
    /// Half-typed chords are dropped, or their hint shown.
    Chord,
    /// Fetch the preview of the row under the cursor.
    Preview,
    /// Try again what failed.
    Retry,
    /// What is said of the way to the server has grown older.
    Link,
    /// What is being typed is kept in the recovery file.
    Remember,
}
