//! A whole cell: JSON as a tree or as text, Markdown rendered or raw, a diagram drawn or as source, blobs in hexadecimal.

pub(in crate::panes::overlay) mod content;

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use content::Content;

use crate::{
    db::{
        error::Error,
        request::{Answer, Query, Slot},
    },
    domain::{
        catalogue::Meaning,
        page::RowKey,
        record_text::{MASK, is_masked},
        schema::{Column, Relation},
        syntax::{Computed, HighlightedLines, Job},
        value::{Secrets, Value},
    },
    keymap::Context,
    message::{action::Action, command::Command, severity::Severity},
    panes::{
        Access, Cx, EditHow, Handled, Intent, ViewCx, link,
        overlay::{Overlay, Step, centred, window},
    },
    theme::Role,
    widgets::{
        json_tree::JsonTree,
        markdown::Document,
        prompt::LineInput,
        rich::{Wrap, plain},
        safe::safe,
        scrollbar,
    },
};

/// Text longer than this is not rendered, only shown: rendering would hold up the screen.
const MOST_RENDERED: usize = 1 << 20;

/// Rendered, or as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rendering {
    Rendered,
    Raw,
}

/// The whole cell.
#[derive(Debug)]
pub struct CellView {
    relation: Arc<Relation>,
    key: RowKey,
    column: usize,
    value: Value,
    secrets: Secrets,
    rendering: Rendering,
    content: Content,
    document: Option<Document>,
    /// Background work that is awaited, and what came of it.
    jobs: Vec<Job>,
    highlighted: Vec<(Job, Arc<HighlightedLines>)>,
    searching: Option<LineInput>,
    /// When what is shown was read, where it is from memory.
    read: Option<Timestamp>,
    /// Why the whole cell is not here.
    failed: Option<Error>,
    screen: Rect,
}

impl CellView {
    /// For this cell; fetches the rest where `value` is only its beginning.
    pub fn new(
        relation: Arc<Relation>,
        key: RowKey,
        column: usize,
        value: Value,
        secrets: Secrets,
        cx: &mut Cx<'_>,
    ) -> Self {
        let mut view = Self {
            relation,
            key,
            column,
            value,
            secrets,
            rendering: Rendering::Rendered,
            content: Content::Loading,
            document: None,
            jobs: Vec::new(),
            highlighted: Vec::new(),
            searching: None,
            read: None,
            failed: None,
            screen: Rect::default(),
        };
        if view.value.is_cut() && !view.is_masked() {
            view.fetch(cx);
        } else {
            view.show(cx);
        }
        view
    }

    fn fetch(&mut self, cx: &mut Cx<'_>) {
        self.failed = None;
        self.content = Content::Loading;
        let query = Query::Cell { relation: self.relation.clone(), key: self.key.clone(), column: self.column };
        cx.out.ask(Slot::Cell, query);
    }

    fn of(&self) -> Option<&Column> {
        self.relation.columns.get(self.column)
    }

    fn meaning(&self) -> Meaning {
        self.of().and_then(|column| column.facts).map_or(Meaning::Plain, |facts| facts.meaning)
    }

    fn is_masked(&self) -> bool {
        self.of().is_some_and(|column| is_masked(column, &self.value, self.secrets))
    }

    /// Chooses how to show the value, and asks for the background work that it wants.
    fn show(&mut self, cx: &mut Cx<'_>) {
        self.document = None;
        self.jobs.clear();
        self.content = if self.is_masked() {
            Content::Failed(format!("{MASK}  a secret: M reveals it"))
        } else {
            self.content_of(cx)
        };
        self.lay_out();
    }

