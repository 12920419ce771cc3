//! What the user does in the pane.

use ratatui::layout::Position;

use super::{
    BotsPane, Phase,
    layout::{Layout, Region},
    scroll::Step,
    tail::Entry,
};
use crate::{
    domain::{
        activity::LedgerRow,
        page::RowKey,
        place::Place,
        schema::{KeyKind, Relation},
        value::{Bytes, Value},
    },
    message::{action::Action, command::Command},
    panes::{Cx, Focus, Handled, Intent, Secrets, Severity},
    widgets::safe::safe,
};

impl BotsPane {
    pub(super) fn do_action(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let times = isize::try_from(count.unwrap_or(1)).unwrap_or(isize::MAX);
        let page = isize::try_from(self.height()).unwrap_or(1).max(1);
        match action {
            Action::Down => self.go(Step::Lines(times)),
            Action::Up => self.go(Step::Lines(-times)),
            Action::PageDown => self.go(Step::Lines(page.saturating_mul(times))),
            Action::PageUp => self.go(Step::Lines(-page.saturating_mul(times))),
            Action::HalfPageDown => self.go(Step::Halves(times)),
            Action::HalfPageUp => self.go(Step::Halves(-times)),
            Action::First => self.go(Step::First),
            Action::Last => self.go(Step::Last),
            Action::NextTab => self.region = self.region.next(),
            Action::PreviousTab => self.region = self.region.previous(),
            Action::Pause => self.pause(),
            Action::Refresh => self.start(cx),
            Action::Cancel => return self.release(),
            Action::Open | Action::FollowReference => self.open(cx),
            Action::ViewCell => self.view_cell(cx),
            Action::Copy => self.copy(cx),
            Action::CopyRow => self.copy_row(cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    fn height(&self) -> usize {
        let (ledger, runs) = self.heights();
        match self.region {
            Region::Ledger => ledger,
            Region::Runs => runs,
            Region::Queue => 1,
        }
    }

    fn go(&mut self, step: Step) {
        let height = self.height();
        let model = self.frozen.as_deref().unwrap_or(&self.model);
        match self.region {
            Region::Ledger => self.ledger.go(&model.tail, height, step),
            Region::Runs => self.runs.go(&model.runs, height, step),
            Region::Queue => {}
        }
    }

    fn pause(&mut self) {
        if self.phase == Phase::Live {
            self.frozen = match self.frozen.take() {
                Some(_) => None,
                None => Some(Box::new(self.model.clone())),
            };
        }
    }

    /// One level back: the cursor goes, and the region follows again.
    fn release(&mut self) -> Handled {
        let held = match self.region {
            Region::Ledger => !self.ledger.follows(),
            Region::Runs => !self.runs.follows(),
            Region::Queue => false,
        };
        if !held {
            return Handled::No;
        }
        match self.region {
            Region::Ledger => self.ledger.release(),
            Region::Runs => self.runs.release(),
            Region::Queue => {}
        }
        Handled::Yes
    }

    /// Without a cursor, the newest row is meant: the cursor goes there, so that it is seen which one it was.
    fn settle_cursor(&mut self) {
        let (ledger, runs) = self.heights();
        let model = self.frozen.as_deref().unwrap_or(&self.model);
        match self.region {
            Region::Ledger if self.ledger.follows() => self.ledger.put(&model.tail, ledger, usize::MAX),
            Region::Runs if self.runs.follows() => self.runs.put(&model.runs, runs, 0),
            _ => {}
        }
    }

    fn ledger_entry(&self) -> Option<&Entry> {
        let tail = &self.shown().tail;
        tail.get(self.ledger.cursor(tail)?)
    }

    fn ledger_row(&self) -> Option<&LedgerRow> {
        match self.ledger_entry()? {
            Entry::Row(row) => Some(&row.data),
            Entry::Gap { .. } => None,
        }
    }

    fn run_id(&self) -> Option<i64> {
        let runs = &self.shown().runs;
        runs.get(self.runs.cursor(runs)?).map(|run| run.data.id)
    }

    fn open(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        let go = |logical: &str, key: Option<String>, cx: &mut Cx<'_>| {
            let name = cx.schema.and_then(|schema| schema.catalogued(logical)).map(|relation| relation.name.clone());
            if let Some(relation) = name {
                cx.out.intents.push(Intent::Go(Place { relation, key }));
            }
        };
        match self.region {
            Region::Ledger => match self.ledger_entry() {
                Some(Entry::Row(row)) if row.data.item_type == "question" => {
                    let id = row.data.item_id.clone();
                    cx.out.intents.push(Intent::ShowQuestion { id, focus: Focus::Take });
                }
                Some(Entry::Row(row)) => {
                    let words =
                        format!("{} {}: only questions open here", safe(&row.data.item_type), safe(&row.data.item_id));
                    cx.out.say(Severity::Info, words);
                }
                Some(Entry::Gap { rows, .. }) => {
                    let words =
                        format!("{rows} rows came faster than they could be shown: the ledger's table has them");
                    cx.out.say(Severity::Info, words);
                }
                None => {}
            },
            Region::Runs => {
                if let Some(id) = self.run_id() {
                    go("botRuns", Some(id.to_string()), cx);
                }
            }
            Region::Queue => go("workQueue", None, cx),
        }
    }

    /// The whole reason of a ledger row, the summary of a run.
    fn view_cell(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        let (logical, column, id, value) = match self.region {
            Region::Ledger => match self.ledger_row() {
                Some(row) => ("botLedger", "reason", row.id, reason(row)),
                None => return,
            },
            Region::Runs => match self.run_id() {
                // Nothing of it is here: the overlay fetches it.
                Some(id) => ("botRuns", "summary", id, Value::Text(Bytes::cut(b" ", 0))),
                None => return,
            },
            Region::Queue => return,
        };
        let Some(relation) = cx.schema.and_then(|schema| schema.catalogued(logical)) else { return };
        let Some(column) = relation.column(column) else { return };
        let key = row_key(relation, id);
        let relation = std::sync::Arc::clone(relation);
        cx.out.intents.push(Intent::ShowCell { relation, key, column, value, secrets: Secrets::Masked });
    }

    /// The row as a line of text.
    fn copy(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        let (text, what) = match self.region {
            Region::Ledger => match self.ledger_row() {
                Some(row) => {
                    let created = row.created_at.as_deref().unwrap_or_default();
                    let reason = row.reason.as_deref().unwrap_or_default();
                    let parts = [created, &row.bot, &row.action, &row.item_type, &row.item_id, reason];
                    (parts.join("\t"), "ledger row")
                }
                None => return,
            },
            Region::Runs => {
                let runs = &self.shown().runs;
                match self.runs.cursor(runs).and_then(|at| runs.get(at)) {
                    Some(run) => {
                        let started = run.data.started_at.as_deref().unwrap_or_default();
                        let completed = run.data.completed_at.as_deref().unwrap_or_default();
                        let mut parts = vec![started, completed, &run.data.bot, &run.data.status];
                        let items = run.data.items.each_ref().map(|value| value.to_plain());
                        parts.extend(items.iter().map(AsRef::as_ref));
                        (parts.join("\t"), "run")
                    }
                    None => return,
                }
            }
            Region::Queue => {
                let statuses = self.shown().queue.statuses().unwrap_or_default();
                let lines: Vec<_> = statuses.iter().map(|status| format!("{}\t{}", status.name, status.rows)).collect();
                (lines.join("\n"), "queue")
            }
        };
        cx.out.commands.push(Command::Copy { text, what: what.to_owned() });
    }

    fn copy_row(&mut self, cx: &mut Cx<'_>) {
        self.settle_cursor();
        let (logical, id) = match self.region {
            Region::Ledger => ("botLedger", self.ledger_row().map(|row| row.id)),
            Region::Runs => ("botRuns", self.run_id()),
            Region::Queue => return,
        };
        let relation = cx.schema.and_then(|schema| schema.catalogued(logical));
        if let (Some(relation), Some(id)) = (relation, id) {
            let key = row_key(relation, id);
            let relation = std::sync::Arc::clone(relation);
            cx.out.intents.push(Intent::CopyRow { relation, key, secrets: Secrets::Masked });
        }
    }

    pub(super) fn wheel(&mut self, layout: &Layout, at: Position, by: isize) -> Handled {
        let Some((region, _)) = layout.hit(at) else { return Handled::No };
        let (ledger, runs) = self.heights();
        let model = self.frozen.as_deref().unwrap_or(&self.model);
        match region {
            Region::Ledger => self.ledger.wheel(&model.tail, ledger, by),
            Region::Runs => self.runs.wheel(&model.runs, runs, by),
            Region::Queue => return Handled::No,
        }
        Handled::Yes
    }

    pub(super) fn click(&mut self, layout: &Layout, at: Position, cx: &mut Cx<'_>) -> Handled {
        let Some((region, row)) = layout.hit(at) else { return Handled::No };
        let again = self.region == region;
        self.region = region;
        let Some(row) = row else { return Handled::Yes };
        let (ledger, runs) = self.heights();
        let model = self.frozen.as_deref().unwrap_or(&self.model);
        let (before, after) = match region {
            Region::Ledger => {
                let before = self.ledger.cursor(&model.tail);
                let line = self.ledger.visible(&model.tail, ledger).nth(row);
                line.inspect(|line| self.ledger.put(&model.tail, ledger, *line));
                (before, line)
            }
            Region::Runs => {
                let before = self.runs.cursor(&model.runs);
                let line = self.runs.visible(&model.runs, runs).nth(row);
                line.inspect(|line| self.runs.put(&model.runs, runs, *line));
                (before, line)
            }
            Region::Queue => (None, None),
        };
        if again && before.is_some() && before == after {
            self.open(cx);
        }
        Handled::Yes
    }
}

/// The key of a row by its id column.
fn row_key(relation: &Relation, id: i64) -> RowKey {
    match relation.key {
        KeyKind::Primary(_) => RowKey::Primary(vec![Value::Integer(id)]),
        KeyKind::Rowid { .. } | KeyKind::None => RowKey::Rowid(id),
    }
}

/// What is here of a reason, which is its first kilobyte: a longer one is fetched whole by who shows it.
fn reason(row: &LedgerRow) -> Value {
    const ALMOST_CUT: usize = 1000;
    match &row.reason {
        None => Value::Null,
        Some(text) if text.len() < ALMOST_CUT => Value::text(text),
        Some(text) => Value::Text(Bytes::cut(format!("{text} ").as_bytes(), text.len())),
    }
}
