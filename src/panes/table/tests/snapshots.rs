//! What it looks like.

use ratatui::layout::Rect;

use super::desk::{self, Desk};
use crate::message::action::Action;

fn sizes(name: &str, mut desk: Desk) {
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        let area = Rect::new(0, 0, width, height);
        desk.area = area;
        desk.with(|pane, cx| crate::panes::Pane::resize(pane, area, cx));
        desk.settle();
        insta::assert_snapshot!(format!("{name}-{width}x{height}"), desk.screen());
    }
}

const AREA: Rect = Rect::new(0, 0, 80, 24);

#[test]
fn ledger() {
    let mut desk = Desk::open(desk::ledger(2_000), AREA);
    desk.act_with(Action::Down, Some(1_202));
    desk.settle();
    sizes("ledger", desk);
}

#[test]
fn questions_sorted_with_a_frozen_column() {
    let mut desk = Desk::open(desk::questions(200), AREA);
    desk.act(Action::FreezeColumns);
    desk.act(Action::LastColumn);
    desk.step(Action::Sort);
    desk.step(Action::Sort);
    desk.act(Action::Left);
    desk.step(Action::SortAdd);
    sizes("questions", desk);
}

#[test]
fn odd_values() {
    let mut desk = Desk::open(desk::odd(1_000), AREA);
    desk.act_with(Action::Percent, Some(50));
    desk.settle();
    sizes("odd", desk);
}

#[test]
fn schema() {
    let mut desk = Desk::open(desk::questions(5), AREA);
    desk.act(Action::Schema);
    sizes("schema", desk);
}

#[test]
fn an_empty_table() {
    sizes("empty", Desk::open(desk::ledger(0), AREA));
}

#[test]
fn nothing_chosen() {
    sizes("nothing", Desk::new(desk::ledger(0), AREA));
}
