//! Which rows of a table were told, without keeping their ids.
//!
//! It owns the ids' order cut into stretches: those that were read (how many rows were there, and a sum of what stood in them), those
//! that are owed because there was more than one look can read, and the gaps between them, where nothing was when one looked. New
//! rows come into gaps – behind the last row in most tables, into many gaps where each writer has ids of its own – so a look asks the
//! gaps; what no gap tells (a row deleted or changed) an audit finds, stretch by stretch, by the sums. The number of stretches is
//! bounded: the gaps that were quiet longest are closed, and then belong to the stretch around them. Must not read a table.

/// A stretch of rows is no longer than this, so that one audit of it is short work.
const FULL: u64 = 8192;
/// At most so many gaps are kept, but where the stretches on both sides are full.
const GAPS: usize = 512;
/// So many are left after closing some.
const FEWER: usize = 448;
/// At most so many gaps of one turn of reading are kept.
const OF_A_TURN: usize = 64;

/// Ids from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Stretch {
    /// Every id there is.
    pub(super) const ALL: Self = Self { first: i64::MIN, last: i64::MAX };
}

/// Why rows are owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    /// They were there before.
    Old,
    /// They came, too many at once.
    Came,
}

/// What is known of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It lies in a gap: a row that is there now has come.
    Gap,
    /// It lies in a stretch that was read.
    Read,
    /// It lies in one that will be.
    Owed,
}

/// How many rows, and the sum of their marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Sum {
    pub(super) rows: u64,
    marks: u64,
}

impl Sum {
    pub(super) const fn add(&mut self, mark: u64) {
        self.rows += 1;
        self.marks = self.marks.wrapping_add(mark);
    }

    const fn take(&mut self, mark: u64) {
        self.rows = self.rows.saturating_sub(1);
        self.marks = self.marks.wrapping_sub(mark);
    }

    pub(super) const fn join(&mut self, other: Self) {
        self.rows += other.rows;
        self.marks = self.marks.wrapping_add(other.marks);
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Read(Sum),
    Owed(Owed),
}

#[derive(Clone, Copy, Debug)]
struct Part {
    first: i64,
    last: i64,
    state: State,
    /// At which change a row came to it.
    grew: u64,
}

impl Part {
    const fn rows(&self) -> u64 {
        match self.state {
            State::Read(sum) => sum.rows,
            State::Owed(_) => u64::MAX,
        }
    }

    const fn stretch(&self) -> Stretch {
        Stretch { first: self.first, last: self.last }
    }
}

/// What was told of a table. It is copied for each look.
#[derive(Clone, Debug, Default)]
pub(super) struct Coverage {
    /// By their ids, disjoint.
    parts: Vec<Part>,
    changes: u64,
    /// The next gap whose turn it is begins here or later.
    turn: Option<i64>,
    /// So many gaps have not been asked since the last change.
    unasked: usize,
}

impl Coverage {
    /// Nothing is known but that these rows have to be read.
    pub(super) fn owing(stretch: Stretch) -> Self {
        let mut coverage = Self::default();
        coverage.owe(stretch, Owed::Old);
        coverage
    }

    /// The first part that ends at this id or behind it.
    fn at(&self, id: i64) -> usize {
        self.parts.partition_point(|part| part.last < id)
    }

    pub(super) fn place(&self, id: i64) -> Place {
        match self.parts.get(self.at(id)) {
            Some(part) if part.first <= id => match part.state {
                State::Read(_) => Place::Read,
                State::Owed(_) => Place::Owed,
            },
            _ => Place::Gap,
        }
    }

    /// A row came that was not there.
    pub(super) fn add(&mut self, id: i64, mark: u64) {
        let at = self.at(id);
        let grew = self.changes;
        if let Some(part) = self.parts.get_mut(at).filter(|part| part.first <= id) {
            if let State::Read(sum) = &mut part.state {
                sum.add(mark);
                part.grew = grew;
            }
            return;
        }
        let before = at.checked_sub(1).filter(|before| self.parts[*before].last.checked_add(1) == Some(id));
        let behind =
            Some(at).filter(|at| self.parts.get(*at).is_some_and(|part| id.checked_add(1) == Some(part.first)));
        for neighbour in before.into_iter().chain(behind) {
            let part = &mut self.parts[neighbour];
            if let State::Read(sum) = &mut part.state
                && sum.rows < FULL
            {
                sum.add(mark);
                (part.first, part.last, part.grew) = (part.first.min(id), part.last.max(id), grew);
                return;
            }
        }
        let mut sum = Sum::default();
        sum.add(mark);
        self.parts.insert(at, Part { first: id, last: id, state: State::Read(sum), grew });
        self.ask_also(1);
    }

