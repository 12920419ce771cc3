//! Numbers over time: how a window is divided into steps.

use std::sync::Arc;

use jiff::Timestamp;

use super::Window;
use crate::domain::time::second;

/// A layer of a stacked chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The action.
    pub name: Arc<str>,
    /// Rows in each step.
    pub rows: Vec<u64>,
}

/// Numbers over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// The layers; the documented actions first, in their order, also where they have no rows. Each has as many steps as were asked for.
    pub layers: Vec<Layer>,
    /// When the first step begins, seconds since 1970.
    pub from: i64,
    /// How long a step is, in seconds; the last step ends just behind now, and has what is later, too.
    pub step: f64,
}

/// From which length of a step on (seconds) its bounds need not be exact: whole hours, or whole days, are summed faster.
const BY_HOUR: i64 = 4 * 3600;
const BY_DAY: i64 = 4 * 86_400;

/// The bounds of a window's steps, a bound more than steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    pub(super) bounds: Vec<i64>,
    pub(super) from: i64,
    pub(super) step: f64,
}

impl Steps {
    /// The window in so many steps; `first` is when everything begins. The last one is open: rows whose clock ran ahead are in it.
    pub(super) fn of(window: Window, now: Timestamp, steps: usize, first: Option<i64>) -> Self {
        let end = second(now) + 1;
        let from = match window.start(now) {
            Some(start) => start,
            None => first.map_or(end - 1, |first| first.min(end - 1)),
        };
        let count = i64::try_from(steps.max(1)).unwrap_or(i64::MAX);
        // The second that is just going on is the last step's, beyond its length: steps of a window are equally long, whole seconds
        // where they divide it, so that rows stay in their column while time goes on from one step's end to the next.
        let length = window.seconds().unwrap_or(end - from);
        let grain = match (window, length / count) {
            (Window::All, step) if step >= BY_DAY => 86_400,
            (Window::All, step) if step >= BY_HOUR => 3600,
            _ => 1,
        };
        let bounds = (0..count).map(|at| {
            let bound = i128::from(from) + i128::from(length) * i128::from(at) / i128::from(count);
            let bound = i64::try_from(bound).unwrap_or(end);
            bound - bound.rem_euclid(grain)
        });
        Self { bounds: bounds.chain([i64::MAX]).collect(), from, step: length as f64 / count as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    #[test]
    fn a_window_begins_where_sql_s_does_and_ends_just_behind_now() {
        let steps = Steps::of(Window::Minute, at(1_000_000), 4, None);
        assert_eq!(steps.bounds, [999_940, 999_955, 999_970, 999_985, i64::MAX]);
        assert_eq!((steps.from, steps.step), (999_940, 15.0));
    }

    #[test]
    fn everything_begins_with_the_first_row_or_now() {
        assert_eq!(Steps::of(Window::All, at(1000), 2, Some(901)).bounds, [901, 951, i64::MAX]);
        assert_eq!(Steps::of(Window::All, at(1000), 1, None).bounds, [1000, i64::MAX]);
        // A clock that ran ahead, and nothing else.
        assert_eq!(Steps::of(Window::All, at(1000), 1, Some(5000)).bounds, [1000, i64::MAX]);
    }

    #[test]
    fn long_steps_begin_at_full_hours_and_days() {
        let now = 1_800_000_000;
        let hours = Steps::of(Window::All, at(now), 10, Some(now - 3 * 86_400 + 17));
        assert!(hours.bounds[..10].iter().all(|bound| bound % 3600 == 0), "{hours:?}");
        let days = Steps::of(Window::All, at(now), 100, Some(now - 3000 * 86_400 + 17));
        assert!(days.bounds[..100].iter().all(|bound| bound % 86_400 == 0), "{days:?}");
        let week = Steps::of(Window::Week, at(now), 7, Some(0));
        assert_eq!(week.bounds[0], now - 604_800);
    }
}
