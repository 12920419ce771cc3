//! `reelscope show`: one record.

use std::io::Write;

use super::{
    Context, Failure, Status,
    args::{ShowArgs, ShowFormat},
    json,
};
use crate::{
    db::session::ReadSession,
    domain::{
        page::Record,
        record_text::{MASK, is_masked, record_json},
        value::{Secrets, Value, hex, real},
    },
    widgets::safe::{expanded, safe, width},
};

pub(super) fn run(args: &ShowArgs, cx: Context<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let name = &args.place.relation;
    let Some(key) = &args.place.key else {
        return Err(Failure::usage(format!("which record of {name}? Say {name}/KEY, such as questions/q-1")));
    };
    let mut session = ReadSession::open(&cx.location(args.database.as_deref(), &args.connecting)?)?;
    let schema = session.schema()?;
    let relation = schema.find(name).ok_or_else(|| {
        let database = args.database.as_ref().map(|text| format!(" {}", text.display())).unwrap_or_default();
        Failure::new(
            Status::Failed,
            format!("no table or view is called {name}: `reelscope tables{database}` lists them"),
        )
    })?;
    let record = session
        .find(relation, key)?
        .ok_or_else(|| Failure::new(Status::Failed, format!("{} has no record with the key {key}", relation.name)))?;
    let secrets = if args.reveal { Secrets::Revealed } else { Secrets::Masked };
    match args.format {
        ShowFormat::Json => json::write(&record_json(&record, secrets), out),
        ShowFormat::Table => table(&record, secrets, out),
    }
}

/// Name, storage class, value: the class tells the text `NULL` from NULL and `1` from 1.
fn table(record: &Record, secrets: Secrets, out: &mut dyn Write) -> Result<(), Failure> {
    let names: Vec<_> = record.relation.columns.iter().map(|column| safe(&column.name)).collect();
    let widest = names.iter().map(|name| width(name)).max().unwrap_or(0);
    for ((column, name), value) in record.relation.columns.iter().zip(&names).zip(&record.cells) {
        let blanks = " ".repeat(widest - width(name));
        let masked = is_masked(column, value, secrets);
        let class = match value {
            _ if masked => "masked",
            Value::Null => "null",
            Value::Integer(_) => "integer",
            Value::Real(_) => "real",
            Value::Text(_) => "text",
            Value::Blob(_) => "blob",
        };
        let lines = if masked { vec![format!("{MASK} (--reveal shows it)")] } else { lines(value) };
        for (number, line) in lines.iter().enumerate() {
            let text = if number == 0 {
                format!("{name}{blanks}  {class:7}  {line}")
            } else {
                format!("{:widest$}  {:7}  {line}", "", "")
            };
            writeln!(out, "{}", text.trim_end())?;
        }
    }
    Ok(())
}

/// The value in lines that are safe to print.
fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Null => vec![String::new()],
        Value::Integer(number) => vec![number.to_string()],
        Value::Real(number) => vec![real(*number)],
        Value::Blob(bytes) => vec![format!("x'{}' ({} bytes)", hex(bytes.head()), bytes.total())],
        Value::Text(bytes) => String::from_utf8_lossy(bytes.head()).split('\n').map(expanded).collect(),
    }
}
