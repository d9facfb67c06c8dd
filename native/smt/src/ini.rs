//! The configuration file's lines: sections, and keys with raw values.

/// `[name]` and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// Where it begins, from 1.
    pub(crate) line: usize,
    pub(crate) entries: Vec<Entry>,
}

/// `key = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// As written, without the blanks around it: no quotes, no escapes, and `#` is a character as any other.
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// Reads all of it, or says what is wrong with each line that is no line of a configuration.
pub(crate) fn parse(text: &str) -> Result<Vec<Section>, Vec<String>> {
    let mut sections: Vec<Section> = Vec::new();
    let mut problems = Vec::new();
    for (line, text) in
        text.trim_start_matches('\u{feff}').lines().enumerate().map(|(i, l)| (i + 1, l.trim()))
    {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(name) = text.strip_prefix('[') {
            match name.strip_suffix(']').map(str::trim) {
                Some(name) if !name.is_empty() => {
                    if let Some(first) = sections.iter().find(|s| s.name == name) {
                        problems.push(format!(
                            "line {line}: section [{name}] is there already, in line {}; give this one a name of its own, \
                             or join the two",
                            first.line
                        ));
                    }
                    sections.push(Section { name: name.to_owned(), line, entries: Vec::new() });
                }
                _ => problems.push(format!("line {line}: a section is written [name]")),
            }
            continue;
        }
        // What the line holds isn't shown: it may be a password.
        let Some((key, value)) = text.split_once('=') else {
            problems
                .push(format!("line {line}: neither a [section], nor key = value, nor a comment (# ...)"));
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let Some(section) = sections.last_mut() else {
            problems.push(format!("line {line}: the key '{key}' stands before the first [section]"));
            continue;
        };
        if let Some(first) = section.entries.iter().find(|e| e.key == key) {
            problems.push(format!(
                "line {line}: '{key}' is set twice in [{}], first in line {}; remove one",
                section.name, first.line
            ));
        }
        section.entries.push(Entry { key: key.to_owned(), value: value.to_owned(), line });
    }
    if problems.is_empty() { Ok(sections) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().remove(0).entries.into_iter().map(|e| (e.key, e.value)).collect()
    }

    #[test]
    fn values_are_raw() {
        let text = "\u{feff}# a comment\n### another\n\n[s]\r\na= x=y\nb =p#w;d \nc=\\x01\nd =\n # [t]\ne = \"quoted\"";
        let expected = [("a", "x=y"), ("b", "p#w;d"), ("c", "\\x01"), ("d", ""), ("e", "\"quoted\"")]
            .map(|(k, v)| (k.into(), v.into()));
        assert_eq!(values(text), expected);
    }

    #[test]
    fn every_wrong_line_is_named_and_none_shown() {
        let problems = parse("x = 1\n[s]\na = 1\nsecret\na = 2\n[s]\n[open\n").unwrap_err();
        let starts = [
            "line 1:",
            "line 4:",
            "line 5: 'a' is set twice in [s], first in line 3",
            "line 6: section [s]",
            "line 7:",
        ];
        assert_eq!(problems.len(), starts.len(), "{problems:?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start), "{problem}");
        }
        assert!(!problems.join(" ").contains("secret"));
    }

    proptest! {
        #[test]
        fn any_value_on_one_line_survives(value in "[^\\r\\n\u{b}\u{c}\u{85}\u{2028}\u{2029}]{0,40}", blanks in "[ \t]{0,3}") {
            let text = format!("[s]\n{blanks}key{blanks}={blanks}{value}{blanks}\n");
            prop_assert_eq!(values(&text), vec![("key".to_owned(), value.trim().to_owned())]);
        }
    }
}
