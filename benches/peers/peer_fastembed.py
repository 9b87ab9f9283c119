"""fastembed (Python) with the graph that McDewey runs, in full precision, and the same weights."""

import importlib.metadata
import os
import shutil
from pathlib import Path

import embedding
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType

NAME = "mcdewey/graph"


def measure(settings):
    folder = Path(settings["folder"]) / "model"
    folder.mkdir(exist_ok=True)
    for file in embedding.model_folder().iterdir():
        if file.is_file():
            shutil.copy(file, folder / file.name)
    shutil.copy(Path(settings["folder"]) / "model.onnx", folder / "model.onnx")

    TextEmbedding.add_custom_model(
        model=NAME, pooling=PoolingType.MEAN, normalization=True, sources=ModelSource(url="local"), dim=384,
        model_file="model.onnx", additional_files=["model.safetensors"],
    )
    model = TextEmbedding(NAME, specific_model_path=str(folder), threads=os.cpu_count())
    model.model.tokenizer.enable_truncation(embedding.WINDOW)

    def embed(texts):
        return embedding.unit(list(model.embed(texts, batch_size=32)))

    return {"version": importlib.metadata.version("fastembed"), **embedding.measure(settings, embed)}
