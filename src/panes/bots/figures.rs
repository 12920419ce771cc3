//! The board's figures as words and columns: what a line says, and which columns have room.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::ages;
use crate::{
    domain::bots::{ActionCounts, BotLine, BotState, Items, QueueFigures, ReadSoFar, Window},
    theme::Role,
    widgets::{
        number::{grouped, length},
        safe,
    },
};

/// A bot's state: never told by colour alone.
pub(super) struct StateWords {
    /// A sign before the name.
    pub(super) sign: &'static str,
    /// What the sign is drawn as.
    pub(super) role: Role,
    /// What the words are drawn as: what is well does not shout.
    pub(super) words: Role,
    /// In few words.
    pub(super) short: String,
    /// With the reason.
    pub(super) long: String,
}

/// What a bot's state says at this time.
pub(super) fn state(line: &BotLine, now: Timestamp) -> StateWords {
    let others = |stuck: u64| if stuck > 0 { format!(" · {} stuck", grouped(stuck)) } else { String::new() };
    let (sign, role, short, why) = match line.state {
        BotState::Running { since } => {
            let short =
                since.map_or_else(|| "running".to_owned(), |since| format!("running {}", ages::span(since, now)));
            ("●", Role::Busy, short, others(line.stuck))
        }
        BotState::Stuck { since } => {
            let usual = line.usual.map_or_else(
                || format!(" (over {})", length(line.stuck_after)),
                |usual| format!(" (usual {})", length(usual)),
            );
            // Ages are those of the last full minute: one that has just become stuck is as old as its limit, not younger.
            let limit = SignedDuration::try_from(line.stuck_after).unwrap_or_default();
            let fresh = now.duration_since(since) < limit.saturating_add(SignedDuration::from_mins(1));
            let age = if fresh { length(line.stuck_after) } else { ages::span(since, now) };
            ("▲", Role::Warning, format!("stuck {age}"), usual)
        }
        BotState::Failed => {
            let run = line.last_run.map_or_else(String::new, |(run, _)| format!(" · run {run}"));
            ("✗", Role::Bad, "failed".to_owned(), run)
        }
        BotState::Idle if line.last_run.is_none() => ("○", Role::Muted, "never ran".to_owned(), String::new()),
        BotState::Idle => ("○", Role::Good, "idle".to_owned(), others(line.stuck)),
    };
    let words = if role == Role::Good { Role::Muted } else { role };
    StateWords { sign, role, words, long: format!("{short}{why}"), short }
}

/// The lines together, as a line of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) running: usize,
    pub(super) stuck: usize,
    pub(super) failed: usize,
    pub(super) hour: u64,
    pub(super) day: u64,
    pub(super) week: u64,
    pub(super) window: ActionCounts,
    pub(super) items: Items,
}

/// Adds the lines up.
pub(super) fn sums(lines: &[BotLine]) -> Sums {
    let mut sums = Sums::default();
    for line in lines {
        match line.state {
            BotState::Running { .. } => sums.running += 1,
            BotState::Stuck { .. } => sums.stuck += 1,
            BotState::Failed => sums.failed += 1,
            BotState::Idle => {}
        }
        sums.hour += line.hour.all;
        sums.day += line.day.all;
        sums.week += line.week.all;
        let (all, one) = (&mut sums.window, &line.window);
        all.all += one.all;
        all.creates += one.creates;
        all.updates += one.updates;
        all.deletes += one.deletes;
        all.verifies += one.verifies;
        all.flags += one.flags;
        sums.items.processed = sums.items.processed.saturating_add(line.items.processed);
        sums.items.created = sums.items.created.saturating_add(line.items.created);
        sums.items.updated = sums.items.updated.saturating_add(line.items.updated);
        sums.items.deleted = sums.items.deleted.saturating_add(line.items.deleted);
    }
    sums
}

