//! Whole texts as converters write them.

use proptest::prelude::*;

use super::*;

fn repaired(text: &str) -> (String, Vec<String>) {
    let Repaired { text, warnings } = repair(text);
    (text.into_owned(), warnings)
}

#[test]
fn a_table_replaces_its_cells() {
    let text = "# Errors\n\nThe server gives these.\n\nCode\n\n**Meaning**\n\n\
                20700\n\nThe barge\u{a0}limit\n\n20701\n\nNo agent\\_id\n\n\
                See also the log.\n\n## More\n\nText.\n\n| Code | Meaning |\n|---|---|\n\
                | 20700 | The barge limit |\n| 20701 | No agent_id |\n";
    let (found, warnings) = repaired(text);
    assert_eq!(
        found,
        "# Errors\n\nThe server gives these.\n\n\
         | Code | Meaning |\n|---|---|\n| 20700 | The barge limit |\n| 20701 | No agent_id |\n\n\n\
         See also the log.\n\n## More\n\nText.\n"
    );
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn a_table_without_cells_in_the_text_stays_and_is_reported() {
    let text = "Intro.\n\n1\n\na\n\n2\n\nb\n\nEnd.\n\n\
                | N | L |\n|--|--|\n| 1 | a |\n| 2 | b |\n\n\
                | Port | Use |\n|--|--|\n| 8443 | Desktop |\n";
    let (found, warnings) = repaired(text);
    assert!(found.starts_with("Intro.\n\n| N | L |"), "{found}");
    assert!(found.ends_with("| 8443 | Desktop |\n"), "{found}");
    assert_eq!(
        warnings,
        [
            "the cells of the table “Port | Use” at the end of the file were not found \
          in the text; the table stays at the end"
        ]
    );
}

#[test]
fn a_text_that_ends_with_its_own_table_is_unchanged() {
    for text in [
        "# Ports\n\nThese are used.\n\n| Port | Use |\n|--|--|\n| 8443 | Desktop |\n",
        "| a |\n|---|\n| b |\n\nText.\n",
        "No table.\n",
        "```\n| a |\n|---|\n```\n",
    ] {
        assert_eq!(repaired(text), (text.to_owned(), Vec::new()));
        assert!(matches!(repair(text).text, Cow::Borrowed(_)));
    }
}

#[test]
fn a_table_moves_to_the_page_on_which_its_cells_begin() {
    let text = "<!-- page: 1 -->\n\nIntro.\n\nA\n\n1\n\nB\n\n<!-- page: 2 -->\n\n\
                2\n\nC\n\n3\n\nText.\n\n\
                | X | Y |\n|--|--|\n| A | 1 |\n| B | 2 |\n| C | 3 |\n";
    let (found, _) = repaired(text);
    let (first, second) = found.split_once("<!-- page: 2 -->").unwrap();

    assert!(
        first.contains("| B | 2 |") && !second.contains('|'),
        "{found}"
    );
    assert!(second.contains("Text."), "{found}");
}

#[test]
fn captions_move_with_their_tables() {
    let text = "A\n\n1\n\nB\n\n2\n\nText.\n\n\
                **Table 3. Codes**\n\n| X | Y |\n|--|--|\n| A | 1 |\n| B | 2 |\n";
    let (found, _) = repaired(text);
    assert!(
        found.starts_with("**Table 3. Codes**\n\n| X | Y |") && found.trim_end().ends_with("Text."),
        "{found}"
    );
}

/// Returns a manual with `count` flattened tables in its text and the same tables at its end, and
/// the tables' cells. `seed` varies cells and markup.
fn converted_manual(seed: u64, count: usize) -> (String, Vec<Vec<String>>) {
    let mut random = Random(seed | 1);
    let mut text = String::new();
    let mut tail = String::new();
    let mut all_cells = Vec::new();
    for number in 0..count {
        text.push_str(&format!(
            "## Section {number}\n\nText of the section {number}.\n\n"
        ));
        let (rows, columns) = (2 + random.below(6), 2 + random.below(3));
        let header: Vec<String> = (0..columns)
            .map(|column| format!("Column {column}"))
            .collect();

        let cells: Vec<String> = (0..rows * columns)
            .map(|cell| match random.below(4) {
                0 => "Yes".to_owned(),
                1 => format!("param_{number}_{cell}"),
                2 => format!(
                    "The value {} of `setAgentState` in table {number}",
                    random.below(999)
                ),
                _ => format!("0x{:03x}", random.below(4096)),
            })
            .collect();

        if random.below(2) == 0 {
            header
                .iter()
                .for_each(|cell| text.push_str(&format!("{cell}\n\n")));
        }

        for cell in &cells {
            let flat = match random.below(5) {
                0 => format!("**{cell}**"),
                1 => cell.replace('_', "\\_"),
                2 => cell.replace(' ', "\u{a0}"),
                _ => cell.clone(),
            };

            // Converters occasionally lose a cell.
            if random.below(25) > 0 {
                text.push_str(&format!("{flat}\n\n"));
            }
        }

        tail.push_str(&format!(
            "| {} |\n|{}\n",
            header.join(" | "),
            "---|".repeat(columns)
        ));

        for row in cells.chunks(columns) {
            tail.push_str(&format!("| {} |\n", row.join(" | ")));
        }

        tail.push('\n');
        all_cells.push(cells);
    }

    text.push_str("## The end\n\nThat is all.\n\n");
    (text + &tail, all_cells)
}

/// A linear congruential generator: the same seed makes the same manual on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[test]
fn no_table_is_lost_and_nearly_all_are_restored() {
    let (mut total, mut restored) = (0, 0);
    for seed in 1..=40 {
        let (text, tables) = converted_manual(seed, 8);
        let (found, warnings) = repaired(&text);
        let end = found.find("## The end").unwrap();
        let in_place = found[..end].matches("| Column 0").count();
        let at_the_end = found[end..].matches("| Column 0").count();

        assert_eq!(
            (in_place + at_the_end, at_the_end),
            (tables.len(), warnings.len()),
            "seed {seed}\n{found}"
        );

        for cell in tables.iter().flatten() {
            assert!(
                found.contains(&format!("| {cell} |")),
                "seed {seed}: {cell}"
            );
        }

        total += tables.len();
        restored += in_place;
    }

    assert!(
        restored * 100 >= total * 95,
        "{restored} of {total} tables were restored"
    );
}

#[test]
fn thousands_of_tables_and_rows_are_repaired() {
    let (text, tables) = converted_manual(7, 2000);
    let (found, _) = repaired(&text);
    assert!(
        found[found.find("## The end").unwrap()..]
            .matches("| Column 0")
            .count()
            * 20
            < tables.len()
    );

    let rows: String = (0..100_000)
        .map(|row| format!("| {row} | Yes |\n"))
        .collect();
    let long = format!("Text.\n\n| N | X |\n|---|---|\n{rows}");
    assert!(matches!(repair(&long).text, Cow::Borrowed(_)));
}

proptest! {
    #[test]
    fn every_word_is_kept(
        text in "(([a-c]{1,2}|[|] [a-c] [|] [a-c] [|]|[|]-[|]-[|]|# [a-c]|<!-- page: 1 -->|```|---)\n{1,2}){0,30}",
    ) {
        let found = repaired(&text).0;
        let distinct_words = |text: &str| {
            let mut words: Vec<String> = text
                .split(|c: char| c.is_whitespace() || c == '|')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
            words.sort();
            words.dedup();
            words
        };
        prop_assert_eq!(distinct_words(&found), distinct_words(&text));
    }
}
