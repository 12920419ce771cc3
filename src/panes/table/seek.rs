//! Searching the rows that are loaded: the prompt, the next and the previous match.

use super::{
    Tab, TablePane,
    rows::Rows,
    window::{self, End},
};
use crate::{
    panes::{Cx, Handled, Intent, PromptKind, PromptState, Severity},
    widgets::number::grouped,
};

impl TablePane {
    pub(super) fn ask_search(&mut self, cx: &mut Cx<'_>) -> Handled {
        let Some(rows) = &self.rows else { return Handled::No };
        self.search_from = Some((rows.cursor, rows.column));
        let title = match self.tab {
            Tab::Rows => "search the rows that are loaded",
            Tab::Schema => "search the schema",
        };
        cx.out.intents.push(Intent::Prompt { kind: PromptKind::Search, title: title.to_owned(), text: String::new() });
        Handled::Yes
    }

    pub(super) fn search(&mut self, text: &str, state: PromptState, cx: &mut Cx<'_>) {
        let from = self.search_from;
        let Some(rows) = &mut self.rows else { return };
        let text = if state == PromptState::Given { "" } else { text };
        rows.found.search(text, &rows.relation, rows.window.as_ref(), rows.secrets);
        if let Some((row, column)) = from {
            // Each letter searches from where the search began; given up, the cursor is there again.
            let at = (rows.cursor, rows.column);
            let to = match column.checked_sub(1) {
                Some(before) => rows.found.after(row, before),
                None => rows.found.after(row - 1, usize::MAX),
            };
            let (row, column) = to.map_or((row, column), |(_, found)| found);
            if (row, column) != at {
                if rows.columns.is_shown(column) {
                    rows.column = column;
                }
                rows.move_to(row, cx);
            }
        }
        if state != PromptState::Typing {
            self.search_from = None;
            if state == PromptState::Done && !text.is_empty() && rows.found.count() == 0 {
                say_nothing_found(rows, cx);
            }
        }
        rows.fit(cx);
    }
}

pub(super) fn step_match(rows: &mut Rows, towards: End, cx: &mut Cx<'_>) {
    if rows.found.pattern().is_empty() {
        cx.out.say(Severity::Info, "nothing is searched for: / searches the rows that are loaded");
        return;
    }
    let next = match towards {
        End::Back => rows.found.after(rows.cursor, rows.column),
        End::Front => rows.found.before(rows.cursor, rows.column),
    };
    match next {
        Some((_, (row, column))) => {
            if rows.columns.is_shown(column) {
                rows.column = column;
            }
            rows.move_to(row, cx);
        }
        None => say_nothing_found(rows, cx),
    }
}

pub(super) fn say_nothing_found(rows: &Rows, cx: &mut Cx<'_>) {
    let loaded = rows.window.as_ref().map_or(0, window::Window::len);
    let words = format!("not in the {} rows that are loaded", grouped(loaded as u64));
    cx.out.say(Severity::Info, words);
}
