//! An item as it was at a point of its story, and what differs between two points, or between then and now.
//!
//! Rebuilt from the snapshots that are left ([`crate::domain::past`]): each value says where it comes from, and what nobody can know is
//! said, never guessed.

mod lines;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc, time::Duration};

use crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::{buffer::Buffer, layout::Rect};

use self::lines::{Telling, comparable, event_words};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, QuestionRecord, RequestId, Slot},
    },
    domain::{
        activity::Item,
        diff::Comparison,
        past::{Certainty, Chronicle, Past, Point, Then},
        review::Story,
        syntax::{Computed, Job},
        time::iso,
    },
    keymap::Context,
    message::{action::Action, command::Command, severity::Severity},
    panes::{
        Cx, Focus, Handled, Intent, Moments, Now, ViewCx, link, notice,
        overlay::{
            Overlay, Step,
            event::view::{area, inside},
            window,
        },
        story::{
            sheet::{Content, Places, Sheet},
            timeline::{fields_of, place_of},
            when,
            works::Works,
        },
    },
    theme::Role,
    widgets::{
        diff::{self, Folding, Shape},
        rich::RichLine,
        safe, scrollbar,
    },
};

/// Columns a step sideways goes.
const SIDEWAYS: i64 = 4;
/// Lines a turn of the wheel goes.
const WHEEL: i64 = 3;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Showing {
    /// The item at this point.
    Then(Point),
    /// What differs between this point and now.
    UntilNow(Point),
    /// What differs between two points.
    Between(Point, Point),
}

/// The window.
#[derive(Debug)]
pub struct PastView {
    item: Item,
    story: Arc<Story>,
    /// What the story's states say.
    chronicle: Chronicle,
    showing: Showing,
    /// The row as it is, where the item has one that is known.
    now: Option<Arc<QuestionRecord>>,
    asked: Option<RequestId>,
    /// Why the row as it is could not be read.
    error: Option<Error>,
    sheet: Sheet,
    shape: Shape,
    folding: Folding,
    works: Works,
    screen: Rect,
}

impl PastView {
    /// For these points of a story; `None` where the story has no such events.
    pub fn new(item: Item, story: Arc<Story>, moments: Moments, cx: &mut Cx<'_>) -> Option<Self> {
        let there = |at: usize| (at < story.events.len()).then_some(at);
        let showing = match moments {
            Moments::Then(at) => Showing::Then(Point::After(there(at)?)),
            Moments::Between(one, other) => {
                // The newest come first.
                let (earlier, later) = (there(one.max(other))?, there(one.min(other))?);
                Showing::Between(Point::After(earlier), Point::After(later))
            }
        };
        let mut view = Self {
            item,
            chronicle: Chronicle::of(&story),
            story,
            showing,
            now: None,
            asked: None,
            error: None,
            sheet: Sheet::default(),
            shape: Shape::default(),
            folding: Folding::default(),
            works: Works::default(),
            screen: Rect::default(),
        };
        view.ask(cx);
        Some(view)
    }

    /// Asks for the row as it is, where that is a question.
    fn ask(&mut self, cx: &mut Cx<'_>) {
        if self.item.kind == "question" {
            self.error = None;
            self.asked = Some(cx.out.ask(Slot::Cell, Query::Question(self.item.id.clone())));
        }
    }

    fn past(&self, point: Point, order: &[Arc<str>]) -> Past {
        let now = self.now.as_ref().map(|record| &record.record);
        self.chronicle.past(now, order, point)
    }

