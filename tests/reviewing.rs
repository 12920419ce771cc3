//! What a review reads: the queue of questions, their stories, what refers to a row. The same of files, servers and copies of servers, of
//! physical and logical names; at the cost that was promised.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::sync::Arc;

use reelscope::{
    db::{
        demo,
        error::ErrorKind,
        location::Location,
        request::{Answer, Query, Slot},
        session::ReadSession,
    },
    domain::{
        activity::Item,
        catalogue,
        page::RowKey,
        review::{ReviewItem, ReviewOrder, STATE, STORY, STORY_STATES, Story, StoryEvent, StorySource},
        value::Value,
    },
};
use support::{
    places::{Names, Places, code_reels},
    proxy::Proxy,
    reach::{Asked, server},
    samples::Sample,
    sqld::{Options, Sqld},
};

/// Questions, and all that is said of them, in both forms of times.
const ROWS: &str = r#"
    INSERT INTO questions(id, question, answer, explanation, difficulty, channel, sub_channel, status, created_at) VALUES
        ('q-live', 'Live?', 'a', 'e', 'beginner', 'sql', 's', 'active', '2026-01-05T00:00:00.000Z'),
        ('q-both', 'Both?', 'a', 'e', 'advanced', 'rust', 's', 'flagged', '2026-01-01 00:00:00'),
        ('q-ledger', 'Ledger?', 'a', 'e', 'beginner', 'sql', 's', 'flagged', '2026-01-03T00:00:00.000Z'),
        ('q-history', 'History?', 'a', 'e', 'beginner', 'rust', 's', 'flagged', '2026-01-04 00:00:00'),
        ('q-silent', 'Silent?', 'a', 'e', 'beginner', 'sql', 's', 'flagged', 'long ago'),
        ('q-gone', 'Gone?', 'a', 'e', 'beginner', 'sql', 's', 'deleted', '2026-01-02 00:00:00');
    INSERT INTO bot_ledger(bot_name, action, item_type, item_id, before_state, after_state, reason, created_at) VALUES
        ('verifier', 'flag', 'question', 'q-both', NULL, NULL, 'first', '2026-02-01T08:00:00.500Z'),
        ('analysis', 'flag', 'question', 'q-both', NULL, NULL, 'last', '2026-02-01 08:00:01'),
        ('processor', 'update', 'question', 'q-both', '{"answer":"b"}', '{"answer":"a"}', 'shorter', '2026-02-03T00:00:00.000Z'),
        ('verifier', 'flag', 'challenge', 'q-both', NULL, NULL, 'another thing', '2026-03-01T00:00:00.000Z'),
        ('verifier', 'flag', '', 'q-ledger', NULL, NULL, NULL, '2026-02-02 00:00:00'),
        ('verifier', 'flag', 'question', 'q-live', NULL, NULL, 'cleared since', '2026-02-09 00:00:00');
    INSERT INTO question_history(question_id, question_type, event_type, event_source, source_name, changes_summary, changed_fields,
                                 before_snapshot, after_snapshot, reason, created_at) VALUES
        ('q-both', 'question', 'flagged', 'bot', 'verifier', 'Marked', '["status"]', NULL, NULL, 'as it says', '2026-02-01T08:00:00.900Z'),
        ('q-both', 'question', 'updated', 'user', 'maria', 'By hand', '["answer"]', '{"answer":"c"}', '{"answer":"b"}', NULL, '2026-02-02 10:00:00'),
        ('q-both', 'test', 'flagged', 'bot', 'verifier', 'A test', NULL, NULL, NULL, NULL, '2026-03-02T00:00:00.000Z'),
        ('q-both', 'question', 'created', 'bot', NULL, 'New', '[]', NULL, '{}', '', 'some day'),
        ('q-history', 'question', 'flagged', 'system', NULL, 'Marked for review', '["status"]', NULL, NULL, '', '2026-02-05T00:00:00.000Z');
    INSERT INTO work_queue(item_type, item_id, action, priority, status, reason, created_by, created_at) VALUES
        ('question', 'q-both', 'improve', 5, 'pending', 'r', 'verifier', '2026-02-01 00:00:00'),
        ('question', 'q-both', 'verify', 2, 'pending', NULL, 'maria', '2026-02-04T00:00:00.000Z'),
        ('question', 'q-both', 'enrich', 1, 'completed', NULL, 'maria', '2026-02-04T00:00:01.000Z'),
        ('question', 'q-live', 'enrich', 2, 'pending', NULL, NULL, '2026-02-03 23:59:59'),
        ('question', 'q-gone', 'delete', 2, 'pending', NULL, NULL, 'when?'),
        ('question', 'q-silent', 'delete', NULL, 'pending', NULL, NULL, '2020-01-01 00:00:00'),
        ('test', 'q-ledger', 'verify', 1, 'pending', NULL, NULL, '2026-02-03 00:00:00');
    INSERT INTO channel_mappings(channel_id, sub_channel, question_id) VALUES
        ('sql', 's', 'q-both'), ('rust', 's', 'q-both'), ('aws', 's', 'q-both'), ('aws', 's', 'q-live');
    INSERT INTO question_relationships(source_question_id, target_question_id, relationship_type) VALUES
        ('q-both', 'q-live', 'related'), ('q-live', 'q-both', 'related'), ('q-gone', 'q-both', 'related');
    INSERT INTO voice_sessions(id, topic, channel, difficulty, question_ids, total_questions) VALUES
        ('v-1', 't', 'rust', 'beginner', '["q-live","q-both"]', 2), ('v-2', 't', 'rust', 'beginner', 'no JSON: "q-both"', 1),
        ('v-3', 't', 'rust', 'beginner', '["q-bot","q-both-2"]', 2);
    INSERT INTO learning_paths(id, title, description, path_type, difficulty, question_ids, channels, prerequisites) VALUES
        ('p-1', 't', 'd', 'skill', 'beginner', '["q-both","q-both"]', '[]', '["p-2"]'),
        ('p-2', 't', 'd', 'skill', 'beginner', '[]', '[]', NULL), ('p-3', 't', 'd', 'skill', 'beginner', '{"x":"q-both"}', '[]', '["p-2","p-1"]');
    INSERT INTO certifications(id, name, provider, description, difficulty, category, prerequisites) VALUES
        ('aws', 'n', 'p', 'd', 'expert', 'c', '[]'), ('rust', 'n', 'p', 'd', 'expert', 'c', '["aws"]');
