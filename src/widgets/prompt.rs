//! A line of input with a title.
