//! Pages of the ledger, for who looks back in it: by keyset, through a filter, from a file and from a server alike.
//!
//! Owns the SQL of [`LedgerFilter`](crate::domain::activity::LedgerFilter). Must not read the states.

use super::review::Run;
use crate::{
    db::error::Result,
    domain::{
        activity::{LedgerPage, LedgerQuery},
        schema::Schema,
    },
};

/// Reads a page.
pub(crate) fn read(_run: &mut Run<'_>, _schema: &Schema, _query: &LedgerQuery) -> Result<LedgerPage> {
    Ok(LedgerPage::default())
}
