//! `reelscope review`: the questions to decide on, and deciding on them.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    io::{BufRead as _, Write},
    path::Path,
};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    Context, Failure, Status,
    args::{
        ReviewArgs,
        writing::{ListFormat, ReviewCommand, ReviewDecideArgs, ReviewListArgs},
    },
    json,
    writing::{self, ALREADY, Conflicts, Desk, LeftOut, Line},
};
use crate::{
    db::session::ReadSession,
    domain::{
        page::Record,
        record_text::value_json,
        review::{Decision, FlagSource, ReviewItem, Undecidable, Verdict, change, guard},
        schema::Schema,
    },
    widgets::safe::{safe, width},
};

/// More than any review queue has, and a number that every database knows.
const ALL: usize = 1_000_000_000;

pub(super) fn run(args: &ReviewArgs, cx: Context<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        ReviewCommand::List(args) => list(args, cx, out),
        ReviewCommand::Decide(args) => decide(args, cx, out),
    }
}

fn no_questions() -> Failure {
    Failure::new(Status::Failed, "this database has no table questions: there is nothing to review")
}

fn list(args: &ReviewListArgs, cx: Context<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = ReadSession::open(&cx.location(args.database.as_deref(), &args.connecting)?)?;
    session.schema()?.catalogued("questions").ok_or_else(no_questions)?;
    let limit = args.limit.map_or(ALL, |limit| limit as usize);
    let list = session.review(args.order.into(), limit)?;
    match args.format {
        ListFormat::Json => json::write(&list.items.iter().map(|item| item_json(item)).collect::<Vec<_>>(), out)?,
        ListFormat::Ndjson => {
            for item in &list.items {
                json::line(&item_json(item), out)?;
                writeln!(out)?;
            }
        }
        ListFormat::Table => {
            let lines: Vec<[String; 8]> = list.items.iter().map(|item| cells(item)).collect();
            table(&lines, out)?;
        }
    }
    let shown = list.items.len() as u64;
    if shown < list.total {
        super::connect::say(&[format!("{shown} of {} are shown: --limit says how many", list.total)]);
    }
    Ok(())
}

fn item_json(item: &ReviewItem) -> Json {
    let flags = item.flags.iter().map(|flag| {
        let source = match flag.source {
            FlagSource::Ledger => "ledger",
            FlagSource::History => "history",
        };
        json!({ "source": source, "by": flag.by, "reason": flag.reason, "at": flag.at })
    });
    json!({
        "id": item.id,
        "title": item.title,
        "channel": item.channel,
        "difficulty": item.difficulty,
        "status": value_json(&item.status),
        "pending": item.pending,
        "flags": flags.collect::<Vec<_>>(),
    })
}

fn cells(item: &ReviewItem) -> [String; 8] {
    let flag = item.flags.first();
    [
        item.id.clone(),
        item.status.to_plain().into_owned(),
        item.channel.clone(),
        item.pending.to_string(),
        flag.map_or_else(|| "-".to_owned(), |flag| flag.by.clone()),
        flag.map_or_else(|| "-".to_owned(), |flag| flag.at.clone()),
        flag.and_then(|flag| flag.reason.clone()).unwrap_or_else(|| "-".to_owned()),
        item.title.clone(),
    ]
    .map(|text| safe(&text).into_owned())
}

fn table(lines: &[[String; 8]], out: &mut dyn Write) -> Result<(), Failure> {
    const HEADER: [&str; 8] = ["ID", "STATUS", "CHANNEL", "PENDING", "FLAGGED BY", "AT", "REASON", "QUESTION"];
    let header = HEADER.map(str::to_owned);
    let lines: Vec<&[String; 8]> = std::iter::once(&header).chain(lines).collect();
    let widths: Vec<usize> =
        (0..8).map(|column| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0)).collect();
    for line in lines {
        let mut text = String::new();
        for (cell, wide) in line.iter().zip(&widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat(wide - width(cell) + 2));
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// `[DATABASE] ID… DECISION`, parted.
#[derive(Debug, PartialEq, Eq)]
struct Words<'a> {
    database: Option<&'a OsStr>,
    ids: Vec<&'a OsStr>,
    decision: Decision,
}

impl<'a> Words<'a> {
    fn read(words: &'a [OsString], database: Option<&'a OsStr>) -> Result<Self, Failure> {
        const SHAPE: &str = "say [DATABASE] ID… DECISION, such as: review decide --write q-1 approve";
        let (last, mut rest) = words.split_last().ok_or_else(|| Failure::usage(SHAPE))?;
        let decision = Decision::ALL.into_iter().find(|decision| last == decision.name()).ok_or_else(|| {
            let names = Decision::ALL.map(Decision::name).join(", ");
            Failure::usage(format!("{} is no decision: there are {names}. {SHAPE}", last.display()))
        })?;
        let mut database = database;
        if database.is_none()
            && let [first, behind @ ..] = rest
            && !behind.is_empty()
            && is_database(first)
        {
            (database, rest) = (Some(first.as_os_str()), behind);
        }
        if rest.is_empty() {
            return Err(Failure::usage(format!("which questions? {SHAPE}")));
        }
        Ok(Self { database, ids: rest.iter().map(OsString::as_os_str).collect(), decision })
    }
}

/// Whether this word can only be meant as a database: ids have no scheme, and a file that is there is no accident.
pub(super) fn is_database(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    text.starts_with('@') || text.starts_with("file:") || text.contains("://") || Path::new(word).exists()
}

