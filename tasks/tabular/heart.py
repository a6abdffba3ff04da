"""Heart disease from eleven clinical measurements, as in TabLLM (arXiv:2210.10723).

    The age is 40. The sex is male. The chest pain type is atypical angina. The resting blood
    pressure is 140. ... Does this patient have a heart disease? Yes or no?
    -> No

Success: the right class; AUC, the paper's figure, is among the corpus metrics where systems give
probabilities. The 918 patients have no official split: a hash of the row puts about 20 % into
test and 10 % into validation.

    evalsuite run --task tabular/heart --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.choice import score_choice
from evalsuite.scoring.labels import prediction_metrics, probability_metrics
from evalsuite.task import Split, Task

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
CHOICES = ("No", "Yes")
_NAMES = {
    "Age": "age",
    "Sex": "sex",
    "ChestPainType": "chest pain type",
    "RestingBP": "resting blood pressure",
    "Cholesterol": "serum cholesterol",
    "FastingBS": "fasting blood sugar above 120 mg/dl",
    "RestingECG": "resting electrocardiogram",
    "MaxHR": "maximum heart rate achieved",
    "ExerciseAngina": "exercise-induced angina",
    "Oldpeak": "ST depression",
    "ST_Slope": "slope of the peak exercise ST segment",
}
_WORDS = {
    "Sex": {"M": "male", "F": "female"},
    "ChestPainType": {
        "TA": "typical angina",
        "ATA": "atypical angina",
        "NAP": "non-anginal pain",
        "ASY": "asymptomatic",
    },
    "FastingBS": {"0": "no", "1": "yes"},
    "RestingECG": {
        "Normal": "normal",
        "ST": "ST-T wave abnormality",
        "LVH": "left ventricular hypertrophy",
    },
    "ExerciseAngina": {"N": "no", "Y": "yes"},
    "ST_Slope": {"Up": "upsloping", "Flat": "flat", "Down": "downsloping"},
}
_NUMBERS = ("Age", "RestingBP", "Cholesterol", "MaxHR", "Oldpeak")


def samples(split: Split) -> Iterator[Sample]:
    """Patients in the order of the file. A cholesterol or blood pressure of 0 was not measured."""
    for number, row in enumerate(DATA.rows("all")):
        if _split(row) != split:
            continue
        columns = {name: _value(name, row[name]) for name in _NAMES}
        yield Sample(
            id=f"row-{number}",
            inputs={"columns": columns},
            target=CHOICES[int(row["HeartDisease"])],
        )


def _split(row: Mapping[str, str]) -> Split:
    part = int(fingerprint(row), 16) % 10
    return "test" if part < 2 else "validation" if part == 2 else "train"


def _value(name: str, cell: str) -> float | str | None:
    if name in _NUMBERS:
        missing = cell == "0" and name in ("RestingBP", "Cholesterol")
        return None if missing else float(cell)
    return _WORDS[name][cell]


def prompt(sample: Sample) -> str:
    """TabLLM's text template: one sentence a column, in order."""
    told = [
        f"The {_NAMES[name]} is {'unknown' if value is None else _shown(value)}."
        for name, value in sample.inputs["columns"].items()
    ]
    return f"{' '.join(told)} Does this patient have a heart disease? Yes or no?"


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``choice_match``."""
    return [score_choice(answer, sample.target, CHOICES)]


TASK = Task(
    name="tabular/heart",
    family="tabular",
    summary="Heart disease from clinical measurements",
    samples=samples,
    prompt=prompt,
    score=score,
    success="choice_match",
    choices=lambda sample: CHOICES,
    corpus={**prediction_metrics(lambda sample: CHOICES), **probability_metrics()},
    learnable="rows",
    max_output_tokens=16,
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2210.10723",
)
