//! The board's figures against plain counts of the rows.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::domain::{
    activity::{BoardUpdate, RunRow, Tally},
    bots::{ACTIONS, BOTS},
    time,
    value::Value,
};

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn tally(bot: &str, action: &str, ago: Option<i64>, rows: u64) -> Tally {
    Tally { bot: bot.into(), action: action.into(), second: ago.map(|ago| NOW - ago), rows }
}

fn run(id: i64, bot: &str, status: &str, ago: i64) -> RunRow {
    RunRow {
        id,
        bot: bot.to_owned(),
        started_at: Some(time::iso(at(NOW - ago))),
        completed_at: None,
        status: status.to_owned(),
        items: [const { Value::Null }; 4],
    }
}

fn take(board: &mut Board, update: BoardUpdate) {
    board.take(&ActivityUpdate { board: update, ..ActivityUpdate::default() }, at(NOW));
}

fn ledger(rows: Vec<Tally>) -> Board {
    let mut board = Board::default();
    take(&mut board, BoardUpdate { ledger: rows, ..BoardUpdate::default() });
    board
}

fn runs(rows: Vec<RunRow>) -> Board {
    let mut board = Board::default();
    take(&mut board, BoardUpdate { runs: rows, ..BoardUpdate::default() });
    board
}

fn states(board: &Board) -> Vec<(String, BotState)> {
    let lines = board.lines(Window::Hour, at(NOW), &Limits::default());
    lines.into_iter().map(|line| (line.bot.to_string(), line.state)).collect()
}

#[test]
fn who_is_known_by_the_ledger_or_the_runs_has_a_line_the_documented_bots_first() {
    let mut board = runs(vec![run(1, "zoe", "completed", 9), run(2, "session-builder", "failed", 5)]);
    take(
        &mut board,
        BoardUpdate {
            ledger: vec![tally("anna", "create", Some(1), 1), tally("verifier", "verify", None, 2)],
            ..BoardUpdate::default()
        },
    );
    let lines = board.lines(Window::All, at(NOW), &Limits::default());
    assert_eq!(lines.iter().map(|line| &*line.bot).collect::<Vec<_>>(), ["verifier", "session-builder", "anna", "zoe"]);
    assert_eq!((lines[0].window.verifies, lines[0].week.all, lines[0].last_run), (2, 0, None));
    assert_eq!(
        (lines[1].state, lines[1].success, lines[1].last_run),
        (BotState::Failed, Some(0.0), Some((2, Some(at(NOW - 5)))))
    );
}

#[test]
fn a_bot_runs_while_any_of_its_runs_is_not_stuck() {
    let since = |ago: i64| at(NOW - ago);
    let board = runs(vec![
        // Its newest run died, an older one is at work.
        run(1, "a", "running", 60),
        run(2, "a", "running", 9000),
        // Its newest run died.
        run(3, "b", "completed", 9000),
        run(4, "b", "running", 8000),
        // Runs died, but later ones were completed, or failed.
        run(5, "c", "running", 8000),
        run(6, "c", "completed", 5),
        run(7, "d", "running", 8000),
        run(8, "d", "completed", 7000),
        run(9, "d", "failed", 6000),
        // Neither at work nor finished.
        run(10, "e", "cancelled", 5),
        RunRow { started_at: None, ..run(11, "f", "running", 0) },
        // Its clock ran ahead.
        run(12, "g", "running", -3000),
    ]);
    assert_eq!(
        states(&board),
        [
            ("a".to_owned(), BotState::Running { since: Some(since(60)) }),
            ("b".to_owned(), BotState::Stuck { since: since(8000) }),
            ("c".to_owned(), BotState::Idle),
            ("d".to_owned(), BotState::Failed),
            ("e".to_owned(), BotState::Idle),
            ("f".to_owned(), BotState::Running { since: None }),
            ("g".to_owned(), BotState::Running { since: Some(since(-3000)) }),
        ]
    );
    let stuck: Vec<u64> =
        board.lines(Window::Hour, at(NOW), &Limits::default()).iter().map(|line| line.stuck).collect();
    assert_eq!(stuck, [1, 1, 1, 1, 0, 0, 0]);
    assert!(board.is_stuck("b", since(8000), at(NOW), &Limits::default()));
    assert!(!board.is_stuck("b", since(1800), at(NOW), &Limits::default()));
    assert!(!board.is_stuck("nobody", since(-5), at(NOW), &Limits::default()));
}

