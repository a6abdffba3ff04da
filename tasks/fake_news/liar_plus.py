"""LIAR-PLUS: how true a politician's claim is, in six grades (Alhindi et al. 2018, W18-5513).

    Building a wall on the U.S.-Mexico border will take literally years.
    -> true

Success: the right grade. Macro F1 is the figure to compare; ``ordinal_distance`` says by how many
grades an answer is off. The plain prompt has the claim alone; variant ``justification`` adds what
the fact checkers wrote (without the verdict), ``speaker`` who said it. Test is the official split
(1283); see ``evalsuite.library.fake_news`` for the others.

    evalsuite run --task fake_news/liar_plus --system classical/auto
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalsuite.library.classification import LabelQuestion, label_task
from evalsuite.library.fake_news import (
    GRADES,
    LIAR_PLUS,
    REFERENCE,
    claim_variants,
    claims,
    score_distance,
)
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.labels import accuracy

QUESTION = LabelQuestion(
    labels=GRADES,
    what="Claim",
    asked="How true is this claim?",
    noun="grade",
    hint="They go from the worst lie to the truth.",
    common_words=True,
)


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``choice_match`` and ``ordinal_distance``."""
    return [*QUESTION.score(sample, answer), score_distance(answer, sample.target)]


TASK = replace(
    label_task(
        QUESTION,
        name="fake_news/liar_plus",
        family="fake_news",
        summary="Six grades of truth of political claims",
        samples=claims,
        data=LIAR_PLUS,
        reference=REFERENCE,
        figures={"accuracy": accuracy},
        variants=claim_variants(QUESTION),
    ),
    score=score,
)
