//! Blocks to lines: indentation, blank lines between, and what each kind of block looks like.

use std::sync::Arc;

use super::{
    block::{Block, Inline, Item, Style},
    table,
    wrap::{Asides, Wrapped, wrap},
};
use crate::{
    domain::syntax::{HighlightedLines, Job},
    theme::Role,
    widgets::{
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// Text is never squeezed into fewer columns than this by indentation.
const NARROWEST: usize = 12;
/// Running text wider than this tires the eye, however wide the screen is.
const WIDEST: usize = 110;

pub(super) fn lines(
    blocks: &[Block],
    width: usize,
    computed: &dyn Fn(&Job) -> Option<Arc<HighlightedLines>>,
) -> Vec<RichLine> {
    let mut page = Page { width: width.max(1), lines: Vec::new(), rest: Vec::new(), first: None, computed };
    page.blocks(blocks, Gap::Line);
    page.lines
}

/// What stands between two blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    Line,
    None,
}

/// A piece of indentation with its columns.
type Indent = (RichSpan, usize);

struct Page<'a> {
    width: usize,
    lines: Vec<RichLine>,
    /// What every line begins with.
    rest: Vec<Indent>,
    /// What the next line begins with instead of the last of `rest`: a bullet.
    first: Option<RichSpan>,
    computed: &'a dyn Fn(&Job) -> Option<Arc<HighlightedLines>>,
}

impl Page<'_> {
    /// Columns that are left beside the indentation.
    fn room(&self) -> usize {
        let taken: usize = self.rest.iter().map(|(_, columns)| columns).sum();
        self.width.saturating_sub(taken).max(1)
    }

    /// For running text.
    fn measure(&self) -> usize {
        self.room().min(WIDEST)
    }

    fn blocks(&mut self, blocks: &[Block], gap: Gap) {
        for (number, block) in blocks.iter().enumerate() {
            if number > 0 && gap == Gap::Line {
                self.push(Vec::new(), None);
            }
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, inlines) => self.heading(*level, inlines),
            Block::Paragraph(inlines) => self.text(inlines),
            Block::Code { language, source, job } => self.code(language, source, job.as_ref()),
            Block::Quote(title, inner) => self.quote(*title, inner),
            Block::List { start, loose, items } => self.list(*start, if *loose { Gap::Line } else { Gap::None }, items),
            Block::Table(content) => {
                for line in table::lines(content, self.room()) {
                    self.push(line, None);
                }
            }
            Block::Footnote(label, inner) => {
                let mark = RichSpan::new(format!("[{label}] "), Role::Link);
                self.indented(mark, "    ", inner, Gap::Line);
            }
            Block::Rule => {
                let line = "─".repeat(self.measure());
                self.push(vec![RichSpan::new(line, Role::Faint)], None);
            }
        }
    }

    fn text(&mut self, inlines: &[Inline]) {
        for Wrapped { spans, .. } in wrap(inlines, self.measure(), Asides::Written) {
            self.push(spans, None);
        }
    }

    /// A heading; the first level is underlined over its length.
    fn heading(&mut self, level: u8, inlines: &[Inline]) {
        let lines = wrap(inlines, self.measure(), Asides::Written);
        let widest = lines.iter().map(|line| line.width).max().unwrap_or(0);
        for Wrapped { spans, .. } in lines {
            self.push(spans, None);
        }
        if level == 1 && widest > 0 {
            self.push(vec![RichSpan::new("━".repeat(widest), Role::Heading1)], None);
        }
    }

    /// Code keeps its lines, however long, and stands on a ground of its own under the name of its language.
    fn code(&mut self, language: &str, source: &Arc<str>, job: Option<&Job>) {
        let name = language.split([' ', ',', '{']).next().unwrap_or_default();
        if !name.is_empty() {
            self.push(vec![RichSpan::new(format!(" {name}"), Role::Muted)], Some(Role::CodeBlock));
        }
        let highlighted = job.and_then(self.computed);
        if let Some(lines) = highlighted {
            for tokens in lines.iter() {
                let mut spans = Vec::with_capacity(tokens.len() + 1);
                spans.push(RichSpan::new(" ", Role::Text));
                spans.extend(tokens.iter().map(|(token, text)| RichSpan::new(text.as_str(), Role::from(*token))));
                self.push(spans, Some(Role::CodeBlock));
            }
            return;
        }
        for line in source.split('\n') {
            self.push(vec![RichSpan::new(format!(" {}", safe::expanded(line)), Role::Text)], Some(Role::CodeBlock));
        }
    }

    fn quote(&mut self, title: Option<&'static str>, inner: &[Block]) {
        let bar = RichSpan::new("▎ ", Role::Quote);
        let squeezed = self.room() < NARROWEST;
        if !squeezed {
            self.rest.push((bar, 2));
        }
        if let Some(title) = title {
            self.text(&[Inline::Text { text: title.to_owned(), style: Style::of(Role::Accent) }]);
        }
        self.blocks(inner, Gap::Line);
        if !squeezed {
            self.rest.pop();
        }
    }

    fn list(&mut self, start: Option<u64>, gap: Gap, items: &[Item]) {
        let last = start.unwrap_or(0).saturating_add(items.len() as u64).saturating_sub(1);
        let digits = last.to_string().len();
        for (number, item) in items.iter().enumerate() {
            if number > 0 && gap == Gap::Line {
                self.push(Vec::new(), None);
            }
            let mark = match (item.done, start) {
                (Some(true), _) => "☑ ".to_owned(),
                (Some(false), _) => "☐ ".to_owned(),
                (None, Some(first)) => format!("{:>digits$}. ", first.saturating_add(number as u64)),
                (None, None) => format!("{} ", self.bullet()),
            };
            let blanks = " ".repeat(safe::width(&mark));
            let role = if item.done == Some(true) { Role::Good } else { Role::Bullet };
            self.indented(RichSpan::new(mark, role), &blanks, &item.blocks, gap);
        }
    }

    /// Each level of lists has its own.
    fn bullet(&self) -> &'static str {
        ["•", "◦", "▪"][self.rest.len() % 3]
    }

    /// Blocks whose first line begins with a mark and the others with blanks.
    fn indented(&mut self, mark: RichSpan, blanks: &str, inner: &[Block], gap: Gap) {
        let squeezed = self.room() < NARROWEST + blanks.len();
        if squeezed {
            let text = vec![mark];
            self.push(text, None);
            self.blocks(inner, gap);
            return;
        }
        self.rest.push((RichSpan::new(blanks, Role::Text), blanks.len()));
        self.first = Some(mark);
        self.blocks(inner, gap);
        if self.first.is_some() {
            // An empty item.
            self.push(Vec::new(), None);
        }
        self.rest.pop();
    }

    /// Adds a line behind the indentation. The ground of code begins behind it, too, unless it is drawn to the edge.
    fn push(&mut self, spans: Vec<RichSpan>, ground: Option<Role>) {
        let mut all: Vec<RichSpan> = self.rest.iter().map(|(span, _)| span.clone()).collect();
        if let Some(mark) = self.first.take() {
            all.pop();
            all.push(mark);
        }
        all.extend(spans);
        while all.last().is_some_and(|span| ground.is_none() && span.text.trim_end_matches(' ').is_empty()) {
            all.pop();
        }
        self.lines.push(RichLine { spans: all, ground });
    }
}
