"""CrossNER, music: 13 types, 100 sentences to learn from (arXiv:2012.04373).

    It is based on the classic song The Guns of Brixton on The Clash ' s London Calling and has
    proven to be a success on the modern rock charts .
    -> song: The Guns of Brixton; band: The Clash; album: London Calling; musicgenre: rock

Success: exactly the right entities with their types, and no others; the field's figure, strict
micro F1, is among the corpus metrics. Train and test (465) are the official ones, less 6 of the
100 sentences of train that are also in test; there is no validation split.

    evalsuite run --task ner/crossner_music --system embedded/nano
"""

from __future__ import annotations

from evalsuite.library.ner import crossner_task

LABELS = (
    "album",
    "award",
    "band",
    "country",
    "event",
    "location",
    "misc",
    "musicalartist",
    "musicalinstrument",
    "musicgenre",
    "organisation",
    "person",
    "song",
)
TASK = crossner_task(
    "music",
    field="music",
    labels=LABELS,
    sha256={
        "train": "3774c38e0ebbeb4b98dbfae137071e4911e8764cdb7f247599009841f68d9fb5",
        "test": "c66e345f959ac65593f76c6b1bd8c6d75f2a6f0bc197389b2e6700d101fd094c",
    },
)
