//! Configuration: defaults, file, environment, flags, to one validated value.
