"""SVAMP: one-step word problems, varied against shallow cues (Patel et al. 2021, arXiv:2103.07191).

    Each pack of dvds costs 76 dollars. If there is a discount of 25 dollars on each pack. How much
    do you have to pay to buy each pack?
    -> 51.0

Success: the final number is right. Test is all 1000 problems; train and validation are those of
GSM8K, since SVAMP has none.

    evalsuite run --task reasoning/svamp --system embedded/nano
"""

from __future__ import annotations

from collections.abc import Iterator

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.reasoning import GSM8K, gsm8k_samples, number_task
from evalsuite.records import Sample
from evalsuite.task import Published, Split

DATA = Dataset(
    name="svamp",
    licence="MIT",
    source="https://github.com/arkilpatel/SVAMP",
    files={
        "test": DataFile(
            path="tasks/reasoning/svamp/SVAMP.json",
            sha256="5be77703a6d891ae476d7c082787ad361392aa02453b132516cdd5f4e7934e3e",
            url="https://raw.githubusercontent.com/arkilpatel/SVAMP/"
            "689d7ccac74b9983a2ac7cc3b264f441b99e7c53/SVAMP.json",
        )
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """Problems in the order of the file."""
    if split != "test":
        yield from gsm8k_samples(split)
        return
    for row in DATA.rows("test"):
        body, question = row["Body"].strip().rstrip("."), row["Question"].strip()
        yield Sample(
            id=row["ID"],
            inputs={"question": f"{body}. {question}"},
            target=row["Answer"],
            metadata={"type": row["Type"].replace("Divison", "Division")},
        )


TASK = number_task(
    name="reasoning/svamp",
    summary="Simple word problems in misleading variations",
    data=(DATA, GSM8K),
    samples=samples,
    reference="arXiv:2103.07191",
    published=(
        Published(
            metric="number_match",
            value=0.852,
            system="code-davinci-002, programs of thought",
            source="github.com/TIGER-AI-Lab/Program-of-Thoughts, README.md",
            n=1000,
            note="999 programs are recorded; their output without its sign, 0.8488 with it",
        ),
    ),
)
