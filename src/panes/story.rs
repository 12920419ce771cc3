//! What is recorded of an item, as lines: shared by the question pane's tabs and the windows that tell of events.
//!
//! Owns the words for times and tables, the sheet of lines with places in it, the timeline, and what was computed for them. What is
//! around the lines (a tab, a window) is the business of those who show them.

pub(in crate::panes) mod lines;
pub(in crate::panes) mod sheet;
pub(in crate::panes) mod timeline;
pub(in crate::panes) mod when;
pub(in crate::panes) mod works;
