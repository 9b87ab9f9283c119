//! Pipe tables and small values.

use serde_json::Value;

/// Longer values are examples, not defaults.
const MAX_VALUE: usize = 200;

/// A table with one header row; nothing where it has no rows.
pub(super) fn table(names: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }

    // A column in which no row says anything is left out.
    let kept: Vec<usize> = (0..names.len())
        .filter(|&at| {
            at == 0
                || rows
                    .iter()
                    .any(|row| row.get(at).is_some_and(|cell| !cell.is_empty()))
        })
        .collect();

    let line = |cells: &dyn Fn(usize) -> String| {
        format!(
            "| {} |\n",
            kept.iter()
                .map(|&at| cells(at))
                .collect::<Vec<_>>()
                .join(" | ")
        )
    };

    let mut out = line(&|at| names[at].to_owned());
    out.push_str(&line(&|_| "---".to_owned()));
    for row in rows {
        out.push_str(&line(&|at| row.get(at).cloned().unwrap_or_default()));
    }

    out.push('\n');
    out
}

/// Text as code inside of a cell.
pub(super) fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    match (text.is_empty(), text.contains('`')) {
        (true, _) => String::new(),
        (_, true) => format!("`` {text} ``"),
        (_, false) => format!("`{text}`"),
    }
}

/// A text, number or truth as people write it.
pub(super) fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A default or allowed value as code.
pub(super) fn value(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    (text.len() <= MAX_VALUE).then(|| code(&text))
}
