//! Draws the table pane: a frame that says what and where, a header, and the rows that are on the screen.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Position, Rect},
};

use super::{
    Outset, Tab, TablePane, edits, measure, position,
    refresh::Mark,
    rows::{PATIENCE, Rows, Trouble},
    sort,
    window::{End, Standing, Window},
};
use crate::{
    db::{error::Error, request::LinkState},
    domain::schema::RelationKind,
    panes::{
        ViewCx,
        frame::{self, Frame},
        link, tables,
    },
    theme::Role,
    widgets::{
        cell,
        grid::{self, Heading, Side},
        number::{grouped, length},
        safe::safe,
        scrollbar::{self, Scroll},
    },
};

/// The tabs' names.
const TABS: [&str; 2] = ["Rows", "Schema"];

/// Where the header stands.
pub(super) fn header(area: Rect) -> Rect {
    let inner = frame::inner(area);
    Rect { height: inner.height.min(1), ..inner }
}

/// Where the rows stand.
pub(super) fn body(area: Rect) -> Rect {
    let inner = frame::inner(area);
    let above = inner.height.min(1);
    Rect { y: inner.y + above, height: inner.height - above, ..inner }
}

/// Where the schema stands.
pub(super) fn schema(area: Rect) -> Rect {
    frame::inner(area).inner(Margin::new(1, 0))
}

/// The tab under this place of the screen.
pub(super) fn tab_at(pane: &TablePane, at: Position) -> Option<Tab> {
    let rows = pane.rows.as_ref()?;
    let title = title(rows);
    let parts = Frame { title: &title, tabs: &TABS, open: pane.tab as usize, ..Frame::default() };
    match frame::tab_at(&parts, pane.area, at)? {
        0 => Some(Tab::Rows),
        _ => Some(Tab::Schema),
    }
}

fn title(rows: &Rows) -> String {
    let view = if rows.relation.kind == RelationKind::View { " (view)" } else { "" };
    format!("{}{view}", safe(&rows.relation.name))
}

pub(super) fn draw(pane: &TablePane, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let Some(rows) = &pane.rows else {
        let inner = frame::frame(&Frame { title: "Rows", ..Frame::default() }, area, buf, cx);
        draw_nothing(pane, inner, buf, cx);
        return;
    };
    let title = title(rows);
    let parts = Frame { title: &title, tabs: &TABS, open: pane.tab as usize, ..Frame::default() };
    match pane.tab {
        Tab::Schema => {
            let inner = frame::frame(&parts, area, buf, cx);
            pane.schema.view.draw(schema(area), buf, cx.theme);
            scrollbar::draw(pane.schema.view.position(), right_border(area, inner), buf, cx.theme);
        }
        Tab::Rows => draw_rows(pane, rows, parts, area, buf, cx),
    }
}

/// Why there is no table.
fn draw_nothing(pane: &TablePane, inner: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let mut say = |what: &str, remedy: &str, role| message(what, remedy, role, inner, buf, cx);
    match (&pane.gone, &pane.outset) {
        (Some(name), _) => say(
            &format!("{} is gone", safe(name)),
            "It was dropped or renamed: choose another in the tables.",
            Role::Warning,
        ),
        // What is there within a moment needs no announcement.
        (None, Outset::Reading) if cx.now.elapsed < PATIENCE => {}
        (None, Outset::Reading) => match cx.settings.link.as_deref().map(|status| &status.state) {
            Some(LinkState::Slow { since }) => {
                let waited = length(link::between(*since, cx.now.wall));
                say(&format!("The server has not answered for {waited}"), link::WHILE_SLOW, Role::Busy);
            }
            _ => say("reading the schema …", "", Role::Muted),
        },
        (None, Outset::Failed(error)) => say(&safe(&error.what), &remedy(error), Role::Bad),
        (None, Outset::Read) if pane.nothing_to_show => {
            say("This database has no tables", "They show up here as soon as another program makes some.", Role::Muted);
        }
        (None, Outset::Read) => say("no table chosen", "Choose one in the tables and press Enter.", Role::Muted),
    }
}

