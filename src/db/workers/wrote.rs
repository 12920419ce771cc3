//! After a write through this program: what was kept of the rows is not shown any more.
//!
//! Owns which answers those are. The poll would notice it, too, but only the next one.

use super::Shared;
use crate::domain::{
    change::{Batch, Change, Outcome, Written},
    value::Value,
};

/// What a write leaves of the answers that are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Overtaken {
    /// Whatever is kept of these relations' pages, rows and cells goes.
    pub(super) relations: Vec<String>,
    /// These questions go; `None`: all of them.
    pub(super) questions: Option<Vec<String>>,
}

impl Shared {
    /// A batch was written, or nobody knows: what is kept may be older.
    pub(super) fn wrote(&self, batch: &Batch, outcome: &Outcome) {
        self.cache.overtake(&overtaken(batch, outcome));
        // Of other tables, too: the history has more rows, and triggers do what they do.
        self.counts.forget();
    }
}

fn overtaken(batch: &Batch, outcome: &Outcome) -> Overtaken {
    let mut relations: Vec<String> = batch.entries.iter().map(|entry| entry.change.relation().name.clone()).collect();
    relations.sort_unstable();
    relations.dedup();
    // Questions are read with their mappings; of other tables they hold nothing.
    let touches = |name: &str| batch.entries.iter().any(|entry| entry.change.relation().is(name));
    let questions = match outcome {
        _ if touches("channelMappings") => None,
        _ if !touches("questions") => Some(Vec::new()),
        Outcome::Committed { written, .. } => {
            written.iter().filter(|one| one.inverse.relation().is("questions")).map(id).collect()
        }
        _ => None,
    };
    Overtaken { relations, questions }
}

/// The id of a question that was written, or was until then.
fn id(written: &Written) -> Option<String> {
    let relation = written.inverse.relation();
    let at = relation.column("id")?;
    let text = |value: &Value| value.as_text().map(std::borrow::Cow::into_owned);
    match (&written.after, &written.inverse) {
        // Its id was another: both are known by neither.
        (_, Change::Update { set, .. }) if set.iter().any(|(column, _)| *column == at) => None,
        (Some(after), _) => after.cells.get(at).and_then(text),
        (None, Change::Insert { cells, .. }) => {
            cells.iter().find(|(column, _)| *column == at).and_then(|(_, value)| text(value))
        }
        (None, _) => None,
    }
}
