//! `reelscope set`: fields of one record, checked as the editor checks them.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{self, Read as _, Write},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    Context, Failure, Status,
    args::SetArgs,
    writing::{self, Conflicts, Desk, Line},
};
use crate::{
    domain::{
        change::{Cell, Change},
        edit::{Form, Weight, check, default_value, is_kept_by_the_database, why_not},
        page::Record,
        place::Place,
        schema::{KeyKind, Relation},
        staged::trail,
        value::{Bytes, Value},
    },
    widgets::safe::safe,
};

const SHAPE: &str = "say [DATABASE] TABLE/KEY FIELD=VALUE…, such as: set --write questions/q-1 status=active";

/// `[DATABASE] TABLE/KEY FIELD=VALUE…`, parted.
#[derive(Debug)]
struct Words<'a> {
    database: Option<&'a OsStr>,
    place: Place,
    /// Names with texts.
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Words<'a> {
    fn read(words: &'a [OsString], database: Option<&'a OsStr>) -> Result<Self, Failure> {
        // Keys may hold a =, names of fields no /: `blog/a=b` is a place.
        let is_field = |word: &OsString| {
            let text = word.to_string_lossy();
            text.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.contains('/'))
        };
        let places = match words {
            [_, second, ..] if database.is_none() && !is_field(second) => 2,
            _ => 1,
        };
        let (head, fields) = words.split_at(places.min(words.len()));
        let (database, place) = match head {
            [place] => (database, place),
            [database, place] => (Some(database.as_os_str()), place),
            _ => return Err(Failure::usage(SHAPE)),
        };
        let place = text(place)?.parse::<Place>().map_err(|words| Failure::usage(format!("{words}. {SHAPE}")))?;
        let fields = fields.iter().map(|field| {
            let field = text(field)?;
            let parted = field.split_once('=').filter(|(name, _)| !name.is_empty());
            parted.ok_or_else(|| Failure::usage(format!("{field} is not FIELD=VALUE. {SHAPE}")))
        });
        Ok(Self { database, place, fields: fields.collect::<Result<_, _>>()? })
    }
}

fn text(word: &OsStr) -> Result<&str, Failure> {
    word.to_str()
        .ok_or_else(|| Failure::usage(format!("{} is not UTF-8: FIELD=@PATH takes bytes from a file", word.display())))
}

pub(super) fn run(args: &SetArgs, cx: Context<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let words = Words::read(&args.words, args.writing.database.as_deref())?;
    let place = &words.place;
    let Some(key) = &place.key else {
        return Err(Failure::usage(format!("which record of {0}? Say {0}/KEY, such as questions/q-1", place.relation)));
    };
    if words.fields.is_empty() && args.null.is_empty() && args.default.is_empty() {
        return Err(Failure::usage(format!("which fields? {SHAPE}")));
    }
    let mut desk = Desk::open(cx, words.database, &args.connecting, &args.writing)?;
    let schema = desk.read.schema()?;
    let relation = schema.find(&place.relation).ok_or_else(|| {
        let name = &place.relation;
        Failure::new(Status::Failed, format!("no table is called {name}: `reelscope tables` lists them"))
    })?;
    let record =
        desk.read.find(relation, key)?.filter(|record| is_named(record, key)).ok_or_else(|| {
            Failure::new(Status::Refused, format!("{} has no record with the key {key}", relation.name))
        })?;
    let at = Timestamp::now();
    let set = cells(args, &words.fields, &record, at)?;
    let id = format!("{}/{key}", relation.name);
    let lines: Vec<Line> = if set.is_empty() {
        super::connect::say(&[format!("{id} is so already: there is nothing to write")]);
        Vec::new()
    } else {
        let change =
            Change::Update { relation: Arc::clone(relation), key: record.key.clone(), shown: shown(&record), set };
        let trail = trail(&change, args.writing.reason.clone());
        vec![Line { id, change, trail }]
    };
    writing::commit(&desk, cx.config.author(), at, (lines, Vec::new()), Conflicts::Refuse, &args.writing, out)
}

/// Whether the row has this key by its own words. Where no key is 17, row 17 is found: good for looking, but nobody writes a row by a
/// number that people do not see.
fn is_named(record: &Record, key: &str) -> bool {
    let relation = &*record.relation;
    let mut declared = relation.columns.iter().zip(&record.cells).filter(|(column, _)| column.primary_key.is_some());
    match (&relation.key, declared.next(), declared.next()) {
        (KeyKind::Rowid { column: None, .. }, Some((_, value)), None) => value.is_null() || value.to_plain() == key,
        _ => true,
    }
}

/// The guard: the row as it was read, but for what triggers and the database keep.
fn shown(record: &Record) -> Vec<Cell> {
    let columns = record.relation.columns.iter().zip(&record.cells).enumerate();
    columns
        .filter(|(_, (column, value))| !is_kept_by_the_database(column) && !value.is_cut())
        .map(|(at, (_, value))| (at, value.clone()))
        .collect()
}

/// What a field is to become.
enum Wanted<'a> {
    Text(&'a str),
    Null,
    Default,
}

