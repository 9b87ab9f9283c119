#!/usr/bin/env python3
"""Computes the vectors in data/reference.jsonl: the model's forward pass in float64 NumPy, directly
from its safetensors.

It shares only the model's files with the crate: no ONNX, no fused operators, no batching, no padding.

    pip install numpy safetensors tokenizers
    python3 reference.py ../../../../models/all-MiniLM-L6-v2 > data/reference.jsonl
"""

import json
import math
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

folder = pathlib.Path(sys.argv[1])
config = json.loads((folder / "config.json").read_text())
window = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
weights = {name: tensor.astype(np.float64) for name, tensor in load_file(folder / "model.safetensors").items()}
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_padding()
tokenizer.no_truncation()
error_function = np.vectorize(math.erf)


def linear(name, x):
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def normalise(name, x):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    scaled = (x - mean) / np.sqrt(variance + config["layer_norm_eps"])
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def heads(x):
    return x.reshape(len(x), config["num_attention_heads"], -1).transpose(1, 0, 2)


def attention(name, x):
    query, key, value = (heads(linear(f"{name}.self.{part}", x)) for part in ("query", "key", "value"))
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    context = (softmax(scores) @ value).transpose(1, 0, 2).reshape(x.shape)
    return normalise(f"{name}.output.LayerNorm", linear(f"{name}.output.dense", context) + x)


def feed_forward(name, x):
    wide = linear(f"{name}.intermediate.dense", x)
    active = 0.5 * wide * (1 + error_function(wide / math.sqrt(2)))
    return normalise(f"{name}.output.LayerNorm", linear(f"{name}.output.dense", active) + x)


def embed(ids):
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = x + weights["embeddings.token_type_embeddings.weight"][0]
    x = normalise("embeddings.LayerNorm", x)
    for layer in range(config["num_hidden_layers"]):
        x = attention(f"encoder.layer.{layer}.attention", x)
        x = feed_forward(f"encoder.layer.{layer}", x)
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def prose(tokens):
    """Returns English text of exactly this many tokens, special tokens included."""
    words = "the agent who is talking on a call may be heard by a supervisor before the next group takes over".split()
    text = " ".join(words[(i * i + i // 7) % len(words)] for i in range(tokens - 2))
    assert len(tokenizer.encode(text).ids) == tokens
    return text


TEXTS = {
    "empty": "",
    "question": "What state is the supervisor in after barging into a call?",
    "exactly the window": prose(window),
    "one token beyond the window": prose(window + 1),
    "non-English": "Der Vorgesetzte schaltet sich in das Gespräch ein. 主管可以加入通话。 المشرف يستمع إلى المكالمة.",
    "code": 'curl -X PUT "https://host:8445/finesse/api/Dialog/{id}" -d \'<Dialog><requestedAction>BARGE_CALL</requestedAction></Dialog>\'',
    "a word of more than 100 characters": "before " + "x" * 130 + " after",
    "Markdown with odd characters": "| Code | Meaning |\n|---|---|\n| 20700 | conference resource limit ☎️ |\n\tzero\u200bwidth and caf\u0065\u0301",
}

for name, text in TEXTS.items():
    ids = tokenizer.encode(text).ids
    read = ids if len(ids) <= window else ids[: window - 1] + ids[-1:]
    vector = [float(f"{value:.9f}") for value in embed(read)]
    print(json.dumps({"name": name, "text": text, "tokens": len(ids), "vector": vector}, ensure_ascii=False))
