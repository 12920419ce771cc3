//! Reelscope.
pub mod db;
pub mod domain;
pub mod message;
pub mod panes;
pub mod theme;
