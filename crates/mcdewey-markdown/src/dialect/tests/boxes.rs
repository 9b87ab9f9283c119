//! Boxes, tabs and parts with a label.

use super::*;

#[test]
fn admonitions_become_alerts() {
    check(
        "!!! warning \"Do not run as root\"\n\n    The agent refuses.\n\nB\n",
        "> [!WARNING]\n> **Do not run as root**\n>\n> The agent refuses.\n\nB\n",
    );
    check(
        "!!! note\n    A\n\n    ```sh\n    b\n    ```\n",
        "> [!NOTE]\n> A\n>\n> ```sh\n> b\n> ```\n",
    );
    check(
        "!!! danger inline end\n    A\n",
        "> [!CAUTION]\n> **Danger**\n>\n> A\n",
    );
    check("!!! info \"\"\n    A\n", "> [!NOTE]\n> A\n");
    check(
        "???+ tip \"B *c*\"\n\tA\n",
        "> [!TIP]\n> **B *c***\n>\n> A\n",
    );
    check(
        "!!! custom-kind\n    A\n",
        "> [!NOTE]\n> **Custom kind**\n>\n> A\n",
    );
    check(
        "- a\n\n    !!! note\n        B\n- c\n",
        "- a\n\n    > [!NOTE]\n    > B\n\n- c\n",
    );
    check(
        "!!! note\n    A\n\n    !!! tip\n        B\n",
        "> [!NOTE]\n> A\n>\n> > [!TIP]\n> > B\n",
    );
}

#[test]
fn text_that_only_resembles_a_block_stays() {
    unchanged("Stop!!! note this\n\n!!!\n\n=== Totals\n\nA\n===\n");
    unchanged("!!! note\n\nA\n");
    unchanged("```\n!!! note\n    a\n::: tip\nb\n:::\n<Note>\nc\n</Note>\n```\n");
    unchanged("A\n\n    !!! note\n        a\n");
    unchanged("::: tip without an end\n\nA\n");
    unchanged(":::::\n\na ::: b\n");
    unchanged("> [!NOTE]\n> A\n\n> [!div class=\"a\"]\n> B\n");
    unchanged("<Hostname>\n\nSIP/<Peer> and List<String>\n\n<Foo>\nA\n</Foo>\n");
    unchanged("{% if a %}\nB {{ c }}\n{% endif %}\n");
    unchanged("```text extra words\nA\n```\n\n```{eval}\nB\n```\n");
}

#[test]
fn tabs_are_labelled_parts() {
    check(
        "## A\n\n=== \"Debian\"\n\n    ```sh\n    b\n    ```\n\n=== \"Red Hat\"\n\n    C\n\nD\n",
        "## A\n\n**Debian**\n\n```sh\nb\n```\n\n**Red Hat**\n\nC\n\nD\n",
    );
    check(
        "## A\n\n=== \"B\"\n    C\n=== \"D\"\n    E\n\n## F\n",
        "## A\n\n### B\n\nC\n\n### D\n\nE\n\n## F\n",
    );
    check(
        "=== \"A\"\n\n    B\n\n    === \"C\"\n\n        D\n",
        "## A\n\nB\n\n**C**\n\nD\n",
    );
}

#[test]
fn containers_between_colons_become_boxes() {
    check(":::note\n\nA\n\n:::\n", "> [!NOTE]\n> A\n");
    check(
        "::: tip Do *this*\nA\n:::\n",
        "> [!TIP]\n> **Do *this***\n>\n> A\n",
    );
    check(
        ":::danger[B]{#c}\nA\n:::\n",
        "> [!CAUTION]\n> **B**\n>\n> A\n",
    );
    check(
        "::: {.warning title=\"B\"}\nA\n:::\n",
        "> [!WARNING]\n> **B**\n>\n> A\n",
    );
    check(
        "::: {.callout-note}\n## B\n\nA\n:::\n",
        "> [!NOTE]\n> **B**\n>\n> A\n",
    );
    check("::: {.columns}\nA\n:::\n", "A\n");
    check(
        "::::info\nA\n:::tip\nB\n:::\nC\n::::\n",
        "> [!NOTE]\n> **Info**\n>\n> A\n>\n> > [!TIP]\n> > B\n>\n> C\n",
    );
    check("::: details B\nA\n:::\n\nC\n", "**B**\n\nA\n\nC\n");
    check(
        "::: code-group\n```sh [npm]\na\n```\n:::\n",
        "**npm**\n\n```sh\na\n```\n",
    );
    check(
        ":::image type=\"content\" source=\"a.png\" alt-text=\"B\":::\n",
        "![B](a.png)\n",
    );
}

