//! The schema, read from SQLite and joined with the catalogue.
//!
//! Everything comes through table-valued pragmas in a handful of statements for all tables together, so that 500 tables cost
//! little; views and virtual tables are asked one by one, for each of them can fail by itself. Must not read rows of tables.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    db::{
        connection::reader::Reader,
        error::{Error, ErrorKind, Result},
        sql::quoted,
    },
    domain::{
        catalogue,
        schema::{Column, ForeignKey, Index, KeyColumn, KeyKind, Relation, RelationKind, Schema},
        value::Value,
    },
};

/// Collations that SQLite has by itself; a key in any other cannot be compared here.
const COLLATIONS: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];

/// The names that reach a rowid unless a column took them (<https://www.sqlite.org/rowidtable.html>).
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// Prefixes of tables that replication and servers keep for themselves.
const INTERNAL: [&str; 5] = ["sqlite_", "libsql_", "_litestream_", "_cf_", "turso_cdc"];

/// The six statements of a schema: relations, their statements, columns, statements of indexes, indexes, foreign keys.
pub(crate) fn statements(form: Form, kinds: Kinds) -> [String; 6] {
    let text = |name: &str| match form {
        Form::Text => name.to_owned(),
        Form::Bytes => format!("CAST({name} AS BLOB)"),
    };
    let kinds = match kinds {
        Kinds::Tables => " AND l.type IN ('table', 'shadow')",
        Kinds::All => "",
    };
    [
        format!("SELECT {}, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name", text("name")),
        format!(
            "SELECT type, {}, {} FROM sqlite_schema WHERE type IN ('table', 'view', 'trigger') ORDER BY name",
            text("tbl_name"),
            text("sql")
        ),
        format!(
            "SELECT {}, {} FROM pragma_table_list l JOIN pragma_table_xinfo(l.name, 'main') x \
             WHERE l.schema = 'main'{kinds} ORDER BY l.name, x.cid",
            text("l.name"),
            column_facts(form)
        ),
        format!("SELECT {}, {} FROM sqlite_schema WHERE type = 'index'", text("name"), text("sql")),
        format!(
            "SELECT {}, {}, i.\"unique\", i.origin, i.partial, x.cid, {}, x.\"desc\", {} \
             FROM pragma_table_list l JOIN pragma_index_list(l.name, 'main') i JOIN pragma_index_xinfo(i.name, 'main') x \
             WHERE l.schema = 'main' AND l.type IN ('table', 'shadow') AND x.key = 1 ORDER BY l.name, i.seq DESC, x.seqno",
            text("l.name"),
            text("i.name"),
            text("x.name"),
            text("x.coll")
        ),
        format!(
            "SELECT {}, k.id, {}, {}, {}, k.on_delete, k.on_update \
             FROM pragma_table_list l JOIN pragma_foreign_key_list(l.name, 'main') k \
             WHERE l.schema = 'main' AND l.type = 'table' ORDER BY l.name, k.id, k.seq",
            text("l.name"),
            text("k.\"table\""),
            text("k.\"from\""),
            text("k.\"to\"")
        ),
    ]
}

/// The columns of one relation, given as a literal or a parameter.
pub(crate) fn columns_of(form: Form, relation: &str) -> String {
    format!("SELECT {} FROM pragma_table_xinfo({relation}, 'main') x ORDER BY x.cid", column_facts(form))
}

/// How names travel: as texts, or, where these need not be UTF-8 and the way does not carry that, as their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Bytes,
}

/// Of which relations the columns are read in one statement: views and virtual tables can fail, and then it fails as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kinds {
    Tables,
    All,
}

/// What has to be asked about single relations.
pub(crate) trait Probe {
    /// The columns of a view or a virtual table; an error is its own.
    fn columns(&mut self, name: &str) -> Result<Vec<Column>>;

    /// Whether the relation, which is no ordinary table, has rowids under this name.
    fn has_rowid(&mut self, name: &str, rowid: &str) -> Result<bool>;

    /// Whether a table of SQLite's own can be read by rowid like any other.
    fn is_plain(&mut self, name: &str, rowid: &str) -> bool;
}

/// Reads the schema of a file.
pub(crate) fn read(reader: &Reader<'_>) -> Result<Schema> {
    let mut sets = Vec::with_capacity(6);
    for sql in statements(Form::Text, Kinds::Tables) {
        sets.push(reader.all(&sql, &[], |row| {
            (0..row.as_ref().column_count()).map(|at| reader.whole(row, at)).collect::<Result<Vec<_>>>()
        })?);
    }
    assemble(&sets, &mut FileProbe { reader })
}

