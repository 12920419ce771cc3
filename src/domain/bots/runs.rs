//! What the runs tell of a bot: how long it usually takes, how often it succeeds, what it did.
//!
//! Runs change after they were told, so the newest are kept one by one ([`KEPT`] of them, and all that run); of the older ones only
//! the figures are left. A run belongs to a window by when it began. The newest run is the one with the highest id.

mod one;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use self::one::{Run, Status};
use super::{Limits, Series, names::Names};
use crate::domain::activity::RunRow;

/// So many runs that have ended are kept one by one.
const KEPT: usize = 50_000;
/// From how many completed runs on one can say what is usual.
const ENOUGH: u64 = 5;

/// Items that runs say they handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// Processed.
    pub processed: u64,
    /// Created.
    pub created: u64,
    /// Updated.
    pub updated: u64,
    /// Deleted.
    pub deleted: u64,
}

/// A run that ended, as far as it matters to how its bot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) id: i64,
    pub(super) failed: bool,
    /// When it ended, or at least began.
    pub(super) at: Option<Timestamp>,
}

/// The runs of all bots.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    known: BTreeMap<i64, Run>,
    /// Of those the ones that have ended.
    ended: BTreeSet<i64>,
    bots: BTreeMap<Arc<str>, BotRuns>,
}

/// The runs of a bot.
#[derive(Clone, Debug)]
pub(super) struct BotRuns {
    /// Those that run, by when they began, where that can be read.
    running: BTreeSet<(Timestamp, i64)>,
    running_undated: BTreeSet<i64>,
    /// Completed or failed.
    finished: BTreeMap<i64, Ended>,
    /// The newest finished one that is not kept any more.
    forgotten: Option<Ended>,
    /// The newest of all.
    newest: Option<(i64, Option<Timestamp>)>,
    completed: Series,
    failed: Series,
    items: [Series; 4],
    /// How many completed runs took so many seconds.
    took: BTreeMap<u64, u64>,
    usual: Option<Duration>,
}

impl Runs {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn age(&mut self, now: i64) {
        for bot in self.bots.values_mut() {
            let series = [&mut bot.completed, &mut bot.failed];
            series.into_iter().chain(&mut bot.items).for_each(|series| series.age(now));
        }
    }

    /// Takes in runs that are new or changed.
    pub(super) fn take(&mut self, rows: &[RunRow], names: &mut Names, now: i64) {
        let mut touched = BTreeSet::new();
        for row in rows {
            let run = Run::of(row, names.keep_text(&row.bot));
            if let Some(old) = self.known.remove(&row.id)
                && let Some(bot) = self.bots.get_mut(&old.bot)
            {
                bot.forget(row.id, &old);
                touched.insert(old.bot);
            }
            self.bots.entry(Arc::clone(&run.bot)).or_insert_with(|| BotRuns::new(now)).count(row.id, &run);
            touched.insert(Arc::clone(&run.bot));
            match run.status {
                Status::Running => self.ended.remove(&row.id),
                Status::Completed | Status::Failed | Status::Other => self.ended.insert(row.id),
            };
            self.known.insert(row.id, run);
        }
        self.let_old_ones_go(KEPT);
        for bot in touched {
            if let Some(bot) = self.bots.get_mut(&bot) {
                bot.usual = bot.percentile();
            }
        }
    }

    /// Keeps at most so many that have ended one by one.
    fn let_old_ones_go(&mut self, most: usize) {
        while self.ended.len() > most
            && let Some(id) = self.ended.pop_first()
        {
            if let Some(run) = self.known.remove(&id)
                && let Some(bot) = self.bots.get_mut(&run.bot)
                && let Some(ended) = bot.finished.remove(&id)
            {
                bot.forgotten = bot.forgotten.filter(|forgotten| forgotten.id > id).or(Some(ended));
            }
        }
    }

    pub(super) fn bots(&self) -> impl Iterator<Item = (&Arc<str>, &BotRuns)> {
        self.bots.iter()
    }

    pub(super) fn of(&self, bot: &str) -> Option<&BotRuns> {
        self.bots.get(bot)
    }
}

impl BotRuns {
    fn new(now: i64) -> Self {
        let series = || Series::new(now);
        Self {
            running: BTreeSet::new(),
            running_undated: BTreeSet::new(),
            finished: BTreeMap::new(),
            forgotten: None,
            newest: None,
            completed: series(),
            failed: series(),
            items: [series(), series(), series(), series()],
            took: BTreeMap::new(),
            usual: None,
        }
    }

    fn count(&mut self, id: i64, run: &Run) {
        match (run.status, run.started) {
            (Status::Running, Some(started)) => drop(self.running.insert((started, id))),
            (Status::Running, None) => drop(self.running_undated.insert(id)),
            (Status::Completed | Status::Failed, _) => {
                let failed = run.status == Status::Failed;
                self.finished.insert(id, Ended { id, failed, at: run.completed.or(run.started) });
                let series = if failed { &mut self.failed } else { &mut self.completed };
                series.add(run.second(), 1);
            }
            (Status::Other, _) => {}
        }
        if let Some(seconds) = run.took() {
            *self.took.entry(seconds).or_default() += 1;
        }
        for (series, items) in self.items.iter_mut().zip(run.items) {
            series.add(run.second(), items);
        }
        if self.newest.is_none_or(|(newest, _)| newest <= id) {
            self.newest = Some((id, run.started));
        }
    }

