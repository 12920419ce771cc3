//! The rows of one relation: the window, the cursor in it, and what is asked of the database so that both can go on.
//!
//! The cursor never waits. At the window's edge it stops, what it still wants to move is owed ([`Rows::owed`]) and paid when
//! the page comes. A jump (first, last, sort, a key …) keeps the old rows on the screen until the new ones are here.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    refresh::{Marks, Refresh},
    search::Found,
    window::{End, Window},
};
use crate::{
    db::{
        error::Error,
        request::{Query, Slot},
    },
    domain::{
        page::{Anchor, Page, PageAt, PageQuery, Row, SortKey},
        schema::Relation,
        time::TimeFormat,
        value::{Secrets, Value},
    },
    message::{command::Command, event::Timer},
    panes::{Cx, link},
    widgets::grid::Columns,
};

/// Work that takes longer than this says so.
pub(super) const PATIENCE: Duration = Duration::from_millis(150);
/// How often the time it takes is shown anew.
pub(super) const TICK: Duration = Duration::from_millis(250);
/// The question under the cursor is shown this long after the last move.
const SETTLED: Duration = Duration::from_millis(60);
/// Rows beyond those that are here that the cursor is drawn at.
const MOST_OWED: i64 = 1 << 40;
const MOST_SETTLED: Duration = Duration::from_millis(350);
/// How many times further is read ahead on the slowest line.
const MOST_REACH: i64 = 4;
/// Cells a page carries at most, unless the screen alone shows more.
const MOST_CELLS: usize = 1 << 16;

/// Where the cursor goes when a page is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Land {
    /// On the first row of the page.
    First,
    /// On the last row of the page.
    Last,
    /// On the row at this share of so many rows, 0.0 to 1.0, where the page tells which it is; else on the first.
    Share(f64, Option<u64>),
    /// On the row with this text as its key; saying so where it is another.
    Key(String),
}

/// A jump: the window is replaced.
#[derive(Clone, Debug)]
pub(super) struct Jump {
    pub(super) at: PageAt,
    pub(super) land: Land,
    /// The order from then on.
    pub(super) sort: Vec<SortKey>,
    /// Rows the cursor moves on from there.
    pub(super) then: i64,
}

/// What slot Page is asked for.
#[derive(Clone, Debug)]
pub(super) enum Task {
    Jump(Jump),
    /// The page beyond this end, from this place.
    More(End, Anchor),
    /// The rows in view once more; the first one has this name.
    Again(i64),
    /// The last rows once more.
    FollowEnd,
    /// The true answer behind one from memory that is shown already.
    Confirm {
        /// What came from memory.
        kept: Arc<Page>,
        /// What its first row is called, where the window began with it.
        first: Option<i64>,
    },
}

/// What slot Ahead is asked for: the page beyond this end, from this place.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    pub(super) end: End,
    pub(super) from: Anchor,
    /// What came from memory, and is shown already.
    pub(super) kept: Option<Arc<Page>>,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub(super) struct Pending<T> {
    pub(super) task: T,
    pub(super) since: Duration,
}

/// Why there are no rows where there should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// The user stopped the reading.
    Cancelled,
    /// It failed.
    Failed(Error),
}

/// What could not be read while something is shown all the same.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// The jump that did not come about; without one it was the rows in view, or those behind them.
    pub(super) wanted: Option<Jump>,
}

/// Whether the cursor stays on the last row when rows are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    Stay,
    End,
}

