//! What wants attention, and since when.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::domain::{
    activity::{ActivityUpdate, BoardUpdate, RunRow, Tally},
    time,
    value::Value,
};

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
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

fn tally(action: &str, ago: i64, rows: u64) -> Tally {
    Tally { bot: "verifier".into(), action: action.into(), second: Some(NOW - ago), rows }
}

fn board(update: BoardUpdate) -> Board {
    let mut board = Board::default();
    board.take(&ActivityUpdate { board: update, ..ActivityUpdate::default() }, at(NOW));
    board
}

fn words(board: &Board, now: i64) -> Vec<String> {
    alerts(board, at(now), &Limits::default()).into_iter().map(|alert| alert.what).collect()
}

#[test]
fn a_quiet_board_has_none() {
    let board = board(BoardUpdate {
        runs: vec![run(1, "creator", "completed", 50), run(2, "creator", "running", 20)],
        ledger: vec![tally("delete", 10, 19), tally("update", 10, 5000)],
        oldest_pending: Some(Some("2027-01-14 08:00:01".to_owned())),
        ..BoardUpdate::default()
    });
    assert_eq!(words(&board, NOW), [""; 0]);
    // The run is stuck half an hour after it began, the item old a day after it was made.
    let limits = Limits::default();
    assert_eq!(next(&board, at(NOW), &limits), Some(Duration::from_secs(1)));
    assert_eq!(next(&board, at(NOW + 1), &limits), Some(Duration::from_millis(1_779_001)));
    assert_eq!(alerts(&board, at(NOW + 1780), &limits).len(), 1);
    let later = alerts(&board, at(NOW + 1780) + Duration::from_millis(1), &limits);
    assert_eq!(
        later.iter().map(|alert| &*alert.what).collect::<Vec<_>>(),
        [
            "creator: run 2 is stuck, it runs since 2027-01-15T07:59:40Z",
            "the queue's oldest pending item was made 2027-01-14T08:00:01Z",
        ]
    );
    assert_eq!(next(&board, at(NOW + 1781), &limits), None);
    assert_eq!(next(&Board::default(), at(NOW), &limits), None);
}

#[test]
fn a_failure_is_told_while_it_is_the_last_run_of_its_bot() {
    let mut update = BoardUpdate {
        runs: vec![
            run(7, "verifier", "failed", 90),
            run(8, "verifier", "running", 20),
            run(9, "creator", "failed", 50),
        ],
        ..BoardUpdate::default()
    };
    assert_eq!(words(&board(update.clone()), NOW), ["creator: run 9 failed", "verifier: run 7 failed"]);
    update.runs[1] = run(8, "verifier", "completed", 20);
    assert_eq!(words(&board(update), NOW), ["creator: run 9 failed"]);
}

#[test]
fn the_newest_stuck_run_speaks_for_all_of_its_bot() {
    let update = |runs| BoardUpdate { runs, ..BoardUpdate::default() };
    let stuck = |id: i64| run(id, "analysis", "running", 90_000 - id);
    let told = |count: i64| alerts(&board(update((1..=count).map(stuck).collect())), at(NOW), &Limits::default());
    let since = "2027-01-14T07:00:0";
    assert_eq!(told(1)[0].what, format!("analysis: run 1 is stuck, it runs since {since}1Z"));
    assert_eq!(told(2)[0].what, format!("analysis: run 2 is stuck, it runs since {since}2Z; another is stuck, too"));
    assert_eq!(told(3)[0].what, format!("analysis: run 3 is stuck, it runs since {since}3Z; 2 others are stuck, too"));
    assert!((1..4).all(|count| told(count).len() == 1));
    assert_eq!(told(2)[0].cause, Cause::Stuck { bot: "analysis".into(), run: 2 });
}

#[test]
fn bursts_are_told_of_deletes_and_flags_of_all_bots() {
    let board = board(BoardUpdate {
        ledger: vec![tally("delete", 40, 12), tally("delete", 20, 8), tally("flag", 10, 49)],
        ..BoardUpdate::default()
    });
    let found = alerts(&board, at(NOW), &Limits::default());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, "a burst of deletes: 20 or more within 5 min, since 2027-01-15T07:59:40Z");
    assert_eq!(found[0].cause, Cause::Burst { action: "delete", since: NOW - 20 });
    assert_eq!(found[0].since, Some(at(NOW - 20)));
    // It is over when the first of them are five minutes ago.
    assert_eq!(next(&board, at(NOW), &Limits::default()), Some(Duration::from_secs(260)));
    assert_eq!(words(&board, NOW + 259).len(), 1);
    assert_eq!(words(&board, NOW + 260), [""; 0]);
    let short = Limits { burst_window: Duration::from_secs(90), flags: 49, ..Limits::default() };
    let what: Vec<String> = alerts(&board, at(NOW), &short).into_iter().map(|alert| alert.what).collect();
    assert_eq!(
        what,
        [
            "a burst of flags: 49 or more within 90 s, since 2027-01-15T07:59:50Z",
            "a burst of deletes: 20 or more within 90 s, since 2027-01-15T07:59:40Z",
        ]
    );
}

#[test]
fn the_words_stay_the_same_while_time_goes_on() {
    let board = board(BoardUpdate {
        runs: vec![run(1, "creator", "failed", 50), run(2, "verifier", "running", 9000)],
        ledger: vec![tally("flag", 10, 400)],
        oldest_pending: Some(Some("2026-01-14T08:00:01.000Z".to_owned())),
        ..BoardUpdate::default()
    });
    let found = alerts(&board, at(NOW), &Limits::default());
    assert_eq!(found.len(), 4);
    assert_eq!(alerts(&board, at(NOW + 200), &Limits::default()), found);
}

#[test]
fn names_cannot_act_on_a_terminal() {
    let hostile = format!("\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\n{}", "x".repeat(1000));
    let board = board(BoardUpdate {
        runs: vec![run(1, &hostile, "failed", 50), run(2, &hostile, "running", 9000)],
        ..BoardUpdate::default()
    });
    for what in words(&board, NOW) {
        assert!(!what.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{what:?}");
        assert!(what.chars().count() < 120, "{what}");
    }
}
