//! Numbers over time in one line.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::theme::{Role, Theme};

/// From one eighth of a line to all of it.
pub(crate) const EIGHTHS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Where there is nothing: the line is seen all the same.
const NOTHING: &str = "_";

/// A number as eighths of `full` eighths, where `top` is all of them. Something is seen of everything above 0.
pub(crate) fn eighths(number: u64, top: u64, full: u16) -> u16 {
    let scaled = (u128::from(number) * u128::from(full) + u128::from(top / 2)) / u128::from(top.max(1));
    let least = u128::from(number > 0);
    u16::try_from(scaled.max(least)).unwrap_or(full).min(full)
}

/// Draws numbers into the first row of `area`, the newest at its right end, one a column; `top` fills a column. Lines with the same
/// `top` can be compared with each other.
pub fn draw(numbers: &[u64], top: u64, role: Role, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let shown = &numbers[numbers.len().saturating_sub(usize::from(area.width))..];
    let (some, none) = (theme.style(role), theme.style(Role::Faint));
    for (x, number) in (area.x..area.right()).rev().zip(shown.iter().rev()) {
        let (sign, style) = match eighths(*number, top, 8).checked_sub(1) {
            Some(eighth) => (EIGHTHS[usize::from(eighth).min(7)], some),
            None => (NOTHING, none),
        };
        buf.set_stringn(x, area.y, sign, 1, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::ThemeName;

    fn drawn(numbers: &[u64], top: u64, width: u16) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        draw(numbers, top, Role::Text, area, &mut buf, &Theme::built_in(ThemeName::Mono));
        (0..width).map(|x| buf[(x, 0)].symbol().to_owned()).collect()
    }

    #[test]
    fn the_newest_is_at_the_right_and_something_is_seen_of_everything() {
        assert_eq!(drawn(&[0, 1, 500, 1000], 1000, 6), "  _▁▄█");
        assert_eq!(drawn(&[9, 9, 0, 4, 8], 8, 3), "_▄█");
        assert_eq!(drawn(&[u64::MAX, 1], u64::MAX, 2), "█▁");
        assert_eq!(drawn(&[3], 0, 1), "█", "what is above the top fills its column");
        assert_eq!(drawn(&[], 8, 2), "  ");
    }
}
