//! What the user does on the board. Its cursor is on a bot, or on none: then everything is about all of them.

use super::{
    BotsPane,
    act::{go_to, no_item, step_of},
    layout::Region,
    scroll::Step,
};
use crate::{
    message::{action::Action, command::Command},
    panes::{Cx, Handled},
};

impl BotsPane {
    pub(super) fn act_on_board(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let height = usize::from(self.layout(self.area).board.body.height);
        if let Some(step) = step_of(action, count, height) {
            self.move_board(step, height);
            return Handled::Yes;
        }
        match action {
            Action::Open | Action::SameAs => match self.chosen_bot().map(str::to_owned) {
                Some(bot) => self.filter_on_bot(&bot, cx),
                None => self.turn_to(Region::Ledger),
            },
            Action::FollowReference => go_to("botRuns", None, cx),
            Action::Cancel if self.chosen.is_none() => return Handled::No,
            Action::Cancel => self.chosen = None,
            Action::Copy => self.copy_board(cx),
            Action::Timeline => no_item("a bot", cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    /// Who comes to watch looks at the board first.
    pub fn show_board(&mut self) {
        self.region = Region::Board;
    }

    /// The bot with the cursor, while the board knows it: it may be gone, and come again when rows are counted anew.
    pub(super) fn chosen_bot(&self) -> Option<&str> {
        self.board_cursor().and(self.chosen.as_deref())
    }

    /// Where the bot with the cursor stands; `None`: all are meant.
    pub(super) fn board_cursor(&self) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        self.shown().bots.iter().position(|bot| bot == chosen)
    }

    /// Up from the first bot are all of them; the first step down goes to the first.
    fn move_board(&mut self, step: Step, height: usize) {
        let bots = &self.shown().bots;
        let half = isize::try_from((height / 2).max(1)).unwrap_or(1);
        let at = self.board_cursor();
        let by = |lines: isize| match at {
            None if lines > 0 => Some((lines - 1).unsigned_abs()),
            None => None,
            Some(at) => at.checked_add_signed(lines),
        };
        let to = match step {
            Step::First => Some(0),
            Step::Last => Some(usize::MAX),
            Step::Lines(lines) => by(lines),
            Step::Halves(halves) => by(halves.saturating_mul(half)),
        };
        let last = bots.len().saturating_sub(1);
        self.chosen = to.and_then(|to| bots.get(to.min(last))).cloned();
    }

    pub(super) fn click_board(&mut self, line: usize) {
        let at = self.board_lines().start + line;
        self.chosen = self.shown().bots.get(at).cloned();
    }

    /// Which bots are on the screen.
    pub(super) fn board_lines(&self) -> std::ops::Range<usize> {
        let height = usize::from(self.layout(self.area).board.body.height);
        let count = self.shown().bots.len();
        // Where not all of them fit, the last line says how many more there are.
        let height = if count > height && height > 1 { height - 1 } else { height };
        let start = self.board_cursor().map_or(0, |at| (at + 1).saturating_sub(height));
        start..(start + height).min(count)
    }

    /// The figures as text, a bot a line.
    fn copy_board(&mut self, cx: &mut Cx<'_>) {
        let lines = self.shown().board.lines(self.window, self.wall(cx.now), &cx.settings.limits);
        let lines: Vec<_> = lines
            .iter()
            .map(|line| format!("{}\t{}\t{}\t{}", line.bot, line.hour.all, line.day.all, line.week.all))
            .collect();
        cx.out.commands.push(Command::Copy { text: lines.join("\n"), what: "board".to_owned() });
    }
}
