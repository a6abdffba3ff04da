"""Blood donations: who gave in March 2007, from four counts, as in TabLLM (arXiv:2210.10723).

    The Recency - months since last donation is 16. The Frequency - total number of donation is 5.
    The Monetary - total blood donated in c.c. is 1250. The Time - months since first donation is
    40. Did the person donate blood? Yes or no?
    -> Yes

Success: the right class; AUC, the paper's figure, is among the corpus metrics where systems give
probabilities. There is no official split: a hash of what is told of a row puts about 20 % into test
and 10 % into validation. The 748 donors have 502 different histories: donors of one history are in
one split and one cluster. 31 histories are of donors of both classes, which nothing can tell apart.

    evalsuite run --task tabular/blood --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.tabular import Table, number, tabular_task

DATA = Dataset(
    name="blood",
    licence="CC-BY-4.0",
    source="https://github.com/clinicalml/TabLLM (UCI, Blood Transfusion Service Center)",
    files={
        "all": DataFile(
            path="tasks/tabular/tabllm_uci/blood.csv",
            sha256="cc4a93b05ebb8fb61dc9efc23cee0d9c842d08339b0ba905830f2ff702a18443",
        )
    },
)
TABLE = Table(
    data=DATA,
    columns={
        "recency_months": number("Recency - months since last donation"),
        "frequency_times": number("Frequency - total number of donation"),
        "monetary_cc": number("Monetary - total blood donated in c.c."),
        "time_months": number("Time - months since first donation"),
    },
    label="class",
    classes={"1": "No", "2": "Yes"},
)

TASK = tabular_task(
    "tabular/blood",
    TABLE,
    summary="Who donated blood, from earlier donations",
    question="Did the person donate blood? Yes or no?",
    reference="arXiv:2210.10723",
)