impl Sums {
    /// What there is, the worst first, as whole words in so many columns: `1 failed · 1 stuck · 2 running`; and its role.
    pub(super) fn words(&self, room: usize) -> (String, Role) {
        let parts = [
            (self.failed, "failed", Role::Bad),
            (self.stuck, "stuck", Role::Warning),
            (self.running, "running", Role::Busy),
        ];
        let mut some = parts.into_iter().filter(|(count, ..)| *count > 0).peekable();
        let role = some.peek().map_or(Role::Muted, |(.., role)| *role);
        let mut words = String::new();
        for (count, word, _) in some {
            let part = format!("{}{count} {word}", if words.is_empty() { "" } else { " · " });
            if words.is_empty() || safe::width(&words) + safe::width(&part) <= room {
                words.push_str(&part);
            }
        }
        (if words.is_empty() { "all idle".to_owned() } else { words }, role)
    }
}

/// A column of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    State,
    LastRun,
    Success,
    Spark,
    Hour,
    Day,
    Week,
    /// The window's, where it is none of these.
    Window(Window),
    /// Of the window, by action: create, update, delete, verify, flag.
    Action(usize),
    /// Of the window's runs: processed, created, updated, deleted.
    Item(usize),
}

impl What {
    /// What stands over it.
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::LastRun => "last run",
            Self::Success => "success",
            Self::Spark => "",
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
            Self::Window(window) => window.name(),
            Self::Action(at) => ["create", "update", "delete", "verify", "flag"][at % 5],
            Self::Item(at) => ["items", "+", "~", "−"][at % 4],
        }
    }

    /// The number of this column, where it is one.
    pub(super) const fn number(self, line: &Sums) -> Option<u64> {
        Some(match self {
            Self::Hour => line.hour,
            Self::Day => line.day,
            Self::Week => line.week,
            Self::Window(_) => line.window.all,
            Self::Action(at) => actions(&line.window)[at % 5],
            Self::Item(at) => items(&line.items)[at % 4],
            Self::State | Self::LastRun | Self::Success | Self::Spark => return None,
        })
    }
}

const fn actions(counts: &ActionCounts) -> [u64; 5] {
    [counts.creates, counts.updates, counts.deletes, counts.verifies, counts.flags]
}

const fn items(items: &Items) -> [u64; 4] {
    [items.processed, items.created, items.updated, items.deleted]
}

/// The columns that have room, in the order they are drawn, with their widths (a blank before each is not counted).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) bot: u16,
    pub(super) columns: Vec<(What, u16)>,
    /// The states are said with their reasons.
    pub(super) reasons: bool,
}

/// The least of a sparkline, and where it is wide enough.
const SPARK: (u16, u16) = (5, 48);
/// The widest name.
const BOT: u16 = 18;

/// What is left of a line while columns are given their room.
struct Room {
    left: u16,
    columns: Vec<(What, u16)>,
}

impl Room {
    /// Room for all of these, or none; columns stand two apart.
    fn give(&mut self, group: &[(What, u16)]) -> bool {
        let wants: u16 = group.iter().map(|(_, width)| width + 2).sum();
        let has = wants <= self.left;
        if has {
            self.left -= wants;
            self.columns.extend_from_slice(group);
        }
        has
    }

    /// More room for a column that has some.
    fn widen(&mut self, what: What, to: u16) -> bool {
        let Some((_, width)) = self.columns.iter_mut().find(|(column, _)| *column == what) else { return false };
        let more = to.saturating_sub(*width);
        let has = more <= self.left;
        if has {
            self.left -= more;
            *width = to.max(*width);
        }
        has
    }
}

