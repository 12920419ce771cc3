//! The table pane on a database that is a list in memory: actions go in, pages come back late, early, or never.

#![expect(clippy::unwrap_used, reason = "tests")]

mod desk;
mod random;
mod snapshots;

use crossterm::event::MouseEventKind;
use ratatui::layout::Rect;

use self::desk::{Desk, ledger, questions, text};
use super::*;
use crate::{
    db::{error::ErrorKind, request::Query},
    domain::{activity::Item, page::RowKey, value::Value},
};

const AREA: Rect = Rect::new(0, 0, 80, 24);

#[test]
fn reading_down_to_the_end_and_up_again_shows_every_row_once() {
    let mut desk = Desk::open(ledger(5_000), AREA);
    let mut seen = vec![desk.id()];
    while desk.step(Action::PageDown) {
        seen.push(desk.id());
    }
    assert_eq!((seen[1], *seen.last().unwrap()), (22, 5_000));
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= 21));
    assert!(desk.window().len() <= window::MOST_ROWS, "the window is bounded");
    while desk.step(Action::Up) {}
    assert_eq!(desk.id(), 1);
    assert_eq!(desk.position(), "row 1 of 5,000");
}

#[test]
fn the_cursor_never_waits_and_what_it_is_owed_is_paid() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.act_with(Action::Down, Some(300));
    assert_eq!(desk.id(), 64, "the first page is here");
    desk.settle();
    assert_eq!(desk.id(), 301);
}

#[test]
fn no_press_is_lost_where_keys_come_faster_than_pages() {
    let mut desk = Desk::open(ledger(20_000), AREA);
    for _ in 0..900 {
        desk.act(Action::Down);
    }
    desk.settle();
    assert_eq!(desk.id(), 901);
    for _ in 0..50 {
        desk.act(Action::PageDown);
    }
    desk.settle();
    assert_eq!(desk.id(), 901 + 50 * 21);
    for _ in 0..900 {
        desk.act(Action::Down);
    }
    for _ in 0..901 {
        desk.act(Action::Up);
    }
    desk.settle();
    assert_eq!(desk.id(), 900 + 50 * 21, "turning round counts, too");
    for _ in 0..3_000 {
        desk.act(Action::Up);
    }
    desk.settle();
    assert_eq!(desk.id(), 1);
}

#[test]
fn the_other_way_goes_from_where_the_cursor_was_to_go() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.act_with(Action::Down, Some(300));
    desk.act(Action::Up);
    desk.settle();
    assert_eq!(desk.id(), 300);
}

#[test]
fn first_last_percent_number_and_key_read_one_page_each() {
    let mut desk = Desk::open(ledger(100_000), AREA);
    let before = desk.db.pages;
    desk.step(Action::Last);
    assert_eq!((desk.id(), desk.position().as_str()), (100_000, "row 100,000 of 100,000"));
    desk.act_with(Action::Percent, Some(50));
    desk.settle();
    assert_eq!(desk.id(), 50_001);
    assert_eq!(desk.position(), "≈ 50 % · row ≈ 50,001 of 100,000");
    desk.step(Action::First);
    assert_eq!(desk.id(), 1);
    desk.act_with(Action::Last, Some(60_001));
    desk.settle();
    assert_eq!(desk.id(), 60_001);
    desk.prompt("#777");
    assert_eq!(desk.id(), 777);
    desk.prompt("90%");
    assert_eq!(desk.id(), 90_001);
    // Each jump reads its page, and one ahead or behind at either side.
    assert!(desk.db.pages - before <= 6 * 3, "{}", desk.db.pages - before);
}

#[test]
fn a_row_gone_to_by_its_key_has_rows_above_it() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.prompt("#500");
    let above = desk.rows().cursor - desk.rows().top;
    assert_eq!((desk.id(), above), (500, i64::from(desk.rows().height / 4)));
    desk.prompt("#1");
    assert_eq!((desk.id(), desk.rows().cursor - desk.rows().top), (1, 0));
}

