//! Following the queue on a server.
//!
//! Each look reads the rows behind the last ones, and those of the open ones that are not as they are known to be; where the queue is
//! small, also how many rows have which status. Whatever such a look cannot explain, and time, brings a full one, which counts the whole
//! table. Items whose finishing was seen, but not written down by who finished them, keep the second in which they were seen.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        live::Live,
        queue::{STATUSES, WINDOW, changeable},
        source::{Source, words},
    },
    Depth as LookDepth, Sets,
    events::{Events, Rows},
    list, literal, stamps,
    tally::tagged,
};
use crate::{
    db::{error::Result, server::script::Script},
    domain::{
        activity::{ActivityUpdate, QueueCounts},
        bots::Depth,
        schema::Schema,
        value::Value,
    },
};

/// In a queue of so many rows at most the statuses are counted at every look: they are in an index, and nothing simpler is right.
const SMALL: u64 = 500;
/// More rows than this behind the known ones: the table is counted again.
const MOST: usize = 300;
/// At most so many of the open rows are followed.
const FOLLOWED: usize = 500;
/// So many of them are looked at again in each look.
const TURN: usize = 128;
/// How long a full look stays good, at least, and for each row: who owns the server pays for every row.
const GOOD: Duration = Duration::from_secs(60);
const GOOD_FOR_A_ROW: Duration = Duration::from_millis(5);
/// Where something could not be explained, the next full look comes after so much for each row.
const AGAIN_FOR_A_ROW: Duration = Duration::from_micros(200);
/// The times of so many rows at most are in the charts, the newest.
const DATED: u64 = 50_000;

/// What is known of the queue.
#[derive(Clone)]
pub(super) struct ServerQueue {
    source: Source,
    groups: BTreeMap<Group, u64>,
    /// Open rows, at most [`FOLLOWED`] and those that came since.
    live: Live<Row>,
    /// The newest rows, at most [`WINDOW`].
    recent: BTreeMap<i64, Row>,
    /// Every row from this id on is in `recent`.
    floor: i64,
    /// Whether every open row is in `live`.
    follows_all: bool,
    /// The oldest pending item's time.
    oldest: Option<(i64, String)>,
    events: Events,
    told: Option<Told>,
    looked_at: Option<Instant>,
    recount_at: Option<Instant>,
    asked: Asked,
}

/// Status, action, bot.
type Group = (Arc<str>, Arc<str>, Arc<str>);

/// A row as it is.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    group: Group,
    created: Option<String>,
    processed: Option<String>,
}

impl Row {
    fn is_open(&self) -> bool {
        changeable(&self.group.0).is_some()
    }

    fn made(&self) -> Option<i64> {
        self.created.as_deref().and_then(stamps::second)
    }

    fn done(&self) -> Option<i64> {
        self.processed.as_deref().and_then(stamps::second)
    }
}

/// What was told last.
#[derive(Clone, PartialEq)]
struct Told {
    groups: BTreeMap<Group, u64>,
    oldest: Option<String>,
    counts: QueueCounts,
}

/// What the look that is under way asked for.
#[derive(Clone)]
enum Asked {
    /// The whole table.
    All,
    /// The newest rows, and these where they are not as known.
    Some(Vec<i64>),
}

impl ServerQueue {
    pub(super) fn of(schema: &Schema) -> Option<Self> {
        let columns = ["status", "action", "assignedTo", "createdBy", "createdAt", "processedAt"];
        Some(Self {
            source: Source::of(schema, "workQueue", &columns)?,
            groups: BTreeMap::new(),
            live: Live::default(),
            recent: BTreeMap::new(),
            floor: i64::MIN,
            follows_all: false,
            oldest: None,
            events: Events::default(),
            told: None,
            looked_at: None,
            recount_at: None,
            asked: Asked::All,
        })
    }

    pub(super) fn ask(&mut self, depth: LookDepth, day: &str, now: Instant, script: &mut Script) -> Result<()> {
        let full = depth == LookDepth::First || self.owes(now);
        let pieces = if full { self.everything(day) } else { self.what_changed() };
        if depth == LookDepth::First {
            self.told = None;
        }
        let pieces: Vec<String> = pieces.into_iter().map(|piece| format!("SELECT * FROM ({piece})")).collect();
        script.select(pieces.join(" UNION ALL "))
    }

