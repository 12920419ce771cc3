//! The story of the question that is shown: when it is asked for, and what came of it.
//!
//! It is asked for only where something of it is to be seen, and only for a question that stays: moving through a table must not
//! read three tables for each row.

use std::{sync::Arc, time::Duration};

use super::{QuestionPane, tab::Tab};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, Slot},
    },
    domain::{
        activity::Item,
        review::{Flag, FlagSource, ReviewItem, Story, StoryEvent, StorySource},
    },
    message::{command::Command, event::Timer},
    panes::{Cx, Handled, link, story::timeline::Timeline},
};

/// How long a question has to stay before its story is read, where nobody has asked for more of it.
const SETTLES: Duration = Duration::from_millis(250);

/// What is known of the story.
#[derive(Debug, Default)]
pub(super) struct Tale {
    /// The story; stays while it is read anew.
    pub(super) story: Option<Arc<Story>>,
    /// Why it could not be read (anew).
    pub(super) error: Option<Error>,
    /// Whether it is on its way.
    pub(super) asked: bool,
    /// When the question came.
    since: Duration,
    /// Whether the user has done something with the question, or reviews it.
    settled: bool,
    /// The question's place in the review queue, where it is reviewed.
    item: Option<Arc<ReviewItem>>,
}

/// Why the question is flagged.
pub(super) enum Why<'t> {
    /// This says so.
    Told(Flag),
    /// Nothing says so.
    Untold,
    /// Not known yet.
    Reading,
    /// It could not be read.
    Failed(&'t Error),
}

/// The last entry of a story that flags the question.
fn flag_of(story: &Story) -> Option<Flag> {
    let is_flag = |event: &&StoryEvent| {
        event.source != StorySource::Queue && matches!(event.what.to_ascii_lowercase().as_str(), "flag" | "flagged")
    };
    let event = story.events.iter().find(is_flag)?;
    let source = if event.source == StorySource::History { FlagSource::History } else { FlagSource::Ledger };
    // Ledger and history tell of the same event: where one has no reason, the other's is as good.
    let reason = event.reason.clone().or_else(|| {
        let other = story.events.iter().filter(is_flag).find(|other| other.source != event.source)?;
        other.reason.clone()
    });
    Some(Flag { source, by: event.who.clone(), reason, at: event.at.clone() })
}

impl QuestionPane {
    /// Shows the question of this item of the review queue.
    pub fn show_reviewed(&mut self, item: &Arc<ReviewItem>, cx: &mut Cx<'_>) {
        if self.tale.item.as_ref() != Some(item) {
            self.tale.item = Some(Arc::clone(item));
            self.strip_width = None;
        }
        self.show(item.id.clone(), cx);
        self.tale.settled = true;
        self.tell(cx);
        self.lay_out(cx);
    }

    /// The question is shown for a review: its flags are known already, and its story is wanted at once.
    pub fn review(&mut self, item: Option<&Arc<ReviewItem>>, cx: &mut Cx<'_>) {
        if item.is_none() {
            self.forget_next(cx);
        }
        let item = item.cloned();
        if self.tale.item == item {
            return;
        }
        self.tale.settled |= item.is_some();
        self.tale.item = item;
        self.tell(cx);
        self.lay_out(cx);
    }

    /// Whether there is something to say about a flag.
    pub(super) fn is_flagged(&self) -> bool {
        let Some(shown) = self.shown.as_ref().filter(|_| self.problem.is_none()) else { return false };
        shown.question.status.as_deref() == Some("flagged") || self.item().is_some_and(|item| !item.flags.is_empty())
    }

    fn item(&self) -> Option<&ReviewItem> {
        let shown = self.shown.as_ref()?;
        self.tale.item.as_deref().filter(|item| item.id == shown.id)
    }

