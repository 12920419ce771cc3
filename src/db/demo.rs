//! The embedded demo: made from `assets/`, and the simulation that lets its bots work.
