"""TabFact: does a table entail a statement? The 1,998 statements of the small test set.

    1947 kentucky wildcats football team

    | game | date | opponent | result | wildcats points | opponents | record |
    | --- | --- | --- | --- | --- | --- | --- |
    | 1 | sept 20 | ole miss | loss | 7 | 14 | 0 - 1 |
    ...
    Statement: the wildcat keep the oppose team scoreless in 4 game
    Does the table entail or refute the statement? Entailed or refuted?
    -> Entailed

Success: the right verdict (1,009 statements are refuted). Tables stand in the prompt whole, at most
3,300 characters: a model whose context is too small fails with that, nothing is cut. Statements on
one table are one cluster. All of it is test data: there is nothing to learn from.

    evalsuite run --task tabular/tabfact --system embedded/micro
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.serialisation import csv_table, html_table, markdown_table
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.choice import score_choice
from evalsuite.scoring.labels import prediction_metrics, probability_metrics
from evalsuite.task import Prompt, Split, Task, Variant

DATA = Dataset(
    name="tabfact",
    licence="MIT",
    source="https://github.com/wenhuchen/Table-Fact-Checking (small test set)",
    files={
        "test": DataFile(
            path="tasks/tabular/tabfact/small_test.jsonl",
            sha256="56dfe2e8b8915b8b4fe0e5edef91912e8a70465ba28f9325faec733067fdf8d5",
        ),
        "tables": DataFile(
            path="tasks/tabular/tabfact/tables.jsonl",
            sha256="f15d8b2ed5a10468217ea8b93ff3ceb55eb3cf8470e59cb1692747106ac035c3",
        ),
    },
)
CHOICES = ("Refuted", "Entailed")
QUESTION = "Does the table entail or refute the statement? Entailed or refuted?"
Form = Callable[[Sequence[str], Sequence[Sequence[str]]], str]


def samples(split: Split) -> Iterator[Sample]:
    """Statements in the order of the file, those on one table together."""
    if split != "test":
        return
    tables = {row["table_id"]: cells(row["csv_hash_sep"]) for row in DATA.rows("tables")}
    for number, row in enumerate(DATA.rows("test")):
        yield Sample(
            id=f"statement-{number}",
            inputs={
                "caption": row["caption"],
                "table": tables[row["table_id"]],
                "statement": row["statement"],
            },
            target=CHOICES[row["label"]],
            cluster=row["table_id"],
        )


def cells(text: str) -> list[list[str]]:
    """The rows of a table of the dataset, the header first; ``#`` separates its cells."""
    return [line.split("#") for line in text.splitlines() if line]


def prompt_in(form: Form) -> Prompt:
    """Caption, table and statement."""

    def prompt(sample: Sample) -> str:
        header, *rows = sample.inputs["table"]
        return (
            f"{sample.inputs['caption']}\n\n{form(header, rows)}\n\n"
            f"Statement: {sample.inputs['statement']}\n{QUESTION}"
        )

    return prompt


def reasoned(sample: Sample) -> str:
    """As the plain prompt, but the rows that matter are to be looked at first."""
    before = prompt_in(markdown_table)(sample)
    return f"{before}\nGo through the rows that matter, then end with 'Answer:' and the verdict."


def score_reasoned(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``choice_match`` of what follows the last "Answer:"; the working may name both verdicts."""
    _, mark, verdict = (answer.text or "").rpartition("Answer:")
    return score(sample, msgspec.structs.replace(answer, text=verdict if mark else answer.text))


def without_table(sample: Sample) -> str:
    """The ablation: the statement alone. What is right here was right without reading."""
    return f"Statement: {sample.inputs['statement']}\n{QUESTION}"


def score(sample: Sample, answer: Answer) -> Sequence[Score]:
    """``choice_match``."""
    return [score_choice(answer, sample.target, CHOICES)]


TASK = Task(
    name="tabular/tabfact",
    family="tabular",
    summary="Statements entailed or refuted by a table",
    samples=samples,
    prompt=prompt_in(markdown_table),
    score=score,
    success="choice_match",
    choices=lambda sample: CHOICES,
    corpus={**prediction_metrics(lambda sample: CHOICES), **probability_metrics()},
    max_output_tokens=16,
    shot=lambda sample: str(sample.target),
    variants={
        "csv": Variant(prompt=prompt_in(csv_table)),
        "html": Variant(prompt=prompt_in(html_table)),
        "reasoned": Variant(
            prompt=reasoned, score=score_reasoned, generated=True, max_output_tokens=512
        ),
        "without_table": Variant(prompt=without_table),
    },
    data=(DATA,),
    source=DATA.source,
    licence=DATA.licence,
    reference="arXiv:1909.02164",
)
