//! The only words the parts have in common: events that come in, actions they mean, commands that go out.

pub mod action;
pub mod command;
pub mod event;
pub mod severity;

pub use crate::db::request::{Answer, Query, QuestionRecord, Reply, Request, RequestId, Slot};
