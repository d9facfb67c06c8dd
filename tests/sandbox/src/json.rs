//! JSON bodies: cut into the objects that are rows, each value left as its raw token.

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// A row: keys with raw values, in order.
pub type Object<'a> = Vec<(String, &'a RawValue)>;

/// Reads one JSON object.
pub fn object(text: &str) -> Result<Object<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members)?;
    deserializer.end()?;
    Ok(members)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or(16));
        while let Some(entry) = map.next_entry::<String, &RawValue>()? {
            members.push(entry);
        }
        Ok(members)
    }
}

/// A path of the simple kind: `$`, `$.a.b`, `$.a[0]`, `$["a b"]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("Invalid json path: {text}");
        let mut rest = text.trim().strip_prefix('$').ok_or_else(bad)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                if let Some(quoted) = after.strip_prefix('"') {
                    let end = quoted.find('"').ok_or_else(bad)?;
                    steps.push(Step::Key(quoted[..end].to_owned()));
                    rest = &quoted[end + 1..];
                } else {
                    let end = after.find(['.', '[']).unwrap_or(after.len());
                    if end == 0 {
                        return Err(bad());
                    }
                    steps.push(Step::Key(after[..end].to_owned()));
                    rest = &after[end..];
                }
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = after.find(']').ok_or_else(bad)?;
                let inner = &after[..end];
                steps.push(match inner.strip_prefix(['"', '\'']) {
                    Some(key) => Step::Key(key.strip_suffix(['"', '\'']).ok_or_else(bad)?.to_owned()),
                    None => Step::Index(inner.parse().map_err(|_| bad())?),
                });
                rest = &after[end + 1..];
            } else {
                return Err(bad());
            }
        }
        Ok(Self(steps))
    }

    /// What the path leads to in `value`.
    pub fn find<'a>(&self, value: &'a RawValue) -> Option<&'a RawValue> {
        let mut at = value;
        for step in &self.0 {
            at = match step {
                Step::Key(key) => object(at.get()).ok()?.into_iter().find(|(k, _)| k == key)?.1,
                Step::Index(i) => {
                    serde_json::from_str::<Vec<&RawValue>>(at.get()).ok()?.into_iter().nth(*i)?
                }
            };
        }
        Some(at)
    }
}

/// Cuts a body into rows. The messages are the server's.
pub fn rows<'a>(
    body: &'a str,
    strip_outer_array: bool,
    root: Option<&Path>,
) -> Result<Vec<&'a RawValue>, String> {
    let body = body.trim_matches([' ', '\t', '\r', '\n']);
    match body.as_bytes().first() {
        None => return Ok(Vec::new()),
        Some(b'{' | b'[') => {}
        Some(other) => return Err(format!("illegal json started with {}", char::from(*other))),
    }
    if let Some(root) = root {
        let mut out = Vec::new();
        for document in stream(body)? {
            let documents =
                if document.get().starts_with('[') { array(document.get())? } else { vec![document] };
            for document in documents {
                let Some(value) = root.find(document) else { continue };
                if strip_outer_array && value.get().starts_with('[') {
                    out.extend(array(value.get())?);
                } else {
                    out.push(value);
                }
            }
        }
        return Ok(out);
    }
    if strip_outer_array {
        if !body.starts_with('[') {
            let start: String = body.chars().take(60).collect();
            return Err(format!(
                "the value should be array type with strip_outer_array=true, value: {start}"
            ));
        }
        return array(body);
    }
    if body.starts_with('[') {
        return Err(
            "The value is array type in json document stream, you can set strip_outer_array=true to parse \
                    each element of the array as individual rows"
                .to_owned(),
        );
    }
    stream(body)
}

fn array(text: &str) -> Result<Vec<&RawValue>, String> {
    serde_json::from_str(text).map_err(|e| format!("Failed to parse json as array. error: {e}"))
}

fn stream(text: &str) -> Result<Vec<&RawValue>, String> {
    serde_json::Deserializer::from_str(text)
        .into_iter::<&RawValue>()
        .collect::<Result<_, _>>()
        .map_err(|e| format!("Failed to iterate document stream as object. error: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(rows: &[&'a RawValue]) -> Vec<&'a str> {
        rows.iter().map(|r| r.get()).collect()
    }

    #[test]
    fn cuts_arrays_and_streams() {
        assert_eq!(texts(&rows(" [{\"a\":1},{\"a\":2}]\n", true, None).unwrap()), ["{\"a\":1}", "{\"a\":2}"]);
        assert_eq!(texts(&rows("{\"a\":1}\n{\"a\":2}", false, None).unwrap()), ["{\"a\":1}", "{\"a\":2}"]);
        assert!(rows("{\"a\":1},{\"a\":2}", false, None).is_err());
        assert!(rows("[{}]", false, None).unwrap_err().contains("strip_outer_array=true"));
        assert!(rows("{}", true, None).unwrap_err().starts_with("the value should be array"));
        assert!(rows("hello", true, None).unwrap_err().starts_with("illegal json started with h"));
        assert!(rows("[{\"a\":NaN}]", true, None).is_err());
    }

    #[test]
    fn follows_paths() {
        let body = r#"{"data":{"rows":[{"a":{"b c":[10,20]}}]}}"#;
        let root = Path::parse("$.data.rows").unwrap();
        let found = rows(body, true, Some(&root)).unwrap();
        assert_eq!(found.len(), 1);
        let path = Path::parse("$.a[\"b c\"][1]").unwrap();
        assert_eq!(path.find(found[0]).unwrap().get(), "20");
        assert!(Path::parse("a.b").is_err());
    }

    #[test]
    fn keeps_raw_tokens_and_unescapes_keys() {
        let members = object(r#"{"a\u0062": 1.2300, "x":"é"}"#).unwrap();
        assert_eq!(members[0].0, "ab");
        assert_eq!(members[0].1.get(), "1.2300");
    }
}
