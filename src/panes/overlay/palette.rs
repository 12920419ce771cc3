//! The palette: every action and every table by a few letters, and places typed in full.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};
use unicode_width::UnicodeWidthStr;

use crate::{
    domain::{
        place::Place,
        schema::{RelationKind, Schema},
    },
    keymap::{Context, Keymap},
    message::{action::Action, severity::Severity},
    panes::{
        Cx, Intent, PaneId, PromptKind, PromptState, ViewCx,
        overlay::{Overlay, Step, keep_visible, moved, window},
    },
    theme::Role,
    widgets::{
        prompt::LineInput,
        safe::{fit, safe},
    },
};

#[derive(Clone, Debug, PartialEq)]
enum Target {
    Action(Action),
    Place(Place),
    /// A percentage or a row id of the table that is shown.
    Rows(String),
}

#[derive(Clone, Debug)]
struct Entry {
    label: String,
    key: String,
    target: Target,
}

/// The palette.
#[derive(Debug)]
pub struct Palette {
    entries: Vec<Entry>,
    schema: Option<Arc<Schema>>,
    input: LineInput,
    /// Positions in `entries`, best first; a typed place comes before them.
    matches: Vec<usize>,
    typed: Option<Entry>,
    cursor: usize,
    top: usize,
    height: usize,
}

impl Palette {
    /// Every action with its key in this context, and every table.
    pub fn new(keymap: &Keymap, context: Context, schema: Option<&Arc<Schema>>) -> Self {
        let mut entries: Vec<Entry> = Action::ALL
            .iter()
            .filter(|action| **action != Action::Palette)
            .map(|action| Entry {
                label: action.describe().to_owned(),
                key: keymap.key(context, *action).unwrap_or_default(),
                target: Target::Action(*action),
            })
            .collect();
        let relations = schema.iter().flat_map(|schema| schema.relations.iter());
        entries.extend(relations.filter(|relation| relation.kind != RelationKind::Internal).map(|relation| {
            let place = Place { relation: relation.name.clone(), key: None };
            let label = format!("Table {}", safe(&relation.name));
            Entry { label, key: String::new(), target: Target::Place(place) }
        }));
        let mut palette = Self {
            entries,
            schema: schema.cloned(),
            input: LineInput::default(),
            matches: Vec::new(),
            typed: None,
            cursor: 0,
            top: 0,
            height: 1,
        };
        palette.look();
        palette
    }

    fn look(&mut self) {
        let text = self.input.text().trim();
        self.cursor = 0;
        self.top = 0;
        self.typed = self.typed_place(text);
        if text.is_empty() {
            self.matches = (0..self.entries.len()).collect();
            return;
        }
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut letters = Vec::new();
        let mut scored: Vec<(u32, usize)> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| {
                let label = match &entry.target {
                    Target::Action(action) => format!("{} {}", entry.label, action.name()),
                    _ => entry.label.clone(),
                };
                let score = pattern.score(Utf32Str::new(&label, &mut letters), &mut matcher)?;
                Some((score, index))
            })
            .collect();
        scored.sort_by_key(|(score, index)| (std::cmp::Reverse(*score), *index));
        self.matches = scored.into_iter().map(|(_, index)| index).collect();
    }

    fn typed_place(&self, text: &str) -> Option<Entry> {
        let rows = text.starts_with('#') || text.strip_suffix('%').is_some_and(|number| number.parse::<f64>().is_ok());
        if rows && text.len() > 1 {
            let label = format!("Go to {text} in the rows");
            return Some(Entry { label, key: String::new(), target: Target::Rows(text.to_owned()) });
        }
        let place: Place = text.parse().ok()?;
        let relation = self.schema.as_ref()?.find(&place.relation)?;
        let place = Place { relation: relation.name.clone(), key: place.key };
        let label = format!("Go to {}", safe(&place.to_string()));
        Some(Entry { label, key: String::new(), target: Target::Place(place) })
    }

    fn len(&self) -> usize {
        self.matches.len() + usize::from(self.typed.is_some())
    }

    fn entry(&self, row: usize) -> Option<&Entry> {
        match (&self.typed, row) {
            (Some(typed), 0) => Some(typed),
            (Some(_), row) => self.entries.get(*self.matches.get(row - 1)?),
            (None, row) => self.entries.get(*self.matches.get(row)?),
        }
    }

    fn choose(&self, cx: &mut Cx<'_>) {
        let Some(entry) = self.entry(self.cursor) else {
            let text = self.input.text().trim();
            cx.out.say(Severity::Warning, format!("'{}' is no action and no table here", safe(text)));
            return;
        };
        cx.out.intents.push(match entry.target.clone() {
            Target::Action(action) => Intent::Do(action),
            Target::Place(place) => Intent::Go(place),
            Target::Rows(text) => {
                Intent::Prompted { pane: PaneId::Table, kind: PromptKind::GoTo, text, state: PromptState::Done }
            }
        });
    }
}