#[test]
fn directives_become_boxes_code_and_images() {
    check(
        "```{warning} B\n:class: c\n\nA\n```\n",
        "> [!WARNING]\n> **B**\n>\n> A\n",
    );
    check(
        ":::{admonition} B\n:class: tip\nA\n:::\n",
        "> [!TIP]\n> **B**\n>\n> A\n",
    );
    check(
        "```{code-block} py\n:caption: B\n\na\n```\n",
        "**B**\n\n```py\na\n```\n",
    );
    check(
        "```{figure} a.png\n:alt: B\n\nC\n```\n",
        "![B](a.png)\n\nC\n",
    );
    check(
        "````{tab-set}\n```{tab-item} B\nA\n```\n````\n\nC\n",
        "**B**\n\nA\n\nC\n",
    );
    check("```{toctree}\na\nb\n```\n\nC\n", "C\n");
    check(
        "```{versionadded} 1.2\nA\n```\n",
        "> [!NOTE]\n> **Version added 1.2**\n>\n> A\n",
    );
    check_warning("```{include} a.md\n```\n\nB\n", "B\n", "`a.md`");
}

#[test]
fn callouts_and_paragraphs_with_a_class_become_alerts() {
    check("> [!info]- B\n> A\n", "> [!NOTE]\n> **B**\n>\n> A\n");
    check("> [!danger]\n> A\n", "> [!CAUTION]\n> **Danger**\n>\n> A\n");
    check(
        "{: .warning }\nA\nb\n\nC\n",
        "> [!WARNING]\n> A\n> b\n\nC\n",
    );
    check("> A\n{: .prompt-tip }\n\nB\n", "> [!TIP]\n> A\n\nB\n");
}

#[test]
fn shortcodes_and_template_tags_become_boxes() {
    check("{{< note >}}\nA\n{{< /note >}}\n", "> [!NOTE]\n> A\n");
    check(
        "{{% alert title=\"B\" color=\"warning\" %}}\nA\n{{% /alert %}}\n",
        "> [!WARNING]\n> **B**\n>\n> A\n",
    );
    check(
        "{{< tabs >}}\n{{% tab \"Linux\" %}}\nA\n{{% /tab %}}\n{{< tab name=\"Windows\" >}}\nB\n{{< /tab >}}\n{{< /tabs >}}\n\nC\n",
        "**Linux**\n\nA\n\n**Windows**\n\nB\n\nC\n",
    );
    check(
        "{{< highlight go \"linenos=1\" >}}\na\n{{< /highlight >}}\n",
        "```go\na\n```\n",
    );
    check(
        "{{< figure src=\"a.png\" alt=\"B\" caption=\"C\" >}}\n",
        "![B](a.png)\n\nC\n",
    );
    check(
        "{% hint style=\"danger\" %}\nA\n{% endhint %}\n",
        "> [!CAUTION]\n> A\n",
    );
    check(
        "{% tabs %}\n{% tab title=\"B\" %}\nA\n{% endtab %}\n{% endtabs %}\n\nC\n",
        "**B**\n\nA\n\nC\n",
    );
    check(
        "{% include note.html content=\"A <b>b</b>\" %}\n",
        "> [!NOTE]\n> A b\n",
    );
    check("{% raw %}\nA {{ b }}\n{% endraw %}\n", "A {{ b }}\n");
    check(
        "{% highlight sh %}\na\n{% endhighlight %}\n",
        "```sh\na\n```\n",
    );
    check(
        "{% content-ref url=\"a.md\" %}\n[A](a.md)\n{% endcontent-ref %}\n\n{% embed url=\"https://b.example\" %}\n",
        "[A](a.md)\n\nhttps://b.example\n",
    );
    check_warning("{% include a.md %}\n\nB\n", "B\n", "`a.md`");
    check_warning("A {{< param \"v\" >}} b\n", "A b\n", "`param`");
}

#[test]
fn code_loses_its_options_but_not_its_title() {
    check(
        "```py title=\"A b\" hl_lines=\"1 2\" linenums=\"1\"\nc\n```\n",
        "**A b**\n\n```py\nc\n```\n",
    );
    check("``` title=\"A: b\"\nc\n```\n", "**A: b**\n\n```\nc\n```\n");
    check("``` { .py .annotate }\nc\n```\n", "```py\nc\n```\n");
    check("```js {1,3-5} showLineNumbers\nc\n```\n", "```js\nc\n```\n");
    check_mdx("```bash cURL\nc\n```\n", "**cURL**\n\n```bash\nc\n```\n");
}
