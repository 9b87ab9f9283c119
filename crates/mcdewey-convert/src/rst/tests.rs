//! Converts whole documents.

use super::*;
use crate::testing::read_mutations;

mod directives;
mod words;

const GUIDE: &str = r##".. _guide:

===========
Trunk guide
===========

:Date: 2025-03-04
:Product: Switch

Set ``max_calls`` before **any** *call*; see `the limits <limits.html#calls>`_,
ports_, :ref:`the guide <guide>`, :doc:`install` and |product| [1]_. call_limit_max 2 * 3

.. |product| replace:: the *Switch*

Ports
=====

Open these::

    # restart
      trunk restart

+------+-----------+
| Port | Use       |
+======+===========+
| 5060 | UDP       |
|      +-----------+
|      | - TCP     |
|      | - TLS     |
+------+-----------+

=====  =======
Name   Limit
=====  =======
calls  10
lines  20 or
       more
=====  =======

.. note:: Be quick.

.. warning::

   Calls end.

   * one
   * two

     more
   * three

.. code-block:: bash
   :linenos:

   # first
   trunk start

.. list-table:: Limits
   :header-rows: 1

   * - A
     - B
   * - 1
     - two
       lines

.. csv-table::
   :header: "Name", "Value"

   "a, b", 2

#. First
#. Second

   a. inner
3. x

CPU
    The processor.

Memory : optional
    At least 4 GB.

-v, --verbose  Says more.
--out=FILE     Writes there.

.. py:function:: dial(number, *args)

   Calls *number*.

   :param number: whom
   :returns: a call

.. image:: img/a.png
   :alt: A port

.. toctree::
   :maxdepth: 2

   a
   b

.. include:: more.rst
.. a comment
   goes on

.. versionadded:: 3.1
   The thing.

.. unknown-thing:: argument here
   :opt: 1

   Body stays.

| line one
| line two

Deeper
------

    A quote.

.. [1] A footnote.

A. Name is no list
but a paragraph. See http://example.com/a.
"##;

const MARKDOWN: &str = r##"---
title: "Trunk guide"
updated: 2025-03-04
---

# Trunk guide

- **Date:** 2025-03-04
- **Product:** Switch

Set `max_calls` before **any** *call*; see [the limits](limits.html#calls), [ports](#ports), [the guide](#trunk-guide), [install](install) and the *Switch* [1]. call_limit_max 2 * 3

## Ports

Open these:

```
# restart
  trunk restart
```

| Port | Use |
| --- | --- |
| 5060 | UDP |
| 5060 | • TCP<br>• TLS |

| Name | Limit |
| --- | --- |
| calls | 10 |
| lines | 20 or more |

> **Note**
>
> Be quick.

> **Warning**
>
> Calls end.
>
> - one
>
> - two
>
>   more
>
> - three

```bash
# first
trunk start
```

**Limits**

| A | B |
| --- | --- |
| 1 | two lines |

| Name | Value |
| --- | --- |
| a, b | 2 |

1. First

2. Second

   1. inner

3. x

- **CPU**

  The processor.

- **Memory : optional**

  At least 4 GB.

- **`-v, --verbose`**

  Says more.

- **`--out=FILE`**

  Writes there.

- **`dial(number, *args)`**

  Calls *number*.

  - **param number:** whom
  - **returns:** a call

![A port](img/a.png)

- [a](a)
- [b](b)

> **Added in 3.1**
>
> The thing.

**argument here**

- **opt:** 1

Body stays.

line one  
line two

### Deeper

> A quote.

[1] A footnote.

A. Name is no list
but a paragraph. See <http://example.com/a>.
"##;

fn body(text: &str) -> String {
    convert(text.as_bytes()).unwrap().markdown
}

fn check(text: &str, expected: &str) {
    assert_eq!(body(text).trim_end(), expected, "{text}");
}

#[test]
fn converts_a_guide() {
    let converted = convert(GUIDE.as_bytes()).unwrap();
    assert_eq!(converted.markdown, MARKDOWN);
    assert_eq!(
        converted.warnings,
        [
            "the file includes other files, whose text is missing: more.rst",
            "directives are not known, and their text is shown as it is: unknown-thing",
        ]
    );
}

#[test]
fn converts_inline_markup() {
    check(
        "2 * 3 * 4, a*b*c, \\*x\\*, :cmd:`run`, :class:`~a.b.C`, `cited`",
        "2 * 3 * 4, a\\*b\\*c, \\*x\\*, `run`, `C`, *cited*",
    );

    check(
        "`One <a.html>`__ and anon__\n\n__ b.html",
        "[One](a.html) and [anon](b.html)",
    );

    check(
        "A `Name`_ here.\n\n.. _name: https://docs.example.com/\n   page",
        "A [Name](https://docs.example.com/page) here.",
    );
    check("unknown_ stays, |so| too", "unknown_ stays, |so| too");
}

#[test]
fn writes_unreadable_tables_as_code() {
    check("+---+\n| a |\n+--", "```\n+---+\n| a |\n+--\n```");
    check("====  ====\na     b", "```\n====  ====\na     b\n```");
}

#[test]
fn takes_title_levels_from_their_adornments() {
    let markdown = body("====\nBook\n====\n\nB\n~~~\n\nC\n---\n\nD\n~~~\n");
    assert_eq!(
        markdown,
        "---\ntitle: \"Book\"\n---\n\n# Book\n\n## B\n\n### C\n\n## D\n"
    );
}

#[test]
fn keeps_the_text_of_deep_documents() {
    let deep: String = (0..300)
        .map(|at| format!("{}- x{at}\n\n", " ".repeat(at * 2)))
        .collect();
    assert!(body(&deep).contains("x299"));
    let quotes: String = (0..500)
        .map(|at| format!("{}y{at}\n\n", " ".repeat(500 - at)))
        .collect();
    assert!(body(&quotes).contains("y499"));
}

#[test]
fn broken_documents_are_read_or_refused() {
    read_mutations(GUIDE.as_bytes(), convert);
}