#[test]
fn a_share_near_the_end_or_of_a_small_table_is_found_within_the_page() {
    let mut small = Desk::open(ledger(20), AREA);
    small.act_with(Action::Percent, Some(50));
    small.settle();
    assert_eq!((small.id(), small.position().as_str()), (11, "row 11 of 20"));
    let mut large = Desk::open(ledger(10_000), AREA);
    large.prompt("99.9%");
    assert_eq!((large.id(), large.position().as_str()), (9_991, "row 9,991 of 10,000"));
}

#[test]
fn a_row_number_within_a_walk_is_exact() {
    let mut desk = Desk::open(ledger(20_000), AREA);
    desk.act_with(Action::Last, Some(1_234));
    desk.settle();
    assert_eq!((desk.id(), desk.position().as_str()), (1_234, "row 1,234 of 20,000"));
    desk.act_with(Action::First, Some(7));
    desk.settle();
    assert_eq!(desk.id(), 7);
}

#[test]
fn moving_after_a_jump_that_is_not_there_yet_moves_from_where_it_lands() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.act(Action::Last);
    desk.act(Action::Up);
    desk.act(Action::Up);
    assert_eq!(desk.id(), 1);
    desk.settle();
    assert_eq!(desk.id(), 998);
}

#[test]
fn a_key_that_is_not_there_lands_on_the_next_and_says_so() {
    let mut desk = Desk::open(ledger(100), AREA);
    desk.db.rows.retain(|row| row.key != RowKey::Rowid(50));
    desk.prompt("50");
    assert_eq!(desk.id(), 51);
    assert!(desk.said().contains("no row has the key '50'"), "{}", desk.said());
    desk.prompt("4000");
    assert_eq!(desk.id(), 100);
    desk.prompt("abc%");
    assert!(desk.said().contains("no percentage"));
}

#[test]
fn sorting_goes_up_down_off_and_starts_at_the_top() {
    let mut desk = Desk::open(ledger(500), AREA);
    desk.act_with(Action::Right, Some(1));
    desk.step(Action::Down);
    desk.step(Action::Sort);
    assert_eq!((desk.id(), desk.window().base()), (5, 0), "bot 'analysis' comes first");
    desk.step(Action::SortAdd);
    assert_ne!(desk.id(), 5);
    desk.act(Action::FirstColumn);
    desk.step(Action::Sort);
    desk.step(Action::Sort);
    assert_eq!(desk.id(), 500);
    desk.step(Action::Sort);
    assert_eq!(desk.id(), 1);
    assert!(desk.rows().sort.is_empty());
}

#[test]
fn a_cancelled_sort_leaves_order_and_rows_as_they_were() {
    let mut desk = Desk::open(ledger(500), AREA);
    desk.act(Action::Sort);
    desk.act(Action::Sort);
    assert_eq!(desk.rows().wanted_sort().len(), 1);
    desk.act(Action::Cancel);
    desk.settle();
    assert!(desk.rows().sort.is_empty() && desk.rows().wanted_sort().is_empty());
    desk.act_with(Action::Down, Some(200));
    desk.settle();
    assert_eq!(desk.id(), 201, "pages go on in the old order");
    assert_eq!(desk.act(Action::Cancel), Handled::No, "nothing is left to cancel");
}

#[test]
fn errors_are_shown_with_their_remedy_and_r_tries_again() {
    let mut desk = Desk::new(ledger(10), AREA);
    desk.db.fail = Some(Error::new(ErrorKind::Locked, "the database is locked", "close the other program"));
    desk.show();
    desk.settle();
    let screen = desk.screen();
    assert!(screen.contains("the database is locked") && screen.contains("close the other program · r tries again"));
    desk.db.fail = None;
    desk.step(Action::Refresh);
    assert_eq!(desk.id(), 1);
}

#[test]
fn a_page_that_fails_at_the_edge_is_tried_again_by_moving() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.db.fail = Some(Error::new(ErrorKind::Io, "the disk is gone", ""));
    desk.act_with(Action::Down, Some(200));
    desk.settle();
    assert_eq!(desk.id(), 64);
    assert!(desk.said().contains("the disk is gone"));
    desk.db.fail = None;
    desk.step(Action::Down);
    assert_eq!(desk.id(), 65);
}