"#;

fn line(item: &Arc<ReviewItem>) -> String {
    let flags: Vec<String> = item
        .flags
        .iter()
        .map(|flag| format!("{:?} {} {} {}", flag.source, flag.by, flag.reason.as_deref().unwrap_or("-"), flag.at))
        .collect();
    format!("{} {} {}: {}", item.id, item.channel, item.pending, flags.join("; "))
}

fn ids(session: &mut ReadSession, order: ReviewOrder, limit: usize) -> (Vec<String>, u64) {
    let list = session.review(order, limit).unwrap();
    (list.items.iter().map(|item| item.id.clone()).collect(), list.total)
}

fn told(event: &StoryEvent) -> String {
    let RowKey::Rowid(row) = event.key else { panic!("{:?}", event.key) };
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let state = |text: &Option<Arc<str>>| text.as_deref().unwrap_or("-").to_owned();
    format!(
        "{:?} {row} {} {} {} {} {} {} {}>{} {}",
        event.source,
        event.who,
        event.what,
        or(&event.status),
        event.priority.map_or_else(|| "-".to_owned(), |priority| priority.to_string()),
        or(&event.reason),
        or(&event.fields),
        state(&event.before),
        state(&event.after),
        if event.by_bot { "bot" } else { "other" },
    )
}

