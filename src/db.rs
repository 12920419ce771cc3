//! The database layer: where a database is, opening it, reading it, watching it, and the workers that do so.
//!
//! Nothing outside this room touches the driver. The screen talks to it by [`request::Request`] and [`request::Reply`];
//! the command line uses the same readers directly.

pub mod error;
pub mod request;
