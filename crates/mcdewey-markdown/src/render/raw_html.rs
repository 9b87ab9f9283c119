//! Detects raw HTML that leaves so many elements open that the HTML parser would become slow.

use std::collections::HashMap;

/// Elements that the raw HTML of one block may leave open. Converters leave none.
const MAX_OPEN: usize = 32;

/// Formatting elements, which the parser reopens in every following block, and their weight.
const REOPENED: &str = "a b big code em font i nobr s small strike strong tt u";
const REOPENED_WEIGHT: usize = 4;

/// Elements that need no end tag: void elements, and those that the next of their kind closes.
const WITHOUT_END_TAG: &str = "area base br col embed hr img input link meta param source track \
    wbr p li dt dd td th tr thead tbody tfoot option optgroup colgroup";

/// Whether these pieces of raw HTML leave too many elements open.
pub(super) fn is_excessive<'a>(pieces: impl Iterator<Item = &'a str>) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut total = 0;
    for (name, is_end) in pieces.flat_map(tags) {
        let weight = if is_in(REOPENED, &name) {
            REOPENED_WEIGHT
        } else {
            1
        };

        let count = open.entry(name).or_default();
        if !is_end {
            *count += 1;
            total += weight;
        } else if *count > 0 {
            *count -= 1;
            total -= weight;
        }

        if total > MAX_OPEN {
            return true;
        }
    }

    false
}

fn is_in(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|known| known == name)
}

/// Names of the tags, and whether each is an end tag. Elements without end tags are skipped.
fn tags(html: &str) -> impl Iterator<Item = (String, bool)> {
    html.split('<').skip(1).filter_map(|rest| {
        let (rest, is_end) = rest
            .strip_prefix('/')
            .map_or((rest, false), |rest| (rest, true));

        let name: String = rest
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(16)
            .collect();

        let name = name.to_ascii_lowercase();
        let counts = !name.is_empty() && !is_in(WITHOUT_END_TAG, &name);
        counts.then_some((name, is_end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_with_omitted_end_tags_are_accepted() {
        let rows = "<tr><td>a<td><b>b</b></td></tr>".repeat(2_000);
        assert!(!is_excessive(
            [format!("<table>{rows}</table>").as_str()].into_iter()
        ));
    }

    #[test]
    fn many_open_elements_are_excessive() {
        let open: Vec<String> = (0..9).map(|i| format!("<b x={i}></i>")).collect();
        assert!(is_excessive(open.iter().map(String::as_str)));
        assert!(is_excessive(["<div>".repeat(100).as_str()].into_iter()));
        assert!(!is_excessive(
            ["<div>".repeat(10).as_str(), "1 < 2 <"].into_iter()
        ));
    }
}
