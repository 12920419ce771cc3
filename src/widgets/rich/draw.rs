//! The drawing of one line, and where a line too long for its row goes on.

use std::ops::Range;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    line::{RichLine, RichSpan},
    search::Match,
};
use crate::{
    theme::{Role, Theme},
    widgets::safe,
};

/// Draws a line into the first row of `area`, from this column of it on; `…` where it goes on to the right.
pub fn draw_line(line: &RichLine, x: usize, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if !area.is_empty() {
        draw_part(line, 0..usize::MAX, x, Marks::default(), area, buf, theme);
    }
}

/// The matches of a line, and which of them is the current one.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks<'a> {
    pub(super) matches: &'a [Match],
    pub(super) current: Option<usize>,
}

/// Draws the part of a line between two bytes of its text, from column `x` of that part on.
pub(super) fn draw_part(
    line: &RichLine,
    bytes: Range<usize>,
    x: usize,
    marks: Marks<'_>,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) {
    if let Some(ground) = line.ground {
        buf.set_style(Rect { height: 1, ..area }, theme.style(ground));
    }
    let mut here = marks.matches.iter().enumerate().peekable();
    let right = x + usize::from(area.width);
    let mut column = 0;
    let mut at = 0;
    // Where the last piece was drawn, and its columns.
    let mut last = (0, 0);
    for span in &line.spans {
        let style = style_of(span, theme);
        let skip = bytes.start.saturating_sub(at).min(span.text.len());
        at += skip;
        for piece in safe::pieces(&span.text[skip..]) {
            if at >= bytes.end {
                return;
            }
            if column >= right {
                // Blanks beyond the edge are nothing to speak of, and all that hangs over of a wrapped line.
                if piece.text == " " {
                    at += 1;
                    continue;
                }
                if area.width > 1 {
                    cut(last.0 + last.1 == right && last.1 > 1, area, buf, theme);
                }
                return;
            }
            while here.next_if(|(_, one)| one.end <= at).is_some() {}
            let style = match here.peek().filter(|(_, one)| one.start <= at) {
                Some((place, _)) if marks.current == Some(*place) => style.patch(theme.style(Role::MatchCurrent)),
                Some(_) => style.patch(theme.style(Role::Match)),
                None => style,
            };
            let wide = usize::from(piece.width);
            last = (column, wide);
            // A wide character cut by either edge leaves blanks.
            if column + wide > x {
                let whole = column >= x && column + wide <= right;
                let symbol = if whole { piece.text } else { " " };
                for place in column.max(x)..(column + wide).min(right) {
                    let Ok(offset) = u16::try_from(place - x) else { return };
                    let cell = &mut buf[(area.x + offset, area.y)];
                    cell.set_symbol(if place == column { symbol } else { " " }).set_style(style);
                }
            }
            column += wide;
            at += piece.text.len();
        }
    }
}

/// Says in the last column that the line goes on; a wide character that ends there goes as a whole.
fn cut(wide: bool, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let last = area.right() - 1;
    if wide {
        buf[(last - 1, area.y)].set_symbol(" ");
    }
    buf[(last, area.y)].set_symbol("…").set_style(theme.style(Role::Muted));
}

fn style_of(span: &RichSpan, theme: &Theme) -> Style {
    let style = theme.style(span.role);
    span.also.map_or(style, |also| theme.style(also).patch(style))
}

/// The first byte of each row of a text wrapped at this width: after blanks where there are some, else between characters.
pub(super) fn breaks(text: &str, width: usize) -> Vec<usize> {
    let mut starts = vec![0];
    if text.len() <= width {
        return starts;
    }
    let (mut at, mut column) = (0, 0);
    // After the last blank of this row: byte and column.
    let mut blank: Option<(usize, usize)> = None;
    for piece in safe::pieces(text) {
        let wide = usize::from(piece.width);
        if column + wide > width && column > 0 {
            // Blanks may hang over the edge: the next row does not begin with one.
            if piece.text == " " {
                at += 1;
                blank = None;
                if starts.last() != Some(&at) && at < text.len() {
                    starts.push(at);
                }
                column = 0;
                continue;
            }
            let (start, taken) = blank.take().unwrap_or((at, column));
            starts.push(start);
            column -= taken;
            if column + wide > width && column > 0 {
                starts.push(at);
                column = 0;
            }
        }
        at += piece.text.len();
        column += wide;
        if piece.text == " " {
            blank = Some((at, column));
        }
    }
    starts
}
