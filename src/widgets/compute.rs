//! Background computations: highlighting and diagrams.
