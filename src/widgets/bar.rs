//! Bars and chips.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    theme::{Role, Theme},
    widgets::{
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// Eighths of a column, from one to seven.
const EIGHTHS: [&str; 7] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// The full and the empty part of a bar of `width` columns for a fraction of 0 to 1 (others are cut to that; NaN is 0).
/// Something is seen of every fraction above 0, and a bar is full only at 1.
pub fn parts(fraction: f64, width: u16) -> (String, String) {
    let eighths = u32::from(width) * 8;
    let fraction = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 8 × 65535")]
    let mut filled = (fraction * f64::from(eighths)).round() as u32;
    if fraction > 0.0 && fraction < 1.0 && eighths > 1 {
        filled = filled.clamp(1, eighths - 1);
    }
    let (whole, part) = ((filled / 8) as usize, (filled % 8) as usize);
    let mut full = "█".repeat(whole);
    if part > 0 {
        full.push_str(EIGHTHS[part - 1]);
    }
    let empty = usize::from(width) - whole - usize::from(part > 0);
    (full, "·".repeat(empty))
}

/// A bar as spans, for a line of other things.
pub fn spans(fraction: f64, width: u16) -> [RichSpan; 2] {
    let (full, empty) = parts(fraction, width);
    [RichSpan::new(full, Role::BarFull), RichSpan::new(empty, Role::BarEmpty)]
}

/// Draws a bar into the first row of `area`.
pub fn draw(fraction: f64, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let (full, empty) = parts(fraction, area.width);
    let (x, y) = buf.set_stringn(area.x, area.y, full, usize::from(area.width), theme.style(Role::BarFull));
    buf.set_stringn(x, y, empty, usize::from(area.right() - x), theme.style(Role::BarEmpty));
}

/// Chips (tags, companies) on as many lines as they need at this width; a chip too long for a line is cut with `…`.
pub fn chips<'a>(texts: impl IntoIterator<Item = &'a str>, role: Role, width: u16) -> Vec<RichLine> {
    let width = usize::from(width);
    if width < 3 {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut line = RichLine::default();
    let mut used = 0;
    for text in texts {
        let text = format!(" {} ", safe::fit(&safe::safe_prose(text), width - 2));
        let wide = safe::width(&text);
        if used > 0 && used + 1 + wide > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.spans.push(RichSpan::new(" ", Role::Text));
            used += 1;
        }
        line.spans.push(RichSpan::new(text, role));
        used += wide;
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_at_one_and_empty_only_at_zero() {
        let bar = |fraction| {
            let (full, empty) = parts(fraction, 4);
            full + &empty
        };
        assert_eq!(bar(0.0), "····");
        assert_eq!(bar(0.001), "▏···");
        assert_eq!(bar(0.5), "██··");
        assert_eq!(bar(0.999), "███▉");
        assert_eq!(bar(1.0), "████");
        assert_eq!(bar(7.0), "████");
        assert_eq!(bar(-1.0), "····");
        assert_eq!(bar(f64::NAN), "····");
        assert_eq!(parts(0.5, 0), (String::new(), String::new()));
    }

    #[test]
    fn chips_wrap() {
        let lines = chips(["rust", "日本語", "a\nb", "much too long for a line"], Role::Chip, 14);
        let text: Vec<String> = lines.iter().map(RichLine::text).collect();
        assert_eq!(text, [" rust ", " 日本語   a b ", " much too lo… "]);
        assert!(chips(["x"], Role::Chip, 2).is_empty());
    }
}
