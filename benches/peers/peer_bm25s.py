"""bm25s: BM25 in NumPy, with English stems and stop words."""

import importlib.metadata
import time

import bm25s
import quality
import Stemmer
import texts
from timing import latencies


def measure(settings):
    stemmer = Stemmer.Stemmer("english")

    def tokens(values):
        return bm25s.tokenize(values, stopwords="en", stemmer=stemmer, show_progress=False)

    def build(documents):
        index = bm25s.BM25()
        index.index(tokens(documents), show_progress=False)
        return index

    def ask(index, questions, count):
        found, _ = index.retrieve(tokens(questions), k=count, show_progress=False, n_threads=0)
        return found

    def labelled(ids, documents):
        index = build(documents)
        return lambda questions: [[ids[place] for place in places] for places in ask(index, questions, 10)]

    passages = texts.passages(settings["texts"], settings["passages"])
    started = time.perf_counter()
    index = build(passages)
    return {
        "version": importlib.metadata.version("bm25s"),
        "build_seconds": time.perf_counter() - started,
        "keyword": latencies(lambda text: ask(index, [text], 10), texts.questions(settings["texts"], settings["questions"])),
        "quality": quality.measure(settings["labelled"], labelled),
    }
