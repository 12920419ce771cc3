//! A random history of the bots, in both forms of time, and what SQL says of it: the figures that every board has to show.

use rusqlite::Connection;

/// The bots and actions of the field, and one of each that is in no list.
pub(crate) const BOTS: [&str; 6] = ["creator", "verifier", "processor", "analysis", "session-builder", "flashcard"];
const ACTIONS: [&str; 6] = ["create", "update", "delete", "verify", "flag", "analyze"];
const STATUSES: [&str; 4] = ["pending", "processing", "completed", "failed"];

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }

    /// Seconds before now: mostly lately, also at the borders of the windows, long ago, and where a clock ran ahead.
    fn ago(&mut self) -> i64 {
        match self.below(10) {
            0 => [60, 300, 900, 3600, 86_400, 604_800][self.below(6) as usize] + self.below(3) as i64 - 1,
            1 => -(self.below(4000) as i64),
            2 | 3 => self.below(400) as i64,
            4 | 5 => self.below(7200) as i64,
            6 | 7 => self.below(700_000) as i64,
            _ => self.below(60_000_000) as i64,
        }
    }

    /// A time as SQL: either form, with an offset, or one that nobody can read.
    fn time(&mut self, now: i64, ago: i64) -> String {
        let then = now - ago;
        match self.below(12) {
            0 => ["NULL", "'soon'", "''"][self.below(3) as usize].to_owned(),
            1 => format!("strftime('%Y-%m-%dT%H:%M:%S', {then} + 7200, 'unixepoch') || '.000+02:00'"),
            2..=5 => format!("datetime({then}, 'unixepoch')"),
            _ => format!("strftime('%Y-%m-%dT%H:%M:%S', {then}, 'unixepoch') || '.{:03}Z'", self.below(1000)),
        }
    }
}

/// Fills the three tables, as of this second.
pub(crate) fn fill(connection: &Connection, seed: u64, now: i64) {
    let mut random = Random(seed);
    let mut sql = String::from("BEGIN;");
    for row in 0..1500 {
        let (bot, action, ago) = (random.of(&BOTS), random.of(&ACTIONS), random.ago());
        let time = random.time(now, ago);
        sql += &format!(
            "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at) \
             VALUES('{bot}', '{action}', 'question', 'q-{row}', {time});\n"
        );
    }
    for _ in 0..400 {
        // The last of the bots has no runs.
        let (bot, ago, took) = (random.of(&BOTS[..5]), random.ago(), random.below(2000) as i64);
        let status = random.of(&["running", "completed", "completed", "completed", "failed", "cancelled"]);
        let started = match random.below(20) {
            0 => "'soon'".to_owned(),
            1..=9 => format!("datetime({}, 'unixepoch')", now - ago),
            _ => format!("strftime('%Y-%m-%dT%H:%M:%S', {}, 'unixepoch') || '.000Z'", now - ago),
        };
        let ended = match (status, random.below(10)) {
            ("running", _) | (_, 0) => "NULL".to_owned(),
            _ => format!("strftime('%Y-%m-%dT%H:%M:%S', {}, 'unixepoch') || '.000Z'", now - ago + took),
        };
        let [a, b, c, d] = [50, 9, 20, 3].map(|most| random.below(most));
        sql += &format!(
            "INSERT INTO bot_runs(bot_name, started_at, completed_at, status, items_processed, items_created, items_updated, \
             items_deleted) VALUES('{bot}', {started}, {ended}, '{status}', {a}, {b}, {c}, {d});\n"
        );
    }
    for row in 0..300 {
        let (status, action) = (random.of(&STATUSES), random.of(&["improve", "verify", "short_answer"]));
        let [maker, worker] =
            [0, 1].map(|_| if random.below(3) == 0 { "NULL".to_owned() } else { format!("'{}'", random.of(&BOTS)) });
        let ago = random.ago();
        let made = random.time(now, ago);
        let done = match (status, random.below(3)) {
            ("pending" | "processing", _) | (_, 0) => "NULL".to_owned(),
            _ => {
                let stayed = random.below(90_000) as i64;
                random.time(now, ago - stayed)
            }
        };
        sql += &format!(
            "INSERT INTO work_queue(item_type, item_id, action, status, created_by, assigned_to, created_at, processed_at) \
             VALUES('question', 'q-{row}', '{action}', '{status}', {maker}, {worker}, {made}, {done});\n"
        );
    }
    sql += "COMMIT;";
    connection.execute_batch(&sql).unwrap();
}

/// What SQL says, as of a second.
pub(crate) struct Sql<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) now: i64,
}

