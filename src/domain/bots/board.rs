//! The board: for each bot its state and its figures, for all of them the charts.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    ActionCounts, Chart, Depth, Items, Limits, QueueFigures, Series, Window,
    chart::Steps,
    ledger::Ledger,
    names::{self, Names},
    queue::Queue,
    runs::{BotRuns, Runs},
};
use crate::domain::{activity::ActivityUpdate, time::second};

/// How a bot is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BotState {
    /// A run of it is at work since then, and not for unusually long.
    Running {
        /// Since when; `None` where that cannot be read.
        since: Option<Timestamp>,
    },
    /// It does not run; its last run was completed (or it has none).
    Idle,
    /// It does not run; its last run failed.
    Failed,
    /// Its newest run runs for longer than usual: most likely its bot died.
    Stuck {
        /// Since when.
        since: Timestamp,
    },
}

/// A bot's line of the board.
#[derive(Clone, Debug, PartialEq)]
pub struct BotLine {
    /// Its name as stored.
    pub bot: Arc<str>,
    /// How it is.
    pub state: BotState,
    /// When its last run (the highest id) began: (the run's id, when).
    pub last_run: Option<(i64, Option<Timestamp>)>,
    /// The share of its finished runs (completed or failed) that were completed, 0 to 1, of those that began in the window; `None`
    /// where none finished.
    pub success: Option<f64>,
    /// Runs that are stuck, all of them.
    pub stuck: u64,
    /// The 95th percentile of how long its completed runs took (nearest rank, whole seconds); `None` where fewer than five are known.
    pub usual: Option<Duration>,
    /// From which duration on a run of it is stuck.
    pub stuck_after: Duration,
    /// Actions of the last hour.
    pub hour: ActionCounts,
    /// Of the last 24 hours.
    pub day: ActionCounts,
    /// Of the last 7 days.
    pub week: ActionCounts,
    /// In the window that is shown.
    pub window: ActionCounts,
    /// What its runs that began in the window say they handled.
    pub items: Items,
}

/// What changes of a bot's line with time alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// How it is.
    pub state: BotState,
    /// When its last run began.
    pub last_run: Option<Timestamp>,
    /// From which duration on a run of it is stuck.
    pub stuck_after: Duration,
}

/// How much of the tables is in the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadSoFar {
    /// Rows that are in it.
    pub rows: u64,
    /// Rows there were when counting began.
    pub of: u64,
    /// The last 7 days are complete.
    pub week: bool,
    /// Everything is.
    pub all: bool,
}

/// Everything that was tallied.
#[derive(Clone, Debug)]
pub struct Board {
    read: ReadSoFar,
    /// The time of the last look, in seconds.
    now: i64,
    names: Names,
    actions: Names,
    pub(super) ledger: Ledger,
    pub(super) runs: Runs,
    queue: Queue,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            read: ReadSoFar::default(),
            now: 0,
            names: Names::default(),
            actions: Names::default(),
            ledger: Ledger::default(),
            runs: Runs::default(),
            queue: Queue::new(0),
        }
    }
}

impl Board {
    /// Takes in a look that was taken now: what is near to that is known to the second ([`Series`]).
    pub fn take(&mut self, update: &ActivityUpdate, now: Timestamp) {
        let board = &update.board;
        self.now = second(now);
        self.ledger.age(self.now);
        self.runs.age(self.now);
        self.queue.age(self.now);
        if board.ledger_anew {
            self.ledger.clear();
        }
        self.ledger.take(&board.ledger, &mut self.names, &mut self.actions, self.now);
        if board.runs_anew {
            self.runs.clear();
        }
        if !board.runs.is_empty() {
            self.runs.take(&board.runs, &mut self.names, self.now);
        }
        self.queue.take(board, self.now);
        self.read = board.read.unwrap_or(self.read);
    }

    /// How much of the tables is in it.
    pub const fn read(&self) -> ReadSoFar {
        self.read
    }

    /// A line for each bot that the ledger or the runs know: the documented ones first in their order, then others by name.
    pub fn lines(&self, window: Window, now: Timestamp, limits: &Limits) -> Vec<BotLine> {
        self.lines_since(window.start(now), now, limits)
    }

    /// The same with the figures from any second on; `None`: of everything. Where times are not known to the second any more
    /// ([`Series::kept`]) its hour or day must begin there.
    pub fn lines_since(&self, since: Option<i64>, now: Timestamp, limits: &Limits) -> Vec<BotLine> {
        self.names().into_iter().map(|bot| self.line(bot, since, now, limits)).collect()
    }

    fn names(&self) -> Vec<&Arc<str>> {
        let bots: BTreeSet<&Arc<str>> = self.ledger.bots.keys().chain(self.runs.bots().map(|(bot, _)| bot)).collect();
        let mut bots: Vec<&Arc<str>> = bots.into_iter().collect();
        bots.sort_by(|one, other| names::place(one).cmp(&names::place(other)));
        bots
    }

    /// The bots of [`Self::lines`] in its order, without their figures: those cost more.
    pub fn bots(&self) -> Vec<Arc<str>> {
        self.names().into_iter().map(Arc::clone).collect()
    }

