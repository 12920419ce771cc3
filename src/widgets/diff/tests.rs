//! What differs, found and drawn.

use std::sync::Arc;

use proptest::{prelude::*, test_runner::TestCaseError};

use super::*;
use crate::{
    domain::{
        diff::{Comparison, Diff, Line, RowKind, Side},
        value::{Bytes, Value},
    },
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

/// The text of either side, out of its diff.
fn sides(rows: &[RowKind]) -> (String, String) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
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
            other => unreachable!("a text has no {other:?}"),
        }
    }
    (before.join("\n"), after.join("\n"))
}

/// What is left of the two forms of a line without what changed.
fn kept(line: &Line) -> String {
    let mut at = 0;
    let mut kept = String::new();
    for mark in &line.marks {
        kept.push_str(&line.text[at..mark.start]);
        at = mark.end;
    }
    kept.push_str(&line.text[at..]);
    kept.split_whitespace().collect()
}

fn rows(diff: &Diff) -> Vec<RowKind> {
    diff.rows.iter().map(|row| row.kind.clone()).collect()
}

#[test]
fn values_of_other_types_are_told_apart() {
    let told = |before: &Value, after: &Value| drawn(&of_values(before, after), 60);
    assert_eq!(told(&Value::Null, &Value::text("")), "  [NULL] → {\"\"}");
    assert_eq!(told(&Value::Integer(5), &Value::text("5")), "  [5] → {\"5\"}");
    assert_eq!(
        told(&Value::Integer(i64::MAX), &Value::Integer(i64::MAX - 1)),
        "  [9223372036854775807] → {9223372036854775806}"
    );
    assert_eq!(told(&Value::Integer(1), &Value::Real(1.0)), "  [1] → {1.0}");
    assert_eq!(told(&Value::text("one two three"), &Value::text("one 2 three")), "− one [two] three\n+ one {2} three");
    let long = "a line that is much longer than what is told on one line of the screen, so it is told below";
    assert_eq!(
        told(&Value::Null, &Value::text(long)),
        "− NULL\n+ a line that is much longer than what is told on one line\n  of the screen, so it is told below"
    );
    let blob = |bytes: &[u8]| Value::Blob(Bytes::whole(bytes));
    assert_eq!(told(&blob(&[0, 255]), &blob(&[1])), "  [blob of 2 bytes, 00ff] → {blob of 1 bytes, 01}");
    assert!(!of_values(&blob(&[7; 200]), &blob(&[&[7; 199][..], &[8]].concat())).is_same());
    let broken = |byte: u8| Value::Text(Bytes::whole([byte]));
    assert!(!of_values(&broken(0xff), &broken(0xfe)).is_same(), "not UTF-8, and not the same");
    assert!(of_values(&Value::text("same"), &Value::text("same")).is_same());
}