/// The ids, those of standard input in the place of `-`; each once, doubles beside them.
fn ids(words: &[&OsStr]) -> Result<(Vec<String>, Vec<String>), Failure> {
    let (mut all, mut doubles, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut add = |id: String| match seen.insert(id.clone()) {
        true => all.push(id),
        false => doubles.push(id),
    };
    let mut read = false;
    for word in words {
        if *word != "-" {
            add(word.to_str().ok_or_else(|| Failure::usage(format!("{} is not UTF-8", word.display())))?.to_owned());
            continue;
        }
        if std::mem::replace(&mut read, true) {
            return Err(Failure::usage("standard input is read once: say - once"));
        }
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|error| Failure::from(error).about("standard input"))?;
            let id = line.trim_end_matches('\r');
            if !id.is_empty() {
                add(id.to_owned());
            }
        }
    }
    Ok((all, doubles))
}

fn decide(args: &ReviewDecideArgs, cx: Context<'_>, out: &mut dyn Write) -> Result<(), Failure> {
    let words = Words::read(&args.words, args.writing.database.as_deref())?;
    let mut desk = Desk::open(cx, words.database, &args.connecting, &args.writing)?;
    let (ids, doubles) = ids(&words.ids)?;
    if ids.is_empty() {
        return Err(Failure::usage("standard input has no ids: one a line is wanted"));
    }
    super::connect::say(&doubles.iter().map(|id| format!("{id} is named twice: decided once")).collect::<Vec<_>>());
    let schema = desk.read.schema()?;
    let at = Timestamp::now();
    let verdict = Verdict {
        decision: words.decision,
        reason: args.writing.reason.as_deref(),
        priority: args.priority(),
        author: cx.config.author(),
        at,
    };
    let parted = lines(&mut desk.read, &schema, &ids, &verdict)?;
    let conflicts = if args.skip_conflicts { Conflicts::Skip } else { Conflicts::Refuse };
    writing::commit(&desk, cx.config.author(), at, parted, conflicts, &args.writing, out)
}

/// What is to be written, and what cannot be.
fn lines(
    read: &mut ReadSession,
    schema: &Schema,
    ids: &[String],
    verdict: &Verdict<'_>,
) -> Result<(Vec<Line>, Vec<LeftOut>), Failure> {
    let questions = schema.catalogued("questions").ok_or_else(no_questions)?;
    let queue = schema.catalogued("workQueue");
    let (mut lines, mut left_out) = (Vec::new(), Vec::new());
    for (id, found) in ids.iter().zip(read.find_all(questions, ids)?) {
        // Where no id is 17, row 17 is found: good for looking, but nobody decides on a row by its number.
        let is_it = |record: &Record| record.get("id").is_none_or(|value| value.to_plain() == *id);
        let Some(record) = found.filter(is_it) else {
            let mut words = "there is no such question".to_owned();
            if id.contains(['.', '/']) {
                words.push_str(", nor such a file");
            }
            left_out.push(LeftOut { id: id.clone(), why: "missing", words });
            continue;
        };
        match change(questions, queue, id, &record.key, &guard(&record), verdict) {
            Ok((change, trail)) => lines.push(Line { id: id.clone(), change, trail }),
            Err(why @ Undecidable::Already { .. }) => {
                left_out.push(LeftOut { id: id.clone(), why: ALREADY, words: why.to_string() });
            }
            Err(why) => return Err(Failure::new(Status::Refused, why.to_string())),
        }
    }
    Ok((lines, left_out))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::review::QueueAction;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn parted(line: &str) -> (Option<String>, String, Decision) {
        let words = words(line);
        let read = Words::read(&words, None).unwrap();
        let ids: Vec<_> = read.ids.iter().map(|id| id.to_string_lossy()).collect();
        (read.database.map(|database| database.to_string_lossy().into_owned()), ids.join(" "), read.decision)
    }

    #[test]
    fn the_first_word_is_a_database_where_it_can_be_nothing_else() {
        let here = env!("CARGO_MANIFEST_DIR");
        let some = |text: &str| Some(text.to_owned());
        for (line, database, ids, decision) in [
            ("q-1 approve", None, "q-1", Decision::Approve),
            ("q-1 a/b x.db delete", None, "q-1 a/b x.db", Decision::Delete),
            ("@prod q-1 q-2 improve", some("@prod"), "q-1 q-2", Decision::Queue(QueueAction::Improve)),
            ("libsql://h q-1 queue-delete", some("libsql://h"), "q-1", Decision::Queue(QueueAction::Delete)),
            ("file:x.db - verify", some("file:x.db"), "-", Decision::Queue(QueueAction::Verify)),
            (&format!("{here} q-1 enrich"), some(here), "q-1", Decision::Queue(QueueAction::Enrich)),
            // Where nothing else could be an id.
            (&format!("{here} approve"), None, here, Decision::Approve),
        ] {
            assert_eq!(parted(line), (database, ids.to_owned(), decision), "{line}");
        }
    }

    #[test]
    fn wrong_words_are_said() {
        for (line, said) in [
            ("q-1 aprove", "aprove is no decision: there are approve, delete, improve, verify, enrich, queue-delete"),
            ("approve", "which questions?"),
            ("approve q-1", "q-1 is no decision"),
        ] {
            let words = words(line);
            let failure = Words::read(&words, None).unwrap_err();
            assert_eq!(failure.status, Status::Usage);
            assert!(failure.to_string().contains(said), "{failure}");
        }
        // A database by its option leaves every word to ids.
        let words = words("@prod approve");
        assert_eq!(Words::read(&words, Some(OsStr::new("x.db"))).unwrap().ids, ["@prod"]);
    }
}
