//! Draws the list of tables: name and count always, purpose and key fields where the width allows, the rest in a footer.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr as _;

use super::{Count, Line, TablesPane, group_of};
use crate::{
    domain::{
        catalogue::Volume,
        schema::{Relation, RelationKind},
    },
    panes::{
        ViewCx,
        frame::{self, Frame},
    },
    theme::{Role, Theme},
    widgets::{
        grid::put_cut,
        number::grouped,
        safe::safe,
        scrollbar::{self, Scroll},
    },
};

/// From this width on the purpose stands beside the name.
const WITH_PURPOSE: u16 = 46;
/// From this width on the key fields stand there, too.
const WITH_KEYS: u16 = 96;
/// The longest name that is not cut where the purpose stands beside it.
const NAME: u16 = 26;

/// The list and, where there is height for it, the footer.
pub(super) fn areas(inner: Rect) -> (Rect, Rect) {
    let footer = match inner.height {
        0..=8 => 0,
        9..=15 => 3,
        _ => 5,
    };
    let list = Rect { height: inner.height - footer, ..inner };
    (list, Rect { y: list.bottom(), height: footer, ..inner })
}

pub(super) fn draw(pane: &TablesPane, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let shown = if pane.entries.is_empty() { String::new() } else { pane.entries.len().to_string() };
    let parts = Frame { title: "Tables", corner: &shown, ..Frame::default() };
    let inner = frame::frame(&parts, area, buf, cx);
    let (list, footer) = areas(inner);
    let theme = cx.theme;
    if pane.entries.is_empty() {
        let words = match pane.schema {
            Some(_) => "no tables in this database",
            None if cx.settings.waits_for_server() => "waiting for the server",
            None => "reading the schema …",
        };
        put_cut(buf, list.x + 1, list.y, words, list.width.saturating_sub(1), theme.style(Role::Muted));
        return;
    }
    for (y, line) in (list.y..list.bottom()).zip(pane.lines.iter().skip(pane.top)) {
        let row = Rect { y, height: 1, ..list };
        match line {
            Line::Caption(words) => {
                put_cut(buf, row.x + 1, y, words, row.width.saturating_sub(1), theme.style(Role::Muted));
            }
            Line::Entry(at) => {
                let Some(relation) = pane.entries.get(*at) else { continue };
                entry(pane, relation, row, buf, theme);
                if *at == pane.cursor {
                    let role = if cx.focused { Role::Selected } else { Role::SelectedQuiet };
                    buf.set_style(row, theme.style(role));
                }
            }
        }
    }
    if pane.lines.len() > usize::from(list.height) {
        let track = Rect { x: area.right().saturating_sub(1), y: list.y, width: 1, height: list.height };
        let scroll = Scroll { first: pane.top as u64, shown: u64::from(list.height), total: pane.lines.len() as u64 };
        scrollbar::draw(scroll, track, buf, theme);
    }
    if footer.height > 0
        && let Some(relation) = pane.selected()
    {
        detail(pane, relation, footer, buf, theme);
    }
}

/// `▄ name   purpose   key, fields   1,988`
fn entry(pane: &TablesPane, relation: &Relation, row: Rect, buf: &mut Buffer, theme: &Theme) {
    let (sign, role) = sign(pane, relation);
    buf.set_stringn(row.x, row.y, sign, usize::from(row.width), theme.style(role));
    let (count, style) = count(pane, relation, theme);
    let count_width = count.width() as u16;
    let count_x = row.right().saturating_sub(count_width + 1);
    let room = count_x.saturating_sub(row.x + 3);
    let name_width = if row.width >= WITH_PURPOSE { room.min(NAME) } else { room };
    let quiet = relation.kind == RelationKind::Internal || relation.broken.is_some();
    let name_style = theme.style(if quiet { Role::Muted } else { Role::Text });
    put_cut(buf, row.x + 2, row.y, &safe(&relation.name), name_width, name_style);
    if count_x > row.x + 2 {
        buf.set_stringn(count_x, row.y, &count, usize::from(count_width), style);
    }
    if row.width < WITH_PURPOSE {
        return;
    }
    let x = row.x + 2 + NAME + 1;
    let room = count_x.saturating_sub(x + 1);
    let purpose_width = if row.width >= WITH_KEYS { 28 } else { room };
    let muted = theme.style(Role::Muted);
    if let Some(reason) = &relation.broken {
        put_cut(buf, x, row.y, &safe(reason), room, theme.style(Role::Bad));
    } else if let Some(facts) = relation.facts {
        put_cut(buf, x, row.y, facts.purpose, purpose_width, muted);
        if row.width >= WITH_KEYS {
            let x = x + purpose_width + 1;
            put_cut(
                buf,
                x,
                row.y,
                &safe(&key_fields(relation)),
                count_x.saturating_sub(x + 1),
                theme.style(Role::Faint),
            );
        }
    } else {
        put_cut(buf, x, row.y, kind(relation), room, muted);
    }
}

