//! A diff to lines of the screen: one below the other, or the two sides beside each other where there is room.

use super::flow::{Ink, Long, flow};
use crate::{
    domain::diff::{Diff, Fate, Line, Row, RowKind, Short},
    theme::Role,
    widgets::{
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// From this many columns on, the two sides stand beside each other.
pub const BESIDE: u16 = 100;
/// Unchanged lines that stay around a change.
const CONTEXT: usize = 3;
/// The widest column of names.
const NAMES: usize = 22;

/// How the sides stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Shape {
    /// Beside each other from [`BESIDE`] columns on.
    #[default]
    Fitting,
    /// One below the other.
    Unified,
    /// Beside each other.
    Beside,
}

/// Whether unchanged parts are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Folding {
    /// They are, with how many they are.
    #[default]
    Folded,
    /// Everything is there.
    Open,
}

impl Folding {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Folded => Self::Open,
            Self::Open => Self::Folded,
        }
    }
}

/// A diff laid out for a width.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Laid {
    /// Its lines; none is wider than the width.
    pub lines: Vec<RichLine>,
    /// The line each change begins with, in order.
    pub changes: Vec<usize>,
    /// The row of the diff that each of them begins with.
    pub rows: Vec<usize>,
}

/// Lays a diff out for this many columns. Costs its size: for each width once, never for a frame.
pub fn lay_out(diff: &Diff, width: u16, shape: Shape, folding: Folding) -> Laid {
    let beside = match shape {
        Shape::Fitting => width >= BESIDE && has_both(diff),
        Shape::Unified => false,
        Shape::Beside => width >= 20,
    };
    let mut layer = Layer { width: usize::from(width).max(1), beside, folding, laid: Laid::default(), named: None };
    layer.rows(&diff.rows);
    layer.laid
}

/// The first lines of a diff for a few lines of the screen; the last of them says how many are missing.
pub fn brief(diff: &Diff, width: u16, most: usize) -> Vec<RichLine> {
    let mut lines = lay_out(diff, width, Shape::Unified, Folding::Folded).lines;
    if lines.len() > most {
        let missing = lines.len() - most.saturating_sub(1);
        lines.truncate(most.saturating_sub(1));
        let words = format!("  … {missing} more lines");
        lines.push(RichLine::of(safe::fit(&words, usize::from(width)), Role::DiffFold));
        lines.truncate(most);
    }
    lines
}

/// Whether there is something on both sides: half of the screen is not left empty.
fn has_both(diff: &Diff) -> bool {
    let any = |wanted: fn(&RowKind) -> bool| diff.rows.iter().any(|row| wanted(&row.kind));
    any(|kind| matches!(kind, RowKind::Same(_) | RowKind::Pair(..)))
        || any(|kind| matches!(kind, RowKind::Removed(_))) && any(|kind| matches!(kind, RowKind::Added(_)))
}

struct Layer {
    width: usize,
    beside: bool,
    folding: Folding,
    laid: Laid,
    /// The line of a field's name that no change has followed yet.
    named: Option<usize>,
}

/// A sign at the left edge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Removed,
    Added,
    None,
}

impl Sign {
    const fn text(self) -> &'static str {
        match self {
            Self::Removed => "− ",
            Self::Added => "+ ",
            Self::None => "  ",
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::Removed => Role::DiffRemovedSign,
            Self::Added => Role::DiffAddedSign,
            Self::None => Role::DiffContext,
        }
    }

    /// On the ground of its line.
    fn span(self) -> RichSpan {
        let mut span = RichSpan::new(self.text(), self.role());
        span.also = match self {
            Self::Removed => Some(Role::DiffRemoved),
            Self::Added => Some(Role::DiffAdded),
            Self::None => None,
        };
        span
    }
}

