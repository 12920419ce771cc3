//! The board as a user meets it: empty, quiet, busy and failing, at all sizes, and what time and keys change.

use super::*;
use crate::domain::activity::{QueueEvent, QueueEvents};

const SIZES: [(u16, u16); 5] = [(40, 10), (80, 24), (120, 14), (120, 40), (160, 50)];

fn second(age: i64) -> i64 {
    WALL.parse::<Timestamp>().unwrap().as_second() - age
}

fn tally(bot: &str, action: &str, age: i64, rows: u64) -> Tally {
    Tally { bot: bot.into(), action: action.into(), second: Some(second(age)), rows }
}

fn bot_run(id: i64, bot: &str, status: &str, started: i64, took: Option<i64>) -> RunRow {
    RunRow { bot: bot.to_owned(), ..run(id, status, started, took) }
}

fn depth(status: &str, action: &str, bot: &str, rows: u64) -> Depth {
    Depth { status: status.into(), action: action.into(), bot: bot.into(), rows }
}

fn event(what: QueueEvent, age: i64, rows: u64) -> QueueEvents {
    QueueEvents { what, second: Some(second(age)), rows }
}

/// A first look that tells the board this much more; the ledger's tail is that of the last rows.
fn look(ledger: Vec<Tally>, runs: Vec<RunRow>, depths: Vec<Depth>, events: Vec<QueueEvents>) -> ActivityUpdate {
    let running = runs.iter().filter(|run| run.status == "running").count() as u64;
    let rows: u64 = ledger.iter().map(|tally| tally.rows).sum();
    let mut newest: Vec<&Tally> = ledger.iter().collect();
    newest.sort_by_key(|tally| tally.second);
    let tail = newest.iter().rev().take(30).rev().zip(1..).map(|(tally, id)| LedgerRow {
        bot: tally.bot.to_string(),
        action: tally.action.to_string(),
        created_at: tally.second.map(|at| crate::domain::time::iso(Timestamp::from_second(at).unwrap())),
        ..super::ledger(id, 0)
    });
    let mut queue: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for depth in &depths {
        *queue.entry(depth.status.to_string()).or_default() += depth.rows;
    }
    ActivityUpdate {
        anew: true,
        ledger: tail.collect(),
        runs: runs.clone(),
        runs_running: running,
        queue: Some(queue.into_iter().collect()),
        board: BoardUpdate {
            ledger_anew: true,
            ledger,
            runs_anew: true,
            runs,
            queue_anew: true,
            queue: Some(depths.into()),
            oldest_pending: Some(Some(before(200_000))),
            queue_events: events,
            read: Some(ReadSoFar { rows, of: rows, week: true, all: true }),
        },
        ..ActivityUpdate::default()
    }
}

/// Nothing for some hours, everybody is well.
fn quiet() -> ActivityUpdate {
    let bots = ["creator", "verifier", "processor", "analysis", "session-builder"];
    let runs = bots.iter().zip(1..).map(|(bot, id)| bot_run(id, bot, "completed", 20_000 + id * 700, Some(240)));
    let ledger = bots.iter().zip(0..).map(|(bot, n)| tally(bot, "update", 20_100 + n * 600, 3)).collect();
    look(ledger, runs.collect(), vec![depth("completed", "verify", "verifier", 410)], Vec::new())
}

