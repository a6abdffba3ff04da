"""LIAR-PLUS in two classes: a political claim is true or false (Alhindi et al. 2018, W18-5513).

    Wisconsin is on pace to double the number of layoffs this year.
    -> false

Success: the right class, where "half-true" and better are true; macro F1 is the figure to compare.
Claims, splits and variants are those of ``fake_news/liar_plus``.

    evalsuite run --task fake_news/liar_plus_binary --system classical/auto
"""

from __future__ import annotations

from functools import partial

from evalsuite.library.classification import LabelQuestion, label_task
from evalsuite.library.fake_news import LIAR_PLUS, REFERENCE, claim_variants, claims
from evalsuite.scoring.labels import accuracy

QUESTION = LabelQuestion(
    labels=("false", "true"),
    what="Claim",
    asked="Is this claim true?",
    noun="verdict",
    hint="A claim that is half true or better counts as true.",
    common_words=True,
)
TASK = label_task(
    QUESTION,
    name="fake_news/liar_plus_binary",
    family="fake_news",
    summary="Political claims, true or false",
    samples=partial(claims, binary=True),
    data=LIAR_PLUS,
    reference=REFERENCE,
    figures={"accuracy": accuracy},
    variants=claim_variants(QUESTION),
)