struct FileProbe<'a> {
    reader: &'a Reader<'a>,
}

impl Probe for FileProbe<'_> {
    fn columns(&mut self, name: &str) -> Result<Vec<Column>> {
        let reader = self.reader;
        // A statement that names it says why it fails; the pragma alone may stay silent about it.
        let sql = format!("SELECT * FROM main.{}", quoted(name));
        reader.connection.prepare(&sql).map_err(|error| reader.words(&error))?;
        let rows = reader.all(&columns_of(Form::Text, "?1"), &[&Value::text(name)], |row| {
            (0..6).map(|at| reader.whole(row, at)).collect::<Result<Vec<_>>>()
        })?;
        Ok(rows.iter().filter_map(|row| column(row)).collect())
    }

    /// A virtual table says only when it is read whether it has rowids.
    fn has_rowid(&mut self, name: &str, rowid: &str) -> Result<bool> {
        let reader = self.reader;
        Ok(reader
            .first(&probe(name, rowid), &[], |row| Ok(reader.text(row, 0)? == "integer"))
            .is_ok_and(|typed| typed.unwrap_or(true)))
    }

    fn is_plain(&mut self, name: &str, rowid: &str) -> bool {
        self.reader.connection.prepare(&probe(name, rowid)).is_ok()
    }
}

/// The schema out of the rows of [`statements`]. Columns of views and virtual tables may be missing there.
pub(crate) fn assemble(sets: &[Vec<Vec<Value>>], probe: &mut dyn Probe) -> Result<Schema> {
    let [names, statements, columns, index_statements, indexes, keys] = sets else {
        return Err(Error::new(ErrorKind::Sql, "the schema is incomplete", "please report this"));
    };
    let mut sources = sources(statements);
    let mut columns = columns_of_tables(columns);
    let mut indexes = indexes_of_tables(index_statements, indexes);
    let index_names: HashSet<String> = indexes.values().flatten().map(|found| found.index.name.clone()).collect();
    let mut keys = foreign_keys(keys);
    let mut relations = Vec::with_capacity(names.len());
    for row in names {
        let (name, raw_kind, without_rowid) = (text(row, 0), text(row, 1), integer(row, 2) != 0);
        let kind = kind_of(&name, &raw_kind, &index_names);
        let facts = catalogue::table(&name).filter(|_| matches!(kind, RelationKind::Table | RelationKind::View));
        let found = indexes.remove(&name).unwrap_or_default();
        let sources = sources.remove(&name).unwrap_or_default();
        let (read, broken) = match columns.remove(&name) {
            Some(read) => (read, None),
            None => match probe.columns(&name) {
                Ok(read) => (read, None),
                Err(error) if matches!(error.kind, ErrorKind::Sql | ErrorKind::NoSuchRelation) => {
                    (Vec::new(), Some(broken_words(&name, &error.what)))
                }
                Err(error) => return Err(error),
            },
        };
        let broken = broken.or_else(|| read.is_empty().then(|| broken_words(&name, "it has no columns")));
        let mut columns = read;
        for column in &mut columns {
            column.facts = facts.and_then(|facts| facts.column(&column.name));
        }
        let key = if broken.is_some() || kind == RelationKind::View {
            KeyKind::None
        } else {
            key_kind(probe, &name, kind, without_rowid, &columns, &found)?
        };
        relations.push(Relation {
            name: name.clone(),
            kind,
            columns,
            key,
            sql: sources.sql,
            indexes: found.into_iter().map(|found| found.index).collect(),
            references: keys.remove(&name).unwrap_or_default(),
            referenced_by: Vec::new(),
            triggers: sources.triggers,
            facts,
            broken,
        });
    }
    link(&mut relations);
    sort(&mut relations);
    Ok(Schema { relations: relations.into_iter().map(Arc::new).collect() })
}

/// Text of a row, however it travelled, with what is not UTF-8 replaced.
fn text(row: &[Value], at: usize) -> String {
    match row.get(at) {
        Some(Value::Blob(bytes)) => String::from_utf8_lossy(bytes.head()).into_owned(),
        Some(value) => value.to_plain().into_owned(),
        None => String::new(),
    }
}

fn maybe(row: &[Value], at: usize) -> Option<String> {
    row.get(at).filter(|value| !value.is_null()).map(|_| text(row, at))
}

fn integer(row: &[Value], at: usize) -> i64 {
    row.get(at).and_then(Value::as_integer).unwrap_or(0)
}

