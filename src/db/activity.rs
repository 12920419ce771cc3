//! The bots activity, read without re-reading what is known.