/// Everybody works; numbers above a thousand.
fn busy() -> ActivityUpdate {
    let bots = ["creator", "verifier", "processor", "analysis", "session-builder"];
    let actions = ["create", "update", "verify", "flag", "delete"];
    let mut ledger = Vec::new();
    for (n, bot) in (1..).zip(bots) {
        for at in 0..240 {
            let wave = (at * 7 + n * 13) % 24;
            ledger.push(tally(
                bot,
                actions[((at / 9 + n) % 5) as usize],
                at * 15,
                u64::try_from(wave * n / 4).unwrap(),
            ));
        }
        ledger.extend((1..7).map(|day| tally(bot, "update", day * 86_400 - 5_000, 1_234)));
    }
    let runs = bots.iter().zip(1..).flat_map(|(bot, n)| {
        let done = (0..6).map(move |at| bot_run(at * 10 + n, bot, "completed", 3_400 - at * 500, Some(240 + n * 9)));
        done.chain([bot_run(90 + n, bot, "running", n * 45, None)])
    });
    let depths = vec![
        depth("pending", "verify", "verifier", 812),
        depth("pending", "improve", "processor", 211),
        depth("processing", "verify", "verifier", 4),
        depth("completed", "verify", "verifier", 12_410),
        depth("failed", "delete", "", 3),
    ];
    let events = (0..60).flat_map(|at| {
        [
            event(QueueEvent::Arrived, at * 60 + 7, 20),
            event(QueueEvent::Finished, at * 60, u64::try_from(60 - at).unwrap()),
        ]
    });
    look(ledger, runs.collect(), depths, events.collect())
}

/// One failed, one is stuck, one never ran, dozens of old runs say that they run.
fn failing() -> ActivityUpdate {
    let ledger = vec![
        tally("creator", "create", 300, 12),
        tally("creator", "delete", 200, 41),
        tally("verifier", "verify", 260_000, 9),
        tally("stranger\u{1b}[31m", "translate", 4_000, 2),
    ];
    let mut runs: Vec<_> =
        (1..=8).map(|id| bot_run(id, "verifier", "completed", 400_000 - id * 900, Some(240))).collect();
    runs.push(bot_run(20, "verifier", "running", 259_300, None));
    runs.extend((21..60).map(|id| bot_run(id, "processor", "running", 9_000_000 - id, None)));
    runs.push(bot_run(812, "creator", "failed", 900, Some(90)));
    runs.push(bot_run(813, "processor", "running", 100, None));
    let depths = vec![depth("pending", "verify", "verifier", 12), depth("failed", "improve", "processor", 31)];
    let events = vec![event(QueueEvent::Arrived, 200_000, 6), event(QueueEvent::Arrived, 900, 6)];
    look(ledger, runs, depths, events)
}

fn watching(update: ActivityUpdate, width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(width, height);
    stage.with(BotsPane::start);
    stage.update_as_it_is(update);
    stage.pane.show_board();
    stage
}

#[test]
fn pictures() {
    let empty = || ActivityUpdate { anew: true, queue: Some(Vec::new()), ..ActivityUpdate::default() };
    for (name, update) in [("empty", empty()), ("quiet", quiet()), ("busy", busy()), ("failing", failing())] {
        for (width, height) in SIZES {
            let stage = watching(update.clone(), width, height);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), stage.picture());
        }
    }
}

#[test]
fn without_colours_signs_and_patterns_tell_the_same() {
    let stage = watching(busy(), 120, 40);
    insta::assert_snapshot!("busy_mono_120x40", picture(&stage.buffer_in(ThemeName::Mono)));
    let signs = |theme| {
        let stage = watching(failing(), 120, 40);
        let picture = picture(&stage.buffer_in(theme));
        ["✗ creator", "▲ verifier", "● processor", "○ stranger"].map(|sign| picture.contains(sign))
    };
    assert_eq!(signs(ThemeName::Mono), [true; 4]);
    assert_eq!(signs(ThemeName::Light), [true; 4]);
}

#[test]
fn every_window_has_its_key_and_says_so() {
    let actions = [
        (Action::WindowMinute, "last 1 min"),
        (Action::WindowFiveMinutes, "last 5 min"),
        (Action::WindowQuarterHour, "last 15 min"),
        (Action::WindowHour, "last 1 h"),
        (Action::WindowDay, "last 24 h"),
        (Action::WindowWeek, "last 7 d"),
        (Action::WindowAll, " all ╮"),
    ];
    let mut stage = watching(busy(), 120, 40);
    let mut pictures: Vec<String> = Vec::new();
    for (action, words) in actions {
        assert_eq!(stage.act(action), Handled::Yes);
        let picture = stage.picture();
        assert!(picture.contains(words), "{words}: {picture}");
        assert!(!pictures.contains(&picture), "{words} shows what another window showed");
        pictures.push(picture);
    }
}

