"""tantivy: BM25 in Rust, called from Python, with English stems."""

import importlib.metadata
import re
import time

import quality
import tantivy
import texts
from timing import latencies


def measure(settings):
    def build(documents):
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
        schema.add_unsigned_field("place", stored=True)
        index = tantivy.Index(schema.build())
        writer = index.writer()
        for place, text in enumerate(documents):
            writer.add_document(tantivy.Document(text=text, place=place))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        return index

    def ask(index, searcher, question):
        query = index.parse_query(" ".join(re.findall(r"\w+", question)), ["text"])
        return [searcher.doc(address)["place"][0] for _, address in searcher.search(query, 10).hits]

    def labelled(ids, documents):
        index = build(documents)
        searcher = index.searcher()
        return lambda questions: [[ids[place] for place in ask(index, searcher, text)] for text in questions]

    passages = texts.passages(settings["texts"], settings["passages"])
    started = time.perf_counter()
    index = build(passages)
    seconds = time.perf_counter() - started
    searcher = index.searcher()
    return {
        "version": importlib.metadata.version("tantivy"),
        "build_seconds": seconds,
        "keyword": latencies(
            lambda text: ask(index, searcher, text), texts.questions(settings["texts"], settings["questions"])
        ),
        "quality": quality.measure(settings["labelled"], labelled),
    }
