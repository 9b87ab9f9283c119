//! A cheap look at whether a JSON or YAML file is an OpenAPI description.

/// The key stands near the top; long descriptions may stand before it.
const LOOKED_AT: usize = 64 * 1024;

const KEYS: [&str; 2] = ["openapi", "swagger"];

/// Whether the beginning of a JSON or YAML file has `openapi` or `swagger` with a version as a key of its own, not
/// inside of something else.
pub(crate) fn is_openapi(head: &[u8]) -> bool {
    let head = &head[..head.len().min(LOOKED_AT)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);

    let text = String::from_utf8_lossy(head);
    match text.trim_start().starts_with('{') {
        true => in_json(&text),
        false => text.lines().any(in_yaml),
    }
}

fn in_yaml(line: &str) -> bool {
    let Some((key, value)) = line.split_once(':') else {
        return false;
    };
    KEYS.contains(&key.trim_end().trim_matches(['"', '\''])) && is_version(value)
}

/// Looks at the keys of the outermost object only.
fn in_json(text: &str) -> bool {
    let mut depth = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}', '[', ']', '"']) {
        let found = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        match found {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {
                let Some(end) = string_end(rest) else {
                    return false;
                };
                let (string, after) = (&rest[..end], &rest[end + 1..]);

                let value = after.trim_start().strip_prefix(':');
                if depth == 1 && KEYS.contains(&string) && value.is_some_and(is_version) {
                    return true;
                }

                rest = after;
            }
        }
    }

    false
}

/// Where a string that has begun ends.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
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
    fn the_key_must_stand_at_the_top() {
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
