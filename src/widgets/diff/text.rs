//! Texts: lines, and the words inside lines that were changed.
//!
//! The edit script is `imara-diff`'s: git's histogram and Myers' algorithms with the heuristics that keep them from squares. So the
//! time is bounded by the size of the texts, and equal texts always have equal diffs; a deadline by the clock would give neither.

use std::{collections::HashMap, ops::Range};

use imara_diff::{Algorithm, Diff, InternedInput};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::diff::{Line, RowKind};

/// Lines longer than this have one mark, from the first to the last byte that differs.
const LONGEST_LINE: usize = 1 << 18;
/// Changed blocks of more pairs of lines, or more bytes, are paired from the top, without looking which line became which.
const MOST_PAIRS: usize = 400;
const MOST_BYTES: usize = 100_000;
/// Lines with less in common, of 100, are not the same line changed.
const ALIKE: usize = 30;

/// The lines of both, in order. The lines of [`RowKind::Same`], [`RowKind::Removed`] and the left ones of [`RowKind::Pair`], joined by
/// line breaks, are the text before; likewise for the text after.
pub(super) fn lines(before: &str, after: &str) -> Vec<RowKind> {
    let mut input: InternedInput<&str> = InternedInput::default();
    input.update_before(before.split('\n'));
    input.update_after(after.split('\n'));
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let line = |tokens: &[imara_diff::Token], at: usize| input.interner[tokens[at]];
    let mut rows = Vec::new();
    let mut at = 0;
    let same = |range: Range<usize>, rows: &mut Vec<RowKind>| {
        rows.extend(range.map(|at| RowKind::Same(plain(line(&input.before, at)))));
    };
    for hunk in diff.hunks() {
        same(at..hunk.before.start as usize, &mut rows);
        at = hunk.before.end as usize;
        let removed: Vec<&str> = hunk.before.map(|at| line(&input.before, at as usize)).collect();
        let added: Vec<&str> = hunk.after.map(|at| line(&input.after, at as usize)).collect();
        block(&removed, &added, &mut rows);
    }
    same(at..input.before.len(), &mut rows);
    rows
}

fn plain(text: &str) -> Line {
    Line { text: text.to_owned(), marks: Vec::new() }
}

/// A changed block: which line became which.
fn block(removed: &[&str], added: &[&str], rows: &mut Vec<RowKind>) {
    let (mut left, mut right) = (0, 0);
    for (a, b) in pairs(removed, added) {
        let Some((before, after)) = changed(removed[a], added[b]) else { continue };
        rows.extend(removed[left..a].iter().map(|text| RowKind::Removed(plain(text))));
        rows.extend(added[right..b].iter().map(|text| RowKind::Added(plain(text))));
        rows.push(RowKind::Pair(before, after));
        (left, right) = (a + 1, b + 1);
    }
    rows.extend(removed[left..].iter().map(|text| RowKind::Removed(plain(text))));
    rows.extend(added[right..].iter().map(|text| RowKind::Added(plain(text))));
}

/// A line in both its forms with the words that changed; `None` where the two have too little in common to be one line.
fn changed(before: &str, after: &str) -> Option<(Line, Line)> {
    let (left, right) = words(before, after);
    let letters = |part: &str| part.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
    let changed =
        |text: &str, marks: &[Range<usize>]| marks.iter().map(|mark| letters(&text[mark.clone()])).sum::<usize>();
    let total = letters(before) + letters(after);
    let kept = total - changed(before, &left) - changed(after, &right);
    // Lines of which only the blanks changed are one line, however few letters they have.
    let blank = before.trim() == after.trim();
    (blank || kept * 100 >= ALIKE * total.max(1))
        .then(|| (Line { text: before.to_owned(), marks: left }, Line { text: after.to_owned(), marks: right }))
}

