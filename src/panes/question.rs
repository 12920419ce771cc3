//! The question pane: a question in tabs.
//!
//! Owns the question that is shown, the lines of each tab with the place one looks at, and what was computed for them. Lines are
//! made while updating, once for a width; drawing takes only those on the screen. While another question is read, the one that is
//! shown stays: it gives way when the answer is there, and is dimmed only when that takes long enough to be felt.

mod act;
mod changes;
mod details;
mod diagram;
mod next;
mod queue;
mod raw;
mod strip;
mod tab;
mod tale;
#[cfg(test)]
mod tests;
mod text;
mod view;

use std::{sync::Arc, time::Duration};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use self::{
    next::{Looked, Next},
    tab::Tab,
    tale::Tale,
    text::{Lead, Text},
};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, QuestionRecord, Slot},
    },
    domain::{
        activity::Item,
        question::Question,
        syntax::{Computed, Job},
        time::{self, TimeFormat},
    },
    message::{action::Action, command::Command, event::Timer},
    panes::{
        Cx, Handled, Now, Pane, PromptKind, PromptState, ViewCx, frame, link,
        story::{
            sheet::{Content, Places, Sheet},
            timeline::{self, Timeline},
            works::Works,
        },
    },
    theme::Role,
    widgets::{diff::Shape, rich::RichLine},
};

/// How long nothing is said about waiting.
const PATIENCE: Duration = Duration::from_millis(150);
/// How often the time that was waited is drawn.
const TICK: Duration = Duration::from_millis(250);
/// Lines a turn of the wheel goes.
const WHEEL: i64 = 3;

/// A question that was read.
#[derive(Debug)]
struct Shown {
    id: String,
    record: Arc<QuestionRecord>,
    question: Question,
    texts: Vec<Text>,
    explanation: Vec<Text>,
    diagram: Option<Arc<str>>,
}

impl Shown {
    fn read(id: String, record: &Arc<QuestionRecord>) -> Self {
        let question = Question::read(&record.record);
        Self {
            id,
            texts: Text::of_question(&question),
            explanation: Text::of_explanation(&question),
            diagram: question.diagram.as_deref().map(Arc::from),
            record: Arc::clone(record),
            question,
        }
    }
}

/// A question that is being read.
#[derive(Debug)]
struct Asked {
    id: String,
    since: Duration,
}

/// Why there is no question.
#[derive(Debug, PartialEq)]
enum Problem {
    /// None has this id.
    NotFound(String),
    /// It could not be read.
    Failed(String, Error),
}

impl Problem {
    fn id(&self) -> &str {
        match self {
            Self::NotFound(id) | Self::Failed(id, _) => id,
        }
    }
}

/// The pane.
#[derive(Debug)]
pub struct QuestionPane {
    area: Rect,
    shown: Option<Shown>,
    asked: Option<Asked>,
    problem: Option<Problem>,
    /// Why what is shown could not be read anew.
    stale: Option<Error>,
    /// When what is shown was read, where it is from memory.
    read: Option<Timestamp>,
    /// Whether what is shown was looked at since, where it was read ahead.
    looked: Looked,
    /// What is read ahead.
    next: Vec<Next>,
    tab: Tab,
    sheets: [Sheet; 8],
    works: Works,
    /// What the ledger, the history and the queue say of it.
    tale: Tale,
    /// What is unfolded and marked in the timeline.
    timeline: Timeline,
    /// How diffs stand.
    shape: Shape,
    /// Why it is flagged, and for which width, height and form of times that was written down.
    strip: Vec<RichLine>,
    strip_width: Option<(u16, u16, TimeFormat)>,
    /// How times were shown when the lines were made.
    times: TimeFormat,
    /// What is searched for, in every tab.
    pattern: String,
    /// Before the prompt was opened: pattern and place, to go back to.
    before: Option<(String, (usize, usize))>,
}

impl Default for QuestionPane {
    fn default() -> Self {
        Self::new()
    }
}

impl QuestionPane {
    /// A pane without a question.
    pub fn new() -> Self {
        Self {
            area: Rect::ZERO,
            shown: None,
            asked: None,
            problem: None,
            stale: None,
            read: None,
            looked: Looked::default(),
            next: Vec::new(),
            tab: Tab::default(),
            sheets: Tab::ALL.map(|tab| Sheet::new(tab.wrap())),
            works: Works::default(),
            tale: Tale::default(),
            timeline: Timeline::default(),
            shape: Shape::default(),
            strip: Vec::new(),
            strip_width: None,
            times: TimeFormat::default(),
            pattern: String::new(),
            before: None,
        }
    }