#[test]
fn a_refresh_keeps_the_row_under_the_cursor_and_marks_what_changed() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.act_with(Action::Down, Some(10));
    desk.settle();
    let top = desk.rows().top;
    desk.db.rows[12].cells[2] = text("rewritten");
    desk.db.rows.remove(3);
    desk.changed();
    assert_eq!((desk.id(), desk.rows().top), (11, top + 1), "one row less above it: the screen starts at the first");
    let changed = desk.rows().cursor + 2;
    assert_eq!(desk.rows().marks.of(changed), Some(&refresh::Mark::Cells(vec![2])));
    desk.db.rows.retain(|row| row.key != RowKey::Rowid(11) && row.key != RowKey::Rowid(12));
    desk.changed();
    assert_eq!(desk.id(), 13, "where the row is gone, the next one");
    desk.wait(Duration::from_secs(3));
    assert!(desk.rows().marks.of(changed).is_none());
}

#[test]
fn a_refresh_far_from_both_ends_says_that_the_position_is_reckoned() {
    let mut desk = Desk::open(ledger(9_000), AREA);
    desk.act_with(Action::Last, Some(4_000));
    desk.settle();
    assert_eq!(desk.position(), "row 4,000 of 9,000");
    desk.changed();
    assert_eq!((desk.id(), desk.position().as_str()), (4_000, "≈ 44 % · row ≈ 4,000 of 9,000"));
}

#[test]
fn the_last_row_is_followed_after_going_there_and_only_then() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.step(Action::Last);
    desk.db.append(3);
    desk.changed();
    assert_eq!(desk.id(), 1_003);
    assert_eq!(desk.rows().marks.of(desk.rows().cursor), Some(&refresh::Mark::New));
    desk.step(Action::Up);
    desk.db.append(2);
    desk.changed();
    assert_eq!(desk.id(), 1_002);
    let mut small = Desk::open(ledger(10), AREA);
    small.act_with(Action::Down, Some(9));
    small.db.append(1);
    small.changed();
    assert_eq!(small.id(), 10, "having got there row by row is not following");
}

#[test]
fn changes_in_quick_succession_are_read_twice_a_second_at_most() {
    let mut desk = Desk::open(ledger(100), AREA);
    let before = desk.db.pages;
    for _ in 0..100 {
        desk.pane_changed();
        desk.wait(Duration::from_millis(10));
    }
    assert!((2..=3).contains(&(desk.db.pages - before)), "{}", desk.db.pages - before);
}

#[test]
fn nobody_looking_means_nothing_is_read() {
    let mut desk = Desk::open(ledger(100), AREA);
    desk.act(Action::Schema);
    let before = desk.db.pages;
    desk.changed();
    assert_eq!(desk.db.pages, before);
    desk.step(Action::Schema);
    assert_eq!(desk.db.pages, before + 1);
}

#[test]
fn enter_opens_the_event_of_a_ledger_row_and_the_other_keys_its_cell_its_question_and_its_items_timeline() {
    let mut desk = Desk::open(ledger(10), AREA);
    desk.act(Action::Open);
    assert!(matches!(desk.intent(), Intent::ShowEvent { key: RowKey::Rowid(1), .. }));
    desk.act(Action::ViewCell);
    assert!(matches!(desk.intent(), Intent::ShowCell { column: 0, .. }));
    desk.act(Action::Timeline);
    assert_eq!(desk.intent(), Intent::ShowTimeline(Item::question("q-1")));
    desk.act_with(Action::Right, Some(4));
    desk.act(Action::FollowReference);
    assert_eq!(desk.intent(), Intent::Go(Place { relation: "questions".into(), key: Some("q-1".into()) }));
    desk.step(Action::Down);
    desk.act(Action::Timeline);
    assert!(matches!(desk.intent(), Intent::ShowTimeline(item) if item.kind == "challenge"));
    let mut desk = Desk::open(questions(10), AREA);
    desk.act(Action::Open);
    assert_eq!(desk.intent(), Intent::ShowQuestion { id: "q-1".into(), focus: Focus::Take });
    desk.act(Action::Timeline);
    assert_eq!(desk.intent(), Intent::ShowTimeline(Item::question("q-1")));
}

