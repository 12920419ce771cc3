//! The two lines at the bottom: the keys that matter here, and the state of things.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr;

use super::{
    App, DatabaseKind,
    layout::{Desk, Zoom},
    progress,
};
use crate::{
    db::request::Slot,
    domain::staged::EditState,
    keymap::Context,
    message::action::Action,
    panes::{Access, Now, PaneId},
    theme::Role,
    widgets::{bar, number::grouped, safe::safe},
};

/// From this width on everything is said in full, and in a middle form; below [`NARROW`] one thing at a time.
const WIDE: u16 = 120;
const MIDDLE: u16 = 64;
const NARROW: u16 = 56;
/// Columns of a bar.
const BAR: u16 = 12;
/// Columns that are left for the database's name.
const LABEL: u16 = 6;

/// Writes pieces from the left or from the right into one row, as long as there is room.
struct Row<'a> {
    left: u16,
    right: u16,
    y: u16,
    buf: &'a mut Buffer,
}

impl Row<'_> {
    fn room(&self) -> u16 {
        self.right.saturating_sub(self.left)
    }

    /// From the left; a piece that does not fit is cut.
    fn put(&mut self, text: &str, style: Style) {
        let (end, _) = self.buf.set_stringn(self.left, self.y, text, self.room() as usize, style);
        self.left = end;
    }

    /// From the right; the first that leaves room for the name, or else the last, the shortest.
    fn put_best<const FORMS: usize>(&mut self, forms: [String; FORMS], style: Style) {
        let room = usize::from(self.room().saturating_sub(LABEL));
        let best = forms.iter().find(|text| text.width() < room).or(forms.last());
        self.put_right(best.map_or("", String::as_str), style);
    }

    /// From the right; a piece that does not fit is left out.
    fn put_right(&mut self, text: &str, style: Style) {
        let width = text.width() as u16;
        if width < self.room() {
            self.right -= width;
            self.buf.set_stringn(self.right, self.y, text, width as usize, style);
        }
    }
}

impl App {
    /// The keys that matter here, or what can follow a half-pressed one.
    pub(super) fn draw_hints(&self, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let key = self.theme.style(Role::Key);
        let hint = self.theme.style(Role::Hint);
        let context = self.context();
        let mut row = Row { left: area.x + 1, right: area.right(), y: area.y, buf };
        if !self.pressed.is_empty() {
            row.put(&format!("{} …  ", crate::keymap::written(&self.pressed)), key);
            for (rest, action) in self.keymap.continuations(context, &self.pressed) {
                row.put(&rest, key);
                row.put(&format!(" {}  ", short(action)), hint);
            }
            return;
        }
        if let Some(count) = self.count {
            row.put(&format!("{count} …  "), key);
            for action in [Action::Percent, Action::Last, Action::Down] {
                if let Some(keys) = self.keymap.key(context, action) {
                    row.put(&keys, key);
                    row.put(&format!(" {}  ", counted(action)), hint);
                }
            }
            return;
        }
        let help = [Action::Help, Action::Palette, Action::Quit];
        // In help and in menus, help's key is no way to more help.
        for action in help.iter().rev().filter(|action| **action != Action::Help || context != Context::List) {
            if let Some(keys) = self.keymap.key(context, *action) {
                row.put_right(&format!(" {}  ", short(*action)), hint);
                row.put_right(&keys, key);
            }
        }
        // What is staged is nowhere yet: how to commit it comes first.
        let waiting = self.overlays.is_empty() && !self.settings.staged.is_empty();
        let staged: &[Action] = if waiting { &[Action::Commit, Action::Changes] } else { &[] };
        for action in staged.iter().chain(self.hints()) {
            let Some(keys) = self.hint_key(context, *action) else { continue };
            // What is edited is staged; what is staged is committed elsewhere.
            let word = match *action {
                Action::Commit if context == Context::Edit => "stage",
                // The same key leads back.
                Action::Bots if self.wanted.zoom == Zoom::Focused => "back",
                action => short(action),
            };
            if keys.width() + word.width() + 3 > row.room() as usize {
                break;
            }
            row.put(&keys, key);
            row.put(&format!(" {word}  "), hint);
        }
    }

    /// The key to name: Esc is what people look for to go back, whatever else does it.
    fn hint_key(&self, context: Context, action: Action) -> Option<String> {
        // The windows are seven keys for one thing.
        if action == Action::WindowMinute {
            let [first, last] = [action, Action::WindowAll].map(|action| self.keymap.key(context, action));
            return first.zip(last).map(|(first, last)| format!("{first}–{last}"));
        }
        let keys = self.keymap.keys(context, action);
        keys.iter().find(|key| action == Action::Cancel && *key == "esc").or_else(|| keys.first()).cloned()
    }

