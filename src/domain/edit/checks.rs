//! What speaks against a value in a column: what is refused, what needs a yes, what is only said.

use super::form::{Holds, holds};
use crate::domain::{
    catalogue::{Meaning, Tone},
    json_check::{self, JsonFault, JsonReport, shape_words},
    schema::{Column, KeyKind, Relation},
    time,
    value::Value,
};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weight {
    /// It is said.
    Hint,
    /// The value is taken only after an explicit yes.
    Ask,
    /// The value is not taken.
    Refused,
}

/// Something that speaks against a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// What it is, in words; may hold words of the value: not to be drawn as it is.
    pub what: String,
    /// Line and character of a text, from 1, where it has a place.
    pub at: Option<(usize, usize)>,
}

impl Finding {
    fn new(weight: Weight, what: impl Into<String>) -> Self {
        Self { weight, what: what.into(), at: None }
    }
}

/// What speaks against this value in this column, the heaviest first. `was` is what stands there (NULL for a new row): what was
/// wrong already needs no yes.
pub fn check(relation: &Relation, column: usize, was: &Value, value: &Value) -> Vec<Finding> {
    let Some(of) = relation.columns.get(column) else { return Vec::new() };
    let mut found = Vec::new();
    if value.is_null() {
        let is_rowid = matches!(relation.key, KeyKind::Rowid { column: Some(key), .. } if key == column);
        if of.not_null && !is_rowid {
            found.push(Finding::new(Weight::Refused, format!("{} is NOT NULL: NULL is not taken", of.name)));
        }
        return found;
    }
    found.extend(type_mismatch(of, was, value));
    found.extend(identity(relation, of, was, value));
    if found.is_empty() {
        found.extend(meaning(of, was, value));
    }
    found.sort_by_key(|fault| std::cmp::Reverse(fault.weight));
    found
}

/// Numbers' columns get no text by accident.
fn type_mismatch(column: &Column, was: &Value, value: &Value) -> Option<Finding> {
    let wants = holds(column);
    // What a column without a type holds is what stands there.
    let wants = match (wants, was) {
        (Holds::Anything, Value::Integer(_)) => Holds::Integers,
        (Holds::Anything, Value::Real(_)) => Holds::Reals,
        _ => wants,
    };
    let words = |what: &str| {
        let but = match value {
            Value::Text(bytes) if bytes.total() == 0 => "an empty text (NULL is another choice)".to_owned(),
            Value::Text(_) => format!("the text '{}'", short(&value.to_plain())),
            Value::Real(_) => format!("the float {}", value.to_plain()),
            Value::Blob(_) => "a blob".to_owned(),
            Value::Integer(_) | Value::Null => value.to_plain().into_owned(),
        };
        format!("{} holds {what}, and this is {but}", column.name)
    };
    let (mismatch, what, alike) = match (wants, value) {
        (Holds::Integers, Value::Real(_)) => (true, "integers", matches!(was, Value::Real(_))),
        (Holds::Integers, Value::Text(_)) => (true, "integers", matches!(was, Value::Text(_))),
        (Holds::Reals, Value::Text(_)) => (true, "floats", matches!(was, Value::Text(_))),
        (Holds::Numbers, Value::Text(_)) => (true, "numbers", matches!(was, Value::Text(_))),
        (Holds::Integers | Holds::Reals | Holds::Numbers | Holds::Text, Value::Blob(_)) => {
            (true, if wants == Holds::Text { "text" } else { "numbers" }, matches!(was, Value::Blob(_)))
        }
        _ => (false, "", false),
    };
    mismatch.then(|| Finding::new(if alike { Weight::Hint } else { Weight::Ask }, words(what)))
}

/// Other rows find a row by its primary key, and by what foreign keys refer to.
fn identity(relation: &Relation, column: &Column, was: &Value, value: &Value) -> Option<Finding> {
    if was.is_null() || was == value {
        return None;
    }
    let mut by: Vec<&str> = relation
        .referenced_by
        .iter()
        .filter(|key| key.columns.iter().any(|(_, to)| to.eq_ignore_ascii_case(&column.name)))
        .map(|key| key.from.as_str())
        .collect();
    by.dedup();
    if by.is_empty() && column.primary_key.is_none() {
        return None;
    }
    let who = if by.is_empty() { "whatever refers to it".to_owned() } else { by.join(", ") };
    let what = format!("{} is what this row is known by: {who} would still say the old one", column.name);
    Some(Finding::new(Weight::Ask, what))
}

/// What the catalogue knows of the column.
fn meaning(column: &Column, was: &Value, value: &Value) -> Option<Finding> {
    let meaning = column.facts?.meaning;
    let text = match value {
        Value::Text(bytes) => std::str::from_utf8(bytes.head()).ok(),
        _ => None,
    };
    let as_before = |bad: bool| if bad && !was.is_null() { Weight::Hint } else { Weight::Ask };
    let was_text = was.as_text();
    match (meaning, text, value) {
        (Meaning::Percent, _, Value::Integer(number)) if !(0..=100).contains(number) => {
            let before = was.as_integer().is_some_and(|number| !(0..=100).contains(&number));
            Some(Finding::new(as_before(before), format!("{} goes from 0 to 100", column.name)))
        }
        (Meaning::Flag, _, Value::Integer(number)) if !matches!(number, 0 | 1) => {
            let before = was.as_integer().is_some_and(|number| !matches!(number, 0 | 1));
            Some(Finding::new(as_before(before), format!("{} is 0 or 1", column.name)))
        }
        (Meaning::Time, Some(text), _) if time::parse(text).is_none() => {
            let before = was_text.is_some_and(|was| time::parse(&was).is_none());
            let what = "no time: 2026-01-29T08:03:07.588Z or 2026-01-29 08:03:07 (UTC)";
            Some(Finding::new(as_before(before), what))
        }
        (Meaning::Enumerated(values), Some(text), _) if !values.iter().any(|(name, _)| *name == text) => {
            let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
            Some(Finding::new(Weight::Hint, format!("not among {}", names.join(", "))))
        }
        (Meaning::Json(shape), Some(text), _) => match json_check::check(text, shape) {
            JsonReport::Fine => None,
            JsonReport::Shape(fault) => {
                let what = format!("not {}: {}", shape_words(shape), fault.what);
                Some(placed(Weight::Hint, what, &fault))
            }
            JsonReport::Broken(fault) => {
                let before = was_text.is_some_and(|was| !json_check::is_json(&was));
                Some(placed(as_before(before), format!("broken JSON: {}", fault.what), &fault))
            }
        },
        (Meaning::Secret, _, _) => Some(Finding::new(
            Weight::Ask,
            format!("{} is stored as typed: a hash is expected, not the word", column.name),
        )),
        _ => None,
    }
}

