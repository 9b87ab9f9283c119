//! Detects cheaply whether a JSON or YAML file is an OpenAPI description.

/// How many bytes are searched. The key is near the top, but long descriptions may precede it.
const SEARCHED_BYTES: usize = 64 * 1024;

const KEYS: [&str; 2] = ["openapi", "swagger"];

/// Reports whether the beginning of a JSON or YAML file contains `openapi` or `swagger` with a
/// version as a top-level key.
pub(crate) fn is_openapi(head: &[u8]) -> bool {
    let head = &head[..head.len().min(SEARCHED_BYTES)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);

    let text = String::from_utf8_lossy(head);
    if text.trim_start().starts_with('{') {
        has_json_key(&text)
    } else {
        text.lines().any(is_yaml_key)
    }
}

/// Whether a line has the key without indentation, which makes it a top-level key.
fn is_yaml_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, value)| {
        KEYS.contains(&key.trim_end().trim_matches(['"', '\''])) && is_version(value)
    })
}

/// Searches the keys of the outermost object. Tolerates that the text is cut off.
fn has_json_key(text: &str) -> bool {
    let mut depth = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}', '[', ']', '"']) {
        let delimiter = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match delimiter {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {
                let Some(end) = string_end(rest) else {
                    return false;
                };
                let string = &rest[..end];
                rest = &rest[end + 1..];

                let value = rest.trim_start().strip_prefix(':');
                if depth == 1 && KEYS.contains(&string) && value.is_some_and(is_version) {
                    return true;
                }
            }
        }
    }

    false
}

/// The position of the quote that ends a string whose opening quote has been read.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })
}

fn is_version(value: &str) -> bool {
    value
        .trim_start()
        .trim_start_matches(['"', '\''])
        .starts_with(['2', '3'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_top_level_keys_only() {
        for (file, expected) in [
            ("openapi: 3.1.0\ninfo: {}", true),
            ("# API\ninfo:\n  title: x\n\"swagger\": '2.0'\n", true),
            (
                "{\"info\": {\"a\": \"\\\"}\"}, \"openapi\" : \"3.0.1\"}",
                true,
            ),
            ("\u{FEFF}{\n  \"swagger\": \"2.0\"}", true),
            ("spec:\n  openapi: 3.0.0\n", false),
            ("{\"a\": {\"openapi\": \"3.0.0\"}}", false),
            ("openapi: yes\n", false),
            ("{\"openapi", false),
            ("", false),
        ] {
            assert_eq!(is_openapi(file.as_bytes()), expected, "{file:?}");
        }
    }
}
