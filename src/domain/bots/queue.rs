//! What the queue tells: how deep it is, how fast it is worked off, when it will be empty.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Series, Window, chart::Steps};
use crate::domain::{
    activity::{BoardUpdate, QueueEvent},
    time,
};

/// Rows of the queue that have all of this in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// As stored.
    pub status: Arc<str>,
    /// As stored.
    pub action: Arc<str>,
    /// Whom it is assigned to, or else who made it; empty where nobody is named.
    pub bot: Arc<str>,
    /// How many.
    pub rows: u64,
}

/// How the queue is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueFigures {
    /// Pending and processing.
    pub open: u64,
    /// Pending.
    pub pending: u64,
    /// When the oldest pending item was made.
    pub oldest: Option<Timestamp>,
    /// Items finished (completed or failed) in the window.
    pub finished: u64,
    /// Items made in the window.
    pub arrived: u64,
    /// Finished a second, over the window (for [`Window::All`] over the last 24 hours).
    pub throughput: f64,
    /// When it is empty if it goes on like this: zero where it is; `None` where nothing is finished, or as much comes as goes.
    pub empty_in: Option<Duration>,
    /// Finished items without a readable time: they are in no chart.
    pub undated: u64,
}

/// The statuses in their order; items of the first two are open.
const STATUSES: [&str; 4] = ["pending", "processing", "completed", "failed"];

/// What is known of the queue.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    depths: Arc<[Depth]>,
    oldest: Option<Timestamp>,
    arrived: Series,
    finished: Series,
}

impl Queue {
    pub(super) fn new(now: i64) -> Self {
        Self { depths: Arc::default(), oldest: None, arrived: Series::new(now), finished: Series::new(now) }
    }

    pub(super) fn take(&mut self, update: &BoardUpdate, now: i64) {
        if update.queue_anew {
            (self.arrived, self.finished) = (Series::new(now), Series::new(now));
        }
        for events in &update.queue_events {
            let series = match events.what {
                QueueEvent::Arrived => &mut self.arrived,
                QueueEvent::Finished => &mut self.finished,
            };
            series.add(events.second, events.rows);
        }
        if let Some(depths) = &update.queue {
            let mut depths = depths.to_vec();
            depths.sort_by(|one, other| place(one).cmp(&place(other)));
            self.depths = depths.into();
        }
        if let Some(oldest) = &update.oldest_pending {
            self.oldest = oldest.as_deref().and_then(time::parse);
        }
    }

    pub(super) fn age(&mut self, now: i64) {
        self.arrived.age(now);
        self.finished.age(now);
    }

    pub(super) const fn oldest(&self) -> Option<Timestamp> {
        self.oldest
    }

    pub(super) fn depths(&self) -> &[Depth] {
        &self.depths
    }

    fn rows(&self, statuses: &[&str]) -> u64 {
        let of = self.depths.iter().filter(|depth| statuses.contains(&&*depth.status));
        of.fold(0, |sum, depth| sum.saturating_add(depth.rows))
    }

    /// `since`: in seconds; `None`: of everything.
    pub(super) fn figures(&self, since: Option<i64>, now: Timestamp) -> QueueFigures {
        let both = [&self.arrived, &self.finished];
        let [arrived, finished] = both.map(|series| since.map_or(series.total(), |since| series.since(since)));
        let pace = since.or(Window::Day.start(now)).unwrap_or(i64::MAX);
        let [came, went] = both.map(|series| series.since(pace) as f64);
        let seconds = time::second(now).saturating_sub(pace).max(1) as f64;
        let open = self.rows(&STATUSES[..2]);
        let empty_in = match open {
            0 => Some(Duration::ZERO),
            _ if went > came => Duration::try_from_secs_f64(open as f64 * seconds / (went - came)).ok(),
            _ => None,
        };
        QueueFigures {
            open,
            pending: self.rows(&STATUSES[..1]),
            oldest: self.oldest,
            finished,
            arrived,
            throughput: went / seconds,
            empty_in,
            undated: self.finished.undated(),
        }
    }

    /// Going back from how deep it is now: what arrived since was not there, what was finished since was.
    pub(super) fn depth(&self, window: Window, now: Timestamp, steps: usize) -> Vec<u64> {
        let first = self.arrived.first().into_iter().chain(self.finished.first()).min();
        let bounds = Steps::of(window, now, steps, first).bounds;
        let [mut arrived, mut finished] = [vec![0; steps], vec![0; steps]];
        self.arrived.spread(&bounds, &mut arrived);
        self.finished.spread(&bounds, &mut finished);
        let mut depths = vec![0; steps];
        let mut depth = i128::from(self.rows(&STATUSES[..2]));
        for (at, step) in depths.iter_mut().enumerate().rev() {
            *step = u64::try_from(depth).unwrap_or(0);
            depth += i128::from(finished[at]) - i128::from(arrived[at]);
        }
        depths
    }
}

/// The open ones first, then by action and bot.
fn place(depth: &Depth) -> (usize, &str, &str, &str) {
    let status = STATUSES.iter().position(|status| *status == &*depth.status).unwrap_or(STATUSES.len());
    (status, &depth.status, &depth.action, &depth.bot)
}

#[cfg(test)]
mod tests;