#[test]
fn charts_have_the_documented_actions_then_the_others() {
    let board = ledger(vec![
        tally("creator", "analyze", Some(0), 3),
        tally("creator", "flag", Some(3599), 2),
        tally("verifier", "flag", Some(3601), 50),
        tally("verifier", "flag", Some(-60), 1),
    ]);
    let chart = board.actions(None, Window::Hour, at(NOW), 4);
    let layers: Vec<(&str, &[u64])> = chart.layers.iter().map(|layer| (&*layer.name, &*layer.rows)).collect();
    assert_eq!(
        layers,
        [
            ("create", &[0, 0, 0, 0][..]),
            ("update", &[0, 0, 0, 0]),
            ("delete", &[0, 0, 0, 0]),
            ("verify", &[0, 0, 0, 0]),
            ("flag", &[2, 0, 0, 1]),
            ("analyze", &[0, 0, 0, 3]),
        ]
    );
    assert_eq!((chart.from, chart.step), (NOW - 3600, 900.0));
    assert_eq!(board.activity(Some("creator"), Window::Hour, at(NOW), 2), [2, 3]);
    assert_eq!(board.activity(Some("nobody"), Window::Hour, at(NOW), 2), [0, 0]);
    assert_eq!(board.activity(None, Window::All, at(NOW), 1), [56]);
    assert_eq!(board.actions(Some("nobody"), Window::Hour, at(NOW), 3).layers.len(), 5);
    // Nobody has room for a chart.
    assert_eq!(board.activity(None, Window::Hour, at(NOW), 0), [0; 0]);
    assert_eq!(board.actions(None, Window::All, at(NOW), 0).layers[0].rows, [0; 0]);
    assert_eq!(board.depth(Window::Hour, at(NOW), 0), [0; 0]);
}

#[test]
fn a_new_name_in_every_row_does_not_fill_the_memory() {
    let names = (0..5000).map(|number| tally(&format!("bot {number}"), &format!("action {number}"), Some(1), 1));
    let board = ledger(names.collect());
    let lines = board.lines(Window::Hour, at(NOW), &Limits::default());
    assert!(lines.len() < 300);
    assert_eq!(lines.iter().map(|line| line.hour.all).sum::<u64>(), 5000);
    assert!(board.actions(None, Window::Hour, at(NOW), 1).layers.len() < 300);
}

#[test]
fn what_is_told_anew_replaces_what_was_known() {
    let mut board = ledger(vec![tally("creator", "create", Some(1), 5)]);
    take(&mut board, BoardUpdate { runs: vec![run(1, "creator", "failed", 5)], ..BoardUpdate::default() });
    let read = ReadSoFar { rows: 2, of: 9, week: true, all: false };
    take(
        &mut board,
        BoardUpdate {
            ledger_anew: true,
            ledger: vec![tally("creator", "create", Some(1), 2)],
            read: Some(read),
            ..BoardUpdate::default()
        },
    );
    assert_eq!(board.read(), read);
    let line = &board.lines(Window::Hour, at(NOW), &Limits::default())[0];
    assert_eq!((line.hour.creates, line.state), (2, BotState::Failed));
    take(&mut board, BoardUpdate { runs_anew: true, ledger_anew: true, ..BoardUpdate::default() });
    assert_eq!(board.lines(Window::Hour, at(NOW), &Limits::default()), []);
    assert_eq!(board.read(), read);
}

/// When a row was written: in the windows, at their borders, ahead of its time, at no time.
#[test]
fn what_is_asked_for_often_says_the_same_as_the_lines() {
    let rows = [(1, "verifier", "running", 10), (2, "creator", "running", 90_000), (3, "creator", "running", 80_000)];
    let mut board = runs(rows.map(|(id, bot, status, ago)| run(id, bot, status, ago)).to_vec());
    take(&mut board, BoardUpdate { ledger: vec![tally("analysis", "flag", None, 1)], ..BoardUpdate::default() });
    let (now, limits) = (at(NOW), Limits::default());
    let lines = board.lines(Window::Hour, now, &limits);
    assert_eq!((lines.len(), board.stuck(now, &limits)), (3, 2));
    let of = |line: &BotLine| Standing {
        state: line.state,
        last_run: line.last_run.and_then(|(_, began)| began),
        stuck_after: line.stuck_after,
    };
    assert_eq!(board.standings(now, &limits), lines.iter().map(of).collect::<Vec<_>>());
    assert!(!board.moves(Window::Hour.start(now)) && board.moves(None), "its time cannot be read");
}

