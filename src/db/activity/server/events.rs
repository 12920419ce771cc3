//! What happened in the queue, as the board was told of it.
//!
//! Owns the rule which row tells what: an open row that it was made; a finished one that it was made and finished where it says when, and
//! where it does not, only that. A row that was seen open before, and then finished without a time, was finished when that was seen, as
//! long as this is remembered. The times alone say so: one that was deleted, with another in its place that was made in the same second and
//! is finished without a time, looks the same. Events are only ever added: where some are not true any more, all are told anew.

use std::collections::BTreeMap;

use crate::domain::activity::{BoardUpdate, QueueEvent, QueueEvents};

/// At most so many rows made in the same second are remembered as seen in one look: whoever answers need not be honest.
const SEEN: u64 = 10_000;

/// How many of each second; `None`: those without a readable time.
type Times = BTreeMap<Option<i64>, u64>;

/// What the rows say, as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rows {
    /// When those that are open were made.
    pub(super) open: Times,
    /// When those that are finished and say when were made, and finished.
    pub(super) made: Times,
    pub(super) done: Times,
    /// When those were made that are finished and do not say when.
    pub(super) undated: Times,
}

impl Rows {
    /// One more row, or some with the same times.
    pub(super) fn add(&mut self, is_open: bool, made: Option<i64>, done: Option<i64>, rows: u64) {
        match (is_open, done) {
            (true, _) => add(&mut self.open, made, rows),
            (false, None) => add(&mut self.undated, made, rows),
            (false, Some(_)) => {
                add(&mut self.made, made, rows);
                add(&mut self.done, done, rows);
            }
        }
    }
}

/// What was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    arrived: Times,
    finished: Times,
    rows: Rows,
    /// Seconds in which rows were seen to be finished that do not say when, by when they were made.
    seen: BTreeMap<Option<i64>, Vec<i64>>,
}

fn add(times: &mut Times, second: Option<i64>, rows: u64) {
    if rows > 0 {
        let there = times.entry(second).or_default();
        *there = there.saturating_add(rows);
    }
}

fn take(times: &mut Times, second: Option<i64>, rows: u64) -> u64 {
    let Some(there) = times.get_mut(&second) else { return 0 };
    let taken = rows.min(*there);
    *there -= taken;
    if *there == 0 {
        times.remove(&second);
    }
    taken
}

/// What is more in `new` than in `old`; `None` where something is less.
fn more(old: &Times, new: &Times) -> Option<Vec<(Option<i64>, u64)>> {
    let of = |times: &Times, second: &Option<i64>| times.get(second).copied().unwrap_or(0);
    if old.iter().any(|(second, rows)| of(new, second) < *rows) {
        return None;
    }
    let added = new.iter().map(|(second, rows)| (*second, rows - of(old, second)));
    Some(added.filter(|(_, rows)| *rows > 0).collect())
}

fn events(what: QueueEvent, times: Vec<(Option<i64>, u64)>) -> impl Iterator<Item = QueueEvents> {
    times.into_iter().map(move |(second, rows)| QueueEvents { what, second, rows })
}

impl Events {
    /// Forgets everything, what was seen, too.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The whole table is like this now, in this second: tells what that means.
    pub(super) fn are(&mut self, rows: Rows, now: i64, board: &mut BoardUpdate) {
        // Rows that were open and are finished without a time: that was seen just now.
        for (made, count) in &rows.undated {
            let known = self.rows.undated.get(made).copied().unwrap_or(0);
            let seen = self.seen.entry(*made).or_default();
            let new = count.saturating_sub(known).saturating_sub(seen.len() as u64);
            let less = |times: &Times| times.get(made).copied().unwrap_or(0);
            let closed = less(&self.rows.open).saturating_sub(less(&rows.open));
            seen.extend((0..new.min(closed).min(SEEN)).map(|_| now));
        }
        let mut arrived = rows.open.clone();
        let mut finished = rows.done.clone();
        for (made, count) in &rows.made {
            add(&mut arrived, *made, *count);
        }
        let mut undated = rows.undated.clone();
        self.seen.retain(|made, seen| {
            let there = take(&mut undated, *made, seen.len() as u64);
            seen.truncate(usize::try_from(there).unwrap_or(usize::MAX));
            for second in &*seen {
                add(&mut arrived, *made, 1);
                add(&mut finished, Some(*second), 1);
            }
            !seen.is_empty()
        });
        for count in undated.values() {
            add(&mut finished, None, *count);
        }
        self.rows = Rows { undated, ..rows };
        match (more(&self.arrived, &arrived), more(&self.finished, &finished)) {
            (Some(came), Some(went)) => {
                board.queue_events.extend(events(QueueEvent::Arrived, came));
                board.queue_events.extend(events(QueueEvent::Finished, went));
            }
            _ => {
                board.queue_anew = true;
                let all = |times: &Times| times.iter().map(|(second, rows)| (*second, *rows)).collect();
                board.queue_events = events(QueueEvent::Arrived, all(&arrived)).collect();
                board.queue_events.extend(events(QueueEvent::Finished, all(&finished)));
            }
        }
        (self.arrived, self.finished) = (arrived, finished);
    }