#[test]
fn the_queue_has_the_flagged_and_the_pending_in_their_orders() {
    for names in [Names::Physical, Names::Logical] {
        Places::of(code_reels(names, ROWS)).each(|place, session| {
            let list = session.review(ReviewOrder::Flagged, 100).unwrap();
            assert_eq!(list.total, 4);
            let lines: Vec<String> = list.items.iter().map(line).collect();
            let expected = [
                "q-history rust 0: History system Marked for review 2026-02-05T00:00:00.000Z",
                "q-ledger sql 0: Ledger verifier - 2026-02-02 00:00:00",
                "q-both rust 2: Ledger analysis last 2026-02-01 08:00:01; History verifier as it says 2026-02-01T08:00:00.900Z",
                "q-silent sql 1: ",
            ];
            assert_eq!(lines, expected, "{place} {names:?}");
            let first = &list.items[2];
            assert_eq!((first.title.as_str(), first.difficulty.as_str()), ("Both?", "advanced"));
            assert_eq!((&first.status, &first.key), (&Value::text("flagged"), &RowKey::Rowid(2)));

            let wanted = |all: &[&str]| all.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
            assert_eq!(
                ids(session, ReviewOrder::Channel, 100),
                (wanted(&["q-history", "q-both", "q-ledger", "q-silent"]), 4)
            );
            assert_eq!(
                ids(session, ReviewOrder::Newest, 100),
                (wanted(&["q-history", "q-ledger", "q-both", "q-silent"]), 4)
            );
            // Priority 2 of all three: the one that waits longest first, the one that nobody knows of last; no priority behind all.
            assert_eq!(
                ids(session, ReviewOrder::Pending, 100),
                (wanted(&["q-live", "q-both", "q-gone", "q-silent"]), 4)
            );
            let pending = session.review(ReviewOrder::Pending, 100).unwrap();
            assert_eq!(
                line(&pending.items[0]),
                "q-live sql 1: Ledger verifier cleared since 2026-02-09 00:00:00",
                "{place} {names:?}"
            );
            assert_eq!(pending.items[2].status, Value::text("deleted"));
            assert_eq!(ids(session, ReviewOrder::Newest, 2), (wanted(&["q-history", "q-ledger"]), 4), "cut, but counted");
        });
    }
}

#[test]
fn a_story_has_the_three_tables_merged_by_time() {
    for names in [Names::Physical, Names::Logical] {
        Places::of(code_reels(names, ROWS)).each(|place, session| {
            let story = session.story(&Item::question("q-both")).unwrap();
            let lines: Vec<String> = story.events.iter().map(told).collect();
            let expected = [
                "Queue 3 maria enrich completed 1 - - ->- other",
                "Queue 2 maria verify pending 2 - - ->- other",
                r#"Ledger 3 processor update - - shorter - {"answer":"b"}>{"answer":"a"} bot"#,
                r#"History 2 maria updated - - By hand ["answer"] {"answer":"c"}>{"answer":"b"} other"#,
                "Ledger 2 analysis flag - - last - ->- bot",
                r#"History 1 verifier flagged - - as it says ["status"] ->- bot"#,
                "Ledger 1 verifier flag - - first - ->- bot",
                "Queue 1 verifier improve pending 5 r - ->- other",
                "History 4 bot created - - New [] ->{} bot",
            ];
            assert_eq!(lines, expected, "{place} {names:?}");
            assert_eq!(story.cut, []);
            assert_eq!(story.before_bot().map(|event| event.key.clone()), Some(RowKey::Rowid(3)));
            assert_eq!(story.events.last().map(|event| (event.at.as_str(), event.time)), Some(("some day", None)));
            assert_eq!(session.story(&Item::question("no such")).unwrap(), Story::default(), "{place}");
        });
    }
}

