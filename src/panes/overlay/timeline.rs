//! The timeline of any item in a window: the same lines and keys as the question's tab has.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, RequestId, Slot},
    },
    domain::{
        activity::Item,
        review::Story,
        syntax::{Computed, Job},
    },
    keymap::Context,
    message::{action::Action, command::Command, severity::Severity},
    panes::{
        Cx, Focus, Handled, Intent, Now, ViewCx, link, notice,
        overlay::{
            Overlay, Step,
            event::view::{area, inside},
            window,
        },
        story::{
            sheet::Sheet,
            timeline::{Timeline, fields_of, place_of},
            when,
            works::Works,
        },
    },
    theme::Role,
    widgets::{diff::Shape, pen::Pen, safe, scrollbar},
};

/// Lines a turn of the wheel goes.
const WHEEL: i64 = 3;

/// The window.
#[derive(Debug)]
pub struct TimelineView {
    item: Item,
    story: Option<Arc<Story>>,
    error: Option<Error>,
    asked: Option<RequestId>,
    timeline: Timeline,
    sheet: Sheet,
    shape: Shape,
    works: Works,
    screen: Rect,
}

impl TimelineView {
    /// For this item; asks for its story.
    pub fn new(item: Item, cx: &mut Cx<'_>) -> Self {
        let asked = Some(cx.out.ask(Slot::Cell, Query::Story(item.clone())));
        Self {
            item,
            story: None,
            error: None,
            asked,
            timeline: Timeline::default(),
            sheet: Sheet::default(),
            shape: Shape::default(),
            works: Works::default(),
            screen: Rect::default(),
        }
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        self.asked = Some(cx.out.ask_again(Slot::Cell, Query::Story(self.item.clone())));
    }

    fn lay_out(&mut self, cx: &mut Cx<'_>) {
        let inside = inside(area(self.screen));
        self.sheet.view.resize(inside.width, inside.height);
        let Some(story) = &self.story else { return };
        let fields = fields_of(&self.item, cx);
        let style = (inside.width, self.shape);
        let content = self.timeline.lines(story, &self.item, &fields, style, &mut self.works, cx);
        self.sheet.take(content, inside.width);
    }

    /// The selected event stays on the screen.
    fn lay_out_selected(&mut self, cx: &mut Cx<'_>) {
        self.lay_out(cx);
        if let Some(at) = self.sheet.at {
            self.sheet.select(at);
        }
    }

    fn act_on_event(&mut self, action: Action, cx: &mut Cx<'_>) -> Handled {
        let at = self.sheet.at.filter(|_| self.sheet.selected().is_some());
        let Some(story) = self.story.clone() else { return Handled::No };
        let handled = self.timeline.act(action, at, (&story, &self.item), cx);
        if handled == Handled::Yes {
            self.lay_out_selected(cx);
        }
        handled
    }

    fn go_to_row(&self, cx: &mut Cx<'_>) {
        let event = self.story.as_ref().zip(self.sheet.at).and_then(|(story, at)| story.events.get(at));
        if let Some(event) = event {
            cx.out.intents.push(Intent::Go(place_of(event, cx)));
        }
    }

    fn follow(&self, cx: &mut Cx<'_>) {
        if self.item.kind == "question" {
            cx.out.intents.push(Intent::ShowQuestion { id: self.item.id.clone(), focus: Focus::Take });
        } else {
            let words = format!("{} {}: only questions open", safe::safe(&self.item.kind), safe::safe(&self.item.id));
            cx.out.say(Severity::Info, words);
        }
    }

    fn scroll(&mut self, lines: i64) {
        self.sheet.view.scroll(0, lines);
        self.sheet.select_visible();
    }

    fn ends(&mut self, action: Action) {
        let last = self.sheet.places.len().saturating_sub(1);
        if action == Action::First {
            self.sheet.view.top();
        } else {
            self.sheet.view.bottom();
        }
        if !self.sheet.places.is_empty() {
            self.sheet.at = Some(if action == Action::First { 0 } else { last });
        }
    }
}

