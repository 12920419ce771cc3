//! The queue's figures, its depth over time and its estimate.

use proptest::prelude::*;

use super::*;
use crate::domain::activity::QueueEvents;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap_or_default()
}

fn depth(status: &str, action: &str, bot: &str, rows: u64) -> Depth {
    Depth { status: status.into(), action: action.into(), bot: bot.into(), rows }
}

fn event(what: QueueEvent, ago: impl Into<Option<i64>>, rows: u64) -> QueueEvents {
    QueueEvents { what, second: ago.into().map(|ago| NOW - ago), rows }
}

fn queue(depths: &[Depth], events: Vec<QueueEvents>) -> Queue {
    let mut queue = Queue::new(NOW);
    let update =
        BoardUpdate { queue: Some(depths.into()), queue_events: events, queue_anew: true, ..BoardUpdate::default() };
    queue.take(&update, NOW);
    queue
}

#[test]
fn it_is_worked_off_at_the_pace_of_the_window() {
    let open = [depth("pending", "verify", "", 20), depth("processing", "verify", "verifier", 4)];
    let events = vec![
        event(QueueEvent::Arrived, 100, 12),
        event(QueueEvent::Finished, 50, 36),
        event(QueueEvent::Finished, 7000, 5),
        event(QueueEvent::Finished, None, 3),
    ];
    let queue = queue(&open, events);
    let hour = queue.figures(Window::Hour.start(now()), now());
    assert_eq!((hour.open, hour.pending, hour.arrived, hour.finished, hour.undated), (24, 20, 12, 36, 3));
    assert_eq!(hour.throughput, 0.01);
    // 24 a net hour.
    assert_eq!(hour.empty_in, Some(Duration::from_secs(3600)));
    let all = queue.figures(Window::All.start(now()), now());
    assert_eq!((all.finished, all.throughput), (44, 41.0 / 86_400.0));
    // In the last minute nothing was made.
    assert_eq!(queue.figures(Window::Minute.start(now()), now()).empty_in, Some(Duration::from_secs(40)));
}

#[test]
fn nobody_knows_when_it_is_empty_where_more_comes_than_goes() {
    let open = [depth("pending", "verify", "", 20)];
    let more = queue(&open, vec![event(QueueEvent::Arrived, 10, 2), event(QueueEvent::Finished, 10, 2)]);
    assert_eq!(more.figures(Window::Hour.start(now()), now()).empty_in, None);
    assert_eq!(queue(&open, Vec::new()).figures(Window::Hour.start(now()), now()).empty_in, None);
    let empty = queue(&[depth("completed", "verify", "", 9)], Vec::new());
    assert_eq!(empty.figures(Window::Hour.start(now()), now()).empty_in, Some(Duration::ZERO));
}

#[test]
fn the_open_ones_come_first() {
    let queue = queue(
        &[
            depth("archived", "a", "", 1),
            depth("failed", "a", "", 1),
            depth("completed", "a", "", 1),
            depth("processing", "a", "", 1),
            depth("pending", "b", "", 1),
            depth("pending", "a", "z", 1),
        ],
        Vec::new(),
    );
    let order: Vec<String> = queue.depths().iter().map(|depth| format!("{}/{}", depth.status, depth.action)).collect();
    assert_eq!(order, ["pending/a", "pending/b", "processing/a", "completed/a", "failed/a", "archived/a"]);
}

#[test]
fn the_oldest_may_have_no_readable_time() {
    let mut queue = queue(&[], Vec::new());
    let told = |oldest: Option<Option<&str>>| BoardUpdate {
        oldest_pending: oldest.map(|oldest| oldest.map(str::to_owned)),
        ..BoardUpdate::default()
    };
    queue.take(&told(Some(Some("2026-01-29 08:03:07"))), NOW);
    assert_eq!(queue.oldest().map(Timestamp::as_second), Some(1_769_673_787));
    queue.take(&told(None), NOW);
    assert!(queue.oldest().is_some());
    queue.take(&told(Some(Some("yesterday"))), NOW);
    assert_eq!(queue.oldest(), None);
}

proptest! {
    /// Items with when they came and, where they are finished, went; how many were there at the end of each step.
    #[test]
    fn how_deep_it_was_follows_from_what_came_and_went(
        items in proptest::collection::vec((0_i64..4000, proptest::option::of(0_i64..4000)), 0..60),
        steps in 1_usize..30,
    ) {
        let open = items.iter().filter(|(_, stayed)| stayed.is_none()).count() as u64;
        let mut events = Vec::new();
        for (ago, stayed) in &items {
            events.push(event(QueueEvent::Arrived, *ago, 1));
            if let Some(stayed) = stayed {
                events.push(event(QueueEvent::Finished, ago.saturating_sub(*stayed).max(0), 1));
            }
        }
        let queue = queue(&[depth("pending", "a", "", open)], events);
        let depths = queue.depth(Window::Hour, now(), steps);
        let bounds = Steps::of(Window::Hour, now(), steps, None).bounds;
        for (depth, end) in depths.iter().zip(&bounds[1..]) {
            let there = items.iter().filter(|(ago, stayed)| {
                let went = stayed.map(|stayed| NOW - ago.saturating_sub(stayed).max(0));
                NOW - ago < *end && went.is_none_or(|went| went >= *end)
            });
            prop_assert_eq!(*depth, there.count() as u64);
        }
    }
}
