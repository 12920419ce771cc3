//! What differs between two values: found ([`compare()`]), laid out ([`lay_out`]) and shown ([`DiffView`]).
//!
//! Owns how a diff is found and what it looks like; what it is, is [`crate::domain::diff`]. Comparisons that are heavy
//! ([`Comparison::is_heavy`](crate::domain::diff::Comparison::is_heavy)) belong into [`Job::Diff`](crate::domain::syntax::Job::Diff).
//!
//! ```text
//! status  active → flagged                       a short value, told on one line
//! answer                                         a long one: lines, and the words in them that changed
//!   ⋯ 14 unchanged lines
//!   − It costs more than it saves.
//!   + It costs a lot more than it saves.
//! ⋯ 21 unchanged fields: id, question, …
//! ```

mod compare;
mod flow;
mod lay;
mod node;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use compare::{compare, of_values, whole};
pub use lay::{BESIDE, Folding, Laid, Shape, brief, lay_out};
pub use view::DiffView;
