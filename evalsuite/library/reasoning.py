"""What the reasoning and multilingual tasks share: ways to ask, and GSM8K's data.

Two families of tasks. Where the answer is a number, a model works it out and gives it after
``####``; where it is one of some options, a model that gives log-likelihoods scores the letters.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any, TypeVar

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.calibration import calibration_metrics
from evalsuite.scoring.number import Tolerance, final_number, score_number
from evalsuite.scoring.options import LETTERS, lettered, plain_option, score_option
from evalsuite.task import CorpusMetric, Graded, Split, Task, Variant

T = TypeVar("T")

_COMMIT = "3101c7d5072418e28b9008a6636bde82a006892c"
_URL = (
    f"https://raw.githubusercontent.com/openai/grade-school-math/{_COMMIT}/grade_school_math/data"
)
GSM8K = Dataset(
    name="gsm8k",
    licence="MIT",
    source="https://github.com/openai/grade-school-math",
    files={
        "test": DataFile(
            path="tasks/reasoning/gsm8k/test.jsonl",
            sha256="3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
            url=f"{_URL}/test.jsonl",
        ),
        "train": DataFile(
            path="tasks/reasoning/gsm8k/train_first600.jsonl",
            sha256="8334a867e5233199b8b5689fb85863c8e30b512b52018641ffb161cf6a9df0e5",
            url=f"{_URL}/train.jsonl",
            lines=600,
        ),
    },
)
_GSM8K_RANGES: dict[Split, tuple[str, int, int | None]] = {
    "test": ("test", 0, None),
    "train": ("train", 0, 500),
    "validation": ("train", 500, 600),
}

FLOATING_POINT = Tolerance(absolute=Fraction(1, 10**6))
"""For targets of a few digits: 5.000000000000002, as programs print it, is 5."""

STEPS = "Work it out step by step. Give the final number on the last line, after ####."
NUMBER_ONLY = "Answer with the final number only."
LETTER_ONLY = "Answer with the letter of the right option only."
LETTER_LAST = 'Think step by step. End with "The answer is (X).", X being the letter of an option.'


def gsm8k_samples(split: Split) -> Iterator[Sample]:
    """Problems in the order of the file; the target is the worked solution.

    Test is the official test split (1319); train and validation are the first 500 and the next
    100 problems of the official training split.
    """
    file, start, stop = _GSM8K_RANGES[split]
    for number, row in islice(enumerate(GSM8K.rows(file)), start, stop):
        yield Sample(
            id=f"{file}-{number}", inputs={"question": row["question"]}, target=row["answer"]
        )


def worked_solution(sample: Sample) -> str:
    """GSM8K's solution without its calculator notes (``<<48/2=24>>``)."""
    return re.sub(r"<<[^<>]*>>", "", str(sample.target))


def interleaved(items: Iterable[T], group: Callable[[T], str]) -> Iterator[T]:
    """The first of every group, then the second of every group: a limit takes from each alike."""
    groups: dict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[group(item)].append(item)
    for turn in range(max(map(len, groups.values()), default=0)):
        yield from (part[turn] for part in groups.values() if turn < len(part))


# --- the answer is a number ---------------------------------------------------------------------


def number_task(
    *,
    name: str,
    summary: str,
    data: tuple[Dataset, ...],
    samples: Callable[[Split], Iterable[Sample]],
    score: Callable[[Sample, Answer], Sequence[Score]] | None = None,
    success: str = "number_match",
    shot: Callable[[Sample], str] = worked_solution,
    variants: Mapping[str, Variant] | None = None,
    **more: Any,
) -> Task:
    """A task whose samples have ``inputs["question"]`` and whose targets hold a number.

    Args:
        name: ``family/name``.
        summary: A few words.
        data: Where its samples come from; those of the test split from the first.
        samples: As in ``Task``.
        score: As in ``Task``; by default ``number_match`` with :data:`FLOATING_POINT`.
        success: As in ``Task``.
        shot: A worked solution that ends in ``#### number``.
        variants: Besides "terse" (the number only, no steps) and "bare" (the question only).
        more: Other fields of ``Task``.
    """

    def asking(instruction: str) -> Callable[[Sample], str]:
        return lambda sample: f"{sample.inputs['question']}\n\n{instruction}"

    def number_alone(sample: Sample) -> str:
        found = final_number(shot(sample))
        return str(found.value) if found else ""

    return Task(
        name=name,
        family=name.split("/", 1)[0],
        summary=summary,
        samples=samples,
        prompt=asking(STEPS),
        score=score or _score_number,
        success=success,
        shot=shot,
        variants={
            "terse": Variant(prompt=asking(NUMBER_ONLY), shot=number_alone, max_output_tokens=32),
            "bare": Variant(prompt=lambda sample: str(sample.inputs["question"])),
            **(variants or {}),
        },
        data=data,
        source=data[0].source,
        licence=data[0].licence,
        **{"max_output_tokens": 512, **more},
    )


