//! How many rows a server's relations have: all tables in one round trip, views each alone and with little patience.

use super::{script::Script, session::Ask};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        sql::quoted,
    },
    domain::{schema::Relation, value::Value},
};

/// How many tables a statement counts at most.
const COUNTED: usize = 500;

/// Counts these, each by itself what `Err` is inside.
pub(crate) fn read(ask: &mut Ask<'_>, relations: &[&Relation]) -> Result<Vec<Result<u64>>> {
    let mut counts = Vec::with_capacity(relations.len());
    for group in relations.chunks(COUNTED) {
        match together(ask, group) {
            Ok(more) => counts.extend(more.into_iter().map(Ok)),
            // One of them fails: which one?
            Err(error) if is_its_own(&error) && group.len() > 1 => {
                for relation in group {
                    match one(ask, relation) {
                        Err(error) if !is_its_own(&error) => return Err(error),
                        count => counts.push(count),
                    }
                }
            }
            Err(error) if is_its_own(&error) => counts.push(Err(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(counts)
}

/// Counts one.
pub(crate) fn one(ask: &mut Ask<'_>, relation: &Relation) -> Result<u64> {
    if let Some(why) = &relation.broken {
        return Err(Error::new(ErrorKind::Sql, format!("{} cannot be counted: {why}", relation.name), ""));
    }
    Ok(together(ask, &[relation])?.into_iter().next().unwrap_or(0))
}

fn is_its_own(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Sql | ErrorKind::NoSuchRelation)
}

fn together(ask: &mut Ask<'_>, relations: &[&Relation]) -> Result<Vec<u64>> {
    let counts: Vec<String> =
        relations.iter().map(|relation| format!("(SELECT count(*) FROM main.{})", quoted(&relation.name))).collect();
    let mut script = Script::default();
    script.select(format!("SELECT {}", counts.join(", ")))?;
    let sets = ask(&script)?;
    let row = sets.first().and_then(|set| set.rows.first()).map_or(&[][..], Vec::as_slice);
    let count = |value: &Value| value.as_integer().and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0);
    Ok((0..relations.len()).map(|at| row.get(at).map_or(0, count)).collect())
}