    /// The opposite of [`Self::count`], of a run that changed.
    fn forget(&mut self, id: i64, run: &Run) {
        match (run.status, run.started) {
            (Status::Running, Some(started)) => drop(self.running.remove(&(started, id))),
            (Status::Running, None) => drop(self.running_undated.remove(&id)),
            (Status::Completed | Status::Failed, _) => {
                self.finished.remove(&id);
                let series = if run.status == Status::Failed { &mut self.failed } else { &mut self.completed };
                series.remove(run.second(), 1);
            }
            (Status::Other, _) => {}
        }
        if let Some(seconds) = run.took()
            && let Some(count) = self.took.get_mut(&seconds)
        {
            *count -= 1;
            if *count == 0 {
                self.took.remove(&seconds);
            }
        }
        for (series, items) in self.items.iter_mut().zip(run.items) {
            series.remove(run.second(), items);
        }
    }

    /// The 95th percentile of how long its completed runs took, by nearest rank.
    fn percentile(&self) -> Option<Duration> {
        let count: u64 = self.took.values().sum();
        if count < ENOUGH {
            return None;
        }
        // So many may take longer than it.
        let mut longer = count - (count * 95).div_ceil(100);
        for (seconds, runs) in self.took.iter().rev() {
            match longer.checked_sub(*runs) {
                Some(left) => longer = left,
                None => return Some(Duration::from_secs(*seconds)),
            }
        }
        None
    }

    pub(super) const fn usual(&self) -> Option<Duration> {
        self.usual
    }

    pub(super) fn stuck_after(&self, limits: &Limits) -> Duration {
        let times = |usual: Duration| {
            Duration::try_from_secs_f64(usual.as_secs_f64() * limits.stuck_factor).unwrap_or(Duration::MAX)
        };
        self.usual.map_or(limits.stuck_least, |usual| times(usual).max(limits.stuck_least))
    }

    /// Runs that began before this are stuck.
    fn stuck_before(&self, now: Timestamp, limits: &Limits) -> Timestamp {
        now.checked_sub(self.stuck_after(limits)).unwrap_or(Timestamp::MIN)
    }

    /// The stuck ones, by when they began.
    pub(super) fn stuck(&self, now: Timestamp, limits: &Limits) -> impl Iterator<Item = (i64, Timestamp)> + '_ {
        let before = self.stuck_before(now, limits);
        self.running.range(..(before, i64::MIN)).map(|(started, id)| (*id, *started))
    }

    /// The newest that runs and is not stuck, by when it began: where that can be read, when.
    pub(super) fn at_work(&self, now: Timestamp, limits: &Limits) -> Option<Option<Timestamp>> {
        let before = self.stuck_before(now, limits);
        let dated = self.running.range((before, i64::MIN)..).next_back().map(|(started, _)| Some(*started));
        dated.or_else(|| (!self.running_undated.is_empty()).then_some(None))
    }

    /// When the next of those that run will be stuck: the earliest that is not yet.
    pub(super) fn next_to_be_stuck(&self, now: Timestamp, limits: &Limits) -> Option<Duration> {
        let (started, _) = self.running.range((self.stuck_before(now, limits), i64::MIN)..).next()?;
        let runs = now.duration_since(*started);
        let left = jiff::SignedDuration::try_from(self.stuck_after(limits)).ok()?.checked_sub(runs)?;
        Duration::try_from(left).ok()
    }

    /// Whether this run runs.
    pub(super) fn runs(&self, id: i64, started: Option<Timestamp>) -> bool {
        started.map_or_else(|| self.running_undated.contains(&id), |started| self.running.contains(&(started, id)))
    }

    pub(super) const fn newest(&self) -> Option<(i64, Option<Timestamp>)> {
        self.newest
    }

    /// The newest that was completed or failed.
    pub(super) fn newest_finished(&self) -> Option<Ended> {
        let kept = self.finished.last_key_value().map(|(_, ended)| *ended);
        kept.into_iter().chain(self.forgotten).max_by_key(|ended| ended.id)
    }

    /// What of it is counted over time: runs that were completed, that failed, items.
    pub(super) fn series(&self) -> impl Iterator<Item = &Series> {
        [&self.completed, &self.failed].into_iter().chain(&self.items)
    }

    /// The share of the finished runs that were completed, of those that began from then on; `None`: of all.
    pub(super) fn success(&self, since: Option<i64>) -> Option<f64> {
        let [completed, failed] =
            [&self.completed, &self.failed].map(|series| since.map_or(series.total(), |since| series.since(since)));
        let finished = completed.saturating_add(failed);
        (finished > 0).then(|| completed as f64 / finished as f64)
    }

    /// What the runs handled that began from then on; `None`: all.
    pub(super) fn items(&self, since: Option<i64>) -> Items {
        let [processed, created, updated, deleted] =
            self.items.each_ref().map(|series| since.map_or(series.total(), |since| series.since(since)));
        Items { processed, created, updated, deleted }
    }
}

#[cfg(test)]
mod tests;