fn broken_words(name: &str, why: &str) -> String {
    if name.contains(char::REPLACEMENT_CHARACTER) {
        format!("its name is not valid UTF-8, so no statement can name it ({why})")
    } else {
        why.to_owned()
    }
}

fn kind_of(name: &str, kind: &str, indexes: &HashSet<String>) -> RelationKind {
    let lower = name.to_ascii_lowercase();
    let of_an_index = || lower.strip_suffix("_shadow").is_some_and(|index| indexes.contains(index));
    if kind == "shadow" || INTERNAL.iter().any(|prefix| lower.starts_with(prefix)) || of_an_index() {
        return RelationKind::Internal;
    }
    match kind {
        "view" => RelationKind::View,
        "virtual" => RelationKind::Virtual,
        _ => RelationKind::Table,
    }
}

#[derive(Default)]
struct Sources {
    sql: Option<String>,
    triggers: Vec<String>,
}

fn sources(rows: &[Vec<Value>]) -> HashMap<String, Sources> {
    let mut sources: HashMap<String, Sources> = HashMap::new();
    for row in rows {
        let entry = sources.entry(text(row, 1)).or_default();
        let sql = maybe(row, 2);
        if text(row, 0) == "trigger" {
            entry.triggers.extend(sql);
        } else {
            entry.sql = sql;
        }
    }
    sources
}

/// name, type, notnull, dflt_value, pk, hidden (<https://www.sqlite.org/pragma.html#pragma_table_xinfo>).
fn column_facts(form: Form) -> &'static str {
    match form {
        Form::Text => "x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden",
        Form::Bytes => {
            "CAST(x.name AS BLOB), CAST(x.type AS BLOB), x.\"notnull\", CAST(x.dflt_value AS BLOB), x.pk, x.hidden"
        }
    }
}

/// `None` for the hidden columns of virtual tables, which are arguments rather than content.
pub(crate) fn column(row: &[Value]) -> Option<Column> {
    let hidden = integer(row, 5);
    (hidden != 1).then(|| Column {
        name: text(row, 0),
        declared: text(row, 1),
        not_null: integer(row, 2) != 0,
        default: maybe(row, 3),
        primary_key: u32::try_from(integer(row, 4)).ok().filter(|place| *place > 0),
        generated: hidden == 2 || hidden == 3,
        facts: None,
    })
}

fn columns_of_tables(rows: &[Vec<Value>]) -> HashMap<String, Vec<Column>> {
    let mut columns: HashMap<String, Vec<Column>> = HashMap::new();
    for row in rows {
        if let Some(column) = row.get(1..).and_then(column) {
            columns.entry(text(row, 0)).or_default().push(column);
        }
    }
    columns
}

/// An index with what only its key's use needs: collation and direction of each term, and the column's position.
struct FoundIndex {
    index: Index,
    terms: Vec<(i64, String, bool)>,
}

fn indexes_of_tables(statements: &[Vec<Value>], rows: &[Vec<Value>]) -> HashMap<String, Vec<FoundIndex>> {
    let mut sources: HashMap<String, Option<String>> =
        statements.iter().map(|row| (text(row, 0), maybe(row, 1))).collect();
    let mut found: HashMap<String, Vec<FoundIndex>> = HashMap::new();
    for row in rows {
        let list = found.entry(text(row, 0)).or_default();
        let name = text(row, 1);
        if list.last().is_none_or(|last| last.index.name != name) {
            list.push(FoundIndex {
                index: Index {
                    sql: sources.remove(&name).flatten(),
                    unique: integer(row, 2) != 0,
                    origin: text(row, 3),
                    partial: integer(row, 4) != 0,
                    columns: Vec::new(),
                    name,
                },
                terms: Vec::new(),
            });
        }
        if let Some(last) = list.last_mut() {
            last.index.columns.push(maybe(row, 6));
            last.terms.push((integer(row, 5), text(row, 8), integer(row, 7) != 0));
        }
    }
    found
}

fn foreign_keys(rows: &[Vec<Value>]) -> HashMap<String, Vec<ForeignKey>> {
    let mut keys: HashMap<String, Vec<(i64, ForeignKey)>> = HashMap::new();
    for row in rows {
        let (from, id) = (text(row, 0), integer(row, 1));
        let list = keys.entry(from.clone()).or_default();
        if list.last().is_none_or(|(last, _)| *last != id) {
            let key = ForeignKey {
                from,
                to: text(row, 2),
                columns: Vec::new(),
                on_delete: text(row, 5),
                on_update: text(row, 6),
            };
            list.push((id, key));
        }
        if let Some((_, key)) = list.last_mut() {
            // Without a column it refers to the primary key: named when the other table is known.
            key.columns.push((text(row, 3), maybe(row, 4).unwrap_or_default()));
        }
    }
    keys.into_iter().map(|(name, list)| (name, list.into_iter().map(|(_, key)| key).collect())).collect()
}

