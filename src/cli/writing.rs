//! What the writing commands have in common: the right to write, the batch, the receipt. Never asks anything.

use std::{collections::BTreeMap, ffi::OsStr, io::Write, time::Duration};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    Context, Failure, Status,
    args::{
        Connecting,
        writing::{ReceiptFormat, Writing},
    },
    json,
    target::{self, Access},
};
use crate::{
    db::{
        error::{Error, ErrorKind},
        location::Location,
        session::ReadSession,
        write::{Grant, WriteSession},
    },
    domain::{
        change::{Batch, BatchId, Change, Entry, EntryId, Known, Obstacle, Outcome, Trail, TrailPolicy, Written},
        change_words,
        page::RowKey,
        record_text::{is_masked, value_json},
        value::{Secrets, Value},
    },
    widgets::safe::safe,
};

/// A database that is open for reading, and may be written.
pub(super) struct Desk {
    /// Reads.
    pub(super) read: ReadSession,
    grant: Grant,
}

impl Desk {
    /// Opens the database, if writing was asked for.
    ///
    /// # Errors
    /// It was not; the database cannot be opened, or not be written.
    pub(super) fn open(
        cx: Context<'_>,
        database: Option<&OsStr>,
        connecting: &Connecting,
        writing: &Writing,
    ) -> Result<Self, Failure> {
        let access = if writing.write { Access::Write } else { Access::Read };
        let opening = cx.opening(database, connecting, access)?;
        super::connect::say(&opening.notes);
        if opening.access != Access::Write {
            return Err(Failure::new(
                Status::NotPermitted,
                "nothing is changed unless it is asked for: add --write (or set TURSO_WRITE_MODE=true)",
            ));
        }
        let location = match opening.location.ok_or_else(target::nothing_set)? {
            // The copy may be old, and what is read here guards what is written there.
            Location::Replica(replica) => Location::Server(replica.server().clone()),
            location => location,
        };
        let read = super::connect::open(&location, Access::Write)?;
        Ok(Self { read, grant: Grant::open(&location)? })
    }
}

/// What is to happen to one row, by the id it was named by.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// As on the command line.
    pub(super) id: String,
    /// What happens.
    pub(super) change: Change,
    /// What the history says of it.
    pub(super) trail: Option<Trail>,
}

/// What was not written, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// As on the command line.
    pub(super) id: String,
    /// One word for programs.
    pub(super) why: &'static str,
    /// Words for people.
    pub(super) words: String,
}

/// What becomes of the others where something stands against one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conflicts {
    /// Nothing is written.
    Refuse,
    /// They are written.
    Skip,
}

/// What came of it all.
enum Fate {
    Committed { written: Vec<(Line, RowKey)>, known: Known },
    Refused,
    Nothing,
    Unknown(String),
}

/// Writes these in one transaction, and prints the receipt. What is left out already is in it, too.
///
/// # Errors
/// Nothing is written: see [`Status`].
pub(super) fn commit(
    desk: &Desk,
    author: &str,
    at: Timestamp,
    (mut lines, mut left_out): (Vec<Line>, Vec<LeftOut>),
    conflicts: Conflicts,
    writing: &Writing,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let blocked =
        |left_out: &[LeftOut]| conflicts == Conflicts::Refuse && left_out.iter().any(|one| one.why != ALREADY);
    let mut session = WriteSession::open(&desk.grant)?.with_patience(Duration::from_secs(writing.patience));
    let trail = if writing.without_trail { TrailPolicy::Waived } else { TrailPolicy::Required };
    let mut number = 0;
    let fate = loop {
        if blocked(&left_out) {
            break Fate::Refused;
        }
        if lines.is_empty() {
            // Where conflicts are skipped and nothing else was asked for, all of it was refused.
            break if left_out.iter().any(|one| one.why != ALREADY) { Fate::Refused } else { Fate::Nothing };
        }
        number += 1;
        let entries = lines.iter().zip(1..).map(|(line, id)| Entry {
            id: EntryId(id),
            change: line.change.clone(),
            trail: line.trail.clone(),
        });
        let batch = Batch { id: BatchId(number), entries: entries.collect(), author: author.to_owned(), at, trail };
        match session.write(&batch).map_err(failure)?.outcome {
            Outcome::Committed { written, known } => {
                break Fate::Committed { written: matched(lines, &written), known };
            }
            Outcome::Unknown(words) => break Fate::Unknown(words),
            Outcome::Refused(refusals) => {
                let mut why: BTreeMap<EntryId, Obstacle> =
                    refusals.into_iter().map(|refusal| (refusal.entry, refusal.why)).collect();
                let before = lines.len();
                let mut kept = Vec::new();
                for (line, id) in std::mem::take(&mut lines).into_iter().zip(1..) {
                    match why.remove(&EntryId(id)) {
                        Some(obstacle) => left_out.push(stood_against(&line, &obstacle)),
                        None => kept.push(line),
                    }
                }
                lines = kept;
                if lines.len() == before {
                    // Refused for nobody's sake: it would be refused again.
                    break Fate::Refused;
                }
            }
        }
    };
    let printed = receipt(&fate, &left_out, writing.format, out).and_then(|()| Ok(out.flush()?));
    let committed = matches!(fate, Fate::Committed { .. });
    // What became of it counts more than whether anybody reads the receipt: a refusal stays one behind `| head`.
    conclusion(fate, &left_out)?;
    printed.map_err(|failure| match failure.is_reader_gone() || !committed {
        true => failure,
        false => failure.about("all is written, but the receipt cannot be"),
    })
}

