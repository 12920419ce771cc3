//! Background computations: one thread, started with the first job, the newest job first (it is what the user looks at).

use std::{
    io,
    sync::mpsc::{self, Sender},
    thread,
};

use tokio::sync::mpsc::UnboundedSender;

use super::inbox::Message;
use crate::{domain::syntax::Job, message::event::Event, widgets::compute};

/// The computing thread; ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Jobs {
    inbox: UnboundedSender<Message>,
    thread: Option<Sender<Job>>,
}

impl Jobs {
    /// No thread yet.
    pub(crate) const fn new(inbox: UnboundedSender<Message>) -> Self {
        Self { inbox, thread: None }
    }

    /// Computes this; [`Event::Computed`] comes when it is done.
    pub(crate) fn add(&mut self, job: Job) {
        let thread = match self.thread.take() {
            Some(thread) => thread,
            None => match start(self.inbox.clone()) {
                Ok(thread) => thread,
                Err(error) => {
                    let _ = self.inbox.send(Message::Event(Event::Failed(format!("no thread to compute on: {error}"))));
                    return;
                }
            },
        };
        if thread.send(job).is_ok() {
            self.thread = Some(thread);
        }
    }
}

fn start(inbox: UnboundedSender<Message>) -> io::Result<Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    thread::Builder::new().name("compute".to_owned()).spawn(move || {
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
