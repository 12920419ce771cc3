//! Draws the pane: frame, a line that says which question this is, and the visible lines of the open tab.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Problem, QuestionPane, Shown,
    details::{path, role_of},
    tab::Tab,
};
use crate::{
    panes::{
        ViewCx,
        frame::{self, Frame},
        link, notice,
        story::sheet::Places,
    },
    theme::Role,
    widgets::{pen::Pen, rich, safe, scrollbar},
};

/// The frame's width from which on the tabs have their whole names.
const WIDE: u16 = 78;
/// And from which on they have short ones.
const NARROW: u16 = 58;

/// The frame with its tabs, for drawing and for clicks.
pub(super) fn tabs(open: Tab, area: Rect) -> Frame<'static> {
    let tabs = match area.width {
        WIDE.. => &Tab::NAMES,
        NARROW.. => &Tab::SHORT,
        _ => &Tab::TINY,
    };
    Frame { tabs, open: open.place(), ..Frame::default() }
}

/// Columns of the lines of a tab: one of air at either side.
pub(super) fn body_width(area: Rect) -> u16 {
    let inner = frame::inner(area);
    inner.width.saturating_sub(2 * u16::from(inner.width >= 20))
}

/// Where the lines of a tab lie: a column of air at either side, below the line about the question and the strip.
fn body(area: Rect, strip: u16) -> Rect {
    let inner = frame::inner(area);
    let head = (u16::from(inner.height >= 3) + strip).min(inner.height);
    let air = u16::from(inner.width >= 20);
    Rect { x: inner.x + air, y: inner.y + head, width: body_width(area), height: inner.height - head }
}

impl QuestionPane {
    /// Where the lines of the tab lie.
    pub(super) fn body(&self) -> Rect {
        self.body_in(self.area)
    }

    fn body_in(&self, area: Rect) -> Rect {
        body(area, u16::try_from(self.strip.len()).unwrap_or(0))
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = area.intersection(buf.area);
        let (note, footer) = (self.note(body_width(area), cx), self.footer());
        let parts = Frame { note: &note, footer: &footer, ..tabs(self.tab, area) };
        let inner = frame::frame(&parts, area, buf, cx);
        if inner.is_empty() {
            return;
        }
        match (&self.problem, &self.shown) {
            (Some(problem), _) => draw_problem(problem, inner, buf, cx),
            (None, Some(shown)) => self.draw_shown(shown, area, buf, cx),
            (None, None) => self.draw_nothing(inner, buf, cx),
        }
        if self.waits_for_another() && self.waited(cx).is_some() {
            buf.set_style(inner, cx.theme.style(Role::Shade));
        }
    }

    fn draw_shown(&self, shown: &Shown, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let (body, top) = (self.body_in(area), frame::inner(area).y);
        if body.y > top {
            Head::of(shown).draw(Rect { y: top, height: 1, ..body }, buf, cx);
        }
        for (y, line) in (top + 1..body.y).zip(&self.strip) {
            rich::draw_line(line, 0, Rect { y, height: 1, ..body }, buf, cx.theme);
        }
        let sheet = self.sheet();
        if sheet.notice.is_empty() {
            sheet.view.draw(body, buf, cx.theme);
            self.draw_selection(body, buf, cx);
            let border = Rect { x: area.right() - 1, width: 1, ..body };
            scrollbar::draw(sheet.view.position(), border, buf, cx.theme);
        } else {
            let words: Vec<_> = sheet.notice.iter().map(|(text, role)| (text.as_str(), *role)).collect();
            notice::draw(&words, body, buf, cx.theme);
        }
    }

    /// The first line of the selected item, where it is on the screen.
    fn draw_selection(&self, body: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let sheet = self.sheet();
        let Some(place) = sheet.selected() else { return };
        let Some(row) = place.start.checked_sub(sheet.view.offset().1) else { return };
        let Some(row) = u16::try_from(row).ok().filter(|row| *row < body.height) else { return };
        let role = if cx.focused { Role::Selected } else { Role::SelectedQuiet };
        Pen::over(buf, Rect { y: body.y + row, height: 1, ..body }.intersection(buf.area), cx.theme, role);
    }

    fn draw_nothing(&self, inner: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        if self.asked.is_none() {
            let words = [
                ("No question is open", Role::Title),
                ("Press Enter on a question, or on what a bot did to one.", Role::Muted),
                ("With the preview on, moving over questions is enough.", Role::Muted),
            ];
            notice::draw(&words, inner, buf, cx.theme);
        }
    }