fn draw_rows(pane: &TablePane, rows: &Rows, parts: Frame<'_>, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let inner = frame::inner(area);
    let counted = pane.counted.get(&rows.relation.name).copied();
    let layout = rows.columns.layout(inner.width);
    let corner = match (layout.placed.first(), layout.placed.last()) {
        (Some(_), Some(last)) if layout.more_left || layout.more_right || rows.columns.hidden() > 0 => {
            columns_words(rows, &layout, last.column, area.width)
        }
        _ => String::new(),
    };
    let (cursor, top) = seen(rows, counted, cx);
    let footer = rows.window.as_ref().map(|window| position::words(window, cursor, counted)).unwrap_or_default();
    let note = note(pane, rows, cx);
    let parts = Frame { corner: &corner, footer: &footer, note: &note, ..parts };
    frame::frame(&parts, area, buf, cx);
    if inner.is_empty() {
        return;
    }
    let body = body(area);
    let relation = &rows.relation;
    if let Some(reason) = &relation.broken {
        let remedy = "Its definition is in the Schema tab.";
        message(&format!("cannot be read: {}", safe(reason)), remedy, Role::Bad, inner, buf, cx);
        return;
    }
    let Some(window) = &rows.window else {
        match &rows.trouble {
            Some(Trouble::Failed(error)) => {
                message(&safe(&error.what), &remedy(error), Role::Bad, inner, buf, cx);
            }
            Some(Trouble::Cancelled) => message("reading was cancelled", "r reads it.", Role::Warning, inner, buf, cx),
            None => {
                // What is there within a moment needs no announcement.
                if rows.waiting_since().is_none_or(|since| cx.now.elapsed.saturating_sub(since) >= PATIENCE) {
                    message("reading …", "", Role::Muted, inner, buf, cx);
                }
            }
        }
        return;
    };
    draw_header(rows, &layout, header(area), buf, cx);
    if window.is_empty() {
        let words =
            if relation.kind == RelationKind::View { "this view has no rows" } else { "this table has no rows" };
        message(words, "", Role::Muted, body, buf, cx);
        return;
    }
    let options = measure::view_options(cx, rows.secrets);
    let theme = cx.theme;
    let (selected, selected_cell) = if cx.focused {
        (theme.style(Role::Selected), theme.style(Role::SelectedCell))
    } else {
        (theme.style(Role::SelectedQuiet), theme.style(Role::SelectedQuiet))
    };
    for (y, at) in (body.y..body.bottom()).zip(top..) {
        if at >= window.base() && at < window.end() {
            continue;
        }
        let line = Rect { y, height: 1, ..body };
        if at == cursor {
            buf.set_style(line, selected);
        }
        // Rows that are still to come, where the cursor is on its way to them.
        if rows.owed != 0 && (top != rows.top || cursor != rows.cursor) && is_to_come(window, at) {
            for place in &layout.placed {
                buf.set_stringn(body.x + place.x, y, "···", usize::from(place.width), theme.style(Role::Faint));
            }
        }
    }
    let rest = window.rows_from(top).take_while(|(at, _)| *at < top.saturating_add(i64::from(body.height)));
    for (at, row) in rest {
        let y = body.y + u16::try_from(at - top).unwrap_or(0);
        let mark = rows.marks.of(at);
        let staged = cx.settings.staged.of_row(relation, &row.key);
        let line = Rect { y, height: 1, ..body };
        if mark == Some(&Mark::New) {
            buf.set_style(line, theme.style(Role::Flash));
        }
        if at == cursor {
            buf.set_style(line, selected);
        }
        for place in &layout.placed {
            let (Some(value), Some(column)) = (row.cells.get(place.column), relation.columns.get(place.column)) else {
                continue;
            };
            let cell_area = Rect { x: body.x + place.x, y, width: place.width, height: 1 };
            let padded =
                Rect { x: cell_area.x - 1, width: (place.width + 2).min(body.right() + 1 - cell_area.x), ..cell_area };
            let under_cursor = at == cursor && place.column == rows.column;
            if under_cursor {
                buf.set_style(padded, selected_cell);
            }
            let new_value = staged.and_then(|edit| edit.cell(place.column));
            cell::draw(new_value.unwrap_or(value), column.facts, &options, cell_area, buf, theme);
            if let (Some(edit), Some(_)) = (staged, new_value) {
                edits::mark_cell(edit, padded, buf, theme);
            }
            if let Some(Mark::Cells(changed)) = mark
                && changed.contains(&place.column)
            {
                buf.set_style(cell_area, theme.style(Role::Changed));
            }
            if rows.found.contains(at, place.column) {
                let role = if under_cursor { Role::MatchCurrent } else { Role::Match };
                buf.set_style(cell_area, theme.style(role));
            }
        }
        if let Some(edit) = staged {
            edits::mark_row(edit, line, buf, theme);
        }
        if let Some(separator) = layout.separator {
            buf.set_string(body.x + separator, y, "│", theme.style(Role::Faint));
        }
    }
    if let Some(scroll) = scroll(rows, top, window, counted) {
        scrollbar::draw(scroll, right_border(area, body), buf, theme);
    }
}

/// What to do about it; without a remedy there is still the key.
fn remedy(error: &Error) -> String {
    if error.remedy.is_empty() {
        "r tries again.".to_owned()
    } else {
        format!("{} · r tries again", safe(&error.remedy))
    }
}

