//! Draws the queue: a line for each question, and below why the one under the cursor is flagged.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    ReviewPane,
    list::{Decided, Entry, Novelty, Standing, State},
};
use crate::{
    domain::{
        catalogue,
        review::{Decision, Flag, FlagSource, ReviewOrder},
        time,
    },
    panes::{
        ViewCx,
        frame::{self, Frame},
        link,
        notice::{self, wrapped},
    },
    theme::Role,
    widgets::{
        number::grouped,
        pen::Pen,
        safe::{self, safe},
        scrollbar::{self, Scroll},
    },
};

/// How long nothing is said about waiting.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(150);
/// From this width on difficulties are written out, and the list has room for ids and channels in full.
const WIDE: u16 = 60;

/// The list, and where there is height for it, why the question under the cursor is flagged.
pub(super) fn areas(inner: Rect) -> (Rect, Rect) {
    let why = match inner.height {
        0..=5 => 0,
        6..=11 => 2,
        12..=19 => 4,
        _ => 6,
    };
    let list = Rect { height: inner.height - why, ..inner };
    (list, Rect { y: list.bottom(), height: why, ..inner })
}

pub(super) fn draw(pane: &ReviewPane, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let area = area.intersection(buf.area);
    let room = usize::from(area.width.saturating_sub(14));
    let (corner, note, footer) = (progress(pane, room), note(pane, cx), footer(pane));
    let parts = Frame { title: "Review", corner: &corner, note: &note, footer: &footer, ..Frame::default() };
    let inner = frame::frame(&parts, area, buf, cx);
    if inner.is_empty() {
        return;
    }
    if pane.list.entries.is_empty() {
        draw_nothing(pane, inner, buf, cx);
        return;
    }
    let (rows, why) = areas(inner);
    let columns = Columns::of(pane, rows);
    let visible = pane.list.entries.iter().enumerate().skip(pane.top);
    for (y, (at, entry)) in (rows.y..rows.bottom()).zip(visible) {
        let row = Rect { y, height: 1, ..rows };
        draw_entry(pane, at, entry, &columns, row, buf, cx);
        if at == pane.cursor {
            let role = if cx.focused { Role::Selected } else { Role::SelectedQuiet };
            buf.set_style(row, cx.theme.style(role));
        }
    }
    let shown = Scroll { first: pane.top as u64, shown: u64::from(rows.height), total: pane.list.entries.len() as u64 };
    let track = Rect { x: area.right().saturating_sub(1), width: 1, ..rows };
    scrollbar::draw(shown, track, buf, cx.theme);
    if let Some(entry) = pane.list.entries.get(pane.cursor) {
        draw_why(pane, entry, why, buf, cx);
    }
}

/// How wide the columns are; by what is on the screen, so that a line far away makes none of them wide.
struct Columns {
    id: u16,
    channel: u16,
    difficulty: u16,
}

impl Columns {
    fn of(pane: &ReviewPane, rows: Rect) -> Self {
        let visible = || pane.list.entries.iter().skip(pane.top).take(usize::from(rows.height));
        let widest = |most: u16, text: fn(&Entry) -> &str| {
            let widths = visible().map(|entry| u16::try_from(safe::width(text(entry))).unwrap_or(u16::MAX));
            widths.max().unwrap_or(0).min(most)
        };
        let wide = rows.width >= WIDE;
        let difficulty = match (rows.width, wide) {
            (_, true) => widest(12, |entry| &entry.item.difficulty),
            (36.., _) => 3,
            _ => 0,
        };
        let channel = if rows.width < 34 { 0 } else { widest(rows.width / 5, |entry| &entry.item.channel) };
        Self { id: widest((rows.width / 4).max(8), |entry| &entry.item.id), channel, difficulty }
    }
}

