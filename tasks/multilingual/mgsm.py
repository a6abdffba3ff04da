"""MGSM: 250 of GSM8K's test problems in 11 languages (Shi et al. 2022, arXiv:2210.03057).

    Ein Kleid erfordert 2 Knäuel blaue Wolle und halb so viel weiße Wolle. Wie viele Knäuel braucht
    man insgesamt?
    -> 3

Success: the final number is right, in digits of any script. In German, Spanish, French and Russian
1.234 and 1 234 are 1234, as 1,234 is, because models mix the ways of writing; in the others 1.234
is a little more than 1. The languages of one problem are a cluster, since they share what is hard.
Test is all 2750; train and validation are those of GSM8K, in English. A limit takes from every
language alike.

    evalsuite run --task multilingual/mgsm --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.reasoning import (
    FLOATING_POINT,
    GSM8K,
    gsm8k_samples,
    interleaved,
    macro_mean,
    number_task,
)
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.number import score_number
from evalsuite.task import Split, Variant

DATA = Dataset(
    name="mgsm",
    licence="CC-BY-4.0",
    source="https://github.com/google-research/url-nlp",
    files={
        "test": DataFile(
            path="tasks/multilingual/mgsm/mgsm.jsonl",
            sha256="206a9cea7d7f0ef7fe8ae916e5be5b230f640a6f7161ceb9b7006923114c246d",
        )
    },
)
_DECIMAL_COMMA = ("de", "es", "fr", "ru")
# "Step-by-step answer", and what stands before a result, beside "answer is" and "answer:".
_STEPS = {
    "bn": ("ধাপে ধাপে উত্তর", "উত্তর হল", "উত্তর:"),
    "de": ("Schritt-für-Schritt-Antwort", "Antwort ist", "Antwort lautet", "Antwort:"),
    "en": ("Step-by-Step Answer",),
    "es": ("Respuesta paso a paso", "respuesta es", "respuesta final es", "Respuesta:"),
    "fr": ("Réponse étape par étape", "réponse est", "réponse finale est", "Réponse:", "Réponse :"),
    "ja": ("ステップごとの答え", "答えは", "答え:"),
    "ru": ("Пошаговый ответ", "Ответ —", "Ответ -", "Ответ:"),
    "sw": ("Jibu la Hatua kwa Hatua", "Jibu ni", "Jibu:"),
    "te": ("దశలవారీగా సమాధానం", "సమాధానం:", "సమాధానం"),
    "th": ("คำตอบทีละขั้นตอน", "คำตอบคือ", "คำตอบ:"),
    "zh": ("逐步解答", "答案是", "答案为", "答案:"),
}


def samples(split: Split) -> Iterator[Sample]:
    """One problem of every language in turn, so that all languages of a problem come together."""
    if split != "test":
        yield from gsm8k_samples(split)
        return
    for row in interleaved(DATA.rows("test"), lambda row: row["lang"]):
        yield Sample(
            id=f"{row['lang']}-{row['idx']}",
            inputs={"question": row["question"], "language": row["lang"]},
            target=row["answer"],
            metadata={"language": row["lang"]},
            cluster=str(row["idx"]),
        )


def native(sample: Sample) -> str:
    """The question and "step-by-step answer:" in its language."""
    steps = _STEPS[sample.inputs.get("language", "en")][0]
    return f"{sample.inputs['question']}\n\n{steps}:"


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``number_match``."""
    language = sample.inputs.get("language", "en")
    return [
        score_number(
            answer,
            sample.target,
            tolerance=FLOATING_POINT,
            separators="comma" if language in _DECIMAL_COMMA else "point",
            marks=_STEPS[language][1:],
        )
    ]


TASK = number_task(
    name="multilingual/mgsm",
    summary="Grade-school word problems in 11 languages",
    data=(DATA, GSM8K),
    samples=samples,
    score=score,
    corpus={"macro_mean": macro_mean("number_match", "language")},
    variants={"native": Variant(prompt=native)},
    reference="arXiv:2210.03057",
)
