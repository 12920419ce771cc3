//! Values as they are compared: JSON and rows in one form, borrowed from their texts.

use std::collections::HashMap;

use crate::{
    domain::{
        diff::{Short, Side, Sort},
        name::canonical,
    },
    widgets::json_tree::{JsonTree, Spot, What},
};

/// Values of more bytes, or of several lines, are told line by line.
pub(super) const SHORT: usize = 60;

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Node<'v> {
    Absent(&'v str),
    /// NULL of a database, null of JSON.
    Null,
    Word(&'v str),
    Number(&'v str),
    Text(&'v str),
    Blob(u64, &'v str),
    List(Vec<Self>),
    Object(Vec<(&'v str, Self)>),
}

impl<'v> From<Spot<'v>> for Node<'v> {
    fn from(spot: Spot<'v>) -> Self {
        match spot.what() {
            What::Object => Self::Object(spot.children().map(|child| (child.key(), Self::from(child))).collect()),
            What::Array => Self::List(spot.children().map(Self::from).collect()),
            What::String(text) => Self::Text(text),
            What::Number(digits) => Self::Number(digits),
            What::Word("null") => Self::Null,
            What::Word(word) => Self::Word(word),
        }
    }
}

impl<'v> From<&'v Side> for Node<'v> {
    fn from(side: &'v Side) -> Self {
        match side {
            Side::Absent(why) => Self::Absent(why),
            Side::Null => Self::Null,
            Side::Number(digits) => Self::Number(digits),
            Side::Text(text) => Self::Text(text),
            Side::Blob(bytes, digits) => Self::Blob(*bytes, digits),
            Side::Row(fields) => Self::Object(fields.iter().map(|(name, side)| (&**name, Self::from(side))).collect()),
        }
    }
}

/// The document of a text that is an object or an array.
pub(super) fn document(text: &str) -> Option<JsonTree> {
    JsonTree::looks_like(text).then(|| JsonTree::parse(text).ok()).flatten()
}

impl Node<'_> {
    /// What it is, in words.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Absent(_) => "nothing",
            Self::Null => "NULL",
            Self::Word(_) => "true or false",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Blob(..) => "blob",
            Self::List(_) => "JSON array",
            Self::Object(_) => "JSON object",
        }
    }

    /// Whether they are the same value: the order of keys does not count, the digits of numbers do.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::Absent(_), Self::Absent(_)) => true,
            (Self::Word(a), Self::Word(b)) | (Self::Number(a), Self::Number(b)) | (Self::Text(a), Self::Text(b)) => {
                a == b
            }
            (Self::Blob(a, b), Self::Blob(c, d)) => (a, b) == (c, d),
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Self::Object(a), Self::Object(b)) => {
                if a.len() != b.len() {
                    return false;
                }
                if a.iter().zip(b).all(|((a, one), (b, other))| a == b && one.same(other)) {
                    return true;
                }
                // Duplicate keys: the last one counts, as in SQLite's JSON functions' answers and in JavaScript.
                let there: HashMap<&str, &Self> = b.iter().map(|(key, node)| (*key, node)).collect();
                a.iter().all(|(key, node)| there.get(key).is_some_and(|other| node.same(other)))
            }
            _ => false,
        }
    }

    /// The same field of a row: a snapshot may hold JSON where the column holds its text, and true where the column holds 1.
    pub(super) fn same_field(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(text), node @ (Self::List(_) | Self::Object(_)))
            | (node @ (Self::List(_) | Self::Object(_)), Self::Text(text)) => {
                document(text).is_some_and(|tree| Node::from(tree.root()).same(node))
            }
            (Self::Word(word), Self::Number(digits)) | (Self::Number(digits), Self::Word(word)) => {
                matches!((*word, *digits), ("true", "1") | ("false", "0"))
            }
            _ => self.same(other),
        }
    }

    /// As JSON on one line, keys sorted: equal values have equal texts.
    pub(super) fn key(&self) -> String {
        let mut out = String::new();
        self.write(Order::Sorted, &mut out);
        out
    }

    fn write(&self, order: Order, out: &mut String) {
        match self {
            Self::Absent(_) | Self::Null => out.push_str("null"),
            Self::Word(text) | Self::Number(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Blob(_, digits) => out.push_str(digits),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    item.write(order, out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                if order == Order::Sorted {
                    entries.sort_by_key(|(key, _)| *key);
                }
                out.push('{');
                for (at, (key, node)) in entries.into_iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    out.push_str(&quoted(key));
                    out.push_str(": ");
                    node.write(order, out);
                }
                out.push('}');
            }
        }
    }

    /// Lines for people: a text's own, a document indented.
    pub(super) fn pretty(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Text(text) => match document(text) {
                Some(tree) => out = tree.pretty(),
                None => (*text).clone_into(&mut out),
            },
            Self::List(_) | Self::Object(_) => self.indented(0, &mut out),
            other => out = other.short().text,
        }
        out
    }

    /// Recursion is bounded: documents are no deeper than serde_json's limit.
    fn indented(&self, depth: usize, out: &mut String) {
        let (open, close, count) = match self {
            Self::List(items) => ('[', ']', items.len()),
            Self::Object(entries) => ('{', '}', entries.len()),
            other => return other.write(Order::Kept, out),
        };
        out.push(open);
        for at in 0..count {
            out.push_str(if at > 0 { ",\n" } else { "\n" });
            out.extend(std::iter::repeat_n("  ", depth + 1));
            match self {
                Self::Object(entries) => {
                    out.push_str(&quoted(entries[at].0));
                    out.push_str(": ");
                    entries[at].1.indented(depth + 1, out);
                }
                Self::List(items) => items[at].indented(depth + 1, out),
                _ => {}
            }
        }
        if count > 0 {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
        out.push(close);
    }

    /// Whether it is told on one line.
    pub(super) fn is_short(&self) -> bool {
        match self {
            Self::Text(text) => text.len() <= SHORT && !text.contains('\n'),
            Self::List(items) => items.len() <= 16 && self.key().len() <= SHORT,
            Self::Object(entries) => entries.len() <= 16 && self.key().len() <= SHORT,
            _ => true,
        }
    }

    /// The value on one line; a long one's beginning.
    pub(super) fn short(&self) -> Short {
        let (text, sort) = match self {
            Self::Absent(why) => ((*why).to_owned(), Sort::Absent),
            Self::Null => ("NULL".to_owned(), Sort::Null),
            Self::Word(word) => ((*word).to_owned(), Sort::Word),
            Self::Number(digits) => ((*digits).to_owned(), Sort::Number),
            Self::Text(text) => (head(text), Sort::Text),
            Self::Blob(bytes, digits) => (format!("blob of {bytes} bytes, {digits}"), Sort::Blob),
            Self::List(items) => (self.one_line(items.len(), "items"), Sort::Json),
            Self::Object(entries) => (self.one_line(entries.len(), "fields"), Sort::Json),
        };
        Short { text, sort, marks: Vec::new() }
    }

    fn one_line(&self, count: usize, unit: &str) -> String {
        if count > 16 {
            return format!("{} of {count} {unit}", self.kind());
        }
        let mut out = String::new();
        self.write(Order::Kept, &mut out);
        head(&out)
    }
}

/// The beginning of a text that is shown on one line.
fn head(text: &str) -> String {
    const MOST: usize = 200;
    if text.len() <= MOST {
        return text.to_owned();
    }
    let mut end = MOST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Kept,
    Sorted,
}

/// A string as JSON writes it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A key as fields of rows are matched by it.
pub(super) fn field_key(name: &str) -> String {
    canonical(name)
}
