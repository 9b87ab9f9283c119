//! Every word of a document is in its Markdown, in order, whatever the document is made of.

use crate::rst::convert;
use crate::testing::Words;

/// How many documents a test makes.
const DOCUMENTS: u64 = 100;

/// Blocks without others in them. `¤` stands for a word of the text, `¬` for one that is not shown.
const LEAVES: [&str; 54] = [
    "¤ *¤* **¤** ``¤`` ¤.\n",
    "¤ :ref:`¤ <¬>` :guilabel:`¤` :kbd:`¤` `¤ <http://a.example>`__ :samp:`¤ <¤>`.\n",
    "¤::\n\n   ¤ ¤\n     ¤\n",
    "- ¤\n- ¤\n\n  ¤\n",
    "1. ¤\n2. ¤\n",
    "¤\n   ¤\n\n¤ : ¤\n   ¤\n",
    ":¤: ¤\n:¤ ¤: ¤\n   ¤\n",
    "-v, --¤  ¤\n--out=¤  ¤\n",
    "| ¤\n| ¤\n",
    ">>> ¤\n¤\n",
    ".. ¬ ¬\n   ¬\n",
    "..\n   ¬\n\n   ¬\n",
    ".. [¬ ¬] ¬\n",
    ".. note: ¬\n",
    ".. _¬: https://a.example\n",
    ".. 2to3fixer:: ¤\n\n   ¤\n",
    ".. availability:: ¤\n",
    ".. uml::\n\n   ¤ -> ¤\n",
    ".. code-block:: python\n   :caption: ¤\n   :linenos:\n\n   ¤(¤)\n",
    ".. code::\n\n   ¤\n",
    ".. parsed-literal::\n\n   ¤ *¤*\n",
    ".. math:: ¤\n",
    ".. productionlist:: ¤\n   ¤: `¤`\n",
    ".. http:get:: /¤/(int:¤)\n\n   ¤\n\n   :query ¤: ¤\n   :reqheader ¤: ¤\n   :statuscode 200: ¤\n",
    ".. confval:: ¤\n   :type: ¤\n   :default: ``¤``\n\n   ¤\n",
    ".. py:function:: ¤(¤, *, ¤=1)\n                 ¤(¤)\n   :async:\n\n   ¤\n\n   :param ¤: ¤\n   :raises ¤: ¤\n",
    ".. py:function:: ¤(¤)\n   :param ¤: ¤\n   :returns: ¤\n",
    ".. cpp:class:: template<typename ¤> ¤ : public ¤\n\n   .. cpp:member:: int ¤\n\n      ¤\n",
    ".. c:struct:: ¤\n\n   .. c:var:: ¤ ¤\n",
    ".. js:method:: ¤.¤(¤)\n   :deprecated: ¤\n",
    ".. rst:directive:: .. ¤:: ¤\n\n   .. rst:directive:option:: ¤\n      :type: ¤\n\n      ¤\n",
    ".. rst:role:: ¤\n\n   ¤\n",
    ".. program:: ¤\n\n.. option:: --¤ <¤>, -x\n\n   ¤\n",
    ".. envvar:: ¤\n\n   ¤\n",
    ".. rb:mixin:: ¤ includes ¤\n   :since: ¤\n\n   ¤\n",
    ".. module:: ¤\n   :synopsis: ¤ ¤\n",
    ".. class:: Pool(¤)\n\n   ¤\n",
    ".. glossary::\n\n   ¤\n   ¤\n      ¤\n\n   ¤\n      ¤\n",
    ".. list-table:: ¤\n   :header-rows: 1\n\n   * - ¤\n     - ¤\n   * - ¤\n     - ¤\n",
    ".. csv-table:: ¤\n   :header: \"¤\", ¤\n   :delim: ,\n\n   \"¤, ¤\", ¤\n   -, ¤\n",
    "=====  =====\n¤  ¤\n=====  =====\n¤  ¤\n-      ¤\n=====  =====\n",
    "+-------+-------+\n| ¤ | ¤ |\n+=======+=======+\n| ¤ | ¤ |\n+-------+-------+\n",
    ".. toctree::\n   :caption: ¤\n   :maxdepth: 2\n\n   ¤ <¤/x>\n   ¤\n",
    ".. image:: a.png\n   :alt: ¤ ¤\n",
    ".. figure:: a.png\n   :alt: ¤\n   :width: 50%\n\n   ¤\n\n   ¤\n",
    ".. rubric:: ¤\n",
    ".. centered:: ¤\n",
    ".. versionadded:: 3.1 ¤\n   ¤\n",
    ".. deprecated:: 2.0\n   ¤\n",
    ".. raw:: html\n\n   <p>¤ <b>¤</b></p>\n",
    ".. code-tab:: bash ¤\n\n   ¤\n",
    ".. card:: ¤\n   :img-top: a.png\n   :img-alt: ¤\n\n   ¤\n   ^^^\n   ¤\n   +++\n   ¤\n",
    ".. gizmo:: ¤ ¤\n   :mood: ¤\n\n   ¤\n",
    ".. [¤] ¤\n   ¤\n",
];

