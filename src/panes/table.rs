//! The table pane: rows of any relation of any size, and its schema.
