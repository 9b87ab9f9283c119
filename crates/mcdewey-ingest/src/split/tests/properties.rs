//! The invariants of `check_invariants`, checked on generated documents.

use proptest::prelude::*;

use super::*;

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Zé0-9 .,]{0,60}",
        "#{1,4} [a-zA-Z0-9 ]{1,20}",
        Just("```".to_owned()),
        Just("| a | b |\n|---|---|\n| 1 | two |\n| 3 | four |".to_owned()),
        "- [a-z ]{1,30}",
        "    [a-z]{1,10}",
        Just(String::new()),
        Just("---".to_owned()),
        Just("- [One](o)\n- [Two](t)\n- [Three](h)\n- [Four](f)\n".to_owned()),
        Just("Was this document helpful?".to_owned()),
        Just("pre[link](l)post [and](b) more\n".repeat(4)),
        Just("Barge .......... 117\n".repeat(5)),
        Just("\u{200b}ﷺ\u{a0}\u{c}".to_owned()),
        (1u32..9).prop_map(|n| format!("<!-- page: {n} -->")),
        "[a-z]{100,300}",
    ]
}

/// A block as in manuals, of any size.
fn block() -> impl Strategy<Value = String> {
    prop_oneof![
        "([A-Z][a-z ]{1,40}\\. ){1,12}",
        "#{1,3} [A-Z][a-z]{1,10}",
        "[A-Z][a-z ]{1,30}:",
        "Table [0-9]: [A-Z][a-z ]{1,20}",
        "([ ]{0,4}[a-z]{1,8} = [a-z]{1,8}\n\n?){1,30}".prop_map(|code| format!("```sh\n{code}```")),
        "(    [a-z]{1,8} [a-z ]{1,30}\n){1,12}",
        "(- [a-z ]{1,60}\n(  - [a-z ]{1,60}\\. [A-Z][a-z ]{1,30}\n){0,3}){1,8}",
        "([1-9]\\. [a-z ]{1,80}\n\n   ```\n   [a-z ]{1,40}\n\n   [a-z]{1,9}\n   ```\n){1,3}",
        prop::collection::vec("\\| [a-z0-9 ]{1,30} \\| [a-z ]{1,60} \\|\n", 1..12)
            .prop_map(|rows| format!("| a | b |\n|---|---|\n{}", rows.concat())),
        "[a-z]{100,300}",
    ]
}

proptest! {
    #[test]
    fn units_that_fit_stay_whole(blocks in prop::collection::vec(block(), 1..10)) {
        split_text(&blocks.join("\n\n"));
        split_text(&blocks.join("\n"));
    }

    #[test]
    fn any_text_satisfies_the_invariants(lines in prop::collection::vec(line(), 0..40)) {
        split_text(&lines.join("\n"));
    }
}