    fn sum_of(&mut self, id: i64) -> Option<&mut Sum> {
        let at = self.at(id);
        match self.parts.get_mut(at) {
            Some(Part { first, state: State::Read(sum), .. }) if *first <= id => Some(sum),
            _ => None,
        }
    }

    /// A row that was read is another one now.
    pub(super) fn change(&mut self, id: i64, was: u64, is: u64) {
        if let Some(sum) = self.sum_of(id) {
            sum.take(was);
            sum.add(is);
        }
    }

    /// A row that was read is gone.
    pub(super) fn remove(&mut self, id: i64, mark: u64) {
        if let Some(sum) = self.sum_of(id) {
            sum.take(mark);
        }
    }

    /// These rows, in a gap, have to be read.
    pub(super) fn owe(&mut self, stretch: Stretch, why: Owed) {
        if stretch.first <= stretch.last {
            let part = Part { first: stretch.first, last: stretch.last, state: State::Owed(why), grew: self.changes };
            self.parts.insert(self.at(stretch.first), part);
        }
    }

    /// What to read next: what came, then what was there, each from the newest on.
    pub(super) fn owed(&self) -> Option<(Stretch, Owed)> {
        let last = |wanted: Owed| {
            let part = self.parts.iter().rev().find(|part| matches!(part.state, State::Owed(why) if why == wanted))?;
            Some((part.stretch(), wanted))
        };
        last(Owed::Came).or_else(|| last(Owed::Old))
    }

    /// All that is owed.
    pub(super) fn all_owed(&self) -> impl Iterator<Item = (Stretch, Owed)> + '_ {
        self.parts.iter().filter_map(|part| match part.state {
            State::Owed(why) => Some((part.stretch(), why)),
            State::Read(_) => None,
        })
    }

    /// What is owed from this id on need not be read any more: whoever says so knows these rows. The rest of what came counts as old.
    pub(super) fn forgive(&mut self, floor: i64) {
        self.parts.retain_mut(|part| {
            let State::Owed(_) = part.state else { return true };
            part.state = State::Owed(Owed::Old);
            part.last = part.last.min(floor.saturating_sub(1));
            part.first <= part.last && part.first < floor
        });
    }

    /// The end of what is owed was read down to this id: these are its rows with their marks, by descending id.
    pub(super) fn read(&mut self, owed: Stretch, down_to: i64, rows: &[(i64, u64)]) {
        let at = self.at(owed.last);
        let Some(part) = self.parts.get_mut(at).filter(|part| part.stretch() == owed) else { return };
        let mut at = at;
        if down_to <= part.first {
            self.parts.remove(at);
        } else {
            part.last = down_to - 1;
            at += 1;
        }
        let gap = |two: &[(i64, u64)]| two[0].0.abs_diff(two[1].0) - 1;
        let mut gaps: Vec<u64> = rows.windows(2).map(gap).filter(|gap| *gap > 0).collect();
        // Gaps up to this one are closed.
        let closed = if gaps.len() > OF_A_TURN {
            let nth = gaps.len() - OF_A_TURN;
            *gaps.select_nth_unstable(nth - 1).1
        } else {
            0
        };
        let mut parts: Vec<Part> = Vec::new();
        for (id, mark) in rows.iter().rev() {
            match parts.last_mut() {
                Some(Part { last, state: State::Read(sum), .. })
                    if last.abs_diff(*id) - 1 <= closed && sum.rows < FULL =>
                {
                    *last = *id;
                    sum.add(*mark);
                }
                _ => {
                    let mut sum = Sum::default();
                    sum.add(*mark);
                    parts.push(Part { first: *id, last: *id, state: State::Read(sum), grew: 0 });
                }
            }
        }
        let end = at + parts.len();
        self.ask_also(parts.len());
        self.parts.splice(at..at, parts);
        if end > 0 {
            self.join_where_they_meet(end - 1);
        }
        self.tighten();
    }

    /// This part and the one behind it become one, where there is nothing between them and they are short.
    fn join_where_they_meet(&mut self, at: usize) {
        if let [one, other] = &self.parts[at..self.parts.len().min(at + 2)]
            && one.last.checked_add(1) == Some(other.first)
            && one.rows().saturating_add(other.rows()) <= FULL
        {
            self.join(at);
        }
    }

