"""Car evaluation: how good a buy a car is, in four classes, as in TabLLM (arXiv:2210.10723).

    The Buying price is low. The Doors is two. The Maintenance costs is high. The Persons is two.
    The Safety score is high. The Trunk size is small. How would you rate the decision to buy this
    car? Unacceptable, acceptable, good or very good?
    -> Unacceptable

Success: the right class. AUC, the paper's figure, is the mean over the four classes of one against
the rest. The 1,728 rows are all combinations of six attributes, 70 % of them unacceptable; there is
no official split: a hash of the row puts about 20 % into test and 10 % into validation.

    evalsuite run --task tabular/car --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.tabular import Table, tabular_task, words

DATA = Dataset(
    name="car",
    licence="CC-BY-4.0",
    source="https://github.com/clinicalml/TabLLM (UCI, Car Evaluation)",
    files={
        "all": DataFile(
            path="tasks/tabular/tabllm_uci/car.csv",
            sha256="0023b86e0dd3502aaa0e4a610ef4d8aebbba7ff40f53fa7c2f0543c68bee5114",
        )
    },
)
PRICES = {"vhigh": "very high", "high": "high", "med": "medium", "low": "low"}
TABLE = Table(
    data=DATA,
    columns={
        "buying": words("Buying price", PRICES),
        "doors": words("Doors", {"2": "two", "3": "three", "4": "four", "5more": "five or more"}),
        "maint": words("Maintenance costs", PRICES),
        "persons": words("Persons", {"2": "two", "4": "four", "more": "more than four"}),
        "safety": words("Safety score", {"high": "high", "med": "medium", "low": "low"}),
        "lug_boot": words("Trunk size", {"big": "big", "med": "medium", "small": "small"}),
    },
    label="class",
    classes={
        "unacc": "Unacceptable",
        "acc": "Acceptable",
        "good": "Good",
        "vgood": "Very good",
    },
)

TASK = tabular_task(
    "tabular/car",
    TABLE,
    summary="How good a buy a car is",
    question="How would you rate the decision to buy this car? "
    "Unacceptable, acceptable, good or very good?",
    reference="arXiv:2210.10723",
)
