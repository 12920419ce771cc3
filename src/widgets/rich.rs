//! Lines of styled text by role, and the view that scrolls, searches and draws them: what Markdown, diagrams, JSON,
//! highlighted source and raw text all become before they are drawn.
//!
//! Owns [`RichLine`] and [`RichView`]. Making lines (and making them harmless) is the business of those who know the content.

mod draw;
mod line;
mod search;
#[cfg(test)]
mod tests;
mod view;

pub use draw::draw_line;
pub use line::{RichLine, RichSpan, plain};
pub use view::{RichView, Wrap};
