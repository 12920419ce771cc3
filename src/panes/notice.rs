//! A few calm words in the middle of a pane that has nothing else to show.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    theme::{Role, Theme},
    widgets::safe,
};

/// Draws paragraphs, each in its role, wrapped and centred in `area`; what does not fit is left out from the end.
pub fn draw(paragraphs: &[(&str, Role)], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let width = usize::from(area.width.saturating_sub(2).clamp(1, 64));
    let lines: Vec<(String, Role)> = paragraphs
        .iter()
        .flat_map(|(text, role)| wrapped(&safe::safe_prose(text), width).into_iter().map(|line| (line, *role)))
        .collect();
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    // A little above the middle looks like the middle.
    let top = area.y + area.height.saturating_sub(height) * 2 / 5;
    for (y, (line, role)) in (top..area.bottom()).zip(&lines) {
        let wide = u16::try_from(safe::width(line)).unwrap_or(area.width).min(area.width);
        let x = area.x + (area.width - wide) / 2;
        buf.set_stringn(x, y, line, usize::from(area.width), theme.style(*role));
    }
}

/// A text in lines of this width, broken between words; it must be harmless already.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let word = safe::fit(word, width);
        let wide = safe::width(&word);
        if used > 0 && used + 1 + wide > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(&word);
            used += wide;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::ThemeName;

    #[test]
    fn words_are_wrapped_and_centred() {
        let area = Rect::new(0, 0, 14, 5);
        let mut buf = Buffer::empty(area);
        draw(
            &[("nothing here", Role::Text), ("press\u{1b}[2J x", Role::Muted)],
            area,
            &mut buf,
            &Theme::built_in(ThemeName::Mono),
        );
        let rows: Vec<String> = (0..5).map(|y| (0..14).map(|x| buf[(x, y)].symbol()).collect()).collect();
        assert_eq!(rows, ["              ", " nothing here ", " press␛[2J x  ", "              ", "              "]);
        draw(&[("nothing here", Role::Text)], Rect::new(13, 4, 9, 9), &mut buf, &Theme::built_in(ThemeName::Mono));
    }
}
