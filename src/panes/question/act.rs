//! What the user does in the pane.

use std::sync::Arc;

use ratatui::layout::Position;

use super::{QuestionPane, tab::Tab, text::Text};
use crate::{
    domain::{activity::Item, place::Place, review::StoryEvent},
    message::{action::Action, command::Command},
    panes::{
        Cx, EditHow, Handled, Intent, PromptKind, PromptState, Secrets, Severity,
        overlay::edit_field::Field,
        story::{
            sheet::{Mode, Places},
            timeline::place_of,
        },
    },
    widgets::{diff::Shape, rich::Wrap, safe::safe},
};

/// Columns a step sideways goes.
const SIDEWAYS: i64 = 4;

impl QuestionPane {
    pub(super) fn do_action(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let times = i64::try_from(count.unwrap_or(1)).unwrap_or(i64::MAX);
        let page = i64::from(self.body().height).max(1);
        let half = (page / 2).max(1);
        let sheet = self.sheet_mut();
        match action {
            Action::Down if sheet.select_by(times) => return Handled::Yes,
            Action::Up if sheet.select_by(-times) => return Handled::Yes,
            Action::Down => self.scroll(times),
            Action::Up => self.scroll(-times),
            Action::PageDown => self.scroll(page.saturating_mul(times)),
            Action::PageUp => self.scroll(page.saturating_mul(times).saturating_neg()),
            Action::HalfPageDown => self.scroll(half.saturating_mul(times)),
            Action::HalfPageUp => self.scroll(half.saturating_mul(times).saturating_neg()),
            Action::First | Action::Last => {
                if action == Action::First {
                    sheet.view.top();
                } else {
                    sheet.view.bottom();
                }
                sheet.at = match (sheet.kind, action) {
                    (Places::Changes, _) => None,
                    (Places::Items, Action::First) => Some(0),
                    (Places::Items, _) => Some(sheet.places.len().saturating_sub(1)),
                };
            }
            _ => return self.do_more(action, count, times, cx),
        }
        Handled::Yes
    }

