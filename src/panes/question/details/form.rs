//! Rows of a name and a value of one or more lines. What is not in its documented form is shown as it is, with what is wrong.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{super::text::missing_line, path, role_of};
use crate::{
    domain::{question::Field, time},
    panes::story::lines::head,
    theme::Role,
    widgets::{
        bar,
        rich::{RichLine, RichSpan},
        safe,
    },
};

/// Columns of the names.
const NAMES: usize = 13;
/// The widest bar.
const BAR: usize = 20;
/// Mappings that are read at most ([`crate::db::request::QuestionRecord::mappings`]).
const MAPPINGS: usize = 100;

pub(super) struct Form {
    lines: Vec<RichLine>,
    /// Columns for the values.
    room: usize,
}

impl Form {
    pub(super) fn new(width: u16) -> Self {
        Self { lines: Vec::new(), room: usize::from(width).saturating_sub(NAMES).max(8) }
    }

    pub(super) fn lines(self) -> Vec<RichLine> {
        self.lines
    }

    pub(super) fn gap(&mut self) {
        self.lines.push(RichLine::default());
    }

    pub(super) fn text(&mut self, name: &str, text: Option<&str>) {
        self.toned(name, text, Role::Text);
    }

    /// A value of the catalogue's lists in its tone.
    pub(super) fn listed(&mut self, name: &str, column: &str, text: Option<&str>) {
        self.toned(name, text, text.map_or(Role::Text, |text| role_of(column, text)));
    }

    pub(super) fn flag(&mut self, name: &str, flag: &Field<bool>) {
        self.field(name, flag, |_, set| {
            vec![if *set { RichLine::of("yes", Role::Text) } else { RichLine::of("no", Role::Muted) }]
        });
    }

    pub(super) fn chips(&mut self, name: &str, texts: &Field<Vec<String>>) {
        self.field(name, texts, |form, texts| {
            let width = u16::try_from(form.room).unwrap_or(u16::MAX);
            bar::chips(texts.iter().map(String::as_str), Role::Chip, width)
        });
    }

    pub(super) fn score(&mut self, name: &str, score: &Field<u8>) {
        self.field(name, score, |form, score| {
            let mut line = RichLine::default();
            form.bar(f64::from(*score), form.room, &mut line);
            vec![line]
        });
    }

    pub(super) fn scores(&mut self, name: &str, scores: &Field<Vec<(String, f64)>>) {
        self.field(name, scores, |form, scores| {
            let longest = scores.iter().map(|(title, _)| safe::width(title)).max().unwrap_or(0);
            let column = longest.min(form.room.saturating_sub(14)).max(4);
            let title = |title: &str| {
                let title = safe::safe(title);
                let title = safe::fit(&title, column);
                format!("{title}{}", " ".repeat(column.saturating_sub(safe::width(&title)) + 1))
            };
            let line = |(name, score): &(String, f64)| {
                let mut line = RichLine::of(title(name), Role::Text);
                form.bar(*score, form.room.saturating_sub(column + 1), &mut line);
                line
            };
            scores.iter().map(line).collect()
        });
    }

    /// Any JSON, indented; a text as it is.
    pub(super) fn json(&mut self, name: &str, json: &Field<Json>) {
        self.field(name, json, |form, json| match json {
            Json::String(text) => form.chunks(text, Role::Text),
            other => form.chunks(&serde_json::to_string_pretty(other).unwrap_or_default(), Role::Text),
        });
    }

    pub(super) fn videos(&mut self, name: &str, videos: &Field<Vec<(String, String)>>) {
        self.field(name, videos, |form, videos| {
            let mut lines = Vec::new();
            let column = videos.iter().map(|(title, _)| safe::width(title)).max().unwrap_or(0);
            for (title, url) in videos {
                let mut link = form.linked(url);
                let beside = column > 0 && column + 2 + safe::width(url) <= form.room;
                if beside && let Some(first) = link.first_mut() {
                    let blanks = " ".repeat(column.saturating_sub(safe::width(title)) + 2);
                    first.spans.insert(0, RichSpan::new(format!("{}{blanks}", safe::safe(title)), Role::Muted));
                } else if !title.is_empty() {
                    lines.extend(form.chunks(title, Role::Muted));
                }
                lines.append(&mut link);
            }
            lines
        });
    }

    pub(super) fn link(&mut self, name: &str, url: Option<&str>) {
        match url.filter(|url| !url.is_empty()) {
            Some(url) => {
                let lines = self.linked(url);
                self.row(name, lines);
            }
            None => self.text(name, url),
        }
    }

