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
        connection::reader::{Flow, Reader},
        error::{ErrorKind, Result},
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

/// Reads the schema.
pub(crate) fn read(reader: &Reader<'_>) -> Result<Schema> {
    let mut names = Vec::new();
    reader.each("SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name", &[], |row| {
        names.push((reader.text(row, 0)?, reader.text(row, 1)?, reader.integer(row, 2)? != 0));
        Ok(Flow::More)
    })?;
    let mut sources = statements(reader)?;
    let mut columns = columns_of_tables(reader)?;
    let mut indexes = indexes(reader)?;
    let index_names: HashSet<String> = indexes.values().flatten().map(|found| found.index.name.clone()).collect();
    let mut keys = foreign_keys(reader)?;
    let mut relations = Vec::with_capacity(names.len());
    for (name, kind, without_rowid) in names {
        let kind = kind_of(&name, &kind, &index_names);
        let facts = catalogue::table(&name).filter(|_| matches!(kind, RelationKind::Table | RelationKind::View));
        let found = indexes.remove(&name).unwrap_or_default();
        let sources = sources.remove(&name).unwrap_or_default();
        let (read, broken) = match columns.remove(&name) {
            Some(read) => (read, None),
            None => match columns_of_one(reader, &name) {
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
        let key = key_kind(reader, &name, kind, without_rowid, &columns, &found, broken.is_some())?;
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

fn statements(reader: &Reader<'_>) -> Result<HashMap<String, Sources>> {
    let mut sources: HashMap<String, Sources> = HashMap::new();
    reader.each(
        "SELECT type, tbl_name, sql FROM sqlite_schema WHERE type IN ('table', 'view', 'trigger') ORDER BY name",
        &[],
        |row| {
            let entry = sources.entry(reader.text(row, 1)?).or_default();
            let sql = reader.maybe(row, 2)?;
            if reader.text(row, 0)? == "trigger" {
                entry.triggers.extend(sql);
            } else {
                entry.sql = sql;
            }
            Ok(Flow::More)
        },
    )?;
    Ok(sources)
}

/// cid, name, type, notnull, dflt_value, pk, hidden (<https://www.sqlite.org/pragma.html#pragma_table_xinfo>).
const COLUMN_FACTS: &str = "x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden";

/// `None` for the hidden columns of virtual tables, which are arguments rather than content.
fn column(reader: &Reader<'_>, row: &rusqlite::Row<'_>, at: usize) -> Result<Option<Column>> {
    let hidden = reader.integer(row, at + 5)?;
    if hidden == 1 {
        return Ok(None);
    }
    Ok(Some(Column {
        name: reader.text(row, at)?,
        declared: reader.text(row, at + 1)?,
        not_null: reader.integer(row, at + 2)? != 0,
        default: reader.maybe(row, at + 3)?,
        primary_key: u32::try_from(reader.integer(row, at + 4)?).ok().filter(|place| *place > 0),
        generated: hidden == 2 || hidden == 3,
        facts: None,
    }))
}

fn columns_of_tables(reader: &Reader<'_>) -> Result<HashMap<String, Vec<Column>>> {
    let mut columns: HashMap<String, Vec<Column>> = HashMap::new();
    let sql = format!(
        "SELECT l.name, {COLUMN_FACTS} FROM pragma_table_list l JOIN pragma_table_xinfo(l.name, 'main') x
         WHERE l.schema = 'main' AND l.type IN ('table', 'shadow') ORDER BY l.name, x.cid"
    );
    reader.each(&sql, &[], |row| {
        let name = reader.text(row, 0)?;
        if let Some(column) = column(reader, row, 1)? {
            columns.entry(name).or_default().push(column);
        }
        Ok(Flow::More)
    })?;
    Ok(columns)
}

/// Of a view or a virtual table: an error is its own.
fn columns_of_one(reader: &Reader<'_>, name: &str) -> Result<Vec<Column>> {
    // A statement that names it says why it fails; the pragma alone may stay silent about it.
    reader.connection.prepare(&format!("SELECT * FROM main.{}", quoted(name))).map_err(|error| reader.words(&error))?;
    let sql = format!("SELECT {COLUMN_FACTS} FROM pragma_table_xinfo(?1, 'main') x ORDER BY x.cid");
    let mut columns = Vec::new();
    reader.each(&sql, &[&Value::text(name)], |row| {
        columns.extend(column(reader, row, 0)?);
        Ok(Flow::More)
    })?;
    Ok(columns)
}

/// An index with what only its key's use needs: collation and direction of each term, and the column's position.
struct FoundIndex {
    index: Index,
    terms: Vec<(i64, String, bool)>,
}

fn indexes(reader: &Reader<'_>) -> Result<HashMap<String, Vec<FoundIndex>>> {
    let mut sources = HashMap::new();
    reader.each("SELECT name, sql FROM sqlite_schema WHERE type = 'index'", &[], |row| {
        sources.insert(reader.text(row, 0)?, reader.maybe(row, 1)?);
        Ok(Flow::More)
    })?;
    let mut found: HashMap<String, Vec<FoundIndex>> = HashMap::new();
    reader.each(
        "SELECT l.name, i.name, i.\"unique\", i.origin, i.partial, x.cid, x.name, x.\"desc\", x.coll
         FROM pragma_table_list l JOIN pragma_index_list(l.name, 'main') i JOIN pragma_index_xinfo(i.name, 'main') x
         WHERE l.schema = 'main' AND l.type IN ('table', 'shadow') AND x.key = 1 ORDER BY l.name, i.seq DESC, x.seqno",
        &[],
        |row| {
            let list = found.entry(reader.text(row, 0)?).or_default();
            let name = reader.text(row, 1)?;
            if list.last().is_none_or(|last| last.index.name != name) {
                list.push(FoundIndex {
                    index: Index {
                        sql: sources.remove(&name).flatten(),
                        unique: reader.integer(row, 2)? != 0,
                        origin: reader.text(row, 3)?,
                        partial: reader.integer(row, 4)? != 0,
                        columns: Vec::new(),
                        name,
                    },
                    terms: Vec::new(),
                });
            }
            if let Some(last) = list.last_mut() {
                let position = reader.integer(row, 5)?;
                last.index.columns.push(reader.maybe(row, 6)?);
                last.terms.push((position, reader.text(row, 8)?, reader.integer(row, 7)? != 0));
            }
            Ok(Flow::More)
        },
    )?;
    Ok(found)
}

fn foreign_keys(reader: &Reader<'_>) -> Result<HashMap<String, Vec<ForeignKey>>> {
    let mut keys: HashMap<String, Vec<(i64, ForeignKey)>> = HashMap::new();
    reader.each(
        "SELECT l.name, k.id, k.\"table\", k.\"from\", k.\"to\", k.on_delete, k.on_update
         FROM pragma_table_list l JOIN pragma_foreign_key_list(l.name, 'main') k
         WHERE l.schema = 'main' AND l.type = 'table' ORDER BY l.name, k.id, k.seq",
        &[],
        |row| {
            let (from, id) = (reader.text(row, 0)?, reader.integer(row, 1)?);
            let list = keys.entry(from.clone()).or_default();
            if list.last().is_none_or(|(last, _)| *last != id) {
                let key = ForeignKey {
                    from,
                    to: reader.text(row, 2)?,
                    columns: Vec::new(),
                    on_delete: reader.text(row, 5)?,
                    on_update: reader.text(row, 6)?,
                };
                list.push((id, key));
            }
            if let Some((_, key)) = list.last_mut() {
                // Without a column it refers to the primary key: named when the other table is known.
                key.columns.push((reader.text(row, 3)?, reader.maybe(row, 4)?.unwrap_or_default()));
            }
            Ok(Flow::More)
        },
    )?;
    Ok(keys.into_iter().map(|(name, list)| (name, list.into_iter().map(|(_, key)| key).collect())).collect())
}

fn key_kind(
    reader: &Reader<'_>,
    name: &str,
    kind: RelationKind,
    without_rowid: bool,
    columns: &[Column],
    indexes: &[FoundIndex],
    broken: bool,
) -> Result<KeyKind> {
    if broken || kind == RelationKind::View {
        return Ok(KeyKind::None);
    }
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
    let is_virtual = kind == RelationKind::Virtual
        || (kind == RelationKind::Internal && reader.connection.prepare(&probe(name, &name_of)).is_err());
    if is_virtual && !has_rowid(reader, name, &name_of) {
        return Ok(KeyKind::None);
    }
    Ok(KeyKind::Rowid { alias: name_of, column: alias.filter(|_| kind != RelationKind::Virtual) })
}

fn probe(name: &str, rowid: &str) -> String {
    format!("SELECT t.{}, typeof(t.{}) FROM main.{} AS t LIMIT 1", quoted(rowid), quoted(rowid), quoted(name))
}

/// A virtual table says only when it is read whether it has rowids.
fn has_rowid(reader: &Reader<'_>, name: &str, rowid: &str) -> bool {
    reader
        .first(&probe(name, rowid), &[], |row| Ok(reader.text(row, 1)? == "integer"))
        .is_ok_and(|typed| typed.unwrap_or(true))
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
