//! The editor through its front door: actions and keys in, intents and pictures out.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        change::Change,
        schema::{KeyKind, samples},
        staged::Staged,
        syntax::Job,
        value::Bytes,
    },
    keymap::{Chord, Found, KeyTables, Keymap, chords},
    panes::{Access, Intent, Now, Outbox, Settings, picture::picture},
    theme::{Theme, ThemeName},
    widgets::compute,
};

/// An editor with everything around it.
struct Desk {
    editor: CellEditor,
    keymap: Keymap,
    settings: Settings,
    out: Outbox,
    screen: Rect,
    closed: bool,
}

fn now() -> Now {
    Now { elapsed: Duration::ZERO, wall: "2026-01-29T08:03:07.588Z".parse::<Timestamp>().unwrap() }
}

fn questions() -> Relation {
    let mut relation = samples::catalogued("questions");
    for column in &mut relation.columns {
        match column.name.as_str() {
            "relevance_score" | "is_new" => column.declared = "INTEGER".to_owned(),
            "question" => column.not_null = true,
            "status" => column.default = Some("'active'".to_owned()),
            "id" => column.primary_key = Some(1),
            _ => {}
        }
    }
    relation
}

fn record(relation: &Arc<Relation>, column: usize, value: &Value) -> Arc<Record> {
    let mut cells = vec![Value::Null; relation.columns.len()];
    cells[0] = Value::text("q-1");
    cells[column] = value.clone();
    Arc::new(Record { relation: Arc::clone(relation), key: RowKey::Rowid(1), cells })
}

impl Desk {
    fn with(relation: Relation, column: &str, value: &Value, how: EditHow, settings: Settings) -> Self {
        let relation = Arc::new(relation);
        let column = relation.column(column).unwrap();
        let mut out = Outbox::default();
        let mut cx = Cx { now: now(), schema: None, settings: &settings, out: &mut out };
        let mut editor = CellEditor::for_cell(Arc::clone(&relation), RowKey::Rowid(1), column, how, 7, &mut cx);
        let screen = Rect { x: 0, y: 0, width: 80, height: 24 };
        editor.resize(screen, &mut cx);
        let row = Answer::Record(Some(record(&relation, column, value)));
        assert_eq!(editor.reply(Ok(&row), &mut cx), Handled::Yes);
        Self { editor, keymap: Keymap::with(&KeyTables::new()).unwrap(), settings, out, screen, closed: false }
    }

    /// An editor of this column of a question that holds this value.
    fn of(column: &str, value: Value) -> Self {
        Self::with(questions(), column, &value, EditHow::InPlace, writing())
    }

    fn text(column: &str, value: &str) -> Self {
        Self::of(column, Value::text(value))
    }

    fn press(&mut self, keys: &str) {
        for chord in chords(keys).unwrap() {
            self.chord(chord);
        }
    }

    fn chord(&mut self, chord: Chord) {
        if self.closed {
            return;
        }
        let found = self.keymap.find(self.editor.context(), &[chord]);
        let mut cx = Cx { now: now(), schema: None, settings: &self.settings, out: &mut self.out };
        let step = match found {
            Found::Action(action) => self.editor.act(action, &mut cx),
            Found::Nothing | Found::Prefix => self.editor.key(chord.event(), &mut cx),
        };
        self.closed |= step == Step::Close || self.editor.is_done();
    }

    fn paste(&mut self, text: &str) {
        let mut cx = Cx { now: now(), schema: None, settings: &self.settings, out: &mut self.out };
        self.editor.paste(text, &mut cx);
    }

    fn come_back(&mut self, outcome: Result<Option<String>, String>) {
        let mut cx = Cx { now: now(), schema: None, settings: &self.settings, out: &mut self.out };
        assert_eq!(self.editor.left_editor(7, outcome, &mut cx), Handled::Yes);
        self.closed |= self.editor.is_done();
    }

    /// What was given to the user's editor.
    fn opened(&self) -> Option<(String, &'static str, String)> {
        self.out.commands.iter().rev().find_map(|command| match command {
            Command::OpenEditor(edit) => Some((edit.text.clone(), edit.ending, edit.name.clone())),
            _ => None,
        })
    }

    /// What is staged for the cell.
    fn staged(&self) -> Option<Value> {
        self.out.intents.iter().find_map(|intent| match intent {
            Intent::Stage(Change::Update { set, .. }) => set.first().map(|(_, value)| value.clone()),
            _ => None,
        })
    }

