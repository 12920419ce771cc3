//! Overlays through their front door: actions, keys and replies in, requests, commands and pictures out.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use super::{Overlay, Step, cell::CellView, help::Help, menu::CopyMenu, messages::Messages, palette::Palette};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query},
    },
    domain::{
        page::{Record, RowKey},
        schema::{Relation, Schema, samples},
        syntax::Job,
        value::{Bytes, Secrets, Value},
    },
    keymap::{Context, KeyTables, Keymap, chords},
    message::{action::Action, command::Command, severity::Severity},
    panes::{Cx, Intent, Now, Outbox, Settings, ViewCx, picture::picture},
    theme::{Theme, ThemeName},
    widgets::{compute, toast::Toasts},
};

const SCREEN: Rect = Rect { x: 0, y: 0, width: 60, height: 16 };

fn now() -> Now {
    Now { elapsed: Duration::from_secs(90), wall: Timestamp::UNIX_EPOCH }
}

fn relation(name: &str, columns: &[&str]) -> Arc<Relation> {
    Arc::new(samples::table(name, columns))
}

/// An overlay with all that it is given.
struct Stage<O> {
    overlay: O,
    out: Outbox,
}

fn with_cx<T>(out: &mut Outbox, work: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    work(&mut Cx { now: now(), schema: None, settings: &Settings::default(), out })
}

