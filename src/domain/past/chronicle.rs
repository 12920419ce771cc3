//! The changes of a story in the order of time, and looking along them for a field's value.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    Certainty, Gap, Past, PastField, Point, Source, Then,
    state::{State, is_same},
};
use crate::domain::{
    diff::{Comparison, Side},
    name::canonical,
    page::Record,
    review::{Story, StoryEvent, StorySource},
};

/// The ledger's and the history's entry of one change are not further apart.
const TOGETHER: SignedDuration = SignedDuration::from_secs(2);

/// What an event changes that tells no fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// It makes the row.
    Create,
    /// The status.
    Flag,
    /// Nothing.
    Verify,
    /// Anything.
    Other(u8),
}

impl Deed {
    fn of(what: &str) -> Self {
        match what.to_ascii_lowercase().as_str() {
            "create" | "created" => Self::Create,
            "flag" | "flagged" => Self::Flag,
            "verify" | "verified" => Self::Verify,
            "update" | "updated" | "improve" | "improved" | "enrich" | "enriched" => Self::Other(0),
            "delete" | "deleted" => Self::Other(1),
            _ => Self::Other(2),
        }
    }
}

/// A change: an event, or the two entries of it.
#[derive(Clone, Debug)]
struct Step {
    time: Timestamp,
    /// Where it stands in the story; the history's entry of two.
    event: usize,
    other: Option<usize>,
    sources: Vec<StorySource>,
    who: String,
    deed: Deed,
    before: State,
    after: State,
    /// Which fields it says that it changed.
    list: Option<BTreeSet<String>>,
    /// It has a state that cannot be read.
    unreadable: bool,
}

/// Where a point lies: behind so many steps, and how near to which.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Near {
    /// Just behind the step before it.
    Left,
    /// Just before the step behind it.
    Right,
    /// Somewhere between.
    Between,
}

/// A value that was found, where, and whether the very point has it.
struct Claim<'a>(&'a Side, Source, bool);

/// The states of a story, read.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    /// In the order of time.
    steps: Vec<Step>,
    /// Those without a time.
    timeless: Vec<Step>,
    /// Before the step of this place others happened that were not read.
    read_from: usize,
    /// So many of the story's events have a time: those come first.
    timed: usize,
}

impl Step {
    fn of(event: usize, told: &StoryEvent) -> Self {
        let read = |stored: &Option<Arc<str>>| match stored.as_deref().map(str::trim) {
            None | Some("" | "null") => Some(State::default()),
            Some(stored) => State::read(stored),
        };
        let (before, after) = (read(&told.before), read(&told.after));
        let list = told.fields.as_deref().and_then(|fields| serde_json::from_str::<Vec<String>>(fields).ok());
        Self {
            time: told.time.unwrap_or_default(),
            event,
            other: None,
            sources: vec![told.source],
            who: told.who.to_lowercase(),
            deed: Deed::of(&told.what),
            unreadable: before.is_none() || after.is_none(),
            before: before.unwrap_or_default(),
            after: after.unwrap_or_default(),
            // An empty list is what stands there where nobody said anything.
            list: list.filter(|list| !list.is_empty()).map(|list| list.iter().map(|name| canonical(name)).collect()),
        }
    }

    /// Whether this is the other table's entry of the same change.
    fn is_same_change(&self, later: &Self) -> bool {
        self.other.is_none()
            && self.sources != later.sources
            && later.time.duration_since(self.time) <= TOGETHER
            && self.deed == later.deed
            && self.who == later.who
            && self.before.agrees(&later.before)
            && self.after.agrees(&later.after)
    }

    fn join(&mut self, other: Self) {
        self.other = Some(self.event);
        if other.sources == [StorySource::History] {
            self.event = other.event;
        } else {
            self.other = Some(other.event);
        }
        // What one of the two cannot say the other may have said.
        self.unreadable &= other.unreadable;
        self.before.add(other.before);
        self.after.add(other.after);
        self.list = match (self.list.take(), other.list) {
            (Some(one), Some(other)) => Some(one.union(&other).cloned().collect()),
            (one, other) => one.or(other),
        };
    }

