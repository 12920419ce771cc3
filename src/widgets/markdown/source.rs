//! What the rows hold beside Markdown: line breaks written out as two characters, and `<br>`.

use std::borrow::Cow;

/// Some rows hold their line breaks as the two characters `\n`: all of them, or some beside real ones. Where all are, each breaks;
/// else those outside of code that a block's beginning follows.
pub(super) fn with_breaks(text: &str) -> Cow<'_, str> {
    if !text.contains("\\n") {
        return Cow::Borrowed(text);
    }
    if !text.contains('\n') {
        return Cow::Owned(text.replace("\\r\\n", "\n").replace("\\n", "\n"));
    }
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for line in text.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("\\n").filter(|_| fence || !in_code) {
            out.push_str(before);
            out.push_str(if begins_block(after) { "\n" } else { "\\n" });
            rest = after;
        }
        out.push_str(rest);
        in_code ^= fence;
    }
    Cow::Owned(out)
}

/// Whether a text begins like a heading, an item of a list, a table, a quotation, a fence or another written-out break.
fn begins_block(text: &str) -> bool {
    let text = text.trim_start_matches(' ');
    let number = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    ["\\n", "#", "- ", "* ", "| ", "> ", "```"].iter().any(|start| text.starts_with(start))
        || (number.len() < text.len() && number.starts_with(". "))
}

/// The length of a `<br>`, `<br/>`, `<BR class="x" />` at the beginning of this text.
pub(super) fn break_tag(text: &str) -> Option<usize> {
    let name = text.as_bytes().get(1..3)?;
    if !name.eq_ignore_ascii_case(b"br") {
        return None;
    }
    // No tag has another one in it; a text of nothing but beginnings of tags would be searched to its end for each.
    let end = 1 + text[1..].find(['<', '>']).filter(|end| text.as_bytes()[1 + end] == b'>')?;
    let after = text.as_bytes().get(3)?;
    (!after.is_ascii_alphanumeric()).then_some(end + 1)
}