#[test]
fn the_charts_show_the_bot_under_the_cursor_and_enter_its_rows() {
    let mut stage = watching(busy(), 120, 40);
    assert!(stage.picture().contains("Actions  all bots"));
    stage.act(Action::Down);
    stage.act(Action::Down);
    assert!(stage.picture().contains("Actions  verifier"), "{}", stage.picture());
    assert_eq!(stage.act(Action::Cancel), Handled::Yes);
    assert!(stage.picture().contains("Actions  all bots"));
    stage.act(Action::Last);
    assert!(stage.picture().contains("Actions  session-builder"));
    stage.act(Action::Open);
    assert_eq!(stage.pane.region, Region::Ledger, "its rows have the cursor");
}

#[test]
fn the_charts_show_all_bots_while_the_one_under_the_cursor_is_gone() {
    let mut stage = watching(busy(), 120, 40);
    stage.act(Action::Down);
    stage.act(Action::Down);
    let recount = |bot: &str| BoardUpdate {
        ledger_anew: true,
        runs_anew: true,
        ledger: vec![tally(bot, "update", 60, 5)],
        ..BoardUpdate::default()
    };
    stage.update_as_it_is(ActivityUpdate { board: recount("renamed"), ..ActivityUpdate::default() });
    assert!(stage.picture().contains("Actions  all bots"), "{}", stage.picture());
    stage.update_as_it_is(ActivityUpdate { board: recount("verifier"), ..ActivityUpdate::default() });
    assert!(stage.picture().contains("Actions  verifier"), "it is there again: {}", stage.picture());
}

#[test]
fn a_stale_database_says_where_something_is() {
    let mut stage = watching(quiet(), 80, 24);
    assert!(stage.picture().contains("nothing in the last 1 h"), "{}", stage.picture());
    assert!(stage.picture().contains("newest 5h ago · 6 shows all"), "{}", stage.picture());
    stage.act(Action::WindowAll);
    assert!(!stage.picture().contains("nothing in"), "{}", stage.picture());
}

#[test]
fn each_table_alone_can_be_missing() {
    let all = ["work_queue", "bot_ledger", "bot_runs"];
    for gone in all {
        let mut stage = Stage::new(120, 40);
        let kept: Vec<Arc<Relation>> =
            stage.schema.relations.iter().filter(|relation| relation.name != gone).map(Arc::clone).collect();
        stage.schema = Arc::new(Schema { relations: kept });
        stage.with(BotsPane::start);
        let mut update = failing();
        match gone {
            "work_queue" => {
                update.queue = Some(Vec::new());
                update.board.queue = None;
                update.board.oldest_pending = None;
                update.board.queue_events.clear();
            }
            "bot_ledger" => {
                update.ledger.clear();
                update.board.ledger.clear();
            }
            _ => {
                update.runs.clear();
                update.board.runs.clear();
                update.runs_running = 0;
            }
        }
        stage.update_as_it_is(update);
        for region in Region::ALL {
            stage.pane.turn_to(region);
            let picture = stage.picture();
            let said = picture.contains(&format!("no {gone} table"));
            assert!(said || gone == "bot_runs" && region != Region::Runs, "{gone} {region:?}: {picture}");
        }
    }
}