    /// Shows the question with this id; asks for it unless it is there or on its way.
    pub fn show(&mut self, id: String, cx: &mut Cx<'_>) {
        if self.asked.as_ref().is_some_and(|asked| asked.id == id) {
            return;
        }
        let there = self.problem.is_none() && self.shown.as_ref().is_some_and(|shown| shown.id == id);
        if there {
            // Another one was on its way: nobody waits for it any more.
            if self.asked.take().is_some() {
                cx.out.cancel(Slot::Question);
            }
            self.tell(cx);
            return;
        }
        if self.show_next(&id, cx) == Handled::No {
            self.ask(id, cx);
        }
    }

    /// The question that is shown, or on its way.
    pub fn id(&self) -> Option<&str> {
        let asked = self.asked.as_ref().map(|asked| asked.id.as_str());
        let problem = self.problem.as_ref().map(Problem::id);
        asked.or(problem).or(self.shown.as_ref().map(|shown| shown.id.as_str()))
    }

    /// Whether the question of [`Self::id`] is what is on the screen, and not the one before it.
    pub fn is_here(&self) -> bool {
        self.problem.is_none() && self.shown.as_ref().is_some_and(|shown| Some(shown.id.as_str()) == self.id())
    }

    /// What is shown of a question, whole; a decision on it is guarded by that.
    pub fn record(&self) -> Option<&Arc<QuestionRecord>> {
        self.shown.as_ref().filter(|_| self.problem.is_none()).map(|shown| &shown.record)
    }

    /// Shows nothing; what is on its way is void.
    pub fn clear(&mut self, cx: &mut Cx<'_>) {
        if self.asked.take().is_some() {
            cx.out.cancel(Slot::Question);
        }
        self.forget_next(cx);
        self.shown = None;
        self.problem = None;
        self.stale = None;
        self.read = None;
        self.forget_story(cx);
        self.strip_width = None;
        self.sheets.iter_mut().for_each(Sheet::restart);
    }

    /// The database has changed: reads the question that is shown once more, in place.
    pub fn changed(&mut self, cx: &mut Cx<'_>) {
        self.next_is_old(cx);
        if let Some(id) = self.id().map(str::to_owned) {
            let request = Query::Question(id.clone());
            self.expect(id, cx);
            cx.out.ask_again(Slot::Question, request);
            self.tell_again(cx);
        }
    }

    /// Times are shown in another form.
    pub fn settings_changed(&mut self, cx: &mut Cx<'_>) {
        self.lay_out(cx);
    }

    /// An answer from memory: shown at once, until the true one is here.
    pub fn kept(&mut self, answer: &Answer, read: Timestamp, cx: &mut Cx<'_>) -> Handled {
        let (Some(asked), Answer::Question(Some(record))) = (&self.asked, answer) else { return Handled::No };
        if self.problem.is_none() && self.shown.as_ref().is_some_and(|shown| shown.id == asked.id) {
            // What is shown is no older.
            return Handled::No;
        }
        let handled = self.receive(asked.id.clone(), record, cx);
        self.read = Some(read);
        self.lay_out(cx);
        handled
    }

    /// When what is shown was read, where it is from memory.
    pub fn read(&self) -> Option<Timestamp> {
        self.shown.as_ref().and(self.read)
    }

    /// How long until an age on the screen changes; `None` where none is shown. Never less than to the next full minute.
    pub fn next_age(&self, now: Now) -> Option<Duration> {
        let shown = self.shown.as_ref()?;
        let times = [&shown.question.created_at, &shown.question.last_updated];
        let details = self.tab == Tab::Details && times.into_iter().flatten().any(|text| time::parse(text).is_some());
        let story = matches!(self.tab, Tab::Changes | Tab::Queue | Tab::Timeline) && self.tale.story.is_some();
        let known = details || story || !self.strip.is_empty();
        let second = now.wall.as_millisecond().rem_euclid(60_000).unsigned_abs();
        known.then(|| Duration::from_millis(60_000 - second))
    }

