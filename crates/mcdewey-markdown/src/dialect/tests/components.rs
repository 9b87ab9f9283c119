//! Components of MDX, and elements of HTML that hold Markdown.

use super::*;

#[test]
fn known_components_become_boxes_in_every_text() {
    check("<Note>A **b**</Note>\n\nC\n", "> [!NOTE]\n> A **b**\n\nC\n");
    check(
        "<Warning>\n  A\n\n  - b\n</Warning>\n",
        "> [!WARNING]\n> A\n>\n> - b\n",
    );
    check(
        "<Callout type=\"error\" title=\"B\">\nA\n</Callout>\n",
        "> [!CAUTION]\n> **B**\n>\n> A\n",
    );
    check(
        "1. a\n\n   <Tip>\n   B\n   </Tip>\n\n2. c\n",
        "1. a\n\n   > [!TIP]\n   > B\n\n2. c\n",
    );
}

#[test]
fn tabs_steps_and_accordions_are_labelled_parts() {
    check_mdx(
        "<Tabs>\n  <Tab title=\"A\">\n    ```sh\n    b\n    ```\n  </Tab>\n  <Tab title=\"C\">\n    D\n  </Tab>\n</Tabs>\n\nE\n",
        "**A**\n\n```sh\nb\n```\n\n**C**\n\nD\n\nE\n",
    );
    check_mdx(
        "<Tabs\n  values={[{label: 'Linux', value: 'l'}]}>\n<TabItem value=\"l\">\n\nA\n\n</TabItem>\n<TabItem value=\"m\" label=\"Mac\">\n\nB\n\n</TabItem>\n</Tabs>\n\nC\n",
        "**Linux**\n\nA\n\n**Mac**\n\nB\n\nC\n",
    );
    check_mdx(
        "<Tabs items={['npm', 'yarn']}>\n  <Tabs.Tab>A</Tabs.Tab>\n  <Tabs.Tab>B</Tabs.Tab>\n</Tabs>\n\nC\n",
        "**npm**\n\nA\n\n**yarn**\n\nB\n\nC\n",
    );
    check_mdx(
        "## A\n\n<Steps>\n  <Step title=\"B\">\n    C\n  </Step>\n  <Step title=\"D\">\n    E\n  </Step>\n</Steps>\n",
        "## A\n\n### B\n\nC\n\n### D\n\nE\n",
    );
    check_mdx(
        "<Accordion title=\"A\">\nB\n</Accordion>\n\nC\n",
        "**A**\n\nB\n\nC\n",
    );
}

#[test]
fn cards_and_fields_keep_what_their_attributes_say() {
    check_mdx(
        "<CardGroup cols={2}>\n  <Card title=\"A\" icon=\"b\" href=\"/c\">\n    D\n  </Card>\n</CardGroup>\n",
        "**[A](/c)**\n\nD\n",
    );
    check_mdx(
        "<ParamField path=\"id\" type=\"string\" required>\n  A\n</ParamField>\n\n<ResponseField name=\"n\" type=\"number\" default=\"5\">\n  B\n</ResponseField>\n",
        "**`id`** (string, required)\n\nA\n\n**`n`** (number, default `5`)\n\nB\n",
    );
}

#[test]
fn unknown_components_leave_their_content_and_titles() {
    check_mdx("<Foo bar={{ a: 1 }}>\n\n  A\n\n</Foo>\n", "A\n");
    check_mdx("<Foo title=\"A\">\nB\n</Foo>\n", "**A**\n\nB\n");
    check_mdx(
        "<Frame caption=\"A\">\n  ![b](c.png)\n</Frame>\n",
        "A\n\n![b](c.png)\n",
    );
    check_mdx(
        "A <Badge color=\"red\">b</Badge> and <Icon name=\"c\" /> d.\n",
        "A b and d.\n",
    );
    check_mdx("<Badge>A</Badge> b\n", "A b\n");
    check_mdx("A <Tooltip tip=\"b c\">D</Tooltip>.\n", "A D (b c).\n");
    check_mdx(
        "| a | b |\n|---|---|\n| <CHECK /> | <Icon icon=\"c\" /> D |\n",
        "| a | b |\n|---|---|\n| CHECK | D |\n",
    );
    check_mdx(
        "A {variable} and {' '}b {\"c\"}\n",
        "A {variable} and  b c\n",
    );
    check_mdx(
        "<div className=\"a\">\n  B\n\n      c\n</div>\n",
        "B\n\n    c\n",
    );
    check_mdx("<>\nA\n</>\n", "A\n");
}

#[test]
fn elements_that_hold_markdown_are_dropped() {
    check(
        "<details>\n<summary>A <b>b</b></summary>\n\nC\n\n</details>\n\nD\n",
        "**A b**\n\nC\n\nD\n",
    );
    check(
        "<details><summary>A</summary>C</details>\n\nD\n",
        "**A**\n\nC\n\nD\n",
    );
    check("<div class=\"grid\" markdown>\n\n- a\n\n</div>\n", "- a\n");
    check(
        "<div markdown=\"1\">\n<div markdown=\"1\">\nA\n</div>\nB\n</div>\n",
        "A\n\nB\n",
    );
    unchanged("<div class=\"a\">\n\nA\n\n</div>\n");
}
