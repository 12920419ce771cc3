//! The schema of a server, in one round trip.
//!
//! The statements and what is made of their rows are those of files ([`schema`]). Views are read with the tables until
//! one of them is broken, then one by one, for it spoils the whole answer; the rowids of virtual tables are asked for once. Must not
//! know pages.

use std::{collections::HashMap, sync::Arc};

use super::{
    cells::Form,
    known::{Known, Views},
    script::Script,
    session::Ask,
    words,
};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        schema::{self, Form as NameForm, Kinds, Probe},
        sql::{literal, quoted},
    },
    domain::{
        schema::{Column, Schema},
        value::Value,
    },
};

/// Reads the schema.
pub(crate) fn read(ask: &mut Ask<'_>, known: &Known) -> Result<Arc<Schema>> {
    let (mut names, mut views) = known.ways();
    let sets = loop {
        match ask(&script(names, views)?) {
            Err(error) if words::is_undecodable(&error) && names == Form::Plain => names = Form::Exact,
            Err(error) if is_its_own(&error) && views == Views::Together => views = Views::Alone,
            sets => break sets?,
        }
    };
    known.keep_ways(names, views);
    let sets: Vec<Vec<Vec<Value>>> = sets.into_iter().map(|set| set.rows).collect();
    let mut probe = ServerProbe { ask, known, names, raw: raw(&sets), unknown: Vec::new() };
    let mut schema = schema::assemble(&sets, &mut probe)?;
    if !probe.unknown.is_empty() {
        probe.learn()?;
        schema = schema::assemble(&sets, &mut probe)?;
    }
    let schema = Arc::new(schema);
    known.keep_schema(&schema);
    Ok(schema)
}

fn name_form(names: Form) -> NameForm {
    match names {
        Form::Plain => NameForm::Text,
        Form::Exact => NameForm::Bytes,
    }
}

fn script(names: Form, views: Views) -> Result<Script> {
    let kinds = match views {
        Views::Together => Kinds::All,
        Views::Alone => Kinds::Tables,
    };
    let mut script = Script::default();
    for sql in schema::statements(name_form(names), kinds) {
        script.select(sql)?;
    }
    Ok(script)
}

/// Each relation's type and CREATE statement.
fn raw(sets: &[Vec<Vec<Value>>]) -> HashMap<String, (String, String)> {
    let text = |row: &Vec<Value>, at: usize| match row.get(at) {
        Some(Value::Text(bytes) | Value::Blob(bytes)) => String::from_utf8_lossy(bytes.head()).into_owned(),
        _ => String::new(),
    };
    let mut raw: HashMap<String, (String, String)> = HashMap::new();
    for row in sets.first().into_iter().flatten() {
        raw.insert(text(row, 0), (text(row, 1), String::new()));
    }
    for row in sets.get(1).into_iter().flatten().filter(|row| text(row, 0) == "table") {
        if let Some((_, sql)) = raw.get_mut(&text(row, 1)) {
            *sql = text(row, 2);
        }
    }
    raw
}

struct ServerProbe<'a, 'b> {
    ask: &'a mut Ask<'b>,
    known: &'a Known,
    names: Form,
    raw: HashMap<String, (String, String)>,
    /// Virtual tables that have to be asked whether they have rowids, under which name.
    unknown: Vec<(String, String)>,
}

impl ServerProbe<'_, '_> {
    fn sql_of(&self, name: &str) -> &str {
        self.raw.get(name).map_or("", |(_, sql)| sql)
    }

    /// Asks all in one round trip, and one by one where one of them fails.
    fn learn(&mut self) -> Result<()> {
        let unknown = std::mem::take(&mut self.unknown);
        let mut script = Script::default();
        for (name, rowid) in &unknown {
            script.select(schema::probe(name, rowid))?;
        }
        let answers: Vec<bool> = match (self.ask)(&script) {
            Ok(sets) => sets.iter().map(|set| is_integer(&set.rows)).collect(),
            Err(error) if !is_its_own(&error) => return Err(error),
            Err(_) => {
                let mut answers = Vec::new();
                for (name, rowid) in &unknown {
                    let mut script = Script::default();
                    script.select(schema::probe(name, rowid))?;
                    answers.push(match (self.ask)(&script) {
                        Ok(sets) => sets.first().is_some_and(|set| is_integer(&set.rows)),
                        Err(error) if !is_its_own(&error) => return Err(error),
                        Err(_) => false,
                    });
                }
                answers
            }
        };
        for ((name, _), has) in unknown.iter().zip(answers) {
            self.known.keep_rowid(name, self.sql_of(name), has);
        }
        Ok(())
    }
}

/// What a probe says: an empty table is taken at its word.
fn is_integer(rows: &[Vec<Value>]) -> bool {
    rows.first().is_none_or(|row| row.first() == Some(&Value::text("integer")))
}

impl Probe for ServerProbe<'_, '_> {
    fn columns(&mut self, name: &str) -> Result<Vec<Column>> {
        if name.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Error::new(ErrorKind::NoSuchRelation, format!("no such table: main.{name}"), ""));
        }
        let mut script = Script::default();
        // A statement that names it says why it fails; the pragma alone may stay silent about it.
        script.select(format!("SELECT 1 FROM main.{} LIMIT 0", quoted(name)))?;
        script.select(schema::columns_of(name_form(self.names), &literal(&Value::text(name))))?;
        let sets = (self.ask)(&script)?;
        Ok(sets.get(1).into_iter().flat_map(|set| &set.rows).filter_map(|row| schema::column(row)).collect())
    }

    fn has_rowid(&mut self, name: &str, rowid: &str) -> Result<bool> {
        Ok(self.known.has_rowid(name, self.sql_of(name)).unwrap_or_else(|| {
            self.unknown.push((name.to_owned(), rowid.to_owned()));
            true
        }))
    }

    fn is_plain(&mut self, name: &str, _rowid: &str) -> bool {
        self.raw.get(name).is_none_or(|(kind, _)| kind != "virtual")
    }
}

/// Whether a relation of the statement is at fault, and not the way to the server.
fn is_its_own(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Sql | ErrorKind::NoSuchRelation)
}
