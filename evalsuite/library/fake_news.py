"""LIAR-PLUS: political claims, what fact checkers found, and six grades of truth.

Wang 2017 (LIAR); Alhindi et al. 2018, https://aclanthology.org/W18-5513 (justifications).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.classification import LabelQuestion
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.label_names import read_label
from evalsuite.task import Split, Variant

_URL = (
    "https://raw.githubusercontent.com/Tariq60/LIAR-PLUS/"
    "992bfd97555631e48b6bddb1a87aa61c51ee1197/dataset/jsonl"
)
LIAR_PLUS = Dataset(
    name="liar_plus",
    licence="CC0-1.0 (its README asks for research use only; sources keep their copyright)",
    source="https://github.com/Tariq60/LIAR-PLUS",
    files={
        "test": DataFile(
            path="tasks/fake_news/liar_plus/test.jsonl",
            sha256="4a2c4b069c17b9add96381c450a729fd0400e274fc035f10f1414f2f9219e382",
            url=f"{_URL}/test2.jsonl",
        ),
        "practice": DataFile(
            path="tasks/fake_news/liar_plus/val_first300.jsonl",
            sha256="f5f356410605b1c3b65b52331db8d9ba02034fb9255c0b4f780b9f6b1dd6157d",
            url=f"{_URL}/val2.jsonl",
            lines=300,
        ),
    },
)
REFERENCE = "https://aclanthology.org/W18-5513"
GRADES = ("pants-fire", "false", "barely-true", "half-true", "mostly-true", "true")
"""From the worst lie to the truth, as PolitiFact orders them."""
TRAIN = 200


def claims(split: Split, *, binary: bool = False) -> Iterator[Sample]:
    """Claims in the order of the file, with their grade as the target.

    The training file is not here: of the first 300 official validation claims, 200 are for training
    and 100 for validation. ``inputs`` hold ``text`` (the claim), ``speaker``, ``job``, ``state``
    and ``justification``, None where unknown. The columns of the jsonl are shifted: what it calls
    ``party`` is the speaker's state, and the party is not in it at all.

    Args:
        split: Which claims.
        binary: Whether the target is "true" (half-true and better) or "false".
    """
    first, last = {"test": (0, None), "train": (0, TRAIN), "validation": (TRAIN, None)}[split]
    rows = LIAR_PLUS.rows("test" if split == "test" else "practice")
    for number, row in enumerate(islice(rows, first, last)):
        grade = row["label"]
        inputs = {
            "text": row["claim"],
            "speaker": row["originator"] or None,
            "job": row["title"] or None,
            "state": row["party"] or None,
            "justification": (row["justification"] or "").strip() or None,
        }
        target = truth(grade) if binary else grade
        yield Sample(id=f"{split}-{number}", inputs=inputs, target=target)


def truth(grade: str) -> str:
    """The grade in two classes: half-true and better are "true", the others "false"."""
    return "true" if GRADES.index(grade) >= GRADES.index("half-true") else "false"


def claim_variants(question: LabelQuestion) -> dict[str, Variant]:
    """``justification``: with what the fact checkers wrote; ``speaker``: with who said it."""

    def justified(sample: Sample) -> str:
        found = sample.inputs["justification"] or "nothing is on record"
        return f"{question.plain(sample)}\n\nWhat fact checkers found: {found}"

    def spoken(sample: Sample) -> str:
        facts = (("Speaker", "speaker"), ("Job", "job"), ("State", "state"))
        told = "\n".join(f"{name}: {sample.inputs[key] or 'unknown'}" for name, key in facts)
        return f"{told}\n{question.plain(sample)}"

    return {"justification": Variant(prompt=justified), "speaker": Variant(prompt=spoken)}


def score_distance(answer: Answer, target: str) -> Score:
    """``ordinal_distance``: how many of the six grades the answer is off, 0 to 5.

    An answer that cannot be read has no distance (``format_error`` without a value).
    """
    said = read_label(answer, GRADES, common_words=True)
    if said is None:
        return Score(name="ordinal_distance", value=None, status="format_error")
    distance = abs(GRADES.index(said) - GRADES.index(target))
    return Score(name="ordinal_distance", value=float(distance))
