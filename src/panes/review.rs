//! The review queue: the questions to decide on, with why each is flagged.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, Handled, Pane, ViewCx};
use crate::{
    db::error::Error,
    domain::{change::Outcome, review::Decision},
    message::action::Action,
};

/// The review queue.
#[derive(Debug, Default)]
pub struct ReviewPane {}

impl ReviewPane {
    /// An empty one: nothing is asked before it is shown.
    pub fn new() -> Self {
        Self::default()
    }

    /// What became of a decision on these questions; an error means that nothing was written.
    pub fn written(
        &mut self,
        _ids: &[String],
        _decision: Decision,
        _outcome: Result<&Outcome, &Error>,
        _cx: &mut Cx<'_>,
    ) {
    }

    /// The database has changed.
    pub fn changed(&mut self, _cx: &mut Cx<'_>) {}
}

impl Pane for ReviewPane {
    fn resize(&mut self, _area: Rect, _cx: &mut Cx<'_>) {}

    fn act(&mut self, _action: Action, _count: Option<u64>, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    fn view(&self, _area: Rect, _buf: &mut Buffer, _cx: &ViewCx<'_>) {}
}
