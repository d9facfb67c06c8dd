//! The stream load header `columns`.

/// One item of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// The name, without backticks.
    pub(crate) name: String,
    /// Whether it is computed (`name = expression`) rather than read from the data.
    pub(crate) computed: bool,
}

/// The items of a user's `columns`: split at the commas that are in no brackets and no quotes.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let (mut depth, mut quote, mut start) = (0usize, None, 0);
    let mut equals = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, '=') if depth == 0 && equals.is_none() => equals = Some(at),
            (None, ',') if depth == 0 => {
                items.push(item(&text[start..at], equals.map(|e| e - start)));
                (start, equals) = (at + 1, None);
            }
            _ => {}
        }
    }
    items.push(item(&text[start..], equals.map(|e| e - start)));
    items
}

fn item(text: &str, equals: Option<usize>) -> Item {
    let name = text[..equals.unwrap_or(text.len())].trim();
    let name = name.strip_prefix('`').and_then(|n| n.strip_suffix('`')).unwrap_or(name);
    Item { name: name.to_owned(), computed: equals.is_some() }
}

/// The header for these names.
pub(crate) fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_split_outside_of_brackets_and_quotes() {
        let read = items(" a,`b,c` , x = concat(a, ',', if(b=1, '(', 'b')) ,__OP='delete'");
        let expected =
            [("a", false), ("b,c", false), ("x", true), ("__OP", true)].map(|(n, c)| (n.to_owned(), c));
        assert_eq!(read.into_iter().map(|i| (i.name, i.computed)).collect::<Vec<_>>(), expected);
    }
}
