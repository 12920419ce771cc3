//! The rows at about a share of the whole, without reading those before.
//!
//! In key order the share is interpolated between the first key and the last. In another order, rows at evenly spaced keys are a
//! sample of the whole: SQLite puts them in order, and the one at the share is where the page begins.

use crate::{
    db::{
        error::Result,
        paging::{
            condition_of, from_place, last,
            order::{Edge, Way},
            plan,
            walk::Walk,
        },
    },
    domain::{
        page::{Anchor, Page, Position, RowKey},
        value::{Bytes, Value},
    },
};

/// How many rows a sample has at most. Each is read four times: sought, looked up, put into the sorter and taken out of it.
const SAMPLE: usize = 32;

/// How many rows the sample for a page has: the whole page shall not read more than four times its rows.
pub(crate) fn sample_size(limit: usize) -> usize {
    (limit * 3 / 4).saturating_sub(3).clamp(1, SAMPLE)
}

/// The page at this share (over 0.0, under 1.0).
pub(crate) fn read(walk: &Walk<'_>, share: f64, limit: usize) -> Result<Page> {
    let by_key = plan::find(walk.reader, walk.relation, &[])?;
    let by_key = Walk::new(walk.reader, walk.relation, &by_key, &[]);
    let Some(ends) = Ends::of(&by_key)? else { return last(walk, limit) };
    let place = if walk.sort.is_empty() {
        ends.at(share)
    } else {
        match sampled(walk, &by_key, &ends, share, limit)? {
            Some(anchor) => walk.place(&anchor)?,
            None => return last(walk, limit),
        }
    };
    let page = from_place(walk, &place, limit, Position::About(share))?;
    // A page that the end cuts short says less than the last page.
    if page.rows.len() < limit && !page.at_start { last(walk, limit) } else { Ok(page) }
}

/// The page with the share at which it stands, where its place is not known and the keys are numbers to tell it from.
pub(crate) fn told(walk: &Walk<'_>, mut page: Page) -> Result<Page> {
    if page.position != Position::Unknown || !walk.sort.is_empty() {
        return Ok(page);
    }
    if let Some(Anchor { key: RowKey::Rowid(rowid), .. }) = page.first
        && let Some(Ends { first: Value::Integer(first), last: Value::Integer(last) }) = Ends::of(walk)?
        && first < last
    {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let part = (i128::from(rowid) - i128::from(first)) as f64 / (i128::from(last) - i128::from(first)) as f64;
        page.position = Position::About(part.clamp(0.0, 1.0));
    }
    Ok(page)
}

/// First and last value of the key's first column.
struct Ends {
    first: Value,
    last: Value,
}

impl Ends {
    fn of(by_key: &Walk<'_>) -> Result<Option<Self>> {
        let end = |way| -> Result<Option<Value>> {
            Ok(by_key.anchors(&[], way, Edge::Inclusive, 1)?.pop().and_then(|anchor| match anchor.key {
                RowKey::Rowid(rowid) => Some(Value::Integer(rowid)),
                RowKey::Primary(values) => values.into_iter().next(),
                RowKey::Ordinal(_) => None,
            }))
        };
        Ok(match (end(Way::On)?, end(Way::Back)?) {
            (Some(first), Some(last)) => Some(Self { first, last }),
            _ => None,
        })
    }

    /// A place in key order at this share: a value for the key's first column.
    fn at(&self, share: f64) -> Vec<Value> {
        vec![between(&self.first, &self.last, share)]
    }
}

