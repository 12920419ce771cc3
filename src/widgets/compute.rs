//! Background computations: highlighting and diagrams.
//!
//! Owns the calls into `syntect` and `mermaid-text`. Both run on hostile text, so a panic of theirs becomes an answer in words;
//! while they run, [`guarded`] is true on their thread, for the program's panic hook to stay quiet.

mod diagram;
mod highlight;

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::domain::syntax::{Computed, Job};

/// Does a job. Takes milliseconds (the first highlighting some more: it loads the grammars), never panics, never fails to
/// answer: source that cannot be highlighted comes back plain, a diagram that cannot be drawn as the reason.
pub fn run(job: &Job) -> Computed {
    match job {
        Job::Highlight { language, source } => {
            let lines = guard(|| highlight::lines(language, source)).unwrap_or_else(|| highlight::plain(source));
            Computed::Highlighted(Arc::new(lines))
        }
        Job::Diagram { source, width } => {
            let drawn = guard(|| diagram::lines(source, *width))
                .unwrap_or_else(|| Err("the diagram confuses the drawing library".to_owned()));
            Computed::Diagram(drawn.map(Arc::new))
        }
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs foreign code whose panic is caught: then a panic hook has nothing to say.
pub fn guarded() -> bool {
    GUARDED.get()
}

fn guard<T>(work: impl FnOnce() -> T) -> Option<T> {
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED.set(false);
    result
}
