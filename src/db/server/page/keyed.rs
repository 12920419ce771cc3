//! Pages of what has a key.

use super::{
    changed,
    parts::{Parts, operands},
};
use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        paging::{
            cut, describe,
            find::{named_key, parts, typed},
            no_such_row,
            order::{Edge, Nullness, Operand, Way},
            page,
            share::{between, sample_size},
            walk::Found,
        },
        server::{
            cells::{Cells, Extent, Form, strange},
            link::Set,
            script::Script,
            session::Ask,
        },
        sql::literal,
    },
    domain::{
        page::{Anchor, Page, PageAt, PageQuery, Position, Row, RowKey},
        schema::KeyKind,
        value::Value,
    },
};

/// Reads a page of at most `limit` rows.
pub(super) fn read(ask: &mut Ask<'_>, query: &PageQuery, form: Form, limit: usize) -> Result<Page> {
    let mut pager = Pager { ask, query, parts: Parts::new(query, form), limit };
    match &query.at {
        PageAt::First => pager.first(),
        PageAt::Last => pager.last(),
        PageAt::After(anchor) => {
            let place = pager.place(anchor)?;
            let asked = Asked { way: Way::On, edge: Edge::Exclusive, place, ..Asked::default() };
            let (mut found, facts) = pager.ask(&asked)?;
            let at_end = cut(&mut found, limit);
            pager.page(found, !facts.beyond, at_end, Position::Unknown)
        }
        PageAt::Before(anchor) => {
            let place = pager.place(anchor)?;
            let asked = Asked { way: Way::Back, edge: Edge::Exclusive, place, ..Asked::default() };
            let (mut found, facts) = pager.ask(&asked)?;
            found.reverse();
            let at_start = cut(&mut found, limit);
            found.reverse();
            pager.page(found, at_start, !facts.beyond, Position::Unknown)
        }
        PageAt::From(anchor) => {
            let place = pager.place(anchor)?;
            let (found, facts) = pager.ask(&Asked { place, ..Asked::default() })?;
            pager.from(found, &facts, Position::Unknown)
        }
        PageAt::Key(key) => pager.key(key),
        PageAt::KeyText(text) => pager.key_text(text),
        PageAt::Percent(percent) => match percent {
            percent if *percent >= 100.0 => pager.last(),
            percent if *percent > 0.0 => pager.share(percent / 100.0),
            _ => pager.first(),
        },
    }
}

/// What is asked for: rows from a place on, and what lies beyond it.
struct Asked {
    /// Tables that find the place.
    own: Vec<String>,
    place: Vec<Operand>,
    way: Way,
    edge: Edge,
    /// An expression: whether the place was found.
    found: String,
    /// An expression: whether the page is the last one, instead of the place's.
    last: String,
    /// Whether the first and the last rowid are wanted.
    ends: bool,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            own: Vec::new(),
            place: Vec::new(),
            way: Way::On,
            edge: Edge::Inclusive,
            found: "1".to_owned(),
            last: "0".to_owned(),
            ends: false,
        }
    }
}

/// What is known beside the rows.
#[derive(Default)]
struct Facts {
    /// Whether anything lies on the other side of the place.
    beyond: bool,
    found: bool,
    last: bool,
    ends: Option<(i64, i64)>,
}

struct Pager<'a, 'b> {
    ask: &'a mut Ask<'b>,
    query: &'a PageQuery,
    parts: Parts<'a>,
    limit: usize,
}

impl Pager<'_, '_> {
    fn place(&self, anchor: &Anchor) -> Result<Vec<Operand>> {
        let values = self.parts.order.values(anchor).ok_or_else(|| {
            Error::new(ErrorKind::NoSuchRow, "this place is of another order", "go to the first page (g)")
        })?;
        Ok(operands(&values))
    }

    fn first(&mut self) -> Result<Page> {
        let (mut found, _) = self.ask(&Asked::default())?;
        let at_end = cut(&mut found, self.limit);
        self.page(found, true, at_end, Position::Exact(0))
    }