    /// The database can be read again: asks once more for what could not be read.
    pub fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        let failed = match (&self.problem, &self.stale) {
            (Some(Problem::Failed(_, error)), _) | (None, Some(error)) => link::is_of_the_way(error),
            _ => false,
        };
        self.story_recovered(cx);
        match self.id().map(str::to_owned).filter(|_| failed && self.asked.is_none()) {
            Some(id) => {
                self.ask(id, cx);
                Handled::Yes
            }
            None => Handled::No,
        }
    }

    fn ask(&mut self, id: String, cx: &mut Cx<'_>) {
        cx.out.ask(Slot::Question, Query::Question(id.clone()));
        self.expect(id, cx);
    }

    fn expect(&mut self, id: String, cx: &mut Cx<'_>) {
        // Asked again for the same one, the wait goes on.
        let since = self.asked.as_ref().filter(|asked| asked.id == id).map_or(cx.now.elapsed, |asked| asked.since);
        self.asked = Some(Asked { id, since });
        self.looked = Looked::Yes;
        cx.out.commands.push(Command::After(PATIENCE, Timer::Progress));
    }

    /// Takes the place of what is shown.
    fn receive(&mut self, id: String, record: &Arc<QuestionRecord>, cx: &mut Cx<'_>) -> Handled {
        let same = self.shown.as_ref().filter(|shown| shown.id == id && self.problem.is_none());
        let was_stale = self.stale.take().is_some() | self.read.take().is_some();
        if same.is_some_and(|shown| shown.record == *record) {
            return if was_stale { Handled::Yes } else { Handled::No };
        }
        if same.is_some() {
            self.sheets.iter_mut().for_each(Sheet::spoil);
        } else {
            self.forget_story(cx);
            self.sheets.iter_mut().for_each(Sheet::restart);
        }
        self.strip_width = None;
        self.problem = None;
        self.shown = Some(Shown::read(id, record));
        Handled::Yes
    }

    fn fail(&mut self, problem: Problem) -> Handled {
        let known = self.problem.as_ref() == Some(&problem);
        self.problem = Some(problem);
        if known { Handled::No } else { Handled::Yes }
    }

    /// Makes the lines of the open tab where they are not there for this width.
    fn lay_out(&mut self, cx: &mut Cx<'_>) {
        if self.times != cx.settings.times {
            self.times = cx.settings.times;
            self.spoil_story();
        }
        self.lay_out_strip(cx);
        let body = self.body();
        let Some(shown) = &self.shown else { return };
        let sheet = &mut self.sheets[self.tab.place()];
        sheet.view.resize(body.width, body.height);
        if body.is_empty() || !sheet.is_stale(body.width) {
            return sheet.mark(&self.pattern);
        }
        let (width, works, style) = (body.width, &mut self.works, (sheet.mode, self.shape));
        let content = match self.tab {
            Tab::Question if shown.texts.is_empty() => nothing("This question has no text."),
            Tab::Question => text::lines(&shown.texts, Lead::Heading, sheet.mode, width, works, cx.out),
            Tab::Explanation if shown.explanation.is_empty() => nothing("This question has no explanation."),
            Tab::Explanation => text::lines(&shown.explanation, Lead::Plain, sheet.mode, width, works, cx.out),
            Tab::Diagram => diagram::lines(shown.diagram.as_ref(), sheet.mode, width, works, cx.out),
            Tab::Details => Content::Lines(details::lines(&shown.question, &shown.record.mappings, cx.now.wall, width)),
            Tab::Raw => Content::Lines(raw::lines(&shown.record.record, width)),
            Tab::Changes => changes::lines(shown, &self.tale, style, width, works, cx),
            Tab::Queue => queue::lines(&self.tale, width, cx),
            Tab::Timeline => match &self.tale.story {
                None => Self::no_story(&self.tale),
                Some(story) => {
                    let fields = timeline::fields(&shown.record.record.relation);
                    self.timeline.lines(story, &Item::question(&shown.id), &fields, (width, self.shape), works, cx)
                }
            },
        };
        sheet.take(content, width);
        sheet.mark(&self.pattern);
        if let Some(next) = self.next_age(cx.now) {
            cx.out.commands.push(Command::After(next, Timer::Ages));
        }
    }

    /// Scrolls the lines of the tab; the selection comes along.
    fn scroll(&mut self, lines: i64) {
        let sheet = self.sheet_mut();
        sheet.view.scroll(0, lines);
        match sheet.kind {
            Places::Items => sheet.select_visible(),
            Places::Changes => sheet.at = None,
        }
    }

    fn sheet(&self) -> &Sheet {
        &self.sheets[self.tab.place()]
    }

    fn sheet_mut(&mut self) -> &mut Sheet {
        &mut self.sheets[self.tab.place()]
    }
}