impl<O: Overlay> Stage<O> {
    fn new(make: impl FnOnce(&mut Cx<'_>) -> O) -> Self {
        let mut out = Outbox::default();
        let mut overlay = with_cx(&mut out, make);
        with_cx(&mut out, |cx| overlay.resize(SCREEN, cx));
        Self { overlay, out }
    }

    fn act(&mut self, action: Action) -> Step {
        with_cx(&mut self.out, |cx| self.overlay.act(action, cx))
    }

    fn type_in(&mut self, keys: &str) {
        for chord in chords(keys).unwrap() {
            with_cx(&mut self.out, |cx| self.overlay.key(chord.event(), cx));
        }
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>) {
        with_cx(&mut self.out, |cx| self.overlay.reply(outcome, cx));
    }

    /// Does the background work that was asked for.
    fn compute(&mut self) {
        let jobs: Vec<Job> = self
            .out
            .commands
            .iter()
            .filter_map(|command| if let Command::Compute(job) = command { Some(job.clone()) } else { None })
            .collect();
        for job in jobs {
            let result = compute::run(&job);
            with_cx(&mut self.out, |cx| self.overlay.computed(&job, &result, cx));
        }
    }

    fn copied(&self) -> Option<&str> {
        self.out.commands.iter().rev().find_map(|command| match command {
            Command::Copy { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    fn said(&self) -> Vec<&str> {
        let said = |intent: &'_ Intent| matches!(intent, Intent::Say(..));
        self.out.intents.iter().filter(|intent| said(intent)).map(words).collect()
    }

    fn picture(&self) -> String {
        let theme = Theme::built_in(ThemeName::Dark);
        let mut buf = Buffer::empty(SCREEN);
        let cx = ViewCx { theme: &theme, now: now(), settings: &Settings::default(), focused: true };
        self.overlay.view(SCREEN, &mut buf, &cx);
        picture(&buf)
    }
}

fn words(intent: &Intent) -> &str {
    if let Intent::Say(_, text) = intent { text } else { "" }
}

fn cell(table: &str, column: &str, value: Value) -> Stage<CellView> {
    let relation = relation(table, &[column]);
    Stage::new(|cx| CellView::new(relation, RowKey::Rowid(1), 0, value, Secrets::Masked, cx))
}

#[test]
fn json_is_a_tree_with_paths() {
    let mut stage = cell("bot_ledger", "after_state", Value::text(r#"{"a": {"b": [1, 2]}, "c": null}"#));
    insta::assert_snapshot!(stage.picture());
    stage.act(Action::Down);
    stage.act(Action::Down);
    stage.act(Action::CopyPath);
    assert_eq!(stage.copied(), Some("$.a.b"));
    stage.act(Action::FoldAll);
    assert!(stage.picture().contains("a: {…} 1"), "{}", stage.picture());
    stage.act(Action::Raw);
    assert!(stage.picture().contains(r#"{"a": {"b": [1, 2]}, "c": null}"#), "{}", stage.picture());
}

#[test]
fn broken_json_is_shown_as_it_is_with_what_is_wrong() {
    let stage = cell("bot_ledger", "after_state", Value::text(r#"{"a": }"#));
    let picture = stage.picture();
    assert!(picture.contains("not valid JSON") && picture.contains(r#"{"a": }"#), "{picture}");
}

#[test]
fn markdown_is_rendered_and_its_code_highlighted_later() {
    let mut stage = cell("questions", "answer", Value::text("# Title\n\n```rust\nfn main() {}\n```\n"));
    let before = stage.picture();
    assert!(before.contains("fn main() {}") && !before.contains("```"), "{before}");
    stage.compute();
    assert_eq!(before, stage.picture(), "colours come, the text stays");
    stage.act(Action::Copy);
    assert_eq!(stage.copied(), Some("# Title\n\n```rust\nfn main() {}\n```\n"));
}

#[test]
fn a_diagram_is_drawn_in_the_background() {
    let mut stage = cell("questions", "diagram", Value::text("flowchart LR\n  A[Start] --> B[End]\n"));
    assert!(stage.picture().contains("flowchart LR"));
    stage.compute();
    assert!(!stage.picture().contains("flowchart LR") && stage.picture().contains("Start"), "{}", stage.picture());
}

#[test]
fn bytes_are_shown_in_hexadecimal_and_scrolled_to_both_ends() {
    let mut stage = cell("blog", "b", Value::Blob(Bytes::whole(vec![0x1b; 4096])));
    assert!(stage.picture().contains("00000000  1b 1b"), "{}", stage.picture());
    stage.act(Action::Last);
    assert!(stage.picture().contains("00000ff"), "{}", stage.picture());
    stage.act(Action::PageUp);
    stage.act(Action::First);
    assert!(stage.picture().contains("00000000  1b 1b"));
    let broken = cell("blog", "b", Value::Text(Bytes::whole(*b"a\xff")));
    assert!(broken.picture().contains("61 ff"), "{}", broken.picture());
}

#[test]
fn a_secret_stays_masked_until_revealed() {
    let mut stage = cell("users", "password", Value::text("the hash"));
    assert!(!stage.picture().contains("the hash"));
    stage.act(Action::Copy);
    assert_eq!(stage.copied(), None);
    assert!(stage.said().iter().any(|text| text.contains("not copied")));
    stage.act(Action::Reveal);
    assert!(stage.picture().contains("the hash"));
}

#[test]
fn the_rest_of_a_long_cell_is_fetched() {
    let mut stage = cell("blog", "text", Value::Text(Bytes::cut(b"one two three", 3)));
    assert!(matches!(&stage.out.commands[..], [Command::Send(request)] if matches!(request.query, Query::Cell { .. })));
    assert!(stage.picture().contains("reading the cell"));
    stage.act(Action::Copy);
    assert_eq!(stage.copied(), None, "half a cell is not copied");
    stage.reply(Ok(&Answer::Cell(Some(Arc::new(Value::text("one two three"))))));
    assert!(stage.picture().contains("one two three"));
    stage.act(Action::Search);
    stage.type_in("t w o");
    assert!(stage.picture().contains("1 of 1"), "{}", stage.picture());
    let mut gone = cell("blog", "text", Value::Text(Bytes::cut(b"one two three", 3)));
    gone.reply(Err(&Error::new(ErrorKind::Locked, "the database is locked", "try again")));
    assert!(gone.picture().contains("the database is locked. try again"), "{}", gone.picture());
}

#[test]
fn a_row_is_copied_in_the_chosen_form() {
    let users = relation("users", &["id", "password"]);
    let mut stage = Stage::new(|_| CopyMenu::new(users.clone(), RowKey::Rowid(1), Secrets::Masked));
    insta::assert_snapshot!(stage.picture());
    stage.type_in("2");
    assert_eq!(stage.copied(), None);
    let record =
        Record { relation: users, key: RowKey::Rowid(1), cells: vec![Value::text("u,1"), Value::text("hash")] };
    stage.reply(Ok(&Answer::Record(Some(Arc::new(record)))));
    assert_eq!(stage.copied(), Some("id,password\n\"u,1\",••••••\n"));
    assert!(stage.overlay.is_done() && stage.said()[0].contains("masked"));
}

#[test]
fn the_palette_finds_actions_tables_and_places() {
    let keymap = Keymap::with(&KeyTables::new()).unwrap();
    let schema = Arc::new(Schema { relations: vec![relation("bot_ledger", &["id"])] });
    let open = || Stage::new(|_| Palette::new(&keymap, Context::Table, Some(&schema)));
    let mut stage = open();
    stage.type_in("f u l l");
    assert_eq!(stage.act(Action::Open), Step::Close);
    assert_eq!(stage.out.intents, [Intent::Do(Action::Zoom)]);
    let mut stage = open();
    stage.type_in("b o t L e d g e r / 7");
    stage.act(Action::Open);
    assert_eq!(stage.out.intents, [Intent::Go("bot_ledger/7".parse().unwrap())]);
    let mut stage = open();
    stage.type_in("x y z z y");
    assert!(stage.picture().contains("No action and no table"));
    stage.act(Action::Open);
    assert_eq!(stage.said().len(), 1);
}

#[test]
fn help_shows_where_you_are_first_and_messages_the_newest_first() {
    let keymap = Keymap::with(&KeyTables::new()).unwrap();
    let mut help = Stage::new(|_| Help::new(&keymap, Context::Bots));
    let picture = help.picture();
    let (bots, everywhere) = (picture.find("Bots"), picture.find("Everywhere"));
    assert!(bots.is_some() && everywhere.is_none_or(|everywhere| bots < Some(everywhere)), "{picture}");
    help.act(Action::Last);
    assert!(!help.picture().contains("Everywhere"));
    let mut toasts = Toasts::default();
    toasts.push(Severity::Info, "the first".to_owned(), Duration::from_secs(1));
    toasts.push(Severity::Error, "the second".to_owned(), Duration::from_secs(80));
    let messages = Stage::new(|_| Messages::new(&toasts));
    insta::assert_snapshot!(messages.picture());
}

#[test]
fn a_window_hides_no_half_of_a_wide_letter_and_shows_its_own_border() {
    let screen = Rect { x: 0, y: 0, width: 20, height: 4 };
    let mut buf = Buffer::empty(screen);
    for y in 0..4 {
        buf.set_string(0, y, "日本語日本語日本語", ratatui::style::Style::new());
    }
    let theme = Theme::built_in(ThemeName::Dark);
    let settings = Settings::default();
    let cx = ViewCx { now: now(), theme: &theme, settings: &settings, focused: true };
    let area = Rect { x: 5, y: 1, width: 10, height: 3 };
    super::window("t", "", area, &mut buf, &cx);
    assert_eq!(buf[(4, 1)].symbol(), " ", "its other half is under the border");
    assert_eq!((buf[(5, 1)].symbol(), buf[(2, 1)].symbol(), buf[(4, 0)].symbol()), ("╭", "本", "語"));
}
