//! The embedded demo: a code-reels database made from `assets/`, and the simulation that lets its bots work.
//!
//! Owns the files of the demo's folder: `demo.db`, SQLite's files beside it, and two lock files. Makes and checks the database
//! ([`ensure`]) and plays the bots in it ([`Simulation`]). Must not touch any database that is not the demo.
//!
//! Everything in a new demo follows from `assets/`, a fixed seed and the `now` that was asked for: two demos of one `now` hold the same rows.

mod bots;
mod build;
mod content;
mod files;
mod history;
mod insert;
mod script;
mod secret;
mod simulation;
mod stage;
mod stamp;
#[cfg(test)]
mod tests;

pub use files::{DemoReset, ensure};
pub use simulation::{Pace, Simulation};

/// The schema of the code-reels database, version 2.2.0, as SQL that can be run again over what exists.
pub const SCHEMA: &str = include_str!("../../assets/schema.sql");
