"""GSM-Hard: GSM8K's test problems with large numbers (Gao et al. 2022, arXiv:2211.10435).

    A robe takes 2287720 bolts of blue fiber and half that much white fiber.  How many bolts in
    total does it take?
    -> 3431580.0

Success: the final number differs from the target by less than 0.001 and 0.1 %, or is the target
rounded to the decimals it shows, of which there are at least two: 14053029.67 is right for
14053029.666... Beside it ``pal_match`` is PAL's own rule, a difference below 0.001, which takes 0
for any of the 31 targets that are smaller. Test is version 2 of the data (1319); train and
validation are those of GSM8K, whose solutions have small numbers.

The numbers were replaced by program: 146 targets are negative, and some stories make no sense.

    evalsuite run --task reasoning/gsm_hard --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.reasoning import GSM8K, gsm8k_samples, number_task
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.number import Tolerance, score_number
from evalsuite.task import Split

DATA = Dataset(
    name="gsm_hard",
    licence="Apache-2.0",
    source="https://github.com/reasoning-machines/pal",
    files={
        "test": DataFile(
            path="tasks/reasoning/gsm_hard/gsmhardv2.jsonl",
            sha256="804203326a7498001b11860d3bbdb1d9c5d5e4aa45ab161c27a946545431f2b7",
        )
    },
)
_THOUSANDTH = Fraction(1, 1000)
_PAL = Tolerance(absolute=_THOUSANDTH)
_CLOSE = Tolerance(absolute=_THOUSANDTH, relative=_THOUSANDTH, rounded=True)


def samples(split: Split) -> Iterator[Sample]:
    """Problems in the order of the file, which is that of GSM8K's test split."""
    if split != "test":
        yield from gsm8k_samples(split)
        return
    for number, row in enumerate(DATA.rows("test")):
        yield Sample(
            id=f"test-{number}", inputs={"question": row["input"]}, target=repr(row["target"])
        )


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``number_match`` and ``pal_match``."""
    return [
        score_number(answer, sample.target, tolerance=_CLOSE),
        score_number(answer, sample.target, tolerance=_PAL, name="pal_match"),
    ]


TASK = number_task(
    name="reasoning/gsm_hard",
    summary="Word problems with large numbers",
    data=(DATA, GSM8K),
    samples=samples,
    score=score,
    reference="arXiv:2211.10435",
)
