//! What the user does in the queue.

use super::{
    BotsPane,
    act::{go_to, no_item, step_of},
    act_ledger::Again,
    queue::Depths,
};
use crate::{
    message::{action::Action, command::Command},
    panes::{Cx, Handled},
};

impl BotsPane {
    pub(super) fn act_on_queue(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let height = self.queue_height();
        if let Some(step) = step_of(action, count, height) {
            let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
            self.queue.go(&Depths(model.board.depths()), height, step);
            return Handled::Yes;
        }
        match action {
            Action::Cancel if self.queue.follows() => return Handled::No,
            Action::Cancel => self.queue.release(),
            Action::Open | Action::FollowReference => go_to("workQueue", None, cx),
            Action::SameAs => {
                let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
                let depths = model.board.depths();
                if self.queue.follows() {
                    self.queue.put(&Depths(depths), height, 0);
                }
                let depth = self.queue.cursor(&Depths(depths)).and_then(|at| depths.get(at));
                if let Some(bot) = depth.map(|depth| depth.bot.to_string()) {
                    self.filter_on_bot(&bot, cx);
                }
            }
            Action::Timeline => no_item("a line of the queue", cx),
            Action::Copy => {
                let depths = self.shown().board.depths().iter();
                let lines: Vec<_> = depths
                    .map(|depth| format!("{}\t{}\t{}\t{}", depth.status, depth.action, depth.bot, depth.rows))
                    .collect();
                cx.out.commands.push(Command::Copy { text: lines.join("\n"), what: "queue".to_owned() });
            }
            _ => return Handled::No,
        }
        Handled::Yes
    }

    pub(super) fn queue_height(&self) -> usize {
        usize::from(self.layout(self.area).queue.body.height)
    }

    pub(super) fn wheel_queue(&mut self, by: isize) {
        let height = self.queue_height();
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        self.queue.wheel(&Depths(model.board.depths()), height, by);
    }

    /// A click on a line: the cursor goes there; on the cursor's own line it opens.
    pub(super) fn click_queue(&mut self, line: usize, again: Again, cx: &mut Cx<'_>) {
        let height = self.queue_height();
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        let lines = Depths(model.board.depths());
        let before = self.queue.cursor(&lines);
        let Some(at) = self.queue.visible(&lines, height).nth(line) else { return };
        self.queue.put(&lines, height, at);
        if again == Again::Yes && before == Some(at) {
            go_to("workQueue", None, cx);
        }
    }
}
