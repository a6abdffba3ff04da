"""Beer: are two records, of BeerAdvocate and RateBeer, of the same beer? (ER-Magellan).

    Record A:
    - name: Honey Basil Amber
    - brewery: Rude Hippo Brewing Company
    - style: American Amber / Red Ale
    - alcohol by volume: 7.40 %

    Record B:
    - name: Rude Hippo Honey Basil Amber
    - brewery: 18th Street Brewery
    - style: Amber Ale
    - alcohol by volume: 7.40 %

    Are both records of the same beer? Yes or no?
    -> Yes

Success: the right answer; the field's figure, F1 of the matches, is among the corpus metrics. The
official test split (91 pairs, 14 matches); train and validation are of the first 200 train pairs.

    evalsuite run --task schema_matching/beer --system classical/auto
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.entity_matching import entity_task

DATA = Dataset(
    name="er_magellan_beer",
    licence="not stated (carrier: Apache-2.0)",
    source="https://github.com/megagonlabs/ditto (ER-Magellan, Structured/Beer)",
    files={
        "train": DataFile(
            path="tasks/schema_matching/er_magellan/Beer_train_first200.jsonl",
            sha256="7883bcdcf4b37a32b9969bfb4571a47e248eb72fe3fabdfaa9fb024b3b3a73d5",
        ),
        "test": DataFile(
            path="tasks/schema_matching/er_magellan/Beer_test.jsonl",
            sha256="5cd02d0c15809e97cf178e01433431f0895a5412b2eea32a2b2bd09447d5ed47",
        ),
    },
)

TASK = entity_task(
    "schema_matching/beer",
    DATA,
    summary="Are two records of the same beer?",
    noun="beer",
    attributes={
        "Beer_Name": "name",
        "Brew_Factory_Name": "brewery",
        "Style": "style",
        "ABV": "alcohol by volume",
    },
    reference="arXiv:2004.00584",
)
