//! What became of a transaction whose answer was lost.
//!
//! It is never sent again: it is looked. The look is a transaction of its own, which waits until whatever is under way has ended. What it
//! finds is true for good once the deadline of the lost one has passed by the server's clock: nobody carries it out after that. Owns
//! how long that is tried, and the words where it cannot be known. Must not change anything.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    ServerWriter, committed,
    order::Order,
    rows::{self, FORM, Picture},
};
use crate::{
    db::{
        connection::Canceller,
        error::{Error, ErrorKind, Result},
        server::{
            cells::strange,
            link::Sent,
            record::{RowParts, Wanted},
            script::Script,
            transaction::{Moment, Transaction},
        },
        sql::{Source, literal, quoted},
        write::plan,
    },
    domain::{
        change::{Batch, Change, Entry, Known, Outcome},
        page::Record,
        schema::{KeyKind, Relation},
        value::Value,
    },
};

/// How long between two looks, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often the canceller is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(20);

/// What a look found.
enum Seen {
    /// It is written: the rows as they are now.
    Written(Vec<Option<Record>>),
    /// It is not written, at this moment of the server's.
    NotYet(Moment),
}

impl ServerWriter {
    /// Looks until it is known what became of it, at most as long as three requests may take.
    ///
    /// # Errors
    ///
    /// Nothing is written, and never will be.
    pub(super) fn look(
        &self,
        batch: &Batch,
        picture: &Picture,
        order: &Order,
        history: Option<&Arc<Relation>>,
        until: Moment,
        why: Error,
    ) -> Result<Outcome> {
        let begun = Instant::now();
        // Who cancels wants it not to be written: whether it was is told all the same.
        let (canceller, patience) = if self.canceller.is_cancelled() {
            (Canceller::default(), self.patience() + self.limits.connect)
        } else {
            (self.canceller.clone(), self.limits.request * 3)
        };
        // What cannot be asked for may be there all the same.
        let Ok(glance) = Glance::new(batch, picture, order, history) else {
            return Ok(Outcome::Unknown(unknown(batch, history, &why)));
        };
        let mut pause = FIRST_PAUSE;
        loop {
            match self.look_once(&glance, &canceller) {
                Ok(Seen::Written(rows)) => return Ok(committed(batch, picture, order, rows, Known::Looked)),
                Ok(Seen::NotYet(now)) if now > until => return Err(not_written(&why)),
                // Until then somebody may still carry it out.
                Ok(Seen::NotYet(now)) => pause = until.since(now).clamp(FIRST_PAUSE, LONGEST_PAUSE),
                Err(error) => {
                    tracing::info!("looking what was written: {}", error.what);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            let next = Instant::now() + pause;
            if next.duration_since(begun) > patience {
                return Ok(Outcome::Unknown(unknown(batch, history, &why)));
            }
            while Instant::now() < next {
                if canceller.is_cancelled() {
                    return Ok(Outcome::Unknown(unknown(batch, history, &why)));
                }
                thread::sleep(GLANCE.min(next.saturating_duration_since(Instant::now())));
            }
        }
    }

    fn look_once(&self, glance: &Glance, canceller: &Canceller) -> Result<Seen> {
        let mut transaction = Transaction::whenever(&self.grant);
        let first = transaction.len();
        for sql in &glance.statements {
            transaction.step(sql.clone());
        }
        match self.link.write(&transaction, canceller)? {
            Sent::Committed(sets) => glance.seen(sets.get(first..).unwrap_or_default()),
            Sent::RolledBack(refused) => Err(refused.error),
            Sent::Lost(error) => Err(error),
        }
    }
}

/// What a look asks: the clock, whether it is written, and the rows.
struct Glance {
    statements: Vec<String>,
    rows: Vec<Option<(Arc<Relation>, RowParts, usize)>>,
}

impl Glance {
    fn new(batch: &Batch, picture: &Picture, order: &Order, history: Option<&Arc<Relation>>) -> Result<Self> {
        let mut script = Script::default();
        script.select(format!("SELECT {}", Moment::NOW))?;
        script.select(proof(batch, picture, order, history).ok_or_else(strange)?)?;
        let mut rows = Vec::new();
        for (at, entry) in batch.entries.iter().enumerate() {
            let newest = picture.rows.get(at).and_then(|found| found.newest);
            let condition = match &entry.change {
                Change::Update { .. } => order.after(at).map(str::to_owned),
                Change::Insert { relation, .. } => made(entry, newest, relation).or(order.after(at).map(str::to_owned)),
                Change::Delete { .. } => None,
            };
            rows.push(match condition {
                Some(condition) => {
                    let relation = entry.change.relation();
                    let first = script.statements().len();
                    let parts = RowParts::new(&mut script, relation, &Wanted::with(&condition), FORM)?;
                    Some((Arc::clone(relation), parts, first))
                }
                None => None,
            });
        }
        Ok(Self { statements: script.statements().to_vec(), rows })
    }

    fn seen(&self, sets: &[crate::db::server::link::Set]) -> Result<Seen> {
        let one = |at: usize| sets.get(at).and_then(|set| set.rows.first()).map(Vec::as_slice);
        let now = rows::now(one(0))?;
        if one(1) != Some(&[Value::Integer(1)]) {
            return Ok(Seen::NotYet(now));
        }
        let rows = self.rows.iter().map(|row| match row {
            Some((relation, parts, first)) => parts.record(sets.get(*first..).unwrap_or_default(), relation),
            None => Ok(None),
        });
        Ok(Seen::Written(rows.collect::<Result<_>>()?))
    }
}

/// A query for whether the batch is written, 1 or 0. All of it is, or nothing: one entry tells, and best one of the history, for only
/// this batch has such a line.
fn proof(batch: &Batch, picture: &Picture, order: &Order, history: Option<&Arc<Relation>>) -> Option<String> {
    let lines = batch.entries.iter().enumerate().filter_map(|(at, entry)| line(batch, picture, at, entry, history?));
    let rows = batch.entries.iter().enumerate().filter_map(|(at, entry)| {
        let newest = picture.rows.get(at).and_then(|found| found.newest);
        let relation = entry.change.relation();
        let from = format!("main.{} AS t", quoted(&relation.name));
        Some(match &entry.change {
            Change::Update { set, .. } => {
                let is_set: Vec<String> =
                    set.iter().filter_map(|(column, value)| is(relation, *column, value)).collect();
                format!("SELECT EXISTS (SELECT 1 FROM {from} WHERE {} AND {})", order.after(at)?, is_set.join(" AND "))
            }
            Change::Insert { .. } => {
                format!("SELECT EXISTS (SELECT 1 FROM {from} WHERE {})", made(entry, newest, relation)?)
            }
            Change::Delete { key, .. } => {
                format!("SELECT NOT EXISTS (SELECT 1 FROM {from} WHERE {})", super::order::by_key(relation, key)?)
            }
        })
    });
    lines.chain(rows).next()
}

/// A query for the line that an entry has in the history.
fn line(batch: &Batch, picture: &Picture, at: usize, entry: &Entry, history: &Arc<Relation>) -> Option<String> {
    let trail = plan::trail(entry)?;
    let row = picture.rows.get(at)?.row.as_ref();
    let question = match (&entry.change, row) {
        (_, Some(row)) => row.get("id").cloned(),
        (Change::Insert { relation, cells, .. }, None) => {
            let id = relation.column("id")?;
            cells.iter().find(|(column, _)| *column == id).map(|(_, value)| value.clone())
        }
        (_, None) => None,
    }?;
    let stamp = Value::text(&plan::stamp(batch.at));
    let author = Value::text(&batch.author);
    let event = Value::text(&trail.event);
    let terms = [("questionId", &question), ("createdAt", &stamp), ("sourceName", &author), ("eventType", &event)];
    let terms: Option<Vec<String>> =
        terms.into_iter().map(|(name, value)| is(history, history.column(name)?, value)).collect();
    Some(format!("SELECT EXISTS (SELECT 1 FROM main.{} AS t WHERE {})", quoted(&history.name), terms?.join(" AND ")))
}

/// The condition for the row that an entry made: the newest with its values, of those that were not there before.
fn made(entry: &Entry, newest: Option<i64>, relation: &Relation) -> Option<String> {
    let Change::Insert { cells, .. } = &entry.change else { return None };
    let mut terms: Vec<String> = cells.iter().filter_map(|(column, value)| is(relation, *column, value)).collect();
    match &relation.key {
        KeyKind::Rowid { column, .. } => {
            let source = Source::of(relation);
            let rowid = source.rowid?;
            // A number given by hand may be less than others.
            if !column.is_some_and(|column| cells.iter().any(|(at, _)| *at == column)) {
                terms.push(format!("{rowid} > {}", newest.unwrap_or(0)));
            }
            let all = if terms.is_empty() { "1".to_owned() } else { terms.join(" AND ") };
            let from = format!("main.{} AS t", quoted(&relation.name));
            Some(format!("{rowid} = (SELECT max({rowid}) FROM {from} WHERE {all})"))
        }
        KeyKind::Primary(_) => Some(terms.join(" AND ")),
        KeyKind::None => None,
    }
}

fn is(relation: &Relation, column: usize, value: &Value) -> Option<String> {
    let column = relation.columns.get(column)?;
    Some(format!("t.{} IS {}", quoted(&column.name), literal(value)))
}

fn not_written(why: &Error) -> Error {
    let kind = match why.kind {
        ErrorKind::Cancelled => return Error::new(ErrorKind::Cancelled, "cancelled: nothing was written", ""),
        kind => kind,
    };
    Error::new(kind, format!("{}; it was looked: nothing was written", why.what), "do it again")
}

/// What to look for by hand.
fn unknown(batch: &Batch, history: Option<&Arc<Relation>>, why: &Error) -> String {
    let changes = match batch.entries.len() {
        1 => "the change".to_owned(),
        many => format!("all {many} changes"),
    };
    let place = match (history, batch.entries.first()) {
        (Some(history), _) => {
            format!("look for rows of {} by {} of {}", history.name, batch.author, plan::stamp(batch.at))
        }
        (None, Some(entry)) => format!("look at the rows of {}", entry.change.relation().name),
        (None, None) => String::new(),
    };
    format!(
        "{}; the server could not be asked since: whether {changes} {} written is not known: {place}",
        why.what,
        if batch.entries.len() == 1 { "is" } else { "are" }
    )
}
