//! How long runs usually take, and which are stuck.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{time, value::Value};

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn run(id: i64, bot: &str, status: &str, ago: i64, took: Option<i64>) -> RunRow {
    RunRow {
        id,
        bot: bot.to_owned(),
        started_at: Some(time::iso(at(NOW - ago))),
        completed_at: took.map(|took| time::iso(at(NOW - ago + took))),
        status: status.to_owned(),
        items: [Value::Integer(id), Value::Integer(1), Value::Null, Value::text("many")],
    }
}

fn runs(rows: &[RunRow]) -> Runs {
    let mut runs = Runs::default();
    runs.take(rows, &mut Names::default(), NOW);
    runs
}

#[test]
fn what_is_usual_is_the_95th_percentile_of_at_least_five() {
    let rows: Vec<RunRow> = (1..=100).map(|id| run(id, "verifier", "completed", 10_000, Some(id * 10))).collect();
    let all = runs(&rows);
    assert_eq!(all.of("verifier").unwrap().usual(), Some(Duration::from_secs(950)));
    assert_eq!(runs(&rows[..5]).of("verifier").unwrap().usual(), Some(Duration::from_secs(50)));
    assert_eq!(runs(&rows[..4]).of("verifier").unwrap().usual(), None);
    let limits = Limits::default();
    assert_eq!(all.of("verifier").unwrap().stuck_after(&limits), Duration::from_secs(2850));
    assert_eq!(runs(&rows[..4]).of("verifier").unwrap().stuck_after(&limits), Duration::from_secs(1800));
    for stuck_factor in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        assert!(all.of("verifier").unwrap().stuck_after(&Limits { stuck_factor, ..limits }) >= limits.stuck_least);
    }
}

#[test]
fn a_run_that_changes_is_counted_once() {
    let mut all = runs(&[run(1, "creator", "running", 100, None), run(2, "creator", "failed", 50, Some(10))]);
    let bot = all.of("creator").unwrap();
    assert_eq!((bot.success(None), bot.items(None).processed), (Some(0.0), 3));
    assert!(bot.runs(1, Some(at(NOW - 100))));
    all.take(&[run(1, "creator", "completed", 100, Some(30))], &mut Names::default(), NOW);
    let bot = all.of("creator").unwrap();
    assert_eq!((bot.success(None), bot.items(None).processed, bot.items(None).created), (Some(0.5), 3, 2));
    assert!(!bot.runs(1, Some(at(NOW - 100))));
    assert_eq!(bot.newest_finished().map(|ended| (ended.id, ended.failed)), Some((2, true)));
    assert_eq!((bot.success(Some(NOW - 60)), bot.success(Some(NOW - 40))), (Some(0.0), None));
}

#[test]
fn old_runs_are_forgotten_one_by_one_and_stay_in_the_figures() {
    let rows: Vec<RunRow> = (1..=50).map(|id| run(id, "analysis", "completed", 1000 - id, Some(id))).collect();
    let mut all = runs(&rows);
    all.take(
        &[run(51, "processor", "failed", 900, Some(3)), run(52, "verifier", "running", 9000, None)],
        &mut Names::default(),
        NOW,
    );
    all.let_old_ones_go(10);
    assert_eq!((all.known.len(), all.ended.len()), (11, 10));
    let bot = all.of("analysis").unwrap();
    assert_eq!((bot.success(None), bot.items(None).created), (Some(1.0), 50));
    assert_eq!(bot.usual(), Some(Duration::from_secs(48)));
    all.let_old_ones_go(0);
    // What its newest run was is known of each bot, and what runs is never forgotten.
    assert_eq!(all.of("analysis").unwrap().newest_finished().map(|ended| ended.id), Some(50));
    assert!(all.of("processor").unwrap().newest_finished().unwrap().failed);
    assert_eq!(all.known.keys().collect::<Vec<_>>(), [&52]);
}