    fn is(&self, event: usize) -> bool {
        self.event == event || self.other == Some(event)
    }

    /// Whether the field is the same before and after it.
    fn keeps(&self, field: &str) -> bool {
        let (before, after) = (self.before.get(field), self.after.get(field));
        if let (Some(before), Some(after)) = (before, after) {
            return is_same(before, after);
        }
        // A trigger changes it whenever the row is.
        if field == "lastupdated" || self.unreadable {
            return false;
        }
        if let Some(list) = &self.list {
            return !list.contains(field);
        }
        if self.before != State::default() || self.after != State::default() {
            return before.is_none() && after.is_none() && self.deed != Deed::Create;
        }
        match self.deed {
            Deed::Verify => true,
            Deed::Flag => field != "status",
            Deed::Create | Deed::Other(_) => false,
        }
    }

    const fn blame(&self) -> Gap {
        if self.unreadable { Gap::Unreadable(self.event) } else { Gap::ChangedBy(self.event) }
    }
}

impl Chronicle {
    /// Reads the states of a story's events. It takes as long as parsing them: stories have some megabytes at most.
    pub fn of(story: &Story) -> Self {
        let mut chronicle = Self::default();
        let tells = |event: &&StoryEvent| matches!(event.source, StorySource::Ledger | StorySource::History);
        for (at, event) in story.events.iter().enumerate().rev().filter(|(_, event)| tells(event)) {
            let step = Step::of(at, event);
            if event.time.is_none() {
                chronicle.timeless.push(step);
                continue;
            }
            match chronicle.steps.last_mut() {
                Some(last) if last.is_same_change(&step) => last.join(step),
                _ => chronicle.steps.push(step),
            }
        }
        chronicle.timed = story.events.partition_point(|event| event.time.is_some());
        let oldest = |source: &StorySource| chronicle.steps.iter().position(|step| step.sources.contains(source));
        let cut = story.cut.iter().filter(|source| matches!(source, StorySource::Ledger | StorySource::History));
        // Of a table of which nothing was read at all nothing is known.
        chronicle.read_from = cut.map(|source| oldest(source).unwrap_or(chronicle.steps.len()) + 1).max().unwrap_or(0);
        chronicle
    }

    /// The row at this point; `now` is the row as it is, where there is one, `order` the names of its table's columns.
    pub fn past(&self, now: Option<&Record>, order: &[Arc<str>], point: Point) -> Past {
        let now: Option<Vec<(String, Side)>> = now.map(|record| {
            let columns = record.relation.columns.iter().zip(&record.cells);
            columns.map(|(column, value)| (canonical(&column.name), Side::from(value))).collect()
        });
        let mut names: Vec<(String, Arc<str>)> = order.iter().map(|name| (canonical(name), Arc::clone(name))).collect();
        let mut known: BTreeSet<String> = names.iter().map(|(field, _)| field.clone()).collect();
        for (field, name) in self.steps.iter().rev().flat_map(|step| step.after.names().chain(step.before.names())) {
            if known.insert(field.clone()) {
                names.push((field.clone(), Arc::clone(name)));
            }
        }
        let place = self.place(point);
        let fields = names.into_iter().map(|(field, name)| {
            let current = now.as_ref().and_then(|now| now.iter().find(|(of, _)| *of == field)).map(|(_, side)| side);
            let (then, dispute) = match (place, current) {
                (Some((gap, near)), current) => self.field(&field, gap, near, current),
                (None, Some(side)) if point == Point::Now => {
                    (Then::Known(side.clone(), Source::Now, Certainty::Recorded), None)
                }
                (None, _) => (Then::Unknown(Gap::Nowhere), None),
            };
            PastField { name, then, dispute }
        });
        Past { fields: fields.collect() }
    }

    /// What changed from one point to another, field by field.
    pub fn between(&self, now: Option<&Record>, order: &[Arc<str>], from: Point, to: Point) -> Comparison {
        let (from, to) = (self.past(now, order, from), self.past(now, order, to));
        let names: Vec<Arc<str>> = to.fields.iter().map(|field| Arc::clone(&field.name)).collect();
        Comparison::of_rows(from.side(), to.side(), names)
    }

