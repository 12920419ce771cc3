//! Moving, folding and drawing.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{JsonTree, Kind, Node};
use crate::{
    theme::{Role, Theme},
    widgets::{
        rich::{self, RichLine, RichSpan},
        safe,
        scrollbar::Scroll,
    },
};

impl JsonTree {
    /// How many rows are on the screen from now on.
    pub fn resize(&mut self, height: u16) {
        self.height = height;
        self.keep_in_sight();
    }

    /// Moves the cursor by this many rows.
    pub fn move_by(&mut self, rows: i64) {
        for _ in 0..rows.unsigned_abs() {
            let next = if rows < 0 { self.before(self.cursor) } else { self.after(self.cursor) };
            match next {
                Some(next) => self.cursor = next,
                None => break,
            }
        }
        self.keep_in_sight();
    }

    /// Scrolls sideways.
    pub fn scroll(&mut self, columns: i64) {
        let distance = usize::try_from(columns.unsigned_abs()).unwrap_or(usize::MAX);
        self.x =
            if columns < 0 { self.x.saturating_sub(distance) } else { self.x.saturating_add(distance).min(1 << 20) };
    }

    /// To the first row.
    pub fn first(&mut self) {
        self.cursor = 0;
        self.keep_in_sight();
    }

    /// To the last row.
    pub fn last(&mut self) {
        self.cursor = self.visible(self.nodes.len() - 1);
        self.keep_in_sight();
    }

    /// To the containing value.
    pub fn parent(&mut self) {
        self.cursor = self.nodes[self.cursor].parent as usize;
        self.keep_in_sight();
    }

    /// To the row drawn at this row of the area; whether there is one.
    pub fn click(&mut self, row: u16) -> bool {
        let mut at = self.top;
        for _ in 0..row {
            match self.after(at) {
                Some(next) => at = next,
                None => return false,
            }
        }
        self.cursor = at;
        true
    }

    /// Folds what is unfolded under the cursor and the other way round; a plain value folds its container.
    pub fn toggle(&mut self) {
        let node = &self.nodes[self.cursor];
        if node.count == 0 {
            self.cursor = node.parent as usize;
        }
        let node = &mut self.nodes[self.cursor];
        node.folded = node.count > 0 && !node.folded;
        self.keep_in_sight();
    }

    /// Folds what is under the cursor, or goes to its container.
    pub fn fold(&mut self) {
        let node = &mut self.nodes[self.cursor];
        if node.count > 0 && !node.folded {
            node.folded = true;
        } else {
            self.cursor = node.parent as usize;
        }
        self.keep_in_sight();
    }

    /// Unfolds what is under the cursor, or goes to its first child.
    pub fn unfold(&mut self) {
        let node = &mut self.nodes[self.cursor];
        if node.folded {
            node.folded = false;
        } else if node.count > 0 {
            self.cursor += 1;
        }
        self.keep_in_sight();
    }

    /// Folds everything but the root.
    pub fn fold_all(&mut self) {
        for node in &mut self.nodes {
            node.folded = node.depth > 0 && node.count > 0;
        }
        self.cursor = self.visible(self.cursor);
        self.keep_in_sight();
    }

    /// Unfolds everything.
    pub fn unfold_all(&mut self) {
        for node in &mut self.nodes {
            node.folded = false;
        }
        self.keep_in_sight();
    }

    /// Whether anything is folded.
    pub fn any_folded(&self) -> bool {
        self.nodes.iter().any(|node| node.folded)
    }

    /// For a scroll bar; in values, as folded rows are not counted.
    pub fn position(&self) -> Scroll {
        let mut shown = 0;
        let mut at = Some(self.top);
        let mut last = self.top;
        while let Some(node) = at.filter(|_| shown < self.height) {
            shown += 1;
            last = self.nodes[node].visible_end(node);
            at = self.after(node);
        }
        Scroll { first: self.top as u64, shown: (last - self.top) as u64, total: self.nodes.len() as u64 }
    }