    fn said(&self) -> String {
        let all = self.out.intents.iter().filter_map(|intent| match intent {
            Intent::Say(_, text) => Some(text.as_str()),
            _ => None,
        });
        all.collect::<Vec<_>>().join("; ")
    }

    fn shown_at(&mut self, width: u16, height: u16) -> String {
        let screen = Rect { x: 0, y: 0, width, height };
        let mut cx = Cx { now: now(), schema: None, settings: &self.settings, out: &mut self.out };
        self.editor.resize(screen, &mut cx);
        self.screen = screen;
        let theme = Theme::built_in(ThemeName::Dark);
        let mut buf = Buffer::empty(screen);
        let view = ViewCx { theme: &theme, now: now(), settings: &self.settings, focused: true };
        self.editor.view(screen, &mut buf, &view);
        for cell in &buf.content {
            assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
        }
        picture(&buf)
    }

    fn shown(&mut self) -> String {
        self.shown_at(self.screen.width, self.screen.height)
    }
}

fn writing() -> Settings {
    Settings { access: Access::Writing, ..Settings::default() }
}

#[test]
fn what_is_typed_is_staged_with_the_whole_row_as_its_guard() {
    let mut desk = Desk::text("answer", "old");
    desk.press("n e w space ctrl-s");
    assert!(desk.closed);
    let Some(Intent::Stage(Change::Update { relation, key, shown, set })) = desk.out.intents.pop() else {
        unreachable!("nothing is staged")
    };
    let answer = relation.column("answer").unwrap();
    assert_eq!((key, set), (RowKey::Rowid(1), vec![(answer, Value::text("new old"))]));
    assert!(shown.contains(&(answer, Value::text("old"))) && shown.contains(&(0, Value::text("q-1"))));
    let kept = relation.column("last_updated").unwrap();
    assert!(!shown.iter().any(|(column, _)| *column == kept), "a trigger keeps it");
    assert_eq!(shown.len(), relation.columns.len() - 1);
}

#[test]
fn nothing_is_staged_where_nothing_changed() {
    let mut desk = Desk::text("answer", "old");
    desk.press("x backspace ctrl-s");
    assert!(desk.closed && desk.staged().is_none());
    assert!(desk.said().contains("unchanged"));
    let mut desk = Desk::text("answer", "old");
    desk.press("esc");
    assert!(desk.closed);
}

#[test]
fn esc_asks_before_what_was_typed_is_lost() {
    for (keys, closed, staged) in [
        ("x esc", false, None),
        ("x esc esc", false, None),
        ("x esc e", false, None),
        ("x esc t", true, None),
        ("x esc s", true, Some(Value::text("xold"))),
    ] {
        let mut desk = Desk::text("answer", "old");
        desk.press(keys);
        assert_eq!((desk.closed, desk.staged()), (closed, staged), "{keys}");
    }
    let mut desk = Desk::text("answer", "old");
    desk.press("x");
    let draft = desk.editor.draft().unwrap();
    assert_eq!((draft.relation.as_str(), draft.column.as_str(), draft.text.as_str()), ("questions", "answer", "xold"));
    desk.press("ctrl-z");
    assert_eq!(desk.editor.draft(), None);
}

#[test]
fn null_empty_and_default_are_choices_of_their_own() {
    for (column, value, keys, want) in [
        ("answer", Value::text("old"), "f2 n ctrl-s", Some(Value::Null)),
        ("answer", Value::text("old"), "f2 e ctrl-s", Some(Value::text(""))),
        ("answer", Value::Null, "f2 e ctrl-s", Some(Value::text(""))),
        ("answer", Value::Null, "x ctrl-s", Some(Value::text("x"))),
        ("answer", Value::Null, "backspace ctrl-s", None),
        ("answer", Value::Null, "x f2 n ctrl-s", None),
        ("answer", Value::text("old"), "f2 n ctrl-z ctrl-s", None),
        ("status", Value::text("flagged"), "o f2 d ctrl-s", Some(Value::text("active"))),
        ("created_at", Value::Null, "f2 t enter", Some(Value::text("2026-01-29T08:03:07.588Z"))),
    ] {
        let mut desk = Desk::of(column, value);
        desk.press(keys);
        assert_eq!((desk.closed, desk.staged()), (true, want), "{column} {keys}: {}", desk.said());
    }
    let mut desk = Desk::text("question", "old");
    desk.press("f2 n ctrl-s");
    assert!(!desk.closed && desk.said().contains("NOT NULL"), "{}", desk.said());
}