    fn hints(&self) -> &'static [Action] {
        use Action as A;
        if self.context() == Context::Edit {
            return &[A::Commit, A::Choices, A::EditExternal, A::Cancel, A::Undo, A::Search, A::SelectAll, A::Format];
        }
        if !self.overlays.is_empty() {
            return &[A::Cancel];
        }
        let desk = self.wanted.desk == Desk::Review;
        match (self.wanted.focus, self.settings.access) {
            (PaneId::Tables, _) => &[A::Open, A::Internal, A::NextPane, A::Search, A::Zoom],
            (PaneId::Table, Access::Writing) => &[
                A::Open,
                A::Edit,
                A::NewRow,
                A::DuplicateRow,
                A::DeleteRow,
                A::ViewCell,
                A::Sort,
                A::GoTo,
                A::NextPane,
            ],
            (PaneId::Table, Access::ReadOnly) => {
                &[A::Open, A::ViewCell, A::Sort, A::GoTo, A::NextTab, A::Copy, A::Preview, A::NextPane, A::Zoom]
            }
            (PaneId::Question, Access::Writing) if desk => {
                &[A::Approve, A::Delete, A::Skip, A::Improve, A::Decide, A::Edit, A::NextTab, A::Cancel]
            }
            (PaneId::Question, Access::Writing) => {
                &[A::Edit, A::NextTab, A::Search, A::Raw, A::Copy, A::Cancel, A::Zoom]
            }
            (PaneId::Question, Access::ReadOnly) => &[A::NextTab, A::Search, A::Raw, A::Copy, A::Cancel, A::Zoom],
            (PaneId::Review, Access::Writing) => {
                &[A::Approve, A::Delete, A::Skip, A::Improve, A::Decide, A::Edit, A::Mark, A::ReviewOrder]
            }
            (PaneId::Review, Access::ReadOnly) => {
                &[A::Open, A::Skip, A::ReviewOrder, A::Search, A::NextPane, A::Cancel]
            }
            (PaneId::Bots, _) => self.bots.hints(),
        }
    }

    /// Badge, database, position; work in progress, health, bots.
    pub(super) fn draw_status(&self, area: Rect, buf: &mut Buffer, now: Now) {
        let status = self.theme.style(Role::Status);
        buf.set_style(area, status);
        let mut row = Row { left: area.x, right: area.right(), y: area.y, buf };
        let style = |role| status.patch(self.theme.style(role));
        // First of all, and so never cut: whether what is pressed can change anything.
        match self.settings.access {
            Access::Writing => row.put(" WRITE ", style(Role::Writing)),
            Access::ReadOnly if self.kind != DatabaseKind::Demo => row.put(" READ-ONLY ", style(Role::ReadOnly)),
            Access::ReadOnly => {}
        }
        if self.kind == DatabaseKind::Demo {
            row.put(" DEMO ", style(Role::Demo));
            if self.settings.access == Access::ReadOnly {
                row.put(" READ-ONLY ", style(Role::ReadOnly));
            }
        }
        for (words, role) in self.staged_words() {
            row.put(&words, style(role));
        }
        row.put(" ", status);

        // From the right: what is going on now comes first, it is what must not be cut.
        let link = self.link_words(now);
        let cut_off = self.settings.waits_for_server();
        // What is being written is what must not be missed.
        let writing = self.progress.long(Slot::Write, now.elapsed).map(|time| (Slot::Write, time));
        let work = writing.or_else(|| self.progress.longest(now.elapsed));
        if let Some(words) = &link
            && (cut_off || work.is_none() || words.role != Role::Good || area.width >= NARROW)
        {
            let [long, middle, short] = words.forms.each_ref().map(|form| format!(" {form} "));
            let forms = match area.width {
                WIDE.. => [long, middle, short],
                MIDDLE.. => [middle.clone(), middle, short],
                _ => [short.clone(), short.clone(), short],
            };
            row.put_best(forms, style(words.role));
            if let Some(share) = words.share.filter(|_| area.width >= WIDE && row.room() > BAR + LABEL) {
                row.right -= BAR;
                let place = Rect { x: row.right, y: area.y, width: BAR, height: 1 };
                bar::draw(share, place, row.buf, &self.theme);
            }
        }
        let is_apart = self.wanted.desk == Desk::Review && self.layout.is_some_and(|layout| layout.review.is_empty());
        let failed = self.health.as_ref().err().or(self.schema_error.as_ref()).filter(|_| !cut_off);
        if let Some(error) = failed {
            row.put_right(&format!(" ✗ {} ", safe(&error.what)), style(Role::Bad));
        } else if let Some((slot, time)) = work {
            let stop = matches!(slot, Slot::Page | Slot::Question | Slot::Cell | Slot::Sync | Slot::Write);
            let stop = if stop { " · esc stops" } else { "" };
            let word = match slot {
                Slot::Write => self.writing_words(time),
                slot => progress::word(slot).to_owned(),
            };
            let time = seconds(time);
            let forms = [format!(" {word} {time}{stop} "), format!(" {word} {time} "), format!(" {time} ")];
            row.put_best(forms, style(Role::Busy));
        } else if link.is_none() && !(is_apart && area.width < NARROW) {
            row.put_right(" ● live ", style(Role::Good));
        }
        // Where the queue itself is not on the screen, how far one is stands here.
        if is_apart {
            row.put_right(&format!(" {} ", self.review.progress(24)), style(Role::Accent));
        }
        if self.wanted.zoom == Zoom::Focused {
            row.put_right(" full screen ", style(Role::Accent));
        }
        if let Some((forms, role)) = self.alert_words() {
            let forms = if area.width < NARROW { [forms[1].clone(), forms[1].clone()] } else { forms };
            row.put_best(forms, style(role));
        }
        let label = safe(&self.label);
        if let Some((running, pending)) = self.bots.summary(now, &self.settings.limits) {
            let words = format!(" {} running · {} pending ", grouped(running), grouped(pending));
            // The bots have a pane of their own; what is read is said nowhere else.
            if words.width() + label.width() + 2 <= usize::from(row.room()) {
                row.put_right(&words, style(Role::Muted));
            }
        }
        let room = row.room().saturating_sub(2);
        let label = fit(&label, room as usize);
        row.put(&label, style(Role::Strong));
    }
}

