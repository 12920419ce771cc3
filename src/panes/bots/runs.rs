//! The bots' runs: what is running first, then the others, the newest first.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    domain::{
        activity::RunRow,
        bots::{Board, Limits},
        time,
    },
    panes::bots::scroll::Lines,
};

/// Runs that are kept; the oldest that are over go first.
const WINDOW: usize = 200;

/// What of a run has changed since it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Marks {
    /// Its status.
    pub(super) status: bool,
    /// Its end.
    pub(super) end: bool,
    /// Each of its numbers.
    pub(super) items: [bool; 4],
}

/// What happened to a run, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It came.
    Arrived(Duration),
    /// Some of its cells changed.
    Changed(Duration, Marks),
}

/// A run as it was last seen.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The row.
    pub(super) data: RunRow,
    /// started_at, where it can be read.
    pub(super) started: Option<Timestamp>,
    /// completed_at, where it can be read.
    pub(super) completed: Option<Timestamp>,
    /// What happened to it last.
    pub(super) news: Option<News>,
}

impl Run {
    fn read(row: &RunRow, news: Option<News>) -> Self {
        let at = |text: &Option<String>| text.as_deref().and_then(time::parse);
        Self { data: row.clone(), started: at(&row.started_at), completed: at(&row.completed_at), news }
    }

    pub(super) fn is_running(&self) -> bool {
        self.data.status == "running"
    }

    /// Whether it says `running` for longer than is usual for its bot: most likely that has died.
    pub(super) fn is_stuck(&self, by: &Rule<'_>) -> bool {
        let stuck = |started| by.board.is_stuck(&self.data.bot, started, by.now, by.limits);
        self.is_running() && self.started.is_some_and(stuck)
    }

    /// How long it took, where it is over.
    pub(super) fn took(&self) -> Option<Duration> {
        Duration::try_from(self.completed?.duration_since(self.started?)).ok()
    }
}

/// What says whether a run is stuck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule<'a> {
    pub(super) board: &'a Board,
    pub(super) limits: &'a Limits,
    pub(super) now: Timestamp,
}

/// The runs in the order they are shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    runs: Vec<Run>,
    running: u64,
}

impl Runs {
    /// The run at this place.
    pub(super) fn get(&self, at: usize) -> Option<&Run> {
        self.runs.get(at)
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Run] {
        &self.runs
    }

    /// How many say `running`, in the whole table.
    pub(super) const fn running(&self) -> u64 {
        self.running
    }

    /// Forgets everything and takes these as the first look.
    pub(super) fn restart(&mut self, rows: &[RunRow], running: u64, by: &Rule<'_>) {
        self.runs.clear();
        for row in rows {
            self.take(row, None);
        }
        self.settle(running, by);
    }

    /// Takes new and changed runs.
    pub(super) fn merge(&mut self, rows: &[RunRow], running: u64, at: Duration, by: &Rule<'_>) {
        for row in rows {
            self.take(row, Some(at));
        }
        self.settle(running, by);
    }

    fn take(&mut self, row: &RunRow, at: Option<Duration>) {
        match self.runs.iter_mut().find(|run| run.data.id == row.id) {
            Some(known) if known.data == *row => {}
            Some(known) => {
                let marks = Marks {
                    status: known.data.status != row.status,
                    end: known.data.completed_at != row.completed_at,
                    items: std::array::from_fn(|n| known.data.items[n] != row.items[n]),
                };
                *known = Run::read(row, at.map(|at| News::Changed(at, marks)));
            }
            None => self.runs.push(Run::read(row, at.map(News::Arrived))),
        }
    }

    fn settle(&mut self, running: u64, by: &Rule<'_>) {
        self.running = running;
        // What is stuck is not running: it stands among the others, when it began.
        self.runs.sort_by_key(|run| {
            let runs = run.is_running() && !run.is_stuck(by);
            (!runs, std::cmp::Reverse(run.data.id))
        });
        while self.runs.len() > WINDOW {
            let over = self.runs.iter().rposition(|run| !run.is_running()).unwrap_or(self.runs.len() - 1);
            self.runs.remove(over);
        }
    }
}