    pub(super) fn waits_for_another(&self) -> bool {
        let shown = self.shown.as_ref().map(|shown| shown.id.as_str());
        self.asked.as_ref().is_some_and(|asked| Some(asked.id.as_str()) != shown)
    }

    /// Seconds that were waited, once that is long enough to be said.
    fn waited(&self, cx: &ViewCx<'_>) -> Option<f64> {
        let waited = cx.now.elapsed.saturating_sub(self.asked.as_ref()?.since);
        (waited >= super::PATIENCE).then_some(waited.as_secs_f64())
    }

    /// Bottom left: how long is being read, why this is old, what is searched for, or the id where the line at the top has no
    /// room for it.
    fn note(&self, width: u16, cx: &ViewCx<'_>) -> String {
        let age = self.read().map(|read| link::old(link::between(read, cx.now.wall)));
        let before = age.as_ref().map(|age| format!("{age} · ")).unwrap_or_default();
        if let Some(seconds) = self.waited(cx) {
            return format!("{before}reading … {seconds:.1} s");
        }
        if let Some(error) = &self.stale {
            return format!("{before}not read anew: {}", link::shortly(error));
        }
        if let Some(age) = age {
            return age;
        }
        if !self.pattern.is_empty() {
            return format!("/{}", safe::safe(&self.pattern));
        }
        match &self.shown {
            Some(shown) if self.problem.is_none() && !Head::of(shown).has_room_for_id(width) => {
                safe::safe(&shown.id).into_owned()
            }
            _ => String::new(),
        }
    }

    /// Bottom right: matches, or how far down this is.
    fn footer(&self) -> String {
        let view = &self.sheet().view;
        if self.shown.is_none() || self.problem.is_some() {
            return String::new();
        }
        if !self.pattern.is_empty() {
            return match view.match_number() {
                Some(number) => format!("match {number} of {}", view.match_count()),
                None => "no match".to_owned(),
            };
        }
        let sheet = self.sheet();
        if let Some(at) = sheet.at.filter(|_| sheet.notice.is_empty()) {
            let what = if sheet.kind == Places::Changes { "change " } else { "" };
            return format!("{what}{} of {}", at + 1, sheet.places.len());
        }
        let place = view.position();
        match place.total.saturating_sub(place.shown) {
            0 => String::new(),
            hidden => format!("{}%", place.first.min(hidden).saturating_mul(100) / hidden),
        }
    }
}

/// What the line at the top says.
struct Head<'a> {
    /// Status, difficulty, channel, each in its role.
    parts: Vec<(Cow<'a, str>, Role)>,
    id: &'a str,
}

impl<'a> Head<'a> {
    fn of(shown: &'a Shown) -> Self {
        let question = &shown.question;
        let status = question.status.as_deref();
        let mut parts =
            vec![status.map_or(("no status".into(), Role::Muted), |text| (text.into(), role_of("status", text)))];
        if let Some(text) = question.difficulty.as_deref() {
            parts.push((text.into(), role_of("difficulty", text)));
        }
        if let Some(path) = path(question.channel.as_deref(), question.sub_channel.as_deref()) {
            parts.push((path.into(), Role::Text));
        }
        Self { parts, id: &shown.id }
    }

    fn has_room_for_id(&self, width: u16) -> bool {
        let parts: usize = self.parts.iter().map(|(text, _)| safe::width(text) + 3).sum();
        parts + safe::width(self.id) <= usize::from(width)
    }

    /// The parts at the left, the id at the right.
    fn draw(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let mut pen = Pen::new(area, buf, cx.theme);
        for (at, (text, role)) in self.parts.iter().enumerate() {
            if at > 0 {
                pen.word(" · ", Role::Faint);
            }
            pen.word(text, *role);
        }
        if self.has_room_for_id(area.width) {
            let room = pen.room();
            pen.right(self.id, Role::Muted, room);
        }
    }
}

fn draw_problem(problem: &Problem, inner: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    match problem {
        Problem::NotFound(id) => {
            let words = format!("No question has the id '{id}'");
            let why = "It may be deleted for good, or what refers to it is orphaned.";
            notice::draw(&[(&words, Role::Warning), (why, Role::Muted)], inner, buf, cx.theme);
        }
        Problem::Failed(id, error) => {
            let words = format!("'{id}' cannot be read: {}", error.what);
            notice::draw(&[(&words, Role::Bad), (&error.remedy, Role::Muted)], inner, buf, cx.theme);
        }
    }
}
