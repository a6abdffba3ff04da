"""TAT-QA: questions on a table and a text of a financial report; 600 of the dev set.

    Sales by Contract Type: Substantially all of our contracts are fixed-price type contracts. ...

    — | — | Years Ended September 30, | —
    — | 2019 | 2018 | 2017
    Fixed Price | $  1,452.4 | $  1,146.2 | $  1,036.9
    ...
    Question: In which year is the amount of total sales the largest?
    ...
    -> {"answer": ["2019"], "scale": ""}

Success: exact match of the answer with its scale, by the official evaluator's rules; ``f1`` is its
numeracy-aware F1. Questions on one table are one cluster. All of it is test data.

    evalsuite run --task tabular/tatqa --system embedded/micro
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.tatqa import score_tatqa
from evalsuite.task import Published, Split, Task, Variant

DATA = Dataset(
    name="tatqa",
    licence="CC-BY-4.0",
    source="https://github.com/NExTplusplus/TAT-QA (carried by TIGER-AI-Lab/Program-of-Thoughts)",
    files={
        "test": DataFile(
            path="tasks/tabular/tatqa/tatqa_dev_600.jsonl",
            sha256="a00b171688572d2a85fdeb41a02615d23f3cc046723123b9741cad7c20b5ee82",
        )
    },
)
FORM = (
    'Answer in JSON, as {"answer": ["..."], "scale": ""}. The answer is a list of spans of the '
    "text or the table, or one number that you count or compute. The scale is that of the "
    'numbers: "", "thousand", "million", "billion" or "percent".'
)


def samples(split: Split) -> Iterator[Sample]:
    """Questions in the order of the file, those on one table together."""
    if split != "test":
        return
    for row in DATA.rows("test"):
        yield Sample(
            id=row["question_id"],
            inputs={name: row[name] for name in ("text", "table", "question")},
            target={name: row[name] for name in ("answer", "answer_type", "scale")},
            metadata={"answer_type": row["answer_type"], "derivation": row["derivation"]},
            cluster=fingerprint([row["text"], row["table"]]),
        )


def report(sample: Sample) -> str:
    """The text, the table and the question."""
    parts = [sample.inputs["text"].strip(), sample.inputs["table"].strip()]
    return "\n\n".join([*filter(None, parts), f"Question: {sample.inputs['question']}"])


def prompt(sample: Sample) -> str:
    """The report, the question, and the form of the answer."""
    return f"{report(sample)}\n{FORM}"


def reasoned(sample: Sample) -> str:
    """As the plain prompt, with the working first."""
    return f"{report(sample)}\nThink step by step. Then, on a line of its own: {FORM}"


def direct(sample: Sample) -> str:
    """The answer alone, its scale in words; several spans as a list."""
    return (
        f"{report(sample)}\nAnswer with the span or the number alone and its scale, if any "
        "(thousand, million, billion, %); several spans as ['...', '...'].\nAnswer:"
    )


def shot(sample: Sample) -> str:
    """The target in the form that is asked for."""
    said = sample.target["answer"]
    spans = said if isinstance(said, list) else [str(said)]
    return json.dumps({"answer": spans, "scale": sample.target["scale"]}, ensure_ascii=False)


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``exact_match``, ``f1`` and ``scale_match``."""
    return score_tatqa(answer, sample.target)


TASK = Task(
    name="tabular/tatqa",
    family="tabular",
    summary="Questions on tables and texts of financial reports",
    samples=samples,
    prompt=prompt,
    score=score,
    success="exact_match",
    max_output_tokens=128,
    shot=shot,
    variants={
        "direct": Variant(prompt=direct),
        "reasoned": Variant(prompt=reasoned, max_output_tokens=512),
    },
    data=(DATA,),
    published=(
        Published(
            metric="exact_match",
            value=0.689,
            system="Codex (code-davinci-002), Program of Thoughts, 8 shots, greedy",
            source="TIGER-AI-Lab/Program-of-Thoughts, README.md",
            n=1668,
            note="all dev questions, and another output file than the one recorded here, which "
            "has 427 of these 600 right (0.712)",
        ),
    ),
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:2105.07624",
)
