//! What the database's pages do to the rows.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    refresh,
    rows::{Ahead, Failure, Jump, Land, Pending, Rows, Task, Trouble},
    window::{End, Window},
};
use crate::{
    db::error::{Error, ErrorKind},
    domain::{
        page::{Page, PageAt, Row, RowKey},
        schema::{KeyKind, Relation},
    },
    panes::{Cx, Severity, link},
    widgets::safe::safe,
};

impl Rows {
    /// What slot Page was asked for is here, or failed.
    pub(super) fn page_came(&mut self, outcome: Result<&Page, &Error>, cx: &mut Cx<'_>) {
        let Some(Pending { task, since }) = self.page.take() else { return };
        let failure = if outcome.is_ok() { self.failure.take() } else { None };
        // What comes by itself is not what the user wanted to see when the server went away.
        let owed_jump = match task {
            Task::Again(_) | Task::FollowEnd => {
                failure.filter(|failure| link::is_of_the_way(&failure.error)).and_then(|failure| failure.wanted)
            }
            Task::Jump(_) | Task::More(..) | Task::Confirm { .. } => None,
        };
        match (task, outcome) {
            (Task::Jump(jump), Ok(page)) => self.land(jump, page, cx),
            (Task::More(end, from), Ok(page)) => {
                if self.window.as_ref().and_then(|window| window.anchor(end)) == Some(&from) {
                    self.extend(end, page, cx);
                }
            }
            (Task::Again(first), Ok(page)) => {
                self.refresh.took(since, cx.now.elapsed);
                self.read = None;
                refresh::again(self, first, page, cx);
            }
            (Task::FollowEnd, Ok(page)) => {
                self.refresh.took(since, cx.now.elapsed);
                self.read = None;
                refresh::follow(self, page, cx);
            }
            (Task::Confirm { kept, first }, Ok(page)) => self.confirm(&kept, first, page, cx),
            (Task::Confirm { .. }, Err(error)) => self.failed(error, None, cx),
            (Task::Jump(jump), Err(error)) => self.jump_failed(jump, error, cx),
            (Task::More(end, _), Err(error)) => self.more_failed(end, error, cx),
            (Task::Again(_) | Task::FollowEnd, Err(error)) => {
                self.refresh.took(since, cx.now.elapsed);
                let wanted = self.failure.take().and_then(|before| before.wanted);
                self.failed(error, wanted, cx);
            }
        }
        if let Some(jump) = owed_jump
            && self.page.is_none()
        {
            self.jump(jump, cx);
        }
        self.found.renew(&self.relation, self.window.as_ref(), self.secrets);
        self.fit(cx);
        self.feed(cx);
    }

    /// What was read ahead is here, or failed.
    pub(super) fn ahead_came(&mut self, outcome: Result<&Page, &Error>, cx: &mut Cx<'_>) {
        let Some(Pending { task: Ahead { end, from, kept }, .. }) = self.ahead.take() else { return };
        if let (Some(kept), Ok(page)) = (&kept, outcome) {
            self.confirm(kept, None, page, cx);
        }
        // The window may have dropped the end this page belongs to.
        let fits = self.window.as_ref().and_then(|window| window.anchor(end)) == Some(&from);
        match outcome {
            _ if kept.is_some() => {}
            Ok(page) if fits => self.extend(end, page, cx),
            Ok(_) => {}
            // Nobody waits for it yet: words only where somebody does.
            Err(error) if self.owed != 0 => self.more_failed(end, error, cx),
            Err(_) => self.refresh.block(end),
        }
        self.found.renew(&self.relation, self.window.as_ref(), self.secrets);
        self.fit(cx);
        self.feed(cx);
    }

