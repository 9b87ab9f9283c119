"""Compares McDewey with other libraries on the same texts, one after another, and writes the table of docs/performance.md.

    python3 benches/peers/run.py --program target/release/mcdewey --labelled SET

Installs the other libraries into a virtual environment of its own (target/peers). Fails, and writes nothing, if the answers of
McDewey or of a peer are worse than they should be: a fast wrong answer is no result.
"""

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PEERS = ["peak", "sentence_transformers", "fastembed", "bm25s", "tantivy", "lancedb"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--program", type=Path, default=REPOSITORY / "target/release/mcdewey", help="the mcdewey to measure")
    parser.add_argument("--flags", default="", help="settings for every command of that mcdewey, as on its command line")
    parser.add_argument("--texts", type=Path, default=REPOSITORY / "corpus", help="folder whose paragraphs become passages")
    parser.add_argument("--passages", type=int, default=600, help="how many passages are embedded")
    parser.add_argument("--questions", type=int, default=1000, help="how many questions are asked")
    parser.add_argument("--labelled", type=Path, action="append", default=[], help="a set in BEIR format; may be repeated")
    parser.add_argument("--report", type=Path, default=REPOSITORY / "docs/performance.md", help="the document to write into")
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "target/peers", help="for everything that is made")
    parser.add_argument("--python", type=Path, help="an interpreter that has the requirements; none is made then")
    return parser.parse_args()


def environment(folder):
    """The interpreter of the virtual environment, with the pinned libraries."""
    python = folder / "venv/bin/python"
    requirements = HERE / "requirements.txt"
    installed = folder / "venv/requirements.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        venv.create(folder / "venv", with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
        installed.write_text(requirements.read_text())
    return python


def measure(python, name, settings):
    """Runs one peer in a process of its own, so that none inherits threads or memory of another."""
    print(f"{name} …", file=sys.stderr, flush=True)
    quiet = {"TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1", "LANCEDB_LOG": "error"}
    run = subprocess.run(
        [python, "-c", f"import sys, json; sys.path.insert(0, {str(HERE)!r}); import peer_{name} as peer;"
         "print('\\n' + json.dumps(peer.measure(json.load(sys.stdin))))"],
        input=json.dumps(settings), capture_output=True, text=True, env={**os.environ, **quiet},
    )
    if run.returncode:
        sys.exit(f"{name} failed:\n{run.stderr[-4000:]}")
    return json.loads(run.stdout.splitlines()[-1])


def main():
    options = arguments()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = options.python or environment(folder)
    settings = {
        "texts": str(options.texts.resolve()),
        "passages": options.passages,
        "questions": options.questions,
        "labelled": [str(labelled.resolve()) for labelled in options.labelled],
        "program": str(options.program.resolve()),
        "flags": options.flags.split(),
        "folder": str(folder),
        "repository": str(REPOSITORY),
    }

    # McDewey first: it also writes the graph and the vectors that peers use.
    results = {}
    for name in ["mcdewey", *PEERS]:
        results[name] = measure(python, name, settings)
    (folder / "results.json").write_text(json.dumps(results, indent=1))

    import report

    problems = report.problems(results)
    if problems:
        sys.exit("the quality gate failed:\n" + "\n".join(problems))
    report.write(options.report, results, settings)
    print(f"wrote {options.report}", file=sys.stderr)


if __name__ == "__main__":
    main()