impl Columns {
    /// For lines of this width; what matters most is given room first.
    pub(super) fn of(width: u16, lines: &[BotLine], sums: &Sums, window: Window, now: Timestamp) -> Self {
        let wide = |text: &str| u16::try_from(safe::width(text)).unwrap_or(u16::MAX);
        let states: Vec<StateWords> = lines.iter().map(|line| state(line, now)).collect();
        let names = lines.iter().map(|line| wide(&line.bot)).max().unwrap_or(0).max(5);
        let bot = names.min(BOT).min((width / 3).max(8));
        // The sums are the largest numbers there are.
        let number = |what: What| {
            let digits = what.number(sums).map_or(0, |number| wide(&grouped(number)));
            (what, digits.max(wide(what.header())))
        };
        let total = wide(&sums.words(usize::MAX).0).min(30);
        let short = states.iter().map(|state| wide(&state.short)).max().unwrap_or(0).max(5);
        let long = states.iter().map(|state| wide(&state.long)).max().unwrap_or(0).max(short).max(total).min(34);
        let mut room = Room { left: width.saturating_sub(bot + 2), columns: Vec::new() };
        let of_window = match window {
            Window::Hour => What::Hour,
            Window::Day => What::Day,
            Window::Week => What::Week,
            other => What::Window(other),
        };
        room.give(&[(What::State, short.min(24))]);
        room.give(&[number(of_window)]);
        let spark = room.give(&[(What::Spark, SPARK.0)]);
        // Where somebody is in trouble, the reason comes before other figures.
        let trouble = states.iter().any(|state| matches!(state.role, Role::Warning | Role::Bad));
        let mut reasons = trouble && room.widen(What::State, long);
        for (what, width) in [number(What::Hour), number(What::Day), (What::Success, 7), number(What::Week)] {
            if what != of_window {
                room.give(&[(what, width)]);
            }
        }
        room.give(&[(What::LastRun, 8)]);
        reasons = reasons || room.widen(What::State, long);
        room.give(&[0, 1, 2, 3, 4].map(What::Action).map(number));
        room.give(&[0, 1, 2, 3].map(What::Item).map(number));
        let mut chosen = room.columns;
        if spark && let Some((_, width)) = chosen.iter_mut().find(|(what, _)| *what == What::Spark) {
            *width = (*width + room.left).min(SPARK.1);
        }
        chosen.sort_by_key(|(what, _)| order(*what));
        Self { bot, columns: chosen, reasons }
    }
}

const fn order(what: What) -> usize {
    match what {
        What::State => 0,
        What::LastRun => 1,
        What::Success => 2,
        What::Spark => 3,
        What::Window(_) => 4,
        What::Hour => 5,
        What::Day => 6,
        What::Week => 7,
        What::Action(at) => 10 + at,
        What::Item(at) => 20 + at,
    }
}

/// How far the history is counted; `None` where all of it is.
pub(super) fn counting(read: ReadSoFar) -> Option<String> {
    let rough = |rows: u64| match rows {
        0..10_000 => grouped(rows),
        10_000..1_000_000 => format!("{} k", rows / 1_000),
        _ => format!("{}.{} M", rows / 1_000_000, rows % 1_000_000 / 100_000),
    };
    (!read.all && read.of > 0).then(|| format!("counting {} of {}", rough(read.rows.min(read.of)), rough(read.of)))
}

/// How the queue goes on: `empty in 8m`, `grows`, `at rest`.
pub(super) fn outlook(queue: &QueueFigures) -> (String, Role) {
    match queue {
        QueueFigures { open: 0, .. } => ("empty".to_owned(), Role::Good),
        QueueFigures { empty_in: Some(time), .. } => (format!("empty in {}", length(*time)), Role::Good),
        QueueFigures { arrived: 0, finished: 0, .. } => ("at rest".to_owned(), Role::Muted),
        QueueFigures { arrived, finished, .. } if arrived > finished => ("grows".to_owned(), Role::Warning),
        _ => ("steady".to_owned(), Role::Muted),
    }
}