    /// Whether a full look is due.
    pub(super) fn owes(&self, now: Instant) -> bool {
        self.recount_at.is_none_or(|at| at <= now)
    }

    fn everything(&mut self, day: &str) -> Vec<String> {
        self.asked = Asked::All;
        let [pending, processing, ..] = STATUSES;
        let (made, done) = (stamps::valid(&stamps::stamp("$4")), stamps::valid(&stamps::stamp("$5")));
        let groups = self
            .source
            .expression(&format!("%0 AS status, %1 AS action, {BOT} AS bot, count(*) AS n"), "GROUP BY 1, 2, 3");
        let open = format!("$0 IN ('{pending}', '{processing}')");
        let times = self.source.expression(
            &format!("({open}) IS TRUE AS open, {made} AS made, {done} AS done"),
            &format!("ORDER BY # DESC LIMIT {DATED}"),
        );
        let (made_at, done_at) = (stamps::coarse("made", day), stamps::coarse("done", day));
        let pair = "coalesce(began, '') || '/' || coalesce(ended, '')";
        let oldest = self.source.expression(&format!("%4 AS text, {made} AS made"), &format!("WHERE $0 = '{pending}'"));
        vec![
            format!("SELECT {GROUPS}, n, status, action, bot, NULL, NULL FROM ({groups})"),
            format!(
                "SELECT {TIMES}, open, {}, NULL, NULL, NULL, NULL FROM (\
                 SELECT open, {made_at} AS began, {done_at} AS ended, count(*) AS n FROM ({times}) GROUP BY 1, 2, 3) GROUP BY open",
                stamps::listed(pair, "n")
            ),
            format!(
                "SELECT {OLDEST}, 0, NULL, NULL, NULL, text, NULL FROM ({oldest}) WHERE made IS NOT NULL \
                 ORDER BY CAST(strftime('%s', made) AS INTEGER) LIMIT 1"
            ),
            self.rows(FOLLOWING, &format!("WHERE {open} ORDER BY # DESC LIMIT {FOLLOWED}")),
            self.rows(NEWEST, &format!("ORDER BY # DESC LIMIT {WINDOW}")),
        ]
    }

    fn what_changed(&mut self) -> Vec<String> {
        self.live.owe();
        let turn = self.live.turn_of(TURN);
        let these = format!("WHERE # IN ({})", list(turn.iter().copied()));
        let mut pieces = vec![
            self.rows(NEWEST, &format!("WHERE # >= {} ORDER BY # LIMIT {}", literal(self.floor), WINDOW + MOST)),
            self.rows(AGAIN, &format!("{these} AND ({})", self.differ(&turn))),
            self.source.expression(&format!("{HERE}, count(*), NULL, NULL, NULL, NULL, NULL"), &these),
        ];
        if self.total() <= SMALL {
            let by_status = self.source.expression("%0 AS status, count(*) AS n", "GROUP BY 1");
            pieces.push(format!("SELECT {STATUS}, n, status, NULL, NULL, NULL, NULL FROM ({by_status})"));
        }
        self.asked = Asked::Some(turn);
        pieces
    }

    /// The condition that a row has not the status any more that it is known to have.
    fn differ(&self, turn: &[i64]) -> String {
        let conditions = STATUSES[..2].iter().map(|status| {
            let with = turn.iter().copied().filter(|id| self.live.get(*id).is_some_and(|row| *row.group.0 == **status));
            format!("(# IN ({}) AND $0 IS NOT '{status}')", list(with))
        });
        conditions.collect::<Vec<_>>().join(" OR ")
    }

    fn rows(&self, tag: i64, which: &str) -> String {
        self.source.expression(&format!("{tag}, #, %0, %1, {BOT}, %4, %5"), which)
    }