fn ago() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        4 => (-4000..4000_i64).prop_map(Some),
        2 => (0..700_000_i64).prop_map(Some),
        2 => proptest::sample::select(vec![59, 60, 61, 3599, 3600, 3601, 86_400, 86_401, 604_800, 604_801]).prop_map(Some),
        1 => (0..50_000_000_i64).prop_map(Some),
        1 => Just(None),
    ]
}

proptest! {
    #[test]
    fn every_figure_is_that_of_a_count_of_the_rows(
        rows in proptest::collection::vec((0..7_usize, 0..7_usize, ago(), 1_u64..4), 0..150),
        turns in 1_usize..5,
        steps in 1_usize..40,
    ) {
        let name = |of: &[&'static str], at: usize| of.get(at).copied().unwrap_or(["translate", "robot"][at % 2]);
        let rows: Vec<Tally> = rows
            .into_iter()
            .map(|(bot, action, ago, rows)| tally(name(&BOTS, bot), name(&ACTIONS, action), ago, rows))
            .collect();
        let mut board = Board::default();
        for turn in rows.chunks(rows.len().div_ceil(turns).max(1)) {
            take(&mut board, BoardUpdate { ledger: turn.to_vec(), ..BoardUpdate::default() });
        }
        let now = at(NOW);
        let count = |bot: &str, action: Option<&str>, window: Window| -> u64 {
            let inside = |row: &&Tally| match window.seconds() {
                Some(length) => row.second.is_some_and(|second| second >= NOW - length),
                None => true,
            };
            let of = |row: &&Tally| &*row.bot == bot && action.is_none_or(|action| &*row.action == action);
            rows.iter().filter(of).filter(inside).map(|row| row.rows).sum()
        };
        let counts = |bot: &str, window: Window| {
            let of = |action: &str| count(bot, Some(action), window);
            ActionCounts {
                all: count(bot, None, window),
                creates: of("create"),
                updates: of("update"),
                deletes: of("delete"),
                verifies: of("verify"),
                flags: of("flag"),
            }
        };
        for window in Window::ALL {
            let lines = board.lines(window, now, &Limits::default());
            prop_assert_eq!(board.moves(window.start(now)), lines.iter().any(|line| line.window.all > 0), "{:?}", window);
            prop_assert_eq!(board.bots(), lines.iter().map(|line| Arc::clone(&line.bot)).collect::<Vec<_>>());
            for line in board.lines(window, now, &Limits::default()) {
                prop_assert_eq!(line.hour, counts(&line.bot, Window::Hour));
                prop_assert_eq!(line.day, counts(&line.bot, Window::Day));
                prop_assert_eq!(line.week, counts(&line.bot, Window::Week));
                prop_assert_eq!(line.window, counts(&line.bot, window));
                let shown: u64 = board.activity(Some(&line.bot), window, now, steps).iter().sum();
                let undated = rows.iter().filter(|row| row.bot == line.bot && row.second.is_none());
                let undated: u64 = undated.map(|row| row.rows).sum();
                let dated = if window == Window::All { line.window.all - undated } else { line.window.all };
                prop_assert_eq!(shown, dated, "{:?}", window);
            }
            let together = board.activity(None, window, now, steps);
            let chart = board.actions(None, window, now, steps);
            for (at, step) in together.iter().enumerate() {
                prop_assert_eq!(*step, chart.layers.iter().map(|layer| layer.rows[at]).sum::<u64>());
            }
            if window != Window::All {
                // Each step, to the second.
                let bounds = Steps::of(window, now, steps, None).bounds;
                for (step, pair) in together.iter().zip(bounds.windows(2)) {
                    let inside = |row: &&Tally| row.second.is_some_and(|second| (pair[0]..pair[1]).contains(&second));
                    prop_assert_eq!(*step, rows.iter().filter(inside).map(|row| row.rows).sum::<u64>());
                }
            }
        }
    }
}

#[test]
fn a_step_of_everything_is_the_same_time_for_every_bot() {
    let board = ledger(vec![tally("creator", "create", Some(999), 3), tally("verifier", "verify", Some(0), 7)]);
    let of = |bot| board.activity(Some(bot), Window::All, at(NOW), 10);
    assert_eq!(of("creator"), [3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(of("verifier"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 7], "not from its own first row on");
    assert!((board.step(Window::All, at(NOW), 10) - 100.0).abs() < f64::EPSILON);
}
