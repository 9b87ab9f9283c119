"""sentence-transformers with PyTorch on the processor, all cores, its own batches sorted by length."""

import embedding
import sentence_transformers
import torch


def measure(settings):
    model = sentence_transformers.SentenceTransformer(str(embedding.model_folder()), device="cpu")

    def embed(texts):
        return embedding.unit(model.encode(texts, normalize_embeddings=True, show_progress_bar=False))

    version = f"{sentence_transformers.__version__}, PyTorch {torch.__version__}"
    return {"version": version, "threads": torch.get_num_threads(), **embedding.measure(settings, embed)}