/// Which line before became which line after: in order, as much in common as there is.
fn pairs(removed: &[&str], added: &[&str]) -> Vec<(usize, usize)> {
    let bytes: usize = removed.iter().chain(added).map(|line| line.len()).sum();
    if removed.len() * added.len() > MOST_PAIRS || bytes > MOST_BYTES || removed.len().max(added.len()) <= 1 {
        return (0..removed.len().min(added.len())).map(|at| (at, at)).collect();
    }
    let bags: Vec<_> = added.iter().map(|line| bag(line)).collect();
    // best[a][b]: the most that removed[a..] and added[b..] can have in common.
    let wide = added.len() + 1;
    let mut best = vec![0_usize; (removed.len() + 1) * wide];
    let mut common = vec![0_usize; removed.len() * added.len()];
    for a in (0..removed.len()).rev() {
        let bag = bag(removed[a]);
        for b in (0..added.len()).rev() {
            let shared = alike(&bag, &bags[b]);
            common[a * added.len() + b] = shared;
            let paired = if shared >= ALIKE { shared + best[(a + 1) * wide + b + 1] } else { 0 };
            best[a * wide + b] = paired.max(best[(a + 1) * wide + b]).max(best[a * wide + b + 1]);
        }
    }
    let (mut a, mut b, mut found) = (0, 0, Vec::new());
    while a < removed.len() && b < added.len() {
        let here = best[a * wide + b];
        let shared = common[a * added.len() + b];
        if shared >= ALIKE && here == shared + best[(a + 1) * wide + b + 1] {
            found.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if here == best[(a + 1) * wide + b] {
            a += 1;
        } else {
            b += 1;
        }
    }
    found
}

/// The words of a line with how many bytes of them there are.
fn bag(line: &str) -> HashMap<&str, usize> {
    let mut bag = HashMap::new();
    for word in line.split_word_bounds().filter(|word| !word.trim().is_empty()) {
        *bag.entry(word).or_insert(0) += word.len();
    }
    bag
}

/// How much two lines have in common, of 100.
fn alike(one: &HashMap<&str, usize>, other: &HashMap<&str, usize>) -> usize {
    let total: usize = one.values().chain(other.values()).sum();
    let shared: usize = one.iter().map(|(word, bytes)| other.get(word).map_or(0, |there| (*there).min(*bytes))).sum();
    (shared * 200).checked_div(total).unwrap_or(100)
}

/// The bytes that changed on either side: whole words, in order, with the blanks between words that changed. Where one side has
/// something that the other has not, the other's range is empty: it says where that would stand.
pub(super) fn words(before: &str, after: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    if before.len().max(after.len()) > LONGEST_LINE {
        return middle(before, after);
    }
    let mut input: InternedInput<&str> = InternedInput::default();
    input.update_before(before.split_word_bounds());
    input.update_after(after.split_word_bounds());
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_no_heuristic(&input);
    let (mut left, mut right) = (Marks::new(before), Marks::new(after));
    let mut ends = (Ends::new(before), Ends::new(after));
    for hunk in diff.hunks() {
        left.add(ends.0.bytes(&hunk.before));
        right.add(ends.1.bytes(&hunk.after));
    }
    (left.marks, right.marks)
}

/// Where words begin: hunks come in order, so the text is walked through once.
struct Ends<'t> {
    words: unicode_segmentation::UWordBounds<'t>,
    word: u32,
    byte: usize,
}

impl<'t> Ends<'t> {
    fn new(text: &'t str) -> Self {
        Self { words: text.split_word_bounds(), word: 0, byte: 0 }
    }

    fn bytes(&mut self, words: &Range<u32>) -> Range<usize> {
        let start = self.reach(words.start);
        start..self.reach(words.end)
    }

    fn reach(&mut self, word: u32) -> usize {
        while self.word < word {
            self.byte += self.words.next().map_or(0, str::len);
            self.word += 1;
        }
        self.byte
    }
}

struct Marks<'t> {
    text: &'t str,
    marks: Vec<Range<usize>>,
}

impl<'t> Marks<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, marks: Vec::new() }
    }

    fn add(&mut self, bytes: Range<usize>) {
        match self.marks.last_mut() {
            Some(last)
                if last.start < last.end
                    && bytes.start < bytes.end
                    && self.text[last.end..bytes.start].chars().all(char::is_whitespace) =>
            {
                last.end = bytes.end;
            }
            _ => self.marks.push(bytes),
        }
    }
}

/// What lies between the first and the last character that differ.
fn middle(before: &str, after: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let start: usize =
        before.chars().zip(after.chars()).take_while(|(a, b)| a == b).map(|(letter, _)| letter.len_utf8()).sum();
    let (left, right) = (&before[start..], &after[start..]);
    let end: usize = left
        .chars()
        .rev()
        .zip(right.chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(letter, _)| letter.len_utf8())
        .sum();
    let mark = |text: &str| {
        let range = start..text.len() - end;
        vec![range]
    };
    if before == after { (Vec::new(), Vec::new()) } else { (mark(before), mark(after)) }
}
