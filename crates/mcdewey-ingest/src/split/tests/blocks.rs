//! Tables, code blocks and lists: what stays whole, and where they are cut if they must be.

use super::*;

#[test]
fn a_cut_table_repeats_its_header() {
    let rows: String = (0..24)
        .map(|row| format!("| {row} | something happened |\n"))
        .collect();
    let chunks = split_text(&format!("# Codes\n\n| Code | Meaning |\n|---|---|\n{rows}"));
    assert!(chunks.len() > 2);
    assert!(!chunks[0].chunk.context.contains("Meaning"));

    for sized in &chunks[1..] {
        assert_eq!(
            sized.chunk.context, "Codes\nCode | Meaning",
            "{:?}",
            sized.chunk.text
        );
        assert!(sized.chunk.text.starts_with("| "), "{:?}", sized.chunk.text);
    }
}

#[test]
fn a_cut_table_repeats_its_caption_before_its_header() {
    let rows: String = (0..24)
        .map(|row| format!("| {row} | something happened |\n"))
        .collect();

    let chunks = split_text(&format!(
        "# Codes\n\nTable 4: Errors\n\n| Code | Meaning |\n|---|---|\n{rows}"
    ));

    assert!(
        chunks[0]
            .chunk
            .text
            .contains("Errors\n\n| Code | Meaning |\n|---|---|\n| 0 |"),
        "{chunks:?}"
    );
    assert!(
        chunks[1..]
            .iter()
            .all(|sized| sized.chunk.context == "Codes\nTable 4: Errors\nCode | Meaning")
    );
}

#[test]
fn a_fence_that_fits_is_not_cut_and_keeps_its_introduction() {
    let code = format!("```\n{}```", "one two three four five six\n\n".repeat(5));
    let chunks = split_text(&format!(
        "# Guide\n\n{}.\n\nRun this:\n\n{code}\n\nDone.\n",
        words(50, "alpha")
    ));

    let texts: Vec<&str> = chunks
        .iter()
        .map(|sized| sized.chunk.text.as_str())
        .collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert_eq!(texts[1], format!("Run this:\n\n{code}\n\nDone."));
}

#[test]
fn a_fence_that_must_be_cut_is_cut_at_blank_lines() {
    let block = "one two three four\n  five six seven eight\nnine ten eleven twelve\n".repeat(2);
    let code = [block.as_str(); 6].join("\n");
    let chunks = split_text(&format!("# Guide\n\n```\n{code}```\n"));
    assert!(chunks.len() > 2);

    for sized in &chunks[1..] {
        assert!(
            sized.chunk.text.starts_with("one two"),
            "{:?}",
            sized.chunk.text
        );
        assert_eq!(sized.chunk.context, "Guide");
    }
}

#[test]
fn list_items_stay_whole_and_lists_are_cut_between_them() {
    let item = |name: &str| {
        format!(
            "- **{name}**: {}.\n  {}. {}.\n",
            words(8, "a"),
            words(8, "b"),
            words(8, "c")
        )
    };

    let list: String = ["One", "Two", "Three", "Four", "Five"].map(item).concat();
    let chunks = split_text(&format!("# Guide\n\nOptions:\n\n{list}"));
    assert!(chunks.len() > 2);
    assert!(
        chunks[0]
            .chunk
            .text
            .starts_with("# Guide\n\nOptions:\n\n- **One**")
    );
    assert!(
        chunks[1..]
            .iter()
            .all(|sized| sized.chunk.text.starts_with("- **"))
    );
}
