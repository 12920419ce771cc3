//! Bars and chips.
