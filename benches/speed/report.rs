//! What was measured, line by line, and as a table at the end.

/// How a measurement compares with its limit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Within the limit.
    Ok,
    /// Over it.
    Missed,
    /// There is no limit: for understanding.
    Told,
}

impl Verdict {
    /// Whether the limit is kept.
    pub(crate) const fn of(kept: bool) -> Self {
        if kept { Self::Ok } else { Self::Missed }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missed => "MISSED",
            Self::Told => "",
        }
    }
}

/// A measurement.
pub(crate) struct Line {
    /// What was measured.
    pub(crate) what: String,
    /// What came out.
    pub(crate) measured: String,
    /// What it is compared with, measured in the same run.
    pub(crate) reference: String,
    /// Measured by reference.
    pub(crate) ratio: Option<f64>,
    /// What issues 2 and 3 allow.
    pub(crate) limit: &'static str,
    /// Whether that is kept.
    pub(crate) verdict: Verdict,
}

impl Line {
    fn cells(&self) -> [String; 6] {
        [
            self.what.clone(),
            self.measured.clone(),
            self.reference.clone(),
            self.ratio.map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default(),
            self.limit.to_owned(),
            self.verdict.words().to_owned(),
        ]
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    unmeasured: usize,
}

impl Report {
    /// Says what is about to happen.
    pub(crate) fn section(&mut self, name: &str) {
        println!("\n── {name}");
    }

    /// Something worth knowing that is no measurement.
    pub(crate) fn note(&mut self, words: &str) {
        println!("   {words}");
    }

    /// A measurement.
    pub(crate) fn line(&mut self, line: Line) {
        let [what, measured, reference, ratio, limit, verdict] = line.cells();
        let against = if reference.is_empty() { String::new() } else { format!(" | reference {reference}") };
        let ratio = if ratio.is_empty() { String::new() } else { format!(" | {ratio}") };
        let limit = if limit.is_empty() { String::new() } else { format!(" | limit {limit} | {verdict}") };
        println!("{what}: {measured}{against}{ratio}{limit}");
        self.lines.push(line);
    }

    /// A measurement without reference.
    pub(crate) fn plain(&mut self, what: &str, measured: String, limit: &'static str, verdict: Verdict) {
        self.line(Line { what: what.to_owned(), measured, reference: String::new(), ratio: None, limit, verdict });
    }

    /// Something could not be measured.
    pub(crate) fn unmeasured(&mut self, what: &str, why: &str) {
        println!("{what}: NOT MEASURED: {why}");
        self.unmeasured += 1;
    }

    /// A part of a section: where it cannot be measured, the others are all the same.
    pub(crate) fn part(&mut self, what: &str, measure: impl FnOnce(&mut Self) -> Result<(), String>) {
        if let Err(why) = measure(self) {
            self.unmeasured(what, &why);
        }
    }

    /// How many things could not be measured.
    pub(crate) const fn failures(&self) -> usize {
        self.unmeasured
    }

    /// How many limits are not kept.
    pub(crate) fn missed(&self) -> usize {
        self.lines.iter().filter(|line| line.verdict == Verdict::Missed).count()
    }

    /// All lines as a Markdown table.
    pub(crate) fn markdown(&self) {
        println!("\n| what | measured | reference in the same run | ratio | limit | |\n|---|---|---|---|---|---|");
        for line in &self.lines {
            println!("| {} |", line.cells().join(" | "));
        }
    }
}
