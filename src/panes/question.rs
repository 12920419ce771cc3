//! The question pane: a question in tabs.
