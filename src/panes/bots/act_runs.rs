//! What the user does in the list of runs.

use std::sync::Arc;

use super::{
    BotsPane,
    act::{go_to, no_item, row_key, step_of},
    act_ledger::Again,
    runs::Run,
};
use crate::{
    domain::value::{Bytes, Value},
    message::{action::Action, command::Command},
    panes::{Cx, Handled, Intent, Secrets},
};

impl BotsPane {
    pub(super) fn act_on_runs(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let height = self.runs_height();
        if let Some(step) = step_of(action, count, height) {
            let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
            self.runs.go(&model.runs, height, step);
            return Handled::Yes;
        }
        match action {
            Action::Cancel if self.runs.follows() => return Handled::No,
            Action::Cancel => self.runs.release(),
            Action::Open => self.show_run(cx),
            Action::FollowReference => self.go_to_run(cx),
            Action::SameAs => {
                if let Some(bot) = self.settle_runs_cursor().map(|run| run.data.bot.clone()) {
                    self.filter_on_bot(&bot, cx);
                }
            }
            Action::Timeline => no_item("a run", cx),
            Action::ViewCell => self.view_summary(cx),
            Action::Copy => self.copy_run(cx),
            Action::CopyRow => self.copy_whole_run(cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    /// Without a cursor, the first run is meant: the cursor goes there, so that it is seen which one it was.
    fn settle_runs_cursor(&mut self) -> Option<&Run> {
        let height = self.runs_height();
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        if self.runs.follows() {
            self.runs.put(&model.runs, height, 0);
        }
        let runs = &self.shown().runs;
        runs.get(self.runs.cursor(runs)?)
    }

    /// What the run tells: its summary and what was done meanwhile.
    fn show_run(&mut self, cx: &mut Cx<'_>) {
        let Some(id) = self.settle_runs_cursor().map(|run| run.data.id) else { return };
        if let Some(relation) = cx.schema.and_then(|schema| schema.catalogued("botRuns")) {
            let key = row_key(relation, id);
            cx.out.intents.push(Intent::ShowEvent { relation: Arc::clone(relation), key });
        }
    }

    fn go_to_run(&mut self, cx: &mut Cx<'_>) {
        if let Some(id) = self.settle_runs_cursor().map(|run| run.data.id) {
            go_to("botRuns", Some(id.to_string()), cx);
        }
    }

    fn view_summary(&mut self, cx: &mut Cx<'_>) {
        let Some(id) = self.settle_runs_cursor().map(|run| run.data.id) else { return };
        let Some(relation) = cx.schema.and_then(|schema| schema.catalogued("botRuns")) else { return };
        let Some(column) = relation.column("summary") else { return };
        let key = row_key(relation, id);
        let relation = Arc::clone(relation);
        // Nothing of it is here: the overlay fetches it.
        let value = Value::Text(Bytes::cut(b" ", 0));
        cx.out.intents.push(Intent::ShowCell { relation, key, column, value, secrets: Secrets::Masked });
    }

    /// The run as a line of text.
    fn copy_run(&mut self, cx: &mut Cx<'_>) {
        let Some(run) = self.settle_runs_cursor() else { return };
        let started = run.data.started_at.as_deref().unwrap_or_default();
        let completed = run.data.completed_at.as_deref().unwrap_or_default();
        let mut parts = vec![started, completed, &run.data.bot, &run.data.status];
        let items = run.data.items.each_ref().map(|value| value.to_plain());
        parts.extend(items.iter().map(AsRef::as_ref));
        cx.out.commands.push(Command::Copy { text: parts.join("\t"), what: "run".to_owned() });
    }

    fn copy_whole_run(&mut self, cx: &mut Cx<'_>) {
        let id = self.settle_runs_cursor().map(|run| run.data.id);
        let relation = cx.schema.and_then(|schema| schema.catalogued("botRuns"));
        if let (Some(relation), Some(id)) = (relation, id) {
            let key = row_key(relation, id);
            let relation = Arc::clone(relation);
            cx.out.intents.push(Intent::CopyRow { relation, key, secrets: Secrets::Masked });
        }
    }

    pub(super) fn wheel_runs(&mut self, by: isize) {
        let height = self.runs_height();
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        self.runs.wheel(&model.runs, height, by);
    }

    /// A click on a line: the cursor goes there; on the cursor's own line it opens.
    pub(super) fn click_runs(&mut self, line: usize, again: Again, cx: &mut Cx<'_>) {
        let height = self.runs_height();
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        let before = self.runs.cursor(&model.runs);
        let Some(at) = self.runs.visible(&model.runs, height).nth(line) else { return };
        self.runs.put(&model.runs, height, at);
        if again == Again::Yes && before == Some(at) {
            self.show_run(cx);
        }
    }
}
