//! A row as it was then, rebuilt from the snapshots that are left of it.
//!
//! The ledger and the history keep states of a row before and after their changes: whole rows or parts of them. A [`Chronicle`] reads those of
//! a story once; [`Chronicle::past`] says of each field what it was at a [`Point`], where that stands ([`Source`]), or why nobody can know
//! ([`Gap`]). Nothing is guessed silently: what a snapshot of the very point says is [`Certainty::Recorded`]; what only follows from snapshots
//! (or from the row as it is now) on the other side of some events, none of which changed the field, is [`Certainty::IfAllWasTold`].
//!
//! What is taken for granted: an event with states or a list of changed fields changed no other fields; one that flags without saying more
//! changed the status, one that verifies nothing; every event changes `lastUpdated` (a trigger does); an event that says nothing else may have
//! changed everything. The ledger's and the history's entry of one change, told by the same bot within two seconds, are one event.
//!
//! # Use
//!
//! ```text
//! let chronicle = Chronicle::of(&story);                    // once for each story: it parses all states (maybe in a Compute job)
//! let past = chronicle.past(record.as_deref(), &order, Point::Before(4));
//! for field in &past.fields { … }                           // in `order`, the names of the table's columns, then what only snapshots have
//! let changes = chronicle.between(record.as_deref(), &order, Point::After(9), Point::Now);  // a Comparison for widgets::diff
//! ```
//!
//! Must not know how it looks.

mod chronicle;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::chronicle::Chronicle;
use crate::domain::{
    diff::{Comparison, Side},
    page::Record,
    review::Story,
};

/// A point of a story; events by their place in [`Story::events`] (the newest first).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// The row as it is in the database.
    Now,
    /// Just before this event (a run or a queue item changes nothing: then also after it). Where it has no readable time, nothing can be known.
    Before(usize),
    /// Just after it.
    After(usize),
    /// At this time: behind all events that happened until then.
    At(Timestamp),
}

/// How sure a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// A snapshot taken at this very point has it.
    Recorded,
    /// It follows from another point, if every change in between was told.
    IfAllWasTold,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// In the state before this event.
    Before(usize),
    /// In the state after this event.
    After(usize),
    /// In the row as it is now.
    Now,
}

/// Why a value cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gap {
    /// No snapshot has the field, and there is no row now.
    Nowhere,
    /// This event changed it, or may have, and left no state that says from what (or to what).
    ChangedBy(usize),
    /// This event's states cannot be read: they are no JSON objects, or were too long to be read whole.
    Unreadable(usize),
    /// The snapshots on both sides disagree, so it changed in between, and no event says when. This is the next one.
    Untold(usize),
    /// This event has no readable time: nobody knows when it changed the field.
    Timeless(usize),
    /// Older events were not read: there are too many.
    NotRead,
    /// There was no row yet: this event made it.
    NotYet(usize),
}

impl Gap {
    /// It in words, for behind "unknown: ".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nowhere => "no snapshot has it",
            Self::ChangedBy(_) => "an event changed it, and left no state",
            Self::Unreadable(_) => "an event's states cannot be read",
            Self::Untold(_) => "it changed in between, and nothing says when",
            Self::Timeless(_) => "it was changed nobody knows when",
            Self::NotRead => "older events were not read",
            Self::NotYet(_) => "there was no row yet",
        }
    }

    /// The event that is to blame.
    pub const fn event(self) -> Option<usize> {
        match self {
            Self::ChangedBy(at) | Self::Unreadable(at) | Self::Untold(at) | Self::Timeless(at) | Self::NotYet(at) => {
                Some(at)
            }
            Self::Nowhere | Self::NotRead => None,
        }
    }
}

/// A field's value then.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// This, and where it stands. JSON in a state that is no text (an array of tags) comes as JSON text, true and false as 1 and 0.
    Known(Side, Source, Certainty),
    /// Nobody knows.
    Unknown(Gap),
}

/// A field of a row then.
#[derive(Clone, Debug, PartialEq)]
pub struct PastField {
    /// Its name as it was asked for; where it was not, as the snapshot has it.
    pub name: Arc<str>,
    /// Its value.
    pub then: Then,
    /// The nearest snapshot on the other side of a recorded value says something else, though no event lies between that changed the field:
    /// a change was not told, or one of the two is wrong.
    pub dispute: Option<Source>,
}

/// A row as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Its fields, in the order that was asked for, then those that only snapshots have.
    pub fields: Vec<PastField>,
}

impl Past {
    /// The row at this point; `now` is the row as it is, where there is one, `order` the names of its table's columns. Who asks more than
    /// once keeps a [`Chronicle`].
    pub fn at(story: &Story, now: Option<&Record>, order: &[Arc<str>], point: Point) -> Self {
        Chronicle::of(story).past(now, order, point)
    }

    /// How many fields nobody knows; 0: the snapshots suffice.
    pub fn unknown(&self) -> usize {
        self.fields.iter().filter(|field| matches!(field.then, Then::Unknown(_))).count()
    }

    /// Whether there was no row yet.
    pub fn is_before_the_row(&self) -> bool {
        let not_yet = |field: &PastField| matches!(field.then, Then::Unknown(Gap::NotYet(_)));
        !self.fields.is_empty() && self.fields.iter().all(not_yet)
    }

    /// The value of a field, under either form of its name, where it is known.
    pub fn get(&self, name: &str) -> Option<&Side> {
        let field = self.fields.iter().find(|field| crate::domain::name::is_same(&field.name, name))?;
        match &field.then {
            Then::Known(value, ..) => Some(value),
            Then::Unknown(_) => None,
        }
    }

    /// It as a side of a comparison; what is not known is [`Side::Absent`] with the reason.
    pub fn side(&self) -> Side {
        let side = |field: &PastField| match &field.then {
            Then::Known(value, ..) => value.clone(),
            Then::Unknown(gap) => Side::Absent(format!("unknown: {}", gap.words()).into()),
        };
        Side::Row(self.fields.iter().map(|field| (Arc::clone(&field.name), side(field))).collect())
    }
}

/// What changed from one point to another, field by field. Who asks more than once keeps a [`Chronicle`].
pub fn between(story: &Story, now: Option<&Record>, order: &[Arc<str>], from: Point, to: Point) -> Comparison {
    Chronicle::of(story).between(now, order, from, to)
}
