//! Draws the board: a line for each bot. The sparklines have one scale, so that they can be compared; what fills a column of them is
//! said over them.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    BotsPane, ages, charts,
    figures::{self, Columns, Sums, What},
    layout::{Part, Region, Shape},
};
use crate::{
    domain::bots::{BotLine, Window},
    panes::{ViewCx, notice},
    theme::Role,
    widgets::{number::grouped, pen::Pen, sparkline},
};

impl BotsPane {
    pub(super) fn draw_board(&self, part: &Part, shape: Shape, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = part.body;
        let board = &self.shown().board;
        let lines = board.lines(self.window, cx.now.wall, &cx.settings.limits);
        if lines.is_empty() {
            let words = [
                ("No bot is known yet", Role::Title),
                ("A line for each bot appears here with its first run or action.", Role::Muted),
            ];
            return notice::draw(&words, area, buf, cx.theme);
        }
        let sums = figures::sums(&lines);
        let columns = Columns::of(area.width, &lines, &sums, self.window, cx.now.wall);
        let shown = self.board_lines();
        let spark = columns.columns.iter().find(|(what, _)| *what == What::Spark).map_or(0, |(_, width)| *width);
        let steps = charts::steps(self.window, spark);
        let to = charts::end(self.window, cx.now.wall, steps);
        let visible = lines.get(shown.clone()).unwrap_or_default();
        let sparks: Vec<Vec<u64>> = match spark {
            0 => Vec::new(),
            _ => visible.iter().map(|line| board.activity(Some(&line.bot), self.window, to, steps)).collect(),
        };
        let top = sparks.iter().flatten().copied().max().unwrap_or(0);
        if !part.head.is_empty() {
            self.draw_board_head(&columns, (top, steps), part.head, buf, cx);
        }
        for ((n, line), y) in visible.iter().enumerate().zip(area.y..area.bottom()) {
            let row = Rect { y, height: 1, ..area };
            let spark = sparks.get(n).map_or(&[][..], Vec::as_slice);
            self.draw_bot(line, &columns, (spark, top), row, buf, cx);
            if self.chosen.as_ref() == Some(&line.bot) {
                let strong = cx.focused && self.region == Region::Board;
                Pen::over(buf, row, cx.theme, if strong { Role::Selected } else { Role::SelectedQuiet });
            }
        }
        let mut left = Rect { y: area.y + shown.len() as u16, height: area.height - shown.len() as u16, ..area };
        if shown.len() < lines.len() {
            // Its last line says so.
            let hidden = lines.iter().enumerate().filter(|(at, _)| !shown.contains(at)).map(|(_, line)| line.clone());
            let hidden: Vec<BotLine> = hidden.collect();
            let (words, role) = figures::sums(&hidden).words(usize::from(area.width));
            let mut pen = Pen::new(left, buf, cx.theme);
            pen.skip(2).word(&format!("and {} more · ", hidden.len()), Role::Muted).word(&words, role);
            return;
        }
        if shape == Shape::Strip && !left.is_empty() {
            left.height -= 1;
            let last = Rect { y: left.bottom(), height: 1, ..area };
            let mut pen = Pen::new(last, buf, cx.theme);
            pen.word("Queue  ", Role::Header);
            self.write_queue_figures(&mut pen, cx);
        }
        if lines.len() > 1 && !left.is_empty() {
            self.draw_sums(&sums, &columns, lines.len(), Rect { height: 1, ..left }, buf, cx);
        }
    }

