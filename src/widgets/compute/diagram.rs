//! Mermaid source to lines of text.

use std::collections::HashMap;

use mermaid_text::{
    Direction, Graph, RenderOptions,
    detect::{DiagramKind, detect},
    parser,
};

use crate::widgets::safe;

/// Source longer than this (bytes) is not drawn: the layout's cost grows faster than its input.
const LONGEST: usize = 32 * 1024;
/// Nor one of more lines: 150 lines of tangled arrows take a third of a second, 300 of them minutes.
const MOST_LINES: usize = 250;
/// Nor boxes in boxes in boxes: 20 deep take milliseconds, 250 minutes, and the library recurses.
const DEEPEST: usize = 20;

/// The drawn lines, or why there are none.
pub(super) fn lines(source: &str, width: u16) -> Result<Vec<String>, String> {
    if source.len() > LONGEST {
        return Err(format!("the source is too long to draw: {} KiB", source.len() / 1024));
    }
    let source = prepared(source);
    let count = source.lines().count();
    if count > MOST_LINES {
        return Err(format!("the source is too long to draw: {count} lines"));
    }
    let graph = graph(&source);
    if graph.as_ref().is_some_and(|graph| !is_shallow(graph)) {
        return Err("its boxes are nested too deeply to draw".to_owned());
    }
    let drawn = close_together(&source, graph.as_ref(), usize::from(width))
        .map_or_else(|| mermaid_text::render_with_width(&source, Some(usize::from(width))), Ok)
        .map_err(|error| words(&error))?;
    let mut lines: Vec<String> = drawn.lines().map(|line| safe::expanded(line).trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    if lines.is_empty() {
        return Err("the diagram is empty".to_owned());
    }
    Ok(lines)
}

/// What the library reads of a flow or of states; `None` of other kinds.
fn graph(source: &str) -> Option<Graph> {
    match detect(source).ok()? {
        DiagramKind::Flowchart => parser::parse(source).ok(),
        DiagramKind::State => parser::state::parse(source).ok(),
        _ => None,
    }
}

/// A flow from top to bottom with half the usual gap between its layers, where that fits: rows are scarcer than columns, and a
/// label on an edge takes one row. Flows from left to right keep their gaps, which hold the labels.
fn close_together(source: &str, graph: Option<&Graph>, width: usize) -> Option<String> {
    if !matches!(graph?.direction, Direction::TopToBottom | Direction::BottomToTop) {
        return None;
    }
    let options = RenderOptions {
        max_width: Some(width),
        max_width_strict: true,
        gaps_override: Some((3, 2)),
        ..RenderOptions::default()
    };
    mermaid_text::render_with_options(source, &options).ok()
}

/// Whether boxes stand in boxes no deeper than [`DEEPEST`]. One that stands in itself, by way of whatever others, is deeper than
/// that, too: the library would draw it until no memory is left.
fn is_shallow(graph: &Graph) -> bool {
    let mut depths: HashMap<&str, usize> = HashMap::new();
    for _ in 0..=DEEPEST {
        let mut grown = false;
        for outer in &graph.subgraphs {
            let below = depths.get(outer.id.as_str()).copied().unwrap_or(0) + 1;
            if below > DEEPEST && !outer.subgraph_ids.is_empty() {
                return false;
            }
            for inner in &outer.subgraph_ids {
                let depth = depths.entry(inner).or_default();
                grown |= *depth < below;
                *depth = below.max(*depth);
            }
        }
        if !grown {
            return true;
        }
    }
    false
}

fn words(error: &mermaid_text::Error) -> String {
    match error {
        mermaid_text::Error::EmptyInput => "the diagram is empty".to_owned(),
        mermaid_text::Error::UnsupportedDiagram(kind) => {
            format!("diagrams of the kind '{}' cannot be drawn as text", safe::fit(&safe::safe_prose(kind), 40))
        }
        other => safe::safe_prose(&other.to_string()).into_owned(),
    }
}

/// The source without what stands around the diagram: a code fence, front matter, `%%{init …}%%` directives.
fn prepared(source: &str) -> String {
    let mut text = source.trim().replace("\r\n", "\n");
    // Line breaks written out as two characters, as some rows have them.
    if !text.contains('\n') && text.contains("\\n") {
        text = text.replace("\\n", "\n");
    }
    let mut rest = text.as_str();
    if let Some(fenced) = rest.strip_prefix("```") {
        let body = fenced.split_once('\n').map_or("", |(_, body)| body);
        rest = body.trim_end().strip_suffix("```").unwrap_or(body).trim();
    }
    if let Some((_, body)) = rest.strip_prefix("---\n").and_then(|matter| matter.split_once("\n---")) {
        rest = body.trim_start_matches('-').trim_start();
    }
    let mut out = String::with_capacity(rest.len());
    while let Some((before, directive)) = rest.split_once("%%{") {
        out.push_str(before);
        rest = directive.split_once("}%%").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}
