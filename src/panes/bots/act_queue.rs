//! What the user does in the queue.

use super::{BotsPane, act::go_to};
use crate::{
    message::{action::Action, command::Command},
    panes::{Cx, Handled},
};

impl BotsPane {
    pub(super) fn act_on_queue(&mut self, action: Action, _count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        match action {
            Action::Open | Action::FollowReference => go_to("workQueue", None, cx),
            Action::Copy => {
                let statuses = self.shown().queue.statuses().unwrap_or_default();
                let lines: Vec<_> = statuses.iter().map(|status| format!("{}\t{}", status.name, status.rows)).collect();
                cx.out.commands.push(Command::Copy { text: lines.join("\n"), what: "queue".to_owned() });
            }
            _ => return Handled::No,
        }
        Handled::Yes
    }
}
