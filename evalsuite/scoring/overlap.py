"""Overlap with reference texts: BLEU, chrF, chrF++ and ROUGE, by the field's own packages.

All figures run from 0 to 1: those of sacrebleu are divided by 100, so that a success is told the
same way everywhere. A text may have several references. An empty text overlaps with nothing: 0.

The BLEU of a corpus (Papineni et al. 2002) is not the mean of the BLEUs of its texts: its counts
are added up first. The same holds for chrF. ROUGE of a corpus is the mean.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from evalsuite.errors import ExtraMissing
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.text import Target
from evalsuite.task import CorpusMetric, Graded

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

_ROUGE = {"rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL", "rouge_lsum": "rougeLsum"}


def ready() -> None:
    """ExtraMissing where sacrebleu is not installed."""
    _bleu(sentence=True)


def bleu(text: str, target: Target) -> float:
    """Sentence BLEU of sacrebleu: 4-grams, smoothed (exp), orders as far as the text has them.

    Post (2018); tokenisation 13a, case kept. ``bleu_signature(sentence=True)`` says so.
    """
    return float(_bleu(sentence=True).sentence_score(text, list(_several(target))).score) / 100


def chrf(text: str, target: Target, *, word_order: int = 0) -> float:
    """Sentence chrF of sacrebleu (Popović 2015): character 6-grams, F2.

    ``word_order`` 2 is chrF++ (Popović 2017).
    """
    return float(_chrf(word_order).sentence_score(text, list(_several(target))).score) / 100


def rouge(text: str, target: Target) -> dict[str, float]:
    """F1 of ROUGE-1, -2, -L and -Lsum (Lin 2004), by rouge-score without stemming.

    Of several references the best counts, for each of the four by itself. -Lsum takes every line
    for a sentence; -L takes the text for one.
    """
    found = _rouge().score_multi(list(_several(target)), text)
    return {name: float(found[theirs].fmeasure) for name, theirs in _ROUGE.items()}


def bleu_signature(*, sentence: bool = False) -> str:
    """What sacrebleu says of its settings, for papers; of the corpus BLEU unless ``sentence``."""
    scorer = _bleu(sentence=sentence)
    scorer.corpus_score(["a"], [["a"]])  # before it has scored, the number of references is unknown
    return str(scorer.get_signature()).replace("nrefs:1|", "")


def score_bleu(answer: Answer, target: Target) -> Score:
    """``bleu``; the explanation is sacrebleu's signature."""
    value = bleu(answer.text or "", target)
    return Score(name="bleu", value=value, explanation=_sentence_signature())


def score_chrf(answer: Answer, target: Target) -> Sequence[Score]:
    """``chrf`` and ``chrf_plus_plus``."""
    text = answer.text or ""
    return [
        Score(name="chrf", value=chrf(text, target)),
        Score(name="chrf_plus_plus", value=chrf(text, target, word_order=2)),
    ]


def score_rouge(answer: Answer, target: Target) -> Sequence[Score]:
    """``rouge_1``, ``rouge_2``, ``rouge_l`` and ``rouge_lsum``."""
    return [Score(name=k, value=v) for k, v in rouge(answer.text or "", target).items()]


def corpus_bleu(texts: Sequence[str], targets: Sequence[Target]) -> float | None:
    """Corpus BLEU of sacrebleu, 0 to 1; None for no texts. Texts may differ in references."""
    return _corpus(_bleu(sentence=False), texts, targets)


def corpus_chrf(
    texts: Sequence[str], targets: Sequence[Target], *, word_order: int = 0
) -> float | None:
    """Corpus chrF, or chrF++ with ``word_order`` 2, 0 to 1; None for no texts."""
    return _corpus(_chrf(word_order), texts, targets)


def overlap_metrics(
    target: Callable[[Sample], Target] = lambda sample: sample.target,
) -> dict[str, CorpusMetric]:
    """``corpus_bleu``, ``corpus_chrf`` and ``corpus_chrf_plus_plus`` over all answers.

    A failed answer is an empty text: its reference is missed, and BLEU's brevity counts it. None
    where every answer failed.
    """

    def over(score: Callable[[Sequence[str], Sequence[Target]], float | None]) -> CorpusMetric:
        def metric(graded: Sequence[Graded]) -> float | None:
            if all(row.answer is None for row in graded):
                return None
            said = [(row.answer.text or "") if row.answer is not None else "" for row in graded]
            return score(said, [target(row.sample) for row in graded])

        return metric

    return {
        "corpus_bleu": over(corpus_bleu),
        "corpus_chrf": over(corpus_chrf),
        "corpus_chrf_plus_plus": over(functools.partial(corpus_chrf, word_order=2)),
    }


def _corpus(scorer: Any, texts: Sequence[str], targets: Sequence[Target]) -> float | None:
    if not texts:
        return None
    several = [list(_several(target)) for target in targets]
    most = max(map(len, several))
    # One list a reference; None where a text has fewer.
    streams = [[one[at] if at < len(one) else None for one in several] for at in range(most)]
    return float(scorer.corpus_score(list(texts), streams).score) / 100


def _several(target: Target) -> Sequence[str]:
    return [target] if isinstance(target, str) else target


@functools.cache
def _bleu(*, sentence: bool) -> BLEU:
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError:
        raise ExtraMissing("sacrebleu", "text", "BLEU") from None
    return BLEU(effective_order=sentence)


@functools.cache
def _chrf(word_order: int) -> CHRF:
    try:
        from sacrebleu.metrics.chrf import CHRF
    except ImportError:
        raise ExtraMissing("sacrebleu", "text", "chrF") from None
    return CHRF(word_order=word_order)


@functools.cache
def _rouge() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise ExtraMissing("rouge-score", "text", "ROUGE") from None
    return RougeScorer(list(_ROUGE.values()), use_stemmer=False)


@functools.cache
def _sentence_signature() -> str:
    return bleu_signature(sentence=True)
