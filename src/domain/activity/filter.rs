//! Which ledger rows a filter means, for rows that are here already; the database is asked the same in `db::ledger`.

use super::{LedgerFilter, LedgerRow};
use crate::domain::time::{self, second};

impl LedgerFilter {
    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the row passes.
    ///
    /// A row has the first kilobyte of its texts. The database looks through the whole reason: where the text that is looked for stands
    /// behind its first kilobyte, a page of the ledger has the row, and this says no.
    pub fn matches(&self, row: &LedgerRow) -> bool {
        self.matches_but_for_text(row) && self.text.as_deref().is_none_or(|text| is_within(text, row))
    }

    /// As [`Self::matches`], whatever the text.
    pub fn matches_but_for_text(&self, row: &LedgerRow) -> bool {
        let is_any = |wanted: &[String], is: &str| wanted.is_empty() || wanted.iter().any(|one| one == is);
        is_any(&self.bots, &row.bot)
            && is_any(&self.actions, &row.action)
            && is_any(&self.kinds, &row.item_type)
            && self.item.as_deref().is_none_or(|item| item == row.item_id)
            && self.matches_time(row.created_at.as_deref())
    }

    fn matches_time(&self, stored: Option<&str>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        stored.and_then(time::parse).map(second).is_some_and(|at| {
            self.since.is_none_or(|since| at >= second(since)) && self.until.is_none_or(|until| at <= second(until))
        })
    }
}

fn is_within(text: &str, row: &LedgerRow) -> bool {
    contains(&row.item_id, text) || row.reason.as_deref().is_some_and(|reason| contains(reason, text))
}

/// Whether the text is in there; ASCII letters in either case.
fn contains(whole: &str, text: &str) -> bool {
    let (whole, text) = (whole.as_bytes(), text.as_bytes());
    text.is_empty() || whole.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(reason: Option<&str>, created_at: Option<&str>) -> LedgerRow {
        LedgerRow {
            id: 1,
            bot: "verifier".to_owned(),
            action: "flag".to_owned(),
            item_type: "question".to_owned(),
            item_id: "q-Ä1".to_owned(),
            reason: reason.map(str::to_owned),
            created_at: created_at.map(str::to_owned),
        }
    }

    #[test]
    fn all_that_is_set_must_hold() {
        let row = row(Some("Timed OUT of ÄPFEL"), Some("2026-01-29T08:03:07.588Z"));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let at = |text| time::parse(text);
        let pass = [
            LedgerFilter::default(),
            LedgerFilter { bots: names(&["creator", "verifier"]), ..LedgerFilter::default() },
            LedgerFilter { actions: names(&["flag"]), kinds: names(&["question"]), ..LedgerFilter::default() },
            LedgerFilter { item: Some("q-Ä1".to_owned()), ..LedgerFilter::default() },
            LedgerFilter { text: Some("d out".to_owned()), ..LedgerFilter::default() },
            LedgerFilter { text: Some("Q-Ä".to_owned()), ..LedgerFilter::default() },
            LedgerFilter { text: Some(String::new()), ..LedgerFilter::default() },
            LedgerFilter { since: at("2026-01-29 08:03:07.999"), ..LedgerFilter::default() },
            LedgerFilter { until: at("2026-01-29 08:03:07"), ..LedgerFilter::default() },
        ];
        for filter in pass {
            assert!(filter.matches(&row), "{filter:?}");
        }
        let fail = [
            LedgerFilter { bots: names(&["Verifier"]), ..LedgerFilter::default() },
            LedgerFilter { bots: names(&["verifier"]), actions: names(&["verify"]), ..LedgerFilter::default() },
            LedgerFilter { item: Some("q-ä1".to_owned()), ..LedgerFilter::default() },
            LedgerFilter { text: Some("äpfel".to_owned()), ..LedgerFilter::default() },
            LedgerFilter { text: Some("verifier".to_owned()), ..LedgerFilter::default() },
            LedgerFilter { since: at("2026-01-29 08:03:08"), ..LedgerFilter::default() },
            LedgerFilter { until: at("2026-01-29 08:03:06.999"), ..LedgerFilter::default() },
        ];
        for filter in fail {
            assert!(!filter.matches(&row), "{filter:?}");
        }
    }

    #[test]
    fn without_a_readable_time_no_window_has_it() {
        let long_ago = LedgerFilter { since: time::parse("0001-01-01"), ..LedgerFilter::default() };
        for created_at in [None, Some(""), Some("soon"), Some("1769673787")] {
            assert!(!long_ago.matches(&row(None, created_at)), "{created_at:?}");
            assert!(LedgerFilter::default().matches(&row(None, created_at)));
        }
        assert!(long_ago.matches(&row(None, Some("2026-01-29"))));
    }
}
