"""Fodors-Zagats: are two records of the same restaurant? (ER-Magellan).

    Record A:
    - name: yujean kang 's gourmet chinese cuisine
    - address: 67 n. raymond ave.
    - city: los angeles
    - phone: 818/585 -0855
    - kitchen: asian

    Record B:
    - name: yujean kang 's
    - address: 67 n. raymond ave.
    - city: pasadena
    - phone: 818-585-0855
    - kitchen: chinese

    Are both records of the same restaurant? Yes or no?
    -> Yes

Success: the right answer; the field's figure, F1 of the matches, is among the corpus metrics. The
official test split (189 pairs, 22 matches); train and validation are of the first 200 train pairs.
The attribute ``class`` is left out: in all 389 pairs it is equal exactly where the records match.
The variant "with_leak" has it, for comparison with results that do.

    evalsuite run --task schema_matching/fodors_zagats --system classical/auto
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.entity_matching import entity_task

DATA = Dataset(
    name="er_magellan_fodors_zagats",
    licence="not stated (carrier: Apache-2.0)",
    source="https://github.com/megagonlabs/ditto (ER-Magellan, Structured/Fodors-Zagats)",
    files={
        "train": DataFile(
            path="tasks/schema_matching/er_magellan/Fodors-Zagats_train_first200.jsonl",
            sha256="838859e75e3b482e4ec56c5e6cd2316f3ddab11f4f6488fcc896cd130cc312e2",
        ),
        "test": DataFile(
            path="tasks/schema_matching/er_magellan/Fodors-Zagats_test.jsonl",
            sha256="959648cddaef3313631bc7dbfae47f36666c252e5dd9975bb47ca4532b7cbc83",
        ),
    },
)

TASK = entity_task(
    "schema_matching/fodors_zagats",
    DATA,
    summary="Are two records of the same restaurant?",
    noun="restaurant",
    attributes={
        "name": "name",
        "addr": "address",
        "city": "city",
        "phone": "phone",
        "type": "kitchen",
    },
    reference="arXiv:2004.00584",
    leaking={"class": "class"},
)