#[test]
fn references_are_those_of_keys_and_those_of_habit() {
    for names in [Names::Physical, Names::Logical] {
        let real = |logical: &str| match names {
            Names::Logical => logical.to_owned(),
            Names::Physical => catalogue::TABLES
                .iter()
                .find(|table| table.logical == logical)
                .map_or_else(|| panic!("{logical}"), |table| table.physical.to_owned()),
        };
        Places::of(code_reels(names, ROWS)).each(|place, session| {
            let schema = session.schema().unwrap();
            let mut refers = |table: &str, id: &str| -> Vec<String> {
                let relation = Arc::clone(schema.catalogued(table).unwrap());
                let key = session.find(&relation, id).unwrap().unwrap().key;
                let all = session.references(&relation, &key).unwrap();
                let sorted = all.windows(2).all(|pair| pair[0].rows >= pair[1].rows);
                assert!(sorted, "{place} {all:?}");
                let column = |name: &str| name.to_lowercase().replace('_', "");
                let mut lines: Vec<String> = all
                    .iter()
                    .map(|count| {
                        let declared = count.declared.as_deref().unwrap_or("-");
                        format!("{}.{} {} {declared}", count.relation, column(&count.column), count.rows)
                    })
                    .collect();
                lines.sort();
                lines
            };
            let mut expected = [
                format!("{}.itemid 3 -", real("botLedger")),
                format!("{}.questionid 3 NO ACTION", real("channelMappings")),
                format!("{}.questionids 2 -", real("learningPaths")),
                format!("{}.questionid 3 -", real("questionHistory")),
                format!("{}.sourcequestionid 1 NO ACTION", real("questionRelationships")),
                format!("{}.targetquestionid 2 NO ACTION", real("questionRelationships")),
                format!("{}.questionids 1 -", real("voiceSessions")),
                format!("{}.itemid 3 -", real("workQueue")),
            ];
            expected.sort();
            assert_eq!(refers("questions", "q-both"), expected, "{place} {names:?}");
            let mut expected = [
                format!("{}.prerequisites 1 -", real("certifications")),
                format!("{}.channelid 2 -", real("channelMappings")),
            ];
            expected.sort();
            assert_eq!(refers("certifications", "aws"), expected, "{place}");
            assert_eq!(refers("learningPaths", "p-2"), [format!("{}.prerequisites 2 -", real("learningPaths"))]);
            assert_eq!(refers("workQueue", "1"), Vec::<String>::new());
            let questions = Arc::clone(schema.catalogued("questions").unwrap());
            assert_eq!(session.references(&questions, &RowKey::Rowid(99)).unwrap(), [], "{place}: no such row");
        });
    }
}

#[test]
fn a_declared_key_of_several_columns_counts_too() {
    let sample = Sample::of(
        "CREATE TABLE other(id INTEGER PRIMARY KEY); INSERT INTO other VALUES (2), (3);
         CREATE TABLE parent(a, b TEXT, c, PRIMARY KEY(a, b)) WITHOUT ROWID;
         CREATE TABLE child(x TEXT, y, z, FOREIGN KEY(y, x) REFERENCES parent(a, b) ON DELETE CASCADE, FOREIGN KEY(z) REFERENCES other(id));
         INSERT INTO parent VALUES (1, 'it''s', 0), (2, 'b', 0); INSERT INTO child VALUES ('it''s', 1, 2), ('it''s', 1, 3), ('b', 2, 2), (NULL, 1, 2);",
    );
    Places::of(sample).each(|place, session| {
        let schema = session.schema().unwrap();
        let parent = Arc::clone(schema.find("parent").unwrap());
        let key = RowKey::Primary(vec![Value::Integer(1), Value::text("it's")]);
        let all = session.references(&parent, &key).unwrap();
        let [count] = all.as_slice() else { panic!("{place} {all:?}") };
        assert_eq!((count.relation.as_str(), count.column.as_str(), count.rows), ("child", "y, x", 2));
        assert_eq!(count.declared.as_deref(), Some("CASCADE"));
    });
}

