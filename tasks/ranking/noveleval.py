"""NovelEval-2306: 20 passages a query, none of them older than 2023 (Sun et al., arXiv:2304.09542).

    Which film was the 2023 Palme d'Or winner?  [1] ... [20] ...
    -> [9] > [4] > [1] > ...

Success: the first passage is of the highest grade (``ndcg@1``); the field's figure is ``ndcg@10``.
Grades are 0 to 2. 21 queries, all of them in the test split.

    evalsuite run --task ranking/noveleval --system my_endpoint
"""

from __future__ import annotations

from evalsuite.library.ranking import (
    NOVELEVAL,
    NOVELEVAL_PUBLISHED,
    noveleval_samples,
    ranking_task,
)

TASK = ranking_task(
    name="ranking/noveleval",
    summary="Passages about recent events by their relevance to a query",
    samples=noveleval_samples,
    data=NOVELEVAL,
    published=NOVELEVAL_PUBLISHED,
    reference="arXiv:2304.09542",
)
