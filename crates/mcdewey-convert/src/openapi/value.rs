//! Reads JSON values of any kind as if they were the expected one.

use serde_json::Value;

/// The entries of an object; empty for any other value.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of an array; empty for any other value.
pub(super) fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The strings of an array; empty for any other value.
pub(super) fn strings(value: &Value) -> Vec<&str> {
    array(value).filter_map(Value::as_str).collect()
}
