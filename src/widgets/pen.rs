//! Writes the columns of one line, each cut to its width, from left to right.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::{
    theme::{Role, Theme},
    widgets::safe,
};

/// A line of the screen being written.
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    theme: &'a Theme,
    x: u16,
    end: u16,
    y: u16,
}

impl<'a> Pen<'a> {
    /// Begins at the left of the first line of `area`.
    pub fn new(area: Rect, buf: &'a mut Buffer, theme: &'a Theme) -> Self {
        let area = Rect { height: area.height.min(1), ..area }.intersection(buf.area);
        Self { buf, theme, x: area.x, end: if area.is_empty() { area.x } else { area.right() }, y: area.y }
    }

    /// Columns that are left.
    pub const fn room(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Leaves columns blank.
    pub const fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = if self.room() > columns { self.x + columns } else { self.end };
        self
    }

    /// A text as wide as it is, or cut with `…` at the end of the line. Text from the database is made harmless.
    pub fn word(&mut self, text: &str, role: Role) -> &mut Self {
        let room = self.room();
        self.x = self.put(text, self.theme.style(role), room);
        self
    }

    /// A text at the left of this many columns.
    pub fn left(&mut self, text: &str, role: Role, width: u16) -> &mut Self {
        let width = width.min(self.room());
        self.put(text, self.theme.style(role), width);
        self.skip(width)
    }

    /// A text at the right of this many columns.
    pub fn right(&mut self, text: &str, role: Role, width: u16) -> &mut Self {
        let width = width.min(self.room());
        let blank = usize::from(width).saturating_sub(safe::width(text));
        self.x += u16::try_from(blank).unwrap_or(0);
        self.put(text, self.theme.style(role), width.saturating_sub(u16::try_from(blank).unwrap_or(0)));
        self.x += width.saturating_sub(u16::try_from(blank).unwrap_or(0));
        self
    }

    /// Leaves this many columns to what is drawn there.
    pub fn leave(&mut self, width: u16, draw: impl FnOnce(Rect, &mut Buffer)) -> &mut Self {
        let place = Rect { x: self.x, y: self.y, width: width.min(self.room()), height: 1 };
        if place.width > 0 {
            draw(place, self.buf);
        }
        self.skip(width)
    }

    /// Lays a role over the whole of an area, on top of what is written there.
    pub fn over(buf: &mut Buffer, area: Rect, theme: &Theme, role: Role) {
        buf.set_style(area, theme.style(role));
    }

    fn put(&mut self, text: &str, style: Style, width: u16) -> u16 {
        let (mut x, mut before) = (self.x, self.x);
        let end = self.x + width;
        for piece in safe::pieces(text) {
            if x + piece.width > end {
                // The sign that something is cut takes the place of the last character where there is no other.
                let at = if x < end { x } else { before };
                if at < end {
                    self.buf.set_stringn(at, self.y, "…", 1, style);
                    (at + 1..x).for_each(|blank| {
                        self.buf[(blank, self.y)].set_symbol(" ");
                    });
                    return at + 1;
                }
                return x;
            }
            self.buf.set_stringn(x, self.y, piece.text, usize::from(piece.width), style);
            before = x;
            x += piece.width;
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::ThemeName;

    fn drawn(width: u16, write: impl FnOnce(&mut Pen<'_>)) -> String {
        let area = Rect::new(0, 0, width, 1);
        let mut buf = Buffer::empty(area);
        let theme = Theme::built_in(ThemeName::Mono);
        write(&mut Pen::new(area, &mut buf, &theme));
        (0..width).map(|x| buf[(x, 0)].symbol().to_owned()).collect()
    }

    #[test]
    fn columns_are_cut_and_aligned() {
        let line = drawn(16, |pen| {
            pen.left("creator", Role::Text, 5).skip(1).right("12", Role::Text, 4).skip(1).word("a\nb", Role::Text);
        });
        assert_eq!(line, "crea…   12 a⏎b  ");
        let line = drawn(6, |pen| {
            pen.word("日本語x", Role::Text);
        });
        assert_eq!(line, "日 本 … ");
        let line = drawn(3, |pen| {
            pen.right("12345", Role::Text, 9);
        });
        assert_eq!(line, "12…");
        let line = drawn(3, |pen| {
            pen.word("abc", Role::Text).word("d", Role::Text);
        });
        assert_eq!(line, "abc");
    }
}