fn placed(weight: Weight, what: String, fault: &JsonFault) -> Finding {
    Finding { weight, what, at: Some((fault.line, fault.column)) }
}

fn short(text: &str) -> String {
    let mut letters = text.chars();
    let head: String = letters.by_ref().take(20).collect();
    if letters.next().is_some() { format!("{head}…") } else { head }
}

/// The values that a column is known to have, with what each says; empty where it can have any.
pub fn enumerated(column: &Column) -> Vec<(Value, Tone)> {
    match column.facts.map(|facts| facts.meaning) {
        Some(Meaning::Enumerated(values)) => values.iter().map(|(name, tone)| (Value::text(name), *tone)).collect(),
        Some(Meaning::Flag) => vec![(Value::Integer(0), Tone::Neutral), (Value::Integer(1), Tone::Good)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::{ForeignKey, samples};

    fn questions() -> Relation {
        let mut relation = samples::catalogued("questions");
        for column in &mut relation.columns {
            if matches!(column.name.as_str(), "relevance_score" | "is_new" | "voice_suitable") {
                column.declared = "INTEGER".to_owned();
            }
            column.not_null = column.name == "question";
            column.primary_key = (column.name == "id").then_some(1);
        }
        relation.referenced_by.push(ForeignKey {
            from: "channel_mappings".to_owned(),
            to: "questions".to_owned(),
            columns: vec![("question_id".to_owned(), "id".to_owned())],
            on_delete: "NO ACTION".to_owned(),
            on_update: "NO ACTION".to_owned(),
        });
        relation
    }

    fn said(column: &str, was: &Value, value: &Value) -> String {
        let relation = questions();
        let column = relation.column(column).unwrap_or_else(|| unreachable!("{column}"));
        let found = check(&relation, column, was, value);
        found.iter().map(|finding| format!("{:?}: {}", finding.weight, finding.what)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_is_wrong_is_refused_asked_or_said() {
        let text = Value::text;
        for (column, was, value, want) in [
            ("question", text("a"), Value::Null, "Refused: question is NOT NULL: NULL is not taken"),
            ("answer", text("a"), Value::Null, ""),
            (
                "relevance_score",
                Value::Integer(1),
                text("12a"),
                "Ask: relevance_score holds integers, and this is the text '12a'",
            ),
            ("relevance_score", text("x"), text("y"), "Hint: relevance_score holds integers, and this is the text 'y'"),
            (
                "relevance_score",
                Value::Null,
                text(""),
                "Ask: relevance_score holds integers, and this is an empty text (NULL is another choice)",
            ),
            ("relevance_score", Value::Integer(1), Value::Integer(101), "Ask: relevance_score goes from 0 to 100"),
            ("relevance_score", Value::Integer(1), Value::Integer(100), ""),
            ("is_new", Value::Integer(1), Value::Integer(2), "Ask: is_new is 0 or 1"),
            ("is_new", Value::Integer(3), Value::Integer(2), "Hint: is_new is 0 or 1"),
            (
                "created_at",
                Value::Null,
                text("yesterday"),
                "Ask: no time: 2026-01-29T08:03:07.588Z or 2026-01-29 08:03:07 (UTC)",
            ),
            ("created_at", Value::Null, text("2026-01-29 08:03:07"), ""),
            ("status", text("active"), text("odd"), "Hint: not among active, flagged, deleted"),
            (
                "tags",
                text("[]"),
                text("[1]"),
                "Hint: not an array of strings: invalid type: integer `1`, expected a string",
            ),
            ("tags", text("[]"), text("[\"a\""), "Ask: broken JSON: the text ends inside a list"),
            ("tags", Value::Null, text("a"), "Ask: broken JSON: a value is expected here"),
            ("tags", text("a, b"), text("a, b, c"), "Hint: broken JSON: a value is expected here"),
            (
                "id",
                text("q-1"),
                text("q-2"),
                "Ask: id is what this row is known by: channel_mappings would still say the old one",
            ),
        ] {
            assert_eq!(said(column, &was, &value), want, "{column} {value:?}");
        }
    }

    #[test]
    fn flags_and_enumerated_columns_offer_their_values() {
        let relation = questions();
        let of = |name: &str| {
            let column = relation.column(name).unwrap_or_default();
            enumerated(&relation.columns[column])
                .iter()
                .map(|(value, _)| value.to_plain().into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("status"), ["active", "flagged", "deleted"]);
        assert_eq!(of("is_new"), ["0", "1"]);
        assert!(of("answer").is_empty());
    }
}
