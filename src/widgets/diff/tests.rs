//! What differs, found and drawn.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{
    domain::diff::{Comparison, Diff, Side},
    widgets::rich::RichLine,
};

fn text(text: &str) -> Side {
    Side::Text(text.into())
}

fn between(before: &str, after: &str) -> Diff {
    compare(&Comparison::of(text(before), text(after)))
}

/// What is drawn, the words that changed in brackets.
fn drawn(diff: &Diff, width: u16) -> String {
    let line = |line: &RichLine| {
        let span = |span: &crate::widgets::rich::RichSpan| match span.role {
            crate::theme::Role::DiffAddedWord => format!("{{{}}}", span.text),
            crate::theme::Role::DiffRemovedWord => format!("[{}]", span.text),
            _ => span.text.clone(),
        };
        line.spans.iter().map(span).collect::<String>().trim_end().to_owned()
    };
    lay_out(diff, width, Shape::Fitting, Folding::Folded).lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn words_of_changed_lines_are_marked() {
    let before = "one\ntwo\nthree\nfour\nIt costs more than it saves.\nsix\nseven\neight\nnine\nten\neleven";
    let after = "one\ntwo\nthree\nfour\nIt costs a lot more than it brings.\nsix\nseven\neight\nnine\nten\ntwelve";
    insta::assert_snapshot!(drawn(&between(before, after), 60), @r"
      one
      two
      three
      four
    − It costs more than it [saves].
    + It costs {a lot }more than it {brings}.
      six
      seven
      eight
      nine
      ten
    − eleven
    + twelve
    ");
}

#[test]
fn json_is_compared_by_key() {
    let before = r#"{"status":"active","n":12345678901234567890123,"tags":["a","b","c"],"deep":{"x":1,"y":[1,2]},"gone":true,"answer":"First line.\nSecond line is here.\nThird."}"#;
    let after = r#"{"answer":"First line.\nSecond line was here.\nThird.","status":"flagged","n":12345678901234567890124,"tags":["a","c","d"],"deep":{"y":[1,2],"x":"1"},"new":null}"#;
    insta::assert_snapshot!(drawn(&between(before, after), 60), @r#"
      status  [active] → {flagged}
      n       [12345678901234567890123] → {12345678901234567890124}
      tags  3 items
        ⋯ 1 unchanged item
    −   [1]  b
        ⋯ 1 unchanged item
    +   [2]  d
      deep
        x  [1] → {"1"}
        ⋯ 1 unchanged field: y
    − gone  true
      answer
        First line.
    −   Second line [is] here.
    +   Second line {was} here.
        Third.
    + new  NULL
    "#);
}

#[test]
fn beside() {
    let before = "The quick brown fox jumps over the lazy dog, and then it runs away from the hunters as fast as it can.\nsame\nold one";
    let after = "The quick red fox jumps over the lazy dog, and then it runs away from all the hunters as fast as it can.\nsame";
    insta::assert_snapshot!(drawn(&between(before, after), 100), @r"
    − The quick [brown] fox jumps over the lazy dog,   │ + The quick {red} fox jumps over the lazy dog, and
      and then it runs away from the hunters as fast │   then it runs away from {all }the hunters as fast
      as it can.                                     │   as it can.
      same                                           │   same
    − old one                                        │
    ");
}
