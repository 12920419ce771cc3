//! The timers update asked for: one of each kind.

use std::{collections::BTreeMap, time::Duration};

use crate::message::event::Timer;

/// When each kind is due, counted from the start of the program.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: BTreeMap<Timer, Duration>,
}

impl Timers {
    /// Sets one; a running one of the same kind is replaced.
    pub(crate) fn set(&mut self, timer: Timer, due: Duration) {
        self.due.insert(timer, due);
    }

    /// When the earliest is due.
    pub(crate) fn earliest(&self) -> Option<Duration> {
        self.due.values().min().copied()
    }

    /// Takes one that is due, the longest overdue first.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        let (timer, due) = self.due.iter().min_by_key(|(_, due)| **due).map(|(timer, due)| (*timer, *due))?;
        (due <= now).then(|| {
            self.due.remove(&timer);
            timer
        })
    }

    /// Takes the earliest of the kinds that are wanted, whenever it is due.
    pub(crate) fn take_earliest(&mut self, wanted: impl Fn(Timer) -> bool) -> Option<(Timer, Duration)> {
        let (timer, due) = self
            .due
            .iter()
            .filter(|(timer, _)| wanted(**timer))
            .min_by_key(|(_, due)| **due)
            .map(|(timer, due)| (*timer, *due))?;
        self.due.remove(&timer);
        Some((timer, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn asking_again_replaces() {
        let mut timers = Timers::default();
        timers.set(Timer::Toast, ms(50));
        timers.set(Timer::Chord, ms(20));
        timers.set(Timer::Toast, ms(10));
        assert_eq!(timers.earliest(), Some(ms(10)));
        assert_eq!(timers.take_due(ms(9)), None);
        assert_eq!(timers.take_due(ms(60)), Some(Timer::Toast));
        assert_eq!(timers.take_due(ms(60)), Some(Timer::Chord));
        assert_eq!(timers.take_due(ms(60)), None);
        assert_eq!(timers.earliest(), None);
    }
}
