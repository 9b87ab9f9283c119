//! Directives: the objects of Sphinx's domains, panels, and what is reported.

use super::{body, check};
use crate::rst::convert;

#[test]
fn objects_keep_their_kind_signature_and_options() {
    for (source, expected) in [
        (
            ".. http:delete:: /pumps/(int:id)\n\n   Gone.\n",
            "- **`DELETE /pumps/(int:id)`**\n\n  Gone.",
        ),
        (
            ".. confval:: timeout\n   :type: int\n   :default: 45\n\n   Seconds.\n",
            "- **`timeout`**\n\n  - **type:** int\n  - **default:** 45\n\n  Seconds.",
        ),
        (
            ".. py:data:: MAX\n   :type: int\n   :value: 4711\n\n   Most.\n",
            "- **`MAX = 4711`**\n\n  - **type:** int\n\n  Most.",
        ),
        (
            ".. class:: PumpPool(size)\n\n   A pool.\n",
            "- **`class PumpPool(size)`**\n\n  A pool.",
        ),
        (
            ".. rst:role:: valve\n\n   Names a valve.\n",
            "- **role `valve`**\n\n  Names a valve.",
        ),
        (
            ".. cpp:enum-class:: Side : int\n\n   Sides.\n",
            "- **`enum class Side : int`**\n\n  Sides.",
        ),
    ] {
        check(source, expected);
    }
}

#[test]
fn class_is_a_style_unless_the_document_describes_objects() {
    check(".. class:: big-text\n\n   Words.\n", "Words.");
    assert!(body(".. module:: m\n\n.. class:: date\n\n   A day.\n").contains("**`class date`**"));
}

#[test]
fn footnotes_without_a_label_are_numbered() {
    check(
        "A [#]_ and b [#]_.\n\n.. [#] First.\n\n.. [#] Second.\n\n   - more\n",
        "A [1] and b [2].\n\n[1] First.\n\n[2] Second.\n\n- more",
    );
}

#[test]
fn substitutions_may_begin_below_their_name() {
    check(
        "A |b| c.\n\n.. |b| replace::\n\n   :ref:`long` and\n   :kbd:`short`\n",
        "A long and `short` c.",
    );
}

#[test]
fn images_in_text_keep_their_description() {
    check(
        "A |b| and _`c d`.\n\n.. |b| image:: b.png\n   :alt: Red *b*\n",
        "A ![Red *b*](b.png) and c d.",
    );
}

#[test]
fn a_dash_in_a_simple_table_is_a_cell() {
    check(
        "====  ====\na     b\n====  ====\n-     c\n====  ====\n",
        "| a | b |\n| --- | --- |\n| - | c |",
    );
}

#[test]
fn what_is_elsewhere_or_unknown_is_reported() {
    let source = ".. literalinclude:: pump.py\n\n.. autoclass:: pumps.Pool\n\n\
                  .. raw:: latex\n\n   \\vfill\n\n.. gizmo:: x\n";
    assert_eq!(
        convert(source.as_bytes()).unwrap().warnings,
        [
            "the file includes other files, whose text is missing: pump.py",
            "the file takes text from the source of a program, which is missing: pumps.Pool",
            "text in other formats than HTML is left out: latex",
            "directives are not known, and their text is shown as it is: gizmo",
        ]
    );
}