#[test]
fn while_the_history_is_counted_it_is_said() {
    let mut update = busy();
    update.board.read = Some(ReadSoFar { rows: 3_240_000, of: 5_000_000, week: false, all: false });
    let mut stage = watching(update, 120, 40);
    assert!(stage.picture().contains("counting 3.2 M of 5.0 M"), "{}", stage.picture());
    let read = Some(ReadSoFar { rows: 5_000_000, of: 5_000_000, week: true, all: true });
    stage.update_as_it_is(ActivityUpdate {
        runs_running: 5,
        board: BoardUpdate { read, ..BoardUpdate::default() },
        ..ActivityUpdate::default()
    });
    assert!(!stage.picture().contains("counting"), "{}", stage.picture());
}

#[test]
fn time_moves_the_window_on_and_wakes_the_screen_as_often_as_that_is_seen() {
    let wait = |stage: &Stage| stage.pane.next_age(stage.now, &Limits::default()).unwrap();
    let mut stage = watching(busy(), 120, 40);
    stage.now.wall += SignedDuration::from_millis(250);
    for (action, millis) in [
        (Action::WindowMinute, 750),
        (Action::WindowFiveMinutes, 4_750),
        (Action::WindowQuarterHour, 14_750),
        (Action::WindowHour, 29_750),
        (Action::WindowAll, 29_750),
    ] {
        stage.act(action);
        assert_eq!(wait(&stage), Duration::from_millis(millis), "{action}");
    }
    stage.act(Action::WindowMinute);
    let before = stage.picture();
    stage.now.wall += SignedDuration::from_millis(750);
    assert_ne!(stage.picture(), before);
    stage.act(Action::Pause);
    assert_eq!(stage.pane.next_age(stage.now, &Limits::default()), None, "paused, time stands still");
    let paused = stage.picture();
    stage.now.wall += SignedDuration::from_hours(3);
    assert_eq!(stage.picture(), paused);
    let mut quiet = watching(quiet(), 120, 40);
    quiet.act(Action::WindowMinute);
    assert_eq!(wait(&quiet), Duration::from_secs(30), "nothing moves in this minute: only ages do");
    assert!(Stage::new(120, 40).pane.next_age(quiet.now, &Limits::default()).is_none());
}

#[test]
fn a_run_that_becomes_stuck_is_seen_when_it_does() {
    let runs = vec![bot_run(1, "creator", "running", 30 * 60 - 20, None)];
    let mut stage = watching(look(Vec::new(), runs, Vec::new(), Vec::new()), 120, 40);
    assert!(stage.picture().contains("● creator"));
    let wait = stage.pane.next_age(stage.now, &Limits::default()).unwrap();
    stage.now.wall += SignedDuration::try_from(wait).unwrap();
    assert!(stage.picture().contains("▲ creator"), "{wait:?} {}", stage.picture());
    assert!(stage.picture().contains("stuck 30m (over 30m)"), "{}", stage.picture());
}

#[test]
fn paused_the_board_stands_still_while_what_is_known_goes_on() {
    let mut stage = watching(busy(), 120, 40);
    stage.act(Action::Pause);
    let paused = stage.picture();
    let board = BoardUpdate { ledger: vec![tally("creator", "create", 0, 5_000)], ..BoardUpdate::default() };
    stage.update_as_it_is(ActivityUpdate { runs_running: 5, board, ..ActivityUpdate::default() });
    assert_eq!(stage.picture(), paused);
    stage.act(Action::Pause);
    assert_ne!(stage.picture(), paused);
}

#[test]
fn more_bots_than_lines_are_counted_with_their_trouble() {
    let runs = (0..40)
        .map(|n| bot_run(n, &format!("bot-{n:02}"), if n == 39 { "failed" } else { "completed" }, 900, Some(60)));
    let mut stage = watching(look(Vec::new(), runs.collect(), Vec::new(), Vec::new()), 80, 24);
    assert!(stage.picture().contains("more · 1 failed"), "{}", stage.picture());
    stage.act(Action::Last);
    assert!(stage.picture().contains("✗ bot-39"), "{}", stage.picture());
    assert!(stage.picture().contains("more · all idle"), "{}", stage.picture());
}
