//! The schema tab: columns, keys, indexes, foreign keys both ways, triggers and the CREATE statements, as lines.

use std::sync::Arc;

use unicode_width::UnicodeWidthStr as _;

use crate::{
    domain::{
        catalogue::Meaning,
        schema::{Column, ForeignKey, KeyKind, Relation, RelationKind},
        syntax::{HighlightedLines, Job},
    },
    theme::Role,
    widgets::{
        rich::{RichLine, RichSpan, RichView},
        safe::safe,
    },
};

/// The longest name or type that sets its column's width.
const WIDE: usize = 28;

/// The schema of one relation, scrollable.
#[derive(Debug, Default)]
pub(super) struct SchemaTab {
    pub(super) view: RichView,
    /// Highlighted statements, as they come.
    highlighted: Vec<(Job, Option<Arc<HighlightedLines>>)>,
    asked: bool,
}

impl SchemaTab {
    pub(super) fn new(relation: &Relation) -> Self {
        let statements = relation.sql.iter().chain(relation.indexes.iter().filter_map(|index| index.sql.as_ref()));
        let highlighted = statements.chain(&relation.triggers).map(|sql| (job(sql), None)).collect();
        let mut tab = Self { view: RichView::new(), highlighted, asked: false };
        tab.view.set_lines(tab.lines(relation));
        tab
    }

    /// What is to be highlighted: once, when the tab is opened first.
    pub(super) fn jobs(&mut self) -> Vec<Job> {
        if std::mem::replace(&mut self.asked, true) {
            return Vec::new();
        }
        self.highlighted.iter().map(|(job, _)| job.clone()).collect()
    }

    /// A statement is highlighted; says whether it was one of this tab's.
    pub(super) fn highlighted(&mut self, job: &Job, lines: &Arc<HighlightedLines>, relation: &Relation) -> bool {
        let Some((_, place)) = self.highlighted.iter_mut().find(|(own, _)| own == job) else { return false };
        *place = Some(Arc::clone(lines));
        self.view.replace_lines(self.lines(relation));
        true
    }

    fn lines(&self, relation: &Relation) -> Vec<RichLine> {
        let mut lines = about(relation);
        columns(relation, &mut lines);
        indexes(relation, &mut lines);
        references(relation, &mut lines);
        let statements: Vec<_> = relation.sql.iter().chain(&relation.triggers).collect();
        if !statements.is_empty() {
            heading("Statements", &mut lines);
        }
        for (at, sql) in statements.into_iter().enumerate() {
            if at > 0 {
                lines.push(RichLine::default());
            }
            self.statement(sql, &mut lines);
        }
        lines
    }

    fn statement(&self, sql: &str, lines: &mut Vec<RichLine>) {
        let job = job(sql);
        let coloured = self.highlighted.iter().find(|(own, _)| *own == job).and_then(|(_, lines)| lines.as_ref());
        match coloured {
            Some(coloured) => lines.extend(coloured.iter().map(|line| {
                let spans = line.iter().map(|(token, text)| RichSpan::new(blanks(text), Role::from(*token)));
                indented(spans.collect())
            })),
            None => lines.extend(sql.lines().map(|line| indented(vec![RichSpan::new(blanks(line), Role::Text)]))),
        }
    }
}

fn job(sql: &str) -> Job {
    Job::Highlight { language: "sql".into(), source: sql.into() }
}

/// Tabs stand for blanks in source text; everything else that is no text is made visible.
fn blanks(text: &str) -> String {
    safe(&text.replace('\t', "    ").replace('\r', "")).into_owned()
}

fn indented(mut spans: Vec<RichSpan>) -> RichLine {
    spans.insert(0, RichSpan::new("  ", Role::Text));
    RichLine { spans, ground: None }
}

fn heading(text: &str, lines: &mut Vec<RichLine>) {
    lines.push(RichLine::default());
    lines.push(RichLine::of(text, Role::Heading2));
}

fn about(relation: &Relation) -> Vec<RichLine> {
    let mut lines = Vec::new();
    let kind = match relation.kind {
        RelationKind::Table if matches!(relation.key, KeyKind::Primary(_)) => "table WITHOUT ROWID",
        RelationKind::Table => "table",
        RelationKind::View => "view",
        RelationKind::Virtual => "virtual table",
        RelationKind::Internal => "internal table",
    };
    let mut spans =
        vec![RichSpan::new(safe(&relation.name), Role::Strong), RichSpan::new(format!("  {kind}"), Role::Muted)];
    if let Some(facts) = relation.facts {
        spans.push(RichSpan::new(format!(" · {}", facts.purpose), Role::Muted));
    }
    lines.push(RichLine { spans, ground: None });
    if let Some(reason) = &relation.broken {
        lines.push(RichLine::of(format!("cannot be read: {}", safe(reason)), Role::Bad));
    }
    let name = |at: usize| relation.columns.get(at).map_or("?", |column| column.name.as_str());
    let words = match &relation.key {
        KeyKind::Rowid { column: Some(at), .. } => {
            format!("Its rows are told apart by {}, which is the rowid.", name(*at))
        }
        KeyKind::Rowid { alias, column: None } => format!("Its rows are told apart by the rowid ({alias})."),
        KeyKind::Primary(key) => {
            let key: Vec<_> = key
                .iter()
                .map(|part| {
                    let collation = match part.collation.as_str() {
                        "BINARY" | "" => String::new(),
                        other => format!(" COLLATE {other}"),
                    };
                    format!("{}{collation}{}", name(part.column), if part.descending { " DESC" } else { "" })
                })
                .collect();
            format!("Its rows are told apart by the primary key: {}.", key.join(", "))
        }
        KeyKind::None => "Nothing tells its rows apart: they are counted through.".to_owned(),
    };
    lines.push(RichLine::of(safe(&words), Role::Muted));
    lines
}

