//! Rows rebuilt against a row whose every change is known.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, sync::Arc};

use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
};
use serde_json::json;

use super::*;
use crate::domain::{
    page::RowKey,
    review::{StoryEvent, StorySource},
    schema::samples,
    time,
    value::Value,
};

const FIELDS: [&str; 5] = ["answer", "status", "sub_channel", "relevance_score", "tags"];

fn order() -> Vec<Arc<str>> {
    FIELDS.iter().map(|name| Arc::from(*name)).collect()
}

fn event(source: StorySource, at: &str, what: &str, [before, after, fields]: [&str; 3]) -> StoryEvent {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    StoryEvent {
        source,
        key: RowKey::Rowid(1),
        at: at.to_owned(),
        time: time::parse(at),
        who: "verifier".to_owned(),
        what: what.to_owned(),
        status: None,
        priority: None,
        reason: None,
        before: some(before).map(Into::into),
        after: some(after).map(Into::into),
        end: None,
        fields: some(fields),
        by_bot: true,
    }
}

/// The fields that are known then, in words: value, where it stands (`=` recorded, `~` if all was told); those that are not by why.
fn told(past: &Past) -> Vec<String> {
    let text = |side: &Side| match side {
        Side::Text(text) | Side::Number(text) => text.to_string(),
        Side::Null => "NULL".to_owned(),
        other => format!("{other:?}"),
    };
    let field = |field: &PastField| {
        let then = match &field.then {
            Then::Known(side, source, Certainty::Recorded) => format!("{} = {source:?}", text(side)),
            Then::Known(side, source, Certainty::IfAllWasTold) => format!("{} ~ {source:?}", text(side)),
            Then::Unknown(gap) => format!("{gap:?}"),
        };
        format!("{}: {then}{}", field.name, field.dispute.map_or_else(String::new, |source| format!(" but {source:?}")))
    };
    past.fields.iter().map(field).collect()
}

fn record(values: &BTreeMap<&'static str, String>) -> Record {
    let columns: Vec<&str> = values.keys().copied().collect();
    Record {
        relation: Arc::new(samples::table("questions", &columns)),
        key: RowKey::Ordinal(0),
        cells: values.values().map(|value| Value::text(value)).collect(),
    }
}