    /// Takes in a look at this second.
    pub(super) fn take(&mut self, sets: &mut Sets<'_>, second: i64, now: Instant, update: &mut ActivityUpdate) {
        let sets = sets.plain();
        match std::mem::replace(&mut self.asked, Asked::All) {
            Asked::All => self.take_everything(sets, second, now, update),
            Asked::Some(turn) => {
                if self.take_changes(sets, &turn, second, update) == Explained::No {
                    let least = AGAIN_FOR_A_ROW.saturating_mul(u32::try_from(self.total()).unwrap_or(u32::MAX));
                    let soon = self.looked_at.map_or(now, |at| at + least);
                    self.recount_at = self.recount_at.map(|at| at.min(soon.max(now)));
                }
            }
        }
        self.tell(update);
    }

    fn take_everything(&mut self, sets: &[Vec<Value>], second: i64, now: Instant, update: &mut ActivityUpdate) {
        self.groups.clear();
        for row in tagged(sets, GROUPS) {
            let name = |at: usize| -> Arc<str> { words(row.get(at)).unwrap_or_default().into() };
            let rows = row.get(1).and_then(Value::as_integer).and_then(|rows| u64::try_from(rows).ok());
            let there = self.groups.entry((name(2), name(3), name(4))).or_default();
            *there = there.saturating_add(rows.unwrap_or(0));
        }
        let mut rows = Rows::default();
        for row in tagged(sets, TIMES) {
            let is_open = row.get(1).and_then(Value::as_integer) == Some(1);
            let list = row.get(2).and_then(Value::as_text).unwrap_or_default();
            for (pair, count) in stamps::entries(&list) {
                let (made, done) = pair.split_once('/').unwrap_or((pair, ""));
                rows.add(is_open, stamps::second(made), stamps::second(done), count);
            }
        }
        if self.told.is_none() {
            self.events.clear();
            update.board.queue_anew = true;
        }
        self.events.are(rows, second, &mut update.board);
        let oldest = tagged(sets, OLDEST).next().and_then(|row| words(row.get(5)));
        self.oldest = oldest.and_then(|text| Some((stamps::second(&text)?, text)));
        self.live.clear();
        let open = items(sets, FOLLOWING);
        self.follows_all = open.len() < FOLLOWED;
        for (id, row) in open {
            self.live.insert(id, row);
        }
        let newest = items(sets, NEWEST);
        self.floor = if newest.len() == WINDOW { newest.keys().next().copied().unwrap_or(i64::MIN) } else { i64::MIN };
        self.recent = newest;
        let good = GOOD_FOR_A_ROW.saturating_mul(u32::try_from(self.total()).unwrap_or(u32::MAX));
        self.looked_at = Some(now);
        self.recount_at = Some(now + GOOD.max(good));
    }

    fn take_changes(
        &mut self,
        sets: &[Vec<Value>],
        turn: &[i64],
        second: i64,
        update: &mut ActivityUpdate,
    ) -> Explained {
        let here = tagged(sets, HERE).next().and_then(|row| row.get(1)).and_then(Value::as_integer);
        let newest = items(sets, NEWEST);
        let mut explained = Explained::Yes;
        let gone = here != i64::try_from(turn.len()).ok() || self.recent.keys().any(|id| !newest.contains_key(id));
        if newest.len() >= WINDOW + MOST || gone {
            return Explained::No;
        }
        for (id, row) in newest.into_iter().chain(items(sets, AGAIN)) {
            if self.note(id, row, second, update) == Explained::No {
                explained = Explained::No;
            }
        }
        if self.total() <= SMALL && tagged(sets, STATUS).next().is_some() {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for row in tagged(sets, STATUS) {
                let rows = row.get(1).and_then(Value::as_integer).and_then(|rows| u64::try_from(rows).ok());
                let there = counts.entry(words(row.get(2)).unwrap_or_default()).or_default();
                *there = there.saturating_add(rows.unwrap_or(0));
            }
            if counts.into_iter().collect::<QueueCounts>() != self.by_status() {
                explained = Explained::No;
            }
        }
        explained
    }

