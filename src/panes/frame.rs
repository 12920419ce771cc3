//! The frame around a pane: border, title, tabs, and two words at the corners. Drawn and hit by the same layout.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Style,
    symbols::border,
    widgets::{Block, Widget},
};
use unicode_width::UnicodeWidthStr;

use crate::{panes::ViewCx, theme::Role};

/// What stands in a pane's border. Texts must be harmless already (`widgets::safe`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// Top left.
    pub title: &'a str,
    /// Behind the title: the tabs.
    pub tabs: &'a [&'a str],
    /// Which of them is open.
    pub open: usize,
    /// Top right.
    pub corner: &'a str,
    /// Bottom right.
    pub footer: &'a str,
    /// Bottom left.
    pub note: &'a str,
}

/// What lies inside the frame of this area.
pub fn inner(area: Rect) -> Rect {
    if area.width < 3 || area.height < 3 {
        return Rect { width: 0, height: 0, ..area };
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// Draws the frame and returns what lies inside.
pub fn frame(parts: &Frame<'_>, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) -> Rect {
    let inside = inner(area);
    if inside.is_empty() {
        return inside;
    }
    let (border_role, title_role) =
        if cx.focused { (Role::BorderFocused, Role::TitleFocused) } else { (Role::Border, Role::Title) };
    Block::bordered().border_set(border::ROUNDED).border_style(cx.theme.style(border_role)).render(area, buf);

    let mut put = |x: u16, y: u16, text: &str, room: u16, style: Style| {
        if room > 0 && !text.is_empty() {
            buf.set_stringn(x, y, text, room as usize, style);
        }
    };
    let title = title_span(parts, area);
    if title.width > 2 {
        put(title.x, area.y, " ", 1, Style::new());
        put(title.x + 1, area.y, parts.title, title.width - 2, cx.theme.style(title_role));
        put(title.right() - 1, area.y, " ", 1, Style::new());
    }
    for (index, (tab, place)) in parts.tabs.iter().zip(tab_places(parts, area)).enumerate() {
        let role = if index == parts.open { Role::TabOpen } else { Role::Tab };
        put(place.x, area.y, " ", 1, Style::new());
        put(place.x + 1, area.y, tab, place.width.saturating_sub(2), cx.theme.style(role));
        put(place.right().saturating_sub(1), area.y, " ", 1, Style::new());
    }
    let taken = tab_places(parts, area).last().map_or(title.right(), Rect::right);
    corner(parts.corner, area, area.y, taken, &mut put, cx.theme.style(Role::Muted));
    let bottom = area.bottom() - 1;
    // A dash and a blank before it, a blank behind it: the corners stay.
    let note = parts.note.width().min(inside.width.saturating_sub(3) as usize) as u16;
    let mut left = area.x + 1;
    if note > 0 && inside.width > 4 {
        put(left + 1, bottom, " ", 1, Style::new());
        put(left + 2, bottom, parts.note, note, cx.theme.style(Role::Hint));
        put(left + 2 + note, bottom, " ", 1, Style::new());
        left += note + 3;
    }
    corner(parts.footer, area, bottom, left, &mut put, cx.theme.style(Role::Muted));
    inside
}

/// Which tab is under this place of the screen.
pub fn tab_at(parts: &Frame<'_>, area: Rect, at: Position) -> Option<usize> {
    tab_places(parts, area).position(|place| place.contains(at))
}

fn corner(text: &str, area: Rect, y: u16, taken: u16, put: &mut impl FnMut(u16, u16, &str, u16, Style), style: Style) {
    let width = columns(text);
    let Some(start) = area.right().checked_sub(width.saturating_add(3)) else { return };
    if width > 0 && start > taken {
        put(start, y, " ", 1, Style::new());
        put(start + 1, y, text, width, style);
        put(start + 1 + width, y, " ", 1, Style::new());
    }
}

/// A text's width; names in a database may be wider than any screen.
fn columns(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

fn title_span(parts: &Frame<'_>, area: Rect) -> Rect {
    let room = area.width.saturating_sub(4);
    let width = if parts.title.is_empty() { 0 } else { columns(parts.title).saturating_add(2).min(room) };
    Rect { x: area.x + 2, y: area.y, width, height: 1 }
}

fn tab_places<'a>(parts: &'a Frame<'_>, area: Rect) -> impl Iterator<Item = Rect> + 'a {
    let end = area.right().saturating_sub(2);
    let title = title_span(parts, area);
    let widths: u16 = parts.tabs.iter().map(|tab| tab.width() as u16 + 2).sum();
    // Where the tabs do not fit, only the open one is shown.
    let all = title.right() + widths <= end;
    let mut x = title.right();
    parts.tabs.iter().enumerate().map(move |(index, tab)| {
        let width = tab.width() as u16 + 2;
        let shown = (all || index == parts.open) && x + width <= end;
        let place = Rect { x, y: area.y, width: if shown { width } else { 0 }, height: u16::from(shown) };
        x += place.width;
        place
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        panes::{Now, Settings},
        theme::{Theme, ThemeName},
    };

    #[test]
    fn tabs_are_hit_where_they_are_drawn() {
        let theme = Theme::built_in(ThemeName::Dark);
        let cx = ViewCx {
            theme: &theme,
            now: Now { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH },
            settings: &Settings::default(),
            focused: true,
        };
        let parts =
            Frame { title: "q-1", tabs: &["Rows", "Schema"], open: 1, corner: "12 new", footer: "row 1", note: "" };
        let area = Rect::new(0, 0, 40, 4);
        let mut buf = Buffer::empty(area);
        let inside = frame(&parts, area, &mut buf, &cx);
        assert_eq!(inside, Rect::new(1, 1, 38, 2));
        let top: String = (0..40).map(|x| buf[(x, 0)].symbol().to_owned()).collect();
        assert_eq!(top, "╭─ q-1  Rows  Schema ────────── 12 new ╮");
        let at = top.chars().position(|letter| letter == 'S').unwrap_or_default() as u16;
        assert_eq!(tab_at(&parts, area, Position::new(at, 0)), Some(1));
        assert_eq!(tab_at(&parts, area, Position::new(39, 0)), None);
    }

    #[test]
    fn a_long_note_leaves_the_corners() {
        let theme = Theme::built_in(ThemeName::Dark);
        let cx = ViewCx {
            theme: &theme,
            now: Now { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH },
            settings: &Settings::default(),
            focused: false,
        };
        let area = Rect::new(0, 0, 20, 3);
        for (note, bottom) in [("short", "╰─ short ───── 50% ╯"), ("longer than the border is", "╰─ longer than the ╯")]
        {
            let mut buf = Buffer::empty(area);
            let parts = Frame { note, ..Frame::default() };
            let parts = if note == "short" { Frame { footer: "50%", ..parts } } else { parts };
            let _ = frame(&parts, area, &mut buf, &cx);
            assert_eq!((0..20).map(|x| buf[(x, 2)].symbol().to_owned()).collect::<String>(), bottom);
        }
    }

    #[test]
    fn no_size_is_too_small() {
        let theme = Theme::built_in(ThemeName::Mono);
        let cx = ViewCx {
            theme: &theme,
            now: Now { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH },
            settings: &Settings::default(),
            focused: false,
        };
        let parts = Frame { title: "title", tabs: &["A", "B"], corner: "corner", footer: "foot", note: "n", open: 0 };
        for width in 0..30 {
            for height in 0..5 {
                let area = Rect::new(0, 0, width, height);
                let mut buf = Buffer::empty(area);
                let _ = frame(&parts, area, &mut buf, &cx);
            }
        }
    }
}
