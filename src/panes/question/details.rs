//! The details tab: what is known of a question beside its texts, as names at the left and values beside them.

mod form;

use jiff::Timestamp;

use self::form::Form;
use crate::{
    domain::{catalogue, question::Question},
    theme::Role,
    widgets::rich::RichLine,
};

/// The lines of the tab at this width.
pub(super) fn lines(question: &Question, mappings: &[(String, String)], now: Timestamp, width: u16) -> Vec<RichLine> {
    let mut form = Form::new(width);
    form.listed("status", "status", question.status.as_deref());
    form.listed("difficulty", "difficulty", question.difficulty.as_deref());
    form.text("channel", question.channel.as_deref());
    form.text("sub-channel", question.sub_channel.as_deref());
    form.mappings("mapped to", mappings);
    form.flag("new", &question.is_new);
    form.flag("voice", &question.voice_suitable);
    form.gap();
    form.chips("tags", &question.tags);
    form.chips("companies", &question.companies);
    form.chips("experience", &question.experience_levels);
    form.chips("voice words", &question.voice_keywords);
    form.gap();
    form.score("relevance", &question.relevance_score);
    form.json("about it", &question.relevance_details);
    form.scores("job titles", &question.job_titles);
    form.gap();
    form.videos("videos", &question.videos);
    form.link("source", question.source_url.as_deref());
    form.gap();
    form.time("created", question.created_at.as_deref(), now);
    form.time("updated", question.last_updated.as_deref(), now);
    form.lines()
}

/// `channel › sub-channel`, where there is either.
pub(super) fn path(channel: Option<&str>, sub: Option<&str>) -> Option<String> {
    match (channel, sub.filter(|sub| !sub.is_empty())) {
        (None, None) => None,
        (Some(channel), None) => Some(channel.to_owned()),
        (channel, Some(sub)) => Some(format!("{} › {sub}", channel.unwrap_or("?"))),
    }
}

/// The role of an enumerated value of questions, by the catalogue; others are ordinary text.
pub(super) fn role_of(column: &str, value: &str) -> Role {
    let facts = catalogue::table("questions").and_then(|table| table.column(column));
    facts.and_then(|facts| facts.meaning.tone(value)).map_or(Role::Text, Role::from)
}
