//! Anything in any order: no panic, and the window is always a run of the plain order without a gap.

use std::time::Duration;

use crossterm::event::MouseEventKind;
use proptest::prelude::*;
use ratatui::layout::Rect;

use super::desk::{self, Desk, id_of};
use crate::{
    db::error::{Error, ErrorKind},
    domain::page::RowKey,
    message::action::Action,
    panes::{Pane as _, PromptState},
};

#[derive(Clone, Debug)]
enum Deed {
    Act(Action, Option<u64>),
    Answer(usize),
    Fail(usize),
    Settle,
    Wait(u16),
    Insert(u8),
    Delete(usize),
    Resize(u16, u16),
    Click(u16, u16),
    Wheel(bool),
    GoTo(String),
    Search(String),
}

fn deed() -> impl Strategy<Value = Deed> {
    let action = prop::sample::select(vec![
        Action::Down,
        Action::Up,
        Action::PageDown,
        Action::PageUp,
        Action::HalfPageDown,
        Action::HalfPageUp,
        Action::First,
        Action::Last,
        Action::Left,
        Action::Right,
        Action::FirstColumn,
        Action::LastColumn,
        Action::Percent,
        Action::Sort,
        Action::SortAdd,
        Action::HideColumn,
        Action::FreezeColumns,
        Action::Wider,
        Action::Narrower,
        Action::ResetColumns,
        Action::Refresh,
        Action::Cancel,
        Action::Open,
        Action::Copy,
        Action::CopyRow,
        Action::Reveal,
        Action::Schema,
        Action::NextMatch,
        Action::PreviousMatch,
        Action::FollowReference,
        Action::ViewCell,
    ]);
    prop_oneof![
        12 => (action, prop::option::weighted(0.3, prop_oneof![0..300_u64, any::<u64>()])).prop_map(|(a, c)| Deed::Act(a, c)),
        6 => (0..4_usize).prop_map(Deed::Answer),
        1 => (0..4_usize).prop_map(Deed::Fail),
        2 => Just(Deed::Settle),
        2 => (0..900_u16).prop_map(Deed::Wait),
        1 => (1..5_u8).prop_map(Deed::Insert),
        1 => any::<usize>().prop_map(Deed::Delete),
        1 => (0..120_u16, 0..40_u16).prop_map(|(w, h)| Deed::Resize(w, h)),
        1 => (0..120_u16, 0..40_u16).prop_map(|(x, y)| Deed::Click(x, y)),
        1 => any::<bool>().prop_map(Deed::Wheel),
        1 => prop_oneof!["#?[0-9]{1,4}", "[0-9]{1,3}%", ".{0,5}"].prop_map(Deed::GoTo),
        1 => "[a-z1-9]{0,2}".prop_map(Deed::Search),
    ]
}

impl Desk {
    fn run(&mut self, deed: Deed) {
        match deed {
            Deed::Act(action, count) => {
                self.act_with(action, count);
            }
            Deed::Answer(at) if !self.waiting.is_empty() => self.answer(at % self.waiting.len()),
            Deed::Fail(at) if !self.waiting.is_empty() => {
                self.db.fail = Some(Error::new(ErrorKind::Io, "it fails", "try again"));
                self.answer(at % self.waiting.len());
                self.db.fail = None;
            }
            Deed::Answer(_) | Deed::Fail(_) => {}
            Deed::Settle => self.settle(),
            Deed::Wait(time) => self.wait(Duration::from_millis(time.into())),
            Deed::Insert(rows) => {
                self.db.append(rows.into());
                self.pane_changed();
            }
            Deed::Delete(at) if !self.db.rows.is_empty() => {
                let at = at % self.db.rows.len();
                self.db.rows.remove(at);
                self.pane_changed();
            }
            Deed::Delete(_) => {}
            Deed::Resize(width, height) => {
                self.area = Rect::new(0, 0, width, height);
                let area = self.area;
                self.with(|pane, cx| pane.resize(area, cx));
            }
            Deed::Click(x, y) => self.click(x, y),
            Deed::Wheel(down) => {
                self.mouse(if down { MouseEventKind::ScrollDown } else { MouseEventKind::ScrollUp }, 3, 3);
            }
            Deed::GoTo(text) => self.prompt(&text),
            Deed::Search(text) => self.search(&text, PromptState::Typing),
        }
    }