/// The sign before the name: how large a table is, or what else the relation is.
fn sign(pane: &TablesPane, relation: &Relation) -> (&'static str, Role) {
    if relation.broken.is_some() {
        return ("!", Role::Bad);
    }
    if relation.kind == RelationKind::View {
        return ("◇", Role::Accent);
    }
    match volume(pane, relation) {
        Some(Volume::Small) => ("▂", Role::Muted),
        Some(Volume::Medium) => ("▄", Role::Busy),
        Some(Volume::Large) => ("█", Role::Warning),
        None => match relation.kind {
            RelationKind::Virtual => ("◈", Role::Accent),
            RelationKind::Internal => ("·", Role::Faint),
            RelationKind::Table | RelationKind::View => (" ", Role::Faint),
        },
    }
}

/// The volume class by the catalogue's thresholds; only the catalogue's tables have one.
fn volume(pane: &TablesPane, relation: &Relation) -> Option<Volume> {
    Some(relation.facts?.volume(pane.rows(&relation.name)?))
}

fn count(pane: &TablesPane, relation: &Relation, theme: &Theme) -> (String, Style) {
    match pane.counts.get(&relation.name) {
        _ if relation.broken.is_some() => ("broken".to_owned(), theme.style(Role::Bad)),
        Some(Count::Rows(rows)) => (grouped(*rows), theme.style(Role::Muted)),
        Some(Count::Failed(_)) => ("?".to_owned(), theme.style(Role::Bad)),
        None => ("…".to_owned(), theme.style(Role::Faint)),
    }
}

/// What kind of relation it is, in a word or two.
fn kind(relation: &Relation) -> &'static str {
    match relation.kind {
        RelationKind::Table => "table",
        RelationKind::View => "view",
        RelationKind::Virtual => "virtual table",
        RelationKind::Internal => "internal",
    }
}

/// The catalogue's key fields, under the names they have in this database.
fn key_fields(relation: &Relation) -> String {
    let names = relation.facts.map_or(&[][..], |facts| facts.key_fields).iter().map(|field| {
        let column = relation.column(field).and_then(|at| relation.columns.get(at));
        column.map_or(*field, |column| column.name.as_str())
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What there is to say of the relation under the cursor.
fn detail(pane: &TablesPane, relation: &Relation, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let rule = "─".repeat(usize::from(area.width));
    buf.set_stringn(area.x, area.y, rule, usize::from(area.width), theme.style(Role::Faint));
    let mut y = area.y + 1;
    let mut say = |text: &str, role: Role, lines: u16, buf: &mut Buffer| {
        let room = area.bottom().saturating_sub(y).min(lines);
        for line in wrap(&safe(text), area.width.saturating_sub(2), room) {
            buf.set_stringn(area.x + 1, y, line, usize::from(area.width.saturating_sub(1)), theme.style(role));
            y += 1;
        }
    };
    if let Some(reason) = &relation.broken {
        say(&format!("cannot be read: {reason}"), Role::Bad, u16::MAX, buf);
        return;
    }
    if let Some(Count::Failed(reason)) = pane.counts.get(&relation.name) {
        say(&format!("not counted: {reason}"), Role::Bad, u16::MAX, buf);
        return;
    }
    match relation.facts {
        Some(facts) => {
            let size = match (volume(pane, relation), facts.thresholds) {
                (Some(volume @ Volume::Small), (least, _)) => format!("{}: under {}", volume.word(), grouped(least)),
                (Some(volume @ Volume::Medium), (least, most)) => {
                    format!("{}: {} to {}", volume.word(), grouped(least), grouped(most))
                }
                (Some(volume @ Volume::Large), (_, most)) => format!("{}: over {}", volume.word(), grouped(most)),
                (None, _) => "counting …".to_owned(),
            };
            say(facts.purpose, Role::Text, if area.height > 3 { 2 } else { 1 }, buf);
            if area.height > 3 {
                say(&size, Role::Muted, 1, buf);
            }
            say(&key_fields(relation), Role::Muted, 2, buf);
        }
        None => {
            say(kind(relation), Role::Text, 1, buf);
            let columns = match relation.columns.len() {
                1 => "1 column".to_owned(),
                many => format!("{} columns", grouped(many as u64)),
            };
            say(&columns, Role::Muted, 1, buf);
            if group_of(relation) == "internal" {
                say("SQLite's or a module's own storage", Role::Muted, 2, buf);
            }
        }
    }
}

/// Words in lines of at most this width; what does not fit into so many lines ends in `…`.
pub(in crate::panes) fn wrap(text: &str, width: u16, lines: u16) -> Vec<String> {
    let width = usize::from(width);
    let mut wrapped: Vec<String> = Vec::new();
    if width == 0 || lines == 0 {
        return wrapped;
    }
    for word in text.split_whitespace() {
        let full = wrapped.len() == usize::from(lines);
        match wrapped.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) if full => {
                while line.width() + 1 > width && line.pop().is_some() {}
                line.push('…');
                break;
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    wrapped
}