    /// A page from memory: shown at once, until the true one is here.
    pub(super) fn page_kept(&mut self, page: &Arc<Page>, read: Timestamp, cx: &mut Cx<'_>) {
        let Some(Pending { task, since }) = self.page.take() else { return };
        let confirm = |first| Task::Confirm { kept: Arc::clone(page), first };
        match task {
            Task::Jump(jump) if lands(&self.relation, &jump, page) => {
                self.page = Some(Pending { task: confirm(Some(0)), since });
                self.read = Some(read);
                self.land(jump, page, cx);
            }
            Task::More(end, from) if self.window.as_ref().and_then(|window| window.anchor(end)) == Some(&from) => {
                self.page = Some(Pending { task: confirm(None), since });
                self.read = Some(self.read.map_or(read, |before| before.min(read)));
                self.extend(end, page, cx);
            }
            // What is on the screen is no older.
            task => self.page = Some(Pending { task, since }),
        }
        self.found.renew(&self.relation, self.window.as_ref(), self.secrets);
        self.fit(cx);
        self.feed(cx);
    }

    /// The same for what is read ahead.
    pub(super) fn ahead_kept(&mut self, page: &Arc<Page>, read: Timestamp, cx: &mut Cx<'_>) {
        let Some(Pending { task: Ahead { end, from, kept: None }, .. }) = &mut self.ahead else { return };
        let end = *end;
        if self.window.as_ref().and_then(|window| window.anchor(end)) != Some(&*from) {
            return;
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.task.kept = Some(Arc::clone(page));
        }
        self.read = Some(self.read.map_or(read, |before| before.min(read)));
        self.extend(end, page, cx);
        self.found.renew(&self.relation, self.window.as_ref(), self.secrets);
        self.fit(cx);
        self.feed(cx);
    }

    /// The true page behind one from memory: where it is the same, that was true; where it is not, it takes its place without the
    /// cursor or the screen moving.
    fn confirm(&mut self, kept: &Page, first: Option<i64>, page: &Page, cx: &mut Cx<'_>) {
        let other_is_kept = matches!(&self.page, Some(Pending { task: Task::Confirm { .. }, .. }))
            || self.ahead.as_ref().is_some_and(|ahead| ahead.task.kept.is_some());
        if !other_is_kept {
            self.read = None;
        }
        if kept.rows == page.rows && (kept.at_start, kept.at_end) == (page.at_start, page.at_end) {
            return;
        }
        let rows = i64::try_from(kept.rows.len()).unwrap_or(i64::MAX);
        let screen = i64::from(self.height);
        match first {
            Some(first)
                if self.page.is_none() && self.top >= first && self.top + screen <= first + rows.max(screen) =>
            {
                self.forget_ahead(cx);
                refresh::again(self, first, page, cx);
            }
            _ => self.read_again(cx),
        }
    }

    fn extend(&mut self, end: End, page: &Page, cx: &mut Cx<'_>) {
        let keep = self.needed();
        let Some(window) = &mut self.window else { return };
        window.extend(end, page, keep);
        self.refresh.unblock();
        let owed = std::mem::take(&mut self.owed);
        if end == End::Front && self.sought.take() == Some(self.cursor) && self.top == self.cursor {
            self.top -= i64::from(self.height / 4);
        }
        if owed == 0 {
            self.reveal();
        } else {
            self.move_by(owed, cx);
        }
    }

    fn more_failed(&mut self, end: End, error: &Error, cx: &mut Cx<'_>) {
        self.owed = 0;
        self.refresh.block(end);
        self.failed(error, None, cx);
    }

    /// What is shown stays, and says that it is old.
    fn failed(&mut self, error: &Error, wanted: Option<Jump>, cx: &mut Cx<'_>) {
        complain(error, cx);
        if error.kind != ErrorKind::Cancelled {
            self.failure = Some(Failure { error: error.clone(), wanted });
        }
    }

