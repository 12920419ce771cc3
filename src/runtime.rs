//! The runtime: owns the terminal, the channels, timers and workers; does what update asks for.
