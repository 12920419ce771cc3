//! A scroll bar that says where you are: a slim thumb on a pane's right border.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::theme::{Role, Theme};

/// What a scroll bar shows, in rows or lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scroll {
    /// The first one on the screen.
    pub first: u64,
    /// How many are on the screen.
    pub shown: u64,
    /// How many there are.
    pub total: u64,
}

/// Draws it into the first column of `area`; nothing where everything is on the screen.
pub fn draw(scroll: Scroll, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() || scroll.shown >= scroll.total {
        return;
    }
    let (start, length) = thumb(scroll, area.height);
    for row in 0..area.height {
        let inside = (start..start + length).contains(&row);
        let (symbol, role) = if inside { ("┃", Role::ScrollThumb) } else { ("│", Role::ScrollTrack) };
        buf[(area.x, area.y + row)].set_symbol(symbol).set_style(theme.style(role));
    }
}

/// Where the thumb begins and how long it is. It touches an end of the track exactly when an end of the data is shown.
fn thumb(scroll: Scroll, height: u16) -> (u16, u16) {
    let rows = u128::from(height);
    let total = u128::from(scroll.total.max(1));
    let length = (u128::from(scroll.shown) * rows / total).clamp(1, rows);
    let room = rows - length;
    let last = u128::from(scroll.total.saturating_sub(scroll.shown)).max(1);
    let first = u128::from(scroll.first).min(last);
    let mut start = (first * room + last / 2) / last;
    if first > 0 && first < last && room >= 2 {
        start = start.clamp(1, room - 1);
    }
    (u16::try_from(start).unwrap_or(0), u16::try_from(length).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumb_touches_an_end_only_at_an_end() {
        let at = |first| thumb(Scroll { first, shown: 20, total: 1_000_000 }, 20);
        assert_eq!(at(0), (0, 1));
        assert_eq!(at(1), (1, 1));
        assert_eq!(at(500_000).0, 10);
        assert_eq!(at(999_979).0, 18);
        assert_eq!(at(999_980).0, 19);
        assert_eq!(at(u64::MAX).0, 19);
    }

    #[test]
    fn nothing_is_drawn_where_everything_is_shown() {
        let area = Rect::new(0, 0, 1, 3);
        let mut buf = Buffer::empty(area);
        let theme = Theme::built_in(crate::theme::ThemeName::Dark);
        draw(Scroll { first: 0, shown: 3, total: 3 }, area, &mut buf, &theme);
        assert_eq!(buf, Buffer::empty(area));
        draw(Scroll { first: 0, shown: 3, total: 9 }, Rect::new(0, 0, 9, 9), &mut buf, &theme);
        assert_eq!(buf[(0, 0)].symbol(), "┃");
    }
}