#[test]
fn resting_on_a_question_previews_it_once() {
    let mut desk = Desk::open(questions(100), AREA);
    desk.wait(Duration::from_millis(100));
    desk.out.intents.clear();
    for _ in 0..5 {
        desk.step(Action::Down);
        desk.wait(Duration::from_millis(10));
    }
    assert!(desk.out.intents.is_empty());
    desk.wait(Duration::from_millis(60));
    assert_eq!(desk.out.intents, [Intent::ShowQuestion { id: "q-6".into(), focus: Focus::Leave }]);
}

#[test]
fn a_masked_secret_is_copied_as_its_mask() {
    let mut desk = Desk::open(desk::users(5), AREA);
    desk.act(Action::LastColumn);
    desk.act(Action::Copy);
    assert!(matches!(desk.command(), Command::Copy { text, .. } if text == "••••••"));
    assert!(desk.said().contains("mask"));
    assert!(!desk.screen().contains("argon2"));
    desk.act(Action::Reveal);
    assert!(desk.screen().contains("argon2"));
    desk.act(Action::Copy);
    assert!(matches!(desk.command(), Command::Copy { text, .. } if text.starts_with("argon2")));
}

#[test]
fn a_cut_cell_is_fetched_whole_before_it_is_copied() {
    let mut desk = Desk::open(ledger(10), AREA);
    let whole = "x".repeat(5_000);
    desk.db.rows[0].cells[2] = Value::text(&whole);
    desk.step(Action::Refresh);
    desk.act_with(Action::Right, Some(2));
    desk.step(Action::Copy);
    assert!(matches!(desk.command(), Command::Copy { text, .. } if text == whole));
    // Another asks for a cell before ours has come: it is not ours that comes.
    desk.act(Action::Copy);
    desk.out.ask(Slot::Cell, Query::Activity);
    assert_eq!(desk.reply(Slot::Cell, Ok(Answer::Cell(None))), Handled::No);
}

#[test]
fn an_altered_table_keeps_its_place_and_a_dropped_one_shows_nothing() {
    let mut desk = Desk::open(ledger(500), AREA);
    desk.act_with(Action::Down, Some(40));
    desk.act(Action::Right);
    desk.settle();
    let mut altered = (*desk.db.relation).clone();
    altered.columns.insert(0, desk::column("extra", "TEXT", None));
    desk.db.alter(altered);
    desk.schema_changed();
    assert_eq!((desk.id(), desk.rows().column), (41, 2));
    desk.db.schema = Arc::new(Schema::default());
    desk.schema_changed();
    assert!(desk.pane.relation().is_none());
    assert!(desk.screen().contains("bot_ledger is gone"));
    desk.act(Action::Down);
}

#[test]
fn rows_that_come_to_fill_the_screen_behind_a_jump_are_measured_too() {
    let mut list = ledger(500);
    for row in &mut list.rows[..499] {
        row.cells[1] = text("a-bot-with-a-long-name");
    }
    let mut desk = Desk::open(list, AREA);
    desk.step(Action::Last);
    let mut altered = (*desk.db.relation).clone();
    altered.columns.push(desk::column("extra", "TEXT", None));
    desk.db.alter(altered);
    desk.schema_changed();
    desk.settle();
    assert_eq!(desk.id(), 500);
    assert!(desk.screen().contains("a-bot-with-a-long-name"), "{}", desk.screen());
}

#[test]
fn columns_are_hidden_frozen_widened_and_reset() {
    let mut desk = Desk::open(ledger(10), AREA);
    desk.act(Action::HideColumn);
    assert_eq!(desk.rows().column, 1);
    assert!(!desk.screen().contains("id int"));
    desk.act(Action::FreezeColumns);
    desk.act(Action::LastColumn);
    assert!(desk.screen().contains("bot_name") && desk.screen().contains("created_at"));
    let width = desk.rows().columns.width(2);
    desk.act(Action::FirstColumn);
    desk.act(Action::Right);
    desk.act(Action::Wider);
    assert!(desk.rows().columns.width(2) > width);
    desk.act(Action::ResetColumns);
    assert_eq!((desk.rows().columns.width(2), desk.rows().columns.frozen()), (width, 0));
}

