"""Bank marketing: which clients subscribe to a term deposit, as in TabLLM (arXiv:2210.10723).

    The age is 30. The type of job is management. The marital status is married. The education is
    tertiary. ... Does this client subscribe to a term deposit? Yes or no?
    -> Yes

Success: the right class; AUC, the paper's figure, is among the corpus metrics where systems give
probabilities, and says more than accuracy: 89 % say no. A seeded sample of 6,000 of the 45,211
calls without an official split: a hash of what is told of a row puts about 20 % into test and
10 % into validation. The duration of a call is only known with its outcome, so no real forecast
has it; TabLLM and its baselines do.

    evalsuite run --task tabular/bank --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.tabular import Table, number, tabular_task, words

DATA = Dataset(
    name="bank",
    licence="CC-BY-4.0",
    source="https://github.com/clinicalml/TabLLM (UCI, Bank Marketing)",
    files={
        "all": DataFile(
            path="tasks/tabular/tabllm_uci/bank_6000.csv",
            sha256="6f148b374f5f6dfe32a999dc5fad0866dab7aefeba4aff7faa7d91cc26b294c0",
        )
    },
)
TABLE = Table(
    data=DATA,
    columns={
        "age": number("age"),
        "job": words("type of job"),
        "marital": words("marital status"),
        "education": words("education"),
        "default": words("has credit in default?"),
        "balance": number("average yearly balance, in euros"),
        "housing": words("has housing loan?"),
        "loan": words("has personal loan?"),
        "contact": words("contact communication type"),
        "day": number("last contact day of the month"),
        "month": words("last contact month of year"),
        "duration": number("last contact duration, in seconds"),
        "campaign": number("number of contacts performed during this campaign and for this client"),
        "pdays": number(
            "number of days that passed by after the client was last contacted from a previous "
            "campaign",
            missing=["-1"],
            unknown="client was not previously contacted",
        ),
        "previous": number("number of contacts performed before this campaign and for this client"),
        "poutcome": words("outcome of the previous marketing campaign"),
    },
    label="y",
    classes={"1": "No", "2": "Yes"},
)

TASK = tabular_task(
    "tabular/bank",
    TABLE,
    summary="Which bank clients take a term deposit",
    question="Does this client subscribe to a term deposit? Yes or no?",
    reference="arXiv:2210.10723",
)