    fn do_more(&mut self, action: Action, count: Option<u64>, times: i64, cx: &mut Cx<'_>) -> Handled {
        let tab = self.tab;
        let view = &mut self.sheet_mut().view;
        match action {
            Action::Left => view.scroll(-SIDEWAYS.saturating_mul(times), 0),
            Action::Right => view.scroll(SIDEWAYS.saturating_mul(times), 0),
            Action::FirstColumn => view.leftmost(),
            Action::LastColumn => view.rightmost(),
            Action::Percent => {
                let row = view.row_count() as u128 * u128::from(count.unwrap_or(0).min(100)) / 100;
                view.go_to(usize::try_from(row).unwrap_or(usize::MAX));
            }
            Action::Wrap if matches!(tab, Tab::Changes | Tab::Timeline) => self.turn_diff(cx),
            Action::Wrap => view.set_wrap(if view.wrap() == Wrap::Cut { Wrap::Wrap } else { Wrap::Cut }),
            Action::NextMatch if view.match_count() > 0 => view.next_match(),
            Action::PreviousMatch if view.match_count() > 0 => view.previous_match(),
            Action::NextMatch if self.pattern.is_empty() && self.sheet_mut().step(1) => {}
            Action::PreviousMatch if self.pattern.is_empty() && self.sheet_mut().step(-1) => {}
            Action::NextTab => self.open_tab(self.tab.by(1), cx),
            Action::PreviousTab => self.open_tab(self.tab.by(Tab::ALL.len() - 1), cx),
            Action::Open | Action::Raw | Action::Fold | Action::Mark | Action::AsItWas
                if self.tab == Tab::Timeline && self.selected_event().is_some() =>
            {
                return self.act_timeline(action, cx);
            }
            Action::Mark | Action::AsItWas if self.tab != Tab::Timeline => {
                self.open_tab(Tab::Timeline, cx);
                cx.out.say(
                    Severity::Info,
                    "choose an event of the timeline: space marks it, A shows the question as it was",
                );
            }
            Action::Timeline => self.open_tab(Tab::Timeline, cx),
            Action::Raw | Action::Fold => return self.toggle_source(cx),
            Action::Search => self.open_search(cx),
            Action::Cancel if self.tab == Tab::Timeline && self.timeline.unmark() == Handled::Yes => {
                self.lay_out_timeline(cx);
            }
            Action::Cancel => return self.end_search(),
            Action::Refresh => self.changed(cx),
            Action::Open if self.tab == Tab::Queue && self.selected_event().is_some() => return self.go_to_event(cx),
            Action::Open => return self.copy_link(cx),
            Action::FollowReference if self.selected_event().is_some() => return self.go_to_event(cx),
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
        self.tell(cx);
        self.lay_out(cx);
    }

    /// The event that is selected in the queue or the timeline.
    fn selected_event(&self) -> Option<&StoryEvent> {
        let story = self.tale.story.as_ref()?;
        let at = self.sheet().at.filter(|_| self.sheet().selected().is_some())?;
        match self.tab {
            Tab::Queue => story.queue().nth(at),
            Tab::Timeline => story.events.get(at),
            _ => None,
        }
    }

    /// What the timeline's keys do to the selected event.
    fn act_timeline(&mut self, action: Action, cx: &mut Cx<'_>) -> Handled {
        let at = self.sheet().at.filter(|_| self.sheet().selected().is_some());
        let (Some(story), Some(shown)) = (self.tale.story.clone(), &self.shown) else { return Handled::No };
        let item = Item::question(&shown.id);
        if self.timeline.act(action, at, (&story, &item), cx) == Handled::No {
            return Handled::No;
        }
        self.lay_out_timeline(cx);
        Handled::Yes
    }

    /// Makes the timeline's lines anew; the selected event stays on the screen.
    fn lay_out_timeline(&mut self, cx: &mut Cx<'_>) {
        self.sheets[Tab::Timeline.place()].spoil();
        self.lay_out(cx);
        let sheet = self.sheet_mut();
        if let Some(at) = sheet.at {
            sheet.select(at);
        }
    }

    /// To the row of the ledger, the history, the runs or the queue that tells of the selected event.
    fn go_to_event(&mut self, cx: &mut Cx<'_>) -> Handled {
        let Some(event) = self.selected_event() else { return Handled::No };
        cx.out.intents.push(Intent::Go(place_of(event, cx)));
        Handled::Yes
    }

    /// Diffs: the sides beside each other where that fits, or one below the other.
    fn turn_diff(&mut self, cx: &mut Cx<'_>) {
        self.shape = if self.shape == Shape::Unified { Shape::Fitting } else { Shape::Unified };
        self.spoil_story();
        self.lay_out(cx);
    }

    /// Source, or rendered: where there are two.
    fn toggle_source(&mut self, cx: &mut Cx<'_>) -> Handled {
        if matches!(self.tab, Tab::Details | Tab::Raw | Tab::Queue | Tab::Timeline) {
            return Handled::No;
        }
        let sheet = self.sheet_mut();
        sheet.mode = sheet.mode.other();
        sheet.spoil();
        if self.tab == Tab::Changes {
            self.lay_out(cx);
            return Handled::Yes;
        }
        let sheet = self.sheet_mut();
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
            Tab::Changes => (self.sheet().view.text(), "changes"),
            Tab::Queue => (self.sheet().view.text(), "queue items"),
            Tab::Timeline => (self.sheet().view.text(), "timeline"),
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
        let Some(shown) = self.shown.as_ref().filter(|_| self.is_here()) else {
            if let Some(id) = self.id() {
                let words = format!("{} is not on the screen yet: edit it when it is", safe(id));
                cx.out.say(Severity::Info, words);
            }
            return Handled::Yes;
        };
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
        let body = self.body();
        if !body.contains(at) {
            return Handled::No;
        }
        let sheet = self.sheet_mut();
        let line = sheet.view.offset().1 + usize::from(at.y - body.y);
        if sheet.selected().is_some()
            && let Some(item) = sheet.places.iter().position(|place| place.contains(&line))
        {
            // A click selects; on the line that is selected it opens.
            let again = sheet.at == Some(item) && sheet.places[item].start == line;
            sheet.at = Some(item);
            if again && self.tab == Tab::Timeline {
                return self.act_timeline(Action::Open, cx);
            }
            return Handled::Yes;
        }
        let link = self.sheet().view.link_at(at.x - body.x, at.y - body.y).map(str::to_owned);
        if let Some(text) = link {
            cx.out.commands.push(Command::Copy { text, what: "link".to_owned() });
        }
        Handled::Yes
    }
}
