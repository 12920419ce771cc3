//! Words of SQL for names and values that nobody vouches for.
//!
//! Owns quoting, literals, and how a relation's columns are reached. Must not run anything.

use crate::domain::{
    schema::{KeyKind, Relation},
    value::{Bytes, Value, hex},
};

/// The name as an identifier. Only ever used behind a qualifier (`t."x"`, `main."x"`): SQLite takes a lonely `"x"` that it does
/// not know for a text (<https://www.sqlite.org/quirks.html>, section 8), and a dropped column would read as its own name.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The value as an expression that gives exactly it, and that compares as a bound parameter does: without affinity or collation
/// (<https://www.sqlite.org/datatype3.html>, section 4.2).
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        // The digits of the smallest one alone would be a float.
        Value::Integer(i64::MIN) => format!("({} - 1)", i64::MIN + 1),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => real(*number),
        Value::Text(bytes) => text(bytes),
        Value::Blob(bytes) => format!("x'{}'", hex(bytes.head())),
    }
}

/// Text of SQL ends at NUL and must be UTF-8: what is neither goes by its bytes. CAST would bring TEXT affinity, which the plus takes.
fn text(bytes: &Bytes) -> String {
    match std::str::from_utf8(bytes.head()) {
        Ok(text) if !text.contains('\0') => format!("'{}'", text.replace('\'', "''")),
        _ => format!("(+CAST(x'{}' AS TEXT))", hex(bytes.head())),
    }
}

/// The mantissa's bits that are written in digits: SQLite reads integers below 2^53 exactly.
const MANTISSA: u32 = 52;

/// SQLite reads decimal fractions nearly right, to the last bit or two. What is not surely right is written as an integer and
/// powers of two, whose products are exact.
fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "9e999" } else { "-9e999" }.to_owned();
    }
    if number.trunc() == number && number.abs() < 1e15 {
        return format!("{number:.1}");
    }
    let bits = number.to_bits();
    let exponent = i32::try_from((bits >> MANTISSA) & 0x7ff).unwrap_or(0);
    let fraction = bits & ((1 << MANTISSA) - 1);
    let (mantissa, mut power) =
        if exponent == 0 { (fraction, -1074) } else { (fraction | (1 << MANTISSA), exponent - 1075) };
    let mut sql = format!("({}{mantissa} * 1.0", if number < 0.0 { "-" } else { "" });
    while power != 0 {
        let step = power.abs().min(30);
        let sign = if power > 0 { '*' } else { '/' };
        sql.push_str(&format!(" {sign} {}.0", 1_u64 << step));
        power += if power > 0 { -step } else { step };
    }
    sql.push(')');
    sql
}

/// How a relation and its columns are reached in a statement.
pub(crate) struct Source {
    /// What comes before SELECT.
    pub(crate) with: String,
    /// What stands behind FROM, called `t`.
    pub(crate) from: String,
    /// Each column.
    pub(crate) columns: Vec<String>,
    /// The rowid, where rows have one.
    pub(crate) rowid: Option<String>,
    /// Whether `INDEXED BY` may follow `from`.
    pub(crate) is_plain: bool,
}

impl Source {
    pub(crate) fn of(relation: &Relation) -> Self {
        let name = format!("main.{}", quoted(&relation.name));
        let rowid = match &relation.key {
            KeyKind::Rowid { alias, .. } => Some(quoted(alias)),
            KeyKind::Primary(_) | KeyKind::None => None,
        };
        // A name that was not valid UTF-8 cannot be written in a statement; `*` and names of our own reach its column.
        if relation.columns.iter().any(|column| column.name.contains(char::REPLACEMENT_CHARACTER)) {
            let own: Vec<String> = (0..relation.columns.len()).map(|at| format!("c{at}")).collect();
            let (key, inner) = match &rowid {
                Some(rowid) => ("k, ", format!("s.{rowid}, s.*")),
                None => ("", "s.*".to_owned()),
            };
            return Self {
                with: format!("WITH t({key}{}) AS (SELECT {inner} FROM {name} AS s) ", own.join(", ")),
                from: "t".to_owned(),
                columns: own.iter().map(|column| format!("t.{column}")).collect(),
                rowid: rowid.map(|_| "t.k".to_owned()),
                is_plain: false,
            };
        }
        Self {
            with: String::new(),
            from: format!("{name} AS t"),
            columns: relation.columns.iter().map(|column| format!("t.{}", quoted(&column.name))).collect(),
            rowid: rowid.map(|rowid| format!("t.{rowid}")),
            is_plain: true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rusqlite::Connection;

    use super::*;
    use crate::db::connection::reader;

    fn back(connection: &Connection, sql: &str) -> Value {
        connection.query_row(sql, [], |row| Ok(reader::value(row.get_ref(0)?, usize::MAX))).unwrap()
    }

    #[test]
    fn literals_give_the_value_to_the_last_bit() {
        let connection = Connection::open_in_memory().unwrap();
        let mut values: Vec<Value> = [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX].map(Value::Integer).to_vec();
        values.extend(
            [f64::MIN_POSITIVE, 5e-324, f64::MAX, -0.1, 1e15, 123.0, f64::INFINITY, f64::NEG_INFINITY].map(Value::Real),
        );
        values.extend(["", "it's", "a\"b", "漢字"].map(Value::text));
        values.push(Value::Text(Bytes::whole(*b"a\0b")));
        values.push(Value::Text(Bytes::whole(*b"a\xffb")));
        values.push(Value::Blob(Bytes::whole(*b"\x00\xff")));
        values.push(Value::Null);
        let mut bits = 88_172_645_463_325_252_u64;
        for _ in 0..2000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            values.extend(Some(f64::from_bits(bits)).filter(|number| !number.is_nan()).map(Value::Real));
        }
        for value in values {
            let given = back(&connection, &format!("SELECT {}", literal(&value)));
            match (&value, &given) {
                (Value::Real(wanted), Value::Real(given)) => {
                    assert_eq!(wanted.to_bits(), given.to_bits(), "{wanted:e}");
                }
                _ => assert_eq!(value, given),
            }
        }
    }

    #[test]
    fn literals_compare_as_parameters_do() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE x(a BLOB, n NUMERIC); INSERT INTO x VALUES (1, 1)").unwrap();
        let text = literal(&Value::Text(Bytes::whole(*b"1\0")));
        // A number is before every text, unless TEXT affinity makes a text of it.
        assert_eq!(back(&connection, &format!("SELECT a < {text} FROM x")), Value::Integer(1));
        assert_eq!(back(&connection, "SELECT n = '1' FROM x"), Value::Integer(1));
        assert_eq!(back(&connection, "SELECT a = '1' FROM x"), Value::Integer(0));
    }

    #[test]
    fn names_stay_names() {
        assert_eq!(quoted("a\"b.c"), "\"a\"\"b.c\"");
        assert_eq!(quoted("select"), "\"select\"");
    }
}
