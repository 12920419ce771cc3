//! Drawing the editor: the text, what it is, what speaks against it.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Body, CellEditor, Form, Held, Phase, Target, Weight};
use crate::{
    domain::{
        catalogue::Meaning,
        edit::Holds,
        json_check::shape_words,
        schema::{Column, KeyKind},
        value::Value,
    },
    panes::{
        ViewCx, notice,
        overlay::{centred, window},
    },
    theme::Role,
    widgets::safe::{fit, safe, width},
};

impl CellEditor {
    pub(super) fn title(&self) -> String {
        let name = self.of().map_or_else(String::new, |column| safe(&column.name).into_owned());
        format!("{} · {} · {name}", safe(&self.relation.name), safe(&self.row_words()))
    }

    /// The area it takes: a window for a line, or most of the screen; the footer with its keys stays visible.
    fn whole(&self, screen: Rect) -> Rect {
        let screen = Rect { height: screen.height.saturating_sub(1).max(screen.height.min(3)), ..screen };
        let side = if screen.width > 100 { screen.width / 10 } else { u16::from(screen.width > 60) };
        let wide = screen.width.saturating_sub(2 * side);
        let high = if screen.height > 20 { screen.height - 4 } else { screen.height };
        let small = match self.phase {
            Phase::Open => {
                self.is_single()
                    || self.held != Held::Text && matches!(&self.body, Body::Area(editor) if editor.is_empty())
            }
            _ => true,
        };
        if small { centred(screen, wide.min(90), high.min(9)) } else { centred(screen, wide, high) }
    }

    fn inside(&self, screen: Rect) -> Rect {
        let inside = crate::panes::frame::inner(self.whole(screen));
        Rect { x: inside.x + u16::from(inside.width > 2), width: inside.width.saturating_sub(2), ..inside }
    }

    /// Where the text stands: below what it is, above what is wrong with it.
    pub(super) fn text_area(&self, screen: Rect) -> Rect {
        let inside = self.inside(screen);
        let above = u16::from(inside.height > 2);
        let below = said_rows(inside.height);
        Rect { y: inside.y + above, height: inside.height.saturating_sub(above + below), ..inside }
    }

    pub(super) fn draw(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let whole = self.whole(screen);
        let inside = self.inside(screen);
        let title = self.title();
        let room = usize::from(whole.width.saturating_sub(6));
        window(&fit(&title, room), &self.position(), whole, buf, cx);
        if inside.is_empty() {
            return;
        }
        let said = match &self.phase {
            Phase::Reading => Some(("Reading the row …".to_owned(), Role::Muted)),
            Phase::Failed(error) => Some((format!("{error}. {}", error.remedy), Role::Bad)),
            Phase::Gone(why) => Some(((*why).to_owned(), Role::Warning)),
            Phase::Away => Some(("In your editor: save there and close it.".to_owned(), Role::Accent)),
            Phase::Open if self.is_secret() && self.held == Held::Text && !self.revealed => {
                Some((crate::domain::record_text::MASK.to_owned(), Role::Masked))
            }
            Phase::Open => None,
        };
        if let Some((words, role)) = said {
            notice::draw(&[(&safe(&words), role)], inside, buf, cx.theme);
        } else {
            self.draw_value(screen, inside, buf, cx);
        }
        if let Some(list) = &self.list {
            list.view(screen, buf, cx);
        }
        if let Some(input) = &self.searching {
            let y = whole.bottom() - 1;
            let wide = whole.width.saturating_sub(4).min(40);
            buf.set_stringn(whole.x + 2, y, " / ", 3, cx.theme.style(Role::Key));
            input.draw(Rect { x: whole.x + 5, y, width: wide.saturating_sub(3), height: 1 }, buf);
        }
    }

    fn draw_value(&self, screen: Rect, inside: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let room = usize::from(inside.width);
        if inside.height > 2 {
            let facts = safe(&self.facts()).into_owned();
            buf.set_stringn(inside.x, inside.y, fit(&facts, room), room, cx.theme.style(Role::Muted));
        }
        let area = self.text_area(screen);
        match (self.held, &self.body) {
            (Held::Null, _) => word("NULL", Role::Null, area, buf, cx),
            (Held::Default, _) => {
                let made =
                    matches!(&self.relation.key, KeyKind::Rowid { column: Some(own), .. } if *own == self.column);
                let words = match self.of() {
                    Some(Column { default: Some(default), .. }) => format!("default: {default}"),
                    Some(column) if !made && (column.not_null || column.primary_key.is_some()) => {
                        "to be given".to_owned()
                    }
                    Some(_) if !made => "NULL, the default".to_owned(),
                    _ => "left to the database".to_owned(),
                };
                word(&safe(&words), Role::Accent, area, buf, cx);
            }
            (Held::Text, Body::Area(editor)) => editor.draw(area, buf, cx.theme),
            (Held::Text, Body::Large(text)) => {
                let words = format!("{}: too long to be edited in place. F4 opens $EDITOR.", bytes(text.len()));
                notice::draw(&[(&words, Role::Warning)], area, buf, cx.theme);
            }
        }
        let rows = said_rows(inside.height);
        let (text, role) = self.said();
        let text = safe(&text).into_owned();
        let lines = notice::wrapped(&text, room.max(1));
        for (y, line) in (inside.bottom() - rows..inside.bottom()).zip(lines) {
            buf.set_stringn(inside.x, y, fit(&line, room), room, cx.theme.style(role));
        }
    }