/// Rows of a relation.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) relation: Arc<Relation>,
    /// The order of the window.
    pub(super) sort: Vec<SortKey>,
    pub(super) window: Option<Window>,
    /// Name of the row under the cursor, see [`Window`].
    pub(super) cursor: i64,
    /// Name of the first row on the screen.
    pub(super) top: i64,
    /// The column under the cursor.
    pub(super) column: usize,
    pub(super) columns: Columns,
    /// In which time format the columns were measured.
    measured: TimeFormat,
    /// Whether that was by the headers alone, as there were no rows.
    by_headers: bool,
    /// Whether a jump has just brought other rows on the screen.
    pub(super) landed: bool,
    /// The row that was gone to by its key, until the rows before it are here: some of them are shown, too.
    pub(super) sought: Option<i64>,
    /// Rows on the screen.
    pub(super) height: u16,
    /// Columns of the screen.
    pub(super) width: u16,
    pub(super) secrets: Secrets,
    pub(super) follow: Follow,
    pub(super) page: Option<Pending<Task>>,
    pub(super) ahead: Option<Pending<Ahead>>,
    /// When what is shown was read, where that was not now.
    pub(super) read: Option<Timestamp>,
    /// Rows the cursor still wants to move beyond the window.
    pub(super) owed: i64,
    /// How far is read ahead, in the measure of a file.
    reach: i64,
    /// Which way the user goes.
    pub(super) heading: End,
    pub(super) trouble: Option<Trouble>,
    pub(super) failure: Option<Failure>,
    pub(super) refresh: Refresh,
    pub(super) marks: Marks,
    pub(super) found: Found,
    preview_at: Option<Duration>,
}

impl Rows {
    pub(super) fn new(relation: Arc<Relation>) -> Self {
        let columns = Columns::new(relation.columns.len());
        Self {
            relation,
            sort: Vec::new(),
            window: None,
            cursor: 0,
            top: 0,
            column: 0,
            columns,
            measured: TimeFormat::default(),
            by_headers: false,
            landed: false,
            sought: None,
            height: 0,
            width: 0,
            secrets: Secrets::Masked,
            follow: Follow::Stay,
            page: None,
            ahead: None,
            read: None,
            owed: 0,
            reach: 1,
            heading: End::Back,
            trouble: None,
            failure: None,
            refresh: Refresh::default(),
            marks: Marks::default(),
            found: Found::default(),
            preview_at: None,
        }
    }

    /// The row under the cursor.
    pub(super) fn row(&self) -> Option<&Row> {
        self.window.as_ref()?.row(self.cursor)
    }

    /// The row the cursor seems to be on: none, while that is still to come.
    pub(super) fn present(&self) -> Option<&Row> {
        self.row().filter(|_| self.owed == 0)
    }

    /// The cell under the cursor.
    pub(super) fn cell(&self) -> Option<&Value> {
        self.present()?.cells.get(self.column)
    }

    /// Names of the row under the cursor and of the first row on the screen, as if what is owed were paid: on a slow line the cursor
    /// goes on over rows that are still to come.
    pub(super) fn seen(&self, counted: Option<u64>) -> (i64, i64) {
        let Some(window) = self.window.as_ref().filter(|_| self.owed != 0) else { return (self.cursor, self.top) };
        let (first, last) = window.reach(counted);
        let cursor = self
            .cursor
            .saturating_add(self.owed.clamp(-MOST_OWED, MOST_OWED))
            .clamp(first.min(self.cursor), last.max(self.cursor));
        let screen = self.screens(1);
        let top = self.top.clamp(cursor.saturating_sub(screen - 1), cursor);
        (cursor, top)
    }

    /// Whether the window is about to be replaced.
    pub(super) fn is_jumping(&self) -> bool {
        matches!(&self.page, Some(Pending { task: Task::Jump(_), .. }))
    }

    /// The order that was asked for last.
    pub(super) fn wanted_sort(&self) -> &[SortKey] {
        match &self.page {
            Some(Pending { task: Task::Jump(jump), .. }) => &jump.sort,
            _ => &self.sort,
        }
    }

    /// Since when the user waits for rows.
    pub(super) fn waiting_since(&self) -> Option<Duration> {
        match (&self.page, &self.ahead) {
            (Some(Pending { task: Task::Jump(_) | Task::More(..), since }), _) => Some(*since),
            (_, Some(ahead)) if self.owed != 0 => Some(ahead.since),
            (Some(Pending { since, .. }), _) if self.owed != 0 => Some(*since),
            _ => None,
        }
    }

    /// Rows of a page: enough for the screen and some more, more where each page takes long, fewer where rows are wide.
    fn limit(&self) -> usize {
        let screen = usize::from(self.height);
        let wide = MOST_CELLS / self.relation.columns.len().max(1);
        // A debt is paid in few pages.
        let owed = usize::try_from(self.owed.unsigned_abs()).unwrap_or(usize::MAX);
        let far = usize::try_from(self.reach).unwrap_or(1);
        let wanted = (screen * 2 * far).max(owed).clamp(64, 512);
        wanted.min(wide).max(screen + 1)
    }

