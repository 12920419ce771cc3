//! The question pane (a stand-in until its owner pushes: take theirs on conflict).
use crate::panes::*;
#[derive(Debug, Default)]
pub struct QuestionPane;
impl QuestionPane {
    pub fn new() -> Self {
        Self
    }
    pub fn show(&mut self, _: String, _: &mut Cx<'_>) {}
    pub fn changed(&mut self, _: &mut Cx<'_>) {}
}
impl Pane for QuestionPane {
    fn resize(&mut self, _: Rect, _: &mut Cx<'_>) {}
    fn act(&mut self, _: Action, _: Option<u64>, _: &mut Cx<'_>) -> Handled {
        Handled::No
    }
    fn view(&self, _: Rect, _: &mut Buffer, _: &ViewCx<'_>) {}
}
