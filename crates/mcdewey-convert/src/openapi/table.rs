//! Writes pipe tables and the small values in them.

use serde_json::Value;

/// Longer values are examples rather than defaults, and are left out.
const MAX_VALUE_LENGTH: usize = 2_000;

/// A table with one header row; empty if it has no rows. Columns without any content are left out,
/// except the first.
pub(super) fn table(column_names: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }

    let kept: Vec<usize> = (0..column_names.len())
        .filter(|&column| column == 0 || rows.iter().any(|row| !cell(row, column).is_empty()))
        .collect();

    let names: Vec<&str> = kept.iter().map(|&column| column_names[column]).collect();
    let mut out = line(&names);
    out.push_str(&line(&vec!["---"; kept.len()]));
    for row in rows {
        let cells: Vec<&str> = kept.iter().map(|&column| cell(row, column)).collect();
        out.push_str(&line(&cells));
    }

    out.push('\n');
    out
}

fn cell(row: &[String], column: usize) -> &str {
    row.get(column).map_or("", String::as_str)
}

fn line(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Text as inline code that is safe in a table cell.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    if text.is_empty() {
        String::new()
    } else if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

/// A string, number or boolean as text on one line; `None` for other values and empty strings.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A default or allowed value as code; `None` for `null` and long values.
pub(super) fn value_code(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (text.len() <= MAX_VALUE_LENGTH).then(|| code(&text))
}
