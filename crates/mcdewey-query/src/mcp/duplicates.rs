//! Finds duplicate members of JSON objects. Parsers differ in which of the two they keep, so one
//! parser may act on a value that another never validated; messages with duplicates are therefore
//! rejected.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Returns an error message for the first duplicate member at any depth. `json` must be valid.
pub(super) fn find_duplicate_member(json: &[u8]) -> Option<String> {
    serde_json::from_slice::<UniqueMembers>(json)
        .err()
        .map(|error| error.to_string())
}

/// Any JSON value in which no object has two members of the same name.
struct UniqueMembers;

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueMembersVisitor)
    }
}

struct UniqueMembersVisitor;

impl<'de> Visitor<'de> for UniqueMembersVisitor {
    type Value = UniqueMembers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<UniqueMembers, A::Error> {
        while elements.next_element::<UniqueMembers>()?.is_some() {}
        Ok(UniqueMembers)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<UniqueMembers, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("{name:?} is given twice")));
            }
            names.insert(name);
            members.next_value::<UniqueMembers>()?;
        }

        Ok(UniqueMembers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_member_is_reported_at_any_depth() {
        for json in [
            r#"{"id": 1, "id": 1}"#,
            r#"{"params": {"id": 1, "id": 2}}"#,
            r#"[0, -1, 1.5, true, null, "x", [{"a": {"id": 1, "\u0069d": 2}}]]"#,
        ] {
            let message = find_duplicate_member(json.as_bytes()).expect(json);
            assert!(message.starts_with("\"id\" is given twice"), "{message}");
        }

        for json in [
            r#"{"id": {"id": 1}, "b": [{"id": 1}, {"id": 1}]}"#,
            "null",
            "[[]]",
            "{}",
        ] {
            assert_eq!(find_duplicate_member(json.as_bytes()), None, "{json}");
        }
    }
}
