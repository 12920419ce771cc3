//! `reelscope tables`: the tables at a glance.

use std::{io::Write, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    Context, Failure, Reader,
    args::{TablesArgs, TablesFormat},
    json,
};
use crate::{
    db::{error::Error, session::ReadSession},
    domain::schema::{KeyKind, Relation, RelationKind},
    widgets::safe::{safe, width},
};

/// How long the rows of a view are counted.
const VIEW_PATIENCE: Duration = Duration::from_secs(5);

/// A table as the glance shows it; the field names are those of the JSON.
#[derive(Debug, Serialize)]
struct Glance {
    name: String,
    logical: Option<&'static str>,
    kind: &'static str,
    purpose: Option<&'static str>,
    rows: Option<u64>,
    volume: Option<&'static str>,
    key_fields: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

pub(super) fn run(args: &TablesArgs, cx: Context<'_>, reader: Reader, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = ReadSession::open(&cx.location(args.database.as_deref(), &args.connecting)?)?;
    let schema = session.schema()?;
    let shown: Vec<Arc<Relation>> = schema
        .relations
        .iter()
        .filter(|relation| args.all || relation.kind != RelationKind::Internal)
        .cloned()
        .collect();
    let counts = session.counts(&shown, VIEW_PATIENCE)?;
    let glances: Vec<Glance> = shown.iter().zip(counts).map(|(relation, count)| glance(relation, count)).collect();
    match args.format {
        TablesFormat::Json => json::write(&glances, out),
        TablesFormat::Csv => csv(&glances, reader, out),
        TablesFormat::Table => table(&glances, out),
    }
}

fn glance(relation: &Relation, count: Result<u64, Error>) -> Glance {
    let counted = match &relation.broken {
        Some(why) => Err(format!("cannot be read: {why}")),
        None => count.map_err(|error| format!("not counted: {}", error.what)),
    };
    let (rows, problem) = match counted {
        Ok(rows) => (Some(rows), None),
        Err(why) => (None, Some(why)),
    };
    Glance {
        name: relation.name.clone(),
        logical: relation.facts.map(|facts| facts.logical),
        kind: match relation.kind {
            RelationKind::Table => "table",
            RelationKind::View => "view",
            RelationKind::Virtual => "virtual",
            RelationKind::Internal => "internal",
        },
        purpose: relation.facts.map(|facts| facts.purpose),
        rows,
        volume: relation.facts.zip(rows).map(|(facts, rows)| facts.volume(rows).word()),
        key_fields: key_fields(relation),
        problem,
    }
}

/// The catalogue's key fields under the names they have here; elsewhere the primary key.
fn key_fields(relation: &Relation) -> Vec<String> {
    let name = |column: usize| relation.columns.get(column).map(|column| column.name.clone());
    match (relation.facts, &relation.key) {
        (Some(facts), _) => facts
            .key_fields
            .iter()
            .map(|field| relation.column(field).and_then(name).unwrap_or_else(|| (*field).to_owned()))
            .collect(),
        (None, KeyKind::Primary(columns)) => columns.iter().filter_map(|key| name(key.column)).collect(),
        (None, KeyKind::Rowid { column: Some(column), .. }) => name(*column).into_iter().collect(),
        // A primary key that is not the rowid (TEXT) is still what people know a row by.
        (None, _) => {
            let mut keys: Vec<_> =
                relation.columns.iter().filter_map(|column| Some((column.primary_key?, column.name.clone()))).collect();
            keys.sort();
            keys.into_iter().map(|(_, name)| name).collect()
        }
    }
}

fn csv(glances: &[Glance], reader: Reader, out: &mut dyn Write) -> Result<(), Failure> {
    // A program gets the exact names; a terminal must not.
    let exact = |text: &str| match reader {
        Reader::Program => text.to_owned(),
        Reader::Terminal => safe(text).into_owned(),
    };
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["name", "logical", "kind", "purpose", "rows", "volume", "key_fields"])?;
    for glance in glances {
        csv.write_record([
            exact(&glance.name),
            glance.logical.unwrap_or_default().to_owned(),
            glance.kind.to_owned(),
            glance.purpose.unwrap_or_default().to_owned(),
            glance.rows.map(|rows| rows.to_string()).unwrap_or_default(),
            glance.volume.unwrap_or_default().to_owned(),
            exact(&glance.key_fields.join(" ")),
        ])?;
    }
    Ok(csv.flush()?)
}

fn table(glances: &[Glance], out: &mut dyn Write) -> Result<(), Failure> {
    let header = ["TABLE", "ROWS", "VOLUME", "KIND", "PURPOSE", "KEY FIELDS"].map(str::to_owned);
    let rows = glances.iter().map(|glance| {
        [
            safe(&glance.name).into_owned(),
            glance.rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string()),
            glance.volume.unwrap_or("-").to_owned(),
            glance.kind.to_owned(),
            glance
                .problem
                .as_ref()
                .map_or_else(|| glance.purpose.unwrap_or("-").to_owned(), |problem| safe(problem).into_owned()),
            safe(&glance.key_fields.join(", ")).into_owned(),
        ]
    });
    let lines: Vec<_> = std::iter::once(header).chain(rows).collect();
    let widths: Vec<usize> =
        (0..6).map(|column| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0)).collect();
    for line in &lines {
        let mut text = String::new();
        for (column, cell) in line.iter().enumerate() {
            let blanks = " ".repeat(widths[column] - width(cell));
            // Numbers stand at the right.
            let (before, behind) = if column == 1 { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            text.extend([before, cell, behind, "  "]);
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}
