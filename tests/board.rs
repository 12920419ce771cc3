//! The board's figures are SQL's: of random histories, in both forms of time, from a file and from a server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/history.rs"]
mod history;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::path::PathBuf;

use history::Sql;
use jiff::Timestamp;
use reelscope::{
    db::{
        location::Location,
        request::{Answer, Freshness, Query, Reply, Slot},
    },
    domain::bots::{ActionCounts, Board, Items, Limits, Window},
};
use rusqlite::Connection;
use support::{
    PATIENCE,
    reach::{Asked, server},
    sqld::Sqld,
};
use tempfile::TempDir;

/// Everything the reader tells, up to the last row.
fn board(location: Location) -> Board {
    let mut asked = Asked::open(location);
    asked.database.expect_no_page();
    asked.ask_for(Slot::Activity, Query::Activity, Freshness::Now);
    let mut board = Board::default();
    while !board.read().all {
        match asked.replies.recv_timeout(PATIENCE).unwrap() {
            Reply::Answer { outcome: Ok(Answer::Activity(update)), .. } => board.take(&update, Timestamp::now()),
            Reply::Answer { outcome, .. } => panic!("{outcome:?}"),
            _ => {}
        }
    }
    board
}

fn made(folder: &TempDir, seed: u64, now: i64) -> PathBuf {
    let path = folder.path().join("history.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../assets/schema.sql")).unwrap();
    history::fill(&connection, seed, now);
    path
}

fn same(board: &Board, sql: &Sql<'_>) {
    let (now, limits) = (Timestamp::from_second(sql.now).unwrap(), Limits::default());
    for window in Window::ALL {
        let seconds = window.seconds();
        let lines = board.lines(window, now, &limits);
        assert_eq!(lines.iter().map(|line| &*line.bot).collect::<Vec<_>>(), history::BOTS);
        for line in lines {
            let bot = &*line.bot;
            let at = format!("{bot}, {}", window.name());
            assert_eq!(counts(line.window), sql.actions(bot, seconds), "{at}");
            assert_eq!(counts(line.hour), sql.actions(bot, Some(3600)), "{bot}");
            assert_eq!(counts(line.day), sql.actions(bot, Some(86_400)), "{bot}");
            assert_eq!(counts(line.week), sql.actions(bot, Some(604_800)), "{bot}");
            assert_eq!(line.success, sql.success(bot, seconds), "{at}");
            let Items { processed, created, updated, deleted } = line.items;
            assert_eq!([processed, created, updated, deleted], sql.items(bot, seconds), "{at}");
            assert_eq!(line.last_run.map(|(id, _)| id), sql.last_run(bot), "{bot}");
            let usual = sql.usual(bot);
            assert_eq!(line.usual.map(|usual| usual.as_secs()), usual, "{bot}");
            assert_eq!(line.stuck, sql.stuck(bot, usual.map_or(1800, |usual| (usual * 3).max(1800))), "{bot}");
        }
        let queue = board.queue(window, now);
        assert_eq!((queue.open, queue.pending, queue.undated), (sql.open(), sql.pending(), sql.undated()));
        assert_eq!(queue.oldest.map(Timestamp::as_second), sql.oldest());
        assert_eq!((queue.finished, queue.arrived), (sql.finished(seconds), sql.arrived(seconds)), "{}", window.name());
    }
    let groups = board
        .depths()
        .iter()
        .map(|depth| (depth.status.to_string(), depth.action.to_string(), depth.bot.to_string(), depth.rows));
    assert_eq!(groups.collect::<Vec<_>>(), sql.groups());
    charts(board, sql, now);
}

fn counts(counts: ActionCounts) -> [u64; 6] {
    let ActionCounts { all, creates, updates, deletes, verifies, flags } = counts;
    [all, creates, updates, deletes, verifies, flags]
}

/// Each step of the charts.
fn charts(board: &Board, sql: &Sql<'_>, now: Timestamp) {
    const STEPS: usize = 7;
    for window in [Window::QuarterHour, Window::Hour, Window::Day, Window::Week] {
        let length = window.seconds().unwrap();
        let start = |step: usize| sql.now - length + length * step as i64 / STEPS as i64;
        // The last step has what is still to come.
        let end = |step: usize| if step + 1 == STEPS { sql.now + 1_000_000 } else { start(step + 1) };
        let chart = board.actions(None, window, now, STEPS);
        assert_eq!(chart.layers.len(), 6);
        for layer in chart.layers {
            let expected: Vec<u64> = (0..STEPS).map(|step| sql.between(&layer.name, start(step), end(step))).collect();
            assert_eq!(layer.rows, expected, "{}, {}", layer.name, window.name());
        }
        let expected: Vec<u64> = (0..STEPS).map(|step| sql.depth_before(end(step))).collect();
        assert_eq!(board.depth(window, now, STEPS), expected, "{}", window.name());
    }
}

#[test]
fn of_a_file_the_figures_are_those_of_sql() {
    for seed in 0..4 {
        let (folder, now) = (TempDir::new().unwrap(), Timestamp::now().as_second());
        let path = made(&folder, seed, now);
        let board = board(Location::File(path.clone()));
        same(&board, &Sql { connection: &Connection::open(path).unwrap(), now });
    }
}

#[test]
fn of_a_server_they_are_the_same() {
    let Some(sqld) = Sqld::start() else { return };
    let (folder, now) = (TempDir::new().unwrap(), Timestamp::now().as_second());
    let path = made(&folder, 77, now);
    sqld.run(&support::samples::dump(&path));
    let board = board(Location::Server(server(&sqld.url(), None)));
    same(&board, &Sql { connection: &Connection::open(path).unwrap(), now });
}
