//! Timers that are asked for: the earliest wins, whoever asked; who finds it too early asks again.

use std::{collections::BTreeMap, time::Duration};

use super::{App, cx};
use crate::{
    message::{command::Command, event::Timer},
    panes::{Handled, Now, Pane, link},
};

/// When each kind of timer runs out.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<Timer, Duration>,
}

impl Timers {
    /// Whether the runtime has to hear of a timer that is to run out then. The preview waits for the last movement, so
    /// there the newest wins.
    pub(super) fn wants(&mut self, timer: Timer, due: Duration, now: Duration) -> bool {
        let replaces = timer == Timer::Preview;
        match self.due.get(&timer) {
            Some(earlier) if *earlier <= due && *earlier > now && !replaces => false,
            _ => {
                self.due.insert(timer, due);
                true
            }
        }
    }

    /// A command for it, where one is needed.
    pub(super) fn ask(&mut self, timer: Timer, delay: Duration, now: Duration) -> Option<Command> {
        self.wants(timer, now + delay, now).then_some(Command::After(delay, timer))
    }

    fn ran_out(&mut self, timer: Timer) {
        self.due.remove(&timer);
    }
}

impl App {
    pub(super) fn timer(&mut self, timer: Timer, now: Now) {
        self.timers.ran_out(timer);
        match timer {
            Timer::Progress => self.dirty |= self.progress.longest(now.elapsed).is_some(),
            Timer::Toast | Timer::Chord => self.dirty = true,
            Timer::Link => self.redraw_link(now),
            Timer::Alerts => self.look_for_alerts(now),
            Timer::Ages => {
                for overlay in &mut self.overlays {
                    if overlay.next_age(now).is_some() {
                        overlay.resize(self.size, &mut cx!(self, now));
                    }
                }
                self.dirty = true;
            }
            Timer::Retry => self.retry(now),
            Timer::Remember => self.remember_typed(now),
            _ => {}
        }
        let mut handled = self.tables.timer(timer, &mut cx!(self, now)) == Handled::Yes;
        handled |= self.table.timer(timer, &mut cx!(self, now)) == Handled::Yes;
        handled |= self.question.timer(timer, &mut cx!(self, now)) == Handled::Yes;
        handled |= self.review.timer(timer, &mut cx!(self, now)) == Handled::Yes;
        handled |= self.bots.timer(timer, &mut cx!(self, now)) == Handled::Yes;
        self.dirty |= handled;
    }

    /// Asks for the timers that the screen needs: a toast that goes, an age that grows.
    pub(super) fn set_timers(&mut self, now: Now) {
        if let Some(end) = self.toasts.next_end(now.elapsed) {
            self.out.commands.push(Command::After(end, Timer::Toast));
        }
        self.set_link_timer(now);
        let kept = [self.table.read(), self.question.read()].into_iter().flatten();
        if let Some(older) = kept.map(|read| link::until_coarser(link::between(read, now.wall))).min() {
            self.out.commands.push(Command::After(older, Timer::Ages));
        }
        if let Some(age) = self.overlays.last().and_then(|overlay| overlay.next_age(now)) {
            self.out.commands.push(Command::After(age, Timer::Ages));
        }
        if self.layout.is_some_and(|layout| !layout.review.is_empty())
            && let Some(age) = self.review.next_age(now)
        {
            self.out.commands.push(Command::After(age, Timer::Ages));
        }
        if self.layout.is_some_and(|layout| !layout.bots.is_empty())
            && let Some(age) = self.bots.next_age(now, &self.settings.limits)
        {
            self.out.commands.push(Command::After(age, Timer::Ages));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_wins_but_for_the_preview() {
        let at = Duration::from_millis;
        let mut timers = Timers::default();
        assert!(timers.wants(Timer::Flash, at(600), at(0)));
        assert!(!timers.wants(Timer::Flash, at(900), at(10)));
        assert!(timers.wants(Timer::Flash, at(300), at(10)));
        timers.ran_out(Timer::Flash);
        assert!(timers.wants(Timer::Flash, at(900), at(300)));
        assert!(timers.wants(Timer::Preview, at(60), at(0)));
        assert!(timers.wants(Timer::Preview, at(90), at(30)));
    }
}
