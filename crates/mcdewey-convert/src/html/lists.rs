//! Ordered lists whose labels Markdown cannot write: letters, Roman numerals, and numbers that do
//! not ascend by one. Their items get the labels as text, so that "step c" can be found.

use dom_query::NodeRef;

use super::dom::{descendants_named, has_any_name};
use crate::numerals::roman;

/// How the items of a list are labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Number,
    Letter { upper: bool },
    Roman { upper: bool },
}

/// Larger numbers are written in digits.
const MAX_ROMAN: u32 = 3999;

/// Rewrites all such lists below a node.
pub(super) fn prepare(content: &NodeRef<'_>) {
    for list in descendants_named(content, &["ol"]) {
        let items: Vec<NodeRef<'_>> = list
            .element_children()
            .into_iter()
            .filter(|item| item.has_name("li"))
            .collect();
        let numbers = numbers(&list, &items);
        let style = style(&list);

        let ascends = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let is_plain = style == Style::Number && ascends && numbers.first().is_none_or(|n| *n >= 0);
        if is_plain {
            if let Some(first) = numbers.first() {
                list.set_attr("start", &first.to_string());
            }
            continue;
        }

        list.rename("ul");
        for (item, number) in items.iter().zip(numbers) {
            write_label(item, &style.label(number));
        }
    }
}

/// The number of each item.
fn numbers(list: &NodeRef<'_>, items: &[NodeRef<'_>]) -> Vec<i64> {
    let parse = |node: &NodeRef<'_>, name: &str| -> Option<i64> {
        let number: i32 = node.attr(name)?.trim().parse().ok()?;
        Some(i64::from(number))
    };

    let step = if list.has_attr("reversed") { -1 } else { 1 };
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let mut next = parse(list, "start").unwrap_or(if step < 0 { count } else { 1 });

    items
        .iter()
        .map(|item| {
            let number = parse(item, "value").unwrap_or(next);
            next = number + step;
            number
        })
        .collect()
}

fn style(list: &NodeRef<'_>) -> Style {
    let style = list.attr_or("style", "").to_ascii_lowercase();
    let class = list.class().unwrap_or_default().to_ascii_lowercase();
    let names = |name: &str| {
        style.contains(name)
            || class
                .split_whitespace()
                .any(|class| class == name.replace('-', ""))
    };

    match list.attr_or("type", "").trim() {
        "a" => Style::Letter { upper: false },
        "A" => Style::Letter { upper: true },
        "i" => Style::Roman { upper: false },
        "I" => Style::Roman { upper: true },
        _ if names("lower-alpha") || names("lower-latin") => Style::Letter { upper: false },
        _ if names("upper-alpha") || names("upper-latin") => Style::Letter { upper: true },
        _ if names("lower-roman") => Style::Roman { upper: false },
        _ if names("upper-roman") => Style::Roman { upper: true },
        _ => Style::Number,
    }
}

impl Style {
    fn label(self, number: i64) -> String {
        match self {
            Self::Letter { upper } if number > 0 => in_case(letters(number), upper),
            Self::Roman { upper } => u32::try_from(number).map_or_else(
                |_| number.to_string(),
                |number| in_case(roman(number, MAX_ROMAN), upper),
            ),
            _ => number.to_string(),
        }
    }
}

fn in_case(label: String, upper: bool) -> String {
    if upper { label.to_uppercase() } else { label }
}

/// `a` to `z`, then `aa`.
fn letters(number: i64) -> String {
    let mut label = Vec::new();
    let mut rest = number;
    while rest > 0 {
        rest -= 1;
        label.push(char::from(
            b'a' + u8::try_from(rest % 26).unwrap_or_default(),
        ));
        rest /= 26;
    }

    label.into_iter().rev().collect()
}

/// Writes the label at the beginning of an item's text.
fn write_label(item: &NodeRef<'_>, label: &str) {
    let first = item
        .children()
        .into_iter()
        .find(|node| node.is_element() || node.is_nonempty_text());
    let block = first.filter(|node| has_any_name(node, &["p", "div"]));

    let label = format!("<strong>{label}.</strong> ");
    match block {
        Some(block) => block.prepend_html(label),
        None => item.prepend_html(label),
    }
}
