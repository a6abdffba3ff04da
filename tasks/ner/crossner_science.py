"""CrossNER, natural science: 17 types, 200 sentences to learn from (arXiv:2012.04373).

    As a strong advocate of animal rights , ESA 's Advanced Concepts Team also demonstrated
    theoretically that a deflection of 99942 Apophis could be achieved by sending a spacecraft ...
    -> organisation: ESA; organisation: Advanced Concepts Team;
       astronomicalobject: 99942 Apophis

Success: exactly the right entities with their types, and no others; the field's figure, strict
micro F1, is among the corpus metrics. Train and test (543) are the official ones, less one of the
200 sentences of train that is also in test; there is no validation split.

    evalsuite run --task ner/crossner_science --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.ner import crossner_task

LABELS = (
    "academicjournal",
    "astronomicalobject",
    "award",
    "chemicalcompound",
    "chemicalelement",
    "country",
    "discipline",
    "enzyme",
    "event",
    "location",
    "misc",
    "organisation",
    "person",
    "protein",
    "scientist",
    "theory",
    "university",
)
TASK = crossner_task(
    "science",
    field="natural science",
    labels=LABELS,
    sha256={
        "train": "8f6a26096cc7be6790b5790bf5f5b5c8928d8b73d4632e7d45dc8bffad0504ac",
        "test": "3616d59d4d2b9dbf4c1126f8d8ba47ff97886223c95f93649bfd527343e64ced",
    },
)
