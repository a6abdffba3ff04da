"""German credit: who receives a credit, from twenty attributes, as in TabLLM (arXiv:2210.10723).

    The status of existing checking account is < 0 DM. The duration in month is 42. The credit
    history is existing credits paid back duly till now. The purpose is radio/tv. ... Does this
    person receive a credit? Yes or no?
    -> No

Success: the right class; AUC, the paper's figure, is among the corpus metrics where systems give
probabilities. 70 % of the 1,000 applicants are good risks. There is no official split: a hash of
what is told of a row puts about 20 % into test and 10 % into validation.

    evalsuite run --task tabular/creditg --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.tabular import Table, number, tabular_task, words

DATA = Dataset(
    name="creditg",
    licence="CC-BY-4.0",
    source="https://github.com/clinicalml/TabLLM (UCI, Statlog German Credit)",
    files={
        "all": DataFile(
            path="tasks/tabular/tabllm_uci/creditg.csv",
            sha256="38b6dbf6fb4b0311a3ffc005730f42623128591fb36473ab3c22d270c0467632",
        )
    },
)
TABLE = Table(
    data=DATA,
    columns={
        "checking_status": words(
            "status of existing checking account",
            {
                "<0": "< 0 DM",
                "0<=X<200": "0 <= ... < 200 DM",
                ">=200": ">= 200 DM",
                "no checking": "no checking account",
            },
        ),
        "duration": number("duration in month"),
        "credit_history": words(
            "credit history",
            {
                "no credits/all paid": "no credits taken/ all credits paid back duly",
                "all paid": "all credits at this bank paid back duly",
                "existing paid": "existing credits paid back duly till now",
                "delayed previously": "delay in paying off in the past",
                "critical/other existing credit": "critical account/ other credits existing "
                "(not at this bank)",
            },
        ),
        "purpose": words("purpose"),
        "credit_amount": number("credit amount"),
        "savings_status": words(
            "savings account/bonds",
            {
                "<100": "... < 100 DM",
                "100<=X<500": "100 <= ... < 500 DM",
                "500<=X<1000": "500 <= ... < 1000 DM",
                ">=1000": "... >= 1000 DM",
                "no known savings": "unknown/ no savings account",
            },
        ),
        "employment": words(
            "present employment since",
            {
                "unemployed": "unemployed",
                "<1": "... < 1 year",
                "1<=X<4": "1 <= ... < 4 years",
                "4<=X<7": "4 <= ... < 7 years",
                ">=7": "... >= 7 years",
            },
        ),
        "installment_commitment": number("installment rate in percentage of disposable income"),
        "personal_status": words(
            "personal status and sex",
            {
                "female div/dep/mar": "female : divorced/separated/married",
                "male div/sep": "male : divorced/separated",
                "male mar/wid": "male : married/widowed",
                "male single": "male : single",
            },
        ),
        "other_parties": words("other debtors / guarantors"),
        "residence_since": number("present residence since"),
        "property_magnitude": words("property"),
        "age": number("age in years"),
        "other_payment_plans": words("other installment plans"),
        "housing": words("housing"),
        "existing_credits": number("number of existing credits at this bank"),
        "job": words(
            "job",
            {
                "high qualif/self emp/mgmt": "management/ self-employed/ highly qualified "
                "employee/ officer",
                "skilled": "skilled employee / official",
                "unemp/unskilled non res": "unemployed/ unskilled - non-resident",
                "unskilled resident": "unskilled - resident",
            },
        ),
        "num_dependents": number("number of people being liable to provide maintenance for"),
        "own_telephone": words(
            "telephone", {"none": "none", "yes": "yes, registered under the customers name"}
        ),
        "foreign_worker": words("foreign worker"),
    },
    label="class",
    classes={"bad": "No", "good": "Yes"},
)

TASK = tabular_task(
    "tabular/creditg",
    TABLE,
    summary="Who receives a credit",
    question="Does this person receive a credit? Yes or no?",
    reference="arXiv:2210.10723",
)
