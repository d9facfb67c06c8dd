//! Quoting of names and texts in the SQL of Flink and StarRocks, and of names in the patterns of the CDC source.

/// A name in backticks; both dialects double a backtick inside.
pub(crate) fn name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Names in backticks, separated by `, `.
pub(crate) fn names<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|n| name(n.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A string of Flink SQL: a backslash means itself, a quote is doubled.
///
/// (Flink documentation, "SQL", section "Syntax"; `'\x01'` stays four characters, which the sink understands.)
pub(crate) fn flink_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A string of StarRocks' SQL in double quotes, always on one line: scripts are cut at a `;` that ends a line.
pub(crate) fn starrocks_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\x1a' => out.push_str("\\Z"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A name as a pattern that matches it alone.
///
/// The CDC source takes `database-name` and `table-name` for Java regular expressions: an unescaped dot in `t.x` would
/// match `tax` too. Commas are escaped because the source cuts its list of patterns at bare ones.
pub(crate) fn pattern(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(
            c,
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | ','
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a quoted text back, by the rules of the dialect.
    fn unquote(sql: &str, quote: char, backslash: bool) -> Option<String> {
        let inner = sql.strip_prefix(quote)?.strip_suffix(quote)?;
        let mut chars = inner.chars();
        let mut text = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' if backslash => text.push(match chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    '0' => '\0',
                    'Z' => '\x1a',
                    other => other,
                }),
                c if c == quote => {
                    (chars.next()? == quote).then_some(())?;
                    text.push(quote);
                }
                c => text.push(c),
            }
        }
        Some(text)
    }

    proptest! {
        #[test]
        fn names_read_back(text in any::<String>()) {
            prop_assert_eq!(unquote(&name(&text), '`', false), Some(text));
        }

        #[test]
        fn flink_texts_read_back(text in any::<String>()) {
            prop_assert_eq!(unquote(&flink_text(&text), '\'', false), Some(text));
        }

        #[test]
        fn starrocks_texts_read_back_and_stay_on_a_line(text in any::<String>(), awkward in "[\"\\\\\n\r;`']{0,12}") {
            let text = text + &awkward;
            let sql = starrocks_text(&text);
            prop_assert!(!sql.contains('\n'));
            prop_assert_eq!(unquote(&sql, '"', true), Some(text));
        }

        #[test]
        fn a_pattern_matches_its_name_alone(text in "[a-z.\\\\*+?()|\\[\\]{}^$,é漢 -]{1,12}", other in "[a-z.]{1,12}") {
            let pattern = regex::Regex::new(&format!("^(?:{})$", pattern(&text))).unwrap();
            prop_assert!(pattern.is_match(&text));
            prop_assert_eq!(pattern.is_match(&other), other == text);
        }
    }
}
