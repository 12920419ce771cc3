//! A story against a plain model: whatever times stand in the three tables, it has the newest of each, in the order of a sort.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};
use rusqlite::{Connection, params};

use crate::{
    db::{demo, session::file::FileSession},
    domain::{
        page::RowKey,
        review::{ReviewOrder, STORY, StorySource},
        time,
    },
};

/// A time as stored: few different ones, so that some are equal.
fn stored() -> impl Strategy<Value = String> {
    let second = 1_769_673_787_i64..1_769_673_807;
    prop_oneof![
        (second.clone(), 0..3_i32).prop_map(|(second, tenth)| {
            let time = Timestamp::new(second, tenth * 100_000_000).unwrap();
            time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
        }),
        second.clone().prop_map(|second| Timestamp::new(second, 0).unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string()),
        second.prop_map(|second| {
            let time = Timestamp::from_second(second + 7200).unwrap();
            time.strftime("%Y-%m-%dT%H:%M:%S+02:00").to_string()
        }),
        prop_oneof!["", "soon", "2026-13-01 00:00:00", "T"].prop_map(|text| text.to_owned()),
    ]
}

const TABLES: [(StorySource, &str); 3] = [
    (
        StorySource::History,
        "INSERT INTO question_history(question_id, event_type, event_source, created_at) VALUES ('q', 'flagged', 'bot', ?1)",
    ),
    (
        StorySource::Ledger,
        "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at) VALUES ('b', 'flag', 'question', 'q', ?1)",
    ),
    (
        StorySource::Queue,
        "INSERT INTO work_queue(item_type, item_id, action, created_at) VALUES ('question', 'q', 'improve', ?1)",
    ),
];

fn filled(rows: &[(usize, String)]) -> (tempfile::TempDir, FileSession) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("story.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(demo::SCHEMA).unwrap();
    let question = "INSERT INTO questions(id, question, answer, explanation, difficulty, channel, sub_channel, status)
                    VALUES ('q', '', '', '', '', '', '', 'flagged')";
    connection.execute(question, []).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for (table, at) in rows {
        connection.prepare_cached(TABLES[*table].1).unwrap().execute(params![at]).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    let session = FileSession::open(&path).unwrap();
    (folder, session)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_story_is_a_plain_sort(rows in vec((0..3_usize, stored()), 0..700)) {
        let (_folder, mut session) = filled(&rows);
        let mut model = Vec::new();
        let mut cut = Vec::new();
        let mut newest = BTreeMap::new();
        for (place, (source, _)) in TABLES.iter().enumerate() {
            let mut all: Vec<(Option<Timestamp>, i64)> = (1..)
                .zip(rows.iter().filter(|(table, _)| *table == place))
                .map(|(row, (_, at))| (time::parse(at), row))
                .collect();
            all.sort_by_key(|event| Reverse(*event));
            newest.insert(*source, all.first().copied());
            if all.len() > STORY {
                cut.push(*source);
            }
            model.extend(all.into_iter().take(STORY).map(|(at, row)| (Reverse(at), place, Reverse(row))));
        }
        model.sort();
        let story = session.story(&crate::domain::activity::Item::question("q")).unwrap();
        let told: Vec<_> = story
            .events
            .iter()
            .map(|event| {
                let place = TABLES.iter().position(|(source, _)| *source == event.source).unwrap();
                let row = if let RowKey::Rowid(row) = event.key { row } else { 0 };
                (Reverse(event.time), place, Reverse(row))
            })
            .collect();
        prop_assert_eq!(told, model);
        prop_assert_eq!(story.cut, cut);

        // The queue's flags are the newest of both tables.
        let list = session.review(ReviewOrder::Flagged, 10).unwrap();
        let flags: Vec<_> = list.items[0].flags.iter().map(|flag| time::parse(&flag.at)).collect();
        let mut expected: Vec<_> = [StorySource::Ledger, StorySource::History]
            .into_iter()
            .filter_map(|source| newest[&source].map(|(at, _)| at))
            .collect();
        expected.sort_by_key(|at| Reverse(*at));
        prop_assert_eq!(flags, expected);
    }
}
