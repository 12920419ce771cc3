//! The layout of JSON, changed without touching what it says: only blanks between tokens come and go, so that digits, escapes,
//! doubled keys and the order of keys stay as they are. (A parser that builds values would round the digits.)

use super::is_json;

/// One value a line, indented by two blanks; `None` where the text is no JSON.
pub fn pretty(text: &str) -> Option<String> {
    is_json(text).then(|| {
        let mut out = String::with_capacity(text.len() * 2);
        let mut depth = 0;
        let mut tokens = Tokens(text).peekable();
        while let Some(token) = tokens.next() {
            match token {
                "{" | "[" => {
                    out.push_str(token);
                    if matches!(tokens.peek(), Some(&("}" | "]"))) {
                        out.push_str(tokens.next().unwrap_or_default());
                    } else {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
                "}" | "]" => {
                    depth = depth.saturating_sub(1);
                    line(&mut out, depth);
                    out.push_str(token);
                }
                "," => {
                    out.push(',');
                    line(&mut out, depth);
                }
                ":" => out.push_str(": "),
                token => out.push_str(token),
            }
        }
        out
    })
}

/// No blanks between tokens; `None` where the text is no JSON.
pub fn compact(text: &str) -> Option<String> {
    is_json(text).then(|| Tokens(text).collect())
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// The tokens of valid JSON, as they are written.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
        let end = match rest.as_bytes().first()? {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            b'"' => string_end(rest.as_bytes()),
            _ => rest.find(['{', '}', '[', ']', ',', ':', '"', ' ', '\t', '\n', '\r']).unwrap_or(rest.len()),
        };
        let (token, rest) = rest.split_at(end);
        self.0 = rest;
        Some(token)
    }
}

/// Behind the closing quote of the string that begins here.
fn string_end(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_between_tokens_change() {
        let text = r#"{"a" : [1.50, 12345678901234567890123, "x\" ,[\u00e9"], "e":{}, "l":[ ], "a":null}"#;
        let laid_out = pretty(text).unwrap_or_default();
        insta::assert_snapshot!(laid_out, @r#"
        {
          "a": [
            1.50,
            12345678901234567890123,
            "x\" ,[\u00e9"
          ],
          "e": {},
          "l": [],
          "a": null
        }
        "#);
        let short = r#"{"a":[1.50,12345678901234567890123,"x\" ,[\u00e9"],"e":{},"l":[],"a":null}"#;
        assert_eq!(compact(&laid_out).as_deref(), Some(short));
        assert_eq!(pretty(short), Some(laid_out));
        assert_eq!(pretty("{"), None);
    }
}
