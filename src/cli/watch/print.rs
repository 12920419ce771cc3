//! Prints ledger rows: aligned for people, or as objects for programs.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use crossterm::{
    Command as _,
    style::{Attribute, SetAttribute, SetForegroundColor},
};
use ratatui::{
    backend::IntoCrossterm as _,
    style::{Color, Modifier},
};
use serde::Serialize;

use crate::{
    cli::{Failure, args::WatchFormat, json},
    domain::{activity::LedgerRow, catalogue, time},
    theme::{Role, Theme, ThemeName},
    widgets::safe::{fit, safe, width},
};

/// The columns of bot, action and item are at least and at most so wide; what is longer moves the rest of its line.
const BOT: (usize, usize) = (15, 24);
const ACTION: (usize, usize) = (6, 12);
const ITEM: (usize, usize) = (18, 48);

/// A row as an object; the names are those of the JSON.
#[derive(Debug, Serialize)]
struct Object<'a> {
    id: i64,
    bot: &'a str,
    action: &'a str,
    item_type: &'a str,
    item_id: &'a str,
    reason: Option<&'a str>,
    reason_cut: bool,
    created_at: Option<&'a str>,
    at: Option<String>,
}

/// How rows are printed.
#[derive(Debug)]
pub(super) struct Printer {
    format: WatchFormat,
    look: Look,
    /// The columns' widths: they grow with what came.
    bot: usize,
    action: usize,
    item: usize,
}

/// How much of a row's reason is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// All of it, or as much as a terminal shows.
    Whole,
    /// Its beginning: the rest could not be had.
    Cut,
}

/// How text looks.
#[derive(Debug)]
pub(super) enum Look {
    /// For a pipe or a file: whole reasons, no colours.
    Plain,
    /// For a terminal: cut at its right edge, with colours where they are wanted.
    Terminal(Option<Box<Theme>>),
}

impl Look {
    /// With the colours of this theme, but for `mono`, which has none.
    pub(super) fn coloured(theme: ThemeName) -> Self {
        Self::Terminal((theme != ThemeName::Mono).then(|| Box::new(Theme::built_in(theme))))
    }
}

impl Printer {
    pub(super) const fn new(format: WatchFormat, look: Look) -> Self {
        Self { format, look, bot: BOT.0, action: ACTION.0, item: ITEM.0 }
    }

    /// Whether a long reason is printed to its end.
    pub(super) const fn wants_whole(&self) -> bool {
        matches!((self.format, &self.look), (WatchFormat::Ndjson, _) | (_, Look::Plain))
    }

    /// Prints a row.
    pub(super) fn row(&mut self, row: &LedgerRow, reason: Reason, out: &mut dyn Write) -> Result<(), Failure> {
        match self.format {
            WatchFormat::Ndjson => {
                let at = row.created_at.as_deref().and_then(time::parse).map(time::iso);
                let object = Object {
                    id: row.id,
                    bot: &row.bot,
                    action: &row.action,
                    item_type: &row.item_type,
                    item_id: &row.item_id,
                    reason: row.reason.as_deref(),
                    reason_cut: reason == Reason::Cut,
                    created_at: row.created_at.as_deref(),
                    at,
                };
                json::line(&object, out)?;
                Ok(writeln!(out)?)
            }
            WatchFormat::Text => {
                Ok(writeln!(out, "{}{}", self.line(row, columns()), if reason == Reason::Cut { "…" } else { "" })?)
            }
        }
    }

    /// A row as a line; on a terminal in at most so many columns.
    fn line(&mut self, row: &LedgerRow, columns: Option<usize>) -> String {
        let when = match row.created_at.as_deref() {
            None => "-".to_owned(),
            // Both stored forms in one look, to the second: columns stay columns.
            Some(text) => time::parse(text)
                .map_or_else(|| safe(text).into_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()),
        };
        let item = format!("{} {}", safe(&row.item_type), safe(&row.item_id));
        let (bot, action) = (safe(&row.bot), safe(&row.action));
        grow(&mut self.bot, &bot, BOT.1);
        grow(&mut self.action, &action, ACTION.1);
        grow(&mut self.item, &item, ITEM.1);
        let fresh = catalogue::table("botLedger").and_then(|table| table.column("action"));
        let role = fresh.and_then(|facts| facts.meaning.tone(&row.action)).map_or(Role::Text, Role::from);
        let reason = row.reason.as_deref().map(safe).unwrap_or_default();
        let pieces = [
            (when.as_str(), 20, Role::Muted),
            (&*bot, self.bot, Role::Text),
            (&*action, self.action, role),
            (item.as_str(), self.item, Role::Text),
            (&*reason, 0, Role::Muted),
        ];
        let (theme, mut room) = match &self.look {
            Look::Plain => (None, None),
            Look::Terminal(theme) => (theme.as_deref(), columns),
        };
        let mut line = String::new();
        for (at, (text, wide, role)) in pieces.into_iter().enumerate() {
            let gap = if at == 0 { "" } else { "  " };
            let mut piece = format!("{gap}{text}{}", " ".repeat(wide.saturating_sub(width(text))));
            if at == 4 && text.is_empty() {
                break;
            }
            if let Some(room) = &mut room {
                piece = fit(&piece, *room).into_owned();
                *room -= width(&piece).min(*room);
            }
            paint(&piece, role, theme, &mut line);
        }
        line.truncate(line.trim_end().len());
        line
    }
}

