//! What can be written from the rows beside their cells: a new row, the deletion of one. And what the rows show of what is
//! staged: new values with a sign before them, rows that are to go struck through.

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::rows::Rows;
use crate::{
    domain::{
        change::Change,
        schema::{KeyKind, RelationKind},
        staged::{EditState, Staged, StagedEdit},
    },
    message::action::Action,
    panes::{Access, Cx, Handled, Intent, Severity},
    theme::{Role, Theme},
    widgets::safe::safe,
};

impl Rows {
    /// An action that writes.
    pub(super) fn write(&self, action: Action, cx: &mut Cx<'_>) -> Handled {
        let relation = Arc::clone(&self.relation);
        let intent = match action {
            Action::NewRow => Some(Intent::NewRow { relation, like: None }),
            Action::DuplicateRow | Action::DeleteRow => {
                let Some(row) = self.present() else { return Handled::Yes };
                let key = row.key.clone();
                Some(match action {
                    Action::DuplicateRow => Intent::NewRow { relation, like: Some(key) },
                    _ => Intent::DeleteRow { relation, key },
                })
            }
            _ => return Handled::No,
        };
        // Without the right to write, the app says so first of all.
        let why = if cx.settings.access == Access::Writing { self.unwritable() } else { None };
        match why {
            Some(why) => cx.out.say(Severity::Warning, why),
            None => cx.out.intents.extend(intent),
        }
        Handled::Yes
    }

    /// Why the rows of this relation cannot be written at all.
    fn unwritable(&self) -> Option<String> {
        let name = safe(&self.relation.name);
        match (self.relation.kind, &self.relation.key) {
            (RelationKind::View, _) => Some(format!("{name} is a view: edit the tables it is made of")),
            (RelationKind::Internal, _) => Some(format!("{name} is SQLite's own: it is not edited by hand")),
            (_, KeyKind::None) => {
                Some(format!("{name} has no key: its rows cannot be told apart surely enough to write"))
            }
            _ => None,
        }
    }

    /// How many rows are staged that are not here yet.
    pub(super) fn new_rows(&self, staged: &Staged) -> usize {
        let is_new = |edit: &&StagedEdit| matches!(&edit.change, Change::Insert { relation, .. } if relation.name == self.relation.name);
        staged.edits().iter().filter(is_new).count()
    }
}

/// The sign of a staged edit.
fn sign(edit: &StagedEdit) -> (&'static str, Role) {
    match (&edit.change, edit.state) {
        (_, EditState::Unknown) => ("?", Role::Bad),
        (Change::Delete { .. }, _) => ("-", Role::Bad),
        (Change::Insert { .. }, _) => ("+", Role::New),
        (Change::Update { .. }, _) => ("~", Role::Warning),
    }
}

/// Marks a cell that has a staged value: `padded` begins with the gap before it.
pub(super) fn mark_cell(edit: &StagedEdit, padded: Rect, buf: &mut Buffer, theme: &Theme) {
    let (sign, role) = sign(edit);
    if let Some(gap) = buf.cell_mut((padded.x, padded.y)) {
        gap.set_symbol(sign);
    }
    let width = padded.width.saturating_sub(1);
    buf.set_style(Rect { width, ..padded }, theme.style(role).add_modifier(Modifier::ITALIC));
}

/// Strikes a row through that is staged for deletion.
pub(super) fn mark_row(edit: &StagedEdit, line: Rect, buf: &mut Buffer, theme: &Theme) {
    if matches!(edit.change, Change::Delete { .. }) {
        let (sign, role) = sign(edit);
        buf.set_style(line, theme.style(role).add_modifier(Modifier::CROSSED_OUT));
        let gap = Rect { x: line.x.saturating_sub(1), width: 1, ..line };
        buf.set_string(gap.x, gap.y, sign, theme.style(role));
    }
}