fn draw_entry(
    pane: &ReviewPane,
    at: usize,
    entry: &Entry,
    columns: &Columns,
    row: Rect,
    buf: &mut Buffer,
    cx: &ViewCx<'_>,
) {
    let item = &entry.item;
    let done = !entry.is_open();
    let marked = pane.list.marked.contains(&item.id);
    let quiet = |role: Role| if done { Role::Muted } else { role };
    let (glyph, role) = glyph(entry);
    let mut pen = Pen::new(row, buf, cx.theme);
    pen.left(if marked { "▌" } else { "" }, Role::Marked, 1);
    pen.left(glyph, role, 2);
    let text = if marked { Role::Marked } else { quiet(Role::Text) };
    pen.left(&item.id, if marked { Role::Marked } else { quiet(Role::Accent) }, columns.id).skip(1);
    if columns.channel > 0 {
        pen.left(&item.channel, Role::Muted, columns.channel).skip(1);
    }
    if columns.difficulty > 0 {
        let short: String = item.difficulty.chars().take(3).collect();
        let words = if columns.difficulty > 3 { item.difficulty.as_str() } else { &short };
        pen.left(words, quiet(tone("difficulty", &item.difficulty)), columns.difficulty).skip(1);
    }
    if item.pending > 0 && !done {
        pen.word(&format!("⚙{} ", item.pending), Role::Waiting);
    }
    let title = safe::safe_prose(&item.title);
    match pane.found.is_match(at).then(|| find(&title, pane.found.pattern())).flatten() {
        Some((start, end)) => {
            pen.word(&title[..start], text).word(&title[start..end], Role::Match).word(&title[end..], text);
        }
        None => {
            pen.word(&title, text);
        }
    }
}

/// Where the pattern stands in a text, whatever its case; `None` where letters change their length with it.
fn find(text: &str, pattern: &str) -> Option<(usize, usize)> {
    let start = text.to_lowercase().find(&pattern.to_lowercase())?;
    let end = start + pattern.len();
    (text.is_char_boundary(start) && text.is_char_boundary(end)).then_some((start, end))
}

/// The sign before a question: what became of it, or what it is.
fn glyph(entry: &Entry) -> (&'static str, Role) {
    match &entry.state {
        State::Open => match (&*entry.item.status.to_plain(), entry.novelty) {
            (_, Novelty::New) => ("+", Role::New),
            ("flagged", Novelty::Known) => ("⚑", Role::Warning),
            ("active", Novelty::Known) => ("●", Role::Good),
            ("deleted", Novelty::Known) => ("○", Role::Bad),
            (_, Novelty::Known) => ("·", Role::Muted),
        },
        State::Skipped => ("↷", Role::Muted),
        State::Refused(_) => ("!", Role::Bad),
        State::Elsewhere => ("–", Role::Muted),
        State::Decided(Decided { standing: Standing::Unknown, .. }) => ("?", Role::Bad),
        State::Decided(Decided { standing: Standing::Sent, .. }) => ("…", Role::Busy),
        State::Decided(Decided { decision: Decision::Approve, .. }) => ("✓", Role::Good),
        State::Decided(Decided { decision: Decision::Delete, .. }) => ("✗", Role::Bad),
        State::Decided(Decided { decision: Decision::Queue(_), .. }) => ("⚙", Role::Busy),
    }
}

fn tone(column: &str, value: &str) -> Role {
    let facts = catalogue::table("questions").and_then(|table| table.column(column));
    facts.and_then(|facts| facts.meaning.tone(value)).map_or(Role::Text, Role::from)
}