    fn telling(&self, cx: &Cx<'_>) -> Telling<'_> {
        Telling {
            story: &self.story,
            times: cx.settings.times,
            now: cx.now.wall,
            width: inside(area(self.screen)).width,
            mode: self.sheet.mode,
        }
    }

    fn lay_out(&mut self, cx: &mut Cx<'_>) {
        let inside = inside(area(self.screen));
        self.sheet.view.resize(inside.width, inside.height);
        if inside.is_empty() || self.asked.is_some() && self.now.is_none() {
            return;
        }
        let order = fields_of(&self.item, cx);
        let mut works = std::mem::take(&mut self.works);
        let mut all: Vec<RichLine> = Vec::new();
        let places = match self.showing {
            Showing::Then(point) => {
                let past = self.past(point, &order);
                let telling = self.telling(cx);
                self.head(&past, &telling, &mut all);
                if !past.is_before_the_row() {
                    all.extend(telling.fields(&past, &mut works, cx.out));
                }
                Vec::new()
            }
            Showing::UntilNow(point) => self.difference(point, Point::Now, &order, &mut works, &mut all, cx),
            Showing::Between(from, to) => self.difference(from, to, &order, &mut works, &mut all, cx),
        };
        self.works = works;
        self.sheet.take(Content::Marked { lines: all, places, kind: Places::Changes }, inside.width);
    }

    /// How much of it is known.
    fn head(&self, past: &Past, telling: &Telling<'_>, all: &mut Vec<RichLine>) {
        self.say_no_now(telling, all);
        let count = |wanted: Certainty| {
            let is = |then: &Then| matches!(then, Then::Known(.., certainty) if *certainty == wanted);
            past.fields.iter().filter(|field| is(&field.then)).count()
        };
        let (recorded, follows, unknown) = (count(Certainty::Recorded), count(Certainty::IfAllWasTold), past.unknown());
        let fields = past.fields.len();
        if fields == 0 {
            telling.say("No snapshot of it is left, so nothing can be rebuilt.", Role::Warning, all);
            return;
        }
        if past.is_before_the_row() {
            telling.say("There was no row yet.", Role::Warning, all);
            return;
        }
        let words = match (follows, unknown) {
            (0, 0) => format!("All {fields} fields are recorded (●)."),
            (_, 0) => format!(
                "Of {fields} fields, {recorded} are recorded (●); {follows} follow from other points, if every change was told (○)."
            ),
            _ => format!(
                "Of {fields} fields, {recorded} are recorded (●), {follows} follow from other points, if every change was told (○), \
                 and {unknown} cannot be known (?)."
            ),
        };
        telling.say(&words, if unknown > 0 { Role::Warning } else { Role::Muted }, all);
        all.push(RichLine::default());
    }

    fn say_no_now(&self, telling: &Telling<'_>, all: &mut Vec<RichLine>) {
        if let Some(error) = &self.error {
            let words = format!("The row as it is now cannot be read: {error}. {} · r tries again", error.remedy);
            telling.say(&words, Role::Warning, all);
        } else if self.now.is_none() && self.item.kind == "question" {
            telling.say("There is no such question any more: only its snapshots are left.", Role::Warning, all);
        } else if self.now.is_none() {
            let words = format!("What a {} is like now stands in no table that is known here.", self.item.kind);
            telling.say(&words, Role::Muted, all);
        }
    }

    /// What differs between two points; says where its changes are.
    fn difference(
        &self,
        from: Point,
        to: Point,
        order: &Arc<[Arc<str>]>,
        works: &mut Works,
        all: &mut Vec<RichLine>,
        cx: &mut Cx<'_>,
    ) -> Vec<Range<usize>> {
        let telling = self.telling(cx);
        self.say_no_now(&telling, all);
        let (before, after) = (self.past(from, order), self.past(to, order));
        let (before, after, left_out) = comparable(&before, &after);
        telling.say(&format!("from  {}", self.point(from, &telling)), Role::Muted, all);
        telling.say(&format!("to    {}", self.point(to, &telling)), Role::Muted, all);
        all.push(RichLine::default());
        // A row cannot be compared where none of its fields can.
        let empty = matches!(&before, crate::domain::diff::Side::Row(fields) if fields.is_empty());
        let mut places = Vec::new();
        if !empty {
            // Names are given even where the item's own are not known: both sides are rows.
            let comparison = Comparison::of_rows(before, after, order.iter().cloned());
            match works.diff(comparison, cx.out) {
                None => telling.say("Comparing …", Role::Muted, all),
                Some(found) => {
                    if found.is_same() {
                        telling.say("No difference in what is known of both.", Role::Good, all);
                    }
                    let laid = diff::lay_out(&found, telling.width, self.shape, self.folding);
                    let first = all.len();
                    let ends = laid.changes.iter().skip(1).copied().chain([laid.lines.len()]);
                    places = laid.changes.iter().zip(ends).map(|(start, end)| first + start..first + end).collect();
                    all.extend(laid.lines);
                }
            }
        }
        if !left_out.is_empty() {
            all.push(RichLine::default());
            let fields = if left_out.len() == 1 { "field" } else { "fields" };
            telling.say(&format!("{} {fields} cannot be compared:", left_out.len()), Role::Warning, all);
            for (name, gap) in left_out {
                telling.say(&format!("? {name} · {}", telling.gap(gap)), Role::Muted, all);
            }
        }
        places
    }

    fn point(&self, point: Point, telling: &Telling<'_>) -> String {
        match point {
            Point::Now => "now".to_owned(),
            Point::Before(at) => format!("before {}", telling.event(at)),
            Point::After(at) => format!("after {}", telling.event(at)),
            Point::At(time) => iso(time),
        }
    }

    /// The event that the keys are about.
    fn at(&self) -> Option<usize> {
        match self.showing {
            Showing::Then(point) | Showing::UntilNow(point) | Showing::Between(_, point) => match point {
                Point::Now | Point::At(_) => None,
                Point::Before(at) | Point::After(at) => Some(at),
            },
        }
    }

    /// Shows something else from its top.
    fn show(&mut self, showing: Showing, cx: &mut Cx<'_>) {
        self.showing = showing;
        self.sheet.at = None;
        self.sheet.view.top();
        self.lay_out(cx);
    }

    /// Then, or what differs from now.
    fn turn_to_now(&mut self, cx: &mut Cx<'_>) {
        match self.showing {
            Showing::Then(_) if self.now.is_none() => {
                cx.out.say(Severity::Info, "there is no row now that it could be compared with");
            }
            Showing::Then(point) => self.show(Showing::UntilNow(point), cx),
            Showing::UntilNow(point) => self.show(Showing::Then(point), cx),
            Showing::Between(..) => {}
        }
    }

    /// Before the event, or after it.
    fn turn_side(&mut self, cx: &mut Cx<'_>) {
        let other = |point: Point| match point {
            Point::Before(at) => Point::After(at),
            Point::After(at) => Point::Before(at),
            Point::Now | Point::At(_) => point,
        };
        match self.showing {
            Showing::Then(point) => self.show(Showing::Then(other(point)), cx),
            Showing::UntilNow(point) => self.show(Showing::UntilNow(other(point)), cx),
            Showing::Between(from, to) => self.show(Showing::Between(other(from), to), cx),
        }
    }

    /// To the event before or behind it.
    fn step(&mut self, action: Action, cx: &mut Cx<'_>) {
        let last = self.story.events.len().saturating_sub(1);
        let moved = |point: Point| {
            let (Point::Before(at) | Point::After(at)) = point else { return None };
            let to = if action == Action::Earlier { (at < last).then_some(at + 1)? } else { at.checked_sub(1)? };
            Some(if matches!(point, Point::Before(_)) { Point::Before(to) } else { Point::After(to) })
        };
        let next = match self.showing {
            Showing::Then(point) => moved(point).map(Showing::Then),
            Showing::UntilNow(point) => moved(point).map(Showing::UntilNow),
            Showing::Between(from, to) => moved(to).map(|to| Showing::Between(from, to)),
        };
        match next {
            Some(next) => self.show(next, cx),
            None => cx.out.say(Severity::Info, "there is no event further on"),
        }
    }

    fn fold(&mut self, folding: Folding, cx: &mut Cx<'_>) {
        self.folding = folding;
        let at = self.sheet.at;
        self.lay_out(cx);
        if let Some(place) = at.and_then(|at| self.sheet.places.get(at)) {
            self.sheet.view.go_to(place.start.saturating_sub(2));
        }
    }

    fn scroll(&mut self, columns: i64, lines: i64) {
        self.sheet.view.scroll(columns, lines);
        self.sheet.at = None;
    }

    fn title(&self, cx: &ViewCx<'_>) -> String {
        let item = format!("{} {}", safe::safe_prose(&self.item.kind), safe::safe(&self.item.id));
        let event = |point: Point| {
            let (words, at) = match point {
                Point::Now => return "now".to_owned(),
                Point::At(time) => return iso(time),
                Point::Before(at) => ("before ", at),
                Point::After(at) => ("after ", at),
            };
            let event = self.story.events.get(at);
            format!(
                "{words}{}",
                event.map_or_else(String::new, |event| event_words(event, cx.settings.times, cx.now.wall))
            )
        };
        match self.showing {
            Showing::Then(point) => format!("As it was then · {} · {item}", event(point)),
            Showing::UntilNow(_) => format!("Then and now · {item}"),
            Showing::Between(..) => format!("Between ① and ② · {item}"),
        }
    }

    fn hint(&self, width: u16) -> String {
        let room = usize::from(width.saturating_sub(4));
        let mut parts: Vec<String> = Vec::new();
        let changes = self.sheet.places.len();
        match (self.showing, self.sheet.at) {
            (Showing::Then(point), _) => {
                parts.push("enter compares with now".to_owned());
                let side = if matches!(point, Point::Before(_)) { "tab after it" } else { "tab before it" };
                parts.extend([side, "[ ] earlier, later", "m source"].map(str::to_owned));
            }
            (_, Some(at)) => parts.push(format!("change {} of {changes}", at + 1)),
            (_, None) if changes > 0 => parts.push(format!("{changes} changes: n N")),
            _ => {}
        }
        if let Showing::UntilNow(_) = self.showing {
            parts.push("enter back to then".to_owned());
        }
        if !matches!(self.showing, Showing::Then(_)) {
            parts.extend(["z unfold", "w sides", "[ ] earlier, later"].map(str::to_owned));
        }
        let mut hint = String::new();
        for part in parts {
            let longer = if hint.is_empty() { part } else { format!("{hint} · {part}") };
            if safe::width(&longer) + 6 > room {
                break;
            }
            hint = longer;
        }
        if hint.is_empty() { "esc".to_owned() } else { format!("{hint} · esc") }
    }
}

impl Overlay for PastView {
    fn context(&self) -> Context {
        Context::Event
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        let page = i64::from(inside(area(self.screen)).height).max(1);
        match action {
            Action::Cancel | Action::Quit => {
                if self.asked.take().is_some_and(|id| cx.out.is_newest(Slot::Cell, id)) {
                    cx.out.cancel(Slot::Cell);
                }
                return Step::Close;
            }
            Action::Timeline => return Step::Close,
            Action::Down => self.scroll(0, 1),
            Action::Up => self.scroll(0, -1),
            Action::Right => self.scroll(SIDEWAYS, 0),
            Action::Left => self.scroll(-SIDEWAYS, 0),
            Action::HalfPageDown => self.scroll(0, (page / 2).max(1)),
            Action::HalfPageUp => self.scroll(0, -(page / 2).max(1)),
            Action::PageDown => self.scroll(0, page),
            Action::PageUp => self.scroll(0, -page),
            Action::First => {
                self.sheet.view.top();
                self.sheet.at = None;
            }
            Action::Last => {
                self.sheet.view.bottom();
                self.sheet.at = None;
            }
            Action::NextMatch | Action::PreviousMatch => {
                let by = if action == Action::NextMatch { 1 } else { -1 };
                let _ = self.sheet.step(by);
            }
            Action::Fold => self.fold(self.folding.other(), cx),
            Action::FoldAll => self.fold(Folding::Folded, cx),
            Action::UnfoldAll => self.fold(Folding::Open, cx),
            Action::Wrap => {
                self.shape = if self.shape == Shape::Unified { Shape::Fitting } else { Shape::Unified };
                self.fold(self.folding, cx);
            }
            Action::Raw => {
                self.sheet.mode = self.sheet.mode.other();
                self.lay_out(cx);
            }
            Action::Open => self.turn_to_now(cx),
            Action::NextPane | Action::PreviousPane => self.turn_side(cx),
            Action::Earlier | Action::Later => self.step(action, cx),
            Action::FocusTable => {
                if let Some(event) = self.at().and_then(|at| self.story.events.get(at)) {
                    cx.out.intents.push(Intent::Go(place_of(event, cx)));
                }
            }
            Action::FollowReference | Action::FocusQuestion if self.item.kind == "question" => {
                cx.out.intents.push(Intent::ShowQuestion { id: self.item.id.clone(), focus: Focus::Take });
            }
            Action::Copy => {
                let (text, what) = (self.sheet.view.text(), "text".to_owned());
                cx.out.commands.push(Command::Copy { text, what });
            }
            Action::Refresh => self.ask(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, _cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.scroll(0, WHEEL),
            MouseEventKind::ScrollUp => self.scroll(0, -WHEEL),
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
            Ok(Answer::Question(record)) => self.now.clone_from(record),
            Ok(_) => return Handled::No,
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            Err(error) => self.error = Some(error.clone()),
        }
        self.lay_out(cx);
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
        Some(when::next_minute(now))
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
        window(&self.title(cx), &self.hint(area.width), area, buf, cx);
        let inside = inside(area);
        if inside.is_empty() {
            return;
        }
        if self.asked.is_some() && self.now.is_none() {
            let words = "reading it as it is now …";
            return notice::draw(&[(words, Role::Muted)], inside, buf, cx.theme);
        }
        self.sheet.view.draw(inside, buf, cx.theme);
        let border = Rect { x: area.right() - 1, width: 1, ..inside };
        scrollbar::draw(self.sheet.view.position(), border, buf, cx.theme);
    }
}
