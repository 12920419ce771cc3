//! The drawing of a cell's content into its columns.

use ratatui::{buffer::Buffer, layout::Rect};

use super::content::{Content, Side, What};
use crate::{
    theme::{Role, Theme},
    widgets::{
        number::size,
        safe::{self, Kind},
    },
};

/// Bytes of a blob shown at most.
const BLOB_BYTES: usize = 8;

/// Draws into the first row of `area`; what does not fit ends with `…` in the last column.
pub(super) fn draw(content: &Content<'_>, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let mut pen = Pen { x: area.x, right: area.right(), y: area.y, overflowed: false, last: area.x, buf, theme };
    if content.side == Side::Right {
        let wide = width(content, area.width);
        pen.blanks(area.width - wide);
    }
    runs(&content.what, content.role, &mut |text, width, role| pen.put(text, width, role));
    pen.finish();
}

/// Columns the content takes, at most `cap`.
pub(super) fn width(content: &Content<'_>, cap: u16) -> u16 {
    let mut total = 0_u16;
    runs(&content.what, content.role, &mut |_, width, _| {
        total = total.saturating_add(width);
        total < cap
    });
    total.min(cap)
}

/// Hands out what is drawn, piece by piece with its width and role, until the taker says that it has enough.
fn runs(what: &What<'_>, role: Role, take: &mut dyn FnMut(&str, u16, Role) -> bool) {
    match what {
        What::Words(words) => {
            pieces(words, role, take);
        }
        What::Integer(number) => {
            let mut digits = [0; 20];
            pieces(decimal(*number, &mut digits), role, take);
        }
        What::Text { text, cut } => {
            for chunk in text.utf8_chunks() {
                if !pieces(chunk.valid(), role, take) {
                    return;
                }
                // Bytes that are no UTF-8 are marked one by one; a cut may leave half a character, which is no fault.
                for _ in chunk.invalid() {
                    if !take("\u{fffd}", 1, Role::Bad) {
                        return;
                    }
                }
            }
            if *cut {
                take("…", 1, Role::Muted);
            }
        }
        What::Blob { head, total } => blob(head, *total, role, take),
    }
}

fn pieces(text: &str, role: Role, take: &mut dyn FnMut(&str, u16, Role) -> bool) -> bool {
    safe::pieces(text).all(|piece| {
        let role = if piece.kind == Kind::Text { role } else { Role::Control };
        take(piece.text, piece.width, role)
    })
}

/// `x'0a1b2c…' 12.3 KiB`.
fn blob(head: &[u8], total: u64, role: Role, take: &mut dyn FnMut(&str, u16, Role) -> bool) {
    let shown = &head[..head.len().min(BLOB_BYTES)];
    let mut text = [0; 2 + BLOB_BYTES * 2];
    text[..2].copy_from_slice(b"x'");
    for (place, byte) in shown.iter().enumerate() {
        text[2 + place * 2] = DIGITS[usize::from(byte >> 4)];
        text[3 + place * 2] = DIGITS[usize::from(byte & 15)];
    }
    let text = str::from_utf8(&text[..2 + shown.len() * 2]).unwrap_or_default();
    let more = (shown.len() as u64) < total;
    let go_on = pieces(text, role, take) && (!more || take("…", 1, Role::Muted)) && take("'", 1, role);
    if go_on {
        pieces(&format!(" {}", size(total)), Role::Muted, take);
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of a number in a buffer of its caller.
fn decimal(number: i64, buffer: &mut [u8; 20]) -> &str {
    let mut rest = number.unsigned_abs();
    let mut at = buffer.len();
    loop {
        at -= 1;
        // A digit: below 10.
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    str::from_utf8(&buffer[at..]).unwrap_or_default()
}

/// Where in the row the next piece goes.
struct Pen<'a> {
    x: u16,
    right: u16,
    y: u16,
    overflowed: bool,
    /// Where the last piece begins.
    last: u16,
    buf: &'a mut Buffer,
    theme: &'a Theme,
}

impl Pen<'_> {
    /// Draws a piece, or remembers that it did not fit. Says whether there is a point in going on.
    fn put(&mut self, text: &str, width: u16, role: Role) -> bool {
        if width > self.right - self.x {
            self.overflowed = true;
            return false;
        }
        let style = self.theme.style(role);
        self.buf[(self.x, self.y)].set_symbol(text).set_style(style);
        for x in self.x + 1..self.x + width {
            self.buf[(x, self.y)].set_symbol(" ").set_style(style);
        }
        self.last = self.x;
        self.x += width;
        true
    }

    fn blanks(&mut self, count: u16) {
        for x in self.x..self.x + count {
            self.buf[(x, self.y)].set_symbol(" ");
        }
        self.x += count;
    }

    /// Blanks to the right edge, or `…` in the last column, taking the place of what stands there.
    fn finish(mut self) {
        let filled = self.x == self.right;
        self.blanks(self.right - self.x);
        if !self.overflowed {
            return;
        }
        let last = self.right - 1;
        // A wide character that reaches into the last column goes as a whole.
        if filled {
            for x in self.last..last {
                self.buf[(x, self.y)].set_symbol(" ");
            }
        }
        self.buf[(last, self.y)].set_symbol("…").set_style(self.theme.style(Role::Muted));
    }
}