    fn query(&self, at: PageAt, sort: &[SortKey], limit: usize) -> Query {
        Query::Page(PageQuery { relation: Arc::clone(&self.relation), sort: sort.to_vec(), at, limit })
    }

    pub(super) fn ask(&mut self, task: Task, at: PageAt, limit: usize, cx: &mut Cx<'_>) {
        let sort = match &task {
            Task::Jump(jump) => jump.sort.clone(),
            Task::More(..) | Task::Again(_) | Task::FollowEnd | Task::Confirm { .. } => self.sort.clone(),
        };
        let query = self.query(at, &sort, limit);
        match &task {
            // What is on the screen already is read from the database itself.
            Task::Again(_) | Task::FollowEnd => cx.out.ask_again(Slot::Page, query),
            Task::Jump(_) | Task::More(..) | Task::Confirm { .. } => cx.out.ask(Slot::Page, query),
        };
        cx.out.commands.push(Command::After(PATIENCE, Timer::Progress));
        self.page = Some(Pending { task, since: cx.now.elapsed });
    }

    /// Goes to a place: the rows there replace the window.
    pub(super) fn jump(&mut self, jump: Jump, cx: &mut Cx<'_>) {
        self.forget_ahead(cx);
        self.owed = 0;
        self.trouble = None;
        self.failure = None;
        self.reach = reach(cx);
        if jump.land != Land::Last {
            self.follow = Follow::Stay;
        }
        let at = jump.at.clone();
        let limit = self.limit();
        self.ask(Task::Jump(jump), at, limit, cx);
    }

    /// Goes to a place in the order as it is.
    pub(super) fn go(&mut self, at: PageAt, land: Land, then: i64, cx: &mut Cx<'_>) {
        let sort = self.wanted_sort().to_vec();
        self.jump(Jump { at, land, sort, then }, cx);
    }

    pub(super) fn forget_ahead(&mut self, cx: &mut Cx<'_>) {
        if self.ahead.take().is_some() {
            cx.out.cancel(Slot::Ahead);
        }
    }

    /// Stops what is being read for the user; says whether there was anything to stop.
    pub(super) fn cancel(&mut self, cx: &mut Cx<'_>) -> bool {
        let waited = self.page.is_some() || self.owed != 0;
        if self.page.take().is_some() {
            cx.out.cancel(Slot::Page);
        }
        if self.owed != 0 {
            self.forget_ahead(cx);
            self.owed = 0;
        }
        if waited && self.window.is_none() {
            self.trouble = Some(Trouble::Cancelled);
        }
        waited
    }

    /// Gives everything up, for another relation.
    pub(super) fn leave(&mut self, cx: &mut Cx<'_>) {
        self.forget_ahead(cx);
        if self.page.take().is_some() {
            cx.out.cancel(Slot::Page);
        }
    }

    /// Moves the cursor by so many rows, at once as far as the rows are here; the others are owed, so that no press of a key is
    /// lost where keys come faster than pages.
    pub(super) fn move_by(&mut self, rows: i64, cx: &mut Cx<'_>) {
        if let Some(Pending { task: Task::Jump(jump), .. }) = &mut self.page {
            jump.then = jump.then.saturating_add(rows);
            return;
        }
        let Some(window) = &self.window else { return };
        if window.is_empty() || rows == 0 {
            return;
        }
        if rows < 0 {
            self.follow = Follow::Stay;
        }
        // Whoever goes on from here does not want to go there any more.
        if let Some(failure) = &mut self.failure {
            failure.wanted = None;
        }
        self.heading = if rows < 0 { End::Front } else { End::Back };
        let wanted = self.cursor.saturating_add(self.owed).saturating_add(rows);
        self.cursor = wanted.clamp(window.base(), window.end() - 1);
        let owed = wanted.saturating_sub(self.cursor);
        let end = if owed < 0 { End::Front } else { End::Back };
        self.owed = if window.complete(end) { 0 } else { owed };
        self.reveal();
        self.feed(cx);
        self.moved(cx);
    }

