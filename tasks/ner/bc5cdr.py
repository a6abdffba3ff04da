"""BC5CDR: chemicals and diseases in PubMed abstracts (Li et al. 2016, doi:10.1093/database/baw068).

    Selegiline - induced postural hypotension in Parkinson ' s disease : a longitudinal study on the
    effects of drug withdrawal .
    -> Chemical: Selegiline; Disease: postural hypotension; Disease: Parkinson ' s disease

Success: exactly the right entities with their types, and no others; the field's figure, strict
micro F1, is among the corpus metrics. Test is the official one (4797 sentences); train and
validation are the first 600 and the next 200 sentences of the official train, less those that are
also in test (section headings).

    evalsuite run --task ner/bc5cdr --system embedded/nano
"""

from __future__ import annotations

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.ner import Part, ner_task

LABELS = ("Chemical", "Disease")
DATA = Dataset(
    name="bc5cdr",
    licence="CC-BY-4.0",
    source="https://github.com/cambridgeltl/MTL-Bioinformatics-2016",
    files={
        "train": DataFile(
            path="tasks/ner/bc5cdr/train_first800.tsv",
            sha256="c1007f221da250f68fde151dc30725487858dcc4d494f7116190d7cfb581fd6b",
            form="conll",
        ),
        "test": DataFile(
            path="tasks/ner/bc5cdr/test.tsv",
            sha256="e41a2843a5fff0cd8d1a88cb147968d61ae29336ca70cddc3d7fb8ff21dfa1e8",
            url="https://raw.githubusercontent.com/cambridgeltl/MTL-Bioinformatics-2016/"
            "df0df02fae6dbb87d88ffcf323b9096528f06f84/data/BC5CDR-IOB/test.tsv",
            form="conll",
        ),
    },
)
TASK = ner_task(
    name="ner/bc5cdr",
    summary="Chemicals and diseases in PubMed abstracts",
    data=DATA,
    parts={
        "train": Part(file="train", stop=600),
        "validation": Part(file="train", start=600),
        "test": Part(file="test"),
    },
    labels=LABELS,
    reference="https://doi.org/10.1093/database/baw068",
)