    fn last(&mut self) -> Result<Page> {
        let (found, _) = self.ask(&Asked { way: Way::Back, ..Asked::default() })?;
        self.last_of(found)
    }

    fn last_of(&mut self, mut found: Vec<Found>) -> Result<Page> {
        found.reverse();
        let at_start = cut(&mut found, self.limit);
        found.reverse();
        let position = if at_start { Position::Exact(0) } else { Position::FromEnd(found.len() as u64) };
        self.page(found, at_start, true, position)
    }

    fn from(&mut self, mut found: Vec<Found>, facts: &Facts, position: Position) -> Result<Page> {
        let at_end = cut(&mut found, self.limit);
        let mut page = self.page(found, !facts.beyond, at_end, position)?;
        if page.position == Position::Unknown
            && self.query.sort.is_empty()
            && let Some(Anchor { key: RowKey::Rowid(rowid), .. }) = page.first
            && let Some((first, last)) = facts.ends
            && first < last
        {
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            let part = (i128::from(rowid) - i128::from(first)) as f64 / (i128::from(last) - i128::from(first)) as f64;
            page.position = Position::About(part.clamp(0.0, 1.0));
        }
        Ok(page)
    }

    fn key(&mut self, key: &RowKey) -> Result<Page> {
        let missing = || no_such_row(&self.query.relation, &describe(key));
        let condition = self.parts.is_key(key).ok_or_else(missing)?;
        let asked = self.at_anchor(vec![self.parts.anchor(&condition)]);
        let (found, facts) = self.ask(&asked)?;
        if !facts.found {
            return Err(no_such_row(&self.query.relation, &describe(key)));
        }
        self.from(found, &facts, Position::Unknown)
    }

    /// From the row of the table `a` on.
    fn at_anchor(&self, own: Vec<String>) -> Asked {
        Asked {
            own,
            place: self.parts.place_in_anchor(),
            found: "EXISTS (SELECT 1 FROM a)".to_owned(),
            ends: self.query.sort.is_empty(),
            ..Asked::default()
        }
    }

    fn key_text(&mut self, text: &str) -> Result<Page> {
        let missing = no_such_row(&self.query.relation, text);
        let Some(nearest) = self.nearest(text) else { return Err(missing) };
        let names = Parts::names('k', self.parts.keys.len());
        let nearest = format!("n({names}) AS ({nearest})");
        // The row itself, out of its key.
        let by_key = format!("EXISTS (SELECT 1 FROM n WHERE {})", self.parts.joined('n'));
        let condition = match &self.parts.source.rowid {
            Some(rowid) => format!("{rowid} = (SELECT k0 FROM n)"),
            None => by_key,
        };
        let asked = self.at_anchor(vec![nearest, self.parts.anchor(&condition)]);
        let (found, facts) = self.ask(&asked)?;
        if facts.found { self.from(found, &facts, Position::Unknown) } else { self.last() }
    }

