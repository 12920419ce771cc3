//! Background computations: highlighting, diagrams, differences, checks of large JSON.
//!
//! Owns the calls into `syntect` and `mermaid-text`. Both run on hostile text, so a panic of theirs becomes an answer in words;
//! while they run, [`guarded`] is true on their thread, for the program's panic hook to stay quiet.

mod diagram;
mod highlight;

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    domain::{
        json_check,
        syntax::{Computed, Job},
    },
    widgets::diff,
};

/// Does a job. Takes milliseconds (the first highlighting some more: it loads the grammars), never panics, never fails to
/// answer: source that cannot be highlighted comes back plain, a diagram that cannot be drawn as the reason.
pub fn run(job: &Job) -> Computed {
    match job {
        Job::Highlight { language, source } => {
            let lines = guard(|| highlight::lines(language, source)).unwrap_or_else(|| highlight::plain(source));
            Computed::Highlighted(Arc::new(lines))
        }
        Job::Diagram { source, width } => {
            let drawn = guard(|| diagram::lines(source, *width))
                .unwrap_or_else(|| Err("the diagram confuses the drawing library".to_owned()));
            Computed::Diagram(drawn.map(Arc::new))
        }
        Job::Diff(comparison) => {
            let found = guard(|| diff::compare(comparison)).unwrap_or_else(|| diff::whole(comparison));
            Computed::Diff(Arc::new(found))
        }
        Job::CheckJson { text, shape } => Computed::Json(json_check::check(text, *shape)),
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs foreign code whose panic is caught: then a panic hook has nothing to say.
pub fn guarded() -> bool {
    GUARDED.get()
}

fn guard<T>(work: impl FnOnce() -> T) -> Option<T> {
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED.set(false);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::syntax::{HighlightedLines, Token};

    fn highlighted(language: &str, source: &str) -> Arc<HighlightedLines> {
        let job = Job::Highlight { language: language.into(), source: source.into() };
        match run(&job) {
            Computed::Highlighted(lines) => lines,
            other => unreachable!("{other:?}"),
        }
    }

    fn diagram(source: &str) -> Result<String, String> {
        match run(&Job::Diagram { source: source.into(), width: 60 }) {
            Computed::Diagram(lines) => lines.map(|lines| lines.join("\n")),
            other => unreachable!("{other:?}"),
        }
    }

    /// The tokens that are said to be of this kind.
    fn of(lines: &HighlightedLines, token: Token) -> Vec<&str> {
        lines.iter().flatten().filter(|(is, _)| *is == token).map(|(_, text)| text.trim()).collect()
    }

    #[test]
    fn source_has_its_tokens() {
        let lines = highlighted("rust", "// why\nfn main() {\n\tlet x: u32 = 42; // \u{1b}\n\tprint(\"hi\\n\");\n}\n");
        assert_eq!(lines.len(), 5);
        assert_eq!(of(&lines, Token::Comment), ["// why", "// ␛"]);
        assert_eq!(of(&lines, Token::Constant), ["42", "\\n"]);
        assert!(of(&lines, Token::Keyword).contains(&"fn"));
        assert!(of(&lines, Token::Function).contains(&"main"));
        let text: Vec<String> = lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect();
        assert_eq!(text[2], "    let x: u32 = 42; // ␛");
        let json = highlighted("json", r#"{"key": "value", "n": 1}"#);
        assert!(of(&json, Token::Property).iter().any(|text| text.contains("key")));
        assert!(of(&json, Token::String).iter().any(|text| text.contains("value")));
    }

    #[test]
    fn the_names_people_write_are_known() {
        let mut unknown = Vec::new();
        for language in [
            "js",
            "javascript",
            "ts",
            "typescript",
            "tsx",
            "jsx",
            "py",
            "python",
            "rb",
            "sh",
            "bash",
            "shell",
            "yml",
            "yaml",
            "go",
            "golang",
            "c",
            "c++",
            "cpp",
            "c#",
            "csharp",
            "java",
            "kotlin",
            "swift",
            "php",
            "rust",
            "sql",
            "postgresql",
            "json",
            "proto",
            "protobuf",
            "graphql",
            "terraform",
            "hcl",
            "dockerfile",
            "Dockerfile",
            "docker",
            "makefile",
            "html",
            "css",
            "scss",
            "xml",
            "toml",
            "ini",
            "diff",
            "lua",
            "perl",
            "r",
            "scala",
            "haskell",
            "elixir",
            "nginx",
            "markdown",
            "vue",
            "svelte",
            "dart",
            "zig",
            "groovy",
            "rust,ignore",
            "js {1,3}",
            "python title=\"x\"",
        ] {
            unknown.extend((!highlight::is_known(language)).then_some(language));
        }
        assert_eq!(unknown, [""; 0]);
        assert!(!highlight::is_known("klingon") && !highlight::is_known(""));
    }

    #[test]
    fn what_is_not_known_or_too_long_stays_plain() {
        let plain = |lines: &HighlightedLines| lines.iter().flatten().all(|(token, _)| *token == Token::Plain);
        assert!(plain(&highlighted("klingon", "if x\n\n")));
        let long = "let x = 1;\n".repeat(20_000);
        let lines = highlighted("js", &long);
        assert!(plain(&lines) && lines.len() == 20_000);
        assert!(plain(&highlighted("js", &"x=1;".repeat(2_000))));
    }

    #[test]
    fn diagrams_are_drawn() {
        insta::assert_snapshot!(diagram("graph LR\n A[Build] --> B[Test]").unwrap_or_default(), @r"
    ┌───────┐     ┌──────┐
    │ Build │────▸│ Test │
    └───────┘     └──────┘
    ");
        // From top to bottom, rows are saved where the width allows.
        insta::assert_snapshot!(diagram("graph TD\n A[Ask] --> B{Known?}\n B -->|yes| C[Answer]\n B -->|no| D[Learn]").unwrap_or_default(), @r"
               ┌─────┐
               │ Ask │
               └─────┘
                  └┐
                   │
                   │
                   │
              ╱────▾───╲
              │ Known? │
              ╲────────╱
             ┌────┘ └────┐
         yes │           │no
             │           │
             │           │
        ┌────▾───┐   ┌───▾───┐
        │ Answer │   │ Learn │
        └────────┘   └───────┘
        ");
        let front = "---\ntitle: x\n---\n%%{init: {'theme': 'dark'}}%%\nsequenceDiagram\n A->>B: hi\u{1b}[31m\n";
        let drawn = diagram(front).unwrap_or_default();
        assert!(drawn.contains("hi␛[31m") && drawn.contains('B'), "{drawn}");
        assert!(diagram("```mermaid\ngraph TD\nA-->B\n```").is_ok());
        assert!(diagram("graph TD\\nA-->B").is_ok());
    }

    #[test]
    fn what_cannot_be_drawn_is_said_in_words() {
        assert_eq!(diagram(""), Err("the diagram is empty".to_owned()));
        assert_eq!(diagram("%% only a comment"), Err("the diagram is empty".to_owned()));
        let unknown = diagram("no\u{202e}diagram at all");
        assert_eq!(unknown, Err("diagrams of the kind 'nodiagram' cannot be drawn as text".to_owned()));
        assert!(diagram(&"graph TD\nA-->B\n".repeat(10_000)).is_err_and(|why| why.contains("too long")));
        assert!(diagram(&format!("graph TD\n{}", "A-->B\n".repeat(300))).is_err_and(|why| why.contains("301 lines")));
        let nested = |depth: usize| {
            let open: String = (0..depth).map(|number| format!("subgraph s{number}\n")).collect();
            format!("graph TD\n{open}A-->B\n{}", "end\n".repeat(depth))
        };
        assert!(diagram(&nested(100)).is_err_and(|why| why.contains("nested")));
        assert!(diagram(&nested(3)).is_ok());
        // Boxes that stand in themselves: the library would draw them for ever.
        for source in [
            "graph TD\nsubgraph s\nsubgraph s\nA-->B\nend\nend",
            "graph TD\nsubgraph a\nsubgraph b\nx\nend\nend\nsubgraph b\nsubgraph a\ny\nend\nend",
        ] {
            assert!(diagram(source).is_err_and(|why| why.contains("nested")));
        }
    }

    #[test]
    fn a_panic_is_caught_and_known_to_be() {
        assert_eq!(guard(|| assert!(guarded())), Some(()));
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !guarded() {
                quiet(panic);
            }
        }));
        assert_eq!(guard(|| unreachable!("on purpose")), None::<()>);
        assert!(!guarded());
        let _ = std::panic::take_hook();
    }
}
