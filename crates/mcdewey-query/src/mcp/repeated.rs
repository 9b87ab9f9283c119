//! Members that a JSON object has twice. Readers of JSON differ in which of the two they take, so what one of them has
//! judged another may read otherwise; a message with such a member is refused.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What is wrong with the first member that stands twice in the same object, however deep. `json` can be read.
pub(super) fn member(json: &[u8]) -> Option<String> {
    serde_json::from_slice::<Unrepeated>(json)
        .err()
        .map(|error| error.to_string())
}

/// Any value in which no object has two members of the same name.
struct Unrepeated;

impl<'de> Deserialize<'de> for Unrepeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Unrepeated;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Unrepeated, E> {
        Ok(Unrepeated)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unrepeated, E> {
        Ok(Unrepeated)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unrepeated, E> {
        Ok(Unrepeated)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unrepeated, E> {
        Ok(Unrepeated)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unrepeated, E> {
        Ok(Unrepeated)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unrepeated, E> {
        Ok(Unrepeated)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unrepeated, A::Error> {
        while list.next_element::<Unrepeated>()?.is_some() {}
        Ok(Unrepeated)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Unrepeated, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("{name:?} is given twice")));
            }
            names.insert(name);
            object.next_value::<Unrepeated>()?;
        }

        Ok(Unrepeated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_stands_twice_is_named_wherever_it_is() {
        for json in [
            r#"{"id": 1, "id": 1}"#,
            r#"{"params": {"id": 1, "id": 2}}"#,
            r#"[0, -1, 1.5, true, null, "x", [{"a": {"id": 1, "\u0069d": 2}}]]"#,
        ] {
            let said = member(json.as_bytes()).expect(json);
            assert!(said.starts_with("\"id\" is given twice"), "{said}");
        }

        for json in [
            r#"{"id": {"id": 1}, "b": [{"id": 1}, {"id": 1}]}"#,
            "null",
            "[[]]",
            "{}",
        ] {
            assert_eq!(member(json.as_bytes()), None, "{json}");
        }
    }
}