    /// A query for the key of the row that this text names, else of the next in key order; `None` where no key is such a text.
    fn nearest(&self, text: &str) -> Option<String> {
        let relation = &self.query.relation;
        let (source, with_text) = (&self.parts.source, literal(&Value::text(text)));
        match &relation.key {
            KeyKind::Rowid { .. } => {
                let rowid = source.rowid.as_ref()?;
                let from = &source.from;
                let number = text.trim().parse::<i64>().ok().map(|number| literal(&Value::Integer(number)));
                let named = named_key(relation).map(|column| &source.columns[column]);
                let mut tries = Vec::new();
                if let Some(named) = named {
                    tries.push(format!("SELECT {rowid} FROM {from} WHERE {named} = {with_text} LIMIT 1"));
                }
                if let Some(number) = &number {
                    tries.push(format!("SELECT {rowid} FROM {from} WHERE {rowid} = {number} LIMIT 1"));
                }
                let (column, value) = match (named, &number) {
                    (Some(named), _) => (named, &with_text),
                    (None, Some(number)) => (rowid, number),
                    (None, None) => return None,
                };
                tries.push(format!("SELECT {rowid} FROM {from} WHERE {column} >= {value} ORDER BY {column} LIMIT 1"));
                let tries: Vec<String> = tries.iter().map(|query| format!("({query})")).collect();
                Some(match tries.as_slice() {
                    [one] => format!("SELECT {one}"),
                    _ => format!("SELECT coalesce({})", tries.join(", ")),
                })
            }
            KeyKind::Primary(columns) => {
                let by_key = Parts::of(relation, &[], self.parts.form);
                // Fewer parts than columns: the first row that begins with them. The row itself is the first that is not before it.
                let place: Vec<Value> = columns
                    .iter()
                    .zip(parts(text, columns.len()))
                    .map(|(key, part)| typed(&relation.columns[key.column], part))
                    .collect();
                Some(by_key.keys_from(&operands(&place), Way::On, Edge::Inclusive, 1))
            }
            KeyKind::None => None,
        }
    }

    /// The page at this share (over 0.0, under 1.0).
    fn share(&mut self, share: f64) -> Result<Page> {
        let by_key = Parts::of(&self.query.relation, &[], self.parts.form);
        let mut own = Vec::new();
        let at: Box<dyn Fn(f64) -> Operand> = match &self.parts.source.rowid {
            Some(rowid) => {
                let from = &self.parts.source.from;
                own.push(format!(
                    "e(f, l) AS (SELECT (SELECT {rowid} FROM {from} ORDER BY {rowid} LIMIT 1), \
                     (SELECT {rowid} FROM {from} ORDER BY {rowid} DESC LIMIT 1))"
                ));
                Box::new(|share| Operand::new(format!("(SELECT {} FROM e)", part_of_way(share)), Nullness::NotNull))
            }
            None => {
                let Some((first, last)) = self.ends(&by_key)? else { return self.last() };
                Box::new(move |share| operands(&[between(&first, &last, share)]).remove(0))
            }
        };
        if !self.query.sort.is_empty() {
            let size = sample_size(self.limit);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let places = (0..size).map(|place| at((place as f64 + 0.5) / size as f64));
            let sample: Vec<String> = places
                .map(|place| format!("SELECT * FROM ({})", by_key.keys_from(&[place], Way::On, Edge::Inclusive, 1)))
                .collect();
            own.push(format!("m({}) AS ({})", Parts::names('k', self.parts.keys.len()), sample.join(" UNION ")));
            own.push(self.anchor_in_sample(share));
            let asked = self.at_anchor(own);
            let (found, facts) = self.ask(&asked)?;
            if !facts.found {
                return self.last();
            }
            return self.shared(found, &facts, share);
        }
        let Some(rowid) = self.parts.source.rowid.clone() else {
            let (found, facts) = self.ask(&Asked { own, place: vec![at(share)], ..Asked::default() })?;
            return self.shared(found, &facts, share);
        };
        // A page that the end cuts short says less than the last page.
        own.push(format!(
            "b(l) AS (SELECT coalesce((SELECT {rowid} FROM {} ORDER BY {rowid} DESC LIMIT 1 OFFSET {}), f) FROM e)",
            self.parts.source.from,
            self.limit - 1
        ));
        own.push(format!("p(v, w) AS (SELECT min(v, l), v > l FROM (SELECT {} AS v FROM e), b)", part_of_way(share)));
        let asked = Asked {
            own,
            place: vec![Operand::new("(SELECT v FROM p)", Nullness::NotNull)],
            last: "(SELECT w FROM p)".to_owned(),
            ends: true,
            ..Asked::default()
        };
        let (mut found, facts) = self.ask(&asked)?;
        if facts.ends.is_none() {
            return self.page(Vec::new(), true, true, Position::Exact(0));
        }
        if facts.last {
            let at_start = !facts.beyond;
            cut(&mut found, self.limit);
            let position = if at_start { Position::Exact(0) } else { Position::FromEnd(found.len() as u64) };
            return self.page(found, at_start, true, position);
        }
        self.shared(found, &facts, share)
    }

