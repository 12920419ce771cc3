//! Reelscope.

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
