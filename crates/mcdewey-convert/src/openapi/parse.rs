//! Parses JSON or YAML into one value within limits, because YAML aliases can make a small file
//! expand without end.

use std::cell::Cell;
use std::fmt;

use mcdewey_core::ConvertError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Ten times the number of values in the largest descriptions seen.
const MAX_NODES: usize = 3_000_000;

/// Far above the depth of descriptions and the number of brackets that their texts leave open.
const MAX_DEPTH: usize = 1000;

/// The bytes of all text of a description after aliases are expanded.
const MAX_TEXT_BYTES: usize = 64 * 1024 * 1024;

/// What a file contains.
pub(super) struct Parsed {
    pub(super) value: Value,
    /// `JSON` or `YAML`.
    pub(super) notation: &'static str,
    /// Whether other YAML documents follow in the file.
    pub(super) has_more: bool,
}

pub(super) fn parse(text: &str) -> Result<Parsed, ConvertError> {
    let budget = Budget {
        nodes: Cell::new(MAX_NODES),
        text_bytes: Cell::new(MAX_TEXT_BYTES),
    };

    if text.trim_start().starts_with(['{', '[']) {
        let mut json = serde_json::Deserializer::from_str(text);
        if let Ok(value) = ValueSeed(&budget).deserialize(&mut json) {
            return Ok(Parsed {
                value,
                notation: "JSON",
                has_more: false,
            });
        }
    }

    // The YAML parser's time grows with the square of the depth.
    if may_be_too_deep(text) {
        return Err(ConvertError(format!(
            "the file's values are nested more than {MAX_DEPTH} levels deep; \
             no OpenAPI description needs that"
        )));
    }

    let mut documents = serde_yaml_ng::Deserializer::from_str(text);
    let yaml = documents
        .next()
        .ok_or_else(|| ConvertError("the file is empty".to_owned()))?;

    let value = ValueSeed(&budget).deserialize(yaml).map_err(|error| {
        ConvertError(format!(
            "the file is neither valid JSON nor valid YAML: {error}"
        ))
    })?;
    Ok(Parsed {
        value,
        notation: "YAML",
        has_more: documents.next().is_some(),
    })
}

/// Whether brackets or dashes open more than [`MAX_DEPTH`] levels. Counts brackets in strings too.
fn may_be_too_deep(text: &str) -> bool {
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

    text.lines()
        .any(|line| count_block_markers(line) > MAX_DEPTH)
}

/// The number of dashes and question marks at the beginning of a line, each of which opens a level.
fn count_block_markers(line: &str) -> usize {
    line.split(' ')
        .take_while(|word| matches!(*word, "" | "-" | "?"))
        .filter(|word| !word.is_empty())
        .count()
}

/// What a file may still use of its limits.
struct Budget {
    nodes: Cell<usize>,
    text_bytes: Cell<usize>,
}

impl Budget {
    /// Takes one value with this much text.
    fn spend<E: Error>(&self, text_bytes: usize) -> Result<(), E> {
        let nodes_left = self.nodes.get().checked_sub(1);
        let text_bytes_left = self.text_bytes.get().checked_sub(text_bytes);
        let (Some(nodes), Some(text_bytes)) = (nodes_left, text_bytes_left) else {
            return Err(E::custom(
                "too large, or its aliases expand without end; split it into several files",
            ));
        };

        self.nodes.set(nodes);
        self.text_bytes.set(text_bytes);
        Ok(())
    }
}

/// Deserialises any value within a budget.
#[derive(Clone, Copy)]
struct ValueSeed<'a>(&'a Budget);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number, boolean, array or object")
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
            // YAML parses the status codes of responses as numbers.
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
    fn parses_both_notations_alike() {
        let json = parse(r#"{"a": {"200": [1, true, null, "x"]}}"#).unwrap();
        let yaml = parse("a:\n  200: [1, true, null, x]\n").unwrap();
        assert_eq!((json.value, "JSON"), (yaml.value, json.notation));
        assert_eq!((yaml.notation, yaml.has_more), ("YAML", false));
        assert!(parse("a: 1\n---\nb: 2\n").unwrap().has_more);
    }

    #[test]
    fn limits_the_expansion_of_aliases() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }

        assert!(parse(&bomb).is_err());
        let wide = format!(
            "a: &a {:?}\nb: [{}]\n",
            "x".repeat(100_000),
            "*a, ".repeat(100_000)
        );

        assert!(parse(&wide).err().unwrap().0.contains("too large"));
    }

    #[test]
    fn rejects_deep_values() {
        for open in ["[", "{\"a\":"] {
            assert!(parse(&open.repeat(100_000)).is_err());
        }
        assert!(parse(&"- ".repeat(10_000)).is_err());
    }
}
