"""Heart disease from eleven clinical measurements, as in TabLLM (arXiv:2210.10723).

    The age is 59. The sex is male. The chest pain type is asymptomatic. The resting blood
    pressure is 164. The serum cholesterol is 176. The fasting blood sugar above 120 mg/dl is yes.
    The resting electrocardiogram is left ventricular hypertrophy. The maximum heart rate achieved
    is 90. The exercise-induced angina is no. The ST depression is 1. The slope of the peak
    exercise ST segment is flat. Does this patient have a heart disease? Yes or no?
    -> Yes

Success: the right class; AUC, the paper's figure, is among the corpus metrics where systems give
probabilities. The 918 patients have no official split: a hash of what is told of a row puts about
20 % into test and 10 % into validation. A cholesterol or blood pressure of 0 was not measured.

    evalsuite run --task tabular/heart --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.tabular import Table, number, tabular_task, words
from evalsuite.task import Published

DATA = Dataset(
    name="heart",
    licence="ODbL-1.0",
    source="https://github.com/clinicalml/TabLLM (fedesoriano, heart failure prediction)",
    files={
        "all": DataFile(
            path="tasks/tabular/tabllm_uci/heart.csv",
            sha256="948420b084d8a3a0ca42b8419fce9aee175879e43f8aedf712377899a67aa49b",
            url="https://raw.githubusercontent.com/clinicalml/TabLLM/"
            "71f6647c523aa6fd35df94ad76207c4377248c49/datasets/heart/heart.csv",
        )
    },
)
TABLE = Table(
    data=DATA,
    columns={
        "Age": number("age"),
        "Sex": words("sex", {"M": "male", "F": "female"}),
        "ChestPainType": words(
            "chest pain type",
            {
                "TA": "typical angina",
                "ATA": "atypical angina",
                "NAP": "non-anginal pain",
                "ASY": "asymptomatic",
            },
        ),
        "RestingBP": number("resting blood pressure", missing=["0"]),
        "Cholesterol": number("serum cholesterol", missing=["0"]),
        "FastingBS": words("fasting blood sugar above 120 mg/dl", {"0": "no", "1": "yes"}),
        "RestingECG": words(
            "resting electrocardiogram",
            {
                "Normal": "normal",
                "ST": "ST-T wave abnormality",
                "LVH": "left ventricular hypertrophy",
            },
        ),
        "MaxHR": number("maximum heart rate achieved"),
        "ExerciseAngina": words("exercise-induced angina", {"N": "no", "Y": "yes"}),
        "Oldpeak": number("ST depression"),
        "ST_Slope": words(
            "slope of the peak exercise ST segment",
            {"Up": "upsloping", "Flat": "flat", "Down": "downsloping"},
        ),
    },
    label="HeartDisease",
    classes={"0": "No", "1": "Yes"},
)

TASK = tabular_task(
    "tabular/heart",
    TABLE,
    summary="Heart disease from clinical measurements",
    question="Does this patient have a heart disease? Yes or no?",
    reference="arXiv:2210.10723",
    published=(
        Published(
            metric="auc",
            value=0.6765,
            system="TabLLM (T0 3B, text template), 4 shots",
            source="clinicalml/TabLLM, README.md",
            note="mean of 5 seeds (SD 0.1287) on another split; fine-tuned T0, which is not here",
        ),
    ),
)
