//! The queue by itself: what comes in, what is drawn.

use super::*;
use crate::domain::{
    review::{Flag, FlagSource},
    value::Value,
};

/// A flagged question.
pub(crate) fn item(id: &str) -> ReviewItem {
    let flag = Flag {
        source: FlagSource::Ledger,
        by: "verifier".to_owned(),
        reason: Some("the answer contradicts the explanation".to_owned()),
        at: "2026-01-29T08:03:07.588Z".to_owned(),
    };
    ReviewItem {
        id: id.to_owned(),
        key: RowKey::Rowid(id.bytes().map(i64::from).sum()),
        title: format!("What is the meaning of {id}?"),
        channel: "algorithms".to_owned(),
        difficulty: "advanced".to_owned(),
        status: Value::text("flagged"),
        flags: vec![flag],
        pending: 0,
    }
}