fn key_kind(
    probe: &mut dyn Probe,
    name: &str,
    kind: RelationKind,
    without_rowid: bool,
    columns: &[Column],
    indexes: &[FoundIndex],
) -> Result<KeyKind> {
    let primary = indexes.iter().find(|found| found.index.origin == "pk");
    if without_rowid {
        // Hidden columns exist in virtual tables alone, so positions in the pragma are those of `columns`.
        let key = primary.map(|primary| {
            primary.terms.iter().map(|(position, collation, descending)| {
                let column = usize::try_from(*position).ok().filter(|column| *column < columns.len())?;
                let known = COLLATIONS.iter().any(|known| known.eq_ignore_ascii_case(collation));
                known.then(|| KeyColumn { column, collation: collation.clone(), descending: *descending })
            })
        });
        let key: Option<Vec<KeyColumn>> = key.and_then(Iterator::collect);
        return Ok(key.filter(|key| !key.is_empty()).map_or(KeyKind::None, KeyKind::Primary));
    }
    // One column of the type INTEGER exactly; `INTEGER PRIMARY KEY DESC` has an index and is no rowid
    // (https://www.sqlite.org/lang_createtable.html#rowid).
    let mut declared = columns.iter().enumerate().filter(|(_, column)| column.primary_key.is_some());
    let alias = match (declared.next(), declared.next()) {
        (Some((at, column)), None) if column.declared.eq_ignore_ascii_case("INTEGER") && primary.is_none() => Some(at),
        _ => None,
    };
    let free = ROWID_NAMES.iter().find(|free| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(free)));
    let name_of = match (alias, free) {
        (_, Some(free)) => (*free).to_owned(),
        (Some(at), None) => columns[at].name.clone(),
        (None, None) => return Ok(KeyKind::None),
    };
    let is_virtual =
        kind == RelationKind::Virtual || (kind == RelationKind::Internal && !probe.is_plain(name, &name_of));
    if is_virtual && !probe.has_rowid(name, &name_of)? {
        return Ok(KeyKind::None);
    }
    Ok(KeyKind::Rowid { alias: name_of, column: alias.filter(|_| kind != RelationKind::Virtual) })
}

/// Reads a rowid's type: `integer` where there are rowids under this name, no row in an empty table.
pub(crate) fn probe(name: &str, rowid: &str) -> String {
    format!("SELECT typeof(t.{}) FROM main.{} AS t LIMIT 1", quoted(rowid), quoted(name))
}

/// Names the columns that foreign keys leave out, and tells each table who refers to it.
fn link(relations: &mut [Relation]) {
    let keys: HashMap<String, Vec<String>> = relations
        .iter()
        .map(|relation| {
            let mut key: Vec<_> = relation.columns.iter().filter(|column| column.primary_key.is_some()).collect();
            key.sort_by_key(|column| column.primary_key);
            (relation.name.to_lowercase(), key.into_iter().map(|column| column.name.clone()).collect())
        })
        .collect();
    let mut incoming: HashMap<String, Vec<ForeignKey>> = HashMap::new();
    for relation in relations.iter_mut() {
        for key in &mut relation.references {
            if let Some(names) = keys.get(&key.to.to_lowercase()) {
                for ((_, to), name) in key.columns.iter_mut().zip(names) {
                    if to.is_empty() {
                        to.clone_from(name);
                    }
                }
            }
            incoming.entry(key.to.to_lowercase()).or_default().push(key.clone());
        }
    }
    for relation in relations {
        relation.referenced_by = incoming.remove(&relation.name.to_lowercase()).unwrap_or_default();
    }
}

/// The catalogue's in its order, then tables, views, virtual tables, internal ones, each by name.
fn sort(relations: &mut [Relation]) {
    relations.sort_by_cached_key(|relation| {
        let group = match relation.kind {
            _ if relation.facts.is_some() => 0,
            RelationKind::Table => 1,
            RelationKind::View => 2,
            RelationKind::Virtual => 3,
            RelationKind::Internal => 4,
        };
        let place = relation.facts.map_or(0, |facts| facts.number);
        (group, place, relation.name.to_lowercase(), relation.name.clone())
    });
}
