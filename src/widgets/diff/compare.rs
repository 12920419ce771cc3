//! Two sides to the rows of their diff.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use imara_diff::{Algorithm, InternedInput};

use super::{
    node::{Node, document, field_key, quoted},
    text,
};
use crate::domain::{
    diff::{Comparison, Diff, Fate, Line, Row, RowKind, Scope, Side, Sort},
    value::Value,
};

/// Sides of more bytes together are shown as they are: their beginnings, one below the other.
const MOST: usize = 8 << 20;
/// So are texts of more lines.
const MOST_LINES: usize = 100_000;
/// What is shown of either side then.
const HEAD: usize = 16 << 10;

const SAME_JSON: &str = "the same JSON, written in another way";

/// What differs. Takes milliseconds for what is not [`Comparison::is_heavy`], up to a second for the largest that are compared.
pub fn compare(comparison: &Comparison) -> Diff {
    let size = comparison.before.size() + comparison.after.size();
    if size > MOST || lines_of(&comparison.before).max(lines_of(&comparison.after)) > MOST_LINES {
        return whole(comparison);
    }
    let mut rows = Rows { comparison, rows: Vec::new() };
    let documents = [&comparison.before, &comparison.after].map(|side| match side {
        Side::Text(text) => document(text),
        _ => None,
    });
    let mut sides = [Node::from(&comparison.before), Node::from(&comparison.after)];
    // A document beside a text that is none is shown as the text that it is.
    let is_row = |side: &Side| matches!(side, Side::Row(_));
    let other_is_tree = [
        documents[1].is_some() || is_row(&comparison.after) || matches!(comparison.after, Side::Absent(_)),
        documents[0].is_some() || is_row(&comparison.before) || matches!(comparison.before, Side::Absent(_)),
    ];
    for ((side, document), other) in sides.iter_mut().zip(&documents).zip(other_is_tree) {
        if let Some(document) = document.as_ref().filter(|_| other) {
            *side = Node::from(document.root());
        }
    }
    match (&comparison.before, &comparison.after) {
        (Side::Text(one), Side::Text(other)) if one != other && sides[0].same(&sides[1]) => {
            rows.note(0, SAME_JSON);
            rows.lines(0, one, other);
        }
        _ => rows.top(&sides[0], &sides[1]),
    }
    Diff { rows: rows.rows }
}

/// Two cells: [`compare`] where that is quick, [`whole`] where it is not (ask for a job then: [`Comparison::is_heavy`]).
pub fn of_values(before: &Value, after: &Value) -> Diff {
    compare(&Comparison::of_values(before, after))
}

/// Both sides as they are, the beginnings of long ones: for what is too large to be compared.
pub fn whole(comparison: &Comparison) -> Diff {
    let size = |side: &Side| format!("{} bytes", side.size());
    let words = format!(
        "too large or too different to compare: {} before, {} after. The beginning of both:",
        size(&comparison.before),
        size(&comparison.after)
    );
    let mut rows = vec![Row { depth: 0, kind: RowKind::Note(words) }];
    for (side, kind) in [
        (&comparison.before, RowKind::Removed as fn(Line) -> RowKind),
        (&comparison.after, RowKind::Added as fn(Line) -> RowKind),
    ] {
        let mut text = String::new();
        beginning(side, &mut text);
        rows.extend(text.split('\n').map(|line| Row { depth: 0, kind: kind(plain(line)) }));
    }
    Diff { rows }
}

fn beginning(side: &Side, out: &mut String) {
    match side {
        Side::Row(fields) => {
            for (name, side) in fields {
                if out.len() > HEAD {
                    out.push_str("\n…");
                    return;
                }
                out.push_str(if out.is_empty() { "" } else { "\n" });
                out.push_str(name);
                out.push_str(": ");
                beginning(side, out);
            }
        }
        Side::Absent(text) | Side::Number(text) | Side::Text(text) | Side::Blob(_, text) => {
            let mut end = text.len().min(HEAD);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            out.push_str(&text[..end]);
            out.push_str(if end < text.len() { " …" } else { "" });
        }
        Side::Null => out.push_str("NULL"),
    }
}

