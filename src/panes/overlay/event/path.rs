//! Where a change is: the path as `jq` takes it, and the value that stands there.

use serde_json::Value as Json;

use crate::domain::{diff::Diff, name::is_same};

/// A step from a value into one it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step<'n> {
    Key(&'n str),
    Item(usize),
}

fn step(name: &str) -> Step<'_> {
    let digits = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(place) => Step::Item(place),
        None => Step::Key(name),
    }
}

/// The path of a row of a diff: `$.tags[0]`, `$["odd key"].x`.
pub(super) fn path(found: &Diff, row: usize) -> String {
    let mut path = "$".to_owned();
    for name in found.trail(row) {
        match step(name) {
            Step::Item(place) => path.push_str(&format!("[{place}]")),
            Step::Key(key) if is_name(key) => {
                path.push('.');
                path.push_str(key);
            }
            Step::Key(key) => path.push_str(&format!("[{}]", Json::from(key))),
        }
    }
    path
}

fn is_name(key: &str) -> bool {
    let mut letters = key.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// The value that a state holds at a row of a diff, for copying: a text without quotes, all else as JSON. Fields have the same names
/// in both their forms, and JSON that a field holds as text is looked into.
pub(super) fn value(state: &str, found: &Diff, row: usize) -> Option<String> {
    let mut json: Json = serde_json::from_str(state).ok()?;
    for name in found.trail(row) {
        if let Json::String(text) = &json {
            json = serde_json::from_str(text).ok()?;
        }
        json = match (step(name), json) {
            (Step::Item(place), Json::Array(mut items)) if place < items.len() => items.swap_remove(place),
            (_, Json::Object(fields)) => {
                let exactly = fields.contains_key(name);
                let (_, value) =
                    fields.into_iter().find(|(key, _)| if exactly { key == name } else { is_same(key, name) })?;
                value
            }
            _ => return None,
        };
    }
    Some(match json {
        Json::String(text) => text,
        other => other.to_string(),
    })
}
