//! Whole texts as converters leave them.

use proptest::prelude::*;

use super::*;

fn mended(text: &str) -> (String, Vec<String>) {
    let Repaired { text, warnings } = repair(text);
    (text.into_owned(), warnings)
}

#[test]
fn a_table_goes_back_in_place_of_its_cells() {
    let text = "# Errors\n\nThe server gives these.\n\nCode\n\n**Meaning**\n\n20700\n\nThe barge\u{a0}limit\n\n20701\n\nNo \
                agent\\_id\n\nSee also the log.\n\n## More\n\nText.\n\n| Code | Meaning |\n|---|---|\n| 20700 | The barge \
                limit |\n| 20701 | No agent_id |\n";
    let (found, warnings) = mended(text);
    assert_eq!(
        found,
        "# Errors\n\nThe server gives these.\n\n| Code | Meaning |\n|---|---|\n| 20700 | The barge limit |\n| 20701 | No \
         agent_id |\n\n\n\nSee also the log.\n\n## More\n\nText.\n"
            .replace("\n\n\n\nSee", "\n\n\nSee")
    );
    assert_eq!(warnings, [""; 0]);
}

#[test]
fn a_table_that_stands_nowhere_stays_and_is_named() {
    let text = "Intro.\n\n1\n\na\n\n2\n\nb\n\nEnd.\n\n| N | L |\n|--|--|\n| 1 | a |\n| 2 | b |\n\n| Port | Use |\n|--|--|\n| 8443 \
                | Desktop |\n";
    let (found, warnings) = mended(text);
    assert!(found.starts_with("Intro.\n\n| N | L |"), "{found}");
    assert!(found.ends_with("| 8443 | Desktop |\n"), "{found}");
    assert_eq!(
        warnings,
        ["the table “Port | Use” at the end stands nowhere in the text; it is kept at the end"]
    );
}

#[test]
fn a_text_that_ends_with_its_table_is_left_alone() {
    for text in [
        "# Ports\n\nThese are used.\n\n| Port | Use |\n|--|--|\n| 8443 | Desktop |\n",
        "| a |\n|---|\n| b |\n\nText.\n",
        "No table.\n",
        "```\n| a |\n|---|\n```\n",
    ] {
        assert_eq!(mended(text), (text.to_owned(), Vec::new()));
        assert!(matches!(repair(text).text, Cow::Borrowed(_)));
    }
}

#[test]
fn a_table_goes_to_the_page_where_its_cells_begin() {
    let text = "<!-- page: 1 -->\n\nIntro.\n\nA\n\n1\n\nB\n\n<!-- page: 2 -->\n\n2\n\nC\n\n3\n\nText.\n\n| X | Y |\n|--|--|\n| A | 1 \
                |\n| B | 2 |\n| C | 3 |\n";
    let (found, _) = mended(text);
    let (first, second) = found.split_once("<!-- page: 2 -->").unwrap();

    assert!(
        first.contains("| B | 2 |") && !second.contains('|'),
        "{found}"
    );
    assert!(second.contains("Text."), "{found}");
}

#[test]
fn captions_come_with_their_tables() {
    let text = "A\n\n1\n\nB\n\n2\n\nText.\n\n**Table 3. Codes**\n\n| X | Y |\n|--|--|\n| A | 1 |\n| B | 2 |\n";
    let (found, _) = mended(text);
    assert!(
        found.starts_with("**Table 3. Codes**\n\n| X | Y |") && found.trim_end().ends_with("Text."),
        "{found}"
    );
}

/// A manual with `count` tables in its text, flattened, and the same tables at its end; some flavour by seed.
fn converted(seed: u64, count: usize) -> (String, Vec<Vec<String>>) {
    let mut random = Random(seed | 1);
    let (mut text, mut tail, mut truth) = (String::new(), String::new(), Vec::new());
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

            // A converter loses a cell now and then.
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
        truth.push(cells);
    }

    text.push_str("## The end\n\nThat is all.\n\n");
    (text + &tail, truth)
}

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

#[test]
fn no_table_is_lost_and_nearly_all_go_back() {
    let (mut tables, mut back) = (0, 0);
    for seed in 1..=40 {
        let (text, truth) = converted(seed, 8);
        let (found, warnings) = mended(&text);
        let end = found.find("## The end").unwrap();
        let in_place = found[..end].matches("| Column 0").count();
        let at_the_end = found[end..].matches("| Column 0").count();

        assert_eq!(
            (in_place + at_the_end, at_the_end),
            (truth.len(), warnings.len()),
            "seed {seed}\n{found}"
        );

        for cell in truth.iter().flatten() {
            assert!(
                found.contains(&format!("| {cell} |")),
                "seed {seed}: {cell}"
            );
        }

        tables += truth.len();
        back += in_place;
    }

    assert!(
        back * 100 >= tables * 95,
        "{back} of {tables} tables went back"
    );
}

#[test]
fn thousands_of_tables_and_rows_are_mended() {
    let (text, truth) = converted(7, 2000);
    let (found, _) = mended(&text);
    assert!(
        found[found.find("## The end").unwrap()..]
            .matches("| Column 0")
            .count()
            * 20
            < truth.len()
    );

    let rows: String = (0..100_000)
        .map(|row| format!("| {row} | Yes |\n"))
        .collect();
    let long = format!("Text.\n\n| N | X |\n|---|---|\n{rows}");
    assert!(matches!(repair(&long).text, Cow::Borrowed(_)));
}

proptest! {
    #[test]
    fn every_word_is_kept(text in "(([a-c]{1,2}|[|] [a-c] [|] [a-c] [|]|[|]-[|]-[|]|# [a-c]|<!-- page: 1 -->|```|---)\n{1,2}){0,30}") {
        let found = mended(&text).0;
        let count = |text: &str| {
            let mut words: Vec<String> = text
                .split(|c: char| c.is_whitespace() || c == '|')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
            words.sort();
            words.dedup();
            words
        };
        prop_assert_eq!(count(&found), count(&text));
    }
}
