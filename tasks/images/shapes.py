"""Captions of drawings: coloured shapes, how many of each, and how two of them lie.

    (a picture of 128 by 128 pixels)
    -> a red circle left of a blue square

A third of the drawings shows two single shapes and how they lie, a third several shapes of one
kind, a third some of two kinds ("two red circles and one black cross"). Success: exactly the right
facts, in whatever words. Splits share no scene (what is shown, but for places and sizes). The
picture goes out as an image of the user's turn; a system that reads text alone fails with a typed
failure, and a classical model has nothing to learn from.

    evalsuite run see.yaml  # tasks: [images/shapes], systems: an endpoint that takes images
"""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite.library.drawings import COLOURS, SHAPES, samples
from evalsuite.records import Answer, Message, Sample, Score
from evalsuite.scoring.captions import score_caption
from evalsuite.scoring.overlap import overlap_metrics, ready
from evalsuite.task import Task, Variant

_NAMES = f"Colours: {', '.join(COLOURS)}. Shapes: {', '.join(SHAPES)}."


def prompt(sample: Sample) -> Sequence[Message]:
    """The picture, what is wanted, and the words for it."""
    return _asking(
        sample,
        "Describe the picture in one sentence. Name every kind of shape with its colour and its "
        "number, as in: two red circles and one black cross. If there are only two shapes and "
        "they differ, say how they lie instead, as in: a red circle left of a blue square; or: a "
        f"red circle above a blue square. {_NAMES}",
    )


def in_short(sample: Sample) -> Sequence[Message]:
    """The same without examples."""
    return _asking(
        sample,
        "Which coloured shapes are in the picture, and how many of each? Of two single shapes, "
        f"say which is left of the other or above it. One sentence. {_NAMES}",
    )


def _asking(sample: Sample, text: str) -> Sequence[Message]:
    return [Message(role="user", content=text, images=(sample.inputs["image"],))]


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``caption_match``, ``fact_f1``, ``kinds_match``, ``relation_match``, ``chrf``."""
    return score_caption(answer, sample.target, tuple(COLOURS), SHAPES)


TASK = Task(
    name="images/shapes",
    family="images",
    summary="Captions of generated drawings",
    samples=samples,
    prompt=prompt,
    score=score,
    success="caption_match",
    corpus=overlap_metrics(lambda sample: str(sample.target["caption"])),
    max_output_tokens=64,
    endless=True,
    default_limit=100,
    shot=lambda sample: str(sample.target["caption"]),
    variants={"in_short": Variant(prompt=in_short)},
    ready=ready,
    source="drawn by evalsuite.library.drawings",
    licence="Apache-2.0",
)
