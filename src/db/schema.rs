//! The schema, read from SQLite and joined with the catalogue.