#[test]
fn widths_stay_while_scrolling() {
    let mut desk = Desk::open(ledger(3_000), AREA);
    let before: Vec<_> = (0..3).map(|column| desk.rows().columns.width(column)).collect();
    for _ in 0..30 {
        desk.step(Action::PageDown);
    }
    let after: Vec<_> = (0..3).map(|column| desk.rows().columns.width(column)).collect();
    assert_eq!(before, after);
}

#[test]
fn the_mouse_moves_sorts_and_changes_tabs() {
    let mut desk = Desk::open(ledger(500), AREA);
    desk.click(12, 6);
    assert_eq!((desk.id(), desk.rows().column), (5, 1));
    desk.click(12, 6);
    assert!(matches!(desk.intent(), Intent::ShowEvent { .. }), "twice opens");
    desk.click(12, 1);
    assert_eq!(desk.rows().sort.first().map(|key| key.column), Some(1));
    desk.wheel(MouseEventKind::ScrollDown);
    assert_eq!((desk.rows().top, desk.rows().cursor), (3, 3));
    let tab = desk.screen().lines().next().unwrap().chars().position(|letter| letter == 'S').unwrap();
    desk.click(tab as u16, 0);
    assert!(desk.screen().contains("CREATE TABLE bot_ledger"));
}

#[test]
fn searching_looks_in_what_is_loaded_and_says_so() {
    let mut desk = Desk::open(ledger(1_000), AREA);
    desk.act(Action::Search);
    desk.search("REASON 31", PromptState::Typing);
    desk.search("REASON 31", PromptState::Done);
    assert_eq!((desk.id(), desk.rows().column), (31, 5));
    assert!(desk.screen().contains("in the 64 rows loaded"), "{}", desk.screen());
    desk.act(Action::Search);
    desk.search("9999", PromptState::Done);
    assert!(desk.said().contains("not in the 64 rows"));
    desk.act(Action::Search);
    desk.search("", PromptState::Given);
    assert_eq!(desk.id(), 31);
}

#[test]
fn a_slow_page_says_how_long_it_takes_and_can_be_cancelled() {
    let mut desk = Desk::new(ledger(10), AREA);
    desk.show();
    desk.wait(Duration::from_millis(200));
    assert!(desk.screen().contains("reading …"));
    desk.now += Duration::from_millis(1_000);
    assert!(desk.screen().contains("reading 1.2 s · Esc cancels"), "{}", desk.screen());
    desk.act(Action::Cancel);
    assert!(desk.screen().contains("reading was cancelled"));
    desk.settle();
    assert!(desk.rows().window.is_none(), "the late page is not shown");
}

#[test]
fn returning_to_a_table_finds_its_columns_and_its_order() {
    let mut desk = Desk::open(ledger(50), AREA);
    desk.act(Action::Right);
    desk.step(Action::Sort);
    desk.act(Action::HideColumn);
    let ledger = Arc::clone(&desk.db.relation);
    let other = questions(5).relation;
    desk.show_relation(other);
    desk.show_relation(ledger);
    desk.settle();
    assert_eq!((desk.rows().sort.len(), desk.rows().columns.hidden()), (1, 1));
}

#[test]
fn two_thousand_columns_are_walked_through() {
    let mut desk = Desk::open(desk::wide(2_000, 300), AREA);
    desk.act(Action::LastColumn);
    assert!(desk.screen().contains("c1999"));
    desk.act_with(Action::Left, Some(1_000));
    assert!(desk.screen().contains("c999"));
    desk.step(Action::Last);
    assert!(desk.screen().contains("300"));
}

#[test]
fn reading_ahead_that_fails_at_both_ends_is_not_repeated_by_itself() {
    let mut desk = Desk::open(ledger(10_000), AREA);
    desk.act_with(Action::Percent, Some(50));
    desk.answer(0);
    desk.db.fail = Some(Error::new(ErrorKind::Locked, "the database is locked", "wait"));
    let before = desk.out.commands.len();
    desk.settle();
    desk.act_with(Action::Down, Some(40));
    desk.settle();
    assert_eq!(desk.out.commands.len(), before);
    assert_eq!(desk.id(), 5_041, "what is here can be walked through");
    desk.db.fail = None;
    desk.step(Action::Refresh);
    desk.act_with(Action::Down, Some(100));
    desk.settle();
    assert_eq!(desk.id(), 5_141);
}