#[test]
fn stuck_is_who_runs_for_longer_than_the_limit() {
    let all = runs(&[
        run(1, "creator", "running", 1801, None),
        run(2, "creator", "running", 1800, None),
        run(3, "creator", "running", 10, None),
    ]);
    let (bot, limits) = (all.of("creator").unwrap(), Limits::default());
    assert_eq!(bot.stuck(at(NOW), &limits).map(|(id, _)| id).collect::<Vec<_>>(), [1]);
    assert_eq!(bot.at_work(at(NOW), &limits), Some(Some(at(NOW - 10))));
    assert_eq!(bot.next_to_be_stuck(at(NOW), &limits), Some(Duration::ZERO));
    assert_eq!(bot.next_to_be_stuck(at(NOW + 1), &limits), Some(Duration::from_secs(1789)));
    assert_eq!(bot.at_work(at(NOW + 1791), &limits), None);
    assert_eq!(bot.next_to_be_stuck(at(NOW + 1791), &limits), None);
}

proptest! {
    /// Runs told again and again, in any order: the figures are those of what was told last of each.
    #[test]
    fn the_figures_are_those_of_the_runs_as_they_are(
        told in proptest::collection::vec(
            (0_i64..12, 0..2_usize, 0..4_usize, proptest::option::of(0_i64..90_000), proptest::option::of(0_i64..4000)),
            1..80,
        ),
    ) {
        let mut all = Runs::default();
        let mut last = BTreeMap::new();
        for (id, bot, status, ago, took) in told {
            let (bot, status) = (["a", "b"][bot], ["running", "completed", "failed", "cancelled"][status]);
            let mut row = run(id, bot, status, ago.unwrap_or(0), took);
            if ago.is_none() {
                row.started_at = Some("soon".to_owned());
            }
            all.take(std::slice::from_ref(&row), &mut Names::default(), NOW);
            last.insert(id, row);
        }
        let fresh = runs(&last.values().cloned().collect::<Vec<_>>());
        let limits = Limits { stuck_least: Duration::from_secs(600), ..Limits::default() };
        for bot in ["a", "b"] {
            let of = || last.values().filter(|row| row.bot == bot);
            let started = |row: &&RunRow| row.started_at.as_deref().and_then(time::parse).map(Timestamp::as_second);
            for since in [None, Some(NOW - 3600), Some(NOW - 60)] {
                let inside = |row: &&RunRow| since.is_none_or(|since| started(row).is_some_and(|started| started >= since));
                let count = |status: &str| of().filter(inside).filter(|row| row.status == status).count() as f64;
                let finished = count("completed") + count("failed");
                let success = all.of(bot).and_then(|bot| bot.success(since));
                prop_assert_eq!(success, (finished > 0.0).then(|| count("completed") / finished));
                let items = all.of(bot).map(|bot| bot.items(since)).unwrap_or_default();
                prop_assert_eq!(items.processed, of().filter(inside).map(|row| row.id.unsigned_abs()).sum::<u64>());
                prop_assert_eq!((items.created, items.deleted), (of().filter(inside).count() as u64, 0));
            }
            let finished = of().rfind(|row| ["completed", "failed"].contains(&row.status.as_str()));
            let newest = all.of(bot).and_then(BotRuns::newest_finished);
            prop_assert_eq!(newest.map(|ended| ended.id), finished.map(|row| row.id));
            if let (Some(one), Some(other)) = (all.of(bot), fresh.of(bot)) {
                let stuck = |bot: &BotRuns| bot.stuck(at(NOW), &limits).collect::<Vec<_>>();
                prop_assert_eq!(stuck(one), stuck(other));
                prop_assert_eq!(one.usual(), other.usual());
                prop_assert_eq!(one.at_work(at(NOW), &limits), other.at_work(at(NOW), &limits));
                prop_assert_eq!(one.next_to_be_stuck(at(NOW), &limits), other.next_to_be_stuck(at(NOW), &limits));
            }
        }
    }
}
