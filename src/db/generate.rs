//! A large deterministic database for measuring.
