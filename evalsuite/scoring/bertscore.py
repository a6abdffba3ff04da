"""BERTScore (Zhang et al. 2020): similarity of texts by matching contextual embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.errors import ExtraMissing


@dataclass(frozen=True)
class Similarity:
    """Precision, recall and F1 of one pair, without baseline rescaling: usually 0 to 1."""

    precision: float
    recall: float
    f1: float


def bertscore(
    texts: Sequence[str],
    references: Sequence[str],
    *,
    model: str = "roberta-large",
    layers: int | None = None,
    device: str = "cpu",
    batch_size: int = 16,
) -> list[Similarity]:
    """BERTScore of each text against its reference.

    Args:
        texts: What was generated.
        references: One reference for each text.
        model: A model that bert-score knows by name, or a local model folder.
        layers: The layer whose embeddings are compared; may be left out for models that
            bert-score knows, must be given for a folder. Figures of different models or layers
            do not compare.
        device: Where the model runs.
        batch_size: Pairs embedded at once.

    Texts longer than the model's window (512 tokens for most) are cut, by bert-score itself.

    Raises:
        ExtraMissing: If bert-score is not installed.
        ValueError: If the numbers of texts and references differ.
    """
    if len(texts) != len(references):
        raise ValueError(f"{len(texts)} texts but {len(references)} references")
    if not texts:
        return []
    try:
        from bert_score import BERTScorer
    except ImportError:
        raise ExtraMissing("bert-score", "bertscore", "BERTScore") from None
    scorer = BERTScorer(model_type=model, num_layers=layers, device=device, batch_size=batch_size)
    figures = scorer.score(list(texts), list(references))
    rows = zip(*(figure.tolist() for figure in figures), strict=True)
    return [Similarity(*row) for row in rows]