    /// Draws the rows that are visible.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buf.area);
        let mut at = Some(self.top);
        for row in 0..area.height {
            let Some(node) = at else { break };
            let strip = Rect { y: area.y + row, height: 1, ..area };
            if node == self.cursor {
                buf.set_style(strip, theme.style(Role::Selected));
            }
            rich::draw_line(&self.line(node, self.x + usize::from(area.width)), self.x, strip, buf, theme);
            at = self.after(node);
        }
    }

    /// The row of a node, as far as `columns` columns need it.
    fn line(&self, at: usize, columns: usize) -> RichLine {
        let node = &self.nodes[at];
        let mut spans = Vec::with_capacity(6);
        spans.push(RichSpan::new("│ ".repeat(usize::from(node.depth)), Role::Faint));
        let sign = match (node.count > 0, node.folded) {
            (false, _) => "  ",
            (true, true) => "▸ ",
            (true, false) => "▾ ",
        };
        spans.push(RichSpan::new(sign, Role::Bullet));
        match &node.key {
            Some(key) => {
                spans.push(RichSpan::new(head(self.text(key), columns), Role::JsonKey));
                spans.push(RichSpan::new(": ", Role::Faint));
            }
            None if at != 0 => spans.push(RichSpan::new(format!("{}: ", node.place), Role::Faint)),
            None => {}
        }
        let text = self.text(&node.text);
        match node.kind {
            Kind::String => spans.push(RichSpan::new(format!("\"{}\"", head(text, columns)), Role::JsonString)),
            Kind::Number => spans.push(RichSpan::new(head(text, columns), Role::JsonNumber)),
            Kind::Word => spans.push(RichSpan::new(text, Role::JsonWord)),
            Kind::Object => spans.push(RichSpan::new(count("{", node, "}"), Role::Muted)),
            Kind::Array => spans.push(RichSpan::new(count("[", node, "]"), Role::Muted)),
        }
        RichLine { spans, ground: None }
    }

    /// The row below.
    pub(super) fn after(&self, at: usize) -> Option<usize> {
        let next = self.nodes[at].visible_end(at);
        (next < self.nodes.len()).then_some(next)
    }

    /// The row above.
    fn before(&self, at: usize) -> Option<usize> {
        at.checked_sub(1).map(|before| self.visible(before))
    }

    /// The node itself, or the outermost folded one around it.
    fn visible(&self, at: usize) -> usize {
        let (mut shown, mut up) = (at, at);
        while up != 0 {
            up = self.nodes[up].parent as usize;
            if self.nodes[up].folded {
                shown = up;
            }
        }
        shown
    }

    /// Scrolls as little as keeps the cursor on the screen.
    fn keep_in_sight(&mut self) {
        self.top = self.visible(self.top);
        if self.cursor <= self.top {
            self.top = self.cursor;
            return;
        }
        // The top row that would have the cursor on the last line.
        let mut highest = self.cursor;
        for _ in 1..self.height.max(1) {
            match self.before(highest) {
                Some(before) => highest = before,
                None => break,
            }
        }
        self.top = self.top.max(highest);
    }
}

impl Node {
    /// The node of the next row.
    fn visible_end(&self, at: usize) -> usize {
        if self.folded { self.end as usize } else { at + 1 }
    }
}

fn count(open: &str, node: &Node, close: &str) -> String {
    match (node.count, node.folded) {
        (0, _) => format!("{open}{close}"),
        (count, true) => format!("{open}…{close} {count}"),
        (count, false) => format!("{open}{count}{close}"),
    }
}

/// The beginning of a text that fills this many columns, harmless: a string of megabytes costs what is seen of it.
fn head(text: &str, columns: usize) -> String {
    let mut end = 0;
    let mut used = 0;
    for piece in safe::pieces(text) {
        if used > columns {
            break;
        }
        used += usize::from(piece.width);
        end += 1;
    }
    safe::pieces(text).take(end).map(|piece| piece.text).collect()
}