fn lines_of(side: &Side) -> usize {
    match side {
        Side::Text(text) => text.bytes().filter(|byte| *byte == b'\n').count(),
        Side::Row(fields) => fields.iter().map(|(_, side)| lines_of(side)).sum(),
        _ => 0,
    }
}

fn plain(text: &str) -> Line {
    Line { text: text.to_owned(), marks: Vec::new() }
}

/// Where the fields of an object come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fields {
    /// A row's columns.
    Row,
    /// Keys of JSON.
    Json,
}

struct Rows<'c> {
    comparison: &'c Comparison,
    rows: Vec<Row>,
}

impl Rows<'_> {
    fn push(&mut self, depth: u16, kind: RowKind) {
        self.rows.push(Row { depth, kind });
    }

    fn note(&mut self, depth: u16, words: impl Into<String>) {
        self.push(depth, RowKind::Note(words.into()));
    }

    fn top(&mut self, before: &Node<'_>, after: &Node<'_>) {
        let is_row = [&self.comparison.before, &self.comparison.after].iter().any(|side| matches!(side, Side::Row(_)));
        let rows = if is_row || !self.comparison.fields.is_empty() { Fields::Row } else { Fields::Json };
        match (before, after) {
            (Node::Absent(one), Node::Absent(other)) => {
                self.note(0, format!("before: {one}"));
                self.note(0, format!("after: {other}"));
            }
            (Node::Absent(why), there) => {
                self.note(0, format!("before: {why}; all of what is there after:"));
                self.one_side(there, Fate::Added);
            }
            (there, Node::Absent(why)) => {
                self.note(0, format!("after: {why}; all of what was there before:"));
                self.one_side(there, Fate::Removed);
            }
            (Node::Object(one), Node::Object(other)) => self.object(0, one, other, rows),
            (Node::List(one), Node::List(other)) => self.list(0, one, other),
            (Node::Text(one), Node::Text(other)) => self.lines(0, one, other),
            (one, other) if one.same(other) => {
                self.push(0, RowKind::SameValue { name: String::new(), value: other.short() });
            }
            _ => self.values("", 0, before, after),
        }
    }

    /// Everything of one side: each field of an object, or the value itself.
    fn one_side(&mut self, node: &Node<'_>, fate: Fate) {
        match node {
            Node::Object(entries) => {
                for (key, node) in entries {
                    self.alone(key, 0, node, fate);
                }
            }
            other => self.alone("", 0, other, fate),
        }
    }

    /// A value that only one side has.
    fn alone(&mut self, name: &str, depth: u16, node: &Node<'_>, fate: Fate) {
        if node.is_short() {
            let (before, after) = match fate {
                Fate::Removed => (Some(node.short()), None),
                Fate::Added | Fate::Changed => (None, Some(node.short())),
            };
            return self.push(depth, RowKind::Value { name: name.to_owned(), before, after });
        }
        let deeper = self.field(name, depth, fate, "");
        for line in node.pretty().split('\n') {
            let line = plain(line);
            self.push(deeper, if fate == Fate::Removed { RowKind::Removed(line) } else { RowKind::Added(line) });
        }
    }

    /// A field's name, where there is one; how deep its own rows are.
    fn field(&mut self, name: &str, depth: u16, fate: Fate, note: &str) -> u16 {
        if name.is_empty() {
            return depth;
        }
        self.push(depth, RowKind::Field { name: name.to_owned(), fate, note: note.to_owned() });
        depth + 1
    }

    fn lines(&mut self, depth: u16, before: &str, after: &str) {
        self.rows.extend(text::lines(before, after).into_iter().map(|kind| Row { depth, kind }));
    }

    /// A field that both sides have and that is not the same.
    fn values(&mut self, name: &str, depth: u16, before: &Node<'_>, after: &Node<'_>) {
        match (before, after) {
            (Node::Object(one), Node::Object(other)) => {
                let deeper = self.field(name, depth, Fate::Changed, "");
                self.object(deeper, one, other, Fields::Json);
            }
            (Node::List(one), Node::List(other)) => {
                let deeper = self.field(name, depth, Fate::Changed, &counts(one.len(), other.len()));
                self.list(deeper, one, other);
            }
            (Node::Text(one), Node::Text(other)) => {
                if let (Some(a), Some(b)) = (document(one), document(other)) {
                    let (a, b) = (Node::from(a.root()), Node::from(b.root()));
                    if a.same(&b) {
                        let deeper = self.field(name, depth, Fate::Changed, SAME_JSON);
                        return self.lines(deeper, one, other);
                    }
                    if a.kind() == b.kind() {
                        return self.values(name, depth, &a, &b);
                    }
                }
                if before.is_short() && after.is_short() {
                    return self.short(name, depth, before, after);
                }
                let deeper = self.field(name, depth, Fate::Changed, "");
                self.lines(deeper, one, other);
            }
            (Node::Text(one), Node::List(_) | Node::Object(_)) if document(one).is_some() => {
                if let Some(tree) = document(one) {
                    self.values(name, depth, &Node::from(tree.root()), after);
                }
            }
            (Node::List(_) | Node::Object(_), Node::Text(other)) if document(other).is_some() => {
                if let Some(tree) = document(other) {
                    self.values(name, depth, before, &Node::from(tree.root()));
                }
            }
            _ if before.is_short() && after.is_short() => self.short(name, depth, before, after),
            _ => {
                let note = format!("{} → {}", before.kind(), after.kind());
                let deeper = self.field(name, depth, Fate::Changed, &note);
                let mut side = |node: &Node<'_>, kind: fn(Line) -> RowKind| match node {
                    Node::Absent(why) => self.note(deeper, *why),
                    node => node.pretty().split('\n').for_each(|line| self.push(deeper, kind(plain(line)))),
                };
                side(before, RowKind::Removed);
                side(after, RowKind::Added);
            }
        }
    }

    fn short(&mut self, name: &str, depth: u16, before: &Node<'_>, after: &Node<'_>) {
        let (mut one, mut other) = (before.short(), after.short());
        if one.sort == other.sort {
            if one.sort == Sort::Text {
                (one.marks, other.marks) = text::words(&one.text, &other.text);
            }
        } else {
            // Of another kind: a text shows what it is by its quotes.
            for side in [&mut one, &mut other] {
                if side.sort == Sort::Text {
                    side.text = quoted(&side.text);
                }
            }
        }
        self.push(depth, RowKind::Value { name: name.to_owned(), before: Some(one), after: Some(other) });
    }

    fn object(&mut self, depth: u16, before: &[(&str, Node<'_>)], after: &[(&str, Node<'_>)], fields: Fields) {
        let merged = self.merged(before, after, fields);
        let (mut same, mut left_out) = (Vec::new(), [Vec::new(), Vec::new()]);
        for (name, one, other) in merged {
            match (one, other) {
                (Some(one), Some(other)) => {
                    let equal = if fields == Fields::Row { one.same_field(other) } else { one.same(other) };
                    if equal {
                        same.push((name, other));
                    } else {
                        self.values(&name, depth, one, other);
                    }
                }
                // A snapshot of a part of a row says nothing of the rest of it.
                (Some(one), None) if fields == Fields::Row => left_out[0].push((name, one)),
                (None, Some(other)) if fields == Fields::Row => left_out[1].push((name, other)),
                (Some(one), None) => self.alone(&name, depth, one, Fate::Removed),
                (None, Some(other)) => self.alone(&name, depth, other, Fate::Added),
                (None, None) => {}
            }
        }
        for (name, node) in same {
            self.push(depth, RowKind::SameValue { name, value: node.short() });
        }
        let [only_before, only_after] = &left_out;
        self.left_out(depth, only_before, "before");
        if self.comparison.scope == Scope::Both {
            self.left_out(depth, only_after, "after");
        }
    }

    fn left_out(&mut self, depth: u16, names: &[(String, &Node<'_>)], side: &str) {
        const MOST: usize = 24;
        if names.is_empty() {
            return;
        }
        let dots = if names.len() > MOST { " …" } else { "" };
        let list = names.iter().take(MOST).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let fields = if names.len() == 1 { "field is" } else { "fields are" };
        self.note(depth, format!("{} {fields} recorded only {side}: {list}{dots}", names.len()));
        for (name, node) in names {
            self.push(depth, RowKind::OneSided { name: name.clone(), value: node.short() });
        }
    }

    /// The fields of both: of a row in its order, else as they come, what is new behind.
    fn merged<'n, 'v>(
        &self,
        before: &'n [(&'v str, Node<'v>)],
        after: &'n [(&'v str, Node<'v>)],
        fields: Fields,
    ) -> Vec<(String, Option<&'n Node<'v>>, Option<&'n Node<'v>>)> {
        let key = |name: &str| if fields == Fields::Row { field_key(name) } else { name.to_owned() };
        // Duplicate keys are matched in their order.
        let mut there: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (at, (name, _)) in after.iter().enumerate() {
            there.entry(key(name)).or_default().push_back(at);
        }
        let mut taken = vec![false; after.len()];
        let mut merged: Vec<(String, Option<&Node<'_>>, Option<&Node<'_>>)> = Vec::new();
        for (name, node) in before {
            let other = there.get_mut(&key(name)).and_then(VecDeque::pop_front);
            if let Some(at) = other {
                taken[at] = true;
            }
            merged.push(((*name).to_owned(), Some(node), other.map(|at| &after[at].1)));
        }
        let new = after.iter().zip(&taken).filter(|(_, taken)| !**taken);
        merged.extend(new.map(|((name, node), _)| ((*name).to_owned(), None, Some(node))));
        if fields == Fields::Row && !self.comparison.fields.is_empty() {
            let places: HashMap<String, (usize, &Arc<str>)> =
                self.comparison.fields.iter().enumerate().map(|(at, name)| (field_key(name), (at, name))).collect();
            merged.sort_by_key(|(name, ..)| places.get(&field_key(name)).map_or(usize::MAX, |(at, _)| *at));
            for (name, ..) in &mut merged {
                if let Some((_, real)) = places.get(&field_key(name)) {
                    *name = real.to_string();
                }
            }
        }
        merged
    }

    fn list(&mut self, depth: u16, before: &[Node<'_>], after: &[Node<'_>]) {
        let mut input: InternedInput<String> = InternedInput::default();
        input.update_before(before.iter().map(Node::key));
        input.update_after(after.iter().map(Node::key));
        let mut diff = imara_diff::Diff::compute(Algorithm::Histogram, &input);
        diff.postprocess_no_heuristic(&input);
        let mut at = 0;
        for hunk in diff.hunks() {
            let (one, other) = (range(&hunk.before), range(&hunk.after));
            self.same_items(depth, before, at..one.start);
            at = one.end;
            // What stands at the same place of a changed part is the same item, changed; plain values go and come.
            let deep = |node: &Node<'_>| matches!(node, Node::List(_) | Node::Object(_)) || !node.is_short();
            let paired =
                one.clone().zip(other.clone()).take_while(|(a, b)| deep(&before[*a]) && deep(&after[*b])).count();
            for (a, b) in one.clone().zip(other.clone()).take(paired) {
                self.values(&format!("[{b}]"), depth, &before[a], &after[b]);
            }
            for a in one.skip(paired) {
                self.alone(&format!("[{a}]"), depth, &before[a], Fate::Removed);
            }
            for b in other.skip(paired) {
                self.alone(&format!("[{b}]"), depth, &after[b], Fate::Added);
            }
        }
        self.same_items(depth, before, at..before.len());
    }

    fn same_items(&mut self, depth: u16, items: &[Node<'_>], range: std::ops::Range<usize>) {
        for at in range {
            self.push(depth, RowKind::SameValue { name: format!("[{at}]"), value: items[at].short() });
        }
    }
}

fn range(range: &std::ops::Range<u32>) -> std::ops::Range<usize> {
    range.start as usize..range.end as usize
}

fn counts(before: usize, after: usize) -> String {
    let items = |count: usize| if count == 1 { "1 item".to_owned() } else { format!("{count} items") };
    if before == after { items(before) } else { format!("{before} → {}", items(after)) }
}
