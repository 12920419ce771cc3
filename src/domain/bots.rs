//! How the bots are: everything that was tallied of the ledger, the runs and the queue, and the figures that follow from it.
//!
//! Owns the arithmetic of the board ([`Board`]), of time windows ([`Window`]) and of alerts ([`alerts`]). A board is fed with
//! [`ActivityUpdate`](crate::domain::activity::ActivityUpdate)s and never looks back at the database: each figure costs what it shows,
//! not what the tables hold. Sources: `DATABASE.md`, "Values" and "Essential queries" (5 and 6).

pub mod alerts;
mod board;
mod chart;
mod ledger;
mod limits;
mod names;
mod queue;
mod runs;
mod series;
pub mod told;
mod window;

pub use self::{
    board::{Board, BotLine, BotState, ReadSoFar, Standing},
    chart::{Chart, Layer},
    ledger::ActionCounts,
    limits::Limits,
    names::{ACTIONS, BOTS},
    queue::{Depth, QueueFigures},
    runs::Items,
    series::Series,
    window::Window,
};
