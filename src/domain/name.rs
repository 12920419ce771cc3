//! Names in their two forms: logical (camelCase) and physical (snake_case).

/// A name without case and underscores: `questionHistory` and `question_history` are the same table.
pub fn canonical(name: &str) -> String {
    letters(name).collect()
}

/// Whether two names are one but for case and underscores; as comparing their canonical forms, which are not made for it: columns are
/// looked for often.
pub fn is_same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::{canonical, is_same};

    #[test]
    fn both_forms_are_one() {
        assert_eq!(canonical("questionHistory"), canonical("question_history"));
        assert_ne!(canonical("question"), canonical("questions"));
        for (one, other) in
            [("questionHistory", "QUESTION_HISTORY"), ("question", "questions"), ("İd", "id"), ("_", "")]
        {
            assert_eq!(is_same(one, other), canonical(one) == canonical(other), "{one} {other}");
        }
    }
}