/// The new cells, checked; those that are so already are left out.
fn cells(args: &SetArgs, fields: &[(&str, &str)], record: &Record, now: Timestamp) -> Result<Vec<Cell>, Failure> {
    let relation = &*record.relation;
    let wanted = fields
        .iter()
        .map(|(name, text)| (*name, Wanted::Text(text)))
        .chain(args.null.iter().map(|name| (name.as_str(), Wanted::Null)))
        .chain(args.default.iter().map(|name| (name.as_str(), Wanted::Default)));
    let mut set: Vec<Cell> = Vec::new();
    for (name, wanted) in wanted {
        let at = column(relation, name)?;
        let column = &relation.columns[at];
        if set.iter().any(|(other, _)| *other == at) {
            return Err(Failure::usage(format!("{} is given twice", column.name)));
        }
        if let Some(words) = why_not(relation, column, at) {
            return Err(Failure::new(Status::Refused, words));
        }
        let was = record.cells.get(at).cloned().unwrap_or_default();
        let value = match wanted {
            Wanted::Null => Value::Null,
            Wanted::Default => default_value(column, now).map_err(Failure::usage)?,
            Wanted::Text(text) => read(relation, at, &was, text).map_err(|words| about(&column.name, &words))?,
        };
        for finding in check(relation, at, &was, &value) {
            let place = finding.at.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default();
            let words = format!("{}{place}", finding.what);
            match finding.weight {
                Weight::Refused => return Err(about(&column.name, &words)),
                Weight::Ask if !args.force => {
                    return Err(about(&column.name, &format!("{words}: --force takes it all the same")));
                }
                Weight::Ask | Weight::Hint => super::connect::say(&[named(&column.name, &words)]),
            }
        }
        set.push((at, value));
    }
    set.retain(|(at, value)| record.cells.get(*at) != Some(value));
    set.sort_by_key(|(at, _)| *at);
    Ok(set)
}

fn about(column: &str, words: &str) -> Failure {
    Failure::usage(named(column, words))
}

/// Words with the column they are about, where they do not begin with it.
fn named(column: &str, words: &str) -> String {
    if words.starts_with(column) { words.to_owned() } else { format!("{column}: {words}") }
}

fn column(relation: &Relation, name: &str) -> Result<usize, Failure> {
    relation.column(name).ok_or_else(|| {
        let names = relation.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
        Failure::usage(format!("{} has no field {}: there are {names}", relation.name, safe(name)))
    })
}

/// The value of a text, of a file (`@PATH`), of standard input (`@-`); `@@…` is the text `@…`.
fn read(relation: &Relation, at: usize, was: &Value, text: &str) -> Result<Value, String> {
    let column = &relation.columns[at];
    // A blob stays one; what is no text is replaced by one.
    let form = Form::of(column, if matches!(was, Value::Blob(_)) { was } else { &Value::Null });
    let (path, text) = match text.strip_prefix('@') {
        Some(literal) if literal.starts_with('@') => (None, literal),
        Some(path) => (Some(path), ""),
        None => (None, text),
    };
    let Some(path) = path else { return form.read(text) };
    let bytes = content(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    match form {
        Form::Text => Ok(Value::Text(Bytes::whole(bytes))),
        Form::Blob => Ok(Value::Blob(Bytes::whole(bytes))),
        Form::Number(_) | Form::TextBytes => {
            form.read(std::str::from_utf8(&bytes).map_err(|_| format!("{path} is not UTF-8"))?)
        }
    }
}

fn content(path: &str) -> io::Result<Vec<u8>> {
    if path != "-" {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn parted(line: &str, database: Option<&str>) -> Result<String, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        let words = Words::read(&words, database.map(OsStr::new)).map_err(|failure| failure.to_string())?;
        let database = words.database.map_or_else(|| "-".to_owned(), |path| path.to_string_lossy().into_owned());
        Ok(format!("{database} | {} | {:?}", words.place, words.fields))
    }

    #[test]
    fn database_place_and_fields_are_told_apart() {
        for (line, database, want) in [
            ("questions/q-1 a=1", None, r#"- | questions/q-1 | [("a", "1")]"#),
            ("x.db questions/q-1 a=b=c d=", None, r#"x.db | questions/q-1 | [("a", "b=c"), ("d", "")]"#),
            ("@p blog/a=b x=1", None, r#"@p | blog/a=b | [("x", "1")]"#),
            ("a=b.db questions/q-1 x=1", None, r#"a=b.db | questions/q-1 | [("x", "1")]"#),
            ("questions/q-1", None, r"- | questions/q-1 | []"),
            ("x.db questions/q-1", None, r"x.db | questions/q-1 | []"),
            ("questions/q-1 a=1", Some("x.db"), r#"x.db | questions/q-1 | [("a", "1")]"#),
        ] {
            assert_eq!(parted(line, database).unwrap(), want, "{line}");
        }
        for line in ["x.db questions/q-1 a", "questions/q-1 a=1 =2", "x.db /q a=1"] {
            assert!(parted(line, None).unwrap_err().contains("such as: set"), "{line}");
        }
    }
}
