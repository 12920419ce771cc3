//! Draws the charts: actions over time by action, and how deep the queue was. They show the bot under the board's cursor, or all.

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    BotsPane, ages, figures,
    layout::{Layout, Region},
    view::role_of,
};
use crate::{
    domain::bots::{Layer, Window},
    panes::{ViewCx, notice},
    theme::Role,
    widgets::{
        chart::{self, Band},
        number::grouped,
        pen::Pen,
        safe,
    },
};

/// How many steps a chart of this width has: as many as there are columns, but where a step would be few seconds, so many that it is a
/// whole number of them (rows have a second at best: half a second more or less would be seen).
pub(super) fn steps(window: Window, width: u16) -> usize {
    const FEW: i64 = 10;
    let columns = i64::from(width).max(1);
    let steps = match window.seconds() {
        Some(seconds) if seconds < columns * FEW => {
            let least = (seconds + columns - 1) / columns;
            let step = (least.max(1)..=seconds).find(|step| seconds % step == 0);
            step.map_or(1, |step| seconds / step)
        }
        _ => columns,
    };
    usize::try_from(steps).unwrap_or(1)
}

/// The time a chart is drawn for: the end of the step that is going on, so that a column keeps its rows while time goes on, and only
/// the last one grows.
pub(super) fn end(window: Window, now: Timestamp, steps: usize) -> Timestamp {
    let Some(seconds) = window.seconds().map(i128::from) else { return now };
    let steps = i128::try_from(steps).unwrap_or(1).max(1);
    let step = (i128::from(now.as_second()) * steps).div_euclid(seconds) + 1;
    i64::try_from(step * seconds / steps).ok().and_then(|end| Timestamp::from_second(end).ok()).unwrap_or(now)
}

/// A moment as an axis names it.
fn moment(second: i64, span: i64) -> String {
    let form = match span {
        ..=900 => "%H:%M:%S",
        901..=86_400 => "%H:%M",
        86_401..=8_640_000 => "%b %-d",
        _ => "%Y-%m",
    };
    let Ok(at) = Timestamp::from_second(second) else { return String::new() };
    at.to_zoned(TimeZone::UTC).strftime(form).to_string()
}

/// What a chart is drawn from.
struct Plot<'a> {
    bands: &'a [Band<'a>],
    form: Form,
    /// When it begins and ends, in seconds.
    from: i64,
    to: i64,
    /// What is said where all of it is zero, in lines.
    nothing: &'a str,
}

/// What an action is drawn as; those that are not documented have a colour of their own.
fn role(action: &str) -> Role {
    match role_of("botLedger", "action", action) {
        Role::Text => Role::Accent,
        role => role,
    }
}

/// How it is drawn.
#[derive(Clone, Copy)]
enum Form {
    /// Columns of layers.
    Stack,
    /// The outline of one layer.
    Area,
}

impl BotsPane {
    pub(super) fn draw_charts(&self, layout: &Layout, buf: &mut Buffer, cx: &ViewCx<'_>) {
        if !layout.actions.is_empty() {
            self.draw_actions(layout.actions, buf, cx);
        }
        if !layout.depth.is_empty() {
            self.draw_depth(layout.depth, buf, cx);
        }
    }

    fn draw_actions(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let board = &self.shown().board;
        let bot = self.chosen_bot();
        let plot = plot_area(area);
        let steps = steps(self.window, plot.width);
        let to = end(self.window, cx.now.wall, steps);
        let chart = board.actions(bot, self.window, to, steps);
        // The first step is a part of the window only: sums are those of the window itself.
        let exact = board.actions(bot, self.window, cx.now.wall, 1);
        let bands: Vec<Band<'_>> =
            chart.layers.iter().map(|layer| Band { numbers: &layer.rows, role: role(&layer.name) }).collect();
        let mut pen = Pen::new(Rect { height: 1, ..area }, buf, cx.theme);
        pen.word("Actions", Role::Header).skip(2);
        let role_of_whom = if bot.is_some() { Role::Strong } else { Role::Muted };
        // Without a name they are meant anyway: what the colours mean matters more.
        let names: usize =
            (exact.layers.iter()).filter(|layer| layer.rows.iter().any(|rows| *rows > 0)).map(name_width).sum();
        if bot.is_some() || names + "all bots ".len() <= usize::from(pen.room()) {
            pen.word(bot.unwrap_or("all bots"), role_of_whom).skip(1);
        }
        self.write_legend(&exact.layers, &mut pen, cx);
        rule(&mut pen);
        let nothing = if self.is_absent(Region::Ledger) {
            "this database has no bot_ledger table".to_owned()
        } else {
            self.nothing_in_window(cx)
        };
        let form = Form::Stack;
        draw_plot(
            &Plot { bands: &bands, form, from: chart.from, to: to.as_second(), nothing: &nothing },
            area,
            buf,
            cx,
        );
    }

