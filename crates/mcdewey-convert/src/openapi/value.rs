//! JSON or YAML as one value, within bounds: YAML's aliases can make a small file endless.

use std::cell::Cell;
use std::fmt;

use mcdewey_core::ConvertError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The largest descriptions seen have a tenth of this.
const MAX_NODES: usize = 3_000_000;

/// Far above what descriptions have, and above the brackets that their texts leave open.
const MAX_DEPTH: usize = 1000;

/// All text of a description together, after aliases.
const MAX_TEXT: usize = 64 * 1024 * 1024;

/// The value of a file, and the name of its notation.
pub(super) fn read(text: &str) -> Result<(Value, &'static str), ConvertError> {
    let budget = Budget {
        nodes: Cell::new(MAX_NODES),
        text: Cell::new(MAX_TEXT),
    };

    if text.trim_start().starts_with(['{', '[']) {
        let mut json = serde_json::Deserializer::from_str(text);
        if let Ok(value) = Node(&budget).deserialize(&mut json) {
            return Ok((value, "JSON"));
        }
    }

    if is_deep(text) {
        return Err(ConvertError(format!(
            "its values are nested more than {MAX_DEPTH} deep, which no description is"
        )));
    }

    let yaml = serde_yaml_ng::Deserializer::from_str(text).next();
    let yaml = yaml.ok_or_else(|| ConvertError("it is empty".to_owned()))?;
    match Node(&budget).deserialize(yaml) {
        Ok(value) => Ok((value, "YAML")),
        Err(error) => Err(ConvertError(format!(
            "it is neither valid JSON nor valid YAML: {error}"
        ))),
    }
}

/// Whether brackets or dashes open more levels than any description has; the YAML parser's time grows with the square.
fn is_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }

    let dashes = |line: &str| {
        line.split(' ')
            .take_while(|word| matches!(*word, "" | "-" | "?"))
            .filter(|word| !word.is_empty())
            .count()
    };

    text.lines().any(|line| dashes(line) > MAX_DEPTH)
}

struct Budget {
    nodes: Cell<usize>,
    text: Cell<usize>,
}

impl Budget {
    fn spend<E: Error>(&self, text: usize) -> Result<(), E> {
        let (Some(nodes), Some(text)) = (
            self.nodes.get().checked_sub(1),
            self.text.get().checked_sub(text),
        ) else {
            return Err(E::custom(
                "it is too large, or its aliases multiply without end; divide it into several files",
            ));
        };

        self.nodes.set(nodes);
        self.text.set(text);
        Ok(())
    }
}

/// Any value, built within a budget.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Budget);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.0.spend(0).map(|()| Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.0.spend(0).map(|()| Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.0.spend(0).map(|()| Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(Number::from_f64(value).map_or_else(|| Value::from(value.to_string()), Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.0.spend(value.len()).map(|()| Value::from(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.0.spend(0).map(|()| Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.0.spend(0)?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }

        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.0.spend(0)?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key_seed(self)? {
            // YAML reads the statuses of responses as numbers.
            let key = match key {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let value = entries.next_value_seed(self)?;
            object.insert(key, value);
        }

        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_give_the_same() {
        let json = read(r#"{"a": {"200": [1, true, null, "x"]}}"#).unwrap();
        let yaml = read("a:\n  200: [1, true, null, x]\n").unwrap();
        assert_eq!((json.0, "JSON"), (yaml.0, json.1));
        assert_eq!(yaml.1, "YAML");
    }

    #[test]
    fn aliases_do_not_multiply_without_end() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }

        assert!(read(&bomb).is_err());
        let wide = format!(
            "a: &a {:?}\nb: [{}]\n",
            "x".repeat(100_000),
            "*a, ".repeat(100_000)
        );

        assert!(read(&wide).unwrap_err().0.contains("too large"));
    }

    #[test]
    fn deep_values_are_refused() {
        for open in ["[", "{\"a\":"] {
            assert!(read(&open.repeat(100_000)).is_err());
        }
        assert!(read(&"- ".repeat(10_000)).is_err());
    }
}