/// The place of the row at this share of a sample in the walk's order.
fn sampled(walk: &Walk<'_>, by_key: &Walk<'_>, ends: &Ends, share: f64, limit: usize) -> Result<Option<Anchor>> {
    let size = sample_size(limit);
    let mut keys: Vec<RowKey> = Vec::with_capacity(size);
    for at in 0..size {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let place = ends.at((at as f64 + 0.5) / size as f64);
        let key = by_key.anchors(&place, Way::On, Edge::Inclusive, 1)?.pop().map(|anchor| anchor.key);
        keys.extend(key.filter(|key| !keys.contains(key)));
    }
    if keys.is_empty() {
        return Ok(None);
    }
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    for key in &keys {
        let Some((condition, more)) = condition_of(walk.relation, &walk.plan.source, key) else { return Ok(None) };
        conditions.push(format!("({condition})"));
        values.extend(more);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share")]
    let place = ((keys.len() as f64 * share) as usize).min(keys.len() - 1);
    values.push(Value::Integer(i64::try_from(place).unwrap_or(0)));
    let source = &walk.plan.source;
    let condition = match (&source.rowid, &keys[0]) {
        (Some(rowid), RowKey::Rowid(_)) => format!("{rowid} IN ({})", vec!["?"; keys.len()].join(", ")),
        _ => conditions.join(" OR "),
    };
    let sql = format!(
        "{}SELECT {} FROM {} WHERE {condition} ORDER BY {} LIMIT 1 OFFSET ?",
        source.with,
        walk.spine(),
        source.from,
        walk.plan.order.list(0, Way::On)
    );
    walk.reader.first(&sql, &values.iter().collect::<Vec<_>>(), |row| {
        let (key, sort) = walk.key_and_sort(row)?;
        Ok(Anchor { key, sort })
    })
}

/// A value at this share of the way from `first` to `last`, as far as values have distances.
pub(crate) fn between(first: &Value, last: &Value, share: f64) -> Value {
    match (first, last) {
        #[expect(clippy::cast_possible_truncation, reason = "between two 64-bit integers")]
        (Value::Integer(first), Value::Integer(last)) => {
            let (first, last) = (i128::from(*first), i128::from(*last));
            // In millionths, exact for any distance of two 64-bit integers.
            let place = first + (last - first) * ((share * 1e6) as i128) / 1_000_000;
            Value::Integer(place as i64)
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        (Value::Integer(_) | Value::Real(_), Value::Integer(_) | Value::Real(_)) => {
            let number = |value: &Value| match value {
                Value::Integer(number) => *number as f64,
                Value::Real(number) => number.clamp(f64::MIN / 4.0, f64::MAX / 4.0),
                Value::Null | Value::Text(_) | Value::Blob(_) => 0.0,
            };
            let (first, last) = (number(first), number(last));
            Value::Real(first + (last - first) * share)
        }
        (Value::Text(first), Value::Text(last)) => {
            Value::Text(Bytes::whole(bytes_between(first.head(), last.head(), share)))
        }
        (Value::Blob(first), Value::Blob(last)) => {
            Value::Blob(Bytes::whole(bytes_between(first.head(), last.head(), share)))
        }
        // Of two storage classes nobody knows where one ends: half of the way each.
        _ if share < 0.5 => first.clone(),
        _ => last.clone(),
    }
}

/// Symbols in order, for keys that are written in some of them only: hexadecimal digits are no tenth of all bytes.
const ALPHABETS: [&[u8]; 4] = [
    b"0123456789",
    b"-0123456789abcdef",
    b"-0123456789ABCDEF",
    b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
];

/// How many symbols behind the common beginning count: 48 bits' worth at least.
const SYMBOLS: usize = 8;

fn bytes_between(first: &[u8], last: &[u8], share: f64) -> Vec<u8> {
    let common = first.iter().zip(last).take_while(|(one, other)| one == other).count();
    let (first_tail, last_tail) = (&first[common..], &last[common..]);
    let every: Vec<u8> = (0..=255).collect();
    let fits =
        |alphabet: &&[u8]| first_tail.iter().chain(last_tail).take(4 * SYMBOLS).all(|byte| alphabet.contains(byte));
    let alphabet: &[u8] = ALPHABETS.iter().copied().find(|alphabet| fits(alphabet)).unwrap_or(&every);
    #[expect(clippy::cast_precision_loss, reason = "an alphabet has at most 256 symbols")]
    let base = alphabet.len() as f64;
    #[expect(clippy::cast_precision_loss, reason = "an alphabet has at most 256 symbols")]
    let number = |tail: &[u8]| {
        let digit = |at: usize| tail.get(at).and_then(|byte| alphabet.iter().position(|known| known == byte));
        (0..SYMBOLS).rev().fold(0.0, |sum, at| (sum + digit(at).map_or(0.0, |digit| digit as f64)) / base)
    };
    let (low, high) = (number(first_tail), number(last_tail));
    let mut place = low + (high - low) * share;
    let mut bytes = first[..common].to_vec();
    for _ in 0..SYMBOLS {
        place *= base;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below the base")]
        let digit = (place as usize).min(alphabet.len() - 1);
        bytes.push(alphabet[digit]);
        #[expect(clippy::cast_precision_loss, reason = "below the base")]
        let whole = digit as f64;
        place -= whole;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_at_the_extremes() {
        let (low, high) = (Value::Integer(i64::MIN), Value::Integer(i64::MAX));
        assert_eq!(between(&low, &high, 0.5), Value::Integer(-1));
        assert_eq!(between(&Value::Integer(0), &Value::Integer(10), 0.25), Value::Integer(2));
        assert!(
            matches!(between(&Value::Real(f64::NEG_INFINITY), &high, 0.5), Value::Real(number) if number.is_finite())
        );
    }

    #[test]
    fn texts_in_their_alphabet() {
        let at = |share| match between(&Value::text("q-00000000"), &Value::text("q-ffffffff"), share) {
            Value::Text(bytes) => String::from_utf8_lossy(bytes.head()).into_owned(),
            other => unreachable!("{other:?}"),
        };
        assert!(at(0.5).starts_with("q-7") || at(0.5).starts_with("q-8"), "{}", at(0.5));
        let mut last = String::new();
        for hundredth in 0..100 {
            let now = at(f64::from(hundredth) / 100.0);
            assert!(now >= last, "{now} after {last}");
            last = now;
        }
    }

    #[test]
    fn a_share_lies_between_its_ends() {
        for (low, high) in [("", "\u{10ffff}"), ("a", "b"), ("abc", "abd"), ("Zebra", "apple"), ("10", "9"), ("x", "x")]
        {
            let Value::Text(middle) = between(&Value::text(low), &Value::text(high), 0.5) else { unreachable!() };
            assert!(middle.head() >= low.as_bytes(), "{low} {middle:?}");
            assert!(low == high || middle.head() <= high.as_bytes(), "{high} {middle:?}");
        }
    }
}