fn nothing(words: &str) -> Content {
    Content::Notice(vec![("Nothing here".to_owned(), Role::Title), (words.to_owned(), Role::Muted)])
}

impl Pane for QuestionPane {
    fn resize(&mut self, area: Rect, cx: &mut Cx<'_>) {
        self.area = area;
        self.tell(cx);
        self.lay_out(cx);
    }

    fn act(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        self.settle(cx);
        self.do_action(action, count, cx)
    }

    fn prompted(&mut self, kind: PromptKind, text: &str, state: PromptState, _cx: &mut Cx<'_>) {
        if kind == PromptKind::Search {
            self.search(text, state);
        }
    }

    fn reply(&mut self, slot: Slot, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        if slot == Slot::Story {
            return self.told(outcome, cx);
        }
        if slot == Slot::Next {
            return self.next_came(outcome, cx);
        }
        if slot != Slot::Question {
            return Handled::No;
        }
        let Some(Asked { id, since }) = self.asked.take() else { return Handled::No };
        // What was said about waiting goes away in any case.
        let waited = cx.now.elapsed.saturating_sub(since) >= PATIENCE;
        let handled = match outcome {
            Ok(Answer::Question(Some(record))) => self.receive(id, record, cx),
            Ok(Answer::Question(None)) => {
                self.shown = None;
                self.stale = None;
                self.fail(Problem::NotFound(id))
            }
            Ok(_) => Handled::No,
            Err(error) if error.kind == ErrorKind::Cancelled => Handled::No,
            // What was read before is better than nothing.
            Err(error) if self.problem.is_none() && self.shown.as_ref().is_some_and(|shown| shown.id == id) => {
                let news = self.stale.replace(error.clone()).as_ref() != Some(error);
                if news { Handled::Yes } else { Handled::No }
            }
            Err(error) => self.fail(Problem::Failed(id, error.clone())),
        };
        self.tell(cx);
        self.lay_out(cx);
        if waited { Handled::Yes } else { handled }
    }

    fn computed(&mut self, job: &Job, result: &Computed, cx: &mut Cx<'_>) -> Handled {
        if !self.works.take(job, result) {
            return Handled::No;
        }
        for tab in [Tab::Question, Tab::Explanation, Tab::Diagram, Tab::Changes, Tab::Timeline] {
            self.sheets[tab.place()].spoil();
        }
        self.lay_out(cx);
        Handled::Yes
    }

    fn timer(&mut self, timer: Timer, cx: &mut Cx<'_>) -> Handled {
        match timer {
            Timer::Progress => {
                let Some(asked) = &self.asked else { return Handled::No };
                let waited = cx.now.elapsed.saturating_sub(asked.since);
                let next = if waited < PATIENCE { PATIENCE - waited } else { TICK };
                cx.out.commands.push(Command::After(next, Timer::Progress));
                if waited < PATIENCE { Handled::No } else { Handled::Yes }
            }
            Timer::Ages if self.shown.is_some() => {
                self.sheets[Tab::Details.place()].spoil();
                self.spoil_story();
                self.lay_out(cx);
                if self.next_age(cx.now).is_some() { Handled::Yes } else { Handled::No }
            }
            Timer::Preview => {
                self.tell(cx);
                Handled::No
            }
            _ => Handled::No,
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, cx: &mut Cx<'_>) -> Handled {
        let at = Position::new(mouse.column, mouse.row);
        if !matches!(mouse.kind, MouseEventKind::Moved) {
            self.settle(cx);
        }
        match mouse.kind {
            MouseEventKind::ScrollDown => self.scroll(WHEEL),
            MouseEventKind::ScrollUp => self.scroll(-WHEEL),
            MouseEventKind::ScrollRight => self.sheet_mut().view.scroll(WHEEL, 0),
            MouseEventKind::ScrollLeft => self.sheet_mut().view.scroll(-WHEEL, 0),
            MouseEventKind::Down(MouseButton::Left) => {
                if let Some(tab) = frame::tab_at(&view::tabs(self.tab, self.area), self.area, at) {
                    self.open_tab(Tab::ALL[tab.min(Tab::ALL.len() - 1)], cx);
                } else {
                    return self.click(at, cx);
                }
            }
            _ => return Handled::No,
        }
        Handled::Yes
    }

    fn view(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        self.draw(area, buf, cx);
    }
}
