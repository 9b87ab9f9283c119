//! How much raw HTML of a document is too much: elements that stay open make the HTML parser work ever harder.

use std::collections::HashMap;

/// Elements left open by the raw HTML of one block, at most. Converters leave none.
const MAX_OPEN: usize = 32;

/// Elements that the parser opens anew in every block behind them, and how much more they count.
const REOPENED: &str = "a b big code em font i nobr s small strike strong tt u";
const REOPENED_WEIGHT: usize = 4;

/// Elements that need no end: empty ones, and those that the next of their kind ends.
const WITHOUT_END: &str = "area base br col embed hr img input link meta param source track wbr \
    p li dt dd td th tr thead tbody tfoot option optgroup colgroup";

/// Whether these pieces of raw HTML leave more elements open than the parser can bear.
pub(super) fn is_excessive<'a>(pieces: impl Iterator<Item = &'a str>) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut all = 0;
    for (name, is_end) in pieces.flat_map(tags) {
        let weight = if is_in(REOPENED, &name) {
            REOPENED_WEIGHT
        } else {
            1
        };

        let count = open.entry(name).or_default();
        if !is_end {
            *count += 1;
            all += weight;
        } else if *count > 0 {
            *count -= 1;
            all -= weight;
        }

        if all > MAX_OPEN {
            return true;
        }
    }

    false
}

fn is_in(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|known| known == name)
}

/// Names of the tags that open or close an element.
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
        let counts = !name.is_empty() && !is_in(WITHOUT_END, &name);
        counts.then_some((name, is_end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_no_excess() {
        let rows = "<tr><td>a<td><b>b</b></td></tr>".repeat(2_000);
        assert!(!is_excessive(
            [format!("<table>{rows}</table>").as_str()].into_iter()
        ));
    }

    #[test]
    fn elements_left_open_are() {
        let open: Vec<String> = (0..9).map(|i| format!("<b x={i}></i>")).collect();
        assert!(is_excessive(open.iter().map(String::as_str)));
        assert!(is_excessive(["<div>".repeat(100).as_str()].into_iter()));
        assert!(!is_excessive(
            ["<div>".repeat(10).as_str(), "1 < 2 <"].into_iter()
        ));
    }
}
