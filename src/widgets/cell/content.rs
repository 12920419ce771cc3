//! What of a value is shown: a few runs of text with their roles, and on which side they stand.

use std::borrow::Cow;

use crate::{
    domain::{
        catalogue::{CatalogueColumn, Meaning},
        record_text::MASK,
        time::{self, TimeFormat},
        value::{Bytes, Secrets, Value, real},
    },
    theme::Role,
    widgets::cell::CellOptions,
};

/// On which side of its column a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// What is shown of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content<'a> {
    pub(super) side: Side,
    pub(super) role: Role,
    pub(super) what: What<'a>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What<'a> {
    /// Our own words: no control characters, one row.
    Words(Cow<'a, str>),
    /// A number's digits, without a heap.
    Integer(i64),
    /// Text of the database; `cut` where more of it is not here.
    Text { text: &'a [u8], cut: bool },
    /// A blob's first bytes and its size.
    Blob { head: &'a [u8], total: u64 },
}

pub(super) fn of<'a>(value: &'a Value, facts: Option<&CatalogueColumn>, options: &CellOptions) -> Content<'a> {
    let meaning = facts.map_or(Meaning::Plain, |facts| facts.meaning);
    if meaning == Meaning::Secret && options.secrets == Secrets::Masked && !value.is_null() {
        return words(MASK, Role::Masked);
    }
    match value {
        Value::Null => words("NULL", Role::Null),
        Value::Integer(number) => integer(*number, meaning),
        Value::Real(number) => Content { side: Side::Right, role: Role::Real, what: What::Words(real(*number).into()) },
        Value::Text(bytes) if bytes.total() == 0 => words("''", Role::Empty),
        Value::Text(bytes) => text(bytes, meaning, options),
        Value::Blob(bytes) => Content {
            side: Side::Left,
            role: Role::Blob,
            what: What::Blob { head: bytes.head(), total: bytes.total() },
        },
    }
}

fn words(text: &'static str, role: Role) -> Content<'static> {
    Content { side: Side::Left, role, what: What::Words(Cow::Borrowed(text)) }
}

fn integer(number: i64, meaning: Meaning) -> Content<'static> {
    let role = match (meaning, number) {
        (Meaning::Flag, 0) => Role::Muted,
        (Meaning::Flag, 1) => Role::Good,
        (Meaning::Percent, ..0 | 101..) | (Meaning::Flag, _) => Role::Warning,
        _ => Role::Integer,
    };
    Content { side: Side::Right, role, what: What::Integer(number) }
}

fn text<'a>(bytes: &'a Bytes, meaning: Meaning, options: &CellOptions) -> Content<'a> {
    let raw = What::Text { text: bytes.head(), cut: bytes.is_cut() };
    let left = |role, what| Content { side: Side::Left, role, what };
    match meaning {
        Meaning::Enumerated(values) => {
            let known = values.iter().find(|(value, _)| value.as_bytes() == bytes.head() && !bytes.is_cut());
            // A value outside the list is what a maintainer wants to see.
            left(known.map_or(Role::Warning, |(_, tone)| Role::from(*tone)), raw)
        }
        Meaning::Time => {
            let time = str::from_utf8(bytes.head()).ok().filter(|_| !bytes.is_cut()).and_then(time::parse);
            match (time, options.times) {
                (None, _) => left(Role::Warning, raw),
                (Some(_), TimeFormat::Raw) => left(Role::Text, raw),
                (Some(time), TimeFormat::Iso) => left(Role::Text, What::Words(time::iso(time).into())),
                (Some(time), TimeFormat::Relative) => {
                    left(Role::Text, What::Words(time::relative(time, options.now).into()))
                }
            }
        }
        Meaning::Url => left(Role::Link, raw),
        _ => left(Role::Text, raw),
    }
}
