//! Which units of two documents are matched, and in which order the differences are listed.

use mcdewey_core::{ContentHash, PageNumber, PageRef};

use super::*;

fn document(text: &str) -> Vec<Unit> {
    let mut heading = String::new();
    let mut units = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            heading = title.to_owned();
            continue;
        }

        let kind = if line.starts_with('|') {
            UnitKind::Row {
                columns: Vec::new(),
            }
        } else {
            UnitKind::Prose
        };

        let page = PageRef {
            number: PageNumber(1),
            label: None,
            section: None,
        };

        let key = ContentHash::of(line);
        let headings = vec![heading.clone()];
        units.push(Unit {
            text: line.to_owned(),
            kind,
            headings,
            page,
            chunk_id: "a::0".parse().unwrap(),
            key,
        });
    }

    units
}

/// The numbers of unchanged and moved units, and the differences: `-` removed, `+` added, `~`
/// changed, each with the first word.
fn differences(from: &str, to: &str) -> (usize, usize, Vec<String>) {
    let (from, to) = (document(from), document(to));
    let alignment = align(&from, &to);
    let first = |unit: &Unit| unit.text.split_whitespace().next().unwrap().to_owned();

    let differences = alignment
        .differences
        .iter()
        .map(|difference| match difference {
            Difference::Removed(old) => format!("-{}", first(&from[*old])),
            Difference::Added(new) => format!("+{}", first(&to[*new])),
            Difference::Changed(old, new) => {
                format!("~{}>{}", first(&from[*old]), first(&to[*new]))
            }
        });

    (alignment.unchanged, alignment.moved, differences.collect())
}

#[test]
fn differences_are_in_the_order_of_the_later_document() {
    let from = "# A\nOne stays as it is.\nTwo has the limit of 20 calls.\n\
                Three goes away for good.\n# B\nFour stays too.";
    let to = "# A\nOne stays as it is.\nTwo has the limit of 25 calls.\n\
              # B\nFour stays too.\nFive was never heard of.";
    assert_eq!(
        differences(from, to),
        (
            2,
            0,
            ["~Two>Two", "-Three", "+Five"].map(str::to_owned).to_vec()
        )
    );
    assert_eq!(differences(from, from), (4, 0, Vec::new()));
    assert_eq!(
        differences("", "# A\nOne."),
        (0, 0, vec!["+One.".to_owned()])
    );
}

#[test]
fn headings_are_listed_only_if_they_change() {
    let heading = |text: &str| {
        let mut units = document("# A\nOne stays as it is.");
        units.insert(
            0,
            Unit {
                text: text.to_owned(),
                key: ContentHash::of(text),
                ..units[0].clone()
            },
        );

        units
    };

    let without = document("# A\nOne stays as it is.");
    assert_eq!(
        align(&heading("## Calls and states"), &without).differences,
        []
    );
    assert_eq!(
        align(&without, &heading("## Calls and states")).differences,
        []
    );

    let renamed = align(
        &heading("## Calls and states"),
        &heading("## Calls and all states"),
    );

    assert_eq!(renamed.differences, [Difference::Changed(0, 0)]);
}

#[test]
fn moved_units_are_not_changes() {
    let from = "# A\nAlpha beta gamma.\nDelta.\nEpsilon.\n# B\nZeta.";
    let to = "# A\nDelta.\nEpsilon.\n# B\nZeta.\nAlpha beta gamma.";
    assert_eq!(differences(from, to), (3, 1, Vec::new()));
}

#[test]
fn rows_are_matched_by_their_first_cell() {
    let from = "# Codes\n| 20700 | The conference is full. |\n| 20701 | Not allowed. |";
    let to = "# Codes\n| 20700 | Another participant is speaking now. |\n| 20702 | Not allowed. |";
    let (_, _, found) = differences(from, to);
    assert!(found.contains(&"~|>|".to_owned()), "{found:?}");
    let elsewhere = differences("# A\n| 1 | x y z |", "# B\n| 1 | a b c |");

    assert_eq!(elsewhere.2, ["-|", "+|"]);
}

#[test]
fn units_under_the_same_heading_are_preferred() {
    let from = "# A\nPress the big red button twice.";
    let to = "# A\nPress the big green button once.\n# B\nPress the big red button now.";
    let (_, _, found) = differences(from, to);

    assert_eq!(
        found,
        ["+Press", "~Press>Press"],
        "almost all words under another heading beat half of them under the same"
    );

    let to = "# A\nPress the big red button once.\n# B\nPress the small red button now.";
    assert_eq!(differences(from, to).2, ["~Press>Press", "+Press"]);
}
