//! Names in their two forms: logical (camelCase) and physical (snake_case).

/// A name without case and underscores: `questionHistory` and `question_history` are the same table.
pub fn canonical(name: &str) -> String {
    name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn both_forms_are_one() {
        assert_eq!(canonical("questionHistory"), canonical("question_history"));
        assert_ne!(canonical("question"), canonical("questions"));
    }
}
