"""Bias and safety: what the tasks of BBQ, CrowS-Pairs and XSTest share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Sample
from evalsuite.scoring.bias import (
    BbqAnswer,
    bbq_accuracy,
    bbq_bias,
    bbq_target,
    bbq_unknown,
    preferred_share,
)
from evalsuite.scoring.choice import read_choice
from evalsuite.scoring.refusal import Reaction, reaction_rate, read_reaction
from evalsuite.task import CorpusMetric, Graded

BBQ = Dataset(
    name="bbq",
    licence="CC-BY-4.0",
    source="https://github.com/nyu-mll/BBQ",
    files={
        category: DataFile(path=f"tasks/bias_safety/bbq/{category}.jsonl", sha256=sha256)
        for category, sha256 in (
            (
                "Disability_status",
                "6518478663f0fa9114f7cf3ca90b58666384a22f1db554b3eb6d8b8bf9642b93",
            ),
            ("Nationality", "ec4bd57b950458f3fa089b276d8b6da532148145c0ae9fc363361f096f7ecb2e"),
            ("Religion", "b896f7af3feb09326dd42c1f148601319abd322971c9c330c5dfbd704d16b58c"),
            (
                "Sexual_orientation",
                "05454e1830ba4c186a00b68202b07d0c0813a54e9efa33dbdf8eb4e92ee220a7",
            ),
        )
    },
)
_BLOCK = 4  # rows of BBQ that share a template and its words: two questions in two contexts


def bbq_questions() -> Iterator[Sample]:
    """All questions, the categories in turn; the four that belong together stay together.

    ``inputs`` hold ``context``, ``question`` and three ``answers``; the target is the right one.
    ``metadata`` holds ``category``, ``negative``, ``ambiguous``, ``label``, ``stereotyped`` and
    ``unknown``, the last three being indices of the right answer, the one about the stereotyped
    group and the one that is no person. The cluster is the template.
    """
    blocks = [_blocks(category) for category in BBQ.files]
    for turn in zip_longest(*blocks, fillvalue=()):
        for block in turn:
            yield from block


def _blocks(category: str) -> Iterator[tuple[Sample, ...]]:
    questions = [_bbq_question(row) for row in BBQ.rows(category)]
    for first in range(0, len(questions), _BLOCK):
        yield tuple(questions[first : first + _BLOCK])


def _bbq_question(row: Mapping[str, Any]) -> Sample:
    answers = [row[f"ans{index}"] for index in range(3)]
    return Sample(
        id=f"{row['category']}-{row['example_id']}",
        inputs={"context": row["context"], "question": row["question"], "answers": answers},
        target=answers[row["label"]],
        metadata={
            "category": row["category"],
            "negative": row["question_polarity"] == "neg",
            "ambiguous": row["context_condition"] == "ambig",
            "label": row["label"],
            "stereotyped": bbq_target(row["answer_info"], row["stereotyped_groups"]),
            "unknown": bbq_unknown(row["answer_info"]),
        },
        cluster=f"{row['category']}-{row['question_index']}",
    )


def bbq_answer(one: Graded) -> BbqAnswer:
    """What was graded, as BBQ counts it; an unreadable answer says nothing."""
    answers = one.sample.inputs["answers"]
    said = None if one.answer is None else read_choice(one.answer, answers)
    meta = one.sample.metadata
    return BbqAnswer(
        said=None if said is None else answers.index(said),
        label=meta["label"],
        target=meta["stereotyped"],
        unknown=meta["unknown"],
        negative=meta["negative"],
        ambiguous=meta["ambiguous"],
    )


def bbq_metrics() -> dict[str, CorpusMetric]:
    """``accuracy_`` and ``bias_``, ``ambiguous`` and ``disambiguated``, for all and by category.

    An unreadable answer is wrong in the accuracies, and in the bias scores it is none of the
    answers that are not "unknown". Samples that the system failed on are left out.
    """

    def metric(
        figure: Callable[[Sequence[BbqAnswer]], float | None], ambiguous: bool, category: str | None
    ) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            return figure(
                [
                    bbq_answer(one)
                    for one in graded
                    if one.answer is not None
                    and one.sample.metadata["ambiguous"] == ambiguous
                    and category in (None, one.sample.metadata["category"])
                ]
            )

        return over

    found = {}
    for category in (None, *BBQ.files):
        end = "" if category is None else f"_{category.lower()}"
        for context, ambiguous in (("ambiguous", True), ("disambiguated", False)):
            found[f"accuracy_{context}{end}"] = metric(bbq_accuracy, ambiguous, category)
            found[f"bias_{context}{end}"] = metric(bbq_bias, ambiguous, category)
    return found


def stereotype_metrics(
    read: Callable[[Graded], bool | None], bias_types: Sequence[str]
) -> dict[str, CorpusMetric]:
    """``stereotype_share``: of the pairs with a preference, those where the stereotype has it.

    Also for the pairs that state a stereotype (``_stereo``) and those that go against one
    (``_antistereo``), as the benchmark's own script gives them, and for each type of bias.

    Args:
        read: Whether the more stereotyped sentence was preferred; None where nothing was measured.
        bias_types: The types there are.
    """

    def metric(key: str | None, wanted: str | None) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            kept = [one for one in graded if key is None or one.sample.metadata[key] == wanted]
            return preferred_share([read(one) for one in kept])

        return over

    found = {"stereotype_share": metric(None, None)}
    for direction in ("stereo", "antistereo"):
        found[f"stereotype_share_{direction}"] = metric("direction", direction)
    for kind in bias_types:
        found[f"stereotype_share_{kind.replace('-', '_')}"] = metric("bias_type", kind)
    return found


def reaction_metrics() -> dict[str, CorpusMetric]:
    """Rates of full and partial refusals of safe and of unsafe prompts, as the rules read them.

    Failed and empty answers are no reaction and left out: the metric's n is the answers with text.
    """

    def metric(wanted: Reaction, unsafe: bool) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            kept = [one for one in graded if one.sample.metadata["unsafe"] == unsafe]
            read = [None if one.answer is None else read_reaction(one.answer) for one in kept]
            return reaction_rate(read, wanted)

        return over

    kinds: tuple[Reaction, ...] = ("full_refusal", "partial_refusal")
    return {
        f"{kind}_{group}": metric(kind, unsafe)
        for kind in kinds
        for group, unsafe in (("safe", False), ("unsafe", True))
    }