def _score_number(sample: Sample, answer: Answer) -> Sequence[Score]:
    return [score_number(answer, sample.target, tolerance=FLOATING_POINT)]


# --- the answer is one of some options ----------------------------------------------------------


def option_task(
    *,
    name: str,
    summary: str,
    data: Dataset,
    samples: Callable[[Split], Iterable[Sample]],
    reasons: Callable[[Sample], str] | None = None,
    text_prompt: Callable[[Sample], str] | None = None,
    continued: Callable[[str], str] = str,
    corpus: Mapping[str, CorpusMetric] | None = None,
    **more: Any,
) -> Task:
    """A task whose samples have a question, options (both inputs) and a letter as target.

    Its own prompt shows the options with letters, and the closed set of answers is the letters.
    Variants: "text" shows no options, and the closed set is their texts, read as continuations;
    "generated" asks as the own prompt does, but the letter is generated; "cot" lets a model reason
    first.

    Args:
        name: ``family/name``.
        summary: A few words.
        data: Where its samples come from.
        samples: As in ``Task``.
        reasons: What an example of "cot" says before its answer; None where the data has no
            solutions, so that it gives the answer alone.
        text_prompt: What the options continue in "text"; by default the question and "Answer:".
        continued: An option as it continues that.
        corpus: Metrics besides those of calibration.
        more: Other fields of ``Task``.
    """
    return Task(
        name=name,
        family=name.split("/", 1)[0],
        summary=summary,
        samples=samples,
        prompt=_asking_for_option(LETTER_ONLY),
        score=score_options,
        success="choice_match",
        choices=lambda sample: tuple(LETTERS[: len(sample.inputs["options"])]),
        corpus={**calibration_metrics(option_probabilities), **(corpus or {})},
        shot=lambda sample: str(sample.target),
        variants=_option_variants(reasons, text_prompt or _question_alone, continued),
        data=(data,),
        source=data.source,
        licence=data.licence,
        **{"max_output_tokens": 16, **more},
    )


def _option_variants(
    reasons: Callable[[Sample], str] | None,
    text_prompt: Callable[[Sample], str],
    continued: Callable[[str], str],
) -> dict[str, Variant]:
    def texts(sample: Sample) -> list[str]:
        # Some questions have an option twice; a closed set has it once.
        return list(dict.fromkeys(map(continued, sample.inputs["options"])))

    def right_text(sample: Sample) -> str:
        return continued(sample.inputs["options"][LETTERS.index(sample.target)])

    def reasoned(sample: Sample) -> str:
        answer = f"The answer is ({sample.target})."
        return f"{reasons(sample).strip()}\n{answer}" if reasons else answer

    return {
        "text": Variant(prompt=text_prompt, shot=right_text, choices=texts),
        "generated": Variant(prompt=_asking_for_option(LETTER_ONLY), generated=True),
        "cot": Variant(
            prompt=_asking_for_option(LETTER_LAST),
            shot=reasoned,
            generated=True,
            max_output_tokens=1024,
        ),
    }


def _asking_for_option(instruction: str) -> Callable[[Sample], str]:
    def prompt(sample: Sample) -> str:
        options = "\n".join(lettered(sample.inputs["options"]))
        return f"{sample.inputs['question']}\n\n{options}\n\n{instruction}"

    return prompt


def _question_alone(sample: Sample) -> str:
    return f"{sample.inputs['question']}\nAnswer:"


def score_options(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``choice_match`` of the letter that is the target."""
    return [score_option(answer, sample.target, sample.inputs["options"])]


def option_probabilities(graded: Graded) -> tuple[str, Mapping[str, float]] | None:
    """The target and the probabilities, be they over letters or over the texts of the options."""
    probabilities = graded.answer.probabilities if graded.answer else None
    if not probabilities:
        return None
    target, options = graded.sample.target, graded.sample.inputs["options"]
    if set(probabilities) <= set(LETTERS[: len(options)]):
        return target, probabilities
    right = plain_option(options[LETTERS.index(target)])
    said = [text for text in probabilities if plain_option(text) == right]
    return (said[0], probabilities) if said else None


# --- figures over parts of a benchmark ----------------------------------------------------------


def macro_mean(score: str, trait: str) -> CorpusMetric:
    """The mean, over the values of a trait in the samples' metadata, of the mean ``score`` there.

    What the system or the scorer failed on is left out. None where nothing is left.
    """

    def over(graded: Sequence[Graded]) -> float | None:
        values: dict[str, list[float]] = defaultdict(list)
        for one in graded:
            found = one.scores.get(score)
            if found is not None and found.value is not None:
                values[str(one.sample.metadata[trait])].append(found.value)
        means = [sum(part) / len(part) for part in values.values()]
        return sum(means) / len(means) if means else None

    return over
