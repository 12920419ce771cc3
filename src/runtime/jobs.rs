//! Background computations: a thread for each kind, started with its first job, the newest job first (it is what the user looks at).

use std::{
    io,
    sync::mpsc::{self, Sender},
    thread,
};

use tokio::sync::mpsc::UnboundedSender;

use super::inbox::Message;
use crate::{domain::syntax::Job, message::event::Event, widgets::compute};

/// Room for libraries that recurse over hostile text; only what is used of it is ever there.
const STACK: usize = 16 << 20;

/// The computing threads; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Jobs {
    inbox: UnboundedSender<Message>,
    highlights: Option<Sender<Job>>,
    /// On a thread of their own: a tangled diagram takes its time, and colours do not wait for it.
    diagrams: Option<Sender<Job>>,
    diffs: Option<Sender<Job>>,
}

impl Jobs {
    /// No thread yet.
    pub(crate) const fn new(inbox: UnboundedSender<Message>) -> Self {
        Self { inbox, highlights: None, diagrams: None, diffs: None }
    }

    /// Computes this; [`Event::Computed`] comes when it is done.
    pub(crate) fn add(&mut self, job: Job) {
        let (place, name) = match job {
            Job::Highlight { .. } | Job::CheckJson { .. } => (&mut self.highlights, "highlight"),
            Job::Diagram { .. } => (&mut self.diagrams, "diagram"),
            Job::Diff(_) => (&mut self.diffs, "diff"),
        };
        let thread = match place.take() {
            Some(thread) => thread,
            None => match start(name, self.inbox.clone()) {
                Ok(thread) => thread,
                Err(error) => {
                    let _ = self.inbox.send(Message::Event(Event::Failed(format!("no thread to compute on: {error}"))));
                    return;
                }
            },
        };
        if thread.send(job).is_ok() {
            *place = Some(thread);
        }
    }
}

fn start(name: &str, inbox: UnboundedSender<Message>) -> io::Result<Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || {
        let mut waiting: Vec<Job> = Vec::new();
        loop {
            if waiting.is_empty() {
                match jobs.recv() {
                    Ok(job) => waiting.push(job),
                    Err(_) => return,
                }
            }
            waiting.extend(jobs.try_iter());
            if let Some(job) = waiting.pop() {
                let computed = compute::run(&job);
                if inbox.send(Message::Event(Event::Computed(job, computed))).is_err() {
                    return;
                }
            }
        }
    })?;
    Ok(sender)
}
