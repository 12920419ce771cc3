//! The database layer: where a database is, opening it, reading it, watching it, and the workers that do so.
//!
//! Nothing outside this room touches the driver. The screen talks to it by [`request::Request`] and [`request::Reply`];
//! the command line uses the same readers directly.

pub mod activity;
pub mod connection;
pub mod demo;
pub mod error;
pub mod generate;
mod ledger;
pub mod location;
pub mod paging;
mod random;
pub mod record;
mod references;
pub mod replica;
pub mod request;
mod review;
mod scan;
pub mod schema;
pub mod server;
pub mod session;
pub(crate) mod sql;
#[cfg(test)]
pub(crate) mod testing;
pub mod watch;
pub mod workers;
pub mod write;