#[test]
fn what_is_not_there_says_nothing() {
    let flagged = "INSERT INTO questions(id, question, answer, explanation, difficulty, channel, sub_channel, status)
                   VALUES ('q', 'Q?', 'a', 'e', 'beginner', 'c', 's', 'flagged');";
    let gone = "DROP VIEW v_queue_backlog; DROP VIEW v_bot_activity; DROP TABLE bot_ledger; DROP TABLE question_history; DROP TABLE work_queue;";
    let broken = format!(
        "{gone} CREATE VIEW bot_ledger AS SELECT * FROM missing; CREATE TABLE work_queue(x); CREATE TABLE question_history(question_id);"
    );
    for rest in [gone, &broken] {
        Places::of(code_reels(Names::Physical, &format!("{flagged}{rest}"))).each(|place, session| {
            let list = session.review(ReviewOrder::Flagged, 10).unwrap();
            assert_eq!(list.items.iter().map(line).collect::<Vec<_>>(), ["q c 0: "], "{place}");
            assert_eq!(session.review(ReviewOrder::Pending, 10).unwrap().total, 0);
            assert_eq!(session.story(&Item::question("q")).unwrap(), Story::default(), "{place}");
        });
    }
    Places::of(Sample::of("CREATE TABLE other(a); INSERT INTO other VALUES (1)")).each(|place, session| {
        for order in ReviewOrder::ALL {
            assert_eq!(session.review(order, 10).unwrap().total, 0, "{place}");
        }
        assert_eq!(session.story(&Item::question("q")).unwrap(), Story::default());
    });
    // A table of that name with a key of its own, and a view: every row has a key all the same.
    let odd = "CREATE TABLE real(id TEXT, question, status, channel); INSERT INTO real VALUES ('a', 'A', 'active', 'c'), ('b', 'B', 'flagged', 'c');
               CREATE VIEW questions AS SELECT * FROM real;
               CREATE TABLE bot_ledger(item_id TEXT, action TEXT, bot_name TEXT, created_at TEXT, PRIMARY KEY(item_id, created_at)) WITHOUT ROWID;
               INSERT INTO bot_ledger VALUES ('b', 'flag', 'one', '2026-01-01 00:00:00'), ('b', 'flag', 'two', '2026-01-01T00:00:01.000Z');
               CREATE VIEW question_history AS SELECT 'b' AS question_id, 'flagged' AS event_type, 'seen' AS reason;";
    Places::of(Sample::of(odd)).each(|place, session| {
        let list = session.review(ReviewOrder::Flagged, 10).unwrap();
        let lines: Vec<String> = list.items.iter().map(line).collect();
        assert_eq!(lines, ["b c 0: Ledger two - 2026-01-01T00:00:01.000Z; History  seen "], "{place}");
        assert_eq!(list.items[0].key, RowKey::Ordinal(1));
        let keys: Vec<RowKey> =
            session.story(&Item::question("b")).unwrap().events.into_iter().map(|event| event.key).collect();
        let primary = |at: &str| RowKey::Primary(vec![Value::text("b"), Value::text(at)]);
        let expected = [primary("2026-01-01T00:00:01.000Z"), primary("2026-01-01 00:00:00"), RowKey::Ordinal(0)];
        assert_eq!(keys, expected, "{place}");
    });
}

