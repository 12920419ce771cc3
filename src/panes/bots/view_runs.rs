//! Draws the runs.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    BotsPane, ages,
    layout::Region,
    runs::{Marks, News, Rule, Run},
    scroll::Lines as _,
    view::role_of,
};
use crate::{
    domain::value::Value,
    panes::{ViewCx, notice},
    theme::Role,
    widgets::{number::length, pen::Pen},
};

/// Widths of the columns that give way.
struct Columns {
    bot: u16,
    took: bool,
    /// How many items it went through.
    handled: bool,
}

/// From this width on there is room for how many items a run went through.
const HANDLED: u16 = 64;

impl Columns {
    /// Status 9, age 4, three numbers of 5; the bot has the rest, up to the longest name there is.
    const fn of(width: u16) -> Self {
        let rest = width.saturating_sub(9 + 1 + 5 + 3 * 5);
        let took = rest >= 14;
        let rest = if took { rest - 5 } else { rest };
        Self { bot: if rest > 16 { 16 } else { rest }, took, handled: width >= HANDLED }
    }
}

impl BotsPane {
    pub(super) fn draw_runs(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let runs = &self.shown().runs;
        if runs.count() == 0 {
            let absent = self.is_absent(Region::Runs);
            let words = if absent { "This database has no bot_runs table" } else { "No bot has run yet" };
            return notice::draw(&[(words, Role::Muted)], area, buf, cx.theme);
        }
        let visible = self.runs.visible(runs, usize::from(area.height));
        let cursor = self.runs.cursor(runs).filter(|_| self.region == Region::Runs);
        let columns = Columns::of(area.width);
        for (at, y) in visible.zip(area.y..area.bottom()) {
            let Some(run) = runs.get(at) else { break };
            let strip = Rect { y, height: 1, ..area };
            self.draw_run(run, &columns, strip, buf, cx);
            if cursor == Some(at) {
                let role = if cx.focused { Role::Selected } else { Role::SelectedQuiet };
                Pen::over(buf, strip, cx.theme, role);
            }
        }
    }

    fn draw_run(&self, run: &Run, columns: &Columns, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let marks = match run.news {
            Some(News::Changed(at, marks)) if cx.now.elapsed < at + super::MARK => marks,
            _ => Marks::default(),
        };
        let marked = |changed: bool, role: Role| if changed { Role::Changed } else { role };
        let rule = Rule { board: &self.shown().board, limits: &cx.settings.limits, now: cx.now.wall };
        let (status, role) = if run.is_stuck(&rule) {
            ("stuck", Role::Warning)
        } else {
            (run.data.status.as_str(), role_of("botRuns", "status", &run.data.status))
        };
        let mut pen = Pen::new(area, buf, cx.theme);
        pen.left(status, marked(marks.status, role), 9).skip(1).left(&run.data.bot, Role::Text, columns.bot);
        pen.skip(1);
        match run.started {
            Some(at) => pen.right(&ages::age(at, cx.now.wall), Role::Muted, 4),
            None => pen.right(run.data.started_at.as_deref().map_or("–", |_| "?"), Role::Faint, 4),
        };
        if columns.took {
            pen.skip(1);
            match run.took() {
                Some(took) => pen.right(&length(took), marked(marks.end, Role::Muted), 4),
                None => pen.right("", Role::Muted, 4),
            };
        }
        for ((sign, role), at) in [("+", Role::New), ("~", Role::Busy), ("−", Role::Bad)].into_iter().zip(1..) {
            let value = &run.data.items[at];
            let nothing = matches!(value, Value::Integer(0) | Value::Null);
            let text = if nothing { Cow::Borrowed("·") } else { Cow::Owned(format!("{sign}{}", number(value))) };
            let role = if nothing { Role::Faint } else { role };
            pen.skip(1).right(&text, marked(marks.items[at], role), 4);
        }
        let handled = &run.data.items[0];
        if columns.handled && !matches!(handled, Value::Integer(0) | Value::Null) {
            pen.skip(2).right(&number(handled), marked(marks.items[0], Role::Text), 4);
            pen.skip(1).word(if *handled == Value::Integer(1) { "item" } else { "items" }, Role::Muted);
        }
        if matches!(run.news, Some(News::Arrived(at)) if cx.now.elapsed < at + super::FLASH) {
            Pen::over(buf, area, cx.theme, Role::Flash);
        }
    }
}

/// A number in at most three letters where it is one; a cut number would be another one.
fn number(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Integer(number @ 0..=999) => Cow::Owned(number.to_string()),
        Value::Integer(number @ 1_000..=99_999) => Cow::Owned(format!("{}k", number / 1_000)),
        Value::Integer(100_000..) => Cow::Borrowed(">99k"),
        Value::Integer(_) => Cow::Borrowed("<0"),
        other => other.to_plain(),
    }
}