#[test]
fn known_values_come_as_a_list() {
    for (column, value, keys, want) in [
        ("status", Value::text("flagged"), "1", Some(Value::text("active"))),
        ("status", Value::text("flagged"), "k enter", Some(Value::text("active"))),
        ("status", Value::text("flagged"), "enter", None),
        ("status", Value::text("odd"), "0", None),
        ("status", Value::text("odd"), "n", Some(Value::Null)),
        ("status", Value::text("odd"), "d", Some(Value::text("active"))),
        ("status", Value::text("odd"), "o ctrl-a ctrl-x n e w enter", Some(Value::text("new"))),
        ("is_new", Value::Integer(0), "2", Some(Value::Integer(1))),
        ("is_new", Value::Null, "o 1 enter", Some(Value::Integer(1))),
    ] {
        let mut desk = Desk::of(column, value);
        desk.press(keys);
        assert_eq!((desk.closed, desk.staged()), (true, want), "{column} {keys}: {}", desk.said());
    }
    let mut desk = Desk::text("status", "flagged");
    desk.press("esc");
    assert!(desk.closed && desk.staged().is_none());
}

#[test]
fn a_number_gets_no_text_by_accident() {
    let mut desk = Desk::of("relevance_score", Value::Integer(12));
    desk.press("a enter");
    assert!(!desk.closed);
    assert!(desk.shown().contains("holds integers, and this is the text '12a'"), "{}", desk.shown());
    // Enter keeps editing: a key pressed too often is no yes.
    desk.press("enter backspace 3 enter");
    assert_eq!((desk.closed, desk.staged()), (false, None));
    desk.press("esc backspace enter");
    assert!(desk.closed, "{}", desk.shown());
    let mut desk = Desk::of("relevance_score", Value::Integer(12));
    desk.press("a enter y");
    assert_eq!(desk.staged(), Some(Value::text("12a")));
}

#[test]
fn json_that_was_valid_breaks_only_after_a_yes() {
    let mut desk = Desk::text("tags", "[\"a\"]");
    desk.press("end backspace");
    assert!(desk.shown().contains("line 1, column 5: broken JSON"), "{}", desk.shown());
    desk.press("ctrl-s");
    assert!(!desk.closed && desk.shown().contains("Stage it anyway?"));
    desk.press("e ] ctrl-s");
    assert!(desk.closed && desk.staged().is_none());
    let mut desk = Desk::text("tags", "[\"a\"]");
    desk.press("end backspace ctrl-s y");
    assert_eq!(desk.staged(), Some(Value::text("[\"a\"")));
    // Another shape is said, and no more.
    let mut desk = Desk::text("tags", "[\"a\"]");
    desk.press("end backspace , 1 ] ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text("[\"a\",1]")));
}

#[test]
fn json_is_laid_out_on_request_only() {
    let mut desk = Desk::text("tags", "[\"a\",  1.50]");
    desk.press("f9 ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text("[\n  \"a\",\n  1.50\n]")));
    let mut desk = Desk::text("tags", "[\"a\",  1.50]");
    desk.press("f9 f9 ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text("[\"a\",1.50]")));
    let mut desk = Desk::text("tags", "[\"a\",  1.50]");
    desk.press("f9 ctrl-z ctrl-s");
    assert_eq!((desk.closed, desk.staged()), (true, None), "one step back");
}

#[test]
fn long_json_is_checked_in_the_background_one_check_at_a_time() {
    let long = format!("[{}\"a\"]", "\"word\",".repeat(20_000));
    let mut desk = Desk::text("tags", &long);
    let jobs = |desk: &Desk| {
        let jobs = desk.out.commands.iter().filter_map(|command| match command {
            Command::Compute(job @ Job::CheckJson { .. }) => Some(job.clone()),
            _ => None,
        });
        jobs.collect::<Vec<_>>()
    };
    desk.press("x y z");
    assert_eq!(jobs(&desk).len(), 1, "the next one waits for the first");
    for round in 0..2 {
        let job = jobs(&desk).last().unwrap().clone();
        let computed = compute::run(&job);
        let mut cx = Cx { now: now(), schema: None, settings: &desk.settings, out: &mut desk.out };
        assert_eq!(desk.editor.computed(&job, &computed, &mut cx), Handled::Yes, "{round}");
    }
    assert_eq!(jobs(&desk).len(), 2);
    assert!(desk.shown().contains("line 1, column 1: broken JSON"), "{}", desk.shown());
}

