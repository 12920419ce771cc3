//! Realistic pairs of states, and what must hold for the difference of each: every change has a path, and the values that stand there
//! really differ; and what the lines of a text say went and came makes the one text of the other.

use serde_json::Value as Json;

use super::super::{path, states, told::State};
use crate::{
    domain::diff::{Comparison, Diff, RowKind, Side},
    panes::{Outbox, story::works::Works},
    widgets::diff::{Folding, Shape, compare},
};

macro_rules! pairs {
    ($($name:literal),+) => {
        const PAIRS: &[(&str, [&str; 2])] = &[$((
            $name,
            [include_str!(concat!("pairs/", $name, ".before.json")), include_str!(concat!("pairs/", $name, ".after.json"))],
        )),+];
    };
}

pairs!("improved", "partial", "nested", "long_line");

/// The texts of a pair.
pub(super) fn pair(name: &str) -> [&'static str; 2] {
    PAIRS.iter().find(|(own, _)| *own == name).unwrap().1
}

fn fields(name: &str) -> std::sync::Arc<[std::sync::Arc<str>]> {
    let columns = ["id", "question", "answer", "sub_channel", "tags", "relevance_score", "is_new"];
    // A learning path has no columns that are known here.
    if name == "nested" { std::sync::Arc::new([]) } else { columns.map(std::sync::Arc::from).into_iter().collect() }
}

fn found(name: &str, [before, after]: [&str; 2]) -> Diff {
    let side = |text: &str| Side::Text(text.into());
    compare(&Comparison::of_rows(side(before), side(after), fields(name).iter().cloned()))
}

#[test]
fn every_change_has_a_path_with_other_values() {
    for (name, pair) in PAIRS {
        let diff = found(name, *pair);
        let changes: Vec<usize> = (0..diff.rows.len()).filter(|row| diff.rows[*row].kind.is_change()).collect();
        assert!(!changes.is_empty(), "{name}");
        for row in changes {
            let at = path::path(&diff, row);
            let [before, after] = pair.map(|state| path::value(state, &diff, row));
            match &diff.rows[row].kind {
                // An item that came or went stands at another place of the other side.
                RowKind::Value { before: Some(_), after: None, .. } => assert!(before.is_some(), "{name} {at}"),
                RowKind::Value { before: None, after: Some(_), .. } => assert!(after.is_some(), "{name} {at}"),
                _ => {
                    assert!(
                        before.is_some() && after.is_some() && before != after,
                        "{name} {at}: {before:?} {after:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_lines_of_a_changed_text_make_both_texts() {
    for (name, pair) in PAIRS {
        let diff = found(name, *pair);
        let starts = diff.rows.iter().enumerate().filter(|(_, row)| matches!(row.kind, RowKind::Field { .. }));
        for (at, field) in starts {
            let below = diff.rows[at + 1..].iter().take_while(|row| row.depth > field.depth);
            let (mut before, mut after) = (Vec::new(), Vec::new());
            let mut is_text = true;
            for row in below {
                match &row.kind {
                    RowKind::Same(line) => {
                        before.push(line.text.as_str());
                        after.push(line.text.as_str());
                    }
                    RowKind::Removed(line) => before.push(&line.text),
                    RowKind::Added(line) => after.push(&line.text),
                    RowKind::Pair(one, other) => {
                        before.push(&one.text);
                        after.push(&other.text);
                    }
                    _ => is_text = false,
                }
            }
            let [stored, now] = pair.map(|state| path::value(state, &diff, at).unwrap_or_default());
            if is_text && !before.is_empty() && !after.is_empty() {
                assert_eq!((before.join("\n"), after.join("\n")), (stored, now), "{name} {}", path::path(&diff, at));
            }
        }
    }
}

#[test]
fn what_is_said_to_be_the_same_is_the_same() {
    for (name, pair) in PAIRS {
        let diff = found(name, *pair);
        let jsons = pair.map(|state| serde_json::from_str::<Json>(state).unwrap());
        for (row, _) in diff.rows.iter().enumerate().filter(|(_, row)| matches!(row.kind, RowKind::SameValue { .. })) {
            let trail = diff.trail(row);
            // Items of arrays are named by their place on one side.
            if trail.iter().any(|name| name.starts_with('[')) {
                continue;
            }
            let [one, other] = pair.map(|state| path::value(state, &diff, row));
            let same = one == other || matches!((one.as_deref(), other.as_deref()), (Some("1"), Some("true")));
            assert!(same, "{name} {trail:?}: {one:?} {other:?} {}", jsons[0]);
        }
    }
}

#[test]
fn names_are_the_same_in_both_their_forms_and_json_in_a_column_is_json() {
    let diff = found("partial", pair("partial"));
    let paths: Vec<String> =
        (0..diff.rows.len()).filter(|row| diff.rows[*row].kind.is_change()).map(|row| path::path(&diff, row)).collect();
    assert_eq!(paths, ["$.tags[2]", "$.relevance_score"]);
}

#[test]
fn a_line_of_ten_thousand_letters_shows_what_changed_in_it() {
    let states = pair("long_line").map(|text| State::Text(text.into()));
    let style = states::Style { shape: Shape::Fitting, folding: Folding::Folded, form: states::Form::Compared };
    for width in [38, 78, 110] {
        let (mut works, mut out) = (Works::default(), Outbox::default());
        let lines = states::lines(&states, &fields("long_line"), style, width, &mut works, &mut out);
        let text: String = lines.lines.iter().map(|line| format!("{}\n", line.text())).collect();
        assert!(text.contains("changed") && text.contains("here") && lines.lines.len() < 60, "{width}: {text}");
        assert!(lines.lines.iter().all(|line| line.width() <= usize::from(width)), "{width}: {text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}', '\u{200b}']), "{text:?}");
    }
}