    fn content_of(&mut self, cx: &mut Cx<'_>) -> Content {
        let lines = Content::lines;
        let text = match &self.value {
            Value::Null => return lines(plain("NULL", Role::Null), Wrap::Wrap),
            Value::Integer(_) => return lines(plain(&self.value.to_plain(), Role::Integer), Wrap::Wrap),
            Value::Real(_) => return lines(plain(&self.value.to_plain(), Role::Real), Wrap::Wrap),
            Value::Blob(_) => return Content::Hex(0),
            Value::Text(bytes) if bytes.total() == 0 => {
                return lines(plain("'' (empty text)", Role::Empty), Wrap::Wrap);
            }
            Value::Text(bytes) => match (std::str::from_utf8(bytes.head()), self.rendering) {
                (Ok(text), _) => text.to_owned(),
                (Err(_), Rendering::Raw) => String::from_utf8_lossy(bytes.head()).into_owned(),
                // Text that is not UTF-8: the bytes say more than question marks.
                (Err(_), Rendering::Rendered) => return Content::Hex(0),
            },
        };
        if self.rendering == Rendering::Raw || text.len() > MOST_RENDERED {
            let wrap = if text.len() > MOST_RENDERED { Wrap::Cut } else { Wrap::Wrap };
            return lines(plain(&text, Role::Text), wrap);
        }
        match self.meaning() {
            Meaning::Markdown => {
                let document = Document::parse(&text);
                self.jobs = document.jobs();
                self.document = Some(document);
                self.order(cx);
                lines(Vec::new(), Wrap::Cut)
            }
            Meaning::Mermaid => {
                let width = inside(area(self.screen)).width.max(40);
                self.jobs = vec![Job::Diagram { source: text.as_str().into(), width }];
                self.order(cx);
                lines(plain(&text, Role::Text), Wrap::Cut)
            }
            _ if JsonTree::looks_like(&text) => match JsonTree::parse(&text) {
                Ok(tree) => Content::Json(Box::new(tree)),
                Err(error) => {
                    let mut all = plain(&format!("not valid JSON: {error}"), Role::Warning);
                    all.extend(plain("", Role::Text));
                    all.extend(plain(&text, Role::Text));
                    lines(all, Wrap::Wrap)
                }
            },
            _ => lines(plain(&text, Role::Text), Wrap::Wrap),
        }
    }

    fn order(&self, cx: &mut Cx<'_>) {
        for job in &self.jobs {
            if !self.highlighted.iter().any(|(known, _)| known == job) {
                cx.out.commands.push(Command::Compute(job.clone()));
            }
        }
    }

    /// Fits the content to the screen.
    fn lay_out(&mut self) {
        let inside = inside(area(self.screen));
        if let (Some(document), Content::Lines(view)) = (&self.document, &mut self.content) {
            let known = &self.highlighted;
            view.replace_lines(document.lines(inside.width, &|job| {
                known.iter().find(|(done, _)| done == job).map(|(_, lines)| lines.clone())
            }));
        }
        self.content.resize(inside, &self.value);
    }

    fn scroll(&mut self, columns: i64, rows: i64) {
        self.content.scroll(columns, rows, inside(area(self.screen)), &self.value);
    }

    fn copy(&self, what: Copied, cx: &mut Cx<'_>) {
        if self.is_masked() {
            cx.out.say(Severity::Warning, "a masked secret is not copied: M reveals it");
            return;
        }
        let (text, what) = match (&self.content, what) {
            (Content::Loading, _) => {
                cx.out.say(Severity::Warning, "the cell is still being read: copy it when it is there");
                return;
            }
            (Content::Json(tree), Copied::Path) => (tree.path(), "path"),
            (Content::Json(tree), Copied::Value) => (tree.value(), "value"),
            _ => (self.value.to_plain().into_owned(), "cell"),
        };
        cx.out.commands.push(Command::Copy { text, what: what.to_owned() });
    }

    /// The area it takes: no larger than what is shown, so that a number does not hide the screen.
    fn fitted(&self, screen: Rect) -> Rect {
        let whole = area(screen);
        let rows = self.content.rows(inside(whole).width, &self.value);
        let height = u16::try_from(rows).unwrap_or(u16::MAX).max(3).saturating_add(2);
        centred(screen, whole.width, height.min(whole.height))
    }

    fn title(&self) -> String {
        let name = self.of().map_or_else(String::new, |column| safe(&column.name).into_owned());
        format!("{} · {name}", safe(&self.relation.name))
    }

