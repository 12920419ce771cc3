//! Running text to lines of a width: broken at blanks, beside wide characters (CJK), and inside words only where they are longer
//! than a line.

use super::block::{Inline, Style};
use crate::widgets::{rich::RichSpan, safe};

/// A line of spans and its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) spans: Vec<RichSpan>,
    pub(super) width: usize,
}

/// Whether the URLs behind links are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asides {
    Written,
    Left,
}

/// The lines of a text at this width (at least 1); one empty line of an empty text.
pub(super) fn wrap(inlines: &[Inline], width: usize, asides: Asides) -> Vec<Wrapped> {
    let mut wrapper = Wrapper { width: width.max(1), lines: Vec::new(), line: Wrapped::default(), ..Wrapper::EMPTY };
    for inline in inlines {
        match inline {
            Inline::Break => wrapper.end_line(),
            Inline::Text { style, .. } if style.aside && asides == Asides::Left => {}
            Inline::Text { text, style } => wrapper.text(text, style),
        }
    }
    wrapper.end_word();
    if !wrapper.line.spans.is_empty() || wrapper.lines.is_empty() {
        let line = std::mem::take(&mut wrapper.line);
        wrapper.lines.push(line);
    }
    wrapper.lines
}

/// Columns of the widest line where nothing is wrapped, and of the widest piece that cannot be broken.
pub(super) fn measure(inlines: &[Inline], asides: Asides) -> (usize, usize) {
    let lines = wrap(inlines, usize::MAX, asides);
    let widest = lines.iter().map(|line| line.width).max().unwrap_or(0);
    let word = lines
        .iter()
        .map(|line| {
            let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
            text.split(' ').map(safe::width).max().unwrap_or(0)
        })
        .max()
        .unwrap_or(0);
    (widest, word)
}

struct Wrapper<'a> {
    width: usize,
    lines: Vec<Wrapped>,
    line: Wrapped,
    /// The word being gathered: its pieces with their styles, and its columns.
    word: Vec<(&'a str, &'a Style)>,
    word_width: usize,
    /// Blanks before the word, and their style.
    blanks: usize,
    blank_style: Option<&'a Style>,
    /// Whether the last piece was a wide one.
    after_wide: bool,
}

impl<'a> Wrapper<'a> {
    const EMPTY: Self = Self {
        width: 1,
        lines: Vec::new(),
        line: Wrapped { spans: Vec::new(), width: 0 },
        word: Vec::new(),
        word_width: 0,
        blanks: 0,
        blank_style: None,
        after_wide: false,
    };

    fn text(&mut self, text: &'a str, style: &'a Style) {
        // Bytes of the piece being gathered as one: from `start` to `at`.
        let mut start = 0;
        let mut at = 0;
        for piece in safe::pieces(text) {
            let length = piece.text.len();
            if piece.text == " " {
                self.gather(&text[start..at], style);
                self.end_word();
                if !self.line.spans.is_empty() {
                    self.blanks = if style.role == crate::theme::Role::Code { self.blanks + 1 } else { 1 };
                    self.blank_style = Some(style);
                }
                at += length;
                start = at;
                self.after_wide = false;
                continue;
            }
            let wide = piece.width == 2;
            // Scripts without blanks are wide: a line may end on either side of such a character, and inside a word that is
            // longer than a line.
            if ((wide || self.after_wide) && !stays_behind(piece.text))
                || self.word_width + usize::from(piece.width) > self.width
            {
                self.gather(&text[start..at], style);
                self.end_word();
                start = at;
            }
            self.after_wide = wide;
            self.word_width += usize::from(piece.width);
            at += length;
        }
        self.gather(&text[start..at], style);
    }

    /// Adds to the word; its columns are counted already.
    fn gather(&mut self, text: &'a str, style: &'a Style) {
        if !text.is_empty() {
            self.word.push((text, style));
        }
    }

    /// Puts the word on the line, or on the next.
    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let (blanks, blank_style) = (std::mem::take(&mut self.blanks), self.blank_style.take());
        if self.line.width > 0 {
            if self.line.width + blanks + self.word_width > self.width {
                self.break_line();
            } else if blanks > 0 {
                // A blank between two styles is nobody's: an underlined one would look odd.
                let shared = blank_style.filter(|style| self.word.first().is_some_and(|(_, next)| next == style));
                push(&mut self.line, &" ".repeat(blanks), shared.unwrap_or(&PLAIN));
                self.line.width += blanks;
            }
        }
        for (text, style) in self.word.drain(..) {
            push(&mut self.line, text, style);
        }
        self.line.width += std::mem::take(&mut self.word_width);
    }

    fn break_line(&mut self) {
        self.lines.push(std::mem::take(&mut self.line));
    }

    fn end_line(&mut self) {
        self.end_word();
        self.blanks = 0;
        self.break_line();
    }
}

/// Appends to a line, to its last span where that looks the same.
fn push(line: &mut Wrapped, text: &str, style: &Style) {
    match line.spans.last_mut() {
        Some(span)
            if span.role == style.role && span.also == style.also && span.link.as_deref() == style.link.as_deref() =>
        {
            span.text.push_str(text);
        }
        _ => line.spans.push(RichSpan {
            text: text.to_owned(),
            role: style.role,
            also: style.also,
            link: style.link.as_deref().map(str::to_owned),
        }),
    }
}

/// Whether it is punctuation that must not begin a line.
fn stays_behind(text: &str) -> bool {
    matches!(
        text,
        "、" | "。"
            | "，"
            | "．"
            | "！"
            | "？"
            | "）"
            | "】"
            | "」"
            | "』"
            | "》"
            | "："
            | "；"
            | "."
            | ","
            | "!"
            | "?"
            | ")"
            | "]"
            | ":"
            | ";"
    )
}

static PLAIN: Style = Style::of(crate::theme::Role::Text);