    /// The names of the columns; over the sparklines how long a column is, and how much fills it.
    fn draw_board_head(
        &self,
        columns: &Columns,
        (top, steps): (u64, usize),
        area: Rect,
        buf: &mut Buffer,
        cx: &ViewCx<'_>,
    ) {
        let role = if self.region == Region::Board && cx.focused { Role::TitleFocused } else { Role::Header };
        let mut pen = Pen::new(area, buf, cx.theme);
        pen.left("Bots", role, columns.bot + 2);
        for (what, width) in &columns.columns {
            pen.skip(2);
            match what {
                What::State | What::LastRun => pen.left(what.header(), Role::Muted, *width),
                What::Spark => {
                    let each = figures::step(self.shown().board.step(self.window, self.wall(cx.now), steps));
                    let full = format!("each {each} · █ = {}", grouped(top));
                    let short = format!("█ = {}", grouped(top));
                    let fits = |text: &str| crate::widgets::safe::width(text) <= usize::from(*width);
                    let words = if top == 0 {
                        ""
                    } else if fits(&full) {
                        &full
                    } else if fits(&short) {
                        &short
                    } else {
                        ""
                    };
                    pen.left(words, Role::Muted, *width)
                }
                _ => pen.right(what.header(), self.head_role(*what), *width),
            };
        }
    }

    /// The column of the window that is chosen stands out.
    const fn head_role(&self, what: What) -> Role {
        match (what, self.window) {
            (What::Window(_), _)
            | (What::Hour, Window::Hour)
            | (What::Day, Window::Day)
            | (What::Week, Window::Week) => Role::HeaderSorted,
            _ => Role::Muted,
        }
    }

    fn draw_bot(
        &self,
        line: &BotLine,
        columns: &Columns,
        (spark, top): (&[u64], u64),
        area: Rect,
        buf: &mut Buffer,
        cx: &ViewCx<'_>,
    ) {
        let state = figures::state(line, cx.now.wall);
        let of_one = figures::sums(std::slice::from_ref(line));
        let mut pen = Pen::new(area, buf, cx.theme);
        let trouble = matches!(state.role, Role::Warning | Role::Bad);
        pen.word(state.sign, state.role).skip(1);
        pen.left(&line.bot, if trouble { state.role } else { Role::Text }, columns.bot);
        for (what, width) in &columns.columns {
            pen.skip(2);
            match what {
                What::State => pen.left(if columns.reasons { &state.long } else { &state.short }, state.words, *width),
                What::LastRun => match line.last_run {
                    Some((_, Some(at))) => pen.left(&ages::age(at, cx.now.wall), Role::Muted, *width),
                    Some((_, None)) => pen.left("?", Role::Faint, *width),
                    None => pen.left("–", Role::Faint, *width),
                },
                What::Success => match line.success {
                    Some(share) => {
                        let (words, role) = figures::percent(share);
                        pen.right(&words, role, *width)
                    }
                    None => pen.right("–", Role::Faint, *width),
                },
                What::Spark => {
                    pen.leave(*width, |place, buf| sparkline::draw(spark, top, Role::BarFull, place, buf, cx.theme))
                }
                _ => self.write_number(&mut pen, *what, &of_one, *width),
            };
        }
    }

    /// A figure: nothing is a dot, and what is not counted to the end yet is pale.
    fn write_number<'a, 'b>(&self, pen: &'a mut Pen<'b>, what: What, of: &Sums, width: u16) -> &'a mut Pen<'b> {
        match what.number(of) {
            None | Some(0) => pen.right("·", Role::Faint, width),
            Some(number) => {
                let read = self.shown().board.read();
                let whole = match what {
                    What::Hour | What::Day | What::Week => read.week || read.all,
                    _ => read.all || read.week && self.window != Window::All,
                };
                let role = match what {
                    _ if !whole => Role::Muted,
                    What::Action(2) => Role::Bad,
                    What::Action(4) => Role::Warning,
                    _ => Role::Text,
                };
                pen.right(&grouped(number), role, width)
            }
        }
    }

    /// All bots together.
    fn draw_sums(&self, sums: &Sums, columns: &Columns, bots: usize, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let room = columns.columns.iter().find(|(what, _)| *what == What::State).map_or(0, |(_, width)| *width);
        let (words, role) = sums.words(usize::from(room));
        let mut pen = Pen::new(area, buf, cx.theme);
        pen.skip(2).left(&format!("all {bots}"), Role::Muted, columns.bot);
        for (what, width) in &columns.columns {
            pen.skip(2);
            match what {
                What::State => pen.left(&words, role, *width),
                What::LastRun | What::Success | What::Spark => pen.skip(*width),
                _ => self.write_number(&mut pen, *what, sums, *width),
            };
        }
    }
}
