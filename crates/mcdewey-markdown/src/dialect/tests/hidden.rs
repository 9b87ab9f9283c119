//! Comments and other text that no reader sees.

use super::*;

#[test]
fn comments_are_dropped_with_their_lines() {
    check("# A\n\n<!-- old PIN 4711 -->\n\nB\n", "# A\n\nB\n");
    check("<!-- a -->\n# A\n", "# A\n");
    check("A\n<!-- b -->\nC\n", "A\n\nC\n");
    check("A\n\n<!-- b\n\n# c\n\n```\n-->\n\nD\n", "A\n\nD\n");
    check("A\n\n<!-- b\nc --> D\n", "A\n\nD\n");
    check("A\n\n<!-- b -->\n", "A\n");
    check("A\r\n\r\n<!-- b -->\r\n\r\nC\r\n", "A\r\n\r\nC\r\n");
}

#[test]
fn comments_within_a_line_are_dropped() {
    check("A <!-- b --> c<!-- d -->.\n", "A c.\n");
    check("A <!-- b\nc --> d\n", "A d\n");
    check("<!-- a --> B <!-- c -->\n", "B\n");
    check("<!-- a --> <!-- b -->\nC\n", "C\n");
    check("# A <!-- b -->\n", "# A\n");
    check("<!--> A\n", "A\n");
}

#[test]
fn comments_in_lists_quotes_and_tables_are_dropped() {
    check("- a <!-- b -->\n- <!-- c --> d\n", "- a\n- d\n");
    check("- a\n<!-- b -->\n- c\n", "- a\n- c\n");
    check("- a\n\n  <!-- b\n  c -->\n\n  d\n", "- a\n\n  d\n");
    check("> a\n> <!-- b -->\n> c\n", "> a\n>\n> c\n");
    check(
        "| a <!-- b --> | c |\n|---|---|\n<!-- d -->\n| 1 | <!-- 2 | 3 --> 4 |\n",
        "| a | c |\n|---|---|\n| 1 | 4 |\n",
    );
}

#[test]
fn comments_in_html_and_blocks_of_dialects_are_dropped() {
    check(
        "<table>\n    <!-- a -->\n    <tr><td>b<!-- c --></td></tr>\n</table>\n",
        "<table>\n    <tr><td>b</td></tr>\n</table>\n",
    );
    check(
        "!!! note\n    A\n\n    <!-- b\n    c -->\n",
        "> [!NOTE]\n> A\n",
    );
    check(
        "=== \"A\"\n\n    B <!-- c -- d -->\n\nE\n",
        "**A**\n\nB\n\nE\n",
    );
    check(
        "1. a\n\n   b <!-- c -->\n\n   <!-- d -->\n\n2. e\n",
        "1. a\n\n   b\n\n2. e\n",
    );
}

#[test]
fn a_comment_without_end_hides_the_rest_and_is_reported() {
    check_warning("A\n\n<!-- b\n\n# C\n", "A\n", "`<!-- b` is never closed");
    unchanged("A <!-- b\n\n# C\n");
}

#[test]
fn comments_in_code_are_code() {
    unchanged("`<!-- a -->` and ``{/* `b` */}``\n");
    unchanged("```html\n<!-- a -->\n```\n");
    unchanged("- a\n\n  ~~~\n  <!-- b -->\n  ~~~\n");
    unchanged("A\n\n    <!-- b -->\n    [//]: # (c)\n");
    unchanged("> ```\n> <!-- a -->\n> ```\n");
    unchanged("<pre>\n<!-- a -->\n</pre>\n");
    unchanged("\\<!-- a -->\n");
}

#[test]
fn definitions_of_links_that_hold_comments_are_dropped() {
    check("A\n\n[//]: # (b)\n[comment]: <> (c)\n\nD\n", "A\n\nD\n");
    check("[//]: # \"a\"\n[_]: #\n[//]: # (b\nc)\n\nD\n", "D\n");
    unchanged("[a]\n\n[a]: https://a.example (A)\n[b]: #b\n");
}

#[test]
fn comments_of_components_and_templates_are_dropped() {
    check("A {/* b */} c\n\n{/* d\n\ne */}\n\nF\n", "A c\n\nF\n");
    check(
        "A\n\n{{/* b */}}\n\n{% comment %}\nC\n{% endcomment %}\n\nD\n",
        "A\n\nD\n",
    );
    check("A\n\n{::comment}\nb\n{:/comment}\n\nC\n", "A\n\nC\n");
    check(
        "```{note}\nA\n```\n\n% b\n\n(c)=\n# D\n",
        "> [!NOTE]\n> A\n\n# D\n",
    );
    unchanged("% a\n\n(b)=\n");
}

#[test]
fn imports_and_exports_are_dropped() {
    check_mdx(
        "import A from './a'\nimport {\n  B,\n  C\n} from \"./b\";\n\nexport const d = {\n  e: [1],\n\n  f: 2,\n};\n\n# G\n",
        "# G\n",
    );
    check_mdx(
        "```js\nimport a from 'a'\nexport default a\n```\n",
        "```js\nimport a from 'a'\nexport default a\n```\n",
    );
    check_mdx(
        "import the file from the disk\n",
        "import the file from the disk\n",
    );
    unchanged("import os from 'os'\n");
    check("import A from '@a/b';\n\n<A>\n\nText\n\n</A>\n", "Text\n");
    check_warning(
        "import Steps from './_steps.mdx'\n\n<Steps />\n\nA\n",
        "A\n",
        "`./_steps.mdx`",
    );
}

#[test]
fn scripts_and_style_sheets_are_dropped() {
    check(
        "<script setup>\nimport A from './a.vue'\n\nlet b\n</script>\n\n# C\n\n<style>\nd\n</style>\n",
        "# C\n",
    );
    unchanged("<script>\nA\n");
    unchanged("```html\n<script>\na\n</script>\n```\n");
}

#[test]
fn lines_for_the_processor_are_dropped() {
    check("# A\n\n[TOC]\n\n[[toc]]\n\nB\n", "# A\n\nB\n");
    check("# A\n{: .no_toc }\n\n* TOC\n{:toc}\n\nB\n", "# A\n\nB\n");
    check_warning("A\n\n--8<-- \"part.md\"\n\nB\n", "A\n\nB\n", "`part.md`");
    check_warning("```py\n--8<-- \"a.py\"\n```\n", "```py\n```\n", "`a.py`");
    check_warning("<!--@include: ./a.md-->\n\nB\n", "B\n", "`./a.md`");
    check_warning("<<< @/a.js{2}\n\nB\n", "B\n", "`@/a.js{2}`");
    check_warning("--8<--\na.md\n--8<--\n", "\n", "`a.md`");
    check("--8<-- [start:a]\nB\n--8<-- [end:a]\n", "B\n");
}