    /// What the column takes.
    fn facts(&self) -> String {
        let Some(column) = self.of() else { return String::new() };
        let declared = if column.declared.is_empty() { "no declared type" } else { column.declared.as_str() };
        let mut words = vec![declared.to_owned()];
        if column.not_null {
            words.push("NOT NULL".to_owned());
        }
        match (self.form, self.meaning()) {
            (Form::Blob, _) => words.push("a blob, in hexadecimal".to_owned()),
            (Form::TextBytes, _) => words.push("not UTF-8: its bytes in hexadecimal".to_owned()),
            (_, Meaning::Markdown) => words.push("Markdown".to_owned()),
            (_, Meaning::Mermaid) => words.push("Mermaid".to_owned()),
            (_, Meaning::Json(shape)) => words.push(format!("JSON: {}", shape_words(shape))),
            (_, Meaning::Time) => words.push("a time, ISO 8601 or YYYY-MM-DD HH:MM:SS in UTC".to_owned()),
            (_, Meaning::Percent) => words.push("0 to 100".to_owned()),
            (_, Meaning::Flag) => words.push("0 or 1".to_owned()),
            (_, Meaning::QuestionId) => words.push("a question's id".to_owned()),
            (_, Meaning::Url) => words.push("a URL".to_owned()),
            (Form::Number(holds), _) => words.push(number_words(holds).to_owned()),
            _ => {}
        }
        if let Target::Cell(_) = self.target
            && matches!(&self.start, crate::domain::edit::NewValue::Given(value) if *value != self.was)
        {
            words.push("staged already".to_owned());
        }
        words.join(" · ")
    }

    /// What speaks against it, or what it is.
    fn said(&self) -> (String, Role) {
        if let Some(finding) = self.findings.first() {
            let place = finding.at.map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: "));
            let (sign, role) = if finding.weight == Weight::Hint { ("!", Role::Warning) } else { ("✗", Role::Bad) };
            return (format!("{sign} {place}{}", finding.what), role);
        }
        if let (Held::Text, Body::Area(editor)) = (self.held, &self.body) {
            if let Some(letter) = editor.hidden_under_cursor() {
                return (format!("under the cursor: U+{:04X}, which cannot be seen", u32::from(letter)), Role::Warning);
            }
            if editor.is_empty() && self.form == Form::Text {
                return ("'' an empty text; F2 has NULL and the default".to_owned(), Role::Empty);
            }
        }
        match (self.held, self.meaning()) {
            (Held::Text, Meaning::Json(_)) if self.checking.job.is_some() => {
                ("checking the JSON …".to_owned(), Role::Muted)
            }
            (Held::Text, Meaning::Json(shape)) => (format!("✓ {}", shape_words(shape)), Role::Good),
            (Held::Null | Held::Default, _) => {
                ("typing begins a text; F2 has the other choices".to_owned(), Role::Muted)
            }
            _ => match &self.was {
                _ if self.held == Held::Text && self.is_single() => {
                    ("enter stages it, ctrl-j breaks the line".to_owned(), Role::Muted)
                }
                Value::Null if self.touched => ("NULL before".to_owned(), Role::Muted),
                _ => (String::new(), Role::Muted),
            },
        }
    }

    /// Where the cursor is, and how long the text.
    fn position(&self) -> String {
        match (&self.phase, self.held, &self.body) {
            (Phase::Open, Held::Text, Body::Area(editor)) if !self.is_secret() || self.revealed => {
                let (line, column) = editor.cursor();
                let ends = if editor.ends_in_crlf() { " · CRLF" } else { "" };
                format!("{line}:{column} of {} · {}{ends}", plural(editor.lines(), "line"), bytes(editor.len()))
            }
            _ => String::new(),
        }
    }
}

/// Rows for what is said below the text.
const fn said_rows(height: u16) -> u16 {
    match height {
        0..=1 => 0,
        2..=5 => 1,
        _ => 2,
    }
}

fn number_words(holds: Holds) -> &'static str {
    match holds {
        Holds::Integers => "an integer",
        Holds::Reals => "a float",
        _ => "a number",
    }
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A length in words.
pub(super) fn bytes(count: usize) -> String {
    match count {
        0..1024 => plural(count, "byte"),
        1024..1_048_576 => format!("{:.1} KB", count as f64 / 1024.0),
        _ => format!("{:.1} MB", count as f64 / 1_048_576.0),
    }
}

/// A word in place of a text.
fn word(text: &str, role: Role, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.width);
    let shown = fit(text, room);
    buf.set_stringn(area.x, area.y, &shown, room, cx.theme.style(role));
    let end = area.x + u16::try_from(width(&shown)).unwrap_or_default().min(area.width.saturating_sub(1));
    if let Some(cell) = buf.cell_mut((end, area.y)) {
        cell.modifier |= ratatui::style::Modifier::REVERSED;
    }
}
