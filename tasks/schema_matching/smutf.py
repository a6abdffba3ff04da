"""SMUTF: which columns of one web table hold the same as those of another? Ranked.

    Column of table A: 格局 (2房2廳1衛; 3房2廳1衛; 3房2廳2衛)

    Columns of table B:
    - 名稱 (中正捷運豪華收租套房; 三重電梯3房; 民安小資店面)
    - 格局 (4房/ 4衛; 3房/ 2廳/ 2衛; 1房/ 1廳/ 1衛)
    ...
    Which columns of table B hold the same kind of information as this column of table A? ...
    -> 格局

Success: the right column first, or rightly "none of them". Mean reciprocal rank, recall at the size
of the ground truth and one-to-one precision, recall and F1 are among the corpus metrics. 14 pairs
of tables, mostly of the Chinese web; a hash puts 5 into train, and 46 columns of 9 pairs into test.
Columns of one pair are one cluster. Columns without a name are left out, and one column of pair_6,
which the data maps to a column that is not there.

    evalsuite run --task schema_matching/smutf --system embedded/micro
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.matching import ranking_task

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

TASK = ranking_task(
    "schema_matching/smutf",
    DATA,
    summary="Columns of one web table found in another",
    reference="https://github.com/fireindark707/Python-Schema-Matching",
)