    fn shared(&mut self, found: Vec<Found>, facts: &Facts, share: f64) -> Result<Page> {
        if found.len() < self.limit && facts.beyond {
            return self.last();
        }
        self.from(found, facts, Position::About(share))
    }

    /// A table `a` with the place of the row at this share of the sample `m`.
    fn anchor_in_sample(&self, share: f64) -> String {
        let parts = &self.parts;
        let names = [Parts::names('k', parts.keys.len()), Parts::names('s', parts.sorts.len())];
        let list: Vec<&str> = parts.keys.iter().chain(&parts.sorts).map(String::as_str).collect();
        format!(
            "a({}) AS (SELECT {} FROM m CROSS JOIN {} ON {} ORDER BY {} \
             LIMIT 1 OFFSET (SELECT min(CAST(count(*) * {} AS INTEGER), count(*) - 1) FROM m))",
            names.join(", "),
            list.join(", "),
            parts.source.from,
            parts.joined('m'),
            parts.order.list(0, Way::On),
            literal(&Value::Real(share))
        )
    }

    /// First and last value of the key's first column.
    fn ends(&mut self, by_key: &Parts<'_>) -> Result<Option<(Value, Value)>> {
        let mut cells = Cells::new(by_key.form);
        cells.add(&by_key.keys[..1], Extent::Whole);
        let mut script = Script::default();
        for way in [Way::On, Way::Back] {
            script.select(format!(
                "{}SELECT {} FROM {} ORDER BY {} LIMIT 1",
                by_key.with(&[]),
                cells.list(),
                by_key.source.from,
                by_key.order.list(0, way)
            ))?;
        }
        let sets = (self.ask)(&script)?;
        let end = |set: Option<&Set>| -> Result<Option<Value>> {
            let row = set.and_then(|set| set.rows.first()).map(|row| cells.decode(row)).transpose()?;
            Ok(row.and_then(|mut row| row.pop()))
        };
        Ok(end(sets.first())?.zip(end(sets.get(1))?))
    }

    /// Reads the rows, one more than a page has where there are more, and the facts.
    fn ask(&mut self, asked: &Asked) -> Result<(Vec<Found>, Facts)> {
        let parts = &self.parts;
        let keys = parts.keys_from(&asked.place, asked.way, asked.edge, self.limit + 1);
        let mut script = Script::default();
        let cells = parts.rows(&mut script, &asked.own, &keys)?;
        if !asked.place.is_empty() {
            let (back, edge) = match (asked.way, asked.edge) {
                (Way::On, Edge::Inclusive) => (Way::Back, Edge::Exclusive),
                (Way::On, Edge::Exclusive) => (Way::Back, Edge::Inclusive),
                (Way::Back, Edge::Inclusive) => (Way::On, Edge::Exclusive),
                (Way::Back, Edge::Exclusive) => (Way::On, Edge::Inclusive),
            };
            let ends = match (&parts.source.rowid, asked.ends) {
                (Some(rowid), true) => ["", " DESC"]
                    .map(|way| format!("(SELECT {rowid} FROM {} ORDER BY {rowid}{way} LIMIT 1)", parts.source.from)),
                _ => ["NULL", "NULL"].map(str::to_owned),
            };
            script.select(format!(
                "{}SELECT {}, {}, {}, {}, {}",
                parts.with(&asked.own),
                parts.any(&asked.place, back, edge),
                asked.found,
                asked.last,
                ends[0],
                ends[1]
            ))?;
        }
        let sets = (self.ask)(&script)?;
        let found = self.found(&sets, &cells)?;
        let facts = if asked.place.is_empty() { Facts::default() } else { facts(sets.last())? };
        Ok((found, facts))
    }

