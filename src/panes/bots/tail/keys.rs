//! What the user does in the ledger.

use std::sync::Arc;

use super::{
    Ahead, Heading, SLOT, Tail, Wrap,
    ask::{Target, Wish},
    columns::Column,
    eye::{Eye, Step},
    filter::Filter,
    find::Direction,
    when,
    window::Entry,
};
use ratatui::layout::Position;

use crate::{
    domain::{
        activity::{Item, LedgerRow},
        schema::Relation,
        value::{Bytes, Value},
    },
    message::{action::Action, command::Command},
    panes::{Cx, Focus, Handled, Intent, PromptKind, PromptState, Secrets, Severity, bots::act::row_key},
    widgets::safe::safe,
};

/// Letters of a reason that are filtered on.
const SAME: usize = 120;

impl Tail {
    pub(in crate::panes::bots) fn act(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let handled = self.do_action(action, count, cx);
        self.settle(cx);
        handled
    }

    fn do_action(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        if let Some(step) = step_of(action, count) {
            self.go(step, cx);
            return Handled::Yes;
        }
        match action {
            Action::First => self.first(cx),
            Action::Last => {
                self.moved(cx);
                self.eye.release();
            }
            Action::Left | Action::Right => {
                let times = isize::try_from(count.unwrap_or(1)).unwrap_or(isize::MAX);
                self.settle_cursor();
                self.column = self.columns().beside(self.column, if action == Action::Left { -times } else { times });
            }
            Action::Cancel => return self.cancel(cx),
            Action::Open => self.open(cx),
            Action::FollowReference => self.show_question(cx),
            Action::Timeline => self.show_timeline(cx),
            Action::ViewCell => self.view_reason(cx),
            Action::Copy => self.copy(cx),
            Action::CopyRow => self.copy_row(cx),
            Action::Mark => self.mark(cx),
            Action::Wrap => {
                self.wrap = match self.wrap {
                    Wrap::Cut => Wrap::Wrapped,
                    Wrap::Wrapped => Wrap::Cut,
                };
            }
            Action::SameAs => self.same_as(cx),
            Action::Filter => self.prompt(PromptKind::Filter, "Filter: bot= action= type= since= words", cx),
            Action::ClearFilter if self.filter.is_empty() => {
                cx.out.say(Severity::Info, "no filter is set: f sets one, @ filters by the cell under the cursor");
            }
            Action::ClearFilter => self.set_filter(Filter::default(), cx),
            Action::GoTo => self.prompt(PromptKind::GoTo, "Go to a time (UTC)", cx),
            Action::Search => {
                self.searching_from = Some(self.eye);
                self.prompt(PromptKind::Search, "Search items and reasons", cx);
            }
            Action::NextMatch => self.find_next(Direction::Older, cx),
            Action::PreviousMatch => self.find_next(Direction::Newer, cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    fn go(&mut self, step: Step, cx: &mut Cx<'_>) {
        let (Step::Lines(by) | Step::Halves(by) | Step::Pages(by)) = step;
        self.heading = if by < 0 { Heading::Older } else { Heading::Newer };
        self.moved(cx);
        self.see(|eye, sight| eye.go(sight, step));
    }

    /// Whoever moves wants to see what is there: what was given up is tried again.
    fn moved(&mut self, cx: &mut Cx<'_>) {
        // Where he goes now is where he wants to be.
        if self.asked.take_if(|asked| asked.is_wanted()).is_some() {
            cx.out.cancel(SLOT);
        }
        if self.ahead == Ahead::Stopped {
            self.ahead = Ahead::On;
        }
        self.failed = None;
    }

    fn first(&mut self, cx: &mut Cx<'_>) {
        self.moved(cx);
        self.heading = Heading::Newer;
        if self.window.older().is_some() || matches!(self.window.get(0), Some(Entry::Gap(_))) {
            self.ask(Wish::Jump(Target::First), cx);
        } else {
            self.look_at(0, Eye::put);
        }
    }

    /// One level back: what is searched, what is asked for, then the cursor goes and it follows again.
    fn cancel(&mut self, cx: &mut Cx<'_>) -> Handled {
        if self.asked.as_ref().is_some_and(|asked| asked.is_wanted() || asked.reached.is_some()) {
            self.asked = None;
            self.ahead = Ahead::Stopped;
            cx.out.cancel(SLOT);
        } else if self.failed.take().is_some() {
            self.ahead = Ahead::Stopped;
        } else if self.find.take().is_none() {
            if self.eye.follows() {
                return Handled::No;
            }
            self.eye.release();
        }
        Handled::Yes
    }

    /// Without a cursor, the newest row is meant: the cursor goes there, so that it is seen which one it was.
    fn settle_cursor(&mut self) {
        if self.eye.follows() {
            self.look_at(usize::MAX, Eye::put);
        }
    }

    fn prompt(&self, kind: PromptKind, title: &str, cx: &mut Cx<'_>) {
        let text = match kind {
            PromptKind::Filter => self.filter.expression(),
            PromptKind::Search => self.find.as_ref().map_or_else(String::new, |find| find.pattern.clone()),
            PromptKind::GoTo => String::new(),
        };
        cx.out.intents.push(Intent::Prompt { kind, title: title.to_owned(), text });
    }

    /// The answer to a prompt.
    pub(in crate::panes::bots) fn prompted(
        &mut self,
        kind: PromptKind,
        text: &str,
        state: PromptState,
        cx: &mut Cx<'_>,
    ) {
        match (kind, state) {
            (PromptKind::Search, _) => self.search(text, state, cx),
            (PromptKind::Filter, PromptState::Done) => match Filter::parse(text, cx.now.wall) {
                Ok(filter) => self.set_filter(filter, cx),
                Err(error) => ask_again(kind, "Filter: not understood", text, &error, cx),
            },
            (PromptKind::GoTo, PromptState::Done) => match when::parse(text, cx.now.wall) {
                Ok(moment) => {
                    self.moved(cx);
                    self.ask(Wish::Jump(Target::Time(moment.first)), cx);
                }
                Err(error) => ask_again(kind, "Go to a time: not understood", text, &error, cx),
            },
            _ => {}
        }
        self.settle(cx);
    }

    fn mark(&mut self, cx: &mut Cx<'_>) {
        let newest = self.window.len().checked_sub(1);
        let at = self.eye.cursor(&self.window).or(newest);
        match at.and_then(|at| self.window.get(at)) {
            Some(Entry::Row(row)) => {
                let id = row.data.id;
                if self.marks.remove(&id).is_none() {
                    self.marks.insert(id, cx.now.wall);
                }
            }
            Some(Entry::Gap(_)) => cx.out.say(Severity::Info, "only rows can be marked: Enter reads those of the gap"),
            None => {}
        }
    }

    /// Only rows that have the same in the column under the cursor; or again all of them.
    fn same_as(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        let column = self.columns().shown(self.column);
        let Some(Entry::Row(row)) = self.entry() else { return };
        let mut filter = self.filter.clone();
        let toggled = |values: &mut Vec<String>, value: &str| {
            let is_set = values.len() == 1 && values.iter().any(|one| one == value);
            *values = if is_set { Vec::new() } else { vec![value.to_owned()] };
        };
        let data = &row.data;
        match column {
            Column::Time => match row.at {
                Some(_) if filter.since.is_some() && filter.since == filter.until => {
                    (filter.since, filter.until) = (None, None);
                }
                Some(at) => filter.minute(at),
                None => return cx.out.say(Severity::Info, "this row has no time that can be read"),
            },
            Column::Bot => toggled(&mut filter.bots, &data.bot),
            Column::Action => toggled(&mut filter.actions, &data.action),
            Column::Kind => toggled(&mut filter.kinds, &data.item_type),
            Column::Item => {
                let is_set = filter.item.as_ref() == Some(&data.item_id);
                filter.item = (!is_set).then(|| data.item_id.clone());
            }
            Column::Reason => match data.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()) {
                Some(reason) => {
                    let end = reason.char_indices().nth(SAME).map_or(reason.len(), |(end, _)| end);
                    let text = reason[..end].to_owned();
                    filter.text = (filter.text.as_ref() != Some(&text)).then_some(text);
                }
                None => return cx.out.say(Severity::Info, "this row has no reason to filter by"),
            },
        }
        self.set_filter(filter, cx);
    }

    fn relation<'a>(cx: &Cx<'a>) -> Option<&'a Arc<Relation>> {
        cx.schema.and_then(|schema| schema.catalogued("botLedger"))
    }