/// A column whose name no statement can write: the rest of the table is read all the same.
#[test]
fn unwritable_names_are_walked_around() {
    let odd = "CREATE TABLE questions(\"\u{fffd}\", id TEXT PRIMARY KEY, question, status);
               INSERT INTO questions VALUES (0, 'q', 'Q', 'flagged'), (0, 'r', 'R', 'active');
               CREATE TABLE bot_ledger(item_id, \"x\u{fffd}\", action, created_at); INSERT INTO bot_ledger VALUES ('q', 0, 'flag', '2026-01-01 00:00:00');
               CREATE TABLE question_history(question_id, event_type, created_at, \"\u{fffd}\", PRIMARY KEY(question_id, event_type)) WITHOUT ROWID;
               INSERT INTO question_history VALUES ('q', 'flagged', '2026-01-01T00:00:00.001Z', 0);";
    Places::of(Sample::of(odd)).each(|place, session| {
        let list = session.review(ReviewOrder::Flagged, 10).unwrap();
        let lines: Vec<String> = list.items.iter().map(line).collect();
        assert_eq!(lines, ["q  0: History  - 2026-01-01T00:00:00.001Z; Ledger  - 2026-01-01 00:00:00"], "{place}");
        let keys: Vec<RowKey> =
            session.story(&Item::question("q")).unwrap().events.into_iter().map(|event| event.key).collect();
        let history = RowKey::Primary(vec![Value::text("q"), Value::text("flagged")]);
        assert_eq!(keys, [history, RowKey::Rowid(1)], "{place}");
        let schema = session.schema().unwrap();
        let questions = Arc::clone(schema.catalogued("questions").unwrap());
        let all = session.references(&questions, &list.items[0].key).unwrap();
        assert_eq!(all.iter().map(|count| count.rows).collect::<Vec<_>>(), [1, 1], "{place} {all:?}");
    });
}

#[test]
fn hostile_values_come_as_they_are() {
    let hostile = "INSERT INTO questions(id, question, answer, explanation, difficulty, channel, sub_channel, status, created_at) VALUES
            ('it''s; -- \"q\" /*', 'a' || char(27) || '[31m' || char(8238) || CAST(x'ff' AS TEXT), 'a', 'e', 9e999, CAST(x'6100ff' AS TEXT), 's', 'flagged', 9e999),
            ('q' || char(0) || 'x', printf('%.*c', 2000, '😀'), 'a', 'e', x'00ff', '', 's', 'flagged', '');
        INSERT INTO bot_ledger(bot_name, action, item_type, item_id, before_state, after_state, reason, created_at) SELECT
            CAST(x'fe' AS TEXT), 'flag', 'question', id, CAST(x'7bff7d' AS TEXT), x'00ff', printf('%.*c', 3000, 'r'), 9e999 FROM questions;
        INSERT INTO work_queue(item_type, item_id, action, priority, created_at) SELECT 'question', id, 'improve', 'high', 'now' || char(0) FROM questions;";
    Places::of(code_reels(Names::Physical, hostile)).each(|place, session| {
        let list = session.review(ReviewOrder::Flagged, 10).unwrap();
        // Flagged at no time that can be read: the flag that was written later first.
        let [nul, odd] = list.items.as_slice() else { panic!("{place} {list:?}") };
        assert_eq!((odd.id.as_str(), odd.channel.as_str()), ("it's; -- \"q\" /*", "a\0\u{fffd}"), "{place}");
        assert_eq!(odd.title, "a\u{1b}[31m\u{202e}\u{fffd}", "the screen makes it safe");
        assert_eq!(nul.id, "q\0x");
        assert_eq!(nul.title.chars().count(), 300, "{place}");
        assert!(nul.title.chars().all(|letter| letter == '😀'));
        assert_eq!(nul.flags[0].by, "\u{fffd}");
        assert_eq!(nul.flags[0].reason.as_ref().map(String::len), Some(1024));
        for id in [&odd.id, &nul.id] {
            let story = session.story(&Item::question(id)).unwrap();
            assert_eq!(story.events.len(), 2, "{place} {id:?}");
            let flag = &story.events[0];
            assert_eq!(flag.before.as_deref(), Some("{\u{fffd}}"), "{place}");
            assert_eq!(flag.after.as_deref(), Some("\0\u{fffd}"));
            assert_eq!(flag.reason.as_ref().map(String::len), Some(3000));
            assert_eq!(story.events[1].priority, None);
            let schema = session.schema().unwrap();
            let questions = Arc::clone(schema.catalogued("questions").unwrap());
            let key = session.question(id).unwrap().unwrap().record.key;
            let counted: u64 = session.references(&questions, &key).unwrap().iter().map(|count| count.rows).sum();
            assert_eq!(counted, 2, "{place} {id:?}");
        }
    });
}

#[test]
fn a_long_story_is_cut_and_says_so() {
    let many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500)
        INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
        SELECT 'verifier', 'verify', 'question', 'q', x, datetime('2026-01-01', '+' || x || ' minutes') FROM n;
        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5)
        INSERT INTO question_history(question_id, event_type, event_source, before_snapshot, after_snapshot, reason, created_at)
        SELECT 'q', 'updated', 'bot', printf('%.*c', 1200000, 'b'), 'after', x, datetime('2027-01-01', '+' || x || ' minutes') FROM n;
        INSERT INTO work_queue(item_type, item_id, action) VALUES ('question', 'q', 'improve');";
    Places::of(code_reels(Names::Physical, many)).each(|place, session| {
        let story = session.story(&Item::question("q")).unwrap();
        assert_eq!(story.cut, [StorySource::History, StorySource::Ledger], "{place}");
        let of = |source| story.events.iter().filter(move |event| event.source == source);
        let reasons: Vec<&str> = of(StorySource::Ledger).filter_map(|event| event.reason.as_deref()).collect();
        assert_eq!((reasons.len(), reasons[0], reasons[STORY - 1]), (STORY, "500", "301"), "{place}");
        let states: Vec<&str> = of(StorySource::History).filter_map(|event| event.before.as_deref()).collect();
        assert_eq!(states.len(), STORY_STATES / STATE, "{place}");
        let (state, mark) = states[0].split_at(STATE);
        assert!(state.bytes().all(|byte| byte == b'b'));
        assert_eq!(mark, "\n… the first 1000000 bytes of 1200000");
        assert_eq!(of(StorySource::Queue).count(), 1);
    });
}