    /// `■ create 2  ■ verify 14`: with numbers where all of them have room, else without, else as many as go.
    fn write_legend(&self, layers: &[Layer], pen: &mut Pen<'_>, cx: &ViewCx<'_>) {
        let count = |layer: &Layer| layer.rows.iter().sum::<u64>();
        let some: Vec<(usize, &Layer)> = layers.iter().enumerate().filter(|(_, layer)| count(layer) > 0).collect();
        let full = |layer: &Layer| format!("{} {}", layer.name, grouped(count(layer)));
        let wide: usize = some.iter().map(|(_, layer)| safe::width(&full(layer)) + 4).sum();
        let fits = wide <= usize::from(pen.room());
        for (at, layer) in some {
            let words = if fits { full(layer) } else { layer.name.to_string() };
            if safe::width(&words) + 3 > usize::from(pen.room()) {
                break;
            }
            let role = role(&layer.name);
            pen.skip(1).word(chart::sign(at, role, cx.theme), role).skip(1).word(&words, Role::Muted).skip(1);
        }
    }

    /// Why there is nothing to see, and where there is something.
    fn nothing_in_window(&self, cx: &ViewCx<'_>) -> String {
        let newest = self.tail.newest();
        match (newest, self.window) {
            (_, Window::All) | (None, _) => "nothing was recorded yet".to_owned(),
            (Some(at), window) => {
                let age = ages::age(at, cx.now.wall);
                format!("nothing in the last {}\nnewest {age} ago · 6 shows all", window.name())
            }
        }
    }

    fn draw_depth(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let board = &self.shown().board;
        let plot = plot_area(area);
        let steps = steps(self.window, plot.width);
        let to = end(self.window, cx.now.wall, steps);
        let depth = board.depth(self.window, to, steps);
        let now = to.as_second();
        let from = match self.window.seconds() {
            Some(seconds) => now - seconds,
            None => board.actions(None, self.window, cx.now.wall, 1).from,
        };
        let mut pen = Pen::new(Rect { height: 1, ..area }, buf, cx.theme);
        pen.word("Queue", Role::Header).skip(2);
        self.write_queue_figures(&mut pen, cx);
        let nothing =
            if self.is_absent(Region::Queue) { "this database has no work_queue table" } else { "nothing waits" };
        let bands = [Band { numbers: &depth, role: Role::Accent }];
        draw_plot(&Plot { bands: &bands, form: Form::Area, from, to: now, nothing }, area, buf, cx);
    }

    /// `12 pending · oldest 3d · 4.2/min · empty in 8m`
    pub(super) fn write_queue_figures(&self, pen: &mut Pen<'_>, cx: &ViewCx<'_>) {
        if self.is_absent(Region::Queue) {
            pen.word("no table", Role::Muted);
            return;
        }
        let queue = self.shown().board.queue(self.window, cx.now.wall);
        pen.word(&format!("{} pending", grouped(queue.pending)), Role::Text);
        let room = |pen: &Pen<'_>| usize::from(pen.room());
        let say = |pen: &mut Pen<'_>, words: &str, role: Role| {
            // Whole words or none: a cut figure is another one.
            if safe::width(words) + 3 <= room(pen) {
                pen.word(" · ", Role::Faint).word(words, role);
            }
        };
        if let Some(oldest) = queue.oldest {
            let age = cx.now.wall.duration_since(oldest);
            let old = std::time::Duration::try_from(age).is_ok_and(|age| age > cx.settings.limits.queue_age);
            let words = format!("oldest {}", ages::span(oldest, cx.now.wall));
            say(pen, &words, if old { Role::Warning } else { Role::Muted });
        }
        let rate = figures::rate(queue.throughput);
        let (words, role) = figures::outlook(&queue);
        // Where both have no room, it matters more where it goes than how fast.
        let both = rate.as_ref().map_or(0, |rate| safe::width(rate) + 3) + safe::width(&words) + 3;
        if let Some(rate) = rate.filter(|_| both <= room(pen)) {
            say(pen, &rate, Role::Muted);
        }
        say(pen, &words, role);
        let at_work = queue.open.saturating_sub(queue.pending);
        if at_work > 0 {
            say(pen, &format!("{} at work", grouped(at_work)), Role::Busy);
        }
        if queue.undated > 0 {
            say(pen, &format!("{} finished, nobody knows when", grouped(queue.undated)), Role::Muted);
        }
    }
}

/// Columns of a layer's name in the legend.
fn name_width(layer: &Layer) -> usize {
    safe::width(&layer.name) + 4
}

/// A line from here to the end.
pub(super) fn rule(pen: &mut Pen<'_>) {
    if pen.room() > 2 {
        let rest = "─".repeat(usize::from(pen.room() - 1));
        pen.skip(1).word(&rest, Role::Faint);
    }
}

