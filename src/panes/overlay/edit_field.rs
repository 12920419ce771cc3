//! Which field of a row to edit: a list with what stands in each.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{buffer::Buffer, layout::Rect};

use super::edit::list::{Item, List, Pick};
use crate::{
    domain::{
        change::Cell,
        page::{Record, RowKey},
        record_text::{MASK, is_masked},
        schema::Relation,
        value::{Secrets, Value},
    },
    keymap::Context,
    message::action::Action,
    panes::{
        Cx, EditHow, Intent, ViewCx,
        overlay::{Overlay, Step, beginning},
    },
    widgets::safe::safe,
};

/// Keys for the items, in their order; without those that move.
const KEYS: &str = "123456789abcdefghilmnoprstuvwxyz";

/// Letters of a value that are shown beside its name.
const SHOWN: usize = 60;

/// A field that can be edited, with the beginning of what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Position in [`Relation::columns`].
    pub column: usize,
    /// The beginning of its value, in a line.
    pub shown: String,
}

impl Field {
    /// The fields of a row: these first, then the others in their order.
    pub fn of_record(record: &Record, first: &[usize]) -> Vec<Self> {
        let others = (0..record.relation.columns.len()).filter(|column| !first.contains(column));
        let all = first.iter().copied().chain(others);
        all.filter_map(|column| Self::of_cell(&record.relation, column, record.cells.get(column)?)).collect()
    }

    /// These cells as fields, in their order.
    pub fn of_cells(relation: &Relation, cells: &[Cell]) -> Vec<Self> {
        cells.iter().filter_map(|(column, value)| Self::of_cell(relation, *column, value)).collect()
    }

    fn of_cell(relation: &Relation, column: usize, value: &Value) -> Option<Self> {
        let masked = is_masked(relation.columns.get(column)?, value, Secrets::Masked);
        Some(Self { column, shown: if masked { MASK.to_owned() } else { beginning(value, SHOWN) } })
    }
}

/// The list of a row's fields.
#[derive(Debug)]
pub struct FieldList {
    relation: Arc<Relation>,
    key: RowKey,
    how: EditHow,
    fields: Vec<Field>,
    list: List,
}

impl FieldList {
    /// Of this row.
    pub fn new(relation: Arc<Relation>, key: RowKey, fields: Vec<Field>, how: EditHow) -> Self {
        let items = fields.iter().enumerate().map(|(at, field)| {
            let name = relation.columns.get(field.column).map_or("", |column| column.name.as_str());
            let letter = KEYS.chars().nth(at).unwrap_or(' ');
            Item::new(letter, format!("{name:<22}"), field.shown.clone(), Pick::Field(at))
        });
        let title = format!("{} · edit which field?", safe(&relation.name));
        let list = List::new(title, items.collect(), Pick::Leave);
        Self { relation, key, how, fields, list }
    }

    fn pick(&self, pick: Option<Pick>, cx: &mut Cx<'_>) -> Step {
        match pick {
            None => Step::Stay,
            Some(Pick::Field(at)) => {
                if let Some(field) = self.fields.get(at) {
                    cx.out.intents.push(Intent::EditCell {
                        relation: Arc::clone(&self.relation),
                        key: self.key.clone(),
                        column: field.column,
                        how: self.how,
                    });
                }
                Step::Close
            }
            Some(_) => Step::Close,
        }
    }
}

impl Overlay for FieldList {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        let pick = self.list.act(action);
        self.pick(pick, cx)
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        let pick = self.list.key(key);
        self.pick(pick, cx)
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, cx: &mut Cx<'_>) -> Step {
        let pick = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => self.list.click(mouse.column, mouse.row),
            _ => None,
        };
        self.pick(pick, cx)
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.list.resize(screen);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        self.list.view(screen, buf, cx);
    }
}