fn columns(relation: &Relation, lines: &mut Vec<RichLine>) {
    if relation.columns.is_empty() {
        return;
    }
    heading("Columns", lines);
    let widest = |text: fn(&Column) -> &str| {
        relation.columns.iter().map(|column| safe(text(column)).width()).max().unwrap_or(0).min(WIDE)
    };
    let (name_width, type_width) = (widest(|column| &column.name), widest(|column| &column.declared));
    for column in &relation.columns {
        let mut spans = vec![
            RichSpan::new(padded(&column.name, name_width), Role::Text),
            RichSpan::new(padded(&column.declared, type_width), Role::SyntaxType),
        ];
        let mut say = |words: String, role: Role| {
            let gap = if spans.len() > 2 { " · " } else { "" };
            spans.push(RichSpan::new(gap, Role::Faint));
            spans.push(RichSpan::new(safe(&words), role));
        };
        match column.primary_key {
            Some(1) if relation.columns.iter().filter(|column| column.primary_key.is_some()).count() == 1 => {
                say("primary key".to_owned(), Role::Accent);
            }
            Some(place) => say(format!("primary key {place}"), Role::Accent),
            None => {}
        }
        if column.not_null {
            say("not null".to_owned(), Role::Muted);
        }
        if let Some(default) = &column.default {
            say(format!("= {default}"), Role::SyntaxConstant);
        }
        if column.generated {
            say("generated".to_owned(), Role::Accent);
        }
        for key in &relation.references {
            if let [(from, to)] = key.columns.as_slice()
                && *from == column.name
            {
                say(format!("→ {}.{to}", key.to), Role::Link);
            }
        }
        if let Some(words) = column.facts.and_then(|facts| meaning(facts.meaning)) {
            say(words, Role::Muted);
        }
        lines.push(indented(spans));
    }
}

/// A name in a column of the page: two blanks behind it, none of it cut.
fn padded(text: &str, width: usize) -> String {
    let text = safe(text);
    let blanks = width.saturating_sub(text.width()) + 2;
    format!("{text}{:blanks$}", "")
}

/// What the catalogue says of the column.
fn meaning(meaning: Meaning) -> Option<String> {
    Some(match meaning {
        Meaning::Plain => return None,
        Meaning::Time => "time".to_owned(),
        Meaning::Enumerated(values) => values.iter().map(|(value, _)| *value).collect::<Vec<_>>().join(" | "),
        Meaning::Markdown => "Markdown".to_owned(),
        Meaning::Mermaid => "Mermaid diagram".to_owned(),
        Meaning::Json(_) => "JSON".to_owned(),
        Meaning::Secret => "secret".to_owned(),
        Meaning::Percent => "0–100".to_owned(),
        Meaning::Flag => "0 or 1".to_owned(),
        Meaning::QuestionId => "question's id".to_owned(),
        Meaning::Url => "URL".to_owned(),
    })
}

fn indexes(relation: &Relation, lines: &mut Vec<RichLine>) {
    if relation.indexes.is_empty() {
        return;
    }
    heading("Indexes", lines);
    let width = relation.indexes.iter().map(|index| safe(&index.name).width()).max().unwrap_or(0).min(WIDE + 12);
    for index in &relation.indexes {
        let terms: Vec<_> = index.columns.iter().map(|term| term.as_deref().unwrap_or("(expression)")).collect();
        let mut spans = vec![
            RichSpan::new(padded(&index.name, width), Role::Text),
            RichSpan::new(safe(&terms.join(", ")), Role::SyntaxProperty),
        ];
        let mut say = |words: &str| spans.push(RichSpan::new(format!(" · {words}"), Role::Muted));
        if index.unique {
            say("unique");
        }
        if index.partial {
            say("partial");
        }
        match index.origin.as_str() {
            "u" => say("by a UNIQUE constraint"),
            "pk" => say("of the primary key"),
            _ => {}
        }
        lines.push(indented(spans));
    }
}

fn references(relation: &Relation, lines: &mut Vec<RichLine>) {
    let pairs = |key: &ForeignKey, side: fn(&(String, String)) -> &String| {
        key.columns.iter().map(|pair| side(pair).as_str()).collect::<Vec<_>>().join(", ")
    };
    let line = |key: &ForeignKey| {
        let words =
            format!("{}({}) → {}({})", key.from, pairs(key, |pair| &pair.0), key.to, pairs(key, |pair| &pair.1));
        let mut spans = vec![RichSpan::new(safe(&words), Role::Link)];
        for (when, action) in [("on delete", &key.on_delete), ("on update", &key.on_update)] {
            if !action.is_empty() && action != "NO ACTION" {
                spans.push(RichSpan::new(format!(" · {when} {}", safe(&action.to_lowercase())), Role::Muted));
            }
        }
        indented(spans)
    };
    if !relation.references.is_empty() {
        heading("Refers to", lines);
        lines.extend(relation.references.iter().map(line));
    }
    if !relation.referenced_by.is_empty() {
        heading("Referred to by", lines);
        lines.extend(relation.referenced_by.iter().map(line));
    }
}
