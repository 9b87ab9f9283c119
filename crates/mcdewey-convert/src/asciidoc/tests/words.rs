//! Every word of a document is in its Markdown, in order, whatever the document is made of.

use crate::asciidoc::convert;
use crate::testing::Words;

/// How many documents a test makes.
const DOCUMENTS: u64 = 100;

/// Blocks. `¤` stands for a word of the text, `¬` for one that is not shown.
const BLOCKS: [&str; 53] = [
    "¤ *¤* _¤_ `¤` #¤# ^¤^ ~¤~ \"`¤`\" ¤.\n",
    "¤ https://a.example[¤] link:b.html[¤ ¤] xref:c.adoc[¤] <<a,¤>> mailto:a@b.example[¤].\n",
    "¤ kbd:[¤] btn:[¤] menu:¤[¤ > ¤] stem:[¤] +¤+ pass:[¤].\n",
    "¤ ((¤)) (((¬, ¬))) indexterm2:[¤] ¤.\n",
    "// ¬\n",
    "////\n¬\n////\n",
    "[comment]\n--\n¬\n--\n",
    "NOTE: ¤ ¤\n",
    "WARNING: ¤\n¤\n",
    "[TIP]\n.¤\n====\n¤\n\n* ¤\n====\n",
    "[IMPORTANT]\n¤\n",
    "CAUTION: ¤\n",
    ".¤\n****\n¤\n\n¤\n****\n",
    ".¤\n====\n¤\n\n----\n¤\n----\n====\n",
    ".¤\n--\n¤\n\n¤\n--\n",
    "[quote]\n____\n¤\n\n¤\n____\n",
    "[quote]\n¤\n",
    "\"¤ ¤\"\n-- ¤, ¤\n",
    "[verse]\n____\n¤\n  ¤\n____\n",
    "[abstract]\n¤\n",
    ".¤\n[source,ruby,linenums]\n----\n¤ # <1>\n¤\n----\n<1> ¤\n",
    "[listing]\n¤\n",
    "....\n¤\n....\n",
    " ¤\n ¤\n",
    "[literal]\n¤\n",
    "```js\n¤\n```\n",
    "++++\n<p>¤ <b>¤</b></p>\n++++\n",
    "[stem]\n++++\n¤\n++++\n",
    "[%header,cols=\"1,2\"]\n|===\n|¤ |¤\n\n|¤\n|¤\n|===\n",
    ".¤\n[cols=\"1h,1a,1m\",options=\"header,footer\"]\n|===\n|¤ |¤ |¤\n\n|¤\n|¤\n\n* ¤\n* ¤\n|¤\n\n|¤ |¤ |¤\n|===\n",
    "|===\n2+|¤\n.2+|¤ |¤\n|¤\n3*|¤\n|===\n",
    "[cols=\"1,1a\"]\n|===\n|¤\n|\n!===\n!¤ !¤\n!===\n|===\n",
    ",===\n¤,\"¤, ¤\"\n,===\n",
    ":===\n¤:¤\n:===\n",
    "[format=dsv]\n|===\n¤:¤\n|===\n",
    "* ¤\n** ¤\n+\n¤\n* ¤\n",
    ". ¤\n.. ¤\n. ¤\n+\n----\n¤\n----\n",
    "* [x] ¤\n* [ ] ¤\n",
    "¤:: ¤\n¤::\n¤\n+\n¤\n",
    "[horizontal]\n¤:: ¤\n¤::: ¤\n",
    "[qanda]\n¤:: ¤\n",
    "[tabs]\n====\n¤::\n+\n--\n¤\n\n¤\n--\n¤::\n+\n¤\n====\n",
    "[[¬]]\n¤ [[¬]]¤ [#¬]#¤#\n",
    "[#¬.lead]\n.¤\n¤\n",
    "[discrete]\n== ¤ ¤\n\n¤\n",
    "'''\n",
    "<<<\n",
    "image::a.png[¤ ¤]\n",
    ".¤\nimage::a.png[¤,100,200]\n",
    "image::a.png[title=¤ ¤,alt=¤]\n",
    "¤ image:a.png[¤] ¤\n",
    "ifdef::¬[]\n¬\nendif::[]\n",
    ":¬: ¬\n\n¤ {nothing} {counter:a} ¤ +\n¤\n",
];

#[test]
fn every_word_is_written_in_order() {
    for seed in 0..DOCUMENTS {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut words = Words::default();
        let template: String = (0..8)
            .map(|_| match random.usize(..8) {
                0 => "== ¤ ¤\n\n".to_owned(),
                1 => "¤ ¤\n-----------\n\n".to_owned(),
                // A paragraph separates blocks that would be one list.
                _ => format!("{}\n¤ ¤.\n\n", BLOCKS[random.usize(..BLOCKS.len())]),
            })
            .collect();

        let source = words.fill(&format!(
            "= ¤\n¤ ¤ <¤@b.example>\nv1.2, 2024-05-06: ¤\n\n{template}"
        ));
        let markdown = convert(source.as_bytes()).unwrap().markdown;
        words.assert_in(&markdown, &source);
    }
}

#[test]
fn every_kind_of_block_is_written() {
    for template in BLOCKS {
        let mut words = Words::default();
        let source = words.fill(&format!("{template}\n¤\n"));
        let markdown = convert(source.as_bytes()).unwrap().markdown;
        words.assert_in(&markdown, &source);
    }
}
