"""Makes a set of questions about code, in BEIR format, from two small packages of Python's registry.

    python3 tests/evaluation/code.py FOLDER

Every function is a document, without its docstring; the first sentence of a docstring is the question that its function
answers. The packages are fetched with pip in pinned versions, so the set is the same on every machine.
"""

import ast
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import zipfile

PACKAGES = ["boltons==25.0.0", "toolz==1.0.0"]
QUESTIONS_PER_PACKAGE = 85
# A shorter sentence hardly asks for one function.
MIN_WORDS = 6


def modules(package, folder):
    """The source files of a package: path in the wheel, text."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, package]
    subprocess.run(pip, check=True)
    wheel, = pathlib.Path(folder).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for path in sorted(archive.namelist()):
            if path.endswith(".py") and "/tests/" not in path:
                yield path, archive.read(path).decode()


def functions(path, text):
    """The functions of a file: id, title, source without the docstring, docstring."""
    def visit(node, names):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                yield from visit(child, names + [child.name])
            elif isinstance(child, ast.FunctionDef):
                yield function(child, names)

    def function(node, names):
        docstring = ast.get_docstring(node) or ""
        lines = text.splitlines()
        first = min([node.lineno] + [decorator.lineno for decorator in node.decorator_list])
        kept = lines[first - 1:node.end_lineno]
        if docstring:
            inner = node.body[0]
            del kept[inner.lineno - first:inner.end_lineno - first + 1]
        title = ".".join(names + [node.name])
        return f"{path}:{title}:{node.lineno}", title, textwrap.dedent("\n".join(kept)), docstring

    yield from visit(ast.parse(text), [])


def question(docstring):
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    sentence = paragraph.split(". ")[0].rstrip(".:")
    return re.sub(r":\w+:(?=`)|`", "", sentence)


def main():
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    corpus, queries, judgments = [], [], []
    for package in PACKAGES:
        asked = []
        with tempfile.TemporaryDirectory() as folder:
            for path, text in modules(package, folder):
                for identity, title, source, docstring in functions(path, text):
                    corpus.append({"_id": identity, "title": title, "text": source})
                    text_of_question = question(docstring)
                    if len(text_of_question.split()) >= MIN_WORDS:
                        asked.append((identity, text_of_question))

        # A choice without order or taste, and the same everywhere.
        asked.sort(key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
        for identity, text_of_question in asked[:QUESTIONS_PER_PACKAGE]:
            queries.append({"_id": f"q{len(queries) + 1}", "text": text_of_question})
            judgments.append(f"q{len(queries)}\t{identity}\t1")

    write = lambda name, lines: (target / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    write("corpus.jsonl", map(json.dumps, corpus))
    write("queries.jsonl", map(json.dumps, queries))
    write("qrels.tsv", ["query-id\tcorpus-id\tscore"] + judgments)
    print(f"{len(corpus)} functions, {len(queries)} questions")


main()
