//! The settings under `[bots]`: from when on something about the bots is unusual, and how one is told.

use std::time::Duration;

use super::{Config, Switch, settings::switch};
use crate::{domain::bots::Limits, message::command::NotifyHow};

/// A limit that is never reached: `off`. Years that a calendar still knows, so that arithmetic with it stays sound.
const NEVER: Duration = Duration::from_secs(1_000 * 365 * 24 * 60 * 60);

/// From when on something about the bots is unusual, and how one is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bots {
    /// From when on.
    pub limits: Limits,
    /// Whether the terminal's bell rings.
    pub bell: Switch,
    /// How the terminal is told to show a notification on the desktop; `None`: not at all.
    pub notify: Option<NotifyHow>,
}

impl Default for Bots {
    fn default() -> Self {
        Self { limits: Limits::default(), bell: Switch::Off, notify: None }
    }
}

pub(super) fn stuck_factor(text: &str, config: &mut Config) -> Result<(), &'static str> {
    let factor = text.parse::<f64>().ok().filter(|factor| (1.0..=1000.0).contains(factor));
    config.bots.limits.stuck_factor = factor.ok_or("a number from 1 to 1000")?;
    Ok(())
}

pub(super) fn stuck_minutes(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.bots.limits.stuck_least = minutes(text).ok_or("whole minutes, 1 to 525600 (a year)")?;
    Ok(())
}

pub(super) fn queue_age_minutes(text: &str, config: &mut Config) -> Result<(), &'static str> {
    let age = if text == "off" { Some(NEVER) } else { minutes(text) };
    config.bots.limits.queue_age = age.ok_or("whole minutes, 1 to 525600 (a year), or off")?;
    Ok(())
}

pub(super) fn deletes(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.bots.limits.deletes = rows(text)?;
    Ok(())
}

pub(super) fn flags(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.bots.limits.flags = rows(text)?;
    Ok(())
}

pub(super) fn burst_minutes(text: &str, config: &mut Config) -> Result<(), &'static str> {
    let window = minutes(text).filter(|window| *window <= Duration::from_secs(24 * 60 * 60));
    config.bots.limits.burst_window = window.ok_or("whole minutes, 1 to 1440 (a day)")?;
    Ok(())
}

pub(super) fn bell(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.bots.bell = switch(text)?;
    Ok(())
}

pub(super) fn notify(text: &str, config: &mut Config) -> Result<(), &'static str> {
    config.bots.notify = match text {
        "none" | "off" | "false" => None,
        "osc9" => Some(NotifyHow::Osc9),
        "osc777" => Some(NotifyHow::Osc777),
        _ => return Err("none, osc9 or osc777"),
    };
    Ok(())
}

fn minutes(text: &str) -> Option<Duration> {
    let minutes = text.parse::<u64>().ok().filter(|minutes| (1..=525_600).contains(minutes));
    minutes.map(|minutes| Duration::from_secs(60 * minutes))
}

/// So many rows are a burst.
fn rows(text: &str) -> Result<u64, &'static str> {
    let rows =
        if text == "off" { Some(u64::MAX) } else { text.parse().ok().filter(|rows| (1..=1_000_000).contains(rows)) };
    rows.ok_or("a whole number from 1 to 1000000, or off")
}

#[cfg(test)]
mod tests {
    use crate::config::{Bots, Colour, Config, file};

    fn bots(text: &str) -> Result<Bots, String> {
        let layer = file::parse(&format!("[bots]\n{text}"), "/c.toml".into()).map_err(|error| error.to_string())?;
        Config::from_layers(vec![layer], "/cache".into(), Colour::Wanted)
            .map(|config| config.bots)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_unusual_can_be_set() -> Result<(), String> {
        assert_eq!(bots("")?, Bots::default());
        let set = bots(
            "stuck_factor = 1.5\nstuck_minutes = 5\nqueue_age_minutes = 90\ndeletes = 3\nflags = 'off'\nburst_minutes = 1\n\
             bell = true\nnotify = 'osc777'",
        )?;
        insta::assert_compact_debug_snapshot!(set, @"Bots { limits: Limits { stuck_factor: 1.5, stuck_least: 300s, queue_age: 5400s, deletes: 3, flags: 18446744073709551615, burst_window: 60s }, bell: On, notify: Some(Osc777) }");
        assert!(bots("queue_age_minutes = 'off'")?.limits.queue_age.as_secs() > 30_000_000_000);
        Ok(())
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, allowed) in [
            ("stuck_factor = 0.5", "a number from 1 to 1000"),
            ("stuck_factor = nan", "a number from 1 to 1000"),
            ("stuck_factor = 'often'", "a number from 1 to 1000"),
            ("stuck_minutes = 0", "whole minutes, 1 to 525600"),
            ("queue_age_minutes = -1", "or off"),
            ("deletes = 0", "a whole number from 1 to 1000000, or off"),
            ("flags = 1.5", "a whole number from 1 to 1000000, or off"),
            ("burst_minutes = 1441", "1 to 1440"),
            ("bell = 'loud'", "true or false"),
            ("notify = 'mail'", "none, osc9 or osc777"),
            ("notify_me = true", "no setting is called 'bots.notify_me'"),
        ] {
            let error = bots(text).map(|bots| format!("{bots:?}")).unwrap_or_else(|error| error);
            assert!(error.contains(allowed), "{text}: {error}");
        }
    }
}