impl Sql<'_> {
    /// Whether a time is in the window, as the maintainers write it; `None`: everything is.
    fn within(&self, column: &str, seconds: Option<i64>) -> String {
        match seconds {
            Some(seconds) => format!("datetime({column}) >= datetime({}, 'unixepoch', '-{seconds} seconds')", self.now),
            None => "1".to_owned(),
        }
    }

    fn number(&self, sql: &str) -> u64 {
        let number: i64 = self.connection.query_row(sql, [], |row| row.get(0)).unwrap();
        u64::try_from(number).unwrap()
    }

    /// The essential query 6 for a bot: all actions, creates, updates, deletes, verifies, flags.
    pub(crate) fn actions(&self, bot: &str, seconds: Option<i64>) -> [u64; 6] {
        let of = |action: &str| format!("count(*) FILTER (WHERE action = '{action}')");
        let sql = format!(
            "SELECT count(*), {}, {}, {}, {}, {} FROM bot_ledger WHERE bot_name = '{bot}' AND {}",
            of("create"),
            of("update"),
            of("delete"),
            of("verify"),
            of("flag"),
            self.within("created_at", seconds)
        );
        let read = |row: &rusqlite::Row<'_>| {
            let mut counts = [0; 6];
            for (at, count) in counts.iter_mut().enumerate() {
                *count = row.get::<_, i64>(at)?.unsigned_abs();
            }
            Ok(counts)
        };
        self.connection.query_row(&sql, [], read).unwrap()
    }

    pub(crate) fn success(&self, bot: &str, seconds: Option<i64>) -> Option<f64> {
        let sql = format!(
            "SELECT avg(status = 'completed') FROM bot_runs \
             WHERE bot_name = '{bot}' AND status IN ('completed', 'failed') AND {}",
            self.within("started_at", seconds)
        );
        self.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    /// Processed, created, updated, deleted.
    pub(crate) fn items(&self, bot: &str, seconds: Option<i64>) -> [u64; 4] {
        ["processed", "created", "updated", "deleted"].map(|what| {
            let within = self.within("started_at", seconds);
            self.number(&format!(
                "SELECT coalesce(sum(items_{what}), 0) FROM bot_runs WHERE bot_name = '{bot}' AND {within}"
            ))
        })
    }

    pub(crate) fn last_run(&self, bot: &str) -> Option<i64> {
        let sql = format!("SELECT max(id) FROM bot_runs WHERE bot_name = '{bot}'");
        self.connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    /// How many seconds its completed runs take, the 95th percentile by nearest rank.
    pub(crate) fn usual(&self, bot: &str) -> Option<u64> {
        let sql = format!(
            "SELECT max(took) FROM (SELECT took, row_number() OVER (ORDER BY took) AS place, count(*) OVER () AS count FROM \
             (SELECT unixepoch(completed_at) - unixepoch(started_at) AS took FROM bot_runs WHERE bot_name = '{bot}' \
              AND status = 'completed' AND took IS NOT NULL)) WHERE place = (count * 95 + 99) / 100 AND count >= 5"
        );
        self.connection.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0)).unwrap().map(i64::unsigned_abs)
    }

    /// Runs that run for longer than this.
    pub(crate) fn stuck(&self, bot: &str, longer: u64) -> u64 {
        let now = self.now;
        self.number(&format!(
            "SELECT count(*) FROM bot_runs WHERE bot_name = '{bot}' AND status = 'running' \
             AND {now} - unixepoch(started_at) > {longer}"
        ))
    }

    pub(crate) fn open(&self) -> u64 {
        self.number("SELECT count(*) FROM work_queue WHERE status IN ('pending', 'processing')")
    }

    pub(crate) fn pending(&self) -> u64 {
        self.number("SELECT count(*) FROM work_queue WHERE status = 'pending'")
    }

    /// When the oldest pending item was made, seconds since 1970.
    pub(crate) fn oldest(&self) -> Option<i64> {
        let sql = "SELECT min(unixepoch(datetime(created_at))) FROM work_queue WHERE status = 'pending'";
        self.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(crate) fn finished(&self, seconds: Option<i64>) -> u64 {
        let within = self.within("processed_at", seconds);
        self.number(&format!("SELECT count(*) FROM work_queue WHERE status IN ('completed', 'failed') AND {within}"))
    }

    /// Of finished items of which nobody knows when that was, not even their making is counted.
    pub(crate) fn arrived(&self, seconds: Option<i64>) -> u64 {
        let within = self.within("created_at", seconds);
        self.number(&format!(
            "SELECT count(*) FROM work_queue \
             WHERE (status IN ('pending', 'processing') OR datetime(processed_at) IS NOT NULL) AND {within}"
        ))
    }

    pub(crate) fn undated(&self) -> u64 {
        self.number(
            "SELECT count(*) FROM work_queue WHERE status IN ('completed', 'failed') AND datetime(processed_at) IS NULL",
        )
    }

    /// How many items were open just before this second.
    pub(crate) fn depth_before(&self, second: i64) -> u64 {
        let then = format!("datetime({second}, 'unixepoch')");
        self.number(&format!(
            "SELECT count(*) FROM work_queue WHERE CASE WHEN status IN ('pending', 'processing') \
             THEN coalesce(datetime(created_at) < {then}, 1) \
             ELSE datetime(processed_at) >= {then} AND coalesce(datetime(created_at) < {then}, 1) END"
        ))
    }

    /// (status, action, bot or nothing, rows).
    pub(crate) fn groups(&self) -> Vec<(String, String, String, u64)> {
        let sql = "SELECT status, action, coalesce(assigned_to, created_by, ''), count(*) FROM work_queue GROUP BY 1, 2, 3 \
                   ORDER BY CASE status WHEN 'pending' THEN 0 WHEN 'processing' THEN 1 WHEN 'completed' THEN 2 ELSE 3 END, 2, 3";
        let mut statement = self.connection.prepare(sql).unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?.unsigned_abs())));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Ledger rows of an action between two seconds, the second one not included.
    pub(crate) fn between(&self, action: &str, from: i64, to: i64) -> u64 {
        self.number(&format!(
            "SELECT count(*) FROM bot_ledger WHERE action = '{action}' AND datetime(created_at) >= \
             datetime({from}, 'unixepoch') AND datetime(created_at) < datetime({to}, 'unixepoch')"
        ))
    }
}
