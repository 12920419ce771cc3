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
    let case = if pattern.chars().any(char::is_uppercase) { Case::Kept } else { Case::Folded };
    let wanted: Vec<char> = pattern.chars().map(|letter| case.of(letter)).collect();
    for (number, line) in lines.iter().enumerate() {
        let text = line.plain();
        let matches = in_line(&text, &wanted, case).map(|(start, end)| Match { line: number, start, end });
        found.extend(matches.take(LIMIT - found.len()));
        if found.len() == LIMIT {
            break;
        }
    }
    found
}

/// More matches than anybody steps through; bounds what one letter finds in a text of megabytes.
pub(super) const LIMIT: usize = 100_000;

/// Whether capital letters are letters of their own.
#[derive(Clone, Copy)]
enum Case {
    Kept,
    Folded,
}

impl Case {
    fn of(self, letter: char) -> char {
        match self {
            Self::Kept => letter,
            Self::Folded => fold(letter),
        }
    }
}

/// First byte of each match, and the byte after its last.
fn in_line<'a>(text: &'a str, wanted: &'a [char], case: Case) -> impl Iterator<Item = (usize, usize)> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
            let mut letters = rest.chars();
            let mut length = 0;
            let hit = wanted.iter().all(|letter| {
                letters.next().is_some_and(|is| {
                    length += is.len_utf8();
                    case.of(is) == *letter
                })
            });
            if hit {
                from += length;
                return Some((from - length, from));
            }
            from += rest.chars().next().map_or(1, char::len_utf8);
        }
        None
    })
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

    #[test]
    fn one_long_line_has_no_more_matches_than_many_lines() {
        assert_eq!(found(&"x".repeat(LIMIT + 5), "x").len(), LIMIT);
    }
}
