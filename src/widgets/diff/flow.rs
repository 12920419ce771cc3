//! A line of a diff on rows of the screen: made harmless, wrapped between words, the words that changed in their role.

use std::ops::Range;

use crate::{
    domain::diff::Line,
    theme::Role,
    widgets::{rich::RichSpan, safe},
};

/// Bytes of a long line around what changed in it.
const AROUND: usize = 160;
/// Lines of more bytes show only what is around their changes.
const LONG: usize = 2_000;
/// Bytes of a line that has no marks, while unchanged parts are folded.
const MOST_FOLDED: usize = 16 << 10;
/// Bytes of a line that are shown at all: more are not read in a diff.
const MOST: usize = 256 << 10;

/// The roles of a line: its own, and that of the words that changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) base: Role,
    pub(super) word: Role,
}

impl Ink {
    pub(super) const REMOVED: Self = Self { base: Role::DiffRemoved, word: Role::DiffRemovedWord };
    pub(super) const ADDED: Self = Self { base: Role::DiffAdded, word: Role::DiffAddedWord };
    pub(super) const SAME: Self = Self { base: Role::DiffContext, word: Role::DiffContext };
}

/// Whether the middle of long lines is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Long {
    Excerpt,
    Whole,
}

/// The line on rows of this many columns; at least one.
pub(super) fn flow(line: &Line, ink: Ink, long: Long, width: usize) -> Vec<Vec<RichSpan>> {
    let mut rows = Rows { width: width.max(1), done: Vec::new(), row: Vec::new(), used: 0, blank: None };
    let mut marks = line.marks.iter().peekable();
    let parts = parts(line, long);
    let words: Vec<String> = parts.iter().map(Part::words).collect();
    for (part, words) in parts.iter().zip(&words) {
        match part {
            Part::Text(range) => {
                let text = &line.text[range.clone()];
                let mut pieces = safe::pieces(text);
                loop {
                    let at = range.end - pieces.rest().len();
                    let Some(piece) = pieces.next() else { break };
                    while marks.next_if(|mark| mark.end <= at).is_some() {}
                    let changed = marks.peek().is_some_and(|mark| mark.start <= at);
                    let role = if changed { ink.word } else { ink.base };
                    if piece.kind == safe::Kind::Tab {
                        for _ in 0..4 - rows.used % 4 {
                            rows.push(" ", 1, role);
                        }
                    } else {
                        rows.push(piece.text, usize::from(piece.width), role);
                    }
                }
            }
            Part::Left(_) => {
                for piece in safe::pieces(words) {
                    rows.push(piece.text, usize::from(piece.width), Role::DiffFold);
                }
            }
        }
    }
    rows.finish()
}

/// A part of a line.
enum Part {
    /// These bytes.
    Text(Range<usize>),
    /// So many bytes are left out.
    Left(usize),
}

impl Part {
    fn words(&self) -> String {
        match self {
            Self::Text(_) => String::new(),
            Self::Left(bytes) => format!(" ⋯ {bytes} bytes ⋯ "),
        }
    }
}

/// What is shown of a line: all of it, or what is around its changes.
fn parts(line: &Line, long: Long) -> Vec<Part> {
    let text = &line.text;
    if long == Long::Whole || line.marks.is_empty() {
        let most = if long == Long::Whole { MOST } else { MOST_FOLDED };
        let end = floor(text, most.min(text.len()));
        let mut parts = vec![Part::Text(0..end)];
        if end < text.len() {
            parts.push(Part::Left(text.len() - end));
        }
        return parts;
    }
    if text.len() <= LONG {
        return vec![Part::Text(0..text.len())];
    }
    let mut windows: Vec<Range<usize>> = Vec::new();
    for mark in &line.marks {
        let start = floor(text, mark.start.saturating_sub(AROUND));
        let end = floor(text, (mark.end + AROUND).min(text.len()));
        match windows.last_mut() {
            Some(last) if start <= last.end + AROUND / 2 => last.end = last.end.max(end),
            _ => windows.push(start..end),
        }
    }
    let (mut parts, mut at, mut shown) = (Vec::new(), 0, 0);
    for window in windows {
        if shown >= MOST {
            break;
        }
        if window.start > at {
            parts.push(Part::Left(window.start - at));
        }
        let end = floor(text, window.end.min(window.start + MOST - shown));
        shown += end - window.start;
        at = end;
        parts.push(Part::Text(window.start..end));
    }
    if at < text.len() {
        parts.push(Part::Left(text.len() - at));
    }
    parts
}

/// The character's border at or before this byte.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[derive(Clone, Copy)]
struct Cell<'t> {
    text: &'t str,
    width: usize,
    role: Role,
}

struct Rows<'t> {
    width: usize,
    done: Vec<Vec<RichSpan>>,
    row: Vec<Cell<'t>>,
    used: usize,
    /// The cell behind the last blank of this row.
    blank: Option<usize>,
}

impl<'t> Rows<'t> {
    fn push(&mut self, text: &'t str, width: usize, role: Role) {
        if self.used + width > self.width && self.used > 0 {
            // A blank may hang over the edge: the next row does not begin with one.
            if text == " " {
                self.end(self.row.len());
                return;
            }
            self.end(self.blank.unwrap_or(self.row.len()));
        }
        self.row.push(Cell { text, width, role });
        self.used += width;
        if text == " " {
            self.blank = Some(self.row.len());
        }
    }

    /// Ends the row before this cell.
    fn end(&mut self, at: usize) {
        let rest = self.row.split_off(at);
        let row = std::mem::replace(&mut self.row, rest);
        self.used = self.row.iter().map(|cell| cell.width).sum();
        self.blank = None;
        self.done.push(spans(&row));
    }

    fn finish(mut self) -> Vec<Vec<RichSpan>> {
        if !self.row.is_empty() || self.done.is_empty() {
            self.end(self.row.len());
        }
        self.done
    }
}

fn spans(cells: &[Cell<'_>]) -> Vec<RichSpan> {
    let mut spans: Vec<RichSpan> = Vec::new();
    for cell in cells {
        match spans.last_mut() {
            Some(last) if last.role == cell.role => last.text.push_str(cell.text),
            _ => spans.push(RichSpan::new(cell.text, cell.role)),
        }
    }
    spans
}
