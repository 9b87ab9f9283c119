//! What holds for every text.

use proptest::prelude::*;

use super::*;

/// Blocks in no dialect.
const PLAIN: [&str; 24] = [
    "# Heading {of} text\n",
    "Setext\n===\n",
    "Words *with* `code {#a}` and [a link](b.md \"title\"),\nand a second line.\n",
    "- item\n- item\n\n  more\n\n      code\n",
    "1. item\n   - nested\n\n     ```sh\n     code\n     ```\n",
    "> quote\n> > nested\n",
    "```sh\n# comment\nexport a=1\n<!-- kept -->\n```\n",
    "~~~text some words\n!!! note\n    kept\n~~~\n",
    "Text\n\n    indented <!-- kept --> code\n",
    "| a | b |\n|---|--:|\n| `c | d` | \\| |\n",
    "<table><tr><td>a</td></tr></table>\n",
    "<div class=\"a\">\n\n**b**\n\n</div>\n",
    "Term\n:   Definition\n\n    Second paragraph.\n",
    "Text[^1]\n\n[^1]: A note.\n\n    Its second paragraph.\n",
    "> [!WARNING]\n> Text.\n",
    "Quotes \"a\" and 'b' -- dashes... (c) 1/2 a == b != c !!! ??? ::: +++\n",
    "GET /api/{id}?a={b}&c={{d}} <host:port> a<b>c C++ x++ ~~del~~ 5 % of {}\n",
    "***\n",
    "[ref]: https://a.example/b \"Title\"\n",
    "![image](a.png) <https://a.example> \\<!-- shown -->\n",
    "$ sudo reboot\n# done\nok\n",
    "import the file, export the others\n",
    "Line with two blanks  \nand \\\nbreaks\r\n",
    "- [ ] task\n- [x] done\n",
];

/// Constructs of the dialects around the word in place of `@`, and what no reader sees as `§`.
const DIALECTS: [&str; 26] = [
    "!!! note\n    @\n",
    "!!! danger \"@\"\n    @\n\n    ```sh\n    @\n    ```\n",
    "??? tip\n    - @\n\n        @\n",
    "=== \"@\"\n\n    | @ | @ |\n    |---|---|\n    | 1 | 2 |\n\n=== \"@\"\n\n    @\n",
    ":::warning @\n@\n:::\n",
    "::::tip\n@\n:::note\n@\n:::\n::::\n",
    "::: {.callout-note title=\"@\"}\n@\n:::\n",
    "```{note} @\n@\n```\n",
    "<Note>\n  @\n\n  - @\n</Note>\n",
    "<Tabs>\n<Tab title=\"@\">\n@\n</Tab>\n</Tabs>\n",
    "<Steps>\n  <Step title=\"@\">\n    @\n  </Step>\n</Steps>\n",
    "<Card title=\"@\" href=\"https://a.example\">@</Card>\n",
    "<details><summary>@</summary>\n\n@\n\n</details>\n",
    "<div class=\"§\" markdown>\n@\n</div>\n",
    "{{< note >}}\n@\n{{< /note >}}\n",
    "{% hint style=\"info\" %}\n@\n{% endhint %}\n",
    "{: .note }\n@\n",
    "> [!info]- @\n> @\n",
    "<!-- § -->\n",
    "@ <!-- § --> @ {/* § */}\n",
    "- @\n<!-- §\n\n§ -->\n- @\n",
    "[//]: # (§)\n",
    "*[A]: @\n",
    "## @ { #§ }\n",
    "```py title=\"@\" hl_lines=\"1\"\n@\n```\n",
    "{++@++} {ref}`@ <§>` [@](a.md){ .§ }\n",
];

/// Numbers the words, so that each is unique, and returns the text with those that readers see.
fn with_words(blocks: &[&str]) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut shown = Vec::new();
    let mut number = 0;
    for c in blocks.join("\n").chars() {
        match c {
            '@' => {
                shown.push(format!("Shown{number:04}"));
                text.push_str(shown.last().expect("just pushed"));
            }
            '§' => text.push_str(&format!("hidden{number:04}")),
            other => text.push(other),
        }
        number += usize::from(matches!(c, '@' | '§'));
    }
    (text, shown)
}

proptest! {
    #[test]
    fn text_in_no_dialect_stays(blocks in prop::collection::vec(prop::sample::select(PLAIN.to_vec()), 0..8)) {
        let text = blocks.join("\n");
        let found = to_commonmark(&text, Syntax::Markdown);
        prop_assert!(matches!(found.text, Cow::Borrowed(_)), "{}\n→\n{}", text, found.text);
        prop_assert!(found.warnings.is_empty());
    }

    #[test]
    fn every_word_that_readers_see_stays_in_order(
        blocks in prop::collection::vec(
            prop::sample::select([DIALECTS.as_slice(), &["@ @\n", "@ `@` **@**\n"]].concat()), 1..8
        )
    ) {
        let (text, shown) = with_words(&blocks);
        let found = to_commonmark(&text, Syntax::Markdown);
        let kept: Vec<&str> = found
            .text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.starts_with("Shown"))
            .collect();
        prop_assert_eq!(kept, shown, "{}\n→\n{}", text, found.text);
        prop_assert!(!found.text.contains("hidden"), "{}\n→\n{}", text, found.text);

        let again = to_commonmark(&found.text, Syntax::Markdown);
        prop_assert_eq!(&again.text, &found.text, "{}", text);
    }

    #[test]
    fn torn_blocks_are_read_to_their_end(
        parts in prop::collection::vec(
            prop::sample::select([PLAIN.as_slice(), &DIALECTS].concat()), 1..6
        ),
        cuts in prop::collection::vec(0_usize..200, 6),
    ) {
        let torn: String = parts
            .iter()
            .zip(cuts)
            .map(|(part, cut)| &part[..part.floor_char_boundary(cut)])
            .collect();
        for syntax in [Syntax::Markdown, Syntax::Mdx] {
            to_commonmark(&torn, syntax);
        }
    }
}

#[test]
fn hostile_texts_take_time_in_proportion_to_their_length() {
    let parts = [
        "<!-- ",
        "{/*",
        "::: a\n",
        "<Note>\n",
        "<A {",
        "{{< a >}}\n",
        "```{note}\n",
        "`",
        "> ",
        "{++",
        "!!! a\n    ",
    ];
    for part in parts {
        let text = part.repeat(20_000 / part.len());
        for syntax in [Syntax::Markdown, Syntax::Mdx] {
            to_commonmark(&text, syntax);
        }
    }
}