/// A write that takes longer than this waits for somebody.
const WAITS: Duration = Duration::from_secs(1);
/// More changes than this may take that long by themselves.
const MANY: usize = 200;

impl App {
    /// What is staged, and what waits to be written.
    fn staged_words(&self) -> Vec<(String, Role)> {
        let staged = &self.settings.staged;
        let unknown = staged.edits().iter().filter(|edit| edit.state == EditState::Unknown).count();
        let mut words = Vec::new();
        if staged.len() > unknown {
            words.push((format!(" {} staged ", grouped((staged.len() - unknown) as u64)), Role::Warning));
        }
        if unknown > 0 {
            words.push((format!(" {unknown} unknown: look "), Role::Bad));
        }
        words
    }

    /// What a write that is under way for so long is doing.
    fn writing_words(&self, time: Duration) -> String {
        let behind = match self.writer.waiting() {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        match self.kind {
            _ if time < WAITS => format!("writing{behind}"),
            // So much takes its time although nobody is in the way.
            DatabaseKind::File | DatabaseKind::Demo if self.writer.changes_under_way() > MANY => {
                format!("writing{behind}")
            }
            DatabaseKind::File | DatabaseKind::Demo => format!("writing{behind} · waiting for another program"),
            DatabaseKind::Server | DatabaseKind::Copy => format!("writing{behind} · waiting for the server"),
        }
    }
}

/// A text in at most this many columns: the end is what tells paths apart.
fn fit(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars().rev() {
        if kept.width() + unicode_width::UnicodeWidthChar::width(letter).unwrap_or_default() + 1 > room {
            break;
        }
        kept.insert(0, letter);
    }
    if room == 0 { String::new() } else { format!("…{kept}") }
}

fn seconds(time: Duration) -> String {
    if time.as_secs() < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

/// A word for a hint.
const fn short(action: Action) -> &'static str {
    match action {
        Action::Open => "open",
        Action::ViewCell => "whole cell",
        Action::Choices => "NULL, default …",
        Action::NewRow => "new row",
        Action::DuplicateRow => "duplicate",
        Action::DeleteRow => "delete",
        Action::ReviewOrder => "order",
        Action::Changes => "changes",
        Action::EditExternal => "$EDITOR",
        Action::SelectAll => "select all",
        Action::Sort => "sort",
        Action::GoTo => "go to",
        Action::NextTab => "tab",
        Action::Copy => "copy",
        Action::Preview => "preview",
        Action::NextPane => "next pane",
        Action::Zoom => "full screen",
        Action::Internal => "internal tables",
        Action::Search => "search",
        Action::Raw => "raw",
        Action::Cancel => "back",
        Action::Pause => "pause",
        Action::WindowMinute => "window",
        Action::SameAs => "same as this",
        Action::FollowReference => "go to it",
        Action::Bots => "whole screen",
        Action::Last => "end",
        Action::First => "first",
        Action::Help => "help",
        Action::Palette => "palette",
        Action::Quit => "quit",
        Action::FocusTables => "tables",
        Action::FocusTable => "rows",
        Action::FocusQuestion => "question",
        Action::FocusBots => "bots",
        Action::Forward => "forward",
        Action::ToggleTables => "show tables",
        Action::ToggleBots => "show bots",
        Action::Theme => "theme",
        Action::Mouse => "mouse",
        Action::Messages => "messages",
        Action::Connection => "connection",
        other => other.name(),
    }
}

const fn counted(action: Action) -> &'static str {
    match action {
        Action::Percent => "per cent",
        Action::Last => "row number",
        _ => "rows down",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_path_is_kept() {
        assert_eq!(fit("/home/me/code-reels.db", 15), "…/code-reels.db");
        assert_eq!(fit("a.db", 15), "a.db");
        assert_eq!(fit("a.db", 0), "");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(61)), "1 min 01 s");
    }
}
