"""SMUTF, pair by pair: do two columns of two web tables hold the same? Yes or no.

    Column of table A: 建物名稱 (公園旁電梯美兩房; 民生方正二樓美寓; 皇宮綠園北投電梯三房成家)
    Column of table B: 總坪數 (約24.49坪; 約30.6坪; 約19.85坪)

    Do both columns hold the same kind of information? Yes or no?
    -> No

Success: the right answer, which for 88 % of the 363 pairs is no. The figures of column matching are
among the corpus metrics: pairs are ranked by the probability of yes. Data, splits and truth are
those of schema_matching/smutf, which asks for a ranking.

    evalsuite run --task schema_matching/smutf_pairs --system classical/auto
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.matching import pairs_task

DATA = Dataset(
    name="smutf",
    licence="Apache-2.0",
    source="https://github.com/fireindark707/Python-Schema-Matching (Training Data)",
    files={
        "all": DataFile(
            path="tasks/schema_matching/smutf_pairs/pairs.jsonl",
            sha256="4d3a5fc1673b22fed21b58daa836d8c23c4260a7c267c78195d084eca452eacf",
        )
    },
)

TASK = pairs_task(
    "schema_matching/smutf_pairs",
    DATA,
    summary="Pairs of columns of two web tables: the same or not",
    reference="https://github.com/fireindark707/Python-Schema-Matching",
)