/// Why the question is flagged, or what became of it: a rule with who and when, and below the reason.
fn draw_why(pane: &ReviewPane, entry: &Entry, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    if area.is_empty() {
        return;
    }
    let rule = "─".repeat(usize::from(area.width));
    buf.set_stringn(area.x, area.y, rule, usize::from(area.width), cx.theme.style(Role::Faint));
    let flag = entry.item.flags.first();
    let (head, head_role) = match (outcome(entry), flag) {
        (Some(head), _) => head,
        (None, Some(flag)) => (who(flag, cx), Role::Warning),
        (None, None) => match entry.item.status.to_plain() {
            status if status == "flagged" => ("no flag in the ledger or the history".to_owned(), Role::Muted),
            status => (format!("{}, not flagged", safe(&status)), Role::Muted),
        },
    };
    let mut pen = Pen::new(Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }, buf, cx.theme);
    pen.word(" ", Role::Faint).word(&head, head_role).word(" ", Role::Faint);

    let mut lines: Vec<(String, Role)> = Vec::new();
    let width = usize::from(area.width.saturating_sub(2));
    if let State::Refused(why) = &entry.state {
        lines.extend(wrapped(&safe(why), width).into_iter().map(|line| (line, Role::Bad)));
    }
    match flag.and_then(|flag| flag.reason.as_deref()).filter(|reason| !reason.trim().is_empty()) {
        Some(reason) => {
            let reason = safe::safe_prose(reason);
            lines.extend(wrapped(&reason, width).into_iter().map(|line| (line, Role::Text)));
        }
        None if flag.is_some() => lines.push(("no reason was given".to_owned(), Role::Muted)),
        None => {}
    }
    if let (Some(_), Some(flag)) = (outcome(entry), flag) {
        lines.push((who(flag, cx), Role::Muted));
    }
    match entry.item.pending {
        0 => {}
        1 => lines.push(("1 queue item is pending for it".to_owned(), Role::Waiting)),
        many => lines.push((format!("{many} queue items are pending for it"), Role::Waiting)),
    }
    if pane.order == ReviewOrder::Flagged
        && let Some(other) = entry.item.flags.get(1)
    {
        lines.push((format!("before: {}", who(other, cx)), Role::Muted));
    }
    let room = usize::from(area.height - 1);
    if lines.len() > room
        && let Some((line, _)) = room.checked_sub(1).and_then(|last| lines.get_mut(last))
    {
        // The rest stands in the question's head.
        *line = safe::fit(&format!("{line} …"), width).into_owned();
        if !line.ends_with('…') {
            line.push('…');
        }
    }
    for (y, (line, role)) in (area.y + 1..area.bottom()).zip(&lines) {
        let row = Rect { x: area.x + 1, y, width: area.width.saturating_sub(1), height: 1 };
        Pen::new(row, buf, cx.theme).word(line, *role);
    }
}

/// Which bot has flagged it, and when.
fn who(flag: &Flag, cx: &ViewCx<'_>) -> String {
    let by = if flag.by.trim().is_empty() { "somebody" } else { flag.by.trim() };
    let source = match flag.source {
        FlagSource::Ledger => "",
        FlagSource::History => " (history)",
    };
    // Ages change at full minutes, as all ages of an idle screen.
    let age = time::parse(&flag.at).map(|at| time::relative(at, cx.now.wall));
    let age = match age.as_deref() {
        Some("now") => "just now".to_owned(),
        Some(age) if age.starts_with("in ") => age.to_owned(),
        Some(age) => format!("{age} ago"),
        None => flag.at.clone(),
    };
    format!("flagged by {}{source} · {}", safe(by), safe(&age))
}

/// What became of it, in words; `None` while it is open.
fn outcome(entry: &Entry) -> Option<(String, Role)> {
    Some(match &entry.state {
        State::Open => return None,
        State::Skipped => ("skipped: left as it is".to_owned(), Role::Muted),
        State::Refused(_) => ("not written".to_owned(), Role::Bad),
        State::Elsewhere => ("no longer in the queue: somebody else has decided".to_owned(), Role::Muted),
        State::Decided(decided) => {
            let what = match decided.decision {
                Decision::Approve => "approved",
                Decision::Delete => "deleted",
                Decision::Queue(action) => match action {
                    crate::domain::review::QueueAction::Improve => "queued: improve",
                    crate::domain::review::QueueAction::Verify => "queued: verify",
                    crate::domain::review::QueueAction::Enrich => "queued: enrich",
                    crate::domain::review::QueueAction::Delete => "queued: delete",
                },
            };
            match decided.standing {
                Standing::Sent => (format!("{what}, being written"), Role::Busy),
                Standing::Written => (format!("{what} · u takes the last one back"), Role::Good),
                Standing::Unknown => (format!("{what}? nobody knows: look"), Role::Bad),
            }
        }
    })
}

