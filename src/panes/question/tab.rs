//! The tabs.

use crate::widgets::rich::Wrap;

/// A tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Tab {
    /// Question, tldr, eli5, answer.
    #[default]
    Question,
    /// The explanation.
    Explanation,
    /// The diagram.
    Diagram,
    /// Everything about it.
    Details,
    /// Every column as it is stored.
    Raw,
    /// What changed since before the last change of a bot.
    Changes,
    /// What the bots were asked to do with it.
    Queue,
    /// Everything that is recorded of it.
    Timeline,
}

impl Tab {
    pub(super) const ALL: [Self; 8] = [
        Self::Question,
        Self::Explanation,
        Self::Diagram,
        Self::Details,
        Self::Raw,
        Self::Changes,
        Self::Queue,
        Self::Timeline,
    ];
    pub(super) const NAMES: [&'static str; 8] =
        ["Question", "Explanation", "Diagram", "Details", "Raw", "Changes", "Queue", "Timeline"];
    /// Where the names do not fit.
    pub(super) const SHORT: [&'static str; 8] = ["Q&A", "Expl.", "Diagr.", "Details", "Raw", "Diff", "Queue", "Time"];
    /// Where these do not fit either.
    pub(super) const TINY: [&'static str; 8] = ["Q&A", "Ex", "Di", "De", "Raw", "Ch", "Qu", "Ti"];

    /// How long lines of its sheet are shown.
    pub(super) fn wrap(self) -> Wrap {
        if self == Self::Raw { Wrap::Wrap } else { Wrap::Cut }
    }

    pub(super) const fn place(self) -> usize {
        self as usize
    }

    pub(super) const fn by(self, steps: usize) -> Self {
        Self::ALL[(self.place() + steps) % Self::ALL.len()]
    }
}
