//! The user's stream load properties.

use std::collections::BTreeMap;

use starrocks_row::Pairs;

use crate::error::PlanError;

/// Where the properties lie among the options.
pub(crate) const PREFIX: &str = "sink.properties.";

/// The user's `sink.properties.*`: names in lower case without that prefix, and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    map: BTreeMap<String, String>,
}

impl Properties {
    /// Takes all options that start with `sink.properties.` out of the configuration.
    ///
    /// # Errors
    ///
    /// When a value is not UTF-8, or two names differ only in case.
    pub fn from_pairs(pairs: &Pairs<'_>) -> Result<Self, PlanError> {
        let mut named = Vec::new();
        for (key, _) in pairs.iter() {
            if let Some(name) = key.strip_prefix(PREFIX) {
                named.push((name, pairs.require(key)?));
            }
        }
        Self::new(named)
    }

    /// Properties by name, without the prefix.
    ///
    /// # Errors
    ///
    /// When two names differ only in case: header names have none.
    pub fn new<N: AsRef<str>, V: Into<String>>(
        named: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, PlanError> {
        let mut map = BTreeMap::new();
        for (name, value) in named {
            let name = name.as_ref().to_ascii_lowercase();
            if map.contains_key(&name) {
                return Err(PlanError::new(format!("'{PREFIX}{name}' is given twice")));
            }
            map.insert(name, value.into());
        }
        Ok(Self { map })
    }

    /// The value of a name in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.map.get(name).map(String::as_str)
    }

    /// All properties, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.map.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_properties_are_taken_and_their_names_lowered() {
        let bytes = starrocks_row::pairs::encode::<str>(&[
            ("password", "x"),
            ("sink.properties.Format", "json"),
            ("sink.properties.columns", "a,b"),
        ]);
        let properties = Properties::from_pairs(&Pairs::decode(&bytes).unwrap()).unwrap();
        assert_eq!(properties.iter().collect::<Vec<_>>(), [("columns", "a,b"), ("format", "json")]);
        assert_eq!(properties.get("format"), Some("json"));
    }

    #[test]
    fn names_that_differ_only_in_case_are_an_error() {
        let error = Properties::new([("a", "1"), ("A", "2")]).unwrap_err();
        assert_eq!(error.to_string(), "'sink.properties.a' is given twice");
    }
}