/// Top right: how far the review is.
pub(crate) fn progress(pane: &ReviewPane, room: usize) -> String {
    let tally = pane.tally();
    if pane.read.is_none() {
        return String::new();
    }
    let mut parts = vec![format!("{} decided", tally.decided), format!("{} left", grouped(tally.left))];
    if tally.skipped > 0 {
        parts.push(format!("{} skipped", tally.skipped));
    }
    let mut full = parts.join(" · ");
    if tally.sent > 0 {
        full = format!("writing {} · {full}", tally.sent);
    }
    if full.chars().count() <= room {
        return full;
    }
    let writing = if tally.sent > 0 { "… " } else { "" };
    let short = format!("{writing}{} done · {} left", tally.decided, grouped(tally.left));
    if short.chars().count() <= room { short } else { format!("{} left", grouped(tally.left)) }
}

/// Bottom left: the order, and what is worth knowing of it.
fn note(pane: &ReviewPane, cx: &ViewCx<'_>) -> String {
    let mut parts = vec![pane.order.name().to_owned()];
    if let Some((_, since)) = pane.asked {
        let waited = cx.now.elapsed.saturating_sub(since);
        if waited >= PATIENCE {
            parts.push(format!("reading … {:.1} s", waited.as_secs_f64()));
        }
    }
    if let Some(error) = &pane.error {
        parts.push(format!("not read anew: {}", link::shortly(error)));
    } else if let Some(Some(read)) = pane.read {
        parts.push(link::old(link::between(read, cx.now.wall)));
    }
    match pane.list.marked.len() {
        0 => {}
        marked => parts.push(format!("{marked} marked")),
    }
    match pane.list.arrived() {
        0 => {}
        new => parts.push(format!("{new} new")),
    }
    parts.join(" · ")
}

/// Bottom right: matches, or the place in the list.
fn footer(pane: &ReviewPane) -> String {
    let words = pane.found.words(pane.cursor);
    match pane.list.entries.len() {
        0 => String::new(),
        _ if !words.is_empty() => words,
        all if (all as u64) < pane.list.total => {
            format!("{} of the first {}", pane.cursor + 1, grouped(all as u64))
        }
        all => format!("{}/{}", pane.cursor + 1, grouped(all as u64)),
    }
}

/// Why there is nothing: being read, failed, no such table, or well done.
fn draw_nothing(pane: &ReviewPane, inner: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let say = |words: &[(&str, Role)], buf: &mut Buffer| notice::draw(words, inner, buf, cx.theme);
    if let Some(error) = &pane.error {
        let what = format!("The queue cannot be read: {}", error.what);
        return say(&[(&what, Role::Bad), (&error.remedy, Role::Text), ("r tries again.", Role::Muted)], buf);
    }
    if pane.lacks_questions {
        let words = [
            ("There are no questions in this database", Role::Title),
            ("The review wants a table 'questions'; Q goes back to the tables.", Role::Muted),
        ];
        return say(&words, buf);
    }
    if pane.read.is_none() {
        let words = if cx.settings.waits_for_server() { "Waiting for the server" } else { "Reading the queue …" };
        return say(&[(words, Role::Muted)], buf);
    }
    let (what, hint) = match pane.order {
        ReviewOrder::Pending => ("No queue item is pending", "s goes on to what is flagged; Q goes back."),
        ReviewOrder::Flagged | ReviewOrder::Channel | ReviewOrder::Newest => (
            "Nothing is flagged: well done",
            "What the bots flag appears here by itself. s changes what is listed (those with pending queue items, too); \
             Q goes back to the tables.",
        ),
    };
    let role = if pane.order == ReviewOrder::Pending { Role::Title } else { Role::Good };
    let mut words = vec![(what, role), (hint, Role::Muted)];
    let decided = match pane.decided.len() {
        0 => String::new(),
        1 => "1 question was decided in this session.".to_owned(),
        many => format!("{many} questions were decided in this session."),
    };
    if !decided.is_empty() {
        words.insert(1, (&decided, Role::Text));
    }
    say(&words, buf);
}
