"""iTunes-Amazon: are two records of the same song? (ER-Magellan).

    Record A:
    - song: Extra Extra Credit
    - artist: Wiz Khalifa
    - album: Flight School
    ...
    Record B:
    - song: Extra Extra Credit [ Explicit ]
    - artist: Wiz Khalifa
    - album: Flight School [ Explicit ]
    ...
    Are both records of the same song? Yes or no?
    -> Yes

Success: the right answer; the field's figure, F1 of the matches, is among the corpus metrics. The
official test split (109 pairs, 27 matches, 4 pairs stand there twice); train and validation are of
the first 200 train pairs, without the 9 that are also in test.

    evalsuite run --task schema_matching/itunes_amazon --system classical/auto
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.entity_matching import entity_task

DATA = Dataset(
    name="er_magellan_itunes_amazon",
    licence="not stated (carrier: Apache-2.0)",
    source="https://github.com/megagonlabs/ditto (ER-Magellan, Structured/iTunes-Amazon)",
    files={
        "train": DataFile(
            path="tasks/schema_matching/er_magellan/iTunes-Amazon_train_first200.jsonl",
            sha256="201e9e852b4f5d7fdb9debd1849910d0e318c7e83041a8aff2b884c06830e4de",
        ),
        "test": DataFile(
            path="tasks/schema_matching/er_magellan/iTunes-Amazon_test.jsonl",
            sha256="cd4a3f425c52924175be24ece4813bbc528d97f2d61caba54e65d167281df94c",
        ),
    },
)

TASK = entity_task(
    "schema_matching/itunes_amazon",
    DATA,
    summary="Are two records of the same song?",
    noun="song",
    attributes={
        "Song_Name": "song",
        "Artist_Name": "artist",
        "Album_Name": "album",
        "Genre": "genre",
        "Price": "price",
        "CopyRight": "copyright",
        "Time": "time",
        "Released": "released",
    },
    reference="arXiv:2004.00584",
)
