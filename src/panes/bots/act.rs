//! What the user does in the pane: what concerns all of it here, the rest in the file of the region that has the cursor.

use super::{BotsPane, Frozen, Phase, layout::Region, scroll::Step, tail::Pause};
use crate::{
    domain::{
        bots::Window,
        page::RowKey,
        place::Place,
        schema::{KeyKind, Relation},
        value::Value,
    },
    message::action::Action,
    panes::{Cx, Handled, Intent, Severity},
};

impl BotsPane {
    pub(super) fn do_action(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        match action {
            Action::NextTab => self.turn_to(self.region.next()),
            Action::PreviousTab => self.turn_to(self.region.previous()),
            Action::Pause => self.pause(cx),
            Action::Refresh => {
                self.tail.recovered(cx);
                self.start(cx);
            }
            _ => {
                if let Some(window) = window_of(action) {
                    self.window = window;
                    return Handled::Yes;
                }
                // What is about the ledger goes there, wherever the cursor is.
                if self.region != Region::Ledger && is_about_the_ledger(action) {
                    self.turn_to(Region::Ledger);
                }
                return match self.region {
                    Region::Board => self.act_on_board(action, count, cx),
                    Region::Ledger => self.act_on_ledger(action, count, cx),
                    Region::Runs => self.act_on_runs(action, count, cx),
                    Region::Queue => self.act_on_queue(action, count, cx),
                };
            }
        }
        Handled::Yes
    }

    /// What matters most where the cursor is.
    pub fn hints(&self) -> &'static [Action] {
        use Action as A;
        match self.region {
            Region::Board => &[A::Open, A::WindowMinute, A::Pause, A::NextTab, A::Filter, A::Alerts, A::Bots],
            Region::Ledger => &[
                A::Open,
                A::Filter,
                A::SameAs,
                A::Pause,
                A::WindowMinute,
                A::NextTab,
                A::Timeline,
                A::FollowReference,
                A::Last,
                A::Bots,
            ],
            Region::Runs => {
                &[A::Open, A::SameAs, A::FollowReference, A::Pause, A::WindowMinute, A::NextTab, A::ViewCell, A::Bots]
            }
            Region::Queue => &[A::Open, A::SameAs, A::WindowMinute, A::Pause, A::NextTab, A::Copy, A::Bots],
        }
    }

    /// The cursor goes to this region; a list is shown from now on where there is room for one only.
    pub(super) fn turn_to(&mut self, region: Region) {
        self.region = region;
        if region != Region::Board {
            self.list = region;
        }
    }

    fn pause(&mut self, cx: &mut Cx<'_>) {
        if self.phase == Phase::Live {
            self.frozen = match self.frozen.take() {
                Some(_) => None,
                None => Some(Box::new(Frozen { model: self.model.clone(), wall: cx.now.wall })),
            };
            self.tail.set_paused(if self.frozen.is_some() { Pause::On } else { Pause::Off }, cx);
        }
    }
}

/// The move that an action is, in a list that shows this many lines.
pub(super) fn step_of(action: Action, count: Option<u64>, height: usize) -> Option<Step> {
    let times = isize::try_from(count.unwrap_or(1)).unwrap_or(isize::MAX);
    let page = isize::try_from(height).unwrap_or(1).max(1);
    Some(match action {
        Action::Down => Step::Lines(times),
        Action::Up => Step::Lines(-times),
        Action::PageDown => Step::Lines(page.saturating_mul(times)),
        Action::PageUp => Step::Lines(-page.saturating_mul(times)),
        Action::HalfPageDown => Step::Halves(times),
        Action::HalfPageUp => Step::Halves(-times),
        Action::First => Step::First,
        Action::Last => Step::Last,
        _ => return None,
    })
}

/// Whether only the ledger has it.
const fn is_about_the_ledger(action: Action) -> bool {
    matches!(
        action,
        Action::Filter
            | Action::ClearFilter
            | Action::Search
            | Action::NextMatch
            | Action::PreviousMatch
            | Action::GoTo
            | Action::Mark
            | Action::Wrap
    )
}

const fn window_of(action: Action) -> Option<Window> {
    Some(match action {
        Action::WindowMinute => Window::Minute,
        Action::WindowFiveMinutes => Window::FiveMinutes,
        Action::WindowQuarterHour => Window::QuarterHour,
        Action::WindowHour => Window::Hour,
        Action::WindowDay => Window::Day,
        Action::WindowWeek => Window::Week,
        Action::WindowAll => Window::All,
        _ => return None,
    })
}

/// Goes to a documented table, or to a row of it.
pub(super) fn go_to(logical: &str, key: Option<String>, cx: &mut Cx<'_>) {
    let name = cx.schema.and_then(|schema| schema.catalogued(logical)).map(|relation| relation.name.clone());
    if let Some(relation) = name {
        cx.out.intents.push(Intent::Go(Place { relation, key }));
    }
}

/// A timeline is of an item.
pub(super) fn no_item(what: &str, cx: &mut Cx<'_>) {
    cx.out.say(
        Severity::Info,
        format!("{what} is about no single item: T in the ledger shows what is recorded of the row's"),
    );
}

/// The key of a row by its id column.
pub(crate) fn row_key(relation: &Relation, id: i64) -> RowKey {
    match relation.key {
        KeyKind::Primary(_) => RowKey::Primary(vec![Value::Integer(id)]),
        KeyKind::Rowid { .. } | KeyKind::None => RowKey::Rowid(id),
    }
}
