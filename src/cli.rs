//! The command line: arguments and the headless commands.
