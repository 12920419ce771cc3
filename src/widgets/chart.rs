//! Columns over time, stacked from layers, each column as high as its number to an eighth of a line.
//!
//! Where there are colours, two layers that meet inside a cell share it: one is its letter, the other its ground. Where there are
//! none, each layer has its own pattern and cells belong to one layer whole: less exact, but nothing is told by colour alone.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
};

use super::sparkline::{EIGHTHS, eighths};
use crate::theme::{Role, Theme};

/// A layer of the columns.
#[derive(Clone, Copy, Debug)]
pub struct Band<'a> {
    /// A number for each column, the newest last.
    pub numbers: &'a [u64],
    /// What it is drawn as.
    pub role: Role,
}

/// What tells the layers apart where there are no colours.
const PATTERNS: [&str; 6] = ["█", "░", "▓", "▒", "┃", "╳"];

/// What a layer is drawn with in a legend: its colour, or its pattern.
pub fn sign(layer: usize, role: Role, theme: &Theme) -> &'static str {
    if theme.style(role).fg.is_some() { "■" } else { PATTERNS[layer % PATTERNS.len()] }
}

/// The highest column of these layers.
pub fn top(bands: &[Band<'_>]) -> u64 {
    let columns = bands.iter().map(|band| band.numbers.len()).max().unwrap_or(0);
    (0..columns).map(|column| sum(bands, column, columns)).max().unwrap_or(0)
}

/// The number of a layer in a column, the last column being everybody's last.
fn number(band: &Band<'_>, column: usize, columns: usize) -> u64 {
    let missing = columns - band.numbers.len();
    column.checked_sub(missing).and_then(|at| band.numbers.get(at)).copied().unwrap_or(0)
}

fn sum(bands: &[Band<'_>], column: usize, columns: usize) -> u64 {
    bands.iter().fold(0, |sum, band| sum.saturating_add(number(band, column, columns)))
}

/// How many columns of the screen each column has where there are so many of them; at least one.
pub fn breadth(width: u16, columns: usize) -> u16 {
    u16::try_from(usize::from(width) / columns.max(1)).unwrap_or(1).max(1)
}

/// Draws the layers, the first one lowest, the newest column at the right; `top` is as high as the area.
pub fn draw(bands: &[Band<'_>], top: u64, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    let columns = bands.iter().map(|band| band.numbers.len()).max().unwrap_or(0);
    if area.is_empty() || columns == 0 {
        return;
    }
    let breadth = breadth(area.width, columns);
    let full = area.height.saturating_mul(8);
    let coloured = bands.iter().all(|band| theme.style(band.role).fg.is_some());
    // The end of each layer, counted in eighths from the ground.
    let mut ends = vec![0; bands.len()];
    let shown = columns.min(usize::from(area.width / breadth));
    for (n, column) in (columns - shown..columns).rev().enumerate() {
        let Ok(n) = u16::try_from(n) else { break };
        let x = area.right() - (n + 1) * breadth;
        let mut so_far = 0_u64;
        for (end, band) in ends.iter_mut().zip(bands) {
            so_far = so_far.saturating_add(number(band, column, columns));
            *end = eighths(so_far, top, full);
        }
        for line in 0..area.height {
            let y = area.bottom() - 1 - line;
            let cell = if coloured { shared(&ends, bands, line, theme) } else { whole(&ends, bands, line, theme) };
            if let Some((letter, style)) = cell {
                (x..x + breadth).for_each(|x| {
                    buf.set_stringn(x, y, letter, 1, style);
                });
            }
        }
    }
}

/// Draws one layer as the outline of what is under it: its edge in its own role, what is below pale.
pub fn draw_area(band: &Band<'_>, top: u64, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    let columns = band.numbers.len();
    if area.is_empty() || columns == 0 {
        return;
    }
    let breadth = breadth(area.width, columns);
    let full = area.height.saturating_mul(8);
    let (edge, body) = (theme.style(band.role), theme.style(Role::Faint));
    let shade = if body.fg.is_some() { "█" } else { "░" };
    let shown = columns.min(usize::from(area.width / breadth));
    for (n, number) in (1..).zip(band.numbers.iter().rev().take(shown)) {
        let x = area.right().saturating_sub(breadth.saturating_mul(n)).max(area.x);
        let end = eighths(*number, top, full);
        let edge_line = end.saturating_sub(1) / 8;
        for line in 0..=edge_line {
            let y = area.bottom() - 1 - line;
            let (letter, style) = match end.saturating_sub(line * 8) {
                0 => ("▁", body),
                part if line == edge_line => (EIGHTHS[usize::from(part.clamp(1, 8)) - 1], edge),
                _ => (shade, body),
            };
            (x..x + breadth).for_each(|x| {
                buf.set_stringn(x, y, letter, 1, style);
            });
        }
    }
}

/// How many eighths of this line of cells belong to each layer.
fn portions(ends: &[u16], line: u16) -> impl Iterator<Item = (usize, u16)> + '_ {
    let (from, to) = (line * 8, line * 8 + 8);
    ends.iter().enumerate().filter_map(move |(layer, end)| {
        let begin = layer.checked_sub(1).and_then(|below| ends.get(below)).copied().unwrap_or(0);
        let part = (*end).min(to).saturating_sub(begin.max(from));
        (part > 0).then_some((layer, part))
    })
}

/// A cell of at most two layers, the two that have most of it.
fn shared(ends: &[u16], bands: &[Band<'_>], line: u16, theme: &Theme) -> Option<(&'static str, Style)> {
    let mut parts: Vec<(usize, u16)> = portions(ends, line).collect();
    let filled: u16 = parts.iter().map(|(_, part)| part).sum();
    while parts.len() > 2 {
        let least = parts.iter().enumerate().min_by_key(|(_, (_, part))| *part).map_or(0, |(at, _)| at);
        parts.remove(least);
    }
    let colour =
        |layer: usize| -> Color { bands.get(layer).and_then(|band| theme.style(band.role).fg).unwrap_or_default() };
    let letter = |eighths: u16| EIGHTHS[usize::from(eighths.clamp(1, 8)) - 1];
    match parts.as_slice() {
        [] => None,
        [(only, _)] => Some((letter(filled), Style::new().fg(colour(*only)))),
        // The ground is the upper layer: where the column ends inside the cell, there is only one colour for both.
        [(low, part), (high, _)] if filled == 8 => {
            Some((letter(*part), Style::new().fg(colour(*low)).bg(colour(*high))))
        }
        [(low, one), (high, other), ..] => {
            Some((letter(filled), Style::new().fg(colour(if one >= other { *low } else { *high }))))
        }
    }
}

/// A cell of the layer that has most of it; the lowest one of a column is there also where there is little of it.
fn whole(ends: &[u16], bands: &[Band<'_>], line: u16, theme: &Theme) -> Option<(&'static str, Style)> {
    let parts: Vec<(usize, u16)> = portions(ends, line).collect();
    let filled: u16 = parts.iter().map(|(_, part)| part).sum();
    let (layer, _) = parts.into_iter().max_by_key(|(layer, part)| (*part, std::cmp::Reverse(*layer)))?;
    if filled < 4 && line > 0 {
        return None;
    }
    // One layer alone needs no pattern, and can be as exact as with colours.
    let letter = match bands {
        [_] => EIGHTHS[usize::from(filled.clamp(1, 8)) - 1],
        _ => PATTERNS[layer % PATTERNS.len()],
    };
    bands.get(layer).map(|band| (letter, theme.style(band.role)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::theme::ThemeName;

    fn picture(buf: &Buffer) -> String {
        let rows = buf.content.chunks(usize::from(buf.area.width));
        let lines = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
        lines.map(|line| format!("|{}\n", line.trim_end())).collect()
    }

    const ROLES: [Role; 3] = [Role::New, Role::Busy, Role::Bad];

    fn drawn(layers: &[&[u64]], theme: ThemeName, width: u16, height: u16) -> Buffer {
        let bands: Vec<_> = layers.iter().zip(ROLES).map(|(numbers, role)| Band { numbers, role }).collect();
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        draw(&bands, top(&bands), area, &mut buf, &Theme::built_in(theme));
        buf
    }

    #[test]
    fn layers_that_meet_in_a_cell_share_it() {
        let buf = drawn(&[&[8, 0, 4], &[8, 0, 4]], ThemeName::Dark, 3, 2);
        insta::assert_snapshot!(picture(&buf), @r"
        |█
        |█ ▄
        ");
        let theme = Theme::built_in(ThemeName::Dark);
        let colour = |role| theme.style(role).fg.unwrap_or_default();
        let (below, above) = (colour(ROLES[0]), colour(ROLES[1]));
        assert_eq!((buf[(0, 1)].fg, buf[(0, 0)].fg), (below, above));
        assert_eq!(
            (buf[(2, 1)].fg, buf[(2, 1)].bg),
            (below, above),
            "the second column is half as high: one cell for both"
        );
        assert_eq!(buf[(1, 1)].symbol(), " ");
    }

    #[test]
    fn without_colours_patterns_tell_them_apart() {
        let buf = drawn(&[&[8, 0, 2, 1], &[16, 0, 8, 0], &[8, 1, 0, 0]], ThemeName::Mono, 9, 4);
        insta::assert_snapshot!(picture(&buf), @r"
        | ▓▓
        | ░░
        | ░░
        | ██▓▓░░██
        ");
    }

    #[test]
    fn a_single_layer_is_exact_without_colours() {
        let buf = drawn(&[&[1, 8, 12, 16]], ThemeName::Mono, 4, 2);
        insta::assert_snapshot!(picture(&buf), @r"
        |  ▄█
        |▁███
        ");
    }

    #[test]
    fn an_area_is_its_edge() {
        let numbers = [0, 4, 6, 8];
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 2));
        let theme = Theme::built_in(ThemeName::Mono);
        draw_area(&Band { numbers: &numbers, role: Role::Accent }, 8, buf.area, &mut buf, &theme);
        insta::assert_snapshot!(picture(&buf), @r"
        |  ▄█
        |▁█░░
        ");
    }

    proptest! {
        #[test]
        fn any_numbers_fit_into_any_area(
            layers in proptest::collection::vec(proptest::collection::vec(prop_oneof![0u64..9, Just(u64::MAX), any::<u64>()], 0..40), 0..4),
            width in 0u16..30,
            height in 0u16..9,
            mono in any::<bool>(),
        ) {
            let layers: Vec<&[u64]> = layers.iter().map(Vec::as_slice).collect();
            let buf = drawn(&layers, if mono { ThemeName::Mono } else { ThemeName::Dark }, width, height);
            prop_assert_eq!(buf.area, Rect::new(0, 0, width, height));
            let mut buf = buf;
            if let Some(numbers) = layers.first() {
                let band = Band { numbers, role: Role::Accent };
                draw_area(&band, 5, buf.area, &mut buf, &Theme::built_in(ThemeName::Dark));
            }
        }
    }
}
