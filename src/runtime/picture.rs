//! Pictures of a screen: its cells as SVG, as text with ANSI colours, or as plain text.

mod ansi;
mod runs;
mod svg;

pub use ansi::ansi;
pub use svg::svg;

pub use super::headless::text;