    fn place(&self, point: Point) -> Option<(usize, Near)> {
        let of = |event: usize| self.steps.iter().position(|step| step.is(event));
        // A run or a queue item changes nothing: before it and after it are one.
        let beside = |event: usize| {
            let older = self.steps.partition_point(|step| step.event > event);
            (event < self.timed).then_some((older, Near::Between))
        };
        match point {
            Point::Now => None,
            Point::Before(event) => of(event).map(|at| (at, Near::Right)).or_else(|| beside(event)),
            Point::After(event) => of(event).map(|at| (at + 1, Near::Left)).or_else(|| beside(event)),
            Point::At(time) => Some((self.steps.partition_point(|step| step.time <= time), Near::Between)),
        }
    }

    fn field(&self, field: &str, gap: usize, near: Near, now: Option<&Side>) -> (Then, Option<Source>) {
        let left = self.left(field, gap, near);
        let right = self.right(field, gap, near, now);
        let known = |claim: &Claim<'_>, certainty| Then::Known(claim.0.clone(), claim.1, certainty);
        match (left, right) {
            (Ok(one), Ok(other)) => {
                let same = is_same(one.0, other.0);
                let (recorded, beside) = if one.2 { (&one, &other) } else { (&other, &one) };
                if recorded.2 {
                    (known(recorded, Certainty::Recorded), (!same).then_some(beside.1))
                } else if same {
                    (known(&one, Certainty::IfAllWasTold), None)
                } else {
                    let next = self.steps.get(gap).or(self.steps.last()).map_or(0, |step| step.event);
                    (Then::Unknown(Gap::Untold(next)), None)
                }
            }
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => {
                let certainty = if one.2 { Certainty::Recorded } else { Certainty::IfAllWasTold };
                (known(&one, certainty), None)
            }
            (Err(left), Err(Gap::Nowhere)) => (Then::Unknown(left), None),
            (Err(_), Err(right)) => (Then::Unknown(right), None),
        }
    }

    /// What earlier snapshots say.
    fn left(&self, field: &str, gap: usize, near: Near) -> Result<Claim<'_>, Gap> {
        let mut recorded = near == Near::Left;
        for (at, step) in self.steps.iter().enumerate().take(gap).rev() {
            if !recorded && let Some(gap) = self.hole(at + 1, field) {
                return Err(gap);
            }
            if let Some(after) = step.after.get(field) {
                return Ok(Claim(after, Source::After(step.event), recorded));
            }
            if !step.keeps(field) {
                return Err(step.blame());
            }
            if let Some(before) = step.before.get(field) {
                return Ok(Claim(before, Source::Before(step.event), recorded));
            }
            recorded = false;
        }
        Err(Gap::Nowhere)
    }

    /// What later snapshots say, and the row as it is now.
    fn right<'a>(&'a self, field: &str, gap: usize, near: Near, now: Option<&'a Side>) -> Result<Claim<'a>, Gap> {
        let mut recorded = near == Near::Right;
        for (at, step) in self.steps.iter().enumerate().skip(gap) {
            if !recorded && let Some(gap) = self.hole(at, field) {
                return Err(gap);
            }
            if at == 0 && step.deed == Deed::Create && step.before == State::default() && !step.unreadable {
                return Err(Gap::NotYet(step.event));
            }
            if let Some(before) = step.before.get(field) {
                return Ok(Claim(before, Source::Before(step.event), recorded));
            }
            if !step.keeps(field) {
                return Err(step.blame());
            }
            if let Some(after) = step.after.get(field) {
                return Ok(Claim(after, Source::After(step.event), recorded));
            }
            recorded = false;
        }
        if let Some(gap) = self.hole(self.steps.len(), field) {
            return Err(gap);
        }
        now.map(|now| Claim(now, Source::Now, false)).ok_or(Gap::Nowhere)
    }

    /// Why nothing can be said across the time before the step of this place.
    fn hole(&self, gap: usize, field: &str) -> Option<Gap> {
        if gap < self.read_from {
            return Some(Gap::NotRead);
        }
        let culprit = self.timeless.iter().find(|step| !step.keeps(field))?;
        Some(Gap::Timeless(culprit.event))
    }
}