    fn found(&self, sets: &[Set], cells: &[Cells]) -> Result<Vec<Found>> {
        let mut found: Vec<Found> = Vec::new();
        for (part, (set, cells)) in sets.iter().zip(cells).enumerate() {
            if part > 0 && set.rows.len() != found.len() {
                return Err(changed());
            }
            for (at, row) in set.rows.iter().enumerate() {
                let mut values = cells.decode(row)?;
                let more = values.split_off(self.parts.keys.len().min(values.len()));
                let key = self.row_key(values)?;
                match found.get_mut(at) {
                    None => found.push(Found { row: Row { key, cells: more.into_boxed_slice() }, sort: Vec::new() }),
                    Some(found) if found.row.key == key => {
                        let mut cells = std::mem::take(&mut found.row.cells).into_vec();
                        cells.extend(more);
                        found.row.cells = cells.into_boxed_slice();
                    }
                    Some(_) => return Err(changed()),
                }
            }
        }
        Ok(found)
    }

    fn row_key(&self, mut values: Vec<Value>) -> Result<RowKey> {
        match &self.query.relation.key {
            KeyKind::Primary(_) => Ok(RowKey::Primary(values)),
            KeyKind::Rowid { .. } | KeyKind::None => {
                values.pop().and_then(|value| value.as_integer()).map(RowKey::Rowid).ok_or_else(strange)
            }
        }
    }

    /// The page, with the whole sort values of its first and its last row.
    fn page(&mut self, mut found: Vec<Found>, at_start: bool, at_end: bool, position: Position) -> Result<Page> {
        let last = found.len().saturating_sub(1);
        let mut long = Vec::new();
        for at in [0, last] {
            let Some(found) = found.get_mut(at) else { continue };
            let cell = |at: usize| found.row.cells.get(at).cloned().unwrap_or_default();
            found.sort = self.query.sort.iter().map(|key| cell(key.column)).collect();
            if found.sort.iter().any(Value::is_cut) && !long.contains(&at) {
                long.push(at);
            }
        }
        if !long.is_empty() {
            let mut cells = Cells::new(self.parts.form);
            cells.add(&self.parts.sorts, Extent::Whole);
            let mut script = Script::default();
            for at in &long {
                let condition = self.parts.is_key(&found[*at].row.key).ok_or_else(strange)?;
                let (with, from) = (self.parts.with(&[]), &self.parts.source.from);
                script.select(format!("{with}SELECT {} FROM {from} WHERE {condition}", cells.list()))?;
            }
            let sets = (self.ask)(&script)?;
            for (at, set) in long.into_iter().zip(&sets) {
                found[at].sort = cells.decode(set.rows.first().ok_or_else(changed)?)?;
            }
        }
        Ok(page(found, at_start, at_end, position))
    }
}

fn facts(set: Option<&Set>) -> Result<Facts> {
    let Some([beyond, found, last, first_key, last_key]) = set.and_then(|set| set.rows.first()).map(Vec::as_slice)
    else {
        return Err(strange());
    };
    let is = |value: &Value| value.as_integer().is_some_and(|number| number != 0);
    Ok(Facts {
        beyond: is(beyond),
        found: is(found),
        last: is(last),
        ends: first_key.as_integer().zip(last_key.as_integer()),
    })
}

/// An expression over `e(f, l)`: the integer at this share of the way from `f` to `l`, as [`between`] gives it. In 64 bits, though
/// the way may be longer: millions and what is left of them go separately.
fn part_of_way(share: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "millionths")]
    let millionths = (share * 1e6) as i64;
    let (one, other) = (millionths / 2, millionths - millionths / 2);
    let millions = "(l / 1000000 - f / 1000000)";
    format!(
        "f + {millions} * {one} + {millions} * {other} + \
         (((l % 1000000 - f % 1000000) * {millionths} + 2000000000000) / 1000000 - 2000000)"
    )
}