/// Why something is left out that is as wanted already: no reason to refuse the others.
pub(super) const ALREADY: &str = "already";

fn failure(error: Error) -> Failure {
    match error.kind {
        ErrorKind::NoTrail => {
            Failure::new(Status::Refused, format!("{}: --without-trail writes all the same", error.what))
        }
        _ => error.into(),
    }
}

fn matched(lines: Vec<Line>, written: &[Written]) -> Vec<(Line, RowKey)> {
    let keys: BTreeMap<EntryId, &RowKey> = written.iter().map(|written| (written.entry, &written.key)).collect();
    let key = |id: u64, line: &Line| keys.get(&EntryId(id)).copied().or(line.change.key()).cloned();
    lines.into_iter().zip(1..).filter_map(|(line, id)| key(id, &line).map(|key| (line, key))).collect()
}

fn stood_against(line: &Line, obstacle: &Obstacle) -> LeftOut {
    let why = match obstacle {
        Obstacle::Changed(_) => "changed",
        Obstacle::Gone => "gone",
        Obstacle::Pending(_) => "pending",
        Obstacle::Said { .. } => "refused",
    };
    LeftOut { id: line.id.clone(), why, words: change_words::obstacle(&line.change, obstacle) }
}

/// Column → before and after, of what a change sets; secrets masked.
fn changed(change: &Change) -> impl Iterator<Item = (&str, Json, Json)> {
    let (set, shown) = match change {
        Change::Update { set, shown, .. } => (set.as_slice(), shown.as_slice()),
        Change::Insert { cells, .. } => (cells.as_slice(), [].as_slice()),
        Change::Delete { .. } => ([].as_slice(), [].as_slice()),
    };
    set.iter().filter_map(move |(at, after)| {
        let column = change.relation().columns.get(*at)?;
        let told = |value: &Value| {
            if is_masked(column, value, Secrets::Masked) { json!({ "masked": true }) } else { value_json(value) }
        };
        let before = shown.iter().find(|(shown, _)| shown == at).map_or(Json::Null, |(_, before)| told(before));
        Some((column.name.as_str(), before, told(after)))
    })
}

fn receipt(fate: &Fate, left_out: &[LeftOut], format: ReceiptFormat, out: &mut dyn Write) -> Result<(), Failure> {
    let none = Vec::new();
    let (outcome, known, written) = match fate {
        Fate::Committed { written, known: Known::Answered } => ("committed", Some("answered"), written),
        Fate::Committed { written, known: Known::Looked } => ("committed", Some("looked"), written),
        Fate::Refused => ("refused", None, &none),
        Fate::Nothing => ("nothing", None, &none),
        Fate::Unknown(_) => ("unknown", None, &none),
    };
    match format {
        ReceiptFormat::Table => {
            for (line, _) in written {
                writeln!(out, "{}  {}", safe(&line.id), safe(&summary(&line.change)))?;
            }
            Ok(())
        }
        ReceiptFormat::Json => {
            let written: Vec<Json> = written
                .iter()
                .map(|(line, key)| {
                    let cells = changed(&line.change).map(|(column, before, after)| {
                        (column.to_owned(), json!({ "before": before, "after": after }))
                    });
                    json!({
                        "id": line.id,
                        "table": line.change.relation().name,
                        "key": key_json(key),
                        "changed": Json::Object(cells.collect()),
                    })
                })
                .collect();
            let left_out: Vec<Json> =
                left_out.iter().map(|one| json!({ "id": one.id, "why": one.why, "words": one.words })).collect();
            json::write(&json!({ "outcome": outcome, "known": known, "written": written, "left_out": left_out }), out)
        }
    }
}

fn key_json(key: &RowKey) -> Json {
    match key {
        RowKey::Rowid(number) => json!(number),
        RowKey::Primary(values) => Json::Array(values.iter().map(value_json).collect()),
        RowKey::Ordinal(number) => json!(number),
    }
}

/// A change in few words: `status: flagged → active`, `work_queue: action improve, priority 5`.
fn summary(change: &Change) -> String {
    let words = |value: &Json| match value {
        Json::String(text) => shortened(text),
        other => shortened(&other.to_string()),
    };
    match change {
        Change::Delete { .. } => "deleted".to_owned(),
        Change::Update { .. } => {
            let cells = changed(change);
            let cells =
                cells.map(|(column, before, after)| format!("{column}: {} → {}", words(&before), words(&after)));
            cells.collect::<Vec<_>>().join(", ")
        }
        Change::Insert { relation, .. } => {
            // Whose item it is stands before it.
            let told = |column: &str| ["action", "priority", "reason"].contains(&column);
            let cells = changed(change).filter(|(column, ..)| told(column));
            let cells = cells.map(|(column, _, after)| format!("{column} {}", words(&after)));
            format!("{}: {}", relation.name, cells.collect::<Vec<_>>().join(", "))
        }
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain(std::iter::once('…')).collect()
}

/// The end of the command: words on standard error, and the exit status.
fn conclusion(fate: Fate, left_out: &[LeftOut]) -> Result<(), Failure> {
    let named = left_out.iter().map(|one| format!("{}: {}", one.id, one.words)).collect::<Vec<_>>();
    match fate {
        Fate::Committed { .. } | Fate::Nothing => {
            super::connect::say(&named.iter().map(|words| format!("left out: {words}")).collect::<Vec<_>>());
            Ok(())
        }
        Fate::Refused => Err(Failure::new(Status::Refused, format!("nothing is written: {}", named.join("; ")))),
        Fate::Unknown(words) => {
            Err(Failure::new(Status::Failed, format!("whether it is written is not known: {words}")))
        }
    }
}