impl Layer {
    fn rows(&mut self, rows: &[Row]) {
        let mut at = 0;
        let mut before_was_change = false;
        while let Some(row) = rows.get(at) {
            let run = |wanted: fn(&RowKind) -> bool| {
                rows[at..].iter().take_while(|next| next.depth == row.depth && wanted(&next.kind)).count()
            };
            let change = row.kind.is_change();
            if change && (!before_was_change || matches!(row.kind, RowKind::Value { .. })) {
                self.laid.changes.push(self.named.unwrap_or(self.laid.lines.len()));
                self.laid.rows.push(at);
            }
            if change {
                self.named = None;
            }
            before_was_change = change;
            at += match &row.kind {
                RowKind::Field { name, fate, note } => {
                    self.named.get_or_insert(self.laid.lines.len());
                    self.field(row.depth, name, *fate, note);
                    1
                }
                RowKind::Value { .. } => {
                    let count = run(|kind| matches!(kind, RowKind::Value { .. }));
                    let first = self.laid.lines.len();
                    let starts = self.short_rows(row.depth, &rows[at..at + count]);
                    // The first of them is noted already.
                    for (start, row) in starts.into_iter().zip(at..).filter(|(start, _)| *start > first) {
                        self.laid.changes.push(start);
                        self.laid.rows.push(row);
                    }
                    count
                }
                RowKind::SameValue { .. } => {
                    let count = run(|kind| matches!(kind, RowKind::SameValue { .. }));
                    self.same_values(row.depth, &rows[at..at + count]);
                    count
                }
                RowKind::OneSided { name, value } => {
                    // Folded, the note above names it.
                    if self.folding == Folding::Open {
                        self.one_sided(row.depth, name, value);
                    }
                    1
                }
                RowKind::Same(_) => {
                    let count = run(|kind| matches!(kind, RowKind::Same(_)));
                    let leads = at > 0 && rows[at - 1].kind.is_change();
                    let follows =
                        rows.get(at + count).is_some_and(|next| next.depth == row.depth && next.kind.is_change());
                    self.same_lines(row.depth, &rows[at..at + count], (leads, follows));
                    count
                }
                RowKind::Pair(before, after) => {
                    self.sides(row.depth, Some(before), Some(after));
                    1
                }
                RowKind::Removed(_) | RowKind::Added(_) => {
                    let removed = run(|kind| matches!(kind, RowKind::Removed(_)));
                    let added = rows[at + removed..]
                        .iter()
                        .take_while(|next| next.depth == row.depth && matches!(next.kind, RowKind::Added(_)))
                        .count();
                    self.block(row.depth, &rows[at..at + removed], &rows[at + removed..at + removed + added]);
                    removed + added
                }
                RowKind::Note(words) => {
                    self.note(row.depth, words, Role::Muted);
                    1
                }
            };
        }
    }

    const fn long(&self) -> Long {
        match self.folding {
            Folding::Folded => Long::Excerpt,
            Folding::Open => Long::Whole,
        }
    }

    fn indent(&self, depth: u16) -> usize {
        (usize::from(depth) * 2).min(self.width / 4)
    }

    /// Blanks at the left of what has no sign.
    fn margin(&self, depth: u16) -> String {
        " ".repeat((2 + self.indent(depth)).min(self.width.saturating_sub(1)))
    }

    fn push(&mut self, spans: Vec<RichSpan>, ground: Option<Role>) {
        self.laid.lines.push(RichLine { spans, ground });
    }

    fn field(&mut self, depth: u16, name: &str, fate: Fate, note: &str) {
        let sign = match fate {
            Fate::Added => Sign::Added,
            Fate::Removed => Sign::Removed,
            Fate::Changed => Sign::None,
        };
        let indent = " ".repeat(self.indent(depth));
        let room = self.width.saturating_sub(2 + indent.len());
        let name = safe::safe(name);
        let name = safe::fit(&name, room);
        let left = room.saturating_sub(safe::width(&name) + 2);
        let mut spans = vec![
            RichSpan::new(sign.text(), sign.role()),
            RichSpan::new(indent, Role::DiffContext),
            RichSpan::new(name, Role::DiffField),
        ];
        if !note.is_empty() && left >= 4 {
            spans.push(RichSpan::new(format!("  {}", safe::fit(note, left)), Role::Muted));
        }
        self.push(spans, None);
    }

    /// Words in lines, between words.
    fn note(&mut self, depth: u16, words: &str, role: Role) {
        let margin = self.margin(depth);
        let line = Line { text: words.to_owned(), marks: Vec::new() };
        for mut spans in
            flow(&line, Ink { base: role, word: role }, Long::Excerpt, self.width.saturating_sub(margin.len()))
        {
            spans.insert(0, RichSpan::new(margin.clone(), role));
            self.push(spans, None);
        }
    }

    fn fold(&mut self, depth: u16, words: &str) {
        let margin = self.margin(depth);
        let words = safe::safe(words);
        let words = safe::fit(&words, self.width.saturating_sub(margin.len())).into_owned();
        self.push(vec![RichSpan::new(margin, Role::DiffFold), RichSpan::new(words, Role::DiffFold)], None);
    }

    fn one_sided(&mut self, depth: u16, name: &str, value: &Short) {
        let margin = self.margin(depth + 1);
        let room = self.width.saturating_sub(margin.len());
        let name = safe::fit(&safe::safe(name), room).into_owned();
        let text = safe::safe(&value.text).into_owned();
        let text = safe::fit(&text, room.saturating_sub(safe::width(&name) + 2)).into_owned();
        let spans = vec![
            RichSpan::new(margin, Role::DiffContext),
            RichSpan::new(format!("{name}  "), Role::Muted),
            RichSpan::new(text, Role::DiffContext),
        ];
        self.push(spans, None);
    }