    fn land(&mut self, jump: Jump, page: &Page, cx: &mut Cx<'_>) {
        let nothing_there = page.rows.is_empty() && !matches!(jump.at, PageAt::First | PageAt::Last);
        if nothing_there {
            // Behind the last row: the last row is the nearest.
            if let Land::Key(text) = &jump.land {
                cx.out.say(Severity::Warning, format!("no row has the key '{}': this is the last one", safe(text)));
            }
            self.jump(Jump { at: PageAt::Last, land: Land::Last, ..jump }, cx);
            return;
        }
        let window = Window::begin(page, 0);
        let key_at = match &jump.at {
            PageAt::Key(key) => window.find(key),
            _ => None,
        };
        let last = (window.end() - 1).max(0);
        self.cursor = match &jump.land {
            Land::First | Land::Key(_) => key_at.unwrap_or(0),
            Land::Share(share, counted) => window.at_share(*share, *counted).unwrap_or(0),
            Land::Last => last,
        };
        if let (Land::Key(text), Some(row)) = (&jump.land, window.row(self.cursor))
            && !has_key(&self.relation, row, text)
        {
            cx.out.say(Severity::Warning, format!("no row has the key '{}': this is the next one", safe(text)));
        }
        self.top = self.cursor;
        let by_key = matches!(jump.at, PageAt::Key(_) | PageAt::KeyText(_));
        self.sought = by_key.then_some(self.cursor);
        self.sort = jump.sort;
        if self.page.is_none() {
            self.read = None;
        }
        self.window = Some(window);
        self.landed = true;
        self.marks.clear();
        self.trouble = None;
        self.refresh.unblock();
        self.heading = if jump.land == Land::Last { End::Front } else { End::Back };
        self.reveal();
        self.fit(cx);
        if jump.then == 0 {
            self.moved(cx);
        } else {
            self.move_by(jump.then, cx);
        }
    }

    fn jump_failed(&mut self, jump: Jump, error: &Error, cx: &mut Cx<'_>) {
        if error.kind == ErrorKind::Cancelled {
            if self.window.is_none() {
                self.trouble = Some(Trouble::Cancelled);
            }
            return;
        }
        if error.kind == ErrorKind::NoSuchRow && self.window.is_none() {
            complain(error, cx);
            self.jump(Jump { at: PageAt::First, land: Land::First, sort: jump.sort, then: 0 }, cx);
            return;
        }
        if self.window.is_none() {
            self.trouble = Some(Trouble::Failed(error.clone()));
            self.failure = Some(Failure { error: error.clone(), wanted: Some(jump) });
        } else {
            self.failed(error, Some(jump), cx);
        }
    }
}

/// Whether the jump ends on this page from memory as it would on the true one: nothing is said of a row that is not in it.
fn lands(relation: &Relation, jump: &Jump, page: &Page) -> bool {
    match (&jump.at, &jump.land) {
        (PageAt::First | PageAt::Last, _) => true,
        (_, Land::Key(text)) => page.rows.first().is_some_and(|row| has_key(relation, row, text)),
        (PageAt::Key(key), _) => page.rows.iter().any(|row| row.key == *key),
        _ => !page.rows.is_empty(),
    }
}

fn complain(error: &Error, cx: &mut Cx<'_>) {
    let severity = match error.kind {
        ErrorKind::Cancelled => return,
        ErrorKind::NoSuchRow => Severity::Warning,
        _ => Severity::Error,
    };
    let words = if error.remedy.is_empty() { error.what.clone() } else { format!("{}: {}", error.what, error.remedy) };
    cx.out.say(severity, safe(&words));
}

/// The text that names this row: its single-column primary key, or its rowid.
pub(super) fn key_text(relation: &Relation, row: &Row) -> Option<String> {
    let mut primary = relation.columns.iter().enumerate().filter(|(_, column)| column.primary_key.is_some());
    if let (Some((at, _)), None) = (primary.next(), primary.next())
        && let Some(value) = row.cells.get(at)
        && !value.is_null()
        && !value.is_cut()
    {
        return Some(value.to_plain().into_owned());
    }
    match (&row.key, &relation.key) {
        (RowKey::Rowid(id), KeyKind::Rowid { .. }) => Some(id.to_string()),
        _ => None,
    }
}

fn has_key(relation: &Relation, row: &Row, text: &str) -> bool {
    match &row.key {
        RowKey::Rowid(id) if text.parse() == Ok(*id) => true,
        _ => key_text(relation, row).is_none_or(|key| key == text),
    }
}
