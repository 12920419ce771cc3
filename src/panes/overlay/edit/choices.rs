//! What a value can be beside a text: the lists, and what each choice does.

use super::{Body, CellEditor, EditHow, Held, List, Pick, Target, list::Item, stage::Sure};
use crate::{
    domain::{
        catalogue::Meaning,
        edit::{Form, NewValue, enumerated},
        json_check::{compact, pretty},
        time,
        value::Value,
    },
    message::severity::Severity,
    panes::{Cx, overlay::Step},
    theme::Role,
    widgets::editor::{Changed, TextEditor},
};

impl CellEditor {
    /// The known values of the column, where it has some: what stands there first, where it is none of them.
    pub(super) fn known_values(&self) -> Option<List> {
        let known = enumerated(self.of()?);
        if known.is_empty() {
            return None;
        }
        let now = match &self.start {
            NewValue::Given(value) => Some(value),
            NewValue::Default => None,
        };
        let mut items = Vec::new();
        for ((value, tone), key) in known.iter().zip('1'..='9') {
            let note = if now == Some(value) { "as it is" } else { "" };
            let mut item = Item::new(key, value.to_plain(), note, Pick::Value(value.clone()));
            item.role = (*tone).into();
            items.push(item);
        }
        if let Some(value) = now.filter(|value| !value.is_null() && !known.iter().any(|(known, _)| known == *value)) {
            items.insert(0, Item::new('0', value.to_plain(), "as it is, outside the list", Pick::Value(value.clone())));
        }
        let at = match now {
            Some(Value::Null) => items.len(),
            Some(value) => items.iter().position(|item| item.pick == Pick::Value(value.clone())).unwrap_or_default(),
            None => 0,
        };
        if !self.is_not_null() {
            let mut item =
                Item::new('n', "NULL", if now == Some(&Value::Null) { "as it is" } else { "" }, Pick::TakeNull);
            item.role = Role::Null;
            items.push(item);
        }
        if let Some(default) = self.default_words() {
            items.push(Item::new('d', "default", default, Pick::TakeDefault));
        }
        items.push(Item::new('o', "other …", "typed", Pick::Other));
        Some(List::new(self.title(), items, Pick::Leave).at(at))
    }

    fn is_not_null(&self) -> bool {
        self.of().is_some_and(|column| column.not_null)
    }

    /// The default in words; `None` where there is none to choose.
    fn default_words(&self) -> Option<String> {
        match (&self.of()?.default, &self.target) {
            (Some(default), _) => Some(default.clone()),
            (None, Target::Field(_)) => Some("left out: NULL".to_owned()),
            (None, Target::Cell(_)) => None,
        }
    }

    /// Everything that the value can become by a choice.
    pub(super) fn choices(&self) -> List {
        let mut items = Vec::new();
        if self.is_not_null() {
            items.push(Item::new('n', "NULL", "not taken: the column is NOT NULL", Pick::Null));
        } else {
            items.push(Item::new('n', "NULL", "no value", Pick::Null));
        }
        if self.form == Form::Text {
            items.push(Item::new('e', "empty", "'', a text without a letter", Pick::Empty));
        }
        if let Some(default) = self.default_words() {
            items.push(Item::new('d', "default", default, Pick::Default));
        }
        if self.meaning() == Meaning::Time {
            items.push(Item::new('t', "now", "in ISO 8601, as the bots write it", Pick::Now));
        }
        if self.of().is_some_and(|column| !enumerated(column).is_empty()) {
            items.push(Item::new('v', "a known value …", "", Pick::Known));
        }
        if matches!(self.body, Body::Area(_)) {
            if self.may_be_json() {
                items.push(Item::new('p', "JSON, a value a line", "only the layout changes", Pick::Pretty));
                items.push(Item::new('c', "JSON, compact", "only the layout changes", Pick::Compact));
            }
            items.push(Item::new('w', "break long lines", "or let them run on", Pick::Wrap));
        }
        items.push(Item::new('x', "go on in $EDITOR", "", Pick::External));
        List::new("What it is to be", items, Pick::Back)
    }

    pub(super) fn ask_leave(&self) -> List {
        let items = vec![
            Item::new('e', "keep editing", "", Pick::Back),
            Item::new('s', "stage it", "", Pick::Stage),
            Item::new('t', "throw away what was typed", "", Pick::Leave),
        ];
        List::new("Not staged yet", items, Pick::Back)
    }

