//! The ledger rows that a bot wrote during one of its runs: pages by id, the oldest first, read as they are scrolled to.
//!
//! Read from the place of the run's start on; what concurrent transactions put before it by id is read where one scrolls up.

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use super::told::Told;
use crate::{
    db::error::Error,
    domain::{
        activity::{LedgerFilter, LedgerFrom, LedgerPage, LedgerQuery, LedgerRow},
        time::{self, TimeFormat},
    },
    panes::{ViewCx, notice::wrapped, overlay::keep_visible, story::when},
    theme::Role,
    widgets::{
        pen::Pen,
        safe,
        scrollbar::{self, Scroll},
    },
};

/// Rows of a page.
const PAGE: usize = 100;
/// The next page is read when the cursor is so near to the end.
const NEAR: usize = 20;

/// The rows of a run.
#[derive(Debug)]
pub(super) struct RunRows {
    filter: LedgerFilter,
    rows: Vec<LedgerRow>,
    pub(super) cursor: usize,
    top: usize,
    height: usize,
    front: End,
    back: End,
    /// What is being read.
    asking: LedgerFrom,
    /// Why the next page is not here.
    pub(super) failed: Option<Error>,
}

/// What comes before or behind the rows that are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing was read yet.
    Unread,
    /// More, from this id on.
    More(i64),
    /// Nothing.
    Reached,
}

/// Why there are no rows to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRows {
    /// The database has no ledger.
    Ledger,
    /// Nothing says which bot it was.
    Bot,
    /// Nothing says when it was started.
    Start,
}

impl NoRows {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Ledger => "This database has no ledger: what the bot wrote cannot be told.",
            Self::Bot => "The run has no bot's name: what it wrote cannot be told from others' rows.",
            Self::Start => {
                "The run has no start that can be read: which rows of the ledger were written during it cannot be told."
            }
        }
    }
}

impl RunRows {
    /// The rows of this run; the first page is to be asked for.
    pub(super) fn of(told: &Told) -> Result<Self, NoRows> {
        let bot = told.who.clone().ok_or(NoRows::Bot)?;
        let start = told.at.as_deref().and_then(time::parse).ok_or(NoRows::Start)?;
        let filter =
            LedgerFilter { bots: vec![bot], since: Some(start), until: end_of(told), ..LedgerFilter::default() };
        Ok(Self {
            filter,
            rows: Vec::new(),
            cursor: 0,
            top: 0,
            height: 0,
            front: End::Unread,
            back: End::Unread,
            asking: LedgerFrom::Around(start),
            failed: None,
        })
    }

    /// What to ask for next, where the cursor is near to an end of what is here.
    pub(super) fn wanted(&self) -> Option<LedgerQuery> {
        let short = self.rows.len() < self.height.max(1);
        let from = match (self.front, self.back) {
            (End::Unread, _) | (_, End::Unread) => LedgerFrom::Around(self.filter.since?),
            (_, End::More(id)) if short || self.cursor + NEAR >= self.rows.len() => LedgerFrom::After(id),
            (End::More(id), _) if short || self.cursor < NEAR => LedgerFrom::Before(id),
            _ => return None,
        };
        Some(LedgerQuery { filter: self.filter.clone(), from, limit: PAGE })
    }

    /// This is being read.
    pub(super) const fn asked(&mut self, from: LedgerFrom) {
        self.asking = from;
    }

    /// The page that was asked for has come.
    pub(super) fn take(&mut self, page: &LedgerPage) {
        self.failed = None;
        let (first, last) = (page.rows.first().map(|row| row.id), page.rows.last().map(|row| row.id));
        let more = |there: bool, id: Option<i64>| if there { id.map_or(End::Reached, End::More) } else { End::Reached };
        match self.asking {
            LedgerFrom::After(from) => {
                // Who comes no further has come to the end.
                let next = page.reached.or(last).filter(|next| *next > from);
                self.back = more(page.newer, next);
                self.rows.extend(page.rows.iter().filter(|row| row.id > from).cloned());
            }
            LedgerFrom::Before(from) => {
                let next = page.reached.or(first).filter(|next| *next < from);
                self.front = more(page.older, next);
                let before: Vec<LedgerRow> = page.rows.iter().filter(|row| row.id < from).cloned().collect();
                // What one looks at stays where it is.
                if !self.rows.is_empty() {
                    self.cursor += before.len();
                    self.top += before.len();
                }
                self.rows.splice(0..0, before);
            }
            LedgerFrom::Around(_) | LedgerFrom::Newest | LedgerFrom::Row(_) => {
                self.rows = page.rows.clone();
                self.back = more(page.newer, last.or(page.anchor.map(|id| id.saturating_sub(1))));
                self.front = more(page.older, first.or(page.anchor));
            }
        }
        self.keep();
    }

