//! When time alone changes something on the screen: that is when the next frame is due, and not before.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{BotsPane, Phase, ages, layout::Layout};
use crate::{
    domain::bots::{BotState, Limits, Standing, Window},
    panes::Now,
};

impl BotsPane {
    /// How long until something on the screen changes by itself: an age at a full minute, the figures of a window as it moves on,
    /// a run that becomes stuck. `None` where nothing does, or the screen is paused.
    pub fn next_age(&self, now: Now, limits: &Limits) -> Option<Duration> {
        if self.phase != Phase::Live || self.is_paused() {
            return None;
        }
        let layout = self.layout(self.area);
        let then = self.oldest_change(&layout, now.wall);
        let board = self.board_change(&layout, now.wall, limits);
        then.into_iter().chain(board).min()
    }

    /// The ages of the list that is shown.
    fn oldest_change(&self, layout: &Layout, now: Timestamp) -> Option<Duration> {
        let model = self.shown();
        let runs = self.runs.visible(&model.runs, usize::from(layout.runs.body.height));
        let runs = model.runs.all().get(runs).unwrap_or_default().iter().filter_map(|run| run.started);
        let runs = runs.map(|then| ages::until_older(then, now)).min();
        self.tail.next_age(now).into_iter().chain(runs).min()
    }

    /// The board, the charts, the queue's figures.
    fn board_change(&self, layout: &Layout, now: Timestamp, limits: &Limits) -> Option<Duration> {
        let board = &self.shown().board;
        let queue = board.queue(self.window, now);
        let mut changes: Vec<Duration> = Vec::new();
        changes.extend(queue.oldest.map(|then| ages::until_older(then, now)));
        let seen = if layout.board.body.is_empty() { Vec::new() } else { board.standings(now, limits) };
        for bot in &seen {
            let since = match bot.state {
                BotState::Running { since } => since,
                BotState::Stuck { since } => Some(since),
                BotState::Idle | BotState::Failed => None,
            };
            changes.extend(since.into_iter().chain(bot.last_run).map(|then| ages::until_older(then, now)));
            changes.extend(until_stuck(bot, now));
        }
        let moves = board.moves(self.window.start(now)) || queue.arrived + queue.finished > 0;
        let period = match self.window {
            Window::Minute if moves => Some(1),
            Window::FiveMinutes if moves => Some(5),
            Window::QuarterHour if moves => Some(15),
            // The ends of the axes are times, too.
            _ if moves || !layout.actions.is_empty() || board.moves(Window::Week.start(now)) => Some(60),
            _ => None,
        };
        changes.extend(period.map(|seconds| until_full(seconds, now)));
        changes.into_iter().min()
    }
}

/// How long until this run of the bot is stuck.
fn until_stuck(bot: &Standing, now: Timestamp) -> Option<Duration> {
    let BotState::Running { since: Some(since) } = bot.state else { return None };
    let limit = SignedDuration::try_from(bot.stuck_after).ok()?;
    let left = limit.checked_sub(now.duration_since(since))?;
    // It is stuck when it runs for longer than that.
    Some(Duration::try_from(left).unwrap_or_default() + Duration::from_millis(1))
}

/// How long until the wall clock shows a multiple of so many seconds.
fn until_full(seconds: i64, now: Timestamp) -> Duration {
    let next = (now.as_second().div_euclid(seconds) + 1).saturating_mul(seconds);
    let next = Timestamp::from_second(next).unwrap_or(now);
    Duration::try_from(next.duration_since(now)).unwrap_or_default().max(Duration::from_millis(1))
}
