//! Text cut into what is drawn at a time: a character with its marks, or the sign that stands for something undrawable.

use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A character of the text, with its marks.
    Text,
    /// The sign of a line break (`\n`, `\r\n`, `\r`, U+2028 …).
    Break,
    /// The sign of a tab.
    Tab,
    /// The sign of a character without a look: zero-width blanks, marks of direction, format characters, stray marks.
    Invisible,
    /// The sign of another control character, or of a code point that stands for nothing.
    Control,
}

/// What is drawn at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// What to draw: never a control character.
    pub text: &'a str,
    /// Columns it takes: 1 or more.
    pub width: u16,
    /// What it is.
    pub kind: Kind,
}

/// The pieces of a text, in order; made by [`pieces`].
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    rest: &'a str,
}

/// The pieces of a text, in order. Allocates nothing.
pub const fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text }
}

impl<'a> Pieces<'a> {
    /// What has not been handed out yet.
    pub const fn rest(&self) -> &'a str {
        self.rest
    }

    fn sign(&mut self, bytes: usize, text: &'static str, kind: Kind) -> Piece<'a> {
        self.rest = &self.rest[bytes..];
        Piece { text, width: 1, kind }
    }

    fn text(&mut self, bytes: usize, width: u16) -> Piece<'a> {
        let (text, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        Piece { text, width, kind: Kind::Text }
    }

    /// As much of the rest as a piece can take: a cluster may be megabytes of marks, and each piece would look at all of it again.
    fn ahead(&self) -> &'a str {
        let mut end = self.rest.len().min(LONGEST);
        while !self.rest.is_char_boundary(end) {
            end -= 1;
        }
        &self.rest[..end]
    }

    /// A cluster that begins with a character beyond ASCII, or has marks.
    fn cluster(&mut self) -> Option<Piece<'a>> {
        let cluster = self.ahead().graphemes(true).next()?;
        let mut characters = cluster.char_indices();
        let (_, first) = characters.next()?;
        if let Some((sign, kind)) = sign_of(first) {
            return Some(self.sign(first.len_utf8(), sign, kind));
        }
        // A cluster ends before whatever may not stand in it; the rest of it is looked at anew.
        let mut end = cluster.len();
        let mut before = first;
        for (count, (at, character)) in characters.enumerate() {
            if count >= MARKS || !may_follow(before, character) {
                end = at;
                break;
            }
            before = character;
        }
        // A joiner that joins nothing is left to be looked at by itself.
        if before == ZWJ && !joins_at_end(first) {
            end -= ZWJ.len_utf8();
        }
        match cluster[..end].cell_width() {
            // A mark without a letter.
            0 => Some(self.sign(first.len_utf8(), INVISIBLE, Kind::Invisible)),
            width => Some(self.text(end, width)),
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.rest.as_bytes();
        let first = *bytes.first()?;
        let next_is_ascii = bytes.get(1).is_none_or(u8::is_ascii);
        match first {
            0x20..0x7f if next_is_ascii => Some(self.text(1, 1)),
            b'\r' if bytes.get(1) == Some(&b'\n') => Some(self.sign(2, BREAK, Kind::Break)),
            b'\n' | b'\r' => Some(self.sign(1, BREAK, Kind::Break)),
            b'\t' => Some(self.sign(1, TAB, Kind::Tab)),
            0x00..0x20 => Some(self.sign(1, PICTURES[usize::from(first)], Kind::Control)),
            0x7f => Some(self.sign(1, "␡", Kind::Control)),
            _ => self.cluster(),
        }
    }
}

const BREAK: &str = "⏎";
const TAB: &str = "␉";
const INVISIBLE: &str = "◌";
const REPLACEMENT: &str = "\u{fffd}";
const ZWJ: char = '\u{200d}';
const ZWNJ: char = '\u{200c}';
/// Marks a cluster may carry: more than any script or emoji sequence needs, fewer than what piles up over other lines.
const MARKS: usize = 12;
/// Bytes that a cluster's character, its marks and what ends it take at most.
const LONGEST: usize = (MARKS + 3) * 4;

/// U+2400 control pictures, by control code.
const PICTURES: [&str; 32] = [
    "␀", "␁", "␂", "␃", "␄", "␅", "␆", "␇", "␈", "␉", "␊", "␋", "␌", "␍", "␎", "␏", "␐", "␑", "␒", "␓", "␔", "␕", "␖",
    "␗", "␘", "␙", "␚", "␛", "␜", "␝", "␞", "␟",
];

/// The sign for a character that must not be drawn, wherever it stands; `None` for all others.
const fn sign_of(character: char) -> Option<(&'static str, Kind)> {
    Some(match character {
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => (BREAK, Kind::Break),
        '\t' => (TAB, Kind::Tab),
        '\0'..='\u{1f}' => (PICTURES[character as usize], Kind::Control),
        '\u{7f}' => ("␡", Kind::Control),
        '\u{80}'..='\u{9f}' => (REPLACEMENT, Kind::Control),
        // Bidi controls and marks of direction.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' => {
            (INVISIBLE, Kind::Invisible)
        }
        // Other format characters and default-ignorable code points (Unicode, DerivedCoreProperties.txt), fillers.
        '\u{ad}'
        | '\u{34f}'
        | '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'
        | '\u{891}'
        | '\u{8e2}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1345f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => (INVISIBLE, Kind::Invisible),
        // Private use: every font shows something else, or nothing, of any width. And code points that are no characters.
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fdd0}'..='\u{fdef}' => (REPLACEMENT, Kind::Control),
        _ if character as u32 & 0xfffe == 0xfffe => (REPLACEMENT, Kind::Control),
        _ => return None,
    })
}

/// Whether a character may stand in a cluster after `before`.
const fn may_follow(before: char, character: char) -> bool {
    match character {
        // The joiner of emoji, and of letters in the scripts that shape by it.
        ZWJ => !before.is_ascii() && before != ZWJ && before != ZWNJ,
        ZWNJ => matches!(before, '\u{620}'..='\u{dff}'),
        // Asks for the emoji's picture.
        '\u{fe0f}' => sign_of(before).is_none(),
        _ => sign_of(character).is_none(),
    }
}

/// Whether a joiner at the end of a cluster has something to do: in scripts that shape by it.
const fn joins_at_end(first: char) -> bool {
    matches!(first, '\u{620}'..='\u{dff}')
}