    /// Why it is flagged.
    pub(super) fn why(&self) -> Why<'_> {
        if let Some(flag) = self.item().and_then(|item| item.flags.first()) {
            let other = self.item().and_then(|item| item.flags.iter().find_map(|flag| flag.reason.clone()));
            return Why::Told(Flag { reason: flag.reason.clone().or(other), ..flag.clone() });
        }
        match (&self.tale.story, &self.tale.error) {
            (Some(story), _) => flag_of(story).map_or(Why::Untold, Why::Told),
            (None, Some(error)) if !self.tale.asked => Why::Failed(error),
            _ => Why::Reading,
        }
    }

    /// Another question is shown: its story is not known.
    pub(super) fn forget_story(&mut self, cx: &mut Cx<'_>) {
        if self.tale.asked {
            cx.out.cancel(Slot::Story);
        }
        self.tale = Tale {
            since: cx.now.elapsed,
            item: self.tale.item.take(),
            settled: self.tale.item.is_some(),
            ..Tale::default()
        };
        self.timeline = Timeline::default();
    }

    /// The user does something with this question.
    pub(super) fn settle(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::replace(&mut self.tale.settled, true) {
            self.tell(cx);
        }
    }

    fn wants_story(&self) -> bool {
        let tab = matches!(self.tab, Tab::Changes | Tab::Queue | Tab::Timeline);
        let strip = self.is_flagged() && self.item().is_none_or(|item| item.flags.is_empty());
        self.problem.is_none() && self.shown.is_some() && !self.area.is_empty() && (tab || strip)
    }

    /// Asks for the story where something of it is to be seen and the question stays; looks again later where it may not.
    pub(super) fn tell(&mut self, cx: &mut Cx<'_>) {
        let known = self.tale.story.is_some() || self.tale.error.is_some() || self.tale.asked;
        // While another question is on its way, this one does not stay.
        if known || self.waits_for_another() || !self.wants_story() {
            return;
        }
        let stayed = cx.now.elapsed.saturating_sub(self.tale.since);
        if self.tale.settled || stayed >= SETTLES {
            self.ask_story(cx);
        } else {
            cx.out.commands.push(Command::After(SETTLES - stayed, Timer::Preview));
        }
    }

    fn ask_story(&mut self, cx: &mut Cx<'_>) {
        let Some(shown) = &self.shown else { return };
        let query = Query::Story(Item::question(&shown.id));
        self.tale.asked = true;
        if self.tale.story.is_some() {
            cx.out.ask_again(Slot::Story, query);
        } else {
            cx.out.ask(Slot::Story, query);
        }
    }

    /// The database has changed, or the user wants to see it anew.
    pub(super) fn tell_again(&mut self, cx: &mut Cx<'_>) {
        if self.tale.story.is_none() && self.tale.error.is_none() {
            return self.tell(cx);
        }
        if self.wants_story() {
            self.ask_story(cx);
        } else {
            self.tale.story = None;
            self.tale.error = None;
        }
    }

    /// The database can be read again.
    pub(super) fn story_recovered(&mut self, cx: &mut Cx<'_>) {
        if self.tale.error.as_ref().is_some_and(link::is_of_the_way) && !self.tale.asked && self.wants_story() {
            self.ask_story(cx);
        }
    }

    pub(super) fn told(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        if !std::mem::take(&mut self.tale.asked) {
            return Handled::No;
        }
        match outcome {
            Ok(Answer::Story(story)) => {
                let known = self.tale.error.take().is_none() && self.tale.story.as_ref() == Some(story);
                self.tale.story = Some(Arc::clone(story));
                if known {
                    return Handled::No;
                }
            }
            Ok(_) => return Handled::No,
            Err(error) if error.kind == ErrorKind::Cancelled => return Handled::No,
            Err(error) => {
                if self.tale.error.replace(error.clone()).as_ref() == Some(error) {
                    return Handled::No;
                }
            }
        }
        self.spoil_story();
        self.lay_out(cx);
        Handled::Yes
    }

    /// The tabs that tell of the story have to be made anew.
    pub(super) fn spoil_story(&mut self) {
        for tab in [Tab::Changes, Tab::Queue, Tab::Timeline] {
            self.sheets[tab.place()].spoil();
        }
        self.strip_width = None;
    }
}