    /// Takes in a row as it is now.
    fn note(&mut self, id: i64, row: Row, second: i64, update: &mut ActivityUpdate) -> Explained {
        let known = self.recent.get(&id).or_else(|| self.live.get(id));
        if known == Some(&row) {
            return Explained::Yes;
        }
        let (made, done) = (row.made(), row.done());
        match known.map(Row::is_open) {
            None => self.events.came(row.is_open(), made, done, &mut update.board),
            Some(true) if !row.is_open() => self.events.closed(made, done, second, &mut update.board),
            Some(true) if row.is_open() => {}
            // What was finished is open again, or has another time.
            Some(_) => return Explained::No,
        }
        if let Some(count) = known.and_then(|known| self.groups.get_mut(&known.group)) {
            *count = count.saturating_sub(1);
        }
        let there = self.groups.entry(row.group.clone()).or_default();
        *there = there.saturating_add(1);
        self.live.remove(id);
        if row.is_open() {
            self.live.insert(id, row.clone());
        }
        if id >= self.floor {
            self.recent.insert(id, row);
            while self.recent.len() > WINDOW {
                self.recent.pop_first();
                self.floor = self.recent.keys().next().copied().unwrap_or(i64::MIN);
            }
        }
        Explained::Yes
    }

    fn total(&self) -> u64 {
        self.groups.values().fold(0, |sum, rows| sum.saturating_add(*rows))
    }

    fn by_status(&self) -> QueueCounts {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for ((status, ..), rows) in self.groups.iter().filter(|(_, rows)| **rows > 0) {
            let there = counts.entry(status.to_string()).or_default();
            *there = there.saturating_add(*rows);
        }
        counts.into_iter().collect()
    }

    /// Tells what is not as it was told last.
    fn tell(&mut self, update: &mut ActivityUpdate) {
        self.groups.retain(|_, rows| *rows > 0);
        if self.follows_all {
            // All of the pending ones are known.
            let pending = self.live.rows().filter(|row| *row.group.0 == *STATUSES[0]);
            let dated = pending.filter_map(|row| Some((row.made()?, row.created.clone()?)));
            self.oldest = dated.min();
        }
        let mut counts = self.by_status();
        let place = |status: &str| STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
        counts.sort_by(|one, other| (place(&one.0), &one.0).cmp(&(place(&other.0), &other.0)));
        let oldest = self.oldest.clone().map(|(_, text)| text);
        let now = Told { groups: self.groups.clone(), oldest, counts };
        let told = self.told.as_ref();
        if told.is_none_or(|told| told.counts != now.counts) {
            update.queue = Some(now.counts.clone());
        }
        if told.is_none_or(|told| told.groups != now.groups) {
            let depth = |((status, action, bot), rows): (&Group, &u64)| Depth {
                status: Arc::clone(status),
                action: Arc::clone(action),
                bot: Arc::clone(bot),
                rows: *rows,
            };
            update.board.queue = Some(now.groups.iter().map(depth).collect());
        }
        if update.board.queue.is_some() || told.is_none_or(|told| told.oldest != now.oldest) {
            update.board.oldest_pending = Some(now.oldest.clone());
        }
        self.told = Some(now);
    }
}

/// Whether what a look saw is explained by single rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Explained {
    Yes,
    No,
}

/// Whose row it is: whom it is assigned to, or else who made it.
const BOT: &str = "CASE WHEN coalesce($2, '') = '' THEN %3 ELSE %2 END";

/// What the rows of the statement's pieces begin with.
const GROUPS: i64 = 0;
const TIMES: i64 = 1;
const OLDEST: i64 = 2;
const FOLLOWING: i64 = 3;
const NEWEST: i64 = 4;
const AGAIN: i64 = 5;
const HERE: i64 = 6;
const STATUS: i64 = 7;

fn items(sets: &[Vec<Value>], tag: i64) -> BTreeMap<i64, Row> {
    let row = |row: &Vec<Value>| {
        let name = |at: usize| -> Arc<str> { words(row.get(at)).unwrap_or_default().into() };
        let group = (name(2), name(3), name(4));
        Some((row.get(1)?.as_integer()?, Row { group, created: words(row.get(5)), processed: words(row.get(6)) }))
    };
    tagged(sets, tag).filter_map(row).collect()
}
