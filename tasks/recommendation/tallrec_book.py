"""TALLRec book: will this reader like the book? Yes or no (Bao et al. 2023, arXiv:2305.00447).

    Liked: The Bean Trees by Barbara Kingsolver; Sula by Toni Morrison; ...
    Book: Epitaph for a Peach: Four Seasons on My Family Farm by David M. Masumoto
    -> No

Success: the right answer. The paper's figure, ``auc`` of the probability of "Yes", is among the
corpus metrics where systems give probabilities. Test is a sample of 800 of the 2427 published rows;
of the first 100 validation rows, 70 are for training and 30 for validation.

    evalsuite run --task recommendation/tallrec_book --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.library.recommendation import REFERENCE, TALLREC_BOOK, readers
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.choice import read_choice, score_choice
from evalsuite.scoring.labels import (
    balanced_accuracy,
    label_metrics,
    macro_f1,
    mcc,
    probability_metrics,
)
from evalsuite.task import Graded, Split, Task, Variant

CHOICES = ("No", "Yes")


def samples(split: Split) -> Iterator[Sample]:
    """Readers in the order of the file."""
    for reader in readers(split):
        liked, disliked = "; ".join(reader.liked), "; ".join(reader.disliked)
        text = f"Liked: {liked or '-'}\nDisliked: {disliked or '-'}\nBook: {reader.target}"
        yield Sample(
            id=reader.id,
            inputs={
                "text": text,
                "liked": list(reader.liked),
                "disliked": list(reader.disliked),
                "book": reader.target,
            },
            target=CHOICES[reader.likes],
        )


def prompt(sample: Sample) -> str:
    """Liked, disliked, the book, the question."""
    return f"{sample.inputs['text']}\n\nWill this reader like the book? Answer Yes or No."


def tallrec(sample: Sample) -> str:
    """The instruction and input of TALLRec."""
    told = [
        f"User {name}: {', '.join(_tallrec_book(book) for book in sample.inputs[key])}"
        for name, key in (("Preference", "liked"), ("Unpreference", "disliked"))
    ]
    return "\n".join(
        (
            "Given the user's preference and unpreference, identify whether the user will like the "
            'target book by answering "Yes." or "No.".',
            *told,
            f'Whether the user will like the target book "{_tallrec_book(sample.inputs["book"])}"?',
        )
    )


def _tallrec_book(book: str) -> str:
    title, _, author = book.rpartition(" by ")
    return f'"{title}" written by {author}'


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``choice_match``."""
    return [score_choice(answer, sample.target, CHOICES)]


def said(one: Graded) -> str | None:
    """What was answered; None for a failed answer as for an unreadable one."""
    return None if one.answer is None else read_choice(one.answer, CHOICES)


FIGURES = {"balanced_accuracy": balanced_accuracy, "macro_f1": macro_f1, "mcc": mcc}
TASK = Task(
    name="recommendation/tallrec_book",
    family="recommendation",
    summary="Whether a reader will like a book",
    samples=samples,
    prompt=prompt,
    score=score,
    success="choice_match",
    choices=lambda sample: CHOICES,
    corpus={**label_metrics(said, FIGURES), **probability_metrics()},
    learnable="texts",
    max_output_tokens=16,
    shot=lambda sample: str(sample.target),
    variants={
        "tallrec": Variant(prompt=tallrec),
        "written": Variant(prompt=prompt, generated=True),
    },
    data=(TALLREC_BOOK,),
    source=TALLREC_BOOK.source,
    licence=TALLREC_BOOK.licence,
    reference=REFERENCE,
)
