//! Marks within a paragraph.

use super::*;

#[test]
fn attribute_lists_are_dropped() {
    check("## A { #b }\n\n### C {#d .e}\n", "## A\n\n### C\n");
    check(
        "[a](b.md){ .md-button } ![c](d.png){ width=\"300\" loading=lazy }.\n",
        "[a](b.md) ![c](d.png).\n",
    );
    check(
        "`a`{:.b} **c**{: #d}\n\ntext\n{ .e }\n",
        "`a` **c**\n\ntext\n",
    );
    unchanged("a {1} {...} {b} f(x){ return } GET /a/{id}\n\n## GET {id}\n");
}

#[test]
fn keys_icons_and_marks_of_editors_become_text() {
    check("Press ++ctrl+alt+\"Ä\"++.\n", "Press Ctrl+Alt+Ä.\n");
    unchanged("C++ and g++ i++ ++i; a++b++c\n");
    check(":material-clock: A :octicons-tag-16:{ .b } c\n", "A c\n");
    unchanged("a :smile: b:c-d: $\\stackrel{++}{++}+$\n");
    check(
        "{++a++} {--b--} {~~c~>d~~} {==e==}{>>f<<}\n",
        "a ~~b~~ ~~c~~ d e(f)\n",
    );
    check(
        "a ==b c== ^^d^^ <Badge type=\"tip\" text=\"e\" />\n",
        "a b c d e\n",
    );
    unchanged("a==b==c ==== a == b == c x^^y <Badge> 1\n");
    unchanged("{toc:style=disc}\n\n{noformat:title=A}\n");
    check("[:material-home: a](b)\n", "[a](b)\n");
    check(
        "*[HTML]: Hyper Text\n*[CSS]: Style\n",
        "- HTML: Hyper Text\n\n- CSS: Style\n",
    );
}

#[test]
fn roles_become_their_text() {
    check(
        "See {ref}`the guide <a-b>`, {doc}`c` and {py:func}`d`.\n",
        "See the guide, c and `d`.\n",
    );
    unchanged("{ref} `a`\n");
}

#[test]
fn code_and_targets_of_links_stay() {
    unchanged("`{ref}`x`` `++a++` [a](b{#c}.md) <https://a.example/++b++>\n");
    unchanged("[a]: https://a.example/{#b} \"++c++\"\n");
    unchanged("Footnote[^1]\n\n[^1]: Text.\n\nTerm\n:   Definition\n");
}
