//! Text from the database made harmless: no control byte of it reaches the terminal.
//!
//! Owns the one rule of what may be drawn as it is and which sign stands for the rest ([`pieces`]), used by everything that
//! draws database text. A drawn piece never holds a C0 or C1 control, a bidi control, an invisible format character or a private
//! or unassigned-for-ever code point, and its width is what ratatui reckons for it, so that columns stay columns.

mod piece;

use std::borrow::Cow;

pub use piece::{Kind, Piece, Pieces, pieces};

/// The text with a visible sign for everything that must not reach the terminal; borrowed where there is nothing of that sort.
pub fn safe(text: &str) -> Cow<'_, str> {
    replaced(text, false)
}

/// Like [`safe`] for running text (Markdown): line breaks and tabs become blanks, and what has no look of its own (zero-width
/// blanks, soft hyphens, marks of direction) is left out instead of being shown by a sign.
pub fn safe_prose(text: &str) -> Cow<'_, str> {
    replaced(text, true)
}

fn replaced(text: &str, prose: bool) -> Cow<'_, str> {
    // Printable ASCII, the usual case, needs no look at clusters.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out: Option<String> = None;
    let mut kept = 0;
    for piece in pieces(text) {
        if piece.kind == Kind::Text {
            if let Some(out) = &mut out {
                out.push_str(piece.text);
            } else {
                kept += piece.text.len();
            }
            continue;
        }
        let out = out.get_or_insert_with(|| text[..kept].to_owned());
        match piece.kind {
            Kind::Break | Kind::Tab if prose => out.push(' '),
            Kind::Invisible if prose => {}
            _ => out.push_str(piece.text),
        }
    }
    out.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// How many columns the text takes once it is [`safe`].
pub fn width(text: &str) -> usize {
    pieces(text).map(|piece| usize::from(piece.width)).sum()
}

/// The text cut with `…` where it is wider than this many columns. It must be [`safe`] already.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.len() <= columns || width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(columns + 3);
    let mut used = 0;
    for piece in pieces(text) {
        used += usize::from(piece.width);
        if used >= columns {
            break;
        }
        out.push_str(piece.text);
    }
    if columns > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// One line of source or raw text made [`safe`], tabs widened to the next multiple of four columns.
pub fn expanded(line: &str) -> String {
    if !line.contains('\t') {
        return safe(line).into_owned();
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut column = 0;
    for piece in pieces(line) {
        if piece.kind == Kind::Tab {
            let blanks = 4 - column % 4;
            out.extend(std::iter::repeat_n(' ', blanks));
            column += blanks;
        } else {
            out.push_str(piece.text);
            column += usize::from(piece.width);
        }
    }
    out
}