/// What may be around blocks, and how far they are indented in it.
const AROUND: [(&str, usize); 21] = [
    (".. note::\n\n", 3),
    (".. warning:: ¤\n\n", 3),
    (".. admonition:: ¤ ¤\n   :class: tip\n\n", 3),
    (".. topic:: ¤\n\n", 3),
    (".. seealso::\n\n", 3),
    (".. only:: html and ¬\n\n", 3),
    (".. ifconfig:: ¬\n\n", 3),
    (".. container:: ¬\n\n", 3),
    (".. tabs::\n\n   .. tab:: ¤\n\n", 6),
    (".. tabs::\n\n   .. group-tab:: ¤\n\n", 6),
    (
        ".. tab-set::\n   :sync-group: x\n\n   .. tab-item:: ¤ ¤\n      :sync: ¬\n\n",
        6,
    ),
    (".. dropdown:: ¤\n   :open:\n\n", 3),
    (".. grid:: 2\n\n   .. grid-item-card:: ¤\n\n", 6),
    (".. versionchanged:: 4.2\n\n", 3),
    (".. py:class:: ¤\n\n", 3),
    (".. hlist::\n   :columns: 2\n\n", 3),
    (".. epigraph::\n\n", 3),
    (".. sidebar:: ¤\n   :subtitle: ¤\n\n", 3),
    ("- ¤\n\n", 2),
    ("¤\n", 4),
    (".. [#¤x] ¤\n\n", 3),
];

fn block(random: &mut fastrand::Rng, depth: usize) -> String {
    if depth == 0 || random.bool() {
        return LEAVES[random.usize(..LEAVES.len())].to_owned();
    }

    let (opening, indentation) = AROUND[random.usize(..AROUND.len())];
    let content = blocks(random, depth - 1);
    let content: String = content
        .lines()
        .map(|line| match line {
            "" => "\n".to_owned(),
            line => format!("{}{line}\n", " ".repeat(indentation)),
        })
        .collect();
    format!("{opening}{content}")
}

fn blocks(random: &mut fastrand::Rng, depth: usize) -> String {
    (0..random.usize(1..4))
        .map(|_| format!("{}\n", block(random, depth)))
        .collect()
}

#[test]
fn every_word_is_written_in_order() {
    for seed in 0..DOCUMENTS {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut words = Words::default();
        // A paragraph separates blocks that would be one list.
        let template: String = (0..6)
            .map(|_| format!("{}\n¤ ¤.\n\n", block(&mut random, 2)))
            .collect();

        let source = words.fill(&format!("¤ ¤\n=====================\n\n{template}"));
        let markdown = convert(source.as_bytes()).unwrap().markdown;
        words.assert_in(&markdown, &source);
    }
}

#[test]
fn every_kind_of_block_is_written() {
    let around =
        AROUND.map(|(opening, indentation)| format!("{opening}{}¤ ¤\n", " ".repeat(indentation)));
    for template in LEAVES.into_iter().chain(around.iter().map(String::as_str)) {
        let mut words = Words::default();
        let source = words.fill(&format!("{template}\n¤\n"));
        let markdown = convert(source.as_bytes()).unwrap().markdown;
        words.assert_in(&markdown, &source);
    }
}