#[test]
fn every_byte_that_was_not_touched_comes_back() {
    for text in ["a\r\nb\r\n", "a\nb", "a\n", "\n", "mixed\r\nends\n", "nul\0in", "tab\tin", "\u{202e}bidi", "  ", "\r"]
    {
        let mut desk = Desk::text("answer", text);
        desk.press("X ctrl-s");
        assert_eq!(desk.staged(), Some(Value::text(&format!("X{text}"))), "{text:?}");
        assert!(desk.shown().contains('X'));
    }
}

#[test]
fn blobs_and_broken_text_are_edited_as_bytes() {
    let mut desk = Desk::of("answer", Value::Blob(Bytes::whole([0, 255])));
    desk.press("end space 0 a ctrl-s");
    assert_eq!(desk.staged(), Some(Value::Blob(Bytes::whole([0, 255, 10]))));
    let mut desk = Desk::of("answer", Value::Text(Bytes::whole([0x61, 0xff])));
    assert!(desk.shown().contains("not UTF-8"));
    desk.press("end backspace backspace 6 2 ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text("ab")));
    let mut desk = Desk::of("answer", Value::Blob(Bytes::whole([0, 255])));
    desk.press("end g ctrl-s");
    assert!(!desk.closed && desk.said().contains("no hexadecimal digit"), "{}", desk.said());
}

#[test]
fn a_paste_is_one_edit() {
    let pasted = "0123456789 größe 日本\n".repeat(4_500);
    assert!(pasted.len() > 100_000);
    let mut desk = Desk::text("answer", "old");
    desk.paste(&pasted);
    assert!(desk.shown().contains("4501 lines"), "{}", desk.shown());
    desk.press("ctrl-z");
    assert!(!desk.editor.is_changed());
    desk.press("ctrl-y ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text(&format!("{pasted}old"))));
    let mut desk = Desk::text("answer", "");
    desk.paste("a\u{1b}[31mb\rc\r\nd");
    desk.press("ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text("a[31mb\nc\nd")));
    assert!(desk.said().contains("1 control character"));
}

#[test]
fn what_is_too_long_goes_to_the_users_editor() {
    let long = "x".repeat(10 << 20);
    let mut desk = Desk::text("answer", &long);
    assert!(desk.shown().contains("10.0 MB are too many to edit in place"), "{}", desk.shown());
    desk.press("x");
    let (text, ending, name) = desk.opened().unwrap();
    assert_eq!((text.len(), ending, name.as_str()), (long.len(), "md", "questions-q-1-answer"));
    desk.come_back(Ok(Some(format!("{long}y\n"))));
    assert!(desk.closed);
    assert_eq!(desk.staged(), Some(Value::text(&format!("{long}y"))));
    let mut desk = Desk::text("answer", "a");
    desk.paste(&long);
    assert!(desk.said().contains("not pasted"));
    desk.press("esc");
    assert!(desk.closed);
}

#[test]
fn the_users_editor_is_checked_as_the_own_one() {
    let external =
        |column: &str, text: &str| Desk::with(questions(), column, &Value::text(text), EditHow::External, writing());
    let mut desk = external("answer", "old");
    assert_eq!(desk.opened().unwrap().0, "old");
    desk.come_back(Ok(Some("new\n".to_owned())));
    assert_eq!((desk.closed, desk.staged()), (true, Some(Value::text("new"))));
    let mut desk = external("answer", "old");
    desk.come_back(Ok(None));
    assert!(desk.closed && desk.said().contains("unchanged"));
    // Broken JSON that was none before is shown with its fault; nothing is lost.
    let mut desk = external("tags", "[\"a\"]");
    assert_eq!(desk.opened().unwrap().1, "json");
    desk.come_back(Ok(Some("[\"a\",\n\"b]\n".to_owned())));
    assert!(!desk.closed && desk.staged().is_none());
    assert!(desk.shown().contains("line 2, column"), "{}", desk.shown());
    desk.press("ctrl-s y");
    assert_eq!(desk.staged(), Some(Value::text("[\"a\",\n\"b]")));
    let mut desk = external("diagram", "graph TD");
    assert_eq!(desk.opened().unwrap().1, "mmd");
    desk.come_back(Err("vi: not found".to_owned()));
    assert!(!desk.closed && desk.said().contains("vi: not found"));
    desk.press("X ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text("Xgraph TD")));
}

#[test]
fn a_secret_is_shown_and_edited_only_after_a_yes() {
    let users = || samples::catalogued("users");
    let secret = Value::text("$2b$hash");
    let mut desk = Desk::with(users(), "password", &secret, EditHow::External, writing());
    assert!(!desk.shown().contains("hash") || desk.shown().contains("is a secret"));
    assert!(!desk.shown().contains("$2b$"));
    assert!(desk.opened().is_none());
    desk.press("enter");
    assert!(desk.closed);
    let mut desk = Desk::with(users(), "password", &secret, EditHow::InPlace, writing());
    desk.press("y");
    assert!(desk.shown().contains("$2b$hash"));
    desk.press("x");
    assert_eq!(desk.editor.draft(), None, "a secret is not written to another file");
    desk.press("enter y");
    assert_eq!(desk.staged(), Some(Value::text("$2b$hashx")));
}

#[test]
fn what_is_staged_already_is_what_is_edited() {
    let relation = questions();
    let answer = relation.column("answer").unwrap();
    let mut staged = Staged::default();
    let change = Change::Update {
        relation: Arc::new(relation.clone()),
        key: RowKey::Rowid(1),
        shown: vec![(answer, Value::text("old"))],
        set: vec![(answer, Value::text("staged"))],
    };
    staged.stage(crate::domain::change::EntryId(1), change);
    let settings = Settings { staged, ..writing() };
    let mut desk = Desk::with(relation, "answer", &Value::text("old"), EditHow::InPlace, settings);
    assert!(desk.shown().contains("staged already"), "{}", desk.shown());
    desk.press("X ctrl-s");
    assert_eq!(desk.staged(), Some(Value::text("Xstaged")));
    let Some(Intent::Stage(Change::Update { shown, .. })) = desk.out.intents.last() else { unreachable!() };
    assert!(shown.contains(&(answer, Value::text("old"))), "the guard is what the database holds");
}

#[test]
fn a_field_of_a_new_row_comes_back_by_its_ticket() {
    let relation = Arc::new(questions());
    let settings = writing();
    let field = |column: &str, value: NewValue, keys: &str| {
        let mut out = Outbox::default();
        let mut cx = Cx { now: now(), schema: None, settings: &settings, out: &mut out };
        let column = relation.column(column).unwrap();
        let mut editor = CellEditor::for_field(Arc::clone(&relation), column, value, EditHow::InPlace, (3, 8), &mut cx);
        editor.resize(Rect { x: 0, y: 0, width: 80, height: 24 }, &mut cx);
        let keymap = Keymap::with(&KeyTables::new()).unwrap();
        let screen = Rect { x: 0, y: 0, width: 80, height: 24 };
        let mut desk = Desk { editor, keymap, settings: settings.clone(), out, screen, closed: false };
        desk.press(keys);
        assert!(desk.closed, "{keys}");
        desk.out.intents.into_iter().find_map(|intent| match intent {
            Intent::Edited { ticket: 3, value } => Some(value),
            _ => None,
        })
    };
    assert_eq!(field("answer", NewValue::Default, "x ctrl-s"), Some(NewValue::Given(Value::text("x"))));
    assert_eq!(field("answer", NewValue::Given(Value::text("a")), "f2 d ctrl-s"), Some(NewValue::Default));
    assert_eq!(field("status", NewValue::Default, "3"), Some(NewValue::Given(Value::text("deleted"))));
    assert_eq!(field("status", NewValue::Default, "esc"), None);
}

#[test]
fn what_cannot_be_edited_says_why() {
    use crate::domain::{edit::why_not, schema::RelationKind};
    let why = |relation: &Relation| why_not(relation, &relation.columns[1], 1).unwrap_or_default();
    let plain = questions();
    assert_eq!(why(&plain), "");
    assert!(why(&Relation { kind: RelationKind::View, ..plain.clone() }).contains("is a view"));
    assert!(why(&Relation { kind: RelationKind::Internal, ..plain.clone() }).contains("SQLite itself"));
    assert!(why(&Relation { key: KeyKind::None, ..plain.clone() }).contains("has no key"));
    let key = KeyKind::Rowid { alias: "id".to_owned(), column: Some(1) };
    assert!(why(&Relation { key, ..plain.clone() }).contains("is the row's key"));
    let mut generated = plain;
    generated.columns[1].generated = true;
    assert!(why(&generated).contains("is generated"));
}

#[test]
fn a_row_that_is_gone_or_cannot_be_read_says_so() {
    let mut desk = Desk::text("answer", "old");
    desk.editor.phase = Phase::Reading;
    let mut cx = Cx { now: now(), schema: None, settings: &desk.settings, out: &mut desk.out };
    desk.editor.reply(Ok(&Answer::Record(None)), &mut cx);
    assert!(desk.shown().contains("the row is gone"));
    desk.press("x ctrl-s");
    assert!(!desk.closed && desk.staged().is_none());
    desk.press("esc");
    assert!(desk.closed);
}

#[test]
fn it_looks_well() {
    let answer = "# Quicksort\n\nPick a *pivot*; a line that is longer than the window is wide is broken at words, so that all of it can be read.\n\n```js\nsort(a)\n```";
    let mut desk = Desk::text("answer", answer);
    desk.press("down down end");
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        insta::assert_snapshot!(format!("text-{width}x{height}"), desk.shown_at(width, height));
    }
    let mut desk = Desk::text("tags", "[\"a\", \"b\"");
    desk.press("end");
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        insta::assert_snapshot!(format!("json-{width}x{height}"), desk.shown_at(width, height));
    }
    let mut desk = Desk::text("status", "flagged");
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        insta::assert_snapshot!(format!("values-{width}x{height}"), desk.shown_at(width, height));
    }
    let mut desk = Desk::of("relevance_score", Value::Integer(12));
    desk.press("a enter");
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        insta::assert_snapshot!(format!("anyway-{width}x{height}"), desk.shown_at(width, height));
    }
    let mut desk = Desk::of("answer", Value::Null);
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        insta::assert_snapshot!(format!("null-{width}x{height}"), desk.shown_at(width, height));
    }
    desk.press("f2");
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        insta::assert_snapshot!(format!("choices-{width}x{height}"), desk.shown_at(width, height));
    }
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z0-9{}\",é日]",
        1 => Just("space".to_owned()),
        6 => proptest::sample::select(vec![
            "enter", "backspace", "delete", "left", "right", "up", "down", "home", "end", "pageup", "pagedown", "tab",
            "shift-left", "shift-right", "shift-down", "ctrl-z", "ctrl-y", "ctrl-x", "ctrl-v", "ctrl-a", "f5", "f9",
            "f2", "f3", "ctrl-f", "f10", "ctrl-j", "ctrl-k", "ctrl-w", "ctrl-d", "ctrl-e", "esc",
        ]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_make_it_panic_and_what_is_staged_is_what_was_shown(
        column in proptest::sample::select(vec!["answer", "tags", "status", "relevance_score", "created_at", "id"]),
        text in "(\\PC|\n|\r\n|\t|\0|[\"{}\\[\\],]){0,30}",
        keys in proptest::collection::vec(key(), 0..40),
        (width, height) in (0_u16..60, 0_u16..20),
        pasted in "(\\PC|\n|\r){0,20}",
    ) {
        let mut desk = Desk::text(column, &text);
        for (number, key) in keys.iter().enumerate() {
            if number == keys.len() / 2 {
                desk.paste(&pasted);
            }
            desk.press(key);
            let _ = desk.shown_at(width, height);
            if desk.closed {
                break;
            }
        }
        if !desk.closed && desk.editor.phase == Phase::Open && desk.editor.list.is_none() && desk.editor.searching.is_none() {
            let (held, form, shown) = (desk.editor.held, desk.editor.form, desk.editor.body.text());
            let changed = desk.editor.is_changed();
            desk.press("ctrl-s");
            if desk.editor.list.is_some() && !desk.closed {
                desk.press("y");
            }
            match (held, desk.staged()) {
                (_, None) => {}
                (Held::Text, staged) => {
                    prop_assert!(changed);
                    prop_assert_eq!(staged, form.read(&shown).ok());
                }
                (Held::Null, staged) => prop_assert_eq!(staged, Some(Value::Null)),
                (Held::Default, _) => {}
            }
        }
    }
}