    fn join(&mut self, at: usize) {
        let other = self.parts[at + 1];
        let one = &mut self.parts[at];
        if let (State::Read(sum), State::Read(more)) = (&mut one.state, other.state) {
            sum.join(more);
            (one.last, one.grew) = (other.last, one.grew.max(other.grew));
            self.parts.remove(at + 1);
        }
    }

    /// Closes gaps where there are too many: those where nothing came for longest, the narrowest first.
    pub(super) fn tighten(&mut self) {
        if self.parts.len() <= GAPS {
            return;
        }
        let mut gaps: Vec<(u64, u64, i64)> = Vec::new();
        for two in self.parts.windows(2) {
            let (one, other) = (two[0], two[1]);
            let width = one.last.abs_diff(other.first) - 1;
            if width > 0 && one.rows().saturating_add(other.rows()) <= FULL {
                gaps.push((one.grew.max(other.grew), width, one.last));
            }
        }
        if gaps.len() <= GAPS {
            return;
        }
        gaps.sort_unstable();
        gaps.truncate(gaps.len() - FEWER);
        let closed: std::collections::HashSet<i64> = gaps.into_iter().map(|(_, _, last)| last).collect();
        let mut parts: Vec<Part> = Vec::with_capacity(self.parts.len());
        // Whether the gap behind the last one is closed.
        let mut close = false;
        for part in std::mem::take(&mut self.parts) {
            let closes = closed.contains(&part.last);
            match (parts.last_mut(), part.state) {
                (Some(Part { last, state: State::Read(sum), grew, .. }), State::Read(more))
                    if close && sum.rows + more.rows <= FULL =>
                {
                    sum.join(more);
                    (*last, *grew) = (part.last, (*grew).max(part.grew));
                }
                _ => parts.push(part),
            }
            close = closes;
        }
        self.parts = parts;
    }

    /// Something changed: a row may have come to any gap.
    pub(super) fn changed(&mut self) {
        self.changes += 1;
        self.unasked = self.parts.len() + 1;
    }

    /// There are more gaps now, and the turns go through all of them.
    const fn ask_also(&mut self, gaps: usize) {
        if self.unasked > 0 {
            self.unasked += gaps;
        }
    }

    /// Whether there are gaps that were not asked since the last change.
    pub(super) const fn has_unasked(&self) -> bool {
        self.unasked > 0
    }

    /// The gaps to ask now, at most so many: the one behind all rows, those where something came lately, and the others in turns.
    pub(super) fn gaps(&mut self, most: usize) -> Vec<Stretch> {
        let mut gaps: Vec<(u64, Stretch)> = Vec::new();
        let mut first = Some(i64::MIN);
        let mut grew = 0;
        for part in &self.parts {
            if let Some(first) = first.filter(|first| *first < part.first) {
                gaps.push((grew.max(part.grew), Stretch { first, last: part.first - 1 }));
            }
            (first, grew) = (part.last.checked_add(1), part.grew);
        }
        if let Some(first) = first {
            gaps.push((u64::MAX, Stretch { first, last: i64::MAX }));
        }
        if gaps.len() <= most {
            self.unasked = 0;
            return gaps.into_iter().map(|(_, gap)| gap).collect();
        }
        let share = most / 2;
        let start = self.turn.map_or(0, |turn| gaps.partition_point(|(_, gap)| gap.first < turn));
        let mut chosen: Vec<Stretch> =
            gaps[start..].iter().chain(&gaps[..start]).take(share).map(|(_, gap)| *gap).collect();
        self.turn = chosen.last().and_then(|gap| gap.last.checked_add(1));
        self.unasked = self.unasked.saturating_sub(share);
        gaps.sort_unstable_by_key(|(grew, gap)| (std::cmp::Reverse(*grew), std::cmp::Reverse(gap.first)));
        chosen.extend(gaps.iter().take(most - share).filter(|(grew, _)| *grew > 0).map(|(_, gap)| *gap));
        chosen.sort_unstable_by_key(|gap| gap.first);
        chosen.dedup();
        chosen
    }

    /// The first stretch that was read and begins at this id or behind it, with what was found in it.
    pub(super) fn to_audit(&self, from: i64) -> Option<(Stretch, Sum)> {
        self.parts.iter().skip(self.parts.partition_point(|part| part.first < from)).find_map(|part| match part.state {
            State::Read(sum) => Some((part.stretch(), sum)),
            State::Owed(_) => None,
        })
    }

    /// Rows in what was read.
    pub(super) fn rows(&self) -> u64 {
        let sums = self.parts.iter().map(|part| match part.state {
            State::Read(sum) => sum.rows,
            State::Owed(_) => 0,
        });
        sums.sum()
    }
}

#[cfg(test)]
mod tests;
