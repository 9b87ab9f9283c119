//! Versions written without separators (`38`, `1262`): how their digits divide, where something
//! shows it.

use mcdewey_core::VersionName;

use super::fields::url_path;

/// Returns the form with dots of these digits among the parts of an address: `3.8` for `38`.
pub(super) fn dotted_in_url<'a>(digits: &str, url: &'a str) -> Option<&'a str> {
    url_path(url)
        .split('/')
        .filter_map(|part| dotted_of(digits, part))
        .next()
}

/// Returns the version of a name if it has these digits with dots between them.
pub(super) fn dotted_of<'a>(digits: &str, name: &'a str) -> Option<&'a str> {
    let version = VersionName::parse(name)?.version;
    let version = version.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let numbers = version
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .next()?;
    let plain = numbers.replace('.', "");
    (numbers.contains('.') && plain == digits).then_some(numbers)
}

/// Divides the digits of a folder's version like those of the folders beside it that have dots:
/// beside `3.7`, `38` is 3.8 and `310` is 3.10; beside `12.6.1`, `1262` is 12.6.2.
pub(crate) fn dotted_like_siblings<'a>(
    digits: &str,
    siblings: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    let equal = siblings
        .clone()
        .find_map(|sibling| dotted_of(digits, sibling));
    if let Some(dotted) = equal {
        return Some(dotted.to_owned());
    }

    let mut divided: Vec<String> = siblings
        .filter_map(|sibling| divide_like(digits, sibling))
        .collect();
    divided.sort();
    divided.dedup();

    // Two siblings that divide it differently show nothing.
    match divided.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn divide_like(digits: &str, sibling: &str) -> Option<String> {
    let version = VersionName::parse(sibling)?.version;
    let version = version.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let numbers: Vec<&str> = version
        .split(['.', '_'])
        .take_while(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();

    let (major, minors) = numbers.split_first()?;
    let rest = digits.strip_prefix(major).filter(|rest| !rest.is_empty())?;
    match minors.len() {
        1 if rest.len() <= 2 && !(rest.len() == 2 && rest.starts_with('0')) => {
            Some(format!("{major}.{rest}"))
        }
        count if count > 1 && rest.len() == count => {
            let minors: Vec<String> = rest.chars().map(String::from).collect();
            Some(format!("{major}.{}", minors.join(".")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_show_how_digits_divide() {
        let dotted = |digits, siblings: &[&'static str]| {
            dotted_like_siblings(digits, siblings.iter().copied())
        };

        assert_eq!(dotted("38", &["3.7", "guide"]).as_deref(), Some("3.8"));
        assert_eq!(dotted("310", &["kafka-3.9"]).as_deref(), Some("3.10"));
        assert_eq!(dotted("1262", &["v12.6.1"]).as_deref(), Some("12.6.2"));
        assert_eq!(dotted("1262", &["12.6.2"]).as_deref(), Some("12.6.2"));
        assert_eq!(dotted("38", &["36", "37"]), None);
        assert_eq!(dotted("18", &["2.7"]), None);
        assert_eq!(dotted("3812", &["3.7"]), None);
        assert_eq!(dotted("121", &["1.9", "12.9"]), None);
    }

    #[test]
    fn addresses_show_how_digits_divide() {
        let url = "https://docs.example.com/kafka/3.8/ops.html";
        assert_eq!(dotted_in_url("38", url), Some("3.8"));
        assert_eq!(dotted_in_url("37", url), None);
    }
}