/// A server that sends less at once than there is to tell.
#[test]
fn a_small_mouth_tells_less() {
    let rows = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300)
        INSERT INTO questions(id, question, answer, explanation, difficulty, channel, sub_channel, status)
        SELECT 'q-' || x, printf('%.*c', 300, 'q'), 'a', 'e', 'beginner', 'c', 's', 'flagged' FROM n;
        WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 30)
        INSERT INTO bot_ledger(bot_name, action, item_type, item_id, before_state, created_at)
        SELECT 'verifier', 'verify', 'question', 'q-1', printf('%.*c', 10000, 'b'), datetime('2026-01-01', '+' || x || ' minutes') FROM n;";
    let options =
        Options { arguments: vec!["--max-response-size".to_owned(), "100KB".to_owned()], ..Options::default() };
    let Some(sqld) = Sqld::start_with(options) else { return };
    sqld.run(&format!("{}{rows}", demo::SCHEMA));
    let mut session = ReadSession::open(&Location::Server(server(&sqld.url(), None))).unwrap();
    let list = session.review(ReviewOrder::Flagged, 300).unwrap();
    assert_eq!(list.total, 300);
    assert!((30..300).contains(&list.items.len()), "{}", list.items.len());
    let story = session.story(&Item::question("q-1")).unwrap();
    assert!((1..30).contains(&story.events.len()), "{}", story.events.len());
    assert_eq!(story.cut, [StorySource::Ledger]);
}

/// 200,000 rows of the ledger, of which each question has four.
fn large(index: &str) -> Sample {
    code_reels(
        Names::Physical,
        &format!(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000)
             INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at) SELECT 'verifier',
                 CASE x % 4 WHEN 0 THEN 'flag' ELSE 'verify' END, 'question', 'q-' || (x % 50000), datetime('2026-01-01', '+' || x || ' seconds') FROM n;
             WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 9999)
             INSERT INTO questions(id, question, answer, explanation, difficulty, channel, sub_channel, status)
             SELECT 'q-' || x, 'Q', 'a', 'e', 'beginner', 'c', 's', CASE WHEN x < 400 THEN 'flagged' ELSE 'active' END FROM n; {index}"
        ),
    )
}

#[test]
fn with_an_index_only_the_rows_of_the_questions_are_read() {
    let sample = large("");
    let mut session = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
    session.schema().unwrap();
    let list = session.review(ReviewOrder::Flagged, 5000).unwrap();
    assert_eq!((list.items.len(), list.total), (400, 400));
    let first: Vec<&str> = list.items[..3].iter().map(|item| item.id.as_str()).collect();
    assert_eq!(first, ["q-0", "q-396", "q-392"], "flagged by the rows 200,000, 150,396 and 150,392");
    assert_eq!(list.items.iter().filter(|item| item.flags.is_empty()).count(), 300);
    // 400 questions, their 1,600 rows of the ledger, and what the statement puts together of them.
    assert!(session.rows_read() < 10_000, "{} rows read", session.rows_read());
    let story = session.story(&Item::question("q-5")).unwrap();
    assert_eq!(story.events.len(), 4);
    assert!(session.rows_read() < 100, "{} rows read", session.rows_read());
}

#[test]
fn without_an_index_every_row_is_read_once() {
    let sample = large("DROP INDEX idx_bot_ledger_item;");
    let mut session = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
    session.schema().unwrap();
    let list = session.review(ReviewOrder::Flagged, 5000).unwrap();
    assert_eq!((list.items.len(), list.items[0].id.as_str()), (400, "q-0"));
    assert!((200_000..215_000).contains(&session.rows_read()), "{} rows read", session.rows_read());
    assert_eq!(session.story(&Item::question("q-5")).unwrap().events.len(), 4);
    // Once for its own rows, and twice for the runs that wrote them.
    assert!((600_000..600_100).contains(&session.rows_read()), "{} rows read", session.rows_read());
}

