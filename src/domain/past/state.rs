//! A state as it is stored, read into fields.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;

use crate::domain::{
    diff::Side,
    name::canonical,
    value::{Bytes, Value},
};

/// Fields by the canonical form of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    fields: BTreeMap<String, (Arc<str>, Side)>,
}

impl State {
    /// `None` where it is no JSON object.
    pub(super) fn read(stored: &str) -> Option<Self> {
        let Ok(Json::Object(object)) = serde_json::from_str(stored) else { return None };
        let field = |(name, value): (String, Json)| (canonical(&name), (Arc::from(name), side(value)));
        Some(Self { fields: object.into_iter().map(field).collect() })
    }

    pub(super) fn get(&self, field: &str) -> Option<&Side> {
        self.fields.get(field).map(|(_, side)| side)
    }

    /// The canonical and the real name of each field.
    pub(super) fn names(&self) -> impl Iterator<Item = (&String, &Arc<str>)> {
        self.fields.iter().map(|(field, (name, _))| (field, name))
    }

    /// Whether the two agree on every field that both have.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.fields.iter().all(|(field, (_, side))| other.get(field).is_none_or(|theirs| is_same(side, theirs)))
    }

    /// The fields of the other one, too.
    pub(super) fn add(&mut self, other: Self) {
        for (field, named) in other.fields {
            self.fields.entry(field).or_insert(named);
        }
    }
}

/// A value of a state as the database has it: no boolean, no array.
fn side(value: Json) -> Side {
    match value {
        Json::Null => Side::Null,
        Json::Bool(is) => Side::Number(if is { "1" } else { "0" }.into()),
        Json::Number(number) => Side::Number(number.to_string().into()),
        Json::String(text) => Side::Text(text.into()),
        Json::Array(_) => Side::Text(value.to_string().into()),
        Json::Object(ref object) => {
            // What JSON cannot say stands in an object that says what it is (`db::write::snapshot`).
            let only = object.iter().next().filter(|_| object.len() == 1);
            let told = only.and_then(|(kind, told)| Some((kind.as_str(), told.as_str()?)));
            let exact = match told {
                Some(("$real", number)) => Some(Side::Number(number.into())),
                Some(("$text", digits)) => bytes(digits).map(|bytes| Side::from(&Value::Text(bytes))),
                Some(("$blob", digits)) => bytes(digits).map(|bytes| Side::from(&Value::Blob(bytes))),
                _ => None,
            };
            exact.unwrap_or_else(|| Side::Text(value.to_string().into()))
        }
    }
}

fn bytes(digits: &str) -> Option<Bytes> {
    let pair = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(pair).collect();
    bytes.filter(|_| digits.len().is_multiple_of(2)).map(Bytes::whole)
}

/// Whether two values are one: numbers as numbers, JSON arrays and objects however they are laid out.
pub(super) fn is_same(one: &Side, other: &Side) -> bool {
    match (one, other) {
        (Side::Number(one), Side::Number(other)) if one != other => {
            // Whole numbers of 64 bits are told apart by their digits, which `f64` would lose.
            let whole = |text: &str| text.parse::<i64>().is_ok();
            !(whole(one) && whole(other)) && one.parse::<f64>().is_ok_and(|one| other.parse() == Ok(one))
        }
        (Side::Text(one), Side::Text(other)) if one != other => {
            let json = |text: &str| {
                let begins = text.trim_start().starts_with(['[', '{']);
                begins.then(|| serde_json::from_str::<Json>(text).ok()).flatten()
            };
            json(one).is_some_and(|one| json(other) == Some(one))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn values_come_as_the_database_has_them() {
        let state = State::read(
            r#"{"subChannel":"s","isNew":true,"relevanceScore":7,"tags":["a","b"],"videos":{"short":"u"},"tldr":null,"odd":{"$blob":"00ff"},
                "far":{"$real":"-Inf"},"bad":{"$text":"61ff"},"no":{"$blob":"0"}}"#,
        )
        .unwrap();
        let text = |text: &str| Side::Text(text.into());
        for (field, side) in [
            ("subchannel", text("s")),
            ("isnew", Side::Number("1".into())),
            ("relevancescore", Side::Number("7".into())),
            ("tags", text(r#"["a","b"]"#)),
            ("videos", text(r#"{"short":"u"}"#)),
            ("tldr", Side::Null),
            ("odd", Side::from(&Value::Blob(Bytes::whole([0, 0xff])))),
            ("far", Side::Number("-Inf".into())),
            ("bad", Side::from(&Value::Text(Bytes::whole(*b"a\xff")))),
            ("no", text(r#"{"$blob":"0"}"#)),
        ] {
            assert_eq!(state.get(field), Some(&side), "{field}");
        }
        for text in ["", "null", "[]", "\"a\"", "{", "{}x", "… the first 3 bytes of 9"] {
            assert_eq!(State::read(text), None, "{text}");
        }
    }

    #[test]
    fn one_value_in_two_layouts_is_one() {
        let (text, number) = (|text: &str| Side::Text(text.into()), |text: &str| Side::Number(text.into()));
        assert!(is_same(&text("[1, 2]"), &text("[1,2]")));
        assert!(!is_same(&text("[1, 2]"), &text("[2,1]")));
        assert!(!is_same(&text("a b"), &text("a  b")));
        assert!(is_same(&number("1.0"), &number("1")));
        assert!(!is_same(&number("9007199254740993"), &number("9007199254740992")));
        assert!(!is_same(&number("1"), &text("1")));
        assert!(!is_same(&Side::Null, &text("")));
    }
}
