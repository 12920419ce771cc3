//! What was computed in the background (colours of code, drawn diagrams, differences), kept so that going back costs nothing.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    domain::{
        catalogue::Shape,
        diff::{Comparison, Diff, HEAVY},
        json_check::JsonReport,
        syntax::{Computed, HighlightedLines, Job},
    },
    message::command::Command,
    panes::Outbox,
    widgets::compute,
};

/// Results that are kept, and questions that wait for an answer.
const KEPT: usize = 96;

/// Results by job, the oldest first.
#[derive(Debug, Default)]
pub(in crate::panes) struct Works {
    done: VecDeque<(Job, Computed)>,
    asked: VecDeque<Job>,
}

impl Works {
    /// The result of a job, where it is there.
    pub(in crate::panes) fn get(&self, job: &Job) -> Option<&Computed> {
        self.done.iter().find(|(known, _)| known == job).map(|(_, result)| result)
    }

    /// The colours of source text, where they are there.
    pub(in crate::panes) fn highlighted(&self, job: &Job) -> Option<Arc<HighlightedLines>> {
        match self.get(job)? {
            Computed::Highlighted(lines) => Some(Arc::clone(lines)),
            Computed::Diagram(_) | Computed::Diff(_) | Computed::Json(_) => None,
        }
    }

    /// What differs: found at once where that is quick, asked for where it is not.
    pub(in crate::panes) fn diff(&mut self, comparison: Comparison, out: &mut Outbox) -> Option<Arc<Diff>> {
        let heavy = comparison.is_heavy();
        let job = Job::Diff(Arc::new(comparison));
        if self.get(&job).is_none() {
            if heavy {
                self.want(job, out);
                return None;
            }
            let result = compute::run(&job);
            self.keep(job.clone(), result);
        }
        match self.get(&job)? {
            Computed::Diff(found) => Some(Arc::clone(found)),
            _ => None,
        }
    }

    /// Whether a text is JSON: found out at once where that is quick, asked for where it is not.
    pub(in crate::panes) fn json(&mut self, text: &Arc<str>, out: &mut Outbox) -> Option<JsonReport> {
        let job = Job::CheckJson { text: Arc::clone(text), shape: Shape::Any };
        if self.get(&job).is_none() {
            if text.len() > HEAVY {
                self.want(job, out);
                return None;
            }
            let result = compute::run(&job);
            self.keep(job.clone(), result);
        }
        match self.get(&job)? {
            Computed::Json(report) => Some(report.clone()),
            _ => None,
        }
    }

    /// Asks for a job unless it is done or on its way.
    pub(in crate::panes) fn want(&mut self, job: Job, out: &mut Outbox) {
        if self.get(&job).is_none() && !self.asked.contains(&job) {
            if self.asked.len() >= KEPT {
                self.asked.pop_front();
            }
            self.asked.push_back(job.clone());
            out.commands.push(Command::Compute(job));
        }
    }

    /// Keeps a result if it was asked for here; whether it was.
    pub(in crate::panes) fn take(&mut self, job: &Job, result: &Computed) -> bool {
        let Some(place) = self.asked.iter().position(|asked| asked == job) else { return false };
        self.asked.remove(place);
        self.keep(job.clone(), result.clone());
        true
    }

    fn keep(&mut self, job: Job, result: Computed) {
        if self.done.len() >= KEPT {
            self.done.pop_front();
        }
        self.done.push_back((job, result));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(n: usize) -> Job {
        Job::Diagram { source: format!("graph {n}").into(), width: 40 }
    }

    #[test]
    fn a_job_is_asked_for_once_and_kept_for_a_while() {
        let (mut works, mut out) = (Works::default(), Outbox::default());
        works.want(job(0), &mut out);
        works.want(job(0), &mut out);
        assert_eq!(out.commands, [Command::Compute(job(0))]);
        let result = Computed::Diagram(Err("no".to_owned()));
        assert!(!works.take(&job(1), &result), "another pane's");
        assert!(works.take(&job(0), &result));
        assert_eq!(works.get(&job(0)), Some(&result));
        works.want(job(0), &mut out);
        assert_eq!(out.commands.len(), 1);
        for n in 1..=KEPT {
            works.want(job(n), &mut out);
            works.take(&job(n), &result);
        }
        assert_eq!((works.get(&job(0)), works.done.len()), (None, KEPT));
    }
}