    /// Everything that must hold whenever.
    fn check(&self) -> Result<(), TestCaseError> {
        let rows = self.rows();
        if let Some(window) = rows.window.as_ref().filter(|window| !window.is_empty()) {
            prop_assert!((window.base()..window.end()).contains(&rows.cursor));
            prop_assert!((window.base()..window.end()).contains(&rows.top));
            prop_assert!(rows.cursor >= rows.top && rows.cursor < rows.top + i64::from(rows.height.max(1)));
            prop_assert!(rows.columns.is_shown(rows.column));
        }
        self.buffer();
        Ok(())
    }

    /// Without changes on the way the window is a piece of the whole, and knows its ends.
    fn check_order(&self) -> Result<(), TestCaseError> {
        let Some(window) = &self.rows().window else { return Ok(()) };
        let all: Vec<i64> = self.db.sorted(&self.rows().sort).iter().map(id_of).collect();
        let here: Vec<i64> = window.rows_from(window.base()).map(|(_, row)| id_of(row)).collect();
        let Some(first) = here.first() else { return Ok(()) };
        let at = all.iter().position(|id| id == first).unwrap_or(all.len());
        prop_assert_eq!(&all[at..(at + here.len()).min(all.len())], &here[..]);
        if window.complete(crate::panes::table::window::End::Front) {
            prop_assert_eq!(at, 0);
        }
        if window.complete(crate::panes::table::window::End::Back) {
            prop_assert_eq!(at + here.len(), all.len());
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_window_is_a_piece_of_the_plain_order(rows in 0..900_i64, deeds in prop::collection::vec(deed(), 1..60)) {
        let mut desk = Desk::new(desk::ledger(rows), Rect::new(0, 0, 80, 16));
        desk.show();
        for deed in deeds {
            if matches!(deed, Deed::Insert(_) | Deed::Delete(_)) {
                continue;
            }
            desk.run(deed);
            desk.check()?;
            desk.check_order()?;
        }
    }

    #[test]
    fn changes_on_the_way_leave_the_last_refresh_true(rows in 0..400_i64, deeds in prop::collection::vec(deed(), 1..60)) {
        let mut desk = Desk::new(desk::ledger(rows), Rect::new(0, 0, 80, 16));
        desk.show();
        for deed in deeds {
            desk.run(deed);
            desk.check()?;
        }
        if desk.pane.tab == crate::panes::table::Tab::Schema {
            desk.act(Action::Schema);
        }
        desk.settle();
        desk.wait(Duration::from_secs(5));
        desk.changed();
        desk.settle();
        if desk.rows().height > 0 {
            desk.check_order()?;
        }
    }

    #[test]
    fn odd_values_are_drawn_anywhere(deeds in prop::collection::vec(deed(), 1..30)) {
        let mut desk = Desk::open(desk::odd(100), Rect::new(0, 0, 60, 12));
        for deed in deeds {
            if matches!(deed, Deed::Insert(_)) {
                continue;
            }
            desk.run(deed);
            desk.check()?;
            for cell in &desk.buffer().content {
                let hostile = |letter: char| letter.is_control() || letter == '\u{202e}';
                prop_assert!(!cell.symbol().chars().any(hostile), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn the_row_under_the_cursor_survives_any_change_elsewhere() {
    let mut desk = Desk::open(desk::ledger(300), Rect::new(0, 0, 80, 16));
    desk.act_with(Action::Down, Some(150));
    desk.settle();
    for round in 0..40_usize {
        let here = desk.id();
        let at = round * 7 % desk.db.rows.len();
        if desk.db.rows[at].key != RowKey::Rowid(here) {
            desk.db.rows.remove(at);
        }
        desk.db.append(1);
        desk.changed();
        assert_eq!(desk.id(), here);
    }
}
