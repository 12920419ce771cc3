//! Reelscope: a terminal browser for the code-reels database and for any libSQL, Turso or SQLite database.
//!
//! # One picture
//!
//! ```text
//! keys, mouse, resize ─┐                                            ┌─> terminal
//! timers, signals ─────┼─> Event ─> App::update ─> [Command] ──┐    │
//! replies of the db ───┘      (pure, synchronous, no I/O)       │  App::view
//!       ^                                                       v
//!       └──────────── channel ◄── db workers ◄── channel: Request {slot, id, query}
//! ```
//!
//! [`app::App::update`] is the whole program: it takes an event and the time and returns commands. [`app::App::view`] draws the
//! model. The [`runtime`] owns everything else: the terminal, the channels, timers, threads. Idle means no wake-ups and no frames.
//!
//! # The rooms
//!
//! A room uses only those above it; `tests/architecture.rs` reads the imports and says where one does not.
//!
//! | room | what is in it | begin with |
//! |---|---|---|
//! | [`domain`] | what the program talks about, plain data without I/O: the catalogue of the twelve tables, exact cell values, pages, questions, bot activity | [`domain::value::Value`], [`domain::page::PageQuery`] |
//! | [`db`] | the database: opening a file so that reading leaves no trace, servers through every fault, copies of servers, the schema, keyset pages, watching for changes, the workers | [`db::session::ReadSession`], [`db::workers::Database`], [`db::server::Server`] |
//! | [`message`] | the only words the parts have in common | [`message::event::Event`], [`message::command::Command`], [`message::action::Action`] |
//! | [`theme`] | roles to styles; no colour is named anywhere else | [`theme::Role`] |
//! | [`keymap`] | chords to actions by context; help and palette are drawn from it | [`keymap::Keymap`] |
//! | [`widgets`] | grid cells, JSON tree, Markdown, diagrams, hexadecimal, prompt, toasts: pure and reusable | [`widgets::cell`], [`widgets::rich`] |
//! | [`panes`] | tables, rows, question, bots, and the overlays: each its state, its actions, its view | [`panes::Pane`] |
//! | [`app`] | the model, update, view, focus, the history of places | [`app::App`] |
//! | [`config`] | defaults, file, `.env`, environment, flags, to one validated value; profiles; the variables that name a database | [`config`] |
//! | [`cli`] | arguments, what to open and with which token, the headless commands; never the screen | [`cli::target`] |
//! | [`runtime`] | the terminal's guard, the loop, timers, clipboard, the headless driver that makes pictures | [`runtime`] |
//!
//! # Where a key press goes
//!
//! `runtime` reads it and makes an [`message::event::Event`]; `app` looks it up in the [`keymap::Keymap`] and hands the
//! [`message::action::Action`] to the overlay on top, to itself or to the focused pane; the pane changes its state and puts what
//! else should happen into the [`panes::Outbox`]: requests to the database, and intents for the app. The runtime sends the
//! requests; a worker answers with a [`db::request::Reply`], which comes back as an event. A reply to an older request of the same
//! [`db::request::Slot`] is dropped. Then one frame is drawn, inside a synchronized update.

pub mod app;
pub mod cli;
pub mod config;
pub mod db;
pub mod domain;
pub mod keymap;
pub mod message;
pub mod panes;
pub mod runtime;
pub mod theme;
pub mod widgets;