/// Where cursor and screen are drawn: over a network at once where they are going; in a file only when that takes long enough to be
/// felt, as what is there within a moment would only flicker.
fn seen(rows: &Rows, counted: Option<u64>, cx: &ViewCx<'_>) -> (i64, i64) {
    let long = rows.waiting_since().is_some_and(|since| cx.now.elapsed.saturating_sub(since) >= PATIENCE);
    if long || cx.settings.link.is_some() { rows.seen(counted) } else { (rows.cursor, rows.top) }
}

fn is_to_come(window: &Window, at: i64) -> bool {
    let end = if at < window.base() { End::Front } else { End::Back };
    !window.complete(end)
}

fn draw_header(rows: &Rows, layout: &grid::Layout, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let order = rows.wanted_sort();
    grid::draw_header(layout, area, buf, cx.theme, |at| {
        let column = rows.relation.columns.get(at)?;
        Some(Heading {
            name: &column.name,
            marker: measure::marker(column),
            sorted: sort::of(order, at),
            aligned: if measure::is_numeric(column) { Side::Right } else { Side::Left },
        })
    });
}

/// `columns 3–9 of 24 · 2 hidden`, as far as there is room.
fn columns_words(rows: &Rows, layout: &grid::Layout, last: usize, width: u16) -> String {
    let all = rows.columns.len();
    let first =
        layout.placed.iter().find(|place| place.column >= rows.columns.frozen()).map_or(last, |place| place.column);
    let mut words = String::new();
    if layout.more_left || layout.more_right {
        let range = format!("{}–{}/{}", first + 1, last + 1, all);
        words = if width < 70 { range } else { format!("columns {range}") };
    }
    let hidden = rows.columns.hidden();
    if hidden > 0 {
        let gap = if words.is_empty() { "" } else { " · " };
        words = format!("{words}{gap}{hidden} hidden");
    }
    words
}

/// What goes on, or what was found.
fn note(pane: &TablePane, rows: &Rows, cx: &ViewCx<'_>) -> String {
    let age = rows.read.map(|read| link::old(link::between(read, cx.now.wall)) + " · ").unwrap_or_default();
    if let Some(since) = rows.waiting_since() {
        let waited = cx.now.elapsed.saturating_sub(since);
        if waited >= PATIENCE {
            return format!("{age}reading {:.1} s · Esc cancels", waited.as_secs_f64());
        }
    }
    if rows.read.is_some() && rows.failure.is_none() {
        return age.trim_end_matches(" · ").to_owned();
    }
    if let Some(failure) = &rows.failure {
        let not = if failure.wanted.is_some() { "not read" } else { "not read anew" };
        return format!("{age}{not}: {}", link::shortly(&failure.error));
    }
    if !rows.found.pattern().is_empty() {
        let loaded = rows.window.as_ref().map_or(0, Window::len);
        let cells = match rows.found.count() {
            1 => "1 match".to_owned(),
            many => format!("{} matches", grouped(many as u64)),
        };
        return format!("{cells} in the {} rows loaded", grouped(loaded as u64));
    }
    if pane.copying.is_some() {
        return "fetching the whole cell …".to_owned();
    }
    match rows.new_rows(&cx.settings.staged) {
        0 => String::new(),
        1 => "1 new row is staged".to_owned(),
        many => format!("{many} new rows are staged"),
    }
}

/// What the scroll bar says; nothing where nobody knows.
fn scroll(rows: &Rows, top: i64, window: &Window, counted: Option<u64>) -> Option<Scroll> {
    let total = window.total().or(counted);
    let shown = u64::from(rows.height);
    match window.standing(top, total) {
        Standing::Row(row) | Standing::AboutRow(row) => {
            let total = total?;
            Some(Scroll { first: (row - 1).min(total), shown, total })
        }
        Standing::Share(share) => Some(Scroll { first: (share * 100_000.0) as u64, shown: 1, total: 100_000 }),
        Standing::BeforeLast(_) | Standing::Unknown => None,
    }
}

fn right_border(area: Rect, inside: Rect) -> Rect {
    Rect { x: area.right().saturating_sub(1), width: 1.min(area.width), ..inside }
}

/// Words in the middle of an empty pane, and under them what to do.
fn message(what: &str, remedy: &str, role: Role, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let width = area.width.saturating_sub(4);
    let lines = tables::wrap(what, width, area.height.max(1)).into_iter().map(|line| (line, role));
    let more = tables::wrap(remedy, width, area.height).into_iter().map(|line| (line, Role::Muted));
    let lines: Vec<_> = lines.chain(more).collect();
    let above = area.height.saturating_sub(lines.len() as u16) / 3;
    for (y, (line, role)) in (area.y + above..area.bottom()).zip(&lines) {
        let style = cx.theme.style(*role);
        buf.set_stringn(area.x + 2, y, line, usize::from(area.width.saturating_sub(3)), style);
    }
}
