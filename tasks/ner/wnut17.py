"""WNUT-17: rare and emerging entities in social media (Derczynski et al. 2017, W17-4418).

    & gt ; * Police last week evacuated 80 villagers from Waltengoo Nar where dozens were killed
    after a series of avalanches hit the area in 2005 in the south of the territory .
    -> location: Waltengoo Nar

Success: exactly the right entities with their types, and no others; the field's figure, strict
micro F1, is among the corpus metrics. Splits are the official ones (3394, 1009, 1287 texts).

    evalsuite run --task ner/wnut17 --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.ner import Part, ner_task
from evalsuite.task import Published

LABELS = ("person", "location", "corporation", "group", "creative-work", "product")
_URL = (
    "https://raw.githubusercontent.com/leondz/emerging_entities_17/"
    "e52a2d2a71ac1a051ca2d532eef28653c5c02603"
)
DATA = Dataset(
    name="wnut17",
    licence="CC-BY-4.0",
    source="https://github.com/leondz/emerging_entities_17",
    files={
        "train": DataFile(
            path="tasks/ner/wnut17/train.conll",
            sha256="731820e13f71af324c6b55a1575ec2ce59fbaa2a0806f8f0400b98d56cd6a7a5",
            url=f"{_URL}/wnut17train.conll",
        ),
        "validation": DataFile(
            path="tasks/ner/wnut17/dev.conll",
            sha256="e053b752b8155113ca66e7db08af5f2f5f43ab993694e4774f1ec5bad42312d8",
            url=f"{_URL}/emerging.dev.conll",
        ),
        "test": DataFile(
            path="tasks/ner/wnut17/test.conll",
            sha256="2aa79b764e56ec9264a1b30fdd9b70195bd00ff400b62edd8f399d5f13c178f0",
            url=f"{_URL}/emerging.test.annotated",
        ),
    },
)


_SUBMISSIONS = {
    "UH-RiTUAL": 0.4186,
    "SpinningBytes": 0.4078,
    "SJTU-Adapt": 0.4042,
    "Arcada": 0.3998,
    "FLYTXT": 0.3835,
    "MIC-CIS": 0.3706,
    "Drexel-CCI": 0.2630,
}
TASK = ner_task(
    name="ner/wnut17",
    summary="Emerging entities in social media",
    data=DATA,
    parts={
        "train": Part(file="train"),
        "validation": Part(file="validation"),
        "test": Part(file="test"),
    },
    labels=LABELS,
    reference="https://aclanthology.org/W17-4418",
    surface=True,
    version=2,
    published=(
        *(
            Published(
                metric="micro_f1",
                value=value,
                system=system,
                source="its submission in github.com/leondz/emerging_entities_17, scored strictly",
                n=1287,
            )
            for system, value in _SUBMISSIONS.items()
        ),
        Published(
            metric="surface_f1",
            value=0.3933,
            system="SpinningBytes",
            source="https://aclanthology.org/W17-4422, abstract",
            n=1287,
        ),
    ),
)
