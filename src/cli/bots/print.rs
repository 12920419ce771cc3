//! What is printed of the board.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::super::Failure;
use crate::{
    domain::{
        bots::{
            ActionCounts, BotLine, BotState, Depth, QueueFigures,
            alerts::{Alert, Cause},
        },
        time,
    },
    widgets::safe::{safe, width},
};

/// The board at a moment.
pub(super) struct Report<'a> {
    pub(super) at: Timestamp,
    /// In seconds; `None`: of everything.
    pub(super) since: Option<i64>,
    pub(super) bots: Vec<BotLine>,
    /// `None` where there is no queue.
    pub(super) queue: Option<(QueueFigures, &'a [Depth])>,
    pub(super) alerts: Vec<Alert>,
}

impl Report<'_> {
    fn since(&self) -> Option<Timestamp> {
        self.since.and_then(|second| Timestamp::from_second(second).ok())
    }

    /// As `reelscope help bots` documents it.
    pub(super) fn json(&self) -> Json {
        json!({
            "at": format!("{:.3}", self.at),
            "since": self.since().map(time::iso),
            "bots": self.bots.iter().map(bot).collect::<Vec<_>>(),
            "queue": self.queue.as_ref().map(|(figures, depths)| queue(figures, depths)),
            "alerts": self.alerts.iter().map(alert).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub(super) fn table(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let since = self.since().map_or_else(|| "all".to_owned(), |since| format!("since {since:.0}"));
        writeln!(out, "{:.0} · {since}\n", self.at)?;
        let header = [
            "BOT", "STATE", "LAST RUN", "SUCCESS", "STUCK", "USUAL", "1 H", "24 H", "7 D", "ACTIONS", "CREATES",
            "UPDATES", "DELETES", "VERIFIES", "FLAGS", "ITEMS", "CREATED", "UPDATED", "DELETED",
        ];
        columns(&header, 3, self.bots.iter().map(|line| self.cells(line)), out)?;
        if let Some((figures, depths)) = &self.queue {
            writeln!(out, "\n{}\n", self.queue_words(figures))?;
            let rows = depths.iter().map(|depth| {
                [depth.status.to_string(), depth.action.to_string(), depth.bot.to_string(), depth.rows.to_string()]
            });
            columns(&["QUEUE", "ACTION", "BOT", "ITEMS"], 3, rows, out)?;
        }
        writeln!(out)?;
        match self.alerts.as_slice() {
            [] => writeln!(out, "no alerts")?,
            alerts => {
                for alert in alerts {
                    writeln!(out, "alert: {}", safe(&alert.what))?;
                }
            }
        }
        Ok(())
    }

    fn cells(&self, line: &BotLine) -> [String; 19] {
        let age = |then: Timestamp| time::relative(then, self.at);
        let state = match line.state {
            BotState::Running { since: Some(since) } => format!("running {}", age(since)),
            BotState::Running { since: None } => "running".to_owned(),
            BotState::Idle => "idle".to_owned(),
            BotState::Failed => "failed".to_owned(),
            BotState::Stuck { since } => format!("stuck {}", age(since)),
        };
        let last = match line.last_run {
            None => "-".to_owned(),
            Some((id, Some(at))) => format!("{id} {}", age(at)),
            Some((id, None)) => id.to_string(),
        };
        let ActionCounts { all, creates, updates, deletes, verifies, flags } = line.window;
        let items = line.items;
        let [hour, day, week] = [line.hour.all, line.day.all, line.week.all];
        let [head, counts] = [
            [line.bot.to_string(), state, last, line.success.map_or_else(|| "-".to_owned(), percent)],
            [
                line.stuck.to_string(),
                line.usual.map_or_else(|| "-".to_owned(), |usual| length(usual.as_secs())),
                hour.to_string(),
                day.to_string(),
            ],
        ];
        let mut cells = head.into_iter().chain(counts).chain(
            [
                week,
                all,
                creates,
                updates,
                deletes,
                verifies,
                flags,
                items.processed,
                items.created,
                items.updated,
                items.deleted,
            ]
            .map(|count| count.to_string()),
        );
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    }

    fn queue_words(&self, figures: &QueueFigures) -> String {
        let mut words = format!("queue: {} open, {} of them pending", figures.open, figures.pending);
        if let Some(oldest) = figures.oldest {
            words += &format!(", the oldest for {}", time::relative(oldest, self.at));
        }
        words += &format!("; {} made and {} finished", figures.arrived, figures.finished);
        words += &format!(" ({:.1} an hour)", figures.throughput * 3600.0);
        match figures.empty_in {
            Some(time) if time.is_zero() => {}
            Some(time) => words += &format!("; empty in {}", length(time.as_secs())),
            None => words += "; it does not get shorter",
        }
        if figures.undated > 0 {
            // Where all is looked at, they are among the finished ones.
            let these = if self.since.is_some() { "more were finished" } else { "of the finished" };
            words += &format!("; {} {these}, nobody knows when", figures.undated);
        }
        words
    }
}

fn bot(line: &BotLine) -> Json {
    let (state, since) = match line.state {
        BotState::Running { since } => ("running", since),
        BotState::Idle => ("idle", None),
        BotState::Failed => ("failed", None),
        BotState::Stuck { since } => ("stuck", Some(since)),
    };
    let items = line.items;
    json!({
        "bot": line.bot.as_ref(),
        "state": state,
        "state_since": since.map(time::iso),
        "last_run": line.last_run.map(|(id, at)| json!({ "id": id, "at": at.map(time::iso) })),
        "success": line.success,
        "stuck": line.stuck,
        "usual_seconds": line.usual.map(|usual| usual.as_secs()),
        "stuck_after_seconds": line.stuck_after.as_secs(),
        "hour": actions(line.hour),
        "day": actions(line.day),
        "week": actions(line.week),
        "actions": actions(line.window),
        "items": {
            "processed": items.processed,
            "created": items.created,
            "updated": items.updated,
            "deleted": items.deleted,
        },
    })
}

fn actions(counts: ActionCounts) -> Json {
    let ActionCounts { all, creates, updates, deletes, verifies, flags } = counts;
    json!({
        "all": all,
        "creates": creates,
        "updates": updates,
        "deletes": deletes,
        "verifies": verifies,
        "flags": flags,
    })
}

fn queue(figures: &QueueFigures, depths: &[Depth]) -> Json {
    let depths = depths.iter().map(|depth| {
        json!({
            "status": depth.status.as_ref(),
            "action": depth.action.as_ref(),
            "bot": (!depth.bot.is_empty()).then_some(depth.bot.as_ref()),
            "rows": depth.rows,
        })
    });
    json!({
        "open": figures.open,
        "pending": figures.pending,
        "oldest": figures.oldest.map(time::iso),
        "finished": figures.finished,
        "arrived": figures.arrived,
        "per_hour": figures.throughput * 3600.0,
        "empty_in_seconds": figures.empty_in.map(|time| time.as_secs()),
        "undated": figures.undated,
        "depth": depths.collect::<Vec<_>>(),
    })
}

fn alert(alert: &Alert) -> Json {
    let (kind, bot, run, action) = match &alert.cause {
        Cause::Failed { bot, run } => ("failed", Some(bot), Some(run), None),
        Cause::Stuck { bot, run } => ("stuck", Some(bot), Some(run), None),
        Cause::OldQueue { .. } => ("old_queue", None, None, None),
        Cause::Burst { action, .. } => ("burst", None, None, Some(action)),
    };
    json!({
        "kind": kind,
        "bot": bot.map(AsRef::as_ref),
        "run": run,
        "action": action,
        "since": alert.since.map(time::iso),
        "what": alert.what,
    })
}

/// Aligned columns under their names: the first ones to the left, numbers to the right.
fn columns<const N: usize>(
    header: &[&str; N],
    left: usize,
    rows: impl Iterator<Item = [String; N]>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let rows = rows.map(|row| row.map(|cell| safe(&cell).into_owned()));
    let lines: Vec<[String; N]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; N] =
        std::array::from_fn(|column| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0));
    for line in lines {
        let mut text = String::new();
        for (column, (cell, wide)) in line.iter().zip(widths).enumerate() {
            let gap = " ".repeat(wide - width(cell));
            text += if column == 0 { "" } else { "  " };
            text += &if column < left { format!("{cell}{gap}") } else { format!("{gap}{cell}") };
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// `97 %`; never 100 where something failed, never 0 where something did not.
fn percent(share: f64) -> String {
    match (share * 100.0).round() {
        rounded if rounded >= 100.0 && share < 1.0 => "99 %".to_owned(),
        rounded if rounded <= 0.0 && share > 0.0 => "1 %".to_owned(),
        rounded => format!("{rounded} %"),
    }
}

/// `45s`, `12m`, `3h 20m`, `2d 5h`.
fn length(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_not_rounded_to_what_it_is_not() {
        let shown = [0.0, 0.001, 0.5, 0.987, 0.999, 1.0].map(percent);
        assert_eq!(shown, ["0 %", "1 %", "50 %", "99 %", "99 %", "100 %"]);
    }

    #[test]
    fn lengths_have_at_most_two_units() {
        assert_eq!([45, 720, 12_000, 190_800].map(length), ["45s", "12m", "3h 20m", "2d 5h"]);
    }
}
