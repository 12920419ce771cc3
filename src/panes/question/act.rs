//! What the user does in the pane.

use std::sync::Arc;

use ratatui::layout::Position;

use super::{
    QuestionPane,
    tab::{Mode, Tab},
    text::Text,
    view,
};
use crate::{
    domain::place::Place,
    message::{action::Action, command::Command},
    panes::{Cx, EditHow, Handled, Intent, PromptKind, PromptState, Secrets, Severity, overlay::edit_field::Field},
    widgets::rich::Wrap,
};

/// Columns a step sideways goes.
const SIDEWAYS: i64 = 4;

impl QuestionPane {
    pub(super) fn do_action(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let times = i64::try_from(count.unwrap_or(1)).unwrap_or(i64::MAX);
        let page = i64::from(view::body(self.area).height).max(1);
        let half = (page / 2).max(1);
        let view = &mut self.sheet_mut().view;
        match action {
            Action::Down => view.scroll(0, times),
            Action::Up => view.scroll(0, -times),
            Action::PageDown => view.scroll(0, page.saturating_mul(times)),
            Action::PageUp => view.scroll(0, -page.saturating_mul(times)),
            Action::HalfPageDown => view.scroll(0, half.saturating_mul(times)),
            Action::HalfPageUp => view.scroll(0, -half.saturating_mul(times)),
            Action::Left => view.scroll(-SIDEWAYS.saturating_mul(times), 0),
            Action::Right => view.scroll(SIDEWAYS.saturating_mul(times), 0),
            Action::FirstColumn => view.leftmost(),
            Action::LastColumn => view.rightmost(),
            Action::First => view.top(),
            Action::Last => view.bottom(),
            Action::Percent => {
                let row = view.row_count() as u128 * u128::from(count.unwrap_or(0).min(100)) / 100;
                view.go_to(usize::try_from(row).unwrap_or(usize::MAX));
            }
            Action::Wrap => view.set_wrap(if view.wrap() == Wrap::Cut { Wrap::Wrap } else { Wrap::Cut }),
            Action::NextMatch if view.match_count() > 0 => view.next_match(),
            Action::PreviousMatch if view.match_count() > 0 => view.previous_match(),
            Action::NextTab => self.open_tab(self.tab.by(1), cx),
            Action::PreviousTab => self.open_tab(self.tab.by(Tab::ALL.len() - 1), cx),
            Action::Raw | Action::Fold => return self.toggle_source(cx),
            Action::Search => self.open_search(cx),
            Action::Cancel => return self.end_search(),
            Action::Refresh => self.changed(cx),
            Action::Open => return self.copy_link(cx),
            Action::FollowReference => return self.go_to_row(cx),
            Action::Copy => return self.copy(cx),
            Action::CopyRow => return self.copy_row(cx),
            Action::Edit => return self.edit(EditHow::InPlace, cx),
            Action::EditExternal => return self.edit(EditHow::External, cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    pub(super) fn open_tab(&mut self, tab: Tab, cx: &mut Cx<'_>) {
        self.tab = tab;
        self.lay_out(cx);
    }

    /// Source, or rendered: where there are two.
    fn toggle_source(&mut self, cx: &mut Cx<'_>) -> Handled {
        if !matches!(self.tab, Tab::Question | Tab::Explanation | Tab::Diagram) {
            return Handled::No;
        }
        let sheet = self.sheet_mut();
        sheet.mode = sheet.mode.other();
        sheet.spoil();
        sheet.view.top();
        sheet.view.leftmost();
        self.lay_out(cx);
        Handled::Yes
    }

    fn open_search(&mut self, cx: &mut Cx<'_>) {
        self.before = Some((self.pattern.clone(), self.sheet().view.offset()));
        let text = self.pattern.clone();
        cx.out.intents.push(Intent::Prompt { kind: PromptKind::Search, title: "Search".to_owned(), text });
    }

    /// A pattern is typed: the first match from where one was, not from where half the word has led.
    pub(super) fn search(&mut self, text: &str, state: PromptState) {
        if state == PromptState::Given {
            if let Some((pattern, (_, row))) = self.before.take() {
                self.sheet_mut().mark(&pattern);
                self.sheet_mut().view.go_to(row);
                self.pattern = pattern;
            }
            return;
        }
        let row = self.before.as_ref().map(|(_, (_, row))| *row);
        let view = &mut self.sheet_mut().view;
        if view.pattern() != text {
            if let Some(row) = row {
                view.go_to(row);
            }
            view.search(text);
        }
        text.clone_into(&mut self.pattern);
        if state == PromptState::Done {
            self.before = None;
        }
    }

    fn end_search(&mut self) -> Handled {
        if self.pattern.is_empty() {
            return Handled::No;
        }
        self.pattern.clear();
        self.sheet_mut().mark("");
        Handled::Yes
    }

    /// There is no cursor in a text: of the links on the screen, the first is meant.
    fn copy_link(&mut self, cx: &mut Cx<'_>) -> Handled {
        let links = self.sheet().view.visible_links();
        let Some(first) = links.first().map(|link| (*link).to_owned()) else { return Handled::No };
        if links.len() > 1 {
            let words = format!("the first of {} links on the screen: a click on another copies that", links.len());
            cx.out.say(Severity::Info, words);
        }
        cx.out.commands.push(Command::Copy { text: first, what: "link".to_owned() });
        Handled::Yes
    }

    fn go_to_row(&mut self, cx: &mut Cx<'_>) -> Handled {
        let Some(shown) = &self.shown else { return Handled::No };
        let relation = shown.record.record.relation.name.clone();
        cx.out.intents.push(Intent::Go(Place { relation, key: Some(shown.id.clone()) }));
        Handled::Yes
    }

    /// What the tab shows: texts as Markdown, the diagram as it is shown, the others as their lines.
    fn copy(&mut self, cx: &mut Cx<'_>) -> Handled {
        let Some(shown) = &self.shown else { return Handled::No };
        let (text, what) = match self.tab {
            Tab::Question => (Text::sources(&shown.texts), "question"),
            Tab::Explanation => (Text::sources(&shown.explanation), "explanation"),
            Tab::Diagram if self.sheet().mode == Mode::Source => {
                (shown.diagram.as_deref().unwrap_or_default().to_owned(), "diagram's source")
            }
            Tab::Diagram => (self.sheet().view.text(), "diagram"),
            Tab::Details => (self.sheet().view.text(), "details"),
            Tab::Raw => (self.sheet().view.text(), "raw values"),
        };
        if text.trim().is_empty() {
            cx.out.say(Severity::Info, "there is nothing to copy here");
        } else {
            cx.out.commands.push(Command::Copy { text, what: what.to_owned() });
        }
        Handled::Yes
    }

    fn copy_row(&mut self, cx: &mut Cx<'_>) -> Handled {
        let Some(shown) = &self.shown else { return Handled::No };
        let record = &shown.record.record;
        let (relation, key) = (Arc::clone(&record.relation), record.key.clone());
        cx.out.intents.push(Intent::CopyRow { relation, key, secrets: Secrets::Masked });
        Handled::Yes
    }

    /// Edits the field that the tab shows; where it shows several, one of them is chosen first.
    fn edit(&mut self, how: EditHow, cx: &mut Cx<'_>) -> Handled {
        let Some(shown) = &self.shown else { return Handled::No };
        let record = &shown.record.record;
        let (relation, key) = (Arc::clone(&record.relation), record.key.clone());
        let names: &[&str] = match self.tab {
            Tab::Question => &["question", "answer", "tldr", "eli5"],
            Tab::Explanation => &["explanation"],
            Tab::Diagram => &["diagram"],
            _ => &[],
        };
        let columns: Vec<usize> = names.iter().filter_map(|name| relation.column(name)).collect();
        cx.out.intents.push(match columns[..] {
            [column] => Intent::EditCell { relation, key, column, how },
            _ => Intent::EditField { fields: Field::of_record(record, &columns), relation, key, how },
        });
        Handled::Yes
    }

    pub(super) fn click(&mut self, at: Position, cx: &mut Cx<'_>) -> Handled {
        let body = view::body(self.area);
        if !body.contains(at) {
            return Handled::No;
        }
        let link = self.sheet().view.link_at(at.x - body.x, at.y - body.y).map(str::to_owned);
        if let Some(text) = link {
            cx.out.commands.push(Command::Copy { text, what: "link".to_owned() });
        }
        Handled::Yes
    }
}