    pub(super) fn mappings(&mut self, name: &str, mappings: &[(String, String)]) {
        let mut lines = Vec::new();
        for (channel, sub) in mappings {
            lines.extend(self.chunks(&path(Some(channel), Some(sub)).unwrap_or_default(), Role::Text));
        }
        if mappings.is_empty() {
            lines.push(RichLine::of("no channel", Role::Muted));
        } else if mappings.len() >= MAPPINGS {
            lines.push(RichLine::of(format!("and perhaps more: only {MAPPINGS} are read"), Role::Muted));
        }
        self.row(name, lines);
    }

    /// Exactly and as an age.
    pub(super) fn time(&mut self, name: &str, stored: Option<&str>, now: Timestamp) {
        let Some(text) = stored.filter(|stored| !stored.is_empty()) else { return self.text(name, stored) };
        let Some(at) = time::parse(text) else {
            let mut lines = self.chunks(text, Role::Text);
            lines.extend(self.chunks("↳ not a time that can be read", Role::Warning));
            return self.row(name, lines);
        };
        let age = match time::relative(at, now) {
            age if age == "now" || age.starts_with("in ") => age,
            age => format!("{age} ago"),
        };
        let exact = RichSpan::new(time::iso(at), Role::Text);
        let together = safe::width(&exact.text) + 3 + safe::width(&age) <= self.room;
        let mut lines = vec![RichLine { spans: vec![exact], ground: None }];
        if together {
            lines[0].spans.push(RichSpan::new(format!(" · {age}"), Role::Muted));
        } else {
            lines.push(RichLine::of(age, Role::Muted));
        }
        self.row(name, lines);
    }

    /// A name, and its lines beside it.
    fn row(&mut self, name: &str, lines: Vec<RichLine>) {
        for (at, mut line) in lines.into_iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            line.spans.insert(0, RichSpan::new(format!("{name:<NAMES$}"), Role::Muted));
            self.lines.push(line);
        }
    }

    fn toned(&mut self, name: &str, text: Option<&str>, role: Role) {
        let lines = match text {
            None => vec![RichLine::of("–", Role::Faint)],
            Some("") => vec![RichLine::of("(empty)", Role::Empty)],
            Some(text) => self.chunks(text, role),
        };
        self.row(name, lines);
    }

    /// A field of a documented form: drawn by `draw`, or as it is with what is wrong.
    fn field<T>(&mut self, name: &str, field: &Field<T>, draw: impl FnOnce(&Self, &T) -> Vec<RichLine>) {
        match field {
            Field::Absent => self.text(name, None),
            Field::Good(value) => {
                let mut lines = draw(self, value);
                if lines.is_empty() {
                    lines.push(RichLine::of("none", Role::Faint));
                }
                self.row(name, lines);
            }
            Field::Wrong { text, why } => {
                self.text(name, Some(text));
                let lines = self.chunks(&format!("↳ {why}"), Role::Warning);
                self.row("", lines);
            }
        }
    }

    /// A bar of 0 to 100 in this many columns at most, with its number.
    fn bar(&self, score: f64, columns: usize, line: &mut RichLine) {
        let width = u16::try_from(columns.saturating_sub(5).min(BAR)).unwrap_or(0);
        line.spans.extend(bar::spans(score / 100.0, width));
        line.spans.push(RichSpan::new(format!(" {score:>4}"), Role::Text));
    }

    fn linked(&self, url: &str) -> Vec<RichLine> {
        let mut lines = self.chunks(url, Role::Link);
        for span in lines.iter_mut().flat_map(|line| &mut line.spans) {
            span.link = Some(url.to_owned());
        }
        lines
    }

    /// A text as it is, broken where a line is full; made harmless, cut where it is far too long.
    fn chunks(&self, text: &str, role: Role) -> Vec<RichLine> {
        let (text, missing) = head(text);
        let mut lines = Vec::new();
        for line in text.split('\n') {
            let line = safe::expanded(line.strip_suffix('\r').unwrap_or(line));
            let (mut start, mut used, mut at) = (0, 0, 0);
            for piece in safe::pieces(&line) {
                let wide = usize::from(piece.width);
                if used + wide > self.room && at > start {
                    lines.push(RichLine::of(&line[start..at], role));
                    (start, used) = (at, 0);
                }
                used += wide;
                at += piece.text.len();
            }
            lines.push(RichLine::of(&line[start..], role));
        }
        if missing > 0 {
            lines.push(missing_line(missing));
        }
        lines
    }
}