    /// Forgets what was read: from the beginning.
    pub(super) fn restart(&mut self) {
        (self.rows, self.front, self.back, self.failed) = (Vec::new(), End::Unread, End::Unread, None);
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn at_top(&self) -> bool {
        self.cursor == 0
    }

    pub(super) fn selected(&self) -> Option<&LedgerRow> {
        self.rows.get(self.cursor)
    }

    pub(super) fn resize(&mut self, height: u16) {
        self.height = usize::from(height);
        self.keep();
    }

    pub(super) fn go(&mut self, to: usize) {
        self.cursor = to;
        self.keep();
    }

    fn keep(&mut self) {
        keep_visible(&mut self.cursor, &mut self.top, self.rows.len(), self.height);
    }

    /// Selects the row drawn at this line; whether there is one, and whether it was selected before.
    pub(super) fn click(&mut self, line: u16) -> Option<bool> {
        let at = self.top + usize::from(line);
        (at < self.rows.len()).then(|| std::mem::replace(&mut self.cursor, at) == at)
    }

    /// The heading: how many rows there are.
    pub(super) fn heading(&self) -> String {
        let all = (self.front, self.back) == (End::Reached, End::Reached);
        let more = if all { "" } else { "+" };
        let until = if self.filter.until.is_none() { ", until now" } else { "" };
        match (self.rows.len(), all) {
            (0, false) => "ledger rows during it".to_owned(),
            (0, true) => "no ledger rows during it".to_owned(),
            (1, true) => format!("1 ledger row during it{until}"),
            (count, _) => format!("{count}{more} ledger rows during it{until}"),
        }
    }

    /// Draws the rows; the cursor only where the keys are theirs.
    pub(super) fn draw(&self, area: Rect, border: Rect, cursor: Cursor, buf: &mut Buffer, cx: &ViewCx<'_>) {
        if self.rows.is_empty() {
            let (words, role) = match (&self.failed, self.back) {
                (Some(error), _) => {
                    (format!("They cannot be read: {error}. {} · r tries again", error.remedy), Role::Bad)
                }
                (None, End::Reached) => {
                    ("The bot wrote nothing into the ledger between these times.".to_owned(), Role::Muted)
                }
                (None, _) => ("reading the ledger …".to_owned(), Role::Muted),
            };
            let rows = wrapped(&safe::safe_prose(&words), usize::from(area.width).max(8));
            for (line, y) in rows.iter().zip(area.y..area.bottom()) {
                buf.set_stringn(area.x, y, line, usize::from(area.width), cx.theme.style(role));
            }
            return;
        }
        for ((at, row), y) in self.rows.iter().enumerate().skip(self.top).zip(area.y..area.bottom()) {
            let strip = Rect { y, height: 1, ..area };
            draw_row(row, strip, buf, cx);
            if at == self.cursor {
                let role = if cursor == Cursor::Here { Role::Selected } else { Role::SelectedQuiet };
                Pen::over(buf, strip, cx.theme, role);
            }
        }
        let scroll = Scroll { first: self.top as u64, shown: u64::from(area.height), total: self.rows.len() as u64 };
        scrollbar::draw(scroll, border, buf, cx.theme);
    }
}

/// Whose the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// These rows'.
    Here,
    /// Another part's.
    Elsewhere,
}

/// When a run was over, as far as that can be told.
fn end_of(told: &Told) -> Option<Timestamp> {
    told.end.as_deref().and_then(time::parse)
}

fn draw_row(row: &LedgerRow, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let stored = row.created_at.as_deref().unwrap_or_default();
    let at = match (cx.settings.times, time::parse(stored)) {
        // The day is that of the run.
        (TimeFormat::Relative | TimeFormat::Iso, Some(at)) => time::iso(at).get(11..19).unwrap_or_default().to_owned(),
        _ => safe::safe(stored).into_owned(),
    };
    let reason = row.reason.as_deref().unwrap_or_default();
    let head = reason.char_indices().nth(400).map_or(reason, |(end, _)| &reason[..end]);
    let mut pen = Pen::new(area, buf, cx.theme);
    pen.word(&at, Role::Muted).word("  ", Role::Text);
    pen.left(&row.action, when::role_of_action(&row.action), 8);
    let kind = if row.item_type == "question" { String::new() } else { format!("{} ", row.item_type) };
    pen.word(&kind, Role::Muted).word(&row.item_id, Role::Text);
    if !head.trim().is_empty() {
        pen.word(" · ", Role::Faint).word(head, Role::Muted);
    }
}