    /// How each bot of [`Self::lines`] stands, in its order, without figures.
    pub fn standings(&self, now: Timestamp, limits: &Limits) -> Vec<Standing> {
        let standing = |bot: &Arc<str>| {
            let runs = self.runs.of(bot);
            Standing {
                state: runs.map_or(BotState::Idle, |runs| state(runs, now, limits)),
                last_run: runs.and_then(BotRuns::newest).and_then(|(_, began)| began),
                stuck_after: self.stuck_after(bot, limits),
            }
        };
        self.names().into_iter().map(standing).collect()
    }

    /// Whether a bot did anything from this second on, or ever: then figures of that window change as it moves on.
    pub fn moves(&self, since: Option<i64>) -> bool {
        let some =
            |series: &Series| since.map_or(series.total() > 0, |since| series.last().is_some_and(|last| last >= since));
        self.ledger.actions.values().any(some) || self.runs.bots().any(|(_, runs)| runs.series().any(some))
    }

    /// Runs that are stuck, of all bots.
    pub fn stuck(&self, now: Timestamp, limits: &Limits) -> u64 {
        self.runs.bots().map(|(_, runs)| runs.stuck(now, limits).count() as u64).sum()
    }

    fn line(&self, bot: &Arc<str>, since: Option<i64>, now: Timestamp, limits: &Limits) -> BotLine {
        let runs = self.runs.of(bot);
        let counts = |window: Window| self.ledger.counts(bot, window.start(now));
        BotLine {
            bot: Arc::clone(bot),
            state: runs.map_or(BotState::Idle, |runs| state(runs, now, limits)),
            last_run: runs.and_then(BotRuns::newest),
            success: runs.and_then(|runs| runs.success(since)),
            stuck: runs.map_or(0, |runs| runs.stuck(now, limits).count() as u64),
            usual: runs.and_then(BotRuns::usual),
            stuck_after: self.stuck_after(bot, limits),
            hour: counts(Window::Hour),
            day: counts(Window::Day),
            week: counts(Window::Week),
            window: self.ledger.counts(bot, since),
            items: runs.map_or_else(Items::default, |runs| runs.items(since)),
        }
    }

    /// Ledger rows of a bot (or of all of them) in the window, in so many steps of the same length, the newest last. The steps are the
    /// same for every bot, also where the window has no beginning: what stands below each other happened at the same time.
    pub fn activity(&self, bot: Option<&str>, window: Window, now: Timestamp, steps: usize) -> Vec<u64> {
        let mut rows = vec![0; steps];
        if let Some(actions) = self.ledger.of(bot) {
            let steps = Steps::of(window, now, steps, self.ledger.first(None));
            actions.values().for_each(|series: &Series| series.spread(&steps.bounds, &mut rows));
        }
        rows
    }

    /// How long such a step is, in seconds.
    pub fn step(&self, window: Window, now: Timestamp, steps: usize) -> f64 {
        Steps::of(window, now, steps, self.ledger.first(None)).step
    }

    /// Ledger rows in the window by action.
    pub fn actions(&self, bot: Option<&str>, window: Window, now: Timestamp, steps: usize) -> Chart {
        let over = Steps::of(window, now, steps, self.ledger.first(bot));
        let bounds = &over.bounds[..=steps.min(over.bounds.len() - 1)];
        Chart { layers: self.ledger.layers(bot, bounds), from: over.from, step: over.step }
    }

    /// How deep the queue was (pending and processing) at the end of each step of the window. Finished items without a readable time
    /// are not in it ([`QueueFigures::undated`]).
    pub fn depth(&self, window: Window, now: Timestamp, steps: usize) -> Vec<u64> {
        self.queue.depth(window, now, steps)
    }

    /// The queue's rows by status, action and bot: the open ones first.
    pub fn depths(&self) -> &[Depth] {
        self.queue.depths()
    }

    /// How the queue is.
    pub fn queue(&self, window: Window, now: Timestamp) -> QueueFigures {
        self.queue_since(window.start(now), now)
    }

    /// The same from any second on; `None`: of everything.
    pub fn queue_since(&self, since: Option<i64>, now: Timestamp) -> QueueFigures {
        self.queue.figures(since, now)
    }

    /// When the oldest pending item of the queue was made.
    pub const fn oldest_pending(&self) -> Option<Timestamp> {
        self.queue.oldest()
    }

    /// How long a run of this bot may take before it is stuck.
    pub fn stuck_after(&self, bot: &str, limits: &Limits) -> Duration {
        self.runs.of(bot).map_or(limits.stuck_least, |runs| runs.stuck_after(limits))
    }

    /// Whether this run is stuck.
    pub fn is_stuck(&self, bot: &str, started: Timestamp, now: Timestamp, limits: &Limits) -> bool {
        Duration::try_from(now.duration_since(started)).is_ok_and(|runs| runs > self.stuck_after(bot, limits))
    }
}

fn state(runs: &BotRuns, now: Timestamp, limits: &Limits) -> BotState {
    if let Some(since) = runs.at_work(now, limits) {
        return BotState::Running { since };
    }
    // What runs and is at no work is stuck.
    match (runs.newest(), runs.newest_finished()) {
        (Some((id, Some(since))), _) if runs.runs(id, Some(since)) => BotState::Stuck { since },
        (_, Some(ended)) if ended.failed => BotState::Failed,
        _ => BotState::Idle,
    }
}

#[cfg(test)]
mod tests;