#[test]
fn json_that_only_looks_different_is_said_to_be() {
    let told = drawn(&between(r#"{"a":1,"b":[1,2]}"#, r#"{"b":[1,2], "a":1}"#), 60);
    insta::assert_snapshot!(told, @r#"
      the same JSON, written in another way
    − {"[a":1,"]b":[1,2]}
    + {"b":[1,2]{, "a":1}}
    "#);
    assert!(between(r#"{"a":1}"#, r#"{"a":1}"#).is_same());
    // Digits count: these are not the same to whoever reads them exactly.
    assert!(!between(r#"{"a":1.0}"#, r#"{"a":1.00}"#).is_same());
    assert!(!between(r#"{"a":12345678901234567890}"#, r#"{"a":12345678901234567891}"#).is_same());
}

#[test]
fn json_beside_what_is_none_is_shown_as_it_is() {
    insta::assert_snapshot!(drawn(&between(r#"["a"]"#, "a, b"), 60), @r#"
    − ["a"]
    + a, b
    "#);
    let absent = |why: &str| Side::Absent(why.into());
    let one = Comparison::of(absent("no snapshot"), text(r#"{"status":"active","answer":"one\ntwo"}"#));
    insta::assert_snapshot!(drawn(&compare(&one), 60), @r"
      before: no snapshot; all of what is there after:
    + status  active
    + answer
    +   one
    +   two
    ");
    let neither = Comparison::of(absent("no snapshot"), absent("the row is gone"));
    insta::assert_snapshot!(drawn(&compare(&neither), 60), @r"
    before: no snapshot
    after: the row is gone
    ");
}

#[test]
fn arrays_of_objects_are_compared_item_by_item() {
    let before =
        r#"[{"id":"m1","title":"Start","hours":2},{"id":"m2","title":"Go on","hours":3},{"id":"m3","hours":1}]"#;
    let after = r#"[{"id":"m1","title":"Start","hours":2},{"id":"m2","title":"Go further","hours":3},{"id":"m3","hours":1},{"id":"m4"}]"#;
    insta::assert_snapshot!(drawn(&between(before, after), 60), @r#"
      ⋯ 1 unchanged item
      [1]
        title  Go [on] → Go {further}
        ⋯ 2 unchanged fields: id, hours
      ⋯ 1 unchanged item
    + [3]  {"id": "m4"}
    "#);
}

/// Pairs as the ledger and the history hold them: names in either form, parts of rows, JSON in JSON.
#[test]
fn snapshots_are_compared_field_by_field() {
    let fields = ["id", "question", "sub_channel", "tags", "relevance_score", "is_new", "status"];
    let row = Side::Row(vec![
        ("id".into(), text("q-17")),
        ("question".into(), text("What is a B-tree?")),
        ("sub_channel".into(), text("indexes")),
        ("tags".into(), text(r#"["sql","index"]"#)),
        ("relevance_score".into(), Side::Number("42".into())),
        ("is_new".into(), Side::Number("1".into())),
        ("status".into(), text("flagged")),
    ]);
    let snapshot =
        r#"{"status":"active","isNew":true,"relevanceScore":40,"tags":["sql"],"subChannel":"indexes","gone":1}"#;
    let comparison = |before: Side, after: Side| Comparison::of_rows(before, after, fields.map(Arc::from));
    let told = drawn(&compare(&comparison(text(snapshot), row.clone()).within_before()), 60);
    insta::assert_snapshot!(told, @r"
      tags  1 → 2 items
        ⋯ 1 unchanged item
    +   [1]  index
      relevance_score  [40] → {42}
      status           [active] → {flagged}
      ⋯ 2 unchanged fields: sub_channel, is_new
      1 field is recorded only before: gone
    ");
    // Two parts of a row: what only one of them holds is not taken for a change.
    let ledger = (r#"{"status":"active","difficulty":"advanced"}"#, r#"{"status":"flagged","relevanceScore":42}"#);
    insta::assert_snapshot!(drawn(&compare(&comparison(text(ledger.0), text(ledger.1))), 60), @r"
    status  [active] → {flagged}
    1 field is recorded only before: difficulty
    1 field is recorded only after: relevance_score
    ");
}

#[test]
fn unchanged_parts_are_folded_and_unfolded() {
    let lines: Vec<String> = (0..40).map(|line| format!("line {line}")).collect();
    let before = lines.join("\n");
    let after = before.replace("line 20", "line twenty");
    let diff = between(&before, &after);
    insta::assert_snapshot!(drawn(&diff, 40), @r"
      ⋯ 17 unchanged lines
      line 17
      line 18
      line 19
    − line [20]
    + line {twenty}
      line 21
      line 22
      line 23
      ⋯ 16 unchanged lines
    ");
    assert_eq!(lay_out(&diff, 40, Shape::Fitting, Folding::Open).lines.len(), 41);
    let mut view = DiffView::new(Arc::new(diff));
    view.resize(40, 4);
    assert!(view.next_change());
    assert_eq!((view.changes(), view.lines().offset().1), ((Some(1), 1), 3));
    view.set_folding(Folding::Open);
    assert_eq!((view.changes(), view.lines().offset().1), ((Some(1), 1), 19), "the change stays on the screen");
    assert!(view.previous_change() && !DiffView::default().next_change());
}

#[test]
fn long_lines_show_what_is_around_their_changes() {
    let words: Vec<String> = (0..40_000).map(|word| format!("word{word}")).collect();
    let before = words.join(" ");
    let after = before.replace("word20000 ", "another ");
    let told = drawn(&between(&before, &after), 80);
    assert!(told.contains("[word20000]") && told.contains("{another}") && told.contains("⋯ 1"), "{told}");
    assert!(told.lines().count() < 16, "{told}");
    // A line of megabytes that has nothing to break it at.
    let (one, other) = ("x".repeat(1 << 20), "x".repeat((1 << 20) - 1) + "y");
    let told = drawn(&between(&one, &other), 80);
    assert!(told.contains("{y}") && told.lines().count() < 16, "{told}");
}

#[test]
fn what_is_too_large_is_shown_as_it_is() {
    let (one, other) = ("a\n".repeat(200_000), "b\n".repeat(200_000));
    let told = drawn(&between(&one, &other), 80);
    assert!(
        told.starts_with("  too large or too different to compare: 400000 bytes before, 400000 bytes\n  after."),
        "{}",
        &told[..200]
    );
    let huge = Comparison::of(text(&"x".repeat(9 << 20)), text("y"));
    assert!(huge.is_heavy() && drawn(&compare(&huge), 80).ends_with("+ y"));
    // As many lines as are compared, none of them alike.
    let lines = |salt: usize| (0..90_000).map(|line| format!("{}\n", (line * 7919 + salt) % 1013)).collect::<String>();
    assert!(!between(&lines(0), &lines(500)).is_same());
}

#[test]
fn a_few_lines_say_what_is_missing() {
    let diff = between("a\nb\nc\nd", "1\n2\n3\n4");
    let lines: Vec<String> = brief(&diff, 20, 3).iter().map(RichLine::text).collect();
    assert_eq!(lines, ["− a", "− b", "  … 6 more lines"]);
    assert_eq!(brief(&diff, 20, 9).len(), 8);
    assert!(brief(&diff, 20, 0).is_empty());
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "\\PC{0,20}|[a-c \\n\\r\\t]{0,90}".prop_map(serde_json::Value::from),
        r#"(\{"a":1\}|\[1,2|\[\])"#.prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            proptest::collection::vec(("[a-d_A]{0,3}", inner), 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn harmless(lines: &[RichLine], width: u16) -> Result<(), TestCaseError> {
    for line in lines {
        let text = line.text();
        prop_assert!(!text.chars().any(char::is_control), "{text:?}");
        prop_assert!(!text.contains(['\u{202e}', '\u{2066}', '\u{200f}', '\u{2028}']), "{text:?}");
        // Signs, margins and a wide character have their columns, however narrow the screen.
        prop_assert!(width < 12 || line.width() <= usize::from(width), "{} columns of {width}: {text:?}", line.width());
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_text_diff_gives_back_both_sides(before in "([a-c ]{0,4}\n|\\PC{0,12}|\r\n|\t){0,12}", after in "([a-c ]{0,4}\n|\\PC{0,12}|\r\n){0,12}") {
        let rows = text::lines(&before, &after);
        prop_assert_eq!(sides(&rows), (before.clone(), after.clone()));
        for row in &rows {
            if let RowKind::Pair(one, other) = row {
                prop_assert_eq!(kept(one), kept(other), "{:?}", row);
            }
        }
        prop_assert_eq!(before == after, rows.iter().all(|row| matches!(row, RowKind::Same(_))));
    }

    #[test]
    fn no_text_breaks_the_picture(
        before in "(\\PC|\\p{C}|[ab \n\u{202e}\u{301}]){0,60}",
        after in "(\\PC|\\p{C}|[ab \n]){0,60}",
        width in 1u16..200,
    ) {
        let diff = between(&before, &after);
        for shape in [Shape::Fitting, Shape::Unified, Shape::Beside] {
            for folding in [Folding::Folded, Folding::Open] {
                let laid = lay_out(&diff, width, shape, folding);
                harmless(&laid.lines, width)?;
                prop_assert!(laid.changes.windows(2).all(|two| two[0] < two[1]) && laid.changes.iter().all(|line| *line < laid.lines.len()));
            }
        }
    }

    #[test]
    fn equal_documents_are_the_same_and_others_are_not(one in json(), other in json(), width in 1u16..200) {
        let (before, after) = (one.to_string(), other.to_string());
        let diff = between(&before, &after);
        harmless(&lay_out(&diff, width, Shape::Fitting, Folding::Folded).lines, width)?;
        harmless(&lay_out(&diff, width, Shape::Beside, Folding::Open).lines, width)?;
        prop_assert!(between(&before, &before).is_same());
        prop_assert_eq!(diff.is_same(), before == after, "{:?}", rows(&diff));
        let row = Comparison::of_rows(text(&before), text(&after), ["b".into(), "a_A".into()]);
        harmless(&lay_out(&compare(&row), width, Shape::Fitting, Folding::Open).lines, width)?;
        let _ = whole(&row);
    }
}
