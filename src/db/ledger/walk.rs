//! Going along the ledger's rows by their ids, a bounded number of them, for those that may pass a filter.

use super::{
    LOOK,
    condition::{self, A_TIME},
};
use crate::{
    db::{review::rows::Rows, server::cells::Cells, sql::literal},
    domain::{activity::LedgerFilter, value::Value},
};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To lower ids.
    Down,
    /// To higher ones.
    Up,
}

/// A walk from somewhere.
pub(super) struct Walk {
    pub(super) way: Way,
    /// So many rows are wanted.
    pub(super) limit: usize,
    ledger: String,
    id: String,
    passes: String,
    /// The ids of the rows that are looked at, in the order of the walk, without a limit.
    ids: String,
    /// As `ids`, out of those of a time; `None` where no index knows these.
    of_a_time: Option<String>,
}

impl Walk {
    /// `from` is a condition on `#`, the id. `timed`: the statement begins with [`condition::of_time`].
    pub(super) fn new(
        ledger: &Rows<'_>,
        filter: &LedgerFilter,
        timed: bool,
        way: Way,
        from: &str,
        limit: usize,
    ) -> Self {
        let id = ledger.keys.first().cloned().unwrap_or_default();
        let order = if way == Way::Down { " DESC" } else { "" };
        let (source, named) = along(ledger, filter).unwrap_or_else(|| (ledger.from.clone(), "1".to_owned()));
        let ids =
            format!("SELECT {id} AS k FROM {source} WHERE {named} AND {} ORDER BY {id}{order}", from.replace('#', &id));
        let of_a_time =
            timed.then(|| format!("SELECT k FROM {A_TIME} WHERE {} ORDER BY k{order}", from.replace('#', "k")));
        let passes = condition::of(ledger, filter);
        Self { way, limit, ledger: ledger.from.clone(), id, passes, ids, of_a_time }
    }

    /// What to select: `r`, the walk's number, and the cells of a row that may pass, one more than wanted; then, where there were not
    /// as many, `e`, the number, the id of the last row that was looked at and how many were.
    pub(super) fn arms(&self, number: usize, cells: &Cells) -> Vec<String> {
        let wanted = (self.limit + 1).to_string();
        // The rows come in the order of the ids' own query: it has a limit, so its order is kept, and each id has one row.
        let found = |what: &str, ids: &str, limit: &str| {
            format!(
                "SELECT {what} FROM ({ids}) AS w CROSS JOIN {} ON {} = w.k WHERE {} LIMIT {limit}",
                self.ledger, self.id, self.passes
            )
        };
        let what = format!("'r', {number}, {}", cells.list());
        let looked = format!("{} LIMIT {LOOK}", self.ids);
        let (mut arms, many) = match &self.of_a_time {
            None => (Vec::new(), "1".to_owned()),
            Some(ids) => {
                let many = format!("(SELECT count(*) FROM {A_TIME}) > {LOOK}");
                let few = format!("(CASE WHEN {many} THEN 0 ELSE {wanted} END)");
                (vec![found(&what, &format!("{ids} LIMIT {LOOK}"), &few)], many)
            }
        };
        let wanted_of_many = format!("(CASE WHEN {many} THEN {wanted} ELSE 0 END)");
        arms.push(found(&what, &looked, &wanted_of_many));
        let end = if self.way == Way::Down { "min" } else { "max" };
        let all = format!("(SELECT count(*) FROM ({})) <= {}", found("1", &looked, &wanted), self.limit);
        arms.push(format!(
            "SELECT 'e', {number}, {end}(k), count(*){} FROM ({} LIMIT (CASE WHEN {many} AND {all} THEN {LOOK} ELSE 0 END))",
            ", NULL".repeat(cells.width().saturating_sub(2)),
            self.ids,
        ));
        arms.into_iter().map(|arm| format!("SELECT * FROM ({arm})")).collect()
    }
}

/// The rows along an index of a name that the filter asks for: what stands behind FROM, and the condition.
fn along(ledger: &Rows<'_>, filter: &LedgerFilter) -> Option<(String, String)> {
    let item = filter.item.as_slice();
    let one = [("itemId", item), ("botName", &filter.bots[..])].into_iter().find_map(|(column, wanted)| {
        let [name] = wanted else { return None };
        let is_plain = !condition::is_odd(ledger, column, name);
        is_plain.then(|| Some((ledger.by_index(column)?, ledger.column(column)?, name)))?
    });
    one.map(|(source, column, name)| (source, format!("{column} = {}", literal(&Value::text(name)))))
}
