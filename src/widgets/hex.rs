//! Blobs in hexadecimal: offset, bytes, and the characters they would be in ASCII.
//!
//! Only the lines asked for are made, so that a blob of 10 MB costs what is on the screen.

use std::ops::Range;

use crate::{
    theme::Role,
    widgets::rich::{RichLine, RichSpan},
};

/// Bytes on a line at this width: 16, or 8 where 16 do not fit.
pub const fn bytes_per_line(width: u16) -> usize {
    if width >= FULL { 16 } else { 8 }
}

/// `00000000  00 … 07  08 … 0f  |................|`
const FULL: u16 = 8 + 2 + 16 * 3 + 1 + 1 + 16 + 2;

/// How many lines a blob of this many bytes takes.
pub const fn line_count(bytes: usize, width: u16) -> usize {
    bytes.div_ceil(bytes_per_line(width))
}

/// The lines of this range (by number, from 0), as far as there are any.
pub fn lines(bytes: &[u8], width: u16, range: Range<usize>) -> Vec<RichLine> {
    let per_line = bytes_per_line(width);
    let end = range.end.min(line_count(bytes.len(), width));
    (range.start..end).map(|number| line(bytes, number * per_line, per_line)).collect()
}

fn line(bytes: &[u8], offset: usize, per_line: usize) -> RichLine {
    use std::fmt::Write as _;
    let bytes = &bytes[offset..bytes.len().min(offset + per_line)];
    let mut digits = String::with_capacity(per_line * 3 + 2);
    let mut spans = vec![RichSpan::new(format!("{offset:08x}  "), Role::Muted)];
    for place in 0..per_line {
        if place == 8 {
            digits.push(' ');
        }
        match bytes.get(place) {
            Some(byte) => {
                let _ = write!(digits, "{byte:02x} ");
            }
            None => digits.push_str("   "),
        }
    }
    digits.push(' ');
    spans.push(RichSpan::new(digits, Role::Blob));
    spans.push(RichSpan::new("│", Role::Faint));
    // Runs of what prints and what does not, so that a point in the blob is not taken for a byte that cannot be shown.
    for run in bytes.chunk_by(|one, other| printable(*one) == printable(*other)) {
        let (text, role) = if printable(run[0]) {
            (run.iter().map(|byte| char::from(*byte)).collect(), Role::Text)
        } else {
            ("·".repeat(run.len()), Role::Faint)
        };
        spans.push(RichSpan::new(text, role));
    }
    spans.push(RichSpan::new(format!("{:missing$}│", "", missing = per_line - bytes.len()), Role::Faint));
    RichLine { spans, ground: None }
}

const fn printable(byte: u8) -> bool {
    matches!(byte, 0x20..0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], width: u16, range: Range<usize>) -> String {
        lines(bytes, width, range).iter().map(|line| line.text() + "\n").collect()
    }

    #[test]
    fn bytes_stand_in_columns() {
        insta::assert_snapshot!(shown(b"\x00\x01\x7f\xffSQLite format 3\x00.tail", 80, 0..9), @r"
        00000000  00 01 7f ff 53 51 4c 69  74 65 20 66 6f 72 6d 61  │····SQLite forma│
        00000010  74 20 33 00 2e 74 61 69  6c                       │t 3·.tail       │
        ");
        insta::assert_snapshot!(shown(b"\x00\x01\x7f\xffSQLite", 60, 1..2), @"00000008  74 65                    │te      │");
    }

    #[test]
    fn only_the_lines_asked_for_are_made() {
        let blob = vec![7; 10_000_000];
        assert_eq!(line_count(blob.len(), 80), 625_000);
        assert_eq!(lines(&blob, 80, 624_998..700_000).len(), 2);
        assert!(lines(&blob, 80, 700_000..700_010).is_empty());
        assert!(lines(&[], 80, 0..10).is_empty());
    }
}