    /// The database can be read again: asks once more for what could not be read; says whether it did.
    pub(super) fn recovered(&mut self, visible: bool, cx: &mut Cx<'_>) -> bool {
        if self.page.is_some() || self.relation.broken.is_some() {
            return false;
        }
        let before = cx.out.commands.len();
        self.refresh.unblock();
        match self.failure.take_if(|failure| link::is_of_the_way(&failure.error)) {
            Some(Failure { wanted: Some(jump), .. }) => self.jump(jump, cx),
            Some(_) if visible => self.read_again(cx),
            Some(_) => self.refresh.stale = true,
            None => {}
        }
        if visible {
            self.feed(cx);
        }
        cx.out.commands.len() > before
    }

    fn screens(&self, many: i64) -> i64 {
        i64::from(self.height.max(1)) * many
    }

    /// Names of the rows on the screen, the second exclusive.
    fn screen(&self) -> (i64, i64) {
        (self.top, self.top + self.screens(1))
    }

    /// Moves cursor and screen by so many rows.
    pub(super) fn page_by(&mut self, rows: i64, cx: &mut Cx<'_>) {
        if self.page.as_ref().is_none_or(|page| !matches!(page.task, Task::Jump(_))) {
            self.top = self.top.saturating_add(rows);
        }
        self.move_by(rows, cx);
    }

    /// Scrolls; the cursor stays where it is as long as it is on the screen.
    pub(super) fn scroll_by(&mut self, rows: i64, cx: &mut Cx<'_>) {
        let Some(window) = &self.window else { return };
        if window.is_empty() {
            return;
        }
        self.owed = 0;
        self.heading = if rows < 0 { End::Front } else { End::Back };
        let before = self.cursor;
        let height = self.screens(1);
        let lowest = (window.end() - height).max(window.base());
        self.top = (self.top + rows).clamp(window.base(), lowest);
        self.cursor = self.cursor.clamp(self.top, (self.top + height - 1).min(window.end() - 1));
        if self.cursor < before {
            self.follow = Follow::Stay;
        }
        self.feed(cx);
        if self.cursor != before {
            self.moved(cx);
        }
    }

    /// Puts the cursor on the row of this name.
    pub(super) fn move_to(&mut self, at: i64, cx: &mut Cx<'_>) {
        self.owed = 0;
        self.move_by(at - self.cursor, cx);
    }

    /// Scrolls as little as possible for the cursor to be on the screen, and for the screen to be full.
    pub(super) fn reveal(&mut self) {
        let Some(window) = &self.window else { return };
        let height = self.screens(1);
        if self.cursor < self.top {
            self.top = self.cursor;
        } else if self.cursor >= self.top + height {
            self.top = self.cursor - height + 1;
        }
        let lowest = (window.end() - height).max(window.base());
        self.top = self.top.clamp(window.base(), lowest);
    }

    /// Asks for the rows the user waits for, and for those he is about to need.
    pub(super) fn feed(&mut self, cx: &mut Cx<'_>) {
        if self.page.as_ref().is_some_and(|page| !matches!(page.task, Task::More(..) | Task::Confirm { .. })) {
            return;
        }
        self.reach = reach(cx);
        let Some(window) = &self.window else { return };
        let busy = |end: End, rows: &Self| {
            rows.ahead.as_ref().is_some_and(|ahead| ahead.task.end == end && ahead.task.kept.is_none())
                || matches!(&rows.page, Some(Pending { task: Task::More(other, _), .. }) if *other == end)
        };
        let place = |end: End| window.anchor(end).cloned();
        if self.owed != 0 {
            let end = if self.owed < 0 { End::Front } else { End::Back };
            match place(end) {
                Some(anchor) if !window.complete(end) => {
                    if self.page.is_none() && !busy(end, self) {
                        self.refresh.unblock();
                        let limit = self.limit();
                        self.ask(Task::More(end, anchor.clone()), beyond(end, anchor), limit, cx);
                    }
                }
                _ => self.owed = 0,
            }
        }
        let Some(window) = &self.window else { return };
        if self.ahead.is_some() || window.is_empty() {
            return;
        }
        let margin = self.screens(3) / 2 * self.reach;
        let near = |end: End| match end {
            End::Front => self.top - window.base() < margin,
            End::Back => window.end() - (self.top + self.screens(1)) < margin,
        };
        let other = if self.heading == End::Back { End::Front } else { End::Back };
        for end in [self.heading, other] {
            if window.complete(end) || !near(end) || busy(end, self) || self.refresh.is_blocked(end) {
                continue;
            }
            let Some(anchor) = window.anchor(end).cloned() else { continue };
            let query = self.query(beyond(end, anchor.clone()), &self.sort, self.limit());
            cx.out.ask(Slot::Ahead, query);
            self.ahead = Some(Pending { task: Ahead { end, from: anchor, kept: None }, since: cx.now.elapsed });
            return;
        }
    }

