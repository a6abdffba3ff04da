"""TALLRec book as ranking: which of 20 books did this reader like? (Bao et al. 2023, 2305.00447).

    Liked: Triple Factor by Owen Sela; Supernature by Lyle Watson
    1. Deathwatch (Laurel Leaf Books) by ROBB WHITE 2. Amber Citadel 1 by Freda Warrington ...
    20. The Warrior's Tale by Allan Cole
    -> 2

Made here, by leave-one-out: the 330 readers (of 800 rows) whose one more book was liked and is new
to them, and who liked another before. That book stands among 19 others, drawn at random from all
books of the split that the reader has not rated; so figures compare with each other, not with
papers that draw otherwise. Success: the book is ranked first (``hit@1``); ``hit@5``, ``hit@10``,
``ndcg@5``, ``ndcg@10`` and ``mrr`` are scores too. A local model scores the 20 titles,
which ranks them; an endpoint writes their numbers, best first.

    evalsuite run --task recommendation/tallrec_book_ranking --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.library.recommendation import (
    REFERENCE,
    TALLREC_BOOK,
    candidates,
    catalogue_of,
    readers,
)
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.recommendation import score_ranking
from evalsuite.task import Split, Task, Variant


def samples(split: Split) -> Iterator[Sample]:
    """Readers who liked the one more book, new to them, in the order of the file."""
    found = list(readers(split))
    catalogue = catalogue_of(found)
    for reader in found:
        if reader.likes and reader.liked and reader.new:
            yield Sample(
                id=reader.id,
                inputs={
                    "liked": list(reader.liked),
                    "disliked": list(reader.disliked),
                    "candidates": candidates(reader, catalogue),
                },
                target=reader.target,
            )


def _history(sample: Sample) -> str:
    liked, disliked = "; ".join(sample.inputs["liked"]), "; ".join(sample.inputs["disliked"])
    return f"Liked: {liked}\nDisliked: {disliked or '-'}"


def prompt(sample: Sample) -> str:
    """Liked, disliked, the numbered candidates, the form of the answer."""
    listed = "\n".join(
        f"{number}. {book}" for number, book in enumerate(sample.inputs["candidates"], start=1)
    )
    return (
        f"{_history(sample)}\n\nBooks:\n{listed}\n\nRank these books by how much this reader will "
        "like them. Answer with their numbers alone, separated by commas, the best one first."
    )


def short(sample: Sample) -> str:
    """The history alone: for models that score the candidates, and read little."""
    return f"{_history(sample)}\nAlso liked:"


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``hit@1``, ``hit@5``, ``hit@10``, ``ndcg@5``, ``ndcg@10``, ``mrr``."""
    return score_ranking(answer, sample.target, sample.inputs["candidates"])


def shot(sample: Sample) -> str:
    """The number of the right book alone: nothing is known of the order of the others."""
    return str(sample.inputs["candidates"].index(sample.target) + 1)


TASK = Task(
    name="recommendation/tallrec_book_ranking",
    family="recommendation",
    summary="The liked one of 20 books",
    samples=samples,
    prompt=prompt,
    score=score,
    success="hit@1",
    choices=lambda sample: sample.inputs["candidates"],
    max_output_tokens=128,
    shot=shot,
    variants={
        "short": Variant(prompt=short, shot=lambda sample: str(sample.target)),
        "written": Variant(prompt=prompt, generated=True),
    },
    data=(TALLREC_BOOK,),
    source=TALLREC_BOOK.source,
    licence=TALLREC_BOOK.licence,
    reference=REFERENCE,
)
