//! Converts whole documents.

use super::*;
use crate::testing::read_mutations;

mod words;

const GUIDE: &str = r#"Trunk guide
===========
:lang: en
:revdate: 2025-03-04
:product: Switch
:imagesdir: img

For {product} with *bold* and `max_calls`, see <<ports,the ports>> or xref:limits.adoc#calls[limits].footnote:[Since 4.]

[[ports]]
Ports
-----

.Open ports
[cols="1,2a",options="header"]
|===
|Port |Use

.2+|5060
|UDP

* voice
* video
|TCP
|===

NOTE: Be *quick*.

[WARNING]
.Calls end
====
Wait first.
====

[source,bash]
----
# restart <1>
  trunk restart
----
<1> As root.

include::more.adoc[]

CPU:: Two of them.

image::a.png[A port]

=== Deep

Not <a key> nor foo.*.bar.
"#;

const MARKDOWN: &str = r#"---
title: "Trunk guide"
updated: 2025-03-04
lang: "en"
---

# Trunk guide

Revision: 2025-03-04

For Switch with **bold** and `max_calls`, see [the ports](#ports) or [limits](limits.adoc#calls).[1]

## Ports

**Open ports**

| Port | Use |
| --- | --- |
| 5060 | UDP<br>• voice<br>• video |
| 5060 | TCP |

> **Note**
>
> Be **quick**.

> **Warning: Calls end**
>
> Wait first.

```bash
# restart (1)
  trunk restart
```

1. As root.

- **CPU**

  Two of them.

![A port](img/a.png)

### Deep

Not \<a key> nor foo.\*.bar.

**Notes**

- [1] Since 4.
"#;

#[test]
fn converts_a_guide() {
    let converted = convert(GUIDE.as_bytes()).unwrap();
    assert_eq!(converted.markdown, MARKDOWN);
    assert_eq!(
        converted.warnings,
        ["the file includes other files, whose text is missing: more.adoc"]
    );
}

#[test]
fn the_byline_and_attributions_are_written() {
    let source = "= Guide\nAda Byte <ada@a.example>; Bo Nibble\nv2.1, 2024-05-06: Second\n\n\
                  [quote, Cy Word, Tales]\n____\nLess.\n____\n";
    assert_eq!(
        convert(source.as_bytes()).unwrap().markdown,
        "---\ntitle: \"Guide\"\nupdated: 2024-05-06\n---\n\n# Guide\n\n\
         Authors: Ada Byte \\<ada@a.example>, Bo Nibble\n\n\
         Revision: 2.1, 2024-05-06, Second\n\n> Less.\n>\n> — Cy Word, Tales\n"
    );
}

#[test]
fn nested_cells_keep_their_footnotes() {
    let source = "[cols=\"1a\"]\n|===\n|Text.footnote:[Inside.]\n|===\n";
    let markdown = convert(source.as_bytes()).unwrap().markdown;
    assert!(markdown.contains("Inside."), "{markdown}");
}

#[test]
fn lines_with_unknown_attributes_are_kept() {
    let source = ":attribute-missing: drop-line\n\nOne.\n\nTwo {unknown} three.\n";
    let markdown = convert(source.as_bytes()).unwrap().markdown;
    assert!(markdown.contains("Two {unknown} three."), "{markdown}");
}

#[test]
fn conditions_are_evaluated_and_reported() {
    let source = ":cloud:\n\nifdef::cloud[]\nHosted.\nendif::[]\nifndef::cloud[Own.]\n\n\
                  ifdef::print[]\n----\nPaper.\n----\nendif::[]\n\n\
                  ifeval::[\"{cloud}\" == \"x\"]\nNever.\nendif::[]\nEnd.\n";
    let converted = convert(source.as_bytes()).unwrap();
    assert_eq!(converted.markdown, "Hosted.\n\nEnd.\n");
    assert_eq!(
        converted.warnings,
        [
            "text under conditions that do not hold is left out: ifndef::cloud[], \
          ifdef::print[], ifeval::[\"{cloud}\" == \"x\"]"
        ]
    );
}

#[test]
fn reads_as_text_what_cannot_be_parsed() {
    assert_eq!(plain_text_markdown("= A\nb *c*\n"), "\n# A\n\nb \\*c\\*\n");
    assert!(convert(b"\n \n").unwrap_err().0.contains("empty"));
    assert!(convert(b"a\xFF").unwrap_err().0.contains("UTF-8"));
}

#[test]
fn converts_or_rejects_deep_documents() {
    for (open, close) in [("====", "===="), ("* ", ""), ("> ", "")] {
        let deep: String = (0..300)
            .map(|at| format!("{}\n", open.repeat(at + 1)))
            .collect();
        let _ = convert(format!("{deep}x\n{close}").as_bytes());
    }

    let _ = convert("[".repeat(20_000).as_bytes());
}

#[test]
fn broken_documents_are_read_or_refused() {
    read_mutations(GUIDE.as_bytes(), convert);
}