/// Columns for the numbers at the left of a chart.
const GUTTER: u16 = 6;

/// Where the columns stand: title and axis above and below, the highest number at the left.
fn plot_area(area: Rect) -> Rect {
    Rect {
        x: area.x + GUTTER.min(area.width),
        y: area.y + 1,
        width: area.width.saturating_sub(GUTTER),
        height: area.height.saturating_sub(2),
    }
}

fn draw_plot(plot: &Plot<'_>, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let place = plot_area(area);
    if place.is_empty() || area.height < 3 {
        return;
    }
    let top = chart::top(plot.bands);
    let columns = plot.bands.iter().map(|band| band.numbers.len()).max().unwrap_or(0);
    if top == 0 {
        let lines: Vec<(&str, Role)> = plot.nothing.lines().map(|line| (line, Role::Muted)).collect();
        notice::draw(&lines, place, buf, cx.theme);
    } else {
        match (plot.form, plot.bands) {
            (Form::Area, [band]) => chart::draw_area(band, top, place, buf, cx.theme),
            _ => chart::draw(plot.bands, top, place, buf, cx.theme),
        }
        let label = Rect { width: GUTTER - 1, height: 1, x: area.x, y: place.y };
        Pen::new(label, buf, cx.theme).right(&short(top), Role::Muted, GUTTER - 1);
    }
    let breadth = chart::breadth(place.width, columns);
    let wide = u16::try_from(columns).unwrap_or(u16::MAX).saturating_mul(breadth).min(place.width);
    let axis = Rect { x: place.right() - wide, y: area.bottom() - 1, width: wide, height: 1 };
    let span = plot.to - plot.from;
    let (left, right) = (moment(plot.from, span), format!("{} UTC", moment(cx.now.wall.as_second(), span)));
    #[expect(clippy::cast_precision_loss, reason = "seconds of some centuries, for a word")]
    let each = format!("each column {}", figures::step(span as f64 / columns.max(1) as f64));
    let (ends, middle) = (safe::width(&left) + safe::width(&right), safe::width(&each));
    let style = cx.theme.style(Role::Muted);
    let room = usize::from(axis.width);
    if ends + 2 > room {
        return;
    }
    buf.set_stringn(axis.x, axis.y, &left, room, style);
    let x = axis.right() - u16::try_from(safe::width(&right)).unwrap_or(0);
    buf.set_stringn(x, axis.y, &right, room, style);
    if ends + middle + 6 <= room {
        let x = axis.x + u16::try_from((room - middle) / 2).unwrap_or(0);
        buf.set_stringn(x, axis.y, &each, room, cx.theme.style(Role::Muted));
    }
}

/// A number in at most five letters.
fn short(number: u64) -> String {
    match number {
        0..=9_999 => grouped(number),
        10_000..=999_999 => format!("{}k", number / 1_000),
        1_000_000..=999_999_999 => format!("{:.1}M", number as f64 / 1e6),
        _ => format!("{}G", number / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_divide_the_window_and_fill_the_width() {
        for window in Window::ALL {
            for width in 1..240 {
                let steps = steps(window, width);
                assert!(steps >= 1 && steps <= usize::from(width), "{window:?} {width}: {steps}");
                if let Some(seconds) = window.seconds() {
                    let whole = seconds % steps as i64 == 0;
                    assert!(whole || steps == usize::from(width), "{window:?} {width}: {steps}");
                    let most = seconds.min(i64::from(width));
                    assert!(steps as i64 * 2 >= most, "{window:?} {width}: {steps} steps leave most of it blank");
                }
            }
        }
    }

    #[test]
    fn a_column_keeps_its_rows_while_time_goes_on() {
        for (window, width) in [(Window::Minute, 60), (Window::FiveMinutes, 90), (Window::Hour, 40), (Window::Week, 84)]
        {
            let steps = steps(window, width);
            let step = window.seconds().unwrap_or(0) / steps as i64;
            for now in 1_770_000_000..1_770_000_400 {
                let [to, next] =
                    [now, now + 1].map(|now| end(window, Timestamp::from_second(now).unwrap_or_default(), steps));
                assert_eq!(to.as_second() % step, 0, "{window:?}");
                assert!(
                    (1..=step).contains(&(to.as_second() - now)),
                    "{window:?}: the step that is going on is the last"
                );
                assert!(next == to || next.as_second() == to.as_second() + step);
            }
        }
    }

    #[test]
    fn moments_are_as_exact_as_the_stretch_asks() {
        let at = 1_770_000_000;
        assert_eq!(
            [60, 3600, 604_800, 100_000_000].map(|span| moment(at, span)),
            ["02:40:00", "02:40", "Feb 2", "2026-02"]
        );
    }
}
