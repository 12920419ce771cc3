//! Editing through the front door: keys in, a staged change out.

use super::*;
use crate::{
    db::{request::Freshness, testing},
    domain::{change::Change, edit::Draft, page::Record},
    message::command::ExternalEdit,
};

fn at_work() -> Driver {
    let grant = testing::grant();
    let now = Now { elapsed: Duration::ZERO, wall: "2026-01-30T08:03:07Z".parse().unwrap() };
    let app = App::new(AppOptions { writing: Some(grant), ..options() });
    let mut driver = Driver { app, now, sent: Vec::new(), others: Vec::new() };
    let commands = driver.app.start(now, (120, 40));
    driver.take(commands);
    driver.answer(Slot::Schema, Answer::Schema(schema()));
    driver.answer(Slot::Page, Answer::Page(page(80)));
    driver
}

/// The row that was asked for, each cell this text.
fn row(driver: &Driver, text: &str) -> Answer {
    let Query::Record(relation, key) = &driver.newest(Slot::Cell).unwrap().query else { unreachable!() };
    let cells = vec![Value::text(text); relation.columns.len()];
    Answer::Record(Some(Arc::new(Record { relation: Arc::clone(relation), key: key.clone(), cells })))
}

fn staged(driver: &Driver) -> Vec<(usize, Value)> {
    let edits = driver.app.settings.staged.edits().iter();
    edits
        .flat_map(|edit| match &edit.change {
            Change::Update { set, .. } => set.clone(),
            _ => Vec::new(),
        })
        .collect()
}

fn opened(driver: &Driver) -> ExternalEdit {
    let opened = driver.others.iter().rev().find_map(|command| match command {
        Command::OpenEditor(edit) => Some(edit.clone()),
        _ => None,
    });
    opened.unwrap()
}

#[test]
fn without_write_an_edit_says_how_to_get_it() {
    let mut driver = Driver::ready(120, 40);
    for keys in ["e", "E", "v e"] {
        driver.press(keys);
        assert!(driver.shows("Start with --write"), "{keys}: {}", driver.screen());
        driver.press("esc esc");
    }
    assert!(driver.app.settings.staged.is_empty());
}

#[test]
fn a_cell_is_read_anew_edited_and_staged() {
    let mut driver = at_work();
    driver.press("l e");
    assert_eq!(driver.newest(Slot::Cell).map(|request| request.freshness), Some(Freshness::Now));
    assert!(driver.shows("Reading the row"), "{}", driver.screen());
    let row = row(&driver, "old");
    driver.answer(Slot::Cell, row);
    // Keys that mean something elsewhere are typed here.
    driver.press("q space ? space 7 space");
    driver.event(Event::Paste("pasted ".to_owned()));
    assert!(driver.shows("q ? 7 pasted old") && driver.shows("ctrl-s stage"), "{}", driver.screen());
    driver.press("ctrl-s");
    assert_eq!(staged(&driver), [(1, Value::text("q ? 7 pasted old"))]);
    assert!(driver.app.overlays.is_empty());
}

#[test]
fn the_whole_cell_can_be_edited() {
    let mut driver = at_work();
    driver.press("l v e");
    let row = row(&driver, "old");
    driver.answer(Slot::Cell, row);
    driver.press("X ctrl-s");
    assert_eq!(staged(&driver), [(1, Value::text("Xold"))]);
}

#[test]
fn the_users_editor_gets_the_text_and_what_it_leaves_is_staged() {
    let mut driver = at_work();
    driver.press("l E");
    let row = row(&driver, "old");
    driver.answer(Slot::Cell, row);
    let edit = opened(&driver);
    assert_eq!((edit.text.as_str(), edit.ending), ("old", "md"));
    driver.event(Event::Edited { ticket: edit.ticket + 1, outcome: Ok(Some("another's".to_owned())) });
    assert!(staged(&driver).is_empty());
    driver.event(Event::Edited { ticket: edit.ticket, outcome: Ok(Some("new\n".to_owned())) });
    assert_eq!(staged(&driver), [(1, Value::text("new"))]);
    assert!(driver.app.overlays.is_empty());
}

#[test]
fn esc_gives_up_a_row_that_does_not_come() {
    let mut driver = at_work();
    driver.press("l e esc");
    assert!(driver.app.overlays.is_empty());
    assert!(driver.others.iter().any(|command| matches!(command, Command::Cancel(Slot::Cell))));
}

#[test]
fn a_remapped_key_stages_and_the_footer_names_it() {
    let mut keys = KeyTables::new();
    keys.entry("edit".to_owned()).or_default().insert("f12".to_owned(), "commit".to_owned());
    keys.entry("edit".to_owned()).or_default().insert("ctrl-s".to_owned(), "none".to_owned());
    let mut driver = at_work();
    driver.app.keymap = Keymap::with(&keys).unwrap();
    driver.press("l e");
    let row = row(&driver, "old");
    driver.answer(Slot::Cell, row);
    assert!(driver.shows("f12 stage"), "{}", driver.screen());
    driver.press("X f12");
    assert_eq!(staged(&driver), [(1, Value::text("Xold"))]);
}

#[test]
fn a_draft_is_gone_on_with() {
    let mut driver = at_work();
    driver.press("l e");
    let answer = row(&driver, "old");
    driver.answer(Slot::Cell, answer);
    driver.press("h a l f");
    let draft = driver.app.overlays.last().and_then(|overlay| overlay.draft()).unwrap();
    let mut later = at_work();
    assert!(later.app.edit_draft(&draft, later.now));
    let commands = later.app.update(Event::Resumed, later.now);
    later.take(commands);
    let answer = row(&later, "old");
    later.answer(Slot::Cell, answer);
    assert!(later.shows("halfold"), "{}", later.screen());
    later.press("ctrl-s");
    assert_eq!(staged(&later), [(1, Value::text("halfold"))]);
}

#[test]
fn nothing_that_was_typed_is_lost_on_the_way() {
    let typed = |text: &str| Draft {
        relation: "questions".into(),
        key: Some(RowKey::Rowid(1)),
        column: "question".into(),
        text: text.into(),
    };
    let copied = |driver: &Driver| {
        driver.others.iter().any(|command| matches!(command, Command::Copy { text, .. } if text.contains("half")))
    };
    // The row does not come, and the user gives up.
    let mut driver = at_work();
    assert!(driver.app.edit_draft(&typed("half"), driver.now));
    assert_eq!(driver.app.overlays.last().and_then(|overlay| overlay.draft()), Some(typed("half")), "kept meanwhile");
    driver.press("esc");
    assert!(driver.app.overlays.is_empty() && copied(&driver));

    // Keys pressed right behind the one that opened $EDITOR.
    let mut driver = at_work();
    driver.press("l E");
    let answer = row(&driver, "old");
    driver.answer(Slot::Cell, answer);
    let ticket = opened(&driver).ticket;
    driver.press("esc : esc");
    driver.event(Event::Edited { ticket, outcome: Ok(Some("half".to_owned())) });
    assert_eq!(staged(&driver), [(1, Value::text("half"))], "{}", driver.screen());

    // Nobody wants it any more.
    driver.event(Event::Edited { ticket: 99, outcome: Ok(Some("half".to_owned())) });
    assert!(copied(&driver));
}
