//! What the tests' servers hold: a code-reels database, and one of everything that is hard to carry over a network. The same rows lie in a
//! file, which is what the answers are compared with.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use reelscope::db::generate;
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use tempfile::TempDir;

use super::sqld::Sqld;

/// A database in a file.
pub(crate) struct Sample {
    folder: TempDir,
    path: PathBuf,
}

impl Sample {
    /// What this script makes.
    pub(crate) fn of(sql: &str) -> Self {
        // Before the first file: copies of servers may follow.
        reelscope::db::replica::prepare();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.db");
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        Self { folder, path }
    }

    /// code-reels with this many rows in its ledger.
    pub(crate) fn code_reels(rows: u64) -> Self {
        reelscope::db::replica::prepare();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample.db");
        generate::generate(&path, rows, &mut |_, _| {}).unwrap();
        Self { folder, path }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its folder, for what belongs beside it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A server with the same; `None` where tests with servers are left out.
    pub(crate) fn served(&self) -> Option<Sqld> {
        let sqld = Sqld::start()?;
        sqld.run(&dump(&self.path));
        Some(sqld)
    }
}

/// Everything that is hard to carry.
pub(crate) fn hostile() -> String {
    let mut sql = String::from(
        r#"
        CREATE TABLE odd(id INTEGER PRIMARY KEY, v, note TEXT);
        CREATE INDEX odd_v ON odd(v);
        INSERT INTO odd(v) VALUES (NULL), (0), (-1), (9223372036854775807), (-9223372036854775808), (9007199254740993),
            (0.1), (-0.0), (1e308), (5e-324), (2.2250738585072014e-308), (9e999), (-9e999), (1.0), (9007199254740992.0),
            (9223372036854775808.0), (''), ('plain'), ('it''s "quoted"'), ('Infinity'), ('NaN'), ('{"type":"null"}'), ('\u0000'),
            (CAST(x'6100ff62' AS TEXT)), (CAST(x'610062' AS TEXT)), (CAST(x'ff' AS TEXT)), (CAST(x'eda080' AS TEXT)),
            (CAST(x'00' AS TEXT)), (x''), (x'00ff'), (x'7b7d'), (zeroblob(3000)), (CAST(zeroblob(2000) AS TEXT)),
            (printf('%.*c', 5000, 'x')), ('😀' || char(8238) || 'x' || char(27) || '[31m'), (char(65279)), ('a' || char(10) || 'b');
        UPDATE odd SET note = 'note of ' || id WHERE id % 2;
        INSERT INTO odd VALUES (9223372036854775807, 'last', NULL), (-9223372036854775808, 'first', NULL), (0, 'zero', '');

        CREATE TABLE pairs(a TEXT, b, c, PRIMARY KEY(a, b DESC)) WITHOUT ROWID;
        INSERT INTO pairs SELECT 'group ' || (id % 3), id, v FROM odd;
        INSERT INTO pairs VALUES ('infinite', 9e999, 1), ('infinite', -9e999, 2), (CAST(x'ff' AS TEXT), 0, 3), (CAST(x'6100' AS TEXT), x'00', 4),
            (CAST(x'61' AS TEXT), x'00', 5), ('', '', 6), ('it''s', '"', 7);

        CREATE TABLE "select ""from"" it's [x]"("a b" TEXT COLLATE NOCASE, "c""d", "e'f", "😀" AS ("a b" || 'x'), "--", PRIMARY KEY("c""d", "a b"));
        CREATE INDEX "index ""i""" ON "select ""from"" it's [x]"("a b" DESC);
        INSERT INTO "select ""from"" it's [x]" VALUES ('A', 1, 1, 1), ('a', 2, NULL, 2), ('B', 1, x'ff', 3), ('b ', 1, '', 4), (NULL, NULL, 5, 5), (NULL, NULL, 6, 6);

        CREATE TABLE texts(k TEXT PRIMARY KEY, v INT);
        INSERT INTO texts VALUES ('b', 1), ('B', 2), ('', 3), ('10', 4), ('9', 5), (NULL, 6), (CAST(x'62ff' AS TEXT), 7), ('b/c', 8);

        CREATE TABLE ties(id INTEGER PRIMARY KEY, status TEXT, sparse INTEGER, name TEXT COLLATE NOCASE, plain);
        CREATE INDEX ties_status ON ties(status);
        CREATE INDEX ties_sparse ON ties(sparse DESC);
        WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 149)
        INSERT INTO ties SELECT 7 * x - 300, CASE x % 3 WHEN 0 THEN 'active' WHEN 1 THEN 'Flagged' END,
            CASE WHEN x % 4 THEN (x * 31) % 17 END, CASE x % 2 WHEN 0 THEN 'Name ' ELSE 'name ' END || (x % 11), (x * 7) % 5 FROM n;

        CREATE TABLE empty(a INTEGER, b TEXT DEFAULT 'x' NOT NULL);
        CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(p INTEGER REFERENCES parent(id) ON DELETE CASCADE, q REFERENCES texts(k));
        INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1, 'b'), (2, NULL), (NULL, NULL);
        CREATE TRIGGER changed AFTER UPDATE ON parent BEGIN SELECT 1; END;

