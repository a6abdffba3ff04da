"""The ten paragraphs of a HotpotQA question, ranked by whether the answer takes them.

    What is the nationality of the foreign born victim of Singapore's caning punishment before
    Oliver Fricker experienced the same?  [1] Takamiyama Daigoro: ... [10] ...
    -> [2] > [3] > [1] > ...

Success: the first paragraph is one of the two that the answer takes (``ndcg@1``). Grades are 0 and
1. 250 questions (Yang et al. 2018, arXiv:1809.09600), all of them in the test split.

    evalsuite run --task ranking/hotpotqa_support --system my_endpoint
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.library import multihop
from evalsuite.library.ranking import ranking_task
from evalsuite.records import Sample
from evalsuite.task import Split

DATA = multihop.collab_rag(
    "hotpotqa",
    "CC-BY-SA-4.0",
    "bcb3962d2f98cdd1781cab09619e3b0c1f16225ba23e149984b958416a0f76b2",
)


def samples(split: Split) -> Iterator[Sample]:
    """The questions as queries; the ids of paragraphs are their numbers from 1."""
    for asked in multihop.samples(DATA, split):
        passages = [
            {"id": str(number), **passage}
            for number, passage in enumerate(asked.inputs["passages"], start=1)
        ]
        support = asked.target["support"]
        yield Sample(
            id=asked.id,
            inputs={"query": asked.inputs["question"], "passages": passages},
            target={one["id"]: int(one["title"] in support) for one in passages},
            metadata=asked.metadata,
        )


TASK = ranking_task(
    name="ranking/hotpotqa_support",
    summary="Paragraphs by whether the answer to a question takes them",
    samples=samples,
    data=DATA,
    reference="arXiv:1809.09600",
)
