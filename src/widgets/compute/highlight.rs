//! Source text to tokens, by the grammars of `two-face`.

use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::{
    domain::syntax::{HighlightedLines, Token},
    widgets::safe,
};

/// Source longer than this stays plain: nobody reads it for its colours, and it would take seconds.
const LONGEST: usize = 200_000;
/// So does a line longer than this (minified code), for regular expressions that look ahead.
const LONGEST_LINE: usize = 4_000;

/// The grammars: immutable once loaded, as loading them takes some milliseconds.
static GRAMMARS: OnceLock<Grammars> = OnceLock::new();

struct Grammars {
    set: SyntaxSet,
    rules: Vec<(Scope, Token)>,
}

/// The tokens of each line, harmless; one plain token a line where the language is not known.
pub(super) fn lines(language: &str, source: &str) -> HighlightedLines {
    if source.len() > LONGEST {
        return plain(source);
    }
    let grammars = GRAMMARS.get_or_init(Grammars::load);
    let Some(grammar) = grammars.find(language) else { return plain(source) };
    let mut state = ParseState::new(grammar);
    let mut stack = ScopeStack::new();
    source_lines(source)
        .map(|line| {
            if line.len() > LONGEST_LINE {
                return vec![(Token::Plain, safe::expanded(line))];
            }
            grammars.line(line, &mut state, &mut stack)
        })
        .collect()
}

/// The lines without any colour.
pub(super) fn plain(source: &str) -> HighlightedLines {
    source_lines(source).map(|line| vec![(Token::Plain, safe::expanded(line))]).collect()
}

fn source_lines(source: &str) -> impl Iterator<Item = &str> {
    source.lines()
}

impl Grammars {
    fn load() -> Self {
        let rules = RULES.iter().filter_map(|(scope, token)| Some((Scope::new(scope).ok()?, *token))).collect();
        Self { set: two_face::syntax::extra_newlines(), rules }
    }

    fn find(&self, language: &str) -> Option<&SyntaxReference> {
        // ```rust,ignore  ```js {1,3}  ```c++ title="x"
        let word = language.split([' ', ',', '{', ':', ';']).find(|word| !word.is_empty())?.to_lowercase();
        let word = word.trim_start_matches(['.', '{']);
        let name = ALIASES.iter().find(|(alias, _)| *alias == word).map_or(word, |(_, name)| *name);
        self.set.find_syntax_by_token(name)
    }

    fn line(&self, line: &str, state: &mut ParseState, stack: &mut ScopeStack) -> Vec<(Token, String)> {
        let text = format!("{line}\n");
        let Ok(changes) = state.parse_line(&text, &self.set) else {
            return vec![(Token::Plain, safe::expanded(line))];
        };
        let mut tokens: Vec<(Token, String)> = Vec::new();
        let mut from = 0;
        let push = |tokens: &mut Vec<(Token, String)>, token: Token, piece: &str| {
            if piece.is_empty() {
                return;
            }
            match tokens.last_mut() {
                // Blanks take the token before them: fewer pieces, the same picture.
                Some((last, text)) if *last == token || piece.trim().is_empty() => text.push_str(piece),
                _ => tokens.push((token, piece.to_owned())),
            }
        };
        for (at, change) in changes {
            let to = at.min(line.len());
            if to > from {
                push(&mut tokens, self.token(stack), &line[from..to]);
                from = to;
            }
            if stack.apply(&change).is_err() {
                break;
            }
        }
        push(&mut tokens, self.token(stack), &line[from..]);
        harmless(tokens)
    }

    /// What the innermost scope that says anything says.
    fn token(&self, stack: &ScopeStack) -> Token {
        let scopes = stack.as_slice();
        let found = scopes
            .iter()
            .rev()
            .find_map(|scope| self.rules.iter().find(|(rule, _)| rule.is_prefix_of(*scope)).map(|(_, token)| *token));
        let token = found.unwrap_or(Token::Plain);
        if token == Token::String && scopes.iter().any(|scope| KEYS.iter().any(|key| names(*scope, key))) {
            return Token::Property;
        }
        token
    }
}

fn names(scope: Scope, prefix: &str) -> bool {
    Scope::new(prefix).is_ok_and(|prefix| prefix.is_prefix_of(scope))
}

