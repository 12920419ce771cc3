//! How the cells of a row travel: what a statement selects for them, and how exact values are made of what comes back.
//!
//! Long cells are cut on the server, so that a page costs the network what it shows. What was cut, and what the protocol cannot
//! carry, stands in notes: texts behind the cells, `column class length` for each such cell. JSON carries neither infinities nor
//! text that is not UTF-8, and one such cell makes a whole answer unreadable: in [`Form::Exact`] every text goes as its bytes.
//! Must not know which rows are read.

use crate::{
    db::error::{Error, ErrorKind, Result},
    domain::{
        page::CELL_HEAD,
        value::{Bytes, Value},
    },
};

/// How values travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Form {
    /// As they are: nearly always right, and the smallest.
    #[default]
    Plain,
    /// In a way that carries every value.
    Exact,
}

/// How much of a cell is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The first [`CELL_HEAD`] bytes.
    Head,
    /// All of it.
    Whole,
}

/// How many cells share a note: the depth of an expression is limited.
const NOTED: usize = 100;

/// A list of expressions, and what to select for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells {
    form: Form,
    extents: Vec<Extent>,
    columns: Vec<String>,
}

impl Cells {
    /// Nothing yet.
    pub(crate) fn new(form: Form) -> Self {
        Self { form, extents: Vec::new(), columns: Vec::new() }
    }

    /// These columns, too.
    pub(crate) fn add(&mut self, columns: &[String], extent: Extent) -> &mut Self {
        self.columns.extend_from_slice(columns);
        self.extents.resize(self.columns.len(), extent);
        self
    }

    /// What is selected: a value for each column, then the notes.
    pub(crate) fn list(&self) -> String {
        let cells = self.columns.iter().zip(&self.extents).map(|(column, extent)| self.cell(column, *extent));
        cells.chain(self.notes()).collect::<Vec<_>>().join(", ")
    }

    fn cell(&self, column: &str, extent: Extent) -> String {
        // One more byte than is shown, to see whether a character ends there.
        let kept = CELL_HEAD + 1;
        match (self.form, extent) {
            (Form::Plain, Extent::Whole) => column.to_owned(),
            (Form::Plain, Extent::Head) => {
                format!(
                    "CASE WHEN octet_length({column}) > {kept} THEN substr(CAST({column} AS BLOB), 1, {kept}) ELSE {column} END"
                )
            }
            (Form::Exact, extent) => {
                let bytes = match extent {
                    Extent::Head => format!("substr(CAST({column} AS BLOB), 1, {kept})"),
                    Extent::Whole => format!("CAST({column} AS BLOB)"),
                };
                format!(
                    "CASE typeof({column}) WHEN 'text' THEN {bytes} WHEN 'blob' THEN {bytes} \
                     WHEN 'real' THEN nullif(nullif({column}, 9e999), -9e999) ELSE {column} END"
                )
            }
        }
    }

    fn notes(&self) -> impl Iterator<Item = String> + '_ {
        let needs = |extent: &Extent| self.form == Form::Exact || *extent == Extent::Head;
        self.columns.chunks(NOTED).zip(self.extents.chunks(NOTED)).enumerate().filter_map(move |(group, chunk)| {
            let (columns, extents) = chunk;
            let notes: Vec<String> = (group * NOTED..)
                .zip(columns.iter().zip(extents))
                .filter(|(_, (_, extent))| needs(extent))
                .map(|(at, (column, _))| self.note(at, column))
                .collect();
            (!notes.is_empty()).then(|| notes.join(" || "))
        })
    }

    fn note(&self, at: usize, column: &str) -> String {
        match self.form {
            Form::Plain => format!(
                "CASE WHEN octet_length({column}) > {} THEN '{at} ' || typeof({column}) || ' ' || octet_length({column}) || ';' ELSE '' END",
                CELL_HEAD + 1
            ),
            Form::Exact => format!(
                "CASE typeof({column}) WHEN 'text' THEN '{at} text ' || octet_length({column}) || ';' \
                 WHEN 'blob' THEN '{at} blob ' || octet_length({column}) || ';' \
                 WHEN 'real' THEN CASE {column} WHEN 9e999 THEN '{at} inf 1;' WHEN -9e999 THEN '{at} inf 0;' ELSE '' END \
                 ELSE '' END"
            ),
        }
    }

    /// How many values [`Self::list`] selects.
    pub(crate) fn width(&self) -> usize {
        self.columns.len() + self.notes().count()
    }

    /// The values of a row that [`Self::list`] selected, at its first place.
    pub(crate) fn decode(&self, row: &[Value]) -> Result<Vec<Value>> {
        let count = self.columns.len();
        let (Some(cells), Some(notes)) = (row.get(..count), row.get(count..)) else { return Err(strange()) };
        let mut values: Vec<Value> = cells
            .iter()
            .zip(&self.extents)
            .map(|(value, extent)| match (value, extent) {
                // At most one byte longer than a head, so it was not cut on the server.
                (Value::Text(bytes), Extent::Head) => Value::Text(Bytes::cut(bytes.head(), CELL_HEAD)),
                (Value::Blob(bytes), Extent::Head) => Value::Blob(Bytes::cut(bytes.head(), CELL_HEAD)),
                _ => value.clone(),
            })
            .collect();
        for notes in notes {
            let notes = notes.as_text().ok_or_else(strange)?;
            for note in notes.split_terminator(';') {
                let mut words = note.split(' ');
                let (Some(at), Some(class), Some(number), None) =
                    (words.next(), words.next(), words.next(), words.next())
                else {
                    return Err(strange());
                };
                let (Ok(at), Ok(number)) = (at.parse::<usize>(), number.parse::<u64>()) else { return Err(strange()) };
                let (Some(value), Some(extent), Some(sent)) = (values.get_mut(at), self.extents.get(at), cells.get(at))
                else {
                    return Err(strange());
                };
                let limit = if *extent == Extent::Head { CELL_HEAD } else { usize::MAX };
                *value = match (class, sent) {
                    ("text", Value::Blob(bytes)) => Value::Text(Bytes::part(bytes.head(), limit, number)),
                    ("blob", Value::Blob(bytes)) => Value::Blob(Bytes::part(bytes.head(), limit, number)),
                    // Nothing is all that `substr` gives of nothing.
                    ("text", Value::Null) if number == 0 => Value::text(""),
                    ("blob", Value::Null) if number == 0 => Value::Blob(Bytes::default()),
                    ("inf", Value::Null) => Value::Real(if number == 1 { f64::INFINITY } else { f64::NEG_INFINITY }),
                    _ => return Err(strange()),
                };
            }
        }
        Ok(values)
    }
}

/// An answer in another shape than was asked for.
pub(crate) fn strange() -> Error {
    Error::new(
        ErrorKind::Server,
        "the server's answer has another shape than was asked for",
        "try again; please report this",
    )
}