    /// What a row changed; the rows of a gap.
    fn open(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        match self.entry() {
            Some(Entry::Row(row)) => {
                if let Some(relation) = Self::relation(cx) {
                    let key = row_key(relation, row.data.id);
                    cx.out.intents.push(Intent::ShowEvent { relation: Arc::clone(relation), key });
                }
            }
            Some(Entry::Gap(gap)) => {
                let gap = *gap;
                self.heading = Heading::Newer;
                self.ask(Wish::GapsStart(gap), cx);
            }
            None => {}
        }
    }

    fn show_question(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        match self.row() {
            Some(row) if row.item_type == "question" => {
                let id = row.item_id.clone();
                cx.out.intents.push(Intent::ShowQuestion { id, focus: Focus::Take });
            }
            Some(row) => {
                let item = format!("{} {}", safe(&row.item_type), safe(&row.item_id));
                cx.out.say(Severity::Info, format!("{item} is no question: T shows what is recorded of it"));
            }
            None => {}
        }
    }

    fn show_timeline(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        if let Some(row) = self.row() {
            let item = Item { kind: row.item_type.clone(), id: row.item_id.clone() };
            cx.out.intents.push(Intent::ShowTimeline(item));
        }
    }

    /// The whole reason.
    fn view_reason(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        let Some((id, value)) = self.row().map(|row| (row.id, reason(row))) else { return };
        let Some(relation) = Self::relation(cx) else { return };
        let Some(column) = relation.column("reason") else { return };
        let key = row_key(relation, id);
        let relation = Arc::clone(relation);
        cx.out.intents.push(Intent::ShowCell { relation, key, column, value, secrets: Secrets::Masked });
    }

