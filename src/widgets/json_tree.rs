//! JSON as a tree that folds.
//!
//! Owns a flat list of nodes in the order of the text: a node's descendants follow it and end where [`Node::end`] says. So
//! folding costs nothing, and drawing walks only over what is visible, whatever the size of the document.

mod parse;
#[cfg(test)]
mod tests;
mod view;
mod walk;

use std::ops::Range;

pub(in crate::widgets) use walk::{Spot, What};

/// Why a text is no JSON (or too deep to be shown as a tree).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// From 1; 0 where there is no place to point at.
    pub line: usize,
    /// From 1; 0 where there is no place to point at.
    pub column: usize,
    /// What is wrong.
    pub words: String,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {}, column {})", self.words, self.line, self.column)
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    String,
    Number,
    /// true, false, null.
    Word,
}

/// A value of the document. Texts are places in [`JsonTree::texts`].
#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    folded: bool,
    depth: u16,
    /// The containing node; a root is its own parent.
    parent: u32,
    /// The node after the last descendant.
    end: u32,
    /// Its place among its siblings, or for a container's own sake: how many children it has is `count`.
    place: u32,
    /// Number of children.
    count: u32,
    key: Option<Range<u32>>,
    /// A string's content, a number's digits, a word.
    text: Range<u32>,
}

/// A document, what of it is folded, and a cursor.
#[derive(Clone, Debug)]
pub struct JsonTree {
    nodes: Vec<Node>,
    texts: String,
    cursor: usize,
    top: usize,
    height: u16,
    x: usize,
}

impl JsonTree {
    /// Whether this text looks like a JSON document worth a tree: an object or an array.
    pub fn looks_like(text: &str) -> bool {
        matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'['))
    }

    fn text(&self, range: &Range<u32>) -> &str {
        self.texts.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// How many values the document has.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: a document has at least one value.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The place under the cursor as a path: `$.tags[0]`, `$["odd key"].x`. What `jq` takes, with a point for the `$`.
    pub fn path(&self) -> String {
        let mut chain = Vec::new();
        let mut at = self.cursor;
        while at != 0 {
            chain.push(at);
            at = self.nodes[at].parent as usize;
        }
        let mut path = String::from("$");
        for at in chain.into_iter().rev() {
            let node = &self.nodes[at];
            match &node.key {
                None => path.push_str(&format!("[{}]", node.place)),
                Some(key) => {
                    let key = self.text(key);
                    if is_name(key) {
                        path.push('.');
                        path.push_str(key);
                    } else {
                        path.push_str(&format!("[{}]", quoted(key)));
                    }
                }
            }
        }
        path
    }

    /// The value under the cursor for copying: a string's content without quotes, everything else as JSON.
    pub fn value(&self) -> String {
        let node = &self.nodes[self.cursor];
        if node.kind == Kind::String {
            return self.text(&node.text).to_owned();
        }
        let mut out = String::new();
        self.write(self.cursor, 0, &mut out);
        out
    }

    /// The whole document, indented by two blanks.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(0, 0, &mut out);
        out
    }

    /// Writes a node. Recursion is bounded: [`parse`] takes no document deeper than serde_json's limit.
    fn write(&self, at: usize, depth: usize, out: &mut String) {
        let node = &self.nodes[at];
        match node.kind {
            Kind::String => out.push_str(&quoted(self.text(&node.text))),
            Kind::Number | Kind::Word => out.push_str(self.text(&node.text)),
            Kind::Object | Kind::Array => {
                let (open, close) = if node.kind == Kind::Object { ('{', '}') } else { ('[', ']') };
                out.push(open);
                let mut child = at + 1;
                while child < node.end as usize {
                    out.push_str(if child == at + 1 { "\n" } else { ",\n" });
                    out.extend(std::iter::repeat_n("  ", depth + 1));
                    if let Some(key) = &self.nodes[child].key {
                        out.push_str(&quoted(self.text(key)));
                        out.push_str(": ");
                    }
                    self.write(child, depth + 1, out);
                    child = self.nodes[child].end as usize;
                }
                if node.count > 0 {
                    out.push('\n');
                    out.extend(std::iter::repeat_n("  ", depth));
                }
                out.push(close);
            }
        }
    }
}

/// A string as JSON writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether a key needs no quotes in a path.
fn is_name(key: &str) -> bool {
    let mut letters = key.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
