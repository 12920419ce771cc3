//! What trees look like, where the cursor goes, and that documents come through whole.

use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect};

use super::*;
use crate::theme::{Theme, ThemeName};

fn tree(text: &str) -> JsonTree {
    let mut tree = JsonTree::parse(text).unwrap_or_else(|why| unreachable!("{why}"));
    tree.resize(8);
    tree
}

fn shown(tree: &JsonTree, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    tree.draw(area, &mut buf, &Theme::built_in(ThemeName::Dark));
    let row = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned() + "\n";
    (0..height).map(row).collect()
}

const DOCUMENT: &str = r#"{"id": "q-1", "tags": ["a", "b", []], "big": 123456789012345678901234567890, "odd key": {"x": null, "y": [true, 1.50]}, "end": {}}"#;

#[test]
fn values_stand_under_their_containers() {
    let mut tree = tree(DOCUMENT);
    insta::assert_snapshot!(shown(&tree, 60, 13), @r#"
    ▾ {5}
    │   id: "q-1"
    │ ▾ tags: [3]
    │ │   0: "a"
    │ │   1: "b"
    │ │   2: []
    │   big: 123456789012345678901234567890
    │ ▾ odd key: {2}
    │ │   x: null
    │ │ ▾ y: [2]
    │ │ │   0: true
    │ │ │   1: 1.50
    │   end: {}
    "#);
    tree.fold_all();
    insta::assert_snapshot!(shown(&tree, 60, 6), @r#"
    ▾ {5}
    │   id: "q-1"
    │ ▸ tags: […] 3
    │   big: 123456789012345678901234567890
    │ ▸ odd key: {…} 2
    │   end: {}
    "#);
}

#[test]
fn the_cursor_walks_over_what_is_visible() {
    let mut tree = tree(DOCUMENT);
    tree.move_by(2);
    assert_eq!(tree.path(), "$.tags");
    tree.toggle();
    tree.move_by(1);
    assert_eq!(tree.path(), "$.big");
    assert_eq!(tree.value(), "123456789012345678901234567890");
    tree.move_by(-1);
    tree.unfold();
    tree.unfold();
    assert_eq!((tree.path(), tree.value()), ("$.tags[0]".to_owned(), "a".to_owned()));
    // A plain value folds what it is in.
    tree.fold();
    assert_eq!(tree.path(), "$.tags");
    tree.fold();
    tree.last();
    assert_eq!(tree.path(), "$.end");
    tree.move_by(-1);
    assert_eq!((tree.path(), tree.value()), (r#"$["odd key"].y[1]"#.to_owned(), "1.50".to_owned()));
    tree.parent();
    assert_eq!(tree.value(), "[\n  true,\n  1.50\n]");
    tree.first();
    tree.fold();
    assert_eq!(shown(&tree, 20, 2), "▸ {…} 5\n\n");
    tree.move_by(1);
    assert_eq!(tree.path(), "$");
    tree.unfold_all();
    tree.last();
    assert_eq!(tree.path(), "$.end");
    // The last of 13 rows on a screen of 8.
    assert_eq!(tree.position().first, 5);
    assert!(tree.click(0) && tree.path() == "$.tags[2]");
    assert!(!tree.click(30));
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let error = |text: &str| JsonTree::parse(text).map(|_| ()).map_err(|why| (why.line, why.column, why.words));
    assert_eq!(error("{\n  \"a\": 1,\n}"), Err((3, 1, "trailing comma".to_owned())));
    assert_eq!(error("[1] x"), Err((1, 5, "trailing characters".to_owned())));
    assert!(error("").is_err());
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    assert!(matches!(error(&deep), Err((1, _, words)) if words == "nested too deeply for a tree"));
}

#[test]
fn hostile_strings_are_harmless() {
    let mut tree = tree(r#"{"a\u0000\u202e": "\u001b[31m\n", "long": "0123456789012345678901234567890"}"#);
    insta::assert_snapshot!(shown(&tree, 24, 3), @r#"
    ▾ {2}
    │   a␀◌: "␛[31m⏎"
    │   long: "012345678901…
    "#);
    tree.scroll(12);
    insta::assert_snapshot!(shown(&tree, 24, 3), @r#"

    31m⏎"
    12345678901234567890123…
    "#);
}

#[test]
fn duplicate_keys_are_both_there() {
    assert_eq!(tree(r#"{"a":1,"a":2}"#).pretty(), "{\n  \"a\": 1,\n  \"a\": 2\n}");
}

#[test]
fn a_big_document_is_drawn_from_what_is_visible() {
    let text = format!("[{}]", vec![r#"{"a":[1,2,3],"b":"text"}"#; 50_000].join(","));
    let mut tree = tree(&text);
    assert_eq!(tree.len(), 1 + 50_000 * 6);
    tree.fold_all();
    tree.last();
    assert_eq!(tree.path(), "$[49999]");
    insta::assert_snapshot!(shown(&tree, 20, 3), @r"
    │ ▸ 49992: {…} 2
    │ ▸ 49993: {…} 2
    │ ▸ 49994: {…} 2
    ");
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn documents_come_through_whole(value in json()) {
        let tree = tree(&value.to_string());
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&tree.pretty()).ok(), Some(value));
    }

    #[test]
    fn no_key_gets_lost(value in json(), keys in proptest::collection::vec(0_u8..9, 0..60)) {
        let mut tree = tree(&value.to_string());
        for key in keys {
            match key {
                0 => tree.move_by(1),
                1 => tree.move_by(-1),
                2 => tree.toggle(),
                3 => tree.fold(),
                4 => tree.unfold(),
                5 => tree.fold_all(),
                6 => tree.last(),
                7 => tree.move_by(5),
                _ => { tree.click(3); }
            }
            // The cursor is always on the screen.
            let mut at = Some(tree.top);
            let seen = (0..8).any(|_| { let here = at; at = at.and_then(|at| tree.after(at)); here == Some(tree.cursor) });
            prop_assert!(seen);
            shown(&tree, 20, 8);
        }
    }
}