impl Overlay for TimelineView {
    fn context(&self) -> Context {
        Context::Timeline
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        let page = i64::from(inside(area(self.screen)).height).max(1);
        match action {
            Action::Cancel | Action::Quit => {
                if action == Action::Cancel && self.timeline.unmark() == Handled::Yes {
                    self.lay_out_selected(cx);
                    return Step::Stay;
                }
                if self.asked.take().is_some_and(|id| cx.out.is_newest(Slot::Cell, id)) {
                    cx.out.cancel(Slot::Cell);
                }
                return Step::Close;
            }
            Action::Timeline => return Step::Close,
            Action::Down | Action::Up => {
                let by = if action == Action::Down { 1 } else { -1 };
                if !self.sheet.select_by(by) {
                    self.scroll(by);
                }
            }
            Action::PageDown => self.scroll(page),
            Action::PageUp => self.scroll(-page),
            Action::HalfPageDown => self.scroll((page / 2).max(1)),
            Action::HalfPageUp => self.scroll(-(page / 2).max(1)),
            Action::First | Action::Last => self.ends(action),
            Action::Wrap => {
                self.shape = if self.shape == Shape::Unified { Shape::Fitting } else { Shape::Unified };
                self.lay_out_selected(cx);
            }
            Action::FollowReference | Action::FocusQuestion => self.follow(cx),
            Action::FocusTable => self.go_to_row(cx),
            Action::Refresh => self.ask(cx),
            Action::Copy => {
                let (text, what) = (self.sheet.view.text(), "timeline".to_owned());
                cx.out.commands.push(Command::Copy { text, what });
            }
            _ => {
                let _ = self.act_on_event(action, cx);
            }
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, cx: &mut Cx<'_>) -> Step {
        let (inside, at) = (inside(area(self.screen)), Position { x: mouse.column, y: mouse.row });
        match mouse.kind {
            MouseEventKind::ScrollDown => self.scroll(WHEEL),
            MouseEventKind::ScrollUp => self.scroll(-WHEEL),
            MouseEventKind::Down(MouseButton::Left) if inside.contains(at) => {
                let line = self.sheet.view.offset().1 + usize::from(at.y - inside.y);
                if let Some(item) = self.sheet.places.iter().position(|place| place.contains(&line)) {
                    let again = self.sheet.at == Some(item);
                    self.sheet.at = Some(item);
                    if again {
                        let _ = self.act_on_event(Action::Open, cx);
                    }
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        if !self.asked.is_some_and(|id| cx.out.is_newest(Slot::Cell, id)) {
            return Handled::No;
        }
        self.asked = None;
        match outcome {
            Ok(Answer::Story(story)) => {
                self.error = None;
                self.story = Some(Arc::clone(story));
                self.sheet.spoil();
                self.lay_out(cx);
            }
            Ok(_) => return Handled::No,
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            Err(error) => self.error = Some(error.clone()),
        }
        Handled::Yes
    }

    fn uncovered(&mut self, cx: &mut Cx<'_>) {
        if self.asked.is_some_and(|id| !cx.out.is_newest(Slot::Cell, id)) {
            self.ask(cx);
        }
    }

    fn gives_way(&self) -> bool {
        true
    }

    fn next_age(&self, now: Now) -> Option<Duration> {
        self.story.as_ref().map(|_| when::next_minute(now))
    }

    fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        if self.asked.is_some() || !self.error.as_ref().is_some_and(link::is_of_the_way) {
            return Handled::No;
        }
        self.ask(cx);
        Handled::Yes
    }

    fn computed(&mut self, job: &Job, result: &Computed, cx: &mut Cx<'_>) -> Handled {
        if !self.works.take(job, result) {
            return Handled::No;
        }
        self.lay_out(cx);
        Handled::Yes
    }

    fn resize(&mut self, screen: Rect, cx: &mut Cx<'_>) {
        self.screen = screen;
        self.lay_out(cx);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = area(screen);
        let title = format!("Timeline · {} {}", safe::safe_prose(&self.item.kind), safe::safe(&self.item.id));
        let hint = match (area.width, &self.error, &self.story) {
            (_, Some(error), Some(_)) => format!("not read anew: {} · r · esc", link::shortly(error)),
            (..56, ..) => "enter opens · space marks · esc".to_owned(),
            (56..90, ..) => "enter opens · space marks · A as it was · z · esc".to_owned(),
            _ if self.item.kind == "question" => {
                "enter opens · z unfolds · space marks a point · A as it was then · o question · g r row · esc"
                    .to_owned()
            }
            _ => "enter opens · z unfolds · space marks a point · A as it was then · g r row · esc".to_owned(),
        };
        window(&title, &hint, area, buf, cx);
        let inside = inside(area);
        if inside.is_empty() {
            return;
        }
        if self.story.is_none() {
            let words = match &self.error {
                Some(error) if self.asked.is_none() => vec![
                    (format!("The story cannot be read: {}", error.what), Role::Bad),
                    (error.remedy.clone(), Role::Muted),
                    ("r tries again.".to_owned(), Role::Muted),
                ],
                _ => vec![("Reading what is recorded of it …".to_owned(), Role::Muted)],
            };
            let words: Vec<_> = words.iter().map(|(text, role)| (text.as_str(), *role)).collect();
            return notice::draw(&words, inside, buf, cx.theme);
        }
        if !self.sheet.notice.is_empty() {
            let words: Vec<_> = self.sheet.notice.iter().map(|(text, role)| (text.as_str(), *role)).collect();
            return notice::draw(&words, inside, buf, cx.theme);
        }
        self.sheet.view.draw(inside, buf, cx.theme);
        let row = self.sheet.selected().and_then(|place| place.start.checked_sub(self.sheet.view.offset().1));
        if let Some(row) = row.and_then(|row| u16::try_from(row).ok()).filter(|row| *row < inside.height) {
            Pen::over(buf, Rect { y: inside.y + row, height: 1, ..inside }, cx.theme, Role::Selected);
        }
        let border = Rect { x: area.right() - 1, width: 1, ..inside };
        scrollbar::draw(self.sheet.view.position(), border, buf, cx.theme);
    }
}
