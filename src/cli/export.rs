//! `reelscope export`: every row of a table or a view, as it comes.
//!
//! Constant memory whatever the table's size. What no format has a word for is written as `show` writes it.

use std::{borrow::Cow, io::Write, ops::ControlFlow};

use serde::{Serialize, Serializer};
use serde_json::json;

use super::{
    Context, Failure, Reader, Status,
    args::{ExportArgs, ExportFormat},
    json,
};
use crate::{
    db::session::ReadSession,
    domain::{
        record_text::{MASK, is_masked, value_json},
        schema::{Column, Relation},
        value::{Secrets, Value},
    },
    widgets::safe::safe,
};

pub(super) fn run(args: &ExportArgs, cx: Context<'_>, reader: Reader, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = ReadSession::open(&cx.location(args.database.as_deref(), &args.connecting)?)?;
    let schema = session.schema()?;
    let relation = schema.find(&args.table).ok_or_else(|| {
        Failure::new(
            Status::Failed,
            format!("no table or view is called {}: `reelscope tables` lists them", args.table),
        )
    })?;
    let secrets = if args.reveal { Secrets::Revealed } else { Secrets::Masked };
    let mut writer = Writer { out, format: args.format, relation, secrets, reader, rows: 0 };
    let mut failed = None;
    let read = session.scan(relation, &mut |row| match writer.row(row) {
        Ok(()) => ControlFlow::Continue(()),
        Err(failure) => {
            failed = Some(failure);
            ControlFlow::Break(())
        }
    });
    // What was written so far is whole lines: it stays, and the exit status says that it is not all.
    if let Some(failure) = failed {
        return Err(failure);
    }
    let rows = writer.rows;
    read.map_err(|error| match rows {
        0 => Failure::from(error),
        rows => Failure::from(error).about(&format!("after {rows} rows")),
    })?;
    writer.end()
}

struct Writer<'a> {
    out: &'a mut dyn Write,
    format: ExportFormat,
    relation: &'a Relation,
    secrets: Secrets,
    reader: Reader,
    rows: u64,
}

impl<'a> Writer<'a> {
    fn row(&mut self, row: &[Value]) -> Result<(), Failure> {
        self.begin()?;
        match self.format {
            ExportFormat::Csv => {
                let fields = self.relation.columns.iter().zip(row).map(|(column, value)| self.field(column, value));
                let line = line(fields);
                self.out.write_all(line.as_bytes())?;
            }
            ExportFormat::Json => {
                self.out.write_all(if self.rows == 0 { b"\n" } else { b",\n" })?;
                json::line(&self.object(row), &mut *self.out)?;
            }
            ExportFormat::Ndjson => {
                json::line(&self.object(row), &mut *self.out)?;
                self.out.write_all(b"\n")?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// What stands before the first row.
    fn begin(&mut self) -> Result<(), Failure> {
        match self.format {
            _ if self.rows > 0 => {}
            ExportFormat::Csv => {
                let names = self.relation.columns.iter().map(|column| Some(self.exact(Cow::Borrowed(&column.name))));
                let line = line(names);
                self.out.write_all(line.as_bytes())?;
            }
            ExportFormat::Json => self.out.write_all(b"[")?,
            ExportFormat::Ndjson => {}
        }
        Ok(())
    }

    /// What stands behind the last row.
    fn end(&mut self) -> Result<(), Failure> {
        if self.rows == 0 {
            self.begin()?;
        }
        if self.format == ExportFormat::Json {
            self.out.write_all(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?;
        }
        Ok(())
    }

    /// A field of CSV; `None` for NULL.
    fn field<'v>(&self, column: &Column, value: &'v Value) -> Option<Cow<'v, str>> {
        if is_masked(column, value, self.secrets) {
            return Some(Cow::Borrowed(MASK));
        }
        (!value.is_null()).then(|| self.exact(value.to_plain()))
    }

    /// A program gets the exact text; a terminal must not.
    fn exact<'v>(&self, text: Cow<'v, str>) -> Cow<'v, str> {
        match self.reader {
            Reader::Program => text,
            Reader::Terminal => Cow::Owned(safe(&text).into_owned()),
        }
    }

    fn object<'v>(&self, row: &'v [Value]) -> Object<'v>
    where
        'a: 'v,
    {
        Object { columns: &self.relation.columns, row, secrets: self.secrets }
    }
}

/// A row as an object: column → value, as `show` has it.
struct Object<'a> {
    columns: &'a [Column],
    row: &'a [Value],
    secrets: Secrets,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.columns.iter().zip(self.row).map(|(column, value)| {
            let masked = is_masked(column, value, self.secrets);
            (&column.name, if masked { json!({ "masked": true }) } else { value_json(value) })
        }))
    }
}

/// A line of CSV (RFC 4180): nothing at all is NULL, `""` is the empty text, which is why the crate `csv` does not write it: it quotes all
/// fields or those that need it.
fn line<'v>(fields: impl Iterator<Item = Option<Cow<'v, str>>>) -> String {
    let mut line = String::new();
    for (at, field) in fields.enumerate() {
        if at > 0 {
            line.push(',');
        }
        match field {
            None => {}
            Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
                line.push('"');
                line.push_str(&text.replace('"', "\"\""));
                line.push('"');
            }
            Some(text) => line.push_str(&text),
        }
    }
    line.push('\n');
    line
}
