//! The ledger's rows as they are counted: by bot and action over time.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Series,
    chart::Layer,
    names::{ACTIONS, Names},
};
use crate::domain::activity::Tally;

/// Actions counted by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionCounts {
    /// All, others than those below, too.
    pub all: u64,
    /// create
    pub creates: u64,
    /// update
    pub updates: u64,
    /// delete
    pub deletes: u64,
    /// verify
    pub verifies: u64,
    /// flag
    pub flags: u64,
}

impl ActionCounts {
    fn add(&mut self, action: &str, rows: u64) {
        self.all = self.all.saturating_add(rows);
        let count = match action {
            "create" => &mut self.creates,
            "update" => &mut self.updates,
            "delete" => &mut self.deletes,
            "verify" => &mut self.verifies,
            "flag" => &mut self.flags,
            _ => return,
        };
        *count = count.saturating_add(rows);
    }
}

/// What each action's rows are over time.
pub(super) type ByAction = BTreeMap<Arc<str>, Series>;

/// The tallies of the ledger.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub(super) bots: BTreeMap<Arc<str>, ByAction>,
    /// The same rows of all the bots together: charts of all of them cost what their actions do.
    pub(super) actions: ByAction,
}

fn series<'a>(actions: &'a mut ByAction, action: &Arc<str>, now: i64) -> &'a mut Series {
    actions.entry(Arc::clone(action)).or_insert_with(|| Series::new(now))
}

impl Ledger {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn age(&mut self, now: i64) {
        let of_bots = self.bots.values_mut().flat_map(BTreeMap::values_mut);
        of_bots.chain(self.actions.values_mut()).for_each(|series| series.age(now));
    }

    /// Counts rows. They come sorted by bot and action, mostly: each is looked for once for all of its rows.
    pub(super) fn take(&mut self, tallies: &[Tally], bots: &mut Names, actions: &mut Names, now: i64) {
        let mut of_all: BTreeMap<Arc<str>, Vec<(Option<i64>, u64)>> = BTreeMap::new();
        for same in tallies.chunk_by(|one, other| (&one.bot, &one.action) == (&other.bot, &other.action)) {
            let (bot, action) = (bots.keep(&same[0].bot), actions.keep(&same[0].action));
            let mut events: Vec<_> = same.iter().map(|tally| (tally.second, tally.rows)).collect();
            events.sort_unstable_by_key(|(second, _)| *second);
            series(self.bots.entry(bot).or_default(), &action, now).add_all(&events);
            of_all.entry(action).or_default().append(&mut events);
        }
        for (action, mut events) in of_all {
            events.sort_unstable_by_key(|(second, _)| *second);
            series(&mut self.actions, &action, now).add_all(&events);
        }
    }

    /// The rows of a bot, or of all of them.
    pub(super) fn of(&self, bot: Option<&str>) -> Option<&ByAction> {
        bot.map_or(Some(&self.actions), |bot| self.bots.get(bot))
    }

    /// When the first row of a bot (or of any) is from, where that is known.
    pub(super) fn first(&self, bot: Option<&str>) -> Option<i64> {
        self.of(bot)?.values().filter_map(Series::first).min()
    }

    /// What a bot did from then on; `None`: ever, rows without a time included.
    pub(super) fn counts(&self, bot: &str, since: Option<i64>) -> ActionCounts {
        let mut counts = ActionCounts::default();
        for (action, series) in self.bots.get(bot).into_iter().flatten() {
            counts.add(action, since.map_or_else(|| series.total(), |since| series.since(since)));
        }
        counts
    }

    /// The actions of a bot, or of all of them, between each two bounds: the documented ones, then what else there is.
    pub(super) fn layers(&self, bot: Option<&str>, bounds: &[i64]) -> Vec<Layer> {
        let actions = self.of(bot);
        let of = |name: &str| actions.and_then(|actions| actions.get_key_value(name));
        let layer = |name: Arc<str>, series: Option<&Series>| {
            let mut rows = vec![0; bounds.len().saturating_sub(1)];
            if let Some(series) = series {
                series.spread(bounds, &mut rows);
            }
            Layer { name, rows }
        };
        let documented = ACTIONS.into_iter().map(|name| match of(name) {
            Some((name, series)) => layer(Arc::clone(name), Some(series)),
            None => layer(Arc::from(name), None),
        });
        let others = (actions.into_iter().flatten())
            .filter(|(name, _)| !ACTIONS.contains(&&***name))
            .map(|(name, series)| layer(Arc::clone(name), Some(series)));
        documented.chain(others).collect()
    }
}
