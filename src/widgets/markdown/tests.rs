//! What documents look like, and that no text breaks them.

use proptest::prelude::*;

use super::*;
use crate::{domain::syntax::Token, theme::Role, widgets::safe};

fn shown(text: &str, width: u16) -> String {
    let lines = Document::parse(text).lines(width, &|_| None);
    lines.iter().map(|line| line.text() + "\n").collect()
}

#[test]
fn headings_and_paragraphs() {
    let text = "# Why *this*\n\nA paragraph whose words\ngo on **and on**, with `code  x` and ~~old~~ text.\\\nBroken.\n\n## Next\nEnd\n\n---\n### Third";
    insta::assert_snapshot!(shown(text, 30), @r"
    Why this
    ━━━━━━━━

    A paragraph whose words go on
    and on, with code  x and old
    text.
    Broken.

    Next

    End

    ──────────────────────────────

    Third
    ");
}

#[test]
fn lists_hang() {
    let text = "- one two three four five six seven\n- two\n  - inner\n    1. deep\n- [x] done\n- [ ] open\n\n9. nine\n10. ten\n\n    with a second paragraph\n\n-\n- after an empty one";
    insta::assert_snapshot!(shown(text, 26), @r"
    • one two three four five
      six seven
    • two
      ◦ inner
        1. deep
    ☑ done
    ☐ open

     9. nine

    10. ten

        with a second
        paragraph

    • 
    • after an empty one
    ");
}

#[test]
fn quotes_and_alerts_have_a_bar() {
    insta::assert_snapshot!(shown("> a quotation that wraps\n> > inside\n\n> [!WARNING]\n> Take care.\n", 18), @r"
    ▎ a quotation that
    ▎ wraps
    ▎ 
    ▎ ▎ inside

    ▎ Warning
    ▎ Take care.
    ");
}

#[test]
fn code_stands_on_its_ground() {
    let text = "Look:\n\n```rust,ignore\nfn main() {\n\tlet x = \"\u{1b}[31m a long line that nobody wraps\";\n}\n```\n\n    indented\n";
    let document = Document::parse(text);
    let lines = document.lines(20, &|_| None);
    insta::assert_snapshot!(shown(text, 20), @r#"
    Look:

     rust
     fn main() {
         let x = "␛[31m a long line that nobody wraps";
     }

     indented
    "#);
    assert_eq!(lines.iter().filter(|line| line.ground == Some(Role::CodeBlock)).count(), 5);
    let [Job::Highlight { language, source }] = &document.jobs()[..] else { unreachable!("one job") };
    assert_eq!(&**language, "rust,ignore");
    assert!(source.starts_with("fn main"));
    // With the colours that came later.
    let answer = Arc::new(vec![vec![(Token::Keyword, "fn".to_owned()), (Token::Plain, " main".to_owned())]]);
    let lines = document.lines(20, &|_| Some(Arc::clone(&answer)));
    assert_eq!(lines[3].spans[1].role, Role::SyntaxKeyword);
}

#[test]
fn tables_fit() {
    let text = "| Factor | Quicksort | n |\n|:--|:-:|--:|\n| Time complexity | O(n log n) on average, O(n²) at worst | 1 |\n| 日本語 | [link](https://example.org/very/long) | 22 |\n| short |\n";
    insta::assert_snapshot!(shown(text, 80), @r"
    ┌─────────────────┬───────────────────────────────────────┬────┐
    │ Factor          │               Quicksort               │  n │
    ├─────────────────┼───────────────────────────────────────┼────┤
    │ Time complexity │ O(n log n) on average, O(n²) at worst │  1 │
    │ 日本語          │                 link                  │ 22 │
    │ short           │                                       │    │
    └─────────────────┴───────────────────────────────────────┴────┘
    ");
    insta::assert_snapshot!(shown(text, 40), @r"
    ┌────────────────┬────────────────┬────┐
    │ Factor         │   Quicksort    │  n │
    ├────────────────┼────────────────┼────┤
    │ Time           │ O(n log n) on  │  1 │
    │ complexity     │ average, O(n²) │    │
    │                │    at worst    │    │
    ├────────────────┼────────────────┼────┤
    │ 日本語         │      link      │ 22 │
    ├────────────────┼────────────────┼────┤
    │ short          │                │    │
    └────────────────┴────────────────┴────┘
    ");
    insta::assert_snapshot!(shown(text, 16), @r"
    Factor
      Time
      complexity
    Quicksort
      O(n log n) on
      average, O(n²)
      at worst
    n
      1
    ────────────────
    Factor
      日本語
    Quicksort
      link
    n
      22
    ────────────────
    Factor
      short
    ");
}

#[test]
fn links_images_and_footnotes() {
    let text = "See [the docs](https://example.org/a) or <https://example.org>, ![a *picture*](x.png) and a note[^1].\n\n[^1]: The note.\n";
    insta::assert_snapshot!(shown(text, 60), @r"
    See the docs (https://example.org/a) or https://example.org,
    [image: a picture] and a note[1].

    [1] The note.
    ");
    let lines = Document::parse(text).lines(60, &|_| None);
    let links: Vec<&str> = lines.iter().flat_map(|line| &line.spans).filter_map(|span| span.link.as_deref()).collect();
    assert!(links.contains(&"https://example.org/a") && links.contains(&"x.png"));
}

#[test]
fn html_is_shown_but_for_its_breaks() {
    insta::assert_snapshot!(shown("| a | b |\n|---|---|\n| one<br>two | <i>x</i> |", 40), @r"
    ┌─────┬──────────┐
    │ a   │ b        │
    ├─────┼──────────┤
    │ one │ <i>x</i> │
    │ two │          │
    └─────┴──────────┘
    ");
    insta::assert_snapshot!(shown("one<br>two<BR />three <b>bold</b> <brand>\n\n<div>\n<p>x<br/>y\n</div>\n\na &lt; b&nbsp;c", 60), @r"
    one
    two
    three <b>bold</b> <brand>

    <div>
    <p>x
    y
    </div>

    a < b c
    ");
}

#[test]
fn breaks_written_out_break_where_there_are_no_others() {
    insta::assert_snapshot!(shown("## Title\\n\\n- one\\n- two", 30), @r"
    Title

    • one
    • two
    ");
    insta::assert_snapshot!(shown("```\nprintf(\"\\n- x\")\n```\\n\\n## Next\\n- one\\n- two \\not", 30), @r#"
     printf("\n- x")

    Next

    • one
    • two \not
    "#);
    assert_eq!(shown("a\nprintf(\"\\n\")", 30), "a printf(\"\\n\")\n");
}

#[test]
fn words_break_where_they_must() {
    insta::assert_snapshot!(shown("日本語の文章は、どこでも改行できます。abcdefghijklmnopqrstuvwxyz 👩‍👩‍👧 ok", 12), @r"
    日本語の文章
    は、どこでも
    改行できま
    す。
    abcdefghijkl
    mnopqrstuvwx
    yz 👩‍👩‍👧 ok
    ");
}

#[test]
fn deep_nesting_ends() {
    let text = "> ".repeat(3_000) + "deep\n";
    let lines = Document::parse(&text).lines(40, &|_| None);
    assert!(lines.iter().any(|line| line.text().ends_with("deep")));
    let text: String = (0..500).map(|depth| format!("{}- x{depth}\n", "  ".repeat(depth))).collect();
    assert!(Document::parse(&text).lines(40, &|_| None).iter().any(|line| line.text().contains("x499")));
}

fn fits(text: &str, width: u16) -> Result<(), TestCaseError> {
    for line in Document::parse(text).lines(width, &|_| None) {
        let shown = line.text();
        prop_assert_eq!(&*safe::safe(&shown), &shown);
        if line.ground.is_none() {
            prop_assert!(safe::width(&shown) <= usize::from(width), "{:?} is wider than {}", shown, width);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn markdown_of_any_kind_fits(
        pieces in proptest::collection::vec(prop_oneof![
            "[a-z]{1,12}", "[ \n]{1,3}", "\n[-*>#|] ", "\n\n", "[*_`~\\[\\]()!<>|&\\\\]{1,3}", "\n\\| a \\| b \\|\n\\|--\\|:-:\\|\n",
            "[日本語한국어、。👍é]{1,9}", "\n```rs\n", "<br>", "\n1. ", "    ", "\\[x\\] ", "https://x\\.y ", "\\PC",
        ], 0..60),
        width in 12_u16..90,
    ) {
        fits(&pieces.concat(), width)?;
    }

    #[test]
    fn no_text_at_all_makes_it_panic(text in any::<String>(), width in 0_u16..40) {
        Document::parse(&text).lines(width, &|_| None);
    }
}