    /// A row that was not known came.
    pub(super) fn came(&mut self, is_open: bool, made: Option<i64>, done: Option<i64>, board: &mut BoardUpdate) {
        self.rows.add(is_open, made, done, 1);
        if is_open || done.is_some() {
            self.tell(QueueEvent::Arrived, made, board);
        }
        if !is_open {
            self.tell(QueueEvent::Finished, done, board);
        }
    }

    /// A row that was open is finished; it was seen in this second.
    pub(super) fn closed(&mut self, made: Option<i64>, done: Option<i64>, now: i64, board: &mut BoardUpdate) {
        take(&mut self.rows.open, made, 1);
        if done.is_some() {
            self.rows.add(false, made, done, 1);
        } else {
            self.seen.entry(made).or_default().push(now);
        }
        self.tell(QueueEvent::Finished, done.or(Some(now)), board);
    }

    fn tell(&mut self, what: QueueEvent, second: Option<i64>, board: &mut BoardUpdate) {
        let told = if what == QueueEvent::Arrived { &mut self.arrived } else { &mut self.finished };
        add(told, second, 1);
        board.queue_events.push(QueueEvents { what, second, rows: 1 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use QueueEvent::{Arrived, Finished};

    fn rows(open: &[i64], dated: &[(i64, i64)], undated: &[i64]) -> Rows {
        let mut rows = Rows::default();
        for made in open {
            rows.add(true, Some(*made), None, 1);
        }
        for (made, done) in dated {
            rows.add(false, Some(*made), Some(*done), 1);
        }
        for made in undated {
            rows.add(false, Some(*made), None, 1);
        }
        rows
    }

    fn told(board: &mut BoardUpdate) -> (bool, Vec<(QueueEvent, Option<i64>, u64)>) {
        let all = std::mem::take(board);
        (all.queue_anew, all.queue_events.into_iter().map(|event| (event.what, event.second, event.rows)).collect())
    }

    #[test]
    fn rows_tell_what_they_know_and_what_was_seen_stays() {
        let (mut events, mut board) = (Events::default(), BoardUpdate::default());
        events.are(rows(&[1, 1, 2], &[(3, 5)], &[4]), 9, &mut board);
        let first = vec![
            (Arrived, Some(1), 2),
            (Arrived, Some(2), 1),
            (Arrived, Some(3), 1),
            (Finished, None, 1),
            (Finished, Some(5), 1),
        ];
        assert_eq!(told(&mut board), (false, first));
        events.came(true, Some(6), None, &mut board);
        events.closed(Some(1), None, 10, &mut board);
        events.closed(Some(2), Some(8), 10, &mut board);
        let then = vec![(Arrived, Some(6), 1), (Finished, Some(10), 1), (Finished, Some(8), 1)];
        assert_eq!(told(&mut board), (false, then));
        // The table says the same, and one more was finished meanwhile.
        events.are(rows(&[6], &[(3, 5), (2, 8)], &[4, 1, 1]), 12, &mut board);
        assert_eq!(told(&mut board), (false, vec![(Finished, Some(12), 1)]));
        events.are(rows(&[6], &[(3, 5), (2, 8)], &[4, 1, 1]), 13, &mut board);
        assert_eq!(told(&mut board), (false, vec![]));
    }

    #[test]
    fn what_is_not_true_any_more_is_taken_back() {
        let (mut events, mut board) = (Events::default(), BoardUpdate::default());
        events.are(rows(&[1, 2], &[(3, 5)], &[]), 9, &mut board);
        told(&mut board);
        // One was deleted, one is open again.
        events.are(rows(&[2, 3], &[], &[]), 10, &mut board);
        assert_eq!(told(&mut board), (true, vec![(Arrived, Some(2), 1), (Arrived, Some(3), 1)]));
    }
}
