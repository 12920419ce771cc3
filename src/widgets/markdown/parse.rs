//! Text to blocks: the events of `pulldown-cmark` gathered.

use std::sync::Arc;

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{
    block::{Block, Inline, Item, Style, Table},
    source::{break_tag, with_breaks},
};
use crate::{domain::syntax::Job, theme::Role, widgets::safe};

/// Containers nested deeper than this are taken apart: their content stays, without one more indentation.
const DEEPEST: usize = 24;

pub(super) fn blocks(text: &str) -> Vec<Block> {
    let text = with_breaks(text);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut reader = Reader { frames: vec![Frame::default()], ..Reader::default() };
    for event in Parser::new_ext(&text, options) {
        reader.event(event);
    }
    reader.finish()
}

/// A container that is open.
#[derive(Default)]
struct Frame {
    kind: Container,
    blocks: Vec<Block>,
}

#[derive(Default)]
enum Container {
    #[default]
    Document,
    Quote(Option<&'static str>),
    List {
        start: Option<u64>,
        loose: bool,
        items: Vec<Item>,
    },
    Item {
        done: Option<bool>,
    },
    Footnote(String),
}

#[derive(Default)]
struct Reader {
    frames: Vec<Frame>,
    /// Starts of containers too deep to be opened, still to be closed.
    ignored: usize,
    inlines: Vec<Inline>,
    heading: Option<u8>,
    strong: usize,
    emphasis: usize,
    struck: usize,
    /// Links that are open, and where in `inlines` their texts begin.
    link: Vec<(Arc<str>, usize)>,
    image: Option<(String, Arc<str>)>,
    code: Option<(String, String)>,
    table: Option<Table>,
    cells: Vec<Vec<Inline>>,
    in_head: bool,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => self.push(&safe::safe_prose(&code), self.style(Some(Role::Code))),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.text(&text),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::FootnoteReference(label) => {
                let mark = format!("[{}]", safe::safe_prose(&label));
                self.push(&mark, Style::of(Role::Link));
            }
            Event::SoftBreak => match &mut self.image {
                Some((alt, _)) => alt.push(' '),
                None => self.push(" ", self.style(None)),
            },
            Event::HardBreak => self.inlines.push(Inline::Break),
            Event::Rule => {
                self.close_paragraph();
                self.add(Block::Rule);
            }
            Event::TaskListMarker(is_done) => {
                if let Some(Frame { kind: Container::Item { done }, .. }) = self.frames.last_mut() {
                    *done = Some(is_done);
                }
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => {
                self.close_paragraph();
                // A list whose items hold paragraphs has blank lines between them.
                if let [.., list, Frame { kind: Container::Item { .. }, .. }] = self.frames.as_mut_slice()
                    && let Container::List { loose, .. } = &mut list.kind
                {
                    *loose = true;
                }
            }
            Tag::Heading { level, .. } => {
                self.close_paragraph();
                self.heading = Some(level as u8);
            }
            Tag::BlockQuote(kind) => self.open(Container::Quote(kind.map(alert))),
            Tag::CodeBlock(kind) => {
                self.close_paragraph();
                let language = match kind {
                    CodeBlockKind::Fenced(info) => safe::safe_prose(info.trim()).into_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(start) => self.open(Container::List { start, loose: false, items: Vec::new() }),
            Tag::Item => self.open(Container::Item { done: None }),
            Tag::FootnoteDefinition(label) => {
                self.open(Container::Footnote(safe::safe_prose(&label).into_owned()));
            }
            Tag::Table(columns) => {
                self.close_paragraph();
                self.table = Some(Table { columns, ..Table::default() });
            }
            Tag::TableHead => self.in_head = true,
            Tag::Emphasis => self.emphasis += 1,
            Tag::Strong => self.strong += 1,
            Tag::Strikethrough => self.struck += 1,
            Tag::Link { dest_url, .. } => self.link.push((Arc::from(&*safe::safe(&dest_url)), self.inlines.len())),
            Tag::Image { dest_url, .. } => {
                self.image = Some((String::new(), Arc::from(&*safe::safe(&dest_url))));
            }
            Tag::HtmlBlock => self.close_paragraph(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.close_paragraph(),
            TagEnd::Heading(_) => {
                let inlines = std::mem::take(&mut self.inlines);
                let level = self.heading.take().unwrap_or(1);
                self.add(Block::Heading(level, inlines));
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item | TagEnd::FootnoteDefinition => self.close(),
            TagEnd::CodeBlock => self.close_code(),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.add(Block::Table(table));
                }
            }
            TagEnd::TableHead => {
                self.in_head = false;
                let cells = std::mem::take(&mut self.cells);
                if let Some(table) = &mut self.table {
                    table.head = cells;
                }
            }
            TagEnd::TableRow => {
                let cells = std::mem::take(&mut self.cells);
                if let Some(table) = &mut self.table {
                    table.rows.push(cells);
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inlines);
                self.cells.push(cell);
            }
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            TagEnd::Strikethrough => self.struck = self.struck.saturating_sub(1),
            TagEnd::Link => self.close_link(),
            TagEnd::Image => {
                if let Some((alt, url)) = self.image.take() {
                    let text = if alt.is_empty() { format!("[image: {url}]") } else { format!("[image: {alt}]") };
                    self.push(&text, Style { link: Some(url), ..Style::of(Role::Muted) });
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some((_, source)) = &mut self.code {
            source.push_str(text);
            return;
        }
        let text = safe::safe_prose(text);
        if let Some((alt, _)) = &mut self.image {
            alt.push_str(&text);
            return;
        }
        self.push(&text, self.style(None));
    }

    /// `<br>` breaks the line; every other tag is shown as it stands.
    fn html(&mut self, html: &str) {
        for (number, line) in html.split('\n').enumerate() {
            if number > 0 && !self.inlines.is_empty() && !matches!(self.inlines.last(), Some(Inline::Break)) {
                self.inlines.push(Inline::Break);
            }
            let mut rest = line;
            while let Some(at) = rest.find('<') {
                let Some(length) = break_tag(&rest[at..]) else {
                    let next = rest[at + 1..].find('<').map_or(rest.len(), |next| at + 1 + next);
                    self.push(&safe::safe_prose(&rest[..next]), self.style(Some(Role::Muted)));
                    rest = &rest[next..];
                    continue;
                };
                self.push(&safe::safe_prose(&rest[..at]), self.style(Some(Role::Muted)));
                self.inlines.push(Inline::Break);
                rest = &rest[at + length..];
            }
            self.push(&safe::safe_prose(rest), self.style(Some(Role::Muted)));
        }
    }

    fn push(&mut self, text: &str, style: Style) {
        if text.is_empty() {
            return;
        }
        match self.inlines.last_mut() {
            Some(Inline::Text { text: before, style: same }) if *same == style => before.push_str(text),
            _ => self.inlines.push(Inline::Text { text: text.to_owned(), style }),
        }
    }

    /// The style of text here; a role of its own (code) goes before what surrounds it.
    fn style(&self, own: Option<Role>) -> Style {
        let mut roles = own.into_iter().chain(self.surrounding());
        let role = roles.next().unwrap_or(Role::Text);
        Style { role, also: roles.next(), link: self.link.last().map(|(url, _)| Arc::clone(url)), aside: false }
    }

    /// What the text stands in, the most telling first.
    fn surrounding(&self) -> impl Iterator<Item = Role> {
        let heading = self.heading.map(|level| match level {
            1 => Role::Heading1,
            2 => Role::Heading2,
            _ => Role::Heading3,
        });
        let head = self.in_head.then_some(Role::Strong);
        [
            (!self.link.is_empty()).then_some(Role::Link),
            (self.struck > 0).then_some(Role::Struck),
            heading,
            head,
            (self.strong > 0).then_some(Role::Strong),
            (self.emphasis > 0).then_some(Role::Emphasis),
        ]
        .into_iter()
        .flatten()
    }

    /// Ends a link: the URL follows where it says more than the text.
    fn close_link(&mut self) {
        let Some((url, start)) = self.link.pop() else { return };
        let mut shown = String::new();
        for inline in self.inlines.get(start..).unwrap_or_default() {
            if let Inline::Text { text, style } = inline
                && style.link.as_ref().is_some_and(|link| Arc::ptr_eq(link, &url))
            {
                shown.push_str(text);
            }
        }
        let bare = |text: &str| -> String {
            let text = text.trim();
            let text = text.strip_prefix("mailto:").unwrap_or(text);
            text.split_once("://").map_or(text, |(_, rest)| rest).trim_end_matches('/').to_owned()
        };
        if !url.is_empty() && bare(&shown) != bare(&url) {
            let style = Style { role: Role::Muted, also: None, link: Some(Arc::clone(&url)), aside: true };
            self.push(&format!(" ({url})"), style);
        }
    }

    fn close_code(&mut self) {
        let Some((language, mut source)) = self.code.take() else { return };
        if source.ends_with('\n') {
            source.pop();
        }
        let source: Arc<str> = source.into();
        let job = (!language.is_empty())
            .then(|| Job::Highlight { language: Arc::from(language.as_str()), source: Arc::clone(&source) });
        self.add(Block::Code { language, source, job });
    }

    fn close_paragraph(&mut self) {
        if !self.inlines.is_empty() && self.table.is_none() {
            let inlines = std::mem::take(&mut self.inlines);
            self.add(Block::Paragraph(inlines));
        }
    }

    fn add(&mut self, block: Block) {
        if let Some(frame) = self.frames.last_mut() {
            frame.blocks.push(block);
        }
    }

    fn open(&mut self, kind: Container) {
        self.close_paragraph();
        if self.frames.len() >= DEEPEST && self.ignored_may_begin(&kind) {
            self.ignored += 1;
            return;
        }
        self.frames.push(Frame { kind, blocks: Vec::new() });
    }

    /// An item is never separated from its list: both are opened or both are not.
    fn ignored_may_begin(&self, kind: &Container) -> bool {
        self.ignored > 0 || !matches!(kind, Container::Item { .. })
    }

    fn close(&mut self) {
        self.close_paragraph();
        if self.ignored > 0 {
            self.ignored -= 1;
            return;
        }
        if self.frames.len() < 2 {
            return;
        }
        let Some(Frame { kind, blocks }) = self.frames.pop() else { return };
        match kind {
            Container::Document => {}
            Container::Quote(title) => self.add(Block::Quote(title, blocks)),
            Container::Footnote(label) => self.add(Block::Footnote(label, blocks)),
            Container::List { start, loose, items } => self.add(Block::List { start, loose, items }),
            Container::Item { done } => {
                if let Some(Frame { kind: Container::List { items, .. }, .. }) = self.frames.last_mut() {
                    items.push(Item { done, blocks });
                }
            }
        }
    }

    fn finish(mut self) -> Vec<Block> {
        self.close_paragraph();
        self.ignored = 0;
        while self.frames.len() > 1 {
            self.close();
        }
        self.frames.pop().map_or_else(Vec::new, |frame| frame.blocks)
    }
}

const fn alert(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "Note",
        BlockQuoteKind::Tip => "Tip",
        BlockQuoteKind::Important => "Important",
        BlockQuoteKind::Warning => "Warning",
        BlockQuoteKind::Caution => "Caution",
    }
}
