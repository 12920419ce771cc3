//! The program: the model, update, view, focus and the history of places.
