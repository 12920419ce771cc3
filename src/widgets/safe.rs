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
    replaced(text, Signs::All)
}

/// Like [`safe`] for running text (Markdown): line breaks and tabs become blanks, and what has no look of its own (zero-width
/// blanks, soft hyphens, marks of direction) is left out instead of being shown by a sign.
pub fn safe_prose(text: &str) -> Cow<'_, str> {
    replaced(text, Signs::Prose)
}

/// Which signs stand for what must not be drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signs {
    /// One for each character.
    All,
    /// None for breaks, tabs and what is invisible anyway.
    Prose,
}

fn replaced(text: &str, signs: Signs) -> Cow<'_, str> {
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
            Kind::Break | Kind::Tab if signs == Signs::Prose => out.push(' '),
            Kind::Invisible if signs == Signs::Prose => {}
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::CellWidth as _;

    use super::*;

    #[test]
    fn signs_stand_for_what_must_not_be_drawn() {
        assert_eq!(safe("a\0b\u{1b}[31m\u{7f}"), "a␀b␛[31m␡");
        assert_eq!(safe("one\r\ntwo\nthree\tfour\rfive\u{85}six\u{2028}"), "one⏎two⏎three␉four⏎five⏎six⏎");
        // Bidi controls, zero-width blanks, a byte order mark, a soft hyphen, private and impossible code points.
        assert_eq!(safe("a\u{202e}b\u{2066}c\u{200f}d\u{200b}e\u{feff}f\u{ad}"), "a◌b◌c◌d◌e◌f◌");
        assert_eq!(safe("\u{9b}31m \u{e000}\u{f0000}\u{ffff}\u{fdd0}"), "\u{fffd}31m \u{fffd}\u{fffd}\u{fffd}\u{fffd}");
        // Hidden text in tag characters, a joiner that joins nothing, a mark without a letter.
        assert_eq!(safe("x\u{e0041}\u{e0042}"), "x◌◌");
        assert_eq!(safe("ab\u{200d}c \u{301}"), "ab◌c \u{301}");
        assert_eq!(safe("\u{301}a"), "◌a");
    }

    #[test]
    fn what_is_fine_stays_as_it_is() {
        for text in ["plain", "größe", "日本語", "e\u{301}", "👩‍👩‍👧", "❤️", "🇩🇪", "👍🏽", "क्ष", "می‌خواهم", "العربية", ""]
        {
            assert!(matches!(safe(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn marks_do_not_pile_up() {
        let text = format!("a{}b", "\u{301}".repeat(500));
        let first = pieces(&text).next().map(|piece| piece.text.chars().count());
        assert!(first.is_some_and(|count| count <= 16), "{first:?}");
    }

    #[test]
    fn a_cluster_of_megabytes_is_not_looked_at_again_for_each_piece() {
        let text = format!("a{}", "\u{301}".repeat(200_000));
        assert_eq!(
            pieces(&text).map(|piece| piece.text.chars().filter(|letter| *letter == '\u{301}').count()).max(),
            Some(12)
        );
    }

    #[test]
    fn prose_has_no_signs_for_breaks_and_invisible_marks() {
        assert_eq!(safe_prose("a\nb\tc\u{200b}d\u{1b}"), "a b cd␛");
    }

    #[test]
    fn tabs_reach_to_the_next_fourth_column() {
        assert_eq!(expanded("\ta\t日本\tx"), "    a   日本    x");
    }

    #[test]
    fn a_cut_text_ends_with_dots() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("abc", 0), "");
    }

    /// Whether a terminal may be sent this.
    fn harmless(text: &str) -> bool {
        text.chars().all(|character| {
            !character.is_control()
                && !matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
                    | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
        })
    }

    proptest! {
        #[test]
        fn every_text_becomes_harmless(text in "(\\PC|\\p{C}|\\p{M}|[\u{200b}-\u{200f}\u{fe0f}\u{1f468}\u{1f1e9}\u{1100}\u{ac00}]){0,24}") {
            let shown = safe(&text);
            prop_assert!(harmless(&shown), "{:?}", shown);
            prop_assert!(harmless(&safe_prose(&text)));
            prop_assert!(harmless(&expanded(&text)));
            let columns: u16 = pieces(&text).map(|piece| piece.width).sum();
            for piece in pieces(&text) {
                prop_assert!(piece.width > 0);
                prop_assert_eq!(piece.width, piece.text.cell_width(), "{:?}", piece.text);
            }
            // What is harmless already stays.
            prop_assert_eq!(width(&text), usize::from(columns));
            prop_assert_eq!(&*safe(&shown), &*shown);
            prop_assert!(width(&fit(&shown, 7)) <= 7);
        }
    }
}