    pub(super) fn ask_reveal(&self) -> List {
        let items = vec![
            Item::new('n', "no, leave it alone", "", Pick::Leave),
            Item::new('y', "yes, show and edit it", "", Pick::Reveal),
        ];
        let name = self.of().map_or("", |column| column.name.as_str());
        let words = format!("{name} is a secret, and masked. Editing shows it on the screen.");
        List::new(self.title(), items, Pick::Leave).saying([(words, Role::Warning)])
    }

    pub(super) fn too_large(&self) -> List {
        let items = vec![
            Item::new('x', "open it in $EDITOR", "", Pick::External),
            Item::new('q', "leave it as it is", "", Pick::Leave),
        ];
        let words = format!(
            "{} are too many to edit in place (at most {}).",
            super::view::bytes(self.body.len()),
            super::view::bytes(crate::widgets::editor::MOST_BYTES)
        );
        List::new(self.title(), items, Pick::Leave).saying([(words, Role::Warning)])
    }

    pub(super) fn may_be_json(&self) -> bool {
        match (self.form, self.meaning()) {
            (Form::Text, Meaning::Json(_)) => true,
            (Form::Text, _) => match &self.body {
                Body::Area(editor) => editor.begins_with(['{', '[']),
                Body::Large(_) => false,
            },
            _ => false,
        }
    }

    /// Does what was chosen.
    pub(super) fn pick(&mut self, pick: Pick, cx: &mut Cx<'_>) -> Step {
        self.list = None;
        match pick {
            Pick::Value(value) => {
                self.form = self.of().map_or(Form::Text, |column| Form::of(column, &value));
                self.put(self.form.write(&value));
                return self.stage(Sure::No, cx);
            }
            Pick::TakeNull | Pick::TakeDefault => {
                self.hold(if pick == Pick::TakeNull { Held::Null } else { Held::Default }, cx);
                return self.stage(Sure::No, cx);
            }
            Pick::Null => self.hold(Held::Null, cx),
            Pick::Default => self.hold(Held::Default, cx),
            Pick::Empty => {
                self.put(String::new());
                self.recheck(cx);
            }
            Pick::Now => {
                self.put(time::iso(cx.now.wall));
                if let Body::Area(editor) = &mut self.body {
                    editor.go_to_end();
                }
                self.recheck(cx);
            }
            Pick::Known => {
                self.list = self.known_values();
                self.fit_list();
            }
            Pick::Pretty => self.lay_json_out(pretty, cx),
            Pick::Compact => self.lay_json_out(compact, cx),
            Pick::Wrap => {
                if let Body::Area(editor) = &mut self.body {
                    editor.toggle_wrap();
                }
            }
            Pick::External => self.leave_for_editor(cx),
            Pick::Stage => return self.stage(Sure::No, cx),
            Pick::Anyway => return self.stage(Sure::Yes, cx),
            Pick::Reveal => {
                self.revealed = true;
                self.go_on(cx);
            }
            Pick::Other | Pick::Back | Pick::Field(_) => {}
            Pick::Leave => return Step::Close,
        }
        Step::Stay
    }

    fn hold(&mut self, held: Held, cx: &mut Cx<'_>) {
        self.held = held;
        self.touched = true;
        self.recheck(cx);
    }

    fn lay_json_out(&mut self, layout: fn(&str) -> Option<String>, cx: &mut Cx<'_>) {
        let Body::Area(editor) = &self.body else { return };
        match layout(&editor.text()) {
            Some(text) if TextEditor::fits(&text) => {
                self.put(text);
                self.typed(Changed::Yes, cx);
            }
            Some(_) => cx.out.say(Severity::Warning, "not laid out: it would be too long to be edited in place"),
            None => cx.out.say(Severity::Warning, "not laid out: this is no JSON yet"),
        }
    }

    /// A value a line; where it is so already, without blanks.
    pub(super) fn format(&mut self, cx: &mut Cx<'_>) {
        if !self.may_be_json() {
            cx.out.say(Severity::Info, "only JSON has a layout of its own");
            return;
        }
        let Body::Area(editor) = &self.body else { return };
        let text = editor.text();
        let layout = if pretty(&text).as_ref() == Some(&text) { compact } else { pretty };
        self.lay_json_out(layout, cx);
    }

    /// Whether the user asked for `$EDITOR` and has seen nothing else.
    pub(super) fn came_for_editor(&self) -> bool {
        self.how == EditHow::External && !self.touched
    }
}
