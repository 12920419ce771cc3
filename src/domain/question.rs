//! Questions: a row of `questions` with its documented shapes checked.
