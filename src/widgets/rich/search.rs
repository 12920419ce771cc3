//! Literal search in lines: without regard to case unless the pattern has a capital letter.

use super::line::RichLine;

/// A match: a line and the bytes of its plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match {
    /// Number of the line, from 0.
    pub(super) line: usize,
    /// First byte of the line's text.
    pub(super) start: usize,
    /// The byte after the last.
    pub(super) end: usize,
}

/// Every match of a pattern, in order, none overlapping another. At most [`LIMIT`].
pub(super) fn matches(lines: &[RichLine], pattern: &str) -> Vec<Match> {
    let mut found = Vec::new();
    if pattern.is_empty() {
        return found;
    }
    let exact = pattern.chars().any(char::is_uppercase);
    let wanted: Vec<char> = pattern.chars().map(|letter| if exact { letter } else { fold(letter) }).collect();
    for (number, line) in lines.iter().enumerate() {
        in_line(&line.plain(), &wanted, exact, |start, end| found.push(Match { line: number, start, end }));
        if found.len() >= LIMIT {
            found.truncate(LIMIT);
            break;
        }
    }
    found
}

/// More matches than anybody steps through; bounds what one letter finds in a text of megabytes.
pub(super) const LIMIT: usize = 100_000;

fn in_line(text: &str, wanted: &[char], exact: bool, mut found: impl FnMut(usize, usize)) {
    let mut from = 0;
    while from < text.len() {
        let rest = &text[from..];
        let mut letters = rest.char_indices();
        let mut end = None;
        let hit = wanted.iter().all(|letter| {
            letters.next().is_some_and(|(at, is)| {
                end = Some(at + is.len_utf8());
                (if exact { is } else { fold(is) }) == *letter
            })
        });
        match end.filter(|_| hit) {
            Some(length) => {
                found(from, from + length);
                from += length;
            }
            None => from += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
}

/// The lower-case letter where it is one letter, so that byte positions stay those of the text.
fn fold(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Role;

    fn found(text: &str, pattern: &str) -> Vec<(usize, usize)> {
        matches(&[RichLine::of(text, Role::Text)], pattern).iter().map(|one| (one.start, one.end)).collect()
    }

    #[test]
    fn a_capital_makes_it_exact() {
        assert_eq!(found("Rust rust", "rust"), [(0, 4), (5, 9)]);
        assert_eq!(found("Rust rust", "Rust"), [(0, 4)]);
        assert_eq!(found("aaaa", "aa"), [(0, 2), (2, 4)]);
        assert_eq!(found("größe GRÖSSE İx", "Ö"), [(10, 12)]);
        assert_eq!(found("größe GRÖSSE", "ö"), [(2, 4), (10, 12)]);
        assert_eq!(found("x", ""), []);
        assert_eq!(found("a.b axb", "a.b"), [(0, 3)]);
    }
}