/// How many a second, in the unit that makes a readable number; `None` for none.
pub(super) fn rate(per_second: f64) -> Option<String> {
    const UNITS: [(f64, &str); 4] = [(1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")];
    if !per_second.is_finite() || per_second <= 0.0 {
        return None;
    }
    let (number, unit) = UNITS
        .into_iter()
        .map(|(seconds, unit)| (per_second * seconds, unit))
        .find(|(number, _)| *number >= 1.0)
        .unwrap_or((per_second * 86_400.0, "d"));
    Some(if number >= 10.0 { format!("{number:.0}/{unit}") } else { format!("{number:.1}/{unit}") })
}

/// A share of 0 to 1 in per cent: all of them and none only where it is so.
pub(super) fn percent(share: f64) -> (String, Role) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let number = match (share.clamp(0.0, 1.0) * 100.0).round() as u8 {
        100 if share < 1.0 => 99,
        0 if share > 0.0 => 1,
        number => number,
    };
    let role = match number {
        ..50 => Role::Bad,
        50..90 => Role::Warning,
        _ => Role::Text,
    };
    (format!("{number}%"), role)
}

/// How long a step of a chart is: `24 s`, `1 min 30 s`, `1 h 45 min`, `2.4 d`.
pub(super) fn step(seconds: f64) -> String {
    if seconds < 1.0 || seconds < 10.0 && (seconds - seconds.round()).abs() > 0.05 {
        return format!("{seconds:.1} s");
    }
    let whole = Duration::from_secs_f64(seconds.round().clamp(0.0, 1e12)).as_secs();
    match whole {
        0..60 => format!("{whole} s"),
        // Seconds matter in a few minutes only.
        600..3600 => format!("{} min", (whole + 30) / 60),
        60..600 if whole.is_multiple_of(60) => format!("{} min", whole / 60),
        60..600 => format!("{} min {} s", whole / 60, whole % 60),
        3600..86_400 if whole % 3600 < 60 => format!("{} h", whole / 3600),
        3600..86_400 => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_steps_read_well() {
        let rates = [0.0, 12.3, 0.07, 0.001, 0.00002, 0.000_001, f64::NAN].map(rate);
        let rates = rates.each_ref().map(|rate| rate.as_deref().unwrap_or("–"));
        assert_eq!(rates, ["–", "12/s", "4.2/min", "3.6/h", "1.7/d", "0.1/d", "–"]);
        let steps = [0.6, 3.3, 36.0, 37.1, 60.0, 90.0, 3600.0, 6300.0, 86_400.0, 207_360.0].map(step);
        assert_eq!(
            steps,
            ["0.6 s", "3.3 s", "36 s", "37 s", "1 min", "1 min 30 s", "1 h", "1 h 45 min", "1.0 d", "2.4 d"]
        );
    }

    #[test]
    fn all_and_none_are_said_of_all_and_none_only() {
        let words = [0.0, 0.001, 0.5, 0.949, 0.999, 1.0].map(|share| percent(share).0);
        assert_eq!(words, ["0%", "1%", "50%", "95%", "99%", "100%"]);
    }

    #[test]
    fn how_far_it_is_counted_is_said_until_it_is() {
        let read = |rows, of, all| ReadSoFar { rows, of, week: true, all };
        let words = [read(3_240_000, 5_000_000, false), read(900, 27_000, false), read(9, 9, true), read(0, 0, false)];
        let words = words.map(counting);
        let words = words.each_ref().map(|words| words.as_deref().unwrap_or("–"));
        assert_eq!(words, ["counting 3.2 M of 5.0 M", "counting 900 of 27 k", "–", "–"]);
    }

    #[test]
    fn the_queue_goes_somewhere() {
        let queue = |open, arrived, finished, empty_in| QueueFigures {
            open,
            arrived,
            finished,
            empty_in,
            ..QueueFigures::default()
        };
        let words = [
            queue(0, 3, 3, None),
            queue(9, 0, 3, Some(Duration::from_secs(480))),
            queue(9, 0, 0, None),
            queue(9, 5, 2, None),
            queue(9, 2, 2, None),
        ]
        .map(|queue| outlook(&queue).0);
        assert_eq!(words, ["empty", "empty in 8m", "at rest", "grows", "steady"]);
    }
}