fn grow(column: &mut usize, text: &str, most: usize) {
    *column = (*column).max(width(text).min(most));
}

fn paint(piece: &str, role: Role, theme: Option<&Theme>, line: &mut String) {
    let Some(style) = theme.map(|theme| theme.style(role)).filter(|_| role != Role::Text && !piece.is_empty()) else {
        line.push_str(piece);
        return;
    };
    // Writing to a String cannot fail.
    if let Some(colour) = style.fg.filter(|colour| *colour != Color::Reset) {
        let _ = SetForegroundColor(colour.into_crossterm()).write_ansi(line);
    }
    if style.add_modifier.contains(Modifier::BOLD) {
        let _ = SetAttribute(Attribute::Bold).write_ansi(line);
    }
    let _ = write!(line, "{piece}");
    let _ = SetAttribute(Attribute::Reset).write_ansi(line);
}

/// Columns of the terminal on standard output; `None` where it is none or does not say.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn row(bot: &str, reason: Option<&str>) -> LedgerRow {
        LedgerRow {
            id: 7,
            bot: bot.into(),
            action: "delete".into(),
            item_type: "question".into(),
            item_id: "q-1".into(),
            reason: reason.map(str::to_owned),
            created_at: Some("2026-01-29T08:03:07.588Z".into()),
        }
    }

    #[test]
    fn lines_are_aligned_and_harmless() {
        let mut printer = Printer::new(WatchFormat::Text, Look::Plain);
        let mut out = Vec::new();
        printer.row(&row("verifier", Some("a\u{1b}[31m\nb\u{202e}")), Reason::Whole, &mut out).unwrap();
        printer
            .row(
                &LedgerRow { created_at: Some("soon".into()), ..row("a-bot-with-a-long-name", None) },
                Reason::Whole,
                &mut out,
            )
            .unwrap();
        printer.row(&LedgerRow { created_at: None, ..row("x", Some("why")) }, Reason::Whole, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
        2026-01-29 08:03:07Z  verifier         delete  question q-1        a␛[31m⏎b◌
        soon                  a-bot-with-a-long-name  delete  question q-1
        -                     x                       delete  question q-1        why
        ");
    }

    #[test]
    fn only_a_terminal_gets_colours_and_its_width() {
        let long = "because ".repeat(40);
        let row = row("verifier", Some(&long));
        let plain = Printer::new(WatchFormat::Text, Look::Plain).line(&row, Some(60));
        assert!(plain.ends_with("because") && !plain.contains('\u{1b}'), "{plain}");
        let mono = Printer::new(WatchFormat::Text, Look::coloured(ThemeName::Mono)).line(&row, Some(60));
        assert!(width(&mono) <= 60 && mono.ends_with('…') && !mono.contains('\u{1b}'), "{mono}");
        let dark = Printer::new(WatchFormat::Text, Look::coloured(ThemeName::Dark)).line(&row, Some(100));
        assert!(dark.contains("\u{1b}[38;") && dark.ends_with("\u{1b}[0m"), "{dark:?}");
    }

    #[test]
    fn objects_have_the_documented_fields() {
        let mut out = Vec::new();
        let mut printer = Printer::new(WatchFormat::Ndjson, Look::Plain);
        printer.row(&row("b\u{9b}", Some("why\n")), Reason::Whole, &mut out).unwrap();
        printer.row(&LedgerRow { created_at: Some("soon".into()), ..row("x", None) }, Reason::Cut, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        {"id":7,"bot":"b\u009b","action":"delete","item_type":"question","item_id":"q-1","reason":"why\n","reason_cut":false,"created_at":"2026-01-29T08:03:07.588Z","at":"2026-01-29T08:03:07.588Z"}
        {"id":7,"bot":"x","action":"delete","item_type":"question","item_id":"q-1","reason":null,"reason_cut":true,"created_at":"soon","at":null}
        "#);
    }
}
