//! Whole rows and cells, questions with where they are mapped.
