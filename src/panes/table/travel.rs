//! Going to rows: the first, the last, a share, a number, a key, and what the prompt for places says.

use super::{
    rows::{self, Land, Rows},
    window::{self, End, Place as Origin},
};
use crate::{
    domain::{
        page::{PageAt, RowKey},
        schema::KeyKind,
    },
    panes::{Cx, Intent, PromptKind, Severity},
    widgets::safe::safe,
};

/// A row number is walked to, page by page, where it is no further than this from a place that is known; otherwise it is
/// reckoned.
const WALK: u64 = 10_000;

pub(super) fn go_first(rows: &mut Rows, cx: &mut Cx<'_>) {
    rows.go(PageAt::First, Land::First, 0, cx);
}

pub(super) fn go_to_key(rows: &mut Rows, key: String, cx: &mut Cx<'_>) {
    rows.go(PageAt::KeyText(key.clone()), Land::Key(key), 0, cx);
}

/// Goes to a share of the rows.
pub(super) fn go_to_percent(rows: &mut Rows, percent: f64, counted: Option<u64>, cx: &mut Cx<'_>) {
    match percent {
        ..=0.0 => go_first(rows, cx),
        100.0.. => go_last(rows, cx),
        _ => rows.go(PageAt::Percent(percent), Land::Share(percent / 100.0, counted), 0, cx),
    }
}

pub(super) fn go_last(rows: &mut Rows, cx: &mut Cx<'_>) {
    rows.go(PageAt::Last, Land::Last, 0, cx);
    rows.follow = rows::Follow::End;
}

/// Goes to the row of this number from 1: exactly where that takes no more than a short walk, else to about there.
pub(super) fn go_to_number(rows: &mut Rows, number: u64, counted: Option<u64>, cx: &mut Cx<'_>) {
    let index = number.saturating_sub(1);
    let here = rows.window.as_ref().and_then(|window| match window.place() {
        Origin::Exact(origin) => Some((origin + rows.cursor).unsigned_abs()),
        _ => None,
    });
    let total = rows.window.as_ref().and_then(window::Window::total).or(counted);
    let walk = |steps: u64| i64::try_from(steps).unwrap_or(i64::MAX);
    if let Some(here) = here
        && here.abs_diff(index) <= WALK
    {
        let steps = walk(here.abs_diff(index));
        rows.move_by(if index < here { -steps } else { steps }, cx);
    } else if rows.relation.key == KeyKind::None && rows.wanted_sort().is_empty() {
        // Rows without a key are counted through: the database knows the number.
        rows.go(PageAt::Key(RowKey::Ordinal(index)), Land::First, 0, cx);
    } else if index <= WALK {
        rows.go(PageAt::First, Land::First, walk(index), cx);
    } else if let Some(total) = total.filter(|total| *total > index) {
        let share = index as f64 / total as f64;
        rows.go(PageAt::Percent(share * 100.0), Land::Share(share, Some(total)), 0, cx);
    } else if total.is_some() {
        go_last(rows, cx);
    } else {
        cx.out.say(Severity::Info, "the rows are not counted yet: try again in a moment, or go to a percentage: 50%");
    }
}

/// Goes where the prompt says: `50%`, `#1234` (a row id), or a key.
pub(super) fn go_to(rows: &mut Rows, text: &str, counted: Option<u64>, cx: &mut Cx<'_>) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    if let Some(percent) = text.strip_suffix('%') {
        match percent.trim().parse::<f64>() {
            Ok(percent) if percent.is_finite() => go_to_percent(rows, percent, counted, cx),
            _ => cx.out.say(Severity::Warning, format!("'{}' is no percentage: type it like 50%", safe(text))),
        }
        return;
    }
    let Some(id) = text.strip_prefix('#') else {
        go_to_key(rows, text.to_owned(), cx);
        return;
    };
    match (id.trim().replace(',', "").parse::<i64>(), &rows.relation.key) {
        (Ok(id), KeyKind::Rowid { column: Some(_), .. }) => go_to_key(rows, id.to_string(), cx),
        (Ok(id), KeyKind::Rowid { column: None, .. }) => rows.go(PageAt::Key(RowKey::Rowid(id)), Land::First, 0, cx),
        (Ok(_), KeyKind::Primary(_) | KeyKind::None) => {
            cx.out.say(
                Severity::Warning,
                format!("the rows of {} have no row id: go to a key or a percentage", safe(&rows.relation.name)),
            );
        }
        (Err(_), _) => cx.out.say(Severity::Warning, format!("'{}' is no row id: type it like #1234", safe(text))),
    }
}

/// The first row: without asking where it is here.
pub(super) fn go_to_start(rows: &mut Rows, cx: &mut Cx<'_>) {
    match rows.window.as_ref().filter(|window| window.complete(End::Front) && !rows.is_jumping()) {
        Some(window) => {
            let first = window.base();
            rows.move_to(first, cx);
        }
        None => go_first(rows, cx),
    }
}

/// The last row: without asking where it is here.
pub(super) fn go_to_end(rows: &mut Rows, cx: &mut Cx<'_>) {
    match rows.window.as_ref().filter(|window| window.complete(End::Back) && !rows.is_jumping()) {
        Some(window) => {
            let last = window.end() - 1;
            rows.move_to(last, cx);
            rows.follow = rows::Follow::End;
        }
        None => go_last(rows, cx),
    }
}

pub(super) fn ask_place(rows: &Rows, text: &str, cx: &mut Cx<'_>) {
    let title = match rows.relation.key {
        KeyKind::Rowid { .. } => "go to: 50%, #row id, or a key",
        KeyKind::Primary(_) => "go to: 50%, or a key",
        KeyKind::None => "go to: 50%",
    };
    cx.out.intents.push(Intent::Prompt { kind: PromptKind::GoTo, title: title.to_owned(), text: text.to_owned() });
}