    /// The row as a line of text.
    fn copy(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        let Some(row) = self.row() else { return };
        let created = row.created_at.as_deref().unwrap_or_default();
        let reason = row.reason.as_deref().unwrap_or_default();
        let text = [created, &row.bot, &row.action, &row.item_type, &row.item_id, reason].join("\t");
        cx.out.commands.push(Command::Copy { text, what: "ledger row".to_owned() });
    }

    fn copy_row(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        if let (Some(relation), Some(id)) = (Self::relation(cx), self.row().map(|row| row.id)) {
            let key = row_key(relation, id);
            let relation = Arc::clone(relation);
            cx.out.intents.push(Intent::CopyRow { relation, key, secrets: Secrets::Masked });
        }
    }

    pub(in crate::panes::bots) fn wheel(&mut self, by: isize, cx: &mut Cx<'_>) {
        self.moved(cx);
        self.heading = if by < 0 { Heading::Older } else { Heading::Newer };
        self.see(|eye, sight| eye.wheel(sight, by));
        self.settle(cx);
    }

    /// A click on this line of the screen: the cursor goes there, to the column. Whether it stood there already.
    pub(in crate::panes::bots) fn click(&mut self, at: Position, cx: &mut Cx<'_>) -> Clicked {
        let Position { x, y } = at;
        let body = self.split().body;
        if y < body.y {
            return Clicked::Elsewhere;
        }
        let line = isize::try_from(y - body.y).unwrap_or(0);
        let hit =
            self.screen().into_iter().find(|placed| (placed.y..placed.y + placed.height as isize).contains(&line));
        let Some(hit) = hit else { return Clicked::Elsewhere };
        let before = self.eye.cursor(&self.window);
        let columns = self.columns();
        let inside = |column: &Column| columns.cell(*column).is_some_and(|cell| body.x + cell.x <= x);
        self.column = Column::ALL.into_iter().rev().find(inside).unwrap_or(self.column);
        self.look_at(hit.at, Eye::put);
        self.settle(cx);
        if before == Some(hit.at) { Clicked::Again } else { Clicked::New }
    }
}

/// Where a click went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::panes::bots) enum Clicked {
    /// On the line that has the cursor.
    Again,
    /// On another one.
    New,
    /// On none.
    Elsewhere,
}

/// What was typed is not lost: it is there to be corrected.
fn ask_again(kind: PromptKind, title: &str, text: &str, error: &str, cx: &mut Cx<'_>) {
    cx.out.say(Severity::Warning, safe(error).into_owned());
    cx.out.intents.push(Intent::Prompt { kind, title: title.to_owned(), text: text.to_owned() });
}

fn step_of(action: Action, count: Option<u64>) -> Option<Step> {
    let times = isize::try_from(count.unwrap_or(1)).unwrap_or(isize::MAX);
    Some(match action {
        Action::Down => Step::Lines(times),
        Action::Up => Step::Lines(-times),
        Action::PageDown => Step::Pages(times),
        Action::PageUp => Step::Pages(-times),
        Action::HalfPageDown => Step::Halves(times),
        Action::HalfPageUp => Step::Halves(-times),
        _ => return None,
    })
}

/// What is here of a reason, which is its first kilobyte: a longer one is fetched whole by who shows it.
fn reason(row: &LedgerRow) -> Value {
    const ALMOST_CUT: usize = 1000;
    match &row.reason {
        None => Value::Null,
        Some(text) if text.len() < ALMOST_CUT => Value::text(text),
        Some(text) => Value::Text(Bytes::cut(format!("{text} ").as_bytes(), text.len())),
    }
}
