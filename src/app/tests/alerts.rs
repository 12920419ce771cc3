//! Alerts: told once, shown in the status line, listed and acknowledged.

use super::*;
use crate::{
    domain::{
        activity::{BoardUpdate, RunRow},
        bots::ReadSoFar,
    },
    message::command::NotifyHow,
};

const READ: ReadSoFar = ReadSoFar { rows: 0, of: 0, week: true, all: true };

fn run(id: i64, status: &str) -> RunRow {
    RunRow {
        id,
        bot: "verifier".into(),
        started_at: Some("2026-01-29 08:00:00".into()),
        completed_at: Some("2026-01-29 08:01:00".into()),
        status: status.into(),
        items: [const { Value::Integer(0) }; 4],
    }
}

/// A look at these runs; the first one is anew.
fn told(driver: &mut Driver, anew: bool, runs: Vec<RunRow>) {
    let board = BoardUpdate { runs_anew: anew, runs: runs.clone(), read: Some(READ), ..BoardUpdate::default() };
    driver.answer(
        Slot::Activity,
        Answer::Activity(Arc::new(ActivityUpdate { anew, runs, board, ..ActivityUpdate::default() })),
    );
}

fn heard(driver: &Driver) -> (usize, usize) {
    let count = |wanted: fn(&Command) -> bool| driver.others.iter().filter(|command| wanted(command)).count();
    (count(|command| matches!(command, Command::Bell)), count(|command| matches!(command, Command::Notify { .. })))
}

fn ready(telling: Telling) -> Driver {
    let mut driver = Driver::ready(120, 40);
    driver.app.telling = telling;
    driver.now.wall = "2026-01-29T09:00:00Z".parse().unwrap();
    driver
}

const LOUD: Telling = Telling { bell: Bell::Rings, notify: Some(NotifyHow::Osc9) };

#[test]
fn a_failed_run_is_told_once_whatever_comes() {
    let mut driver = ready(LOUD);
    told(&mut driver, true, vec![run(1, "failed")]);
    assert_eq!(heard(&driver), (0, 0), "it was there before");
    assert!(driver.shows("▲ 1 alert "), "{}", driver.screen());
    told(&mut driver, false, vec![run(2, "completed")]);
    told(&mut driver, false, vec![run(3, "failed")]);
    assert_eq!(heard(&driver), (1, 1));
    assert!(driver.shows("▲ 2 alerts ") && driver.shows("verifier: run 3 failed"), "{}", driver.screen());
    // The reader begins anew; the run is taken back and fails again; somebody pauses.
    told(&mut driver, true, vec![run(1, "failed"), run(3, "failed")]);
    told(&mut driver, false, vec![run(3, "completed")]);
    driver.press("g b space");
    told(&mut driver, false, vec![run(3, "failed")]);
    driver.event(Event::Timer(Timer::Alerts));
    assert_eq!(heard(&driver), (1, 1));
}

#[test]
fn nothing_is_heard_unless_it_was_asked_for() {
    let mut driver = ready(Telling::default());
    told(&mut driver, true, vec![run(1, "completed")]);
    assert!(!driver.shows("alert"), "{}", driver.screen());
    told(&mut driver, false, vec![run(2, "failed")]);
    assert_eq!(heard(&driver), (0, 0));
    assert!(driver.shows("▲ 1 alert "), "{}", driver.screen());
}

#[test]
fn alerts_are_listed_and_gone_when_they_were_seen() {
    let mut driver = ready(LOUD);
    driver.press("g a");
    assert!(driver.shows("Nothing wants attention"), "{}", driver.screen());
    driver.press("esc");
    told(&mut driver, true, vec![run(1, "failed")]);
    told(&mut driver, false, vec![run(2, "completed")]);
    told(&mut driver, false, vec![run(3, "failed")]);
    driver.press("g a");
    for words in ["2 alerts", "verifier: run 1 failed", "known, over", "verifier: run 3 failed", "new"] {
        assert!(driver.shows(words), "{words}: {}", driver.screen());
    }
    driver.press("a");
    assert!(driver.shows("acknowledged") && driver.shows("▲ 1 alert "), "{}", driver.screen());
    driver.press("A");
    assert!(!driver.shows("run 1 failed"), "what is over and was seen leaves the list: {}", driver.screen());
    driver.press("esc");
    assert!(!driver.shows(" alert"), "{}", driver.screen());
}
