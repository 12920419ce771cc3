//! A scroll bar that says where you are.
