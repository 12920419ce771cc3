//! What refers to a row: foreign keys, and the links that no key declares.
//!
//! One statement for each link, all of them in one go. Must not know where the database is.

use std::cmp::Reverse;

use crate::{
    db::{
        error::Result,
        record::readable,
        review::{Run, rows::Rows},
        sql::{literal, quoted},
    },
    domain::{
        page::RowKey,
        review::ReferenceCount,
        schema::{ForeignKey, KeyKind, Relation, Schema},
        value::Value,
    },
};

/// A link that no key declares: `DATABASE.md`, "Foreign keys", by logical names.
struct SoftLink {
    /// The table that is referred to, by its `id`.
    to: &'static str,
    /// The table that refers.
    from: &'static str,
    /// Its column.
    column: &'static str,
    holds: Holds,
}

/// What the column of a soft link holds.
enum Holds {
    /// An id.
    Id,
    /// An id where the other column says so: that this is about a question, or nothing.
    QuestionIf(&'static str),
    /// A JSON array of ids.
    Ids,
}

const fn soft(to: &'static str, from: &'static str, column: &'static str, holds: Holds) -> SoftLink {
    SoftLink { to, from, column, holds }
}

const SOFT_LINKS: [SoftLink; 9] = [
    soft("questions", "workQueue", "itemId", Holds::QuestionIf("itemType")),
    soft("questions", "botLedger", "itemId", Holds::QuestionIf("itemType")),
    soft("questions", "questionHistory", "questionId", Holds::QuestionIf("questionType")),
    soft("questions", "voiceSessions", "questionIds", Holds::Ids),
    soft("questions", "learningPaths", "questionIds", Holds::Ids),
    soft("certifications", "certifications", "prerequisites", Holds::Ids),
    soft("learningPaths", "learningPaths", "prerequisites", Holds::Ids),
    soft("certifications", "channelMappings", "channelId", Holds::Id),
    soft("certifications", "questions", "channel", Holds::Id),
];

/// Counts what refers to the row with this key, the most first; what nothing refers by is left out.
pub(crate) fn read(
    run: &mut Run<'_>,
    schema: &Schema,
    relation: &Relation,
    key: &RowKey,
) -> Result<Vec<ReferenceCount>> {
    readable(relation)?;
    let rows = Rows::of(relation);
    let Some(condition) = is_key(&rows, relation, key) else { return Ok(Vec::new()) };
    let row = |columns: &[&str]| {
        let list: Vec<String> = columns.iter().enumerate().map(|(at, column)| format!("{column} AS r{at}")).collect();
        format!("(SELECT {} FROM {} WHERE {condition} LIMIT 1) AS p", list.join(", "), rows.from)
    };
    let mut counts = Vec::new();
    let mut statements = Vec::new();
    for link in &relation.referenced_by {
        let Some(sql) = declared(&rows, link, &row) else { continue };
        let column = link.columns.iter().map(|(from, _)| from.as_str()).collect::<Vec<_>>().join(", ");
        let declared = Some(link.on_delete.clone());
        counts.push(ReferenceCount { relation: link.from.clone(), column, rows: 0, declared });
        statements.push(sql);
    }
    for link in SOFT_LINKS.iter().filter(|link| relation.is(link.to)) {
        let Some(from) = schema.catalogued(link.from).filter(|from| from.broken.is_none()) else { continue };
        let Some(column) = from.column(link.column).and_then(|at| from.columns.get(at)) else { continue };
        let is_declared = counts.iter().any(|count| count.relation == from.name && count.column == column.name);
        let Some(sql) = undeclared(&rows, link, &Rows::of(from), &row).filter(|_| !is_declared) else { continue };
        let (relation, column) = (from.name.clone(), column.name.clone());
        counts.push(ReferenceCount { relation, column, rows: 0, declared: None });
        statements.push(sql);
    }
    if statements.is_empty() {
        return Ok(counts);
    }
    let answered = run(&statements)?;
    for (count, rows) in counts.iter_mut().zip(answered) {
        let number = rows.first().and_then(|row| row.first()).and_then(Value::as_integer);
        count.rows = number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0);
    }
    counts.retain(|count| count.rows > 0);
    counts.sort_by_key(|count| Reverse(count.rows));
    Ok(counts)
}

/// The condition that finds the row with this key.
fn is_key(rows: &Rows<'_>, relation: &Relation, key: &RowKey) -> Option<String> {
    let values = match (key, &relation.key) {
        (RowKey::Rowid(rowid), KeyKind::Rowid { .. }) => vec![Value::Integer(*rowid)],
        (RowKey::Primary(values), KeyKind::Primary(columns)) if values.len() == columns.len() => values.clone(),
        (RowKey::Ordinal(number), KeyKind::None) => vec![Value::Integer(i64::try_from(*number).ok()?)],
        _ => return None,
    };
    let terms = rows.keys.iter().zip(&values);
    let terms: Vec<String> = terms.map(|(key, value)| format!("{key} {} {}", rows.same(), literal(value))).collect();
    Some(terms.join(" AND "))
}

/// How many rows refer by a foreign key.
fn declared(rows: &Rows<'_>, link: &ForeignKey, row: &dyn Fn(&[&str]) -> String) -> Option<String> {
    let to: Vec<&str> = link.columns.iter().map(|(_, to)| rows.column(to)).collect::<Option<_>>()?;
    // A name that is not valid UTF-8 cannot be written in a statement.
    let writable = |name: &str| !name.contains(char::REPLACEMENT_CHARACTER);
    if to.is_empty() || !writable(&link.from) || !link.columns.iter().all(|(from, _)| writable(from)) {
        return None;
    }
    let same: Vec<String> =
        link.columns.iter().enumerate().map(|(at, (from, _))| format!("c.{} = p.r{at}", quoted(from))).collect();
    let (from, same) = (quoted(&link.from), same.join(" AND "));
    Some(format!("SELECT count(*) FROM {} CROSS JOIN main.{from} AS c ON {same}", row(&to)))
}

/// How many rows refer by a soft link.
fn undeclared(rows: &Rows<'_>, link: &SoftLink, from: &Rows<'_>, row: &dyn Fn(&[&str]) -> String) -> Option<String> {
    let (id, column) = (rows.column("id")?, from.column(link.column)?);
    let condition = match link.holds {
        Holds::Id => format!("{column} = p.r0"),
        Holds::QuestionIf(kind) => format!("{column} = p.r0 AND {}", from.about_questions(kind)),
        // What is no JSON refers to nothing.
        Holds::Ids => format!(
            "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid({column}) THEN {column} ELSE '[]' END) AS j \
             WHERE j.value = p.r0)"
        ),
    };
    Some(format!("SELECT count(*) FROM {} CROSS JOIN {} ON {condition}", row(&[id]), from.from))
}