        CREATE VIEW broken AS SELECT * FROM gone;
        CREATE VIEW seen AS SELECT status, sparse, status, name FROM ties WHERE sparse > 3;
        CREATE VIEW counted AS SELECT status, count(*) AS n, 9e999 AS infinite, CAST(x'ff' AS TEXT) AS bad FROM ties GROUP BY status;
        "#,
    );
    let columns: Vec<String> = (0..300).map(|at| format!("c{at}")).collect();
    let _ = write!(sql, "CREATE TABLE wide({});", columns.join(", "));
    for row in 0..12 {
        let values: Vec<String> = (0..300).map(|at| format!("'{row}.{at}'")).collect();
        let _ = write!(sql, "INSERT INTO wide VALUES ({});", values.join(", "));
    }
    sql
}

/// A database as SQL: every row with the number it has, so that both sides agree on it.
pub(crate) fn dump(path: &Path) -> String {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let list = |kind: &str| -> Vec<(String, String)> {
        let sql = format!(
            "SELECT name, sql FROM sqlite_schema WHERE type = '{kind}' AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' \
             ESCAPE '\\' ORDER BY rowid"
        );
        let mut statement = connection.prepare(&sql).unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let mut sql = String::from("BEGIN;\n");
    for (name, create) in list("table") {
        let _ = writeln!(sql, "{create};");
        rows(&connection, &name, &mut sql);
    }
    for (_, create) in ["index", "trigger", "view"].into_iter().flat_map(list) {
        let _ = writeln!(sql, "{create};");
    }
    sql + "COMMIT;\n"
}

fn rows(connection: &Connection, name: &str, sql: &mut String) {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1)").unwrap();
    let names: Vec<String> = statement.query_map([name], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let table = quoted(name);
    // Where there is a rowid that is no column, it goes along.
    let alias = "SELECT count(*) = 1 FROM pragma_table_info(?1) WHERE pk AND upper(type) = 'INTEGER'";
    let named: bool = connection.query_row(alias, [name], |row| row.get(0)).unwrap();
    if !named && connection.prepare(&format!("SELECT rowid FROM {table}")).is_ok() {
        columns.insert(0, "rowid".to_owned());
    }
    let columns = columns.join(", ");
    let mut statement = connection.prepare(&format!("SELECT {columns} FROM {table}")).unwrap();
    let count = statement.column_count();
    let mut found = statement.query([]).unwrap();
    let mut many = 0;
    while let Some(row) = found.next().unwrap() {
        sql.push_str(&match many % 100 {
            0 => format!("INSERT INTO {table}({columns}) VALUES\n("),
            _ => ",\n(".to_owned(),
        });
        for at in 0..count {
            sql.push_str(if at > 0 { ", " } else { "" });
            sql.push_str(&literal(row.get_ref(at).unwrap()));
        }
        many += 1;
        sql.push_str(if many % 100 == 0 { ");\n" } else { ")" });
    }
    if many % 100 != 0 {
        sql.push_str(";\n");
    }
}

fn literal(value: ValueRef<'_>) -> String {
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    };
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) if number.is_infinite() => if number > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
        ValueRef::Real(number) => format!("{number:e}"),
        ValueRef::Blob(bytes) => format!("x'{}'", hex(bytes)),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => format!("'{}'", text.replace('\'', "''")),
            _ => format!("CAST(x'{}' AS TEXT)", hex(bytes)),
        },
    }
}
