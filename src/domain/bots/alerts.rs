//! What of the bots wants somebody's attention, each with the cause that makes it the same alert the next time.
//!
//! Follows from a board, the time and the limits alone; who was told of what is [`Told`](super::told::Told)'s to remember. The words
//! do not change with time, so that an alert which is still there is still the same.

mod burst;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{Board, Limits};
use crate::domain::time::second;

/// What an alert is about: two with the same cause are the same alert, and nobody is told twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// This run failed.
    Failed {
        /// Whose.
        bot: Arc<str>,
        /// bot_runs.id
        run: i64,
    },
    /// This run is stuck.
    Stuck {
        /// Whose.
        bot: Arc<str>,
        /// bot_runs.id
        run: i64,
    },
    /// The queue's oldest pending item is too old; the cause is the item's time, so that the next item is another alert.
    OldQueue {
        /// When it was made.
        since: Timestamp,
    },
    /// Too many deletes or flags at once.
    Burst {
        /// `delete` or `flag`.
        action: &'static str,
        /// When the burst began: it goes on until the count falls below the limit.
        since: i64,
    },
}

/// Something that wants attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// About what.
    pub cause: Cause,
    /// In a line, for people: "verifier: run 812 failed". Names in it come from the database.
    pub what: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// Bursts are looked for of these: the action, and what many of them are called.
const BURSTS: [(&str, &str); 2] = [("delete", "deletes"), ("flag", "flags")];

/// What wants attention now, the newest first. Runs that failed are told while they are their bot's last run; of a bot's stuck runs the
/// newest is told, with how many others there are.
pub fn alerts(board: &Board, now: Timestamp, limits: &Limits) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for (bot, runs) in board.runs.bots() {
        let name = plain(bot);
        if let Some(ended) = runs.newest_finished().filter(|ended| ended.failed) {
            alerts.push(Alert {
                cause: Cause::Failed { bot: Arc::clone(bot), run: ended.id },
                what: format!("{name}: run {} failed", ended.id),
                since: ended.at,
            });
        }
        let (mut newest, mut count) = (None, 0_u64);
        for stuck in runs.stuck(now, limits) {
            (newest, count) = (newest.max(Some(stuck)), count + 1);
        }
        if let Some((run, since)) = newest {
            let mut what = format!("{name}: run {run} is stuck, it runs since {since:.0}");
            let _ = match count - 1 {
                0 => Ok(()),
                1 => write!(what, "; another is stuck, too"),
                others => write!(what, "; {others} others are stuck, too"),
            };
            alerts.push(Alert { cause: Cause::Stuck { bot: Arc::clone(bot), run }, what, since: Some(since) });
        }
    }
    if let Some(since) = board.oldest_pending().filter(|since| left(*since, limits.queue_age, now).is_zero()) {
        let what = format!("the queue's oldest pending item was made {since:.0}");
        alerts.push(Alert { cause: Cause::OldQueue { since }, what, since: Some(since) });
    }
    for ((action, many), limit) in BURSTS.into_iter().zip([limits.deletes, limits.flags]) {
        let series = board.ledger.actions.get(action);
        if let Some(since) = series.and_then(|series| burst::since(series, second(now), limit, limits.burst_window)) {
            let time = Timestamp::from_second(since).ok();
            let mut what = format!("a burst of {many}: {limit} or more within {}", length(limits.burst_window));
            let _ = time.map_or(Ok(()), |time| write!(what, ", since {time}"));
            alerts.push(Alert { cause: Cause::Burst { action, since }, what, since: time });
        }
    }
    alerts.sort_by(|one, other| other.since.cmp(&one.since).then_with(|| one.cause.cmp(&other.cause)));
    alerts
}

/// How long [`alerts`] stays as it is where nothing happens: until a run has run for too long, an item has waited for too long, a
/// burst is over. `None`: for ever.
pub fn next(board: &Board, now: Timestamp, limits: &Limits) -> Option<Duration> {
    // Longer than the limit is stuck, so the limit itself is not enough.
    let stuck = (board.runs.bots())
        .filter_map(|(_, runs)| runs.next_to_be_stuck(now, limits))
        .map(|left| left.saturating_add(Duration::from_millis(1)));
    let queue = board.oldest_pending().map(|since| left(since, limits.queue_age, now)).filter(|left| !left.is_zero());
    let bursts = BURSTS.into_iter().zip([limits.deletes, limits.flags]).filter_map(|((action, _), limit)| {
        let changes = burst::next(board.ledger.actions.get(action)?, second(now), limit, limits.burst_window)?;
        let changes = Timestamp::from_second(changes).ok()?;
        Duration::try_from(changes.duration_since(now)).ok()
    });
    stuck.chain(queue).chain(bursts).min()
}

/// How long it is until something from then has this age; zero where it has it.
fn left(since: Timestamp, age: Duration, now: Timestamp) -> Duration {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    Duration::try_from(age.saturating_sub(now.duration_since(since))).unwrap_or_default()
}

/// `5 min`, `90 s`, `2 h`.
fn length(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds > 0 && seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// Letters of a name that are told.
const NAME: usize = 40;

/// A name of the database in a sentence: a terminal, or a desktop, may be told it.
fn plain(name: &str) -> String {
    let acts = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut letters = name.chars().map(|letter| if acts(letter) { '\u{fffd}' } else { letter });
    let mut plain: String = letters.by_ref().take(NAME).collect();
    if letters.next().is_some() {
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests;