    fn same_values(&mut self, depth: u16, rows: &[Row]) {
        let same = rows.iter().filter_map(|row| match &row.kind {
            RowKind::SameValue { name, value } => Some((name, value)),
            _ => None,
        });
        let nameless = rows.iter().all(|row| matches!(&row.kind, RowKind::SameValue { name, .. } if name.is_empty()));
        if self.folding == Folding::Open || nameless {
            for (name, value) in same {
                let margin = self.margin(depth);
                let room = self.width.saturating_sub(margin.len());
                let name = safe::safe(name).into_owned();
                let name = safe::fit(&name, room).into_owned();
                let text = safe::safe(&value.text).into_owned();
                let text = safe::fit(&text, room.saturating_sub(safe::width(&name) + 2)).into_owned();
                let spans = vec![
                    RichSpan::new(margin, Role::DiffContext),
                    RichSpan::new(if nameless { String::new() } else { format!("{name}  ") }, Role::Muted),
                    RichSpan::new(text, Role::DiffContext),
                ];
                self.push(spans, None);
            }
            return;
        }
        let items = rows
            .first()
            .is_some_and(|row| matches!(&row.kind, RowKind::SameValue { name, .. } if name.starts_with('[')));
        let words = match (items, rows.len()) {
            (true, 1) => "⋯ 1 unchanged item".to_owned(),
            (true, count) => format!("⋯ {count} unchanged items"),
            (false, count) => {
                let names: Vec<&str> = same.take(32).map(|(name, _)| name.as_str()).collect();
                let fields = if count == 1 { "field" } else { "fields" };
                format!("⋯ {count} unchanged {fields}: {}", names.join(", "))
            }
        };
        self.fold(depth, &words);
    }

    fn same_lines(&mut self, depth: u16, rows: &[Row], (leads, follows): (bool, bool)) {
        let head = if leads { CONTEXT } else { 0 };
        let tail = if follows { CONTEXT } else { 0 };
        let hidden = rows.len().saturating_sub(head + tail);
        let line = |layer: &mut Self, row: &Row| {
            if let RowKind::Same(line) = &row.kind {
                layer.same_line(depth, line);
            }
        };
        // A fold takes a line itself.
        if self.folding == Folding::Open || hidden <= 1 {
            rows.iter().for_each(|row| line(self, row));
            return;
        }
        rows[..head].iter().for_each(|row| line(self, row));
        self.fold(depth, &format!("⋯ {hidden} unchanged lines"));
        rows[rows.len() - tail..].iter().for_each(|row| line(self, row));
    }

    fn same_line(&mut self, depth: u16, line: &Line) {
        let line = Line { text: line.text.strip_suffix('\r').unwrap_or(&line.text).to_owned(), marks: Vec::new() };
        if self.beside {
            return self.sides_as(depth, Some((&line, Sign::None)), Some((&line, Sign::None)));
        }
        self.one(depth, &line, Sign::None);
    }

    fn sides(&mut self, depth: u16, before: Option<&Line>, after: Option<&Line>) {
        if self.beside {
            let before = before.map(|line| (line, Sign::Removed));
            return self.sides_as(depth, before, after.map(|line| (line, Sign::Added)));
        }
        for (line, sign) in [(before, Sign::Removed), (after, Sign::Added)] {
            if let Some(line) = line {
                self.one(depth, line, sign);
            }
        }
    }

    /// Lines that went, and lines that came in their place.
    fn block(&mut self, depth: u16, removed: &[Row], added: &[Row]) {
        let line = |row: Option<&Row>| match row.map(|row| &row.kind) {
            Some(RowKind::Removed(line) | RowKind::Added(line)) => Some(line.clone()),
            _ => None,
        };
        if !self.beside {
            for row in removed.iter().chain(added) {
                let (before, after) =
                    if matches!(row.kind, RowKind::Removed(_)) { (Some(row), None) } else { (None, Some(row)) };
                self.sides(depth, line(before).as_ref(), line(after).as_ref());
            }
            return;
        }
        for at in 0..removed.len().max(added.len()) {
            self.sides(depth, line(removed.get(at)).as_ref(), line(added.get(at)).as_ref());
        }
    }

    /// A line over the whole width.
    fn one(&mut self, depth: u16, line: &Line, sign: Sign) {
        let indent = self.indent(depth);
        let (ink, ground) = ink(sign);
        for (row, mut spans) in
            flow(line, ink, self.long(), self.width.saturating_sub(2 + indent)).into_iter().enumerate()
        {
            let blank = RichSpan::new(" ".repeat(indent + if row > 0 { 2 } else { 0 }), ink.base);
            spans.insert(0, blank);
            if row == 0 {
                spans.insert(0, sign.span());
            }
            self.push(spans, ground);
        }
    }

