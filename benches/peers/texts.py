"""The passages, the questions and the labelled sets that every peer gets."""

import json
import random
import re
from pathlib import Path

SUFFIXES = {".md", ".mdx", ".html", ".txt", ".rst", ".adoc"}
PASSAGE = 700  # characters, about 170 tokens
QUESTION = 8  # words


def sentences(folder):
    """The distinct sentences of a folder's files, in the order of the files' names."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        text = re.sub(r"<[^>]+>", " ", path.read_text(encoding="utf-8", errors="replace"))
        for line in text.splitlines():
            for sentence in re.split(r"(?<=[.!?])\s+", line.strip(" #|*-`>")):
                sentence = re.sub(r"\s+", " ", sentence)
                if 40 <= len(sentence) <= 400:
                    found.setdefault(sentence)
    if len(found) < 100:
        raise SystemExit(f"{folder} has only {len(found)} sentences; name a folder with more text")
    return list(found)


def passages(folder, count):
    """Passages of neighbouring sentences from two places of the texts: real text, but more passages than the texts have."""
    source, chance, made = sentences(folder), random.Random(20), []
    while len(made) < count:
        text = ""
        for limit in (PASSAGE // 2, PASSAGE):
            at = chance.randrange(len(source))
            while len(text) < limit:
                text += source[at % len(source)] + " "
                at += 1
        made.append(text.strip())
    return made


def questions(folder, count):
    """Distinct groups of neighbouring words of the texts, of a question's length."""
    source, chance, made = sentences(folder), random.Random(21), {}
    while len(made) < count:
        words = re.findall(r"[\w'-]+", chance.choice(source))
        at = chance.randrange(max(1, len(words) - QUESTION))
        made.setdefault(" ".join(words[at : at + QUESTION]))
    return list(made)


def labelled(folder):
    """A set in BEIR format: documents by id, questions by id, and the relevance of documents by question."""
    folder = Path(folder)

    def lines(name):
        return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]

    documents = {}
    for document in lines("corpus.jsonl"):
        title, text = document.get("title", ""), document["text"]
        documents[document["_id"]] = text if text.startswith(title) else f"{title}\n{text}"
    judged = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, relevance = line.split("\t")
        judged.setdefault(question, {})[document] = int(relevance)
    asked = {question["_id"]: question["text"] for question in lines("queries.jsonl") if question["_id"] in judged}
    return documents, asked, judged
