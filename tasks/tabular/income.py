"""Adult census income: who earns more than 50,000 dollars, as in TabLLM (arXiv:2210.10723).

    The Age is 35. The Race is White. The Sex is Male. The Marital status is never married. The
    Relation to head of the household is Not-in-family. The Native country is United-States. The
    Occupation is Other-service. The Work class is Private. The Capital gain last year is 0. The
    Capital loss last year is 0. The Education is HS-grad. The Work hours per week is 40. Does
    this person earn more than 50000 dollars per year? Yes or no?
    -> No

Success: the right class; AUC, the paper's figure, is among the corpus metrics where systems give
probabilities; 77 % earn less. The test split is the official one: a seeded sample of 5,000 of its
16,281 rows. Train and validation are of a seeded sample of 1,000 of the 32,561 train rows, without
the 55 that are told like a test row; a hash takes 10 % for validation. As in TabLLM, ``fnlwgt`` (a
sampling weight) and ``education_num`` are not told.

    evalsuite run --task tabular/income --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.tabular import Table, number, tabular_task, words

DATA = Dataset(
    name="income",
    licence="CC-BY-4.0",
    source="https://github.com/clinicalml/TabLLM (UCI, Adult)",
    files={
        "train": DataFile(
            path="tasks/tabular/tabllm_uci/income_train_1000.csv",
            sha256="38092aca8091a847b6a055710b49870854a4206afaf7f8984c51886a9d449d1c",
        ),
        "test": DataFile(
            path="tasks/tabular/tabllm_uci/income_test_5000.csv",
            sha256="65cb33dc89c0baf7a4d254386f0bebc63391807b4d89c65eede6d0ba088bda89",
        ),
    },
)
TABLE = Table(
    data=DATA,
    columns={
        "age": number("Age"),
        "race": words("Race"),
        "sex": words("Sex"),
        "marital_status": words(
            "Marital status",
            {
                "Married-civ-spouse": "married",
                "Married-spouse-absent": "married",
                "Married-AF-spouse": "married",
                "Never-married": "never married",
                "Divorced": "divorced",
                "Separated": "separated",
                "Widowed": "widowed",
            },
        ),
        "relationship": words("Relation to head of the household"),
        "native_country": words("Native country", missing=["?"]),
        "occupation": words("Occupation", missing=["?"]),
        "workclass": words("Work class", missing=["?"]),
        "capital_gain": number("Capital gain last year"),
        "capital_loss": number("Capital loss last year"),
        "education": words("Education"),
        "hours_per_week": number("Work hours per week"),
    },
    label="income",
    classes={"<=50K": "No", ">50K": "Yes"},
)

TASK = tabular_task(
    "tabular/income",
    TABLE,
    summary="Who earns more than 50,000 dollars",
    question="Does this person earn more than 50000 dollars per year? Yes or no?",
    reference="arXiv:2210.10723",
)