    /// Names of the rows the screen and its surroundings need: pages within stay.
    pub(super) fn needed(&self) -> (i64, i64) {
        // More than what makes a page be read ahead, or a page dropped would be read again at once.
        (self.top - self.screens(2 * self.reach), self.top + self.screens(1 + 2 * self.reach))
    }

    /// The cursor is on another row or on other contents: the preview follows when it rests.
    pub(super) fn moved(&mut self, cx: &mut Cx<'_>) {
        if self.relation.is("questions") {
            let settled = settled(cx);
            self.preview_at = Some(cx.now.elapsed + settled);
            cx.out.commands.push(Command::After(settled, Timer::Preview));
        }
    }

    /// Whether the cursor has rested long enough for the preview.
    pub(super) fn preview_due(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(at) = self.preview_at else { return false };
        if cx.now.elapsed < at {
            cx.out.commands.push(Command::After(at - cx.now.elapsed, Timer::Preview));
            return false;
        }
        self.preview_at = None;
        true
    }

    /// Lays the columns out so that the cursor's is visible, measuring what comes into view.
    pub(super) fn fit(&mut self, cx: &Cx<'_>) {
        if self.measured != cx.settings.times {
            self.measured = cx.settings.times;
            super::measure::forget_times(&self.relation, &mut self.columns);
        }
        let Some(window) = &self.window else { return };
        if window.is_empty() {
            let mut measure = super::measure::headers(&self.relation, &self.sort);
            self.columns.fit(self.column, self.width, &mut measure);
            self.by_headers = true;
            return;
        }
        if std::mem::take(&mut self.by_headers) {
            self.columns.forget();
        }
        let options = super::measure::options(cx, self.secrets);
        let mut measure = super::measure::contents(&self.relation, &self.sort, window, self.screen(), options);
        self.columns.fit(self.column, self.width, &mut measure);
        // Half a number is a wrong number: their columns grow with them. Others only where all rows are new to the eye.
        let all = self.landed;
        // Rows that come to fill the screen are new to the eye, too.
        self.landed &=
            window.len() < usize::from(self.height) && !(window.complete(End::Front) && window.complete(End::Back));
        let mut grown = false;
        for place in self.columns.layout(self.width).placed {
            if all || self.relation.columns.get(place.column).is_some_and(super::measure::grows) {
                grown |= self.columns.grow(place.column, measure(place.column));
            }
        }
        if !grown {
            return;
        }
        self.columns.fit(self.column, self.width, &mut measure);
    }
}

/// How many times further than in a file is read ahead: with 30 keys a second nobody is to run into the end of what is here.
fn reach(cx: &Cx<'_>) -> i64 {
    let latency = cx.settings.latency().unwrap_or_default();
    i64::try_from(latency.as_millis() / 150).unwrap_or(MOST_REACH).min(MOST_REACH - 1) + 1
}

/// How long the cursor rests before the question under it is asked for: on a slow line, no question is begun that is not waited for.
fn settled(cx: &Cx<'_>) -> Duration {
    cx.settings.latency().unwrap_or_default().clamp(SETTLED, MOST_SETTLED)
}

fn beyond(end: End, anchor: Anchor) -> PageAt {
    match end {
        End::Front => PageAt::Before(anchor),
        End::Back => PageAt::After(anchor),
    }
}
