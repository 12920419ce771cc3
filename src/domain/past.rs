//! A row as it was then, rebuilt from the snapshots that are left of it.
//!
//! The ledger and the history keep states of a row before and after their changes: whole rows or parts of them. [`Past::at`] puts together
//! what they say of each field at a point of the story, where it says so ([`Source`]), or why nobody can know ([`Gap`]). Nothing is guessed
//! silently: what only follows if every change of the field was told has [`Certainty::IfAllWasTold`].
//!
//! Use: `Past::at(&story, record.as_deref(), &order, Point::Before(event))`, draw `fields` in their order; `Past::side` is one side for
//! [`Comparison::of_rows`], and [`between`] compares two points. The order comes from `record.relation.columns` (or the catalogue).

use std::sync::Arc;

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
    /// Before this event.
    Before(usize),
    /// After it.
    After(usize),
}

/// How sure a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// A snapshot taken at this very point has it.
    Recorded,
    /// It follows from another point, if every change in between was told.
    IfAllWasTold,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The state before this event.
    Before(usize),
    /// The state after this event.
    After(usize),
    /// The row as it is now.
    Now,
}

/// Why a value cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gap {
    /// No snapshot has the field, and there is no row now.
    Nowhere,
    /// This later event changed it (its list of changed fields says so), and left no state before it.
    ChangedBy(usize),
    /// Two snapshots of one point disagree: these events.
    Contradiction(usize, usize),
    /// Snapshots before and behind the point disagree, and nobody says where between them it changed.
    Untold(usize),
    /// The row did not exist yet, or no more.
    NoRow,
}

/// A field's value then.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// This, and where it stands.
    Known(Side, Source, Certainty),
    /// Nobody knows.
    Unknown(Gap),
}

/// A field of a row then.
#[derive(Clone, Debug, PartialEq)]
pub struct PastField {
    /// Its name as the table has it; where it has no such column, as the snapshot has it.
    pub name: Arc<str>,
    /// Its value.
    pub then: Then,
}

/// A row as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Its fields, in the order that was asked for, then those that only snapshots have.
    pub fields: Vec<PastField>,
}

impl Past {
    /// The row at this point; `now` is the row as it is, where there is one, `order` the names of its table's columns.
    pub fn at(_story: &Story, _now: Option<&Record>, order: &[Arc<str>], _point: Point) -> Self {
        let unknown = |name: &Arc<str>| PastField { name: Arc::clone(name), then: Then::Unknown(Gap::Nowhere) };
        Self { fields: order.iter().map(unknown).collect() }
    }

    /// Whether every field is known, and how many are not.
    pub fn unknown(&self) -> usize {
        self.fields.iter().filter(|field| matches!(field.then, Then::Unknown(_))).count()
    }

    /// It as a side of a comparison; what is not known is [`Side::Absent`] with the reason.
    pub fn side(&self) -> Side {
        let side = |field: &PastField| match &field.then {
            Then::Known(value, ..) => value.clone(),
            Then::Unknown(gap) => Side::Absent(gap.words().into()),
        };
        Side::Row(self.fields.iter().map(|field| (Arc::clone(&field.name), side(field))).collect())
    }
}

impl Gap {
    /// It in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Nowhere => "not known: no snapshot has it",
            Self::ChangedBy(_) => "not known: it was changed later, and no state before that is left",
            Self::Contradiction(..) => "not known: two snapshots disagree",
            Self::Untold(_) => "not known: it changed, and nothing says when",
            Self::NoRow => "there was no row",
        }
    }
}

/// What changed from one point to another.
pub fn between(story: &Story, now: Option<&Record>, order: &[Arc<str>], from: Point, to: Point) -> Comparison {
    let side = |point| Past::at(story, now, order, point).side();
    Comparison::of_rows(side(from), side(to), order.iter().cloned())
}
