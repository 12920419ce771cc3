//! The one channel through which everything reaches the loop, whichever thread it happened on.

use crate::message::event::Event;

/// Something for the loop.
#[derive(Debug)]
pub(crate) enum Message {
    /// For the program.
    Event(Event),
    /// The terminal is gone: end.
    Closed,
}
