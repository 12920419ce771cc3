//! The tables pane: every relation at a glance.