/// Tabs widened by their column in the line, and the rest made harmless.
fn harmless(tokens: Vec<(Token, String)>) -> Vec<(Token, String)> {
    let mut column = 0;
    tokens
        .into_iter()
        .map(|(token, text)| {
            let mut shown = String::with_capacity(text.len());
            for piece in safe::pieces(&text) {
                if piece.kind == safe::Kind::Tab {
                    let blanks = 4 - column % 4;
                    shown.extend(std::iter::repeat_n(' ', blanks));
                    column += blanks;
                } else {
                    shown.push_str(piece.text);
                    column += usize::from(piece.width);
                }
            }
            (token, shown)
        })
        .collect()
}

/// Where a string is the name of a field.
const KEYS: [&str; 2] = ["meta.mapping.key", "meta.structure.dictionary.key"];

/// Scopes (<https://www.sublimetext.com/docs/scope_naming.html>) to tokens, the more special ones first.
const RULES: &[(&str, Token)] = &[
    ("comment", Token::Comment),
    ("punctuation.definition.comment", Token::Comment),
    ("constant", Token::Constant),
    ("string", Token::String),
    ("punctuation.definition.string", Token::String),
    ("keyword.operator.word", Token::Keyword),
    ("keyword.operator.logical.python", Token::Keyword),
    ("keyword.operator", Token::Operator),
    ("keyword.declaration", Token::Keyword),
    ("keyword", Token::Keyword),
    ("storage.type.numeric", Token::Type),
    ("storage.type.c", Token::Type),
    ("storage.type.primitive", Token::Type),
    ("storage", Token::Keyword),
    ("entity.name.function", Token::Function),
    ("entity.name.tag", Token::Property),
    ("entity.name.label", Token::Property),
    ("entity.name.section", Token::Keyword),
    ("entity.other.attribute-name", Token::Property),
    ("entity.name", Token::Type),
    ("entity.other.inherited-class", Token::Type),
    ("support.function", Token::Function),
    ("support.macro", Token::Function),
    ("support.type.property-name", Token::Property),
    ("support.constant", Token::Constant),
    ("support", Token::Type),
    ("variable.function", Token::Function),
    ("variable.language", Token::Keyword),
    ("variable.annotation", Token::Property),
    ("variable", Token::Variable),
    ("markup.heading", Token::Keyword),
    ("markup.raw", Token::String),
    ("markup.inserted", Token::String),
    ("markup.deleted", Token::Keyword),
    ("punctuation", Token::Operator),
];

/// Names people write after the fence, where the grammars have another.
const ALIASES: &[(&str, &str)] = &[
    ("golang", "go"),
    ("javascript", "js"),
    ("node", "js"),
    ("mjs", "js"),
    ("cjs", "js"),
    ("typescript", "ts"),
    ("jsx", "js"),
    ("python3", "py"),
    ("python", "py"),
    ("ruby", "rb"),
    ("shell", "sh"),
    ("console", "sh"),
    ("shellscript", "sh"),
    ("zsh", "sh"),
    ("ksh", "sh"),
    ("yml", "yaml"),
    ("c++", "cpp"),
    ("cxx", "cpp"),
    ("c#", "cs"),
    ("csharp", "cs"),
    ("dockerfile", "Dockerfile"),
    ("docker", "Dockerfile"),
    ("containerfile", "Dockerfile"),
    ("makefile", "Makefile"),
    ("make", "Makefile"),
    ("terraform", "tf"),
    ("hcl", "tf"),
    ("protobuf", "proto"),
    ("gql", "graphql"),
    ("kotlin", "kt"),
    ("objective-c", "m"),
    ("objc", "m"),
    ("rust", "rs"),
    ("jsonc", "json"),
    ("json5", "json"),
    ("plsql", "sql"),
    ("postgres", "sql"),
    ("postgresql", "sql"),
    ("mysql", "sql"),
    ("sqlite", "sql"),
    ("plpgsql", "sql"),
    ("ps1", "powershell"),
    ("pwsh", "powershell"),
    ("vue", "vue"),
    ("svg", "xml"),
    ("xhtml", "html"),
    ("http", "http request and response"),
    ("promql", "sql"),
    ("env", "dotenv"),
    ("patch", "diff"),
];

/// Whether there is a grammar for it.
#[cfg(test)]
pub(super) fn is_known(language: &str) -> bool {
    GRAMMARS.get_or_init(Grammars::load).find(language).is_some()
}