    /// Two lines beside each other.
    fn sides_as(&mut self, depth: u16, before: Option<(&Line, Sign)>, after: Option<(&Line, Sign)>) {
        let half = self.width.saturating_sub(3) / 2;
        let indent = self.indent(depth).min(half / 2);
        let long = self.long();
        let rows = |side: Option<(&Line, Sign)>| {
            let Some((line, sign)) = side else { return Vec::new() };
            let (ink, _) = ink(sign);
            flow(line, ink, long, half.saturating_sub(2 + indent))
                .into_iter()
                .enumerate()
                .map(|(row, mut spans)| {
                    spans.insert(0, RichSpan::new(" ".repeat(indent + if row > 0 { 2 } else { 0 }), ink.base));
                    if row == 0 {
                        spans.insert(0, sign.span());
                    }
                    let used: usize = spans.iter().map(|span| safe::width(&span.text)).sum();
                    spans.push(RichSpan::new(" ".repeat(half.saturating_sub(used)), ink.base));
                    spans
                })
                .collect()
        };
        let (mut left, mut right): (Vec<Vec<RichSpan>>, Vec<Vec<RichSpan>>) = (rows(before), rows(after));
        let height = left.len().max(right.len());
        let nothing = || vec![RichSpan::new(" ".repeat(half), Role::DiffContext)];
        left.resize_with(height, nothing);
        right.resize_with(height, nothing);
        for (mut left, right) in left.into_iter().zip(right) {
            left.push(RichSpan::new(" │ ", Role::Faint));
            left.extend(right);
            self.push(left, None);
        }
    }

    /// Fields with short values, their names in a column. Says where each of them begins.
    fn short_rows(&mut self, depth: u16, rows: &[Row]) -> Vec<usize> {
        let values = || {
            rows.iter().filter_map(|row| match &row.kind {
                RowKind::Value { name, before, after } => Some((name, before.as_ref(), after.as_ref())),
                _ => None,
            })
        };
        let column = values().map(|(name, ..)| safe::width(name)).max().unwrap_or(0).min(NAMES);
        values()
            .map(|(name, before, after)| {
                let start = self.laid.lines.len();
                self.short_row(depth, name, column, before, after);
                start
            })
            .collect()
    }

    fn short_row(&mut self, depth: u16, name: &str, column: usize, before: Option<&Short>, after: Option<&Short>) {
        let sign = match (before, after) {
            (Some(_), None) => Sign::Removed,
            (None, Some(_)) => Sign::Added,
            _ => Sign::None,
        };
        let indent = self.indent(depth);
        let mut spans =
            vec![RichSpan::new(sign.text(), sign.role()), RichSpan::new(" ".repeat(indent), Role::DiffContext)];
        if !name.is_empty() {
            let name = safe::safe(name);
            let blanks = " ".repeat(column.saturating_sub(safe::width(&name)) + 2);
            spans.push(RichSpan::new(name, Role::DiffField));
            spans.push(RichSpan::new(blanks, Role::DiffContext));
        }
        for (short, ink) in [(before, Ink::REMOVED), (after, Ink::ADDED)] {
            let Some(short) = short else { continue };
            if ink.word == Role::DiffAddedWord && before.is_some() {
                spans.push(RichSpan::new(" → ", Role::Muted));
            }
            let line = Line { text: short.text.clone(), marks: marks(short, sign == Sign::None) };
            // Wide enough for all of it: whether that fits is seen below.
            spans.extend(flow(&line, ink, Long::Excerpt, 4_000).into_iter().next().unwrap_or_default());
        }
        if spans.iter().map(|span| safe::width(&span.text)).sum::<usize>() <= self.width {
            return self.push(spans, None);
        }
        let deeper = if name.is_empty() { depth } else { depth + 1 };
        if !name.is_empty() {
            let fate = match sign {
                Sign::Added => Fate::Added,
                Sign::Removed => Fate::Removed,
                Sign::None => Fate::Changed,
            };
            self.field(depth, name, fate, "");
        }
        let line = |short: &Short| Line { text: short.text.clone(), marks: marks(short, sign == Sign::None) };
        self.sides(deeper, before.map(line).as_ref(), after.map(line).as_ref());
    }
}

/// The marks of a short value: where it has none beside another value, all of it is another.
fn marks(short: &Short, beside: bool) -> Vec<std::ops::Range<usize>> {
    if beside && short.marks.is_empty() { std::iter::once(0..short.text.len()).collect() } else { short.marks.clone() }
}

const fn ink(sign: Sign) -> (Ink, Option<Role>) {
    match sign {
        Sign::Removed => (Ink::REMOVED, Some(Role::DiffRemoved)),
        Sign::Added => (Ink::ADDED, Some(Role::DiffAdded)),
        Sign::None => (Ink::SAME, None),
    }
}
