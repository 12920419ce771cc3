//! Reusable parts of the screen: pure, without I/O, each drawn from `&self`.

pub mod bar;
pub mod cell;
pub mod chart;
pub mod compute;
pub mod diff;
pub mod editor;
pub mod grid;
pub mod hex;
pub mod json_tree;
pub mod markdown;
pub mod number;
pub mod pen;
pub mod prompt;
pub mod rich;
pub mod safe;
pub mod scrollbar;
pub mod sparkline;
pub mod toast;