impl Lines for Runs {
    type Key = i64;

    fn count(&self) -> usize {
        self.runs.len()
    }

    fn key(&self, at: usize) -> Option<i64> {
        self.runs.get(at).map(|run| run.data.id)
    }

    fn find(&self, key: i64) -> usize {
        self.runs.iter().position(|run| run.data.id == key).unwrap_or(0)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::value::Value;

    pub(in crate::panes::bots) fn run(id: i64, status: &str, started: &str, completed: Option<&str>) -> RunRow {
        RunRow {
            id,
            bot: "verifier".to_owned(),
            started_at: Some(started.to_owned()),
            completed_at: completed.map(str::to_owned),
            status: status.to_owned(),
            items: [10, 2, 8, 0].map(Value::Integer),
        }
    }

    const AT: Duration = Duration::from_secs(5);

    /// A board that knows of no run: 30 minutes are the limit.
    fn with_rule(work: impl FnOnce(&Rule<'_>)) {
        let now = time::parse("2026-02-03T12:00:00.000Z").unwrap_or_default();
        work(&Rule { board: &Board::default(), limits: &Limits::default(), now });
    }

    fn ids(runs: &Runs) -> Vec<i64> {
        runs.all().iter().map(|run| run.data.id).collect()
    }

    #[test]
    fn running_comes_first_and_stuck_stands_where_it_began() {
        let mut runs = Runs::default();
        let rows = [
            run(1, "running", "2026-01-01 00:00:00", None),
            run(2, "running", "2026-02-03 11:50:00", None),
            run(3, "completed", "2026-02-03 11:10:00", Some("2026-02-03 11:10:42")),
            run(4, "failed", "2026-02-03 11:20:00", None),
        ];
        with_rule(|by| {
            runs.restart(&rows, 9, by);
            assert_eq!(runs.all().iter().map(|run| run.is_stuck(by)).collect::<Vec<_>>(), [false, false, false, true]);
        });
        assert_eq!((ids(&runs), runs.running()), (vec![2, 4, 3, 1], 9));
        assert_eq!(runs.get(2).and_then(Run::took), Some(Duration::from_secs(42)));
        assert_eq!(runs.get(0).and_then(|run| run.news), None);
    }

    #[test]
    fn a_change_marks_its_cells_and_moves_the_run() {
        let mut runs = Runs::default();
        let first = [run(7, "running", "2026-02-03 11:00:00", None), run(8, "completed", "x", None)];
        with_rule(|by| runs.restart(&first, 1, by));
        let mut over = run(7, "completed", "2026-02-03 11:00:00", Some("2026-02-03T11:59:00.000Z"));
        over.items[1] = Value::Integer(3);
        with_rule(|by| runs.merge(&[over.clone(), run(9, "running", "2026-02-03 12:00:00", None)], 1, AT, by));
        assert_eq!(ids(&runs), [9, 8, 7]);
        assert_eq!(runs.get(0).and_then(|run| run.news), Some(News::Arrived(AT)));
        let marks = Marks { status: true, end: true, items: [false, true, false, false] };
        assert_eq!(runs.get(2).and_then(|run| run.news), Some(News::Changed(AT, marks)));
        with_rule(|by| runs.merge(&[over], 1, AT * 9, by));
        assert_eq!(runs.get(2).and_then(|run| run.news), Some(News::Changed(AT, marks)), "nothing changed");
    }

    #[test]
    fn old_runs_that_are_over_go_first() {
        let mut runs = Runs::default();
        let mut rows = vec![run(1, "running", "2026-02-03 11:50:00", None)];
        rows.extend((2..=300).map(|id| run(id, "completed", "2026-02-03 11:00:00", None)));
        with_rule(|by| runs.restart(&rows, 1, by));
        assert_eq!(runs.all().len(), WINDOW);
        assert_eq!((ids(&runs)[0], ids(&runs)[1], ids(&runs)[199]), (1, 300, 102));
    }
}