#[test]
fn snapshots_of_parts_are_put_together() {
    use StorySource::{History, Ledger, Queue};
    let story = Story {
        events: vec![
            event(Queue, "2026-01-09", "improve", ["", "", ""]),
            event(Ledger, "2026-01-08", "flag", ["", "", ""]),
            event(
                History,
                "2026-01-07T00:00:00.900Z",
                "improved",
                [r#"{"answer":"b","status":"active"}"#, r#"{"answer":"c","status":"active"}"#, ""],
            ),
            event(Ledger, "2026-01-07 00:00:00", "update", [r#"{"answer":"b"}"#, r#"{"answer":"c"}"#, ""]),
            event(History, "2026-01-06", "updated", ["", r#"{"subChannel":"s2"}"#, r#"["subChannel","tags"]"#]),
            event(History, "2026-01-05", "updated", ["", r#"{"answer":"a"}"#, ""]),
            event(Ledger, "2026-01-04", "create", ["", r#"{"id":"q"}"#, ""]),
        ],
        cut: Vec::new(),
    };
    let now = BTreeMap::from([
        ("answer", "c".to_owned()),
        ("status", "flagged".to_owned()),
        ("sub_channel", "s2".to_owned()),
        ("relevance_score", "7".to_owned()),
        ("tags", "[]".to_owned()),
    ]);
    let now = record(&now);
    let chronicle = Chronicle::of(&story);
    let then = |point| told(&chronicle.past(Some(&now), &order(), point));
    assert_eq!(
        then(Point::Now),
        [
            "answer: c = Now",
            "status: flagged = Now",
            "sub_channel: s2 = Now",
            "relevance_score: 7 = Now",
            "tags: [] = Now",
            "id: Nowhere"
        ]
    );
    // The ledger's and the history's entry are one change: before both of them it was not made.
    let expected = [
        "answer: b = Before(2) but After(5)",
        "status: active = Before(2)",
        "sub_channel: s2 ~ After(4)",
        "relevance_score: 7 ~ Now",
        "tags: [] ~ Now",
        "id: q ~ After(6)",
    ];
    assert_eq!(then(Point::Before(2)), expected);
    assert_eq!(then(Point::Before(3)), expected);
    assert_eq!(
        then(Point::Before(1)),
        [
            "answer: c ~ After(2)",
            "status: active ~ After(2)",
            "sub_channel: s2 ~ After(4)",
            "relevance_score: 7 ~ Now",
            "tags: [] ~ Now",
            "id: q ~ After(6)"
        ]
    );
    let early = [
        "answer: a = After(5) but Before(2)",
        "status: active ~ Before(2)",
        "sub_channel: ChangedBy(4)",
        "relevance_score: 7 ~ Now",
        "tags: ChangedBy(4)",
        "id: q ~ After(6)",
    ];
    assert_eq!(then(Point::After(5)), early);
    let at = |text: &str| Point::At(time::parse(text).unwrap());
    assert_eq!(then(at("2026-01-06 12:00:00"))[0], "answer: Untold(2)", "a and b: it changed in between");
    assert_eq!(then(at("2026-01-09"))[1], "status: flagged ~ Now");
    assert_eq!(then(at("2026-01-05"))[2..], early[2..]);
    assert_eq!(then(Point::After(6))[0], "answer: ChangedBy(5)");
    assert!(chronicle.past(Some(&now), &order(), at("2026-01-03")).is_before_the_row());
    assert_eq!(
        then(Point::Before(0)),
        [
            "answer: c ~ After(2)",
            "status: flagged ~ Now",
            "sub_channel: s2 ~ After(4)",
            "relevance_score: 7 ~ Now",
            "tags: [] ~ Now",
            "id: q ~ After(6)"
        ]
    );
    assert_eq!(chronicle.past(None, &order(), Point::After(1)).unknown(), 3, "the row is gone: status, score and tags");

    let changes = chronicle.between(Some(&now), &order(), Point::Before(2), Point::Now);
    assert!(matches!(&changes.before, Side::Row(row) if row[0].1 == Side::Text("b".into())), "{changes:?}");
    assert_eq!(changes.fields.len(), 6);
}

#[test]
fn what_is_in_the_way_is_named() {
    use StorySource::{History, Ledger};
    let states = [r#"{"answer":"a"}"#, r#"{"answer":"b"}"#, ""];
    let mut story = Story {
        events: vec![
            event(Ledger, "2026-01-09", "update", ["", "", ""]),
            event(History, "2026-01-08", "improved", ["{\"answer\":\"tor\n… the first 3 bytes of 9", "", ""]),
            event(History, "2026-01-07", "updated", states),
        ],
        cut: Vec::new(),
    };
    let now = record(&BTreeMap::from([("answer", "c".to_owned()), ("status", "active".to_owned())]));
    let then = |story: &Story, point| told(&Past::at(story, Some(&now), &order()[..2], point));
    assert_eq!(then(&story, Point::After(2)), ["answer: b = After(2)", "status: Unreadable(1)"]);
    assert_eq!(then(&story, Point::After(1)), ["answer: ChangedBy(0)", "status: ChangedBy(0)"]);
    story.cut = vec![Ledger];
    assert_eq!(
        then(&story, Point::At(time::parse("2026-01-07 12:00:00").unwrap())),
        ["answer: NotRead", "status: NotRead"]
    );
    assert_eq!(then(&story, Point::Before(2)), ["answer: a = Before(2)", "status: NotRead"]);
    story = Story {
        events: vec![event(History, "2026-01-07", "updated", states), event(Ledger, "some day", "flag", ["", "", ""])],
        cut: Vec::new(),
    };
    assert_eq!(
        then(&story, Point::Before(0)),
        ["answer: a = Before(0) but Now", "status: Timeless(1)"].map(|line| line.replace(" but Now", ""))
    );
    assert_eq!(then(&story, Point::Before(1)), ["answer: Nowhere", "status: Nowhere"]);
}

/// How a change is told.
#[derive(Clone, Copy, Debug)]
enum Telling {
    Whole,
    Parts,
    OnlyAfter,
    OnlyBefore,
    List,
    ListAndAfter,
    Nothing,
    /// In both tables, so many milliseconds apart.
    Twice(u16),
    /// In no table.
    Untold,
}

#[derive(Clone, Debug)]
struct Edit {
    set: BTreeMap<usize, u8>,
    more: std::collections::BTreeSet<usize>,
    telling: Telling,
    pause: i64,
    in_ledger: bool,
}

fn edit() -> impl Strategy<Value = Edit> {
    let telling = prop_oneof![
        Just(Telling::Whole),
        Just(Telling::Parts),
        Just(Telling::OnlyAfter),
        Just(Telling::OnlyBefore),
        Just(Telling::List),
        Just(Telling::ListAndAfter),
        Just(Telling::Nothing),
        (0..1500_u16).prop_map(Telling::Twice),
        Just(Telling::Untold),
    ];
    (btree_map(0..FIELDS.len(), 0..4_u8, 1..4), btree_set(0..FIELDS.len(), 0..3), telling, 5..90_i64, any::<bool>())
        .prop_map(|(set, more, telling, pause, in_ledger)| Edit { set, more, telling, pause, in_ledger })
}

type Row = BTreeMap<&'static str, String>;

/// A state of these fields, in one form of names or the other.
fn state(row: &Row, fields: impl Iterator<Item = usize>, camel: bool) -> String {
    let name = |at: usize| match FIELDS[at] {
        "sub_channel" if camel => "subChannel",
        "relevance_score" if camel => "relevanceScore",
        name => name,
    };
    let state: serde_json::Map<_, _> = fields.map(|at| (name(at).to_owned(), json!(row[FIELDS[at]]))).collect();
    serde_json::Value::Object(state).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_known_is_right(edits in vec(edit(), 0..12), honest in any::<bool>(), created in any::<bool>()) {
        let mut row: Row = FIELDS.iter().map(|name| (*name, "0".to_owned())).collect();
        let start = 1_769_673_787;
        let mut second = start;
        // Oldest first: the event, and the row before and after it; for times, the row from then on.
        let mut events: Vec<(StoryEvent, Option<Row>, Row)> = Vec::new();
        let mut moments: Vec<(i64, Row)> = Vec::new();
        let stamp = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).unwrap().to_string();
        if created {
            let whole = state(&row, 0..FIELDS.len(), true);
            events.push((event(StorySource::History, &stamp(second * 1000), "created", ["", &whole, ""]), None, row.clone()));
        }
        moments.push((second, row.clone()));
        for (number, edit) in edits.iter().enumerate() {
            second += edit.pause;
            let before = row.clone();
            for (field, value) in &edit.set {
                row.insert(FIELDS[*field], format!("{value}"));
            }
            let telling = match edit.telling {
                Telling::Untold if honest => Telling::List,
                telling => telling,
            };
            moments.push((second, row.clone()));
            let camel = number.is_multiple_of(2);
            let parts = || edit.set.keys().chain(&edit.more).copied();
            let (old, new) = (|| state(&before, parts(), camel), || state(&row, parts(), camel));
            let (all_old, all_new) = (state(&before, 0..FIELDS.len(), camel), state(&row, 0..FIELDS.len(), camel));
            let list = json!(edit.set.keys().map(|at| FIELDS[*at]).collect::<Vec<_>>()).to_string();
            let texts = match telling {
                Telling::Untold => continue,
                Telling::Whole | Telling::Twice(_) => [all_old, all_new, String::new()],
                Telling::Parts => [old(), new(), String::new()],
                Telling::OnlyAfter => [String::new(), new(), String::new()],
                Telling::OnlyBefore => [old(), String::new(), String::new()],
                Telling::List => [String::new(), String::new(), list],
                Telling::ListAndAfter => [String::new(), all_new, list],
                Telling::Nothing => [String::new(), String::new(), String::new()],
            };
            let source = if edit.in_ledger { StorySource::Ledger } else { StorySource::History };
            let texts = texts.each_ref().map(String::as_str);
            events.push((event(source, &stamp(second * 1000), "updated", texts), Some(before.clone()), row.clone()));
            if let Telling::Twice(later) = telling {
                let other = if edit.in_ledger { StorySource::History } else { StorySource::Ledger };
                let told = event(other, &stamp(second * 1000 + i64::from(later)), "update", [&old(), &new(), ""]);
                events.push((told, Some(before), row.clone()));
            }
        }
        events.reverse();
        let story = Story { events: events.iter().map(|(event, ..)| event.clone()).collect(), cut: Vec::new() };
        let now = record(&row);
        let chronicle = Chronicle::of(&story);
        let check = |point: Point, truth: &Option<Row>| {
            let past = chronicle.past(Some(&now), &order(), point);
            for (field, name) in past.fields.iter().zip(FIELDS) {
                match (&field.then, truth) {
                    (Then::Known(side, _, certainty), Some(truth)) if honest || *certainty == Certainty::Recorded => {
                        prop_assert_eq!(side, &Side::Text(truth[name].as_str().into()), "{} {:?} {:?}", name, point, story);
                    }
                    (Then::Known(..), Some(_)) => {}
                    (then, None) => prop_assert!(matches!(then, Then::Unknown(Gap::NotYet(_))), "{:?}", then),
                    (Then::Unknown(gap), Some(_)) => prop_assert!(!matches!(gap, Gap::NotYet(_) | Gap::NotRead), "{:?}", gap),
                }
            }
            Ok(())
        };
        check(Point::Now, &Some(row.clone()))?;
        prop_assert_eq!(chronicle.past(Some(&now), &order(), Point::Now).unknown(), 0);
        for (at, (_, before, after)) in events.iter().enumerate() {
            check(Point::Before(at), before)?;
            check(Point::After(at), &Some(after.clone()))?;
        }
        for (second, row) in &moments {
            check(Point::At(Timestamp::from_second(*second + 4).unwrap()), &Some(row.clone()))?;
        }
        if created {
            check(Point::At(Timestamp::from_second(start - 1).unwrap()), &None)?;
        }
    }

    #[test]
    fn nothing_makes_it_panic(texts in vec(("\\PC{0,12}|\\{\"a\":[0-9]\\}", "\\PC{0,12}|\\{\\}", "\\PC{0,12}|\\[\"a\"\\]", "2026-01-0[1-9]|x"), 0..6), at in 0..9_usize) {
        let of = |(before, after, fields, at): &(String, String, String, String)| event(StorySource::Ledger, at, "update", [before, after, fields]);
        let story = Story { events: texts.iter().map(of).collect(), cut: vec![StorySource::Ledger] };
        for point in [Point::Now, Point::Before(at), Point::After(at), Point::At(Timestamp::MAX), Point::At(Timestamp::MIN)] {
            let _ = between(&story, None, &order(), point, Point::Now);
        }
    }
}
