//! Running lines and boilerplate, which are not part of any chunk.

use super::*;

#[test]
fn running_lines_are_omitted() {
    let page = |number: u32, text: &str| {
        format!("<!-- page: {number} -->\nThe Guide\n\n{text}\n\n{number}\n")
    };
    let chunks = split_text(&[page(1, "Barge."), page(2, "Monitor."), page(3, "Hold.")].concat());
    let texts: Vec<&str> = chunks
        .iter()
        .map(|sized| sized.chunk.text.as_str())
        .collect();

    assert_eq!(texts, ["Barge.", "Monitor.", "Hold."]);
}

#[test]
fn boilerplate_is_omitted() {
    check(
        "<!-- page: 1 -->\n118\n\n---\n<!-- page: 2 -->\nText\n",
        &[(&["Guide"], "Text")],
    );
    check("8443 5222\n", &[(&["Guide"], "8443 5222")]);
    let links = "- [Hold](h)\n- [Barge](b)\n- [End](e)\n- [Mute](m)\n";
    let text = words(32, "alpha");

    check(
        &format!(
            "# Book\n\n## Contents\n\n{links}\n## Calls\n\n{text}\n\n\
             ## Customers also viewed\n\n[Book](b)\n"
        ),
        &[(&["Book", "Calls"], &format!("## Calls\n\n{text}"))],
    );
}

#[test]
fn small_sections_do_not_join_across_boilerplate() {
    let links = "- [Hold](h)\n- [Barge](b)\n- [End](e)\n- [Mute](m)\n";
    check(
        &format!("# Book\n\nText\n\n## Contents\n\n{links}\n## Calls\n\nMore\n"),
        &[
            (&["Book"], "# Book\n\nText"),
            (&["Book", "Calls"], "## Calls\n\nMore"),
        ],
    );
}

#[test]
fn a_document_of_boilerplate_keeps_it() {
    check("<!-- page: 1 -->\n118\n", &[(&["Guide"], "118")]);
    let links = "- [Hold](h)\n- [Barge](b)\n- [End](e)\n- [Mute](m)";
    check(
        &format!("# Book\n\n{links}\n"),
        &[(&["Book"], &format!("# Book\n\n{links}"))],
    );
}