fn area(screen: Rect) -> Rect {
    let width = screen.width.saturating_sub(2).min(76);
    let height = screen.height.saturating_sub(4).clamp(5, 18).min(screen.height);
    let y = screen.y + (screen.height - height) / 4;
    Rect { x: screen.x + (screen.width - width) / 2, y, width, height }
}

impl Overlay for Palette {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Open => {
                self.choose(cx);
                return Step::Close;
            }
            Action::Cancel => return Step::Close,
            _ => {}
        }
        if let Some(to) = moved(action, self.cursor, self.len(), self.height) {
            self.cursor = to;
            let len = self.len();
            keep_visible(&mut self.cursor, &mut self.top, len, self.height);
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, _cx: &mut Cx<'_>) -> Step {
        if self.input.key(key) {
            self.look();
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_>) {
        if self.input.paste(text) {
            self.look();
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, screen: Rect, cx: &mut Cx<'_>) -> Step {
        let area = area(screen);
        match mouse.kind {
            MouseEventKind::ScrollDown => self.act(Action::Down, cx),
            MouseEventKind::ScrollUp => self.act(Action::Up, cx),
            MouseEventKind::Down(MouseButton::Left) => {
                if !area.contains(Position::new(mouse.column, mouse.row)) {
                    return Step::Close;
                }
                let row = (mouse.row as usize).checked_sub(area.y as usize + 3).map(|row| row + self.top);
                match row.filter(|row| *row < self.len()) {
                    Some(row) => {
                        self.cursor = row;
                        self.act(Action::Open, cx)
                    }
                    None => Step::Stay,
                }
            }
            _ => Step::Stay,
        }
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.height = area(screen).height.saturating_sub(4) as usize;
        let len = self.len();
        keep_visible(&mut self.cursor, &mut self.top, len, self.height);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let inside = window("Do, or go to TABLE/KEY", "enter · esc", area(screen), buf, cx);
        if inside.width < 6 || inside.height < 3 {
            return;
        }
        buf.set_stringn(inside.x + 1, inside.y, "›", 1, cx.theme.style(Role::Key));
        self.input.draw(Rect { x: inside.x + 3, y: inside.y, width: inside.width - 4, height: 1 }, buf);
        for x in inside.x..inside.right() {
            buf[(x, inside.y + 1)].set_symbol("─").set_style(cx.theme.style(Role::Faint));
        }
        if self.len() == 0 {
            let text = "No action and no table is called so.";
            let room = inside.width.saturating_sub(2) as usize;
            buf.set_stringn(inside.x + 1, inside.y + 2, text, room, cx.theme.style(Role::Muted));
        }
        for row in 0..inside.height.saturating_sub(2) as usize {
            let Some(entry) = self.entry(self.top + row) else { break };
            let y = inside.y + 2 + row as u16;
            let line = Rect { y, height: 1, ..inside };
            let key = entry.key.width() as u16;
            let room = inside.width.saturating_sub(key + 4) as usize;
            buf.set_stringn(inside.x + 1, y, fit(&entry.label, room), room, cx.theme.style(Role::Text));
            buf.set_stringn(
                inside.right().saturating_sub(key + 1),
                y,
                &entry.key,
                key as usize,
                cx.theme.style(Role::Key),
            );
            if self.top + row == self.cursor {
                buf.set_style(line, cx.theme.style(Role::SelectedCell));
            }
        }
    }
}
