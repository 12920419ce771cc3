//! Whatever happens: no panic, and a picture without a control character.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Happens {
    Acts(usize),
    Resizes(u16, u16),
    Answers(Vec<Value>),
    Pages(i64, i64, bool, bool),
    Tells,
    Fails,
    Gone,
    Clicks(u16, u16),
    Computes,
    Uncovers,
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
        "\\PC{0,80}|[\\x00-\\x7f]{0,80}".prop_map(|text| Value::text(&text)),
        r#"\{"(status|tags|a\u{202e})":("[a-z\\n ]{0,9}"|1|null|\["a"\]|\{"b":2\})\}"#
            .prop_map(|text| Value::text(&text)),
        Just(Value::text("2026-01-30T08:00:00.000Z")),
        proptest::collection::vec(any::<u8>(), 0..99).prop_map(|bytes| Value::Blob(Bytes::whole(bytes))),
        proptest::collection::vec(any::<u8>(), 0..99).prop_map(|bytes| Value::Text(Bytes::whole(bytes))),
    ]
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => (0..Action::ALL.len()).prop_map(Happens::Acts),
        1 => (0u16..170, 0u16..60).prop_map(|(width, height)| Happens::Resizes(width, height)),
        3 => proptest::collection::vec(value(), 24).prop_map(Happens::Answers),
        2 => (-9i64..99, 0i64..40, any::<bool>(), any::<bool>()).prop_map(|(first, rows, older, newer)| {
            Happens::Pages(first, first + rows, older, newer)
        }),
        1 => Just(Happens::Tells),
        1 => Just(Happens::Fails),
        1 => Just(Happens::Gone),
        1 => (0u16..170, 0u16..60).prop_map(|(x, y)| Happens::Clicks(x, y)),
        1 => Just(Happens::Computes),
        1 => Just(Happens::Uncovers),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_the_picture_is_harmless(table in 0usize..4, events in proptest::collection::vec(happens(), 1..40)) {
        let tables = ["botLedger", "questionHistory", "botRuns", "workQueue"];
        let mut stage = Stage::new(tables[table], 80, 24);
        for event in events {
            match event {
                Happens::Acts(at) => {
                    stage.act(Action::ALL[at]);
                }
                Happens::Resizes(width, height) => {
                    stage.screen = Rect::new(0, 0, width, height);
                    let screen = stage.screen;
                    stage.with(|view, cx| view.resize(screen, cx));
                }
                Happens::Answers(cells) => {
                    let relation = Arc::clone(&stage.view.relation);
                    let cells = cells.into_iter().cycle().take(relation.columns.len()).collect();
                    let record = Record { relation, key: RowKey::Rowid(1), cells };
                    stage.answer(Ok(Answer::Record(Some(Arc::new(record)))));
                }
                Happens::Pages(first, end, older, newer) => {
                    stage.answer(Ok(page(first..end, older, newer)));
                }
                Happens::Tells => {
                    stage.answer(Ok(Answer::Story(Arc::default())));
                }
                Happens::Fails => {
                    stage.answer(Err(Error::new(ErrorKind::Io, "no\u{1b}", "")));
                }
                Happens::Gone => {
                    stage.answer(Ok(Answer::Record(None)));
                }
                Happens::Clicks(column, row) => {
                    let kind = MouseEventKind::Down(MouseButton::Left);
                    let mouse = MouseEvent { kind, column, row, modifiers: crossterm::event::KeyModifiers::NONE };
                    let screen = stage.screen;
                    stage.with(|view, cx| view.mouse(mouse, screen, cx));
                }
                Happens::Computes => stage.compute(),
                Happens::Uncovers => stage.with(Overlay::uncovered),
            }
            let picture = stage.picture();
            prop_assert!(!picture.chars().any(|letter| letter != '\n' && letter.is_control()), "{picture:?}");
            prop_assert!(!picture.contains(['\u{202a}', '\u{202e}', '\u{2066}', '\u{200f}']), "{picture:?}");
        }
    }
}
