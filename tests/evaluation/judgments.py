"""Turns drafts of judgments into the form that `mcdewey eval` reads.

    python3 tests/evaluation/judgments.py CORPUS < DRAFTS > SET.jsonl

A draft is a line of JSON:

    {"q": "...", "kind": "...", "release": "3.7", "answers": [{"source": "path in CORPUS", "quote": "words that answer"}]}

The quote is verbatim, as the page reads, and lies in one paragraph, list item or table row. The set gets its hash
only, so it holds none of the text. A quote that its source does not contain is an error.
"""

import hashlib
import html
import json
import pathlib
import re
import sys


def words(text):
    """The words as `mcdewey-eval` reads them: runs of letters and digits in lower case, without link targets and entities."""
    text = re.sub(r"\]\([^)\n]*", "]", html.unescape(text))
    return re.findall(r"[^\W_]+", text.lower())


def source_words(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix in (".html", ".htm"):
        text = re.sub(r"<[^>]*>", " ", text)
    return words(text)


def phrase(quote):
    quoted = words(quote)
    digest = hashlib.sha256(" ".join(quoted).encode()).hexdigest()
    return f"{len(quoted)}-{digest[:16]}"


def contains(text, quoted):
    return f" {' '.join(quoted)} " in f" {' '.join(text)} "


def main():
    corpus = pathlib.Path(sys.argv[1])
    sources, failures = {}, 0
    for line in sys.stdin:
        draft = json.loads(line)
        places = []
        for answer in draft["answers"]:
            source = answer["source"]
            if source not in sources:
                sources[source] = source_words(corpus / source)
            if not contains(sources[source], words(answer["quote"])):
                print(f"{draft['q']!r}: {source} has no {answer['quote']!r}", file=sys.stderr)
                failures += 1
            place = {"source": source, "evidence": phrase(answer["quote"])}
            if place not in places:
                places.append(place)

        judgment = {"q": draft["q"], "kind": draft["kind"], **places[0]}
        if draft.get("release"):
            judgment["release"] = draft["release"]
        if places[1:]:
            judgment["also"] = places[1:]
        print(json.dumps(judgment, ensure_ascii=False))

    sys.exit(1 if failures else 0)


main()