#[test]
fn where_all_are_flagged_nothing_is_read_twice() {
    let sample = large("UPDATE questions SET status = 'flagged';");
    let mut session = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
    session.schema().unwrap();
    let list = session.review(ReviewOrder::Channel, 5000).unwrap();
    assert_eq!((list.items.len(), list.total), (5000, 10_000));
    assert!(session.rows_read() < 200_000, "{} rows read", session.rows_read());
}

#[test]
fn each_is_one_round_trip() {
    let Some(sqld) = code_reels(Names::Physical, ROWS).served() else { return };
    let proxy = Proxy::before(sqld.address());
    let mut session = ReadSession::open(&Location::Server(server(&proxy.url(), None))).unwrap();
    let schema = session.schema().unwrap();
    let questions = Arc::clone(schema.catalogued("questions").unwrap());
    let mut before = proxy.counts();
    let mut once = |what: &str| {
        let after = proxy.counts();
        assert_eq!((after.requests - before.requests, after.connections - before.connections), (1, 0), "{what}");
        before = after;
    };
    for order in ReviewOrder::ALL {
        session.review(order, 5000).unwrap();
        once(order.name());
    }
    session.story(&Item::question("q-both")).unwrap();
    once("a story");
    session.references(&questions, &RowKey::Rowid(2)).unwrap();
    once("references");
}

/// The schema that was known is not the one that is there any more.
#[test]
fn a_server_whose_schema_changed_is_read_by_the_new_one() {
    let Some(sqld) = code_reels(Names::Physical, ROWS).served() else { return };
    let mut session = ReadSession::open(&Location::Server(server(&sqld.url(), None))).unwrap();
    session.schema().unwrap();
    sqld.run("ALTER TABLE bot_ledger RENAME COLUMN reason TO why; DROP TABLE work_queue;");
    let list = session.review(ReviewOrder::Flagged, 10).unwrap();
    assert_eq!(line(&list.items[1]), "q-ledger sql 0: Ledger verifier - 2026-02-02 00:00:00");
    assert_eq!(session.story(&Item::question("q-both")).unwrap().events.len(), 6);
}

#[test]
fn the_workers_answer_and_a_cancel_ends_the_work() {
    let endless = "DROP VIEW v_bot_activity; DROP TABLE bot_ledger; CREATE VIEW bot_ledger AS
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'q-' || i AS item_id, 'flag' AS action, i AS created_at FROM n;";
    let sample = code_reels(Names::Physical, &format!("{ROWS}{endless}"));
    let mut asked = vec![Asked::open(Location::File(sample.path().to_owned()))];
    let sqld = sample.served();
    let proxy = sqld.as_ref().map(|sqld| Proxy::before(sqld.address()));
    asked.extend(proxy.as_ref().map(|proxy| Asked::open(Location::Server(server(&proxy.url(), None)))));
    for (place, mut asked) in asked.into_iter().enumerate() {
        asked.get(Slot::Schema, Query::Schema).unwrap();
        for (slot, query) in [
            (Slot::Review, Query::Review(ReviewOrder::Flagged, 10)),
            (Slot::Story, Query::Story(Item::question("q-both"))),
        ] {
            let id = asked.ask(slot, query);
            if let (1, Some(proxy)) = (place, &proxy) {
                proxy.until_asked("main.\"bot_ledger\"");
            }
            asked.database.cancel(slot);
            assert_eq!(asked.answer(id).unwrap_err().kind, ErrorKind::Cancelled, "{place} {slot:?}");
        }
        let Ok(Answer::Schema(schema)) = asked.get(Slot::Schema, Query::Schema) else { panic!("no schema") };
        let questions = Arc::clone(schema.catalogued("certifications").unwrap());
        let Ok(Answer::References(all)) = asked.get(Slot::Story, Query::References(questions, RowKey::Rowid(1))) else {
            panic!("no references")
        };
        assert_eq!(all.len(), 2, "{place} {all:?}");
    }
}
