"""LanceDB: hybrid search (vectors and BM25, fused by reciprocal ranks) over vectors of the same graph."""

import shutil
from pathlib import Path

import embedding
import lancedb
import onnxruntime
import numpy
import quality
import texts
from lancedb.index import FTS
from lancedb.rerankers import RRFReranker
from timing import latencies
from tokenizers import Tokenizer


def embedder(settings):
    """The graph in ONNX Runtime without anything around it, one text a run."""
    session = onnxruntime.InferenceSession(str(Path(settings["folder"]) / "model/model.onnx"))
    tokenizer = Tokenizer.from_file(str(embedding.model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(embedding.WINDOW)

    def embed(values):
        vectors = []
        for text in values:
            ids = numpy.array([tokenizer.encode(text).ids], dtype=numpy.int64)
            feeds = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
            vectors.append(session.run(None, feeds)[0][0].mean(axis=0))
        return embedding.unit(vectors)

    return embed


def measure(settings):
    embed = embedder(settings)
    folder = Path(settings["folder"]) / "lancedb"
    shutil.rmtree(folder, ignore_errors=True)
    database, reranker, made = lancedb.connect(str(folder)), RRFReranker(), []

    def build(documents):
        rows = [
            {"place": place, "text": text, "vector": vector.tolist()}
            for place, (text, vector) in enumerate(zip(documents, embed(documents)))
        ]
        table = database.create_table(f"passages{len(made)}", data=rows)
        made.append(table)
        table.create_index("text", config=FTS(stem=True, remove_stop_words=True, language="English"))
        return table

    def ask(table, text):
        [vector] = embed([text])
        query = table.search(query_type="hybrid").distance_type("cosine").vector(vector).text(text)
        return [row["place"] for row in query.rerank(reranker).select(["place"]).limit(10).to_list()]

    def labelled(ids, documents):
        table = build(documents)
        return lambda questions: [[ids[place] for place in ask(table, text)] for text in questions]

    table = build(texts.passages(settings["texts"], settings["passages"]))
    return {
        "version": lancedb.__version__,
        "hybrid": latencies(lambda text: ask(table, text), texts.questions(settings["texts"], settings["questions"])),
        "quality": quality.measure(settings["labelled"], labelled),
    }