    fn hint(&self) -> String {
        match &self.content {
            Content::Json(tree) => format!("{} · z fold · y copy · Y path · m raw · esc", safe(&tree.path())),
            Content::Lines(view) if view.match_count() > 0 => {
                format!("{} of {} · n N", view.match_number().unwrap_or_default(), view.match_count())
            }
            Content::Lines(_) => "y copy · / search · w wrap · m raw · esc".to_owned(),
            Content::Hex(_) => "y copy · esc".to_owned(),
            Content::Loading | Content::Failed(_) => "esc".to_owned(),
        }
    }
}

#[derive(Clone, Copy)]
enum Copied {
    Value,
    Path,
}

/// The largest area it takes: a margin on large screens.
fn area(screen: Rect) -> Rect {
    let side = if screen.width > 100 { screen.width / 10 } else { 1 };
    let height = if screen.height > 20 { screen.height - 4 } else { screen.height };
    centred(screen, screen.width.saturating_sub(2 * side), height)
}

fn inside(area: Rect) -> Rect {
    let inside = crate::panes::frame::inner(area);
    Rect { x: inside.x + u16::from(inside.width > 2), width: inside.width.saturating_sub(2), ..inside }
}

impl Overlay for CellView {
    fn context(&self) -> Context {
        if self.searching.is_some() { Context::Prompt } else { Context::Cell }
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        if self.searching.is_some() {
            if matches!(action, Action::Open | Action::Cancel) {
                self.searching = None;
            }
            return Step::Stay;
        }
        let page = i64::from(inside(area(self.screen)).height);
        match action {
            Action::Cancel | Action::Open | Action::ViewCell | Action::Quit => {
                if matches!(self.content, Content::Loading) || self.read.is_some() {
                    cx.out.cancel(Slot::Cell);
                }
                return Step::Close;
            }
            Action::Down => self.scroll(0, 1),
            Action::Up => self.scroll(0, -1),
            Action::Right => self.scroll(8, 0),
            Action::Left => self.scroll(-8, 0),
            Action::HalfPageDown => self.scroll(0, page / 2),
            Action::HalfPageUp => self.scroll(0, -page / 2),
            Action::PageDown => self.scroll(0, page),
            Action::PageUp => self.scroll(0, -page),
            Action::First => self.content.first(),
            Action::Last => self.content.last(inside(area(self.screen)), &self.value),
            Action::Fold => {
                if let Content::Json(tree) = &mut self.content {
                    tree.toggle();
                }
            }
            Action::FoldAll => {
                if let Content::Json(tree) = &mut self.content {
                    tree.fold_all();
                }
            }
            Action::UnfoldAll => {
                if let Content::Json(tree) = &mut self.content {
                    tree.unfold_all();
                }
            }
            Action::Wrap => {
                if let Content::Lines(view) = &mut self.content {
                    view.set_wrap(if view.wrap() == Wrap::Cut { Wrap::Wrap } else { Wrap::Cut });
                }
            }
            Action::Raw => {
                self.rendering = match self.rendering {
                    Rendering::Rendered => Rendering::Raw,
                    Rendering::Raw => Rendering::Rendered,
                };
                self.show(cx);
            }
            Action::Reveal => {
                self.secrets = Secrets::Revealed;
                self.show(cx);
            }
            Action::Search => self.searching = Some(LineInput::default()),
            Action::NextMatch | Action::PreviousMatch => {
                if let Content::Lines(view) = &mut self.content {
                    if action == Action::NextMatch { view.next_match() } else { view.previous_match() }
                }
            }
            Action::Edit | Action::EditExternal => {
                let how = if action == Action::Edit { EditHow::InPlace } else { EditHow::External };
                let (relation, key) = (Arc::clone(&self.relation), self.key.clone());
                cx.out.intents.push(Intent::EditCell { relation, key, column: self.column, how });
                // Without writing the cell stays, and why it is not edited is said over it.
                if cx.settings.access == Access::Writing {
                    return Step::Close;
                }
            }
            Action::Copy => self.copy(Copied::Value, cx),
            Action::CopyPath | Action::CopyRow => self.copy(Copied::Path, cx),
            _ => {}
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, _cx: &mut Cx<'_>) -> Step {
        if let Some(input) = &mut self.searching
            && input.key(key)
            && let Content::Lines(view) = &mut self.content
        {
            view.search(input.text());
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_>) {
        if let Some(input) = &mut self.searching
            && input.paste(text)
            && let Content::Lines(view) = &mut self.content
        {
            view.search(input.text());
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, _cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.scroll(0, 3),
            MouseEventKind::ScrollUp => self.scroll(0, -3),
            MouseEventKind::Down(MouseButton::Left) => {
                let inside = inside(self.fitted(self.screen));
                if let Content::Json(tree) = &mut self.content
                    && inside.contains((mouse.column, mouse.row).into())
                    && tree.click(mouse.row - inside.y)
                {
                    tree.toggle();
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let kept = self.read.take().is_some();
        if !kept && !matches!(self.content, Content::Loading) {
            return Handled::No;
        }
        match outcome {
            // What came from memory was true.
            Ok(Answer::Cell(Some(value))) if kept && self.value == **value => {}
            Ok(Answer::Cell(Some(value))) => {
                self.value = (**value).clone();
                self.show(cx);
            }
            Ok(Answer::Cell(None)) => self.content = Content::Failed("the row is gone".to_owned()),
            Ok(_) => return Handled::No,
            Err(error) if kept => {
                cx.out.say(Severity::Warning, format!("the cell was not read anew: {}", safe(&error.what)));
            }
            Err(error) => {
                self.content = Content::Failed(format!("{error}. {}", error.remedy));
                self.failed = Some(error.clone());
            }
        }
        Handled::Yes
    }

    fn kept(&mut self, answer: &Answer, read: Timestamp, cx: &mut Cx<'_>) -> Handled {
        let Answer::Cell(Some(value)) = answer else { return Handled::No };
        if !matches!(self.content, Content::Loading) {
            return Handled::No;
        }
        self.value = (**value).clone();
        self.show(cx);
        self.read = Some(read);
        Handled::Yes
    }

    fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        if !self.failed.as_ref().is_some_and(link::is_of_the_way) {
            return Handled::No;
        }
        self.fetch(cx);
        Handled::Yes
    }

    fn computed(&mut self, job: &Job, result: &Computed, _cx: &mut Cx<'_>) -> Handled {
        if !self.jobs.contains(job) {
            return Handled::No;
        }
        match result {
            Computed::Highlighted(lines) => {
                self.highlighted.push((job.clone(), lines.clone()));
                self.lay_out();
            }
            Computed::Diff(_) => {}
            Computed::Diagram(drawn) => {
                if let Content::Lines(view) = &mut self.content {
                    match drawn {
                        Ok(drawn) => {
                            let drawn = drawn.join("\n");
                            view.set_lines(plain(&drawn, Role::Diagram));
                        }
                        Err(why) => {
                            let mut lines = plain(&format!("cannot be drawn: {why}"), Role::Warning);
                            lines.extend(view.lines().iter().cloned());
                            view.set_lines(lines);
                        }
                    }
                }
            }
            Computed::Json(_) => {}
        }
        Handled::Yes
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.screen = screen;
        self.lay_out();
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let whole = self.fitted(screen);
        let title = match self.read {
            Some(read) => format!("{} · {}", self.title(), link::old(link::between(read, cx.now.wall))),
            None => self.title(),
        };
        window(&title, &self.hint(), whole, buf, cx);
        let inside = inside(whole);
        if inside.is_empty() {
            return;
        }
        let scroll = self.content.draw(inside, &self.value, buf, cx.theme);
        if let Some(scroll) = scroll {
            let track = Rect { x: whole.right() - 1, width: 1, y: inside.y, height: inside.height };
            scrollbar::draw(scroll, track, buf, cx.theme);
        }
        if let Some(input) = &self.searching {
            let y = whole.bottom() - 1;
            let x = whole.x + 2;
            let width = whole.width.saturating_sub(4).min(40);
            buf.set_stringn(x, y, " / ", 3, cx.theme.style(Role::Key));
            input.draw(Rect { x: x + 3, y, width: width.saturating_sub(3), height: 1 }, buf);
        }
    }
}
